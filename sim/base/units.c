// units - quantities as people write them: durations, bytes, rates, ratios, cores, counts, prices.
#include "sim/base/units.h"

#include <inttypes.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_PLACES = 18 }; // significant digits kept exactly

// digits / 10^places, and the text behind it.
struct decimal {
    uint64_t digits;
    uint32_t places;
    double real;
    const char *rest;
};

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000},
    {"\xCE\xBCs", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60000000000},
    {"h", 3600000000000},
    {"d", 86400000000000},
    {0},
};

static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"PB", 1000000000000000},
    {"KiB", 1ull << 10},
    {"MiB", 1ull << 20},
    {"GiB", 1ull << 30},
    {"TiB", 1ull << 40},
    {"PiB", 1ull << 50},
    {"Ki", 1ull << 10},
    {"Mi", 1ull << 20},
    {"Gi", 1ull << 30},
    {"Ti", 1ull << 40},
    {"Pi", 1ull << 50},
    {"k", 1000},
    {"K", 1000},
    {"M", 1000000},
    {"G", 1000000000},
    {"T", 1000000000000},
    {"P", 1000000000000000},
    {0},
};

static const struct unit count_units[] = {
    {"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {"T", 1000000000000}, {0},
};

static const struct unit prefix_units[] = {
    {"", 1},
    {"k", 1000},
    {"K", 1000},
    {"M", 1000000},
    {"G", 1000000000},
    {"T", 1000000000000},
    {"Ki", 1ull << 10},
    {"Mi", 1ull << 20},
    {"Gi", 1ull << 30},
    {"Ti", 1ull << 40},
    {0},
};

// Of a rate: the nanoseconds of what stands behind the stroke.
static const struct unit per_units[] = {
    {"us", 1000},         {"ms", 1000000},       {"s", 1000000000},
    {"sec", 1000000000},  {"m", 60000000000},    {"min", 60000000000},
    {"h", 3600000000000}, {"d", 86400000000000}, {0},
};

// In seconds; a month is 30 days, a year 365.
static const struct unit period_units[] = {
    {"h", 3600},        {"d", 86400},         {"day", 86400},     {"week", 604800},
    {"month", 2592000}, {"quarter", 7776000}, {"year", 31536000}, {0},
};

static bool refuse(struct units_why *why, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct units_why *why, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    why->code = code;
    vsnprintf(why->text, sizeof why->text, format, arguments);
    va_end(arguments);
    return false;
}

static void clear(struct units_why *why)
{
    why->code = NULL;
    why->text[0] = '\0';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

// Not strtod: that listens to the locale.
static double real_of(const char *text, char **end)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double value = plain == (locale_t)0 ? strtod(text, end) : strtod_l(text, end, plain);
    if (plain != (locale_t)0) {
        freelocale(plain);
    }
    return value;
}

// digits[.digits] without a sign; false if there is none or it is too long to keep exactly.
static bool read_decimal(const char *text, struct decimal *decimal)
{
    const char *at = text;
    uint32_t kept = 0;
    *decimal = (struct decimal){0};
    for (; is_digit(*at); at++) {
        kept += kept > 0 || *at != '0';
        if (kept > UNITS_PLACES) {
            return false;
        }
        decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
    }
    if (at == text) {
        return false;
    }
    if (at[0] == '.' && is_digit(at[1])) {
        for (at++; is_digit(*at); at++) {
            kept += kept > 0 || *at != '0';
            if (kept <= UNITS_PLACES && decimal->places < UNITS_PLACES) {
                decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
                decimal->places++;
            }
        }
    }
    decimal->rest = at;
    char copy[64];
    const size_t length = (size_t)(at - text);
    const size_t fits = length < sizeof copy ? length : sizeof copy - 1;
    memcpy(copy, text, fits);
    copy[fits] = '\0';
    decimal->real = real_of(copy, NULL);
    return true;
}

// decimal / 10^tens, rounded once.
static double shifted(const struct decimal *decimal, uint32_t tens)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%" PRIu64 "e-%u", decimal->digits, decimal->places + tens);
    return real_of(copy, NULL);
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
    for (; units->name != NULL; units++) {
        if (strlen(units->name) == length && strncmp(units->name, name, length) == 0) {
            return units;
        }
    }
    return NULL;
}

static unsigned __int128 power_of_ten(uint32_t places)
{
    unsigned __int128 power = 1;
    for (uint32_t i = 0; i < places; i++) {
        power *= 10;
    }
    return power;
}

// decimal x factor, rounded half up; *exact says whether nothing was lost. False beyond `limit`.
static bool scale(struct decimal decimal, uint64_t factor, uint64_t limit, uint64_t *result,
                  bool *exact)
{
    const unsigned __int128 power = power_of_ten(decimal.places);
    const unsigned __int128 product = (unsigned __int128)decimal.digits * factor;
    const unsigned __int128 whole = (product + power / 2) / power;
    *exact = product % power == 0;
    *result = (uint64_t)whole;
    return whole <= limit;
}

static bool is_bare(const struct decimal *decimal)
{
    return decimal->rest[0] == '\0';
}

// Letters and the bytes of a micro sign.
static size_t unit_length(const char *text)
{
    size_t length = 0;
    while ((text[length] >= 'a' && text[length] <= 'z') ||
           (text[length] >= 'A' && text[length] <= 'Z') || (unsigned char)text[length] >= 0x80) {
        length++;
    }
    return length;
}

static const char duration_form[] =
    "expected a number with ns, us, ms, s, m, h or d, e.g. 30s, 1m30s";

// Adds one "30s" of a compound; units must get smaller. False if it is none.
static bool add_part(const char **text, uint64_t *smallest, uint64_t *sum, bool *too_long)
{
    struct decimal decimal;
    if (!read_decimal(*text, &decimal)) {
        return false;
    }
    const size_t length = unit_length(decimal.rest);
    const struct unit *unit = find_unit(duration_units, decimal.rest, length);
    if (unit == NULL || unit->factor >= *smallest) {
        return false;
    }
    const bool last = decimal.rest[length] == '\0';
    if (decimal.places > 0 && !last) {
        return false;
    }
    uint64_t part = 0;
    bool exact = false;
    *too_long = *too_long || !scale(decimal, unit->factor, INT64_MAX, &part, &exact) ||
                part > INT64_MAX - *sum;
    *sum += *too_long ? 0 : part;
    *smallest = unit->factor;
    *text = decimal.rest + length;
    return true;
}

// Minutes in three digits are nearly always meant to be milliseconds.
static void suspect_minutes(const char *text, int64_t ns, struct units_why *why)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal) || strcmp(decimal.rest, "m") != 0 || decimal.places > 0) {
        return;
    }
    const uint64_t minutes = decimal.digits;
    if (minutes < 100 || minutes == 120 || minutes == 180 || minutes == 240) {
        return;
    }
    const int64_t hours = ns / 3600000000000;
    const int64_t rest = ns / 60000000000 % 60;
    char spoken[48];
    if (rest == 0) {
        snprintf(spoken, sizeof spoken, "%lldh", (long long)hours);
    } else {
        snprintf(spoken, sizeof spoken, "%lldh%lldm", (long long)hours, (long long)rest);
    }
    refuse(why, "W2011", "that is %s; %llums?", spoken, (unsigned long long)minutes);
}

bool units_duration(const char *text, int64_t *ns, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    if (text[0] == '-') {
        return refuse(why, "E0203", "a duration is never negative");
    }
    if (read_decimal(text, &decimal) && is_bare(&decimal)) {
        if (decimal.digits == 0) {
            *ns = 0;
            return true;
        }
        return refuse(why, "E0201", "%.40s what? %.40ss or %.40sms", text, text, text);
    }
    const char *at = text;
    uint64_t smallest = UINT64_MAX;
    uint64_t sum = 0;
    bool too_long = false;
    while (add_part(&at, &smallest, &sum, &too_long)) {
        if (*at == '\0') {
            break;
        }
    }
    if (at == text || *at != '\0') {
        return refuse(why, "E0203", "%s", duration_form);
    }
    if (too_long) {
        return refuse(why, "E0203", "longer than 292 years, more than a clock of 64 bits can tell");
    }
    *ns = (int64_t)sum;
    suspect_minutes(text, *ns, why);
    return true;
}

// A whole number with one of the units.
static bool read_whole(const char *text, const struct unit *units, uint64_t *whole)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal)) {
        return false;
    }
    const struct unit *unit = find_unit(units, decimal.rest, strlen(decimal.rest));
    bool exact = false;
    uint64_t value = 0;
    if (unit == NULL || !scale(decimal, unit->factor, UINT64_MAX, &value, &exact) || !exact) {
        return false;
    }
    *whole = value;
    return true;
}

bool units_bytes(const char *text, uint64_t *bytes, struct units_why *why)
{
    clear(why);
    if (read_whole(text, byte_units, bytes)) {
        return true;
    }
    return refuse(why, "E0204", "expected a whole number of bytes, e.g. 800, 20kB, 512Mi, 4Gi");
}

bool units_count(const char *text, uint64_t *count, struct units_why *why)
{
    clear(why);
    if (read_whole(text, count_units, count)) {
        return true;
    }
    return refuse(why, "E0209", "expected a whole number, e.g. 12, 200k, 5M");
}

// The bits of "bit/s", "b/s", "bps" or the eight of "B/s"; 0 if it is neither.
static double bits_of(const char *text)
{
    static const char *const bits[] = {"bit/s", "bits/s", "b/s", "bps"};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if (strcmp(text, bits[i]) == 0) {
            return 1;
        }
    }
    return strcmp(text, "B/s") == 0 || strcmp(text, "Bps") == 0 ? 8 : 0;
}

bool units_bandwidth(const char *text, double *bytes_per_s, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    if (!read_decimal(text, &decimal)) {
        return refuse(why, "E0205", "expected a bandwidth, e.g. 10Gbit/s or 100MB/s");
    }
    if (is_bare(&decimal)) {
        return refuse(why, "E0201", "%.40s what? %.40sMbit/s or %.40sMB/s", text, text, text);
    }
    for (const struct unit *unit = prefix_units; unit->name != NULL; unit++) {
        const size_t length = strlen(unit->name);
        const bool begins = strncmp(decimal.rest, unit->name, length) == 0;
        const double bits = begins ? bits_of(decimal.rest + length) : 0;
        if (bits > 0) {
            *bytes_per_s = decimal.real * (double)unit->factor * bits / 8;
            return true;
        }
    }
    return refuse(why, "E0205", "expected a bandwidth, e.g. 10Gbit/s or 100MB/s");
}

bool units_rate(const char *text, double *per_s, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    static const char form[] = "expected a number with /s, /min, /h or /d, e.g. 200/s, 12k/min";
    if (!read_decimal(text, &decimal)) {
        return refuse(why, "E0206", "%s", form);
    }
    const char *stroke = strchr(decimal.rest, '/');
    if (stroke == NULL) {
        if (is_bare(&decimal) && decimal.digits == 0) {
            *per_s = 0;
            return true;
        }
        const bool known = find_unit(count_units, decimal.rest, strlen(decimal.rest)) != NULL;
        return known ? refuse(why, "E0201", "%.40s what? %.40s/s or %.40s/min", text, text, text)
                     : refuse(why, "E0206", "%s", form);
    }
    const size_t length = (size_t)(stroke - decimal.rest);
    const struct unit *prefix = find_unit(count_units, decimal.rest, length);
    const struct unit *per = find_unit(per_units, stroke + 1, strlen(stroke + 1));
    if (prefix == NULL || per == NULL) {
        return refuse(why, "E0206", "%s", form);
    }
    *per_s = decimal.real * (double)prefix->factor * 1e9 / (double)per->factor;
    return true;
}

bool units_ratio(const char *text, double *ratio, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    const bool good = read_decimal(text, &decimal);
    if (good && strcmp(decimal.rest, "%") == 0) {
        *ratio = shifted(&decimal, 2);
        return true;
    }
    if (good && is_bare(&decimal) && decimal.real <= 1) {
        *ratio = decimal.real;
        return true;
    }
    if (good && is_bare(&decimal)) {
        return refuse(why, "E0201", "%.40s what? %.40s%% or %g", text, text, shifted(&decimal, 2));
    }
    return refuse(why, "E0207", "expected a share, e.g. 99.9%% or 0.999");
}

bool units_cores(const char *text, double *cores, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    const bool good = read_decimal(text, &decimal);
    if (good && is_bare(&decimal)) {
        *cores = decimal.real;
        return true;
    }
    if (good && strcmp(decimal.rest, "m") == 0) {
        *cores = shifted(&decimal, 3);
        return true;
    }
    return refuse(why, "E0208", "expected a number of cores, e.g. 2, 0.5 or 500m");
}

bool units_number(const char *text, double *number, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    const bool negative = text[0] == '-';
    if (read_decimal(text + negative, &decimal) && is_bare(&decimal)) {
        *number = negative ? -decimal.real : decimal.real;
        return true;
    }
    return refuse(why, "E0202", "expected a plain number, e.g. 0.8");
}

bool units_growth(const char *text, double *share, double *period_s, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    const bool good = read_decimal(text, &decimal) && strncmp(decimal.rest, "%/", 2) == 0;
    const char *name = good ? decimal.rest + 2 : "";
    const struct unit *period = find_unit(period_units, name, strlen(name));
    if (!good || period == NULL) {
        return refuse(why, "E0214", "expected a growth, e.g. 5%%/month or 40%%/year");
    }
    *share = shifted(&decimal, 2);
    *period_s = (double)period->factor;
    return true;
}

bool units_factor(const char *text, double *factor, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    const bool good = read_decimal(text, &decimal);
    if (good && (is_bare(&decimal) || strcmp(decimal.rest, "x") == 0)) {
        *factor = decimal.real;
        return true;
    }
    return refuse(why, "E0214", "expected a factor, e.g. 2x or 1.5");
}

bool units_price(const char *text, double *per_hour, char per[16], struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    static const char form[] = "expected a price, e.g. 0.10/h, 72/month or 0.004/GiB/h";
    if (!read_decimal(text, &decimal) || decimal.rest[0] != '/') {
        return refuse(why, "E0213", "%s", form);
    }
    const char *first = decimal.rest + 1;
    const char *stroke = strchr(first, '/');
    const char *name = stroke == NULL ? first : stroke + 1;
    const size_t length = stroke == NULL ? 0 : (size_t)(stroke - first);
    const struct unit *period = find_unit(period_units, name, strlen(name));
    const bool bad = length > 15 || (stroke != NULL && unit_length(first) != length) ||
                     (stroke != NULL && length == 0);
    if (period == NULL || bad) {
        return refuse(why, "E0213", "%s", form);
    }
    memcpy(per, first, length);
    per[length] = '\0';
    *per_hour = decimal.real * 3600 / (double)period->factor;
    return true;
}

bool units_power(const char *text, double *watts, struct units_why *why)
{
    clear(why);
    struct decimal decimal;
    static const char form[] = "expected watts, e.g. 90W or 1.2kW";
    if (!read_decimal(text, &decimal)) {
        return refuse(why, "E0217", "%s", form);
    }
    if (is_bare(&decimal) && decimal.real > 0) {
        return refuse(why, "E0201", "%.40s what? %.40sW", text, text);
    }
    const bool thousands = strcmp(decimal.rest, "kW") == 0;
    if (!thousands && !is_bare(&decimal) && strcmp(decimal.rest, "W") != 0) {
        return refuse(why, "E0217", "%s", form);
    }
    *watts = decimal.real * (thousands ? 1000 : 1);
    return true;
}

const char *units_decimal(const char *text, double *value)
{
    const bool negative = text[0] == '-';
    if (!is_digit(text[negative])) {
        return NULL;
    }
    if (text[negative] == '0' && (text[negative + 1] == 'x' || text[negative + 1] == 'X')) {
        *value = 0;
        return text + negative + 1;
    }
    char *end = NULL;
    *value = real_of(text, &end);
    return end;
}

const struct units_kind *units_kind(size_t index)
{
    static const struct units_kind kinds[] = {
        {"duration", "ns us ms s m h d, also together", "1h30m, 1.5ms, 250us"},
        {"bytes", "a bare number, kB MB GB TB PB, Ki Mi Gi Ti Pi", "800, 20kB, 512Mi, 4Gi"},
        {"bandwidth", "bit/s or B/s with k M G T", "10Gbit/s, 100MB/s"},
        {"rate", "/s /min /h /d, with k M G", "200/s, 12k/min, 5/h"},
        {"ratio", "% or a number from 0 to 1", "99.9%, 0.999"},
        {"cores", "a number or thousandths with m", "2, 0.5, 500m"},
        {"count", "a whole number, with k M G", "12, 200k, 5M"},
        {"number", "a plain decimal", "0.8, -3"},
        {"growth", "% per day, week, month, quarter or year", "5%/month"},
        {"factor", "a number, perhaps with x", "2x, 1.5"},
        {"power", "W or kW", "90W, 1.2kW"},
        {"price", "per h, d or month, perhaps of a unit", "0.10/h, 0.004/GiB/h"},
    };
    return index < sizeof kinds / sizeof kinds[0] ? &kinds[index] : NULL;
}
