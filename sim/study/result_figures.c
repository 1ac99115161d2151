// result_figures - the matrix replication x figure, and the estimate of every column.
#include "sim/study/result_build.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/figure.h"
#include "sim/base/text.h"
#include "sim/engine/model.h"

#define LEVEL 0.95

struct figure_row {
    const char *name, *unit;
    enum result_better better;
};

static const struct figure_row flow_rows[RESULT_FLOW_FIGURES] = {
    [RESULT_OFFERED] = {"offered", "1/s", RESULT_NEITHER},
    [RESULT_THROUGHPUT] = {"throughput", "1/s", RESULT_HIGHER},
    [RESULT_SUCCESS] = {"success_ratio", "1", RESULT_HIGHER},
    [RESULT_MEAN] = {"mean", "s", RESULT_LOWER},
    [RESULT_P50] = {"p50", "s", RESULT_LOWER},
    [RESULT_P90] = {"p90", "s", RESULT_LOWER},
    [RESULT_P95] = {"p95", "s", RESULT_LOWER},
    [RESULT_P99] = {"p99", "s", RESULT_LOWER},
    [RESULT_P999] = {"p99.9", "s", RESULT_LOWER},
    [RESULT_P9999] = {"p99.99", "s", RESULT_LOWER},
    [RESULT_MAX] = {"max", "s", RESULT_LOWER},
};

static const struct figure_row component_rows[] = {
    [RESULT_UTILIZATION - RESULT_FLOW_FIGURES] = {"utilization", "1", RESULT_LOWER},
    [RESULT_UTILIZATION_MAX - RESULT_FLOW_FIGURES] = {"utilization_max", "1", RESULT_LOWER},
    [RESULT_QUEUE - RESULT_FLOW_FIGURES] = {"queue_length", "{request}", RESULT_LOWER},
    [RESULT_IN_SYSTEM - RESULT_FLOW_FIGURES] = {"in_system", "{request}", RESULT_LOWER},
    [RESULT_READY - RESULT_FLOW_FIGURES] = {"replicas_ready", "{replica}", RESULT_HIGHER},
    [RESULT_REJECTED - RESULT_FLOW_FIGURES] = {"rejected_ratio", "1", RESULT_LOWER},
    [RESULT_WAIT_MEAN - RESULT_FLOW_FIGURES] = {"wait.mean", "s", RESULT_LOWER},
    [RESULT_WAIT_P50 - RESULT_FLOW_FIGURES] = {"wait.p50", "s", RESULT_LOWER},
    [RESULT_WAIT_P90 - RESULT_FLOW_FIGURES] = {"wait.p90", "s", RESULT_LOWER},
    [RESULT_WAIT_P95 - RESULT_FLOW_FIGURES] = {"wait.p95", "s", RESULT_LOWER},
    [RESULT_WAIT_P99 - RESULT_FLOW_FIGURES] = {"wait.p99", "s", RESULT_LOWER},
    [RESULT_WAIT_P999 - RESULT_FLOW_FIGURES] = {"wait.p99.9", "s", RESULT_LOWER},
    [RESULT_WAIT_P9999 - RESULT_FLOW_FIGURES] = {"wait.p99.99", "s", RESULT_LOWER},
    [RESULT_WAIT_MAX - RESULT_FLOW_FIGURES] = {"wait.max", "s", RESULT_LOWER},
};

// ---- layout ------------------------------------------------------------------------------------

static void name_rows(struct result *result, const char *owner, const struct figure_row *rows,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        result->figures[result->figure_count++] = (struct result_figure){
            .name = arena_format(&result->arena, "%s.%s", owner, rows[i].name),
            .unit = rows[i].unit,
            .better = rows[i].better,
        };
    }
}

static void name_component(struct result *result, uint32_t index, const struct design *design)
{
    struct result_component *component = &result->components[index];
    component->figures = result->figure_count;
    name_rows(result, component->name, flow_rows, RESULT_FLOW_FIGURES);
    name_rows(result, component->name, component_rows,
              RESULT_COMPONENT_FIGURES - RESULT_FLOW_FIGURES);
    component->first_metric = result->figure_count;
    component->metric_count = figure_count(design, index);
    for (uint32_t m = 0; m < component->metric_count; m++) {
        const struct model_metric *metric = figure_at(design, index, m);
        const struct figure_row row = {metric->name, arena_text(&result->arena, metric->unit),
                                       RESULT_NEITHER};
        name_rows(result, component->name, &row, 1);
    }
}

static void lay_out(struct result *result, const struct design *design)
{
    uint64_t count =
        (uint64_t)(result->workload_count + result->operation_count) * RESULT_FLOW_FIGURES;
    for (uint32_t c = 0; c < design->component_count; c++) {
        count += RESULT_COMPONENT_FIGURES + figure_count(design, c);
    }
    result->figures = arena_take_array(&result->arena, count, sizeof *result->figures);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        result->workloads[w].figures = result->figure_count;
        name_rows(result, result->workloads[w].name, flow_rows, RESULT_FLOW_FIGURES);
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        name_component(result, c, design);
    }
    for (uint32_t o = 0; o < result->operation_count; o++) {
        struct result_operation *operation = &result->operations[o];
        operation->figures = result->figure_count;
        name_rows(result,
                  arena_format(&result->arena, "%s.%s",
                               result->components[operation->component].name, operation->name),
                  flow_rows, RESULT_FLOW_FIGURES);
    }
    CHECK(result->figure_count == count);
    result->matrix =
        arena_take_array(&result->arena, count * result->row_count + 1, sizeof(double));
}

// ---- one replication ---------------------------------------------------------------------------

struct flow { // what a block is made of
    uint64_t offered;
    const uint64_t *statuses;
    const struct histogram *latency;
    double measured_s;
};

static uint64_t good_of(const uint64_t *statuses)
{
    uint64_t good = 0;
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        good += status_is_good((enum status)s) ? statuses[s] : 0;
    }
    return good;
}

static uint64_t all_of(const uint64_t *statuses)
{
    uint64_t all = 0;
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        all += statuses[s];
    }
    return all;
}

static double ratio_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? (double)NAN : (double)part / (double)whole;
}

// Mean, quantiles and maximum of a histogram, in s: the layout of RESULT_MEAN and of
// RESULT_WAIT_MEAN.
static void fill_times(double *row, const struct histogram *histogram)
{
    row[0] = histogram_mean(histogram) / 1e9;
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        row[1 + q] = histogram_quantile(histogram, result_quantiles[q]) / 1e9;
    }
    row[1 + RESULT_QUANTILES] =
        histogram->count == 0 ? (double)NAN : time_seconds(histogram->maximum);
}

static void fill_flow(double *row, struct flow flow)
{
    const uint64_t good = good_of(flow.statuses);
    row[RESULT_OFFERED] = (double)flow.offered / flow.measured_s;
    row[RESULT_THROUGHPUT] = (double)good / flow.measured_s;
    row[RESULT_SUCCESS] = ratio_of(good, all_of(flow.statuses));
    fill_times(&row[RESULT_MEAN], flow.latency);
}

static double *row_of(const struct result *result, uint32_t row)
{
    return &result->matrix[(size_t)row * result->figure_count];
}

// A component's flow is that of its operations that can be called.
static void fill_component_flow(const struct result *result, const struct run_record *record,
                                uint32_t index, double *row)
{
    const struct result_component *component = &result->components[index];
    uint64_t statuses[STATUS_COUNT] = {0};
    uint64_t arrivals = 0;
    struct histogram latency;
    histogram_init(&latency);
    const uint32_t end = component->first_operation + component->operation_count;
    for (uint32_t o = component->first_operation; o < end; o++) {
        if (result->operations[o].internal) {
            continue;
        }
        const struct operation_meter *meter = result_operation_meter(result, record, o);
        struct histogram plain = meter->latency;
        plain.threshold_count = 0;
        histogram_merge(&latency, &plain);
        arrivals += meter->arrivals;
        for (uint32_t s = 0; s < STATUS_COUNT; s++) {
            statuses[s] += meter->statuses[s];
        }
    }
    fill_flow(row, (struct flow){arrivals, statuses, &latency, time_seconds(record->measured_ns)});
    row[RESULT_REJECTED] = ratio_of(statuses[STATUS_REJECTED], arrivals);
    histogram_release(&latency);
}

static void fill_component(const struct result *result, const struct run_record *record,
                           uint32_t index, double *row)
{
    const struct component_figures *figures = &record->components[index];
    const double measured_s = time_seconds(record->measured_ns);
    fill_component_flow(result, record, index, row);
    row[RESULT_UTILIZATION] =
        figures->capacity_s > 0.0 ? figures->busy_s / figures->capacity_s : (double)NAN;
    row[RESULT_UTILIZATION_MAX] =
        figures->capacity_s > 0.0 ? figures->utilization_max : (double)NAN;
    row[RESULT_QUEUE] = figures->queue_s / measured_s;
    row[RESULT_IN_SYSTEM] = figures->in_system_s / measured_s;
    row[RESULT_READY] = figures->ready_s / measured_s;
    fill_times(&row[RESULT_WAIT_MEAN], &record->meter.components[index].wait);
}

static void fill_row(const struct result *result, const struct run_record *record, double *row)
{
    const double measured_s = time_seconds(record->measured_ns);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct workload_meter *meter = &record->meter.workloads[w];
        fill_flow(&row[result->workloads[w].figures],
                  (struct flow){meter->offered, meter->statuses, &meter->latency, measured_s});
    }
    for (uint32_t o = 0; o < result->operation_count; o++) {
        const struct operation_meter *meter = result_operation_meter(result, record, o);
        fill_flow(&row[result->operations[o].figures],
                  (struct flow){meter->arrivals, meter->statuses, &meter->latency, measured_s});
    }
    uint32_t metric = 0;
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        fill_component(result, record, c, &row[component->figures]);
        for (uint32_t m = 0; m < component->metric_count; m++, metric++) {
            row[component->first_metric + m] = record->model_metrics[metric];
        }
    }
    CHECK(metric == record->model_metric_count);
}

// ---- estimates ---------------------------------------------------------------------------------

struct columns { // room for one column, and for the counts behind a ratio
    double *values;
    uint64_t *good, *total;
};

static const double *column_of(const struct result *result, uint32_t figure,
                               struct columns *columns)
{
    for (uint32_t r = 0; r < result->row_count; r++) {
        columns->values[r] = row_of(result, r)[figure];
    }
    return columns->values;
}

static void estimate_columns_mean(struct result *result, uint32_t figure, struct columns *columns)
{
    result->figures[figure].estimate =
        estimate_mean(column_of(result, figure, columns), result->row_count, LEVEL);
}

// Mean, quantiles and maximum from `first`, of a pooled histogram.
static void estimate_times(struct result *result, uint32_t first, const struct histogram *pooled,
                           struct columns *columns)
{
    estimate_columns_mean(result, first, columns);
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        const uint32_t figure = first + 1 + q;
        const double quantile = histogram_quantile(pooled, result_quantiles[q]) / 1e9;
        if (pooled->count > 0) {
            result->figures[figure].estimate = estimate_section(
                quantile, column_of(result, figure, columns), result->row_count, LEVEL);
        }
    }
    if (pooled->count > 0) {
        result->figures[first + 1 + RESULT_QUANTILES].estimate =
            (struct estimate){.known = true, .value = time_seconds(pooled->maximum)};
    }
}

static void estimate_ratio_of(struct result *result, uint32_t figure, const struct columns *columns)
{
    result->figures[figure].estimate =
        estimate_ratio(columns->good, columns->total, result->row_count, LEVEL);
}

static void estimate_flow(struct result *result, uint32_t block, const struct histogram *pooled,
                          struct columns *columns)
{
    estimate_ratio_of(result, block + RESULT_SUCCESS, columns);
    estimate_columns_mean(result, block + RESULT_OFFERED, columns);
    estimate_columns_mean(result, block + RESULT_THROUGHPUT, columns);
    estimate_times(result, block + RESULT_MEAN, pooled, columns);
}

static void estimate_workloads(struct result *result, const struct result_input *input,
                               struct columns *columns)
{
    for (uint32_t w = 0; w < result->workload_count; w++) {
        for (uint32_t r = 0; r < result->row_count; r++) {
            const uint64_t *statuses = input->records[r].meter.workloads[w].statuses;
            columns->good[r] = good_of(statuses);
            columns->total[r] = all_of(statuses);
        }
        estimate_flow(result, result->workloads[w].figures, &result->workloads[w].latency, columns);
    }
}

static void estimate_operations(struct result *result, const struct result_input *input,
                                struct columns *columns)
{
    for (uint32_t o = 0; o < result->operation_count; o++) {
        for (uint32_t r = 0; r < result->row_count; r++) {
            const uint64_t *statuses =
                result_operation_meter(result, &input->records[r], o)->statuses;
            columns->good[r] = good_of(statuses);
            columns->total[r] = all_of(statuses);
        }
        estimate_flow(result, result->operations[o].figures, &result->operations[o].latency,
                      columns);
    }
}

static void count_component(const struct result *result, const struct result_input *input,
                            uint32_t index, struct columns *columns)
{
    const struct result_component *component = &result->components[index];
    const uint32_t end = component->first_operation + component->operation_count;
    for (uint32_t r = 0; r < result->row_count; r++) {
        columns->good[r] = columns->total[r] = 0;
        for (uint32_t o = component->first_operation; o < end; o++) {
            const uint64_t *statuses =
                result_operation_meter(result, &input->records[r], o)->statuses;
            columns->good[r] += result->operations[o].internal ? 0 : good_of(statuses);
            columns->total[r] += result->operations[o].internal ? 0 : all_of(statuses);
        }
    }
}

static void estimate_components(struct result *result, const struct result_input *input,
                                struct columns *columns)
{
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        count_component(result, input, c, columns);
        estimate_flow(result, component->figures, &component->latency, columns);
        for (uint32_t f = RESULT_UTILIZATION; f <= RESULT_REJECTED; f++) {
            estimate_columns_mean(result, component->figures + f, columns);
        }
        estimate_times(result, component->figures + RESULT_WAIT_MEAN, &component->wait, columns);
        for (uint32_t m = 0; m < component->metric_count; m++) {
            estimate_columns_mean(result, component->first_metric + m, columns);
        }
    }
}

void result_add_figures(struct result *result, const struct result_input *input)
{
    lay_out(result, input->design);
    for (uint32_t r = 0; r < result->row_count; r++) {
        fill_row(result, &input->records[r], row_of(result, r));
    }
    struct columns columns = {
        .values = check_calloc(result->row_count, sizeof(double)),
        .good = check_calloc(result->row_count, sizeof(uint64_t)),
        .total = check_calloc(result->row_count, sizeof(uint64_t)),
    };
    estimate_workloads(result, input, &columns);
    estimate_operations(result, input, &columns);
    estimate_components(result, input, &columns);
    for (uint32_t f = 0; f < result->figure_count; f++) {
        estimate_hold_positive(&result->figures[f].estimate);
    }
    free(columns.values);
    free(columns.good);
    free(columns.total);
}
