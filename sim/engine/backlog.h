// backlog - messages of a queue or stream on their way to consumers: waiting, in hand, worked off,
// handed over again.
//
// Messages wait in the order in which they were put; those that come back wait before all that were
// never handed over, in the order in which they came back. A hand is what one consumer (a *member*:
// a replica of a consuming component) got at once and has not answered: at most `batch` messages of
// its consumer. Members take turns while they have room: `window` messages and the consumer's
// `concurrency` of hands each, `pending` messages in all hands together. A member whose process has
// gone is passed over until it is back.
//
// A hand that is not answered in `ack_wait_ns` comes back; a late answer still counts. A message
// that has been handed over `limit` times and comes back leaves by `dead`. A record of 48 bytes and
// constant time a message; one timer for all hands.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/slots.h"
#include "sim/engine/consumer.h"

struct backlog;

enum backlog_place { BACKLOG_NOWHERE, BACKLOG_READY, BACKLOG_AGAIN, BACKLOG_IN_HAND };

struct backlog_message {
    uint32_t generation;
    uint32_t next;       // in its list
    uint64_t sequence;   // ascending in the order of putting
    uint64_t request;    // identity that keys of its handling derive from
    int64_t appended_ns;
    uint32_t bytes;      // of all that it stands for
    uint32_t count;      // messages that it stands for, >= 1
    uint32_t deliveries; // begun so far
    uint8_t place;
    bool gone;           // worked off, or lost, while it stood in a list: dropped when met
};

struct backlog_list {
    uint32_t first, last;
};

struct backlog_hand {
    uint32_t generation;
    uint32_t newer, older; // hands that may still expire, by the time of their beginning
    uint32_t member;
    uint32_t count;    // messages
    bool counts;       // against the windows; an expired one does not
    bool answered;     // its settling is under way
    int64_t since_ns;
    struct backlog_list messages;
    uint64_t *late;    // names of its messages once it has expired
    uint32_t late_count;
};

struct backlog_member {
    const struct consumer_design *consumer;
    struct component *to;
    struct node *node;
    uint64_t in_hand; // messages
    uint32_t hands;
    bool gone;        // found dead
};

struct backlog_settings {
    uint64_t window;     // messages in hand of a member, 0: no bound
    uint64_t pending;    // messages in all hands, 0: no bound
    bool push;           // the consumer's `concurrency` is no bound
    uint64_t limit;      // deliveries of a message, 0: no bound
    int64_t ack_wait_ns; // 0: a hand never expires
    int64_t retry_ns;    // a message that was worked off in vain comes back after, >= 1
    int64_t silence_ns;  // a silent member is given up after, 0: as of consumer.h
};

struct backlog_hooks { // NULL where nothing is to be said
    // The message came back once too often and leaves.
    void (*dead)(struct backlog *backlog, const struct backlog_message *message);
    // A hand was worked off. True: the model will call backlog_settle itself, once that is safe.
    bool (*answered)(struct backlog *backlog, uint64_t hand);
    // A message has been worked off and leaves.
    void (*settled)(struct backlog *backlog, const struct backlog_message *message);
};

struct backlog {
    struct world *world;
    const struct backlog_settings *settings;
    const struct backlog_hooks *hooks;
    void *owner;         // the model's
    uint32_t number;     // the model's, below 2^16: its `backlog` hook finds it by that
    struct node *node;   // hands over, NULL: nobody does
    struct slots messages, hands;
    struct backlog_list ready, again;
    uint32_t oldest, newest;         // hands that may still expire
    struct backlog_member *members;
    uint32_t member_count, turn;
    uint32_t consumer_count;         // different ones among the members
    bool timing, looking, filling;   // timers run: for the oldest hand, for a member to come
                                     // back, for a fuller batch
    bool full;                       // nobody has room, until something comes back
    bool due;                        // an incomplete batch has waited long enough
    uint64_t latest;                 // sequence that was handed over last for the first time
    uint64_t waiting, in_hand;       // messages
    uint64_t bytes;                  // of those present
    uint64_t put, settled, dead, lost; // messages
    uint64_t delivered, redelivered, expired, duplicates;
    uint32_t largest; // count of a message
    bool disordered;
};

// settings, hooks, owner and number are set by the caller.
void backlog_init(struct backlog *backlog, struct world *world);
void backlog_release(struct backlog *backlog);

// The replicas of `to` become members; lag and backlog are counted for the consumer.
void backlog_attach(struct backlog *backlog, const struct consumer_design *consumer,
                    struct component *to);

// Appends; sequence, request, appended_ns, bytes and count are the caller's. Hands nothing over.
void backlog_put(struct backlog *backlog, const struct backlog_message *message);
// Hands over what members have room for.
void backlog_pump(struct backlog *backlog);

// From now on `node` hands over (NULL: nobody). Hands go on to be waited for.
void backlog_move(struct backlog *backlog, struct node *node);
// All hands come back at once: the connections to their members are broken.
void backlog_recall(struct backlog *backlog);

// The messages of the hand leave. Nothing happens if it has come back in the meantime.
void backlog_settle(struct backlog *backlog, uint64_t hand);

// Messages present with a sequence in [low, high) are lost: returns how many.
uint64_t backlog_lose(struct backlog *backlog, uint64_t low, uint64_t high);
// The oldest that waits leaves; false: nothing waits.
bool backlog_drop(struct backlog *backlog, struct backlog_message *dropped);
// The lowest sequence present, UINT64_MAX: none.
uint64_t backlog_lowest(const struct backlog *backlog);

// States the invariants: every message put is settled, dead, lost, waiting or in one hand; first
// deliveries in order; windows kept. For `check` hooks.
void backlog_check(const struct backlog *backlog);
