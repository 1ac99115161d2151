// arena - memory that is taken in pieces and given back all at once.
#include "sim/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { ARENA_BLOCK = 64 * 1024, ARENA_SMALL = 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_init_small(struct arena *arena)
{
    *arena = (struct arena){.step = ARENA_SMALL};
}

void arena_release(struct arena *arena)
{
    while (arena->block != NULL) {
        struct arena_block *older = arena->block->older;
        free(arena->block);
        arena->block = older;
    }
    *arena = (struct arena){0};
}

static void add_block(struct arena *arena, size_t size)
{
    const size_t least = arena->step == 0 ? ARENA_BLOCK : arena->step;
    const size_t want = size > least ? size : least;
    arena->step = least * 4 < ARENA_BLOCK ? least * 4 : ARENA_BLOCK;
    struct arena_block *block = check_calloc(1, sizeof *block + want);
    block->older = arena->block;
    block->size = want;
    arena->block = block;
    arena->used = 0;
    arena->total += want;
}

void *arena_take(struct arena *arena, size_t size)
{
    CHECK(size < SIZE_MAX / 2);
    const size_t rounded = (size + 15) & ~(size_t)15;
    if (arena->block == NULL || arena->block->size - arena->used < rounded) {
        add_block(arena, rounded);
    }
    void *memory = arena->block->bytes + arena->used;
    arena->used += rounded;
    return memory;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    CHECK(size == 0 || count < SIZE_MAX / 2 / size);
    return arena_take(arena, count * size);
}

char *arena_text_part(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_text_part(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    char *text = arena_take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
