// sweep_report_text - a parameter study for people: terminal and Markdown.
#include <stdio.h>

#include "reports/escape.h"
#include "reports/figure_text.h"
#include "reports/sweep_report.h"
#include "reports/table.h"

enum { PARAMETERS_SHOWN = 7 };

static enum table_shade shade_of(enum verdict verdict)
{
    static const enum table_shade shades[] = {TABLE_GOOD, TABLE_BAD, TABLE_DOUBT, TABLE_BAD};
    return shades[verdict];
}

static void add_estimate(struct table *table, const struct estimate *estimate, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM];
    table_cell(table, "%s", figure_text_estimate(buffer, sizeof buffer, estimate, unit));
}

static void add_done(struct table *table, const struct sweep_row *row, uint32_t workload)
{
    const struct sweep_flow *flow = &row->flows[workload];
    char buffer[FIGURE_TEXT_ROOM];
    table_shaded(table, shade_of(row->verdict), result_verdict_name(row->verdict));
    add_estimate(table, &flow->throughput, "1/s");
    add_estimate(table, &flow->p50, "s");
    add_estimate(table, &flow->p99, "s");
    table_cell(table, "%s", figure_text_interval(buffer, sizeof buffer, &flow->p99, "s"));
    add_estimate(table, &row->utilization, "1");
    table_cell(table, "%s", row->busiest == NULL ? "" : row->busiest);
}

static bool is_knee(const struct sweep_curves *curves, uint32_t point)
{
    for (uint32_t i = 0; i < curves->count; i++) {
        if (curves->curves[i].knee == point) {
            return true;
        }
    }
    return false;
}

static void add_row(struct table *table, const struct sweep_report *report, uint32_t point)
{
    static const char *const words[] = {"not run", "", "missing", "BROKEN"};
    const struct sweep *sweep = report->sweep;
    const struct sweep_row *row = &sweep->rows[point];
    table_row(table);
    table_cell(table, "%u", point);
    for (uint32_t i = 0; i < sweep->space.parameter_count && i < PARAMETERS_SHOWN; i++) {
        table_cell(table, "%s", sweep_value(sweep, point, i));
    }
    if (row->state == SWEEP_DONE && sweep->workload_count > 0) {
        add_done(table, row, report->curves->workload);
        table_cell(table, "%s", is_knee(report->curves, point) ? "knee" : "");
    } else {
        table_shaded(table, row->state == SWEEP_BROKEN ? TABLE_BAD : TABLE_FAINT,
                     words[row->state]);
    }
}

// A table of the points, the whole of it or its beginning. Returns how many rows were left out.
static uint32_t fill_table(struct table *table, const struct sweep_report *report, bool all)
{
    static const char *const figures[] = {"verdict", "throughput", "p50",     "p99",
                                          "95 % CI", "util",       "busiest", ""};
    const struct sweep *sweep = report->sweep;
    struct text alignment;
    text_init(&alignment);
    text_add_char(&alignment, 'r');
    for (uint32_t i = 0; i < sweep->space.parameter_count && i < PARAMETERS_SHOWN; i++) {
        text_add_char(&alignment, 'r');
    }
    text_add(&alignment, "lrrrlrll");
    table_init(table, text_get(&alignment));
    text_release(&alignment);
    table_row(table);
    table_shaded(table, TABLE_HEAD, "#");
    for (uint32_t i = 0; i < sweep->space.parameter_count && i < PARAMETERS_SHOWN; i++) {
        table_shaded(table, TABLE_HEAD, sweep->space.parameters[i].name);
    }
    for (size_t f = 0; f + 1 < sizeof figures / sizeof figures[0]; f++) {
        table_shaded(table, TABLE_HEAD, figures[f]);
    }
    uint32_t left = 0, shown = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const bool chosen = sweep->rows[point].chosen;
        if (chosen && (all || shown < SWEEP_REPORT_ROWS)) {
            add_row(table, report, point);
            shown++;
        } else {
            left += chosen;
        }
    }
    return left;
}

// ---- sentences
// -----------------------------------------------------------------------------------

static void add_counts(const struct sweep *sweep, struct text *out)
{
    uint32_t verdicts[4] = {0}, broken = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const struct sweep_row *row = &sweep->rows[point];
        verdicts[row->verdict] += row->state == SWEEP_DONE;
        broken += row->state == SWEEP_BROKEN;
    }
    text_format(out, "%u point%s:", sweep->chosen, sweep->chosen == 1 ? "" : "s");
    const char *comma = " ";
    for (uint32_t v = 0; v < 4; v++) {
        if (verdicts[v] > 0) {
            text_format(out, "%s%u %s", comma, verdicts[v], result_verdict_name(v));
            comma = ", ";
        }
    }
    if (broken > 0) {
        text_format(out, "%s%u broken", comma, broken);
    }
    text_add_char(out, '\n');
}

static void add_knee(const struct sweep_report *report, const struct sweep_curve *curve,
                     struct text *out)
{
    const struct sweep *sweep = report->sweep;
    const struct sweep_curves *curves = report->curves;
    char p99[FIGURE_TEXT_ROOM];
    if (curve->knee == RESULT_NONE) {
        text_add(out, "no knee");
    } else {
        const struct sweep_flow *flow = &sweep->rows[curve->knee].flows[curves->workload];
        text_format(out, "knee at %s=%s, p99 %s", sweep->space.parameters[curves->parameter].name,
                    sweep_value(sweep, curve->knee, curves->parameter),
                    figure_text_estimate(p99, sizeof p99, &flow->p99, "s"));
    }
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != curves->parameter) {
            text_format(out, "  %s=%s", sweep->space.parameters[i].name,
                        sweep_value(sweep, curve->points[0], i));
        }
    }
    text_add_char(out, '\n');
}

static void add_knees(const struct sweep_report *report, const char *before, struct text *out)
{
    if (report->curves->count > 0) {
        text_format(out,
                    "Latency over load of %s (Kneedle on the normalised curve of p99 over %s):\n",
                    report->sweep->workloads[report->curves->workload],
                    report->sweep->space.parameters[report->curves->parameter].name);
        text_add(out, before[0] == '-' ? "\n" : "");
    }
    for (uint32_t i = 0; i < report->curves->count && i < SWEEP_REPORT_ROWS; i++) {
        text_add(out, before);
        add_knee(report, &report->curves->curves[i], out);
    }
}

// ---- failures
// ------------------------------------------------------------------------------------

void sweep_report_failures(const struct sweep_report *report, bool color, struct text *out)
{
    const struct sweep *sweep = report->sweep;
    struct table table;
    uint32_t broken = 0;
    table_init(&table, "rlll");
    table_heads(&table, (const char *const[]){"#", "parameters", "failure", "alone", NULL});
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].state != SWEEP_BROKEN) {
            continue;
        }
        struct text words;
        text_init(&words);
        broken++;
        table_row(&table);
        table_cell(&table, "%u", point);
        sweep_report_point(sweep, point, &words);
        table_cell(&table, "%s", text_get(&words));
        table_shaded(&table, TABLE_BAD, sweep->rows[point].failure);
        text_clear(&words);
        sweep_report_settings(sweep, point, &words);
        table_cell(&table, "orrery run %s%s", report->command, text_get(&words));
        text_release(&words);
    }
    if (broken > 0) {
        text_format(out, "%u point%s no answer:\n", broken, broken == 1 ? " has" : "s have");
        table_write(&table, color, out);
    }
    table_release(&table);
}

// ---- the whole
// -----------------------------------------------------------------------------------

void sweep_report_terminal(const struct sweep_report *report, const struct sweep_report_look *look,
                           struct text *out)
{
    struct table table;
    const uint32_t left = fill_table(&table, report, look->all);
    table_write(&table, look->color, out);
    table_release(&table);
    if (left > 0) {
        text_format(out, "... and %u more: sweep.csv has all of them\n", left);
    }
    add_counts(report->sweep, out);
    add_knees(report, "  ", out);
}

static void add_plots(const struct sweep_report *report, struct text *out)
{
    for (uint32_t i = 0; i < report->plots->count; i++) {
        const struct plot *plot = &report->plots->plots[i];
        if (plot->svg.length > 0) {
            text_add(out, "\n![");
            escape_markdown(out, text_get(&plot->alt));
            text_format(out, "](plots/%s.svg)\n", plot->name);
        }
    }
}

void sweep_report_markdown(const struct sweep_report *report, struct text *out)
{
    const struct sweep *sweep = report->sweep;
    text_add(out, "# Sweep of ");
    escape_markdown(out, sweep->scenario);
    text_format(out, "\n\nDesign %s", sweep->design);
    if (sweep->where != NULL) {
        text_add(out, ", where ");
        escape_markdown(out, sweep->where);
    }
    text_format(out, "; seed %llu, the same random numbers at every point. ",
                (unsigned long long)report->seed);
    add_counts(sweep, out);
    text_add_char(out, '\n');
    add_knees(report, "- ", out);
    add_plots(report, out);
    struct table table;
    const uint32_t left = fill_table(&table, report, false);
    text_add_char(out, '\n');
    table_markdown(&table, out);
    table_release(&table);
    if (left > 0) {
        text_format(out, "\n%u more points stand in sweep.csv.\n", left);
    }
    struct text failures;
    text_init(&failures);
    sweep_report_failures(report, false, &failures);
    if (failures.length > 0) {
        text_format(out, "\n```\n%s```\n", text_get(&failures));
    }
    text_release(&failures);
}
