// test_step - the steps of the language at exact times: parallel, choose, repeat, spawn, reply.
#include <criterion/criterion.h>

#include "tests/engine/script.h"

static const struct operation *branches_of(const struct script *script, const struct operation **at,
                                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = &script->operations[1 + i];
    }
    return at[0];
}

// Operation 0 joins `need` of three branches, which sleep 1, 3 and 2 s and end as `failing` says.
struct fork {
    struct script script;
    const struct operation *branches[3];
    struct parallel_step parallel;
    struct answer_step fail;
};

static void begin_fork(struct fork *fork, uint32_t need, uint32_t failing, bool stop)
{
    const double seconds[] = {1, 3, 2};
    struct script *script = &fork->script;
    script_init(script, 1, 0);
    branches_of(script, fork->branches, 3);
    fork->parallel = (struct parallel_step){3, need, fork->branches, stop};
    fork->fail = (struct answer_step){STATUS_ERROR, 0};
    for (uint32_t i = 0; i < 3; i++) {
        script_sleep(script, 1 + i, seconds[i]);
        if (failing >> i & 1) {
            script_step(script, 1 + i, step_run_fail, &fork->fail);
        }
    }
    script_step(script, 0, step_run_parallel, &fork->parallel);
    stage_clients(&script->stage, 0, (const double[]){1, -1});
}

// What the client of such a fork sees: a status after so many seconds.
static void expect_fork(uint32_t need, uint32_t failing, enum status status, double seconds)
{
    struct fork fork;
    begin_fork(&fork, need, failing, true);
    const struct world *world = stage_run(&fork.script.stage, 1 + seconds - 1e-6);
    cr_assert_eq(world->meter.workloads[0].ended_total, 0, "too early");
    stage_run(&fork.script.stage, 1 + seconds + 1e-6);
    cr_assert_eq(stage_status(world, 0, status), 1);
    stage_run(&fork.script.stage, 10);
    cr_assert_eq(world->meter.workloads[0].ended_total, 1);
    cr_assert_eq(world->joins.live, 0);
    stage_end(&fork.script.stage);
}

Test(step, parallel_waits_for_the_slowest)
{
    expect_fork(3, 0, STATUS_OK, 3);
}

Test(step, a_quorum_goes_on_with_the_one_that_completes_it)
{
    expect_fork(2, 0, STATUS_OK, 2);
    expect_fork(1, 0, STATUS_OK, 1);
}

Test(step, a_quorum_does_without_the_branch_that_failed)
{
    expect_fork(2, 1, STATUS_OK, 3);
    expect_fork(1, 1 | 4, STATUS_OK, 3);
}

Test(step, a_quorum_out_of_reach_fails_at_once)
{
    expect_fork(3, 1, STATUS_ERROR, 1);
    expect_fork(2, 1 | 4, STATUS_ERROR, 2);
    expect_fork(1, 1 | 2 | 4, STATUS_ERROR, 3);
}

Test(step, a_failed_join_that_does_not_stop_goes_on)
{
    struct fork fork;
    begin_fork(&fork, 3, 1, false);
    script_sleep(&fork.script, 0, 0.5);
    stage_run(&fork.script.stage, 10);
    script_expect(&fork.script, 0, 1, 1.5);
    stage_end(&fork.script.stage);
}

Test(step, branches_that_end_together_are_joined_once)
{
    struct script script;
    const struct operation *branches[3];
    script_init(&script, 1, 0);
    branches_of(&script, branches, 3);
    const struct parallel_step parallel = {3, 2, branches, true};
    for (uint32_t i = 1; i <= 3; i++) {
        script_sleep(&script, i, 1);
    }
    script_step(&script, 0, step_run_parallel, &parallel);
    script_sleep(&script, 0, 1);
    stage_clients(&script.stage, 0, (const double[]){1, 1, -1});
    const struct world *world = stage_run(&script.stage, 10);
    script_expect(&script, 0, 2, 2 + 2);
    cr_assert_eq(world->meter.stale_wakes, 0);
    stage_end(&script.stage);
}

Test(step, a_branch_forks_in_turn)
{
    struct script script;
    const struct operation *inner[2];
    script_init(&script, 1, 0);
    inner[0] = &script.operations[2];
    inner[1] = &script.operations[3];
    const struct operation *outer[] = {&script.operations[1], &script.operations[4]};
    const struct parallel_step fork_inner = {2, 2, inner, true}, fork_outer = {2, 2, outer, true};
    script_sleep(&script, 1, 1);
    script_step(&script, 1, step_run_parallel, &fork_inner);
    script_sleep(&script, 2, 2);
    script_sleep(&script, 3, 3);
    script_sleep(&script, 4, 3.5);
    script_step(&script, 0, step_run_parallel, &fork_outer);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 1, 4);
    stage_end(&script.stage);
}

Test(step, a_crash_while_branches_run_resets_the_request_once)
{
    struct fork fork;
    begin_fork(&fork, 3, 0, true);
    struct world *world = stage_run(&fork.script.stage, 2.5);
    tiny_do(TINY_KILL, world->nodes[0]);
    stage_run(&fork.script.stage, 10);
    cr_assert_eq(stage_status(world, 0, STATUS_RESET), 1);
    cr_assert_eq(world->meter.workloads[0].ended_total, 1);
    stage_end(&fork.script.stage);
}

// ---- choose -------------------------------------------------------------------------------------

// Steps: choose (to 1 or 3), 1 s, jump to 4, 2 s.
static double chosen(const struct choose_step *choose)
{
    static const struct jump_step behind = {4};
    struct script script;
    script_init(&script, 1, 0);
    script_step(&script, 0, step_run_choose, choose);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_jump, &behind);
    script_sleep(&script, 0, 2);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&script.stage, 10);
    const double latency = stage_latency(world, 0);
    stage_end(&script.stage);
    return latency;
}

Test(step, choose_by_share)
{
    const struct choice certain[] = {{CHOICE_SHARE, 1, 0, 1}};
    const struct choice never[] = {{CHOICE_SHARE, 0, 0, 1}};
    cr_assert_float_eq(chosen(&(struct choose_step){1, certain, 3}), 1, 1e-12);
    cr_assert_float_eq(chosen(&(struct choose_step){1, never, 3}), 2, 1e-12);
    cr_assert_float_eq(chosen(&(struct choose_step){0, NULL, 4}), 0, 1e-12);
}

Test(step, choose_by_the_outcome_of_the_last_step)
{
    struct fork fork;
    const struct choice bad[] = {{CHOICE_STATUS, 0, 1U << STATUS_ERROR, 3}};
    const struct choose_step choose = {1, bad, 2};
    begin_fork(&fork, 3, 1, false);
    script_step(&fork.script, 0, step_run_choose, &choose); // step 1
    script_sleep(&fork.script, 0, 5);                       // step 2: all went well
    script_sleep(&fork.script, 0, 0.25);                    // step 3
    stage_run(&fork.script.stage, 10);
    script_expect(&fork.script, 0, 1, 1.25);
    stage_end(&fork.script.stage);
}

// ---- repeat -------------------------------------------------------------------------------------

static double repeated(double times, uint8_t limit)
{
    struct script script;
    script_init(&script, 1, 0);
    const struct distribution law = distribution_constant(times);
    const struct repeat_step begin = {0, limit, law, 3}, end = {0, limit, law, 1};
    script_step(&script, 0, step_run_repeat_begin, &begin);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_repeat, &end);
    script_sleep(&script, 0, 0.5);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&script.stage, 20);
    const double latency = stage_latency(world, 0);
    stage_end(&script.stage);
    return latency;
}

Test(step, repeat_runs_its_body_so_often)
{
    cr_assert_float_eq(repeated(3, 255), 3.5, 1e-12);
    cr_assert_float_eq(repeated(1, 255), 1.5, 1e-12);
    cr_assert_float_eq(repeated(0, 255), 0.5, 1e-12);
    cr_assert_float_eq(repeated(9, 4), 4.5, 1e-12);
}

Test(step, a_repeat_within_a_repeat_has_a_counter_of_its_own)
{
    struct script script;
    script_init(&script, 1, 0);
    const struct distribution two = distribution_constant(2), three = distribution_constant(3);
    const struct repeat_step outer = {0, 255, two, 5}, outer_end = {0, 255, two, 1};
    const struct repeat_step inner = {1, 255, three, 4}, inner_end = {1, 255, three, 2};
    script_step(&script, 0, step_run_repeat_begin, &outer);
    script_step(&script, 0, step_run_repeat_begin, &inner);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_repeat, &inner_end);
    script_step(&script, 0, step_run_repeat, &outer_end);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_run(&script.stage, 20);
    script_expect(&script, 0, 1, 6);
    stage_end(&script.stage);
}

// ---- with, spawn, reply -------------------------------------------------------------------------

Test(step, with_holds_the_pool_around_its_steps_only)
{
    struct script script;
    script_init(&script, 1, 0);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_take, &script.first_pool);
    script_sleep(&script, 0, 0.5);
    script_step(&script, 0, step_run_give, &script.first_pool);
    script_sleep(&script, 0, 1);
    stage_clients(&script.stage, 0, (const double[]){1, 1, -1});
    stage_run(&script.stage, 10);
    script_expect(&script, 0, 2, 2.5 + 3); // only the middle parts follow one another
    stage_end(&script.stage);
}

Test(step, what_is_spawned_goes_on_when_the_request_has_ended)
{
    struct script script;
    script_init(&script, 1, 0);
    const struct spawn_step spawn = {&script.operations[1]};
    script_step(&script, 1, step_run_take, &script.first_pool);
    script_sleep(&script, 1, 2);
    script_step(&script, 1, step_run_give, &script.first_pool);
    script_step(&script, 0, step_run_spawn, &spawn);
    script_sleep(&script, 0, 1);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    stage_run(&script.stage, 2.5);
    script_expect(&script, 0, 1, 1);
    cr_assert_eq(script_pool(&script)->used.value, 1);
    stage_run(&script.stage, 3.5);
    cr_assert_eq(script_pool(&script)->used.value, 0);
    stage_end(&script.stage);
}

Test(step, an_early_reply_answers_and_the_visit_goes_on_holding_what_it_holds)
{
    static const struct answer_step answer = {STATUS_OK, 100};
    struct script script;
    script_init(&script, 1, 0);
    script_step(&script, 0, step_run_take, &script.first_pool);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_reply, &answer);
    script_sleep(&script, 0, 2);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&script.stage, 2.5);
    script_expect(&script, 0, 1, 1);
    cr_assert_eq(script_pool(&script)->used.value, 1);
    cr_assert_eq(world->meter.components[0].in_system.value, 1);
    stage_run(&script.stage, 5);
    cr_assert_eq(script_pool(&script)->used.value, 0);
    cr_assert_eq(world->meter.components[0].in_system.value, 0);
    cr_assert_eq(stage_status(world, 0, STATUS_OK), 1);
    stage_end(&script.stage);
}

Test(step, the_status_of_an_early_reply_stands)
{
    static const struct answer_step answer = {STATUS_CONFLICT, 0}, later = {STATUS_ERROR, 0};
    struct script script;
    script_init(&script, 1, 0);
    script_step(&script, 0, step_run_reply, &answer);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_fail, &later);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&script.stage, 5);
    cr_assert_eq(stage_status(world, 0, STATUS_CONFLICT), 1);
    cr_assert_eq(stage_status(world, 0, STATUS_ERROR), 0);
    cr_assert_eq(world->meter.workloads[0].ended_total, 1);
    stage_end(&script.stage);
}

Test(step, fail_ends_the_request_with_its_status)
{
    static const struct answer_step fail = {STATUS_INVALID, 0};
    struct script script;
    script_init(&script, 1, 0);
    script_sleep(&script, 0, 1);
    script_step(&script, 0, step_run_fail, &fail);
    script_sleep(&script, 0, 1);
    stage_clients(&script.stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&script.stage, 2.5);
    cr_assert_eq(stage_status(world, 0, STATUS_INVALID), 1);
    stage_end(&script.stage);
}
