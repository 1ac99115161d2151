// run - one replication from begin to end, and the record it leaves.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/meter.h"
#include "sim/engine/world.h"

enum run_end { RUN_DONE, RUN_MAX_EVENTS, RUN_INTERRUPTED };

// What a replication leaves behind: the meters (moved out of the world, hence owned here), and
// figures that need the world's end state. Released by run_record_release.
struct run_record {
    uint32_t replication;
    enum run_end end;
    int64_t measured_ns; // duration - warm-up
    uint64_t events, ties, stale_wakes;
    uint64_t bytes; // memory of the world at its end, all pools counted
    struct fingerprint_value fingerprint;
    struct meter meter;
    struct component_figures *components; // design->component_count
    struct invariant_count *invariants;
    uint32_t invariant_count;
    double *model_metrics; // all components' metrics one after the other
    uint32_t model_metric_count;
    struct exemplar_span *exemplars;
    uint32_t exemplar_count; // spans
    struct arena arena; // holds the above
};

struct component_figures { // areas over the measured time, summed over nodes
    double busy_s;         // server seconds of the processors at work
    double capacity_s;     // server seconds there were
    double queue_s;        // visit seconds waiting (processors, concurrency, pools)
    double in_system_s;    // visit seconds at its nodes
    double ready_s;        // node seconds up
    int64_t queue_max;
    double utilization_max; // of the busiest node
};

// Runs replication `replication`. `stop` (may be NULL) is polled now and then: nonzero interrupts.
void run_replication(const struct design *design, uint32_t replication, const volatile int *stop,
                     struct run_record *record);

// The same in pieces, for who wants to watch the world: world_begin, run_world, run_note,
// world_end.
enum run_end run_world(struct world *world, const volatile int *stop);
void run_note(struct world *world, enum run_end end, struct run_record *record);
void run_record_release(struct run_record *record, const struct design *design);
