// test_estimate - intervals against GSL and against what they promise: how often they cover.
#include <criterion/criterion.h>

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "sim/kernel/distribution.h"
#include "sim/kernel/estimate.h"
#include "sim/kernel/inversion.h"
#include "sim/kernel/special.h"

// ---- Special functions --------------------------------------------------------------------------

Test(estimate, incomplete_functions_agree_with_gsl)
{
    for (int i = 1; i <= 60; i++) {
        const double a = exp(i / 6.0 - 4), b = exp(4 - i / 9.0);
        for (int j = 1; j < 40; j++) {
            const double x = j / 40.0, at = a * j / 20;
            cr_assert_float_eq(special_beta(a, b, x, 1 - x), gsl_cdf_beta_P(x, a, b), 1e-11);
            // GSL's two parts do not add up to 1 closer than this where a is small.
            cr_assert_float_eq(special_gamma_p(a, at), gsl_cdf_gamma_P(at, a, 1), 2e-11);
            cr_assert_float_eq(special_gamma_q(a, at), gsl_cdf_gamma_Q(at, a, 1), 2e-11);
        }
    }
    cr_assert_eq(special_gamma_p(2, 0), 0);
    cr_assert_eq(special_gamma_q(2, 0), 1);
    cr_assert_eq(special_beta(2, 3, 0, 1), 0);
    cr_assert_eq(special_beta(2, 3, 1, 0), 1);
}

Test(estimate, harmonic_numbers_agree_with_the_sum)
{
    static const double powers[] = {-2, -1, -0.5, 0, 0.5, 0.999, 1, 1.0004, 1.1, 2, 7, 20};
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        long double sum = 0;
        for (int n = 1; n <= 20000; n++) {
            sum += powl(n, -(long double)powers[i]);
            if (n < 60 || n % 4999 == 0) {
                const double exact = (double)sum;
                cr_assert_float_eq(special_harmonic(n, powers[i]) / exact, 1, 1e-13, "%d", n);
            }
        }
    }
}

// ---- Student ------------------------------------------------------------------------------------

static const double levels[] = {1e-4,  0.001, 0.0025, 0.005, 0.01,  0.025, 0.05, 0.1,   0.2,
                                0.25,  0.3,   0.4,    0.49,  0.499, 0.51,  0.6,  0.7,   0.749,
                                0.751, 0.8,   0.875,  0.9,   0.95,  0.975, 0.99, 0.995, 0.999};

Test(estimate, student_s_quantiles_agree_with_gsl)
{
    for (int df = 1; df <= 1000; df++) {
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
            const double exact = gsl_cdf_tdist_Pinv(levels[i], df);
            const double ours = estimate_student(levels[i], df);
            cr_assert_float_eq(ours / exact, 1, 1e-9, "df %d, p %g: %.15g", df, levels[i], ours);
        }
    }
}

Test(estimate, student_s_quantiles_with_one_and_two_degrees_have_closed_forms)
{
    for (double p = 1e-12; p < 0.5; p *= 1.37) {
        const double one = -1 / tan(M_PI * p);
        const double two = (2 * p - 1) * sqrt(2 / (4 * p * (1 - p)));
        cr_assert_float_eq(estimate_student(p, 1) / one, 1, 1e-10, "%g", p);
        cr_assert_float_eq(estimate_student(p, 2) / two, 1, 1e-10, "%g", p);
    }
}

Test(estimate, student_s_quantiles_are_symmetric_and_near_normal_in_the_end)
{
    cr_assert_eq(estimate_student(0.5, 7), 0);
    for (double df = 1; df < 1e6; df *= 1.7) {
        cr_assert_float_eq(estimate_student(0.975, df), -estimate_student(0.025, df), 1e-12 * 13);
    }
    cr_assert_float_eq(estimate_student(0.975, 1e9), gsl_cdf_ugaussian_Pinv(0.975), 1e-8);
    cr_assert_float_eq(estimate_student(0.975, 4.5), 2.658, 1e-2);
}

// ---- Means --------------------------------------------------------------------------------------

Test(estimate, a_mean_has_the_interval_of_the_textbook)
{
    const double values[] = {4, 2, 5, 8, 6};
    const struct estimate estimate = estimate_mean(values, 5, 0.95);
    cr_assert(estimate.known && estimate.has_interval);
    cr_assert_float_eq(estimate.value, 5, 1e-15);
    cr_assert_float_eq(estimate.se, 1, 1e-15);
    cr_assert_eq(estimate.df, 4);
    cr_assert_float_eq(estimate.low, 5 - 2.7764451051977987, 1e-12);
    cr_assert_float_eq(estimate.high, 5 + 2.7764451051977987, 1e-12);
    cr_assert_float_eq(estimate_relative_width(&estimate), 0.5552890210395597, 1e-12);
}

Test(estimate, too_few_values_are_said_to_be_few)
{
    const double values[] = {NAN, 3, NAN};
    cr_assert_not(estimate_mean(values, 0, 0.95).known);
    cr_assert_not(estimate_mean(values, 1, 0.95).known);
    const struct estimate one = estimate_mean(values, 3, 0.95);
    cr_assert(one.known && !one.has_interval);
    cr_assert_eq(one.value, 3);
    cr_assert_eq(estimate_relative_width(&one), INFINITY);
    const double zeros[] = {0, 0, 0};
    const struct estimate zero = estimate_mean(zeros, 3, 0.95);
    cr_assert_eq(estimate_relative_width(&zero), INFINITY);
}

Test(estimate, values_that_are_missing_are_skipped)
{
    const double with[] = {4, NAN, 2, 5, NAN, 8, 6}, without[] = {4, 2, 5, 8, 6};
    const struct estimate one = estimate_mean(with, 7, 0.9), other = estimate_mean(without, 5, 0.9);
    cr_assert_eq(one.low, other.low);
    cr_assert_eq(one.high, other.high);
    cr_assert_eq(one.df, other.df);
}

Test(estimate, an_interval_covers_as_often_as_it_says)
{
    enum { TRIALS = 4000, VALUES = 8 };
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    int covered = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double values[VALUES];
        for (int i = 0; i < VALUES; i++) {
            values[i] = 10 + inversion_normal(inversion_open_unit(&stream));
        }
        const struct estimate estimate = estimate_mean(values, VALUES, 0.95);
        covered += estimate.low <= 10 && 10 <= estimate.high;
    }
    cr_assert_float_eq(covered / (double)TRIALS, 0.95, 4 * sqrt(0.95 * 0.05 / TRIALS));
}

Test(estimate, sections_spread_about_the_pooled_value)
{
    const double sections[] = {9, NAN, 11, 12};
    const struct estimate estimate = estimate_section(10, sections, 4, 0.95);
    const double half = gsl_cdf_tdist_Pinv(0.975, 2) * sqrt((1.0 + 1 + 4) / 2 / 3);
    cr_assert_eq(estimate.value, 10);
    cr_assert_eq(estimate.df, 2);
    cr_assert_float_eq(estimate.high - 10, half, 1e-9);
    cr_assert_float_eq(10 - estimate.low, half, 1e-9);
    cr_assert_not(estimate_section(NAN, sections, 4, 0.95).known);
    cr_assert_not(estimate_section(10, sections, 2, 0.95).has_interval);
}

static int by_value(const void *one, const void *other)
{
    const double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

Test(estimate, sections_of_a_p99_cover_it)
{
    enum { TRIALS = 400, SECTIONS = 10, EACH = 1000 };
    static double all[SECTIONS * EACH], part[EACH];
    struct random_stream stream;
    random_stream_init(&stream, 2, 2);
    int covered = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double sections[SECTIONS];
        for (int i = 0; i < SECTIONS; i++) {
            for (int j = 0; j < EACH; j++) {
                part[j] = all[i * EACH + j] = inversion_exponential(&stream);
            }
            qsort(part, EACH, sizeof *part, by_value);
            sections[i] = part[EACH * 99 / 100];
        }
        qsort(all, SECTIONS * EACH, sizeof *all, by_value);
        const double pooled = all[SECTIONS * EACH * 99 / 100];
        const struct estimate estimate = estimate_section(pooled, sections, SECTIONS, 0.95);
        covered += estimate.low <= log(100) && log(100) <= estimate.high;
    }
    cr_assert_geq(covered / (double)TRIALS, 0.95 - 4 * sqrt(0.95 * 0.05 / TRIALS));
}

// ---- Ratios -------------------------------------------------------------------------------------

Test(estimate, clopper_and_pearson_s_bounds_agree_with_gsl)
{
    static const double chances[] = {0.9, 0.95, 0.9999};
    for (uint64_t n = 1; n <= 1000; n = n * 2 + 1) {
        for (uint64_t k = 0; k <= n; k += 1 + n / 20) {
            for (int i = 0; i < 3; i++) {
                const double out = (1 - chances[i]) / 2;
                double low, high;
                estimate_binomial(k, n, chances[i], &low, &high);
                const double failures = (double)(n - k), successes = (double)k;
                const double exact = k == 0 ? 0 : gsl_cdf_beta_Pinv(out, successes, failures + 1);
                cr_assert_float_eq(low, exact, 1e-9 * (exact + 1e-3));
                const double above = k == n ? 1 : gsl_cdf_beta_Qinv(out, successes + 1, failures);
                cr_assert_float_eq(high, above, 1e-9);
            }
        }
    }
}

Test(estimate, bounds_of_millions_of_trials_are_the_tails_they_promise)
{
    static const uint64_t cases[][2] = {{999999, 1000000},
                                        {1, 1000000},
                                        {999990, 1000000},
                                        {500000, 1000000},
                                        {99999999, 100000000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double low, high;
        estimate_binomial(cases[i][0], cases[i][1], 0.95, &low, &high);
        const double k = (double)cases[i][0], n = (double)cases[i][1];
        cr_assert(low < k / n && k / n < high);
        // A bound next to 1 is itself only good to 10^-16.
        cr_assert_float_eq(special_beta(k, n - k + 1, low, 1 - low), 0.025, 1e-6);
        cr_assert_float_eq(special_beta(k + 1, n - k, high, 1 - high), 0.975, 1e-6);
    }
    double low, high;
    estimate_binomial(1000000, 1000000, 0.95, &low, &high);
    cr_assert_eq(high, 1);
    cr_assert_float_eq(1 - low, -log(0.025) / 1e6, 1e-11);
}

Test(estimate, no_failure_seen_is_not_certainty)
{
    const uint64_t good[] = {100, 100, 100}, total[] = {100, 100, 100};
    const struct estimate estimate = estimate_ratio(good, total, 3, 0.95);
    cr_assert(estimate.known && estimate.has_interval);
    cr_assert_eq(estimate.value, 1);
    cr_assert_eq(estimate.high, 1);
    cr_assert_float_eq(estimate.low, pow(0.025, 1 / 300.0), 1e-12);
}

Test(estimate, replications_that_differ_widen_the_interval)
{
    const uint64_t alike[] = {90, 90, 90, 90}, unlike[] = {100, 100, 100, 60};
    const uint64_t total[] = {100, 100, 100, 100};
    const struct estimate one = estimate_ratio(alike, total, 4, 0.95);
    const struct estimate other = estimate_ratio(unlike, total, 4, 0.95);
    cr_assert_eq(one.value, other.value);
    double low, high;
    estimate_binomial(360, 400, 0.95, &low, &high);
    cr_assert_eq(one.low, low);
    cr_assert_eq(one.high, high);
    cr_assert_lt(other.low, one.low);
    cr_assert_eq(other.high, 1);
    cr_assert_float_eq(other.value - other.low, gsl_cdf_tdist_Pinv(0.975, 3) * 0.1, 1e-9);
}

Test(estimate, a_ratio_of_nothing_is_unknown)
{
    const uint64_t nothing[] = {0, 0}, good[] = {0, 9}, total[] = {0, 10};
    cr_assert_not(estimate_ratio(nothing, nothing, 2, 0.95).known);
    cr_assert_not(estimate_ratio(nothing, nothing, 0, 0.95).known);
    const struct estimate one = estimate_ratio(good, total, 2, 0.95);
    cr_assert(one.known && one.has_interval);
    cr_assert_eq(one.value, 0.9);
    cr_assert_eq(one.df, 0);
}

Test(estimate, binomial_quantiles_agree_with_gsl)
{
    static const double shares[] = {1e-4, 0.05, 0.5, 0.9};
    for (uint32_t n = 1; n <= 5000; n = n * 3 + 1) {
        for (int i = 0; i < 4; i++) {
            const uint32_t k = estimate_binomial_quantile(n, shares[i], 0.9999);
            cr_assert_leq(gsl_cdf_binomial_Q(k, shares[i], n), 1e-4 * (1 + 1e-9));
            cr_assert(k == 0 || gsl_cdf_binomial_Q(k - 1, shares[i], n) > 1e-4 * (1 - 1e-9));
        }
    }
    cr_assert_eq(estimate_binomial_quantile(1000, 0, 0.9999), 0);
}

// ---- Series -------------------------------------------------------------------------------------

// The definition, cut by cut.
static uint32_t slow_mser5(const double *values, uint32_t n)
{
    double least = INFINITY;
    uint32_t best = 0;
    for (uint32_t cut = 0; cut + 5 <= n / 5; cut++) {
        const uint32_t kept = n / 5 - cut;
        double sum = 0, squares = 0;
        for (uint32_t i = cut * 5; i < n / 5 * 5; i++) {
            sum += values[i];
        }
        const double mean = sum / (kept * 5);
        for (uint32_t batch = cut; batch < n / 5; batch++) {
            double inside = 0;
            for (uint32_t i = 0; i < 5; i++) {
                inside += values[batch * 5 + i] / 5;
            }
            squares += (inside - mean) * (inside - mean);
        }
        if (squares / ((double)kept * kept) < least) {
            least = squares / ((double)kept * kept);
            best = cut;
        }
    }
    return best > n / 10 ? n : best * 5;
}

Test(estimate, mser5_cuts_where_its_definition_says)
{
    struct random_stream stream;
    random_stream_init(&stream, 3, 3);
    for (int trial = 0; trial < 200; trial++) {
        double values[503];
        const uint32_t n = 60 + (uint32_t)random_below(&stream, 440);
        const double start = (double)random_below(&stream, 20);
        for (uint32_t i = 0; i < n; i++) {
            values[i] = start * exp(-(double)i / 30) + inversion_exponential(&stream);
        }
        cr_assert_eq(estimate_mser5(values, n), slow_mser5(values, n));
    }
}

Test(estimate, mser5_cuts_a_transient_and_nothing_of_a_constant)
{
    double values[1000];
    for (int i = 0; i < 1000; i++) {
        values[i] = i < 100 ? 100 - i : (i * 7) % 5;
    }
    cr_assert_eq(estimate_mser5(values, 1000), 100);
    for (int i = 0; i < 1000; i++) {
        values[i] = 3;
    }
    cr_assert_eq(estimate_mser5(values, 1000), 0);
    for (int i = 0; i < 1000; i++) {
        values[i] = i;
    }
    cr_assert_eq(estimate_mser5(values, 1000), 1000);
    cr_assert_eq(estimate_mser5(values, 49), 49);
    cr_assert_eq(estimate_mser5(values, 0), 0);
}

Test(estimate, the_autocorrelation_of_a_chain_is_its_coefficient)
{
    enum { COUNT = 20000 };
    static double values[COUNT];
    struct random_stream stream;
    random_stream_init(&stream, 4, 4);
    for (int i = 1; i < COUNT; i++) {
        values[i] = 0.6 * values[i - 1] + inversion_normal(inversion_open_unit(&stream));
    }
    cr_assert_float_eq(estimate_autocorrelation(values, COUNT), 0.6, 4 * 0.8 / sqrt(COUNT));
    cr_assert_eq(estimate_autocorrelation(values, 2), 0);
    const double constant[] = {1, 1, 1, 1};
    cr_assert_eq(estimate_autocorrelation(constant, 4), 0);
}
