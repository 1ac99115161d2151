// balance_ring - a consistent ring: each replica owns the keys up to its virtual points.
#pragma once

#include <stdint.h>

struct arena;

enum { BALANCE_RING_POINTS = 160 }; // a replica (Ketama's)

struct balance_ring_point {
    uint64_t hash;
    uint32_t replica;
};

struct balance_ring {
    uint32_t count;
    const struct balance_ring_point *points; // by hash
};

// Points are XXH3-64 of "NAME/REPLICA/POINT". Owner: the arena.
const struct balance_ring *balance_ring_take(struct arena *arena, const char *name,
                                             uint32_t replicas);

// The owner of the key among the `count` > 0 candidates: the first of them clockwise.
uint32_t balance_ring_find(const struct balance_ring *ring, uint64_t key,
                           const uint32_t *candidates, uint32_t count);
