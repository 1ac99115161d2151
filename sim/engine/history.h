// history - what was done to the keys of a component and what each caller was told: the input of
// the checkers.
//
// An operation begins when its visit reaches the component and ends when the component answers; a
// visit that ends otherwise (crash, cancellation) leaves its write open: it may take effect at any
// time after its beginning, or never. An open read says nothing and is dropped. Recording costs
// nothing where no component asks for it and draws no random number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/map.h"
#include "sim/engine/visit.h"

struct component;
struct world;

enum history_kind {
    HISTORY_READ,   // `value` is what it saw, 0: nothing was ever written
    HISTORY_WRITE,  // of `value`
    HISTORY_SWAP,   // wrote `value` because `expected` was there
    HISTORY_DIFFER, // a swap that ended in conflict: something else than `expected` was there
};

struct history_operation {
    uint64_t key;
    uint64_t value, expected;
    int64_t began_ns, ended_ns; // ended TIME_NEVER: open, or nobody knows
    uint64_t request;
    int64_t applied_ns; // of a write: when the latest replica came to hold it, 0: none has
    uint32_t node;      // replica that served as its door
    uint32_t copies;    // replicas that have come to hold it
    uint8_t kind;
    bool failed;        // certainly without effect: says nothing
};

struct history_key {
    uint64_t key;
    uint32_t *operations; // numbers, in order of their beginning
    uint32_t count, room;
    bool closed; // has reached the limit: later operations are not recorded
};

struct history { // of one component
    struct history_operation *operations;
    uint32_t count, room;
    struct history_key *keys; // in order of first use
    uint32_t key_count;
    struct map places;        // key -> 1 + index into keys
    struct map writes;        // of (key, value) -> 1 + number
    uint32_t *by_visit;       // 1 + number of the operation that the visit of that number walks
    uint32_t visit_room;
};

void history_release(struct history *history);

// The write's identity: what readers of the key will see. Never 0, the same for every try.
static inline uint64_t history_value(const struct visit *visit)
{
    return visit->request + 1;
}

// The visit begins an operation on its key (visit_key). Only sampled keys that several requests can
// have are recorded.
void history_begin(const struct visit *visit, enum history_kind kind, uint64_t value,
                   uint64_t expected);
// The same visit's operation has its answer: for a read `value` is what it saw, ignored otherwise.
// To be called in the step that replies, before it does. Does nothing for a visit without one.
void history_end(const struct visit *visit, enum status status, uint64_t value);

// A replica has come to hold the write of that value: what convergence is measured by.
void history_applied(const struct node *replica, uint64_t key, uint64_t value);
