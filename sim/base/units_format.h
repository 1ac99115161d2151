// units_format - quantities written for people, and exactly for files.
//
// For people: at least three significant digits and at most two decimals, zeros at the end dropped:
// 3.34ms 31.2ms 214.8ms 3m41s 41.2M. Each writes at most `size` bytes, UNITS_FORMAT_ROOM is always
// enough, and returns `buffer`. NaN is "-", infinity "inf".
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { UNITS_FORMAT_ROOM = 48 };

const char *units_format_duration(char *buffer, size_t size, double ns);
const char *units_format_si(char *buffer, size_t size, double value);    // 1.2k 41.2M
const char *units_format_bytes(char *buffer, size_t size, double bytes); // 1.5MiB
// Always enough digits to tell the number of nines: 99.95 %, 99.9996 %.
const char *units_format_ratio(char *buffer, size_t size, double ratio);

// Exact, and read again by units_duration to the same value: 1h30m, 250us, 1.5ms.
const char *units_format_exact(char *buffer, size_t size, int64_t ns);

// The shortest of %.15g, %.16g and %.17g that reads back as the same double.
const char *units_format_shortest(char *buffer, size_t size, double value);
