// event_list - FIFO lists of event entries in chunks of 15, from one pool, for lanes and buckets.
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/event_entry.h"

enum { EVENT_CHUNK = 15 };

struct event_chunk {
    struct event_chunk *next;
    uint32_t first, count; // entries [first, count) are in the list
    struct event_entry entries[EVENT_CHUNK];
};

static_assert(sizeof(struct event_chunk) == 256, "a chunk is four cache lines");

// Where chunks come from; never given back to the system before the end.
struct event_chunks {
    struct event_chunk *free;
    struct event_chunk_block *blocks;
    size_t bytes;
};

void event_list_pool_init(struct event_chunks *chunks);
void event_list_pool_release(struct event_chunks *chunks);
struct event_chunk *event_list_chunk_take(struct event_chunks *chunks);

static inline void event_list_chunk_give(struct event_chunks *chunks, struct event_chunk *chunk)
{
    chunk->next = chunks->free;
    chunks->free = chunk;
}

// A list is its last chunk, whose `next` is the first one; NULL when empty.
struct event_list {
    struct event_chunk *last;
};

void event_list_extend(struct event_list *list, struct event_chunks *chunks);

static inline void event_list_add(struct event_list *list, struct event_chunks *chunks,
                                  struct event_entry entry)
{
    if (list->last == NULL || list->last->count == EVENT_CHUNK) {
        event_list_extend(list, chunks);
    }
    list->last->entries[list->last->count++] = entry;
}

static inline struct event_entry event_list_head(const struct event_list *list)
{
    const struct event_chunk *chunk = list->last->next;
    return chunk->entries[chunk->first];
}

// Drops the head of a list that is not empty.
void event_list_drop(struct event_list *list, struct event_chunks *chunks);

// Drops every entry that is not live; returns how many.
uint32_t event_list_sweep(struct event_list *list, struct event_chunks *chunks,
                          const struct event_record *records);
