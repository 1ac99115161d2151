// test_pool - units held across steps, at exact times and with ties.
#include <criterion/criterion.h>

#include "tests/engine/script.h"

// Clients hold a unit of the pool for a second.
static void begin(struct script *script, uint64_t size, uint64_t queue)
{
    script_init(script, size, queue);
    script_step(script, 0, step_run_take, &script->first_pool);
    script_sleep(script, 0, 1);
    script_step(script, 0, step_run_give, &script->first_pool);
}

static void expect_idle(struct script *script)
{
    cr_assert_eq(script_pool(script)->used.value, 0);
    cr_assert_eq(script_pool(script)->waiting.value, 0);
}

static struct call_design *call_of(struct script *script, uint32_t workload)
{
    return &script->stage.tiny.actions[workload][0].call;
}

Test(pool, hands_over_in_order_of_arrival_at_the_instant_of_release)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1.25, 1.5, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 3, 1 + 1.75 + 2.5);
    cr_assert_eq(script_pool(&script)->used.maximum, 1);
    cr_assert_eq(script_pool(&script)->waiting.maximum, 2);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, two_units_serve_two_at_once)
{
    struct script script;
    begin(&script, 2, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1, 1, 1.5, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 4, 1 + 1 + 2 + 1.5);
    stage_end(&script.stage);
}

Test(pool, an_arrival_at_the_instant_of_release_stands_behind_those_who_wait)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1.5, -1});
    stage_clients(&script.stage, 0, (const double[]){2, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 2, 1 + 1.5);
    script_expect(&script, 1, 1, 2); // 2 -> 4
    stage_end(&script.stage);
}

Test(pool, a_full_line_refuses_at_once)
{
    struct script script;
    begin(&script, 1, 1);
    stage_clients(&script.stage, 0, (const double[]){1, 1, 1, 1.5, -1});
    const struct world *world = stage_run(&script.stage, 10);
    cr_assert_eq(stage_status(world, 0, STATUS_REJECTED), 2);
    cr_assert_eq(script_pool(&script)->refused, 2);
    script_expect(&script, 0, 2, 1 + 2);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, an_arrival_at_the_instant_of_the_hand_over_may_find_the_line_full)
{
    struct script script;
    begin(&script, 1, 1);
    stage_clients(&script.stage, 0, (const double[]){1, 1.5, -1});
    stage_clients(&script.stage, 0, (const double[]){2, -1}); // scheduled before the release
    const struct world *world = stage_run(&script.stage, 10);
    cr_assert_eq(stage_status(world, 1, STATUS_REJECTED) + stage_status(world, 1, STATUS_OK), 1);
    script_expect(&script, 0, 2, 1 + 1.5);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_zero_size_is_no_limit)
{
    struct script script;
    begin(&script, 0, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1, 1, 1, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 4, 4);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_deadline_at_the_instant_of_the_grant_passes_the_unit_on)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_clients(&script.stage, 0, (const double[]){1.25, -1});
    stage_clients(&script.stage, 0, (const double[]){1.5, -1});
    call_of(&script, 1)->deadline_ns = 750 * TIME_MS; // until 2, when the first gives back
    const struct world *world = stage_run(&script.stage, 10);
    cr_assert_eq(stage_status(world, 1, STATUS_TIMEOUT), 1);
    script_expect(&script, 0, 1, 1);
    script_expect(&script, 1, 1, 0.75); // until it gave up
    script_expect(&script, 2, 1, 1.5);  // from 2 to 3
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_time_out_at_the_instant_of_the_grant_ends_the_wait_of_the_caller_only)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_clients(&script.stage, 0, (const double[]){1.25, -1});
    call_of(&script, 1)->timeout_ns = 750 * TIME_MS;
    const struct world *world = stage_run(&script.stage, 2.5);
    cr_assert_eq(stage_status(world, 1, STATUS_TIMEOUT), 1);
    cr_assert_eq(script_pool(&script)->used.value, 1, "the callee goes on with its unit");
    stage_run(&script.stage, 10);
    cr_assert_eq(world->meter.operations[0].waste, 1);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_cancelled_visit_in_line_takes_no_unit_from_the_next)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_clients(&script.stage, 0, (const double[]){1.25, -1});
    stage_clients(&script.stage, 0, (const double[]){1.5, -1});
    call_of(&script, 1)->timeout_ns = 250 * TIME_MS;
    call_of(&script, 1)->cancel = true;
    stage_run(&script.stage, 10);
    script_expect(&script, 2, 1, 1.5); // 2 -> 3
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_crash_gives_everything_back)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1.25, -1});
    stage_clients(&script.stage, 0, (const double[]){3, -1});
    struct world *world = stage_run(&script.stage, 1.5);
    tiny_do(TINY_KILL, world->nodes[0]);
    cr_assert_eq(stage_status(world, 0, STATUS_RESET), 2);
    expect_idle(&script);
    tiny_do(TINY_RESTART, world->nodes[0]);
    stage_run(&script.stage, 10);
    script_expect(&script, 1, 1, 1);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_visit_that_ends_in_the_middle_gives_back_what_it_holds)
{
    static const struct answer_step fail = {STATUS_ERROR, 0};
    struct script script;
    script_init(&script, 1, 0);
    script_step(&script, 0, step_run_take, &script.first_pool);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_fail, &fail);
    stage_clients(&script.stage, 0, (const double[]){1, 1, -1});
    const struct world *world = stage_run(&script.stage, 2.5);
    cr_assert_eq(stage_status(world, 0, STATUS_ERROR), 1);
    cr_assert_eq(script_pool(&script)->used.value, 1, "the second has it from 2 on");
    stage_run(&script.stage, 10);
    cr_assert_eq(stage_status(world, 0, STATUS_ERROR), 2);
    expect_idle(&script);
    stage_end(&script.stage);
}

static void resize(void *subject, uint64_t size)
{
    const struct world *world = subject;
    pool_resize(&world->nodes[0]->pools[0], size);
}

Test(pool, a_larger_pool_wakes_those_who_now_fit)
{
    struct script script;
    begin(&script, 1, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1, 1, 1, -1});
    struct world *world = stage_run(&script.stage, 1.5);
    tiny_call(world, resize, 3);
    cr_assert_eq(script_pool(&script)->used.value, 3);
    cr_assert_eq(script_pool(&script)->waiting.value, 1);
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 4, 1 + 1.5 + 1.5 + 2);
    expect_idle(&script);
    stage_end(&script.stage);
}

Test(pool, a_smaller_pool_lets_its_holders_finish_and_grants_less_from_then_on)
{
    struct script script;
    begin(&script, 2, 0);
    stage_clients(&script.stage, 0, (const double[]){1, 1, 1, 1, -1});
    struct world *world = stage_run(&script.stage, 1.5);
    tiny_call(world, resize, 1);
    cr_assert_eq(script_pool(&script)->used.value, 2);
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 4, 1 + 1 + 2 + 3);
    expect_idle(&script);
    stage_end(&script.stage);
}
