// test_call - time-outs, retries, hedges, deadlines and lost tries at exact times.
#include <criterion/criterion.h>

#include "tests/engine/stage.h"

static struct call_design *call_of(struct stage *stage)
{
    return &stage->tiny.actions[0][0].call;
}

static const struct edge_meter *edge_of(const struct world *world)
{
    return &world->meter.edges[0];
}

// One server that works a second; clients at 1 s.
static void begin(struct stage *stage, const double *seconds)
{
    stage_init(stage, 1, 1, TIME_S);
    stage_clients(stage, 0, seconds);
}

Test(call, a_time_out_ends_the_wait_and_the_late_answer_is_waste)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 400 * TIME_MS;
    const struct world *world = stage_run(&stage, 1.5);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 1);
    cr_assert_eq(world->meter.workloads[0].latency.maximum, 400 * TIME_MS);
    cr_assert_eq(world->nodes[0]->cpu.busy.value, 1, "the callee works on");
    world = stage_run(&stage, 3);
    cr_assert_eq(world->meter.operations[0].waste, 1);
    cr_assert_eq(world->meter.operations[0].statuses[STATUS_TIMEOUT], 1);
    cr_assert_eq(world->meter.operations[0].statuses[STATUS_OK], 0);
    stage_end(&stage);
}

Test(call, an_answer_at_the_instant_of_the_time_out_is_in_time_by_order_of_scheduling)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = TIME_S; // armed before the service began: it happens first
    const struct world *world = stage_run(&stage, 3);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 1);
    cr_assert_eq(world->meter.operations[0].waste, 1);
    stage_end(&stage);
}

Test(call, a_retry_waits_its_back_off_and_counts_as_one_request)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 400 * TIME_MS;
    call_of(&stage)->retry = (struct retry_design){
        .attempts = 3, .backoff_ns = 100 * TIME_MS, .factor = 2, .on = 1U << STATUS_TIMEOUT};
    const struct world *world = stage_run(&stage, 10);
    // tries at 1, 1.5 and 2.1; the last gives up at 2.5
    cr_assert_eq(edge_of(world)->tries, 3);
    cr_assert_eq(edge_of(world)->retries, 2);
    cr_assert_eq(edge_of(world)->calls, 1);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 1);
    cr_assert_eq(world->meter.workloads[0].latency.maximum, 1500 * TIME_MS);
    cr_assert_eq(world->meter.operations[0].waste, 3);
    stage_end(&stage);
}

Test(call, a_deadline_bounds_all_tries)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 400 * TIME_MS;
    call_of(&stage)->deadline_ns = 700 * TIME_MS;
    call_of(&stage)->retry = (struct retry_design){
        .attempts = 5, .backoff_ns = 100 * TIME_MS, .factor = 1, .on = 1U << STATUS_TIMEOUT};
    const struct world *world = stage_run(&stage, 10);
    cr_assert_eq(edge_of(world)->tries, 2);
    cr_assert_eq(world->meter.workloads[0].latency.maximum, 700 * TIME_MS);
    stage_end(&stage);
}

Test(call, an_overdue_visit_leaves_the_line_unserved)
{
    struct stage stage;
    begin(&stage, (const double[]){1, 1, 1, -1});
    call_of(&stage)->deadline_ns = 1500 * TIME_MS;
    const struct world *world = stage_run(&stage, 10);
    cr_assert_eq(world->nodes[0]->cpu.served, 2, "the third was due at 2.5 and reached at 3");
    cr_assert_eq(stage_status(world, 0, STATUS_OK), 1);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 2);
    stage_end(&stage);
}

Test(call, a_refused_connection_is_unavailable_at_once)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    struct world *world = stage_run(&stage, 0.5);
    tiny_do(TINY_KILL, world->nodes[0]);
    world = stage_run(&stage, 2);
    cr_assert_eq(stage_status(world, 0, STATUS_UNAVAILABLE), 1);
    stage_end(&stage);
}

Test(call, a_dark_host_is_silent_until_the_time_out)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 5 * TIME_S;
    struct world *world = stage_run(&stage, 1.5);
    tiny_do(TINY_DARKEN, world->nodes[0]);
    world = stage_run(&stage, 5.9);
    cr_assert_eq(world->meter.workloads[0].ended_total, 0);
    world = stage_run(&stage, 6.1);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 1);
    stage_end(&stage);
}

Test(call, without_any_time_out_tcp_gives_up_after_924_6_s)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 0;
    call_of(&stage)->retry.attempts = 2; // keeps the request a call
    struct world *world = stage_run(&stage, 1.5);
    tiny_do(TINY_DARKEN, world->nodes[0]);
    world = stage_run(&stage, 926);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 0);
    world = stage_run(&stage, 926.2);
    cr_assert_eq(stage_status(world, 0, STATUS_TIMEOUT), 1);
    stage_end(&stage);
}

Test(call, a_hedge_takes_the_faster_of_two_replicas_and_cancels_the_loser)
{
    struct stage stage;
    stage_init(&stage, 2, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, 1, 1.1, -1});
    call_of(&stage)->hedge = (struct hedge_design){.after_ns = 200 * TIME_MS, .maximum = 1};
    const struct world *world = stage_run(&stage, 10);
    cr_assert_geq(edge_of(world)->hedges, 1);
    cr_assert_eq(stage_status(world, 0, STATUS_OK), 3);
    cr_assert_eq(world->meter.workloads[0].open, 0);
    const uint64_t *statuses = world->meter.operations[0].statuses;
    cr_assert_eq(statuses[STATUS_OK] + statuses[STATUS_CANCELLED],
                 edge_of(world)->tries + edge_of(world)->hedges);
    stage_end(&stage);
}

Test(call, a_fallback_turns_a_failure_into_an_answer)
{
    struct stage stage;
    begin(&stage, (const double[]){1, -1});
    call_of(&stage)->timeout_ns = 100 * TIME_MS;
    call_of(&stage)->fallback = FALLBACK_MISS;
    const struct world *world = stage_run(&stage, 3);
    cr_assert_eq(stage_status(world, 0, STATUS_MISS), 1);
    stage_end(&stage);
}
