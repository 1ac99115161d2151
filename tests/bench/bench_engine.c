// bench_engine - measures whole scenarios, statistics and fingerprint included, against yardsticks.
//
//   bench_engine [--rounds N]     the table; exit status 1 if a limit marked "must" is missed
//   bench_engine --only SCENARIO  the nanoseconds of one event, once
//
// Runs from the top of the tree: its scenarios are tests/bench/*.yaml. A figure is taken of one
// replication after its warm-up; every round runs all competitors one after the other; a ratio is
// the median of the rounds' ratios, so that a drift of the machine cancels out.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/base/check.h"
#include "sim/base/diagnostic.h"
#include "sim/engine/model.h"
#include "sim/engine/run.h"
#include "sim/scenario/scenario.h"
#include "tests/bench/clock.h"
#include "tests/bench/sheet.h"
#include "tests/bench/yardstick.h"

enum { DEFAULT_ROUNDS = 5 };

enum competitor {
    TWO_TIMERS,
    BARE_TANDEM,
    MM1,
    TANDEM,
    MICROSERVICE,
    TIMEOUTS,
    TIMEOUTS_PARKED,
    COMPETITORS,
};

// A yardstick runs so many events; a scenario runs its own time.
static const struct {
    const char *name;
    double (*yardstick)(uint64_t events, uint64_t size);
    uint64_t events, size;
    const char *file;
    const char *parked; // value of the parameter of that name, NULL: there is none
} competitors[COMPETITORS] = {
    [TWO_TIMERS] = {"two-timers", yardstick_two_timers, 5000000, 0, NULL, NULL},
    [BARE_TANDEM] = {"bare-tandem", yardstick_bare_tandem, 3000000, 20, NULL, NULL},
    [MM1] = {"mm1", NULL, 0, 0, "tests/bench/mm1.yaml", NULL},
    [TANDEM] = {"tandem", NULL, 0, 0, "tests/bench/tandem.yaml", NULL},
    [MICROSERVICE] = {"microservice", NULL, 0, 0, "tests/bench/microservice.yaml", NULL},
    [TIMEOUTS] = {"timeouts", NULL, 0, 0, "tests/bench/timeouts.yaml", "1"},
    [TIMEOUTS_PARKED] = {"timeouts-parked", NULL, 0, 0, "tests/bench/timeouts.yaml",
                         "1000000"},
};

// A line of the table: the ratio to another competitor, or the figure itself against a limit.
static const struct row {
    const char *workload;
    enum competitor competitor;
    const char *against; // NULL: nothing
    enum competitor other;
    double must, target;
} rows[] = {
    {"M/M/1, two-timer loop", TWO_TIMERS, NULL, TWO_TIMERS, 0, 0},
    {"M/M/1, a scenario", MM1, "two-timer loop", TWO_TIMERS, 4, 2.5},
    {"20-station tandem, bare kernel", BARE_TANDEM, NULL, BARE_TANDEM, 0, 0},
    {"20-station tandem, a scenario", TANDEM, "bare kernel", BARE_TANDEM, 2, 1.5},
    {"microservices with time-outs and retries", MICROSERVICE, "ns", MICROSERVICE, 100, 40},
    {"M/M/1 behind calls with time-outs", TIMEOUTS, NULL, TIMEOUTS, 0, 0},
    {"  and 10^6 time-outs pending", TIMEOUTS_PARKED, "without", TIMEOUTS, 1.5, 1.2},
};

static double results[COMPETITORS][SHEET_ROUNDS];

// ---- scenarios ----------------------------------------------------------------------------------

static void load(struct scenario *scenario, struct diagnostic_list *diagnostics, const char *file,
                 const char *parked)
{
    const struct document_override override = {"parked", parked, false};
    struct scenario_options options = {0};
    if (parked != NULL) {
        options.overrides = (struct document_overrides){&override, 1};
    }
    diagnostic_init(diagnostics);
    if (!scenario_load(scenario, file, &options, &catalog_all, diagnostics)) {
        fprintf(stderr, "bench_engine: `%s` cannot be run; see orrery check\n", file);
        exit(3);
    }
}

static double scenario_ns(const char *file, const char *parked)
{
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    load(&scenario, &diagnostics, file, parked);
    struct world *world = world_begin(&scenario.design, 0);
    CHECK(world_run(world, scenario.design.warmup_ns));
    meter_clear(world);
    const uint64_t before = world->events;
    const double start = clock_ns();
    CHECK(world_run(world, scenario.design.duration_ns));
    const double ns = (clock_ns() - start) / (double)(world->events - before);
    world_end(world);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return ns;
}

// Bytes of a waiting visit: its record, its place in the line and its share of all pools.
static double waiting_bytes(void)
{
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    load(&scenario, &diagnostics, "tests/bench/waiting.yaml", NULL);
    struct world *world = world_begin(&scenario.design, 0);
    CHECK(world_run(world, scenario.design.duration_ns));
    struct run_record record;
    const double visits = world->visits.live;
    run_note(world, RUN_DONE, &record);
    const double bytes = (double)record.bytes / visits;
    run_record_release(&record, &scenario.design);
    world_end(world);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return bytes;
}

// ---- the table ----------------------------------------------------------------------------------

static double measure_one(int i)
{
    return competitors[i].yardstick != NULL
               ? competitors[i].yardstick(competitors[i].events, competitors[i].size)
               : scenario_ns(competitors[i].file, competitors[i].parked);
}

static void measure(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < COMPETITORS; i++) {
            results[i][round] = measure_one(i);
        }
    }
}

static double compared(const struct row *row, int rounds)
{
    double values[SHEET_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        const double own = results[row->competitor][i], other = results[row->other][i];
        values[i] = row->competitor == row->other ? own : own / other;
    }
    return sheet_median(values, rounds);
}

static int print_table(int rounds)
{
    bool good = true;
    sheet_head("ns/event");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const struct sheet_line line = {
            row->workload,          sheet_median(results[row->competitor], rounds),
            row->against == NULL ? "" : row->against,
            compared(row, rounds),  row->must,
            row->target,
        };
        good &= sheet_print(&line);
    }
    const double bytes = waiting_bytes();
    good &= sheet_print(&(const struct sheet_line){"bytes of a waiting visit, of 10^6", bytes,
                                                   "bytes", bytes, 160, 128});
    return good ? 0 : 1;
}

static int run_only(const char *name)
{
    for (int i = 0; i < COMPETITORS; i++) {
        if (strcmp(competitors[i].name, name) == 0) {
            printf("%.2f\n", measure_one(i));
            return 0;
        }
    }
    fprintf(stderr, "bench_engine: scenario `%s` is unknown; these are known:", name);
    for (int i = 0; i < COMPETITORS; i++) {
        fprintf(stderr, " %s", competitors[i].name);
    }
    fprintf(stderr, "\n");
    return 2;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--only") == 0) {
        return run_only(arguments[2]);
    }
    int rounds = DEFAULT_ROUNDS;
    if (count == 3 && strcmp(arguments[1], "--rounds") == 0) {
        rounds = (int)strtol(arguments[2], NULL, 10);
    } else if (count != 1) {
        rounds = 0;
    }
    if (rounds < 1 || rounds > SHEET_ROUNDS) {
        fprintf(stderr, "usage: bench_engine [--rounds 1..%d | --only SCENARIO]\n", SHEET_ROUNDS);
        return 2;
    }
    measure(rounds);
    return print_table(rounds);
}
