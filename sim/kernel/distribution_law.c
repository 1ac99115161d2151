// distribution_law - the laws' analytic facts: distribution functions, quantiles, least values.
#include "sim/kernel/distribution.h"

#include <stddef.h>

#include "sim/base/check.h"
#include "sim/kernel/math.h"
#include "sim/kernel/special.h"

// ---- The simple laws inside a mix ---------------------------------------------------------------

// A walk over the leaves of nested mixes with the share of each.
struct leaves {
    const struct distribution *laws[DISTRIBUTION_DEPTH + 1];
    double shares[DISTRIBUTION_DEPTH + 1];
    uint32_t next[DISTRIBUTION_DEPTH + 1];
    uint32_t depth;
};

static void leaves_begin(struct leaves *leaves, const struct distribution *law)
{
    leaves->depth = 1;
    leaves->laws[0] = law;
    leaves->shares[0] = 1;
    leaves->next[0] = 0;
}

// The next leaf and its share, NULL after the last.
static const struct distribution *leaves_next(struct leaves *leaves, double *share)
{
    while (leaves->depth > 0) {
        const uint32_t top = leaves->depth - 1;
        const struct distribution *law = leaves->laws[top];
        if (law->kind != DISTRIBUTION_MIX) {
            *share = leaves->shares[top];
            leaves->depth--;
            return law;
        }
        const uint32_t i = leaves->next[top]++;
        if (i == law->part_count) {
            leaves->depth--;
            continue;
        }
        const double weight = law->weights[i] - (i > 0 ? law->weights[i - 1] : 0);
        leaves->laws[leaves->depth] = &law->parts[i];
        leaves->shares[leaves->depth] = leaves->shares[top] * weight;
        leaves->next[leaves->depth++] = 0;
    }
    return NULL;
}

// ---- Least values, distribution functions
// ---------------------------------------------------------

static double leaf_minimum(const struct distribution *law)
{
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
    case DISTRIBUTION_PARETO:
    case DISTRIBUTION_UNIFORM:
        return law->a;
    case DISTRIBUTION_LOGNORMAL:
        return law->b == 0 ? law->mean : 0;
    case DISTRIBUTION_EMPIRICAL:
        return law->values[0];
    case DISTRIBUTION_ZIPF:
    case DISTRIBUTION_GEOMETRIC:
        return 1;
    case DISTRIBUTION_EXPONENTIAL:
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_GAMMA:
    case DISTRIBUTION_WEIBULL:
    case DISTRIBUTION_NORMAL:
    case DISTRIBUTION_MIX:
        break;
    }
    return 0;
}

static double lognormal_cdf(const struct distribution *law, double value)
{
    if (law->b == 0) {
        return value >= law->mean;
    }
    return math_normal_cdf((math_log(value) - law->a) / law->b);
}

static double uniform_cdf(const struct distribution *law, double value)
{
    if (value >= law->b) {
        return 1;
    }
    return value <= law->a ? 0 : (value - law->a) / (law->b - law->a);
}

static double normal_cdf(const struct distribution *law, double value)
{
    return 1 - math_normal_cdf((law->a - value) / law->b) / law->precomputed[0];
}

// How many of the table's values are at most `value`.
static uint64_t count_up_to(const struct distribution *law, double value)
{
    uint64_t low = 0, high = law->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (law->values[middle] <= value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static double empirical_cdf(const struct distribution *law, double value)
{
    const uint64_t count = count_up_to(law, value);
    if (count == 0 || count == law->n) {
        return count == 0 ? 0 : 1;
    }
    const double low = law->values[count - 1], high = law->values[count];
    return ((double)(count - 1) + (value - low) / (high - low)) / (double)(law->n - 1);
}

static double zipf_cdf(const struct distribution *law, double value)
{
    const double n = (double)law->n;
    const double rank = value < n ? (double)(int64_t)value : n;
    return rank >= n ? 1 : special_harmonic(rank, law->shape) / law->precomputed[3];
}

static double geometric_cdf(const struct distribution *law, double value)
{
    if (law->precomputed[0] == 0) {
        return 1;
    }
    const double count = value < 0x1p62 ? (double)(int64_t)value : value;
    return -math_expm1(-count / law->precomputed[0]);
}

static double leaf_cdf(const struct distribution *law, double value)
{
    if (value < leaf_minimum(law)) {
        return 0;
    }
    if (value > 0x1p1000) {
        return 1;
    }
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
        return 1;
    case DISTRIBUTION_EXPONENTIAL:
        return -math_expm1(-value / law->a);
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_GAMMA:
        return special_gamma_p(law->shape, value / law->precomputed[0]);
    case DISTRIBUTION_LOGNORMAL:
        return value <= 0 ? 0 : lognormal_cdf(law, value);
    case DISTRIBUTION_WEIBULL:
        return value <= 0 ? 0 : -math_expm1(-math_pow(value / law->a, law->shape));
    case DISTRIBUTION_PARETO:
        return -math_expm1(law->shape * math_log(law->a / value));
    case DISTRIBUTION_UNIFORM:
        return uniform_cdf(law, value);
    case DISTRIBUTION_NORMAL:
        return normal_cdf(law, value);
    case DISTRIBUTION_EMPIRICAL:
        return empirical_cdf(law, value);
    case DISTRIBUTION_ZIPF:
        return zipf_cdf(law, value);
    case DISTRIBUTION_GEOMETRIC:
        return geometric_cdf(law, value);
    case DISTRIBUTION_MIX:
        break;
    }
    return 0;
}

double distribution_cdf(const struct distribution *distribution, double value)
{
    CHECK(distribution->depth > 0);
    struct leaves leaves;
    leaves_begin(&leaves, distribution);
    double sum = 0, share;
    for (const struct distribution *leaf; (leaf = leaves_next(&leaves, &share)) != NULL;) {
        sum += share * leaf_cdf(leaf, value);
    }
    return sum < 1 ? sum : 1;
}

// ---- Quantiles ----------------------------------------------------------------------------------

// The smallest value in [low, high] with cdf >= p, given that high has it; halved on a logarithmic
// scale while the ends lie far apart.
static double bisect(const struct distribution *law, double p, double low, double high)
{
    if (distribution_cdf(law, low) >= p) {
        return low;
    }
    for (int i = 0; i < 300; i++) {
        const double floor = low > high * 1e-300 ? low : high * 1e-300;
        const double middle =
            high > 4 * floor ? math_sqrt(floor) * math_sqrt(high) : low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            break;
        }
        if (distribution_cdf(law, middle) >= p) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static double gamma_quantile(const struct distribution *law, double p)
{
    if (p == 1) {
        return __builtin_inf();
    }
    double high = law->mean;
    while (distribution_cdf(law, high) < p) {
        high *= 2;
    }
    return bisect(law, p, 0, high);
}

static double empirical_quantile(const struct distribution *law, double p)
{
    const double at = p * (double)(law->n - 1);
    const uint64_t i = (uint64_t)at;
    if (i + 1 >= law->n) {
        return law->values[law->n - 1];
    }
    return law->values[i] + (at - (double)i) * (law->values[i + 1] - law->values[i]);
}

static double zipf_quantile(const struct distribution *law, double p)
{
    uint64_t low = 1, high = law->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (zipf_cdf(law, (double)middle) >= p) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (double)low;
}

static double geometric_quantile(const struct distribution *law, double p)
{
    const double at = law->precomputed[0] == 0 ? 0 : -math_log1p(-p) * law->precomputed[0];
    if (at >= 0x1p62) {
        return at;
    }
    double count = (double)(int64_t)at;
    count = count > 1 ? count - 1 : 1;
    while (geometric_cdf(law, count) < p) {
        count++;
    }
    return count;
}

static double normal_quantile(const struct distribution *law, double p)
{
    const double value = law->a - law->b * math_normal_quantile((1 - p) * law->precomputed[0]);
    return value > 0 ? value : 0;
}

static double leaf_quantile(const struct distribution *law, double p)
{
    if (p == 0) {
        return leaf_minimum(law);
    }
    switch (law->kind) {
    case DISTRIBUTION_CONSTANT:
        return law->a;
    case DISTRIBUTION_EXPONENTIAL:
        return -law->a * math_log1p(-p);
    case DISTRIBUTION_ERLANG:
    case DISTRIBUTION_GAMMA:
        return gamma_quantile(law, p);
    case DISTRIBUTION_LOGNORMAL:
        return law->b == 0 ? law->mean : math_exp(law->a + law->b * math_normal_quantile(p));
    case DISTRIBUTION_WEIBULL:
        return law->a * math_pow(-math_log1p(-p), law->precomputed[0]);
    case DISTRIBUTION_PARETO:
        return law->a * math_exp(-math_log1p(-p) * law->precomputed[0]);
    case DISTRIBUTION_UNIFORM:
        return law->a + (law->b - law->a) * p;
    case DISTRIBUTION_NORMAL:
        return normal_quantile(law, p);
    case DISTRIBUTION_EMPIRICAL:
        return empirical_quantile(law, p);
    case DISTRIBUTION_ZIPF:
        return zipf_quantile(law, p);
    case DISTRIBUTION_GEOMETRIC:
        return geometric_quantile(law, p);
    case DISTRIBUTION_MIX:
        break;
    }
    return 0;
}

// The quantile of a mix lies between the least and the greatest quantile of its leaves.
double distribution_quantile(const struct distribution *distribution, double p)
{
    CHECK(distribution->depth > 0);
    CHECK(p >= 0 && p <= 1);
    struct leaves leaves;
    leaves_begin(&leaves, distribution);
    double low = __builtin_inf(), high = 0, share;
    for (const struct distribution *leaf; (leaf = leaves_next(&leaves, &share)) != NULL;) {
        if (share > 0) {
            const double value = leaf_quantile(leaf, p);
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
    }
    if (p == 0 || low >= high) {
        return low;
    }
    return high < __builtin_inf() ? bisect(distribution, p, low, high) : high;
}

// ---- Numbers ------------------------------------------------------------------------------------

double distribution_mean(const struct distribution *distribution)
{
    CHECK(distribution->depth > 0);
    return distribution->mean;
}

double distribution_variance(const struct distribution *distribution)
{
    CHECK(distribution->depth > 0);
    return distribution->variance;
}

double distribution_minimum(const struct distribution *distribution)
{
    struct leaves leaves;
    leaves_begin(&leaves, distribution);
    double least = __builtin_inf(), share;
    for (const struct distribution *leaf; (leaf = leaves_next(&leaves, &share)) != NULL;) {
        const double value = leaf_minimum(leaf);
        least = share > 0 && value < least ? value : least;
    }
    return least;
}

bool distribution_is_constant(const struct distribution *distribution)
{
    CHECK(distribution->depth > 0);
    return distribution->variance == 0;
}
