// sweep_report_parts - what the pictures of a parameter study share.
#pragma once

#include <stdbool.h>

#include "reports/sweep_report.h"

enum { SWEEP_REPORT_LABEL = 24 }; // code points of a label in a picture

// One picture for each combination of the parameters that are not its axes.
enum { SWEEP_REPORT_MAPS = 6 };

struct sweep_report_maps {
    uint32_t x, y;                     // parameters
    uint32_t count, all;               // pictures, and how many there would be
    uint32_t points[SWEEP_REPORT_MAPS]; // one point of each
};

// count 0: there are no two parameters with few enough values.
struct sweep_report_maps sweep_report_maps_of(const struct sweep *sweep);

// Whether a parameter is what pictures of p99 over single parameters are drawn of.
bool sweep_report_is_scattered(const struct sweep *sweep, uint32_t parameter);

void sweep_report_draw_maps(const struct sweep_report *report, struct plot_list *list);

// "n=2 m=1": the parameters that are neither of these two at a point; "" if there are none.
void sweep_report_others(const struct sweep *sweep, uint32_t point, const uint32_t without[2],
                         struct text *out);
