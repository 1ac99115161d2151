// bench_models - what a request of each model costs: events, and nanoseconds of one core.
//
//   bench_models FILE...      a scenario for each model; a row each, named after the file
//
// After the warm-up of one replication, until its end or three seconds of processor time. Requests
// are those of the workloads, with all that they cause: replication, flushes, elections.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/base/check.h"
#include "sim/engine/run.h"
#include "sim/scenario/scenario.h"
#include "tests/bench/clock.h"

enum { SLICES = 200 };
static const double LONG_NS = 3e9;

static uint64_t ended(const struct world *world)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < world->design->workload_count; i++) {
        sum += world->meter.workloads[i].ended_total;
    }
    return sum;
}

static void measure(const char *name, struct world *world)
{
    const struct design *design = world->design;
    CHECK(world_run(world, design->warmup_ns));
    meter_clear(world);
    const uint64_t events = world->events, requests = ended(world);
    const double start = clock_ns();
    const int64_t slice = (design->duration_ns - design->warmup_ns) / SLICES;
    for (int i = 1; i <= SLICES && clock_ns() - start < LONG_NS; i++) {
        CHECK(world_run(world, design->warmup_ns + i * slice));
    }
    const double ns = clock_ns() - start;
    const double done = (double)(ended(world) - requests);
    const double made = (double)(world->events - events);
    printf("%-20.*s %14.1f %14.0f %14.1f %12.2f\n", (int)strcspn(name, "."), name, made / done,
           ns / done, ns / made, made / ns * 1e3);
}

static bool bench(const char *file)
{
    const char *slash = strrchr(file, '/');
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    const struct scenario_options options = {0};
    diagnostic_init(&diagnostics);
    const bool good = scenario_load(&scenario, file, &options, &catalog_all, &diagnostics);
    if (good) {
        struct world *world = world_begin(&scenario.design, 0);
        measure(slash == NULL ? file : slash + 1, world);
        world_end(world);
    } else {
        fprintf(stderr, "bench_models: `%s` cannot be run; see orrery check\n", file);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return good;
}

int main(int count, char **files)
{
    bool good = true;
    printf("%-20s %14s %14s %14s %12s\n", "model", "events/request", "ns/request", "ns/event",
           "M events/s");
    for (int i = 1; i < count; i++) {
        good = bench(files[i]) && good;
    }
    return good ? 0 : 3;
}
