// histogram - counts of durations in log-linear integer buckets, merged exactly by addition.
//
// 128 sub-buckets a power of two: a value and its bucket differ by less than 0.8 %. Count, sum,
// minimum, maximum and the counters at the SLO thresholds are exact. Values are ns >= 0; those from
// 2^62 on are held at 2^62 - 1. Buckets are allocated by range on first use, so an empty histogram
// costs nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_SUB_BITS = 7, HISTOGRAM_THRESHOLDS = 6 };
enum { HISTOGRAM_BUCKETS = (62 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS };

struct histogram {
    uint64_t count;
    __int128 sum;
    __int128 sum_of_squares; // of microseconds (values shifted right by 10 bits) to stay exact
    int64_t minimum, maximum;
    uint32_t first, room; // buckets [first, first + room) are allocated
    uint64_t *counts;
    uint32_t threshold_count;
    int64_t thresholds[HISTOGRAM_THRESHOLDS]; // ns
    uint64_t below[HISTOGRAM_THRESHOLDS];     // exact count of values < threshold
};

void histogram_init(struct histogram *histogram);
void histogram_release(struct histogram *histogram);
void histogram_clear(struct histogram *histogram); // forgets values, keeps thresholds

// Adds a threshold (ns); returns its number, the same for the same value. At most
// HISTOGRAM_THRESHOLDS, -1 beyond; only while empty.
int histogram_watch(struct histogram *histogram, int64_t threshold_ns);

// Allocates the bucket.
void histogram_grow(struct histogram *histogram, uint32_t bucket);

// Adds a value whose bucket is not allocated yet, or that must be held; a negative one is our
// error.
void histogram_add_outside(struct histogram *histogram, int64_t value_ns, uint64_t times);

static inline uint32_t histogram_bucket(int64_t value_ns)
{
    const uint64_t value = (uint64_t)value_ns;
    const int shift =
        63 - HISTOGRAM_SUB_BITS - __builtin_clzll(value | (uint64_t)1 << HISTOGRAM_SUB_BITS);
    return ((uint32_t)shift << HISTOGRAM_SUB_BITS) + (uint32_t)(value >> shift);
}

// Adds a value >= 0 below 2^62 to its bucket, which is allocated.
static inline void histogram_add_inside(struct histogram *histogram, uint32_t bucket,
                                        int64_t value_ns, uint64_t times)
{
    histogram->counts[bucket - histogram->first] += times;
    histogram->count += times;
    const uint64_t value = (uint64_t)value_ns, micro = value >> 10;
    histogram->sum += (__int128)((unsigned __int128)value * times);
    histogram->sum_of_squares += (__int128)((unsigned __int128)micro * micro * times);
    if (value_ns < histogram->minimum) {
        histogram->minimum = value_ns;
    }
    if (value_ns > histogram->maximum) {
        histogram->maximum = value_ns;
    }
    for (uint32_t i = 0; i < histogram->threshold_count; i++) {
        histogram->below[i] += value_ns < histogram->thresholds[i] ? times : 0;
    }
}

// A value from 2^62 on, or a negative one, has a bucket that is never allocated.
static inline bool histogram_holds(const struct histogram *histogram, uint32_t bucket)
{
    return bucket - histogram->first < histogram->room;
}

static inline void histogram_add_many(struct histogram *histogram, int64_t value_ns, uint64_t times)
{
    const uint32_t bucket = histogram_bucket(value_ns);
    if (!histogram_holds(histogram, bucket) || times == 0) {
        histogram_add_outside(histogram, value_ns, times);
        return;
    }
    histogram_add_inside(histogram, bucket, value_ns, times);
}

static inline void histogram_add(struct histogram *histogram, int64_t value_ns)
{
    histogram_add_many(histogram, value_ns, 1);
}

// n values at the midpoints of n equal parts of [low, high], rounded down: the ages inside a record
// batch. The sum is n (low + high) / 2 rounded down, the squares are those of the exact midpoints.
void histogram_add_spread(struct histogram *histogram, int64_t low, int64_t high, uint64_t n);

// Both watch the same thresholds, or `into` is empty and watches none: then it takes those of
// `from`.
void histogram_merge(struct histogram *into, const struct histogram *from);

double histogram_mean(const struct histogram *histogram); // NaN when empty
double
histogram_variance(const struct histogram *histogram); // ns^2, of the population; NaN when empty
// Linear inside the bucket, clamped to the exact minimum and maximum; NaN when empty. 0 <= p <= 1.
double histogram_quantile(const struct histogram *histogram, double p);

int64_t
histogram_bucket_low(uint32_t bucket); // smallest value of the bucket; also of the one past all
