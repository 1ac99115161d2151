// test_time - lengths of time beyond any clock are held instead of overflowing.
#include <criterion/criterion.h>

#include "sim/kernel/time.h"

static const int64_t HELD = (int64_t)1 << 60;

Test(time, a_sum_is_held_at_never)
{
    cr_assert_eq(time_after(3, 4), 7);
    cr_assert_eq(time_after(5, TIME_NEVER), TIME_NEVER);
}

Test(time, a_computed_length_is_whole_and_held)
{
    cr_assert_eq(time_of(0), 0);
    cr_assert_eq(time_of(2.9), 2);
    cr_assert_eq(time_of(1e300), HELD);
    cr_assert_eq(time_after(HELD, HELD), 2 * HELD);
}

Test(time, a_product_is_held)
{
    cr_assert_eq(time_times(7, 6), 42);
    cr_assert_eq(time_times(TIME_S, 0), 0);
    cr_assert_eq(time_times(20000 * 86400 * TIME_S, 6), HELD);
    cr_assert_eq(time_times(20000 * 86400 * TIME_S, UINT64_MAX), HELD);
}
