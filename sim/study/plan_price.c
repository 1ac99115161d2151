// plan_price - what a design costs an hour, or how many cores it has.
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/engine/model.h"
#include "sim/scenario/read_value.h"
#include "sim/study/plan_parts.h"

static const double GIB = 1073741824.0;

// ---- the list ----------------------------------------------------------------------------------

static double price_named(const struct plan *plan, const char *name, bool *known)
{
    for (const struct plan_price *p = plan->prices; p != NULL && p->name != NULL; p++) {
        if (!p->is_type && text_same(p->name, name)) {
            *known = true;
            return p->per_hour;
        }
    }
    *known = false;
    return 0.0;
}

static bool read_type(struct plan *plan, const struct document_node *node, struct plan_price *price)
{
    const struct document *document = &plan->base.document;
    const char *name = node->key;
    const struct document_node *named = document_peek(node, "name");
    char per[16];
    struct units_why why;
    if (named != NULL && !read_value_text(document, named, &name)) {
        return false;
    }
    const struct document_node *cores = document_peek(node, "cores");
    const struct document_node *memory = document_peek(node, "memory");
    const struct document_node *cost = document_peek(node, "price");
    price->is_type = true;
    price->name = name;
    if (name == NULL || cores == NULL || cost == NULL || cost->kind != DOCUMENT_SCALAR ||
        !units_price(cost->text, &price->per_hour, per, &why)) {
        diagnostic_caret(document_error(document, node, "E0213", "no type of machine"),
                         "expected {name: m, cores: 4, memory: 16Gi, price: 0.19/h}");
        return false;
    }
    return read_value_cores(document, cores, &price->cores) &&
           (memory == NULL || read_value_bytes(document, memory, &price->memory));
}

static uint32_t count_prices(const struct document_node *prices)
{
    const struct document_node *types = document_peek(prices, "types");
    return (prices == NULL ? 0 : prices->count) + (types == NULL ? 0 : types->count);
}

bool plan_price_read(struct plan *plan)
{
    const struct document_node *node = plan->base.top.plan.prices;
    struct plan_price *prices =
        arena_take_array(&plan->arena, count_prices(node) + 1, sizeof *prices);
    uint32_t count = 0;
    bool good = true;
    plan->prices = prices;
    plan->currency = "";
    const struct document_node *child = node == NULL ? NULL : node->first;
    for (; child != NULL; child = child->next) {
        char per[16];
        struct units_why why;
        if (text_same(child->key, "currency")) {
            plan->currency = child->text == NULL ? "" : child->text;
        } else if (text_same(child->key, "types")) {
            for (const struct document_node *t = child->first; t != NULL; t = t->next) {
                good = read_type(plan, t, &prices[count++]) && good;
            }
        } else if (child->kind == DOCUMENT_SCALAR) {
            prices[count].name = child->key;
            good = units_price(child->text, &prices[count++].per_hour, per, &why) && good;
        }
    }
    return good;
}

// ---- costs -------------------------------------------------------------------------------------

double plan_price_servers(const struct component_design *component)
{
    return component->cores > 0.0 ? component->cores : 1.0;
}

// The cheapest type that a replica of that size fits on; the largest where none does.
static double price_on_type(const struct plan *plan, double cores, uint64_t memory, bool *known)
{
    double cheapest = 0.0, dearest = 0.0;
    bool fits = false;
    *known = false;
    for (const struct plan_price *p = plan->prices; p != NULL && p->name != NULL; p++) {
        if (!p->is_type) {
            continue;
        }
        *known = true;
        dearest = p->per_hour > dearest ? p->per_hour : dearest;
        if (p->cores >= cores && p->memory >= memory && (!fits || p->per_hour < cheapest)) {
            cheapest = p->per_hour;
            fits = true;
        }
    }
    return fits ? cheapest : dearest;
}

static double price_of_component(const struct plan *plan, const struct component_design *component)
{
    bool named, typed, by_cpu, by_memory;
    const double own = price_named(plan, component->name, &named);
    if (named) {
        const bool per_server = text_same(component->kind, "station");
        return own * component->replicas * (per_server ? plan_price_servers(component) : 1.0);
    }
    const double type = price_on_type(plan, component->cores, component->memory, &typed);
    if (typed) {
        return type * component->replicas;
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

static double price_of_machines(const struct plan *plan, const struct design *design, bool *known)
{
    double sum = 0.0;
    *known = false;
    for (uint32_t m = 0; m < design->topology.machine_count; m++) {
        const struct machine_design *machine = &design->topology.machines[m];
        sum += price_on_type(plan, machine->cores, machine->memory, known);
    }
    return sum;
}

double plan_price_of(const struct plan *plan, const struct design *design)
{
    double sum = 0.0;
    bool by_machines = false;
    if (!plan->by_cores) {
        sum = price_of_machines(plan, design, &by_machines);
    }
    for (uint32_t c = 0; c < design->component_count && !by_machines; c++) {
        const struct component_design *component = &design->components[c];
        sum += plan->by_cores ? cores_of(component) : price_of_component(plan, component);
    }
    return sum;
}
