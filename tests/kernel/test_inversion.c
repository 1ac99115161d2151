// test_inversion - the tables and polynomials against longer arithmetic and published quantiles.
#include <criterion/criterion.h>

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/kernel/inversion.h"
#include "sim/kernel/math.h"

Test(inversion, the_tables_are_what_they_say)
{
    for (int i = 0; i < INVERSION_LOG_ROWS; i++) {
        const long double c = 1 + (2 * i + 1) / 256.0L;
        cr_assert_eq(inversion_log_table[i][0], (double)c);
        cr_assert_eq(inversion_log_table[i][1], (double)(1 / c));
        cr_assert_eq(inversion_log_table[i][2], (double)logl(2 / c));
    }
    for (int i = 0; i < INVERSION_EXP_ROWS; i++) {
        const double power = inversion_from_bits(inversion_exp_table[i]);
        cr_assert_eq(power, (double)powl(2, i / 128.0L));
    }
}

Test(inversion, logarithms_are_good_to_the_last_digits)
{
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    for (int i = 0; i < 300000; i++) {
        const double unit = inversion_open_unit(&stream);
        const double x = i % 3 == 0 ? unit : inversion_exp(unit * 1400 - 700);
        const double exact = (double)logl(x);
        cr_assert_leq(fabs(inversion_log(x) - exact), 1.2e-15 + 2.3e-16 * fabs(exact), "%a", x);
    }
    cr_assert_leq(fabs(inversion_log(1)), 1e-15);
    cr_assert_lt(inversion_log(1 - 0x1p-53), 0);
}

Test(inversion, exponentials_are_good_to_the_last_digits)
{
    struct random_stream stream;
    random_stream_init(&stream, 1, 1);
    for (int i = 0; i < 300000; i++) {
        const double x = inversion_open_unit(&stream) * 1400 - 700;
        cr_assert_leq(fabs(inversion_exp(x) / (double)expl(x) - 1), 5e-16, "%a", x);
    }
    cr_assert_eq(inversion_exp(0), 1);
    cr_assert_eq(inversion_exp(1e300), inversion_exp(708));
    cr_assert_eq(inversion_exp(-1e300), inversion_exp(-708));
}

Test(inversion, extreme_words_give_a_positive_exponential)
{
    for (int i = 0; i < 64; i++) {
        const uint64_t words[2] = {UINT64_MAX >> i, UINT64_MAX << i};
        for (int word = 0; word < 2; word++) {
            const uint64_t bits = words[word];
            const double value = inversion_exponential_of(bits);
            const long double exact = 64 * logl(2) - logl((long double)(bits | 1));
            cr_assert_gt(value, 0);
            cr_assert_leq(fabs(value - (double)exact), 1e-14);
        }
    }
    cr_assert_float_eq(inversion_exponential_of(0), 64 * log(2), 1e-14);
}

Test(inversion, the_open_unit_is_that_of_random)
{
    struct random_stream one, other;
    random_stream_init(&one, 1, 1);
    random_stream_init(&other, 1, 1);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(inversion_open_unit(&one), random_open_unit(&other));
    }
}

Test(inversion, normal_quantiles_agree_with_gsl)
{
    for (int e = -300; e < 0; e++) {
        const double p = pow(10, e) * 3.3;
        const double exact = gsl_cdf_ugaussian_Pinv(p);
        cr_assert_leq(fabs(math_normal_quantile(p) / exact - 1), 1e-12, "%g", p);
    }
    for (int i = 1; i < 10000; i++) {
        const double p = i / 10000.0, exact = gsl_cdf_ugaussian_Pinv(p);
        cr_assert_leq(fabs(math_normal_quantile(p) - exact), 4e-15 * (1 + fabs(exact)), "%g", p);
    }
    cr_assert_eq(math_normal_quantile(0), -INFINITY);
    cr_assert_eq(math_normal_quantile(1), INFINITY);
    cr_assert(isnan(math_normal_quantile(1.5)));
    cr_assert_lt(math_normal_quantile(0x1p-1074), -37);
}

Test(inversion, normal_probabilities_agree_with_gsl)
{
    for (int i = -370; i <= 80; i++) {
        const double exact = gsl_cdf_ugaussian_P(i / 10.0);
        cr_assert_leq(fabs(math_normal_cdf(i / 10.0) / exact - 1), 2e-13, "%d", i);
    }
}

Test(inversion, library_functions_are_close_to_longer_arithmetic)
{
    for (int i = 1; i < 2000; i++) {
        const double x = i / 50.0;
        cr_assert_leq(fabs(math_log(x) - (double)logl(x)), 4e-16 * (1 + fabs(log(x))));
        cr_assert_leq(fabs(math_exp(x) / (double)expl(x) - 1), 4e-16);
        cr_assert_leq(fabs(math_pow(x, 1.7) / (double)powl(x, 1.7L) - 1), 1e-14);
        cr_assert_leq(fabs(math_log1p(x) / (double)log1pl(x) - 1), 4e-16);
        cr_assert_leq(fabs(math_expm1(x) / (double)expm1l(x) - 1), 4e-16);
        cr_assert_leq(fabs(math_sin(x) - (double)sinl(x)), 4e-16);
        cr_assert_leq(fabs(math_cos(x) - (double)cosl(x)), 4e-16);
        cr_assert_leq(fabs(math_erf(x) - (double)erfl(x)), 4e-16);
        cr_assert_leq(fabs(math_gamma_log(x) - (double)lgammal(x)), 2e-15 + 4e-16 * lgamma(x));
        cr_assert_eq(math_sqrt(x), sqrt(x));
    }
}

// Draws of both laws and plain words in turn, as a pattern of 16 steps says (two bits a step):
// each is made of the next word of the stream and of no other.
static void expect_draws(struct random_stream stream, uint32_t pattern)
{
    struct random_stream words = stream;
    for (int i = 0; i < 4000; i++) {
        const uint32_t kind = pattern >> i % 16 * 2 & 3;
        const uint64_t word = random_word(&words);
        const double unit = inversion_open_unit_of(word);
        if (kind == 0) {
            cr_assert_eq(inversion_exponential(&stream), inversion_exponential_of(word), "%d", i);
        } else if (kind == 1) {
            cr_assert_eq(inversion_normal_draw(&stream), inversion_normal(unit), "%d", i);
        } else {
            cr_assert_eq(random_word(&stream), word, "%d", i);
        }
    }
}

Test(inversion, draws_made_by_the_block_are_those_made_one_by_one)
{
    static const uint32_t patterns[] = {0x00000000, 0x55555555, 0x44444444, 0x88888888,
                                        0x99999999, 0x12481248, 0xe4e4e4e4, 0x00005555};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct random_stream stream;
        random_stream_init(&stream, 3, i);
        expect_draws(stream, patterns[i]);
        for (uint64_t index = 0; index < 40; index++) {
            random_stream_seek(&stream, 3, i, index);
            expect_draws(stream, patterns[i]);
        }
    }
}
