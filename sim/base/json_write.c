// json_write - the writer: separators, indentation, escapes.
#include "sim/base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/units_format.h"
#include "sim/base/utf8.h"

void json_write_init(struct json_write *json)
{
    *json = (struct json_write){0};
    text_init(&json->text);
}

void json_write_release(struct json_write *json)
{
    text_release(&json->text);
}

const char *json_write_get(struct json_write *json)
{
    CHECK(json->depth == 0);
    return text_get(&json->text);
}

static void escape(struct text *text, const char *value)
{
    size_t left = strlen(value);
    text_add_char(text, '"');
    while (left > 0) {
        const struct utf8_point point = utf8_next(value, left);
        if (!point.valid) {
            text_add(text, "\\ufffd");
        } else if (point.value == '"' || point.value == '\\') {
            text_format(text, "\\%c", (char)point.value);
        } else if (point.value == '\n') {
            text_add(text, "\\n");
        } else if (point.value < 0x20 || point.value == 0x7f) {
            text_format(text, "\\u%04x", (unsigned)point.value);
        } else {
            text_add_part(text, value, point.bytes);
        }
        value += point.bytes;
        left -= point.bytes;
    }
    text_add_char(text, '"');
}

static bool on_one_line(const struct json_write *json)
{
    return json->inline_depth > 0;
}

static void new_line(struct json_write *json)
{
    text_add_char(&json->text, '\n');
    for (uint32_t i = 0; i < json->depth; i++) {
        text_add(&json->text, "  ");
    }
}

static void begin_value(struct json_write *json, const char *key)
{
    if (json->depth > 0) {
        if (json->filled[json->depth]) {
            text_add(&json->text, on_one_line(json) ? ", " : ",");
        }
        json->filled[json->depth] = true;
        if (!on_one_line(json)) {
            new_line(json);
        }
    }
    if (key != NULL) {
        escape(&json->text, key);
        text_add(&json->text, ": ");
    }
}

static void open(struct json_write *json, const char *key, char opens, char closes)
{
    begin_value(json, key);
    text_add_char(&json->text, opens);
    json->depth++;
    CHECK(json->depth < JSON_DEPTH);
    json->filled[json->depth] = false;
    json->closes[json->depth] = closes;
}

static void open_inline(struct json_write *json, const char *key, char opens, char closes)
{
    open(json, key, opens, closes);
    if (json->inline_depth == 0) {
        json->inline_depth = json->depth;
    }
}

void json_write_object(struct json_write *json, const char *key)
{
    open(json, key, '{', '}');
}

void json_write_array(struct json_write *json, const char *key)
{
    open(json, key, '[', ']');
}

void json_write_object_inline(struct json_write *json, const char *key)
{
    open_inline(json, key, '{', '}');
}

void json_write_array_inline(struct json_write *json, const char *key)
{
    open_inline(json, key, '[', ']');
}

void json_write_end(struct json_write *json)
{
    CHECK(json->depth > 0);
    const bool filled = json->filled[json->depth];
    const char closes = json->closes[json->depth];
    const bool one_line = on_one_line(json);
    if (json->inline_depth == json->depth) {
        json->inline_depth = 0;
    }
    json->depth--;
    if (filled && !one_line) {
        new_line(json);
    }
    text_add_char(&json->text, closes);
    if (json->depth == 0) {
        text_add_char(&json->text, '\n');
    }
}

void json_write_text(struct json_write *json, const char *key, const char *value)
{
    if (value == NULL) {
        json_write_null(json, key);
        return;
    }
    begin_value(json, key);
    escape(&json->text, value);
}

void json_write_number(struct json_write *json, const char *key, double value)
{
    if (!isfinite(value)) {
        json_write_null(json, key);
        return;
    }
    char number[UNITS_FORMAT_ROOM];
    begin_value(json, key);
    text_add(&json->text, units_format_shortest(number, sizeof number, value));
}

void json_write_integer(struct json_write *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    text_format(&json->text, "%" PRIu64, value);
}

void json_write_bool(struct json_write *json, const char *key, bool value)
{
    begin_value(json, key);
    text_add(&json->text, value ? "true" : "false");
}

void json_write_null(struct json_write *json, const char *key)
{
    begin_value(json, key);
    text_add(&json->text, "null");
}
