// test_sweep_pilot - the estimate of a parameter study: what it counts on, and that it can be
// stopped.
#include <criterion/criterion.h>

#include "models/catalog.h"
#include "sim/study/sweep_pilot.h"

static const char queue[] =
    "orrery: v1\n"
    "name: small\n"
    "params: {load: 500/s}\n"
    "simulation: {duration: 2s, warmup: 200ms, replications: {min: 3, max: 30, stop_at: 5%}}\n"
    "components:\n"
    "  server: {kind: station, service: exp(mean=1ms)}\n"
    "workloads:\n"
    "  clients: {target: server, rate: $load}\n"
    "slos:\n"
    "  - {name: latency, target: clients, objectives: [\"p(99) < 20ms\"]}\n";

static const struct scenario_options options;

static void begin(struct sweep *sweep, const char *param)
{
    struct sweep_points_wrong wrong = {{0}};
    text_init(&wrong.nonsense.why);
    sweep_init(sweep);
    sweep->design = "grid";
    sweep->source = (struct sweep_source){.path = "small.yaml",
                                          .file = {"small.yaml", queue, sizeof queue - 1},
                                          .options = &options,
                                          .catalog = &catalog_all};
    cr_assert(sweep_levels_parse(&sweep->space.parameters[0], &sweep->arena, param));
    sweep->space.parameter_count = 1;
    cr_assert(sweep_points_make(&sweep->space, &sweep->arena, &sweep->points, &wrong));
    sweep->rows = arena_take_array(&sweep->arena, sweep->points.count, sizeof *sweep->rows);
    for (uint32_t i = 0; i < sweep->points.count; i++) {
        sweep->rows[i].chosen = true;
    }
    sweep->chosen = sweep->points.count;
    cr_assert(sweep_check(sweep, NULL, NULL));
    text_release(&wrong.nonsense.why);
}

Test(sweep_pilot, reckons_with_every_replication_of_every_point)
{
    struct sweep sweep;
    struct sweep_pilot pilot;
    begin(&sweep, "load=100/s..900/s step 100/s");
    sweep_pilot(&sweep, 1, 0.5, NULL, &pilot);
    cr_expect_eq(pilot.points, 5);
    cr_expect_gt(pilot.least_s, 0.0);
    cr_expect_float_eq(pilot.most_s, 10.0 * pilot.least_s, 1e-6 * pilot.most_s);
    cr_expect_gt(pilot.bytes, 100000);
    for (uint32_t point = 0; point < sweep.points.count; point++) {
        cr_expect_eq(sweep.rows[point].state, SWEEP_PENDING);
    }
    sweep_release(&sweep);
}

Test(sweep_pilot, more_threads_take_more_memory)
{
    struct sweep sweep;
    struct sweep_pilot pilot, wide;
    begin(&sweep, "load=100/s..900/s step 100/s");
    sweep_pilot(&sweep, 1, 0.3, NULL, &pilot);
    sweep_pilot(&sweep, 1000, 0.3, NULL, &wide);
    cr_expect_gt(wide.bytes, pilot.bytes);
    cr_expect_eq(wide.points, 5);
    sweep_release(&sweep);
}

Test(sweep_pilot, a_point_is_enough_and_a_stop_leaves_no_estimate)
{
    struct sweep sweep;
    struct sweep_pilot pilot;
    const volatile int stop = 2;
    begin(&sweep, "load=100/s");
    sweep_pilot(&sweep, 2, 0.1, NULL, &pilot);
    cr_expect_eq(pilot.points, 1);
    sweep_pilot(&sweep, 2, 0.1, &stop, &pilot);
    cr_expect_eq(pilot.points, 0);
    sweep_release(&sweep);
}
