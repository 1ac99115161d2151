// decimal - doubles as the shortest decimals that read back, by exact integers.
#include "sim/base/decimal.h"

#include <stdint.h>
#include <string.h>

enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1075, DIGITS_MOST = 17, PLAIN_LEAST = -4 };

static const uint64_t HIDDEN = (uint64_t)1 << MANTISSA_BITS;

struct binary { // mantissa * 2^exponent
    uint64_t mantissa;
    int exponent;
};

struct decimal { // digits * 10^-places
    uint64_t digits;
    int places;
};

// Every power of five below 2^64.
static const uint64_t fives[] = {
    1,
    5,
    25,
    125,
    625,
    3125,
    15625,
    78125,
    390625,
    1953125,
    9765625,
    48828125,
    244140625,
    1220703125,
    6103515625,
    30517578125,
    152587890625,
    762939453125,
    3814697265625,
    19073486328125,
    95367431640625,
    476837158203125,
    2384185791015625,
    11920928955078125,
    59604644775390625,
    298023223876953125,
    1490116119384765625,
    7450580596923828125,
};

struct rounding {
    uint64_t digits;
    __int128 away; // from the number, in units of 10^-places * 2^-shift
    uint64_t last; // the number's last bit in the same units
};

// The nearest decimal of so many places, ties to the even one.
static struct rounding round_to(struct binary number, int places)
{
    const int shift = -(number.exponent + places);
    const unsigned __int128 exact = (unsigned __int128)number.mantissa * fives[places];
    if (shift <= 0) {
        return (struct rounding){(uint64_t)(exact << -shift), 0, fives[places]};
    }
    const unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
    const unsigned __int128 rest = exact & ((half << 1) - 1);
    uint64_t digits = (uint64_t)(exact >> shift);
    digits += rest > half || (rest == half && digits % 2 == 1);
    const unsigned __int128 rounded = (unsigned __int128)digits << shift;
    return (struct rounding){digits, (__int128)(rounded - exact), fives[places]};
}

// The doubles next to the number are a last bit away, the lower one half of that at a power of two.
static bool reads_back(struct binary number, const struct rounding *rounding)
{
    const __int128 away = rounding->away < 0 ? -rounding->away : rounding->away;
    const bool close = number.mantissa == HIDDEN && rounding->away < 0;
    return away * (close ? 4 : 2) < (__int128)rounding->last;
}

static int digit_count(uint64_t digits)
{
    int count = 1;
    for (uint64_t rest = digits; rest >= 10; rest /= 10) {
        count++;
    }
    return count;
}

// The places behind the point at which the number has 17 digits.
static int places_of(struct binary number)
{
    const int bits = number.exponent + MANTISSA_BITS; // 2^bits <= the number
    const int tens = bits * 1233 / 4096 - (bits < 0); // log10, or one less
    const int places = DIGITS_MOST - 1 - tens;
    return digit_count(round_to(number, places).digits) > DIGITS_MOST ? places - 1 : places;
}

// The shortest of 15, 16 and 17 digits that reads back.
static struct decimal shorten(struct binary number)
{
    const int most = places_of(number);
    for (int dropped = 2; dropped > 0; dropped--) {
        const struct rounding rounding = round_to(number, most - dropped);
        if (reads_back(number, &rounding)) {
            return (struct decimal){rounding.digits, most - dropped};
        }
    }
    return (struct decimal){round_to(number, most).digits, most};
}

// ---- text ---------------------------------------------------------------------------------------

// The digits without zeros at their end, highest first; how many.
static int spell(struct decimal *decimal, char digits[DECIMAL_ROOM])
{
    while (decimal->digits % 10 == 0) {
        decimal->digits /= 10;
        decimal->places--;
    }
    const int count = digit_count(decimal->digits);
    uint64_t rest = decimal->digits;
    for (int i = count; i-- > 0; rest /= 10) {
        digits[i] = (char)('0' + rest % 10);
    }
    return count;
}

static char *put(char *text, const char *characters, int count)
{
    memcpy(text, characters, (size_t)count);
    return text + count;
}

// The first `before` digits, the point, the others; zeros where there is none.
static char *put_parts(char *text, const char *digits, int count, int before)
{
    static const char zeros[] = "000000000000000";
    text = put(text, digits, before < count ? before : count);
    text = put(text, zeros, before < count ? 0 : before - count);
    if (before < count) {
        *text++ = '.';
        text = put(text, digits + before, count - before);
    }
    return text;
}

// As %g has it: a number below 1e-4 with a power of ten.
static void write_parts(char *text, struct decimal decimal)
{
    char digits[DECIMAL_ROOM];
    const int count = spell(&decimal, digits);
    const int power = count - 1 - decimal.places;
    if (power >= 0) {
        text = put_parts(text, digits, count, power + 1);
    } else if (power >= PLAIN_LEAST) {
        text = put(text, "0.000", 1 - power);
        text = put(text, digits, count);
    } else {
        const char exponent[4] = {'e', '-', (char)('0' + -power / 10), (char)('0' + -power % 10)};
        text = put_parts(text, digits, count, 1);
        text = put(text, exponent, 4);
    }
    *text = '\0';
}

bool decimal_write(char text[DECIMAL_ROOM], double value)
{
    const bool negative = value < 0;
    const double size = negative ? -value : value;
    if (!(size >= 1e-10 && size < 1e15)) {
        return false;
    }
    uint64_t bits;
    memcpy(&bits, &size, sizeof bits);
    const struct binary number = {(bits & (HIDDEN - 1)) | HIDDEN,
                                  (int)(bits >> MANTISSA_BITS) - EXPONENT_BIAS};
    text[0] = '-';
    write_parts(text + negative, shorten(number));
    return true;
}
