// math - elementary functions whose bits do not depend on the CPU: the one door to SLEEF (cinz,
// u10).
#pragma once

double math_log(double x);
double math_exp(double x);
double math_pow(double base, double exponent);
double math_log1p(double x);
double math_expm1(double x);
double math_sin(double x);
double math_cos(double x);
double math_erf(double x);
double math_gamma_log(double x);
double math_sqrt(double x);
double math_normal_cdf(double x);
double math_normal_quantile(double p); // inverse of the standard normal distribution function
