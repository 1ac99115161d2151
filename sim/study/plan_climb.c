// plan_climb - many variables: up from what formulas say until all holds, then down.
//
// What a failing objective depends on says which variables may cure it: the busiest of them is
// raised. Once all holds, every variable is lowered by a value on the part of the design that it
// can touch; what holds there is lowered in the whole. Variables may still be traded for each
// other: the answer is the cheapest among its neighbours, not among all.
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/plan_parts.h"

struct climb {
    struct plan *plan;
    uint16_t at[PLAN_VARIABLES];
    bool stuck[PLAN_VARIABLES]; // a value less was seen to fail
};

// ---- up ----------------------------------------------------------------------------------------

// Of the components that a variable changes, the busiest share of servers that a case leaves.
static double load_of(struct plan *plan, const struct design *design, uint32_t v, uint32_t in_case)
{
    const uint64_t *changed = plan_part_of_variable(plan, v);
    double most = 0.0;
    for (uint32_t c = 0; changed != NULL && plan->busy != NULL && c < design->component_count;
         c++) {
        const double left = plan_case_servers(&plan->cases[in_case], &design->components[c]);
        if (reach_has(changed, c) && left > 0.0) {
            most = plan->busy[c] / left > most ? plan->busy[c] / left : most;
        }
    }
    return most;
}

// What an objective is about itself counts half as much again as what it depends on.
static double weight_of(struct plan *plan, uint32_t v, const struct plan_finding *finding)
{
    const struct slo_design *slo = plan_part_rule(plan, finding);
    const uint64_t *changed = plan_part_of_variable(plan, v);
    const bool own = slo != NULL && slo->target != SLO_WORKLOAD && changed != NULL &&
                     reach_has(changed, slo->index);
    return own ? 1.5 : 1.0;
}

static uint32_t busiest(const struct climb *climb, const struct design *design,
                        const struct plan_finding *finding, const uint64_t *needed)
{
    struct plan *plan = climb->plan;
    uint32_t best = PLAN_NONE;
    double most = -1.0;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const uint64_t *changed = plan_part_of_variable(plan, v);
        const bool room = climb->at[v] + 1u < plan->variables[v].count;
        const bool meets =
            needed == NULL || (changed != NULL && reach_meets(plan->reach, needed, changed));
        const double load =
            load_of(plan, design, v, finding->in_case) * weight_of(plan, v, finding);
        if (room && meets && load > most) {
            most = load;
            best = v;
        }
    }
    return best;
}

// Each objective that does not hold raises the busiest variable that it depends on; where there is
// none left, whatever stands before it.
static bool raise(struct climb *climb, const struct plan_trial *trial)
{
    struct plan *plan = climb->plan;
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    bool raised[PLAN_VARIABLES] = {false}, any = false;
    diagnostic_init(&diagnostics);
    const bool good = plan_trial_load(plan, climb->at, &scenario, &diagnostics);
    for (uint32_t f = 0; good && f < trial->finding_count; f++) {
        const struct plan_finding *finding = &trial->findings[f];
        if (finding->verdict == VERDICT_PASS || finding->in_case != trial->failing->in_case) {
            continue;
        }
        const uint64_t *needed = plan_part_of_finding(plan, finding);
        uint32_t v = busiest(climb, &scenario.design, finding, needed);
        v = v == PLAN_NONE ? busiest(climb, &scenario.design, finding, NULL) : v;
        if (v != PLAN_NONE) {
            raised[v] = any = true;
        }
    }
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        climb->at[v] = (uint16_t)(climb->at[v] + raised[v]);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return any;
}

static void raise_all(struct climb *climb)
{
    for (uint32_t v = 0; v < climb->plan->variable_count; v++) {
        const bool room = climb->at[v] + 1u < climb->plan->variables[v].count;
        climb->at[v] = (uint16_t)(climb->at[v] + room);
    }
}

static bool is_largest(const struct climb *climb)
{
    return memcmp(climb->at, climb->plan->largest->at, sizeof climb->at) == 0;
}

// False: interrupted, or no simulation is left. `best` stays NULL if not even the largest holds.
static bool go_up(struct climb *climb)
{
    struct plan *plan = climb->plan;
    bool holds = false, more = true;
    while (more) {
        struct plan_trial *trial = plan_trial(plan, climb->at);
        if (trial->fate != PLAN_INVALID && !plan_search_decide(plan, trial, &holds)) {
            return false;
        }
        if (holds) {
            plan->best = trial;
            return true;
        }
        more = !is_largest(climb);
        if (more && (trial->failing == NULL || !raise(climb, trial))) {
            raise_all(climb); // a formula's word, or none, says nothing of which
        }
    }
    return true;
}

// ---- down --------------------------------------------------------------------------------------

static double least_servers(struct plan *plan, const struct design *design, uint32_t v,
                            uint32_t in_case)
{
    const uint64_t *changed = plan_part_of_variable(plan, v);
    double sum = 0.0;
    for (uint32_t c = 0; changed != NULL && c < design->component_count; c++) {
        sum += reach_has(changed, c)
                   ? plan_case_servers(&plan->cases[in_case], &design->components[c])
                   : 0.0;
    }
    return sum;
}

// The case that leaves a variable's components the fewest servers; the one that has failed most
// candidates of several.
static uint32_t hard_case(struct plan *plan, uint32_t v)
{
    const struct design *design = &plan->base.design;
    uint32_t hard = 0;
    double least = least_servers(plan, design, v, 0);
    for (uint32_t i = 1; i < plan->case_count; i++) {
        const double left = least_servers(plan, design, v, i);
        const bool equal = left <= least && left >= least;
        if (left < least || (equal && plan->cases[i].failures > plan->cases[hard].failures)) {
            least = left;
            hard = i;
        }
    }
    return hard;
}

static struct plan_trial *one_less(struct plan *plan, uint32_t v)
{
    uint16_t at[PLAN_VARIABLES];
    memcpy(at, plan->best->at, sizeof at);
    at[v]--;
    return plan_trial(plan, at);
}

// The variables that can still be lowered, each on its part.
static uint32_t list_probes(struct climb *climb, struct plan_probe *probes, uint32_t *variables)
{
    struct plan *plan = climb->plan;
    uint32_t count = 0;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const bool room = plan->best->at[v] > plan->floor[v] && !climb->stuck[v];
        struct plan_trial *trial = room ? one_less(plan, v) : NULL;
        if (trial == NULL || trial->fate != PLAN_OPEN ||
            plan_search_failing(plan, trial->at) != NULL) {
            climb->stuck[v] = true;
            continue;
        }
        probes[count] = (struct plan_probe){
            .trial = trial, .in_case = hard_case(plan, v), .part = plan_part_under(plan, v)};
        variables[count++] = v;
    }
    return count;
}

static bool accept(struct climb *climb, const uint16_t *at, bool *holds)
{
    struct plan *plan = climb->plan;
    struct plan_trial *trial = plan_trial(plan, at);
    *holds = false;
    if (trial->fate == PLAN_INVALID || plan_search_failing(plan, at) != NULL) {
        return true;
    }
    if (!plan_search_decide(plan, trial, holds)) {
        return false;
    }
    plan->best = *holds ? trial : plan->best;
    return true;
}

// Whatever holds on its part is lowered at once; if that is too much, one after the other, the
// dearest first.
static bool lower(struct climb *climb, const struct plan_probe *probes, const uint32_t *variables,
                  uint32_t count)
{
    struct plan *plan = climb->plan;
    bool open[PLAN_VARIABLES] = {false}, holds;
    uint16_t at[PLAN_VARIABLES];
    uint32_t left = 0;
    memcpy(at, plan->best->at, sizeof at);
    for (uint32_t i = 0; i < count; i++) {
        open[i] = probes[i].holds;
        left += open[i];
        at[variables[i]] = (uint16_t)(at[variables[i]] - open[i]);
        climb->stuck[variables[i]] = !open[i];
    }
    if (left == 0 || !accept(climb, at, &holds) || holds) {
        return !plan->interrupted && !plan->exhausted;
    }
    for (; left > 0; left--) {
        uint32_t dearest = PLAN_NONE;
        for (uint32_t i = 0; i < count; i++) {
            const bool better = open[i] && (dearest == PLAN_NONE ||
                                            probes[i].trial->cost < probes[dearest].trial->cost);
            dearest = better ? i : dearest;
        }
        open[dearest] = false;
        memcpy(at, plan->best->at, sizeof at);
        at[variables[dearest]]--;
        if (!accept(climb, at, &holds)) {
            return false;
        }
        climb->stuck[variables[dearest]] = !holds;
    }
    return true;
}

static bool go_down(struct climb *climb)
{
    struct plan *plan = climb->plan;
    struct plan_probe probes[PLAN_VARIABLES];
    uint32_t variables[PLAN_VARIABLES], count;
    bool good = true;
    while (good && (count = list_probes(climb, probes, variables)) > 0) {
        good = plan_trial_probe(plan, probes, count) && lower(climb, probes, variables, count);
    }
    return good;
}

// ---- neighbours --------------------------------------------------------------------------------

// A neighbour that failed on its part fails in the whole, too: or it is the better plan.
static bool look_around(struct climb *climb, bool *moved)
{
    struct plan *plan = climb->plan;
    struct plan_probe probes[PLAN_VARIABLES];
    uint32_t count = 0;
    *moved = false;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        plan->next[v] = NULL;
        if (plan->best->at[v] == 0) {
            continue;
        }
        struct plan_trial *trial = one_less(plan, v);
        const struct plan_trial *failing = plan_search_failing(plan, trial->at);
        const struct plan_trial *known = trial->fate != PLAN_OPEN ? trial : failing;
        const bool part = known != NULL && known->failing != NULL && known->failing->on_part;
        plan->next[v] = known == NULL || part ? trial : known;
        if (known == NULL || part) {
            probes[count++] = (struct plan_probe){
                .trial = trial, .in_case = part ? known->failing->in_case : hard_case(plan, v)};
        }
    }
    if (count > 0 && !plan_trial_probe(plan, probes, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count && !*moved; i++) {
        bool holds = false;
        if (!probes[i].holds) {
            continue;
        }
        probes[i].trial->fate = PLAN_OPEN;
        probes[i].trial->failing = NULL;
        if (!plan_search_decide(plan, probes[i].trial, &holds)) {
            return false;
        }
        if (holds) {
            plan->best = probes[i].trial;
            plan->crossed = *moved = true;
        }
    }
    return true;
}

bool plan_climb(struct plan *plan)
{
    struct climb climb = {.plan = plan};
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        climb.at[v] = plan_search_guess(plan, v);
    }
    plan->is_local = true;
    bool good = go_up(&climb);
    bool moved = plan->best != NULL;
    while (good && moved) {
        memset(climb.stuck, 0, sizeof climb.stuck);
        good = go_down(&climb) && look_around(&climb, &moved);
    }
    return good;
}
