// utf8 - decoding and checking of UTF-8, one code point at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct utf8_point {
    uint32_t value; // U+FFFD for a stray byte
    uint32_t bytes; // 1 to 4; 0 at the end
    bool valid;
};

// The code point at the start of `length` bytes; overlong forms, surrogates and values beyond
// U+10FFFF are not valid and take one byte.
struct utf8_point utf8_next(const char *bytes, size_t length);

// Columns that a terminal gives to a code point: 0, 1 or 2.
unsigned utf8_width(uint32_t value);
