// backlog_inside - what the parts of backlog share: records, lists, names of hands.
#pragma once

#include "sim/engine/backlog.h"

enum { BACKLOG_NUMBER_BITS = 24, BACKLOG_GENERATION_MASK = 0xffffff };

static inline struct backlog_message *backlog_message_at(const struct backlog *backlog,
                                                         uint32_t number)
{
    return slots_at(&backlog->messages, number);
}

static inline struct backlog_hand *backlog_hand_at(const struct backlog *backlog, uint32_t number)
{
    return slots_at(&backlog->hands, number);
}

static inline uint64_t backlog_name(const struct backlog *backlog, uint32_t number)
{
    const uint64_t generation = backlog_hand_at(backlog, number)->generation;
    return (uint64_t)backlog->number << 48 |
           (generation & BACKLOG_GENERATION_MASK) << BACKLOG_NUMBER_BITS | number;
}

void backlog_append(struct backlog *backlog, struct backlog_list *list, uint32_t number);
uint32_t backlog_pop(const struct backlog *backlog, struct backlog_list *list);
// Drops what is gone from the head of the list; its first message, 0: none.
uint32_t backlog_head(struct backlog *backlog, struct backlog_list *list);

// The hand begins: the newest of those that may expire.
void backlog_link(struct backlog *backlog, uint32_t number);
// Messages are in the member's hands from now on (negative: no more), for the consumers' figures.
void backlog_note_moved(const struct backlog *backlog, const struct backlog_member *member,
                        int64_t messages);
void backlog_arm(struct backlog *backlog); // the timer of the oldest hand, unless it runs
struct backlog *backlog_find(const struct node *node, uint64_t name);
void backlog_on_done(struct node *broker, uint64_t name, enum status status);
