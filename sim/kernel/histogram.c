// histogram - growth, spreading, merging and reading of the log-linear counts.
#include "sim/kernel/histogram.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/path.h"

enum { GROWTH = 64 }; // buckets: half a power of two, 512 bytes

enum { FEW = 6 };     // values a bucket that are counted one by one
static const int64_t LARGEST = ((int64_t)1 << 62) - 1;

void histogram_init(struct histogram *histogram)
{
    *histogram = (struct histogram){.minimum = INT64_MAX, .maximum = -1};
}

void histogram_release(struct histogram *histogram)
{
    free(histogram->counts);
    histogram_init(histogram);
}

void histogram_clear(struct histogram *histogram)
{
    if (histogram->room > 0) {
        memset(histogram->counts, 0, histogram->room * sizeof *histogram->counts);
    }
    memset(histogram->below, 0, sizeof histogram->below);
    histogram->count = 0;
    histogram->sum = 0;
    histogram->sum_of_squares = 0;
    histogram->minimum = INT64_MAX;
    histogram->maximum = -1;
}

int histogram_watch(struct histogram *histogram, int64_t threshold_ns)
{
    CHECK(histogram->count == 0);
    for (uint32_t i = 0; i < histogram->threshold_count; i++) {
        if (histogram->thresholds[i] == threshold_ns) {
            return (int)i;
        }
    }
    if (histogram->threshold_count == HISTOGRAM_THRESHOLDS) {
        return -1;
    }
    histogram->thresholds[histogram->threshold_count] = threshold_ns;
    return (int)histogram->threshold_count++;
}

void histogram_grow(struct histogram *histogram, uint32_t bucket)
{
    CHECK(bucket < HISTOGRAM_BUCKETS);
    uint32_t first = bucket / GROWTH * GROWTH, end = first + GROWTH;
    const uint32_t old_end = histogram->first + histogram->room;
    if (histogram->room > 0) {
        first = first < histogram->first ? first : histogram->first;
        end = end > old_end ? end : old_end;
    }
    uint64_t *counts = check_calloc(end - first, sizeof *counts);
    if (histogram->room > 0) {
        memcpy(counts + (histogram->first - first), histogram->counts,
               histogram->room * sizeof *counts);
    }
    free(histogram->counts);
    histogram->counts = counts;
    histogram->first = first;
    histogram->room = end - first;
}

PATH_RARE void histogram_add_outside(struct histogram *histogram, int64_t value_ns, uint64_t times)
{
    CHECK(value_ns >= 0);
    if (times == 0) {
        return;
    }
    value_ns = value_ns > LARGEST ? LARGEST : value_ns;
    const uint32_t bucket = histogram_bucket(value_ns);
    if (!histogram_holds(histogram, bucket)) {
        histogram_grow(histogram, bucket);
    }
    histogram_add_inside(histogram, bucket, value_ns, times);
}

int64_t histogram_bucket_low(uint32_t bucket)
{
    if (bucket < 1 << HISTOGRAM_SUB_BITS) {
        return bucket;
    }
    const uint32_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    return (int64_t)(bucket - (shift << HISTOGRAM_SUB_BITS)) << shift;
}

// Nearly always both fit into a word, where a division takes a fraction of the time.
static unsigned __int128 quotient(unsigned __int128 one, unsigned __int128 other)
{
    const bool narrow = (one | other) >> 64 == 0;
    return narrow ? (uint64_t)one / (uint64_t)other : one / other;
}

// How many of the n midpoints low + (2 i + 1) width / 2n lie below `value`.
static uint64_t spread_below(int64_t value, int64_t low, int64_t width, uint64_t n)
{
    if (value <= low || width == 0) {
        return value <= low ? 0 : n;
    }
    const unsigned __int128 twice = 2 * (unsigned __int128)width;
    const unsigned __int128 doubled = (unsigned __int128)(value - low) * 2 * n;
    if (doubled <= (uint64_t)width) {
        return 0;
    }
    const unsigned __int128 below = quotient(doubled + (uint64_t)width - 1, twice);
    return below < n ? (uint64_t)below : n;
}

static int64_t spread_value(int64_t low, int64_t width, uint64_t n, uint64_t i)
{
    return low + (int64_t)quotient((unsigned __int128)width * (2 * i + 1), 2 * n);
}

// Few values, one after the other: what the division leaves over is carried to the next.
static void count_few(struct histogram *histogram, int64_t low, int64_t width, uint64_t n)
{
    const uint64_t parts = 2 * n, step = 2 * (uint64_t)width / parts;
    const uint64_t left = 2 * (uint64_t)width % parts;
    uint64_t over = (uint64_t)width % parts;
    int64_t value = low + (int64_t)((uint64_t)width / parts);
    for (uint64_t i = 0; i < n; i++) {
        histogram->counts[histogram_bucket(value) - histogram->first]++;
        over += left;
        value += (int64_t)(step + (over >= parts));
        over -= over >= parts ? parts : 0;
    }
}

// Many values, bucket by bucket.
static void count_many(struct histogram *histogram, int64_t low, int64_t width, uint64_t n)
{
    uint32_t bucket = histogram_bucket(spread_value(low, width, n, 0));
    for (uint64_t done = 0; done < n; bucket++) {
        const uint64_t below = spread_below(histogram_bucket_low(bucket + 1), low, width, n);
        histogram->counts[bucket - histogram->first] += below - done;
        done = below;
    }
}

// Below these limits every product of a spread fits into a word.
static const uint64_t FEW_ENOUGH = 1 << 20;
static const int64_t SHORT_ENOUGH = (int64_t)1 << 42; // 73 minutes

static bool fits_a_word(int64_t high, int64_t width, uint64_t n)
{
    return n < FEW_ENOUGH && high < SHORT_ENOUGH && width > 0;
}

// Many values, bucket by bucket: from one bucket's end to the next the same is added to quotient
// and remainder of spread_below, twice as much where the buckets become twice as wide.
static void count_by_steps(struct histogram *histogram, int64_t low, int64_t width, uint64_t n)
{
    uint32_t bucket = histogram_bucket(spread_value(low, width, n, 0));
    const uint64_t divisor = 2 * (uint64_t)width;
    const uint64_t end = (uint64_t)(histogram_bucket_low(bucket + 1) - low);
    const uint64_t first = 2 * n * end + (uint64_t)width - 1;
    const uint32_t octave = bucket >> HISTOGRAM_SUB_BITS;
    const uint64_t step = 2 * n << (octave > 0 ? octave - 1 : 0);
    uint64_t below = first / divisor, over = first % divisor;
    uint64_t more = step / divisor, left = step % divisor;
    for (uint64_t done = 0; done < n;) {
        const uint64_t here = below < n ? below : n;
        histogram->counts[bucket - histogram->first] += here - done;
        done = here;
        bucket++;
        if (bucket % (1 << HISTOGRAM_SUB_BITS) == 0 && bucket >> HISTOGRAM_SUB_BITS > 1) {
            left *= 2;
            more = 2 * more + (left >= divisor);
            left -= left >= divisor ? divisor : 0;
        }
        over += left;
        below += more + (over >= divisor);
        over -= over >= divisor ? divisor : 0;
    }
}

static void make_room(struct histogram *histogram, int64_t smallest, int64_t largest)
{
    const uint32_t first = histogram_bucket(smallest), last = histogram_bucket(largest);
    if (!histogram_holds(histogram, first)) {
        histogram_grow(histogram, first);
    }
    if (!histogram_holds(histogram, last)) {
        histogram_grow(histogram, last);
    }
}

void histogram_add_spread(struct histogram *histogram, int64_t low, int64_t high, uint64_t n)
{
    CHECK(low >= 0);
    CHECK(low <= high);
    if (n == 0) {
        return;
    }
    CHECK(n < (uint64_t)1 << 62);
    high = high > LARGEST ? LARGEST : high;
    low = low > LARGEST ? LARGEST : low;
    const int64_t width = high - low;
    const int64_t smallest = spread_value(low, width, n, 0);
    const int64_t largest = spread_value(low, width, n, n - 1);
    make_room(histogram, smallest, largest);
    const uint64_t buckets = histogram_bucket(largest) - histogram_bucket(smallest) + UINT64_C(1);
    if (fits_a_word(high, width, n) && n > buckets / 2) {
        count_by_steps(histogram, low, width, n);
    } else if (n <= FEW * buckets) {
        count_few(histogram, low, width, n);
    } else {
        count_many(histogram, low, width, n);
    }
    histogram->count += n;
    histogram->sum += (__int128)n * ((__int128)low + high) / 2;
    // n times the mean square of the midpoints: middle^2 + width^2 (1 - 1/n^2) / 12, in 1/4 units.
    const __int128 twice = ((__int128)low + high) >> 10, narrow = width >> 10;
    const __int128 inside = (__int128)quotient((unsigned __int128)(narrow * narrow), 12);
    histogram->sum_of_squares += (__int128)n * (twice * twice / 4 + inside);
    histogram->sum_of_squares -= (__int128)quotient((unsigned __int128)inside, n);
    histogram->minimum = smallest < histogram->minimum ? smallest : histogram->minimum;
    histogram->maximum = largest > histogram->maximum ? largest : histogram->maximum;
    for (uint32_t i = 0; i < histogram->threshold_count; i++) {
        histogram->below[i] += spread_below(histogram->thresholds[i], low, width, n);
    }
}

static void merge_thresholds(struct histogram *into, const struct histogram *from)
{
    if (into->count == 0 && into->threshold_count == 0) {
        into->threshold_count = from->threshold_count;
        memcpy(into->thresholds, from->thresholds, sizeof into->thresholds);
    }
    CHECK(into->threshold_count == from->threshold_count);
    for (uint32_t i = 0; i < from->threshold_count; i++) {
        CHECK(into->thresholds[i] == from->thresholds[i]);
        into->below[i] += from->below[i];
    }
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    merge_thresholds(into, from);
    if (from->count == 0) {
        return;
    }
    const uint32_t first = histogram_bucket(from->minimum), last = histogram_bucket(from->maximum);
    if (first - into->first >= into->room) {
        histogram_grow(into, first);
    }
    if (last - into->first >= into->room) {
        histogram_grow(into, last);
    }
    for (uint32_t bucket = first; bucket <= last; bucket++) {
        into->counts[bucket - into->first] += from->counts[bucket - from->first];
    }
    into->count += from->count;
    into->sum += from->sum;
    into->sum_of_squares += from->sum_of_squares;
    into->minimum = from->minimum < into->minimum ? from->minimum : into->minimum;
    into->maximum = from->maximum > into->maximum ? from->maximum : into->maximum;
}

double histogram_mean(const struct histogram *histogram)
{
    if (histogram->count == 0) {
        return __builtin_nan("");
    }
    return (double)histogram->sum / (double)histogram->count;
}

double histogram_variance(const struct histogram *histogram)
{
    if (histogram->count == 0) {
        return __builtin_nan("");
    }
    const double count = (double)histogram->count;
    const double mean = (double)histogram->sum / 1024 / count;
    const double variance = (double)histogram->sum_of_squares / count - mean * mean;
    return variance > 0 ? variance * 0x1p20 : 0;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

double histogram_quantile(const struct histogram *histogram, double p)
{
    CHECK(p >= 0 && p <= 1);
    if (histogram->count == 0) {
        return __builtin_nan("");
    }
    const double rank = p * (double)histogram->count;
    const uint32_t last = histogram_bucket(histogram->maximum);
    uint32_t bucket = histogram_bucket(histogram->minimum);
    uint64_t before = 0, here = histogram->counts[bucket - histogram->first];
    while (bucket < last && (double)(before + here) < rank) {
        before += here;
        here = histogram->counts[++bucket - histogram->first];
    }
    const double low = (double)histogram_bucket_low(bucket);
    const double high = (double)(histogram_bucket_low(bucket + 1) - 1);
    const double share = clamp((rank - (double)before) / (double)here, 0, 1);
    return clamp(low + (high - low) * share, (double)histogram->minimum,
                 (double)histogram->maximum);
}
