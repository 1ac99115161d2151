// text - a growing string, and comparisons of names.
#include "sim/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/base/check.h"

void text_init(struct text *text)
{
    *text = (struct text){0};
}

void text_release(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->bytes != NULL) {
        text->bytes[0] = '\0';
    }
}

static void make_room(struct text *text, size_t more)
{
    const size_t need = text->length + more + 1;
    if (need > text->room) {
        text->room = need * 2 > 64 ? need * 2 : 64;
        text->bytes = check_realloc(text->bytes, text->room);
    }
}

void text_add_part(struct text *text, const char *bytes, size_t length)
{
    make_room(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    text_add_part(text, more, strlen(more));
}

void text_add_char(struct text *text, char byte)
{
    text_add_part(text, &byte, 1);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    make_room(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

const char *text_get(const struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

uint64_t text_hash(const char *name)
{
    return XXH3_64bits(name, strlen(name));
}
