// series_sum - adds series cell by cell.
#include "sim/study/series_sum.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"

void series_sum_init(struct series_sum *sum)
{
    *sum = (struct series_sum){0};
}

void series_sum_release(struct series_sum *sum)
{
    free(sum->component_counts);
    free(sum->workload_counts);
    free(sum->heatmap);
    for (int kind = 0; kind < SERIES_SUM_KINDS; kind++) {
        free(sum->columns[kind].values);
        free(sum->columns[kind].samples);
    }
    *sum = (struct series_sum){0};
}

static struct series_sum_columns take_columns(size_t count, uint32_t kinds, const bool *is_maximum)
{
    return (struct series_sum_columns){
        .count = count,
        .kinds = kinds,
        .is_maximum = is_maximum,
        .values = check_calloc(count + 1, sizeof(double)),
        .samples = check_calloc(count + 1, sizeof(uint32_t)),
    };
}

static void begin(struct series_sum *sum, const struct series *shape)
{
    static const bool levels[SERIES_LEVELS] = {
        [SERIES_UTILIZATION_MAX] = true, [SERIES_QUEUE_MAX] = true};
    static const bool latencies[SERIES_LATENCIES] = {[SERIES_MAX] = true};
    const size_t bins = shape->bin_count;
    sum->begun = true;
    sum->bin_count = shape->bin_count;
    sum->bin_ns = shape->bin_ns;
    sum->component_count = bins * shape->component_count * SERIES_COUNTS;
    sum->workload_count = bins * shape->workload_count * SERIES_FLOWS;
    sum->heat_count = bins * shape->workload_count * SERIES_HEAT;
    sum->component_counts = check_calloc(sum->component_count + 1, sizeof(uint64_t));
    sum->workload_counts = check_calloc(sum->workload_count + 1, sizeof(uint64_t));
    sum->heatmap = check_calloc(sum->heat_count + 1, sizeof(uint64_t));
    sum->columns[SERIES_SUM_LEVELS] =
        take_columns(bins * shape->component_count * SERIES_LEVELS, SERIES_LEVELS, levels);
    sum->columns[SERIES_SUM_OPERATIONS] =
        take_columns(bins * shape->operation_count * SERIES_LATENCIES, SERIES_LATENCIES, latencies);
    sum->columns[SERIES_SUM_WORKLOADS] =
        take_columns(bins * shape->workload_count * SERIES_LATENCIES, SERIES_LATENCIES, latencies);
}

static void add_counts(uint64_t *into, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into[i] += from[i];
    }
}

static void add_columns(struct series_sum_columns *columns, const float *from)
{
    for (size_t i = 0; i < columns->count; i++) {
        const double value = (double)from[i];
        if (isnan(value)) {
            continue;
        }
        const bool first = columns->samples[i]++ == 0;
        if (!columns->is_maximum[i % columns->kinds]) {
            columns->values[i] += value;
        } else if (first || value > columns->values[i]) {
            columns->values[i] = value;
        }
    }
}

void series_sum_add(struct series_sum *sum, const struct series *series)
{
    if (!sum->begun) {
        begin(sum, series);
    }
    CHECK(sum->bin_count == series->bin_count);
    CHECK(sum->bin_ns == series->bin_ns);
    add_counts(sum->component_counts, series->component_counts, sum->component_count);
    add_counts(sum->workload_counts, series->workload_counts, sum->workload_count);
    add_counts(sum->heatmap, series->heatmap, sum->heat_count);
    add_columns(&sum->columns[SERIES_SUM_LEVELS], series->component_levels);
    add_columns(&sum->columns[SERIES_SUM_OPERATIONS], series->operation_latency);
    add_columns(&sum->columns[SERIES_SUM_WORKLOADS], series->workload_latency);
}

void series_sum_values(const struct series_sum *sum, enum series_sum_kind kind, float *into)
{
    const struct series_sum_columns *columns = &sum->columns[kind];
    for (size_t i = 0; i < columns->count; i++) {
        const bool is_maximum = columns->is_maximum[i % columns->kinds];
        const double parts = is_maximum ? 1.0 : (double)columns->samples[i];
        into[i] = columns->samples[i] == 0 ? NAN : (float)(columns->values[i] / parts);
    }
}
