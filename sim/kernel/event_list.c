// event_list - FIFO lists of event entries in chunks of 15, from one pool, for lanes and buckets.
#include "sim/kernel/event_list.h"

#include <stdlib.h>

#include "sim/base/check.h"

enum { BLOCK_CHUNKS = 64, LINE = 64 };

struct event_chunk_block {
    struct event_chunk_block *older;
};

void event_list_pool_init(struct event_chunks *chunks)
{
    *chunks = (struct event_chunks){0};
}

void event_list_pool_release(struct event_chunks *chunks)
{
    while (chunks->blocks != NULL) {
        struct event_chunk_block *older = chunks->blocks->older;
        free(chunks->blocks);
        chunks->blocks = older;
    }
    *chunks = (struct event_chunks){0};
}

// A block is a header, padding up to a cache line, and chunks, linked so that they leave in address
// order.
static void add_block(struct event_chunks *chunks)
{
    const size_t size = 2 * LINE + BLOCK_CHUNKS * sizeof(struct event_chunk);
    struct event_chunk_block *block = check_calloc(1, size);
    block->older = chunks->blocks;
    chunks->blocks = block;
    chunks->bytes += size;
    const uintptr_t start = ((uintptr_t)(block + 1) + LINE - 1) & ~(uintptr_t)(LINE - 1);
    struct event_chunk *first = (struct event_chunk *)start;
    for (int i = BLOCK_CHUNKS - 1; i >= 0; i--) {
        event_list_chunk_give(chunks, &first[i]);
    }
}

struct event_chunk *event_list_chunk_take(struct event_chunks *chunks)
{
    if (chunks->free == NULL) {
        add_block(chunks);
    }
    struct event_chunk *chunk = chunks->free;
    chunks->free = chunk->next;
    chunk->first = 0;
    chunk->count = 0;
    return chunk;
}

void event_list_extend(struct event_list *list, struct event_chunks *chunks)
{
    struct event_chunk *chunk = event_list_chunk_take(chunks);
    if (list->last == NULL) {
        chunk->next = chunk;
    } else {
        chunk->next = list->last->next;
        list->last->next = chunk;
    }
    list->last = chunk;
}

static void drop_first_chunk(struct event_list *list, struct event_chunks *chunks)
{
    struct event_chunk *first = list->last->next;
    if (first == list->last) {
        list->last = NULL;
    } else {
        list->last->next = first->next;
    }
    event_list_chunk_give(chunks, first);
}

void event_list_drop(struct event_list *list, struct event_chunks *chunks)
{
    struct event_chunk *first = list->last->next;
    if (++first->first == first->count) {
        drop_first_chunk(list, chunks);
    }
}

uint32_t event_list_sweep(struct event_list *list, struct event_chunks *chunks,
                          const struct event_record *records)
{
    struct event_list kept = {NULL};
    uint32_t dropped = 0;
    while (list->last != NULL) {
        const struct event_chunk *first = list->last->next;
        for (uint32_t i = first->first; i < first->count; i++) {
            if (event_entry_live(first->entries[i], records)) {
                event_list_add(&kept, chunks, first->entries[i]);
            } else {
                dropped++;
            }
        }
        drop_first_chunk(list, chunks);
    }
    *list = kept;
    return dropped;
}
