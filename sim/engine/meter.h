// meter - what is counted while a world runs: per workload, operation, component, edge, SLO slice,
// bin.
//
// Meters are cleared at the end of the warm-up, except the series and the conservation totals.
// Everything is an exact integer; figures are made of them in study/.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/consumer.h"
#include "sim/engine/design.h"
#include "sim/engine/meter_inbox.h"
#include "sim/engine/status.h"
#include "sim/kernel/histogram.h"
#include "sim/kernel/tally.h"

struct node;
struct world;

enum meter_part { // where the response time of an operation goes
    METER_QUEUE,
    METER_CPU,
    METER_IO,
    METER_CALLS, // waiting for callees, network included
    METER_BACKOFF,
    METER_OTHER, // waiting for the model's own handlers
    METER_PARTS
};

struct operation_meter {
    uint64_t visits;   // that stood at the door
    uint64_t arrivals; // the messages they carried: one, for an ordinary request
    int64_t published; // messages that brokers had for its consumers, fetched or not
    int64_t parts_ns[METER_PARTS];
    uint32_t tracked; // SLOs judged request by request: head of their list, 0: none
    bool wants_any;
    bool watched;                    // either of the two
    struct meter_inbox inbox;        // on the way to `latency` and `bin`
    uint64_t statuses[STATUS_COUNT]; // every try ends in exactly one
    struct histogram latency;        // OK answers, and time-outs at the caller's give-up time
    uint64_t waste;                  // answers nobody waited for any more
    struct histogram latency_any;    // every status (filled only where an SLO asks for status=any)
    struct meter_bin bin;            // latency of the present bin of the series
};

struct component_meter {
    struct tally in_system;            // visits at its nodes
    uint64_t begun_total, ended_total; // visits let in and out, conservation: never cleared
    __int128 sojourn_total_ns;         // of the visits that have left, never cleared
    struct meter_inbox inbox;          // on the way to `wait`
    struct histogram wait; // in the queues of its processors and of its concurrency limit
    uint64_t retries, timeouts, ejections, breaker_trips;
    __int128 in_system_before; // area of in_system before the last clear
};

struct workload_meter {
    uint64_t offered; // intended arrivals
    uint64_t statuses[STATUS_COUNT];
    uint64_t offered_total, ended_total; // conservation: never cleared
    uint64_t open;                       // requests in flight
    struct meter_inbox inbox;            // on the way to `latency` and `bin`
    int64_t gather_ns;                   // the units of a request came over so long before it
    struct histogram latency; // OK, and time-outs at give-up time; from the intended arrival
    uint32_t tracked;         // as of an operation
    bool wants_any;
    bool watched;
    struct histogram latency_any;
    struct tally connected; // sockets, of a workload with connections
    uint64_t connected_least;
    uint64_t heartbeats, losses, reconnects; // of sockets
    struct meter_bin bin;
};

struct edge_meter {
    uint64_t calls, tries, retries, hedges, timeouts, failures, short_circuited;
    struct meter_inbox inbox; // on the way to `latency`
    struct histogram latency; // of whole calls
};

struct slice_meter { // of one SLO
    uint32_t slice_count;
    uint64_t *good, *total; // by slice of the measured time (one slice: the whole of it)
    uint64_t late;          // still in flight at the end and older than the limit
    uint64_t bad_uncharged; // bad requests that no fault is charged with
};

struct fault_meter {
    uint64_t occurrences;
    int64_t active_ns;      // total time in force
    uint64_t *bad_requests; // by SLO (tracked ones), charged to this fault
    int64_t first_ns, last_end_ns;
};

// Series: rows of bins, columns of components, operations, workloads. Counts are per bin.
struct series {
    uint32_t bin_count;
    int64_t bin_ns;
    uint32_t component_count, operation_count, workload_count;
    uint32_t *component_counts; // bin x component x SERIES_COUNTS
    float *component_levels;    // bin x component x SERIES_LEVELS
    float *operation_latency;   // bin x operation x SERIES_LATENCIES, seconds, NaN without sample
    float *workload_latency;    // bin x workload x SERIES_LATENCIES
    uint32_t *workload_counts;  // bin x workload x SERIES_FLOWS
    uint32_t *heatmap;          // bin x workload x SERIES_HEAT
};
enum series_count {
    SERIES_ARRIVALS,
    SERIES_COMPLETIONS,
    SERIES_ERRORS,
    SERIES_SHED,
    SERIES_RETRIES,
    SERIES_TIMEOUTS,
    SERIES_COUNTS
};
enum series_level {
    SERIES_UTILIZATION,
    SERIES_QUEUE,
    SERIES_IN_FLIGHT,
    SERIES_READY,
    SERIES_UTILIZATION_MAX,
    SERIES_QUEUE_MAX,
    SERIES_LEVELS
};
enum series_latency {
    SERIES_P50,
    SERIES_P90,
    SERIES_P99,
    SERIES_P999,
    SERIES_MAX,
    SERIES_LATENCIES
};
enum series_flow { SERIES_OFFERED, SERIES_OK, SERIES_FAILED, SERIES_REFUSED, SERIES_FLOWS };
enum { SERIES_HEAT = 96 }; // 8 buckets a power of ten from 1 us

struct log_event { // faults, scaling, breaker, kills: the columns of /events
    int64_t time_ns;
    uint8_t kind;
    int32_t subject;
    double value;
};
enum log_kind {
    LOG_FAULT_BEGIN,
    LOG_FAULT_END,
    LOG_KILL,
    LOG_RESTART,
    LOG_READY,
    LOG_EJECT,
    LOG_DELIST,
    LOG_RELIST,
    LOG_BREAKER,
    LOG_LEADER,
    LOG_KINDS
};
extern const char *const meter_log_names[LOG_KINDS];

struct meter_tracked;  // SLOs judged request by request, by target
struct meter_snapshot; // of the counters at the last sample of the series

struct meter {
    struct workload_meter *workloads;
    struct component_meter *components;
    struct operation_meter *operations; // all components' operations one after the other
    uint32_t *operation_base;           // of each component, in `operations`
    struct edge_meter *edges;
    struct slice_meter *slos;
    struct fault_meter *faults;
    struct consumer_meter *consumers; // as design->consumers
    struct series series;
    struct log_event *log;
    uint32_t log_count, log_room;
    uint64_t stale_wakes;
    uint32_t bin;    // present bin of the series
    uint32_t *flows; // its row of series.workload_counts
    struct meter_tracked *tracked;
    struct meter_snapshot *snapshots; // one a component
};

void meter_begin(struct world *world);
void meter_clear(struct world *world);                              // the warm-up ends here
void meter_flush(struct meter *meter, const struct design *design); // empties every inbox
void meter_release(struct meter *meter, const struct design *design);

// Samples the series up to now (the last, perhaps partial bin included).
void meter_close(struct world *world);

// Arrivals and ends are counted by meter_end.h.

// A request is still in flight at the end and has already missed the objective's limit.
void meter_late(struct world *world, uint32_t slo, int64_t began_ns, uint64_t units);

void meter_log(struct world *world, enum log_kind kind, int32_t subject, double value);

static inline struct operation_meter *meter_operation(struct meter *meter, uint32_t component,
                                                      uint32_t operation)
{
    return &meter->operations[meter->operation_base[component] + operation];
}
