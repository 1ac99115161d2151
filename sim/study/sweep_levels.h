// sweep_levels - the values that one parameter takes in a parameter study, as texts.
//
// A list is taken as written. A range counts in decimals, not in floating point, so 0.1..0.5 step
// 0.1 has exactly five values; its ends and its step bear the same unit, or are all durations.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"

enum { SWEEP_LEVELS_MOST = 1000000 };

struct sweep_levels {
    const char *name;    // of the parameter
    uint32_t count;      // levels; of a range without step: see `continuous`
    const char **values; // of a list, NULL: a range
    int64_t low, step;   // in 10^-decimals of the unit, or in ns
    uint32_t decimals;
    const char *unit; // behind the number
    bool is_duration; // in ns, whatever unit the ends were written in
    bool continuous;  // no step was given: levels are about a thousandth of the range apart
    struct sweep_levels_wrong {
        const char *text; // what is wrong and how to mend it; NULL: nothing
        size_t offset, length;
    } wrong; // and where, in bytes of the text that was read
};

// A value of a list.
void sweep_levels_add(struct sweep_levels *levels, struct arena *arena, const char *value);

// Reads "low..high step s". False: levels->wrong is set.
bool sweep_levels_range(struct sweep_levels *levels, struct arena *arena, const char *text);

// Reads "k=v1,v2" or "k=low..high step s" of a command line, the name included.
bool sweep_levels_parse(struct sweep_levels *levels, struct arena *arena, const char *text);

// The text of level `index`. Owner: the arena, or whom the list was of.
const char *sweep_levels_value(const struct sweep_levels *levels, struct arena *arena,
                               uint32_t index);
