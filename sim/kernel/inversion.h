// inversion - laws from one uniform by committed tables and fixed polynomials, the same bits
// everywhere.
//
// Only + - x / and moves of bits: no library, no fused operation, one order of evaluation. Errors
// are about one unit in the last place (tested against longer arithmetic). One uniform gives one
// value, falling or rising with it, so variants of a scenario that share a stream share their luck
// draw by draw; a ziggurat would be no faster and would lose step at its rejections.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sim/kernel/random.h"

enum { INVERSION_LOG_ROWS = 128, INVERSION_EXP_ROWS = 128 };

// Row i belongs to [1 + i/128, 1 + (i + 1)/128) and its middle c: c, 1/c, ln(2/c).
extern const double inversion_log_table[INVERSION_LOG_ROWS][3];
// The bits of 2^(i/128).
extern const uint64_t inversion_exp_table[INVERSION_EXP_ROWS];

static inline double inversion_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t inversion_to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// -ln(z/2) for the double 1 <= z < 2 with the given bits; z = c (1 + r), |r| <= 2^-8. Never
// negative.
static inline double inversion_half_log(uint64_t bits)
{
    const double *row = inversion_log_table[(bits >> 45) % INVERSION_LOG_ROWS];
    const double r = (inversion_from_bits(bits) - row[0]) * row[1];
    const double r2 = r * r;
    const double tail = (0.5 - r * (1.0 / 3)) + r2 * (0.25 - r * (1.0 / 5));
    return (row[2] - r) + r2 * tail;
}

// Natural logarithm of a positive normal number, with an absolute error of 1e-15 around 1.
static inline double inversion_log(double x)
{
    const uint64_t bits = inversion_to_bits(x), one = 0x3ff0000000000000;
    const double e = (double)((int64_t)(bits >> 52) - 1022);
    return e * 0x1.62e42fefa39efp-1 - inversion_half_log((bits & 0x000fffffffffffff) | one);
}

// Exponential function; arguments are held in [-708, 708].
static inline double inversion_exp(double x)
{
    x = x < -708 ? -708 : x > 708 ? 708 : x;
    const double shift =
        0x1.8p52; // adding it rounds to an integer, which then stands in the low bits
    const double shifted = x * 0x1.71547652b82fep7 + shift;
    const double k = shifted - shift;
    const uint64_t bits = inversion_to_bits(shifted), row = bits % INVERSION_EXP_ROWS;
    const double r = (x - k * 0x1.62e42fefap-8) - k * 0x1.cf79abc9e3b3ap-47;
    const double r2 = r * r;
    const double tail = (0.5 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
    const double scale = inversion_from_bits(inversion_exp_table[row] + ((bits - row) << 45));
    return scale + scale * (r + r2 * tail);
}

// Polynomial of degree 7, lowest power first, in pairs: short chains, one fixed order.
static inline double inversion_polynomial(const double c[8], double x)
{
    const double x2 = x * x;
    return ((c[0] + x * c[1]) + x2 * (c[2] + x * c[3])) +
           (x2 * x2) * ((c[4] + x * c[5]) + x2 * (c[6] + x * c[7]));
}

// Wichura's AS 241 (1988): the quantile of the standard normal law, 0 < p < 1.
double inversion_normal_tail(double p);

static inline bool inversion_is_tail(double p)
{
    const double q = p - 0.5;
    return (q < -0.425) | (q > 0.425);
}

static inline double inversion_normal_middle(double p)
{
    static const double above[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                    1.9715909503065514427e3, 1.3731693765509461125e4,
                                    4.5921953931549871457e4, 6.7265770927008700853e4,
                                    3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double below[8] = {1,
                                    4.2313330701600911252e1,
                                    6.8718700749205790830e2,
                                    5.3941960214247511077e3,
                                    2.1213794301586595867e4,
                                    3.9307895800092710610e4,
                                    2.8729085735721942674e4,
                                    5.2264952788528545610e3};
    const double q = p - 0.5;
    const double r = 0.180625 - q * q;
    return q * inversion_polynomial(above, r) / inversion_polynomial(below, r);
}

static inline double inversion_normal(double p)
{
    return inversion_is_tail(p) ? inversion_normal_tail(p) : inversion_normal_middle(p);
}

// The same number as random_open_unit, by setting the bits of [1, 2).
static inline double inversion_open_unit_of(uint64_t word)
{
    return inversion_from_bits((word >> 12) | 0x3ff0000000000000) - (1 - 0x1p-53);
}

static inline double inversion_open_unit(struct random_stream *stream)
{
    return inversion_open_unit_of(random_word(stream));
}

// Exponential of mean 1: -ln of the word read as a fraction, to 53 significant bits.
static inline double inversion_exponential_of(uint64_t word)
{
    word |= 1;
    const int zeros = __builtin_clzll(word);
    const uint64_t bits = (word << zeros >> 11) + 0x3fe0000000000000;
    return (double)zeros * 0x1.62e42fefa39efp-1 + inversion_half_log(bits);
}

// Draws of the two commonest laws: made of all words of a fill at once (inversion_block.c), one
// word a draw.
double inversion_exponential_anew(struct random_stream *stream);
double inversion_normal_anew(struct random_stream *stream);

static inline double inversion_exponential(struct random_stream *stream)
{
    return stream->next < stream->exponentials ? stream->values[stream->next++]
                                               : inversion_exponential_anew(stream);
}

// inversion_normal of the open unit.
static inline double inversion_normal_draw(struct random_stream *stream)
{
    return stream->next < stream->normals ? stream->values[stream->next++]
                                          : inversion_normal_anew(stream);
}
