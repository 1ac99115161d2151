// utf8 - decoding and checking of UTF-8, one code point at a time.
#include "sim/base/utf8.h"

static const struct utf8_point stray = {.value = 0xFFFD, .bytes = 1, .valid = false};

// How many bytes a lead byte announces, and the bits it carries; 0 for no lead byte.
static uint32_t announce(unsigned char lead, uint32_t *bits)
{
    if (lead >= 0xC2 && lead <= 0xDF) {
        *bits = lead & 0x1Fu;
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *bits = lead & 0x0Fu;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *bits = lead & 0x07u;
        return 4;
    }
    return 0;
}

static bool is_scalar_value(uint32_t value, uint32_t bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return value >= least[bytes] && value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
}

struct utf8_point utf8_next(const char *bytes, size_t length)
{
    if (length == 0) {
        return (struct utf8_point){0};
    }
    const unsigned char lead = (unsigned char)bytes[0];
    if (lead < 0x80) {
        return (struct utf8_point){.value = lead, .bytes = 1, .valid = true};
    }
    uint32_t value = 0;
    const uint32_t count = announce(lead, &value);
    if (count == 0 || count > length) {
        return stray;
    }
    for (uint32_t i = 1; i < count; i++) {
        const unsigned char next = (unsigned char)bytes[i];
        if ((next & 0xC0) != 0x80) {
            return stray;
        }
        value = value << 6 | (next & 0x3Fu);
    }
    if (!is_scalar_value(value, count)) {
        return stray;
    }
    return (struct utf8_point){.value = value, .bytes = count, .valid = true};
}

struct range {
    uint32_t first, last;
};

static bool lies_in(const struct range *ranges, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (value >= ranges[i].first && value <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

unsigned utf8_width(uint32_t value)
{
    static const struct range none[] = {
        {0x0300, 0x036F},
        {0x200B, 0x200F},
        {0xFE00, 0xFE0F},
        {0xFEFF, 0xFEFF},
    };
    static const struct range wide[] = {
        {0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
        {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD},
    };
    if (value < 0x0300) {
        return 1;
    }
    if (lies_in(none, sizeof none / sizeof none[0], value)) {
        return 0;
    }
    return lies_in(wide, sizeof wide / sizeof wide[0], value) ? 2 : 1;
}
