// plan_judge - what a result says of a candidate: its objectives, and those of a fault.
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"
#include "sim/study/verdict.h"

// An interval at another level than the result's 95 %.
static struct estimate at_level(const struct plan *plan, struct estimate estimate)
{
    if (!estimate.has_interval || estimate.df == 0 || fabs(plan->confidence - 0.95) < 1e-9) {
        return estimate;
    }
    const double wide = estimate_student(0.5 + plan->confidence / 2.0, estimate.df) /
                        estimate_student(0.975, estimate.df);
    estimate.low = estimate.value - wide * (estimate.value - estimate.low);
    estimate.high = estimate.value + wide * (estimate.high - estimate.value);
    return estimate;
}

static enum verdict verdict_at(const struct plan *plan, const struct result_slo *slo)
{
    if (fabs(plan->confidence - 0.95) < 1e-9 || slo->verdict == VERDICT_NO_DATA) {
        return slo->verdict;
    }
    const struct estimate observed = at_level(plan, slo->observed);
    return verdict_of(&observed, slo->limit, slo->relation);
}

bool plan_judge_is_open(const struct plan *plan, const struct result *result)
{
    bool open = false;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const enum verdict verdict = verdict_at(plan, &result->slos[s]);
        if (verdict == VERDICT_FAIL || verdict == VERDICT_NO_DATA) {
            return false;
        }
        open = open || verdict == VERDICT_UNDECIDED;
    }
    return open;
}

static struct plan_finding finding_of(struct plan *plan, const struct result_slo *slo,
                                      uint32_t in_case)
{
    return (struct plan_finding){
        .rule = arena_format(&plan->arena, "%s: %s", slo->name, slo->objective),
        .unit = arena_text(&plan->arena, slo->unit),
        .in_case = in_case,
        .limit = slo->limit,
        .less = slo->relation == SLO_LESS || slo->relation == SLO_LESS_EQUAL,
        .observed = at_level(plan, slo->observed),
        .verdict = verdict_at(plan, slo),
    };
}

// Requests that ended in bins of a time span, and how many of them well.
static void count_span(const struct result *result, uint32_t workload, double from_s, double to_s,
                       uint64_t *good_total)
{
    const struct result_series *series = &result->series;
    for (uint32_t b = 0; b < series->bin_count; b++) {
        const double begin = b * series->bin_s;
        if (begin < from_s - 1e-9 || begin + series->bin_s > to_s + 1e-9) {
            continue;
        }
        const uint64_t *flows =
            &series->workload_counts[(b * result->workload_count + workload) * SERIES_FLOWS];
        good_total[0] += flows[SERIES_OK];
        good_total[1] += flows[SERIES_OK] + flows[SERIES_FAILED] + flows[SERIES_REFUSED];
    }
}

static struct plan_finding span_finding(struct plan *plan, uint32_t in_case, const char *rule,
                                        const uint64_t *good_total)
{
    struct plan_finding finding = {
        .rule = rule, .unit = "1", .in_case = in_case, .limit = plan->success};
    if (good_total[1] == 0) {
        finding.verdict = VERDICT_NO_DATA;
        return finding;
    }
    struct estimate *observed = &finding.observed;
    observed->known = observed->has_interval = true;
    observed->value = (double)good_total[0] / (double)good_total[1];
    estimate_binomial(good_total[0], good_total[1], plan->confidence, &observed->low,
                      &observed->high);
    finding.verdict = verdict_of(observed, plan->success, SLO_GREATER_EQUAL);
    return finding;
}

// While a scheduled fault lasts, and once it should be over; bins of all replications pooled.
static uint32_t judge_fault(struct plan *plan, const struct result *result, uint32_t in_case,
                            struct plan_finding *findings)
{
    const struct fault_design *fault = &plan->base.design.faults[plan->cases[in_case].index];
    if (plan->cases[in_case].kind != PLAN_FAULT || fault->stochastic) {
        return 0;
    }
    const double at_s = (double)fault->at_ns / 1e9;
    const double end_s = (double)time_after(fault->at_ns, fault->duration_ns) / 1e9;
    const double well_s = end_s + (double)plan->recovered_ns / 1e9;
    uint32_t count = 0;
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const char *name = plan->base.design.workloads[w].name;
        uint64_t during[2] = {0, 0}, after[2] = {0, 0};
        count_span(result, w, at_s, end_s, during);
        findings[count++] =
            span_finding(plan, in_case,
                         arena_format(&plan->arena, "under fault: success >= %.6g %% of %s",
                                      plan->success * 100.0, name),
                         during);
        count_span(result, w, well_s, result->duration_s, after);
        if (well_s + result->series.bin_s <= result->duration_s) {
            findings[count++] =
                span_finding(plan, in_case,
                             arena_format(&plan->arena, "recovered: success >= %.6g %% of %s",
                                          plan->success * 100.0, name),
                             after);
        }
    }
    return count;
}

static bool is_worse(const struct plan_finding *one, const struct plan_finding *other)
{
    static const int rank[] = {
        [VERDICT_PASS] = 0, [VERDICT_UNDECIDED] = 1, [VERDICT_NO_DATA] = 2, [VERDICT_FAIL] = 3};
    return other == NULL || rank[one->verdict] > rank[other->verdict];
}

const struct plan_finding *plan_judge_keep(struct plan *plan, struct plan_trial *trial,
                                           const struct plan_job *job)
{
    const struct result *result = &job->result;
    const uint32_t in_case = job->in_case;
    const uint32_t room = trial->finding_count + result->slo_count + 2 * result->workload_count;
    struct plan_finding *findings = arena_take_array(&plan->arena, room + 1, sizeof *findings);
    if (trial->finding_count > 0) {
        memcpy(findings, trial->findings, trial->finding_count * sizeof *findings);
    }
    uint32_t count = trial->finding_count;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        findings[count++] = finding_of(plan, &result->slos[s], in_case);
    }
    count += job->part == NULL ? judge_fault(plan, result, in_case, &findings[count]) : 0;
    const struct plan_finding *worst = NULL;
    for (uint32_t f = trial->finding_count; f < count; f++) {
        findings[f].on_part = job->part != NULL;
        worst = is_worse(&findings[f], worst) ? &findings[f] : worst;
    }
    trial->findings = findings;
    trial->finding_count = count;
    return worst != NULL && worst->verdict != VERDICT_PASS ? worst : NULL;
}
