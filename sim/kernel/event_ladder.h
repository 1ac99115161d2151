// event_ladder - the main set of pending events: a radix ladder, exact and without tuning.
//
// The nearest events stand sorted in the bottom. Everything at `end` or later stands in buckets:
// level d holds the events whose time differs from `base` in the 8-bit digit d and in no higher
// one, in 256 buckets by that digit. When the bottom runs empty, the lowest bucket is poured into
// it, or, when it is too full, is spread over the level below first; when the bottom grows too long
// it sheds its late part into buckets. A few pending events stay in the bottom altogether, which
// then is a sorted array.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/kernel/event_list.h"

enum {
    EVENT_LADDER_LEVELS = 8,
    EVENT_LADDER_BUCKETS = 256,
    EVENT_LADDER_TINY = 3,
};

struct event_ladder {
    struct event_entry *head, *tail; // the bottom in order, and EVENT_ENTRY_NEVER at tail
    struct event_entry *full;        // a tail from here on finds no room
    struct event_entry *window;      // where the bottom stands; room for `room`
    uint32_t room;
    uint32_t most;   // a longer bottom sheds its late part
    uint32_t levels; // bit d: level d is not empty
    uint64_t end;    // what is earlier belongs into the bottom
    uint64_t base;   // first instant of the bottom's range, `level` digits are 0
    uint32_t level;
    uint32_t far; // entries in buckets
    struct event_chunks chunks;
    uint64_t bits[EVENT_LADDER_LEVELS][EVENT_LADDER_BUCKETS / 64]; // buckets that are not empty
    struct event_list buckets[EVENT_LADDER_LEVELS][EVENT_LADDER_BUCKETS];
};

void event_ladder_init(struct event_ladder *ladder);
void event_ladder_release(struct event_ladder *ladder);

void event_ladder_add_far(struct event_ladder *ladder, struct event_entry entry);
void event_ladder_add_near(struct event_ladder *ladder, struct event_entry entry);

// Any time at or after the last entry taken.
EVENT_HOT static inline void event_ladder_add(struct event_ladder *ladder, struct event_entry entry)
{
    if (entry.time >= ladder->end) {
        event_ladder_add_far(ladder, entry);
        return;
    }
    struct event_entry *const head = ladder->head, *const tail = ladder->tail;
    if (tail - head > EVENT_LADDER_TINY || tail >= ladder->full) {
        event_ladder_add_near(ladder, entry);
        return;
    }
    // Very few stand there. The branch is as hard to foresee as the next event is, but it is
    // decided early, and the processor then foresees the call of the next event from it.
    struct event_entry *place = tail;
    for (; place != head; place--) {
        const struct event_entry other = event_entry_load(place - 1);
        if (!event_entry_before(entry, other)) {
            break;
        }
        *place = other;
    }
    *place = entry;
    tail[1] = EVENT_ENTRY_NEVER;
    ladder->tail = tail + 1;
}

// Brings the earliest entries into an empty bottom if there are any below `limit`; false if not.
// The records of what comes next are prefetched.
bool event_ladder_refill(struct event_ladder *ladder, uint64_t limit,
                         const struct event_record *records);

static inline bool event_ladder_near(const struct event_ladder *ladder)
{
    return ladder->head != ladder->tail;
}

// Drops every entry that is not live; returns how many.
uint32_t event_ladder_sweep(struct event_ladder *ladder, const struct event_record *records);

size_t event_ladder_count(const struct event_ladder *ladder);
size_t event_ladder_bytes(const struct event_ladder *ladder); // all but the ladder itself
