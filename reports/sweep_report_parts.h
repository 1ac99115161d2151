// sweep_report_parts - what the pictures of a parameter study share.
#pragma once

#include <stdbool.h>

#include "reports/sweep_report.h"

enum { SWEEP_REPORT_LABEL = 24 };     // code points of a label in a picture
enum { SWEEP_REPORT_DRAWN = 200 };    // points of a curve, then every so many-th and the last
enum { SWEEP_REPORT_SCATTERED = 2000 }; // points of a sample, the same

// One picture for each combination of the parameters that are not its axes.
enum { SWEEP_REPORT_MAPS = 6 };

struct sweep_report_maps {
    uint32_t x, y;                     // parameters
    uint32_t count, all;               // pictures, and how many there would be
    uint32_t points[SWEEP_REPORT_MAPS]; // one point of each
};

// count 0: there are no two parameters with few enough values.
struct sweep_report_maps sweep_report_maps_of(const struct sweep *sweep);

// Whether p99 is drawn over that parameter alone: of a sample, and where there is no other picture.
bool sweep_report_is_scattered(const struct sweep_report *report, uint32_t parameter);

void sweep_report_draw_maps(const struct sweep_report *report, struct plot_list *list);
void sweep_report_draw_scatters(const struct sweep_report *report, struct plot_list *list);

enum { SWEEP_REPORT_LOOKS = 5 }; // the four verdicts, and broken

struct sweep_report_look_of_verdict {
    const char *title, *colour;
};
extern const struct sweep_report_look_of_verdict sweep_report_looks[SWEEP_REPORT_LOOKS];
uint32_t sweep_report_look_of(const struct sweep_row *row);

// "n=2 m=1": the parameters that are neither of these two at a point; "" if there are none.
void sweep_report_others(const struct sweep *sweep, uint32_t point, const uint32_t without[2],
                         struct text *out);
