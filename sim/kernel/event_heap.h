// event_heap - the plain way to keep pending events: an 8-ary heap that can replace its top.
//
// The oracle of the ladder: any sequence of additions gives the same sequence of takings.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/kernel/event_entry.h"

struct event_heap {
    struct event_entry *entries;
    uint32_t count, room;
};

void event_heap_init(struct event_heap *heap);
void event_heap_release(struct event_heap *heap);
void event_heap_add(struct event_heap *heap, struct event_entry entry);

// The earliest entry of a heap that is not empty.
static inline struct event_entry event_heap_top(const struct event_heap *heap)
{
    return heap->entries[0];
}

struct event_entry event_heap_take(struct event_heap *heap);

// Takes the top and adds an entry, in one go.
struct event_entry event_heap_replace(struct event_heap *heap, struct event_entry entry);
