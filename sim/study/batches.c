// batches - copies of the counters at the end of every part, and their differences.
#include "sim/study/batches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/event_log.h"

// ---- histograms --------------------------------------------------------------------------------

static struct histogram copy_histogram(const struct histogram *from)
{
    struct histogram copy = *from;
    if (from->room > 0) {
        copy.counts = check_calloc(from->room, sizeof *copy.counts);
        memcpy(copy.counts, from->counts, from->room * sizeof *copy.counts);
    } else {
        copy.counts = NULL;
    }
    return copy;
}

// The extremes of what is left: the outermost buckets, inside of the extremes so far.
static void bound(struct histogram *histogram)
{
    int64_t low = INT64_MAX, high = 0;
    for (uint32_t i = 0; i < histogram->room; i++) {
        if (histogram->counts[i] > 0) {
            const int64_t from = histogram_bucket_low(histogram->first + i);
            const int64_t to = histogram_bucket_low(histogram->first + i + 1) - 1;
            low = from < low ? from : low;
            high = to > high ? to : high;
        }
    }
    histogram->minimum = low > histogram->minimum ? low : histogram->minimum;
    histogram->maximum = high < histogram->maximum ? high : histogram->maximum;
}

// `from` is an earlier state of the same histogram, so its buckets are among those of `histogram`.
static void subtract_histogram(struct histogram *histogram, const struct histogram *from)
{
    for (uint32_t i = 0; i < from->room; i++) {
        if (from->counts[i] > 0) {
            histogram->counts[from->first + i - histogram->first] -= from->counts[i];
        }
    }
    histogram->count -= from->count;
    histogram->sum -= from->sum;
    histogram->sum_of_squares -= from->sum_of_squares;
    for (uint32_t i = 0; i < histogram->threshold_count; i++) {
        histogram->below[i] -= from->below[i];
    }
    bound(histogram);
}

// ---- copies ------------------------------------------------------------------------------------

static void *copy_array(const void *from, size_t count, size_t size)
{
    void *copy = check_calloc(count + 1, size);
    if (count > 0) {
        memcpy(copy, from, count * size);
    }
    return copy;
}

static void copy_flows(struct meter *copy, const struct meter *meter, const struct design *design)
{
    const uint32_t operations = meter->operation_base[design->component_count];
    copy->workloads = copy_array(meter->workloads, design->workload_count, sizeof *copy->workloads);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        struct workload_meter *workload = &copy->workloads[w];
        workload->latency = copy_histogram(&meter->workloads[w].latency);
        workload->latency_any = copy_histogram(&meter->workloads[w].latency_any);
    }
    copy->operations = copy_array(meter->operations, operations, sizeof *copy->operations);
    for (uint32_t o = 0; o < operations; o++) {
        struct operation_meter *operation = &copy->operations[o];
        operation->latency = copy_histogram(&meter->operations[o].latency);
        operation->latency_any = copy_histogram(&meter->operations[o].latency_any);
    }
    copy->operation_base =
        copy_array(meter->operation_base, design->component_count + 1, sizeof(uint32_t));
}

static void copy_judged(struct meter *copy, const struct meter *meter, const struct design *design)
{
    copy->slos = copy_array(meter->slos, design->slo_count, sizeof *copy->slos);
    for (uint32_t s = 0; s < design->slo_count; s++) {
        const struct slice_meter *from = &meter->slos[s];
        copy->slos[s].good = copy_array(from->good, from->slice_count, sizeof(uint64_t));
        copy->slos[s].total = copy_array(from->total, from->slice_count, sizeof(uint64_t));
    }
    copy->faults = copy_array(meter->faults, design->fault_count, sizeof *copy->faults);
    for (uint32_t f = 0; f < design->fault_count; f++) {
        copy->faults[f].bad_requests =
            copy_array(meter->faults[f].bad_requests, design->slo_count, sizeof(uint64_t));
    }
}

static struct meter copy_meter(const struct meter *meter, const struct design *design)
{
    struct meter copy = {0};
    copy_flows(&copy, meter, design);
    copy_judged(&copy, meter, design);
    copy.components =
        copy_array(meter->components, design->component_count, sizeof *copy.components);
    for (uint32_t c = 0; c < design->component_count; c++) {
        copy.components[c].wait = copy_histogram(&meter->components[c].wait);
    }
    copy.edges = copy_array(meter->edges, design->edge_count, sizeof *copy.edges);
    for (uint32_t e = 0; e < design->edge_count; e++) {
        copy.edges[e].latency = copy_histogram(&meter->edges[e].latency);
    }
    return copy;
}

// ---- differences -------------------------------------------------------------------------------

static void subtract_counts(uint64_t *counts, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        counts[i] -= from[i];
    }
}

static void subtract_flows(struct meter *meter, const struct meter *from,
                           const struct design *design)
{
    for (uint32_t w = 0; w < design->workload_count; w++) {
        struct workload_meter *workload = &meter->workloads[w];
        workload->offered -= from->workloads[w].offered;
        subtract_counts(workload->statuses, from->workloads[w].statuses, STATUS_COUNT);
        subtract_histogram(&workload->latency, &from->workloads[w].latency);
        subtract_histogram(&workload->latency_any, &from->workloads[w].latency_any);
    }
    for (uint32_t o = 0; o < meter->operation_base[design->component_count]; o++) {
        struct operation_meter *operation = &meter->operations[o];
        operation->visits -= from->operations[o].visits;
        operation->arrivals -= from->operations[o].arrivals;
        operation->published -= from->operations[o].published;
        operation->waste -= from->operations[o].waste;
        subtract_counts(operation->statuses, from->operations[o].statuses, STATUS_COUNT);
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            operation->parts_ns[p] -= from->operations[o].parts_ns[p];
        }
        subtract_histogram(&operation->latency, &from->operations[o].latency);
        subtract_histogram(&operation->latency_any, &from->operations[o].latency_any);
    }
}

static void subtract_links(struct meter *meter, const struct meter *from,
                           const struct design *design)
{
    for (uint32_t c = 0; c < design->component_count; c++) {
        struct component_meter *component = &meter->components[c];
        component->retries -= from->components[c].retries;
        component->timeouts -= from->components[c].timeouts;
        component->ejections -= from->components[c].ejections;
        component->breaker_trips -= from->components[c].breaker_trips;
        subtract_histogram(&component->wait, &from->components[c].wait);
    }
    for (uint32_t e = 0; e < design->edge_count; e++) {
        struct edge_meter *edge = &meter->edges[e];
        const struct edge_meter *earlier = &from->edges[e];
        edge->calls -= earlier->calls;
        edge->tries -= earlier->tries;
        edge->retries -= earlier->retries;
        edge->hedges -= earlier->hedges;
        edge->timeouts -= earlier->timeouts;
        edge->failures -= earlier->failures;
        edge->short_circuited -= earlier->short_circuited;
        subtract_histogram(&edge->latency, &earlier->latency);
    }
}

static void subtract_judged(struct meter *meter, const struct meter *from,
                            const struct design *design)
{
    for (uint32_t s = 0; s < design->slo_count; s++) {
        struct slice_meter *slices = &meter->slos[s];
        subtract_counts(slices->good, from->slos[s].good, slices->slice_count);
        subtract_counts(slices->total, from->slos[s].total, slices->slice_count);
        slices->late -= from->slos[s].late;
        slices->bad_uncharged -= from->slos[s].bad_uncharged;
    }
    for (uint32_t f = 0; f < design->fault_count; f++) {
        struct fault_meter *fault = &meter->faults[f];
        fault->occurrences -= from->faults[f].occurrences;
        fault->active_ns -= from->faults[f].active_ns;
        subtract_counts(fault->bad_requests, from->faults[f].bad_requests, design->slo_count);
    }
}

static void subtract_figures(struct run_record *record, const struct run_record *from,
                             const struct design *design)
{
    for (uint32_t c = 0; c < design->component_count; c++) {
        struct component_figures *figures = &record->components[c];
        figures->busy_s -= from->components[c].busy_s;
        figures->queue_s -= from->components[c].queue_s;
        figures->in_system_s -= from->components[c].in_system_s;
        figures->ready_s -= from->components[c].ready_s;
    }
}

// ---- running -----------------------------------------------------------------------------------

// The end of part `batch` of the measured time.
static int64_t end_of(const struct design *design, uint32_t batch)
{
    const int64_t measured = design->duration_ns - design->warmup_ns;
    return design->warmup_ns + (int64_t)((__int128)measured * (batch + 1) / BATCHES_COUNT);
}

static enum run_end run_to(struct world *world, int64_t until_ns, const volatile int *stop)
{
    while (world->now < until_ns) {
        if (stop != NULL && *stop != 0) {
            return RUN_INTERRUPTED;
        }
        const int64_t next = time_after(world->now, world->meter.series.bin_ns);
        if (!world_run(world, next < until_ns ? next : until_ns)) {
            return RUN_MAX_EVENTS;
        }
    }
    return RUN_DONE;
}

// The counters as they stand; the world keeps its own.
static void take_copy(struct world *world, struct run_record *record)
{
    run_note(world, RUN_INTERRUPTED, record);
    world->meter = record->meter;
    record->meter = copy_meter(&world->meter, world->design);
    record->end = RUN_DONE;
    record->invariant_count = 0;
    record->exemplar_count = 0;
    for (uint32_t m = 0; m < record->model_metric_count; m++) {
        record->model_metrics[m] = (double)NAN;
    }
}

// Server seconds are noted for the whole measured time: a part has its share of them.
static void share_time(struct run_record *record, const struct design *design, uint32_t batch)
{
    const int64_t begin = batch == 0 ? design->warmup_ns : end_of(design, batch - 1);
    const double share =
        (double)(end_of(design, batch) - begin) / (double)(design->duration_ns - design->warmup_ns);
    record->measured_ns = end_of(design, batch) - begin;
    for (uint32_t c = 0; c < design->component_count; c++) {
        record->components[c].capacity_s *= share;
        if (batch + 1 < BATCHES_COUNT) { // known of the whole alone
            record->components[c].utilization_max = (double)NAN;
        }
    }
}

static void take_differences(struct run_record *records, const struct design *design)
{
    for (uint32_t b = BATCHES_COUNT - 1; b > 0; b--) {
        subtract_flows(&records[b].meter, &records[b - 1].meter, design);
        subtract_links(&records[b].meter, &records[b - 1].meter, design);
        subtract_judged(&records[b].meter, &records[b - 1].meter, design);
        subtract_figures(&records[b], &records[b - 1], design);
    }
    for (uint32_t b = 0; b < BATCHES_COUNT; b++) {
        share_time(&records[b], design, b);
    }
}

static enum run_end run_parts(struct world *world, const volatile int *stop,
                              struct run_record *records, uint32_t *copies)
{
    enum run_end end = run_to(world, world->design->warmup_ns, stop);
    if (end == RUN_DONE) {
        meter_clear(world);
    }
    for (uint32_t b = 0; b < BATCHES_COUNT && end == RUN_DONE; b++) {
        end = run_to(world, end_of(world->design, b), stop);
        if (end == RUN_DONE && b + 1 < BATCHES_COUNT) {
            take_copy(world, &records[(*copies)++]);
        }
    }
    if (end == RUN_DONE) {
        meter_close(world);
    }
    return end;
}

uint32_t batches_run(const struct design *design, uint32_t replication, const volatile int *stop,
                     struct event_log *log, struct run_record *records)
{
    struct world *world = world_begin(design, replication);
    if (log != NULL) {
        event_log_attach(log, world);
    }
    uint32_t copies = 0;
    const enum run_end end = run_parts(world, stop, records, &copies);
    if (end != RUN_DONE) {
        batches_release(records, copies, design);
        copies = 0;
    }
    run_note(world, end, &records[copies]);
    world_end(world);
    if (end == RUN_DONE) {
        take_differences(records, design);
        return BATCHES_COUNT;
    }
    if (end == RUN_INTERRUPTED) {
        run_record_release(&records[0], design);
        return 0;
    }
    return 1;
}

void batches_release(struct run_record *records, uint32_t count, const struct design *design)
{
    for (uint32_t b = 0; b < count; b++) {
        run_record_release(&records[b], design);
    }
}
