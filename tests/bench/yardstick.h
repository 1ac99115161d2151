// yardstick - what the event queue is measured against, in the same binary and the same minute.
//
// Each returns nanoseconds an event, counted like the workload of the same model. They draw one
// value at a time, as is mostly done: a yardstick stays what it is when the kernel draws faster.
#pragma once

#include <stdint.h>

#include "sim/kernel/distribution.h"

// A draw of an exponential law.
static inline int64_t yardstick_draw(const struct distribution *law, struct random_stream *stream)
{
    return distribution_round(law->a * inversion_exponential_of(random_word(stream)));
}

// The M/M/1 queue without an event list: two variables hold the next arrival and departure.
double yardstick_two_timers(uint64_t events, uint64_t size);

// The M/M/1 queue without events: Lindley's recursion of waiting times; the same for a tandem.
double yardstick_lindley(uint64_t events, uint64_t size);
double yardstick_recursion(uint64_t events, uint64_t size);

// A bare general kernel: 4-ary heap that replaces its top, pooled records, dispatch by pointer, the
// same exact order; no cancellation, no lanes, no counters.
double yardstick_bare_mm1(uint64_t events, uint64_t size);
double yardstick_bare_tandem(uint64_t events, uint64_t size);
double yardstick_bare_hold(uint64_t events, uint64_t size);

// How it is often written: binary heap of pointers, malloc, mt19937, libm's log.
double yardstick_naive(uint64_t events, uint64_t size);
