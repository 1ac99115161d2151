// time - simulated time: signed 64-bit nanoseconds from the start of the run.
#pragma once

#include <stdint.h>

#define TIME_NEVER INT64_MAX
#define TIME_US ((int64_t)1000)
#define TIME_MS ((int64_t)1000000)
#define TIME_S ((int64_t)1000000000)

// The sum of a time and a delay, held at TIME_NEVER instead of overflowing.
static inline int64_t time_after(int64_t time, int64_t delay)
{
    int64_t sum;
    return __builtin_add_overflow(time, delay, &sum) ? TIME_NEVER : sum;
}

// A computed length of time, whole and held where a few can still be added to a time.
static inline int64_t time_of(double ns)
{
    return ns < 0x1p60 ? (int64_t)ns : (int64_t)1 << 60;
}

// So many times a length, held likewise.
static inline int64_t time_times(int64_t ns, uint64_t count)
{
    int64_t product;
    return __builtin_mul_overflow(ns, count, &product) || product > (int64_t)1 << 60
               ? (int64_t)1 << 60
               : product;
}

static inline double time_seconds(int64_t ns)
{
    return (double)ns / 1e9;
}
