// test_map - the map from 64-bit keys to numbers, against an array that does the same.
#include "sim/base/map.h"

#include <criterion/criterion.h>

#include "sim/base/digest.h"

Test(map, an_empty_map_knows_nothing_and_holds_no_memory)
{
    struct map map;
    map_init(&map);
    cr_assert_eq(map_get(&map, 7), 0);
    cr_assert_eq(map_remove(&map, 7), 0);
    cr_assert_eq(map_bytes(&map), 0);
    map_release(&map);
}

Test(map, a_key_is_found_with_its_newest_number)
{
    struct map map;
    map_init(&map);
    map_set(&map, 0, 5);
    map_set(&map, 0, 6);
    map_set(&map, UINT64_MAX, 9);
    cr_assert_eq(map_get(&map, 0), 6);
    cr_assert_eq(map_get(&map, UINT64_MAX), 9);
    cr_assert_eq(map.count, 2);
    cr_assert_eq(map_remove(&map, 0), 6);
    cr_assert_eq(map_get(&map, 0), 0);
    map_clear(&map);
    cr_assert_eq(map_get(&map, UINT64_MAX), 0);
    map_release(&map);
}

enum { KEYS = 512, ROUNDS = 200000 };

Test(map, sets_and_removals_in_any_order_agree_with_an_array)
{
    uint32_t numbers[KEYS] = {0};
    struct map map;
    map_init(&map);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint64_t hash = digest_mix(round, 1);
        const uint64_t key = hash % KEYS;
        if (hash >> 40 & 1) {
            numbers[key] = (uint32_t)round + 1;
            map_set(&map, key, numbers[key]);
        } else {
            cr_assert_eq(map_remove(&map, key), numbers[key]);
            numbers[key] = 0;
        }
        const uint64_t other = digest_mix(round, 2) % KEYS;
        cr_assert_eq(map_get(&map, other), numbers[other]);
    }
    map_release(&map);
}

Test(map, a_million_keys_take_at_most_36_bytes_each)
{
    struct map map;
    map_init(&map);
    for (uint32_t i = 1; i <= 1000000; i++) {
        map_set(&map, (uint64_t)i << 20, i);
    }
    for (uint32_t i = 1; i <= 1000000; i += 997) {
        cr_assert_eq(map_get(&map, (uint64_t)i << 20), i);
    }
    cr_assert_leq(map_bytes(&map), (size_t)36 * 1000000);
    map_release(&map);
}
