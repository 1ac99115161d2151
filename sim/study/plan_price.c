// plan_price - what a design costs an hour, or how many cores it has.
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/engine/model.h"
#include "sim/study/plan_parts.h"

static const double GIB = 1073741824.0;

// ---- the list ----------------------------------------------------------------------------------

static double price_named(const struct plan *plan, const char *name, bool *known)
{
    for (const struct plan_price *p = plan->prices; p != NULL && p->name != NULL; p++) {
        if (text_same(p->name, name)) {
            *known = true;
            return p->per_hour;
        }
    }
    *known = false;
    return 0.0;
}

bool plan_price_is_named(const struct plan *plan, const char *name)
{
    bool known;
    price_named(plan, name, &known);
    return known;
}

void plan_price_read(struct plan *plan)
{
    const struct document_node *node = plan->base.top.plan.prices;
    struct plan_price *prices =
        arena_take_array(&plan->arena, (node == NULL ? 0 : node->count) + 1, sizeof *prices);
    uint32_t count = 0;
    plan->prices = prices;
    plan->currency = "";
    const struct document_node *child = node == NULL ? NULL : node->first;
    for (; child != NULL; child = child->next) {
        char per[16];
        struct units_why why;
        if (text_same(child->key, "currency")) {
            plan->currency = child->text == NULL ? "" : child->text;
        } else if (child->kind == DOCUMENT_SCALAR &&
                   units_price(child->text, &prices[count].per_hour, per, &why)) {
            prices[count++].name = child->key;
        }
    }
}

// ---- costs -------------------------------------------------------------------------------------

double plan_price_servers(const struct component_design *component)
{
    return component->cores > 0.0 ? component->cores : 1.0;
}

static double price_of_component(const struct plan *plan, const struct component_design *component)
{
    bool named, by_cpu, by_memory;
    const double own = price_named(plan, component->name, &named);
    if (named) {
        const bool per_server = text_same(component->kind, "station");
        return own * component->replicas * (per_server ? plan_price_servers(component) : 1.0);
    }
    const double cpu = price_named(plan, "cpu", &by_cpu);
    const double memory = price_named(plan, "memory", &by_memory);
    const double cores = component->cores > 0.0 ? component->cores : 0.0;
    return component->replicas * (cpu * cores + memory * (double)component->memory / GIB);
}

static double cores_of(const struct component_design *component)
{
    return component->replicas * plan_price_servers(component);
}

// What stands on a type of machine costs that; the rest by its name or its size.
static double money_of(struct plan *plan, const struct scenario *scenario, bool network)
{
    const struct design *design = &scenario->design;
    struct plan_types types;
    double sum = 0.0;
    plan_types_choose(plan, scenario, network, &types);
    for (uint32_t i = 0; i < types.count; i++) {
        const struct section_type *type = types.choices[i].type;
        sum += type == NULL ? 0.0 : type->per_hour * types.choices[i].pieces;
    }
    for (uint32_t c = 0; c < design->component_count && !types.machines; c++) {
        if (!plan_types_has(&types, c)) {
            sum += price_of_component(plan, &design->components[c]);
        }
    }
    plan_types_release(&types);
    return sum;
}

double plan_price_of(struct plan *plan, const struct scenario *scenario, bool network)
{
    const struct design *design = &scenario->design;
    double sum = 0.0;
    if (plan->by_watts) {
        return plan_watts_of(plan, scenario, network);
    }
    if (!plan->by_cores) {
        return money_of(plan, scenario, network);
    }
    for (uint32_t c = 0; c < design->component_count; c++) {
        sum += cores_of(&design->components[c]);
    }
    return sum;
}
