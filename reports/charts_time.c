// charts_time - throughput, utilisation, queues and replicas over simulated time.
#include <math.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"

enum {
    THROUGHPUTS = 24,
    STRIP_ROW = 24,
    STRIP_FRAME = 110,
    LABEL_MOST = 22,
    BINS = 120,
    USE_BINS = 48
};

// Mean of what is there of the joined bin.
static double mean_level(const struct result *result, const struct charts_time *time, uint32_t bin,
                         size_t cell)
{
    double sum = 0;
    uint32_t count = 0;
    const size_t row = (size_t)result->component_count * SERIES_LEVELS;
    for (uint32_t i = bin * time->join; i < (bin + 1) * time->join; i++) {
        const bool inside = i < result->series.bin_count;
        const float value = inside ? result->series.component_levels[i * row + cell] : NAN;
        sum += isnan(value) ? 0 : (double)value;
        count += !isnan(value);
    }
    return count == 0 ? (double)NAN : sum / count;
}

static double max_level(const struct result *result, const struct charts_time *time, uint32_t bin,
                        size_t cell)
{
    double most = (double)NAN;
    const size_t row = (size_t)result->component_count * SERIES_LEVELS;
    for (uint32_t i = bin * time->join; i < (bin + 1) * time->join; i++) {
        if (i < result->series.bin_count) {
            const double value = (double)result->series.component_levels[i * row + cell];
            most = isnan(most) || value > most ? value : most;
        }
    }
    return most;
}

// ---- throughput --------------------------------------------------------------------------------

// Requests a second of one replication.
static double rate_of(const struct result *result, const struct charts_time *time, uint32_t bin,
                      size_t cell)
{
    uint64_t sum = 0;
    double length_s = 0;
    const struct result_series *series = &result->series;
    const size_t row = (size_t)result->workload_count * SERIES_FLOWS;
    for (uint32_t i = bin * time->join; i < (bin + 1) * time->join; i++) {
        if (i < series->bin_count) {
            const double left_s = result->duration_s - series->bin_s * i; // the last may be short
            sum += series->workload_counts[i * row + cell];
            length_s += left_s < series->bin_s && left_s > 0 ? left_s : series->bin_s;
        }
    }
    return (double)sum / (length_s * result->replication_count);
}

static void plot_throughput(struct plot_list *list, const struct result *result, uint32_t workload)
{
    const struct charts_time time = charts_time_of(result, BINS);
    struct plot *plot = plot_begin(list, PLOT_THROUGHPUT, workload, 300);
    double high = 0;
    for (uint32_t bin = 0; bin < time.count; bin++) {
        charts_number(&plot->data, charts_middle(&time, bin));
        for (uint32_t flow = 0; flow < SERIES_FLOWS; flow++) {
            const size_t cell = (size_t)workload * SERIES_FLOWS + flow;
            const double rate = rate_of(result, &time, bin, cell);
            high = rate > high ? rate : high;
            charts_number(&plot->data, rate);
        }
        text_add_char(&plot->data, '\n');
    }
    charts_title(&plot->script, "", result->workloads[workload].name);
    charts_axis(&plot->script, result, &time);
    charts_windows(&plot->script, result, &time, false);
    charts_linear_tics(&plot->script, high, "");
    text_format(&plot->script,
                "set ylabel 'requests/s'\nset key below horizontal maxrows 1 width -3 samplen 1\n"
                "plot '%s.dat' using 1:2 with lines lw 4 lc rgb '#c3c9d2' title 'offered', "
                "'' using 1:3 with lines lw 2 lc rgb '#0072b2' title 'completed', "
                "'' using 1:4 with lines lw 2 lc rgb '#d55e00' title 'failed', "
                "'' using 1:5 with lines lw 2 lc rgb '#e69f00' dt 2 title 'shed'\n",
                plot->name);
    text_format(&plot->alt,
                "Requests a second of %s over time: offered, completed, failed and shed; the "
                "warm-up is grey, faults are orange",
                result->workloads[workload].name);
}

void charts_throughput(struct plot_list *list, const struct result *result)
{
    for (uint32_t w = 0; w < result->workload_count && w < THROUGHPUTS; w++) {
        if (result->series.bin_count > 1) {
            plot_throughput(list, result, w);
        }
    }
}

// ---- utilisation of all components -------------------------------------------------------------

static void add_names(struct text *script, const struct result *result)
{
    text_format(script, "set yrange [%u.5:-0.5]\nset ytics (", result->component_count - 1);
    for (uint32_t c = 0; c < result->component_count; c++) {
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, result->components[c].name, LABEL_MOST);
        text_add(script, c == 0 ? "'" : ", '");
        escape_tic(script, text_get(&cut));
        text_format(script, "' %u", c);
        text_release(&cut);
    }
    text_add(script, ")\n");
}

void charts_utilization(struct plot_list *list, const struct result *result)
{
    const struct charts_time time = charts_time_of(result, BINS);
    if (result->component_count == 0 || result->series.bin_count < 2) {
        return;
    }
    struct plot *plot =
        plot_begin(list, PLOT_UTILIZATION, 0, STRIP_FRAME + STRIP_ROW * result->component_count);
    for (uint32_t c = 0; c < result->component_count; c++) {
        for (uint32_t bin = 0; bin < time.count; bin++) {
            const size_t cell = (size_t)c * SERIES_LEVELS + SERIES_UTILIZATION;
            charts_number(&plot->data, mean_level(result, &time, bin, cell));
        }
        text_add_char(&plot->data, '\n');
    }
    charts_axis(&plot->script, result, &time);
    charts_windows(&plot->script, result, &time, true);
    add_names(&plot->script, result);
    text_format(&plot->script,
                "set palette defined (0 '#f3f6fa', 0.5 '#a9cce6', 0.75 '#4a90c8', "
                "0.85 '#f6c667', 0.95 '#d55e00', 1 '#7a1f00')\n"
                "set cbrange [0:1]\nset cbtics ('0' 0, '50' 0.5, '85' 0.85, '100 %%%%' 1)\n"
                "set colorbox horizontal user origin graph 0, screen 0.955 size graph 1, "
                "screen 0.02\nset tmargin 3.6\nunset grid\nset lmargin %u\n"
                "plot '%s.dat' matrix using (($1 + 0.5) * %.8g):2:3 with image notitle\n",
                (unsigned)LABEL_MOST - 4, plot->name, time.step);
    text_add(&plot->alt, "Utilisation of every component over time, darker is busier, orange and "
                         "brown above 85 %");
}

// ---- utilisation, queue and replicas of one component ------------------------------------------

// Returns the longest queue of the picture.
static double add_levels(struct text *data, const struct result *result, uint32_t component)
{
    static const enum series_level means[] = {SERIES_UTILIZATION, SERIES_QUEUE, SERIES_READY};
    static const enum series_level maxima[] = {SERIES_UTILIZATION_MAX, SERIES_QUEUE_MAX};
    const struct charts_time time = charts_time_of(result, USE_BINS);
    double longest = 0;
    for (uint32_t bin = 0; bin < time.count; bin++) {
        const size_t first = (size_t)component * SERIES_LEVELS;
        charts_number(data, charts_middle(&time, bin));
        for (uint32_t i = 0; i < 3; i++) {
            charts_number(data, mean_level(result, &time, bin, first + means[i]));
        }
        for (uint32_t i = 0; i < 2; i++) {
            const double most = max_level(result, &time, bin, first + maxima[i]);
            longest = i == 1 && most > longest ? most : longest;
            charts_number(data, most);
        }
        text_add_char(data, '\n');
    }
    return longest;
}

static const char key_above[] = "set key at graph 0, graph 1.24 left top Left reverse horizontal\n";

static void plot_use(struct plot_list *list, const struct result *result, uint32_t component)
{
    const struct charts_time time = charts_time_of(result, USE_BINS);
    struct plot *plot = plot_begin(list, PLOT_USE, component, 440);
    struct text *script = &plot->script;
    const double longest = add_levels(&plot->data, result, component);
    charts_axis(script, result, &time);
    charts_windows(script, result, &time, false);
    text_format(script,
                "set multiplot layout 3,1 margins 0.12,0.97,0.13,0.93 spacing 0,0.1\n%s"
                "unset xlabel\nset format x ''\n"
                "set yrange [0:105]\nset ytics ('0' 0, '50' 50, '100 %%%%' 100)\n"
                "plot '%s.dat' using 1:($5*100) with lines lw 1.6 lc rgb '#e69f00' "
                "title 'busiest replica', "
                "'' using 1:($2*100) with lines lw 2.2 lc rgb '#0072b2' title 'utilisation'\n",
                key_above, plot->name);
    charts_linear_tics(script, longest < 4 ? 4 : longest, "");
    text_format(script,
                "plot '%s.dat' using 1:6 with lines lw 1.6 lc rgb '#e69f00' title "
                "'longest queue', '' using 1:3 with lines lw 2.2 lc rgb '#0072b2' title 'queue'\n"
                "set xlabel 'simulated time (%s)'\nset format x\n",
                plot->name, time.unit);
    charts_linear_tics(script, result->components[component].replicas, "");
    text_format(script,
                "plot '%s.dat' using 1:4 with lines lw 2.2 lc rgb '#009e73' title "
                "'replicas ready'\nunset multiplot\n",
                plot->name);
    text_format(&plot->alt,
                "%s over time: utilisation with that of the busiest replica, queue, replicas ready",
                result->components[component].name);
}

void charts_use(struct plot_list *list, const struct result *result)
{
    for (uint32_t c = 0; c < result->component_count; c++) {
        if (result->series.bin_count > 1) {
            plot_use(list, result, c);
        }
    }
}
