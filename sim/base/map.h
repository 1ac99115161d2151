// map - a map from 64-bit keys to 32-bit numbers: open addressing, linear probing, no tombstones.
//
// A number is never 0: 0 means absent. 16 bytes a place, key and number side by side so that a
// look-up touches one line of the cache; between a third and two thirds of them are used while the
// map grows. There is no iteration: no order can come from a hash.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map_place {
    uint64_t key;
    uint32_t number; // 0: the place is free
};

struct map {
    struct map_place *places;
    uint32_t room; // a power of two, or 0
    uint32_t count;
};

void map_init(struct map *map); // no memory while empty
void map_release(struct map *map);
void map_clear(struct map *map);

uint32_t map_get(const struct map *map, uint64_t key); // 0: absent
void map_set(struct map *map, uint64_t key, uint32_t number); // number > 0
uint32_t map_remove(struct map *map, uint64_t key);    // what it was, 0: absent
size_t map_bytes(const struct map *map);
