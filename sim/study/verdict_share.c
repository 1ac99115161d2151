// verdict_share - objectives about a share of requests: their counts, by replication and by slice.
#include <math.h>
#include <string.h>

#include "sim/study/verdict_parts.h"

#define LEVEL 0.95

static void add_statuses(struct verdict_flow *flow, const uint64_t *statuses)
{
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        flow->ended += statuses[s];
        flow->good += status_is_good((enum status)s) ? statuses[s] : 0;
    }
}

// The operations of the target: one, or all of a component that can be called.
static void operation_range(const struct judging *judging, uint32_t *first, uint32_t *end)
{
    const struct slo_design *design = judging->design;
    const struct result_component *component = &judging->result->components[design->index];
    *first = component->first_operation;
    *end = *first + component->operation_count;
    if (design->target == SLO_OPERATION) {
        *first += design->operation;
        *end = *first + 1;
    }
}

// What a broker has for consumers is offered to them, whether they fetch it or fall behind.
static uint64_t offered_to(const struct operation_meter *meter)
{
    const bool behind = meter->published > 0 && (uint64_t)meter->published > meter->arrivals;
    return behind ? (uint64_t)meter->published : meter->arrivals;
}

static bool counts(const struct judging *judging, uint32_t operation)
{
    return judging->design->target == SLO_OPERATION ||
           !judging->result->operations[operation].internal;
}

struct verdict_flow verdict_flow_of(const struct judging *judging, const struct run_record *record)
{
    struct verdict_flow flow = {0};
    if (judging->design->target == SLO_WORKLOAD) {
        const struct workload_meter *meter = &record->meter.workloads[judging->design->index];
        flow.offered = meter->offered;
        add_statuses(&flow, meter->statuses);
        return flow;
    }
    uint32_t first, end;
    operation_range(judging, &first, &end);
    for (uint32_t o = first; o < end; o++) {
        if (counts(judging, o)) {
            const struct operation_meter *meter =
                result_operation_meter(judging->result, record, o);
            flow.offered += offered_to(meter);
            add_statuses(&flow, meter->statuses);
        }
    }
    return flow;
}

static void merge_plain(struct histogram *into, const struct histogram *from)
{
    struct histogram plain = *from;
    plain.threshold_count = 0;
    histogram_merge(into, &plain);
}

void verdict_latencies(const struct judging *judging, const struct run_record *record,
                       struct histogram *into)
{
    const bool any = judging->design->any_status;
    if (judging->design->target == SLO_WORKLOAD) {
        const struct workload_meter *meter = &record->meter.workloads[judging->design->index];
        merge_plain(into, any ? &meter->latency_any : &meter->latency);
        return;
    }
    uint32_t first, end;
    operation_range(judging, &first, &end);
    for (uint32_t o = first; o < end; o++) {
        if (counts(judging, o)) {
            const struct operation_meter *meter =
                result_operation_meter(judging->result, record, o);
            merge_plain(into, any ? &meter->latency_any : &meter->latency);
        }
    }
}

static uint64_t smaller(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

// The slices' own counters, and what was still under way and too old.
static void count_slices(struct judging *judging, uint32_t row)
{
    const struct slice_meter *meter = &judging->input->records[row].meter.slos[judging->index];
    judging->total[row] = meter->late;
    for (uint32_t i = 0; i < meter->slice_count; i++) {
        judging->good[row] += meter->good[i];
        judging->total[row] += meter->total[i];
    }
}

// Values below the limit: its exact counter, or whole buckets where the histogram watches others.
static uint64_t below(const struct histogram *histogram, int64_t limit_ns)
{
    for (uint32_t i = 0; i < histogram->threshold_count; i++) {
        if (histogram->thresholds[i] == limit_ns) {
            return histogram->below[i];
        }
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < histogram->room; i++) {
        if (histogram_bucket_low(histogram->first + i + 1) <= limit_ns) {
            sum += histogram->counts[i];
        }
    }
    return sum;
}

// A percentile of the whole run: the threshold counters of the target's histograms.
static void count_thresholds(struct judging *judging, uint32_t row)
{
    const struct slo_design *design = judging->design;
    const struct run_record *record = &judging->input->records[row];
    const int64_t limit_ns = (int64_t)design->limit;
    judging->total[row] = record->meter.slos[judging->index].late;
    if (design->target == SLO_WORKLOAD) {
        const struct workload_meter *meter = &record->meter.workloads[design->index];
        const struct histogram *histogram =
            design->any_status ? &meter->latency_any : &meter->latency;
        judging->good[row] = below(histogram, limit_ns);
        judging->total[row] += histogram->count;
        return;
    }
    uint32_t first, end;
    operation_range(judging, &first, &end);
    for (uint32_t o = first; o < end; o++) {
        if (counts(judging, o)) {
            const struct operation_meter *meter =
                result_operation_meter(judging->result, record, o);
            const struct histogram *histogram =
                design->any_status ? &meter->latency_any : &meter->latency;
            judging->good[row] += below(histogram, limit_ns);
            judging->total[row] += histogram->count;
        }
    }
}

static void count_flow(struct judging *judging, uint32_t row)
{
    const struct verdict_flow flow = verdict_flow_of(judging, &judging->input->records[row]);
    judging->total[row] = judging->design->metric == SLO_CARRIED ? flow.offered : flow.ended;
    judging->good[row] = flow.good;
}

// Spread of the requests under way at the ends of the parts, around a straight line.
static double spread_about_line(const double *under, uint32_t count)
{
    const double middle = (count - 1) / 2.0;
    double mean = 0.0, square = 0.0, cross = 0.0, left = 0.0;
    for (uint32_t k = 0; k < count; k++) {
        mean += under[k] / count;
    }
    for (uint32_t k = 0; k < count; k++) {
        square += (k - middle) * (k - middle);
        cross += (k - middle) * (under[k] - mean);
    }
    for (uint32_t k = 0; k < count; k++) {
        const double rest = under[k] - mean - cross / square * (k - middle);
        left += rest * rest;
    }
    return left / (count - 2);
}

struct estimate verdict_carried_in_parts(struct judging *judging)
{
    const uint32_t count = judging->input->count;
    double *under = judging->values; // at the end of every part; none are taken to be at the start
    double offered = 0.0, lost = 0.0, squares = 0.0;
    for (uint32_t r = 0; r < count; r++) {
        const struct verdict_flow flow = verdict_flow_of(judging, &judging->input->records[r]);
        const double bad = (double)(flow.ended - flow.good);
        offered += (double)flow.offered;
        lost += bad;
        squares += bad * bad;
        under[r] = (r == 0 ? 0.0 : under[r - 1]) + (double)flow.offered - (double)flow.ended;
    }
    struct estimate share = {.known = offered > 0.0, .df = count - 1};
    if (!share.known || count < 4) {
        share.known = false;
        return share;
    }
    const double among_parts = (squares - lost * lost / count) / (count - 1) * count;
    const double half = estimate_student(0.5 + LEVEL / 2, count - 1) *
                        sqrt(fmax(among_parts, 0.0) + 2.0 * spread_about_line(under, count)) /
                        offered;
    share.value = 1.0 - (lost + under[count - 1]) / offered;
    share.low = share.value - half;
    share.high = share.value + half;
    share.has_interval = true;
    return share;
}

bool verdict_count(struct judging *judging)
{
    const enum slo_metric metric = judging->design->metric;
    if (metric != SLO_PERCENTILE && metric != SLO_AVAILABILITY && metric != SLO_CARRIED &&
        metric != SLO_SUCCESS) {
        return false;
    }
    judging->slo->good = judging->slo->total = 0;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        judging->good[r] = judging->total[r] = 0;
        if (metric == SLO_AVAILABILITY) {
            count_slices(judging, r);
        } else if (metric == SLO_PERCENTILE) {
            count_thresholds(judging, r);
        } else {
            count_flow(judging, r);
        }
        judging->slo->good += judging->good[r];
        judging->slo->total += judging->total[r];
    }
    return true;
}

// Good and total of one slice by row, so that the slice can be judged as the whole is.
static void take_slice(struct judging *judging, uint32_t slice)
{
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const struct slice_meter *meter = &judging->input->records[r].meter.slos[judging->index];
        const bool has = slice < meter->slice_count;
        judging->total[r] = has ? meter->total[slice] : 0;
        judging->good[r] = has ? smaller(meter->good[slice], judging->total[r]) : 0;
    }
}

static void pool_slices(struct judging *judging)
{
    struct result_slo *slo = judging->slo;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const uint32_t count = judging->input->records[r].meter.slos[judging->index].slice_count;
        slo->slice_count = count > slo->slice_count ? count : slo->slice_count;
    }
    struct arena *arena = &judging->result->arena;
    slo->slice_good = arena_take_array(arena, slo->slice_count + 1, sizeof(uint64_t));
    slo->slice_total = arena_take_array(arena, slo->slice_count + 1, sizeof(uint64_t));
    slo->slice_state = arena_take_array(arena, slo->slice_count + 1, sizeof(uint8_t));
    for (uint32_t i = 0; i < slo->slice_count; i++) {
        take_slice(judging, i);
        for (uint32_t r = 0; r < judging->input->count; r++) {
            slo->slice_good[i] += judging->good[r];
            slo->slice_total[i] += judging->total[r];
        }
    }
}

// With `every` the worst slice decides: good and total by row become its own. Otherwise the whole.
void verdict_slices(struct judging *judging, double target)
{
    struct result_slo *slo = judging->slo;
    if (slo->slice_s == 0.0) {
        return;
    }
    pool_slices(judging);
    double worst = INFINITY;
    for (uint32_t i = 0; i < slo->slice_count; i++) {
        if (slo->slice_total[i] == 0) {
            continue;
        }
        const double ratio = (double)slo->slice_good[i] / (double)slo->slice_total[i];
        slo->slice_state[i] = ratio >= target ? RESULT_SLICE_GOOD : RESULT_SLICE_BAD;
        if (ratio < worst) {
            worst = ratio;
            slo->worst_slice = i;
        }
    }
    if (slo->worst_slice == RESULT_NONE || slo->metric == SLO_AVAILABILITY) {
        verdict_count(judging);
        return;
    }
    take_slice(judging, slo->worst_slice);
}
