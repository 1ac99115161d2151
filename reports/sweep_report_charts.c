// sweep_report_charts - the hockey stick of latency over throughput, and what of a load is carried.
#include <math.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "reports/sweep_report_parts.h"

enum { HEIGHT = 310, KEY_ROW = 21 }; // the key has two entries a row

struct span {
    double low, high;
};

struct sheet { // some of the curves, in one picture
    const struct sweep_report *report;
    const struct sweep_curve *curves;
    uint32_t count;
    struct plot *plot;
    struct span span;
};

static void widen(struct span *span, double value)
{
    span->low = isnan(span->low) || value < span->low ? value : span->low;
    span->high = isnan(span->high) || value > span->high ? value : span->high;
}

void sweep_report_others(const struct sweep *sweep, uint32_t point, const uint32_t without[2],
                         struct text *out)
{
    const char *space = "";
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != without[0] && i != without[1]) {
            text_format(out, "%s%s=%s", space, sweep->space.parameters[i].name,
                        sweep_value(sweep, point, i));
            space = " ";
        }
    }
}

// ---- latency over throughput
// ---------------------------------------------------------------------

// Blocks of the data: throughput, p99, its interval; the knee stands in a block of its own behind.
static void add_row(struct sheet *sheet, uint32_t point)
{
    struct text *data = &sheet->plot->data;
    const struct sweep_flow *flow =
        &sheet->report->sweep->rows[point].flows[sheet->report->curves->workload];
    const struct estimate *p99 = &flow->p99;
    const double low = p99->has_interval && p99->low > 0 ? p99->low : p99->value;
    charts_number(data, flow->throughput.value);
    charts_number(data, p99->value);
    charts_number(data, low);
    charts_number(data, p99->has_interval ? p99->high : p99->value);
    text_add_char(data, '\n');
    widen(&sheet->span, low);
    widen(&sheet->span, p99->value);
}

static bool is_drawn(const struct sweep_curve *curve, uint32_t index)
{
    const uint32_t step = (curve->count + SWEEP_REPORT_DRAWN - 1) / SWEEP_REPORT_DRAWN;
    return index % step == 0 || index + 1 == curve->count;
}

static void add_curve(struct sheet *sheet, const struct sweep_curve *curve)
{
    for (uint32_t i = 0; i < curve->count; i++) {
        if (is_drawn(curve, i)) {
            add_row(sheet, curve->points[i]);
        }
    }
    text_add(&sheet->plot->data, "\n\n");
    if (curve->knee == RESULT_NONE) {
        text_add(&sheet->plot->data, "NaN NaN NaN NaN\n");
    } else {
        add_row(sheet, curve->knee);
    }
    text_add(&sheet->plot->data, "\n\n");
}

// The other parameters' values: "api_n=8".
static void add_name(const struct sheet *sheet, const struct sweep_curve *curve,
                     struct text *script)
{
    const uint32_t load = sheet->report->curves->parameter;
    struct text name, cut;
    text_init(&name);
    text_init(&cut);
    sweep_report_others(sheet->report->sweep, curve->points[0], (const uint32_t[]){load, load},
                        &name);
    escape_cut(&cut, name.length == 0 ? "p99" : text_get(&name), SWEEP_REPORT_LABEL);
    escape_gnuplot(script, text_get(&cut));
    text_release(&name);
    text_release(&cut);
}

// The limit of an objective about this p99 as a dotted line, unless it differs between points.
static void add_limits(struct sheet *sheet)
{
    const struct sweep *sweep = sheet->report->sweep;
    const char *workload = sweep->workloads[sheet->report->curves->workload];
    for (uint32_t s = 0; s < sweep->slo_count; s++) {
        const struct sweep_slo *slo = &sweep->slos[s];
        if (slo->quantile != 0.99 || !text_same(slo->target, workload)) {
            continue;
        }
        const double limit = sweep->rows[sheet->curves[0].points[0]].slos[s].limit;
        text_format(&sheet->plot->script,
                    "set arrow from graph 0, first %.6g to graph 1, first %.6g nohead front "
                    "lw 1.6 dt 3 lc rgb '#b91c1c'\nset label '",
                    limit, limit);
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, slo->objective, SWEEP_REPORT_LABEL);
        escape_gnuplot(&sheet->plot->script, text_get(&cut));
        text_release(&cut);
        text_format(&sheet->plot->script,
                    "' at graph 0.01, first %.6g offset 0,0.55 font 'sans-serif,13' textcolor rgb "
                    "'#b91c1c' front\n",
                    limit);
        widen(&sheet->span, limit);
    }
}

static void add_curves(const struct sheet *sheet)
{
    const char *name = sheet->plot->name;
    struct text *script = &sheet->plot->script;
    text_add(script, "set key outside below horizontal\nplot ");
    for (uint32_t i = 0; i < sheet->count; i++) {
        const char *colour = charts_colours[i % CHARTS_COLOURS];
        text_format(script,
                    "%s'%s.dat' index %u using 1:3:4 with filledcurves fs transparent solid 0.2 "
                    "noborder lc rgb '%s' notitle, '' index %u using 1:2 with linespoints lw 2.2 "
                    "pt 7 ps 0.5 lc rgb '%s' title '",
                    i == 0 ? "" : ", ", name, 2 * i, colour, 2 * i, colour);
        add_name(sheet, &sheet->curves[i], script);
        text_format(script,
                    "', '' index %u using 1:2 with points pt 6 ps 1.7 lw 2.2 lc rgb '#111827' %s",
                    2 * i + 1, i == 0 ? "title 'knee'" : "notitle");
    }
    text_add_char(script, '\n');
}

static uint32_t height_of(const struct sheet *sheet)
{
    return HEIGHT + KEY_ROW * (sheet->count / 2 + 1);
}

static void draw_stick(struct sheet *sheet, struct plot_list *list, uint32_t number)
{
    const struct sweep_report *report = sheet->report;
    const char *workload = report->sweep->workloads[report->curves->workload];
    sheet->plot = plot_begin(list, PLOT_HOCKEY_STICK, number, height_of(sheet));
    sheet->span = (struct span){(double)NAN, (double)NAN};
    for (uint32_t i = 0; i < sheet->count; i++) {
        add_curve(sheet, &sheet->curves[i]);
    }
    charts_title(&sheet->plot->script, "p99 over throughput of ", workload);
    text_add(&sheet->plot->script,
             "set xlabel 'throughput (requests/s)'\nset ylabel 'p99 latency'\nset rmargin 2\n");
    add_limits(sheet);
    charts_latency_tics(&sheet->plot->script, sheet->span.low, sheet->span.high);
    text_format(&sheet->plot->script, "set yrange [%.6g:%.6g]\n", sheet->span.low / 1.4,
                sheet->span.high * 1.6);
    add_curves(sheet);
    text_format(&sheet->plot->alt,
                "p99 latency over throughput of %s for %u curves, with 95 %% intervals as bands "
                "and the knee of each marked",
                workload, sheet->count);
}

// ---- throughput over offered load
// ----------------------------------------------------------------

static void add_carried(struct sheet *sheet, const struct sweep_curve *curve)
{
    const struct sweep_report *report = sheet->report;
    struct text *data = &sheet->plot->data;
    for (uint32_t i = 0; i < curve->count; i++) {
        const struct sweep_flow *flow =
            &report->sweep->rows[curve->points[i]].flows[report->curves->workload];
        const struct estimate *carried = &flow->throughput;
        if (!is_drawn(curve, i)) {
            continue;
        }
        charts_number(data, flow->offered.value);
        charts_number(data, carried->value);
        charts_number(data, carried->has_interval ? carried->low : carried->value);
        charts_number(data, carried->has_interval ? carried->high : carried->value);
        text_add_char(data, '\n');
        widen(&sheet->span, flow->offered.value);
        widen(&sheet->span, carried->value);
    }
    text_add(&sheet->plot->data, "\n\n");
}

static void draw_carried(struct sheet *sheet, struct plot_list *list, uint32_t number)
{
    const struct sweep_report *report = sheet->report;
    const char *workload = report->sweep->workloads[report->curves->workload];
    sheet->plot = plot_begin(list, PLOT_CARRIED, number, height_of(sheet));
    sheet->span = (struct span){(double)NAN, (double)NAN};
    for (uint32_t i = 0; i < sheet->count; i++) {
        add_carried(sheet, &sheet->curves[i]);
    }
    struct text *script = &sheet->plot->script;
    charts_title(script, "carried of what is offered by ", workload);
    text_add(script, "set xlabel 'offered (requests/s)'\nset ylabel 'throughput (requests/s)'\n"
                     "set rmargin 2\nset xrange [0:*]\n");
    charts_linear_tics(script, sheet->span.high, "");
    text_format(script,
                "set key outside below horizontal\nplot [0:%.6g] x with lines lw 1.2 dt 2 lc rgb "
                "'#9aa3af' title 'all of it'",
                sheet->span.high);
    for (uint32_t i = 0; i < sheet->count; i++) {
        const char *colour = charts_colours[i % CHARTS_COLOURS];
        text_format(script,
                    ", '%s.dat' index %u using 1:3:4 with filledcurves fs transparent solid 0.2 "
                    "noborder lc rgb '%s' notitle, '' index %u using 1:2 with linespoints lw 2.2 "
                    "pt 7 ps 0.5 lc rgb '%s' title '",
                    sheet->plot->name, i, colour, i, colour);
        add_name(sheet, &sheet->curves[i], script);
        text_add_char(script, '\'');
    }
    text_add_char(script, '\n');
    text_format(&sheet->plot->alt,
                "Throughput over offered requests of %s for %u curves, beside the line where all "
                "is carried",
                workload, sheet->count);
}

void sweep_report_charts(const struct sweep_report *report, struct plot_list *list)
{
    const struct sweep_curves *curves = report->curves;
    uint32_t number = 0;
    for (uint32_t first = 0; first < curves->count && number < SWEEP_REPORT_SHEETS; number++) {
        const uint32_t left = curves->count - first;
        struct sheet sheet = {.report = report,
                              .curves = curves->curves + first,
                              .count = left < CHARTS_COLOURS ? left : CHARTS_COLOURS};
        draw_stick(&sheet, list, number);
        draw_carried(&sheet, list, number);
        first += sheet.count;
    }
    sweep_report_draw_maps(report, list);
    sweep_report_draw_scatters(report, list);
}
