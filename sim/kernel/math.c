// math - elementary functions through SLEEF's pure C code without fused operations.
#include "sim/kernel/math.h"

#include <float.h>

#include <sleef.h>

#include "sim/kernel/inversion.h"

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are evaluated as doubles: use SSE2, not the x87");

double math_log(double x)
{
    return Sleef_cinz_logd1_u10purec(x);
}

double math_exp(double x)
{
    return Sleef_cinz_expd1_u10purec(x);
}

double math_pow(double base, double exponent)
{
    return Sleef_cinz_powd1_u10purec(base, exponent);
}

double math_log1p(double x)
{
    return Sleef_cinz_log1pd1_u10purec(x);
}

double math_expm1(double x)
{
    return Sleef_cinz_expm1d1_u10purec(x);
}

double math_sin(double x)
{
    return Sleef_cinz_sind1_u10purec(x);
}

double math_cos(double x)
{
    return Sleef_cinz_cosd1_u10purec(x);
}

double math_erf(double x)
{
    return Sleef_cinz_erfd1_u10purec(x);
}

double math_gamma_log(double x)
{
    return Sleef_cinz_lgammad1_u10purec(x);
}

// Correctly rounded by IEEE 754, on every machine.
double math_sqrt(double x)
{
    return __builtin_sqrt(x);
}

double math_normal_cdf(double x)
{
    return 0.5 * Sleef_cinz_erfcd1_u15purec(-x * 0x1.6a09e667f3bcdp-1);
}

double math_normal_quantile(double p)
{
    if (!(p > 0) || !(p < 1)) {
        const double infinity = __builtin_inf();
        return p == 0 ? -infinity : p == 1 ? infinity : __builtin_nan("");
    }
    return inversion_normal(p);
}
