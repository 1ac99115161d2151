// fixture - a small system with records made by hand, to be merged and judged.
#pragma once

#include "sim/study/result_build.h"

enum { FIXTURE_RUNS = 24, FIXTURE_SLOS = 8 };

// One workload `users`, one component `shop` with operation `buy`; 100 s, of which 10 s are
// warm-up.
struct fixture {
    bool batches; // the records are consecutive parts of one replication
    struct design design;
    struct workload_design workload;
    struct component_design component;
    struct operation operation;
    struct edge_design edge;
    struct slo_design slos[FIXTURE_SLOS];
    struct fault_design fault;
    struct run_record records[FIXTURE_RUNS];
    uint32_t count;
    struct result result;
};

void fixture_init(struct fixture *fixture);
void fixture_release(struct fixture *fixture);

// Objectives come before records.
struct slo_design *fixture_slo(struct fixture *fixture, enum slo_metric metric,
                               enum slo_relation relation, double limit);
void fixture_fault(struct fixture *fixture, double expected);

// A record without requests; requests are added to the newest.
struct run_record *fixture_record(struct fixture *fixture);
void fixture_requests(struct fixture *fixture, enum status status, int64_t latency_ns,
                      uint64_t times);

// Merges and judges.
const struct result *fixture_result(struct fixture *fixture);
