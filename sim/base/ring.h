// ring - a row of records of one size that grows: put at its end, taken from its front or its end.
//
// A zeroed ring is empty. A record's address holds until the next one is put.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ring {
    unsigned char *items;
    uint32_t size;               // bytes of a record, from the first one that is put
    uint32_t first, count, room; // room: a power of two, or 0
};

void ring_release(struct ring *ring); // is empty then

// A new record at the end, for the caller to fill. All of a ring have one size.
void *ring_put(struct ring *ring, uint32_t size);

// The i-th from the front; i < count.
static inline void *ring_at(const struct ring *ring, uint32_t i)
{
    return ring->items + (size_t)((ring->first + i) & (ring->room - 1)) * ring->size;
}

// The last one; count > 0.
static inline void *ring_last(const struct ring *ring)
{
    return ring_at(ring, ring->count - 1);
}

// Drops the first one; count > 0.
static inline void ring_drop(struct ring *ring)
{
    ring->first = (ring->first + 1) & (ring->room - 1);
    ring->count--;
}

// Drops the last one; count > 0.
static inline void ring_drop_last(struct ring *ring)
{
    ring->count--;
}

static inline void ring_clear(struct ring *ring)
{
    ring->first = ring->count = 0;
}

// Memory that it occupies.
static inline size_t ring_bytes(const struct ring *ring)
{
    return (size_t)ring->room * ring->size;
}
