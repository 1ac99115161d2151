// plan_part - the part of a design that objectives touch: only what loads it is simulated.
#include <string.h>

#include "sim/base/text.h"
#include "sim/study/plan_parts.h"

void plan_part_begin(struct plan *plan)
{
    struct reach *reach = arena_take(&plan->arena, sizeof *reach);
    reach_find(&plan->arena, &plan->base.design, plan->base.flows, plan->base.flow_count, reach);
    plan->reach = reach;
}

static void add_needed(const struct plan *plan, const uint64_t *touched, uint64_t *row)
{
    for (uint32_t c = 0; c < plan->reach->component_count; c++) {
        if (reach_has(touched, c)) {
            reach_add(plan->reach, row, reach_needed(plan->reach, c));
        }
    }
}

const uint64_t *plan_part_of_rule(const struct plan *plan, struct arena *arena,
                                  const struct slo_design *slo)
{
    if (slo->target != SLO_WORKLOAD) {
        return reach_needed(plan->reach, slo->index);
    }
    uint64_t *row = arena_take_array(arena, plan->reach->words, sizeof *row);
    const struct workload_design *workload = &plan->base.design.workloads[slo->index];
    for (uint32_t a = 0; a < workload->action_count; a++) {
        add_needed(plan, reach_touched(plan->reach, slo->index, a), row);
    }
    return row;
}

const struct slo_design *plan_part_rule(const struct plan *plan, const struct plan_finding *finding)
{
    for (uint32_t r = 0; r < plan->rule_count; r++) {
        const struct slo_design *slo = &plan->base.design.slos[plan->rules[r]];
        const size_t length = strlen(slo->name);
        if (strncmp(finding->rule, slo->name, length) == 0 && finding->rule[length] == ':' &&
            text_same(finding->rule + length + 2, slo->objective)) {
            return slo;
        }
    }
    return NULL;
}

const uint64_t *plan_part_of_finding(struct plan *plan, const struct plan_finding *finding)
{
    const struct slo_design *slo = plan_part_rule(plan, finding);
    return slo == NULL ? NULL : plan_part_of_rule(plan, &plan->arena, slo);
}

// ---- what a variable touches -------------------------------------------------------------------

static bool same_pools(const struct component_design *one, const struct component_design *other)
{
    bool same = one->pool_count == other->pool_count;
    for (uint32_t i = 0; same && i < one->pool_count; i++) {
        same = one->pools[i].size == other->pools[i].size &&
               one->pools[i].queue == other->pools[i].queue;
    }
    return same;
}

static bool is_same(const struct component_design *one, const struct component_design *other)
{
    const bool differs = one->replicas != other->replicas || one->cores < other->cores ||
                         one->cores > other->cores || one->memory != other->memory ||
                         one->concurrency != other->concurrency ||
                         one->queue.capacity != other->queue.capacity;
    return !differs && same_pools(one, other);
}

static bool find_changed(struct plan *plan, uint32_t v, uint64_t *row)
{
    uint16_t at[PLAN_VARIABLES] = {0};
    struct scenario one, other;
    struct diagnostic_list diagnostics;
    diagnostic_init(&diagnostics);
    const bool good = plan_trial_load(plan, at, &one, &diagnostics);
    at[v] = (uint16_t)(plan->variables[v].count - 1);
    bool found = false;
    if (plan_trial_load(plan, at, &other, &diagnostics) && good &&
        one.design.component_count == other.design.component_count) {
        for (uint32_t c = 0; c < one.design.component_count; c++) {
            if (!is_same(&one.design.components[c], &other.design.components[c])) {
                row[c / 64] |= UINT64_C(1) << (c % 64);
                found = true;
            }
        }
    }
    scenario_release(&one);
    scenario_release(&other);
    diagnostic_release(&diagnostics);
    return found;
}

const uint64_t *plan_part_of_variable(struct plan *plan, uint32_t v)
{
    if (!plan->changes_known[v]) {
        uint64_t *row = arena_take_array(&plan->arena, plan->reach->words, sizeof *row);
        plan->changes[v] = find_changed(plan, v, row) ? row : NULL;
        plan->changes_known[v] = true;
    }
    return plan->changes[v];
}

const uint64_t *plan_part_under(struct plan *plan, uint32_t v)
{
    const uint64_t *changed = plan_part_of_variable(plan, v);
    uint64_t *row = arena_take_array(&plan->arena, plan->reach->words, sizeof *row);
    bool found = false;
    for (uint32_t r = 0; changed != NULL && r < plan->rule_count; r++) {
        const uint64_t *needed =
            plan_part_of_rule(plan, &plan->arena, &plan->base.design.slos[plan->rules[r]]);
        if (reach_meets(plan->reach, needed, changed)) {
            reach_add(plan->reach, row, needed);
            found = true;
        }
    }
    return found ? row : NULL;
}

// ---- cutting -----------------------------------------------------------------------------------

// What clients do of their own accord, whatever they did before, can be left out one by one.
static bool is_free(const struct workload_design *workload)
{
    return workload->model == WORKLOAD_OPEN && !workload->is_journey &&
           workload->arrivals.trace_choices == NULL && workload->connections.count == 0;
}

// Keeps the actions that touch the part, at their own rates; returns their share.
static double thin(const struct plan *plan, uint32_t number, const uint64_t *part,
                   struct arena *arena, struct workload_design *workload)
{
    struct action_design *kept = arena_take_array(arena, workload->action_count + 1, sizeof *kept);
    uint32_t count = 0;
    double share = 0.0, before = 0.0;
    for (uint32_t a = 0; a < workload->action_count; a++) {
        const double own = workload->actions[a].share - before;
        before = workload->actions[a].share;
        if (reach_meets(plan->reach, reach_touched(plan->reach, number, a), part)) {
            kept[count] = workload->actions[a];
            share += own;
            kept[count++].share = share;
        }
    }
    for (uint32_t a = 0; a < count; a++) {
        kept[a].share = a + 1 == count ? 1.0 : kept[a].share / share;
    }
    if (count > 0 && count < workload->action_count) {
        workload->actions = kept;
        workload->action_count = count;
        return share;
    }
    return count > 0 ? 1.0 : 0.0;
}

static bool touches(const struct plan *plan, uint32_t number, const uint64_t *part)
{
    for (uint32_t a = 0; a < plan->base.design.workloads[number].action_count; a++) {
        if (reach_meets(plan->reach, reach_touched(plan->reach, number, a), part)) {
            return true;
        }
    }
    return false;
}

static void silence(struct workload_design *workload)
{
    workload->arrivals = (struct arrival_design){.kind = ARRIVAL_POISSON};
    workload->profile.count = 0;
    workload->stage_count = 0;
    workload->rate = 0.0;
    workload->users = 0;
    workload->connections.count = 0;
}

// A rule stays if all that it depends on is in the part; the success of a workload only if nothing
// of it was left out.
static bool stays(const struct plan *plan, struct arena *arena, const struct slo_design *slo,
                  const uint64_t *part, const bool *whole)
{
    if (slo->target == SLO_WORKLOAD && !whole[slo->index]) {
        return false;
    }
    const uint64_t *needed = plan_part_of_rule(plan, arena, slo);
    for (uint32_t w = 0; w < plan->reach->words; w++) {
        if ((needed[w] & ~part[w]) != 0) {
            return false;
        }
    }
    return true;
}

void plan_part_cut(const struct plan *plan, const uint64_t *part, struct variant *variant)
{
    struct design *design = &variant->design;
    const uint32_t count = design->workload_count;
    struct workload_design *workloads =
        arena_take_array(&variant->arena, count + 1, sizeof *workloads);
    bool *whole = arena_take_array(&variant->arena, count + 1, sizeof *whole);
    for (uint32_t w = 0; w < count; w++) {
        workloads[w] = design->workloads[w];
        double share = touches(plan, w, part) ? 1.0 : 0.0;
        if (share > 0.0 && is_free(&workloads[w])) {
            share = thin(plan, w, part, &variant->arena, &workloads[w]);
        }
        whole[w] = share >= 1.0;
        if (share <= 0.0) {
            silence(&workloads[w]);
        } else if (share < 1.0) {
            plan_case_scale(&variant->arena, share, &workloads[w]);
        }
    }
    design->workloads = workloads;
    struct slo_design *slos =
        arena_take_array(&variant->arena, design->slo_count + 1, sizeof *slos);
    uint32_t kept = 0;
    for (uint32_t s = 0; s < design->slo_count; s++) {
        if (stays(plan, &variant->arena, &design->slos[s], part, whole)) {
            slos[kept++] = design->slos[s];
        }
    }
    design->slos = slos;
    design->slo_count = kept;
}
