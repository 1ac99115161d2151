// test_histogram - buckets, exact counters, merging, spreading and quantiles against a sorted
// array.
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kernel/histogram.h"
#include "sim/kernel/random.h"

static const int64_t largest = (INT64_C(1) << 62) - 1;

Test(histogram, buckets_follow_each_other_without_gap_or_overlap)
{
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        const int64_t low = histogram_bucket_low(bucket), next = histogram_bucket_low(bucket + 1);
        cr_assert_lt(low, next);
        cr_assert_eq(histogram_bucket(low), bucket);
        cr_assert_eq(histogram_bucket(next - 1), bucket);
        cr_assert(bucket < 128 || (double)(next - low) / (double)low < 0.008);
    }
    cr_assert_eq(histogram_bucket(largest), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, an_empty_one_holds_no_memory_and_answers_nan)
{
    struct histogram histogram;
    histogram_init(&histogram);
    cr_assert_null(histogram.counts);
    cr_assert(isnan(histogram_mean(&histogram)));
    cr_assert(isnan(histogram_variance(&histogram)));
    cr_assert(isnan(histogram_quantile(&histogram, 0.5)));
    histogram_release(&histogram);
}

Test(histogram, a_narrow_range_takes_little_memory)
{
    struct histogram histogram;
    histogram_init(&histogram);
    for (int64_t value = 1000000; value < 1100000; value++) {
        histogram_add(&histogram, value);
    }
    cr_assert_leq(histogram.room, 128);
    histogram_add(&histogram, 5);
    cr_assert_eq(histogram.counts[5 - histogram.first], 1);
    cr_assert_eq(histogram.count, 100001);
    histogram_release(&histogram);
}

Test(histogram, count_sum_minimum_maximum_and_thresholds_are_exact)
{
    struct histogram histogram;
    histogram_init(&histogram);
    cr_assert_eq(histogram_watch(&histogram, 300), 0);
    cr_assert_eq(histogram_watch(&histogram, 1000000), 1);
    cr_assert_eq(histogram_watch(&histogram, 300), 0);
    const int64_t values[] = {299, 300, 301, 999999, 1000000, 0, largest};
    __int128 sum = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        histogram_add(&histogram, values[i]);
        sum += values[i];
    }
    cr_assert_eq(histogram.count, 7);
    cr_assert(histogram.sum == sum);
    cr_assert_eq(histogram.minimum, 0);
    cr_assert_eq(histogram.maximum, largest);
    cr_assert_eq(histogram.below[0], 2);
    cr_assert_eq(histogram.below[1], 5);
    histogram_release(&histogram);
}

Test(histogram, no_more_than_six_thresholds_are_watched)
{
    struct histogram histogram;
    histogram_init(&histogram);
    for (int i = 0; i < HISTOGRAM_THRESHOLDS; i++) {
        cr_assert_eq(histogram_watch(&histogram, 10 + i), i);
    }
    cr_assert_eq(histogram_watch(&histogram, 99), -1);
    cr_assert_eq(histogram_watch(&histogram, 12), 2);
}

Test(histogram, values_beyond_the_end_are_held)
{
    struct histogram histogram;
    histogram_init(&histogram);
    histogram_add(&histogram, INT64_MAX);
    histogram_add(&histogram, INT64_C(1) << 62);
    cr_assert_eq(histogram.maximum, largest);
    cr_assert_eq(histogram.minimum, largest);
    cr_assert_eq((int64_t)histogram_quantile(&histogram, 0.5), (int64_t)(double)largest);
    histogram_release(&histogram);
}

Test(histogram, many_equal_values_are_one_addition)
{
    struct histogram one, other;
    histogram_init(&one);
    histogram_init(&other);
    histogram_watch(&one, 5000);
    histogram_watch(&other, 5000);
    histogram_add_many(&one, 4999, 1000);
    histogram_add_many(&one, 123456, 0);
    for (int i = 0; i < 1000; i++) {
        histogram_add(&other, 4999);
    }
    cr_assert_eq(one.count, other.count);
    cr_assert(one.sum == other.sum);
    cr_assert(one.sum_of_squares == other.sum_of_squares);
    cr_assert_eq(one.maximum, other.maximum);
    cr_assert_eq(one.below[0], other.below[0]);
    histogram_release(&one);
    histogram_release(&other);
}

static int64_t draw(struct random_stream *stream)
{
    return (int64_t)(random_word(stream) >> (2 + random_below(stream, 62)));
}

static int by_value(const void *one, const void *other)
{
    const int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

Test(histogram, quantiles_are_within_a_bucket_of_those_of_the_sorted_values)
{
    enum { COUNT = 20001 };
    static int64_t values[COUNT];
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    struct histogram histogram;
    histogram_init(&histogram);
    for (int i = 0; i < COUNT; i++) {
        values[i] = draw(&stream);
        histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof *values, by_value);
    for (int i = 0; i <= 1000; i++) {
        const int rank = (int)ceil(i / 1000.0 * COUNT);
        const double exact = (double)values[rank > 0 ? rank - 1 : 0];
        const double read = histogram_quantile(&histogram, i / 1000.0);
        cr_assert_leq(fabs(read - exact), 0.0079 * exact + 1e-9, "p %d: %g and %g", i, read, exact);
    }
    cr_assert_eq(histogram_quantile(&histogram, 0), (double)values[0]);
    cr_assert_eq(histogram_quantile(&histogram, 1), (double)values[COUNT - 1]);
    histogram_release(&histogram);
}

Test(histogram, a_quantile_never_leaves_the_values_seen)
{
    struct histogram histogram;
    histogram_init(&histogram);
    histogram_add(&histogram, 1000003);
    for (int i = 0; i <= 10; i++) {
        cr_assert_eq(histogram_quantile(&histogram, i / 10.0), 1000003);
    }
    histogram_release(&histogram);
}

Test(histogram, a_quantile_rises_with_p)
{
    struct random_stream stream;
    random_stream_init(&stream, 2, 2);
    struct histogram histogram;
    histogram_init(&histogram);
    for (int i = 0; i < 500; i++) {
        histogram_add(&histogram, draw(&stream));
    }
    double before = -1;
    for (int i = 0; i <= 10000; i++) {
        const double value = histogram_quantile(&histogram, i / 10000.0);
        cr_assert_geq(value, before);
        before = value;
    }
    histogram_release(&histogram);
}

static void expect_same(const struct histogram *one, const struct histogram *other)
{
    cr_assert_eq(one->count, other->count);
    cr_assert(one->sum == other->sum);
    cr_assert(one->sum_of_squares == other->sum_of_squares);
    cr_assert_eq(one->minimum, other->minimum);
    cr_assert_eq(one->maximum, other->maximum);
    cr_assert_arr_eq(one->below, other->below, sizeof one->below);
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        const bool in_one = bucket - one->first < one->room;
        const bool in_other = bucket - other->first < other->room;
        cr_assert_eq(in_one ? one->counts[bucket - one->first] : 0,
                     in_other ? other->counts[bucket - other->first] : 0);
    }
}

Test(histogram, merging_in_any_order_is_adding_all)
{
    enum { PARTS = 5 };
    struct histogram parts[PARTS], all, forth, back;
    struct random_stream stream;
    random_stream_init(&stream, 3, 3);
    histogram_init(&all);
    histogram_watch(&all, 1000000);
    histogram_init(&forth);
    histogram_init(&back);
    for (int part = 0; part < PARTS; part++) {
        histogram_init(&parts[part]);
        histogram_watch(&parts[part], 1000000);
        for (int i = 0; i < part * 300; i++) { // the first stays empty
            const int64_t value = draw(&stream);
            histogram_add(&parts[part], value);
            histogram_add(&all, value);
        }
    }
    for (int part = 0; part < PARTS; part++) {
        histogram_merge(&forth, &parts[part]);
        histogram_merge(&back, &parts[PARTS - 1 - part]);
    }
    expect_same(&all, &forth);
    expect_same(&all, &back);
    for (int part = 0; part < PARTS; part++) {
        histogram_release(&parts[part]);
    }
    histogram_release(&all);
    histogram_release(&forth);
    histogram_release(&back);
}

Test(histogram, clearing_keeps_thresholds_and_forgets_values)
{
    struct histogram histogram, fresh;
    histogram_init(&histogram);
    histogram_init(&fresh);
    histogram_watch(&histogram, 1000);
    histogram_watch(&fresh, 1000);
    for (int i = 0; i < 5000; i++) {
        histogram_add(&histogram, i * 1000);
    }
    histogram_clear(&histogram);
    cr_assert(isnan(histogram_mean(&histogram)));
    histogram_add(&histogram, 77);
    histogram_add(&fresh, 77);
    expect_same(&histogram, &fresh);
    histogram_release(&histogram);
    histogram_release(&fresh);
}

Test(histogram, mean_and_variance_are_those_of_the_values)
{
    struct histogram histogram;
    histogram_init(&histogram);
    for (int64_t i = 0; i < 1000; i++) {
        histogram_add(&histogram, i * 1024000);
    }
    cr_assert_float_eq(histogram_mean(&histogram), 499.5 * 1024000, 1e-3);
    const double variance = (1000.0 * 1000 - 1) / 12 * 1024000 * 1024000;
    cr_assert_float_eq(histogram_variance(&histogram) / variance, 1, 1e-9);
    histogram_release(&histogram);
}

// The definition, value by value.
static void spread_one_by_one(struct histogram *histogram, int64_t low, int64_t high, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const __int128 part = (__int128)(high - low) * (2 * (__int128)i + 1) / (2 * (__int128)n);
        histogram_add(histogram, low + (int64_t)part);
    }
}

Test(histogram, a_spread_counts_what_its_midpoints_count_one_by_one)
{
    static const struct {
        int64_t low, high;
        uint64_t n;
    } cases[] = {{0, 0, 5},          {0, 10, 3},          {7, 8, 1000},          {100, 100, 1},
                 {0, 5000000, 1},    {0, 5000000, 16384}, {1000000, 6000000, 7}, {250, 260, 10},
                 {0, 1, 9},          {3, 1000003, 999},   {0, largest, 1000},    {255, 257, 4},
                 {12345, 12345, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct histogram fast, slow;
        histogram_init(&fast);
        histogram_init(&slow);
        histogram_watch(&fast, 130);
        histogram_watch(&slow, 130);
        histogram_watch(&fast, 1000000);
        histogram_watch(&slow, 1000000);
        histogram_add_spread(&fast, cases[i].low, cases[i].high, cases[i].n);
        spread_one_by_one(&slow, cases[i].low, cases[i].high, cases[i].n);
        const __int128 away = fast.sum - slow.sum;
        cr_assert(away >= 0 && away <= (__int128)cases[i].n, "case %zu", i);
        const double squares = (double)slow.sum_of_squares + 1024.0 * (double)cases[i].n;
        cr_assert_leq(fabs((double)(fast.sum_of_squares - slow.sum_of_squares)), 0.01 * squares);
        fast.sum = slow.sum;
        fast.sum_of_squares = slow.sum_of_squares;
        expect_same(&fast, &slow);
        histogram_release(&fast);
        histogram_release(&slow);
    }
}

Test(histogram, any_spread_counts_each_midpoint_in_its_bucket)
{
    struct random_stream stream;
    random_stream_init(&stream, 1, 2);
    for (int i = 0; i < 4000; i++) {
        const int64_t low = (int64_t)(random_word(&stream) >> (22 + random_below(&stream, 42)));
        const int64_t width = (int64_t)(random_word(&stream) >> (21 + random_below(&stream, 43)));
        const uint64_t n = 1 + (random_word(&stream) >> (52 + random_below(&stream, 12)));
        struct histogram fast, slow;
        histogram_init(&fast);
        histogram_init(&slow);
        histogram_add_spread(&fast, low, low + width, n);
        spread_one_by_one(&slow, low, low + width, n);
        fast.sum = slow.sum;
        fast.sum_of_squares = slow.sum_of_squares;
        expect_same(&fast, &slow);
        histogram_release(&fast);
        histogram_release(&slow);
    }
}

Test(histogram, a_spread_of_nothing_adds_nothing)
{
    struct histogram histogram;
    histogram_init(&histogram);
    histogram_add_spread(&histogram, 5, 10, 0);
    cr_assert_eq(histogram.count, 0);
    cr_assert_null(histogram.counts);
}

Test(histogram, the_sum_of_a_spread_is_exact_to_half_a_nanosecond)
{
    struct histogram histogram;
    histogram_init(&histogram);
    histogram_add_spread(&histogram, 1000, 5000000, 333);
    cr_assert(histogram.sum == (__int128)333 * 5001000 / 2);
    histogram_release(&histogram);
}
