// sweep_levels - lists as written, ranges in whole decimals.
#include "sim/study/sweep_levels.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/units_format.h"
#include "sim/scenario/expression.h"

enum { PLACES_MOST = 9, FINENESS = 1000 };

struct quantity { // digits * 10^-places, and what stands behind
    int64_t digits;
    uint32_t places;
    const char *unit;
};

static bool complain(struct sweep_levels *levels, size_t offset, size_t length, const char *text)
{
    levels->wrong = (struct sweep_levels_wrong){text, offset, length == 0 ? 1 : length};
    return false;
}

static bool complain_at(struct sweep_levels *levels, const struct expression *part,
                        const char *text)
{
    return complain(levels, part->offset, part->length, text);
}

// ---- lists -------------------------------------------------------------------------------------

void sweep_levels_add(struct sweep_levels *levels, struct arena *arena, const char *value)
{
    const bool full = (levels->count & (levels->count - 1)) == 0; // room doubles at powers of two
    if (full) {
        const uint32_t room = levels->count == 0 ? 1 : 2 * levels->count;
        const char **values = arena_take_array(arena, room, sizeof *values);
        for (uint32_t i = 0; i < levels->count; i++) {
            values[i] = levels->values[i];
        }
        levels->values = values;
    }
    levels->values[levels->count++] = value;
}

// ---- ranges ------------------------------------------------------------------------------------

static bool read_quantity(const char *text, struct quantity *quantity)
{
    *quantity = (struct quantity){0};
    bool any = false, point = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        any = true;
        quantity->places += point;
        if (__builtin_mul_overflow(quantity->digits, 10, &quantity->digits) ||
            __builtin_add_overflow(quantity->digits, *text - '0', &quantity->digits)) {
            return false;
        }
    }
    quantity->unit = text;
    return any && quantity->places <= PLACES_MOST;
}

static bool scale(struct quantity *quantity, uint32_t places)
{
    for (; quantity->places < places; quantity->places++) {
        if (__builtin_mul_overflow(quantity->digits, 10, &quantity->digits)) {
            return false;
        }
    }
    return true;
}

static const char together[] = "low, high and step are plain numbers with the same unit, e.g. "
                               "1000/s..6000/s step 500/s";

// All three in one scale: the same unit, or nanoseconds. `quantities` are low, high and step.
static bool bring_together(struct sweep_levels *levels, const struct expression *range,
                           struct quantity *quantities)
{
    const struct expression *child = range->first;
    bool same = true, durations = true;
    uint32_t places = 0;
    for (uint32_t i = 0; i < range->count; i++, child = child->next) {
        struct units_why why;
        int64_t ns;
        if (child->kind != EXPRESSION_NUMBER || !read_quantity(child->text, &quantities[i])) {
            return complain_at(levels, child, together);
        }
        if (!text_same(quantities[i].unit, quantities[0].unit) && same) {
            same = false;
            complain_at(levels, child, together); // unless all are durations
        }
        durations = durations && units_duration(child->text, &ns, &why);
        places = quantities[i].places > places ? quantities[i].places : places;
    }
    if (!same && !durations) {
        return false;
    }
    levels->wrong = (struct sweep_levels_wrong){0};
    levels->is_duration = !same;
    levels->decimals = same ? places : 0;
    child = range->first;
    for (uint32_t i = 0; i < range->count; i++, child = child->next) {
        struct units_why why;
        if (!same) {
            units_duration(child->text, &quantities[i].digits, &why);
        } else if (!scale(&quantities[i], places)) {
            return complain_at(levels, child, "too many digits");
        }
    }
    return true;
}

// A power of ten that divides the range into at least FINENESS parts; whole numbers stay whole.
static int64_t fine_step(struct sweep_levels *levels, int64_t *low, int64_t *high)
{
    const bool whole = levels->unit[0] == '\0' && levels->decimals == 0 && !levels->is_duration;
    while (!whole && !levels->is_duration && levels->decimals < PLACES_MOST &&
           *high - *low < FINENESS && *high < INT64_MAX / 10) {
        *low *= 10;
        *high *= 10;
        levels->decimals++;
    }
    int64_t step = 1;
    while (!whole && step <= (*high - *low) / (10 * FINENESS)) {
        step *= 10;
    }
    return step;
}

static bool fill_range(struct sweep_levels *levels, const struct expression *range,
                       const struct quantity *quantities)
{
    const bool has_step = range->count > 2;
    int64_t low = quantities[0].digits, high = quantities[1].digits;
    if (high < low) {
        return complain_at(levels, range, "the range ends before it begins");
    }
    levels->step = has_step ? quantities[2].digits : fine_step(levels, &low, &high);
    if (levels->step <= 0) {
        return complain_at(levels, range->last, "the step is not above 0");
    }
    levels->low = low;
    levels->continuous = !has_step && (levels->unit[0] != '\0' || levels->decimals > 0);
    const int64_t count = (high - low) / levels->step + 1;
    if (count > SWEEP_LEVELS_MOST) {
        return complain_at(levels, range, "more than a million values: take a larger step");
    }
    levels->count = (uint32_t)count;
    return true;
}

bool sweep_levels_range(struct sweep_levels *levels, struct arena *arena, const char *text)
{
    struct expression_error error;
    struct quantity quantities[3] = {{0}};
    const struct expression *range = expression_parse(arena, text, &error);
    if (range == NULL) {
        return complain(levels, error.offset, error.length, arena_text(arena, error.text));
    }
    if (range->kind != EXPRESSION_RANGE) {
        return complain_at(levels, range, "expected low..high or low..high step s");
    }
    if (!bring_together(levels, range, quantities)) {
        return false;
    }
    levels->unit = levels->is_duration ? "" : quantities[0].unit;
    return fill_range(levels, range, quantities);
}

// ---- the command line
// ----------------------------------------------------------------------------

// The length of a value up to a comma outside of brackets.
static size_t value_length(const char *text)
{
    size_t length = 0;
    uint32_t depth = 0;
    while (text[length] != '\0' && (text[length] != ',' || depth > 0)) {
        depth += text[length] == '(';
        depth -= text[length] == ')' && depth > 0;
        length++;
    }
    return length;
}

// A range, or what was meant as one.
static bool is_range(struct arena *arena, const char *text)
{
    struct expression_error error;
    const struct expression *range = expression_parse(arena, text, &error);
    const bool meant =
        strstr(text, "..") != NULL && strstr(text, "../") == NULL && strpbrk(text, ",(") == NULL;
    return range == NULL ? meant : range->kind == EXPRESSION_RANGE;
}

bool sweep_levels_parse(struct sweep_levels *levels, struct arena *arena, const char *text)
{
    *levels = (struct sweep_levels){0};
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return complain(levels, 0, strlen(text),
                        "expected NAME=VALUE,VALUE or NAME=LOW..HIGH step S");
    }
    levels->name = arena_text_part(arena, text, (size_t)(equals - text));
    if (is_range(arena, equals + 1)) {
        const bool good = sweep_levels_range(levels, arena, equals + 1);
        levels->wrong.offset += (size_t)(equals + 1 - text);
        return good;
    }
    for (const char *at = equals + 1;; at++) {
        const size_t length = value_length(at);
        if (length == 0) {
            return complain(levels, (size_t)(at - text) - (*at == '\0'), 1,
                            "a value is missing between commas");
        }
        sweep_levels_add(levels, arena, arena_text_part(arena, at, length));
        at += length;
        if (*at == '\0') {
            return true;
        }
    }
}

// ---- values ------------------------------------------------------------------------------------

const char *sweep_levels_value(const struct sweep_levels *levels, struct arena *arena,
                               uint32_t index)
{
    if (levels->values != NULL) {
        return levels->values[index];
    }
    char buffer[UNITS_FORMAT_ROOM + 32];
    const int64_t number = levels->low + (int64_t)index * levels->step;
    if (levels->is_duration) {
        return arena_text(arena, units_format_exact(buffer, sizeof buffer, number));
    }
    int64_t power = 1;
    for (uint32_t i = 0; i < levels->decimals; i++) {
        power *= 10;
    }
    int length = snprintf(buffer, sizeof buffer, "%" PRId64, number / power);
    if (number % power != 0) {
        length += snprintf(buffer + length, sizeof buffer - (size_t)length, ".%0*" PRId64,
                           (int)levels->decimals, number % power);
        while (buffer[length - 1] == '0') {
            length--;
        }
    }
    struct text whole;
    text_init(&whole);
    text_add_part(&whole, buffer, (size_t)length);
    text_add(&whole, levels->unit);
    const char *value = arena_text(arena, text_get(&whole));
    text_release(&whole);
    return value;
}
