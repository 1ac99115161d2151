// test_station_share - processor sharing over times at which its virtual clock must begin anew.
#include <criterion/criterion.h>

#include "tests/engine/stage.h"

enum { HOUR = 3600 };

// Two cores, works of 30 h that overlap, so the station is never idle and nobody is slowed.
static double latency_of_overlapping_works(double hours_apart)
{
    struct stage stage;
    double seconds[11];
    for (uint32_t i = 0; i < 10; i++) {
        seconds[i] = 1 + i * hours_apart * HOUR;
    }
    seconds[10] = -1;
    stage_init(&stage, 1, 2, 30 * (int64_t)HOUR * TIME_S);
    stage.tiny.design.duration_ns = 1000 * (int64_t)HOUR * TIME_S;
    stage.tiny.design.resolution_ns = HOUR * TIME_S;
    stage.tiny.components[0].sharing = true;
    stage_clients(&stage, 0, seconds);
    const struct world *world = stage_run(&stage, 1000.0 * HOUR);
    cr_assert_eq(world->meter.workloads[0].latency.count, 10);
    const double latency = stage_latency(world, 0);
    stage_end(&stage);
    return latency;
}

Test(station_share, two_hundred_busy_hours_do_not_exhaust_virtual_time)
{
    cr_assert_float_eq(latency_of_overlapping_works(20), 10.0 * 30 * HOUR, 1e-6);
}

Test(station_share, idle_times_do_not_count_as_work)
{
    cr_assert_float_eq(latency_of_overlapping_works(50), 10.0 * 30 * HOUR, 1e-6);
}

static enum outcome work_on_three_threads(struct visit *visit)
{
    return station_serve_wide(&visit->node->cpu, visit, 4 * TIME_S, 3);
}

static double latency_of_wide_works(const double *seconds)
{
    struct stage stage;
    stage_init(&stage, 1, 2, TIME_S);
    stage.tiny.components[0].sharing = true;
    stage.tiny.parts[0].steps[0].run = work_on_three_threads;
    stage_clients(&stage, 0, seconds);
    const struct world *world = stage_run(&stage, 100);
    const double latency = stage_latency(world, 0);
    stage_end(&stage);
    return latency;
}

Test(station_share, work_on_several_threads_gets_a_share_for_each)
{
    cr_assert_float_eq(latency_of_wide_works((double[]){1, -1}), 6, 1e-6);
    cr_assert_float_eq(latency_of_wide_works((double[]){1, 1, -1}), 24, 1e-6);
    cr_assert_float_eq(latency_of_wide_works((double[]){1, 4, -1}), 18, 1e-6);
}
