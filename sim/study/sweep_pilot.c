// sweep_pilot - tries some points for a short time each, and reckons up.
#include "sim/study/sweep_pilot.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/base/check.h"
#include "sim/engine/run.h"

// A trial lasts at least SHORTEST_S, in replications that follow one another if one is shorter.
#define SHORTEST_S 0.05
#define SLICE_S 0.01

enum { TRIALS = 5, SLICES = 20000 };

struct trial { // of one point
    uint32_t point;
    double predicted; // events
    double unit_s;    // of a replication, the whole of it
    uint64_t world_bytes, record_bytes;
};

struct piloting {
    const struct sweep *sweep;
    const volatile int *stop;
    struct trial trials[TRIALS];
    uint32_t count;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t bytes_held(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static bool is_stopped(const struct piloting *piloting)
{
    return piloting->stop != NULL && *piloting->stop != 0;
}

// ---- a trial
// -------------------------------------------------------------------------------------

// Runs a world in slices of simulated time until it ends or the time is over. Its progress, 0..1.
static double run_for(const struct piloting *piloting, struct world *world, double limit_s)
{
    const int64_t whole = world->design->duration_ns;
    int64_t slice = whole / SLICES + 1;
    const double began = now_s();
    bool going = true;
    while (going && world->now < whole && now_s() - began < limit_s && !is_stopped(piloting)) {
        const double before = now_s();
        const int64_t next = whole - world->now > slice ? world->now + slice : whole;
        going = world_run(world, next);
        slice *= now_s() - before < SLICE_S && slice < whole ? 2 : 1;
    }
    return going ? (double)world->now / (double)whole : 1.0;
}

static void try_once(const struct piloting *piloting, const struct design *design,
                     uint32_t replication, double limit_s, struct trial *trial)
{
    const double began = now_s();
    const uint64_t before = bytes_held();
    struct world *world = world_begin(design, replication);
    const double begun = now_s();
    const double share = run_for(piloting, world, limit_s);
    const double ended = now_s();
    const uint64_t full = bytes_held();
    struct run_record record;
    run_note(world, RUN_INTERRUPTED, &record);
    world_end(world);
    const uint64_t kept = bytes_held();
    trial->unit_s = (begun - began) + (ended - begun) / (share > 0 ? share : 1) + (now_s() - ended);
    trial->world_bytes = full > before ? full - before : 0;
    trial->record_bytes = kept > before ? kept - before : 0;
    run_record_release(&record, design);
}

static bool try_point(struct piloting *piloting, uint32_t point, double limit_s)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    const double began = now_s();
    struct trial trial = {.point = point,
                          .predicted = piloting->sweep->rows[point].predicted};
    const bool good = sweep_load(piloting->sweep, point, &scenario, &diagnostics);
    double sum_s = 0;
    for (uint32_t i = 0; good && (i == 0 || now_s() - began < SHORTEST_S) && sum_s < limit_s; i++) {
        try_once(piloting, &scenario.design, i, limit_s, &trial);
        sum_s += trial.unit_s;
        trial.unit_s = sum_s / (i + 1);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    if (good && !is_stopped(piloting)) {
        piloting->trials[piloting->count++] = trial;
    }
    return good && !is_stopped(piloting);
}

// ---- which points
// --------------------------------------------------------------------------------

struct cost {
    double predicted;
    uint32_t point;
};

static int by_cost(const void *one, const void *other)
{
    const struct cost *a = one, *b = other;
    if (a->predicted != b->predicted) {
        return a->predicted < b->predicted ? -1 : 1;
    }
    return a->point < b->point ? -1 : a->point > b->point;
}

// The cheapest, the dearest and some between.
static void try_points(struct piloting *piloting, double budget_s)
{
    const struct sweep *sweep = piloting->sweep;
    struct cost *costs = check_calloc((size_t)sweep->points.count + 1, sizeof *costs);
    uint32_t count = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        if (sweep->rows[point].chosen) {
            costs[count++] = (struct cost){sweep->rows[point].predicted, point};
        }
    }
    qsort(costs, count, sizeof *costs, by_cost);
    const uint32_t trials = count < TRIALS ? count : TRIALS;
    const double until = now_s() + budget_s;
    bool good = true;
    for (uint32_t i = 0; i < trials && good; i++) {
        const uint32_t at = trials == 1 ? 0 : (uint32_t)((uint64_t)i * (count - 1) / (trials - 1));
        good = try_point(piloting, costs[at].point, (until - now_s()) / (trials - i));
    }
    piloting->count = good ? piloting->count : 0;
    free(costs);
}

// ---- the whole
// -----------------------------------------------------------------------------------

// Between two trials in a straight line over the predicted events, beyond them in proportion.
static double unit_s_of(const struct piloting *piloting, double predicted)
{
    const struct trial *trials = piloting->trials;
    uint32_t above = 0;
    while (above < piloting->count && trials[above].predicted < predicted) {
        above++;
    }
    if (above == 0 || above == piloting->count) {
        const struct trial *nearest = &trials[above == 0 ? 0 : above - 1];
        return nearest->predicted > 0 ? nearest->unit_s * predicted / nearest->predicted
                                      : nearest->unit_s;
    }
    const struct trial *low = &trials[above - 1], *high = &trials[above];
    const double width = high->predicted - low->predicted;
    const double share = width > 0 ? (predicted - low->predicted) / width : 1.0;
    return low->unit_s + share * (high->unit_s - low->unit_s);
}

static uint64_t peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

// A world a thread, and the records of the points that are being simulated.
static uint64_t bytes_of(const struct piloting *piloting, uint32_t workers, uint32_t most)
{
    const uint32_t chosen = piloting->sweep->chosen;
    const uint64_t together = workers < chosen ? workers : chosen;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < piloting->count; i++) {
        const struct trial *trial = &piloting->trials[i];
        const uint64_t all =
            trial->world_bytes * workers + trial->record_bytes * together * (uint64_t)most;
        bytes = all > bytes ? all : bytes;
    }
    return bytes;
}

static double at_least(double value, double least)
{
    return value < least ? least : value;
}

void sweep_pilot(const struct sweep *sweep, uint32_t workers, double budget_s,
                 const volatile int *stop, struct sweep_pilot *pilot)
{
    CHECK(workers > 0);
    struct piloting piloting = {.sweep = sweep, .stop = stop};
    const double began = now_s();
    const uint64_t base = peak_bytes();
    double least_s = 0, most_s = 0, longest_s = 0;
    uint32_t most = 1;
    try_points(&piloting, budget_s);
    *pilot = (struct sweep_pilot){.points = piloting.count, .spent_s = now_s() - began};
    for (uint32_t point = 0; point < sweep->points.count && piloting.count > 0; point++) {
        const struct sweep_row *row = &sweep->rows[point];
        if (row->chosen) {
            const double unit_s = unit_s_of(&piloting, row->predicted);
            least_s += unit_s * row->least;
            most_s += unit_s * row->most;
            longest_s = unit_s > longest_s ? unit_s : longest_s;
            most = row->most > most ? row->most : most;
        }
    }
    pilot->least_s = at_least(least_s / workers, longest_s);
    pilot->most_s = at_least(most_s / workers, longest_s);
    pilot->bytes = base + bytes_of(&piloting, workers, most);
}
