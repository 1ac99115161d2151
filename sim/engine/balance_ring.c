// balance_ring - a consistent ring: each replica owns the keys up to its virtual points.
#include "sim/engine/balance_ring.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"

static int by_hash(const void *one, const void *other)
{
    const struct balance_ring_point *a = one, *b = other;
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return a->replica < b->replica ? -1 : a->replica > b->replica;
}

const struct balance_ring *balance_ring_take(struct arena *arena, const char *name,
                                             uint32_t replicas)
{
    struct balance_ring *ring = arena_take(arena, sizeof *ring);
    ring->count = replicas * BALANCE_RING_POINTS;
    struct balance_ring_point *points = arena_take_array(arena, ring->count, sizeof *points);
    for (uint32_t i = 0; i < ring->count; i++) {
        char text[256];
        const uint32_t replica = i / BALANCE_RING_POINTS;
        snprintf(text, sizeof text, "%s/%u/%u", name, replica, i % BALANCE_RING_POINTS);
        points[i] = (struct balance_ring_point){text_hash(text), replica};
    }
    qsort(points, ring->count, sizeof *points, by_hash);
    ring->points = points;
    return ring;
}

// Neighbouring keys lie far apart on the ring (the finaliser of MurmurHash3).
static uint64_t scatter(uint64_t key)
{
    key = (key ^ key >> 33) * 0xff51afd7ed558ccd;
    key = (key ^ key >> 33) * 0xc4ceb9fe1a85ec53;
    return key ^ key >> 33;
}

static uint32_t first_at(const struct balance_ring *ring, uint64_t hash)
{
    uint32_t low = 0, high = ring->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ring->points[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < ring->count ? low : 0;
}

static bool is_among(uint32_t replica, const uint32_t *candidates, uint32_t count)
{
    if (replica < count && candidates[replica] == replica) {
        return true;
    }
    for (uint32_t i = 0; i < count && candidates[i] <= replica; i++) {
        if (candidates[i] == replica) {
            return true;
        }
    }
    return false;
}

uint32_t balance_ring_find(const struct balance_ring *ring, uint64_t key,
                           const uint32_t *candidates, uint32_t count)
{
    uint32_t at = first_at(ring, scatter(key));
    for (uint32_t i = 0; i < ring->count; i++) {
        if (is_among(ring->points[at].replica, candidates, count)) {
            return ring->points[at].replica;
        }
        at = at + 1 < ring->count ? at + 1 : 0;
    }
    return candidates[0];
}
