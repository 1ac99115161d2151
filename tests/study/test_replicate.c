// test_replicate - where replications may stop, and the closed forms of the validation.
#include <criterion/criterion.h>

#include "sim/study/replicate.h"
#include "sim/study/twin.h"

Test(replicate, steps_do_not_depend_on_anything_but_what_is_done)
{
    cr_assert_eq(replicate_step(0, 10, 200), 10);
    cr_assert_eq(replicate_step(10, 10, 200), 15);
    cr_assert_eq(replicate_step(100, 10, 200), 125);
    cr_assert_eq(replicate_step(198, 10, 200), 200);
    cr_assert_eq(replicate_step(0, 1, 1), 1);
}

Test(twin, knows_erlangs_tables)
{
    cr_assert_float_eq(twin_erlang_b(10, 5.0), 0.018384570, 1e-9);
    cr_assert_float_eq(twin_erlang_c(2, 1.0), 1.0 / 3.0, 1e-12);
    cr_assert_float_eq(twin_mmc_wait(1, 0.8, 1.0), 4.0, 1e-12);
    cr_assert_float_eq(twin_mg1_wait(0.8, 1.0, 0.0), 2.0, 1e-12);
}
