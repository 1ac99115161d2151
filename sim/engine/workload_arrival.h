// workload_arrival - when the requests of an open workload are intended: laws over a rate in time.
//
// The rate is a row of segments, each constant or linear: the stages, the equal parts of a repeated
// profile, or one without end. After the last stage its rate stays. Every law is a process of mean
// rate 1 whose points are put through the inverse of the integrated rate, so a law keeps its shape
// and its random numbers when the rate changes, and constant arrivals at 3/s do not drift. MMPP
// states multiply the rate by their own; changes of state and arrivals compete exactly, the first
// state is drawn from the stationary law. All rates are in requests: a batch process has rate /
// mean size batches. Times are rounded to the ns.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"

struct workload_arrival {
    const struct workload_design *design;
    struct random_stream *stream; // of the law
    struct random_stream *states; // of the changes of state (MMPP)
    enum arrival_kind kind;
    struct distribution law; // of gaps (Erlang, renewal)
    double gap_scale;        // makes the law's mean 1
    double thinned;          // batches a request, times what the scenario thins
    // the present segment; rates in arrivals a ns
    int64_t begin_ns, end_ns;
    double rate, slope; // at its begin; change a ns
    double gap_ns;      // 1 / rate
    double total;       // arrivals of mean it holds
    double position;    // arrivals of mean up to the last point
    uint32_t segment;   // stage, or part of the profile
    int64_t period_begin_ns;
    // MMPP
    uint32_t state;
    int64_t change_ns; // when the state changes
    uint64_t cursor;   // of a trace
};

void workload_arrival_init(struct workload_arrival *arrival, const struct workload_design *design,
                           struct random_stream *stream, struct random_stream *states);

// The next intended time; TIME_NEVER: there is none. Never before the one before.
static inline int64_t workload_arrival_next(struct workload_arrival *arrival);

// The same for any law, and for a gap that leaves the segment or lies on a slope.
int64_t workload_arrival_next_by_rule(struct workload_arrival *arrival);
int64_t workload_arrival_after(struct workload_arrival *arrival, double gap);

static inline int64_t workload_arrival_next(struct workload_arrival *arrival)
{
    if (arrival->kind != ARRIVAL_POISSON) {
        return workload_arrival_next_by_rule(arrival);
    }
    const double gap = inversion_exponential(arrival->stream);
    const double position = arrival->position + gap;
    if (position > arrival->total || arrival->total == 0 || arrival->slope != 0) {
        return workload_arrival_after(arrival, gap);
    }
    arrival->position = position;
    return time_after(arrival->begin_ns, distribution_round(position * arrival->gap_ns));
}
