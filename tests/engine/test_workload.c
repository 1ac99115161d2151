// test_workload - requests, journeys, closed users and keys in a world, at exact times.
#include <criterion/criterion.h>

#include "sim/engine/workload.h"
#include "tests/engine/tiny.h"

static const struct workload_meter *meter(const struct tiny *tiny)
{
    return &tiny->world->meter.workloads[0];
}

Test(workload, the_first_constant_arrival_comes_after_one_gap)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(250e6));
    tiny_add_workload(&tiny, "w", 0, 1)->arrivals.kind = ARRIVAL_CONSTANT;
    struct world *world = tiny_begin(&tiny);
    world_run(world, TIME_S);
    cr_assert_eq(meter(&tiny)->offered, 0);
    world_run(world, TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 1);
    cr_assert_eq(meter(&tiny)->open, 1);
    world_run(world, 1250 * TIME_MS + 1);
    cr_assert_eq(meter(&tiny)->statuses[STATUS_OK], 1);
    cr_assert_eq(meter(&tiny)->latency.minimum, 250 * TIME_MS);
    world_run(world, 10 * TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 10);
    cr_assert_eq(meter(&tiny)->latency.maximum, 250 * TIME_MS);
    tiny_end(&tiny);
}

// With a lead of 5 s everything comes 5 s later, arrivals as well as users.
Test(workload, nobody_arrives_before_the_lead_has_passed)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny.design.lead_ns = 5 * TIME_S;
    tiny_add_component(&tiny, "s", 1, distribution_constant(250e6));
    tiny_add_workload(&tiny, "w", 0, 1)->arrivals.kind = ARRIVAL_CONSTANT;
    struct workload_design *closed = tiny_add_workload(&tiny, "users", 0, 0);
    closed->model = WORKLOAD_CLOSED;
    closed->users = 1;
    closed->think = distribution_constant(500e6);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 5500 * TIME_MS);
    cr_assert_eq(meter(&tiny)->offered + world->meter.workloads[1].offered, 0);
    world_run(world, 5500 * TIME_MS + 1);
    cr_assert_eq(world->meter.workloads[1].offered, 1);
    world_run(world, 6 * TIME_S);
    cr_assert_eq(meter(&tiny)->offered, 0);
    world_run(world, 15 * TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 10);
    tiny_end(&tiny);
}

Test(workload, a_batch_arrives_at_one_instant)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(1e6));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 10);
    workload->arrivals = (struct arrival_design){.kind = ARRIVAL_BATCH};
    workload->arrivals.law = distribution_constant(5);
    struct world *world = tiny_begin(&tiny);
    uint64_t before = 0;
    for (int64_t ms = 0; ms < 20000; ms++) {
        world_run(world, ms * TIME_MS);
        cr_assert_eq((meter(&tiny)->offered - before) % 5, 0);
        before = meter(&tiny)->offered;
    }
    cr_assert(before > 100 && before < 300);
    tiny_end(&tiny);
}

Test(workload, a_mix_follows_its_shares)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny_add_component(&tiny, "t", 1, distribution_constant(0));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 1000);
    struct action_design *actions = tiny.actions[0];
    actions[1] = actions[0];
    actions[0].share = 0.25;
    actions[1].call.target = 1;
    actions[1].call.operation = &tiny.parts[1].operation;
    actions[1].call.edge = tiny_add_edge(&tiny, DESIGN_NONE, 0, 1);
    workload->action_count = 2;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 100 * TIME_S);
    const double first = (double)meter_operation(&world->meter, 0, 0)->arrivals;
    const double second = (double)meter_operation(&world->meter, 1, 0)->arrivals;
    cr_assert_float_eq(first / (first + second), 0.25, 0.01);
    tiny_end(&tiny);
}

Test(workload, a_trace_names_its_actions)
{
    static const int64_t times[] = {TIME_S, TIME_S, 2 * TIME_S};
    static const uint32_t choices[] = {1, 0, 1};
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny_add_component(&tiny, "t", 1, distribution_constant(0));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 0);
    tiny.actions[0][1] = tiny.actions[0][0];
    tiny.actions[0][1].call.target = 1;
    tiny.actions[0][1].call.operation = &tiny.parts[1].operation;
    tiny.actions[0][1].call.edge = tiny_add_edge(&tiny, DESIGN_NONE, 0, 1);
    workload->action_count = 2;
    workload->arrivals = (struct arrival_design){.kind = ARRIVAL_TRACE,
                                                 .trace_count = 3,
                                                 .trace_times = times,
                                                 .trace_choices = choices};
    struct world *world = tiny_begin(&tiny);
    world_run(world, 1500 * TIME_MS);
    cr_assert_eq(meter_operation(&world->meter, 0, 0)->arrivals, 1);
    cr_assert_eq(meter_operation(&world->meter, 1, 0)->arrivals, 1);
    world_run(world, 10 * TIME_S);
    cr_assert_eq(meter_operation(&world->meter, 1, 0)->arrivals, 2);
    tiny_end(&tiny);
}

// Call, think 2 s, call: two requests a session, at 1 s and 3.1 s for the first.
static void make_journey(struct tiny *tiny, struct workload_design *workload)
{
    struct action_design *actions = tiny->actions[0];
    actions[1] = (struct action_design){.is_think = true, .think = distribution_constant(2e9)};
    actions[2] = actions[0];
    workload->action_count = 3;
    workload->is_journey = true;
}

Test(workload, a_journey_walks_its_actions_in_order)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(100e6));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 1);
    workload->arrivals.kind = ARRIVAL_CONSTANT;
    make_journey(&tiny, workload);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 3100 * TIME_MS);
    cr_assert_eq(meter(&tiny)->offered, 3);
    world_run(world, 3100 * TIME_MS + 1);
    cr_assert_eq(meter(&tiny)->offered, 4);
    world_run(world, 100 * TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 100 + 97);
    cr_assert_eq(meter(&tiny)->latency.maximum, 100 * TIME_MS);
    tiny_end(&tiny);
}

Test(workload, closed_users_think_first_and_never_overlap)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(1e9));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 0);
    workload->model = WORKLOAD_CLOSED;
    workload->users = 3;
    workload->think = distribution_constant(4e9);
    struct world *world = tiny_begin(&tiny);
    world_run(world, 4 * TIME_S);
    cr_assert_eq(meter(&tiny)->offered, 0);
    world_run(world, 4 * TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 3);
    world_run(world, 9 * TIME_S + 1);
    cr_assert_eq(meter(&tiny)->offered, 6);
    world_run(world, 100 * TIME_S);
    cr_assert_eq(meter(&tiny)->offered, 3 * 20);
    tiny_end(&tiny);
}

Test(workload, closed_users_without_think_time_are_stopped_by_refusals_only_for_a_moment)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(1e6));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 0);
    workload->model = WORKLOAD_CLOSED;
    workload->users = 1;
    tiny_add_fault(&tiny, "kill", 0, TIME_S);
    struct world *world = tiny_begin(&tiny);
    world_run(world, TIME_S);
    const uint64_t refused = meter(&tiny)->statuses[STATUS_UNAVAILABLE];
    cr_assert(refused >= 999 && refused <= 1001, "%lu", (unsigned long)refused);
    world_run(world, 2 * TIME_S);
    cr_assert(meter(&tiny)->statuses[STATUS_OK] >= 998);
    tiny_end(&tiny);
}

Test(workload, keys_are_the_same_for_a_request_and_follow_their_law)
{
    static const char *const names[] = {"order", "product", "region"};
    struct key_design keys[] = {{.name = "product"}, {.name = "order", .unique = true}};
    keys[0].law = (struct distribution){.kind = DISTRIBUTION_ZIPF, .n = 10, .shape = 1};
    cr_assert_null(distribution_prepare(&keys[0].law));
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 1);
    workload->key_count = 2;
    workload->keys = keys;
    tiny.design.key_name_count = 3;
    tiny.design.key_names = names;
    const struct world *world = tiny_begin(&tiny);
    uint64_t counts[11] = {0};
    for (uint64_t request = 0; request < 100000; request++) {
        const uint64_t key = workload_key(world, request, 2);
        cr_assert(key >= 1 && key <= 10);
        counts[key]++;
    }
    cr_assert_float_eq((double)counts[1] / 1e5, 1 / 2.9289682, 0.005);
    cr_assert_float_eq((double)counts[10] / 1e5, 0.1 / 2.9289682, 0.003);
    cr_assert_eq(workload_key(world, 77, 2), workload_key(world, 77, 2));
    cr_assert_neq(workload_key(world, 77, 1), workload_key(world, 78, 1));
    cr_assert_eq(workload_key(world, 77, 3), workload_key(world, 77, 0)); // undeclared: unique
    tiny_end(&tiny);
}

Test(workload, clients_sit_in_the_zones_in_turn)
{
    static const uint32_t zones[] = {0, 2};
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny.links[2 * TINY_ZONES].latency = distribution_constant(5e6);
    tiny.links[2].latency = distribution_constant(2e6);
    struct workload_design *workload = tiny_add_workload(&tiny, "w", 0, 10);
    workload->arrivals.kind = ARRIVAL_CONSTANT;
    workload->zone_count = 2;
    workload->zones = zones;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 150 * TIME_MS);
    cr_assert_eq(meter(&tiny)->latency.maximum, 0);
    world_run(world, 250 * TIME_MS);
    cr_assert_eq(meter(&tiny)->latency.maximum, 7 * TIME_MS);
    world_run(world, TIME_S + 10 * TIME_MS);
    cr_assert_eq((uint64_t)meter(&tiny)->latency.sum, (uint64_t)(5 * 7 * TIME_MS));
    tiny_end(&tiny);
}

Test(workload, requests_in_flight_longer_than_the_limit_are_overdue)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(1e12));
    tiny_add_workload(&tiny, "w", 0, 1)->arrivals.kind = ARRIVAL_CONSTANT;
    struct world *world = tiny_begin(&tiny);
    world_run(world, 10500 * TIME_MS);
    cr_assert_eq(workload_overdue(world, 0, 0), 10);
    cr_assert_eq(workload_overdue(world, 0, 4 * TIME_S), 6);
    cr_assert_eq(workload_overdue(world, 0, 60 * TIME_S), 0);
    tiny_end(&tiny);
}
