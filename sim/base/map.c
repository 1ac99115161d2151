// map - a map from 64-bit keys to 32-bit numbers: open addressing, linear probing, no tombstones.
#include "sim/base/map.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"

enum { MAP_SMALLEST = 16, MAP_LARGEST = 1 << 30 };

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_release(struct map *map)
{
    free(map->places);
    map_init(map);
}

void map_clear(struct map *map)
{
    if (map->count > 0) {
        memset(map->places, 0, map->room * sizeof *map->places);
        map->count = 0;
    }
}

static uint32_t home(const struct map *map, uint64_t key)
{
    return (uint32_t)digest_mix(key, 0) & (map->room - 1);
}

// The place of the key, or the free place where it would go.
static struct map_place *place_of(const struct map *map, uint64_t key)
{
    uint32_t place = home(map, key);
    while (map->places[place].number != 0 && map->places[place].key != key) {
        place = (place + 1) & (map->room - 1);
    }
    return &map->places[place];
}

static void grow(struct map *map)
{
    const struct map old = *map;
    CHECK(old.room < MAP_LARGEST);
    map->room = old.room == 0 ? MAP_SMALLEST : old.room * 2;
    map->places = check_calloc(map->room, sizeof *map->places);
    for (uint32_t i = 0; i < old.room; i++) {
        if (old.places[i].number != 0) {
            *place_of(map, old.places[i].key) = old.places[i];
        }
    }
    free(old.places);
}

uint32_t map_get(const struct map *map, uint64_t key)
{
    return map->count == 0 ? 0 : place_of(map, key)->number;
}

void map_set(struct map *map, uint64_t key, uint32_t number)
{
    CHECK(number > 0);
    if ((uint64_t)(map->count + 1) * 3 > (uint64_t)map->room * 2) {
        grow(map);
    }
    struct map_place *place = place_of(map, key);
    map->count += place->number == 0;
    *place = (struct map_place){.key = key, .number = number};
}

// Closes the gap: whoever stands behind it and not at home or between moves up.
static void close_gap(struct map *map, uint32_t gap)
{
    const uint32_t mask = map->room - 1;
    for (uint32_t at = (gap + 1) & mask; map->places[at].number != 0; at = (at + 1) & mask) {
        const uint32_t from_home = (at - home(map, map->places[at].key)) & mask;
        if (from_home >= ((at - gap) & mask)) {
            map->places[gap] = map->places[at];
            gap = at;
        }
    }
    map->places[gap].number = 0;
}

uint32_t map_remove(struct map *map, uint64_t key)
{
    if (map->count == 0) {
        return 0;
    }
    struct map_place *place = place_of(map, key);
    const uint32_t number = place->number;
    if (number != 0) {
        map->count--;
        close_gap(map, (uint32_t)(place - map->places));
    }
    return number;
}

size_t map_bytes(const struct map *map)
{
    return map->room * sizeof *map->places;
}
