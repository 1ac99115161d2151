// plan_outlook - what a plan means later: when servers run out, what more load costs, what it
// depends on.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/units_format.h"
#include "sim/kernel/math.h"
#include "sim/study/plan_parts.h"

static const double STEP = 0.10;       // of every input
static const double BUSY_LEAST = 0.05; // servers in use: below, a component is no resource

// ---- resources ---------------------------------------------------------------------------------

static double months_until(const struct plan *plan, double factor)
{
    if (!(plan->monthly > 0.0)) {
        return (double)NAN;
    }
    return factor <= 1.0 ? 0.0 : math_log(factor) / math_log1p(plan->monthly);
}

static void add_resource(struct plan *plan, const struct design *planned, uint32_t c)
{
    const struct component_design *now = &plan->base.design.components[c];
    const struct component_design *then = &planned->components[c];
    const double busy = plan->busy[c] / (plan->growth * (1.0 + plan->headroom)); // today
    struct plan_resource *resource = &plan->resources[plan->resource_count++];
    *resource = (struct plan_resource){
        .name = now->name,
        .now = now->replicas * plan_price_servers(now),
        .planned = then->replicas * plan_price_servers(then),
        .least_now = plan_case_worst(plan, now),
        .least = plan_case_worst(plan, then),
        .busy = busy,
    };
    resource->factor_now = resource->least_now / busy;
    resource->factor = resource->least / busy;
    resource->months_now = months_until(plan, resource->factor_now);
    resource->months = months_until(plan, resource->factor);
}

static void list_resources(struct plan *plan, const struct design *planned)
{
    plan->resources =
        arena_take_array(&plan->arena, planned->component_count + 1, sizeof *plan->resources);
    for (uint32_t c = 0; plan->busy != NULL && c < planned->component_count; c++) {
        if (plan->busy[c] >= BUSY_LEAST && c < plan->base.design.component_count) {
            add_resource(plan, planned, c);
        }
    }
}

// ---- sensitivity -------------------------------------------------------------------------------

static double margin_of(const struct plan_finding *finding)
{
    const double value = finding->observed.value;
    if (!finding->observed.known) {
        return INFINITY;
    }
    if (finding->less) {
        return finding->limit > 0.0 ? (finding->limit - value) / finding->limit : INFINITY;
    }
    return finding->limit < 1.0 ? (value - finding->limit) / (1.0 - finding->limit) : 0.0;
}

static const struct plan_finding *tighter(const struct plan_finding *one,
                                          const struct plan_finding *other)
{
    return one == NULL || (other != NULL && margin_of(other) < margin_of(one)) ? other : one;
}

// What the best candidate shows where a neighbour fails: there the plan gives way first.
static const struct plan_finding *finding_like(const struct plan_trial *best,
                                               const struct plan_finding *failing)
{
    for (uint32_t f = 0; failing != NULL && f < best->finding_count; f++) {
        const struct plan_finding *finding = &best->findings[f];
        if (finding->in_case == failing->in_case && text_same(finding->rule, failing->rule)) {
            return finding;
        }
    }
    return NULL;
}

static const struct plan_finding *tightest(const struct plan *plan)
{
    const struct plan_finding *found = NULL;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (plan->next[v] != NULL) {
            found = tighter(found, finding_like(plan->best, plan->next[v]->failing));
        }
    }
    for (uint32_t f = 0; found == NULL && f < plan->best->finding_count; f++) {
        found = tighter(found, &plan->best->findings[f]);
    }
    return found;
}

// The same rule in a trial that was changed.
static const struct plan_finding *same_rule(const struct plan_trial *trial,
                                            const struct plan_finding *rule)
{
    for (uint32_t f = 0; f < trial->finding_count; f++) {
        if (text_same(trial->findings[f].rule, rule->rule)) {
            return &trial->findings[f];
        }
    }
    return NULL;
}

// What is to be measured, gathered first so that it can be simulated at once.
struct measures {
    uint32_t count;
    const char **names;
    struct plan_change *changes;
    struct plan_probe probe; // the same for all
};

static void add_measure(struct measures *measures, const char *name,
                        const struct plan_change *change)
{
    measures->names[measures->count] = name;
    measures->changes[measures->count++] = *change;
}

static bool measure(struct plan *plan, const struct measures *measures)
{
    const uint32_t count = measures->count;
    struct plan_trial *trials = check_calloc(count + 1, sizeof *trials);
    struct plan_probe *probes = check_calloc(count + 1, sizeof *probes);
    for (uint32_t i = 0; i < count; i++) {
        probes[i] = measures->probe;
    }
    const struct plan_finding *rule = plan->tightest;
    const bool good = plan_trial_changed(plan, probes, measures->changes, count, trials);
    for (uint32_t i = 0; good && i < count; i++) {
        const struct plan_finding *now = same_rule(&trials[i], rule);
        if (now != NULL && now->observed.known && rule->observed.value > 0.0) {
            plan->inputs[plan->input_count++] = (struct plan_input){
                measures->names[i],
                (now->observed.value - rule->observed.value) / rule->observed.value};
        }
    }
    free(trials);
    free(probes);
    return good;
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

// A parameter 10 % larger, in its own unit; NULL: it is no number.
static const char *larger(struct plan *plan, const char *value)
{
    double number;
    const char *unit = value == NULL ? NULL : units_decimal(value, &number);
    if (unit == NULL || number <= 0.0) {
        return NULL;
    }
    char text[UNITS_FORMAT_ROOM];
    const double raised = number * (1.0 + STEP);
    units_format_shortest(text, sizeof text, *unit == '\0' ? ceil(raised - 1e-9) : raised);
    return arena_format(&plan->arena, "%s%s", text, unit);
}

static void list_parameters(struct plan *plan, struct measures *measures)
{
    const struct design *design = &plan->base.design;
    for (uint32_t p = 0; p < design->parameter_count; p++) {
        const struct parameter_design *parameter = &design->parameters[p];
        const char *value = larger(plan, parameter->value);
        if (value != NULL && !is_varied(plan, parameter->name)) {
            const struct plan_change change = {1.0,   DESIGN_NONE, 1.0, parameter->name,
                                               value, false};
            add_measure(measures, arena_format(&plan->arena, "parameter %s", parameter->name),
                        &change);
        }
    }
}

// What an objective does not depend on has no say in it: only the part is measured.
static void list_components(struct plan *plan, struct measures *measures)
{
    const uint64_t *part = measures->probe.part;
    for (uint32_t c = 0; c < plan->base.design.component_count; c++) {
        if (plan->busy != NULL && plan->busy[c] >= BUSY_LEAST &&
            (part == NULL || reach_has(part, c))) {
            const struct plan_change change = {1.0, c, 1.0 + STEP, NULL, NULL, false};
            add_measure(measures,
                        arena_format(&plan->arena, "service times of %s",
                                     plan->base.design.components[c].name),
                        &change);
        }
    }
}

static int by_change(const void *one, const void *other)
{
    const double a = fabs(((const struct plan_input *)one)->change);
    const double b = fabs(((const struct plan_input *)other)->change);
    return a < b   ? 1
           : a > b ? -1
                   : strcmp(((const struct plan_input *)one)->name,
                            ((const struct plan_input *)other)->name);
}

// How wrong the load may be before the tightest objective gives way.
static bool measure_slack(struct plan *plan, const struct plan_probe *probe)
{
    static const double steps[] = {0.05, 0.1, 0.2, 0.4, 0.8};
    plan->holds_to = 0.0;
    plan->fails_at = (double)NAN;
    for (uint32_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct plan_change change = {1.0 + steps[i], DESIGN_NONE, 1.0, NULL, NULL, true};
        struct plan_trial trial;
        if (!plan_trial_changed(plan, probe, &change, 1, &trial)) {
            return false;
        }
        if (trial.fate != PLAN_HOLDS) {
            plan->fails_at = steps[i];
            return true;
        }
        plan->holds_to = steps[i];
    }
    return true;
}

// In a heavy scenario, on the part that the tightest objective depends on, and compared with it as
// it is there.
static bool begin_part(struct plan *plan, struct plan_probe *probe)
{
    const struct plan_change none = {1.0, DESIGN_NONE, 1.0, NULL, NULL, false};
    if (!plan->is_heavy) {
        return true;
    }
    probe->part = plan_part_of_finding(plan, plan->tightest);
    struct plan_trial trial;
    if (probe->part == NULL || !plan_trial_changed(plan, probe, &none, 1, &trial)) {
        return probe->part == NULL;
    }
    const struct plan_finding *there = same_rule(&trial, plan->tightest);
    plan->tightest = there != NULL ? there : plan->tightest;
    return true;
}

static bool measure_inputs(struct plan *plan)
{
    const struct design *design = &plan->base.design;
    const uint32_t room = design->parameter_count + design->component_count + 1;
    plan->inputs = arena_take_array(&plan->arena, room, sizeof *plan->inputs);
    plan->tightest = tightest(plan);
    if (plan->tightest == NULL) {
        return true;
    }
    struct measures measures = {
        .names = arena_take_array(&plan->arena, room, sizeof *measures.names),
        .changes = arena_take_array(&plan->arena, room, sizeof *measures.changes),
        .probe = {.trial = plan->best, .in_case = plan->tightest->in_case},
    };
    if (!begin_part(plan, &measures.probe)) {
        return false;
    }
    const struct plan_change load = {1.0 + STEP, DESIGN_NONE, 1.0, NULL, NULL, false};
    add_measure(&measures, "load", &load);
    list_components(plan, &measures);
    list_parameters(plan, &measures);
    const bool good = measure(plan, &measures) && measure_slack(plan, &measures.probe);
    qsort(plan->inputs, plan->input_count, sizeof *plan->inputs, by_change);
    return good;
}

// ---- nothing holds -----------------------------------------------------------------------------

// The largest share of the planned load at which the largest sizing keeps the rule that fails.
static bool advise(struct plan *plan)
{
    static const double shares[] = {0.9, 0.75, 0.5, 0.25, 0.1};
    const struct plan_trial *largest = plan->largest;
    if (largest->failing == NULL) {
        plan->advice = largest->why;
        return true;
    }
    if (largest->failing->verdict == VERDICT_UNDECIDED) {
        plan->advice = "The replications do not decide it: a longer --duration, or more with --rep";
        return true;
    }
    const struct plan_probe probe = {.trial = plan->largest, .in_case = largest->failing->in_case};
    for (uint32_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        const struct plan_change change = {shares[i], DESIGN_NONE, 1.0, NULL, NULL, true};
        struct plan_trial trial;
        if (!plan_trial_changed(plan, &probe, &change, 1, &trial)) {
            return false;
        }
        if (trial.fate == PLAN_HOLDS) {
            plan->advice = arena_format(
                &plan->arena,
                "The largest sizing holds it at %.0f %% of the planned load (%.3g x the present "
                "one): raise the ranges, or what is not varied, or spread the load",
                shares[i] * 100.0, shares[i] * plan->factor);
            return true;
        }
    }
    plan->advice = arena_format(
        &plan->arena,
        "Not even a tenth of the planned load holds it: no size of what is varied is the remedy; "
        "look at service times, distances, time-outs or the objective itself");
    return true;
}

bool plan_outlook(struct plan *plan)
{
    if (plan->request.present) {
        return true;
    }
    if (plan->best == NULL) {
        return plan->exhausted || plan->largest == NULL || advise(plan);
    }
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    bool good = measure_inputs(plan);
    diagnostic_init(&diagnostics);
    if (plan_trial_load(plan, plan->best->at, &scenario, &diagnostics) && plan->busy != NULL) {
        list_resources(plan, &scenario.design);
        good = good && plan_frontier(plan, &scenario.design);
    }
    plan_types_list(plan, &scenario);
    for (uint32_t i = 0; i < plan->type_count; i++) {
        struct plan_on_type *one = &plan->types[i];
        const bool bound = one->network > 0.0 && one->sent > 0.0;
        const double spare = bound ? one->network / one->sent : (double)NAN;
        one->factor = spare * plan->growth * (1.0 + plan->headroom);
        one->months = bound ? months_until(plan, one->factor) : (double)NAN;
    }
    plan->watts_now = plan->watts = (double)NAN;
    if (plan_watts_known(plan)) {
        plan->watts_now = plan_watts_of(plan, &plan->base, true);
        plan->watts = plan_watts_of(plan, &scenario, true);
    }
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
    return good;
}
