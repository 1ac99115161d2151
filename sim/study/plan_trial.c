// plan_trial - a candidate is priced, simulated case by case, and judged.
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"
#include "sim/study/replicate.h"
#include "sim/study/verdict.h"

enum { OVERRIDES = 320 };

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
        trial->cost = plan_price_of(plan, &scenario, true);
        trial->least = plan_price_of(plan, &scenario, false);
        trial->why = plan_bound_shortage(plan, &scenario, plan_bound_share(plan));
        trial->fate = trial->why != NULL ? PLAN_FAILS : PLAN_OPEN;
        const char *large = plan_types_shortage(plan, &scenario);
        trial->why = large != NULL ? large : trial->why;
        trial->fate = large != NULL ? PLAN_INVALID : trial->fate;
    } else {
        trial->fate = PLAN_INVALID;
        trial->why = first_error(plan, &diagnostics);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return trial;
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
    plan->turns = arena_take_array(&plan->arena, design->workload_count + 1, sizeof(double));
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct estimate *offered =
            result_flow(result, result->workloads[w].figures, RESULT_OFFERED);
        plan->turns[w] = offered->known ? offered->value : 0.0;
    }
}

static bool is_in(const struct plan *plan, enum plan_scope scope, uint32_t in_case)
{
    bool zones = false;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        zones = zones || plan->cases[i].kind == PLAN_ZONE;
    }
    return scope == PLAN_WHOLE || !zones || plan->cases[in_case].kind != PLAN_MACHINE;
}

// The open cases of the scope; those that have failed most candidates come first, so that most
// fail at their first.
static uint32_t list_cases(const struct plan *plan, const struct plan_trial *trial,
                           enum plan_scope scope, uint32_t *list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        if (trial->held[i] || !is_in(plan, scope, i)) {
            continue;
        }
        uint32_t place = count++;
        for (; place > 0 && plan->cases[list[place - 1]].failures < plan->cases[i].failures;
             place--) {
            list[place] = list[place - 1];
        }
        list[place] = i;
    }
    return count;
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
        text_format(&line, "fails: %s, %s%s", trial->failing->rule,
                    plan->cases[trial->failing->in_case].name,
                    trial->failing->on_part ? ", on its part" : "");
    } else {
        text_add(&line, trial->is_whole ? "holds" : "holds on its part");
    }
    plan->request.tell(plan->request.context, text_get(&line));
    text_release(&line);
}

static bool begin_trial(struct plan *plan, struct plan_trial *trial)
{
    if (trial->number == PLAN_NONE && plan->simulated >= plan->request.most) {
        plan->exhausted = true;
        return false;
    }
    trial->number = trial->number == PLAN_NONE ? plan->simulated++ : trial->number;
    return true;
}

// What a simulation says of its candidate.
static void take_job(struct plan *plan, struct plan_job *job)
{
    struct plan_trial *trial = job->trial;
    plan->replications += job->replications;
    trial->replications += job->replications;
    const struct plan_finding *failing = plan_judge_keep(plan, trial, job);
    trial->is_whole = trial->is_whole || job->part == NULL;
    if (failing != NULL) {
        trial->failing = failing;
        trial->fate = PLAN_FAILS;
        plan->cases[job->in_case].failures++;
    } else if (job->part == NULL) {
        trial->held[job->in_case] = true;
    }
    if (plan->busy == NULL && plan->cases[job->in_case].kind == PLAN_CALM && job->part == NULL) {
        learn_busy(plan, &job->scenario->design, &job->result);
    }
}

// Cases in their order up to the first that fails; where each is one replication, as many at once
// as there are threads, and what comes after a failure is not looked at.
static bool simulate_list(struct plan *plan, struct plan_trial *trial,
                          const struct scenario *scenario, const uint32_t *list, uint32_t count)
{
    const uint32_t wave = plan->is_heavy ? plan->request.workers : 1;
    struct plan_job *jobs = check_calloc(wave, sizeof *jobs);
    bool good = true;
    for (uint32_t next = 0; good && next < count && trial->fate == PLAN_OPEN; next += wave) {
        const uint32_t now = count - next < wave ? count - next : wave;
        for (uint32_t i = 0; i < now; i++) {
            jobs[i] =
                (struct plan_job){.trial = trial, .scenario = scenario, .in_case = list[next + i]};
        }
        good = plan_run(plan, jobs, now);
        for (uint32_t i = 0; good && i < now && trial->fate == PLAN_OPEN; i++) {
            take_job(plan, &jobs[i]);
        }
        plan_run_release(jobs, now);
    }
    free(jobs);
    return good;
}

static bool simulate_cases(struct plan *plan, struct plan_trial *trial, const uint32_t *list,
                           uint32_t count)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    if (!begin_trial(plan, trial)) {
        return false;
    }
    diagnostic_init(&diagnostics);
    const bool good = plan_trial_load(plan, trial->at, &scenario, &diagnostics) &&
                      simulate_list(plan, trial, &scenario, list, count);
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
        !simulate_cases(plan, trial, &in_case, 1)) {
        return false;
    }
    *holds = trial->held[in_case] || trial->fate == PLAN_HOLDS;
    return true;
}

bool plan_trial_decide(struct plan *plan, struct plan_trial *trial, enum plan_scope scope,
                       bool *holds)
{
    uint32_t *list = check_calloc(plan->case_count, sizeof *list);
    bool good = true;
    const uint32_t count = list_cases(plan, trial, scope, list);
    if (trial->fate == PLAN_OPEN && count > 0) {
        good = simulate_cases(plan, trial, list, count);
    }
    if (trial->fate == PLAN_OPEN && list_cases(plan, trial, PLAN_WHOLE, list) == 0) {
        trial->fate = PLAN_HOLDS;
    }
    *holds = trial->fate == PLAN_HOLDS || trial->fate == PLAN_OPEN;
    free(list);
    return good;
}

// ---- several at once ---------------------------------------------------------------------------

static bool run_probes(struct plan *plan, struct plan_probe *probes, struct plan_job *jobs,
                       uint32_t count)
{
    const bool good = plan_run(plan, jobs, count);
    for (uint32_t i = 0; good && i < count; i++) {
        struct plan_trial *trial = probes[i].trial;
        const enum plan_fate fate = trial->fate;
        trial->fate = PLAN_OPEN;
        take_job(plan, &jobs[i]);
        probes[i].holds = trial->fate == PLAN_OPEN;
        trial->fate = fate == PLAN_FAILS ? PLAN_FAILS : trial->fate;
        if (i + 1 == count || probes[i + 1].trial != trial) {
            tell(plan, trial);
        }
    }
    plan_run_release(jobs, count);
    return good;
}

bool plan_trial_probe(struct plan *plan, struct plan_probe *probes, uint32_t count)
{
    struct scenario *scenarios = check_calloc(count + 1, sizeof *scenarios);
    struct plan_job *jobs = check_calloc(count + 1, sizeof *jobs);
    struct diagnostic_list diagnostics;
    diagnostic_init(&diagnostics);
    bool good = true;
    uint32_t loaded = 0;
    for (; good && loaded < count; loaded++) {
        struct plan_probe *probe = &probes[loaded];
        good = begin_trial(plan, probe->trial) &&
               plan_trial_load(plan, probe->trial->at, &scenarios[loaded], &diagnostics);
        jobs[loaded] = (struct plan_job){.trial = probe->trial,
                                         .scenario = &scenarios[loaded],
                                         .in_case = probe->in_case,
                                         .part = probe->part};
    }
    good = good && run_probes(plan, probes, jobs, count);
    for (uint32_t i = 0; i < loaded; i++) {
        scenario_release(&scenarios[i]);
    }
    diagnostic_release(&diagnostics);
    free(scenarios);
    free(jobs);
    return good;
}

// ---- changed -----------------------------------------------------------------------------------

static void begin_job(struct plan_job *job, const struct plan_probe *probe,
                      const struct plan_change *change, struct plan_trial *out)
{
    *out = (struct plan_trial){.fate = PLAN_INVALID};
    *job = (struct plan_job){
        .trial = out, .in_case = probe->in_case, .change = change, .part = probe->part};
}

static void take_changed(struct plan *plan, struct plan_job *job)
{
    plan->replications += job->replications;
    job->trial->failing = plan_judge_keep(plan, job->trial, job);
    job->trial->fate = job->trial->failing == NULL ? PLAN_HOLDS : PLAN_FAILS;
}

bool plan_trial_changed(struct plan *plan, const struct plan_probe *probes,
                        const struct plan_change *changes, uint32_t count, struct plan_trial *out)
{
    struct scenario *scenarios = check_calloc(count + 1, sizeof *scenarios);
    struct plan_job *jobs = check_calloc(count + 1, sizeof *jobs);
    struct diagnostic_list diagnostics;
    diagnostic_init(&diagnostics);
    uint32_t fit = 0; // a change may make the scenario no scenario
    for (uint32_t i = 0; i < count; i++) {
        begin_job(&jobs[fit], &probes[i], &changes[i], &out[i]);
        jobs[fit].scenario = &scenarios[i];
        fit += load_with(plan, probes[i].trial->at, &changes[i], &scenarios[i], &diagnostics);
    }
    const bool good = plan_run(plan, jobs, fit);
    for (uint32_t i = 0; good && i < fit; i++) {
        take_changed(plan, &jobs[i]);
    }
    plan_run_release(jobs, fit);
    for (uint32_t i = 0; i < count; i++) {
        scenario_release(&scenarios[i]);
    }
    diagnostic_release(&diagnostics);
    free(scenarios);
    free(jobs);
    return good;
}

// ---- confirming --------------------------------------------------------------------------------

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
    if (trial->confirmed) {
        return true;
    }
    const uint32_t count = plan->is_heavy ? plan->case_count : 1;
    struct plan_probe *probes = check_calloc(count, sizeof *probes);
    struct plan_change *changes = check_calloc(count, sizeof *changes);
    struct plan_trial *again = check_calloc(count, sizeof *again);
    for (uint32_t i = 0; i < count; i++) {
        probes[i] =
            (struct plan_probe){.trial = trial, .in_case = plan->is_heavy ? i : hardest_case(plan)};
        changes[i] = (struct plan_change){
            .load = 1.0, .component = DESIGN_NONE, .slow = 1.0, .decide = true, .fresh = true};
    }
    const bool good = plan_trial_changed(plan, probes, changes, count, again);
    trial->confirmed = good;
    for (uint32_t i = 0; good && i < count && trial->fate == PLAN_HOLDS; i++) {
        if (again[i].fate != PLAN_HOLDS) {
            trial->fate = PLAN_FAILS;
            trial->failing = again[i].failing;
            plan->unconfirmed++;
            tell(plan, trial);
        }
    }
    free(probes);
    free(changes);
    free(again);
    return good;
}
