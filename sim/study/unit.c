// unit - what one unit of work leaves behind, as bytes: a pure function of scenario, seed and
// number.
//
// One walk over a record serves both directions: every field passes through `pass`, which writes it
// or reads it. Counts stand before what they count, and are checked before memory is taken.
#include "sim/study/unit.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/engine/figure.h"

static const uint64_t SHAPE = 0x33696e7579727272U; // changes with the layout

struct passage {
    struct unit_bytes *out;     // writing, NULL: reading
    const unsigned char *bytes; // reading
    size_t length, at;
    const struct design *design;
    bool broken; // what is read does not fit
};

static void write_bytes(struct unit_bytes *out, const void *bytes, size_t size)
{
    if (out->room - out->length < size) {
        out->room = (out->length + size) * 2;
        out->bytes = check_realloc(out->bytes, out->room);
    }
    memcpy(out->bytes + out->length, bytes, size);
    out->length += size;
}

static void pass(struct passage *passage, void *field, size_t size)
{
    if (size == 0) {
        return;
    }
    if (passage->out != NULL) {
        write_bytes(passage->out, field, size);
    } else if (passage->broken || passage->length - passage->at < size) {
        passage->broken = true;
        memset(field, 0, size);
    } else {
        memcpy(field, passage->bytes + passage->at, size);
        passage->at += size;
    }
}

// A number that both sides know already.
static void pass_known(struct passage *passage, uint64_t number)
{
    uint64_t read = number;
    pass(passage, &read, sizeof read);
    passage->broken = passage->broken || read != number;
}

// An array of `count` elements; reading takes it, if so much can be there at all.
static void *pass_array(struct passage *passage, void *array, uint64_t count, size_t size)
{
    if (passage->out != NULL) {
        pass(passage, array, (size_t)count * size);
        return array;
    }
    const bool fits = !passage->broken && count <= (passage->length - passage->at) / size;
    passage->broken = !fits;
    void *taken = check_calloc(fits ? (size_t)count + 1 : 1, size);
    pass(passage, taken, fits ? (size_t)count * size : 0);
    return taken;
}

// ---- parts --------------------------------------------------------------------------------------

static void pass_tally(struct passage *passage, struct tally *tally)
{
    pass(passage, &tally->value, sizeof tally->value);
    pass(passage, &tally->maximum, sizeof tally->maximum);
    pass(passage, &tally->changes, sizeof tally->changes);
}

// Most buckets are empty: runs of zeros are counted, runs of counts stand as they are.
static void write_counts(struct passage *passage, const uint64_t *counts, uint32_t room)
{
    uint32_t at = 0;
    while (at < room) {
        uint32_t runs[2] = {0, 0}; // zeros, counts
        while (at < room && counts[at] == 0) {
            runs[0]++;
            at++;
        }
        while (at + runs[1] < room && counts[at + runs[1]] != 0) {
            runs[1]++;
        }
        write_bytes(passage->out, runs, sizeof runs);
        write_bytes(passage->out, counts + at, runs[1] * sizeof *counts);
        at += runs[1];
    }
}

static uint64_t *read_counts(struct passage *passage, uint32_t room)
{
    uint64_t *counts = check_calloc((size_t)room + 1, sizeof *counts);
    uint32_t at = 0;
    while (at < room && !passage->broken) {
        uint32_t runs[2] = {0, 0};
        pass(passage, runs, sizeof runs);
        const uint64_t length = (uint64_t)runs[0] + runs[1];
        passage->broken = passage->broken || length == 0 || length > room - at;
        if (!passage->broken) {
            pass(passage, counts + at + runs[0], runs[1] * sizeof *counts);
            at += (uint32_t)length;
        }
    }
    return counts;
}

static void pass_histogram(struct passage *passage, struct histogram *histogram)
{
    pass(passage, &histogram->count, sizeof histogram->count);
    pass(passage, &histogram->sum, sizeof histogram->sum);
    pass(passage, &histogram->sum_of_squares, sizeof histogram->sum_of_squares);
    pass(passage, &histogram->minimum, sizeof histogram->minimum);
    pass(passage, &histogram->maximum, sizeof histogram->maximum);
    pass(passage, &histogram->first, sizeof histogram->first);
    pass(passage, &histogram->room, sizeof histogram->room);
    pass(passage, &histogram->threshold_count, sizeof histogram->threshold_count);
    pass(passage, histogram->thresholds, sizeof histogram->thresholds);
    pass(passage, histogram->below, sizeof histogram->below);
    const bool sound = histogram->threshold_count <= HISTOGRAM_THRESHOLDS &&
                       (uint64_t)histogram->first + histogram->room <= HISTOGRAM_BUCKETS;
    passage->broken = passage->broken || !sound;
    if (passage->broken) {
        histogram_init(histogram);
        return;
    }
    if (histogram->room > 0 && passage->out != NULL) {
        write_counts(passage, histogram->counts, histogram->room);
    } else if (histogram->room > 0) {
        histogram->counts = read_counts(passage, histogram->room);
    }
}

static void pass_workload(struct passage *passage, struct workload_meter *meter)
{
    pass(passage, &meter->offered, sizeof meter->offered);
    pass(passage, meter->statuses, sizeof meter->statuses);
    pass(passage, &meter->offered_total, sizeof meter->offered_total);
    pass(passage, &meter->ended_total, sizeof meter->ended_total);
    pass(passage, &meter->open, sizeof meter->open);
    pass(passage, &meter->gather_ns, sizeof meter->gather_ns);
    pass_histogram(passage, &meter->latency);
    pass_histogram(passage, &meter->latency_any);
    pass_tally(passage, &meter->connected);
    pass(passage, &meter->connected_least, sizeof meter->connected_least);
    pass(passage, &meter->heartbeats, sizeof meter->heartbeats);
    pass(passage, &meter->losses, sizeof meter->losses);
    pass(passage, &meter->reconnects, sizeof meter->reconnects);
}

static void pass_component(struct passage *passage, struct component_meter *meter)
{
    pass_tally(passage, &meter->in_system);
    pass(passage, &meter->begun_total, sizeof meter->begun_total);
    pass(passage, &meter->ended_total, sizeof meter->ended_total);
    pass(passage, &meter->sojourn_total_ns, sizeof meter->sojourn_total_ns);
    pass_histogram(passage, &meter->wait);
    pass(passage, &meter->retries, sizeof meter->retries);
    pass(passage, &meter->timeouts, sizeof meter->timeouts);
    pass(passage, &meter->ejections, sizeof meter->ejections);
    pass(passage, &meter->breaker_trips, sizeof meter->breaker_trips);
    pass(passage, &meter->in_system_before, sizeof meter->in_system_before);
}

static void pass_operation(struct passage *passage, struct operation_meter *meter)
{
    pass(passage, &meter->visits, sizeof meter->visits);
    pass(passage, &meter->arrivals, sizeof meter->arrivals);
    pass(passage, &meter->published, sizeof meter->published);
    pass(passage, meter->parts_ns, sizeof meter->parts_ns);
    pass(passage, meter->statuses, sizeof meter->statuses);
    pass_histogram(passage, &meter->latency);
    pass(passage, &meter->waste, sizeof meter->waste);
    pass_histogram(passage, &meter->latency_any);
}

static void pass_edge(struct passage *passage, struct edge_meter *meter)
{
    pass(passage, &meter->calls, sizeof meter->calls);
    pass(passage, &meter->tries, sizeof meter->tries);
    pass(passage, &meter->retries, sizeof meter->retries);
    pass(passage, &meter->hedges, sizeof meter->hedges);
    pass(passage, &meter->timeouts, sizeof meter->timeouts);
    pass(passage, &meter->failures, sizeof meter->failures);
    pass(passage, &meter->short_circuited, sizeof meter->short_circuited);
    pass_histogram(passage, &meter->latency);
}

static void pass_slo(struct passage *passage, struct slice_meter *meter)
{
    pass(passage, &meter->slice_count, sizeof meter->slice_count);
    meter->good = pass_array(passage, meter->good, meter->slice_count, sizeof *meter->good);
    meter->total = pass_array(passage, meter->total, meter->slice_count, sizeof *meter->total);
    pass(passage, &meter->late, sizeof meter->late);
    pass(passage, &meter->bad_uncharged, sizeof meter->bad_uncharged);
}

static void pass_fault(struct passage *passage, struct fault_meter *meter)
{
    pass(passage, &meter->occurrences, sizeof meter->occurrences);
    pass(passage, &meter->active_ns, sizeof meter->active_ns);
    pass(passage, &meter->first_ns, sizeof meter->first_ns);
    pass(passage, &meter->last_end_ns, sizeof meter->last_end_ns);
    meter->bad_requests = pass_array(passage, meter->bad_requests, passage->design->slo_count,
                                     sizeof *meter->bad_requests);
}

static void pass_consumer(struct passage *passage, struct consumer_meter *meter)
{
    pass_histogram(passage, &meter->lag);
    pass_tally(passage, &meter->backlog);
    pass(passage, &meter->delivered, sizeof meter->delivered);
    pass(passage, &meter->redelivered, sizeof meter->redelivered);
}

static void pass_log(struct passage *passage, struct meter *meter)
{
    pass(passage, &meter->log_count, sizeof meter->log_count);
    if (passage->out == NULL) {
        const bool fits = meter->log_count <= passage->length - passage->at;
        passage->broken = passage->broken || !fits;
        meter->log_count = passage->broken ? 0 : meter->log_count;
        meter->log = check_calloc((size_t)meter->log_count + 1, sizeof *meter->log);
    }
    for (uint32_t i = 0; i < meter->log_count; i++) {
        struct log_event *event = &meter->log[i];
        pass(passage, &event->time_ns, sizeof event->time_ns);
        pass(passage, &event->kind, sizeof event->kind);
        pass(passage, &event->subject, sizeof event->subject);
        pass(passage, &event->value, sizeof event->value);
    }
}

// ---- series -------------------------------------------------------------------------------------

// A part of a replication may have none.
static void pass_series(struct passage *passage, struct meter *meter)
{
    struct series *series = &meter->series;
    uint8_t has = series->component_counts != NULL;
    pass(passage, &has, sizeof has);
    if (!has || passage->broken) {
        return;
    }
    pass(passage, &series->bin_count, sizeof series->bin_count);
    pass(passage, &series->bin_ns, sizeof series->bin_ns);
    pass(passage, &series->component_count, sizeof series->component_count);
    pass(passage, &series->operation_count, sizeof series->operation_count);
    pass(passage, &series->workload_count, sizeof series->workload_count);
    passage->broken = passage->broken ||
                      series->component_count != passage->design->component_count ||
                      series->workload_count != passage->design->workload_count;
    const uint64_t bins = passage->broken ? 0 : series->bin_count;
    const uint64_t components = bins * series->component_count;
    const uint64_t operations = bins * series->operation_count;
    const uint64_t workloads = bins * series->workload_count;
    series->component_counts =
        pass_array(passage, series->component_counts, components * SERIES_COUNTS, sizeof(uint32_t));
    series->component_levels =
        pass_array(passage, series->component_levels, components * SERIES_LEVELS, sizeof(float));
    series->operation_latency = pass_array(passage, series->operation_latency,
                                           operations * SERIES_LATENCIES, sizeof(float));
    series->workload_latency =
        pass_array(passage, series->workload_latency, workloads * SERIES_LATENCIES, sizeof(float));
    series->workload_counts =
        pass_array(passage, series->workload_counts, workloads * SERIES_FLOWS, sizeof(uint32_t));
    series->heatmap =
        pass_array(passage, series->heatmap, workloads * SERIES_HEAT, sizeof(uint32_t));
    if (passage->out == NULL) {
        meter->snapshots = NULL;
    }
}

// ---- the meter ----------------------------------------------------------------------------------

static uint32_t operation_count(const struct design *design)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        count += design->components[i].operation_count;
    }
    return count;
}

static void take_meter(struct meter *meter, const struct design *design)
{
    const uint32_t operations = operation_count(design);
    meter->workloads = check_calloc(design->workload_count + 1, sizeof *meter->workloads);
    meter->components = check_calloc(design->component_count + 1, sizeof *meter->components);
    meter->operations = check_calloc(operations + 1, sizeof *meter->operations);
    meter->operation_base = check_calloc(design->component_count + 1, sizeof(uint32_t));
    meter->edges = check_calloc(design->edge_count + 1, sizeof *meter->edges);
    meter->slos = check_calloc(design->slo_count + 1, sizeof *meter->slos);
    meter->faults = check_calloc(design->fault_count + 1, sizeof *meter->faults);
    meter->consumers = check_calloc(design->consumer_count + 1, sizeof *meter->consumers);
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        histogram_init(&meter->consumers[i].lag);
    }
    uint32_t base = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        meter->operation_base[i] = base;
        base += design->components[i].operation_count;
    }
    meter->operation_base[design->component_count] = base;
}

static void pass_meter(struct passage *passage, struct meter *meter)
{
    const struct design *design = passage->design;
    if (passage->out == NULL) {
        take_meter(meter, design);
    }
    for (uint32_t i = 0; i < design->workload_count; i++) {
        pass_workload(passage, &meter->workloads[i]);
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        pass_component(passage, &meter->components[i]);
    }
    for (uint32_t i = 0; i < operation_count(design); i++) {
        pass_operation(passage, &meter->operations[i]);
    }
    for (uint32_t i = 0; i < design->edge_count; i++) {
        pass_edge(passage, &meter->edges[i]);
    }
    for (uint32_t i = 0; i < design->slo_count; i++) {
        pass_slo(passage, &meter->slos[i]);
    }
    for (uint32_t i = 0; i < design->fault_count; i++) {
        pass_fault(passage, &meter->faults[i]);
    }
    uint8_t has = meter->consumers != NULL; // the parts of a replication have none
    pass(passage, &has, sizeof has);
    if (!has) {
        free(meter->consumers);
        meter->consumers = NULL;
    }
    for (uint32_t i = 0; has && !passage->broken && i < design->consumer_count; i++) {
        pass_consumer(passage, &meter->consumers[i]);
    }
    pass_series(passage, meter);
    pass_log(passage, meter);
    pass(passage, &meter->stale_wakes, sizeof meter->stale_wakes);
}

// ---- the record ---------------------------------------------------------------------------------

static void pass_invariant(struct passage *passage, struct run_record *record, uint32_t number)
{
    struct invariant_count *invariant = &record->invariants[number];
    uint32_t length = passage->out == NULL ? 0 : (uint32_t)strlen(invariant->name);
    pass(passage, &length, sizeof length);
    passage->broken =
        passage->broken || (passage->out == NULL && length > passage->length - passage->at);
    if (passage->out == NULL) {
        char *name = arena_take(&record->arena, passage->broken ? 1 : (size_t)length + 1);
        pass(passage, name, passage->broken ? 0 : length);
        invariant->name = name;
    } else {
        write_bytes(passage->out, invariant->name, length);
    }
    pass(passage, &invariant->checked, sizeof invariant->checked);
    pass(passage, &invariant->violated, sizeof invariant->violated);
    uint32_t said = passage->out == NULL ? 0 : (uint32_t)strlen(invariant->first);
    pass(passage, &said, sizeof said);
    passage->broken = passage->broken || said >= sizeof invariant->first;
    pass(passage, invariant->first, passage->broken ? 0 : said);
}

static void pass_figures(struct passage *passage, struct component_figures *figures)
{
    pass(passage, &figures->busy_s, sizeof figures->busy_s);
    pass(passage, &figures->capacity_s, sizeof figures->capacity_s);
    pass(passage, &figures->queue_s, sizeof figures->queue_s);
    pass(passage, &figures->in_system_s, sizeof figures->in_system_s);
    pass(passage, &figures->ready_s, sizeof figures->ready_s);
    pass(passage, &figures->queue_max, sizeof figures->queue_max);
    pass(passage, &figures->utilization_max, sizeof figures->utilization_max);
}

static uint32_t metric_count(const struct design *design)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        count += figure_count(design, i);
    }
    return count;
}

static void pass_tables(struct passage *passage, struct run_record *record)
{
    const struct design *design = passage->design;
    if (passage->out == NULL) {
        record->model_metric_count = metric_count(design);
        record->components = arena_take_array(&record->arena, design->component_count + 1,
                                              sizeof *record->components);
        record->model_metrics = arena_take_array(&record->arena, record->model_metric_count + 1,
                                                 sizeof *record->model_metrics);
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        pass_figures(passage, &record->components[i]);
    }
    pass(passage, record->model_metrics,
         record->model_metric_count * sizeof *record->model_metrics);
    pass(passage, &record->invariant_count, sizeof record->invariant_count);
    passage->broken = passage->broken || record->invariant_count > WORLD_INVARIANTS;
    record->invariant_count = passage->broken ? 0 : record->invariant_count;
    if (passage->out == NULL) {
        record->invariants = arena_take_array(&record->arena, record->invariant_count,
                                              sizeof *record->invariants);
    }
    for (uint32_t i = 0; i < record->invariant_count; i++) {
        pass_invariant(passage, record, i);
    }
}

static void pass_exemplars(struct passage *passage, struct run_record *record)
{
    pass(passage, &record->exemplar_count, sizeof record->exemplar_count);
    if (passage->out == NULL) {
        const bool fits = record->exemplar_count <= passage->length - passage->at;
        passage->broken = passage->broken || !fits;
        record->exemplar_count = passage->broken ? 0 : record->exemplar_count;
        record->exemplars = arena_take_array(
            &record->arena, (size_t)record->exemplar_count + 1, sizeof *record->exemplars);
    }
    for (uint32_t i = 0; i < record->exemplar_count; i++) {
        struct exemplar_span *span = &record->exemplars[i];
        pass(passage, &span->began_ns, sizeof span->began_ns);
        pass(passage, &span->ended_ns, sizeof span->ended_ns);
        pass(passage, &span->exemplar, sizeof span->exemplar);
        pass(passage, &span->component, sizeof span->component);
        pass(passage, &span->operation, sizeof span->operation);
        pass(passage, &span->replica, sizeof span->replica);
        pass(passage, &span->attempt, sizeof span->attempt);
        pass(passage, &span->tries, sizeof span->tries);
        pass(passage, &span->status, sizeof span->status);
    }
}

static void pass_record(struct passage *passage, struct run_record *record)
{
    uint8_t end = (uint8_t)record->end;
    pass(passage, &record->replication, sizeof record->replication);
    pass(passage, &end, sizeof end);
    record->end = (enum run_end)end;
    pass(passage, &record->measured_ns, sizeof record->measured_ns);
    pass(passage, &record->events, sizeof record->events);
    pass(passage, &record->ties, sizeof record->ties);
    pass(passage, &record->stale_wakes, sizeof record->stale_wakes);
    pass(passage, &record->bytes, sizeof record->bytes);
    pass(passage, &record->fingerprint.high, sizeof record->fingerprint.high);
    pass(passage, &record->fingerprint.low, sizeof record->fingerprint.low);
    pass_tables(passage, record);
    pass_exemplars(passage, record);
    pass_meter(passage, &record->meter);
}

// What stands at the head, so that bytes of another design are refused at once.
static void pass_head(struct passage *passage, uint32_t *count)
{
    const struct design *design = passage->design;
    pass_known(passage, SHAPE);
    pass(passage, count, sizeof *count);
    pass_known(passage, design->workload_count);
    pass_known(passage, design->component_count);
    pass_known(passage, operation_count(design));
    pass_known(passage, design->edge_count);
    pass_known(passage, design->slo_count);
    pass_known(passage, design->fault_count);
    pass_known(passage, design->consumer_count);
    pass_known(passage, metric_count(design));
}

void unit_bytes_release(struct unit_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct unit_bytes){0};
}

void unit_write(struct unit_bytes *bytes, const struct design *design, struct run_record *records,
                uint32_t count)
{
    struct passage passage = {.out = bytes, .design = design};
    bytes->length = 0;
    pass_head(&passage, &count);
    for (uint32_t i = 0; i < count; i++) {
        pass_record(&passage, &records[i]);
    }
}

uint32_t unit_count(const unsigned char *bytes, size_t length)
{
    uint64_t shape = 0;
    uint32_t count = 0;
    if (length < sizeof shape + sizeof count) {
        return 0;
    }
    memcpy(&shape, bytes, sizeof shape);
    memcpy(&count, bytes + sizeof shape, sizeof count);
    return shape == SHAPE && count <= length ? count : 0;
}

bool unit_read(const unsigned char *bytes, size_t length, const struct design *design,
               struct run_record *records)
{
    struct passage passage = {.bytes = bytes, .length = length, .design = design};
    uint32_t count = 0, begun = 0;
    pass_head(&passage, &count);
    while (!passage.broken && begun < count) {
        records[begun] = (struct run_record){0};
        arena_init_small(&records[begun].arena);
        pass_record(&passage, &records[begun++]);
    }
    const bool good = !passage.broken && passage.at == length;
    while (!good && begun > 0) {
        run_record_release(&records[--begun], design);
    }
    return good;
}
