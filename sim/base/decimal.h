// decimal - doubles as the shortest decimals that read back, by exact integers.
//
// A double is a whole number of powers of two, so up to a size its decimal digits are a quotient of
// 128-bit integers: rounded correctly, and compared with the neighbouring doubles without error.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { DECIMAL_ROOM = 32 };

// What the first of %.15g, %.16g and %.17g that reads back as `value` writes. False, and nothing
// written: not 1e-10 <= |value| < 1e15.
bool decimal_write(char text[DECIMAL_ROOM], double value);
