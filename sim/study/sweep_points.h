// sweep_points - the points of a parameter study: a grid, a list, a Latin hypercube or Sobol's.
//
// Points are numbered in the order of the design, the first parameter slowest, and only those for
// which the conditions hold; the numbers depend on the scenario alone. Two points of a hypercube or
// of Sobol's sequence that fall on the same values are one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/study/sweep_levels.h"
#include "sim/study/sweep_where.h"

enum { SWEEP_PARAMETERS = 12, SWEEP_POINTS_MOST = 100000, SWEEP_CONDITIONS = 2 };

enum sweep_design {
    SWEEP_GRID, // every combination
    SWEEP_LIST, // the first values of all parameters, the second ones, ...
    SWEEP_LHS,  // Latin hypercube: in each parameter one point in each of N parts
    SWEEP_SOBOL
};

struct sweep_space {
    enum sweep_design design;
    uint32_t wanted; // points of a hypercube or of Sobol's sequence
    uint64_t seed;   // of a hypercube
    struct sweep_levels parameters[SWEEP_PARAMETERS];
    uint32_t parameter_count;
    const struct expression *conditions[SWEEP_CONDITIONS]; // all hold; NULL: none
    const struct sweep_binding *others; // parameters that are not varied, for the conditions
    uint32_t other_count;
};

struct sweep_points {
    uint32_t count, designed; // those that count, and all of the design
    const char **values;      // point x parameter
    uint32_t *levels;         // point x parameter
};

// "grid", "list", "lhs:100", "sobol:64". False if it is none.
bool sweep_points_design(struct sweep_space *space, const char *text);

struct sweep_points_wrong {
    struct sweep_nonsense nonsense; // its text is initialised by the caller
    uint32_t condition;             // of the nonsense; SWEEP_CONDITIONS: it lies in none
};

// False: *wrong says what is wrong. Owner of the points: the arena.
bool sweep_points_make(const struct sweep_space *space, struct arena *arena,
                       struct sweep_points *points, struct sweep_points_wrong *wrong);
