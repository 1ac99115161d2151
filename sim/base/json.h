// json - writes JSON: two blanks of indent, shortest numbers that read back, no locale.
//
// Calls follow the document from front to end: json_object .. json_end, json_array .. json_end.
// `key` is NULL inside an array and for the document itself. A container begun with json_*_inline,
// and all in it, stands on one line. Numbers that are not finite become null. Text is UTF-8; stray
// bytes become U+FFFD, so the document is always valid.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/text.h"

enum { JSON_DEPTH = 32 };

struct json {
    struct text text;
    uint32_t depth;
    uint32_t inline_depth;   // depth at which one line began, 0: none
    bool filled[JSON_DEPTH]; // the container of that depth has an entry
    char closes[JSON_DEPTH];
};

void json_init(struct json *json);
void json_release(struct json *json);
const char *json_get(struct json *json); // the document, a newline at its end

void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_object_inline(struct json *json, const char *key);
void json_array_inline(struct json *json, const char *key);
void json_end(struct json *json);

void json_text(struct json *json, const char *key, const char *value); // NULL gives null
void json_number(struct json *json, const char *key, double value);
void json_integer(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
