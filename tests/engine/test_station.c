// test_station - servers and lines at exact times, with ties.
#include <criterion/criterion.h>

#include "tests/engine/stage.h"

static void expect(const struct world *world, uint32_t workload, uint64_t count, double latency)
{
    cr_assert_eq(world->meter.workloads[workload].latency.count, count, "%lu answers",
                 (unsigned long)world->meter.workloads[workload].latency.count);
    cr_assert_eq((int64_t)(stage_latency(world, workload) * 1e9 + 0.5),
                 (int64_t)(latency * 1e9 + 0.5), "latency %.9f", stage_latency(world, workload));
}

Test(station, one_server_serves_in_order_of_arrival)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, 1, 1.5, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 3, 1 + 2 + 2.5);
    stage_end(&stage);
}

Test(station, three_servers_serve_three_at_once)
{
    struct stage stage;
    stage_init(&stage, 1, 3, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, 1, 1, 1, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 4, 1 + 1 + 1 + 2);
    cr_assert_eq(world->nodes[0]->cpu.busy.maximum, 3);
    stage_end(&stage);
}

Test(station, fractional_cores_stretch_the_service)
{
    struct stage stage;
    stage_init(&stage, 1, 0.5, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 1, 2);
    stage_end(&stage);
}

Test(station, lifo_serves_the_latest_first)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.discipline = DISCIPLINE_LIFO;
    stage_clients(&stage, 0, (const double[]){1, 1.2, -1});
    stage_clients(&stage, 0, (const double[]){1.4, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 1, 1, 1.6);     // 1.4 -> 3
    expect(world, 0, 2, 1 + 2.8); // 1 -> 2, 1.2 -> 4
    stage_end(&stage);
}

Test(station, sharing_gives_everybody_an_equal_part)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].sharing = true;
    stage_clients(&stage, 0, (const double[]){1, 1, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 2, 2 + 2);
    stage_end(&stage);
}

Test(station, sharing_slows_the_first_when_a_second_comes)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].sharing = true;
    stage_clients(&stage, 0, (const double[]){1, 1.5, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 2, 1.5 + 1.5); // 1 -> 2.5, 1.5 -> 3
    stage_end(&stage);
}

Test(station, priority_overtakes_in_the_line_but_not_in_service)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.discipline = DISCIPLINE_PRIORITY;
    stage_clients(&stage, 1, (const double[]){1, 1.1, -1});
    stage_clients(&stage, 0, (const double[]){1.2, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 1, 1, 1.8);     // 1.2 -> 3
    expect(world, 0, 2, 1 + 2.9); // 1 -> 2, 1.1 -> 4
    stage_end(&stage);
}

Test(station, preemption_resumes_where_it_stopped)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.discipline = DISCIPLINE_PREEMPTIVE;
    stage_clients(&stage, 1, (const double[]){1, -1});
    stage_clients(&stage, 0, (const double[]){1.25, 1.5, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 1, 2, 1 + 1.75); // 1.25 -> 2.25, 1.5 -> 3.25
    expect(world, 0, 1, 3);        // 0.25 done, the rest from 3.25 to 4
    stage_end(&stage);
}

Test(station, a_full_station_refuses)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.capacity = 2;
    stage_clients(&stage, 0, (const double[]){1, 1, 1, 2, -1});
    const struct world *world = stage_run(&stage, 10);
    cr_assert_eq(stage_status(world, 0, STATUS_REJECTED), 1);
    expect(world, 0, 3, 1 + 2 + 2); // the arrival at 2 finds the first gone: scheduled before
    stage_end(&stage);
}

Test(station, a_slow_node_rescales_the_work_in_service)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, -1});
    struct world *world = stage_run(&stage, 1.5);
    node_slow(world->nodes[0], 4);
    world = stage_run(&stage, 2.5);
    cr_assert_eq(world->meter.workloads[0].latency.count, 0);
    node_unslow(world->nodes[0], 4); // a quarter of the half is done: 0.25 s are left
    world = stage_run(&stage, 10);
    expect(world, 0, 1, 1.75);
    stage_end(&stage);
}

Test(station, a_paused_node_keeps_the_work_and_the_arrivals)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, 2, -1});
    struct world *world = stage_run(&stage, 1.5);
    tiny_do(TINY_PAUSE, world->nodes[0]);
    stage_run(&stage, 4.5);
    tiny_do(TINY_RESUME, world->nodes[0]);
    world = stage_run(&stage, 10);
    cr_assert_eq(world->meter.workloads[0].latency.count, 2);
    cr_assert_float_eq(stage_latency(world, 0), 4 + 4, 1e-8);
    stage_end(&stage);
}

Test(station, a_killed_node_resets_those_in_service_and_in_line)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, 1.1, -1});
    struct world *world = stage_run(&stage, 1.5);
    tiny_do(TINY_KILL, world->nodes[0]);
    cr_assert_eq(stage_status(world, 0, STATUS_RESET), 2);
    cr_assert_eq(world->nodes[0]->cpu.busy.value, 0);
    cr_assert_eq(world->meter.components[0].in_system.value, 0);
    stage_end(&stage);
}

Test(station, a_full_station_that_drops_the_oldest_lets_the_newest_in)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.capacity = 2;
    stage.tiny.components[0].queue.on_full = ON_FULL_DROP_OLDEST;
    stage_clients(&stage, 0, (const double[]){1, 1.1, -1});
    stage_clients(&stage, 0, (const double[]){1.2, -1});
    const struct world *world = stage_run(&stage, 10);
    cr_assert_eq(stage_status(world, 0, STATUS_REJECTED), 1, "the one of 1.1, at 1.2");
    expect(world, 1, 1, 1.8); // 1.2 -> 3
    stage_end(&stage);
}

Test(station, a_full_station_that_blocks_lets_its_callers_wait)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage.tiny.components[0].queue.capacity = 2;
    stage.tiny.components[0].queue.on_full = ON_FULL_BLOCK;
    stage_clients(&stage, 0, (const double[]){1, 1, 1, 1, -1});
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 4, 1 + 2 + 3 + 4);
    stage_end(&stage);
}

Test(station, messages_that_were_gathered_have_their_own_ages)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_S);
    stage_clients(&stage, 0, (const double[]){1, -1});
    stage.tiny.workloads[0].units = 4;
    stage.tiny.workloads[0].gather_ns = 800 * TIME_MS;
    const struct world *world = stage_run(&stage, 10);
    expect(world, 0, 4, 1.1 + 1.3 + 1.5 + 1.7);
    stage_end(&stage);
}

Test(station, a_lifo_line_forgets_those_who_left_it)
{
    struct stage stage;
    stage_init(&stage, 1, 1, TIME_MS);
    stage.tiny.components[0].queue.discipline = DISCIPLINE_LIFO;
    struct workload_design *crowd = tiny_add_workload(&stage.tiny, "crowd", 0, 10000);
    stage.tiny.actions[0][0].call.retry.attempts = 2; // keeps the request a call
    crowd->rate = 10000;                              // ten times what can be served
    struct world *world = tiny_begin(&stage.tiny);
    const struct distribution patience = distribution_constant(5e6);
    world->nodes[0]->cpu.patience = &patience;
    world->nodes[0]->cpu.patience_stream = world_stream(world, "patience");
    world_run(world, 20 * TIME_S);
    cr_assert_leq(world->nodes[0]->cpu.line.room, 512, "%u entries of room for %u that wait",
                  world->nodes[0]->cpu.line.room, world->nodes[0]->cpu.line.count);
    cr_assert_gt(world->nodes[0]->cpu.abandoned, 100000);
    stage_end(&stage);
}
