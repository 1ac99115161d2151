// plan_load - what the load that is planned for is made of: growth, peak, measured hours, headroom.
//
// Where hours are measured, the present load is that of the binding hour: the busiest one, or the
// percentile of the hours that was asked for (the nearest rank above). By default it is one hour
// for all workloads, ranked by the sum of all columns, so that what never comes at once is not
// added up; a workload that is busier at another hour is said to be.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct design;
struct plan;
struct text;

struct plan_column {      // of the measured hours
    const char *name;     // of the workload; NULL: all open ones together
    double present;       // what the scenario says, 1/s at its peak
    double planned, most; // in the binding hour, in its own busiest
    const char *hour, *most_hour;
};

struct plan_load {
    double peak;
    double hour;      // load of the binding hour over that of the scenario; 1: none measured
    const char *path; // of the hours, NULL: none measured
    const char *at;   // the binding hour, as written; NULL: every column has its own
    uint32_t hour_count;
    double percentile;
    uint32_t column_count;
    struct plan_column *columns;
};

// From the section; the growth and the headroom of the plan are known. False: `wrong` says why.
bool plan_load_read(struct plan *plan, struct text *wrong);

// Factor on one workload of a candidate's design, where all together have that factor: a measured
// one gets its measured rate, whatever the design says; another is not in that hour's. One that
// rests in the hour keeps a trickle, so that its arrivals have a time.
double plan_load_factor(const struct plan *plan, const struct design *design, uint32_t workload,
                        double factor);

// Today's load in the hour that is planned for, over the scenario's.
double plan_load_today(const struct plan *plan);
