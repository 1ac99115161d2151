// test_ring - records come out as they went in, across growth and around the end.
#include "sim/base/ring.h"

#include <criterion/criterion.h>

static void put(struct ring *ring, uint64_t number)
{
    *(uint64_t *)ring_put(ring, sizeof(uint64_t)) = number;
}

static uint64_t at(const struct ring *ring, uint32_t i)
{
    return *(const uint64_t *)ring_at(ring, i);
}

Test(ring, what_is_put_is_found_in_its_order_however_it_grew)
{
    for (uint32_t dropped = 0; dropped <= 16; dropped++) {
        struct ring ring = {0};
        for (uint64_t i = 0; i < 16; i++) {
            put(&ring, i);
        }
        for (uint32_t i = 0; i < dropped; i++) {
            cr_assert_eq(at(&ring, 0), i);
            ring_drop(&ring);
        }
        for (uint64_t i = 16; i < 100; i++) {
            put(&ring, i);
        }
        cr_assert_eq(ring.count, 100 - dropped);
        for (uint32_t i = 0; i < ring.count; i++) {
            cr_assert_eq(at(&ring, i), dropped + i);
        }
        ring_release(&ring);
    }
}

Test(ring, it_is_taken_from_both_ends_and_used_again)
{
    struct ring ring = {0};
    cr_assert_eq(ring_bytes(&ring), 0);
    for (uint64_t i = 0; i < 5; i++) {
        put(&ring, i);
    }
    cr_assert_eq(*(uint64_t *)ring_last(&ring), 4);
    ring_drop_last(&ring);
    ring_drop(&ring);
    cr_assert_eq(ring.count, 3);
    cr_assert_eq(*(uint64_t *)ring_last(&ring), 3);
    ring_clear(&ring);
    put(&ring, 7);
    cr_assert_eq(at(&ring, 0), 7);
    cr_assert_eq(ring_bytes(&ring), 16 * sizeof(uint64_t));
    ring_release(&ring);
    cr_assert_eq(ring.count, 0);
}
