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

// x^a e^-x / Gamma(a + 1) times the sum of x^n / (a + 1) ... (a + n).
static double gamma_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int n = 1; n < ITERATIONS && term > sum * EPSILON; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return sum * math_exp(a * math_log(x) - x - math_gamma_log(a + 1));
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
    return value * math_exp(a * math_log(x) - x - math_gamma_log(a));
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

static double log_of(double x, double complement)
{
    return x < 0.5 ? math_log(x) : math_log1p(-complement);
}

double special_beta(double a, double b, double x, double y)
{
    if (x <= 0 || y <= 0) {
        return x <= 0 ? 0 : 1;
    }
    const double scale = math_exp(math_gamma_log(a + b) - math_gamma_log(a) - math_gamma_log(b) +
                                  a * log_of(x, y) + b * log_of(y, x));
    if (x < (a + 1) / (a + b + 2)) {
        return scale * beta_fraction(a, b, x) / a;
    }
    return 1 - scale * beta_fraction(b, a, y) / b;
}

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
