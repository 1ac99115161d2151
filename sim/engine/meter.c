// meter - what is counted while a world runs: per workload, operation, component, edge, SLO slice.
#include "sim/engine/meter.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/fault.h"
#include "sim/engine/meter_end.h"
#include "sim/engine/meter_series.h"
#include "sim/engine/world.h"

const char *const meter_log_names[LOG_KINDS] = {
    [LOG_FAULT_BEGIN] = "fault-begin", [LOG_FAULT_END] = "fault-end", [LOG_KILL] = "kill",
    [LOG_RESTART] = "restart",         [LOG_READY] = "ready",         [LOG_EJECT] = "eject",
    [LOG_DELIST] = "delist",           [LOG_RELIST] = "relist",       [LOG_BREAKER] = "breaker",
    [LOG_LEADER] = "leader",
};

// The SLOs that are judged request by request, as lists by target.
struct meter_tracked {
    uint32_t *next; // one a list cell; the heads are `tracked` of the targets' meters
    uint32_t *slo;  // of the cell
    uint32_t cells, room;
};

// ---- beginnings ---------------------------------------------------------------------------------

static bool is_tracked(const struct slo_design *slo)
{
    return slo->metric == SLO_AVAILABILITY || slo->slice_ns > 0;
}

static void track(struct meter_tracked *tracked, uint32_t *head, uint32_t slo)
{
    if (tracked->cells + 1 >= tracked->room) {
        tracked->room = tracked->room == 0 ? 16 : tracked->room * 2;
        tracked->next = check_realloc(tracked->next, tracked->room * sizeof(uint32_t));
        tracked->slo = check_realloc(tracked->slo, tracked->room * sizeof(uint32_t));
    }
    const uint32_t cell = ++tracked->cells;
    tracked->slo[cell] = slo;
    tracked->next[cell] = *head;
    *head = cell;
}

static void watch(const struct slo_design *slo, struct histogram *latency, struct histogram *any,
                  bool *wants_any)
{
    if (slo->metric != SLO_PERCENTILE) {
        return;
    }
    *wants_any = *wants_any || slo->any_status;
    histogram_watch(slo->any_status ? any : latency, (int64_t)slo->limit);
}

static void begin_workload_slo(struct world *world, uint32_t number)
{
    const struct slo_design *slo = &world->design->slos[number];
    struct workload_meter *meter = &world->meter.workloads[slo->index];
    watch(slo, &meter->latency, &meter->latency_any, &meter->wants_any);
    if (is_tracked(slo)) {
        track(world->meter.tracked, &meter->tracked, number);
    }
    meter->watched = meter->wants_any || meter->tracked != 0;
}

static void begin_operation_slo(struct world *world, uint32_t number)
{
    const struct slo_design *slo = &world->design->slos[number];
    const struct component_design *component = &world->design->components[slo->index];
    for (uint32_t i = 0; i < component->operation_count; i++) {
        const bool meant = slo->target == SLO_COMPONENT || i == slo->operation;
        if (!meant || component->operations[i].internal) {
            continue;
        }
        const uint32_t at = world->meter.operation_base[slo->index] + i;
        struct operation_meter *meter = &world->meter.operations[at];
        watch(slo, &meter->latency, &meter->latency_any, &meter->wants_any);
        if (is_tracked(slo)) {
            track(world->meter.tracked, &meter->tracked, number);
        }
        meter->watched = meter->wants_any || meter->tracked != 0;
    }
}

static void begin_slo(struct world *world, uint32_t number)
{
    const struct design *design = world->design;
    const struct slo_design *slo = &design->slos[number];
    struct slice_meter *slices = &world->meter.slos[number];
    const int64_t measured = design->duration_ns - design->warmup_ns;
    slices->slice_count = 1;
    if (slo->slice_ns > 0 && measured > 0) {
        slices->slice_count = (uint32_t)((measured + slo->slice_ns - 1) / slo->slice_ns);
    }
    slices->good = check_calloc(slices->slice_count, sizeof *slices->good);
    slices->total = check_calloc(slices->slice_count, sizeof *slices->total);
    if (slo->target == SLO_WORKLOAD) {
        begin_workload_slo(world, number);
    } else {
        begin_operation_slo(world, number);
    }
}

static uint32_t lay_out_operations(struct meter *meter, const struct design *design)
{
    uint32_t total = 0;
    meter->operation_base = check_calloc(design->component_count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < design->component_count; i++) {
        meter->operation_base[i] = total;
        total += design->components[i].operation_count;
    }
    meter->operation_base[design->component_count] = total;
    return total;
}

static void take_arrays(struct meter *meter, const struct design *design, uint32_t operations)
{
    meter->workloads = check_calloc(design->workload_count + 1, sizeof *meter->workloads);
    meter->components = check_calloc(design->component_count + 1, sizeof *meter->components);
    meter->operations = check_calloc(operations + 1, sizeof *meter->operations);
    meter->edges = check_calloc(design->edge_count + 1, sizeof *meter->edges);
    meter->slos = check_calloc(design->slo_count + 1, sizeof *meter->slos);
    meter->faults = check_calloc(design->fault_count + 1, sizeof *meter->faults);
    meter->consumers = check_calloc(design->consumer_count + 1, sizeof *meter->consumers);
    for (uint32_t i = 0; i < design->fault_count; i++) {
        meter->faults[i].bad_requests = check_calloc(design->slo_count + 1, sizeof(uint64_t));
        meter->faults[i].first_ns = TIME_NEVER;
    }
    meter->tracked = check_calloc(1, sizeof *meter->tracked);
}

static void begin_histograms(struct meter *meter, const struct design *design)
{
    for (uint32_t i = 0; i < design->workload_count; i++) {
        histogram_init(&meter->workloads[i].latency);
        histogram_init(&meter->workloads[i].latency_any);
        meter->workloads[i].gather_ns = design->workloads[i].gather_ns;
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        histogram_init(&meter->components[i].wait);
    }
    for (uint32_t i = 0; i < meter->operation_base[design->component_count]; i++) {
        histogram_init(&meter->operations[i].latency);
        histogram_init(&meter->operations[i].latency_any);
    }
    for (uint32_t i = 0; i < design->edge_count; i++) {
        histogram_init(&meter->edges[i].latency);
    }
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        histogram_init(&meter->consumers[i].lag);
    }
}

void meter_begin(struct world *world)
{
    const struct design *design = world->design;
    struct meter *meter = &world->meter;
    take_arrays(meter, design, lay_out_operations(meter, design));
    begin_histograms(meter, design);
    for (uint32_t i = 0; i < design->slo_count; i++) {
        begin_slo(world, i);
    }
    meter_series_begin(world);
}

// ---- the end of the warm-up, the end ------------------------------------------------------------

static void clear_operations(struct world *world)
{
    const uint32_t count = world->meter.operation_base[world->design->component_count];
    for (uint32_t i = 0; i < count; i++) {
        struct operation_meter *meter = &world->meter.operations[i];
        histogram_clear(&meter->latency);
        histogram_clear(&meter->latency_any);
        meter->visits = meter->arrivals = meter->waste = 0;
        meter->published = 0;
        for (int k = 0; k < STATUS_COUNT; k++) {
            meter->statuses[k] = 0;
        }
        for (int k = 0; k < METER_PARTS; k++) {
            meter->parts_ns[k] = 0;
        }
    }
}

static void clear_workloads(struct world *world)
{
    for (uint32_t i = 0; i < world->design->workload_count; i++) {
        struct workload_meter *meter = &world->meter.workloads[i];
        histogram_clear(&meter->latency);
        histogram_clear(&meter->latency_any);
        meter->offered = 0;
        for (int k = 0; k < STATUS_COUNT; k++) {
            meter->statuses[k] = 0;
        }
        tally_clear(&meter->connected, world->now);
        meter->connected_least = (uint64_t)meter->connected.value;
        meter->heartbeats = meter->losses = meter->reconnects = 0;
    }
}

static void clear_components(struct world *world)
{
    for (uint32_t i = 0; i < world->design->component_count; i++) {
        struct component_meter *meter = &world->meter.components[i];
        histogram_clear(&meter->wait);
        meter->in_system_before += tally_area(&meter->in_system, world->now);
        tally_clear(&meter->in_system, world->now);
        meter->retries = meter->timeouts = meter->ejections = meter->breaker_trips = 0;
    }
}

static void clear_nodes(struct world *world)
{
    for (uint32_t i = 0; i < world->node_count; i++) {
        struct node *node = world->nodes[i];
        tally_clear(&node->ready, world->now);
        tally_clear(&node->cpu.busy, world->now);
        tally_clear(&node->cpu.waiting, world->now);
        tally_clear(&node->concurrency.used, world->now);
        tally_clear(&node->concurrency.waiting, world->now);
        for (uint32_t k = 0; k < node->component->design->pool_count; k++) {
            tally_clear(&node->pools[k].used, world->now);
            tally_clear(&node->pools[k].waiting, world->now);
        }
        for (uint32_t k = 0; k < node->component->design->device_count; k++) {
            tally_clear(&node->devices[k].busy, world->now);
            tally_clear(&node->devices[k].waiting, world->now);
        }
    }
}

static void clear_edges(struct world *world)
{
    for (uint32_t i = 0; i < world->design->edge_count; i++) {
        struct edge_meter *edge = &world->meter.edges[i];
        struct histogram latency = edge->latency;
        histogram_clear(&latency);
        *edge = (struct edge_meter){.latency = latency};
    }
}

static void clear_consumers(struct world *world)
{
    for (uint32_t i = 0; i < world->design->consumer_count; i++) {
        struct consumer_meter *consumer = &world->meter.consumers[i];
        histogram_clear(&consumer->lag);
        tally_clear(&consumer->backlog, world->now);
        consumer->delivered = consumer->redelivered = 0;
    }
}

void meter_clear(struct world *world)
{
    meter_flush(&world->meter, world->design);
    meter_series_sample(world);
    clear_operations(world);
    clear_workloads(world);
    clear_components(world);
    clear_nodes(world);
    clear_edges(world);
    clear_consumers(world);
    meter_series_forget(world);
    world->measuring = true;
}

void meter_close(struct world *world)
{
    meter_flush(&world->meter, world->design);
    meter_series_sample(world);
}

static void release_histograms(struct meter *meter, const struct design *design)
{
    for (uint32_t i = 0; i < design->workload_count; i++) {
        histogram_release(&meter->workloads[i].latency);
        histogram_release(&meter->workloads[i].latency_any);
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        histogram_release(&meter->components[i].wait);
    }
    for (uint32_t i = 0; i < meter->operation_base[design->component_count]; i++) {
        histogram_release(&meter->operations[i].latency);
        histogram_release(&meter->operations[i].latency_any);
    }
    for (uint32_t i = 0; i < design->edge_count; i++) {
        histogram_release(&meter->edges[i].latency);
    }
    for (uint32_t i = 0; meter->consumers != NULL && i < design->consumer_count; i++) {
        histogram_release(&meter->consumers[i].lag);
    }
}

static void release_tracked(struct meter_tracked *tracked)
{
    free(tracked->next);
    free(tracked->slo);
    free(tracked);
}

void meter_release(struct meter *meter, const struct design *design)
{
    if (meter->workloads == NULL) {
        return;
    }
    release_histograms(meter, design);
    for (uint32_t i = 0; i < design->slo_count; i++) {
        free(meter->slos[i].good);
        free(meter->slos[i].total);
    }
    for (uint32_t i = 0; i < design->fault_count; i++) {
        free(meter->faults[i].bad_requests);
    }
    if (meter->tracked != NULL) {
        release_tracked(meter->tracked);
    }
    meter_series_release(meter);
    free(meter->workloads);
    free(meter->components);
    free(meter->operations);
    free(meter->operation_base);
    free(meter->edges);
    free(meter->slos);
    free(meter->faults);
    free(meter->consumers);
    free(meter->log);
    *meter = (struct meter){0};
}

// ---- counting -----------------------------------------------------------------------------------

// Whether the SLO counts the request at all, and as good.
static bool judge(const struct slo_design *slo, enum status status, int64_t latency, bool *good)
{
    switch (slo->metric) {
    case SLO_PERCENTILE:
        *good = latency < (int64_t)slo->limit;
        return slo->any_status || meter_has_latency(status);
    case SLO_AVAILABILITY:
        *good = (slo->good_statuses >> status & 1) && latency < slo->good_latency_ns;
        return true;
    case SLO_SUCCESS:
    case SLO_CARRIED:
        *good = status_is_good(status);
        return true;
    case SLO_MEAN:
    case SLO_MAXIMUM:
    case SLO_THROUGHPUT:
    case SLO_UTILIZATION:
    case SLO_MODEL:
        break;
    }
    *good = true;
    return meter_has_latency(status);
}

static void charge(struct world *world, uint32_t slo, int64_t began_ns, uint64_t units)
{
    const uint32_t fault = fault_charged(world, began_ns);
    if (fault == DESIGN_NONE) {
        world->meter.slos[slo].bad_uncharged += units;
    } else {
        world->meter.faults[fault].bad_requests[slo] += units;
    }
}

void meter_late(struct world *world, uint32_t slo, int64_t began_ns, uint64_t units)
{
    world->meter.slos[slo].late += units;
    if (is_tracked(&world->design->slos[slo])) {
        charge(world, slo, began_ns, units);
    }
}

static void count_tracked(struct world *world, uint32_t cell, int64_t began_ns, enum status status,
                          uint64_t units)
{
    const struct meter_tracked *tracked = world->meter.tracked;
    for (; cell != 0; cell = tracked->next[cell]) {
        const uint32_t number = tracked->slo[cell];
        const struct slo_design *slo = &world->design->slos[number];
        struct slice_meter *slices = &world->meter.slos[number];
        bool good;
        if (!world->measuring || !judge(slo, status, world->now - began_ns, &good)) {
            continue;
        }
        const int64_t since = world->now - world->design->warmup_ns;
        const uint32_t slice = slo->slice_ns > 0 ? (uint32_t)(since / slo->slice_ns) : 0;
        if (slice < slices->slice_count) {
            slices->total[slice] += units;
            slices->good[slice] += good ? units : 0;
        }
        if (!good) {
            charge(world, number, began_ns, units);
        }
    }
}

void meter_end_units(struct operation_meter *meter, int64_t latency_ns, uint64_t units)
{
    histogram_add_many(&meter->latency, latency_ns, units);
    meter_bin_add(&meter->bin, latency_ns, units);
}

void meter_end_gathered(struct workload_meter *meter, int64_t latency_ns, uint64_t units)
{
    const int64_t gather_ns = meter->gather_ns;
    if (gather_ns > 0) {
        histogram_add_spread(&meter->latency, latency_ns, latency_ns + gather_ns, units);
    } else {
        histogram_add_many(&meter->latency, latency_ns, units);
    }
    meter_bin_add(&meter->bin, latency_ns + gather_ns / 2, units);
}

void meter_end_watched_workload(struct world *world, struct workload_meter *meter,
                                int64_t began_ns, enum status status, uint64_t units)
{
    if (meter->wants_any) {
        histogram_add_many(&meter->latency_any, world->now - began_ns, units);
    }
    count_tracked(world, meter->tracked, began_ns, status, units);
}

void meter_end_watched_operation(struct world *world, struct operation_meter *meter,
                                 int64_t began_ns, enum status status, uint64_t units)
{
    if (meter->wants_any) {
        histogram_add_many(&meter->latency_any, world->now - began_ns, units);
    }
    count_tracked(world, meter->tracked, began_ns, status, units);
}

void meter_flush(struct meter *meter, const struct design *design)
{
    for (uint32_t i = 0; i < meter->operation_base[design->component_count]; i++) {
        struct operation_meter *operation = &meter->operations[i];
        meter_inbox_flush(&operation->inbox, &operation->latency, &operation->bin);
    }
    for (uint32_t i = 0; i < design->workload_count; i++) {
        struct workload_meter *workload = &meter->workloads[i];
        meter_inbox_flush(&workload->inbox, &workload->latency, &workload->bin);
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        struct component_meter *component = &meter->components[i];
        meter_inbox_flush(&component->inbox, &component->wait, NULL);
    }
    for (uint32_t i = 0; i < design->edge_count; i++) {
        meter_inbox_flush(&meter->edges[i].inbox, &meter->edges[i].latency, NULL);
    }
}

void meter_log(struct world *world, enum log_kind kind, int32_t subject, double value)
{
    struct meter *meter = &world->meter;
    if (meter->log_count == meter->log_room) {
        meter->log_room = meter->log_room == 0 ? 64 : meter->log_room * 2;
        meter->log = check_realloc(meter->log, meter->log_room * sizeof *meter->log);
    }
    meter->log[meter->log_count++] =
        (struct log_event){world->now, (uint8_t)kind, subject, value};
}
