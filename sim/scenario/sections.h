// sections - every section of the scenario language as structs and tables of fields.
//
// The tables are the language: decoder, JSON Schema, `orrery explain` and the manual read them.
// Members of type `struct document_node` are resolved later, when all components are known.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/field.h"
#include "sim/scenario/document.h"
#include "sim/scenario/measured_load.h"
#include "sim/scenario/schema.h"

struct section_replications {
    uint64_t minimum, maximum;
    double stop_at; // relative half-width, 0: none
    bool until_decided;
};

struct section_warmup {
    bool is_auto;
    int64_t ns;
};

struct section_simulation {
    int64_t duration;
    struct section_warmup warmup;
    uint64_t seed;
    int64_t resolution;
    uint64_t max_events;
    struct section_replications replications;
};

struct section_link {
    struct distribution latency;
    double loss;
    double bandwidth;
};

struct section_pair {
    struct field_list between; // names
    struct section_link link;
};

struct section_links {
    const struct document_node *same_zone, *cross_zone, *cross_region;
    struct field_list pairs; // struct section_pair
};

struct section_nodes {
    uint64_t count;
    const struct document_node *spread;
    double cores;
    uint64_t memory;
};

struct section_topology {
    const struct document_node *regions;
    struct section_links links;
    struct section_nodes nodes;
};

struct section_queue {
    uint64_t capacity;
    int discipline, on_full;
};

struct section_health_check {
    bool enabled;
    int64_t period, timeout;
    uint64_t failures, successes;
};

struct section_ejection {
    bool enabled;
    uint64_t consecutive;
    int64_t length;
    double maximum;
};

struct section_consistency {
    uint64_t keys, operations, states;
};

struct section_detection {
    struct section_health_check health_check;
    struct section_ejection ejection;
};

struct section_pool {
    uint64_t size, queue;
};

struct section_device {
    uint64_t servers, iops;
    double bandwidth;
};

struct section_consumes {
    const char *from, *group, *operation;
    uint64_t batch, concurrency;
    int64_t batch_wait;
};

struct section_component { // the part that is common to all kinds
    const char *kind, *title, *description, *group, *assumed;
    uint64_t replicas;
    const struct document_node *spread;
    double cores;
    int sharing;
    uint64_t memory, concurrency;
    struct section_queue queue;
    int balancing;
    struct section_detection detection;
    struct section_consistency consistency;
    struct field_map pools;     // struct section_pool
    struct field_map devices;   // struct section_device
    struct field_list consumes; // struct section_consumes
    struct distribution startup;
    bool reschedule;
    const struct document_node *operations, *then;
};

struct section_retry {
    uint64_t attempts;
    int64_t backoff;
    double factor;
    int64_t limit;
    int jitter;
    double budget;
    uint32_t on; // bit set of statuses
};

struct section_breaker {
    double failure_ratio;
    uint64_t minimum_calls, window;
    int64_t open_for;
    uint64_t probes;
};

struct section_hedge {
    int64_t after;
    uint64_t maximum;
};

struct section_call {
    const char *to, *key;
    int64_t timeout, deadline;
    struct section_retry retry;
    struct section_breaker circuit_breaker;
    struct section_hedge hedge;
    int fallback;
    bool idempotent;
    int cancel;
    const char *protocol;
    uint64_t bytes;
};

struct section_publish {
    const char *to, *key;
    uint64_t bytes;
    int wait;
    uint64_t units;
    int64_t timeout;
    struct section_retry retry;
    bool idempotent;
    const char *protocol;
};

struct section_io {
    struct distribution time;
    const char *device;
    uint64_t bytes;
};

struct section_repeat {
    struct distribution times;
    const struct document_node *steps;
};

struct section_with {
    const char *pool;
    const struct document_node *steps;
};

struct section_parallel {
    uint64_t need;
    const struct document_node *branches;
};

struct section_reply {
    uint64_t bytes;
    int status;
};

struct section_move {
    const char *to;
    double probability;
};

struct section_stage {
    int64_t length;
    const struct document_node *rate, *ramp_to;
};

struct section_rate {
    double rate; // 0: by profile or stages
    struct profile_design profile;
};

struct section_connections {
    uint64_t count;
    int64_t heartbeat, timeout;
    struct section_retry reconnect;
    double churn;
    const char *target, *open, *on_heartbeat;
};

struct section_class {
    uint64_t priority;
};

struct section_workload {
    const char *title, *description, *assumed;
    const struct document_node *mix, *target, *journey;
    int model;
    struct arrival_design arrivals;
    const char *trace; // file of arrivals: trace(file=...)
    struct section_rate rate;
    struct field_list stages; // struct section_stage
    const char *from;
    uint64_t users;
    struct distribution think;
    struct section_connections connections;
    const struct document_node *keys;
    const char *key;
    struct section_class class;
    uint64_t units;
    int64_t gather;
    int64_t timeout, deadline;
    struct section_retry retry;
    double thinned;
};

struct section_indicator {
    const struct document_node *good;
};

struct section_slice {
    int64_t window;
    double target;
};

struct section_slo {
    const char *name, *description;
    const struct document_node *target, *objectives;
    double objective;
    struct section_indicator indicator;
    int64_t window;
    int budgeting;
    struct section_slice slice;
    int64_t every;
    int severity;
};

struct section_select {
    const struct document_node *component, *zone, *region, *node, *role, *from, *to;
};

struct section_mode {
    enum fault_mode mode;
    double share;
    uint32_t fixed;
};

struct section_delay {
    struct distribution latency;
    int64_t jitter;
};

struct section_fault {
    const char *name, *description;
    int action;
    struct section_select select;
    struct section_mode mode;
    int64_t at, duration;
    double factor;
    struct section_delay delay;
    double loss;
    bool one_way;
    struct distribution mtbf, mttr;
    double expected;
    bool enabled;
};

struct section_after {
    const struct document_node *slos;
    int64_t within;
};

struct section_hypothesis {
    const struct document_node *before, *during;
    struct section_after after;
};

struct section_experiment {
    const char *name, *description;
    const struct document_node *inject;
    struct section_hypothesis hypothesis;
};

struct section_sample {
    uint64_t windows;
    int64_t length;
};

struct section_sweep {
    const struct document_node *vary, *where;
    const char *design;
};

struct section_profile {
    const struct document_node *file;
    double percentile;
    int hours; // 0: of all columns together; 1: each column's own
};

struct section_load {
    const struct document_node *growth;
    uint64_t months;
    double peak;
    struct section_profile profile;
    struct measured_load measured; // what the profile's file says
};

struct section_under_fault {
    double success;
    int64_t recovered_within;
};

struct section_type { // of machine
    const char *name;
    double cores;
    uint64_t memory;
    double network;    // bytes/s, 0: as much as is asked for
    double per_hour;   // price
    double idle, busy; // watts, busy 0: not known
};

struct section_watts { // of a replica, a station's server or a core
    double idle, busy;
};

struct section_plan {
    const struct document_node *vary, *under, *subject_to, *prices;
    struct field_list types; // struct section_type: of `prices`
    struct field_map watts;  // struct section_watts
    const struct document_node *uncertain;
    double shortfall;
    struct section_load load;
    struct section_under_fault under_fault;
    int minimize;
    double headroom, confidence;
};

struct section_top {
    const char *name, *description;
    const struct document_node *orrery, *include, *params;
    struct section_simulation simulation;
    struct section_topology topology;
    const struct document_node *components;
    struct field_map workloads;    // struct section_workload
    struct field_list slos;        // struct section_slo
    struct field_list faults;      // struct section_fault
    struct field_list experiments; // struct section_experiment
    struct section_sample sample;
    struct section_sweep sweep;
    struct section_plan plan;
};

extern const struct field sections_top[];
extern const struct field sections_topology[], sections_link[];
extern const struct field sections_component[], sections_consumes[];
extern const struct field sections_steps[]; // one row a kind of step
extern const struct field sections_call[], sections_retry[], sections_publish[], sections_io[],
    sections_repeat[], sections_with[], sections_parallel[], sections_reply[], sections_move[];
extern const struct field sections_replications[], sections_rate[];
extern const struct field sections_workload[], sections_slo[], sections_fault[];
extern const struct field sections_experiment[], sections_sample[], sections_sweep[],
    sections_plan[], sections_prices[];

// The words of the choices, in order of their enums.
extern const char *const sections_disciplines[],
    *const sections_balancings[], *const sections_fault_actions[], *const sections_jitters[],
                                                                       *const sections_statuses[];

extern const struct schema_reader sections_readers[];
