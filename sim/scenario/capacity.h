// capacity - offered load against processors, by mean demands along the calls: an estimate before a
// run.
//
// Rates follow the calls from workloads to the last callee; an outcome branch counts as 80 % hits,
// a retry not at all. The peak is that of stages and profiles.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/scenario/assembly.h"

struct capacity_row {   // of a component
    double rate;        // requests/s at the peak
    double busy;        // processors needed at the peak
    double available;   // processors there are, 0: not modelled
    double utilization; // busy over available, 0: not known
    uint32_t flow;      // the heaviest flow that comes in, DESIGN_NONE: none
};

// What one request of a workload asks of a component, by mean demands along the calls.
struct capacity_demand {
    double cpu_s;     // at its processors
    double services;  // in so many pieces
    double squares_s; // sum of their mean squares; exponential where a model does not say
    double sent;      // bytes that it sends: calls, answers, messages
    bool timed;       // a caller on the way to it does not wait for ever
};

struct capacity {
    uint32_t count; // rows, one a component
    struct capacity_row *rows;
    uint32_t bottleneck;             // component with the highest utilization, DESIGN_NONE: none
    double events_per_s;             // predicted events in a second of simulated time, on average
    struct capacity_demand *demands; // workload x component
};

void capacity_estimate(struct assembly *assembly, struct capacity *capacity);

// Requests/s that a workload offers at its peak; of a closed one, a guess.
double capacity_peak(const struct design *design, uint32_t workload);

// W2003 for every component that open workloads overload.
void capacity_lint(const struct assembly *assembly, const struct capacity *capacity);

// The time that so many events take on one core; measured on one machine, an estimate.
enum { CAPACITY_EVENTS_PER_S = 4500000 };
