// plan_search - lower bounds of every variable, then candidates in order of their cost.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/study/plan_parts.h"

enum {
    OPEN_MOST = 200000,
    EXACT_MOST = 6, // variables; with more, their combinations are not searched
};

// ---- monotonicity ------------------------------------------------------------------------------

static bool is_below(const struct plan *plan, const uint16_t *one, const uint16_t *other)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (one[v] > other[v]) {
            return false;
        }
    }
    return true;
}

const struct plan_trial *plan_search_failing(const struct plan *plan, const uint16_t *at)
{
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        const struct plan_trial *trial = plan->trials[i];
        if (trial->fate == PLAN_FAILS && is_below(plan, at, trial->at)) {
            return trial;
        }
    }
    return NULL;
}

static bool holds_below(const struct plan *plan, const uint16_t *at, uint32_t in_case)
{
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        const struct plan_trial *trial = plan->trials[i];
        if (trial->held[in_case] && is_below(plan, trial->at, at)) {
            return true;
        }
    }
    return false;
}

// ---- bounds of one variable, the others at their largest ---------------------------------------

static void set_largest(const struct plan *plan, uint16_t *at)
{
    memset(at, 0, PLAN_VARIABLES * sizeof *at);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        at[v] = (uint16_t)(plan->variables[v].count - 1);
    }
}

static double count_above(const struct plan *plan)
{
    double count = 1.0;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        count *= plan->variables[v].count - plan->floor[v];
    }
    return count;
}

// By formula: the smallest value that leaves enough servers for the work, in every case.
static void bound_by_work(struct plan *plan)
{
    uint16_t at[PLAN_VARIABLES];
    set_largest(plan, at);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const uint16_t last = at[v];
        for (at[v] = 0; at[v] < last && plan_trial(plan, at)->fate != PLAN_OPEN; at[v]++) {
        }
        plan->floor[v] = at[v];
        at[v] = last;
    }
    plan->below = plan->candidates - count_above(plan);
}

// The smallest value with which a formula is content, the others at their largest.
static uint16_t smallest(struct plan *plan, uint32_t v,
                         bool (*enough)(struct plan *, const struct scenario *))
{
    uint16_t at[PLAN_VARIABLES];
    set_largest(plan, at);
    const uint16_t last = at[v];
    for (at[v] = plan->floor[v]; at[v] < last; at[v]++) {
        struct diagnostic_list diagnostics;
        struct scenario scenario;
        diagnostic_init(&diagnostics);
        const bool found =
            plan_trial_load(plan, at, &scenario, &diagnostics) && enough(plan, &scenario);
        scenario_release(&scenario);
        diagnostic_release(&diagnostics);
        if (found) {
            break;
        }
    }
    return at[v];
}

uint16_t plan_search_guess(struct plan *plan, uint32_t v)
{
    plan->seed[v] = smallest(plan, v, plan_predict_likely);
    plan->seeded = true;
    return plan->seed[v];
}

static bool probe(struct plan *plan, uint32_t v, uint16_t value, bool *holds)
{
    uint16_t at[PLAN_VARIABLES];
    set_largest(plan, at);
    at[v] = value;
    return plan_trial_decide(plan, plan_trial(plan, at), PLAN_FIRST, holds);
}

// Doubling steps away from the guess, then halving: `low` is the smallest that may hold, `high`
// does.
static bool bound_by_probes(struct plan *plan, uint32_t v)
{
    uint32_t low = plan->floor[v], high = plan->variables[v].count - 1, step = 1;
    uint32_t next = plan_search_guess(plan, v);
    const uint32_t sure = smallest(plan, v, plan_predict_surely);
    bool was = false, galloping = true, first = true;
    while (low < high) {
        bool holds;
        next = next < low ? low : next >= high ? high - 1 : next;
        if (!probe(plan, v, (uint16_t)next, &holds)) {
            return false;
        }
        low = holds ? low : next + 1;
        high = holds ? next : high;
        galloping = galloping && (first || holds == was);
        first = false;
        was = holds;
        next = !galloping ? (low + high) / 2
               : holds    ? (high > low + step ? high - step : low)
                          : low + step - 1;
        next = galloping && !holds && low <= sure && next > sure ? sure : next;
        step *= 2;
    }
    plan->floor[v] = (uint16_t)low;
    return true;
}

// ---- in order of cost --------------------------------------------------------------------------

struct prospect {       // a candidate to be looked at
    double cost;        // that it and everything larger cannot undercut
    uint32_t sum, last; // of its numbers; variable that was raised last
    uint16_t at[PLAN_VARIABLES];
};

struct frontier {
    struct prospect *nodes;
    uint32_t count, room;
};

static bool is_before(const struct prospect *one, const struct prospect *other)
{
    if (fabs(one->cost - other->cost) > 1e-9 * fabs(one->cost)) {
        return one->cost < other->cost;
    }
    if (one->sum != other->sum) {
        return one->sum < other->sum;
    }
    return memcmp(one->at, other->at, sizeof one->at) < 0;
}

static void push(struct plan *plan, struct frontier *open, const uint16_t *at, uint32_t last)
{
    struct prospect node = {.cost = plan_trial(plan, at)->least, .last = last};
    memcpy(node.at, at, sizeof node.at);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        node.sum += at[v];
    }
    if (open->count == open->room) {
        open->room = open->room == 0 ? 256 : 2 * open->room;
        open->nodes = check_realloc(open->nodes, open->room * sizeof *open->nodes);
    }
    open->nodes[open->count++] = node;
}

static struct prospect pop(struct frontier *open)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < open->count; i++) {
        best = is_before(&open->nodes[i], &open->nodes[best]) ? i : best;
    }
    const struct prospect node = open->nodes[best];
    open->nodes[best] = open->nodes[--open->count];
    return node;
}

// Each candidate is reached in one way: its variables are raised in order.
static void push_larger(struct plan *plan, struct frontier *open, const struct prospect *node)
{
    uint16_t at[PLAN_VARIABLES];
    memcpy(at, node->at, sizeof at);
    for (uint32_t v = node->last; v < plan->variable_count; v++) {
        if (at[v] + 1u < plan->variables[v].count) {
            at[v]++;
            push(plan, open, at, v);
            at[v]--;
        }
    }
}

// A failing candidate says more the larger it is: whatever can be raised to its largest value
// without curing it is raised, in the case that it failed in.
static bool widen(struct plan *plan, const struct plan_trial *failed)
{
    if (failed->failing == NULL || plan->variable_count < 3) {
        return true;
    }
    uint16_t at[PLAN_VARIABLES];
    memcpy(at, failed->at, sizeof at);
    const uint32_t in_case = failed->failing->in_case;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const uint16_t before = at[v];
        at[v] = (uint16_t)(plan->variables[v].count - 1);
        bool holds = before == at[v] || holds_below(plan, at, in_case);
        if (!holds && !plan_trial_decide_case(plan, plan_trial(plan, at), in_case, &holds)) {
            return false;
        }
        at[v] = holds ? before : at[v];
    }
    return true;
}

bool plan_search_decide(struct plan *plan, struct plan_trial *trial, bool *holds)
{
    if (!plan_trial_decide(plan, trial, PLAN_WHOLE, holds)) {
        return false;
    }
    if (*holds && !plan_trial_confirm(plan, trial)) {
        return false;
    }
    *holds = trial->fate == PLAN_HOLDS;
    return true;
}

static bool look_at(struct plan *plan, const struct prospect *node)
{
    struct plan_trial *trial = plan_trial(plan, node->at);
    if (plan->best != NULL && trial->cost >= plan->best->cost) {
        return true;
    }
    if (trial->fate != PLAN_OPEN && trial->fate != PLAN_HOLDS) {
        return true;
    }
    if (trial->fate == PLAN_OPEN && plan_search_failing(plan, node->at) != NULL) {
        return true;
    }
    bool holds;
    if (!plan_search_decide(plan, trial, &holds)) {
        return false;
    }
    if (holds) {
        plan->best = trial;
        return true;
    }
    return trial->confirmed || widen(plan, trial);
}

static bool search_by_cost(struct plan *plan)
{
    struct frontier open = {0};
    push(plan, &open, plan->floor, 0);
    bool good = true;
    while (good && open.count > 0) {
        const struct prospect node = pop(&open);
        if (plan->best != NULL && node.cost >= plan->best->cost) {
            break;
        }
        good = look_at(plan, &node);
        if (plan->best == NULL || node.cost < plan->best->cost) {
            push_larger(plan, &open, &node);
        }
        if (open.count > OPEN_MOST) {
            plan->exhausted = true;
            good = false;
        }
    }
    free(open.nodes);
    return good;
}

// ---- neighbours --------------------------------------------------------------------------------

// Simulates the candidates that are one value smaller. One that holds, against all expectation, is
// the new best.
static bool look_around(struct plan *plan, bool *moved)
{
    *moved = false;
    for (uint32_t v = 0; v < plan->variable_count && !*moved; v++) {
        uint16_t at[PLAN_VARIABLES];
        memcpy(at, plan->best->at, sizeof at);
        plan->next[v] = NULL;
        if (at[v] == 0) {
            continue;
        }
        at[v]--;
        struct plan_trial *trial = plan_trial(plan, at);
        bool holds;
        if (trial->fate == PLAN_FAILS && trial->failing == NULL) {
            trial->fate = PLAN_OPEN; // what a formula says of a neighbour is seen in full
        }
        if (!plan_search_decide(plan, trial, &holds)) {
            return false;
        }
        plan->next[v] = trial;
        if (holds && trial->cost <= plan->best->cost) {
            plan->best = trial;
            plan->crossed = true;
            *moved = true;
        }
    }
    return true;
}

static void take_cheapest(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        struct plan_trial *trial = plan->trials[i];
        if (trial->fate == PLAN_HOLDS && (plan->best == NULL || trial->cost < plan->best->cost)) {
            plan->best = trial;
        }
    }
}

static bool find_best(struct plan *plan)
{
    uint16_t at[PLAN_VARIABLES];
    bool holds, moved = true;
    set_largest(plan, at);
    struct plan_trial *largest = plan_trial(plan, at);
    plan->largest = largest;
    if (plan->variable_count > EXACT_MOST) {
        if (!plan_trial_decide_case(plan, largest, 0, &holds) || !holds) {
            return !plan->interrupted && !plan->exhausted;
        }
        plan_watts_settle(plan);
        plan_predict_learn(plan);
        bound_by_work(plan);
        return plan_climb(plan);
    }
    if (!plan_trial_decide(plan, largest, PLAN_FIRST, &holds) || !holds) {
        return !plan->interrupted && !plan->exhausted;
    }
    plan_watts_settle(plan);
    plan_predict_learn(plan);
    bound_by_work(plan);
    bool good = true;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        good = good && bound_by_probes(plan, v);
    }
    good = good && search_by_cost(plan);
    while (good && plan->best != NULL && moved) {
        good = look_around(plan, &moved);
    }
    return good;
}

// The sizing as it is, in every case, whatever the others say.
static bool judge_present(struct plan *plan)
{
    const uint16_t at[PLAN_VARIABLES] = {0};
    struct plan_trial *trial = plan_trial(plan, at);
    struct plan_probe *probes = check_calloc(plan->case_count, sizeof *probes);
    for (uint32_t i = 0; i < plan->case_count; i++) {
        probes[i] = (struct plan_probe){.trial = trial, .in_case = i};
    }
    plan->largest = trial;
    const bool good = plan_trial_probe(plan, probes, plan->case_count);
    if (good && trial->fate == PLAN_OPEN) {
        trial->fate = PLAN_HOLDS;
        plan->best = trial;
    }
    free(probes);
    return good;
}

bool plan_search(struct plan *plan)
{
    plan_part_begin(plan);
    const bool good = plan->request.present ? judge_present(plan) : find_best(plan);
    if (!good && !plan->interrupted) { // no simulation is left: the cheapest that is known to hold
        take_cheapest(plan);
    }
    plan->seen = plan->trial_count;
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        plan->on_parts += plan->trials[i]->number != PLAN_NONE && !plan->trials[i]->is_whole;
    }
    plan->spared = plan->candidates - plan->below - plan->simulated;
    plan->spared = plan->spared < 0.0 ? 0.0 : plan->spared;
    return !plan->interrupted;
}
