// units_format - quantities written for people, and exactly for files.
#include "sim/base/units_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/decimal.h"

// Drops zeros behind the point, and the point if nothing is left behind it.
static void trim_zeros(char *number)
{
    if (strchr(number, '.') == NULL) {
        return;
    }
    size_t length = strlen(number);
    while (number[length - 1] == '0') {
        number[--length] = '\0';
    }
    if (number[length - 1] == '.') {
        number[length - 1] = '\0';
    }
}

// Three significant digits, at least one and at most two decimals, for 0.1 <= |value|; below it
// three significant digits.
static void write_number(char number[32], double value)
{
    const double size = fabs(value);
    if (size != 0 && size < 0.1) {
        snprintf(number, 32, "%.3g", value);
        return;
    }
    snprintf(number, 32, size < 10 ? "%.2f" : "%.1f", value);
    trim_zeros(number);
}

static bool is_odd(char *buffer, size_t size, double value)
{
    if (isnan(value)) {
        snprintf(buffer, size, "-");
        return true;
    }
    if (isinf(value)) {
        snprintf(buffer, size, value > 0 ? "inf" : "-inf");
        return true;
    }
    return false;
}

// The first unit in which the rounded number stays below `limit`.
static const char *write_scaled(char *buffer, size_t size, double value, double step,
                                const char *const *units)
{
    char number[32];
    double scaled = value;
    size_t i = 0;
    write_number(number, scaled);
    while (units[i + 1] != NULL && fabs(strtod(number, NULL)) >= step) {
        scaled /= step;
        i++;
        write_number(number, scaled);
    }
    if (fabs(scaled) >= 1e15) {
        snprintf(number, sizeof number, "%.3g", scaled);
    }
    snprintf(buffer, size, "%s%s", number, units[i]);
    return buffer;
}

// "3m41s", "2h5m", "3d4h": two neighbouring units, the second if it is not zero.
static const char *write_long(char *buffer, size_t size, double seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    size_t i = 0;
    while (seconds < (double)units[i].seconds) {
        i++;
    }
    const double small = (double)units[i + 1].seconds;
    const uint64_t rounded = (uint64_t)(seconds / small + 0.5) * units[i + 1].seconds;
    const uint64_t whole = rounded / units[i].seconds;
    const uint64_t rest = rounded % units[i].seconds / units[i + 1].seconds;
    if (rest == 0) {
        snprintf(buffer, size, "%" PRIu64 "%s", whole, units[i].name);
    } else {
        snprintf(buffer, size, "%" PRIu64 "%s%" PRIu64 "%s", whole, units[i].name, rest,
                 units[i + 1].name);
    }
    return buffer;
}

const char *units_format_duration(char *buffer, size_t size, double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s", NULL};
    if (is_odd(buffer, size, ns)) {
        return buffer;
    }
    if (ns == 0) {
        snprintf(buffer, size, "0");
        return buffer;
    }
    if (ns < 0 && ns > -59.95e9) {
        return write_scaled(buffer, size, ns, 1000, units);
    }
    if (ns >= 59.95e9 && ns < 1e22) {
        return write_long(buffer, size, ns < 60e9 ? 60 : ns / 1e9);
    }
    return write_scaled(buffer, size, ns, 1000, units);
}

const char *units_format_si(char *buffer, size_t size, double value)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", NULL};
    return is_odd(buffer, size, value) ? buffer : write_scaled(buffer, size, value, 1000, units);
}

const char *units_format_bytes(char *buffer, size_t size, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL};
    return is_odd(buffer, size, bytes) ? buffer : write_scaled(buffer, size, bytes, 1024, units);
}

const char *units_format_ratio(char *buffer, size_t size, double ratio)
{
    if (is_odd(buffer, size, ratio)) {
        return buffer;
    }
    const double percent = ratio * 100;
    const double missing = fabs(100 - percent);
    const double nearer = missing < fabs(percent) ? missing : fabs(percent);
    int decimals = 2;
    double finest = 0.1;
    while (nearer > 1e-12 && nearer < finest && decimals < 10) {
        decimals++;
        finest /= 10;
    }
    char number[32];
    snprintf(number, sizeof number, "%.*f", decimals, percent);
    trim_zeros(number);
    snprintf(buffer, size, "%s %%", number);
    return buffer;
}

// value / unit as a decimal without loss; unit is a power of ten.
static void add_exact(char *buffer, size_t size, uint64_t value, uint64_t unit, const char *name)
{
    const size_t used = strlen(buffer);
    char fraction[24] = "";
    uint64_t rest = value % unit;
    size_t at = 0;
    for (uint64_t place = unit / 10; rest > 0; place /= 10) {
        fraction[at++] = (char)('0' + rest / place);
        rest %= place;
    }
    fraction[at] = '\0';
    snprintf(buffer + used, size - used, "%" PRIu64 "%s%s%s", value / unit, at > 0 ? "." : "",
             fraction, name);
}

const char *units_format_exact(char *buffer, size_t size, int64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } large[] = {{86400000000000, "d"}, {3600000000000, "h"}, {60000000000, "m"}};
    const bool negative = ns < 0;
    uint64_t rest = negative ? 0 - (uint64_t)ns : (uint64_t)ns;
    snprintf(buffer, size, negative ? "-" : "");
    if (rest == 0) {
        snprintf(buffer, size, "0s");
        return buffer;
    }
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        const size_t used = strlen(buffer);
        if (rest >= large[i].ns) {
            snprintf(buffer + used, size - used, "%" PRIu64 "%s", rest / large[i].ns,
                     large[i].name);
            rest %= large[i].ns;
        }
    }
    if (rest >= 1000000000) {
        add_exact(buffer, size, rest, 1000000000, "s");
    } else if (rest >= 1000000) {
        add_exact(buffer, size, rest, 1000000, "ms");
    } else if (rest >= 1000) {
        add_exact(buffer, size, rest, 1000, "us");
    } else if (rest > 0) {
        add_exact(buffer, size, rest, 1, "ns");
    }
    return buffer;
}

const char *units_format_shortest(char *buffer, size_t size, double value)
{
    if (fabs(value) < 1e15 && value == (double)(int64_t)value && !signbit(value)) {
        snprintf(buffer, size, "%" PRId64, (int64_t)value); // as %.15g does, and faster
        return buffer;
    }
    char text[DECIMAL_ROOM];
    if (decimal_write(text, value)) {
        snprintf(buffer, size, "%s", text);
        return buffer;
    }
    snprintf(buffer, size, "%.16g", value);
    if (strtod(buffer, NULL) != value) { // then 15 digits don't read back either, and 17 always do
        snprintf(buffer, size, "%.17g", value);
        return buffer;
    }
    char shorter[32];
    snprintf(shorter, sizeof shorter, "%.15g", value);
    if (strtod(shorter, NULL) == value) {
        snprintf(buffer, size, "%s", shorter);
    }
    return buffer;
}
