// history - what was done to the keys of a component and what each caller was told: the input of
// the checkers.
//
// An operation begins when its visit reaches the component and ends when the component answers; a
// visit that ends otherwise (crash, cancellation) leaves its write open: it may take effect at any
// time after its beginning, or never. An open read says nothing and is dropped. Recording costs
// nothing where no component asks for it (world->histories is NULL) and draws no random number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/visit.h"

struct component;
struct world;

enum history_kind {
    HISTORY_READ,  // `value` is what it saw, 0: nothing was ever written
    HISTORY_WRITE, // of `value`
    HISTORY_SWAP,  // wrote `value` if `expected` was there; ends with STATUS_CONFLICT if not
};

struct history_operation {
    uint64_t key;
    uint64_t value, expected;
    int64_t began_ns, ended_ns; // ended TIME_NEVER: still open, or nobody knows
    uint64_t request;
    uint32_t node; // replica that served as its door
    uint8_t kind;
    uint8_t result; // enum result_class
};

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

// For staleness and convergence: a write became the newest (`stamp`: the order of the system), and
// a replica has come to hold it. A read that returns an older value than the newest acknowledged
// before it began was stale by the time since that newer one was acknowledged.
void history_applied(const struct node *replica, uint64_t key, uint64_t value);
