// charts_latency - percentile curves with the limits of the objectives, and heatmaps over time.
#include <math.h>
#include <string.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "sim/engine/design.h"

enum { CURVES = 4, SHEETS = 6, GRID = 12, DECADES = 4, HEATMAPS = 6, HEIGHT = 430, BINS = 120 };

// ---- percentile curves -------------------------------------------------------------------------

// 10^(i/12): the grid of 1/(1-q).
static const double mantissas[GRID] = {1.0,       1.2115277, 1.4677993, 1.7782794,
                                       2.1544347, 2.6101572, 3.1622777, 3.8311868,
                                       4.6415888, 5.6234133, 6.8129207, 8.2540419};

struct range {
    double low_s, high_s;
};

static void widen(struct range *range, double value_s)
{
    if (value_s > 0 && !isnan(value_s)) {
        range->low_s = value_s < range->low_s ? value_s : range->low_s;
        range->high_s = value_s > range->high_s ? value_s : range->high_s;
    }
}

// x = 1/(1-q) and the quantile, as far as the number of samples carries.
static void add_curve(struct text *data, const struct histogram *latency, struct range *range)
{
    double decade = 1;
    for (uint32_t i = 0; i <= GRID * DECADES; i++) {
        const double x = decade * mantissas[i % GRID];
        decade *= i % GRID == GRID - 1 ? 10 : 1;
        if (x > (double)latency->count) {
            break;
        }
        const double value_s = histogram_quantile(latency, 1 - 1 / x) / 1e9;
        const double shown_s = value_s > 1e-9 ? value_s : 1e-9; // a zero has no logarithm
        if (i >= 3) {
            widen(range, shown_s);
        }
        text_format(data, "%.6g %.6g\n", x, shown_s);
    }
    text_add(data, "\n\n");
}

// The figures p50 .. p99.99 with their intervals; one point always, so the block is never empty.
static void add_intervals(struct text *data, const struct result *result, uint32_t block)
{
    static const double x[RESULT_QUANTILES] = {2, 10, 20, 100, 1000, 10000};
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        const struct estimate *estimate = result_flow(result, block, RESULT_P50 + q);
        if (estimate->known && estimate->has_interval && estimate->value > 0) {
            const double low = estimate->low > 0 ? estimate->low : estimate->value / 10;
            text_format(data, "%g %.6g %.6g %.6g\n", x[q], estimate->value, low, estimate->high);
        }
    }
    text_add(data, "1 NaN NaN NaN\n\n\n");
}

static void add_limits(struct text *script, const struct result *result,
                       const struct charts_subject *subject, const char *colour,
                       struct range *range)
{
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        if (slo->metric != SLO_PERCENTILE || !text_same(slo->target, subject->name) ||
            slo->quantile >= 1) {
            continue;
        }
        const double x = 1 / (1 - slo->quantile);
        text_format(script,
                    "set arrow from 1, %.6g to %.6g, %.6g nohead front lw 1.6 dt 3 lc rgb '%s'\n"
                    "set label at %.6g, %.6g point pt 8 ps 1.1 lc rgb '%s' front\n",
                    slo->limit, x, slo->limit, colour, x, slo->limit, colour);
        widen(range, slo->limit);
    }
}

static void add_alt(struct text *alt, const struct charts_subject *rows, uint32_t count)
{
    text_add(alt, "Latency by percentile, up to 99.99 %, on logarithmic axes, of ");
    for (uint32_t i = 0; i < count; i++) {
        text_format(alt, "%s%s", i == 0 ? "" : ", ", rows[i].name);
    }
    text_add(alt, "; dotted lines are limits of objectives");
}

static void plot_sheet(struct plot_list *list, const struct result *result, uint32_t number,
                       const struct charts_subject *rows, uint32_t count)
{
    struct plot *plot = plot_begin(list, PLOT_LATENCY, number, HEIGHT);
    struct range range = {1e9, 1e-9};
    struct text curves;
    text_init(&curves);
    for (uint32_t i = 0; i < count; i++) {
        const char *colour = charts_colours[i];
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, rows[i].name, 40);
        add_curve(&plot->data, rows[i].latency, &range);
        add_intervals(&plot->data, result, rows[i].figures);
        add_limits(&plot->script, result, &rows[i], colour, &range);
        text_format(&curves, "%s '%s.dat' index %u using 1:2 with lines lw 2.6 lc rgb '%s' title '",
                    i == 0 ? "plot" : ",", plot->name, 2 * i, colour);
        escape_gnuplot(&curves, text_get(&cut));
        text_format(&curves,
                    "', '' index %u using 1:2:3:4 with yerrorbars pt 7 ps 0.35 lw 1.2 lc rgb '%s' "
                    "notitle",
                    2 * i + 1, colour);
        text_release(&cut);
    }
    charts_latency_tics(&plot->script, range.low_s, range.high_s);
    text_format(
        &plot->script,
        "set logscale x\nset xrange [1:10000]\nset yrange [%.6g:%.6g]\n"
        "set xtics ('0 %%%%' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000)\n"
        "set rmargin 4\nset tmargin 1\nset xlabel 'percentile of requests'\nset ylabel 'latency'\n"
        "set key below horizontal maxrows 2 samplen 1.2\n%s\n",
        range.low_s / 1.6, range.high_s * 2.2, text_get(&curves));
    add_alt(&plot->alt, rows, count);
    text_release(&curves);
}

// Only what has samples gets a curve.
void charts_latency(struct plot_list *list, const struct result *result)
{
    struct charts_subjects subjects;
    charts_subjects_init(&subjects, result);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < subjects.count; i++) {
        if (subjects.rows[i].latency->count > 1) {
            subjects.rows[kept++] = subjects.rows[i];
        }
    }
    for (uint32_t first = 0, sheet = 0; first < kept && sheet < SHEETS; first += CURVES, sheet++) {
        const uint32_t count = kept - first < CURVES ? kept - first : CURVES;
        plot_sheet(list, result, sheet, subjects.rows + first, count);
    }
    charts_subjects_release(&subjects);
}

// ---- heatmaps ----------------------------------------------------------------------------------

// The joined bin's count of one latency bucket.
static uint64_t heat_of(const struct result *result, const struct charts_time *time, uint32_t bin,
                        uint32_t cell)
{
    uint64_t sum = 0;
    const uint32_t workloads = result->workload_count;
    for (uint32_t i = bin * time->join; i < (bin + 1) * time->join; i++) {
        if (i < result->series.bin_count) {
            sum += result->series.heatmap[(size_t)i * workloads * SERIES_HEAT + cell];
        }
    }
    return sum;
}

// Rows of latency, columns of time; the rows that hold anything.
static bool add_heat(struct text *data, const struct result *result, uint32_t workload,
                     uint32_t *first, uint32_t *last)
{
    const struct charts_time time = charts_time_of(result, BINS);
    *first = SERIES_HEAT;
    *last = 0;
    for (uint32_t bucket = 0; bucket < SERIES_HEAT; bucket++) {
        uint64_t sum = 0;
        for (uint32_t bin = 0; bin < time.count; bin++) {
            sum += heat_of(result, &time, bin, workload * SERIES_HEAT + bucket);
        }
        *first = sum > 0 && bucket < *first ? bucket : *first;
        *last = sum > 0 ? bucket : *last;
    }
    for (uint32_t bucket = *first; bucket <= *last; bucket++) {
        for (uint32_t bin = 0; bin < time.count; bin++) {
            const uint64_t count = heat_of(result, &time, bin, workload * SERIES_HEAT + bucket);
            charts_number(data, count == 0 ? (double)NAN : (double)count);
        }
        text_add_char(data, '\n');
    }
    text_add(data, "\n\n");
    return *first <= *last;
}

static void add_quantile_lines(struct text *data, const struct result *result, uint32_t workload)
{
    const struct charts_time time = charts_time_of(result, BINS);
    for (uint32_t bin = 0; bin < time.count; bin++) {
        const size_t row = ((size_t)bin * time.join * result->workload_count + workload);
        const float *latency = result->series.workload_latency + row * SERIES_LATENCIES;
        charts_number(data, charts_middle(&time, bin));
        charts_number(data, (double)latency[SERIES_P50]);
        charts_number(data, (double)latency[SERIES_P99]);
        text_add_char(data, '\n');
    }
}

static void add_bucket_tics(struct text *script, uint32_t first, uint32_t last)
{
    static const char *const names[] = {"1 \xC2\xB5s", "10 \xC2\xB5s", "100 \xC2\xB5s", "1 ms",
                                        "10 ms",       "100 ms",       "1 s",           "10 s",
                                        "100 s",       "1000 s",       "10^4 s",        "10^5 s"};
    const uint32_t low = first > 4 ? first - 4 : 0;
    text_format(script, "set yrange [%u:%u]\nset ytics (", low, last + 6);
    for (uint32_t decade = 0; decade < SERIES_HEAT / 8; decade++) {
        text_format(script, "%s'%s' %u", decade == 0 ? "" : ", ", names[decade], decade * 8);
    }
    text_add(script, ")\n");
}

static void plot_heatmap(struct plot_list *list, const struct result *result, uint32_t workload)
{
    const struct charts_time time = charts_time_of(result, BINS);
    struct plot *plot = plot_begin(list, PLOT_HEATMAP, workload, HEIGHT - 40);
    uint32_t first, last;
    const char *name = result->workloads[workload].name;
    if (!add_heat(&plot->data, result, workload, &first, &last)) {
        list->count--; // nothing ended: nothing to draw
        text_release(&plot->script);
        text_release(&plot->data);
        return;
    }
    add_quantile_lines(&plot->data, result, workload);
    charts_title(&plot->script, "", name);
    charts_axis(&plot->script, result, &time);
    charts_windows(&plot->script, result, &time, true);
    add_bucket_tics(&plot->script, first, last);
    text_format(&plot->script,
                "set logscale cb\nunset colorbox\nset palette defined (0 '#dbeafe', "
                "0.35 '#93c5fd', 0.7 '#3b82f6', 1 '#172554')\n"
                "set ylabel 'latency'\nset key below horizontal maxrows 1 width 0\n"
                "bucket(s) = s > 0 ? 8 * log10(s / 1e-6) : NaN\n"
                "plot '%s.dat' index 0 matrix using (($1 + 0.5) * %.8g):($2 + %.1f):3 "
                "with image notitle, "
                "'' index 1 using 1:(bucket($2)) with lines lw 2 lc rgb '#e69f00' title 'p50', "
                "'' index 1 using 1:(bucket($3)) with lines lw 2 lc rgb '#d55e00' title 'p99'\n",
                plot->name, time.step, first + 0.5);
    text_format(&plot->alt,
                "Latency of %s over time: darker cells hold more requests; lines are p50 and p99",
                name);
}

// The largest workloads.
void charts_heatmaps(struct plot_list *list, const struct result *result)
{
    for (uint32_t w = 0, drawn = 0; w < result->workload_count && drawn < HEATMAPS; w++) {
        uint32_t larger = 0;
        for (uint32_t other = 0; other < result->workload_count; other++) {
            larger += result->workloads[other].offered > result->workloads[w].offered;
        }
        if (larger < HEATMAPS && result->series.bin_count > 1) {
            plot_heatmap(list, result, w);
            drawn++;
        }
    }
}
