// histogram - counts of durations in log-linear integer buckets, merged exactly by addition.
//
// 128 sub-buckets a power of two: a value and its bucket differ by at most 0.8 %. Count, sum, minimum,
// maximum and the counters at the SLO thresholds are exact. Values are ns >= 0; above 2^62 they are held
// there. Buckets are allocated by range on first use, so an empty histogram costs nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_SUB_BITS = 7, HISTOGRAM_THRESHOLDS = 6 };

struct histogram {
    uint64_t count;
    __int128 sum;
    __int128 sum_of_squares; // of microseconds (values shifted right by 10 bits) to stay exact
    int64_t minimum, maximum;
    uint32_t first, room;    // buckets [first, first + room) are allocated
    uint64_t *counts;
    uint32_t threshold_count;
    int64_t thresholds[HISTOGRAM_THRESHOLDS];    // ns
    uint64_t below[HISTOGRAM_THRESHOLDS];        // exact count of values < threshold
};

void histogram_init(struct histogram *histogram);
void histogram_release(struct histogram *histogram);
void histogram_clear(struct histogram *histogram); // forgets values, keeps thresholds

// Adds a threshold (ns); returns its number, the same for the same value. At most HISTOGRAM_THRESHOLDS,
// -1 beyond; only while empty.
int histogram_watch(struct histogram *histogram, int64_t threshold_ns);

void histogram_add(struct histogram *histogram, int64_t value_ns);
void histogram_add_many(struct histogram *histogram, int64_t value_ns, uint64_t times);

// n values at the midpoints of n equal parts of [low, high]: the ages inside a record batch.
void histogram_add_spread(struct histogram *histogram, int64_t low, int64_t high, uint64_t n);

void histogram_merge(struct histogram *into, const struct histogram *from);

double histogram_mean(const struct histogram *histogram); // NaN when empty
// Linear inside the bucket, clamped to the exact minimum and maximum; NaN when empty. 0 <= p <= 1.
double histogram_quantile(const struct histogram *histogram, double p);

uint32_t histogram_bucket(int64_t value_ns);
int64_t histogram_bucket_low(uint32_t bucket); // smallest value of the bucket
enum { HISTOGRAM_BUCKETS = (62 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS };
