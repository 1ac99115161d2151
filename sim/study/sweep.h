// sweep - simulates the points of a parameter study, each as `orrery run` would, on threads.
//
// A unit of work is (point, replication). The point is never in the key of the random streams, so
// all points meet the same luck and differ by their parameters alone. Points are taken in order, as
// many at a time as there are threads; what is known of a point depends on that point only, so the
// rows are the same for every number of threads, in parts, and after an interruption.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/digest.h"
#include "sim/scenario/scenario.h"
#include "sim/study/result.h"
#include "sim/study/sweep_points.h"
#include "sim/study/unit_store.h"

enum sweep_state {
    SWEEP_PENDING,
    SWEEP_DONE,
    SWEEP_MISSING, // units that others simulate are not there
    SWEEP_BROKEN,  // `failure` tells why there is no answer
};

struct sweep_flow { // of a workload at a point
    struct estimate offered, throughput, success, mean, p50, p99;
};

struct sweep_objective { // of an SLO at a point
    enum verdict verdict;
    struct estimate observed;
    double limit;     // in the unit
    const char *unit; // as in struct result_slo
};

struct sweep_row {
    bool chosen;              // false: left out by --points
    double predicted;         // events of a replication
    uint32_t least, most;     // replications
    char digest[DIGEST_ROOM]; // of the scenario as resolved, then of the result
    enum sweep_state state;
    const char *failure;
    enum verdict verdict;
    uint32_t replications;
    uint64_t events;
    double simulated_s;
    struct fingerprint_value fingerprint;
    struct sweep_flow *flows; // by workload
    struct sweep_objective *slos;
    const char *busiest;         // component, NULL: none has processors
    struct estimate utilization; // of it
};

struct sweep_slo {
    const char *name, *target, *objective;
    bool warn_only;
    double quantile; // of an objective that limits a percentile, else 0
};

struct sweep_source { // what all points are made of
    const char *path;
    struct document_bytes file; // the scenario as it was read once
    const struct scenario_options *options;
    const struct catalog *catalog;
};

struct sweep {
    struct arena arena;
    struct sweep_source source;
    struct sweep_space space;
    struct sweep_points points;
    struct sweep_row *rows; // by point
    uint32_t chosen;        // points
    const char *scenario, *version;
    const char *where;  // conditions as written, NULL: none
    const char *design; // as written
    const char *const *workloads;
    const struct sweep_slo *slos;
    uint32_t workload_count, slo_count;
    double predicted; // events of all chosen points
    bool grows;       // some point may need more replications than its least
};

struct sweep_progress { // facts of the wall clock: for people only
    uint32_t points, done, units;
    uint64_t events;
    double elapsed_s, left_s; // left_s NaN: not known yet
};

enum sweep_end {
    SWEEP_END_DONE, // every chosen point is done or broken
    SWEEP_END_MISSING,
    SWEEP_END_INTERRUPTED,
    SWEEP_END_FAST,  // a point is broken and nothing further was begun
    SWEEP_END_STORE, // the journal: store->why
    SWEEP_END_FILES, // a point's files: `why`
};

struct replicate_watch;

// Other processes that share the work of a sweep with this one.
struct sweep_others {
    void *context;
    // Not NULL: has them simulate these units (journal_unit), so that the store has them. False:
    // the sweep must end.
    bool (*spread)(void *context, const uint64_t *units, uint32_t count,
                   const struct replicate_watch *watch);
    // Not NULL: this process simulates what another tells it and decides nothing: the point of the
    // next unit, then the units of that point; false: no more.
    bool (*next_point)(void *context, uint32_t *point);
    bool (*next)(void *context, uint32_t *unit);
};

struct sweep_options {
    uint32_t workers;
    const volatile int *stop; // NULL: never
    bool fail_fast, stop_on_fail, reversed;
    struct unit_store *store; // NULL: every unit is simulated here
    const struct sweep_others *others; // NULL: nobody else; with a store
    const char *identity;     // what besides the scenario decides a result
    bool resolved;            // results carry the scenario as resolved
    void *context;            // of the following
    void (*arguments)(void *context, uint32_t point, struct text *out); // that run the point alone
    // A point is done; called by the threads, several at a time. False: `why` tells what failed.
    bool (*done)(void *context, uint32_t point, const struct result *result, struct text *why);
    void (*progress)(void *context, const struct sweep_progress *facts); // on the calling thread
};

void sweep_init(struct sweep *sweep);
void sweep_release(struct sweep *sweep);

// Loads every chosen point once, to see that it can be simulated and what it may cost. False: some
// cannot; `show` (may be NULL) has been told of each that differs from those before.
bool sweep_check(struct sweep *sweep,
                 void (*show)(void *context, uint32_t point, struct diagnostic_list *diagnostics),
                 void *context);

// What all units of the sweep depend on, behind what is there. After sweep_check.
void sweep_identity(const struct sweep *sweep, struct text *identity);

// The scenario of a point; as scenario_load.
bool sweep_load(const struct sweep *sweep, uint32_t point, struct scenario *scenario,
                struct diagnostic_list *diagnostics);

enum sweep_end sweep_run(struct sweep *sweep, const struct sweep_options *options,
                         struct text *why);

// Fills the row of a point that is done. One at a time.
void sweep_fill(struct sweep *sweep, uint32_t point, const struct result *result);

// The value of a parameter at a point.
static inline const char *sweep_value(const struct sweep *sweep, uint32_t point, uint32_t parameter)
{
    return sweep->points.values[(size_t)point * sweep->space.parameter_count + parameter];
}

// A rate among the parameters, the load of a throughput-latency curve; parameter_count: none.
uint32_t sweep_load_parameter(const struct sweep *sweep);

// The gravest verdict of the points that are done.
enum verdict sweep_verdict(const struct sweep *sweep);
