// estimate - Student, Clopper-Pearson, sectioning and MSER-5 in our own arithmetic.
#include "sim/kernel/estimate.h"

#include "sim/base/check.h"
#include "sim/kernel/math.h"
#include "sim/kernel/special.h"

static bool is_number(double value)
{
    return value == value;
}

static double smaller(double one, double other)
{
    return one < other ? one : other;
}

static double larger(double one, double other)
{
    return one > other ? one : other;
}

// ---- Student ------------------------------------------------------------------------------------

// For T with df degrees of freedom: P(T > t) if `tail`, else P(0 < T < t); t > 0. `beta` is that of
// student_beta.
static double student_part(double t, double df, bool tail, const struct special_beta *beta)
{
    const double square = t * t, far = square / (df + square), near = df / (df + square);
    return 0.5 * (tail ? special_beta_at(beta, near, far) : special_beta_at(beta, far, near));
}

static struct special_beta student_beta(double df, bool tail)
{
    return tail ? special_beta_of(df / 2, 0.5) : special_beta_of(0.5, df / 2);
}

// The logarithm of the density at 0.
static double student_scale(double df)
{
    return math_gamma_log((df + 1) / 2) - math_gamma_log(df / 2) -
           0.5 * math_log(df * 0x1.921fb54442d18p+1);
}

static double student_density(double t, double df, double scale)
{
    return math_exp(scale - (df + 1) / 2 * math_log1p(t * t / df));
}

// Hill's first terms (1970): the normal quantile stretched by powers of 1/df.
static double student_start(double tail, double df)
{
    const double z = -math_normal_quantile(tail), z2 = z * z;
    const double stretch = 1 + (z2 + 1) / (4 * df) + (5 * z2 * z2 + 16 * z2 + 3) / (96 * df * df);
    const double power = math_exp(-math_log(2 * tail) / df) * math_sqrt(df) * 0.5;
    return df >= 3 && z2 < 4 * df ? z * stretch : larger(z, power);
}

// Newton in log t on the log of the probability, which is close to a straight line at both ends;
// the tail is solved where it is the smaller part, the middle otherwise, so nothing cancels.
static double student_positive(double tail, double df)
{
    const bool outside = tail < 0.25;
    const double goal = math_log(outside ? tail : 0.5 - tail);
    const double scale = student_scale(df);
    const struct special_beta beta = student_beta(df, outside);
    double t = student_start(tail, df);
    for (int i = 0; i < 60; i++) {
        const double part = student_part(t, df, outside, &beta);
        const double slope = t * student_density(t, df, scale) / part;
        const double step = (math_log(part) - goal) / (outside ? slope : -slope);
        t *= math_exp(smaller(larger(step, -2), 2));
        if (step < 1e-13 && step > -1e-13) {
            break;
        }
    }
    return t;
}

double estimate_student(double p, double df)
{
    CHECK(p > 0 && p < 1);
    CHECK(df >= 1);
    if (p == 0.5) {
        return 0;
    }
    return p < 0.5 ? -student_positive(p, df) : student_positive(1 - p, df);
}

// ---- Means and quantiles ------------------------------------------------------------------------

// The interval about `centre` from the spread of the numbers among the values about it.
static struct estimate about(double centre, const double *values, uint32_t n, double level)
{
    uint32_t known = 0;
    double squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (is_number(values[i])) {
            known++;
            squares += (values[i] - centre) * (values[i] - centre);
        }
    }
    struct estimate estimate = {.known = true, .value = centre, .low = centre, .high = centre};
    if (known >= 2) {
        estimate.has_interval = true;
        estimate.df = known - 1;
        estimate.se = math_sqrt(squares / (known - 1.0) / known);
        const double half =
            estimate.se > 0 ? estimate_student(0.5 + level / 2, known - 1.0) * estimate.se : 0;
        estimate.low = centre - half;
        estimate.high = centre + half;
    }
    return estimate;
}

struct estimate estimate_mean(const double *values, uint32_t n, double level)
{
    uint32_t known = 0;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        known += is_number(values[i]);
        sum += is_number(values[i]) ? values[i] : 0;
    }
    if (known == 0) {
        return (struct estimate){.known = false};
    }
    return about(sum / known, values, n, level);
}

struct estimate estimate_section(double pooled, const double *sections, uint32_t n, double level)
{
    if (!is_number(pooled)) {
        return (struct estimate){.known = false};
    }
    return about(pooled, sections, n, level);
}

// ---- Ratios -------------------------------------------------------------------------------------

// P(X <= k) for X ~ Binomial(n, q).
static double binomial_cdf(uint64_t k, uint64_t n, double q)
{
    return k >= n ? 1 : special_beta((double)(n - k), (double)k + 1, 1 - q, q);
}

// The x with I_x(a, b) = p, solved for the smaller of x and 1 - x by bisection on a logarithmic
// scale, then on a linear one: about 70 steps, never lost.
static double beta_quantile(double p, double a, double b)
{
    const bool mirrored = a > b;
    const struct special_beta beta = mirrored ? special_beta_of(b, a) : special_beta_of(a, b);
    double low = 1e-300, high = 1;
    for (int i = 0; i < 200 && high - low > high * 0x1p-51; i++) {
        const double x = high > 4 * low ? math_sqrt(low) * math_sqrt(high) : low + (high - low) / 2;
        const double below = special_beta_at(&beta, x, 1 - x);
        const bool is_high = below > (mirrored ? 1 - p : p);
        high = is_high ? x : high;
        low = is_high ? low : x;
    }
    const double x = low + (high - low) / 2;
    return mirrored ? 1 - x : x;
}

void estimate_binomial(uint64_t k, uint64_t n, double level, double *low, double *high)
{
    CHECK(k <= n);
    const double outside = (1 - level) / 2, failures = (double)(n - k), successes = (double)k;
    *low = k == 0 ? 0 : beta_quantile(outside, successes, failures + 1);
    *high = k == n ? 1 : beta_quantile(1 - outside, successes + 1, failures);
}

uint32_t estimate_binomial_quantile(uint32_t n, double q, double p)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (1 - binomial_cdf(middle, n, q) <= 1 - p) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// Student's interval about the pooled ratio from the spread of the replications' ratios about it.
static struct estimate ratio_about(double pooled, const uint64_t *good, const uint64_t *total,
                                   uint32_t n)
{
    struct estimate estimate = {.known = true, .has_interval = true, .value = pooled};
    uint32_t known = 0;
    double squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (total[i] > 0) {
            const double away = (double)good[i] / (double)total[i] - pooled;
            squares += away * away;
            known++;
        }
    }
    if (known >= 2) {
        estimate.df = known - 1;
        estimate.se = math_sqrt(squares / (known - 1.0) / known);
    }
    return estimate;
}

struct estimate estimate_ratio(const uint64_t *good, const uint64_t *total, uint32_t n,
                               double level)
{
    uint64_t successes = 0, trials = 0;
    for (uint32_t i = 0; i < n; i++) {
        CHECK(good[i] <= total[i]);
        successes += good[i];
        trials += total[i];
    }
    if (trials == 0) {
        return (struct estimate){.known = false};
    }
    const double pooled = (double)successes / (double)trials;
    struct estimate estimate = ratio_about(pooled, good, total, n);
    estimate_binomial(successes, trials, level, &estimate.low, &estimate.high);
    if (estimate.df > 0) {
        const double half = estimate_student(0.5 + level / 2, estimate.df) * estimate.se;
        estimate.low = larger(0, smaller(estimate.low, pooled - half));
        estimate.high = smaller(1, larger(estimate.high, pooled + half));
    } else {
        estimate.se = math_sqrt(pooled * (1 - pooled) / (double)trials);
    }
    return estimate;
}

// ---- Series -------------------------------------------------------------------------------------

enum { BATCH = 5, LEFT_OUT = 5 };

static double batch_mean(const double *values, uint32_t batch)
{
    double sum = 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        sum += values[batch * BATCH + i];
    }
    return sum / BATCH;
}

// From the end towards the beginning: mean and squares of the batches kept, by Welford's
// recurrence. The last cuts, which would keep fewer than LEFT_OUT batches, are noise and are not
// tried.
uint32_t estimate_mser5(const double *values, uint32_t n)
{
    const uint32_t batches = n / BATCH;
    uint32_t best = batches;
    double mean = 0, squares = 0, least = __builtin_inf();
    for (uint32_t cut = batches; cut-- > 0;) {
        const uint32_t kept = batches - cut;
        const double value = batch_mean(values, cut), away = value - mean;
        mean += away / kept;
        squares += away * (value - mean);
        const double marginal = squares / ((double)kept * kept);
        if (kept >= LEFT_OUT && marginal <= least) {
            least = marginal;
            best = cut;
        }
    }
    return best > batches / 2 || batches < 2 * LEFT_OUT ? n : best * BATCH;
}

void estimate_hold_positive(struct estimate *estimate)
{
    if (estimate->known && estimate->has_interval && estimate->value >= 0 && estimate->low < 0) {
        estimate->low = 0;
    }
}

double estimate_relative_width(const struct estimate *estimate)
{
    const double size = estimate->value < 0 ? -estimate->value : estimate->value;
    if (!estimate->known || !estimate->has_interval || size == 0) {
        return __builtin_inf();
    }
    return larger(estimate->high - estimate->value, estimate->value - estimate->low) / size;
}

double estimate_autocorrelation(const double *values, uint32_t n)
{
    if (n < 3) {
        return 0;
    }
    double sum = 0, squares = 0, products = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += values[i];
    }
    const double mean = sum / n;
    for (uint32_t i = 0; i < n; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
        products += i > 0 ? (values[i] - mean) * (values[i - 1] - mean) : 0;
    }
    return squares > 0 ? products / squares : 0;
}
