// test_twin - closed forms against known values.
#include <criterion/criterion.h>

#include "sim/study/twin.h"

Test(twin, knows_erlangs_tables)
{
    cr_assert_float_eq(twin_erlang_b(10, 5.0), 0.018384570, 1e-9);
    cr_assert_float_eq(twin_erlang_c(2, 1.0), 1.0 / 3.0, 1e-12);
}

Test(twin, knows_mean_waits)
{
    cr_assert_float_eq(twin_mmc_wait(1, 0.8, 1.0), 4.0, 1e-12);
    cr_assert_float_eq(twin_mg1_wait(0.8, 1.0, 1.0), 4.0, 1e-12);
    cr_assert_float_eq(twin_mg1_wait(0.8, 1.0, 0.0), 2.0, 1e-12);
}
