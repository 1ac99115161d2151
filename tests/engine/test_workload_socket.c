// test_workload_socket - heartbeats, losses and reconnects of sockets, by the hundred thousand.
#include <criterion/criterion.h>

#include "sim/engine/workload.h"
#include "sim/engine/workload_wheel.h"
#include "tests/engine/tiny.h"

static struct workload_design *init(struct tiny *tiny, uint64_t count, uint32_t replicas)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "gateway", replicas, distribution_constant(1e6));
    struct workload_design *workload = tiny_add_workload(tiny, "sockets", 0, 0);
    workload->connections = (struct connections_design){
        .count = count,
        .heartbeat_ns = 25 * TIME_S,
        .timeout_ns = 20 * TIME_S,
        .reconnect = {.backoff_ns = TIME_S,
                      .factor = 2,
                      .limit_ns = 5 * TIME_S,
                      .jitter = JITTER_FULL},
    };
    return workload;
}

static const struct workload_meter *meter(const struct world *world)
{
    return &world->meter.workloads[0];
}

Test(workload_socket, every_socket_beats_once_a_period)
{
    struct tiny tiny;
    init(&tiny, 100000, 4);
    struct world *world = tiny_begin(&tiny);
    cr_assert_eq(workload_connected(world, 0), 100000);
    world_run(world, 25 * TIME_S);
    cr_assert(meter(world)->heartbeats >= 99990 && meter(world)->heartbeats <= 100000);
    world_run(world, 250 * TIME_S);
    cr_assert(meter(world)->heartbeats >= 999990 && meter(world)->heartbeats <= 1000010);
    cr_assert_eq(meter(world)->offered, 0);
    cr_assert_eq(workload_connected(world, 0), 100000);
    tiny_end(&tiny);
}

Test(workload_socket, a_killed_process_loses_its_sockets_at_once_and_they_come_back_elsewhere)
{
    struct tiny tiny;
    init(&tiny, 40000, 4);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 10 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[1]);
    cr_assert_eq(workload_connected(world, 0), 30000);
    cr_assert_eq(meter(world)->losses, 10000);
    world_run(world, 11 * TIME_S); // all have tried, three of four replicas live
    const uint64_t back = meter(world)->reconnects;
    cr_assert(back > 7000 && back < 8500, "%lu", (unsigned long)back);
    world_run(world, 60 * TIME_S);
    cr_assert_eq(workload_connected(world, 0), 40000);
    cr_assert_eq(meter(world)->connected_least, 30000);
    tiny_end(&tiny);
}

Test(workload_socket, a_dark_host_is_noticed_when_the_pong_is_overdue)
{
    struct tiny tiny;
    init(&tiny, 40000, 4);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 100 * TIME_S);
    tiny_do(TINY_DARKEN, world->nodes[1]);
    cr_assert_eq(workload_connected(world, 0), 30000);
    world_run(world, 120 * TIME_S);
    cr_assert_eq(meter(world)->losses, 0); // heartbeat within 25 s, then 20 s of patience
    world_run(world, 132500 * TIME_MS);
    cr_assert(meter(world)->losses > 4800 && meter(world)->losses < 5200);
    world_run(world, 145 * TIME_S + 1);
    cr_assert_eq(meter(world)->losses, 10000);
    world_run(world, 200 * TIME_S);
    cr_assert_eq(workload_connected(world, 0), 40000);
    tiny_end(&tiny);
}

Test(workload_socket, a_host_that_is_back_resets_its_old_sockets_at_their_heartbeat)
{
    struct tiny tiny;
    init(&tiny, 40000, 4);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 100 * TIME_S);
    tiny_do(TINY_DARKEN, world->nodes[1]);
    world_run(world, 101 * TIME_S);
    tiny_do(TINY_RESTART, world->nodes[1]);
    world_run(world, 126 * TIME_S);
    cr_assert(meter(world)->losses > 9500);
    world_run(world, 200 * TIME_S);
    cr_assert_eq(meter(world)->losses, 10000);
    cr_assert_eq(workload_connected(world, 0), 40000);
    tiny_end(&tiny);
}

Test(workload_socket, a_short_pause_costs_nothing_and_a_long_one_the_connection)
{
    struct tiny tiny;
    init(&tiny, 4000, 2);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 100 * TIME_S);
    tiny_do(TINY_PAUSE, world->nodes[0]);
    world_run(world, 115 * TIME_S);
    tiny_do(TINY_RESUME, world->nodes[0]);
    world_run(world, 200 * TIME_S);
    cr_assert_eq(meter(world)->losses, 0);
    const uint64_t before = meter(world)->heartbeats;
    world_run(world, 225 * TIME_S);
    cr_assert(meter(world)->heartbeats >= before + 3998);
    tiny_do(TINY_PAUSE, world->nodes[0]);
    world_run(world, 300 * TIME_S);
    cr_assert(meter(world)->losses >= 2000);
    tiny_end(&tiny);
}

Test(workload_socket, reconnects_are_requests_to_the_open_operation)
{
    struct tiny tiny;
    struct workload_design *workload = init(&tiny, 4000, 2);
    workload->connections.open = &tiny.parts[0].operation;
    workload->connections.target = 0;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 10 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[0]);
    world_run(world, 60 * TIME_S);
    cr_assert_eq(workload_connected(world, 0), 4000);
    cr_assert_eq(meter(world)->statuses[STATUS_OK], 2000);
    cr_assert(meter(world)->statuses[STATUS_UNAVAILABLE] > 1500); // refused by the dead replica
    cr_assert_eq(meter(world)->open, 0);
    cr_assert_eq(meter(world)->latency.minimum, TIME_MS);
    tiny_end(&tiny);
}

Test(workload_socket, heartbeats_with_an_operation_are_requests_at_their_own_replica)
{
    struct tiny tiny;
    struct workload_design *workload = init(&tiny, 100, 2);
    workload->connections.heartbeat = &tiny.parts[0].operation;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 250 * TIME_S);
    cr_assert(meter(world)->offered >= 999 && meter(world)->offered <= 1001);
    cr_assert_eq(meter(world)->latency.maximum, TIME_MS);
    tiny_do(TINY_KILL, world->nodes[0]);
    world_run(world, 300 * TIME_S);
    cr_assert_eq(meter(world)->statuses[STATUS_RESET], 0);
    cr_assert_eq(workload_connected(world, 0), 100);
    tiny_end(&tiny);
}

Test(workload_socket, churned_clients_connect_again_at_once)
{
    struct tiny tiny;
    init(&tiny, 1000, 2)->connections.churn = 10;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 100 * TIME_S);
    cr_assert(meter(world)->losses > 850 && meter(world)->losses < 1150);
    cr_assert_eq(meter(world)->losses, meter(world)->reconnects);
    cr_assert_eq(workload_connected(world, 0), 1000);
    tiny_end(&tiny);
}

Test(workload_socket, while_everything_is_down_clients_back_off_up_to_the_limit)
{
    struct tiny tiny;
    struct workload_design *workload = init(&tiny, 1000, 1);
    workload->connections.open = &tiny.parts[0].operation;
    workload->connections.reconnect.jitter = JITTER_NONE;
    struct world *world = tiny_begin(&tiny);
    tiny_do(TINY_KILL, world->nodes[0]);
    const int64_t tries[] = {1, 3, 7, 12, 17, 22}; // 1, 2, 4, 5, 5, 5 s
    for (uint64_t i = 0; i < 6; i++) {
        world_run(world, tries[i] * TIME_S);
        cr_assert_eq(meter(world)->offered, 1000 * i);
        world_run(world, tries[i] * TIME_S + 1);
        cr_assert_eq(meter(world)->offered, 1000 * (i + 1));
    }
    tiny_end(&tiny);
}

Test(workload_socket, five_million_sockets_need_no_memory_until_a_replica_fails_then_200_megabytes)
{
    struct tiny tiny;
    init(&tiny, 5000000, 12);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 25 * TIME_S);
    cr_assert(meter(world)->heartbeats > 4999900);
    cr_assert(workload_bytes(world) < 2u * 1000 * 1000);
    tiny_do(TINY_PAUSE, world->nodes[3]);
    world_run(world, 26 * TIME_S);
    cr_assert(workload_bytes(world) > 160u * 1000 * 1000);
    cr_assert(workload_bytes(world) < 200u * 1000 * 1000);
    tiny_end(&tiny);
}

struct strike {
    enum tiny_deed deed;
    int64_t at_ns;
};

struct trace {
    struct fingerprint_value events;
    uint64_t heartbeats, losses, reconnects, least;
};

// A strike and, 40 s later, what undoes it; with a churn that never comes to pass every socket has
// its record from the beginning.
static struct trace trace_of(struct strike strike, bool with_records)
{
    struct tiny tiny;
    init(&tiny, 6000, 3)->connections.churn = with_records ? 1e-8 : 0;
    struct world *world = tiny_begin(&tiny);
    cr_assert_eq(workload_bytes(world) > 6000 * sizeof(struct workload_socket) + (1 << 19),
                 with_records);
    world_run(world, strike.at_ns);
    tiny_do(strike.deed, world->nodes[1]);
    world_run(world, strike.at_ns + 40 * TIME_S);
    tiny_do(strike.deed == TINY_PAUSE ? TINY_RESUME : TINY_RESTART, world->nodes[1]);
    world_run(world, strike.at_ns + 90 * TIME_S);
    const struct trace trace = {fingerprint_get(&world->fingerprint), meter(world)->heartbeats,
                                meter(world)->losses, meter(world)->reconnects,
                                meter(world)->connected_least};
    tiny_end(&tiny);
    return trace;
}

Test(workload_socket, sockets_without_records_behave_as_if_they_had_them)
{
    static const enum tiny_deed deeds[] = {TINY_KILL, TINY_DARKEN, TINY_PAUSE};
    static const int64_t times_ns[] = {1,           300000,          1 << WORKLOAD_TICK_SHIFT,
                                       1000000,     24999 * TIME_MS, 25000 * TIME_MS + 1000,
                                       33 * TIME_S, 77777777777};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof times_ns / sizeof times_ns[0]; k++) {
            const struct strike strike = {deeds[i], times_ns[k]};
            const struct trace one = trace_of(strike, false), other = trace_of(strike, true);
            cr_assert(one.losses > 0);
            cr_assert(one.heartbeats > 6000);
            cr_assert_eq(memcmp(&one, &other, sizeof one), 0, "deed %zu, time %zu", i, k);
        }
    }
}

Test(workload_wheel, later_rounds_pass_by)
{
    struct workload_socket sockets[3] = {0};
    struct workload_wheel wheel;
    workload_wheel_init(&wheel, sockets, 0);
    const int64_t tick = 1 << WORKLOAD_TICK_SHIFT;
    cr_assert_eq(workload_wheel_next(&wheel), -1);
    sockets[0].due_ns = 5 * tick;
    sockets[1].due_ns = (5 + 1024) * tick;
    sockets[2].due_ns = 5 * tick + 1;
    for (uint32_t i = 0; i < 3; i++) {
        workload_wheel_add(&wheel, i);
    }
    cr_assert_eq(workload_wheel_next(&wheel), 5);
    workload_wheel_remove(&wheel, 0);
    cr_assert_eq(workload_wheel_turn(&wheel, 5), 1);
    cr_assert_eq(sockets[1].next, 2);
    cr_assert_eq(workload_wheel_next(&wheel), -1);
    sockets[1].listed = sockets[2].listed = false;
    workload_wheel_add(&wheel, 1);
    cr_assert_eq(workload_wheel_next(&wheel), 5 + 1024);
    workload_wheel_release(&wheel);
}
