// meter_inbox - durations on their way into a histogram, put there by sevens.
#include "sim/engine/meter_inbox.h"

#include "sim/base/path.h"

// Counts values up to the first whose bucket is not allocated; returns how many.
static PATH_HOT uint32_t count_held(const int64_t *values_ns, uint32_t count,
                                    const struct histogram *histogram, uint32_t *bins)
{
    const uint32_t first = histogram->first, room = histogram->room;
    uint64_t *const counts = histogram->counts;
#pragma GCC unroll 7
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t bucket = histogram_bucket(values_ns[i]);
        if (bucket - first >= room) {
            return i;
        }
        counts[bucket - first]++;
        if (bins != NULL) {
            bins[meter_bin_coarser(bucket, values_ns[i])]++;
        }
    }
    return count;
}

// Returns the largest value.
static PATH_HOT int64_t add_moments(struct histogram *histogram, const int64_t *values_ns,
                                    uint32_t count)
{
    unsigned __int128 sum = 0, squares = 0;
    int64_t minimum = INT64_MAX, maximum = -1;
#pragma GCC unroll 7
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = (uint64_t)values_ns[i], micro = value >> 10;
        sum += value;
        squares += (unsigned __int128)micro * micro;
        minimum = values_ns[i] < minimum ? values_ns[i] : minimum;
        maximum = values_ns[i] > maximum ? values_ns[i] : maximum;
    }
    histogram->count += count;
    histogram->sum += (__int128)sum;
    histogram->sum_of_squares += (__int128)squares;
    histogram->minimum = minimum < histogram->minimum ? minimum : histogram->minimum;
    histogram->maximum = maximum > histogram->maximum ? maximum : histogram->maximum;
    return maximum;
}

PATH_APART static void count_below(struct histogram *histogram, const int64_t *values_ns,
                                   uint32_t count)
{
    for (uint32_t k = 0; k < histogram->threshold_count; k++) {
        const int64_t threshold = histogram->thresholds[k];
        for (uint32_t i = 0; i < count; i++) {
            histogram->below[k] += values_ns[i] < threshold;
        }
    }
}

// Values from which on buckets are not allocated: one by one.
PATH_RARE static void add_each(struct histogram *histogram, struct meter_bin *bin,
                               const int64_t *values_ns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        histogram_add(histogram, values_ns[i]);
        if (bin != NULL) {
            meter_bin_add(bin, values_ns[i], 1);
        }
    }
}

static PATH_HOT int64_t put(struct histogram *histogram, const int64_t *values_ns, uint32_t count)
{
    if (histogram->threshold_count > 0) {
        count_below(histogram, values_ns, count);
    }
    return add_moments(histogram, values_ns, count);
}

static PATH_HOT void empty(struct meter_inbox *inbox, struct histogram *histogram,
                           struct meter_bin *bin, uint32_t count)
{
    inbox->count = 0;
    const uint32_t held = count_held(inbox->values, count, histogram, bin->counts);
    const int64_t largest = put(histogram, inbox->values, held);
    bin->count += held;
    bin->maximum = largest > bin->maximum ? largest : bin->maximum;
    if (held < count) {
        add_each(histogram, bin, inbox->values + held, count - held);
    }
}

static PATH_HOT void empty_waits(struct meter_inbox *inbox, struct histogram *histogram,
                                 uint32_t count)
{
    inbox->count = 0;
    const uint32_t held = count_held(inbox->values, count, histogram, NULL);
    put(histogram, inbox->values, held);
    if (held < count) {
        add_each(histogram, NULL, inbox->values + held, count - held);
    }
}

void meter_inbox_empty(struct meter_inbox *inbox, struct histogram *histogram,
                       struct meter_bin *bin)
{
    empty(inbox, histogram, bin, METER_INBOX);
}

void meter_inbox_empty_waits(struct meter_inbox *inbox, struct histogram *histogram)
{
    empty_waits(inbox, histogram, METER_INBOX);
}

void meter_inbox_flush(struct meter_inbox *inbox, struct histogram *histogram,
                       struct meter_bin *bin)
{
    if (bin != NULL) {
        empty(inbox, histogram, bin, (uint32_t)inbox->count);
    } else {
        empty_waits(inbox, histogram, (uint32_t)inbox->count);
    }
}
