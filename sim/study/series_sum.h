// series_sum - the time series of many replications in one, added in unit order.
//
// A replication's own series can be given back as soon as it is added, so a study of many
// replications holds one sum instead of all of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/engine/meter.h"

enum series_sum_kind {
    SERIES_SUM_LEVELS,
    SERIES_SUM_OPERATIONS,
    SERIES_SUM_WORKLOADS,
    SERIES_SUM_KINDS
};

struct series_sum_columns { // of floats: sums of what is meant, maxima of what is a maximum
    size_t count;
    uint32_t kinds;         // columns repeat after so many kinds
    const bool *is_maximum; // by kind
    double *values;
    uint32_t *samples; // not NaN
};

struct series_sum {
    bool begun;
    uint32_t bin_count;
    int64_t bin_ns;
    size_t component_count, workload_count; // numbers of counts
    size_t heat_count;
    uint64_t *component_counts, *workload_counts, *heatmap;
    struct series_sum_columns columns[SERIES_SUM_KINDS];
};

void series_sum_init(struct series_sum *sum);
void series_sum_release(struct series_sum *sum);
void series_sum_add(struct series_sum *sum, const struct series *series);

// Means and maxima; NaN without a sample. `into` has columns[kind].count values.
void series_sum_values(const struct series_sum *sum, enum series_sum_kind kind, float *into);
