// design - a scenario after reading: everything a replication needs, immutable, shared by threads.
//
// Built once by the scenario floor; a world (one replication) only reads it. All memory hangs on
// the scenario's arena. Names are the user's; indices into the arrays are identities. Times are ns.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/status.h"
#include "sim/kernel/distribution.h"

struct model;
struct operation;

enum { DESIGN_NONE = UINT32_MAX };

// Where a value came from, for messages at run time: "checkout.yaml:44".
struct design_origin {
    const char *file;
    uint32_t line;
};

// ---- topology -----------------------------------------------------------------------------------

struct zone_design {
    const char *name;
    uint32_t region; // index of its region
};

struct link_design {
    struct distribution latency; // one way
    double loss;      // probability that a segment is lost and sent again after a time-out
    double bandwidth; // bytes/s of the directed zone pair, 0: unlimited
};

struct machine_design {
    const char *name;
    uint32_t zone;
    double cores;
    uint64_t memory;
};

struct topology_design {
    uint32_t region_count, zone_count, machine_count;
    const char **regions;
    const struct zone_design *zones;
    const struct link_design *links; // zone_count x zone_count, row = from
    const struct machine_design *machines;
};

// ---- calls --------------------------------------------------------------------------------------

enum jitter { JITTER_NONE, JITTER_FULL, JITTER_EQUAL, JITTER_DECORRELATED };

struct retry_design {
    uint32_t attempts;  // the first try counted; 1: no retry
    int64_t backoff_ns; // before the first retry
    double factor;      // growth of the back-off
    int64_t limit_ns;   // largest back-off
    enum jitter jitter;
    double budget; // retries over first tries in the last 10 s, 0: unlimited
    uint32_t on;   // bit set of statuses that are tried again
};

struct breaker_design {
    bool enabled;
    double failure_ratio;   // opens at this share of failures ...
    uint32_t minimum_calls; // ... over at least so many calls
    uint32_t window;        // calls in the sliding count window
    int64_t open_ns;        // until half-open
    uint32_t probes;        // calls let through when half-open
};

struct hedge_design {
    int64_t after_ns; // 0: no hedging
    uint32_t maximum; // extra tries
};

enum fallback { FALLBACK_NONE, FALLBACK_OK, FALLBACK_MISS, FALLBACK_FAIL };

struct call_design {
    uint32_t target;                   // component index
    uint32_t edge;                     // index into design->edges
    const struct operation *operation; // of the target
    uint64_t bytes;                    // of the request
    uint8_t key_number;                // 1 + index into design->key_names, 0: none
    const char *key;                   // name of the request's key, NULL: none
    const char *topic;                 // of a publish, NULL otherwise
    int64_t timeout_ns;                // of one try, 0: none
    int64_t deadline_ns;               // of all tries, passed on, 0: none
    int64_t silence_ns;                // a dark callee is given up after, 0: TCP's own limit
    struct retry_design retry;
    struct breaker_design breaker;
    struct hedge_design hedge;
    enum fallback fallback; // what a failed call becomes
    bool idempotent;        // carries an idempotency key
    bool cancel;            // cancel: propagate
    bool wait;              // publish: wait for the acknowledgement
    bool stop;              // a bad answer ends the calling visit with that status
    const char *protocol;   // label for people
    uint32_t units;         // messages carried by one publish, >= 1
};

// A caller-callee pair that occurs in the scenario; `from` is DESIGN_NONE for workload clients,
// whose edges then carry `workload`.
struct edge_design {
    uint32_t from, workload, to;
    const char *protocol;
};

// ---- components ---------------------------------------------------------------------------------

enum discipline {
    DISCIPLINE_FIFO,
    DISCIPLINE_LIFO,
    DISCIPLINE_PS,
    DISCIPLINE_PRIORITY,
    DISCIPLINE_PREEMPTIVE,
    DISCIPLINE_SJF,
    DISCIPLINE_RANDOM,
};

enum on_full { ON_FULL_REJECT, ON_FULL_BLOCK, ON_FULL_DROP_OLDEST };

struct queue_design {
    uint64_t capacity; // waiting and in service, 0: unlimited
    enum discipline discipline;
    enum on_full on_full;
};

enum balancing {
    BALANCING_ROUND_ROBIN,
    BALANCING_RANDOM,
    BALANCING_P2C,
    BALANCING_LEAST_REQUEST,
    BALANCING_RING_HASH,
    BALANCING_ZONE_LOCAL,
};

struct detection_design {
    bool health_check;
    int64_t period_ns, timeout_ns;
    uint32_t failures, successes;
    bool ejection;
    uint32_t consecutive;   // failures in a row that eject
    int64_t ejection_ns;    // base ejection time, multiplied by the number of ejections
    double maximum_ejected; // share of the replicas that may be ejected
};

struct pool_design {
    const char *name;
    uint64_t size;  // per replica
    uint64_t queue; // waiting visits, 0: unlimited
};

struct device_design {
    const char *name;
    uint32_t servers;
    double iops;      // 0: unlimited
    double bandwidth; // bytes/s, 0: unlimited
};

struct consumer_design {
    uint32_t component; // who consumes
    uint32_t broker;    // component it consumes from
    const char *topic;
    const char *group;
    uint64_t batch;                    // messages handed over at once
    int64_t batch_wait_ns;             // how long an incomplete batch is waited for
    uint32_t concurrency;              // batches in hand at once, per replica
    const struct operation *operation; // of the consumer
};

struct placement {
    uint32_t zone;
    uint32_t machine; // DESIGN_NONE: none declared
    const char *role; // of specialised models ("primary", "broker"), NULL otherwise
};

struct consistency_design { // what is recorded of a component's keys, for the judges of audit.h
    bool enabled;
    uint32_t keys;       // of the first that are used
    uint32_t operations; // of each, at most
    uint64_t states;     // that the search visits at most, for each key
    const char *claim;   // name of the invariant: "linearizable NAME"
};

struct component_design {
    const char *name;
    const char *kind;
    const char *title;       // for people, NULL: the name
    const char *group;       // gateway, service, datastore, broker: colours of the topology
    const char *description; // its specification, shown on a click
    const char *assumed;     // why it is an assumption, NULL: declared
    struct design_origin origin;
    const struct model *model;
    const void *configuration; // the model's own struct
    uint32_t replicas;         // nodes
    const struct placement *placements;
    double cores; // 0: the processor is not modelled (no queueing for it)
    bool sharing; // processor sharing instead of FIFO
    uint64_t memory;
    uint64_t concurrency;      // requests in progress per replica, 0: unlimited
    struct queue_design queue; // in front of the concurrency limit
    enum balancing balancing;
    struct detection_design detection;
    uint32_t pool_count, device_count;
    const struct pool_design *pools;
    const struct device_design *devices;
    uint32_t operation_count;
    const struct operation *operations; // the model's own or the user's
    uint32_t stream_count;              // random streams of its operations' steps
    const char *const *streams;         // their names: "orders/create/cpu"
    bool reschedule;                    // lost replicas are started elsewhere
    struct distribution startup;        // from the start of a replica to ready
    struct consistency_design consistency;
};

// ---- workloads ----------------------------------------------------------------------------------

enum workload_model { WORKLOAD_OPEN, WORKLOAD_CLOSED };

enum arrival_kind {
    ARRIVAL_POISSON,
    ARRIVAL_CONSTANT,
    ARRIVAL_ERLANG,
    ARRIVAL_RENEWAL, // any law of inter-arrival times, scaled to the rate
    ARRIVAL_MMPP,
    ARRIVAL_BATCH, // Poisson batches of a random size
    ARRIVAL_TRACE,
};

struct arrival_design {
    enum arrival_kind kind;
    uint32_t shape;                // Erlang k
    struct distribution law;       // RENEWAL: inter-arrival law; BATCH: sizes
    uint32_t state_count;          // MMPP
    const double *state_rates;     // relative to `rate`: their stationary mean is 1
    const double *state_changes;   // state_count x state_count, per second
    uint64_t trace_count;          // TRACE
    const int64_t *trace_times;    // ascending, ns
    const uint32_t *trace_choices; // index into `mix`, NULL: by share
};

struct stage_design {
    int64_t length_ns;
    double rate; // at the end of the stage (from its start unless ramp)
    bool ramp;   // linear from the rate before
};

struct profile_design {
    uint32_t count;
    const double *factors; // relative rate, one an equal part of the period
    int64_t period_ns;
    double scale; // rate at factor 1, 1/s
};

// One thing a client does: a call, or a think time in a journey.
struct action_design {
    bool is_think;
    struct distribution think;
    struct call_design call; // edge, timeout, retry as of the workload
    double share;            // of a mix, cumulative
};

struct key_design {
    const char *name;
    bool unique;
    struct distribution law; // counts
};

struct connections_design {
    uint64_t count; // 0: none
    int64_t heartbeat_ns;
    int64_t timeout_ns; // pong expected within
    struct retry_design reconnect;
    double churn;                      // reconnects of healthy sockets, 1/s in all
    const struct operation *open;      // operation of the target run by a (re)connect, NULL: none
    const struct operation *heartbeat; // operation run by a heartbeat, NULL: counted only
    uint32_t target;
};

struct workload_design {
    const char *name;
    const char *assumed;
    struct design_origin origin;
    enum workload_model model;
    struct arrival_design arrivals;
    double rate;               // 1/s (open)
    uint64_t users;            // closed
    struct distribution think; // closed
    uint32_t stage_count;
    const struct stage_design *stages;
    struct profile_design profile;
    bool is_journey; // actions in order; otherwise a mix by share
    uint32_t action_count;
    const struct action_design *actions;
    uint32_t
        zone_count; // where clients sit: zones of the region in turn; 0: at the target, no network
    const uint32_t *zones;
    uint32_t key_count;
    const struct key_design *keys;
    uint32_t priority; // 0 is served first
    uint32_t units;    // messages a request carries
    int64_t gather_ns; // they came evenly over this time before the request
    struct connections_design connections;
    double thinned; // 1: nothing thinned; 0.1: one request stands for ten
};

// ---- objectives ---------------------------------------------------------------------------------

enum slo_target { SLO_WORKLOAD, SLO_COMPONENT, SLO_OPERATION };

enum slo_metric {
    SLO_PERCENTILE,   // p(q) < limit
    SLO_MEAN,         // mean < limit
    SLO_MAXIMUM,      // max < limit
    SLO_CARRIED,      // carried >= ratio
    SLO_SUCCESS,      // success >= ratio
    SLO_THROUGHPUT,   // throughput >= rate
    SLO_UTILIZATION,  // utilization < ratio
    SLO_AVAILABILITY, // good over all, per `good`
    SLO_MODEL,        // a metric of the model by name ("lag(max)")
};

// How an objective is judged of a figure.
enum slo_judging {
    SLO_ESTIMATED, // by the interval of its estimate
    SLO_SEEN,      // by all that was seen: a maximum
    SLO_PROVED,    // the same, and every replication must know it: what must never happen
};

enum slo_relation { SLO_LESS, SLO_LESS_EQUAL, SLO_GREATER, SLO_GREATER_EQUAL };
enum slo_budgeting { SLO_OCCURRENCES, SLO_TIMESLICES, SLO_RATIO_TIMESLICES };

struct slo_design {
    const char *name;
    const char *target_name;
    const char *objective; // as written: "p(99) < 300ms"
    struct design_origin origin;
    enum slo_target target;
    uint32_t index;     // workload or component
    uint32_t operation; // of the component, for SLO_OPERATION
    enum slo_metric metric;
    const char *metric_name; // SLO_MODEL
    enum slo_judging judging;
    enum slo_relation relation;
    double quantile;         // 0..1
    double limit;            // ns, ratio, 1/s or plain
    bool any_status;         // p(99, status=any)
    uint32_t good_statuses;  // availability: bit set of good statuses
    int64_t good_latency_ns; // and faster than; TIME_NEVER: any
    int64_t window_ns;       // of the budget, 0: none
    int64_t slice_ns;        // `every`, or the slice of timeslices; 0: the whole run
    enum slo_budgeting budgeting;
    double slice_target;
    bool warn_only;
};

// ---- faults -------------------------------------------------------------------------------------

enum fault_action {
    FAULT_KILL,      // process ends; restarts after `duration` or mttr
    FAULT_POWER_OFF, // its host loses power: what is not on disk is lost, nobody is told
    FAULT_PAUSE,     // process is stopped, keeps its state
    FAULT_SLOW,      // service times multiplied by `factor`
    FAULT_ZONE_DOWN, // every replica of the zone loses power, the network drops what is sent there
    FAULT_NODE_DOWN, // the same for a machine
    FAULT_DELAY,     // link latency added
    FAULT_LOSS,      // link loss
    FAULT_PARTITION, // link drops everything
};

enum fault_mode { FAULT_ONE, FAULT_ALL, FAULT_SHARE, FAULT_FIXED };

struct fault_design {
    const char *name;
    struct design_origin origin;
    enum fault_action action;
    uint32_t component;     // selected component, DESIGN_NONE: any
    uint32_t zone, machine; // DESIGN_NONE: any
    const char *role;       // role: leader / primary / ... resolved when the fault strikes
    uint32_t from, to;      // link faults: components; DESIGN_NONE: any
    uint32_t from_zone, to_zone;
    bool one_way;
    enum fault_mode mode;
    double share;              // FAULT_SHARE
    uint32_t fixed;            // FAULT_FIXED: so many
    double factor;             // SLOW
    struct distribution delay; // added latency
    double loss;
    int64_t at_ns;       // scheduled; TIME_NEVER: stochastic
    int64_t duration_ns; // TIME_NEVER: until the end
    bool stochastic;
    struct distribution mtbf, mttr;
    double expected; // occurrences in an SLO window
    bool enabled;
};

// ---- the whole ----------------------------------------------------------------------------------

struct replications_design {
    uint32_t minimum, maximum;
    double stop_at; // relative half-width, 0: none
    bool until_decided;
};

struct parameter_design {
    const char *name;
    const char *value; // as text
};

struct assumption_design {
    const char *subject;
    const char *why;
};

struct design {
    const char *name;
    const char *description;
    int64_t duration_ns;
    int64_t warmup_ns;
    int64_t lead_ns; // workloads begin then: what was struck at first has been dealt with by then
    bool warmup_auto;
    uint64_t seed;
    int64_t resolution_ns;
    uint64_t max_events; // of one replication, 0: none
    struct replications_design replications;
    struct topology_design topology;
    uint32_t component_count, workload_count, slo_count, fault_count, edge_count, consumer_count;
    const struct component_design *components;
    const struct workload_design *workloads;
    const struct slo_design *slos;
    const struct fault_design *faults;
    const struct edge_design *edges;
    const struct consumer_design *consumers;
    uint32_t key_name_count; // every key name of the scenario, at most 255
    const char *const *key_names;
    uint32_t parameter_count, assumption_count;
    const struct parameter_design *parameters;
    const struct assumption_design *assumptions;
};

// Index by name, DESIGN_NONE if there is none.
uint32_t design_component(const struct design *design, const char *name);
uint32_t design_workload(const struct design *design, const char *name);
const struct operation *design_operation(const struct component_design *component,
                                         const char *name);
// 1 + index into key_names, as visit->key has it; 0 if no workload declares such a key (or name is
// NULL).
uint32_t design_key(const struct design *design, const char *name);
