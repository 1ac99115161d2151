// plan_regret - the sizing with the least regret where inputs are known as intervals only.
#include "sim/study/plan_regret.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/study/plan_parts.h"

enum { SIZINGS = PLAN_WORLDS + PLAN_WORLDS * PLAN_WORLDS / 2 + 1, ROUNDS = 64 };

static const double EQUAL = 1e-9; // costs that differ by less are the same

struct sizing {
    uint16_t at[PLAN_VARIABLES];
    double least; // no regret of it is smaller, as if it held everywhere
};

struct plan_step {
    uint32_t variable;
    int by;
};

// ---- the inputs --------------------------------------------------------------------------------

// low..high, or a list of two.
static bool read_ends(struct plan *plan, const struct document_node *node,
                      struct plan_uncertain *input)
{
    if (node->kind == DOCUMENT_SEQUENCE) {
        input->ends[0] = node->first->text;
        input->ends[1] = node->first->next->text;
        return true;
    }
    const char *dots = strstr(node->text, "..");
    const size_t skipped = dots == NULL ? 0 : strspn(dots + 2, " ");
    if (dots == NULL) {
        return false;
    }
    size_t length = (size_t)(dots - node->text);
    while (length > 0 && node->text[length - 1] == ' ') {
        length--;
    }
    input->ends[0] = arena_text_part(&plan->arena, node->text, length);
    input->ends[1] = arena_text(&plan->arena, dots + 2 + skipped);
    return true;
}

static bool is_varied(const struct plan *plan, const char *name)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (text_same(plan->variables[v].name, name)) {
            return true;
        }
    }
    return false;
}

bool plan_regret_read(struct plan *plan, struct text *wrong)
{
    const struct document_node *node = plan->base.top.plan.uncertain;
    const struct document_node *child = node == NULL ? NULL : node->first;
    plan->shortfall =
        plan->base.top.plan.shortfall > 0.0 ? plan->base.top.plan.shortfall : (double)INFINITY;
    for (; child != NULL; child = child->next) {
        if (plan->uncertain_count == PLAN_UNCERTAIN) {
            text_format(wrong,
                        "more than %d uncertain inputs: each doubles the worlds that are searched; "
                        "keep those that the plan is most sensitive to",
                        PLAN_UNCERTAIN);
            return false;
        }
        struct plan_uncertain *input = &plan->uncertain[plan->uncertain_count++];
        *input = (struct plan_uncertain){.name = child->key};
        if (is_varied(plan, child->key) || !read_ends(plan, child, input)) {
            text_format(wrong, "`%s` is varied and uncertain: what is planned is known",
                        child->key);
            return false;
        }
    }
    return true;
}

// ---- the worlds --------------------------------------------------------------------------------

static struct plan_request request_of(struct plan *plan, uint32_t corner)
{
    struct plan_request request = plan->request;
    request.scenario = plan->given;
    const struct document_overrides *given = &plan->given.overrides;
    struct document_override *items =
        arena_take_array(&plan->arena, given->count + plan->uncertain_count + 1, sizeof *items);
    size_t count = 0;
    for (; count < given->count; count++) {
        items[count] = given->items[count];
    }
    for (uint32_t u = 0; u < plan->uncertain_count; u++) {
        const struct plan_uncertain *input = &plan->uncertain[u];
        items[count++] =
            (struct document_override){.name = input->name, .value = input->ends[corner >> u & 1]};
    }
    request.scenario.overrides = (struct document_overrides){items, count};
    return request;
}

static const char *name_of(struct plan *plan, uint32_t corner)
{
    struct text words;
    text_init(&words);
    for (uint32_t u = 0; u < plan->uncertain_count; u++) {
        text_format(&words, "%s%s=%s", u == 0 ? "" : " ", plan->uncertain[u].name,
                    plan->uncertain[u].ends[corner >> u & 1]);
    }
    const char *name = arena_text(&plan->arena, text_get(&words));
    text_release(&words);
    return name;
}

static const char *first_error(const struct plan_world *world, const struct text *wrong)
{
    for (uint32_t i = 0; i < world->diagnostics.count; i++) {
        if (world->diagnostics.entries[i]->severity == DIAGNOSTIC_ERROR) {
            return world->diagnostics.entries[i]->message;
        }
    }
    return text_get(wrong);
}

static bool begin_world(struct plan_regret *regret, uint32_t corner, struct text *wrong)
{
    struct plan_world *world = &regret->worlds[corner];
    struct plan *plan = regret->asked;
    struct text why;
    const struct plan_request request = request_of(plan, corner);
    text_init(&why);
    diagnostic_init(&world->diagnostics);
    world->begun = true;
    world->name = name_of(plan, corner);
    const bool good = plan_init(&world->plan, &request, &world->diagnostics, &why);
    if (!good) {
        text_format(wrong, "with %s: %s", world->name, first_error(world, &why));
    }
    world->plan.regret = regret;
    text_release(&why);
    return good;
}

bool plan_regret_init(struct plan_regret *regret, struct plan *plan, struct text *wrong)
{
    *regret = (struct plan_regret){
        .asked = plan, .shortfall = plan->shortfall, .world_count = 1u << plan->uncertain_count};
    regret->worlds = check_calloc(regret->world_count, sizeof *regret->worlds);
    bool good = true;
    for (uint32_t w = 0; w < regret->world_count && good; w++) {
        good = begin_world(regret, w, wrong);
    }
    return good;
}

void plan_regret_release(struct plan_regret *regret)
{
    for (uint32_t w = 0; w < regret->world_count; w++) {
        if (regret->worlds[w].begun) {
            plan_release(&regret->worlds[w].plan);
            diagnostic_release(&regret->worlds[w].diagnostics);
        }
    }
    free(regret->worlds);
    *regret = (struct plan_regret){0};
}

struct plan *plan_regret_shown(const struct plan_regret *regret)
{
    return &regret->worlds[regret->shown].plan;
}

// ---- does it hold there? -----------------------------------------------------------------------

static bool is_below(const struct plan *plan, const uint16_t *one, const uint16_t *other)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (one[v] > other[v]) {
            return false;
        }
    }
    return true;
}

static bool holds_below(const struct plan *plan, const uint16_t *at)
{
    for (uint32_t i = 0; i < plan->trial_count; i++) {
        if (plan->trials[i]->fate == PLAN_HOLDS && is_below(plan, plan->trials[i]->at, at)) {
            return true;
        }
    }
    return false;
}

static bool is_proven(const struct plan *plan)
{
    return !plan->is_local && !plan->exhausted && !plan->crossed;
}

// By what the search of that world has seen, else by simulation. False: interrupted.
static bool find_out(struct plan_world *world, const uint16_t *at, bool *holds)
{
    struct plan *plan = &world->plan;
    struct plan_trial *trial = plan_trial(plan, at);
    *holds = trial->fate == PLAN_HOLDS;
    if (trial->fate != PLAN_OPEN) {
        return true;
    }
    const bool cheaper = trial->cost < world->optimum->cost * (1.0 - EQUAL);
    if (plan_search_failing(plan, at) != NULL || (cheaper && is_proven(plan))) {
        return true;
    }
    *holds = holds_below(plan, at);
    return *holds || plan_search_decide(plan, trial, holds) || !plan->interrupted;
}

// ---- regret ------------------------------------------------------------------------------------

static void join(const struct plan *plan, const uint16_t *one, const uint16_t *other,
                 uint16_t *larger)
{
    memset(larger, 0, PLAN_VARIABLES * sizeof *larger);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        larger[v] = one[v] > other[v] ? one[v] : other[v];
    }
}

static bool judge(const struct plan_regret *regret, struct plan_world *world, const uint16_t *at)
{
    uint16_t whole[PLAN_VARIABLES];
    if (!find_out(world, at, &world->holds)) {
        return false;
    }
    join(&world->plan, at, world->optimum->at, whole);
    const struct plan_trial *trial = plan_trial(&world->plan, at);
    world->cost = trial->cost;
    world->lack = world->holds ? 0.0 : plan_trial(&world->plan, whole)->cost - trial->cost;
    world->lack = world->lack > 0.0 ? world->lack : 0.0;
    world->regret = world->cost - world->optimum->cost;
    if (!world->holds) {
        world->regret +=
            isinf(regret->shortfall) ? (double)INFINITY : regret->shortfall * world->lack;
    }
    world->failing = world->holds ? NULL : trial->failing;
    return true;
}

// The worst of all worlds; stops where it is worse than `most` already. False: interrupted.
static bool measure(struct plan_regret *regret, const uint16_t *at, double most, double *worst)
{
    *worst = -(double)INFINITY;
    for (uint32_t w = 0; w < regret->world_count && *worst <= most; w++) {
        if (!judge(regret, &regret->worlds[w], at)) {
            return false;
        }
        *worst = fmax(*worst, regret->worlds[w].regret);
    }
    return true;
}

// ---- what may be named -------------------------------------------------------------------------

static double least_regret(struct plan_regret *regret, const uint16_t *at)
{
    double least = 0.0;
    for (uint32_t w = 0; w < regret->world_count; w++) {
        struct plan_world *world = &regret->worlds[w];
        least = fmax(least, plan_trial(&world->plan, at)->cost - world->optimum->cost);
    }
    return least;
}

static void add_sizing(struct plan_regret *regret, struct sizing *list, uint32_t *count,
                       const uint16_t *at)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (memcmp(list[i].at, at, sizeof list[i].at) == 0) {
            return;
        }
    }
    memcpy(list[*count].at, at, sizeof list[*count].at);
    list[(*count)++].least = least_regret(regret, at);
}

static int by_least(const void *one, const void *other)
{
    const struct sizing *a = one, *b = other;
    return a->least < b->least ? -1 : a->least > b->least ? 1 : memcmp(a->at, b->at, sizeof a->at);
}

static uint32_t list_sizings(struct plan_regret *regret, struct sizing *list)
{
    uint16_t all[PLAN_VARIABLES], pair[PLAN_VARIABLES];
    uint32_t count = 0;
    memcpy(all, regret->worlds[0].optimum->at, sizeof all);
    for (uint32_t w = 0; w < regret->world_count; w++) {
        const uint16_t *one = regret->worlds[w].optimum->at;
        join(regret->asked, all, one, all);
        for (uint32_t u = 0; u <= w; u++) {
            join(regret->asked, one, regret->worlds[u].optimum->at, pair);
            add_sizing(regret, list, &count, pair);
        }
    }
    add_sizing(regret, list, &count, all);
    qsort(list, count, sizeof *list, by_least);
    return count;
}

static bool choose(struct plan_regret *regret, uint16_t *at, double *least)
{
    struct sizing *list = check_calloc(SIZINGS, sizeof *list);
    const uint32_t count = list_sizings(regret, list);
    bool good = true;
    *least = (double)INFINITY;
    memcpy(at, list[0].at, sizeof list[0].at);
    for (uint32_t i = 0; i < count && good && list[i].least < *least - EQUAL; i++) {
        double worst;
        good = measure(regret, list[i].at, *least, &worst);
        if (good && worst < *least) {
            *least = worst;
            memcpy(at, list[i].at, sizeof list[i].at);
        }
    }
    free(list);
    return good;
}

// The neighbour `step` values away in one variable, if it is regretted less. False: interrupted.
static bool step_to(struct plan_regret *regret, uint16_t *at, double *least,
                    const struct plan_step *step)
{
    double worst = (double)INFINITY;
    const int value = at[step->variable] + step->by;
    if (value < 0 || value >= (int)regret->asked->variables[step->variable].count) {
        return true;
    }
    at[step->variable] = (uint16_t)value;
    if (least_regret(regret, at) < *least - EQUAL && !measure(regret, at, *least, &worst)) {
        return false;
    }
    if (worst < *least - EQUAL) {
        *least = worst;
    } else {
        at[step->variable] = (uint16_t)(value - step->by);
    }
    return true;
}

// A value less or more of one variable as long as that is regretted less.
static bool improve(struct plan_regret *regret, uint16_t *at, double *least)
{
    double before = (double)INFINITY;
    for (int round = 0; round < ROUNDS && *least < before - EQUAL; round++) {
        before = *least;
        for (uint32_t v = 0; v < regret->asked->variable_count; v++) {
            const struct plan_step less = {v, -1}, more = {v, 1};
            if (!step_to(regret, at, least, &less) || !step_to(regret, at, least, &more)) {
                return false;
            }
        }
    }
    return true;
}

// What was taken to hold because something smaller does is simulated. True in *sure: it holds.
static bool verify(struct plan_regret *regret, const uint16_t *at, bool *sure)
{
    *sure = true;
    for (uint32_t w = 0; w < regret->world_count; w++) {
        struct plan_world *world = &regret->worlds[w];
        struct plan_trial *trial = plan_trial(&world->plan, at);
        bool holds = false;
        if (!world->holds) {
            continue;
        }
        if (!plan_search_decide(&world->plan, trial, &holds) && world->plan.interrupted) {
            return false;
        }
        *sure = *sure && holds;
    }
    return true;
}

// ---- the answer --------------------------------------------------------------------------------

// A neighbour as the world that it fails in has seen it, with the name of that world.
static const struct plan_trial *told(struct plan_regret *regret, struct plan_world *world,
                                     const uint16_t *at)
{
    struct plan *shown = plan_regret_shown(regret);
    struct plan_trial *copy = arena_take(&shown->arena, sizeof *copy);
    *copy = *plan_trial(&world->plan, at);
    if (copy->failing != NULL) {
        struct plan_finding *finding = arena_take(&shown->arena, sizeof *finding);
        *finding = *copy->failing;
        finding->rule = arena_format(&shown->arena, "with %s, %s", world->name, finding->rule);
        copy->failing = finding;
    } else if (copy->fate == PLAN_OPEN && is_proven(&world->plan)) {
        copy->why = arena_format(&shown->arena, "with %s, nothing as cheap holds", world->name);
    } else if (copy->why != NULL) {
        copy->why = arena_format(&shown->arena, "with %s, %s", world->name, copy->why);
    } else {
        const struct plan_trial *above = plan_search_failing(&world->plan, at);
        copy->failing = above == NULL ? NULL : above->failing;
        copy->why = arena_format(&shown->arena, "with %s, a larger sizing fails", world->name);
    }
    return copy;
}

static bool tell_neighbour(struct plan_regret *regret, uint32_t v)
{
    struct plan *shown = plan_regret_shown(regret);
    uint16_t at[PLAN_VARIABLES];
    memcpy(at, shown->best->at, sizeof at);
    shown->next[v] = NULL;
    if (at[v] == 0) {
        return true;
    }
    at[v]--;
    bool seen;
    struct plan_trial *here = plan_trial(shown, at);
    if (here->fate == PLAN_OPEN && !plan_search_decide(shown, here, &seen) && shown->interrupted) {
        return false;
    }
    double worst = -(double)INFINITY;
    for (uint32_t w = 0; w < regret->world_count; w++) {
        struct plan_world *world = &regret->worlds[w];
        if (!judge(regret, world, at)) {
            return false;
        }
        if (!world->holds && shown->next[v] == NULL) {
            shown->next[v] = told(regret, world, at);
        }
        worst = fmax(worst, world->regret);
    }
    if (shown->next[v] == NULL || isfinite(worst)) {
        struct plan_trial *copy = arena_take(&shown->arena, sizeof *copy);
        *copy = *plan_trial(shown, at);
        copy->failing = NULL;
        copy->why =
            arena_format(&shown->arena, "regret up to %.6g instead of %.6g", worst, regret->regret);
        shown->next[v] = copy;
    }
    return true;
}

// The dearest world that the sizing holds in.
static uint32_t dearest(const struct plan_regret *regret)
{
    uint32_t best = 0;
    for (uint32_t w = 1; w < regret->world_count; w++) {
        const struct plan_world *one = &regret->worlds[w], *other = &regret->worlds[best];
        const bool dearer = one->optimum->cost > other->optimum->cost;
        best = (one->holds && !other->holds) || (one->holds == other->holds && dearer) ? w : best;
    }
    return best;
}

static void count(struct plan_regret *regret)
{
    for (uint32_t w = 0; w < regret->world_count; w++) {
        regret->simulated += regret->worlds[w].plan.simulated;
        regret->replications += regret->worlds[w].plan.replications;
    }
}

static bool answer(struct plan_regret *regret, const uint16_t *at)
{
    bool good = measure(regret, at, (double)INFINITY, &regret->regret);
    regret->found = isfinite(regret->regret);
    if (!good) {
        return false;
    }
    regret->shown = dearest(regret);
    struct plan *shown = plan_regret_shown(regret);
    const double bound = regret->worlds[regret->shown].optimum->cost;
    shown->best = plan_trial(shown, at);
    regret->local = shown->best->cost > bound * (1.0 + EQUAL) || !isinf(regret->shortfall);
    for (uint32_t v = 0; v < shown->variable_count && good; v++) {
        good = tell_neighbour(regret, v);
    }
    good = good && measure(regret, at, (double)INFINITY, &regret->regret);
    count(regret);
    return good;
}

static bool search_worlds(struct plan_regret *regret, bool *all)
{
    *all = true;
    for (uint32_t w = 0; w < regret->world_count && *all; w++) {
        struct plan *plan = &regret->worlds[w].plan;
        if (plan->request.tell != NULL) {
            plan->request.tell(plan->request.context, regret->worlds[w].name);
        }
        if (!plan_search(plan)) {
            return false;
        }
        *all = plan->best != NULL;
        regret->worlds[w].optimum = plan->best;
        regret->shown = *all ? regret->shown : w;
    }
    return true;
}

bool plan_regret_search(struct plan_regret *regret)
{
    uint16_t at[PLAN_VARIABLES];
    bool all, sure = false;
    double least;
    bool good = search_worlds(regret, &all);
    for (int round = 0; good && all && !sure && round < ROUNDS; round++) {
        good = choose(regret, at, &least) && improve(regret, at, &least) &&
               measure(regret, at, (double)INFINITY, &least) && verify(regret, at, &sure);
    }
    return good && (!all || answer(regret, at));
}
