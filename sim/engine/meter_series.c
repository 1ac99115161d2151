// meter_series - the time series of a world: sampled at the end of every bin.
//
// Counts and areas are differences of running counters, so the hot path pays nothing for them.
// Latency quantiles of a bin come from a histogram that is emptied at the end of the bin.
#include "sim/engine/meter_series.h"

#include <stdlib.h>

#include "sim/base/check.h"

enum { SAMPLE_EVENT = 0xfee, MOST_BINS = 8192 };

struct meter_snapshot {
    uint64_t counts[SERIES_COUNTS];
    __int128 busy, queue, in_system;
    __int128 *node_busy;
};

// ---- beginnings ---------------------------------------------------------------------------------

// The declared resolution, or the smallest multiple of it that needs no more than MOST_BINS bins.
static int64_t choose_bin(const struct design *design)
{
    const int64_t resolution = design->resolution_ns > 0 ? design->resolution_ns : TIME_S;
    const int64_t bins = (design->duration_ns + resolution - 1) / resolution;
    return resolution * ((bins + MOST_BINS - 1) / MOST_BINS);
}

static void take_series(struct series *series)
{
    const size_t bins = series->bin_count;
    series->component_counts =
        check_calloc(bins * series->component_count * SERIES_COUNTS + 1, sizeof(uint32_t));
    series->component_levels =
        check_calloc(bins * series->component_count * SERIES_LEVELS + 1, sizeof(float));
    series->operation_latency =
        check_calloc(bins * series->operation_count * SERIES_LATENCIES + 1, sizeof(float));
    series->workload_latency =
        check_calloc(bins * series->workload_count * SERIES_LATENCIES + 1, sizeof(float));
    series->workload_counts =
        check_calloc(bins * series->workload_count * SERIES_FLOWS + 1, sizeof(uint32_t));
    series->heatmap =
        check_calloc(bins * series->workload_count * SERIES_HEAT + 1, sizeof(uint32_t));
}

static void on_bin_end(void *subject, uint64_t bin);

static void begin_bin(struct world *world, uint32_t bin)
{
    const struct series *series = &world->meter.series;
    const size_t row = (size_t)bin * series->workload_count;
    world->meter.bin = bin;
    world->meter.flows = &series->workload_counts[row * SERIES_FLOWS];
    const struct event event = {on_bin_end, world, bin, SAMPLE_EVENT};
    event_queue_at(world->queue, world->meter.series.bin_ns * (int64_t)(bin + 1), event);
}

void meter_series_begin(struct world *world)
{
    const struct design *design = world->design;
    struct meter *meter = &world->meter;
    struct series *series = &meter->series;
    series->bin_ns = choose_bin(design);
    const int64_t bins = (design->duration_ns + series->bin_ns - 1) / series->bin_ns;
    series->bin_count = bins > 0 ? (uint32_t)bins : 1;
    series->component_count = design->component_count;
    series->workload_count = design->workload_count;
    series->operation_count = meter->operation_base[design->component_count];
    take_series(series);
    meter->snapshots = check_calloc(design->component_count + 1, sizeof *meter->snapshots);
    for (uint32_t i = 0; i < design->component_count; i++) {
        meter->snapshots[i].node_busy =
            check_calloc(design->components[i].replicas + 1, sizeof(__int128));
    }
    begin_bin(world, 0);
}

void meter_series_release(struct meter *meter)
{
    struct series *series = &meter->series;
    for (uint32_t i = 0; meter->snapshots != NULL && i < series->component_count; i++) {
        free(meter->snapshots[i].node_busy);
    }
    free(meter->snapshots);
    free(series->component_counts);
    free(series->component_levels);
    free(series->operation_latency);
    free(series->workload_latency);
    free(series->workload_counts);
    free(series->heatmap);
}

// ---- counts -------------------------------------------------------------------------------------

static void gather_counts(const struct world *world, const struct component *component,
                          uint64_t counts[SERIES_COUNTS])
{
    for (uint32_t i = 0; i < component->design->operation_count; i++) {
        const struct operation_meter *meter =
            &world->meter.operations[world->meter.operation_base[component->number] + i];
        counts[SERIES_ARRIVALS] += meter->arrivals;
        for (int status = 0; status < STATUS_COUNT; status++) {
            const bool good = status_is_good((enum status)status);
            const bool shed = status == STATUS_REJECTED || status == STATUS_THROTTLED;
            const int column = good ? SERIES_COMPLETIONS : shed ? SERIES_SHED : SERIES_ERRORS;
            counts[column] += meter->statuses[status];
        }
    }
    counts[SERIES_RETRIES] = component->meter->retries;
    counts[SERIES_TIMEOUTS] = component->meter->timeouts;
}

static void sample_counts(struct world *world, struct component *component)
{
    struct meter_snapshot *snapshot = &world->meter.snapshots[component->number];
    const struct series *series = &world->meter.series;
    const size_t row = (size_t)world->meter.bin * series->component_count + component->number;
    uint64_t counts[SERIES_COUNTS] = {0};
    gather_counts(world, component, counts);
    for (int i = 0; i < SERIES_COUNTS; i++) {
        series->component_counts[row * SERIES_COUNTS + (size_t)i] +=
            (uint32_t)(counts[i] - snapshot->counts[i]);
        snapshot->counts[i] = counts[i];
    }
}

// ---- levels -------------------------------------------------------------------------------------

// Server ns of the component's processors at work, per node; the busiest node's share of this bin.
static __int128 gather_busy(const struct world *world, const struct component *component,
                            double *busiest, double *servers)
{
    struct meter_snapshot *snapshot = &world->meter.snapshots[component->number];
    const double bin_ns = (double)world->meter.series.bin_ns;
    __int128 sum = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct station *cpu = &component->nodes[i].cpu;
        const __int128 busy = tally_area(&cpu->busy, world->now);
        const double share =
            (double)(busy - snapshot->node_busy[i]) / bin_ns / (double)cpu->servers;
        snapshot->node_busy[i] = busy;
        *busiest = share > *busiest ? share : *busiest;
        *servers += cpu->servers;
        sum += busy;
    }
    return sum;
}

static __int128 gather_queue(const struct world *world, const struct component *component,
                             int64_t *longest)
{
    __int128 sum = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct node *node = &component->nodes[i];
        const int64_t waiting = node->cpu.waiting.value + node->concurrency.waiting.value;
        *longest = waiting > *longest ? waiting : *longest;
        sum += tally_area(&node->cpu.waiting, world->now);
        sum += tally_area(&node->concurrency.waiting, world->now);
    }
    return sum;
}

static float count_ready(const struct component *component)
{
    float ready = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct node *node = &component->nodes[i];
        ready += node->life == NODE_UP && node->pauses == 0 ? 1.0F : 0.0F;
    }
    return ready;
}

static void sample_levels(struct world *world, struct component *component)
{
    struct meter_snapshot *snapshot = &world->meter.snapshots[component->number];
    const struct series *series = &world->meter.series;
    const size_t row = (size_t)world->meter.bin * series->component_count + component->number;
    float *levels = &series->component_levels[row * SERIES_LEVELS];
    const double bin_ns = (double)series->bin_ns;
    double busiest = 0, servers = 0;
    int64_t longest = 0;
    const __int128 busy = gather_busy(world, component, &busiest, &servers);
    const __int128 queue = gather_queue(world, component, &longest);
    const __int128 in_system = tally_area(&component->meter->in_system, world->now);
    levels[SERIES_UTILIZATION] += (float)((double)(busy - snapshot->busy) / bin_ns / servers);
    levels[SERIES_QUEUE] += (float)((double)(queue - snapshot->queue) / bin_ns);
    levels[SERIES_IN_FLIGHT] += (float)((double)(in_system - snapshot->in_system) / bin_ns);
    levels[SERIES_READY] = count_ready(component);
    levels[SERIES_UTILIZATION_MAX] += (float)busiest;
    if ((float)longest > levels[SERIES_QUEUE_MAX]) {
        levels[SERIES_QUEUE_MAX] = (float)longest;
    }
    snapshot->busy = busy;
    snapshot->queue = queue;
    snapshot->in_system = in_system;
}

// ---- latencies ----------------------------------------------------------------------------------

// The value of that rank in a bucket, linear inside it, clamped to the exact maximum; seconds.
static float value_in(const struct meter_bin *bin, uint32_t bucket, uint64_t before, double rank)
{
    const double low = (double)meter_bin_low(bucket), high = (double)meter_bin_low(bucket + 1);
    const double here = (double)bin->counts[bucket], most = (double)bin->maximum;
    const double value = low + (high - low) * (rank - (double)before) / here;
    return (float)((value < most ? value : most) / 1e9);
}

static void store_quantiles(const struct meter_bin *bin, float *row)
{
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
    uint32_t bucket = 0;
    uint64_t before = 0;
    for (int q = SERIES_P50; q <= SERIES_P999; q++) {
        const double rank = quantiles[q] * (double)bin->count;
        const uint64_t least = (uint64_t)rank + ((double)(uint64_t)rank < rank);
        while (before + bin->counts[bucket] < least) {
            before += bin->counts[bucket++];
        }
        row[q] = value_in(bin, bucket, before, rank);
    }
}

static void store_latency(struct meter_bin *bin, float *row)
{
    if (bin->count == 0) {
        for (int i = SERIES_P50; i <= SERIES_MAX; i++) {
            row[i] = __builtin_nanf("");
        }
        return;
    }
    store_quantiles(bin, row);
    row[SERIES_MAX] = (float)((double)bin->maximum / 1e9);
    meter_bin_clear(bin);
}

// Lower edges of the coarse buckets, ns: 1 us x 10^(i/8).
static uint32_t heat_bucket(int64_t value_ns)
{
    static const int64_t eighths[8] = {1000, 1334, 1778, 2371, 3162, 4217, 5623, 7499};
    uint32_t decade = 0;
    while (value_ns >= 10000) {
        value_ns /= 10;
        decade++;
    }
    uint32_t eighth = 7;
    while (eighth > 0 && value_ns < eighths[eighth]) {
        eighth--;
    }
    const uint32_t bucket = decade * 8 + eighth;
    return bucket < SERIES_HEAT ? bucket : SERIES_HEAT - 1;
}

static void store_heat(const struct meter_bin *bin, uint32_t *row)
{
    const uint32_t end = meter_bin_end(bin);
    for (uint32_t i = 0; i < end; i++) {
        if (bin->counts[i] > 0) {
            row[heat_bucket(meter_bin_low(i))] += bin->counts[i];
        }
    }
}

static void sample_latencies(struct world *world)
{
    struct meter *meter = &world->meter;
    const struct series *series = &meter->series;
    for (uint32_t i = 0; i < series->workload_count; i++) {
        const size_t row = (size_t)meter->bin * series->workload_count + i;
        store_heat(&meter->workloads[i].bin, &series->heatmap[row * SERIES_HEAT]);
        store_latency(&meter->workloads[i].bin, &series->workload_latency[row * SERIES_LATENCIES]);
    }
    for (uint32_t i = 0; i < series->operation_count; i++) {
        const size_t row = (size_t)meter->bin * series->operation_count + i;
        store_latency(&meter->operations[i].bin,
                      &series->operation_latency[row * SERIES_LATENCIES]);
    }
}

// ---- sampling -----------------------------------------------------------------------------------

static void sample_components(struct world *world)
{
    for (uint32_t i = 0; i < world->design->component_count; i++) {
        sample_counts(world, &world->components[i]);
        sample_levels(world, &world->components[i]);
    }
}

static void on_bin_end(void *subject, uint64_t bin)
{
    struct world *world = subject;
    meter_flush(&world->meter, world->design);
    sample_components(world);
    sample_latencies(world);
    if (bin + 1 < world->meter.series.bin_count) {
        begin_bin(world, (uint32_t)bin + 1);
    }
}

void meter_series_sample(struct world *world)
{
    sample_components(world);
    if (world->now >= world->design->duration_ns) {
        sample_latencies(world);
    }
}

void meter_series_forget(struct world *world)
{
    for (uint32_t i = 0; i < world->design->component_count; i++) {
        struct meter_snapshot *snapshot = &world->meter.snapshots[i];
        __int128 *node_busy = snapshot->node_busy;
        for (uint32_t k = 0; k < world->components[i].node_count; k++) {
            node_busy[k] = 0;
        }
        *snapshot = (struct meter_snapshot){.node_busy = node_busy};
    }
}
