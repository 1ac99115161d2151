// plan_watts - what a sizing takes from the mains at the planned load.
#include <math.h>

#include "sim/base/text.h"
#include "sim/scenario/capacity.h"
#include "sim/study/plan_parts.h"

static const struct section_watts *watts_named(const struct plan *plan, const char *name)
{
    const struct field_map *map = &plan->base.top.plan.watts;
    for (uint32_t i = 0; i < map->count; i++) {
        if (text_same(map->names[i], name)) {
            return (const struct section_watts *)map->items + i;
        }
    }
    return NULL;
}

bool plan_watts_known(const struct plan *plan)
{
    const struct field_list *types = &plan->base.top.plan.types;
    bool known = plan->base.top.plan.watts.count > 0;
    for (uint32_t t = 0; t < types->count; t++) {
        known = known || ((const struct section_type *)types->items)[t].busy > 0.0;
    }
    return known;
}

// Servers of a component in use at the planned load, at most those it has.
static double busy_of(const struct plan *plan, const struct scenario *scenario, uint32_t c)
{
    const struct design *design = &scenario->design;
    const struct component_design *component = &design->components[c];
    const double servers = component->replicas * component->cores;
    double busy = 0.0;
    for (uint32_t w = 0; plan->busy == NULL && w < design->workload_count; w++) {
        busy += scenario->capacity.demands[(size_t)w * scenario->capacity.count + c].cpu_s *
                capacity_peak(design, w) * plan_load_factor(plan, design, w, plan->factor);
    }
    return fmin(plan->busy != NULL ? plan->busy[c] : busy, servers);
}

// Straight between idle and busy, by the share of the servers in use.
static double between(double idle, double busy, double pieces, double used)
{
    return idle * pieces + (busy - idle) * fmin(used, pieces);
}

static double watts_of_machines(const struct plan *plan, const struct scenario *scenario,
                                const struct plan_types *types)
{
    const uint32_t components = scenario->design.component_count;
    double cores = 0.0, busy = 0.0, sum = 0.0;
    for (uint32_t c = 0; c < components; c++) {
        busy += busy_of(plan, scenario, c);
    }
    for (uint32_t i = 0; i < types->count; i++) {
        cores += types->choices[i].type == NULL ? 0.0 : types->choices[i].type->cores;
    }
    for (uint32_t i = 0; i < types->count; i++) {
        const struct section_type *type = types->choices[i].type;
        sum += type == NULL ? 0.0 : between(type->idle, type->busy, 1.0, busy / cores);
    }
    return sum;
}

// By its name, by the type of machine that it stands on, by its cores.
static double watts_of_component(const struct plan *plan, const struct scenario *scenario,
                                 const struct plan_types *types, uint32_t c)
{
    const struct component_design *component = &scenario->design.components[c];
    const double servers = plan_price_servers(component), busy = busy_of(plan, scenario, c);
    const struct section_watts *own = watts_named(plan, component->name);
    const struct section_watts *core = watts_named(plan, "core");
    const bool station = text_same(component->kind, "station");
    if (own != NULL) {
        const double pieces = component->replicas * (station ? servers : 1.0);
        return between(own->idle, own->busy, pieces, station ? busy : busy / servers);
    }
    for (uint32_t i = 0; i < types->count; i++) {
        const struct plan_choice *choice = &types->choices[i];
        if (choice->component == c && choice->type != NULL && choice->type->busy > 0.0) {
            return between(choice->type->idle, choice->type->busy, choice->pieces,
                           busy / choice->type->cores);
        }
    }
    return core == NULL || component->cores <= 0.0
               ? 0.0
               : between(core->idle, core->busy, component->replicas * servers, busy);
}

double plan_watts_of(struct plan *plan, const struct scenario *scenario, bool network)
{
    struct plan_types types;
    double sum = 0.0;
    plan_types_choose(plan, scenario, network, &types);
    if (types.machines) {
        sum = watts_of_machines(plan, scenario, &types);
    }
    for (uint32_t c = 0; c < scenario->design.component_count && !types.machines; c++) {
        sum += watts_of_component(plan, scenario, &types, c);
    }
    plan_types_release(&types);
    return sum;
}

void plan_watts_settle(struct plan *plan)
{
    for (uint32_t i = 0; plan->by_watts && i < plan->trial_count; i++) {
        struct plan_trial *trial = plan->trials[i];
        struct diagnostic_list diagnostics;
        struct scenario scenario;
        diagnostic_init(&diagnostics);
        if (plan_trial_load(plan, trial->at, &scenario, &diagnostics)) {
            trial->cost = plan_watts_of(plan, &scenario, true);
            trial->least = plan_watts_of(plan, &scenario, false);
        }
        scenario_release(&scenario);
        diagnostic_release(&diagnostics);
    }
    if (plan->by_watts) {
        plan->cost_now = plan_watts_of(plan, &plan->base, true);
    }
}
