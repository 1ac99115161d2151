// test_balance_health - when the health checks take a replica off the list, to the nanosecond.
#include <criterion/criterion.h>

#include "sim/engine/balance_health.h"
#include "tests/engine/tiny.h"

static const struct detection_design checks = {.health_check = true,
                                               .period_ns = 10 * TIME_S,
                                               .timeout_ns = TIME_S,
                                               .failures = 3,
                                               .successes = 1};

Test(balance_health, the_deciding_probe_is_the_last_of_so_many)
{
    const int64_t phase = 4 * TIME_S;
    cr_assert_eq(balance_health_probe(&checks, phase, 0), 4 * TIME_S);
    cr_assert_eq(balance_health_probe(&checks, phase, 4 * TIME_S), 4 * TIME_S);
    cr_assert_eq(balance_health_probe(&checks, phase, 4 * TIME_S + 1), 14 * TIME_S);
    cr_assert_eq(balance_health_decision(&checks, phase, 5 * TIME_S, false), 34 * TIME_S);
    cr_assert_eq(balance_health_decision(&checks, phase, 5 * TIME_S, true), 14 * TIME_S);
}

static struct world *begin(struct tiny *tiny)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "s", 2, distribution_constant(0))->detection = checks;
    tiny_add_workload(tiny, "w", 0, 10);
    struct world *world = tiny_begin(tiny);
    for (uint32_t i = 0; i < 2; i++) {
        world->health[i].phase_ns = 4 * TIME_S;
    }
    return world;
}

Test(balance_health, a_dead_process_is_delisted_by_the_third_probe)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[0]);
    world_run(world, 34 * TIME_S);
    cr_assert(world->nodes[0]->listed);
    world_run(world, 34 * TIME_S + 1);
    cr_assert_not(world->nodes[0]->listed);
    cr_assert_eq(world->routes[0].delisted, 1);
    cr_assert_eq(tiny_first_logged(world, LOG_DELIST), 34 * TIME_S);
    world_run(world, 41 * TIME_S);
    tiny_do(TINY_RESTART, world->nodes[0]);
    world_run(world, 100 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_RELIST), 44 * TIME_S);
    cr_assert_eq(world->routes[0].delisted, 0);
    tiny_end(&tiny);
}

Test(balance_health, a_dark_host_takes_the_probes_timeout_longer)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_DARKEN, world->nodes[0]);
    world_run(world, 100 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_DELIST), 35 * TIME_S);
    cr_assert_eq(tiny_logged(world, LOG_RELIST), 0);
    tiny_end(&tiny);
}

Test(balance_health, a_pause_is_silence_too)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_PAUSE, world->nodes[1]);
    world_run(world, 50 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_DELIST), 35 * TIME_S);
    tiny_do(TINY_RESUME, world->nodes[1]);
    world_run(world, 60 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_RELIST), 54 * TIME_S);
    tiny_end(&tiny);
}

Test(balance_health, who_is_back_before_the_last_probe_stays_listed)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[0]);
    world_run(world, 30 * TIME_S);
    tiny_do(TINY_RESTART, world->nodes[0]);
    world_run(world, 32 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[0]); // counted anew: probes at 34, 44, 54
    world_run(world, 100 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_DELIST), 54 * TIME_S);
    tiny_end(&tiny);
}

Test(balance_health, who_is_back_while_the_last_probe_times_out_is_delisted_for_a_period)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_DARKEN, world->nodes[0]);
    world_run(world, 34500 * TIME_MS);
    tiny_do(TINY_RESTART, world->nodes[0]);
    world_run(world, 100 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_DELIST), 35 * TIME_S);
    cr_assert_eq(tiny_first_logged(world, LOG_RELIST), 44 * TIME_S);
    tiny_end(&tiny);
}

Test(balance_health, calls_find_the_living_once_the_dead_are_delisted)
{
    struct tiny tiny;
    struct world *world = begin(&tiny);
    world_run(world, 5 * TIME_S);
    tiny_do(TINY_KILL, world->nodes[0]);
    world_run(world, 34 * TIME_S);
    const uint64_t *statuses = world->meter.workloads[0].statuses;
    const uint64_t refused = statuses[STATUS_UNAVAILABLE];
    cr_assert(refused > 100 && refused < 190, "%lu", (unsigned long)refused);
    world_run(world, 100 * TIME_S);
    cr_assert(statuses[STATUS_UNAVAILABLE] <= refused + 1);
    tiny_end(&tiny);
}
