// special - incomplete gamma and beta functions, over math_* alone, so their bits may be stored.
#pragma once

// Regularised incomplete gamma functions: P(a, x) and Q = 1 - P, for a > 0, x >= 0.
double special_gamma_p(double a, double x);
double special_gamma_q(double a, double x);

// Regularised incomplete beta function I_x(a, b), for a, b > 0; y = 1 - x is given apart, so that
// nothing is lost when x is close to 1.
double special_beta(double a, double b, double x, double y);

// The same at many x: what depends on a and b alone is the larger part of the work.
struct special_beta {
    double a, b, error, root;
};
struct special_beta special_beta_of(double a, double b);
double special_beta_at(const struct special_beta *beta, double x, double y);

// 1 + 2^-s + ... + n^-s for any real s and n >= 1 (Euler and Maclaurin's formula from the 50th
// term).
double special_harmonic(double n, double s);
