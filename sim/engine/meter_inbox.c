// meter_inbox - durations on their way into a histogram, put there by sevens.
#include "sim/engine/meter_inbox.h"

#include "sim/base/path.h"

static const uint64_t SHORT_NS = (uint64_t)1 << 40; // 18 minutes

struct moments {
    unsigned __int128 sum, squares; // as in a histogram
    int64_t minimum, maximum;
};

PATH_RARE static struct moments moments_of_long(const int64_t *values_ns, uint32_t count)
{
    struct moments moments = {0, 0, INT64_MAX, -1};
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = (uint64_t)values_ns[i], micro = value >> 10;
        moments.sum += value;
        moments.squares += (unsigned __int128)micro * micro;
        moments.minimum = values_ns[i] < moments.minimum ? values_ns[i] : moments.minimum;
        moments.maximum = values_ns[i] > moments.maximum ? values_ns[i] : moments.maximum;
    }
    return moments;
}

// Sums of seven values below SHORT_NS and of their squares fit into a word.
static PATH_HOT struct moments moments_of(const int64_t *values_ns, uint32_t count)
{
    uint64_t sum = 0, squares = 0, bits = 0;
    int64_t minimum = INT64_MAX, maximum = -1;
#pragma GCC unroll 7
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = (uint64_t)values_ns[i], micro = value >> 10;
        bits |= value;
        sum += value;
        squares += micro * micro;
        minimum = values_ns[i] < minimum ? values_ns[i] : minimum;
        maximum = values_ns[i] > maximum ? values_ns[i] : maximum;
    }
    if (bits >= SHORT_NS) {
        return moments_of_long(values_ns, count);
    }
    return (struct moments){sum, squares, minimum, maximum};
}

// Buckets are allocated by range: with those of the extremes, every other is.
static PATH_HOT bool are_held(const struct histogram *histogram, const struct moments *moments)
{
    return histogram_holds(histogram, histogram_bucket(moments->minimum)) &&
           histogram_holds(histogram, histogram_bucket(moments->maximum));
}

static PATH_HOT void add_moments(struct histogram *histogram, const struct moments *moments)
{
    histogram->sum += (__int128)moments->sum;
    histogram->sum_of_squares += (__int128)moments->squares;
    if (moments->minimum < histogram->minimum) {
        histogram->minimum = moments->minimum;
    }
    if (moments->maximum > histogram->maximum) {
        histogram->maximum = moments->maximum;
    }
}

static PATH_HOT void count_each(struct histogram *histogram, uint32_t *bins,
                                const int64_t *values_ns, uint32_t count)
{
    uint64_t *const counts = histogram->counts;
    const uint32_t first = histogram->first;
    histogram->count += count;
#pragma GCC unroll 7
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t bucket = histogram_bucket(values_ns[i]);
        counts[bucket - first]++;
        if (bins != NULL) {
            bins[meter_bin_coarser(bucket, values_ns[i])]++;
        }
    }
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

// Some bucket must be allocated first.
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

static PATH_HOT void empty(struct meter_inbox *inbox, struct histogram *histogram,
                           struct meter_bin *bin, uint32_t count)
{
    const struct moments moments = moments_of(inbox->values, count);
    inbox->count = 0;
    if (!are_held(histogram, &moments)) {
        add_each(histogram, bin, inbox->values, count);
        return;
    }
    add_moments(histogram, &moments);
    if (histogram->threshold_count > 0) {
        count_below(histogram, inbox->values, count);
    }
    bin->count += count;
    bin->maximum = moments.maximum > bin->maximum ? moments.maximum : bin->maximum;
    count_each(histogram, bin->counts, inbox->values, count);
}

static PATH_HOT void empty_waits(struct meter_inbox *inbox, struct histogram *histogram,
                                 uint32_t count)
{
    const struct moments moments = moments_of(inbox->values, count);
    inbox->count = 0;
    if (!are_held(histogram, &moments)) {
        add_each(histogram, NULL, inbox->values, count);
        return;
    }
    add_moments(histogram, &moments);
    if (histogram->threshold_count > 0) {
        count_below(histogram, inbox->values, count);
    }
    count_each(histogram, NULL, inbox->values, count);
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
    if (inbox->count == 0) {
        return;
    }
    if (bin != NULL) {
        empty(inbox, histogram, bin, (uint32_t)inbox->count);
    } else {
        empty_waits(inbox, histogram, (uint32_t)inbox->count);
    }
}
