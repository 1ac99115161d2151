// verdict_availability - availability in a window: what faults are charged with, and the rest.
//
// The run is not the window. What happens without a fault is scaled by its share; what one
// occurrence of a fault costs is measured in bad requests and charged as often as the fault is
// expected:
//   unavailability = other bad / total + sum over faults of expected x bad per occurrence / (rate x
//   window)
// The interval adds the half-widths of its parts, which is never too narrow.
#include <math.h>

#include "sim/study/verdict_parts.h"

#define LEVEL 0.95
#define AFTERMATH_S 60.0 // a fault is charged with what ends within a minute after it

// One part of the unavailability with its distances to the bounds.
struct part {
    double value, below, above, se;
    uint32_t df;
    bool known, has_interval;
};

struct bill { // what is summed while the parts are made
    struct part sum;
    struct result_budget *budget;
    double window_s;
};

static void add_part(struct bill *bill, struct part part)
{
    bill->sum.value += part.value;
    bill->sum.below += part.below;
    bill->sum.above += part.above;
    bill->sum.se = sqrt(bill->sum.se * bill->sum.se + part.se * part.se);
    if (part.has_interval && (bill->sum.df == 0 || part.df < bill->sum.df)) {
        bill->sum.df = part.df;
    }
    bill->sum.has_interval &= part.has_interval;
}

// Requests a second that are judged, over all rows.
static double judged_rate(const struct judging *judging)
{
    double measured_s = 0.0;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        measured_s += time_seconds(judging->input->records[r].measured_ns);
    }
    return (double)judging->slo->total / measured_s;
}

// ---- occurrences: requests ---------------------------------------------------------------------

static uint64_t charged(const struct judging *judging, uint32_t row, uint32_t fault)
{
    const struct fault_meter *meter = &judging->input->records[row].meter.faults[fault];
    return meter->bad_requests == NULL ? 0 : meter->bad_requests[judging->index];
}

// Bad requests that no fault is charged with count as misses of their own share.
static struct part other_requests(struct judging *judging)
{
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const struct slice_meter *meter = &judging->input->records[r].meter.slos[judging->index];
        const uint64_t other = meter->bad_uncharged;
        judging->good[r] =
            judging->total[r] - (other < judging->total[r] ? other : judging->total[r]);
    }
    const struct estimate good =
        estimate_ratio(judging->good, judging->total, judging->input->count, LEVEL);
    return (struct part){
        1.0 - good.value, good.high - good.value, good.value - good.low, good.se, good.df,
        good.known,       good.has_interval};
}

// Bad requests of one occurrence, over rows in which the fault struck.
static struct part fault_requests(struct judging *judging, uint32_t fault, double rate)
{
    uint32_t rows = 0;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const uint64_t times = judging->input->records[r].meter.faults[fault].occurrences;
        judging->values[r] = NAN;
        if (times > 0) {
            judging->values[r] = (double)charged(judging, r, fault) / (double)times / rate;
            rows++;
        }
    }
    const struct estimate seconds = estimate_mean(judging->values, judging->input->count, LEVEL);
    const bool known = rows > 0;
    const bool sure = seconds.has_interval || judging->input->batches;
    return (struct part){.value = known ? seconds.value : 0.0,
                         .below = seconds.has_interval ? seconds.value - seconds.low : 0.0,
                         .above = seconds.has_interval ? seconds.high - seconds.value : 0.0,
                         .se = seconds.has_interval ? seconds.se : 0.0,
                         .df = seconds.df,
                         .known = known,
                         .has_interval = known && sure};
}

// ---- time slices -------------------------------------------------------------------------------

// How bad a slice is: 0 or 1 for time slices, its bad share for ratio time slices.
static double badness(const struct slo_design *design, uint64_t good, uint64_t total)
{
    const double ratio = (double)good / (double)total;
    if (design->budgeting == SLO_RATIO_TIMESLICES) {
        return 1.0 - ratio;
    }
    return ratio >= design->slice_target ? 0.0 : 1.0;
}

// The fault whose time in force, with the aftermath, meets the slice; the one that struck last.
static uint32_t fault_of_slice(const struct judging *judging, uint32_t row, uint32_t slice)
{
    const struct design *design = judging->input->design;
    const double begin = time_seconds(judging->input->warmup_ns) + slice * judging->slo->slice_s;
    uint32_t latest = DESIGN_NONE;
    double latest_s = -INFINITY;
    for (uint32_t f = 0; f < design->fault_count; f++) {
        const struct fault_meter *meter = &judging->input->records[row].meter.faults[f];
        const double first = time_seconds(meter->first_ns);
        const double end = time_seconds(meter->last_end_ns) + AFTERMATH_S;
        if (design->faults[f].enabled && meter->occurrences > 0 && first >= latest_s &&
            first < begin + judging->slo->slice_s && end > begin) {
            latest = f;
            latest_s = first;
        }
    }
    return latest;
}

// Badness of the slices of one row that are charged to `fault` (DESIGN_NONE: to none); `all` counts
// the slices with requests.
static double slices_charged(const struct judging *judging, uint32_t row, uint32_t fault,
                             uint32_t *all)
{
    const struct slice_meter *meter = &judging->input->records[row].meter.slos[judging->index];
    double sum = 0.0;
    *all = 0;
    for (uint32_t i = 0; i < meter->slice_count; i++) {
        if (meter->total[i] == 0) {
            continue;
        }
        ++*all;
        const double bad = badness(judging->design, meter->good[i], meter->total[i]);
        if (bad > 0.0 && fault_of_slice(judging, row, i) == fault) {
            sum += bad;
        }
    }
    return sum;
}

static struct part other_slices(struct judging *judging)
{
    uint64_t slices = 0;
    double bad = 0.0;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        uint32_t all;
        const double sum = slices_charged(judging, r, DESIGN_NONE, &all);
        judging->values[r] = all == 0 ? (double)NAN : sum / all;
        slices += all;
        bad += sum;
    }
    const struct estimate mean = estimate_mean(judging->values, judging->input->count, LEVEL);
    double low = 0.0, high = 0.0;
    if (slices > 0) { // never surer than so many slices allow
        estimate_binomial((uint64_t)bad, slices, LEVEL, &low, &high);
    }
    const double above = mean.has_interval ? mean.high - mean.value : 0.0;
    const double below = mean.has_interval ? mean.value - mean.low : 0.0;
    return (struct part){mean.value,
                         fmax(below, mean.value - low),
                         fmax(above, high - mean.value),
                         mean.has_interval ? mean.se : 0.0,
                         mean.df,
                         mean.known,
                         mean.has_interval};
}

static struct part fault_slices(struct judging *judging, uint32_t fault)
{
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const uint64_t times = judging->input->records[r].meter.faults[fault].occurrences;
        uint32_t all;
        const double bad = slices_charged(judging, r, fault, &all);
        judging->values[r] = times == 0 ? (double)NAN : bad * judging->slo->slice_s / (double)times;
    }
    const struct estimate seconds = estimate_mean(judging->values, judging->input->count, LEVEL);
    return (struct part){.value = seconds.known ? seconds.value : 0.0,
                         .below = seconds.has_interval ? seconds.value - seconds.low : 0.0,
                         .above = seconds.has_interval ? seconds.high - seconds.value : 0.0,
                         .se = seconds.has_interval ? seconds.se : 0.0,
                         .df = seconds.df,
                         .known = seconds.known,
                         .has_interval =
                             seconds.known && (seconds.has_interval || judging->input->batches)};
}

// ---- the bill ----------------------------------------------------------------------------------

static struct part scaled(struct part part, double factor)
{
    part.value *= factor;
    part.below *= factor;
    part.above *= factor;
    part.se *= factor;
    return part;
}

// Occurrences in the window: as declared of a scheduled fault, as seen of a stochastic one.
static double expected_of(const struct judging *judging, uint32_t fault, double window_s)
{
    const struct fault_design *design = &judging->input->design->faults[fault];
    if (!design->stochastic) {
        return design->expected;
    }
    double occurrences = 0.0, simulated_s = 0.0;
    for (uint32_t r = 0; r < judging->input->count; r++) {
        const struct run_record *record = &judging->input->records[r];
        occurrences += (double)record->meter.faults[fault].occurrences;
        simulated_s += time_seconds(record->measured_ns);
    }
    return occurrences / simulated_s * window_s;
}

static void charge_faults(struct judging *judging, struct bill *bill)
{
    const struct design *design = judging->input->design;
    const bool slices = judging->design->budgeting != SLO_OCCURRENCES;
    const double rate = judged_rate(judging);
    for (uint32_t f = 0; f < design->fault_count; f++) {
        const double expected = expected_of(judging, f, bill->window_s);
        if (!design->faults[f].enabled || expected <= 0.0) {
            continue;
        }
        struct part part = slices ? fault_slices(judging, f) : fault_requests(judging, f, rate);
        part = scaled(part, expected);
        bill->budget->by_fault_s[f] = part.value;
        add_part(bill, scaled(part, 1.0 / bill->window_s));
    }
}

static struct result_budget *add_budget(struct judging *judging, double window_s)
{
    struct result *result = judging->result;
    judging->slo->budget = result->budget_count;
    struct result_budget *budget = &result->budgets[result->budget_count++];
    *budget = (struct result_budget){
        .slo = judging->index,
        .window_s = window_s,
        .allowed_s = (1.0 - judging->slo->limit) * window_s,
        .by_fault_s = arena_take_array(&result->arena, result->fault_count + 1, sizeof(double)),
    };
    return budget;
}

static double at_most_one(double ratio)
{
    return ratio < 0.0 ? 0.0 : ratio > 1.0 ? 1.0 : ratio;
}

static void settle(struct judging *judging, const struct bill *bill)
{
    struct result_slo *slo = judging->slo;
    const struct part *sum = &bill->sum;
    slo->observed = (struct estimate){
        .known = true,
        .has_interval = sum->has_interval && judging->input->count > 1,
        .value = at_most_one(1.0 - sum->value),
        .low = at_most_one(1.0 - sum->value - sum->above),
        .high = at_most_one(1.0 - sum->value + sum->below),
        .se = sum->se,
        .df = sum->df,
    };
    slo->verdict = verdict_of(&slo->observed, slo->limit, slo->relation);
    if (slo->verdict == VERDICT_UNDECIDED) {
        const double stretch = verdict_stretch_share(slo, &slo->observed, slo->limit);
        slo->decided_by_s = stretch * judging->result->simulated_s;
    }
}

void verdict_availability(struct judging *judging)
{
    struct result_slo *slo = judging->slo;
    const bool slices = judging->design->budgeting != SLO_OCCURRENCES;
    struct bill bill = {.sum.has_interval = true,
                        .window_s = time_seconds(judging->design->window_ns)};
    bill.budget = add_budget(judging, bill.window_s);
    verdict_slices(judging, slices ? judging->design->slice_target : slo->limit);
    if (slo->total == 0) {
        slo->verdict = VERDICT_NO_DATA;
        return;
    }
    struct part other = slices ? other_slices(judging) : other_requests(judging);
    bill.budget->other_s = other.value * bill.window_s;
    add_part(&bill, other);
    charge_faults(judging, &bill);
    bill.budget->spent_s = bill.sum.value * bill.window_s;
    settle(judging, &bill);
}
