// distribution - the laws' parameters: what is wrong with them, and what is computed once from
// them.
#include "sim/kernel/distribution.h"

#include <stddef.h>

#include "sim/kernel/math.h"
#include "sim/kernel/special.h"
#include "sim/kernel/zipf.h"

static const double LARGEST = 0x1p62;
static const double NORMAL_P99 =
    0x1.29c5c4630ff0fp+1; // the 99 % quantile of the standard normal law

static bool is_within(double value, double low, double high)
{
    return value >= low && value <= high;
}

// ---- What is wrong ------------------------------------------------------------------------------

static const char *value_problem(double value, const char *negative)
{
    if (!(value >= 0)) {
        return negative;
    }
    return value < LARGEST ? NULL : "the value must be below 2^62 ns (146 years)";
}

static const char *mean_problem(double mean)
{
    if (!(mean > 0)) {
        return "mean must be above 0";
    }
    return mean < LARGEST ? NULL : "mean must be below 2^62 ns (146 years)";
}

static const char *shape_problem(const struct distribution *law)
{
    if (!(law->shape > 0)) {
        return "shape must be above 0";
    }
    if (!is_within(law->shape, 0.01, 1e12)) {
        return "shape must lie between 0.01 and 10^12 (a cv between 0.000001 and 10)";
    }
    return !(law->a > 0) ? "scale must be above 0" : value_problem(law->a, NULL);
}

static const char *erlang_problem(const struct distribution *law)
{
    if (!is_within(law->shape, 1, 1e9) || law->shape != (double)(uint64_t)law->shape) {
        return "k must be a whole number from 1 to 10^9";
    }
    return mean_problem(law->a);
}

static const char *lognormal_problem(const struct distribution *law)
{
    if (!(law->b >= 0)) {
        return "sigma must not be negative (p99 must not be below the median)";
    }
    if (law->b > 10) {
        return "sigma must be at most 10";
    }
    return is_within(law->a, -700, 43) ? NULL
                                       : "median must be above 0 and below 2^62 ns (146 years)";
}

static const char *pareto_problem(const struct distribution *law)
{
    if (!is_within(law->shape, 0.01, 1e6)) {
        return "alpha must lie between 0.01 and 10^6";
    }
    return !(law->a > 0) ? "min must be above 0" : value_problem(law->a, NULL);
}

static const char *uniform_problem(const struct distribution *law)
{
    if (!(law->b >= law->a)) {
        return "the upper end must not be below the lower end";
    }
    const char *problem = value_problem(law->a, "the lower end must not be negative");
    return problem != NULL ? problem : value_problem(law->b, NULL);
}

static const char *normal_problem(const struct distribution *law)
{
    if (!(law->b > 0)) {
        return "the standard deviation must be above 0";
    }
    if (!(law->a >= -5 * law->b)) {
        return "mean must not lie more than 5 standard deviations below 0";
    }
    return law->a < LARGEST && law->b < LARGEST ? NULL : "mean must be below 2^62 ns (146 years)";
}

static const char *mix_problem(const struct distribution *law)
{
    if (law->part_count == 0) {
        return "a mix needs at least one part";
    }
    double before = 0;
    for (uint32_t i = 0; i < law->part_count; i++) {
        if (law->parts[i].depth == 0) {
            return "a part of the mix is wrong (two balanced exponentials need a cv of at least 1)";
        }
        if (law->parts[i].depth >= DISTRIBUTION_DEPTH) {
            return "mixes are nested too deeply (at most 7 inside each other)";
        }
        if (!(law->weights[i] >= before)) {
            return "weights must not be negative";
        }
        before = law->weights[i];
    }
    return is_within(before, 1 - 1e-9, 1 + 1e-9) ? NULL : "weights must add up to 1";
}

static const char *empirical_problem(const struct distribution *law)
{
    if (law->n == 0) {
        return "an empirical law needs at least one value";
    }
    for (uint64_t i = 0; i < law->n; i++) {
        const char *problem = value_problem(law->values[i], "values must not be negative");
        if (problem != NULL) {
            return problem;
        }
        if (i > 0 && law->values[i] < law->values[i - 1]) {
            return "values must be sorted";
        }
    }
    return NULL;
}

static const char *zipf_problem(const struct distribution *law)
{
    if (law->n < 1 || law->n > (uint64_t)1000000000000000) {
        return "n must lie between 1 and 10^15";
    }
    return is_within(law->shape, 0, 20) ? NULL : "s must lie between 0 and 20";
}

static const char *geometric_problem(const struct distribution *law)
{
    return is_within(law->a, 1, 0x1p53) ? NULL : "mean must be at least 1 and at most 2^53";
}

static const char *problem_of(const struct distribution *law)
{
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
        return value_problem(law->a, "the value must not be negative");
    case DISTRIBUTION_EXPONENTIAL:
        return mean_problem(law->a);
    case DISTRIBUTION_ERLANG:
        return erlang_problem(law);
    case DISTRIBUTION_GAMMA:
    case DISTRIBUTION_WEIBULL:
        return shape_problem(law);
    case DISTRIBUTION_LOGNORMAL:
        return lognormal_problem(law);
    case DISTRIBUTION_PARETO:
        return pareto_problem(law);
    case DISTRIBUTION_UNIFORM:
        return uniform_problem(law);
    case DISTRIBUTION_NORMAL:
        return normal_problem(law);
    case DISTRIBUTION_MIX:
        return mix_problem(law);
    case DISTRIBUTION_EMPIRICAL:
        return empirical_problem(law);
    case DISTRIBUTION_ZIPF:
        return zipf_problem(law);
    case DISTRIBUTION_GEOMETRIC:
        return geometric_problem(law);
    }
    return "this law is unknown";
}

// ---- What is computed once ----------------------------------------------------------------------

static void set_facts(struct distribution *law, double mean, double variance)
{
    law->mean = mean;
    law->variance = variance > 0 ? variance : 0;
}

// Marsaglia and Tsang's d and c (2000); below shape 1 those of shape + 1.
static void derive_gamma(struct distribution *law, double scale)
{
    const double shape = law->shape < 1 ? law->shape + 1 : law->shape;
    law->precomputed[0] = scale;
    law->precomputed[1] = shape - 1.0 / 3;
    law->precomputed[2] = 1 / math_sqrt(9 * law->precomputed[1]);
    set_facts(law, law->shape * scale, law->shape * scale * scale);
}

static void derive_lognormal(struct distribution *law)
{
    const double square = law->b * law->b, mean = math_exp(law->a + square / 2);
    set_facts(law, mean, math_expm1(square) * mean * mean);
}

static void derive_weibull(struct distribution *law)
{
    const double over = 1 / law->shape;
    law->precomputed[0] = over;
    const double mean = law->a * math_exp(math_gamma_log(1 + over));
    const double second = law->a * law->a * math_exp(math_gamma_log(1 + 2 * over));
    set_facts(law, mean, second - mean * mean);
}

static void derive_pareto(struct distribution *law)
{
    const double alpha = law->shape, infinity = __builtin_inf();
    law->precomputed[0] = 1 / alpha;
    const double mean = alpha > 1 ? alpha * law->a / (alpha - 1) : infinity;
    const double away = alpha - 1;
    set_facts(law, mean,
              alpha > 2 ? law->a * law->a * alpha / (away * away * (alpha - 2)) : infinity);
}

static void derive_normal(struct distribution *law)
{
    const double above = law->a / law->b;
    law->precomputed[0] = math_normal_cdf(above);
    const double density = math_exp(-above * above / 2) * 0x1.9884533d43651p-2;
    const double hazard = density / law->precomputed[0];
    set_facts(law, law->a + law->b * hazard, law->b * law->b * (1 - hazard * (hazard + above)));
}

static void derive_mix(struct distribution *law)
{
    double mean = 0, within = 0, between = 0, before = 0;
    for (uint32_t i = 0; i < law->part_count; i++) {
        const struct distribution *part = &law->parts[i];
        mean += (law->weights[i] - before) * part->mean;
        within += (law->weights[i] - before) * part->variance;
        law->depth = part->depth + 1 > law->depth ? part->depth + 1 : law->depth;
        before = law->weights[i];
    }
    before = 0;
    for (uint32_t i = 0; i < law->part_count && mean < __builtin_inf(); i++) {
        const double away = law->parts[i].mean - mean;
        between += (law->weights[i] - before) * away * away;
        before = law->weights[i];
    }
    set_facts(law, mean, within + between);
}

static void derive_empirical(struct distribution *law)
{
    const double *values = law->values;
    const double pieces = law->n > 1 ? (double)(law->n - 1) : 1;
    double mean = law->n > 1 ? 0 : values[0], square = 0;
    for (uint64_t i = 0; i + 1 < law->n; i++) {
        mean += (values[i] + values[i + 1]) / 2 / pieces;
    }
    for (uint64_t i = 0; i + 1 < law->n; i++) {
        const double low = values[i] - mean, high = values[i + 1] - mean;
        square += (low * low + low * high + high * high) / 3 / pieces;
    }
    set_facts(law, mean, square);
}

static void derive_zipf(struct distribution *law)
{
    const double n = (double)law->n, all = special_harmonic(n, law->shape);
    const double mean = special_harmonic(n, law->shape - 1) / all;
    zipf_prepare(n, law->shape, law->precomputed);
    law->precomputed[3] = all;
    set_facts(law, mean, special_harmonic(n, law->shape - 2) / all - mean * mean);
}

static void derive(struct distribution *law)
{
    const double width = law->b - law->a;
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
        set_facts(law, law->a, 0);
        return;
    case DISTRIBUTION_EXPONENTIAL:
        set_facts(law, law->a, law->a * law->a);
        return;
    case DISTRIBUTION_ERLANG:
        derive_gamma(law, law->a / law->shape);
        return;
    case DISTRIBUTION_GAMMA:
        derive_gamma(law, law->a);
        return;
    case DISTRIBUTION_LOGNORMAL:
        derive_lognormal(law);
        return;
    case DISTRIBUTION_WEIBULL:
        derive_weibull(law);
        return;
    case DISTRIBUTION_PARETO:
        derive_pareto(law);
        return;
    case DISTRIBUTION_UNIFORM:
        set_facts(law, law->a + width / 2, width * width / 12);
        return;
    case DISTRIBUTION_NORMAL:
        derive_normal(law);
        return;
    case DISTRIBUTION_MIX:
        derive_mix(law);
        return;
    case DISTRIBUTION_EMPIRICAL:
        derive_empirical(law);
        return;
    case DISTRIBUTION_ZIPF:
        derive_zipf(law);
        return;
    case DISTRIBUTION_GEOMETRIC:
        law->precomputed[0] = law->a > 1 ? -1 / math_log1p(-1 / law->a) : 0;
        set_facts(law, law->a, law->a * (law->a - 1));
        return;
    }
}

const char *distribution_prepare(struct distribution *distribution)
{
    const char *problem = problem_of(distribution);
    if (problem == NULL) {
        distribution->depth = 1;
        derive(distribution);
    }
    return problem;
}

// ---- Forms --------------------------------------------------------------------------------------

static struct distribution prepared(struct distribution law)
{
    (void)distribution_prepare(&law); // who uses the law asks again
    return law;
}

struct distribution distribution_constant(double value)
{
    return prepared((struct distribution){.kind = DISTRIBUTION_CONSTANT, .a = value});
}

struct distribution distribution_exponential(double mean)
{
    return prepared((struct distribution){.kind = DISTRIBUTION_EXPONENTIAL, .a = mean});
}

struct distribution distribution_erlang(uint64_t k, double mean)
{
    return prepared(
        (struct distribution){.kind = DISTRIBUTION_ERLANG, .shape = (double)k, .a = mean});
}

struct distribution distribution_gamma_cv(double mean, double cv)
{
    const double square = cv > 0 ? cv * cv : 0;
    return prepared((struct distribution){
        .kind = DISTRIBUTION_GAMMA, .shape = square > 0 ? 1 / square : 0, .a = mean * square});
}

// A median or p99 without a logarithm gives a sigma that is no number, which prepare refuses.
struct distribution distribution_lognormal_p99(double median, double p99)
{
    const double ratio = median > 0 ? p99 / median : -1;
    return prepared((struct distribution){
        .kind = DISTRIBUTION_LOGNORMAL, .a = math_log(median), .b = math_log(ratio) / NORMAL_P99});
}

struct distribution distribution_lognormal_cv(double mean, double cv)
{
    const double square = cv >= 0 ? math_log1p(cv * cv) : -1;
    return prepared((struct distribution){.kind = DISTRIBUTION_LOGNORMAL,
                                          .a = math_log(mean) - square / 2,
                                          .b = square < 0 ? -1 : math_sqrt(square)});
}

struct distribution distribution_hyperexponential(double mean, double cv,
                                                  struct distribution_pair *pair)
{
    const double square = cv * cv;
    const double share = (1 + math_sqrt((square - 1) / (square + 1))) / 2; // no number below cv 1
    pair->parts[0] = distribution_exponential(mean / (2 * share));
    pair->parts[1] = distribution_exponential(mean / (2 * (1 - share)));
    pair->weights[0] = share;
    pair->weights[1] = 1;
    return prepared((struct distribution){
        .kind = DISTRIBUTION_MIX, .part_count = 2, .parts = pair->parts, .weights = pair->weights});
}
