// verdict_explain - says in sentences why an objective did not pass.
#include <math.h>

#include "sim/base/text.h"
#include "sim/base/units_format.h"
#include "sim/study/verdict_parts.h"

enum { SHOWN = 3, REASONS = 64, HOT_PERCENT = 90 };

static void add_reason(struct result *result, const char *sentence)
{
    if (result->reason_count < REASONS) {
        result->reasons[result->reason_count++] = sentence;
    }
}

static const char *say_duration(char *buffer, double seconds)
{
    return units_format_duration(buffer, UNITS_FORMAT_ROOM, seconds * 1e9);
}

// ---- one objective -----------------------------------------------------------------------------

// "82 % of the bad requests are charged to zone-loss (12m-15m)"
static void say_faults(const struct result *result, uint32_t index, struct text *text)
{
    const uint64_t bad = result->slos[index].total - result->slos[index].good;
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        const uint64_t charged = fault->bad_requests == NULL ? 0 : fault->bad_requests[index];
        if (!fault->enabled || bad == 0 || charged * 100 < bad) {
            continue;
        }
        char first[UNITS_FORMAT_ROOM], end[UNITS_FORMAT_ROOM], share[UNITS_FORMAT_ROOM];
        const double part = charged > bad ? 1.0 : (double)charged / (double)bad;
        text_format(text, "; %s of the bad requests are charged to %s",
                    units_format_ratio(share, sizeof share, part), fault->name);
        if (!isnan(fault->first_s)) {
            text_format(text, " (%s to %s)", say_duration(first, fault->first_s),
                        say_duration(end, fault->end_s));
        }
    }
}

// Numbers of the largest entries that are not good, at most SHOWN.
static uint32_t largest_statuses(const uint64_t *statuses, enum status *found)
{
    uint32_t count = 0;
    bool taken[STATUS_COUNT] = {false};
    while (count < SHOWN) {
        uint32_t best = STATUS_COUNT;
        for (uint32_t s = 0; s < STATUS_COUNT; s++) {
            const bool open = !taken[s] && !status_is_good((enum status)s) && statuses[s] > 0;
            if (open && (best == STATUS_COUNT || statuses[s] > statuses[best])) {
                best = s;
            }
        }
        if (best == STATUS_COUNT) {
            break;
        }
        taken[best] = true;
        found[count++] = (enum status)best;
    }
    return count;
}

static void say_statuses(const uint64_t *statuses, struct text *text)
{
    enum status found[SHOWN];
    const uint32_t count = largest_statuses(statuses, found);
    uint64_t bad = 0;
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        bad += status_is_good((enum status)s) ? 0 : statuses[s];
    }
    for (uint32_t i = 0; i < count; i++) {
        char share[UNITS_FORMAT_ROOM];
        text_format(
            text, "%s%s %s", i == 0 ? "; of the requests that failed: " : ", ",
            units_format_ratio(share, sizeof share, (double)statuses[found[i]] / (double)bad),
            status_table[found[i]].name);
    }
}

static const uint64_t *statuses_of(const struct result *result, const struct slo_design *design)
{
    switch (design->target) {
    case SLO_WORKLOAD:
        return result->workloads[design->index].statuses;
    case SLO_COMPONENT:
        return result->components[design->index].statuses;
    case SLO_OPERATION:
        return result
            ->operations[result->components[design->index].first_operation + design->operation]
            .statuses;
    }
    return NULL;
}

static void say_slices(const struct result_slo *slo, double warmup_s, struct text *text)
{
    uint32_t bad = 0, judged = 0;
    for (uint32_t i = 0; i < slo->slice_count; i++) {
        bad += slo->slice_state[i] == RESULT_SLICE_BAD;
        judged += slo->slice_state[i] != RESULT_SLICE_EMPTY;
    }
    if (bad > 0 && slo->slice_s > 0.0) {
        char at[UNITS_FORMAT_ROOM];
        text_format(text, "; %u of %u slices are bad, the worst begins at %s", bad, judged,
                    say_duration(at, warmup_s + slo->worst_slice * slo->slice_s));
    }
}

// A fault that the window is charged with and that the run has not seen; NULL: none.
static const struct result_fault *unseen_fault(const struct result *result,
                                               const struct result_slo *slo)
{
    for (uint32_t f = 0; slo->budget != RESULT_NONE && f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        if (fault->enabled && !fault->stochastic && fault->occurrences == 0) {
            return fault;
        }
    }
    return NULL;
}

static void say_undecided(const struct result *result, const struct result_slo *slo,
                          struct text *text)
{
    char time[UNITS_FORMAT_ROOM];
    const struct result_fault *unseen = unseen_fault(result, slo);
    if (!slo->observed.has_interval && unseen != NULL) {
        text_format(text, ": fault %s strikes at %s, so what it costs is not known; run longer",
                    unseen->name, say_duration(time, unseen->at_s));
    } else if (!slo->observed.has_interval) {
        text_add(text, ": one replication has no interval; ask for more of them");
    } else if (slo->decided_by_s > 0.0 && slo->decided_by_s < 1e15) {
        text_format(text,
                    ": the interval straddles the limit; about %s of simulated time in all would "
                    "decide it",
                    say_duration(time, slo->decided_by_s));
    } else {
        text_add(text, ": the interval holds the limit itself");
    }
}

static const char *why(struct result *result, const struct slo_design *design, uint32_t index)
{
    const struct result_slo *slo = &result->slos[index];
    struct text text;
    text_init(&text);
    text_format(&text, "%s: %s ", slo->name, slo->objective);
    switch (slo->verdict) {
    case VERDICT_PASS:
        text_add(&text, "holds");
        break;
    case VERDICT_NO_DATA:
        text_format(&text, "cannot be judged: %s has no sample", slo->target);
        break;
    case VERDICT_UNDECIDED:
        text_add(&text, "is undecided");
        say_undecided(result, slo, &text);
        break;
    case VERDICT_FAIL:
        text_add(&text, "fails");
        say_slices(slo, result->warmup_s, &text);
        say_faults(result, index, &text);
        say_statuses(statuses_of(result, design), &text);
        break;
    }
    const char *sentence = arena_text(&result->arena, text_get(&text));
    text_release(&text);
    return sentence;
}

// ---- the whole ---------------------------------------------------------------------------------

static void say_hot(struct result *result)
{
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const struct estimate *busiest =
            result_flow(result, component->figures, RESULT_UTILIZATION_MAX);
        const struct estimate *mean = result_flow(result, component->figures, RESULT_UTILIZATION);
        if (!busiest->known || busiest->value * 100.0 < HOT_PERCENT) {
            continue;
        }
        add_reason(result,
                   arena_format(&result->arena,
                                "%s ran at %.2f utilisation (busiest replica %.2f), its queue "
                                "reached %lld",
                                component->name, mean->value, busiest->value,
                                (long long)component->queue_max));
    }
}

static void say_retries(struct result *result)
{
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        if (edge->calls == 0 || edge->retries * 20 < edge->calls) {
            continue;
        }
        const char *from = edge->from == RESULT_NONE ? result->workloads[edge->workload].name
                                                     : result->components[edge->from].name;
        add_reason(result, arena_format(&result->arena, "retries of %s added %.0f %% load on %s",
                                        from, 100.0 * (double)edge->retries / (double)edge->calls,
                                        result->components[edge->to].name));
    }
}

static void say_invariants(struct result *result)
{
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        if (invariant->violated > 0) {
            add_reason(result,
                       arena_format(&result->arena,
                                    "invariant `%s` was violated %llu times, first in "
                                    "replication %u: %s",
                                    invariant->name, (unsigned long long)invariant->violated,
                                    invariant->replication,
                                    invariant->first == NULL ? "" : invariant->first));
        }
    }
}

// The replication that did worst at the first objective that did not pass.
static void find_worst(struct result *result, const struct design *design, uint32_t slo)
{
    const bool shares = result->slos[slo].total > 0;
    uint32_t block = RESULT_NONE;
    if (design->slos[slo].target == SLO_WORKLOAD) {
        block = result->workloads[design->slos[slo].index].figures;
    } else {
        block = result->components[design->slos[slo].index].figures;
    }
    const bool success = shares && design->slos[slo].metric != SLO_PERCENTILE;
    double worst = -INFINITY;
    for (uint32_t r = 0; r < result->row_count && !result->batches; r++) {
        const double *row = &result->matrix[(size_t)r * result->figure_count + block];
        const double badness = success ? -row[RESULT_SUCCESS] : row[RESULT_P99];
        if (!isnan(badness) && badness > worst) {
            worst = badness;
            result->worst_row = r;
        }
    }
}

void verdict_explain(struct result *result, const struct result_input *input)
{
    result->reasons = arena_take_array(&result->arena, REASONS, sizeof *result->reasons);
    bool failed = false;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        struct result_slo *slo = &result->slos[s];
        if (slo->verdict == VERDICT_PASS) {
            continue;
        }
        slo->why = why(result, &input->design->slos[s], s);
        add_reason(result, slo->why);
        failed |= slo->verdict == VERDICT_FAIL;
        if (result->worst_row == RESULT_NONE) {
            find_worst(result, input->design, s);
        }
    }
    say_invariants(result);
    if (failed) {
        say_hot(result);
        say_retries(result);
    }
}
