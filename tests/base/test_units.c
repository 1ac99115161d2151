// test_units - quantities are read as people write them, and refused with a reason.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/decimal.h"
#include "sim/base/units.h"
#include "sim/base/units_format.h"

static struct units_why why;

struct duration_case {
    const char *text;
    int64_t ns;
};

Test(units, durations_are_exact)
{
    static const struct duration_case cases[] = {
        {"1ns", 1},
        {"250us", 250000},
        {"250\xC2\xB5s", 250000},
        {"1.5ms", 1500000},
        {"30s", 30000000000},
        {"1h30m", 5400000000000},
        {"1m30s", 90000000000},
        {"2d", 172800000000000},
        {"0", 0},
        {"0s", 0},
        {"1d2h3m4s5ms6us7ns", 93784005006007},
        {"0.1s", 100000000},
        {"1m0.5s", 60500000000},
        {"106751d", 9223286400000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -1;
        cr_expect(units_duration(cases[i].text, &ns, &why), "%s: %s", cases[i].text, why.text);
        cr_expect(ns == cases[i].ns, "%s: %lld", cases[i].text, (long long)ns);
        cr_expect(why.code == NULL, "%s", cases[i].text);
    }
}

Test(units, what_is_no_duration_is_refused)
{
    static const char *const texts[] = {
        "",      "30ss", "s",      "ms30",          "-5s", "1.5h30m", "30m1h",
        "1s1s",  "1e3s", "1_000s", "+5s",           " 5s", "5 s",     "0x10s",
        "12:30", "1.s",  ".5s",    "200000000000d", "1s ", "30S",     "99999999999999999999s"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns = 7;
        cr_expect(!units_duration(texts[i], &ns, &why), "%s", texts[i]);
        cr_expect_str_eq(why.code, "E0203", "%s", texts[i]);
        cr_expect(ns == 7, "%s", texts[i]);
    }
}

Test(units, a_bare_number_is_asked_for_its_unit)
{
    int64_t ns = 0;
    double value = 0;
    cr_expect(!units_duration("30", &ns, &why));
    cr_expect_str_eq(why.code, "E0201");
    cr_expect_str_eq(why.text, "30 what? 30s or 30ms");
    cr_expect(!units_rate("2000", &value, &why));
    cr_expect_str_eq(why.code, "E0201");
    cr_expect(!units_bandwidth("10", &value, &why));
    cr_expect_str_eq(why.code, "E0201");
    cr_expect(!units_ratio("5", &value, &why));
    cr_expect_str_eq(why.text, "5 what? 5% or 0.05");
}

Test(units, minutes_that_look_like_milliseconds_are_suspicious)
{
    int64_t ns = 0;
    cr_assert(units_duration("500m", &ns, &why));
    cr_expect(ns == 500 * 60 * (int64_t)1000000000);
    cr_expect_str_eq(why.code, "W2011");
    cr_expect_str_eq(why.text, "that is 8h20m; 500ms?");
    cr_assert(units_duration("30m", &ns, &why));
    cr_expect(why.code == NULL);
    cr_assert(units_duration("120m", &ns, &why));
    cr_expect(why.code == NULL);
}

struct whole_case {
    const char *text;
    uint64_t value;
};

Test(units, bytes_know_thousands_and_powers_of_two)
{
    static const struct whole_case cases[] = {
        {"800", 800},
        {"20kB", 20000},
        {"512Mi", 512ull << 20},
        {"4Gi", 4ull << 30},
        {"1G", 1000000000},
        {"1.5Ki", 1536},
        {"64kB", 64000},
        {"2TB", 2000000000000},
        {"1PiB", 1ull << 50},
        {"0", 0},
        {"5B", 5},
        {"18446744073709551B", 18446744073709551ull},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bytes = 0;
        cr_expect(units_bytes(cases[i].text, &bytes, &why), "%s", cases[i].text);
        cr_expect(bytes == cases[i].value, "%s", cases[i].text);
    }
    uint64_t bytes = 0;
    static const char *const bad[] = {"", "0.5B", "5m", "-5kB", "5 kB", "kB", "1e3", "99999999PB"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect(!units_bytes(bad[i], &bytes, &why), "%s", bad[i]);
        cr_expect_str_eq(why.code, "E0204");
    }
}

Test(units, counts_are_whole)
{
    uint64_t count = 0;
    cr_expect(units_count("5M", &count, &why) && count == 5000000);
    cr_expect(units_count("200k", &count, &why) && count == 200000);
    cr_expect(units_count("1.5k", &count, &why) && count == 1500);
    static const char *const bad[] = {"1_000", "1.5", "-1", "five", "", "5s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect(!units_count(bad[i], &count, &why), "%s", bad[i]);
    }
}

struct real_case {
    const char *text;
    double value;
};

static void expect_reals(bool (*read)(const char *, double *, struct units_why *),
                         const struct real_case *cases, const char *const *bad)
{
    for (; cases->text != NULL; cases++) {
        double value = -1;
        cr_expect(read(cases->text, &value, &why), "%s: %s", cases->text, why.text);
        cr_expect(value == cases->value, "%s: %.17g", cases->text, value);
    }
    for (; *bad != NULL; bad++) {
        double value = -1;
        cr_expect(!read(*bad, &value, &why), "%s", *bad);
        cr_expect(why.code != NULL && why.text[0] != '\0', "%s", *bad);
    }
}

Test(units, rates_are_per_second)
{
    static const struct real_case cases[] = {
        {"200/s", 200}, {"12k/min", 200}, {"36/h", 0.01}, {"86400/d", 1},
        {"0", 0},       {"0.5/s", 0.5},   {"10M/s", 1e7}, {0}};
    static const char *const bad[] = {"200", "12k",  "/s", "5/week", "200 /s",
                                      "5s",  "-1/s", "",   NULL};
    expect_reals(units_rate, cases, bad);
}

Test(units, shares_are_percent_or_at_most_one)
{
    static const struct real_case cases[] = {
        {"99.9%", 0.999}, {"0.999", 0.999},  {"1", 1}, {"0", 0},
        {"120%", 1.2},    {"0.01%", 0.0001}, {0}};
    static const char *const bad[] = {"5", "1.1", "%", "five%", "-5%", "5 %", "", NULL};
    expect_reals(units_ratio, cases, bad);
}

Test(units, cores_come_in_thousandths)
{
    static const struct real_case cases[] = {{"500m", 0.5}, {"0.5", 0.5}, {"2", 2}, {0}};
    static const char *const bad[] = {"2cores", "-1", "m", "", NULL};
    expect_reals(units_cores, cases, bad);
}

Test(units, bandwidths_are_bits_or_bytes)
{
    static const struct real_case cases[] = {{"10Gbit/s", 1.25e9}, {"100MB/s", 1e8},
                                             {"1Gbps", 1.25e8},    {"8bit/s", 1},
                                             {"1MiB/s", 1048576},  {0}};
    static const char *const bad[] = {"10", "10G", "10Gbit", "10Gbit/h", "fast", "", NULL};
    expect_reals(units_bandwidth, cases, bad);
}

Test(units, numbers_and_factors_are_plain)
{
    static const struct real_case numbers[] = {{"0.8", 0.8}, {"-3", -3}, {"1.1", 1.1}, {0}};
    static const char *const bad[] = {"1e3", "x", "1,5", "0x10", "--3", "", NULL};
    expect_reals(units_number, numbers, bad);
    static const struct real_case factors[] = {{"2x", 2}, {"1.5", 1.5}, {0}};
    static const char *const none[] = {"x", "-2x", "2y", NULL};
    expect_reals(units_factor, factors, none);
}

Test(units, growth_and_prices_know_their_period)
{
    double share = 0;
    double period = 0;
    char per[16];
    cr_assert(units_growth("5%/month", &share, &period, &why));
    cr_expect(share == 0.05 && period == 2592000);
    cr_expect(!units_growth("5%", &share, &period, &why));
    cr_expect(!units_growth("5/month", &share, &period, &why));
    double price = 0;
    cr_assert(units_price("0.10/h", &price, per, &why));
    cr_expect(price == 0.10);
    cr_expect_str_eq(per, "");
    cr_assert(units_price("0.004/GiB/h", &price, per, &why));
    cr_expect_str_eq(per, "GiB");
    cr_assert(units_price("72/month", &price, per, &why));
    cr_expect_float_eq(price, 0.1, 1e-12);
    cr_expect(!units_price("0.10", &price, per, &why));
    cr_expect(!units_price("0.10//h", &price, per, &why));
}

Test(units, durations_for_people_have_three_digits)
{
    static const struct {
        double ns;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1ns"},
        {3340000, "3.34ms"},
        {31200000, "31.2ms"},
        {214800000, "214.8ms"},
        {498000000, "498ms"},
        {999960000, "1s"},
        {1500, "1.5us"},
        {221e9, "3m41s"},
        {3600e9, "1h"},
        {60e9, "1m"},
        {59.96e9, "1m"},
        {90061e9, "1d1h"},
        {59.9e9, "59.9s"},
        {-1500, "-1.5us"},
    };
    char buffer[UNITS_FORMAT_ROOM];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(units_format_duration(buffer, sizeof buffer, cases[i].ns), cases[i].text);
    }
}

Test(units, numbers_for_people_tell_their_size)
{
    char buffer[UNITS_FORMAT_ROOM];
    cr_expect_str_eq(units_format_si(buffer, sizeof buffer, 520.2), "520.2");
    cr_expect_str_eq(units_format_si(buffer, sizeof buffer, 41200000), "41.2M");
    cr_expect_str_eq(units_format_si(buffer, sizeof buffer, 999.99), "1k");
    cr_expect_str_eq(units_format_si(buffer, sizeof buffer, 0.012), "0.012");
    cr_expect_str_eq(units_format_bytes(buffer, sizeof buffer, 1536), "1.5KiB");
    cr_expect_str_eq(units_format_ratio(buffer, sizeof buffer, 0.9871), "98.71 %");
    cr_expect_str_eq(units_format_ratio(buffer, sizeof buffer, 0.999996), "99.9996 %");
    cr_expect_str_eq(units_format_ratio(buffer, sizeof buffer, 1), "100 %");
    cr_expect_str_eq(units_format_ratio(buffer, sizeof buffer, 0), "0 %");
    cr_expect_str_eq(units_format_si(buffer, sizeof buffer, 0.0 / 0.0), "-");
}

Test(units, exact_durations_are_read_again)
{
    static const int64_t values[] = {
        0, 1, 1500, 1500000, 60500000000, INT64_MAX, 1000000001, 93784005006007, 86400000000000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char buffer[UNITS_FORMAT_ROOM];
        int64_t ns = -1;
        units_format_exact(buffer, sizeof buffer, values[i]);
        cr_expect(units_duration(buffer, &ns, &why), "%s", buffer);
        cr_expect(ns == values[i], "%s", buffer);
    }
    char buffer[UNITS_FORMAT_ROOM];
    cr_expect_str_eq(units_format_exact(buffer, sizeof buffer, 5400000000000), "1h30m");
    cr_expect_str_eq(units_format_exact(buffer, sizeof buffer, 250000), "250us");
}

static void expect_as_printf(double value)
{
    char text[DECIMAL_ROOM], expected[64] = "";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(expected, sizeof expected, "%.*g", digits, value);
        if (strtod(expected, NULL) == value) {
            break;
        }
    }
    if (decimal_write(text, value)) {
        cr_expect_str_eq(text, expected);
    } else {
        cr_expect(!(fabs(value) >= 1e-10 && fabs(value) < 1e15), "%s is left out", expected);
    }
}

Test(units, decimals_by_integers_are_those_of_printf)
{
    uint64_t bits = 88172645463325252U;
    for (int i = 0; i < 300000; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        const uint64_t sign = bits << 63, exponent = 980 + bits % 110;
        const uint64_t mantissa = i % 7 == 0 ? 0 : i % 7 == 1 ? 1 : bits >> 12;
        const uint64_t together = sign | exponent << 52 | mantissa;
        double value;
        memcpy(&value, &together, sizeof value);
        expect_as_printf(value);
        expect_as_printf((double)(bits % 100000) / 1000); // few digits
        expect_as_printf(0.001 * (double)(bits % 1000003));
    }
    static const double edges[] = {1e-10, 9.9999999999999991e-11, 1e15, 999999999999999.9,
                                   1e14, 99999999999999.99, 1e-4, 9.9999999999999991e-05,
                                   0.1, 0.3, 1.0, 9.9999999999999982, 0.99999999999999989,
                                   123456789012345.67, 0.0, 5e-324, INFINITY};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        expect_as_printf(edges[i]);
        expect_as_printf(-edges[i]);
    }
}

Test(units, the_shortest_decimal_reads_back)
{
    char buffer[UNITS_FORMAT_ROOM];
    cr_expect_str_eq(units_format_shortest(buffer, sizeof buffer, 0.1), "0.1");
    cr_expect_str_eq(units_format_shortest(buffer, sizeof buffer, 0.1 + 0.2),
                     "0.30000000000000004");
    double value = 0;
    cr_expect_str_eq(units_decimal("1.5e3 rest", &value), " rest");
    cr_expect(value == 1500);
    cr_expect(units_decimal("inf", &value) == NULL);
    cr_expect(units_decimal("", &value) == NULL);
}
