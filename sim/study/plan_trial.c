// plan_trial - a candidate is priced, simulated case by case, and judged.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"
#include "sim/study/replicate.h"
#include "sim/study/verdict.h"

enum { OVERRIDES = 320, LEAST = 3, MOST = 20, FRESH = 1000003 };

// ---- loading -----------------------------------------------------------------------------------

static bool load_with(struct plan *plan, const uint16_t *at, const struct plan_change *change,
                      struct scenario *scenario, struct diagnostic_list *diagnostics)
{
    const struct document_overrides *given = &plan->request.scenario.overrides;
    struct document_override *items = check_calloc(OVERRIDES, sizeof *items);
    size_t count = 0;
    for (; count < given->count && count < OVERRIDES - PLAN_VARIABLES - 1; count++) {
        items[count] = given->items[count];
    }
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        items[count++] = (struct document_override){.name = plan->variables[v].name,
                                                    .value = plan->variables[v].values[at[v]]};
    }
    if (change != NULL && change->name != NULL) {
        items[count++] = (struct document_override){.name = change->name, .value = change->value};
    }
    struct scenario_options options = plan->request.scenario;
    options.overrides = (struct document_overrides){items, count};
    const bool good =
        scenario_load(scenario, plan->request.file, &options, plan->request.catalog, diagnostics);
    free(items);
    return good;
}

bool plan_trial_load(struct plan *plan, const uint16_t *at, struct scenario *scenario,
                     struct diagnostic_list *diagnostics)
{
    return load_with(plan, at, NULL, scenario, diagnostics);
}

static struct plan_trial *add_trial(struct plan *plan, const uint16_t *at)
{
    if (plan->trial_count == plan->trial_room) {
        plan->trial_room = plan->trial_room == 0 ? 64 : 2 * plan->trial_room;
        plan->trials = check_realloc(plan->trials, plan->trial_room * sizeof(void *));
    }
    struct plan_trial *trial = arena_take(&plan->arena, sizeof *trial);
    memcpy(trial->at, at, sizeof trial->at);
    trial->held = arena_take_array(&plan->arena, plan->case_count, sizeof *trial->held);
    trial->number = PLAN_NONE;
    plan->trials[plan->trial_count++] = trial;
    return trial;
}

static const char *first_error(struct plan *plan, const struct diagnostic_list *diagnostics)
{
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->entries[i]->severity == DIAGNOSTIC_ERROR) {
            return arena_text(&plan->arena, diagnostics->entries[i]->message);
        }
    }
    return "not a design";
}

struct plan_trial *plan_trial(struct plan *plan, const uint16_t *at)
{
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        if (memcmp(plan->trials[i]->at, at, sizeof plan->trials[i]->at) == 0) {
            return plan->trials[i];
        }
    }
    struct plan_trial *trial = add_trial(plan, at);
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    if (plan_trial_load(plan, at, &scenario, &diagnostics)) {
        trial->cost = plan_price_of(plan, &scenario.design);
        trial->why = plan_bound_shortage(plan, &scenario.design, plan_bound_share(plan));
        trial->fate = trial->why != NULL ? PLAN_FAILS : PLAN_OPEN;
    } else {
        trial->fate = PLAN_INVALID;
        trial->why = first_error(plan, &diagnostics);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return trial;
}

// ---- judging -----------------------------------------------------------------------------------

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

static struct plan_finding finding_of(struct plan *plan, const struct result_slo *slo,
                                      uint32_t in_case)
{
    struct plan_finding finding = {
        .rule = arena_format(&plan->arena, "%s: %s", slo->name, slo->objective),
        .unit = arena_text(&plan->arena, slo->unit),
        .in_case = in_case,
        .limit = slo->limit,
        .less = slo->relation == SLO_LESS || slo->relation == SLO_LESS_EQUAL,
        .observed = at_level(plan, slo->observed),
        .verdict = slo->verdict,
    };
    if (fabs(plan->confidence - 0.95) >= 1e-9 && slo->verdict != VERDICT_NO_DATA) {
        finding.verdict = verdict_of(&finding.observed, finding.limit, slo->relation);
    }
    return finding;
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

static const struct plan_finding *keep_findings(struct plan *plan, struct plan_trial *trial,
                                                const struct result *result, uint32_t in_case)
{
    const uint32_t room = trial->finding_count + result->slo_count + 2 * result->workload_count;
    struct plan_finding *findings = arena_take_array(&plan->arena, room + 1, sizeof *findings);
    if (trial->finding_count > 0) {
        memcpy(findings, trial->findings, trial->finding_count * sizeof *findings);
    }
    uint32_t count = trial->finding_count;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        findings[count++] = finding_of(plan, &result->slos[s], in_case);
    }
    count += judge_fault(plan, result, in_case, &findings[count]);
    const struct plan_finding *worst = NULL;
    for (uint32_t f = trial->finding_count; f < count; f++) {
        worst = is_worse(&findings[f], worst) ? &findings[f] : worst;
    }
    trial->findings = findings;
    trial->finding_count = count;
    return worst != NULL && worst->verdict != VERDICT_PASS ? worst : NULL;
}

// ---- simulating --------------------------------------------------------------------------------

// What keeps servers busy is learnt from the first candidate, the largest, at the planned load.
static void learn_busy(struct plan *plan, const struct design *design, const struct result *result)
{
    plan->busy = arena_take_array(&plan->arena, design->component_count + 1, sizeof(double));
    for (uint32_t c = 0; c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        const uint32_t figures = result->components[c].figures;
        const struct estimate *used = result_flow(result, figures, RESULT_UTILIZATION);
        const bool known = used->known && component->cores > 0.0;
        plan->busy[c] = known ? used->value * component->cores * component->replicas : 0.0;
    }
}

static void set_replications(const struct plan *plan, struct design *design)
{
    struct replications_design *replications = &design->replications;
    if (plan->request.scenario.replications == NULL) {
        replications->minimum = LEAST;
        replications->maximum = MOST;
    }
    replications->until_decided = true;
    replications->stop_at = 0.0;
}

static bool simulate(struct plan *plan, const struct scenario *scenario, uint32_t in_case,
                     const struct plan_change *change, struct result *result)
{
    struct variant variant;
    variant_init(&variant, &scenario->design);
    const double factor = plan->factor * (change == NULL ? 1.0 : change->load);
    plan_case_apply(plan, &plan->cases[in_case], factor, &variant);
    if (change != NULL && change->component != DESIGN_NONE) {
        plan_case_slow(&variant, change->component, change->slow);
    }
    set_replications(plan, &variant.design);
    variant.design.seed += change != NULL && change->fresh ? FRESH : 0;
    if (change != NULL && !change->decide) {
        variant.design.replications.until_decided = false;
        variant.design.replications.maximum = variant.design.replications.minimum;
    }
    const struct replicate_options options = {
        .workers = plan->request.workers, .stop_on_fail = true, .stop = plan->request.stop};
    result_init(result);
    const bool good = replicate(&variant.design, &options, result) == REPLICATE_DONE;
    plan->replications += good ? result->replication_count : 0;
    plan->interrupted = plan->interrupted || !good;
    variant_release(&variant);
    return good;
}

static bool decide_case(struct plan *plan, struct plan_trial *trial,
                        const struct scenario *scenario, uint32_t in_case)
{
    struct result result;
    const bool good = simulate(plan, scenario, in_case, NULL, &result);
    if (good) {
        trial->replications += result.replication_count;
        trial->failing = keep_findings(plan, trial, &result, in_case);
        trial->held[in_case] = trial->failing == NULL;
        if (trial->failing != NULL) {
            trial->fate = PLAN_FAILS;
            plan->cases[in_case].failures++;
        }
        if (plan->busy == NULL && plan->cases[in_case].kind == PLAN_CALM) {
            learn_busy(plan, &scenario->design, &result);
        }
    }
    result_release(&result);
    return good;
}

static bool is_in(const struct plan *plan, enum plan_scope scope, uint32_t in_case)
{
    bool zones = false;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        zones = zones || plan->cases[i].kind == PLAN_ZONE;
    }
    return scope == PLAN_WHOLE || !zones || plan->cases[in_case].kind != PLAN_MACHINE;
}

// The case that has failed most candidates comes first, so that most fail at their first.
static uint32_t next_case(const struct plan *plan, const struct plan_trial *trial,
                          enum plan_scope scope)
{
    uint32_t best = PLAN_NONE;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        if (trial->held[i] || !is_in(plan, scope, i)) {
            continue;
        }
        if (best == PLAN_NONE || plan->cases[i].failures > plan->cases[best].failures) {
            best = i;
        }
    }
    return best;
}

static void tell(const struct plan *plan, const struct plan_trial *trial)
{
    if (plan->request.tell == NULL) {
        return;
    }
    struct text line;
    text_init(&line);
    text_format(&line, "%3u  ", trial->number + 1);
    plan_words(plan, trial->at, &line);
    text_format(&line, "  %.6g  ", trial->cost);
    if (trial->failing != NULL) {
        text_format(&line, "fails: %s, %s", trial->failing->rule,
                    plan->cases[trial->failing->in_case].name);
    } else {
        text_add(&line, "holds");
    }
    plan->request.tell(plan->request.context, text_get(&line));
    text_release(&line);
}

// All open cases of the scope, or one alone.
static bool simulate_cases(struct plan *plan, struct plan_trial *trial, enum plan_scope scope,
                           uint32_t alone)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    if (trial->number == PLAN_NONE && plan->simulated >= plan->request.most) {
        plan->exhausted = true;
        return false;
    }
    trial->number = trial->number == PLAN_NONE ? plan->simulated++ : trial->number;
    diagnostic_init(&diagnostics);
    bool good = plan_trial_load(plan, trial->at, &scenario, &diagnostics);
    uint32_t in_case = alone == PLAN_NONE ? next_case(plan, trial, scope) : alone;
    while (good && in_case != PLAN_NONE && trial->fate == PLAN_OPEN) {
        good = decide_case(plan, trial, &scenario, in_case);
        in_case = alone == PLAN_NONE ? next_case(plan, trial, scope) : PLAN_NONE;
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    if (good) {
        tell(plan, trial);
    }
    return good;
}

bool plan_trial_decide_case(struct plan *plan, struct plan_trial *trial, uint32_t in_case,
                            bool *holds)
{
    if (trial->fate == PLAN_OPEN && !trial->held[in_case] &&
        !simulate_cases(plan, trial, PLAN_WHOLE, in_case)) {
        return false;
    }
    *holds = trial->held[in_case] || trial->fate == PLAN_HOLDS;
    return true;
}

bool plan_trial_decide(struct plan *plan, struct plan_trial *trial, enum plan_scope scope,
                       bool *holds)
{
    if (trial->fate == PLAN_OPEN && next_case(plan, trial, scope) != PLAN_NONE &&
        !simulate_cases(plan, trial, scope, PLAN_NONE)) {
        return false;
    }
    if (trial->fate == PLAN_OPEN && next_case(plan, trial, PLAN_WHOLE) == PLAN_NONE) {
        trial->fate = PLAN_HOLDS;
    }
    *holds = trial->fate == PLAN_HOLDS || trial->fate == PLAN_OPEN;
    return true;
}

bool plan_trial_changed(struct plan *plan, const struct plan_trial *trial, uint32_t in_case,
                        const struct plan_change *change, struct plan_trial *out)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    struct result result;
    *out = (struct plan_trial){.fate = PLAN_INVALID};
    diagnostic_init(&diagnostics);
    bool good = true;
    if (load_with(plan, trial->at, change, &scenario, &diagnostics)) {
        good = simulate(plan, &scenario, in_case, change, &result);
        out->failing = good ? keep_findings(plan, out, &result, in_case) : NULL;
        out->fate = out->failing == NULL ? PLAN_HOLDS : PLAN_FAILS;
        result_release(&result);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return good;
}

static uint32_t hardest_case(const struct plan *plan)
{
    uint32_t hardest = 0;
    for (uint32_t i = 1; i < plan->case_count; i++) {
        hardest = plan->cases[i].failures > plan->cases[hardest].failures ? i : hardest;
    }
    return hardest;
}

bool plan_trial_confirm(struct plan *plan, struct plan_trial *trial)
{
    const struct plan_change fresh = {
        .load = 1.0, .component = DESIGN_NONE, .slow = 1.0, .decide = true, .fresh = true};
    struct plan_trial again;
    if (trial->confirmed) {
        return true;
    }
    if (!plan_trial_changed(plan, trial, hardest_case(plan), &fresh, &again)) {
        return false;
    }
    trial->confirmed = true;
    if (again.fate != PLAN_HOLDS) {
        trial->fate = PLAN_FAILS;
        trial->failing = again.failing;
        plan->unconfirmed++;
        tell(plan, trial);
    }
    return true;
}
