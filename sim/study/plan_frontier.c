// plan_frontier - what other loads would cost: sized by formula from the plan's own slack, and
// tried.
#include <math.h>
#include <string.h>

#include "sim/kernel/math.h"
#include "sim/study/plan_parts.h"

static const double BUSY_LEAST = 0.05; // servers in use: below, a component is no resource
#define BETA 0.8                       // of square-root staffing, where the plan does not tell it
static const double LEVELS[] = {0.5, 0.75, 1.0, 1.25, 1.5, 2.0};

// Slack of the plan in the worst case, in square roots of the work: what another load needs too.
static double beta_of(const struct plan *plan, const struct design *planned, uint32_t c)
{
    const double busy = plan->busy[c];
    return (plan_case_worst(plan, &planned->components[c]) - busy) / math_sqrt(busy);
}

static bool carries(const struct plan *plan, const struct design *design, const double *betas,
                    double factor)
{
    for (uint32_t c = 0; c < design->component_count; c++) {
        const double busy = plan->busy[c] * factor;
        if (betas[c] > 0.0 && busy > 0.0 &&
            plan_case_worst(plan, &design->components[c]) <
                busy + betas[c] * math_sqrt(busy) - 1e-9) {
            return false;
        }
    }
    return true;
}

// Only what the planned sizing has to vary is asked of a level: a variable's smallest value, the
// others at their largest.
static bool level_value(struct plan *plan, const double *betas, uint32_t v,
                        struct plan_level *level)
{
    uint16_t at[PLAN_VARIABLES];
    memcpy(at, plan->largest->at, sizeof at);
    bool found = false;
    const uint32_t count = plan->variables[v].count;
    for (uint32_t value = 0; value < count && !found; value++) {
        struct diagnostic_list diagnostics;
        struct scenario scenario;
        at[v] = (uint16_t)value;
        diagnostic_init(&diagnostics);
        found = plan_trial_load(plan, at, &scenario, &diagnostics) &&
                carries(plan, &scenario.design, betas, level->factor);
        scenario_release(&scenario);
        diagnostic_release(&diagnostics);
        level->at[v] = (uint16_t)value;
    }
    return found;
}

// What varies with a component: none of the variables; only some that stand at their smallest
// value, so that the plan says too much of what is needed; others.
enum varied { VARIED_NOT, VARIED_SMALLEST, VARIED_YES };

static enum varied varied(struct plan *plan, uint32_t component)
{
    enum varied most = VARIED_NOT;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const uint64_t *changed = plan_part_of_variable(plan, v);
        if (changed == NULL || reach_has(changed, component)) {
            const enum varied own = plan->best->at[v] == 0 ? VARIED_SMALLEST : VARIED_YES;
            most = own > most ? own : most;
        }
    }
    return most;
}

// Components that no variable touches are the reason why a level is out of reach only where they
// are full, not where they would have less to spare.
static void keep_varied(struct plan *plan, const struct design *planned, double *betas)
{
    static const double most[] = {
        [VARIED_NOT] = 1e-9, [VARIED_SMALLEST] = BETA, [VARIED_YES] = INFINITY};
    const struct design *base = &plan->base.design;
    for (uint32_t c = 0; c < planned->component_count && c < base->component_count; c++) {
        const bool known = plan->busy[c] > BUSY_LEAST;
        const double spare = known ? beta_of(plan, planned, c) : 0.0;
        betas[c] = fmin(spare, most[varied(plan, c)]);
    }
}

// A level's sizing by formula is tried at its load, where the plan gives way first; what does not
// hold gets more slack. Nothing of it in a heavy scenario.
static bool try_level(struct plan *plan, struct plan_level *level, bool *holds)
{
    const struct plan_change change = {level->factor, DESIGN_NONE, 1.0, NULL, NULL, true, false};
    const struct plan_probe probe = {.trial = plan_trial(plan, level->at),
                                     .in_case = plan->tightest->in_case};
    struct plan_trial trial;
    if (!plan_trial_changed(plan, &probe, &change, 1, &trial)) {
        return false;
    }
    *holds = trial.fate == PLAN_HOLDS;
    return true;
}

static void find_level(struct plan *plan, const double *betas, struct plan_level *level)
{
    level->beyond = false;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        level->beyond = !level_value(plan, betas, v, level) || level->beyond;
    }
}

static bool settle_level(struct plan *plan, const struct design *planned, const double *betas,
                         struct plan_level *level)
{
    static const double slack[] = {1.0, 1.5, 2.0, 3.0};
    double *more = arena_take_array(&plan->arena, planned->component_count + 1, sizeof *more);
    bool holds = false;
    find_level(plan, betas, level);
    for (uint32_t i = 0; i < sizeof slack / sizeof slack[0]; i++) {
        struct plan_level tried = *level;
        for (uint32_t c = 0; c < planned->component_count; c++) {
            more[c] = betas[c] * slack[i];
        }
        find_level(plan, more, &tried);
        if (tried.beyond || plan->is_heavy || plan->tightest == NULL) {
            return true;
        }
        if (!try_level(plan, &tried, &holds)) {
            return false;
        }
        if (holds) {
            *level = tried;
            level->simulated = true;
            return true;
        }
    }
    return true;
}

bool plan_frontier(struct plan *plan, const struct design *planned)
{
    bool good = true;
    const uint32_t count = sizeof LEVELS / sizeof LEVELS[0];
    double *betas = arena_take_array(&plan->arena, planned->component_count + 1, sizeof *betas);
    keep_varied(plan, planned, betas);
    plan->levels = arena_take_array(&plan->arena, count, sizeof *plan->levels);
    for (uint32_t i = 0; good && i < count; i++) {
        struct plan_level *level = &plan->levels[plan->level_count++];
        *level = (struct plan_level){.factor = LEVELS[i], .simulated = LEVELS[i] == 1.0};
        if (level->simulated) {
            memcpy(level->at, plan->best->at, sizeof level->at);
        }
        good = level->simulated || settle_level(plan, planned, betas, level);
        level->cost = plan_trial(plan, level->at)->cost;
    }
    return good;
}
