// knee - Kneedle on a curve of few points.
#include "sim/study/knee.h"

#include <stdbool.h>
#include <stddef.h>

enum { FEWEST = 4 };

uint32_t knee_find(const double *x, const double *y, uint32_t count, double *depth)
{
    double deepest = 0.0;
    uint32_t knee = KNEE_NONE;
    double low = 0.0, high = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        low = i == 0 || y[i] < low ? y[i] : low;
        high = i == 0 || y[i] > high ? y[i] : high;
    }
    const double width = count == 0 ? 0.0 : x[count - 1] - x[0];
    if (count < FEWEST || !(width > 0.0) || !(high > low)) {
        count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const double below = (x[i] - x[0]) / width - (y[i] - low) / (high - low);
        if (below > deepest) {
            deepest = below;
            knee = i;
        }
    }
    if (depth != NULL) {
        *depth = deepest;
    }
    const bool bends = deepest >= KNEE_LEAST && y[count - 1] >= KNEE_RISE * y[knee];
    return bends ? knee : (uint32_t)KNEE_NONE;
}
