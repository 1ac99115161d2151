// read_law - the table of laws: their arguments, the forms they come in, how they are made.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/kernel/distribution.h"

enum { LAW_ARGUMENTS = 4 };

enum read_law_argument_kind {
    LAW_END,
    LAW_VALUE,  // in the unit of the quantity
    LAW_NUMBER, // a plain number
    LAW_COUNT,  // a whole number
    LAW_FILE,   // a path
    LAW_SUM,    // weight*law + weight*law ...
};

struct read_law_argument {
    const char *name;
    const char *other; // another name for it, or NULL
    enum read_law_argument_kind kind;
};

struct read_law {
    const char *name;
    const char *shown;   // arguments, for people: "mean, cv"
    const char *example; // a whole law
    struct read_law_argument arguments[LAW_ARGUMENTS];
    uint32_t forms[2]; // sets of arguments that belong together, as bits; 0: no second form
    bool positional;   // the first argument needs no name
    bool counts_only;  // a law of counts
    // NULL for laws that are read rather than computed (empirical, mix).
    struct distribution (*make)(struct arena *arena, const double *values, uint32_t given);
};

// NULL past the last; NULL if no law has the name.
const struct read_law *read_law_at(uint32_t index);
const struct read_law *read_law_find(const char *name);
const char *read_law_nearest(const char *name);

// The number of the argument with a name; LAW_ARGUMENTS if there is none.
uint32_t read_law_argument(const struct read_law *law, const char *name);
