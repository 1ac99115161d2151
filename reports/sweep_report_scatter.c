// sweep_report_scatter - p99 of every point over one parameter.
#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "reports/sweep_report_parts.h"
#include "sim/base/units_format.h"

enum { HEIGHT = 320, BARS_MOST = 100, NAMED_MOST = 10, TICS = 5 };

struct scatter {
    const struct sweep_report *report;
    uint32_t parameter;
    enum sweep_unit unit; // SWEEP_TEXT: values stand at their place among all values
    bool bars;            // intervals are drawn
    struct plot *plot;
};

struct span {
    double low, high;
};

bool sweep_report_is_scattered(const struct sweep_report *report, uint32_t parameter)
{
    const struct sweep *sweep = report->sweep;
    const bool other = report->curves->count > 0 || sweep_report_maps_of(sweep).count > 0;
    return sweep->space.parameters[parameter].count > 1 && sweep->workload_count > 0 &&
           (sweep->space.design >= SWEEP_LHS || !other);
}

static const struct estimate *p99_of(const struct scatter *scatter, uint32_t point)
{
    static const struct estimate unknown;
    const struct sweep_row *row = &scatter->report->sweep->rows[point];
    return row->chosen && row->state == SWEEP_DONE
               ? &row->flows[scatter->report->curves->workload].p99
               : &unknown;
}

static double x_of(const struct scatter *scatter, uint32_t point)
{
    const struct sweep *sweep = scatter->report->sweep;
    const size_t cell = (size_t)point * sweep->space.parameter_count + scatter->parameter;
    return scatter->unit == SWEEP_TEXT ? sweep->points.levels[cell]
                                       : sweep_where_amount(sweep->points.values[cell]).value;
}

// Of all that is known of p99, above zero; high 0: nothing.
static struct span find_span(const struct scatter *scatter)
{
    struct span span = {0, 0};
    for (uint32_t point = 0; point < scatter->report->sweep->points.count; point++) {
        const struct estimate *p99 = p99_of(scatter, point);
        if (p99->known && p99->value > 0) {
            span.low = span.high <= 0 || p99->value < span.low ? p99->value : span.low;
            span.high = p99->value > span.high ? p99->value : span.high;
        }
    }
    return span;
}

// Rows of one verdict: value, p99, its interval.
static void add_block(const struct scatter *scatter, uint32_t look)
{
    const struct sweep *sweep = scatter->report->sweep;
    struct text *data = &scatter->plot->data;
    const uint32_t step =
        (sweep->points.count + SWEEP_REPORT_SCATTERED - 1) / SWEEP_REPORT_SCATTERED;
    text_add(data, "NaN NaN NaN NaN\n");
    for (uint32_t point = 0; point < sweep->points.count; point += step) {
        const struct estimate *p99 = p99_of(scatter, point);
        if (!p99->known || sweep_report_look_of(&sweep->rows[point]) != look) {
            continue;
        }
        const bool bar = p99->has_interval && p99->low > 0;
        text_format(data, "%.9g ", x_of(scatter, point));
        charts_number(data, p99->value);
        charts_number(data, bar ? p99->low : p99->value);
        charts_number(data, bar ? p99->high : p99->value);
        text_add_char(data, '\n');
    }
    text_add(data, "\n\n");
}

// ---- tics
// ----------------------------------------------------------------------------------------

static void add_tic(struct text *script, const char *label, double at)
{
    struct text cut;
    text_init(&cut);
    escape_cut(&cut, label, SWEEP_REPORT_LABEL);
    text_add_char(script, '\'');
    escape_tic(script, text_get(&cut));
    text_format(script, "' %.9g, ", at);
    text_release(&cut);
}

// One at each value.
static void add_values(const struct scatter *scatter, struct text *script)
{
    const struct sweep_levels *levels =
        &scatter->report->sweep->space.parameters[scatter->parameter];
    struct arena arena;
    arena_init(&arena);
    for (uint32_t i = 0; i < levels->count && i < NAMED_MOST; i++) {
        const char *value = sweep_levels_value(levels, &arena, i);
        add_tic(script, value,
                scatter->unit == SWEEP_TEXT ? i : sweep_where_amount(value).value);
    }
    arena_release(&arena);
}

// Five over the range, in the unit of the parameter.
static void add_range(const struct scatter *scatter, struct text *script)
{
    struct span span = {x_of(scatter, 0), x_of(scatter, 0)};
    for (uint32_t point = 0; point < scatter->report->sweep->points.count; point++) {
        const double x = x_of(scatter, point);
        span.low = x < span.low ? x : span.low;
        span.high = x > span.high ? x : span.high;
    }
    for (uint32_t i = 0; i < TICS; i++) {
        const double value = span.low + (span.high - span.low) * i / (TICS - 1);
        char label[UNITS_FORMAT_ROOM];
        add_tic(script,
                scatter->unit == SWEEP_DURATION
                    ? units_format_duration(label, sizeof label, value * 1e9)
                    : units_format_si(label, sizeof label, value),
                value);
    }
}

static void add_tics(const struct scatter *scatter)
{
    static const char *const units[] = {" ", " (1/s)", "", " (bytes)", "", ""};
    const struct sweep_levels *levels =
        &scatter->report->sweep->space.parameters[scatter->parameter];
    const bool named = levels->count <= NAMED_MOST || scatter->unit == SWEEP_TEXT;
    struct text *script = &scatter->plot->script;
    text_add(script, "set xtics (");
    if (named) {
        add_values(scatter, script);
    } else {
        add_range(scatter, script);
    }
    text_add(script, "'' 1e300)\nset xlabel '"); // a tic that no picture reaches ends the list
    escape_gnuplot(script, levels->name);
    text_format(script, "%s'\n", named ? "" : units[scatter->unit]);
}

// ---- the picture
// ---------------------------------------------------------------------------------

static void draw(struct scatter *scatter, struct plot_list *list)
{
    const char *name = scatter->report->sweep->space.parameters[scatter->parameter].name;
    const struct span span = find_span(scatter);
    if (span.high <= 0) {
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_SCATTER, scatter->parameter, HEIGHT);
    scatter->plot = plot;
    charts_title(&plot->script, "p99 over ", name);
    add_tics(scatter);
    text_add(&plot->script, "set ylabel 'p99 latency'\nset rmargin 3\n");
    charts_latency_tics(&plot->script, span.low, span.high);
    text_format(&plot->script,
                "set yrange [%.6g:%.6g]\nset offsets graph 0.05, graph 0.05, 0, 0\n"
                "set key outside below horizontal\nplot ",
                span.low / 1.4, span.high * 1.4);
    for (uint32_t look = 0; look + 1 < SWEEP_REPORT_LOOKS; look++) {
        add_block(scatter, look);
        text_format(&plot->script,
                    "%s'%s.dat' index %u using %s pt 7 ps 0.8 lw 1.4 lc rgb '%s' title '%s'",
                    look == 0 ? "" : ", ", plot->name, look,
                    scatter->bars ? "1:2:3:4 with yerrorbars" : "1:2 with points",
                    sweep_report_looks[look].colour, sweep_report_looks[look].title);
    }
    text_add_char(&plot->script, '\n');
    text_format(&plot->alt, "p99 of each point over %s, by verdict", name);
}

void sweep_report_draw_scatters(const struct sweep_report *report, struct plot_list *list)
{
    const struct sweep *sweep = report->sweep;
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (sweep_report_is_scattered(report, i)) {
            const enum sweep_unit unit = sweep_where_amount(sweep_value(sweep, 0, i)).unit;
            struct scatter scatter = {.report = report,
                                      .parameter = i,
                                      .unit = unit < SWEEP_TRUTH ? unit : SWEEP_TEXT,
                                      .bars = sweep->chosen <= BARS_MOST};
            draw(&scatter, list);
        }
    }
}
