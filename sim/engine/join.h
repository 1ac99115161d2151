// join - where the branches of a `parallel` step meet: all of them, or a quorum.
#pragma once

#include <stdint.h>

#include "sim/engine/status.h"

struct world;

struct join {
    uint32_t generation;
    uint32_t number;
    uint64_t waiter;   // ticket of the visit that waits
    uint32_t need;     // good branches that suffice
    uint32_t open;     // branches not ended
    uint32_t good;
    uint8_t last_bad;  // status of the latest failed branch
    uint8_t stop;      // a failed join ends the visit
};

// A join of `count` branches for the visit of `waiter`; returns its number.
uint32_t join_begin(struct world *world, uint64_t waiter, uint32_t count, uint32_t need);

// A branch has ended. The waiter is woken when the join is decided; later branches go on unheard.
void join_tell(struct world *world, uint32_t number, uint32_t generation, enum status status);
