// terminal - tables and sentences for a terminal.
#include "reports/terminal.h"

#include <math.h>
#include <stdio.h>

#include "reports/figure_text.h"
#include "reports/table.h"
#include "sim/base/units_format.h"

static enum table_shade shade_of(enum verdict verdict)
{
    static const enum table_shade shades[] = {[VERDICT_PASS] = TABLE_GOOD,
                                              [VERDICT_FAIL] = TABLE_BAD,
                                              [VERDICT_UNDECIDED] = TABLE_DOUBT,
                                              [VERDICT_NO_DATA] = TABLE_BAD};
    return shades[verdict];
}

static void finish(struct table *table, bool color, struct text *out)
{
    table_write(table, color, out);
    table_release(table);
}

static void cell_estimate(struct table *table, const struct estimate *estimate, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM];
    table_cell(table, "%s", figure_text_estimate(buffer, sizeof buffer, estimate, unit));
}

static void cell_value(struct table *table, double value, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM];
    table_cell(table, "%s", figure_text_value(buffer, sizeof buffer, value, unit));
}

// ---- objectives --------------------------------------------------------------------------------

static bool is_compared(const struct result *result)
{
    return result->slo_count > 0 && result->slos[0].compared;
}

static void add_slo(struct table *table, const struct result *result, uint32_t index)
{
    const struct result_slo *slo = &result->slos[index];
    char buffer[FIGURE_TEXT_ROOM];
    const bool again = index > 0 && text_same(result->slos[index - 1].name, slo->name) &&
                       text_same(result->slos[index - 1].target, slo->target);
    table_row(table);
    table_cell(table, "%s", again ? "" : slo->name);
    table_cell(table, "%s", again ? "" : slo->target);
    table_cell(table, "%s", slo->objective);
    cell_estimate(table, &slo->observed, slo->unit);
    table_cell(table, "%s", figure_text_interval(buffer, sizeof buffer, &slo->observed, slo->unit));
    table_cell(table, "%s", figure_text_margin(buffer, sizeof buffer, result, slo));
    table_shaded(table, shade_of(slo->verdict), figure_text_verdict(buffer, sizeof buffer, slo));
    if (is_compared(result)) {
        cell_estimate(table, &slo->without, slo->unit);
        table_shaded(table, shade_of(slo->without_verdict),
                     result_verdict_name(slo->without_verdict));
    }
}

void terminal_objectives(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"SLO",     "target", "objective", "observed",
                                        "95 % CI", "margin", "verdict",   NULL};
    static const char *const compared[] = {"SLO",     "target", "objective", "observed",
                                           "95 % CI", "margin", "verdict",   "without faults",
                                           "verdict", NULL};
    if (result->slo_count == 0) {
        text_add(out, "No SLO is declared: nothing was judged.\n");
        return;
    }
    struct table table;
    table_init(&table, is_compared(result) ? "lllrlllrl" : "lllrlll");
    table_heads(&table, is_compared(result) ? compared : heads);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        add_slo(&table, result, s);
    }
    finish(&table, color, out);
}

// ---- workloads and services --------------------------------------------------------------------

static void add_flow_cells(struct table *table, const struct result *result, uint32_t block)
{
    cell_estimate(table, result_flow(result, block, RESULT_P50), "s");
    cell_estimate(table, result_flow(result, block, RESULT_P99), "s");
    cell_estimate(table, result_flow(result, block, RESULT_P999), "s");
    cell_estimate(table, result_flow(result, block, RESULT_MAX), "s");
}

static void write_workloads(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"workload", "offered", "ok",  "success", "p50",
                                        "p99",      "p99.9",   "max", NULL};
    struct table table;
    table_init(&table, "lrrrrrrr");
    table_heads(&table, heads);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const uint32_t block = result->workloads[w].figures;
        table_row(&table);
        table_cell(&table, "%s%s", result->workloads[w].name,
                   result->workloads[w].assumed == NULL ? "" : " (assumed)");
        cell_estimate(&table, result_flow(result, block, RESULT_OFFERED), "1/s");
        cell_estimate(&table, result_flow(result, block, RESULT_THROUGHPUT), "1/s");
        cell_estimate(&table, result_flow(result, block, RESULT_SUCCESS), "1");
        add_flow_cells(&table, result, block);
    }
    finish(&table, color, out);
}

static void cell_share(struct table *table, uint64_t part, uint64_t whole)
{
    if (part == 0 || whole == 0) {
        table_shaded(table, TABLE_FAINT, "-");
    } else {
        cell_value(table, (double)part / (double)whole, "1");
    }
}

static void add_service(struct table *table, const struct result *result, uint32_t index)
{
    const struct result_component *component = &result->components[index];
    const uint32_t block = component->figures;
    const struct estimate *utilization = result_flow(result, block, RESULT_UTILIZATION);
    const struct estimate *queue = result_flow(result, block, RESULT_QUEUE);
    table_row(table);
    table_cell(table, "%s", component->name);
    table_cell(table, "%u", component->replicas);
    cell_estimate(table, result_flow(result, block, RESULT_OFFERED), "1/s");
    if (utilization->known) {
        char number[FIGURE_TEXT_ROOM];
        snprintf(number, sizeof number, "%.2f", utilization->value);
        table_shaded(table, utilization->value > 0.9 ? TABLE_BAD : TABLE_PLAIN, number);
    } else {
        table_shaded(table, TABLE_FAINT, "-");
    }
    cell_value(table, queue->known ? queue->value : (double)NAN, "{request}");
    add_flow_cells(table, result, block);
    cell_share(table, component->statuses[STATUS_TIMEOUT], component->arrivals);
    cell_share(table, component->retries, component->arrivals);
    cell_share(table, component->statuses[STATUS_REJECTED] + component->statuses[STATUS_THROTTLED],
               component->arrivals);
}

void terminal_services(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"service", "n",    "in",    "util", "queue",
                                        "p50",     "p99",  "p99.9", "max",  "timeouts",
                                        "retries", "shed", NULL};
    struct table table;
    table_init(&table, "lrrrrrrrrrrr");
    table_heads(&table, heads);
    for (uint32_t c = 0; c < result->component_count; c++) {
        add_service(&table, result, c);
    }
    finish(&table, color, out);
}

void terminal_operations(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"operation", "in",    "success", "p50", "p99",
                                        "p99.9",     "max",   "queue",   "cpu", "io",
                                        "calls",     "other", NULL};
    static const enum meter_part parts[] = {METER_QUEUE, METER_CPU, METER_IO, METER_CALLS,
                                            METER_OTHER};
    struct table table;
    table_init(&table, "lrrrrrrrrrrr");
    table_heads(&table, heads);
    for (uint32_t o = 0; o < result->operation_count; o++) {
        const struct result_operation *operation = &result->operations[o];
        if (operation->internal || operation->arrivals == 0) {
            continue;
        }
        table_row(&table);
        table_cell(&table, "%s.%s", result->components[operation->component].name, operation->name);
        cell_estimate(&table, result_flow(result, operation->figures, RESULT_OFFERED), "1/s");
        cell_estimate(&table, result_flow(result, operation->figures, RESULT_SUCCESS), "1");
        add_flow_cells(&table, result, operation->figures);
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
            cell_value(&table, operation->parts_s[parts[p]], "s");
        }
    }
    finish(&table, color, out);
}

// ---- faults, edges, checks ---------------------------------------------------------------------

static uint64_t charged(const struct result *result, const struct result_fault *fault)
{
    uint64_t most = 0;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        most = fault->bad_requests[s] > most ? fault->bad_requests[s] : most;
    }
    return most;
}

void terminal_faults(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"fault", "action", "target",       "from",
                                        "to",    "struck", "bad requests", NULL};
    struct table table;
    table_init(&table, "lllrrrr");
    table_heads(&table, heads);
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        if (!fault->enabled) {
            continue;
        }
        table_row(&table);
        table_cell(&table, "%s", fault->name);
        table_cell(&table, "%s", fault->action);
        table_cell(&table, "%s", fault->target);
        cell_value(&table, fault->first_s, "s");
        cell_value(&table, fault->end_s, "s");
        table_cell(&table, "%llu", (unsigned long long)fault->occurrences);
        cell_value(&table, (double)charged(result, fault), "{request}");
    }
    finish(&table, color, out);
}

void terminal_edges(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"edge", "protocol", "calls",    "p50",
                                        "p99",  "retries",  "failures", NULL};
    struct table table;
    table_init(&table, "llrrrrr");
    table_heads(&table, heads);
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        if (edge->from == RESULT_NONE && edge->calls == 0) {
            continue; // clients beside their target: nothing lies between
        }
        const char *from = edge->from == RESULT_NONE ? result->workloads[edge->workload].name
                                                     : result->components[edge->from].name;
        table_row(&table);
        table_cell(&table, "%s -> %s", from, result->components[edge->to].name);
        table_cell(&table, "%s", edge->protocol == NULL ? "" : edge->protocol);
        cell_value(&table, (double)edge->calls, "{request}");
        cell_value(&table, edge->p50_s, "s");
        cell_value(&table, edge->p99_s, "s");
        cell_share(&table, edge->retries, edge->calls);
        cell_share(&table, edge->failures, edge->calls);
    }
    finish(&table, color, out);
}

void terminal_checks(const struct result *result, bool color, struct text *out)
{
    static const char *const heads[] = {"check", "subject", "simulated", "expected", "", NULL};
    struct table table;
    table_init(&table, "llrrl");
    table_heads(&table, heads);
    for (uint32_t i = 0; i < result->check_count; i++) {
        const struct result_check *check = &result->checks[i];
        table_row(&table);
        table_cell(&table, "%s", check->name);
        table_cell(&table, "%s", check->subject);
        cell_estimate(&table, &check->simulated, check->unit);
        cell_value(&table, check->expected, check->unit);
        table_shaded(&table, check->agrees ? TABLE_GOOD : TABLE_DOUBT,
                     check->agrees ? "agrees" : "differs");
    }
    finish(&table, color, out);
}

// ---- the whole ---------------------------------------------------------------------------------

static void write_head(const struct result *result, bool color, struct text *out)
{
    char length[FIGURE_TEXT_ROOM];
    char head[512];
    snprintf(head, sizeof head, "orrery %s  %s  seed %llu  %s", result->version, result->scenario,
             (unsigned long long)result->seed, figure_text_length(length, sizeof length, result));
    table_shade_text(out, color, TABLE_FAINT, head);
    text_add(out, "\n\n");
}

static void write_why(const struct result *result, bool color, struct text *out)
{
    const bool failed = result->verdict == VERDICT_FAIL;
    if (result->reason_count == 0) {
        return;
    }
    text_add_char(out, '\n');
    table_shade_text(out, color, TABLE_HEAD, failed ? "Why it failed" : "Why");
    text_add(out, ":\n");
    for (uint32_t i = 0; i < result->reason_count; i++) {
        text_format(out, "  %s.\n", result->reasons[i]);
    }
}

static void write_worst(const struct result *result, struct text *out)
{
    if (result->worst_row != RESULT_NONE && !result->batches && result->replication_count > 1) {
        text_format(out, "Worst replication:  orrery run %s --only-rep %u\n",
                    result->file == NULL || *result->file == '\0' ? "FILE" : result->file,
                    result->replications[result->worst_row].number);
    }
}

static void write_verdict(const struct result *result, bool color, struct text *out)
{
    uint32_t good = 0, counted = 0;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        counted += !result->slos[s].warn_only;
        good += !result->slos[s].warn_only && result->slos[s].verdict == VERDICT_PASS;
    }
    table_shade_text(out, color, shade_of(result->verdict), result_verdict_name(result->verdict));
    if (result->slo_count == 0) {
        text_add(out, ": no objective is declared\n");
    } else {
        text_format(out, ": %u of %u objectives hold\n", good, counted);
    }
}

void terminal_write(const struct result *result, const struct terminal_options *options,
                    struct text *out)
{
    if (!options->quiet) {
        write_head(result, options->color, out);
    }
    terminal_objectives(result, options->color, out);
    if (!options->quiet) {
        text_add_char(out, '\n');
        write_workloads(result, options->color, out);
        text_add_char(out, '\n');
        terminal_services(result, options->color, out);
    }
    if (!options->quiet && result->faults_on) {
        text_add_char(out, '\n');
        terminal_faults(result, options->color, out);
    }
    if (options->verbose) {
        text_add_char(out, '\n');
        terminal_operations(result, options->color, out);
        text_add_char(out, '\n');
        terminal_edges(result, options->color, out);
        text_add_char(out, '\n');
        terminal_checks(result, options->color, out);
    }
    write_why(result, options->color, out);
    write_worst(result, out);
    text_add(out, options->quiet ? "" : "\n");
    write_verdict(result, options->color, out);
}

void terminal_run_line(const struct result *result, double elapsed_s, uint64_t peak_bytes,
                       struct text *out)
{
    char events[UNITS_FORMAT_ROOM], rate[UNITS_FORMAT_ROOM], time[UNITS_FORMAT_ROOM];
    char world[UNITS_FORMAT_ROOM], peak[UNITS_FORMAT_ROOM], faster[UNITS_FORMAT_ROOM];
    const double per_s = elapsed_s > 0.0 ? (double)result->events / elapsed_s : (double)NAN;
    const double speed = elapsed_s > 0.0 ? result->simulated_s / elapsed_s : (double)NAN;
    text_format(out, "%u replication%s, %s events in %s: %s events/s, %s x real time; ",
                result->replication_count, result->replication_count == 1 ? "" : "s",
                units_format_si(events, sizeof events, (double)result->events),
                units_format_duration(time, sizeof time, elapsed_s * 1e9),
                units_format_si(rate, sizeof rate, per_s),
                units_format_si(faster, sizeof faster, speed));
    text_format(out, "memory %s a world, %s at most\n",
                units_format_bytes(world, sizeof world, (double)result->bytes_max),
                units_format_bytes(peak, sizeof peak, (double)peak_bytes));
}
