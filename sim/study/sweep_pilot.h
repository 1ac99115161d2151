// sweep_pilot - how long a parameter study will take and how much memory, by trying a little of it.
//
// A few points, spread from the cheapest to the dearest as predicted, are simulated for a share of
// the budget each; what is not reached is taken in proportion to simulated time, and the points
// between by their predicted events. An estimate: the clock and the machine decide it, so it goes
// to people, never into a file.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/study/sweep.h"

struct sweep_pilot {
    double spent_s;
    uint32_t points;        // that were tried; 0: no estimate
    double least_s, most_s; // of the whole, with the fewest and the most replications
    uint64_t bytes;         // of memory, with the most
};

// After sweep_check. `stop` (may be NULL): nonzero ends it, without an estimate.
void sweep_pilot(const struct sweep *sweep, uint32_t workers, double budget_s,
                 const volatile int *stop, struct sweep_pilot *pilot);
