// zipf - the hat x^-s, its integral and the inverse of that, and the draw.
#include "sim/kernel/zipf.h"

#include "sim/kernel/inversion.h"
#include "sim/kernel/math.h"

// Nearer to 1 than this, 1 - s is no good divisor: expm1 and log1p take over.
static const double NEAR = 1e-3;

static bool is_near(double q)
{
    return q < NEAR && q > -NEAR;
}

static double hat(double x, double s)
{
    return inversion_exp(-s * inversion_log(x));
}

// (x^q - 1) / q with q = 1 - s: the integral of the hat from 1.
static double hat_integral(double x, double s)
{
    const double q = 1 - s, log = inversion_log(x);
    if (q == 0) {
        return log;
    }
    return (is_near(q) ? math_expm1(q * log) : inversion_exp(q * log) - 1) / q;
}

static double hat_inverse(double integral, double s)
{
    const double q = 1 - s, above = q * integral;
    if (q == 0) {
        return inversion_exp(integral);
    }
    const double held = above > -1 + 0x1p-53 ? above : -1 + 0x1p-53;
    const double log = is_near(q) ? math_log1p(held) : inversion_log(1 + held);
    return inversion_exp(log / q);
}

void zipf_prepare(double n, double s, double precomputed[3])
{
    precomputed[0] = hat_integral(1.5, s) - 1;
    precomputed[1] = hat_integral(n + 0.5, s);
    precomputed[2] = 2 - hat_inverse(hat_integral(2.5, s) - hat(2, s), s);
}

double zipf_draw(double n, double s, const double precomputed[3], struct random_stream *stream)
{
    for (;;) {
        const double share = inversion_open_unit(stream);
        const double at = precomputed[1] + share * (precomputed[0] - precomputed[1]);
        const double x = hat_inverse(at, s);
        const double whole = (double)(int64_t)(x + 0.5);
        const double rank = whole < 1 ? 1 : whole > n ? n : whole;
        if (rank - x <= precomputed[2] || at >= hat_integral(rank + 0.5, s) - hat(rank, s)) {
            return rank;
        }
    }
}
