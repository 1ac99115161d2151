// text - a growing string, and comparisons of names.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    char *bytes; // terminated whenever length > 0; NULL while empty
    size_t length;
    size_t room;
};

void text_init(struct text *text);
void text_release(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *more);
void text_add_part(struct text *text, const char *bytes, size_t length);
void text_add_char(struct text *text, char byte);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The terminated bytes, "" when empty; valid until the next change.
const char *text_get(const struct text *text);

static inline bool text_same(const char *one, const char *other)
{
    return *one == *other && strcmp(one, other) == 0; // mostly the first letter tells
}

// 64-bit XXH3 of a terminated name: the identity of a random stream.
uint64_t text_hash(const char *name);
