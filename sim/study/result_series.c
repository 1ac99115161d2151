// result_series - the time series of all replications in one, and the log of the first.
#include "sim/study/result_build.h"

#include <string.h>

static void add_log(struct result *result, const struct meter *meter)
{
    result->log_count = meter->log_count;
    result->log = arena_take_array(&result->arena, meter->log_count + 1, sizeof *result->log);
    if (meter->log_count > 0) {
        memcpy(result->log, meter->log, meter->log_count * sizeof *result->log);
    }
}

static void add_exemplars(struct result *result, const struct run_record *record)
{
    const uint32_t count = record->exemplar_count;
    result->exemplar_count = count;
    result->exemplars =
        arena_take_array(&result->arena, (size_t)count + 1, sizeof *result->exemplars);
    if (count > 0) {
        memcpy(result->exemplars, record->exemplars, count * sizeof *result->exemplars);
    }
}

static uint64_t *copy_counts(struct result *result, const uint64_t *from, size_t count)
{
    uint64_t *copy = arena_take_array(&result->arena, count + 1, sizeof *copy);
    if (count > 0) {
        memcpy(copy, from, count * sizeof *copy);
    }
    return copy;
}

static float *take_values(struct result *result, const struct series_sum *sum,
                          enum series_sum_kind kind)
{
    float *values = arena_take_array(&result->arena, sum->columns[kind].count + 1, sizeof *values);
    series_sum_values(sum, kind, values);
    return values;
}

static void take_series(struct result *result, const struct series_sum *sum)
{
    result->series = (struct result_series){
        .bin_count = sum->bin_count,
        .bin_s = time_seconds(sum->bin_ns),
        .component_counts = copy_counts(result, sum->component_counts, sum->component_count),
        .workload_counts = copy_counts(result, sum->workload_counts, sum->workload_count),
        .heatmap = copy_counts(result, sum->heatmap, sum->heat_count),
        .component_levels = take_values(result, sum, SERIES_SUM_LEVELS),
        .operation_latency = take_values(result, sum, SERIES_SUM_OPERATIONS),
        .workload_latency = take_values(result, sum, SERIES_SUM_WORKLOADS),
    };
}

// The series of batches is that of the whole replication, kept by the last of them.
void result_add_series(struct result *result, const struct result_input *input)
{
    const struct run_record *last = &input->records[input->count - 1];
    const struct run_record *told = input->batches ? last : &input->records[0];
    add_log(result, &told->meter);
    add_exemplars(result, told);
    if (input->series != NULL) {
        take_series(result, input->series);
        return;
    }
    struct series_sum sum;
    series_sum_init(&sum);
    for (uint32_t r = input->batches ? input->count - 1 : 0; r < input->count; r++) {
        series_sum_add(&sum, &input->records[r].meter.series);
    }
    take_series(result, &sum);
    series_sum_release(&sum);
}
