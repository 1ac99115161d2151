// distribution - laws of durations and counts, drawn the same on every machine.
//
// A value is a duration in nanoseconds (double inside, rounded half up to an integer by the draw)
// or a plain count. Draws use only + - x / sqrt and committed tables (inversion.h), in rare
// branches SLEEF's cinz functions. All but gamma and Erlang (by rejection above 8 stages), Zipf
// (by rejection) and mix take one word a draw; none takes more words because its mean or scale is
// another, so common random numbers stay in step.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/inversion.h"
#include "sim/kernel/random.h"

enum distribution_kind {
    DISTRIBUTION_CONSTANT,    // a: value
    DISTRIBUTION_EXPONENTIAL, // a: mean
    DISTRIBUTION_ERLANG,      // shape: k, a: mean
    DISTRIBUTION_GAMMA,       // shape, a: scale
    DISTRIBUTION_LOGNORMAL,   // a: mu, b: sigma (of ln value)
    DISTRIBUTION_WEIBULL,     // shape, a: scale
    DISTRIBUTION_PARETO,      // a: minimum, shape: alpha
    DISTRIBUTION_UNIFORM,     // a: low, b: high
    DISTRIBUTION_NORMAL, // a: mean, b: standard deviation, of the untruncated law; truncated at 0
    DISTRIBUTION_MIX,    // parts with weights
    DISTRIBUTION_EMPIRICAL, // table of sorted values, linear inverse between them
    DISTRIBUTION_ZIPF,      // n: ranks 1..n, shape: s; a count
    DISTRIBUTION_GEOMETRIC, // a: mean (>= 1), counts 1, 2, ...
};

struct distribution {
    enum distribution_kind kind;
    double a, b, shape;
    uint64_t n;
    uint32_t part_count;
    const struct distribution *parts; // of a mix
    const double *weights;            // of a mix: cumulative, last 1
    const double *values;             // empirical, sorted; n of them
    // Filled by distribution_prepare.
    uint32_t depth; // 0: not prepared; 1; of a mix one more than its deepest part
    double mean, variance;
    double precomputed[4];
};

enum { DISTRIBUTION_DEPTH = 8 }; // of nested mixes

// Call once after the parameters are set, for the parts of a mix before the mix. NULL if good, else
// what is wrong with the parameters ("cv must be above 0"), as a constant text.
const char *distribution_prepare(struct distribution *distribution);

// Parameter forms of the scenario language, prepared where the parameters are good; prepare says
// what is wrong otherwise. Units of mean, median, p99: ns or counts.
struct distribution distribution_constant(double value);
struct distribution distribution_exponential(double mean);
struct distribution distribution_erlang(uint64_t k, double mean);
struct distribution distribution_gamma_cv(double mean, double cv);
struct distribution distribution_lognormal_p99(double median, double p99);
struct distribution distribution_lognormal_cv(double mean, double cv);

// Two exponentials of balanced means (each brings half of the mean) with cv >= 1; the caller keeps
// `pair` where it is for as long as he draws.
struct distribution_pair {
    struct distribution parts[2];
    double weights[2];
};
struct distribution distribution_hyperexponential(double mean, double cv,
                                                  struct distribution_pair *pair);

// A draw before rounding; finite, never negative.
double distribution_draw_real(const struct distribution *distribution,
                              struct random_stream *stream);

// A draw, in ns (or a count), never negative, at most 2^62 - 1.
static inline int64_t distribution_round(double value)
{
    return value < 0x1p62 ? (int64_t)(value + 0.5) : ((int64_t)1 << 62) - 1;
}

static inline int64_t distribution_draw(const struct distribution *distribution,
                                        struct random_stream *stream)
{
    if (distribution->kind == DISTRIBUTION_EXPONENTIAL) {
        return distribution_round(distribution->a * inversion_exponential(stream));
    }
    return distribution_round(distribution_draw_real(distribution, stream));
}

// Analytic facts; mean and variance may be infinite (Pareto).
double distribution_mean(const struct distribution *distribution);
double distribution_variance(const struct distribution *distribution);
double distribution_cdf(const struct distribution *distribution, double value);
// The smallest value with cdf >= p, 0 <= p <= 1; infinite at 1 where the law has no end.
double distribution_quantile(const struct distribution *distribution, double p);
double distribution_minimum(const struct distribution *distribution);
bool distribution_is_constant(const struct distribution *distribution);
