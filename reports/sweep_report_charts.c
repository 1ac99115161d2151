// sweep_report_charts - the hockey stick of latency over throughput, and the map of verdicts.
#include <math.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "reports/sweep_report.h"

enum { CURVES_MOST = 6, LEVELS_MOST = 60, LABEL_MOST = 24 };

// ---- latency over throughput
// ---------------------------------------------------------------------

struct span {
    double low, high;
};

static void widen(struct span *span, double value)
{
    span->low = isnan(span->low) || value < span->low ? value : span->low;
    span->high = isnan(span->high) || value > span->high ? value : span->high;
}

// Blocks of the data: throughput, p99, its interval; the knee stands in a block of its own behind.
static void add_row(struct text *data, const struct sweep_flow *flow, struct span *span)
{
    const struct estimate *p99 = &flow->p99;
    charts_number(data, flow->throughput.value);
    charts_number(data, p99->value);
    charts_number(data, p99->has_interval && p99->low > 0 ? p99->low : p99->value);
    charts_number(data, p99->has_interval ? p99->high : p99->value);
    text_add_char(data, '\n');
    widen(span, p99->value);
}

static void add_curve(const struct sweep_report *report, const struct sweep_curve *curve,
                      struct plot *plot, struct span *span)
{
    const uint32_t workload = report->curves->workload;
    for (uint32_t i = 0; i < curve->count; i++) {
        add_row(&plot->data, &report->sweep->rows[curve->points[i]].flows[workload], span);
    }
    text_add(&plot->data, "\n\n");
    if (curve->knee == RESULT_NONE) {
        text_add(&plot->data, "NaN NaN NaN NaN\n");
    } else {
        add_row(&plot->data, &report->sweep->rows[curve->knee].flows[workload], span);
    }
    text_add(&plot->data, "\n\n");
}

// The other parameters' values: "api_n=8".
static void add_name(const struct sweep_report *report, const struct sweep_curve *curve,
                     struct text *script)
{
    const struct sweep *sweep = report->sweep;
    struct text name, cut;
    text_init(&name);
    text_init(&cut);
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != report->curves->parameter) {
            text_format(&name, "%s%s=%s", name.length == 0 ? "" : " ",
                        sweep->space.parameters[i].name, sweep_value(sweep, curve->points[0], i));
        }
    }
    escape_cut(&cut, name.length == 0 ? "p99" : text_get(&name), LABEL_MOST);
    escape_gnuplot(script, text_get(&cut));
    text_release(&name);
    text_release(&cut);
}

static void add_curves(const struct sweep_report *report, struct plot *plot, uint32_t count)
{
    text_format(&plot->script, "set key outside below horizontal\nplot ");
    for (uint32_t i = 0; i < count; i++) {
        text_format(&plot->script,
                    "%s'%s.dat' index %u using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.5 "
                    "lc rgb '%s' title '",
                    i == 0 ? "" : ", ", plot->name, 2 * i, charts_colours[i % CHARTS_COLOURS]);
        add_name(report, &report->curves->curves[i], &plot->script);
        text_format(&plot->script,
                    "', '' index %u using 1:2 with points pt 6 ps 2 lw 2 lc rgb '#111827' "
                    "title '%s'",
                    2 * i + 1, i == 0 ? "knee (Kneedle)" : "");
    }
    text_add_char(&plot->script, '\n');
}

static void draw_curves(const struct sweep_report *report, struct plot_list *list)
{
    const struct sweep_curves *curves = report->curves;
    const uint32_t count = curves->count < CURVES_MOST ? curves->count : CURVES_MOST;
    if (count == 0) {
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_HOCKEY_STICK, 0, 360);
    struct span span = {(double)NAN, (double)NAN};
    for (uint32_t i = 0; i < count; i++) {
        add_curve(report, &curves->curves[i], plot, &span);
    }
    charts_title(&plot->script, "p99 over throughput of ",
                 report->sweep->workloads[curves->workload]);
    text_add(&plot->script, "set xlabel 'throughput (requests/s)'\nset ylabel 'p99 latency'\n");
    charts_latency_tics(&plot->script, span.low, span.high);
    add_curves(report, plot, count);
    text_add(&plot->alt, "p99 latency over throughput of ");
    text_format(&plot->alt, "%s for %u curves, the knee of each marked",
                report->sweep->workloads[curves->workload], count);
}

// ---- verdicts over two parameters
// ----------------------------------------------------------------

// The two parameters with more than one value; false unless there are exactly two, and few values.
static bool find_axes(const struct sweep *sweep, uint32_t axes[2])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (sweep->space.parameters[i].count < 2) {
            continue;
        }
        if (count < 2) {
            axes[count] = i;
        }
        count++;
        if (sweep->space.parameters[i].count > LEVELS_MOST) {
            return false;
        }
    }
    return count == 2;
}

static void add_levels(const struct sweep *sweep, uint32_t parameter, char axis,
                       struct text *script)
{
    const struct sweep_levels *levels = &sweep->space.parameters[parameter];
    struct arena arena;
    arena_init(&arena);
    const uint32_t step = levels->count > 12 ? (levels->count + 11) / 12 : 1;
    text_format(script, "set %crange [-0.5:%u.5]\nset %ctics (", axis, levels->count - 1, axis);
    for (uint32_t i = 0; i < levels->count; i += step) {
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, sweep_levels_value(levels, &arena, i), LABEL_MOST);
        text_add(script, i == 0 ? "'" : ", '");
        escape_tic(script, text_get(&cut));
        text_format(script, "' %u", i);
        text_release(&cut);
    }
    text_add(script, axis == 'x' ? ") rotate by 35 right\n" : ")\n");
    text_format(script, "set %clabel '", axis);
    escape_gnuplot(script, levels->name);
    text_add(script, "'\n");
    arena_release(&arena);
}

// One block a verdict; broken points are the fifth.
static void add_verdicts(const struct sweep *sweep, const uint32_t axes[2], struct plot *plot)
{
    for (uint32_t verdict = 0; verdict < 5; verdict++) {
        text_add(&plot->data, "NaN NaN\n");
        for (uint32_t point = 0; point < sweep->points.count; point++) {
            const struct sweep_row *row = &sweep->rows[point];
            const uint32_t *levels =
                sweep->points.levels + (size_t)point * sweep->space.parameter_count;
            const uint32_t shown = row->state == SWEEP_DONE ? (uint32_t)row->verdict : 4;
            if (row->chosen && shown == verdict) {
                text_format(&plot->data, "%u %u\n", levels[axes[0]], levels[axes[1]]);
            }
        }
        text_add(&plot->data, "\n\n");
    }
}

static void draw_verdicts(const struct sweep_report *report, struct plot_list *list)
{
    static const struct {
        const char *title, *colour;
    } looks[] = {{"PASS", "#009e73"},
                 {"FAIL", "#d55e00"},
                 {"UNDECIDED", "#e69f00"},
                 {"NO DATA", "#6b7280"},
                 {"broken", "#111827"}};
    const struct sweep *sweep = report->sweep;
    uint32_t axes[2];
    if (!find_axes(sweep, axes)) {
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_VERDICTS, 0, 360);
    add_verdicts(sweep, axes, plot);
    charts_title(&plot->script, "verdicts of ", sweep->scenario);
    add_levels(sweep, axes[0], 'x', &plot->script);
    add_levels(sweep, axes[1], 'y', &plot->script);
    text_add(&plot->script, "unset grid\nset style fill solid 1 border rgb '#ffffff'\n"
                            "set key outside below horizontal\nplot ");
    for (uint32_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        text_format(&plot->script,
                    "%s'%s.dat' index %u using 1:2:(0.47):(0.47) with boxxyerror "
                    "fc rgb '%s' title '%s'",
                    i == 0 ? "" : ", ", plot->name, i, looks[i].colour, looks[i].title);
    }
    text_add_char(&plot->script, '\n');
    text_format(&plot->alt, "Verdict of each point over %s and %s",
                sweep->space.parameters[axes[0]].name, sweep->space.parameters[axes[1]].name);
}

void sweep_report_charts(const struct sweep_report *report, struct plot_list *list)
{
    draw_curves(report, list);
    draw_verdicts(report, list);
}
