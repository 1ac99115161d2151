// test_distribution - every law against GSL: its draws, its numbers, its refusals, its very bits.
#include <criterion/criterion.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_zeta.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/kernel/distribution.h"

// ---- The laws under test ------------------------------------------------------------------------

static const double table[] = {1e6, 2e6, 3e6, 5e6, 40e6};

static struct distribution of(struct distribution law)
{
    const char *problem = distribution_prepare(&law);
    cr_assert_null(problem, "%s", problem);
    return law;
}

static struct distribution shaped(enum distribution_kind kind, double shape, double a)
{
    return of((struct distribution){.kind = kind, .shape = shape, .a = a});
}

static struct distribution two(enum distribution_kind kind, double a, double b)
{
    return of((struct distribution){.kind = kind, .a = a, .b = b});
}

static struct distribution zipf(uint64_t n, double s)
{
    return of((struct distribution){.kind = DISTRIBUTION_ZIPF, .n = n, .shape = s});
}

static struct distribution empirical(void)
{
    return of((struct distribution){.kind = DISTRIBUTION_EMPIRICAL, .n = 5, .values = table});
}

// 0.5 exponential, 0.3 gamma, 0.2 of a mix of a constant 20 % and a uniform.
static struct distribution nested(void)
{
    static struct distribution inner[2], outer[3];
    static const double inner_weights[] = {0.2, 1}, outer_weights[] = {0.5, 0.8, 1};
    inner[0] = distribution_constant(7e6);
    inner[1] = two(DISTRIBUTION_UNIFORM, 1e6, 4e6);
    outer[0] = distribution_exponential(1e6);
    outer[1] = distribution_gamma_cv(2e6, 0.5);
    outer[2] = of((struct distribution){
        .kind = DISTRIBUTION_MIX, .part_count = 2, .parts = inner, .weights = inner_weights});
    return of((struct distribution){
        .kind = DISTRIBUTION_MIX, .part_count = 3, .parts = outer, .weights = outer_weights});
}

static struct distribution balanced(void)
{
    static struct distribution_pair pair;
    return distribution_hyperexponential(1e6, 2, &pair);
}

enum { LAWS = 22 };

static void make_laws(struct distribution *laws)
{
    const struct distribution made[LAWS] = {
        distribution_constant(5e6),
        distribution_exponential(1e6),
        distribution_erlang(1, 1e6),
        distribution_erlang(5, 1e6),
        distribution_erlang(100, 1e6),
        distribution_gamma_cv(1e6, 0.7),
        distribution_gamma_cv(1e6, 2),
        distribution_lognormal_p99(1e6, 5e6),
        distribution_lognormal_cv(1e6, 1.5),
        shaped(DISTRIBUTION_WEIBULL, 1.4, 3e6),
        shaped(DISTRIBUTION_WEIBULL, 0.6, 3e6),
        shaped(DISTRIBUTION_PARETO, 2.5, 1e6),
        two(DISTRIBUTION_UNIFORM, 1e6, 9e6),
        two(DISTRIBUTION_NORMAL, 5e6, 2e6),
        two(DISTRIBUTION_NORMAL, -2e6, 1e6),
        balanced(),
        empirical(),
        zipf(1000, 1),
        zipf(1000000000, 1.1),
        zipf(50, 0.5),
        zipf(200, 1.0004),
        of((struct distribution){.kind = DISTRIBUTION_GEOMETRIC, .a = 4}),
    };
    memcpy(laws, made, sizeof made);
}

static bool is_count(const struct distribution *law)
{
    return law->kind == DISTRIBUTION_ZIPF || law->kind == DISTRIBUTION_GEOMETRIC;
}

// GSL's distribution function for the continuous laws above; its parameters from ours.
static double oracle(const struct distribution *law, double x)
{
    switch (law->kind) {
    case DISTRIBUTION_EXPONENTIAL:
        return gsl_cdf_exponential_P(x, law->a);
    case DISTRIBUTION_ERLANG:
        return gsl_cdf_gamma_P(x, law->shape, law->a / law->shape);
    case DISTRIBUTION_GAMMA:
        return gsl_cdf_gamma_P(x, law->shape, law->a);
    case DISTRIBUTION_LOGNORMAL:
        return gsl_cdf_lognormal_P(x, law->a, law->b);
    case DISTRIBUTION_WEIBULL:
        return gsl_cdf_weibull_P(x, law->a, law->shape);
    case DISTRIBUTION_PARETO:
        return gsl_cdf_pareto_P(x, law->shape, law->a);
    case DISTRIBUTION_UNIFORM:
        return gsl_cdf_flat_P(x, law->a, law->b);
    case DISTRIBUTION_NORMAL: {
        const double none = gsl_cdf_ugaussian_Q(-law->a / law->b);
        return 1 - gsl_cdf_ugaussian_Q((x - law->a) / law->b) / none;
    }
    case DISTRIBUTION_MIX:
        return law->weights[0] * gsl_cdf_exponential_P(x, law->parts[0].a) +
               (1 - law->weights[0]) * gsl_cdf_exponential_P(x, law->parts[1].a);
    default:
        return distribution_cdf(law, x);
    }
}

// ---- Draws --------------------------------------------------------------------------------------

static int by_value(const void *one, const void *other)
{
    const double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

// Kolmogorov and Smirnov's distance between the draws and a distribution function.
static double distance(const struct distribution *law, double *values, int count,
                       double (*cdf)(const struct distribution *, double))
{
    double most = 0;
    qsort(values, (size_t)count, sizeof *values, by_value);
    for (int i = 0; i < count; i++) {
        const double p = cdf(law, values[i]);
        most = fmax(most, fmax(p - (double)i / count, (double)(i + 1) / count - p));
    }
    return most;
}

Test(distribution, draws_follow_gsl_s_distribution_functions)
{
    enum { COUNT = 100000 };
    static double values[COUNT];
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 1; i < LAWS; i++) {
        if (is_count(&laws[i])) {
            continue;
        }
        struct random_stream stream;
        random_stream_init(&stream, random_key(1, 1), (uint64_t)i);
        for (int j = 0; j < COUNT; j++) {
            values[j] = distribution_draw_real(&laws[i], &stream);
        }
        const double away = distance(&laws[i], values, COUNT, oracle);
        cr_assert_lt(away * sqrt(COUNT), 2.23, "law %d: %g", i, away); // 99.99 %
    }
}

Test(distribution, draws_of_nested_mixes_follow_their_distribution_function)
{
    enum { COUNT = 100000 };
    static double values[COUNT];
    const struct distribution law = nested();
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    int constants = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i] = distribution_draw_real(&law, &stream);
        constants += values[i] == 7e6;
        values[i] += values[i] == 7e6 ? i * 1e-9 : 0; // ties have no place in the distance
    }
    cr_assert_float_eq(constants / (double)COUNT, 0.04, 4 * sqrt(0.04 * 0.96 / COUNT));
    int below = 0;
    for (int i = 0; i < COUNT; i++) {
        below += values[i] <= 2e6;
    }
    cr_assert_float_eq(below / (double)COUNT, distribution_cdf(&law, 2e6), 4 * 0.5 / sqrt(COUNT));
    const double exact = 0.5 * gsl_cdf_exponential_P(2e6, 1e6) +
                         0.3 * gsl_cdf_gamma_P(2e6, 4, 0.5e6) + 0.2 * 0.8 / 3;
    cr_assert_float_eq(distribution_cdf(&law, 2e6), exact, 1e-12);
    cr_assert_float_eq(distribution_mean(&law), 0.5e6 + 0.6e6 + 0.2 * (1.4e6 + 2e6), 1e-3);
}

Test(distribution, draws_have_the_mean_and_variance_of_their_law)
{
    enum { COUNT = 400000 };
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 0; i < LAWS; i++) {
        struct random_stream stream;
        random_stream_init(&stream, random_key(2, 2), (uint64_t)i);
        const double mean = distribution_mean(&laws[i]), variance = distribution_variance(&laws[i]);
        double sum = 0, squares = 0;
        for (int j = 0; j < COUNT; j++) {
            const double away = (double)distribution_draw(&laws[i], &stream) - mean;
            sum += away;
            squares += away * away;
        }
        cr_assert_leq(fabs(sum / COUNT), 4 * sqrt(variance / COUNT) + 1e-6 * mean, "law %d", i);
        const bool heavy = laws[i].kind == DISTRIBUTION_PARETO || laws[i].n > 100000;
        cr_assert(heavy || fabs(squares / COUNT - variance) <= 0.05 * variance, "law %d", i);
    }
}

static double zipf_share(const struct distribution *law, uint64_t rank, double all)
{
    return pow((double)rank, -law->shape) / all;
}

Test(distribution, ranks_of_zipf_come_as_often_as_they_should)
{
    enum { COUNT = 500000, CELLS = 30 };
    const struct distribution laws[] = {zipf(1000, 1), zipf(1000, 1.1),   zipf(50, 0.5),
                                        zipf(40, 0),   zipf(200, 1.0004), zipf(200, 0.9996),
                                        zipf(35, 3)};
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        double counts[CELLS + 1] = {0}, all = 0, rest = 1, chi_square = 0;
        for (uint64_t rank = 1; rank <= laws[i].n; rank++) {
            all += pow((double)rank, -laws[i].shape);
        }
        struct random_stream stream;
        random_stream_init(&stream, random_key(3, 3), i);
        for (int j = 0; j < COUNT; j++) {
            const int64_t rank = distribution_draw(&laws[i], &stream);
            cr_assert(rank >= 1 && rank <= (int64_t)laws[i].n);
            counts[rank <= CELLS ? rank - 1 : CELLS]++;
        }
        for (uint64_t rank = 1; rank <= CELLS + 1; rank++) {
            const double share = rank <= CELLS ? zipf_share(&laws[i], rank, all) : rest;
            rest -= share;
            const double away = counts[rank - 1] - share * COUNT;
            chi_square += away * away / (share * COUNT);
        }
        cr_assert_lt(chi_square, 66.6, "law %zu: %g", i, chi_square); // 99.99 %, 30 degrees
    }
}

Test(distribution, zipf_over_a_thousand_million_ranks_knows_its_head)
{
    const struct distribution law = zipf(1000000000, 1.1);
    const double all = gsl_sf_hzeta(1.1, 1) - gsl_sf_hzeta(1.1, 1e9 + 1);
    cr_assert_float_eq(distribution_cdf(&law, 1) * all, 1, 1e-10);
    cr_assert_float_eq(distribution_cdf(&law, 1e6) * all,
                       gsl_sf_hzeta(1.1, 1) - gsl_sf_hzeta(1.1, 1e6 + 1), 1e-9);
    struct random_stream stream;
    random_stream_init(&stream, 4, 4);
    int first = 0;
    for (int i = 0; i < 200000; i++) {
        first += distribution_draw(&law, &stream) == 1;
    }
    cr_assert_float_eq(first / 200000.0, 1 / all, 4 * sqrt(0.1 / 200000));
}

Test(distribution, geometric_counts_come_as_often_as_they_should)
{
    enum { COUNT = 500000, CELLS = 20 };
    const struct distribution law =
        of((struct distribution){.kind = DISTRIBUTION_GEOMETRIC, .a = 4});
    struct random_stream stream;
    random_stream_init(&stream, 5, 5);
    double counts[CELLS] = {0}, chi_square = 0;
    for (int i = 0; i < COUNT; i++) {
        const int64_t count = distribution_draw(&law, &stream);
        cr_assert_geq(count, 1);
        counts[count < CELLS ? count - 1 : CELLS - 1]++;
    }
    for (unsigned int count = 1; count <= CELLS; count++) {
        const double share = count < CELLS ? gsl_ran_geometric_pdf(count, 0.25)
                                           : gsl_cdf_geometric_Q(CELLS - 1, 0.25);
        const double away = counts[count - 1] - share * COUNT;
        chi_square += away * away / (share * COUNT);
        cr_assert_float_eq(distribution_cdf(&law, count), gsl_cdf_geometric_P(count, 0.25), 1e-13);
    }
    cr_assert_lt(chi_square, 49.2); // 99.99 % at 19 degrees of freedom
}

Test(distribution, a_mean_of_one_is_always_one)
{
    const struct distribution law =
        of((struct distribution){.kind = DISTRIBUTION_GEOMETRIC, .a = 1});
    struct random_stream stream;
    random_stream_init(&stream, 5, 5);
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(distribution_draw(&law, &stream), 1);
    }
    cr_assert(distribution_is_constant(&law));
    cr_assert_eq(distribution_quantile(&law, 0.99), 1);
}

// ---- Common random numbers ----------------------------------------------------------------------

Test(distribution, another_scale_takes_the_same_words)
{
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 0; i < LAWS; i++) {
        const enum distribution_kind kind = laws[i].kind;
        if (kind == DISTRIBUTION_MIX || kind == DISTRIBUTION_EMPIRICAL || is_count(&laws[i])) {
            continue;
        }
        struct distribution slower = laws[i];
        const bool logarithmic = kind == DISTRIBUTION_LOGNORMAL;
        slower.a = logarithmic ? slower.a + M_LN2 : 2 * slower.a;
        slower.b = logarithmic ? slower.b : 2 * slower.b;
        slower = of(slower);
        struct random_stream one, other;
        random_stream_init(&one, 1, 1);
        random_stream_init(&other, 1, 1);
        for (int j = 0; j < 1000; j++) {
            const double value = distribution_draw_real(&laws[i], &one);
            const double twice = distribution_draw_real(&slower, &other);
            cr_assert_float_eq(twice / value, 2, 1e-9, "law %d", i);
            cr_assert_eq(one.block, other.block);
            cr_assert_eq(one.next, other.next);
        }
    }
}

Test(distribution, every_law_falls_as_the_word_rises)
{
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 0; i < LAWS; i++) {
        const enum distribution_kind kind = laws[i].kind;
        if (kind == DISTRIBUTION_ERLANG || kind == DISTRIBUTION_GAMMA || kind == DISTRIBUTION_MIX ||
            kind == DISTRIBUTION_ZIPF) {
            continue;
        }
        double before = INFINITY;
        for (uint64_t step = 0; step < 4096; step++) {
            struct random_stream stream;
            random_stream_init(&stream, 1, 1);
            stream.next = 0;
            stream.words[0] = step << 52;
            const double value = distribution_draw_real(&laws[i], &stream);
            cr_assert_leq(value, before, "law %d", i);
            cr_assert_eq(stream.next, kind == DISTRIBUTION_CONSTANT ? 0 : 1);
            before = value;
        }
    }
}

// ---- Numbers ------------------------------------------------------------------------------------

Test(distribution, distribution_functions_agree_with_gsl)
{
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 1; i < LAWS; i++) {
        for (int step = 0; step <= 200; step++) {
            const double x = distribution_mean(&laws[i]) * step / 20;
            const double exact = oracle(&laws[i], x);
            cr_assert_float_eq(distribution_cdf(&laws[i], x), exact, 1e-12, "law %d, %g", i, x);
        }
        cr_assert_eq(distribution_cdf(&laws[i], -1), 0);
        cr_assert_eq(distribution_cdf(&laws[i], INFINITY), 1);
    }
}

Test(distribution, a_quantile_is_the_smallest_value_of_its_probability)
{
    struct distribution laws[LAWS + 1];
    make_laws(laws);
    laws[LAWS] = nested();
    for (int i = 1; i <= LAWS; i++) {
        for (int step = 1; step < 400; step++) {
            const double p = step < 200 ? step / 200.0 : 1 - pow(10, -(step - 190) / 20.0);
            const double x = distribution_quantile(&laws[i], p);
            const double less = is_count(&laws[i]) ? x - 1 : x * (1 - 1e-7);
            cr_assert_geq(distribution_cdf(&laws[i], x), p - 1e-11, "law %d, %g", i, p);
            cr_assert_leq(distribution_cdf(&laws[i], less), p + 1e-11, "law %d, %g", i, p);
        }
    }
}

Test(distribution, quantiles_end_at_the_ends)
{
    struct distribution laws[LAWS + 1];
    make_laws(laws);
    laws[LAWS] = nested();
    for (int i = 0; i <= LAWS; i++) {
        cr_assert_eq(distribution_quantile(&laws[i], 0), distribution_minimum(&laws[i]));
        cr_assert_geq(distribution_quantile(&laws[i], 1), distribution_quantile(&laws[i], 0.999));
    }
    cr_assert_eq(distribution_quantile(&laws[1], 1), INFINITY);
    cr_assert_eq(distribution_quantile(&laws[5], 1), INFINITY);
    cr_assert_eq(distribution_quantile(&laws[16], 1), 40e6);
    cr_assert_eq(distribution_quantile(&laws[17], 1), 1000);
    cr_assert_eq(distribution_minimum(&laws[11]), 1e6);
}

Test(distribution, forms_have_the_numbers_they_are_named_after)
{
    const struct distribution one = distribution_lognormal_p99(1e6, 5e6);
    cr_assert_float_eq(distribution_quantile(&one, 0.5) / 1e6, 1, 1e-13);
    cr_assert_float_eq(distribution_quantile(&one, 0.99) / 5e6, 1, 1e-13);
    const struct distribution other = distribution_lognormal_cv(2e6, 0.7);
    cr_assert_float_eq(distribution_mean(&other) / 2e6, 1, 1e-13);
    cr_assert_float_eq(sqrt(distribution_variance(&other)) / 2e6, 0.7, 1e-13);
    const struct distribution gamma = distribution_gamma_cv(3e6, 1.3);
    cr_assert_float_eq(distribution_mean(&gamma) / 3e6, 1, 1e-13);
    cr_assert_float_eq(sqrt(distribution_variance(&gamma)) / 3e6, 1.3, 1e-13);
    const struct distribution erlang = distribution_erlang(4, 3e6);
    cr_assert_float_eq(sqrt(distribution_variance(&erlang)) / 3e6, 0.5, 1e-13);
    const struct distribution hyper = balanced();
    cr_assert_float_eq(distribution_mean(&hyper) / 1e6, 1, 1e-13);
    cr_assert_float_eq(sqrt(distribution_variance(&hyper)) / 1e6, 2, 1e-12);
    cr_assert_float_eq(hyper.weights[0] * hyper.parts[0].mean, 0.5e6, 1e-6);
}

Test(distribution, heavy_tails_have_infinite_moments)
{
    const struct distribution one = shaped(DISTRIBUTION_PARETO, 0.9, 1e6);
    const struct distribution other = shaped(DISTRIBUTION_PARETO, 1.5, 1e6);
    cr_assert_eq(distribution_mean(&one), INFINITY);
    cr_assert_eq(distribution_variance(&one), INFINITY);
    cr_assert_float_eq(distribution_mean(&other), 3e6, 1e-3);
    cr_assert_eq(distribution_variance(&other), INFINITY);
}

Test(distribution, equal_values_of_a_table_have_the_probability_of_their_pieces)
{
    static const double tied[] = {1, 2, 2, 2, 3};
    const struct distribution law =
        of((struct distribution){.kind = DISTRIBUTION_EMPIRICAL, .n = 5, .values = tied});
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    int twos = 0;
    for (int i = 0; i < 10000; i++) {
        twos += distribution_draw_real(&law, &stream) == 2;
    }
    cr_assert(twos > 4800 && twos < 5200);
    cr_assert_eq(distribution_cdf(&law, 2), 0.75);
    cr_assert_eq(distribution_cdf(&law, 1.5), 0.125);
    cr_assert_eq(distribution_quantile(&law, 0.6), 2);
    cr_assert_eq(distribution_mean(&law), 2);
}

Test(distribution, a_lognormal_without_spread_is_constant)
{
    const struct distribution law = distribution_lognormal_p99(1e6, 1e6);
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    cr_assert(distribution_is_constant(&law));
    cr_assert_eq(distribution_draw(&law, &stream), 1000000);
    cr_assert_eq(distribution_cdf(&law, 999999), 0);
    cr_assert_eq(distribution_cdf(&law, 1000001), 1);
    cr_assert_float_eq(distribution_quantile(&law, 0.3), 1e6, 1e-6);
}

Test(distribution, draws_are_rounded_half_up_and_held_below_2_to_the_62)
{
    cr_assert_eq(distribution_round(2.5), 3);
    cr_assert_eq(distribution_round(2.4999), 2);
    cr_assert_eq(distribution_round(0), 0);
    cr_assert_eq(distribution_round(0x1p62), (INT64_C(1) << 62) - 1);
    cr_assert_eq(distribution_round(INFINITY), (INT64_C(1) << 62) - 1);
    const struct distribution wild = shaped(DISTRIBUTION_PARETO, 0.01, 1e6);
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    for (int i = 0; i < 10000; i++) {
        const int64_t value = distribution_draw(&wild, &stream);
        cr_assert(value >= 1000000 && value < INT64_C(1) << 62);
    }
}

// ---- Refusals -----------------------------------------------------------------------------------

Test(distribution, bad_parameters_are_refused_with_a_text)
{
    static const double falling[] = {2, 1}, negative[] = {-1, 1};
    static const double weights[] = {0.5, 0.9};
    struct distribution_pair pair;
    struct distribution parts[2] = {distribution_constant(1), distribution_constant(2)};
    struct distribution wrong[2] = {distribution_constant(-1), distribution_constant(2)};
    struct distribution cases[] = {
        distribution_constant(-1),
        distribution_constant(NAN),
        distribution_constant(0x1p63),
        distribution_exponential(0),
        distribution_exponential(INFINITY),
        distribution_erlang(0, 1),
        distribution_erlang(3, 0),
        distribution_gamma_cv(1e6, 0),
        distribution_gamma_cv(-1, 1),
        distribution_gamma_cv(1e6, NAN),
        distribution_lognormal_p99(1e6, 0.9e6),
        distribution_lognormal_p99(0, 1e6),
        distribution_lognormal_p99(-1, -2),
        distribution_lognormal_cv(0, 1),
        distribution_lognormal_cv(1, -1),
        {.kind = DISTRIBUTION_WEIBULL, .shape = 0, .a = 1},
        {.kind = DISTRIBUTION_PARETO, .shape = 0, .a = 1},
        {.kind = DISTRIBUTION_PARETO, .shape = 2, .a = 0},
        {.kind = DISTRIBUTION_UNIFORM, .a = 2, .b = 1},
        {.kind = DISTRIBUTION_UNIFORM, .a = -1, .b = 1},
        {.kind = DISTRIBUTION_NORMAL, .a = 1, .b = 0},
        {.kind = DISTRIBUTION_NORMAL, .a = -6, .b = 1},
        {.kind = DISTRIBUTION_MIX},
        {.kind = DISTRIBUTION_MIX, .part_count = 2, .parts = parts, .weights = weights},
        {.kind = DISTRIBUTION_MIX, .part_count = 2, .parts = wrong, .weights = table},
        {.kind = DISTRIBUTION_EMPIRICAL, .n = 0, .values = table},
        {.kind = DISTRIBUTION_EMPIRICAL, .n = 2, .values = falling},
        {.kind = DISTRIBUTION_EMPIRICAL, .n = 2, .values = negative},
        {.kind = DISTRIBUTION_ZIPF, .n = 0, .shape = 1},
        {.kind = DISTRIBUTION_ZIPF, .n = 10, .shape = -1},
        {.kind = DISTRIBUTION_GEOMETRIC, .a = 0.5},
        distribution_hyperexponential(1e6, 0.9, &pair),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_not_null(distribution_prepare(&cases[i]), "case %zu", i);
        cr_assert_eq(cases[i].depth, 0);
    }
}

Test(distribution, mixes_nest_seven_deep_and_no_deeper)
{
    static struct distribution levels[10];
    static const double weight = 1;
    levels[0] = distribution_exponential(5);
    for (int i = 1; i < 10; i++) {
        levels[i] = (struct distribution){
            .kind = DISTRIBUTION_MIX, .part_count = 1, .parts = &levels[i - 1], .weights = &weight};
        cr_assert_eq(distribution_prepare(&levels[i]) == NULL, i <= 7);
    }
    cr_assert_float_eq(distribution_mean(&levels[7]), 5, 1e-12);
    cr_assert_float_eq(distribution_quantile(&levels[7], 0.5), 5 * M_LN2, 1e-12);
}

// ---- Bits ---------------------------------------------------------------------------------------

Test(distribution, a_million_draws_of_every_law_have_the_accepted_bits)
{
    static const uint64_t accepted[LAWS] = {
        0xa9340f0f9905c5bd, 0x5e56b3db4c5396c6, 0x2d8539ca9a44a157, 0x2219e067a79d293d,
        0x17fab49511086aea, 0xda70b5d25bf62ff2, 0xa5c6b295ee7d10f8, 0x083c8bdcce6f896b,
        0x2a6ac42f4cf5388f, 0x8eb0a508547c1778, 0xcbf21da8799bc9d1, 0x4533252431210d79,
        0x5fc1cd434f8ab3ca, 0x6765347e4e34430f, 0x96da74d5f777696b, 0xb167146cbe30280f,
        0x0a0ec0f3499d9a1b, 0x4c4bf43d74c706b9, 0x27bdfc4ac0987be2, 0x90b74204562a1187,
        0xfbc0fa3c072ac5c7, 0x5e9685e0da93e1e6,
    };
    struct distribution laws[LAWS];
    make_laws(laws);
    for (int i = 0; i < LAWS; i++) {
        struct random_stream stream;
        random_stream_init(&stream, random_key(42, 0), (uint64_t)i);
        XXH3_state_t *state = XXH3_createState();
        XXH3_64bits_reset(state);
        for (int j = 0; j < 1000000; j++) {
            const double value = distribution_draw_real(&laws[i], &stream);
            XXH3_64bits_update(state, &value, sizeof value);
        }
        const uint64_t digest = XXH3_64bits_digest(state);
        XXH3_freeState(state);
        cr_expect_eq(digest, accepted[i], "law %d: %#lx", i, digest);
    }
}

Test(distribution, analytic_numbers_of_every_law_have_the_accepted_bits)
{
    struct distribution laws[LAWS];
    make_laws(laws);
    double facts[LAWS][8];
    for (int i = 0; i < LAWS; i++) {
        facts[i][0] = distribution_mean(&laws[i]);
        facts[i][1] = distribution_variance(&laws[i]);
        for (int j = 0; j < 3; j++) {
            facts[i][2 + j] = distribution_cdf(&laws[i], facts[i][0] * (j + 1) / 2);
            facts[i][5 + j] = distribution_quantile(&laws[i], (j + 1) / 4.0);
        }
    }
    const uint64_t digest = XXH3_64bits(facts, sizeof facts);
    cr_expect_eq(digest, UINT64_C(0x04396b59f0f2a6fd), "%#lx", digest);
}
