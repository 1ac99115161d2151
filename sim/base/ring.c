// ring - a row of records of one size that grows: put at its end, taken from its front or its end.
#include "sim/base/ring.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { SMALLEST = 16 };

void ring_release(struct ring *ring)
{
    free(ring->items);
    *ring = (struct ring){0};
}

// What runs over the end of the old room stands behind it in the new one.
static void grow(struct ring *ring)
{
    const uint32_t room = ring->room == 0 ? SMALLEST : ring->room * 2;
    CHECK(room > ring->room);
    unsigned char *items = check_calloc(room, ring->size);
    const size_t front = (size_t)(ring->room - ring->first) * ring->size;
    if (ring->count > 0) { // it is full
        memcpy(items, ring->items + (size_t)ring->first * ring->size, front);
        memcpy(items + front, ring->items, (size_t)ring->first * ring->size);
    }
    free(ring->items);
    ring->items = items;
    ring->room = room;
    ring->first = 0;
}

void *ring_put(struct ring *ring, uint32_t size)
{
    CHECK(ring->size == size || ring->room == 0);
    ring->size = size;
    if (ring->count == ring->room) {
        grow(ring);
    }
    return ring_at(ring, ring->count++);
}
