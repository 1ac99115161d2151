// sweep_curves - latency over load: the points of a sweep that differ by their load alone.
#pragma once

#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/study/sweep.h"

struct sweep_curve {
    uint32_t *points; // in order of their load
    double *load;     // requests/s asked for
    uint32_t count;
    uint32_t knee; // point, RESULT_NONE: none
    double depth;  // of the knee, see knee.h
};

struct sweep_curves {
    uint32_t parameter; // the load
    uint32_t workload;  // whose p99 is meant
    uint32_t count;
    struct sweep_curve *curves;
};

// The workload of the first objective that names one, else the first.
uint32_t sweep_curves_workload(const struct sweep *sweep);

// Curves of at least three points with a known p99; none without a rate among the parameters.
// Owner: the arena.
struct sweep_curves sweep_curves_find(const struct sweep *sweep, struct arena *arena);
