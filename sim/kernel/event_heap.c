// event_heap - the plain way to keep pending events: an 8-ary heap that can replace its top.
#include "sim/kernel/event_heap.h"

#include <stdlib.h>

#include "sim/base/check.h"

enum { ARITY = 8, FIRST_ROOM = 64 };

void event_heap_init(struct event_heap *heap)
{
    *heap = (struct event_heap){.room = FIRST_ROOM};
    heap->entries = check_calloc(FIRST_ROOM, sizeof *heap->entries);
}

void event_heap_release(struct event_heap *heap)
{
    free(heap->entries);
    *heap = (struct event_heap){0};
}

void event_heap_add(struct event_heap *heap, struct event_entry entry)
{
    if (heap->count == heap->room) {
        CHECK(heap->room < UINT32_MAX / 2);
        heap->room *= 2;
        heap->entries = check_realloc(heap->entries, heap->room * sizeof *heap->entries);
    }
    uint32_t hole = heap->count++;
    while (hole > 0 && event_entry_before(entry, heap->entries[(hole - 1) / ARITY])) {
        heap->entries[hole] = heap->entries[(hole - 1) / ARITY];
        hole = (hole - 1) / ARITY;
    }
    heap->entries[hole] = entry;
}

static uint32_t earliest_child(const struct event_heap *heap, uint32_t first)
{
    const uint32_t end = heap->count - first < ARITY ? heap->count : first + ARITY;
    uint32_t best = first;
    for (uint32_t child = first + 1; child < end; child++) {
        best = event_entry_before(heap->entries[child], heap->entries[best]) ? child : best;
    }
    return best;
}

static void sift_down(struct event_heap *heap, struct event_entry entry)
{
    uint32_t hole = 0;
    for (uint32_t first = 1; first < heap->count; first = hole * ARITY + 1) {
        const uint32_t child = earliest_child(heap, first);
        if (!event_entry_before(heap->entries[child], entry)) {
            break;
        }
        heap->entries[hole] = heap->entries[child];
        hole = child;
    }
    heap->entries[hole] = entry;
}

struct event_entry event_heap_take(struct event_heap *heap)
{
    CHECK(heap->count > 0);
    const struct event_entry top = heap->entries[0];
    const struct event_entry last = heap->entries[--heap->count];
    if (heap->count > 0) {
        sift_down(heap, last);
    }
    return top;
}

struct event_entry event_heap_replace(struct event_heap *heap, struct event_entry entry)
{
    CHECK(heap->count > 0);
    const struct event_entry top = heap->entries[0];
    sift_down(heap, entry);
    return top;
}
