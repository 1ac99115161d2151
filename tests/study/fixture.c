// fixture - builds designs and records by hand.
#include "tests/study/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->workload = (struct workload_design){.name = "users", .rate = 10.0, .thinned = 1.0};
    fixture->operation = (struct operation){.name = "buy"};
    fixture->component = (struct component_design){.name = "shop",
                                                   .kind = "service",
                                                   .replicas = 1,
                                                   .cores = 1.0,
                                                   .operation_count = 1,
                                                   .operations = &fixture->operation};
    fixture->edge = (struct edge_design){.from = DESIGN_NONE, .workload = 0, .to = 0};
    fixture->design = (struct design){
        .name = "small",
        .duration_ns = 100 * TIME_S,
        .warmup_ns = 10 * TIME_S,
        .seed = 42,
        .resolution_ns = TIME_S,
        .replications = {.minimum = 1, .maximum = FIXTURE_RUNS},
        .component_count = 1,
        .workload_count = 1,
        .edge_count = 1,
        .components = &fixture->component,
        .workloads = &fixture->workload,
        .slos = fixture->slos,
        .faults = &fixture->fault,
        .edges = &fixture->edge,
    };
    result_init(&fixture->result);
}

struct slo_design *fixture_slo(struct fixture *fixture, enum slo_metric metric,
                               enum slo_relation relation, double limit)
{
    struct slo_design *slo = &fixture->slos[fixture->design.slo_count++];
    *slo = (struct slo_design){.name = "goal",
                               .target_name = "users",
                               .objective = "as written",
                               .target = SLO_WORKLOAD,
                               .metric = metric,
                               .relation = relation,
                               .limit = limit,
                               .quantile = 0.99,
                               .good_statuses = 1,
                               .good_latency_ns = TIME_NEVER};
    return slo;
}

void fixture_fault(struct fixture *fixture, double expected)
{
    fixture->fault = (struct fault_design){.name = "outage",
                                           .action = FAULT_KILL,
                                           .component = 0,
                                           .zone = DESIGN_NONE,
                                           .machine = DESIGN_NONE,
                                           .from = DESIGN_NONE,
                                           .to = DESIGN_NONE,
                                           .from_zone = DESIGN_NONE,
                                           .to_zone = DESIGN_NONE,
                                           .at_ns = 40 * TIME_S,
                                           .duration_ns = 10 * TIME_S,
                                           .expected = expected,
                                           .enabled = true};
    fixture->design.fault_count = 1;
}

static void take_series(struct series *series)
{
    *series = (struct series){.bin_count = 100,
                              .bin_ns = TIME_S,
                              .component_count = 1,
                              .operation_count = 1,
                              .workload_count = 1};
    series->component_counts = check_calloc(100 * SERIES_COUNTS, sizeof(uint32_t));
    series->component_levels = check_calloc(100 * SERIES_LEVELS, sizeof(float));
    series->operation_latency = check_calloc(100 * SERIES_LATENCIES, sizeof(float));
    series->workload_latency = check_calloc(100 * SERIES_LATENCIES, sizeof(float));
    series->workload_counts = check_calloc(100 * SERIES_FLOWS, sizeof(uint32_t));
    series->heatmap = check_calloc(100 * SERIES_HEAT, sizeof(uint32_t));
}

static void take_slos(struct fixture *fixture, struct meter *meter)
{
    const uint32_t count = fixture->design.slo_count;
    meter->slos = check_calloc(count + 1, sizeof *meter->slos);
    for (uint32_t s = 0; s < count; s++) {
        const int64_t slice = fixture->slos[s].slice_ns;
        meter->slos[s].slice_count = slice == 0 ? 1 : (uint32_t)(90 * TIME_S / slice);
        meter->slos[s].good = check_calloc(meter->slos[s].slice_count, sizeof(uint64_t));
        meter->slos[s].total = check_calloc(meter->slos[s].slice_count, sizeof(uint64_t));
        if (fixture->slos[s].metric == SLO_PERCENTILE) {
            histogram_watch(&meter->workloads[0].latency, (int64_t)fixture->slos[s].limit);
        }
    }
    meter->faults = check_calloc(1, sizeof *meter->faults);
    meter->faults[0].bad_requests = check_calloc(count + 1, sizeof(uint64_t));
}

struct run_record *fixture_record(struct fixture *fixture)
{
    struct run_record *record = &fixture->records[fixture->count];
    struct meter *meter = &record->meter;
    record->replication = fixture->count++;
    record->end = RUN_DONE;
    record->measured_ns = 90 * TIME_S;
    record->events = 1000;
    arena_init(&record->arena);
    record->components = arena_take_array(&record->arena, 1, sizeof *record->components);
    *record->components = (struct component_figures){.busy_s = 45.0, .capacity_s = 90.0};
    meter->workloads = check_calloc(1, sizeof *meter->workloads);
    meter->components = check_calloc(1, sizeof *meter->components);
    meter->operations = check_calloc(1, sizeof *meter->operations);
    meter->operation_base = check_calloc(2, sizeof(uint32_t));
    meter->edges = check_calloc(1, sizeof *meter->edges);
    histogram_init(&meter->workloads[0].latency);
    histogram_init(&meter->workloads[0].latency_any);
    histogram_init(&meter->components[0].wait);
    histogram_init(&meter->operations[0].latency);
    histogram_init(&meter->edges[0].latency);
    take_slos(fixture, meter);
    take_series(&meter->series);
    return record;
}

void fixture_requests(struct fixture *fixture, enum status status, int64_t latency_ns,
                      uint64_t times)
{
    struct meter *meter = &fixture->records[fixture->count - 1].meter;
    meter->workloads[0].offered += times;
    meter->workloads[0].statuses[status] += times;
    meter->operations[0].arrivals += times;
    meter->operations[0].statuses[status] += times;
    if (status_is_good(status) || status == STATUS_TIMEOUT) {
        histogram_add_many(&meter->workloads[0].latency, latency_ns, times);
        histogram_add_many(&meter->operations[0].latency, latency_ns, times);
    }
    for (uint32_t s = 0; s < fixture->design.slo_count; s++) {
        if (fixture->slos[s].metric == SLO_AVAILABILITY && fixture->slos[s].slice_ns == 0) {
            meter->slos[s].good[0] += status_is_good(status) ? times : 0;
            meter->slos[s].total[0] += times;
            meter->slos[s].bad_uncharged += status_is_good(status) ? 0 : times;
        }
    }
}

const struct result *fixture_result(struct fixture *fixture)
{
    const struct result_input input = {
        .design = &fixture->design,
        .records = fixture->records,
        .count = fixture->count,
        .warmup_ns = fixture->design.warmup_ns,
        .file = "small.yaml",
        .batches = fixture->batches,
    };
    result_from_runs(&fixture->result, &input);
    return &fixture->result;
}

static void release_record(struct fixture *fixture, struct run_record *record)
{
    struct meter *meter = &record->meter;
    histogram_release(&meter->workloads[0].latency);
    histogram_release(&meter->workloads[0].latency_any);
    histogram_release(&meter->components[0].wait);
    histogram_release(&meter->operations[0].latency);
    histogram_release(&meter->edges[0].latency);
    for (uint32_t s = 0; s < fixture->design.slo_count; s++) {
        free(meter->slos[s].good);
        free(meter->slos[s].total);
    }
    free(meter->faults[0].bad_requests);
    struct series *series = &meter->series;
    void *const all[] = {meter->workloads,
                         meter->components,
                         meter->operations,
                         meter->operation_base,
                         meter->edges,
                         meter->slos,
                         meter->faults,
                         series->component_counts,
                         series->component_levels,
                         series->operation_latency,
                         series->workload_latency,
                         series->workload_counts,
                         series->heatmap};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]);
    }
    arena_release(&record->arena);
}

void fixture_release(struct fixture *fixture)
{
    result_release(&fixture->result);
    for (uint32_t r = 0; r < fixture->count; r++) {
        release_record(fixture, &fixture->records[r]);
    }
}
