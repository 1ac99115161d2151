// charts_trust - where the time of operations goes, how the warm-up was cut, how certainty grew.
#include <math.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"

enum { BARS = 16, BAR_ROW = 30, BAR_FRAME = 120, LABEL_MOST = 26, LINES = 4 };

// ---- where the time goes -----------------------------------------------------------------------

static double total_of(const struct result_operation *operation)
{
    double sum = 0;
    for (uint32_t p = 0; p < METER_PARTS; p++) {
        sum += operation->parts_s[p];
    }
    return sum;
}

// The operations with most time in all, arrivals times mean, in the order of the scenario.
static uint32_t choose_bars(const struct result *result, uint32_t chosen[BARS])
{
    uint32_t count = 0;
    for (uint32_t o = 0; o < result->operation_count && count < BARS; o++) {
        const struct result_operation *operation = &result->operations[o];
        const double weight = total_of(operation) * (double)operation->arrivals;
        uint32_t heavier = 0;
        for (uint32_t i = 0; i < result->operation_count; i++) {
            const struct result_operation *other = &result->operations[i];
            heavier += !other->internal && total_of(other) * (double)other->arrivals > weight;
        }
        if (!operation->internal && weight > 0 && heavier < BARS) {
            chosen[count++] = o;
        }
    }
    return count;
}

static void add_bar_names(struct text *script, const struct result *result,
                          const uint32_t chosen[BARS], uint32_t count)
{
    text_format(script, "set yrange [%u.5:-0.5]\nset ytics scale 0 (", count - 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct result_operation *operation = &result->operations[chosen[i]];
        struct text name, cut;
        text_init(&name);
        text_init(&cut);
        text_format(&name, "%s.%s", result->components[operation->component].name, operation->name);
        escape_cut(&cut, text_get(&name), LABEL_MOST);
        text_add(script, i == 0 ? "'" : ", '");
        escape_tic(script, text_get(&cut));
        text_format(script, "' %u", i);
        text_release(&name);
        text_release(&cut);
    }
    text_add(script, ")\n");
}

static void add_bars(struct plot *plot, const struct result *result, const uint32_t chosen[BARS],
                     uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct result_operation *operation = &result->operations[chosen[i]];
        const double total = total_of(operation);
        double end = 0;
        text_format(&plot->data, "%u 0 ", i); // the first part begins at 0
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            end += operation->parts_s[p] / total * 100;
            charts_number(&plot->data, end);
        }
        text_add_char(&plot->data, '\n');
    }
}

void charts_breakdown(struct plot_list *list, const struct result *result)
{
    static const char *const names[METER_PARTS] = {"queue", "cpu",     "io",
                                                   "calls", "backoff", "other"};
    static const char *const colours[METER_PARTS] = {"#d55e00", "#0072b2", "#009e73",
                                                     "#b9c2cf", "#e69f00", "#cc79a7"};
    uint32_t chosen[BARS];
    const uint32_t count = choose_bars(result, chosen);
    if (count == 0) {
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_BREAKDOWN, 0, BAR_FRAME + BAR_ROW * count);
    add_bars(plot, result, chosen, count);
    add_bar_names(&plot->script, result, chosen, count);
    text_format(
        &plot->script,
        "set xrange [0:100]\nset xlabel 'share of the mean response time (%%)'\n"
        "unset grid\nset lmargin %u\nset tmargin 0.8\nset key below horizontal maxrows 2 width 0\n"
        "set style fill solid 1 noborder\nplot",
        (unsigned)LABEL_MOST - 5);
    for (uint32_t p = 0; p < METER_PARTS; p++) {
        text_format(&plot->script,
                    "%s '%s.dat' using %u:1:%u:%u:($1-0.36):($1+0.36) with boxxyerror "
                    "lc rgb '%s' title '%s'",
                    p == 0 ? "" : ",", plot->name, p + 2, p + 2, p + 3, colours[p], names[p]);
    }
    text_add_char(&plot->script, '\n');
    text_add(&plot->alt, "Shares of queue, processor, io, calls, backoff and other in the mean "
                         "response time of the operations with most time in all");
}

// ---- the warm-up -------------------------------------------------------------------------------

void charts_warmup(struct plot_list *list, const struct result *result)
{
    const struct result_warmup *warmup = &result->warmup;
    const struct charts_time time = charts_time_of(result, 1);
    uint32_t known = 0;
    for (uint32_t i = 0; i < warmup->bin_count; i++) {
        known += !isnan(warmup->bins[i]) && warmup->bins[i] > 0;
    }
    if (known < 2) {
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_WARMUP, 0, 320);
    const uint32_t join = (warmup->bin_count + 399) / 400;
    for (uint32_t i = 0; i < warmup->bin_count; i += join) {
        charts_number(&plot->data, (i + 0.5) * warmup->bin_s / time.unit_s);
        charts_number(&plot->data, warmup->bins[i] * 1e3);
        text_add_char(&plot->data, '\n');
    }
    const double end = warmup->bin_s * warmup->bin_count / time.unit_s;
    text_format(
        &plot->script,
        "set object rectangle from 0, graph 0 to %.6g, graph 1 behind fc rgb '#eceff3' "
        "fs solid 1 noborder\nset arrow from %.6g, graph 0 to %.6g, graph 1 nohead lw 2 "
        "dt 2 lc rgb '#374151' front\nset label 'cut' at %.6g, graph 0.93 offset 0.6,0 "
        "front textcolor rgb '#374151'\n"
        "set tmargin 1\nset xrange [0:%.6g]\nset xlabel 'simulated time of the pilot (%s)'\n"
        "set ylabel 'mean latency (ms)'\nunset key\n"
        "plot '%s.dat' using 1:2 with points pt 7 ps 0.3 lc rgb '#0072b2'\n",
        warmup->chosen_s / time.unit_s, warmup->chosen_s / time.unit_s,
        warmup->chosen_s / time.unit_s, warmup->chosen_s / time.unit_s, end, time.unit, plot->name);
    text_format(&plot->alt,
                "Mean latency of %s in the pilot by bin; what lies left of the cut is "
                "not counted",
                warmup->subject == NULL ? "the workload" : warmup->subject);
}

// ---- certainty ---------------------------------------------------------------------------------

static void add_widths(struct text *data, const struct result *result, uint32_t figure)
{
    double values[512];
    const uint32_t rows = result->row_count < 512 ? result->row_count : 512;
    for (uint32_t r = 0; r < rows; r++) {
        values[r] = result->matrix[(size_t)r * result->figure_count + figure];
        const struct estimate estimate = estimate_mean(values, r + 1, 0.95);
        if (r >= 2 && estimate.has_interval && estimate.value > 0) {
            text_format(data, "%u %.5g\n", r + 1,
                        (estimate.high - estimate.low) / 2 / estimate.value * 100);
        }
    }
    text_add(data, "1 NaN\n\n\n");
}

void charts_certainty(struct plot_list *list, const struct result *result)
{
    struct charts_subjects subjects;
    charts_subjects_init(&subjects, result);
    if (result->row_count < 4 || subjects.count == 0) {
        charts_subjects_release(&subjects);
        return;
    }
    struct plot *plot = plot_begin(list, PLOT_CERTAINTY, 0, 320);
    text_format(
        &plot->script,
        "set tmargin 1\nset xrange [2:%u]\nset yrange [0:*]\nset offsets 0, 0, graph 0.25, 0\n"
        "set xlabel '%s'\nset ylabel 'half-width of p99 (%%)'\n"
        "set key top right\nplot",
        result->row_count, result->batches ? "batches" : "replications");
    uint32_t lines = 0;
    for (uint32_t i = 0; i < subjects.count && lines < LINES; i++) {
        if (subjects.rows[i].latency->count < 2) {
            continue;
        }
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, subjects.rows[i].name, 40);
        add_widths(&plot->data, result, subjects.rows[i].figures + RESULT_P99);
        text_format(&plot->script, "%s '%s.dat' index %u with lines lw 2.2 lc rgb '%s' title '",
                    lines == 0 ? "" : ",", plot->name, lines, charts_colours[lines]);
        escape_gnuplot(&plot->script, text_get(&cut));
        text_add(&plot->script, "'");
        text_release(&cut);
        lines++;
    }
    text_add(&plot->script, lines == 0 ? " NaN notitle\n" : "\n");
    text_add(&plot->alt, "Half-width of the 95 % interval of p99, in percent of it, after every "
                         "replication");
    charts_subjects_release(&subjects);
}
