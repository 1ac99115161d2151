// test_tally - the integer area under a level.
#include <criterion/criterion.h>

#include "sim/kernel/tally.h"

Test(tally, the_area_is_level_times_time)
{
    struct tally tally = {0};
    tally_add(&tally, 10, 2);
    tally_add(&tally, 15, 1);
    tally_add(&tally, 20, -3);
    cr_assert(tally_area(&tally, 100) == 2 * 5 + 3 * 5);
    cr_assert_eq(tally.value, 0);
    cr_assert_eq(tally.maximum, 3);
}

Test(tally, reading_the_area_changes_nothing)
{
    struct tally tally = {0};
    tally_set(&tally, 5, 4);
    cr_assert(tally_area(&tally, 8) == 12);
    cr_assert(tally_area(&tally, 8) == 12);
    cr_assert(tally_area(&tally, 5) == 0);
    cr_assert_eq(tally.value, 4);
    cr_assert_eq(tally.maximum, 4);
}

Test(tally, the_area_is_the_sum_of_levels_held_at_any_instant_and_after_a_clear)
{
    struct tally tally = {0};
    __int128 area = 0;
    int64_t value = 0, now = 0;
    uint64_t state = 1;
    for (int i = 0; i < 100000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        const int64_t later = now + (int64_t)(state >> 40), level = (int64_t)(state >> 20 & 0xfff);
        area += (__int128)value * (later - now);
        now = later;
        cr_assert(tally_area(&tally, now) == area);
        if (i % 3 == 0) {
            tally_set(&tally, now, level);
            value = level;
        } else if (i % 3 == 1) {
            tally_add(&tally, now, level - value);
            value = level;
        } else if (i % 1000 == 998) {
            tally_clear(&tally, now);
            area = 0;
        } else {
            tally_drop(&tally, now);
            value--;
        }
    }
}

Test(tally, two_changes_at_one_instant_leave_no_area_but_a_maximum)
{
    struct tally tally = {0};
    tally_add(&tally, 7, 5);
    tally_add(&tally, 7, -5);
    cr_assert(tally_area(&tally, 1000) == 0);
    cr_assert_eq(tally.maximum, 5);
}

Test(tally, clearing_forgets_the_past_and_keeps_the_level)
{
    struct tally tally = {0};
    tally_set(&tally, 0, 9);
    tally_set(&tally, 10, 3);
    tally_clear(&tally, 20);
    cr_assert_eq(tally.maximum, 3);
    cr_assert_eq(tally.value, 3);
    cr_assert(tally_area(&tally, 30) == 30);
}

Test(tally, long_and_high_levels_do_not_overflow)
{
    struct tally tally = {0};
    const int64_t years = INT64_C(9000000000000000000), level = INT64_C(1) << 40;
    tally_set(&tally, 0, level);
    cr_assert(tally_area(&tally, years) == (__int128)level * years);
}
