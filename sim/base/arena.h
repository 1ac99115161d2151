// arena - memory that is taken in pieces and given back all at once.
//
// Everything with the lifetime of a scenario or of a replication hangs on one arena.
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *block; // newest block, linked to the older ones
    size_t used;               // bytes taken from the newest block
    size_t total;              // bytes held by all blocks
    size_t step;               // least size of the next block, 0: that of every block
};

void arena_init(struct arena *arena);
void arena_init_small(struct arena *arena); // for little: the first blocks are small
void arena_release(struct arena *arena);

// Zeroed memory aligned to 16 bytes; never NULL. Owner: the arena.
void *arena_take(struct arena *arena, size_t size);
void *arena_take_array(struct arena *arena, size_t count, size_t size);

// A copy of `text` (of its first `length` bytes), terminated.
char *arena_text(struct arena *arena, const char *text);
char *arena_text_part(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
