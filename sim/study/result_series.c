// result_series - the time series of all replications in one, and the log of the first.
#include "sim/study/result_build.h"

#include <math.h>
#include <string.h>

struct levels { // what one merge of float columns needs
    float *into;
    uint32_t kinds;         // columns repeat after so many kinds
    const bool *is_maximum; // by kind
    uint32_t *samples;
};

static void add_counts(uint64_t *into, const uint32_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into[i] += from[i];
    }
}

// Adds up means and takes maxima; samples counts what is not NaN.
static void add_levels(struct levels *levels, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (isnan(from[i])) {
            continue;
        }
        const bool first = levels->samples[i]++ == 0;
        if (!levels->is_maximum[i % levels->kinds]) {
            levels->into[i] = first ? from[i] : levels->into[i] + from[i];
        } else if (first || from[i] > levels->into[i]) {
            levels->into[i] = from[i];
        }
    }
}

static void finish_levels(struct levels *levels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (levels->samples[i] == 0) {
            levels->into[i] = NAN;
        } else if (!levels->is_maximum[i % levels->kinds]) {
            levels->into[i] /= (float)levels->samples[i];
        }
    }
}

static const float *level_rows(const struct series *series, uint32_t which)
{
    const float *const rows[] = {series->component_levels, series->operation_latency,
                                 series->workload_latency};
    return rows[which];
}

static float *merge_levels(struct result *result, const struct result_input *input, uint32_t which,
                           size_t count)
{
    static const bool level_maximum[SERIES_LEVELS] = {
        [SERIES_UTILIZATION_MAX] = true, [SERIES_QUEUE_MAX] = true};
    static const bool latency_maximum[SERIES_LATENCIES] = {[SERIES_MAX] = true};
    struct arena scratch;
    arena_init(&scratch);
    struct levels levels = {
        .into = arena_take_array(&result->arena, count + 1, sizeof(float)),
        .kinds = which == 0 ? SERIES_LEVELS : SERIES_LATENCIES,
        .is_maximum = which == 0 ? level_maximum : latency_maximum,
        .samples = arena_take_array(&scratch, count + 1, sizeof(uint32_t)),
    };
    const uint32_t first = input->batches ? input->count - 1 : 0;
    for (uint32_t r = first; r < input->count; r++) {
        add_levels(&levels, level_rows(&input->records[r].meter.series, which), count);
    }
    finish_levels(&levels, count);
    arena_release(&scratch);
    return levels.into;
}

static void add_log(struct result *result, const struct meter *meter)
{
    result->log_count = meter->log_count;
    result->log = arena_take_array(&result->arena, meter->log_count + 1, sizeof *result->log);
    if (meter->log_count > 0) {
        memcpy(result->log, meter->log, meter->log_count * sizeof *result->log);
    }
}

// The series of batches is that of the whole replication, kept by the last of them.
void result_add_series(struct result *result, const struct result_input *input)
{
    const struct meter *last = &input->records[input->count - 1].meter;
    add_log(result, input->batches ? last : &input->records[0].meter);
    const struct series *shape = &last->series;
    struct result_series *series = &result->series;
    const size_t bins = shape->bin_count;
    const size_t components = bins * result->component_count;
    const size_t operations = bins * result->operation_count;
    const size_t workloads = bins * result->workload_count;
    series->bin_count = shape->bin_count;
    series->bin_s = (double)shape->bin_ns / 1e9;
    struct arena *arena = &result->arena;
    series->component_counts =
        arena_take_array(arena, components * SERIES_COUNTS + 1, sizeof(uint64_t));
    series->workload_counts =
        arena_take_array(arena, workloads * SERIES_FLOWS + 1, sizeof(uint64_t));
    series->heatmap = arena_take_array(arena, workloads * SERIES_HEAT + 1, sizeof(uint64_t));
    for (uint32_t r = input->batches ? input->count - 1 : 0; r < input->count; r++) {
        const struct series *from = &input->records[r].meter.series;
        add_counts(series->component_counts, from->component_counts, components * SERIES_COUNTS);
        add_counts(series->workload_counts, from->workload_counts, workloads * SERIES_FLOWS);
        add_counts(series->heatmap, from->heatmap, workloads * SERIES_HEAT);
    }
    series->component_levels = merge_levels(result, input, 0, components * SERIES_LEVELS);
    series->operation_latency = merge_levels(result, input, 1, operations * SERIES_LATENCIES);
    series->workload_latency = merge_levels(result, input, 2, workloads * SERIES_LATENCIES);
}
