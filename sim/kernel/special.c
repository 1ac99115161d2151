// special - series and continued fractions of the incomplete gamma and beta functions.
#include "sim/kernel/special.h"

#include "sim/kernel/math.h"

// Iterations grow with the square root of the parameters; this many serve parameters up to 10^12.
enum { ITERATIONS = 8000000 };
static const double EPSILON = 0x1p-53, TINY = 1e-300;

static double away_from_zero(double value)
{
    return value < TINY && value > -TINY ? TINY : value;
}

// ---- Factors without cancellation (C. Loader, Fast and accurate computation of binomial
// probabilities, 2000) ----------------------------------------------------------------------------

static const double TWO_PI = 0x1.921fb54442d18p+2;

// ln Gamma(n + 1) less Stirling's approximation of it.
static double stirling_error(double n)
{
    if (n < 16) {
        const double half_log = 0.5 * math_log(TWO_PI * n);
        return math_gamma_log(n + 1) - (n * math_log(n) - n + half_log);
    }
    const double over = 1 / (n * n);
    const double tail = 1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 * over) * over;
    return (1.0 / 12 - (1.0 / 360 - tail * over) * over) / n;
}

// x ln(x / mean) + mean - x, which is small where x is close to the mean.
static double deviance(double x, double mean)
{
    const double away = x - mean, share = away / (x + mean);
    if (share > 0.1 || share < -0.1) {
        return x * math_log(x / mean) - away;
    }
    double sum = away * share, term = 2 * x * share;
    for (int j = 1; j < 100; j++) {
        term *= share * share;
        const double next = sum + term / (2 * j + 1);
        if (next == sum) {
            break;
        }
        sum = next;
    }
    return sum;
}

// x^a e^-x / Gamma(a + 1).
static double gamma_factor(double a, double x)
{
    return math_exp(-stirling_error(a) - deviance(a, x)) / math_sqrt(TWO_PI * a);
}

// x^a y^b / B(a, b), where x + y = 1.
static double beta_factor(const struct special_beta *beta, double x, double y)
{
    const double n = beta->a + beta->b;
    const double away = deviance(beta->a, n * x) + deviance(beta->b, n * y);
    return math_exp(beta->error - away) * beta->root;
}

// ---- Incomplete functions -----------------------------------------------------------------------

// x^a e^-x / Gamma(a + 1) times the sum of x^n / (a + 1) ... (a + n).
static double gamma_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int n = 1; n < ITERATIONS && term > sum * EPSILON; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum * gamma_factor(a, x);
}

// Lentz's evaluation of Legendre's continued fraction of Q, for x > a + 1.
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / TINY, d = 1 / b, value = d;
    for (int n = 1; n < ITERATIONS; n++) {
        const double numerator = -n * (n - a);
        b += 2;
        d = 1 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        const double factor = d * c;
        value *= factor;
        if (factor - 1 < EPSILON && 1 - factor < EPSILON) {
            break;
        }
    }
    return value * a * gamma_factor(a, x);
}

double special_gamma_p(double a, double x)
{
    if (x <= 0) {
        return 0;
    }
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double special_gamma_q(double a, double x)
{
    if (x <= 0) {
        return 1;
    }
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

// Lentz's evaluation of the continued fraction of the incomplete beta function (DLMF 8.17.22).
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < ITERATIONS; m++) {
        const double even = m * (b - m) * x / ((a + 2.0 * m - 1) * (a + 2.0 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        const double factor = d * c;
        value *= factor;
        if (factor - 1 < 2 * EPSILON && 1 - factor < 2 * EPSILON) {
            break;
        }
    }
    return value;
}

struct special_beta special_beta_of(double a, double b)
{
    const double n = a + b;
    return (struct special_beta){
        .a = a,
        .b = b,
        .error = stirling_error(n) - stirling_error(a) - stirling_error(b),
        .root = math_sqrt(a * b / (TWO_PI * n)),
    };
}

double special_beta_at(const struct special_beta *beta, double x, double y)
{
    const double a = beta->a, b = beta->b;
    if (x <= 0 || y <= 0) {
        return x <= 0 ? 0 : 1;
    }
    const double scale = beta_factor(beta, x, y);
    if (x < (a + 1) / (a + b + 2)) {
        return scale * beta_fraction(a, b, x) / a;
    }
    return 1 - scale * beta_fraction(b, a, y) / b;
}

double special_beta(double a, double b, double x, double y)
{
    const struct special_beta beta = special_beta_of(a, b);
    return special_beta_at(&beta, x, y);
}

// ---- Harmonic numbers ---------------------------------------------------------------------------

static double power(double x, double exponent)
{
    return math_exp(exponent * math_log(x));
}

// Integral of x^-s over [low, high], also where s is close to 1.
static double power_integral(double low, double high, double s)
{
    const double q = 1 - s, stretch = math_log(high / low);
    const double scaled = q * stretch;
    const double mean = scaled == 0 ? 1 : math_expm1(scaled) / scaled;
    return power(low, q) * stretch * mean;
}

// The correction terms of the formula at one end: B_2j / (2j)! times the derivatives of x^-s.
static double end_correction(double x, double s)
{
    const double over = 1 / (x * x);
    const double first = -s / x, third = first * (s + 1) * (s + 2) * over;
    const double fifth = third * (s + 3) * (s + 4) * over;
    return power(x, -s) * (first / 12 - third / 720 + fifth / 30240);
}

double special_harmonic(double n, double s)
{
    const double head = n < 50 ? n : 49;
    double sum = 0;
    for (double k = head; k >= 1; k--) {
        sum += power(k, -s);
    }
    if (n < 50) {
        return sum;
    }
    return sum + power_integral(50, n, s) + (power(50, -s) + power(n, -s)) / 2 +
           (end_correction(n, s) - end_correction(50, s));
}
