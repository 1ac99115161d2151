// archive_rows - which field of which row stands in which dataset.
#include "sim/study/archive_rows.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { SPARE = 256 }; // rows behind those that are read: result_warn may add to a result

struct column {
    const char *name;
    enum archive_type type;
    uint32_t width; // values a row, 0: one
    size_t offset;
    const char *unit, *long_name;
};

struct rows {
    const char *name; // /report/NAME, and its scale, if any, /dim/NAME
    bool scale;
    size_t row_size, rows, count; // offsets of the pointer and of the uint32_t in struct result
    const struct column *columns;
};

// ---- scalars -----------------------------------------------------------------------------------

struct scalar {
    const char *name;
    enum archive_type type;
    size_t offset;
};

static const struct scalar scalars[] = {
    {"scenario_name", ARCHIVE_TEXT, offsetof(struct result, scenario)},
    {"description", ARCHIVE_NAME, offsetof(struct result, description)},
    {"scenario_digest", ARCHIVE_TEXT, offsetof(struct result, digest)},
    {"engine_version", ARCHIVE_TEXT, offsetof(struct result, version)},
    {"seed", ARCHIVE_U64, offsetof(struct result, seed)},
    {"replications", ARCHIVE_U32, offsetof(struct result, replication_count)},
    {"replications_minimum", ARCHIVE_U32, offsetof(struct result, minimum)},
    {"replications_maximum", ARCHIVE_U32, offsetof(struct result, maximum)},
    {"duration", ARCHIVE_F64, offsetof(struct result, duration_s)},
    {"warmup", ARCHIVE_F64, offsetof(struct result, warmup_s)},
    {"simulated", ARCHIVE_F64, offsetof(struct result, simulated_s)},
    {"stop_at", ARCHIVE_F64, offsetof(struct result, stop_at)},
    {"widest", ARCHIVE_F64, offsetof(struct result, widest)},
    {"batches", ARCHIVE_BOOL, offsetof(struct result, batches)},
    {"faults_on", ARCHIVE_BOOL, offsetof(struct result, faults_on)},
    {"interrupted_by_limit", ARCHIVE_BOOL, offsetof(struct result, interrupted_by_limit)},
    {"events", ARCHIVE_U64, offsetof(struct result, events)},
    {"bytes_max", ARCHIVE_U64, offsetof(struct result, bytes_max)},
    {"fingerprint_high", ARCHIVE_U64, offsetof(struct result, fingerprint.high)},
    {"fingerprint_low", ARCHIVE_U64, offsetof(struct result, fingerprint.low)},
    {"verdict", ARCHIVE_VERDICT, offsetof(struct result, verdict)},
    {"rows", ARCHIVE_U32, offsetof(struct result, row_count)},
    {"worst_row", ARCHIVE_U32, offsetof(struct result, worst_row)},
    {"series_bins", ARCHIVE_U32, offsetof(struct result, series.bin_count)},
    {"series_bin", ARCHIVE_F64, offsetof(struct result, series.bin_s)},
    {"warmup_automatic", ARCHIVE_BOOL, offsetof(struct result, warmup.automatic)},
    {"warmup_chosen", ARCHIVE_F64, offsetof(struct result, warmup.chosen_s)},
    {"warmup_too_short", ARCHIVE_BOOL, offsetof(struct result, warmup.too_short)},
    {"warmup_longer", ARCHIVE_F64, offsetof(struct result, warmup.longer_s)},
    {"warmup_mean", ARCHIVE_F64, offsetof(struct result, warmup.mean_s)},
    {"warmup_longer_mean", ARCHIVE_F64, offsetof(struct result, warmup.longer_mean_s)},
    {"warmup_subject", ARCHIVE_NAME, offsetof(struct result, warmup.subject)},
    {"warmup_bins", ARCHIVE_U32, offsetof(struct result, warmup.bin_count)},
    {"warmup_bin", ARCHIVE_F64, offsetof(struct result, warmup.bin_s)},
};

void archive_rows_scalars(struct archive *archive, struct result *result)
{
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        archive_h5_attribute(archive, scalars[i].name, scalars[i].type,
                             (char *)result + scalars[i].offset);
    }
}

// ---- tables ------------------------------------------------------------------------------------

static const struct column figure_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_figure, name), NULL, "metric"},
    {"unit", ARCHIVE_TEXT, 0, offsetof(struct result_figure, unit), NULL, "unit of the metric"},
    {"better", ARCHIVE_I32, 0, offsetof(struct result_figure, better), NULL,
     "0 neither, 1 lower, 2 higher is better"},
    {"estimate", ARCHIVE_ESTIMATE, 0, offsetof(struct result_figure, estimate), NULL,
     "estimate over the replications"},
    {0},
};

static const struct column workload_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_workload, name), NULL, NULL},
    {"assumed", ARCHIVE_NAME, 0, offsetof(struct result_workload, assumed), NULL, NULL},
    {"figures", ARCHIVE_U32, 0, offsetof(struct result_workload, figures), NULL,
     "first metric of its block"},
    {"offered", ARCHIVE_U64, 0, offsetof(struct result_workload, offered), "{request}", NULL},
    {"ended", ARCHIVE_U64, 0, offsetof(struct result_workload, ended), "{request}", NULL},
    {"open", ARCHIVE_U64, 0, offsetof(struct result_workload, open), "{request}",
     "in flight at the ends of the replications"},
    {"statuses", ARCHIVE_U64, STATUS_COUNT, offsetof(struct result_workload, statuses), "{request}",
     "requests by how they ended"},
    {"thinned", ARCHIVE_F64, 0, offsetof(struct result_workload, thinned), "1", NULL},
    {0},
};

static const struct column component_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_component, name), NULL, NULL},
    {"kind", ARCHIVE_TEXT, 0, offsetof(struct result_component, kind), NULL, NULL},
    {"title", ARCHIVE_NAME, 0, offsetof(struct result_component, title), NULL, NULL},
    {"group", ARCHIVE_TEXT, 0, offsetof(struct result_component, group), NULL, NULL},
    {"description", ARCHIVE_NAME, 0, offsetof(struct result_component, description), NULL, NULL},
    {"assumed", ARCHIVE_NAME, 0, offsetof(struct result_component, assumed), NULL, NULL},
    {"replicas", ARCHIVE_U32, 0, offsetof(struct result_component, replicas), "1", NULL},
    {"cores", ARCHIVE_F64, 0, offsetof(struct result_component, cores), "1", NULL},
    {"figures", ARCHIVE_U32, 0, offsetof(struct result_component, figures), NULL, NULL},
    {"first_operation", ARCHIVE_U32, 0, offsetof(struct result_component, first_operation), NULL,
     NULL},
    {"operation_count", ARCHIVE_U32, 0, offsetof(struct result_component, operation_count), NULL,
     NULL},
    {"first_metric", ARCHIVE_U32, 0, offsetof(struct result_component, first_metric), NULL, NULL},
    {"metric_count", ARCHIVE_U32, 0, offsetof(struct result_component, metric_count), NULL, NULL},
    {"arrivals", ARCHIVE_U64, 0, offsetof(struct result_component, arrivals), "{request}", NULL},
    {"statuses", ARCHIVE_U64, STATUS_COUNT, offsetof(struct result_component, statuses),
     "{request}", "tries by how they ended"},
    {"retries", ARCHIVE_U64, 0, offsetof(struct result_component, retries), "1", NULL},
    {"timeouts", ARCHIVE_U64, 0, offsetof(struct result_component, timeouts), "1", NULL},
    {"ejections", ARCHIVE_U64, 0, offsetof(struct result_component, ejections), "1", NULL},
    {"breaker_trips", ARCHIVE_U64, 0, offsetof(struct result_component, breaker_trips), "1", NULL},
    {"queue_max", ARCHIVE_I64, 0, offsetof(struct result_component, queue_max), "{request}", NULL},
    {0},
};

static const struct column operation_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_operation, name), NULL, NULL},
    {"component", ARCHIVE_U32, 0, offsetof(struct result_operation, component), NULL, NULL},
    {"internal", ARCHIVE_BOOL, 0, offsetof(struct result_operation, internal), NULL, NULL},
    {"figures", ARCHIVE_U32, 0, offsetof(struct result_operation, figures), NULL, NULL},
    {"arrivals", ARCHIVE_U64, 0, offsetof(struct result_operation, arrivals), "{request}", NULL},
    {"waste", ARCHIVE_U64, 0, offsetof(struct result_operation, waste), "{request}",
     "answers nobody waited for"},
    {"statuses", ARCHIVE_U64, STATUS_COUNT, offsetof(struct result_operation, statuses),
     "{request}", "tries by how they ended"},
    {0},
};

static const struct column edge_columns[] = {
    {"from", ARCHIVE_U32, 0, offsetof(struct result_edge, from), NULL,
     "component, 4294967295: a workload"},
    {"workload", ARCHIVE_U32, 0, offsetof(struct result_edge, workload), NULL, NULL},
    {"to", ARCHIVE_U32, 0, offsetof(struct result_edge, to), NULL, "component"},
    {"protocol", ARCHIVE_NAME, 0, offsetof(struct result_edge, protocol), NULL, NULL},
    {"calls", ARCHIVE_U64, 0, offsetof(struct result_edge, calls), "1", NULL},
    {"tries", ARCHIVE_U64, 0, offsetof(struct result_edge, tries), "1", NULL},
    {"retries", ARCHIVE_U64, 0, offsetof(struct result_edge, retries), "1", NULL},
    {"hedges", ARCHIVE_U64, 0, offsetof(struct result_edge, hedges), "1", NULL},
    {"timeouts", ARCHIVE_U64, 0, offsetof(struct result_edge, timeouts), "1", NULL},
    {"failures", ARCHIVE_U64, 0, offsetof(struct result_edge, failures), "1", NULL},
    {"short_circuited", ARCHIVE_U64, 0, offsetof(struct result_edge, short_circuited), "1", NULL},
    {"mean", ARCHIVE_F64, 0, offsetof(struct result_edge, mean_s), "s", "latency of whole calls"},
    {"p50", ARCHIVE_F64, 0, offsetof(struct result_edge, p50_s), "s", NULL},
    {"p99", ARCHIVE_F64, 0, offsetof(struct result_edge, p99_s), "s", NULL},
    {"max", ARCHIVE_F64, 0, offsetof(struct result_edge, max_s), "s", NULL},
    {0},
};

static const struct column slo_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_slo, name), NULL, NULL},
    {"target", ARCHIVE_TEXT, 0, offsetof(struct result_slo, target), NULL, NULL},
    {"objective", ARCHIVE_TEXT, 0, offsetof(struct result_slo, objective), NULL, "as written"},
    {"unit", ARCHIVE_TEXT, 0, offsetof(struct result_slo, unit), NULL, NULL},
    {"metric", ARCHIVE_I32, 0, offsetof(struct result_slo, metric), NULL, NULL},
    {"relation", ARCHIVE_I32, 0, offsetof(struct result_slo, relation), NULL, NULL},
    {"quantile", ARCHIVE_F64, 0, offsetof(struct result_slo, quantile), "1", NULL},
    {"limit", ARCHIVE_F64, 0, offsetof(struct result_slo, limit), NULL, "in `unit`"},
    {"warn_only", ARCHIVE_BOOL, 0, offsetof(struct result_slo, warn_only), NULL, NULL},
    {"verdict", ARCHIVE_VERDICT, 0, offsetof(struct result_slo, verdict), NULL, NULL},
    {"observed", ARCHIVE_ESTIMATE, 0, offsetof(struct result_slo, observed), NULL, "in `unit`"},
    {"margin", ARCHIVE_F64, 0, offsetof(struct result_slo, margin), "1", NULL},
    {"good", ARCHIVE_U64, 0, offsetof(struct result_slo, good), "{request}", NULL},
    {"total", ARCHIVE_U64, 0, offsetof(struct result_slo, total), "{request}", NULL},
    {"decided_by", ARCHIVE_F64, 0, offsetof(struct result_slo, decided_by_s), "s",
     "simulated time that would decide it"},
    {"why", ARCHIVE_NAME, 0, offsetof(struct result_slo, why), NULL, NULL},
    {"compared", ARCHIVE_BOOL, 0, offsetof(struct result_slo, compared), NULL, NULL},
    {"without_verdict", ARCHIVE_VERDICT, 0, offsetof(struct result_slo, without_verdict), NULL,
     "without faults"},
    {"without", ARCHIVE_ESTIMATE, 0, offsetof(struct result_slo, without), NULL,
     "observed without faults"},
    {"slice", ARCHIVE_F64, 0, offsetof(struct result_slo, slice_s), "s", NULL},
    {"slice_count", ARCHIVE_U32, 0, offsetof(struct result_slo, slice_count), NULL, NULL},
    {"worst_slice", ARCHIVE_U32, 0, offsetof(struct result_slo, worst_slice), NULL, NULL},
    {"budget", ARCHIVE_U32, 0, offsetof(struct result_slo, budget), NULL, "row of its budget"},
    {0},
};

static const struct column budget_columns[] = {
    {"slo", ARCHIVE_U32, 0, offsetof(struct result_budget, slo), NULL, NULL},
    {"window", ARCHIVE_F64, 0, offsetof(struct result_budget, window_s), "s", NULL},
    {"allowed", ARCHIVE_F64, 0, offsetof(struct result_budget, allowed_s), "s",
     "of total outage in the window"},
    {"spent", ARCHIVE_F64, 0, offsetof(struct result_budget, spent_s), "s", NULL},
    {"other", ARCHIVE_F64, 0, offsetof(struct result_budget, other_s), "s",
     "spent by no fault in particular"},
    {0},
};

static const struct column fault_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_fault, name), NULL, NULL},
    {"action", ARCHIVE_TEXT, 0, offsetof(struct result_fault, action), NULL, NULL},
    {"target", ARCHIVE_TEXT, 0, offsetof(struct result_fault, target), NULL, NULL},
    {"enabled", ARCHIVE_BOOL, 0, offsetof(struct result_fault, enabled), NULL, NULL},
    {"stochastic", ARCHIVE_BOOL, 0, offsetof(struct result_fault, stochastic), NULL, NULL},
    {"at", ARCHIVE_F64, 0, offsetof(struct result_fault, at_s), "s", NULL},
    {"duration", ARCHIVE_F64, 0, offsetof(struct result_fault, duration_s), "s", NULL},
    {"expected", ARCHIVE_F64, 0, offsetof(struct result_fault, expected), "1", "in a window"},
    {"occurrences", ARCHIVE_U64, 0, offsetof(struct result_fault, occurrences), "1", NULL},
    {"active", ARCHIVE_F64, 0, offsetof(struct result_fault, active_s), "s", NULL},
    {"first", ARCHIVE_F64, 0, offsetof(struct result_fault, first_s), "s", NULL},
    {"end", ARCHIVE_F64, 0, offsetof(struct result_fault, end_s), "s", NULL},
    {0},
};

static const struct column invariant_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_invariant, name), NULL, NULL},
    {"checked", ARCHIVE_U64, 0, offsetof(struct result_invariant, checked), "1", NULL},
    {"violated", ARCHIVE_U64, 0, offsetof(struct result_invariant, violated), "1", NULL},
    {"first", ARCHIVE_NAME, 0, offsetof(struct result_invariant, first), NULL, NULL},
    {"replication", ARCHIVE_U32, 0, offsetof(struct result_invariant, replication), NULL, NULL},
    {0},
};

static const struct column check_columns[] = {
    {"name", ARCHIVE_TEXT, 0, offsetof(struct result_check, name), NULL, NULL},
    {"subject", ARCHIVE_TEXT, 0, offsetof(struct result_check, subject), NULL, NULL},
    {"unit", ARCHIVE_TEXT, 0, offsetof(struct result_check, unit), NULL, NULL},
    {"simulated", ARCHIVE_ESTIMATE, 0, offsetof(struct result_check, simulated), NULL, NULL},
    {"expected", ARCHIVE_F64, 0, offsetof(struct result_check, expected), NULL, NULL},
    {"agrees", ARCHIVE_BOOL, 0, offsetof(struct result_check, agrees), NULL, NULL},
    {"note", ARCHIVE_TEXT, 0, offsetof(struct result_check, note), NULL, NULL},
    {0},
};

static const struct column replication_columns[] = {
    {"number", ARCHIVE_U32, 0, offsetof(struct result_replication, number), NULL, NULL},
    {"hash_high", ARCHIVE_U64, 0, offsetof(struct result_replication, fingerprint.high), NULL,
     NULL},
    {"hash_low", ARCHIVE_U64, 0, offsetof(struct result_replication, fingerprint.low), NULL, NULL},
    {"events", ARCHIVE_U64, 0, offsetof(struct result_replication, events), "1", NULL},
    {"ties", ARCHIVE_U64, 0, offsetof(struct result_replication, ties), "1", NULL},
    {"stale_wakes", ARCHIVE_U64, 0, offsetof(struct result_replication, stale_wakes), "1", NULL},
    {"bytes", ARCHIVE_U64, 0, offsetof(struct result_replication, bytes), "By", NULL},
    {"complete", ARCHIVE_BOOL, 0, offsetof(struct result_replication, complete), NULL, NULL},
    {0},
};

static const struct column pair_columns[] = {
    {"key", ARCHIVE_TEXT, 0, offsetof(struct result_pair, key), NULL, NULL},
    {"value", ARCHIVE_TEXT, 0, offsetof(struct result_pair, value), NULL, NULL},
    {0},
};

static const struct column log_columns[] = {
    {"time_ns", ARCHIVE_I64, 0, offsetof(struct log_event, time_ns), "ns", NULL},
    {"kind", ARCHIVE_LOG_KIND, 0, offsetof(struct log_event, kind), NULL, NULL},
    {"subject", ARCHIVE_I32, 0, offsetof(struct log_event, subject), NULL,
     "row of the fault or component"},
    {"value", ARCHIVE_F64, 0, offsetof(struct log_event, value), NULL, NULL},
    {0},
};

static const struct column exemplar_columns[] = {
    {"exemplar", ARCHIVE_U32, 0, offsetof(struct exemplar_span, exemplar), NULL,
     "number of the request"},
    {"component", ARCHIVE_I32, 0, offsetof(struct exemplar_span, component), NULL,
     "row of the component; -1: the request itself"},
    {"operation", ARCHIVE_U32, 0, offsetof(struct exemplar_span, operation), NULL,
     "of the component; of the request its workload"},
    {"replica", ARCHIVE_U32, 0, offsetof(struct exemplar_span, replica), NULL,
     "of the component; of the request its sequence number"},
    {"attempt", ARCHIVE_U32, 0, offsetof(struct exemplar_span, attempt), NULL,
     "which try of its call a visit serves"},
    {"tries", ARCHIVE_U32, 0, offsetof(struct exemplar_span, tries), NULL,
     "of a call, as its caller saw it; 0: a visit"},
    {"status", ARCHIVE_U32, 0, offsetof(struct exemplar_span, status), NULL, "row of /dim/status"},
    {"began_ns", ARCHIVE_I64, 0, offsetof(struct exemplar_span, began_ns), "ns", NULL},
    {"ended_ns", ARCHIVE_I64, 0, offsetof(struct exemplar_span, ended_ns), "ns", NULL},
    {0},
};

static const struct column reason_columns[] = {
    {"text", ARCHIVE_TEXT, 0, 0, NULL, "why the objectives failed"},
    {0},
};

#define ROWS(path, has_scale, list, number, column_list)                                           \
    {                                                                                              \
        path, has_scale, sizeof *((struct result *)0)->list, offsetof(struct result, list),        \
            offsetof(struct result, number), column_list                                           \
    }

static const struct rows tables[] = {
    ROWS("figure", true, figures, figure_count, figure_columns),
    ROWS("workload", true, workloads, workload_count, workload_columns),
    ROWS("component", true, components, component_count, component_columns),
    ROWS("operation", true, operations, operation_count, operation_columns),
    ROWS("edge", true, edges, edge_count, edge_columns),
    ROWS("slo", true, slos, slo_count, slo_columns),
    ROWS("budget", false, budgets, budget_count, budget_columns),
    ROWS("fault", true, faults, fault_count, fault_columns),
    ROWS("invariant", false, invariants, invariant_count, invariant_columns),
    ROWS("check", false, checks, check_count, check_columns),
    ROWS("replication", true, replications, replication_count, replication_columns),
    ROWS("parameter", false, parameters, parameter_count, pair_columns),
    ROWS("assumption", false, assumptions, assumption_count, pair_columns),
    ROWS("approximation", false, approximations, approximation_count, pair_columns),
    ROWS("warning", false, warnings, warning_count, pair_columns),
    ROWS("reason", false, reasons, reason_count, reason_columns),
    ROWS("/events", false, log, log_count, log_columns),
    ROWS("/exemplars", false, exemplars, exemplar_count, exemplar_columns),
};

// ---- moving columns ----------------------------------------------------------------------------

static void *rows_of(const struct result *result, const struct rows *rows)
{
    void *first;
    memcpy(&first, (const char *)result + rows->rows, sizeof first);
    return first;
}

static uint32_t *count_of(struct result *result, const struct rows *rows)
{
    return (uint32_t *)(void *)((char *)result + rows->count);
}

static void move_column(struct archive *archive, struct result *result, const struct rows *rows,
                        const struct column *column)
{
    const uint32_t count = *count_of(result, rows);
    const uint32_t width = column->width == 0 ? 1 : column->width;
    const size_t size = width * archive_h5_size(column->type);
    char *field = (char *)rows_of(result, rows) + column->offset;
    char *bytes = check_calloc(count + 1, size);
    for (uint32_t i = 0; archive->writing && i < count; i++) {
        memcpy(bytes + i * size, field + i * rows->row_size, size);
    }
    const bool absolute = rows->name[0] == '/';
    char path[96], scale[64];
    snprintf(path, sizeof path, "%s%s/%s", absolute ? "" : "/report/", rows->name, column->name);
    snprintf(scale, sizeof scale, "/dim/%s", rows->name);
    const struct archive_array array = {
        .path = path,
        .type = column->type,
        .rank = column->width == 0 ? 1 : 2,
        .extent = {count, width},
        .unit = column->unit,
        .long_name = column->long_name,
        .scales = {rows->scale ? scale : NULL, width == STATUS_COUNT ? "/dim/status" : NULL},
    };
    archive_h5_array(archive, &array, bytes);
    for (uint32_t i = 0; !archive->writing && !archive->failed && i < count; i++) {
        memcpy(field + i * rows->row_size, bytes + i * size, size);
    }
    free(bytes);
}

// Reading: as many rows as the first column has.
static void take_rows(struct archive *archive, struct result *result, const struct rows *rows)
{
    char path[96];
    uint64_t extent[ARCHIVE_RANK];
    snprintf(path, sizeof path, "%s%s/%s", rows->name[0] == '/' ? "" : "/report/", rows->name,
             rows->columns[0].name);
    archive_h5_extent(archive, path, 1, extent);
    if (extent[0] > UINT32_MAX / 2) {
        archive_h5_fail(archive, "too many rows in", path);
        return;
    }
    *count_of(result, rows) = (uint32_t)extent[0];
    void *first = arena_take_array(&result->arena, (size_t)extent[0] + SPARE, rows->row_size);
    memcpy((char *)result + rows->rows, &first, sizeof first);
}

void archive_rows_tables(struct archive *archive, struct result *result)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        if (!archive->writing) {
            take_rows(archive, result, &tables[t]);
        }
        for (const struct column *column = tables[t].columns; column->name != NULL; column++) {
            if (!archive->failed) {
                move_column(archive, result, &tables[t], column);
            }
        }
    }
}

// ---- soundness ---------------------------------------------------------------------------------

// `extra` many figures from `first` on.
static bool has_figures(const struct result *result, uint32_t first, uint32_t extra)
{
    return first <= result->figure_count && extra <= result->figure_count - first;
}

static bool sound_components(const struct result *result)
{
    bool sound = true;
    for (uint32_t i = 0; i < result->component_count; i++) {
        const struct result_component *component = &result->components[i];
        sound = sound && has_figures(result, component->figures, RESULT_COMPONENT_FIGURES) &&
                has_figures(result, component->first_metric, component->metric_count) &&
                component->first_operation <= result->operation_count &&
                component->operation_count <= result->operation_count - component->first_operation;
    }
    for (uint32_t i = 0; i < result->operation_count; i++) {
        const struct result_operation *operation = &result->operations[i];
        sound = sound && operation->component < result->component_count &&
                has_figures(result, operation->figures, RESULT_FLOW_FIGURES);
    }
    return sound;
}

static bool sound_objectives(const struct result *result)
{
    bool sound = true;
    for (uint32_t i = 0; i < result->slo_count; i++) {
        const struct result_slo *slo = &result->slos[i];
        sound = sound && slo->verdict <= VERDICT_NO_DATA &&
                slo->without_verdict <= VERDICT_NO_DATA &&
                (slo->budget == RESULT_NONE || slo->budget < result->budget_count) &&
                (slo->worst_slice == RESULT_NONE || slo->worst_slice < slo->slice_count);
    }
    for (uint32_t i = 0; i < result->budget_count; i++) {
        sound = sound && result->budgets[i].slo < result->slo_count;
    }
    return sound;
}

static bool sound_edges(const struct result *result)
{
    bool sound = true;
    for (uint32_t i = 0; i < result->edge_count; i++) {
        const struct result_edge *edge = &result->edges[i];
        sound = sound && edge->to < result->component_count &&
                (edge->from == RESULT_NONE ? edge->workload < result->workload_count
                                           : edge->from < result->component_count);
    }
    return sound;
}

static bool is_sound_span(const struct result *result, const struct exemplar_span *span)
{
    if (span->status >= STATUS_COUNT || span->ended_ns < span->began_ns) {
        return false;
    }
    if (span->component < 0) {
        return span->operation < result->workload_count;
    }
    return (uint32_t)span->component < result->component_count &&
           span->operation < result->components[span->component].operation_count;
}

bool archive_rows_sound(const struct result *result)
{
    bool sound = sound_components(result) && sound_objectives(result) && sound_edges(result) &&
                 result->verdict <= VERDICT_NO_DATA &&
                 (result->worst_row == RESULT_NONE || result->worst_row < result->row_count);
    for (uint32_t i = 0; i < result->workload_count; i++) {
        sound = sound && has_figures(result, result->workloads[i].figures, RESULT_FLOW_FIGURES);
    }
    for (uint32_t i = 0; i < result->log_count; i++) {
        sound = sound && result->log[i].kind < LOG_KINDS;
    }
    for (uint32_t i = 0; i < result->exemplar_count; i++) {
        sound = sound && is_sound_span(result, &result->exemplars[i]);
    }
    return sound;
}
