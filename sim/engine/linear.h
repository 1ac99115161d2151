// linear - is the history of one key that of one register? The search of Wing and Gong (1993) with
// Lowe's memo (2017), and the smallest history that shows that it is not.
//
// The operations are those of one key, ascending in began_ns. Each takes effect at one instant
// between its beginning and its end; reads see the latest effect. An operation that never ended may
// take effect at any time after its beginning, or never. Ends and beginnings at the same instant
// overlap.
#pragma once

#include <stdint.h>

#include "sim/engine/history.h"

enum linear_verdict { LINEAR_HOLDS, LINEAR_VIOLATED, LINEAR_UNDECIDED };

// Visits at most `bound` states (set of operations done, value); beyond them it is undecided.
enum linear_verdict linear_check(const struct history_operation *operations, uint32_t count,
                                 uint64_t bound);

// Leaves of a violating history operations without any of which it would be none, in place; returns
// their number.
uint32_t linear_shrink(struct history_operation *operations, uint32_t count, uint64_t bound);

// In words, values named a, b, ... in the order of their writes: "w(a) 10..14.2ms at 0; r=a ...".
struct text;
void linear_say(struct text *text, const struct history_operation *operations, uint32_t count);
