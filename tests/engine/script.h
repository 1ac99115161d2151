// script - a stage whose component runs tables of steps that the test writes down.
#pragma once

#include "tests/engine/stage.h"

enum { SCRIPT_OPERATIONS = 6, SCRIPT_STEPS = 8 };

struct script {
    struct stage stage;
    struct pool_design pool; // number 0 of the component
    struct operation operations[SCRIPT_OPERATIONS];
    struct step steps[SCRIPT_OPERATIONS][SCRIPT_STEPS];
    struct work_step works[SCRIPT_OPERATIONS][SCRIPT_STEPS];
    struct pool_step first_pool;
};

// One replica without a processor limit and with one pool; size and queue as in the design.
void script_init(struct script *script, uint64_t pool_size, uint64_t pool_queue);

// Adds a step to the operation; operation 0 is what clients ask, the others are branches.
void script_step(struct script *script, uint32_t operation,
                 enum outcome (*run)(struct visit *visit), const void *argument);
void script_sleep(struct script *script, uint32_t operation, double seconds);

// The pool of the only replica.
struct pool *script_pool(struct script *script);

// `count` answers whose latencies are `latency` seconds in all, to the nanosecond.
void script_expect(const struct script *script, uint32_t workload, uint64_t count, double latency);
