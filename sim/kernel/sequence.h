// sequence - points that fill a cube more evenly than random ones do: Sobol's sequence, from GSL.
//
// Coordinates are multiples of 2^-30 made of integers alone, the same on every machine.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SEQUENCE_DIMENSIONS = 40 };

// Fills points[count x dimensions] with coordinates in (0, 1). 1 <= dimensions <= 40.
void sequence_sobol(uint32_t dimensions, uint32_t count, double *points);
