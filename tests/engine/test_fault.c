// test_fault - strikes by plan and by chance, what they hold down, and who is charged.
#include <criterion/criterion.h>

#include "sim/engine/fault.h"
#include "tests/engine/tiny.h"

static const struct world *begin(struct tiny *tiny)
{
    return tiny_begin(tiny);
}

static uint32_t up(const struct world *world)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->node_count; i++) {
        count += world->nodes[i]->life == NODE_UP;
    }
    return count;
}

static void init(struct tiny *tiny, uint32_t replicas)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "s", replicas, distribution_constant(0));
}

Test(fault, a_planned_kill_strikes_and_ends_at_its_times)
{
    struct tiny tiny;
    init(&tiny, 3);
    tiny_add_fault(&tiny, "kill", 2 * TIME_S, 3 * TIME_S);
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 2 * TIME_S);
    cr_assert_eq(up(world), 3);
    cr_assert_eq(world->active_faults, 0);
    cr_assert_eq(world->latest_fault, DESIGN_NONE);
    world_run(tiny.world, 2 * TIME_S + 1);
    cr_assert_eq(up(world), 0);
    cr_assert_eq(world->active_faults, 1);
    cr_assert_eq(world->latest_fault, 0);
    world_run(tiny.world, 5 * TIME_S);
    cr_assert_eq(up(world), 0);
    world_run(tiny.world, 5 * TIME_S + 1);
    cr_assert_eq(up(world), 3);
    cr_assert_eq(world->active_faults, 0);
    const struct fault_meter *meter = &world->meter.faults[0];
    cr_assert_eq(meter->occurrences, 1);
    cr_assert_eq(meter->active_ns, 3 * TIME_S);
    cr_assert_eq(meter->first_ns, 2 * TIME_S);
    cr_assert_eq(meter->last_end_ns, 5 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_FAULT_BEGIN), 2 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_FAULT_END), 5 * TIME_S);
    tiny_end(&tiny);
}

Test(fault, what_is_not_enabled_does_not_strike)
{
    struct tiny tiny;
    init(&tiny, 1);
    tiny_add_fault(&tiny, "kill", TIME_S, TIME_S)->enabled = false;
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 10 * TIME_S);
    cr_assert_eq(world->meter.faults[0].occurrences, 0);
    tiny_end(&tiny);
}

Test(fault, a_kill_without_an_end_lasts)
{
    struct tiny tiny;
    init(&tiny, 1);
    tiny_add_fault(&tiny, "kill", TIME_S, TIME_NEVER);
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 3600 * TIME_S);
    cr_assert_eq(up(world), 0);
    cr_assert_eq(world->meter.faults[0].active_ns, 3599 * TIME_S);
    tiny_end(&tiny);
}

Test(fault, modes_choose_one_a_share_and_a_number)
{
    const enum fault_mode modes[] = {FAULT_ONE, FAULT_SHARE, FAULT_FIXED, FAULT_ALL};
    const uint32_t left[] = {9, 7, 6, 0};
    for (int i = 0; i < 4; i++) {
        struct tiny tiny;
        init(&tiny, 10);
        struct fault_design *fault = tiny_add_fault(&tiny, "kill", TIME_S, TIME_NEVER);
        fault->mode = modes[i];
        fault->share = 0.3;
        fault->fixed = 4;
        const struct world *world = begin(&tiny);
        world_run(tiny.world, 2 * TIME_S);
        cr_assert_eq(up(world), left[i]);
        tiny_end(&tiny);
    }
}

Test(fault, a_zone_down_darkens_its_replicas_and_cuts_its_links)
{
    struct tiny tiny;
    init(&tiny, 6);
    struct fault_design *fault = tiny_add_fault(&tiny, "zone", TIME_S, TIME_S);
    fault->action = FAULT_ZONE_DOWN;
    fault->component = DESIGN_NONE;
    fault->zone = 1;
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 1500 * TIME_MS);
    for (uint32_t i = 0; i < 6; i++) {
        cr_assert_eq(world->nodes[i]->life, i % 3 == 1 ? NODE_DARK : NODE_UP);
    }
    const struct network_path in = {0, 1, 0, 0}, out = {1, 2, 0, 0}, other = {0, 2, 0, 0};
    cr_assert(network_is_cut(world, in));
    cr_assert(network_is_cut(world, out));
    cr_assert_not(network_is_cut(world, other));
    const struct network_path client = {1, 0, DESIGN_NONE, 0}, answer = {0, 1, 0, DESIGN_NONE};
    cr_assert_not(network_is_cut(world, client), "clients are outside of the zone");
    cr_assert_not(network_is_cut(world, answer));
    world_run(tiny.world, 3 * TIME_S);
    cr_assert_eq(up(world), 6);
    cr_assert_not(network_is_cut(world, in));
    tiny_end(&tiny);
}

Test(fault, power_off_darkens_a_replica_and_cuts_no_other)
{
    struct tiny tiny;
    init(&tiny, 3);
    struct fault_design *fault = tiny_add_fault(&tiny, "power", TIME_S, TIME_S);
    fault->action = FAULT_POWER_OFF;
    fault->mode = FAULT_FIXED;
    fault->fixed = 1;
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 1500 * TIME_MS);
    uint32_t dark = 0;
    for (uint32_t i = 0; i < 3; i++) {
        dark += world->nodes[i]->life == NODE_DARK;
    }
    cr_assert_eq(dark, 1);
    cr_assert_eq(up(world), 2);
    world_run(tiny.world, 3 * TIME_S);
    cr_assert_eq(up(world), 3);
    tiny_end(&tiny);
}

Test(fault, a_machine_down_takes_only_what_stands_there)
{
    struct tiny tiny;
    init(&tiny, 4);
    struct fault_design *fault = tiny_add_fault(&tiny, "machine", TIME_S, TIME_S);
    fault->action = FAULT_NODE_DOWN;
    fault->component = DESIGN_NONE;
    fault->machine = 0; // replicas 0 and 3
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 1500 * TIME_MS);
    cr_assert_eq(up(world), 2);
    cr_assert_eq(world->nodes[3]->life, NODE_DARK);
    tiny_end(&tiny);
}

Test(fault, what_two_faults_hold_starts_when_the_last_one_ends)
{
    struct tiny tiny;
    init(&tiny, 1);
    tiny_add_fault(&tiny, "first", TIME_S, 3 * TIME_S);
    tiny_add_fault(&tiny, "second", 2 * TIME_S, 4 * TIME_S);
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 5 * TIME_S);
    cr_assert_eq(up(world), 0);
    world_run(tiny.world, 6 * TIME_S + 1);
    cr_assert_eq(up(world), 1);
    cr_assert_eq(tiny_logged(world, LOG_RESTART), 1);
    tiny_end(&tiny);
}

Test(fault, ends_and_strikes_of_one_instant_follow_their_scheduling)
{
    struct tiny tiny;
    init(&tiny, 1);
    tiny_add_fault(&tiny, "first", TIME_S, TIME_S);
    tiny_add_fault(&tiny, "second", 2 * TIME_S, TIME_S);
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 2 * TIME_S + 1);
    cr_assert_eq(up(world), 0);
    world_run(tiny.world, 3 * TIME_S + 1);
    cr_assert_eq(up(world), 1);
    tiny_end(&tiny);
}

Test(fault, pause_and_slow_are_taken_back)
{
    struct tiny tiny;
    init(&tiny, 1);
    tiny_add_fault(&tiny, "pause", TIME_S, 2 * TIME_S)->action = FAULT_PAUSE;
    struct fault_design *slow = tiny_add_fault(&tiny, "slow", TIME_S, 3 * TIME_S);
    slow->action = FAULT_SLOW;
    slow->factor = 4;
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 2 * TIME_S);
    cr_assert_eq(world->nodes[0]->pauses, 1);
    cr_assert_float_eq(world->nodes[0]->slowness, 4, 1e-12);
    world_run(tiny.world, 4 * TIME_S + 1);
    cr_assert_eq(world->nodes[0]->pauses, 0);
    cr_assert_float_eq(world->nodes[0]->slowness, 1, 1e-12);
    tiny_end(&tiny);
}

Test(fault, by_chance_each_replica_has_its_own_clock)
{
    struct tiny tiny;
    init(&tiny, 8);
    struct fault_design *fault = tiny_add_fault(&tiny, "churn", 0, 0);
    fault->stochastic = true;
    fault->mode = FAULT_ONE;
    fault->mtbf = distribution_exponential(90e9);
    fault->mttr = distribution_exponential(10e9);
    const struct world *world = begin(&tiny);
    double down = 0;
    for (int64_t second = 1; second <= 3600; second++) {
        world_run(tiny.world, second * TIME_S);
        down += 8 - up(world);
    }
    cr_assert_float_eq(down / 3600 / 8, 0.1, 0.02);
    const double strikes = (double)world->meter.faults[0].occurrences;
    cr_assert_float_eq(strikes, 8 * 36, 60);
    tiny_end(&tiny);
}

Test(fault, by_chance_a_share_chooses_who_has_a_clock)
{
    struct tiny tiny;
    init(&tiny, 8);
    struct fault_design *fault = tiny_add_fault(&tiny, "churn", 0, TIME_NEVER);
    fault->stochastic = true;
    fault->mode = FAULT_SHARE;
    fault->share = 0.25;
    fault->mtbf = distribution_constant(1e9);
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 100 * TIME_S);
    cr_assert_eq(up(world), 6);
    tiny_end(&tiny);
}

Test(fault, lost_replicas_are_rescheduled_where_declared)
{
    struct tiny tiny;
    init(&tiny, 3);
    tiny.components[0].reschedule = true;
    struct fault_design *fault = tiny_add_fault(&tiny, "zone", TIME_S, 1000 * TIME_S);
    fault->action = FAULT_ZONE_DOWN;
    fault->component = DESIGN_NONE;
    fault->zone = 1;
    const struct world *world = begin(&tiny);
    world_run(tiny.world, 341 * TIME_S);
    cr_assert_eq(up(world), 2);
    world_run(tiny.world, 341 * TIME_S + 1);
    cr_assert_eq(up(world), 3);
    cr_assert_eq(world->nodes[1]->zone, 2);
    world_run(tiny.world, 2000 * TIME_S);
    cr_assert_eq(tiny_logged(world, LOG_RESTART), 1);
    tiny_end(&tiny);
}

Test(fault, a_failure_is_charged_to_the_latest_fault_within_a_minute_of_it)
{
    struct tiny tiny;
    init(&tiny, 4);
    tiny_add_fault(&tiny, "long", 10 * TIME_S, 100 * TIME_S);
    tiny_add_fault(&tiny, "short", 20 * TIME_S, TIME_S);
    const struct world *world = begin(&tiny);
    cr_assert_eq(fault_charged(world, 0), DESIGN_NONE);
    world_run(tiny.world, 15 * TIME_S);
    cr_assert_eq(fault_charged(world, 5 * TIME_S), 0);
    world_run(tiny.world, 200 * TIME_S);
    cr_assert_eq(fault_charged(world, 25 * TIME_S), 1);
    cr_assert_eq(fault_charged(world, 81 * TIME_S), 1);
    cr_assert_eq(fault_charged(world, 81 * TIME_S + 1), 0);
    cr_assert_eq(fault_charged(world, 170 * TIME_S), 0);
    cr_assert_eq(fault_charged(world, 170 * TIME_S + 1), DESIGN_NONE);
    tiny_end(&tiny);
}
