// plan_types - which type of machine every replica, or every declared machine, stands on.
#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/base/units_format.h"
#include "sim/engine/model.h"
#include "sim/scenario/capacity.h"
#include "sim/study/plan_parts.h"

static const struct section_type *type_at(const struct plan *plan, uint32_t number)
{
    return (const struct section_type *)plan->base.top.plan.types.items + number;
}

// ---- what is sent ------------------------------------------------------------------------------

static uint32_t replicas_left(const struct plan *plan, const struct component_design *component)
{
    uint32_t least = component->replicas;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        const double servers = plan_case_servers(&plan->cases[i], component);
        const uint32_t left = (uint32_t)round(servers / plan_price_servers(component));
        least = left > 0 && left < least ? left : least;
    }
    return least;
}

// Bytes/s that the busiest replica of a component sends at the planned load.
static double sent_by(const struct plan *plan, const struct scenario *scenario, uint32_t component)
{
    const struct design *design = &scenario->design;
    const uint32_t left = replicas_left(plan, &design->components[component]);
    double sum = 0.0;
    for (uint32_t w = 0; w < design->workload_count; w++) {
        const struct capacity_demand *demand =
            &scenario->capacity.demands[(size_t)w * scenario->capacity.count + component];
        sum += demand->sent * capacity_peak(design, w) *
               plan_load_factor(plan, design, w, plan->factor);
    }
    return left == 0 ? 0.0 : sum / left;
}

// ---- the choice --------------------------------------------------------------------------------

static bool is_large(const struct section_type *type, const struct plan_choice *choice,
                     bool network)
{
    return type->cores >= choice->cores && type->memory >= choice->memory &&
           (!network || type->network <= 0.0 || type->network >= choice->sent);
}

static double price_of(const struct plan *plan, const struct section_type *type)
{
    return plan->by_watts ? type->busy : type->per_hour;
}

static void choose(const struct plan *plan, bool network, struct plan_choice *choice)
{
    for (uint32_t t = 0; t < plan->base.top.plan.types.count; t++) {
        const struct section_type *type = type_at(plan, t);
        if (is_large(type, choice, network) &&
            (choice->type == NULL || price_of(plan, type) < price_of(plan, choice->type))) {
            choice->type = type;
        }
    }
}

static void put_components(struct plan *plan, const struct scenario *scenario, bool network,
                           struct plan_types *types)
{
    const struct design *design = &scenario->design;
    for (uint32_t c = 0; c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        if (plan_price_is_named(plan, component->name) || component->replicas == 0) {
            continue;
        }
        struct plan_choice *choice = &types->choices[types->count++];
        *choice = (struct plan_choice){.name = component->name,
                                       .component = c,
                                       .pieces = component->replicas,
                                       .cores = component->cores,
                                       .memory = component->memory,
                                       .sent = sent_by(plan, scenario, c)};
        choose(plan, network, choice);
    }
}

static double sent_from(const struct plan *plan, const struct scenario *scenario, uint32_t machine)
{
    const struct design *design = &scenario->design;
    double sum = 0.0;
    for (uint32_t c = 0; c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        uint32_t here = 0;
        for (uint32_t r = 0; r < component->replicas; r++) {
            here += component->placements[r].machine == machine;
        }
        sum += here > 0 ? here * sent_by(plan, scenario, c) : 0.0;
    }
    return sum;
}

static void put_machines(struct plan *plan, const struct scenario *scenario, bool network,
                         struct plan_types *types)
{
    const struct topology_design *topology = &scenario->design.topology;
    for (uint32_t m = 0; m < topology->machine_count; m++) {
        struct plan_choice *choice = &types->choices[types->count++];
        *choice = (struct plan_choice){.name = topology->machines[m].name,
                                       .component = DESIGN_NONE,
                                       .pieces = 1,
                                       .cores = topology->machines[m].cores,
                                       .memory = topology->machines[m].memory,
                                       .sent = sent_from(plan, scenario, m)};
        choose(plan, network, choice);
    }
}

void plan_types_choose(struct plan *plan, const struct scenario *scenario, bool network,
                       struct plan_types *types)
{
    const struct design *design = &scenario->design;
    *types = (struct plan_types){0};
    if (plan->base.top.plan.types.count == 0) {
        return;
    }
    const uint32_t machines = design->topology.machine_count;
    types->machines = machines > 0;
    types->choices = check_calloc(machines + design->component_count + 1, sizeof *types->choices);
    if (types->machines) {
        put_machines(plan, scenario, network, types);
    } else {
        put_components(plan, scenario, network, types);
    }
}

void plan_types_release(struct plan_types *types)
{
    free(types->choices);
    *types = (struct plan_types){0};
}

bool plan_types_has(const struct plan_types *types, uint32_t component)
{
    for (uint32_t i = 0; i < types->count; i++) {
        if (types->choices[i].component == component) {
            return true;
        }
    }
    return false;
}

// ---- in words ----------------------------------------------------------------------------------

static void add_lack(struct text *out, const char *format, const char *has, const char *asked)
{
    text_add(out, out->length > 0 ? ", " : "");
    text_format(out, format, has, asked);
}

static void add_bandwidth(struct text *out, double has, double asked)
{
    char one[UNITS_FORMAT_ROOM], other[UNITS_FORMAT_ROOM];
    units_format_si(one, sizeof one, has * 8.0);
    units_format_si(other, sizeof other, asked * 8.0);
    add_lack(out, "network %sbit/s of %sbit/s sent", one, other);
}

const char *plan_types_lack(struct plan *plan, const struct section_type *type,
                            const struct plan_choice *choice)
{
    struct text out;
    char one[UNITS_FORMAT_ROOM], other[UNITS_FORMAT_ROOM];
    text_init(&out);
    if (type->cores < choice->cores) {
        units_format_shortest(one, sizeof one, type->cores);
        units_format_shortest(other, sizeof other, choice->cores);
        add_lack(&out, "%s of %s cores", one, other);
    }
    if (type->memory < choice->memory) {
        units_format_bytes(one, sizeof one, (double)type->memory);
        units_format_bytes(other, sizeof other, (double)choice->memory);
        add_lack(&out, "memory %s of %s", one, other);
    }
    if (type->network > 0.0 && type->network < choice->sent) {
        add_bandwidth(&out, type->network, choice->sent);
    }
    const char *words = arena_text(&plan->arena, text_get(&out));
    text_release(&out);
    return words;
}

// The largest type says what is asked for too much.
static const struct section_type *largest(const struct plan *plan, const struct plan_choice *choice)
{
    const struct section_type *best = type_at(plan, 0);
    for (uint32_t t = 1; t < plan->base.top.plan.types.count; t++) {
        const struct section_type *type = type_at(plan, t);
        const bool enough = is_large(type, choice, false), was = is_large(best, choice, false);
        const double more = type->network <= 0.0 ? INFINITY : type->network;
        const double most = best->network <= 0.0 ? INFINITY : best->network;
        if ((enough && !was) || (enough == was && more > most)) {
            best = type;
        }
    }
    return best;
}

const char *plan_types_shortage(struct plan *plan, const struct scenario *scenario)
{
    struct plan_types types;
    const char *words = NULL;
    plan_types_choose(plan, scenario, true, &types);
    for (uint32_t i = 0; i < types.count && words == NULL; i++) {
        const struct plan_choice *choice = &types.choices[i];
        if (choice->type == NULL) {
            const struct section_type *best = largest(plan, choice);
            words =
                arena_format(&plan->arena, "no type of machine is large enough for %s: %s has %s",
                             choice->name, best->name, plan_types_lack(plan, best, choice));
        }
    }
    plan_types_release(&types);
    return words;
}

static const char *ruled_out(struct plan *plan, const struct plan_choice *choice)
{
    struct text out;
    text_init(&out);
    for (uint32_t t = 0; t < plan->base.top.plan.types.count; t++) {
        const struct section_type *type = type_at(plan, t);
        if (price_of(plan, type) < price_of(plan, choice->type)) {
            text_format(&out, "%s%s (%s)", out.length > 0 ? "; " : "", type->name,
                        plan_types_lack(plan, type, choice));
        }
    }
    const char *words = arena_text(&plan->arena, text_get(&out));
    text_release(&out);
    return words;
}

void plan_types_list(struct plan *plan, const struct scenario *scenario)
{
    struct plan_types types;
    plan_types_choose(plan, scenario, true, &types);
    plan->types = arena_take_array(&plan->arena, types.count + 1, sizeof *plan->types);
    for (uint32_t i = 0; i < types.count; i++) {
        const struct plan_choice *choice = &types.choices[i];
        if (choice->type != NULL) {
            plan->types[plan->type_count++] = (struct plan_on_type){
                .name = arena_text(&plan->arena, choice->name),
                .pieces = choice->pieces,
                .type = choice->type->name,
                .sent = choice->sent,
                .network = choice->type->network,
                .ruled_out = ruled_out(plan, choice),
            };
        }
    }
    plan_types_release(&types);
}
