// estimate - intervals: Student over replications, ratios, quantiles, warm-up, sequential stopping.
//
// Stored bytes depend only on + - x / sqrt, SLEEF and our own Student quantiles; GSL serves here
// for nothing that reaches a file.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct estimate {
    bool known;        // false: no sample, nothing else is set
    bool has_interval; // false with fewer than two values
    double value;
    double low, high;
    double se; // standard error of value
    uint32_t df;
};

// Quantile of Student's law with df >= 1 at 0 < p < 1 (Hill's expansion refined by Newton on the
// incomplete beta function; own arithmetic, relative error below 1e-10).
double estimate_student(double p, double df);

// Mean of n values (NaN skipped) with a Student interval at `level` (0.95).
struct estimate estimate_mean(const double *values, uint32_t n, double level);

// Ratio good/total: the pooled ratio; the interval is the wider, side by side, of Student over the
// replications' ratios about it (those with total > 0) and Clopper-Pearson on the pooled counts.
struct estimate estimate_ratio(const uint64_t *good, const uint64_t *total, uint32_t n,
                               double level);

// Clopper-Pearson bounds for k successes in n.
void estimate_binomial(uint64_t k, uint64_t n, double level, double *low, double *high);

// The smallest k with P(X > k) <= 1 - p for X ~ Binomial(n, q): the quantile used by the theory
// suite.
uint32_t estimate_binomial_quantile(uint32_t n, double q, double p);

// Sectioning: `pooled` is the quantile of all values, sections[i] that of replication i (n of them,
// NaN skipped); the interval is centred on the pooled value with the spread of the sections about
// it.
struct estimate estimate_section(double pooled, const double *sections, uint32_t n, double level);

// MSER-5 (White 1997): the number of leading values to cut from a series of n, at most half.
// Returns n when the minimum lies beyond the half, or n < 50: the series is too short.
uint32_t estimate_mser5(const double *values, uint32_t n);

// A quantity that is never negative has no interval below zero.
void estimate_hold_positive(struct estimate *estimate);

// The wider half of the interval over the value; infinity when unknown.
double estimate_relative_width(const struct estimate *estimate);

// Lag-1 autocorrelation of n values, 0 when n < 3.
double estimate_autocorrelation(const double *values, uint32_t n);
