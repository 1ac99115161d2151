// charts_parts - what the plots share: colours, the time axis, shaded windows, latency axes.
#pragma once

#include "reports/charts.h"

enum { CHARTS_COLOURS = 6 };

extern const char *const charts_colours[CHARTS_COLOURS]; // Okabe and Ito's, for all eyes

struct charts_time { // the axis: neighbouring bins joined until few enough stand in a picture
    double unit_s;   // of the axis
    const char *unit;
    uint32_t join, count;
    double step; // width of a joined bin, in units
};

struct charts_time charts_time_of(const struct result *result, uint32_t most);

// Middle of a joined bin, in units of the axis.
double charts_middle(const struct charts_time *time, uint32_t bin);

// Range and label of the x axis.
void charts_axis(struct text *script, const struct result *result, const struct charts_time *time);

// The warm-up in grey and the faults in orange, behind the curves; lines instead on pictures that
// cover what is behind them.
void charts_windows(struct text *script, const struct result *result,
                    const struct charts_time *time, bool in_front);

// `set ytics` for latencies in s between two values, logarithmic.
void charts_latency_tics(struct text *script, double low_s, double high_s);

// The same for another axis: "cb" is that of colours.
void charts_latency_axis(struct text *script, const char *axis, double low_s, double high_s);

// Range from 0 and `set ytics` for numbers up to `high`, with room above; suffix behind each label.
void charts_linear_tics(struct text *script, double high, const char *suffix);

// `set title` with the name in quotes, cut to fit.
void charts_title(struct text *script, const char *before, const char *name);

// "value " or "NaN " in shortest useful form.
void charts_number(struct text *data, double value);

void charts_latency(struct plot_list *list, const struct result *result);
void charts_heatmaps(struct plot_list *list, const struct result *result);
void charts_throughput(struct plot_list *list, const struct result *result);
void charts_utilization(struct plot_list *list, const struct result *result);
void charts_use(struct plot_list *list, const struct result *result);
void charts_breakdown(struct plot_list *list, const struct result *result);
void charts_timeline(struct plot_list *list, const struct result *result);
void charts_guards(struct plot_list *list, const struct result *result);
void charts_warmup(struct plot_list *list, const struct result *result);
void charts_certainty(struct plot_list *list, const struct result *result);
