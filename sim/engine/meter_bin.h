// meter_bin - the latencies of one bin of the series: 16 log-linear buckets a power of two, emptied
// often.
//
// Coarser than a histogram (values differ from their bucket by at most 6 %) and cheap to fill and
// clear: the series is for the eye, verdicts come from the histograms.
#pragma once

#include <stdint.h>
#include <string.h>

#include "sim/kernel/histogram.h"

enum { METER_BIN_BITS = 4, METER_BIN_BUCKETS = (62 - METER_BIN_BITS + 1) << METER_BIN_BITS };

struct meter_bin {
    uint64_t count;
    int64_t maximum;
    uint32_t counts[METER_BIN_BUCKETS];
};

static inline uint32_t meter_bin_bucket(int64_t value_ns)
{
    const uint64_t value = (uint64_t)value_ns;
    const int shift = 63 - METER_BIN_BITS - __builtin_clzll(value | (uint64_t)1 << METER_BIN_BITS);
    return ((uint32_t)shift << METER_BIN_BITS) + (uint32_t)(value >> shift);
}

static inline int64_t meter_bin_low(uint32_t bucket) // smallest value of the bucket
{
    if (bucket < 2U << METER_BIN_BITS) {
        return bucket;
    }
    const uint32_t shift = (bucket >> METER_BIN_BITS) - 1;
    return (int64_t)((1U << METER_BIN_BITS) + (bucket & ((1U << METER_BIN_BITS) - 1))) << shift;
}

static inline void meter_bin_add(struct meter_bin *bin, int64_t value_ns, uint64_t times)
{
    bin->count += times;
    bin->counts[meter_bin_bucket(value_ns)] += (uint32_t)times;
    if (value_ns > bin->maximum) {
        bin->maximum = value_ns;
    }
}

// The bucket of a value from the one of the histogram, which is an eighth as wide.
static inline uint32_t meter_bin_coarser(uint32_t bucket, int64_t value_ns)
{
    enum { BITS = HISTOGRAM_SUB_BITS - METER_BIN_BITS };
    return value_ns < 1 << HISTOGRAM_SUB_BITS ? meter_bin_bucket(value_ns)
                                              : (bucket >> BITS) + (BITS << METER_BIN_BITS);
}

// One past the highest bucket in use.
static inline uint32_t meter_bin_end(const struct meter_bin *bin)
{
    return bin->count == 0 ? 0 : meter_bin_bucket(bin->maximum) + 1;
}

static inline void meter_bin_clear(struct meter_bin *bin)
{
    memset(bin->counts, 0, meter_bin_end(bin) * sizeof *bin->counts);
    bin->count = 0;
    bin->maximum = 0;
}
