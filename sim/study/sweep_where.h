// sweep_where - whether a point of a parameter study counts: `api_n * 400/s >= peak`.
//
// Words stand for parameters ($peak or peak); what is no parameter is a text, for == and !=.
// Numbers bear their units, and what makes no sense is refused: a rate is not compared with a
// duration, a rate times a duration is a number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"
#include "sim/scenario/expression.h"

struct sweep_binding { // a parameter and its value at a point
    const char *name, *value;
};

struct sweep_scope {
    const struct sweep_binding *bindings; // the first of a name counts
    uint32_t count;
};

// What kind of quantity a value is.
enum sweep_unit {
    SWEEP_NUMBER, // plain, counts and shares
    SWEEP_RATE,
    SWEEP_DURATION,
    SWEEP_BYTES,
    SWEEP_TRUTH,
    SWEEP_TEXT
};

struct sweep_amount {
    enum sweep_unit unit;
    double value;     // of SWEEP_TRUTH: 0 or 1
    const char *text; // of SWEEP_TEXT
};

// What the text of a value is. Of several readings the first in the order of the enum counts.
struct sweep_amount sweep_where_amount(const char *text);

struct sweep_nonsense { // what in a condition makes none
    const struct expression *at;
    struct text why; // initialised by the caller
};

// False: *nonsense is set.
bool sweep_where_holds(const struct expression *where, const struct sweep_scope *scope, bool *holds,
                       struct sweep_nonsense *nonsense);
