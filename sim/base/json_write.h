// json_write - writes JSON: two blanks of indent, shortest numbers that read back, no locale.
//
// Calls follow the document from front to end: json_write_object ..
// json_write_end, json_write_array .. json_write_end.
// `key` is NULL inside an array and for the document itself. A container begun with
// json_write_*_inline, and all in it, stands on one line. Numbers that are not finite become null.
// Text is UTF-8; stray bytes become U+FFFD, so the document is always valid.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/text.h"

enum { JSON_DEPTH = 32 };

struct json_write {
    struct text text;
    uint32_t depth;
    uint32_t inline_depth;   // depth at which one line began, 0: none
    bool filled[JSON_DEPTH]; // the container of that depth has an entry
    char closes[JSON_DEPTH];
};

void json_write_init(struct json_write *json);
void json_write_release(struct json_write *json);
const char *json_write_get(struct json_write *json); // the document, a newline at its end

void json_write_object(struct json_write *json, const char *key);
void json_write_array(struct json_write *json, const char *key);
void json_write_object_inline(struct json_write *json, const char *key);
void json_write_array_inline(struct json_write *json, const char *key);
void json_write_end(struct json_write *json);

void json_write_text(struct json_write *json, const char *key,
                     const char *value); // NULL gives null
void json_write_number(struct json_write *json, const char *key, double value);
void json_write_integer(struct json_write *json, const char *key, uint64_t value);
void json_write_bool(struct json_write *json, const char *key, bool value);
void json_write_null(struct json_write *json, const char *key);
