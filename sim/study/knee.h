// knee - where a curve that rises ever more steeply begins to do so: Kneedle.
//
// After Satopaa, Albrecht, Irwin and Raghavan, "Finding a Kneedle in a Haystack" (2011): both axes
// are normalised to [0, 1], and the knee of a rising convex curve is the point that lies farthest
// below the diagonal, if that is at least KNEE_LEAST and the curve's end is KNEE_RISE times as
// high: normalised, noise about a flat line would have a knee as well. No smoothing: the points are
// few, and means.
#pragma once

#include <stdint.h>

#define KNEE_LEAST 0.2
#define KNEE_RISE 1.5

enum { KNEE_NONE = 0xffffffff };

// x ascends strictly. Returns the index of the knee, KNEE_NONE if there is none; `depth` (may be
// NULL) gets how far below the diagonal it lies.
uint32_t knee_find(const double *x, const double *y, uint32_t count, double *depth);
