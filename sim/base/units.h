// units - quantities as people write them: durations, bytes, rates, ratios, cores, counts, prices.
//
// A reader takes the whole text (no space at either end) and returns false if it is not such a
// quantity; `why` then says what was expected. A reader that returns true may still have a warning.
// Numbers are decimal digits with an optional fraction, read without the locale; "1_000", "0x10",
// "+5" and "1e3" are refused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct units_why {
    const char *code; // NULL: nothing to say; "E0201" a bare number, "W2011" suspicious, else wrong
    char text[192];   // for the caret: "expected a number with ns, us, ms, s, m, h or d, e.g. 30s"
};

// ns us (µs) ms s m h d; compounds from large to small, each unit once: 1h30m, 1.5ms; 0 is bare.
bool units_duration(const char *text, int64_t *ns, struct units_why *why);
// 800, B kB MB GB TB PB, KiB MiB ..., Ki Mi Gi Ti Pi, k M G T P; a whole number of bytes.
bool units_bytes(const char *text, uint64_t *bytes, struct units_why *why);
// bytes a second: 10Gbit/s, 100MB/s, 1Gbps
bool units_bandwidth(const char *text, double *bytes_per_s, struct units_why *why);
// 200/s 12k/min 5/h 1/d: events a second. 0 may be bare.
bool units_rate(const char *text, double *per_s, struct units_why *why);
// 99.9% or 0.999; any number of percent, so the caller bounds it.
bool units_ratio(const char *text, double *ratio, struct units_why *why);
// 500m 0.5 2
bool units_cores(const char *text, double *cores, struct units_why *why);
// 1000000 200k 5M 1.5G: whole numbers only
bool units_count(const char *text, uint64_t *count, struct units_why *why);
// 90W, 1.2kW: watts
bool units_power(const char *text, double *watts, struct units_why *why);
// a plain decimal number, also negative
bool units_number(const char *text, double *number, struct units_why *why);
// 5%/month: the share and the seconds of the period (month = 30 d, year = 365 d)
bool units_growth(const char *text, double *share, double *period_s, struct units_why *why);
// 2x or 1.5
bool units_factor(const char *text, double *factor, struct units_why *why);
// 0.10/h per piece; 0.004/GiB/h per GiB. `per` gets "", "GiB", "core", ...; at most 15 bytes.
bool units_price(const char *text, double *per_hour, char per[16], struct units_why *why);

// One line for each kind: name, forms, example; NULL past the last (`orrery list units`).
struct units_kind {
    const char *name, *forms, *example;
};
const struct units_kind *units_kind(size_t index);

// A decimal of ours (digits, optional fraction, optional exponent) at the start of `text`, read
// without the locale; NULL if there is none, else the first byte behind it.
const char *units_decimal(const char *text, double *value);
