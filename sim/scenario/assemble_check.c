// assemble_check - mistakes that only the whole shows: reachability, circles of calls, keys,
// parameters.
#include <string.h>

#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/scenario/assemble.h"

// ---- reachability ------------------------------------------------------------------------------

static bool spread_reach(const struct assembly *assembly, bool *reached)
{
    const struct assembly_flow *flows = assembly->flows.items;
    bool changed = false;
    for (uint32_t i = 0; i < assembly->flows.count; i++) {
        const bool begins = flows[i].component == DESIGN_NONE || reached[flows[i].component];
        if (begins && !reached[flows[i].to]) {
            reached[flows[i].to] = true;
            changed = true;
        }
    }
    return changed;
}

static void lint_reach(const struct assembly *assembly)
{
    const uint32_t count = assembly->design->component_count;
    bool *reached = arena_take_array(assembly->arena, count, sizeof *reached);
    while (spread_reach(assembly, reached)) {
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!reached[i]) {
            diagnostic_caret(diagnostic_warning(assembly->document->diagnostics, "W2013",
                                                assembly->parts[i].node->key_place,
                                                "nothing reaches component `%s`",
                                                assembly->components[i].name),
                             "no workload, call or topic leads here");
        }
    }
}

// ---- circles of calls --------------------------------------------------------------------------

// Operations as numbers: base of the component plus the operation's own.
struct call_graph {
    const struct assembly *assembly;
    uint32_t *base;
    uint32_t count;
    uint8_t *state; // 0 new, 1 on the path, 2 done
    uint32_t *path;
    uint32_t *next_flow; // of every operation on the path
    uint32_t depth;
};

static uint32_t vertex(const struct call_graph *graph, uint32_t component,
                       const struct operation *operation)
{
    return graph->base[component] + operation->number;
}

static bool leaves(const struct call_graph *graph, const struct assembly_flow *flow, uint32_t from)
{
    if (!flow->waits || flow->component == DESIGN_NONE || flow->to_operation == NULL) {
        return false;
    }
    if (flow->operation != NULL) {
        return vertex(graph, flow->component, flow->operation) == from;
    }
    const uint32_t base = graph->base[flow->component];
    const uint32_t count = graph->assembly->components[flow->component].operation_count;
    return from >= base && from < base + count;
}

static const char *vertex_name(const struct call_graph *graph, uint32_t number)
{
    const struct assembly *assembly = graph->assembly;
    uint32_t component = 0;
    while (component + 1 < assembly->design->component_count &&
           graph->base[component + 1] <= number) {
        component++;
    }
    const struct component_design *design = &assembly->components[component];
    return arena_format(assembly->arena, "%s.%s", design->name,
                        design->operations[number - graph->base[component]].name);
}

static void complain_circle(const struct call_graph *graph, const struct assembly_flow *flow,
                            uint32_t target)
{
    struct arena *arena = graph->assembly->arena;
    uint32_t first = 0;
    while (graph->path[first] != target) {
        first++;
    }
    const char *circle = vertex_name(graph, target);
    for (uint32_t i = first + 1; i < graph->depth; i++) {
        circle = arena_format(arena, "%s -> %s", circle, vertex_name(graph, graph->path[i]));
    }
    struct diagnostic *entry =
        document_error(graph->assembly->document, flow->node, "E0319", "calls go in a circle");
    diagnostic_caret(entry, "%s -> %s", circle, vertex_name(graph, target));
    diagnostic_help(entry, "a request would never end; publish or spawn what need not be awaited");
}

static void push(struct call_graph *graph, uint32_t number)
{
    graph->state[number] = 1;
    graph->next_flow[graph->depth] = 0;
    graph->path[graph->depth++] = number;
}

// One step of a depth-first walk without recursion; false when a circle was found.
static bool advance(struct call_graph *graph)
{
    const uint32_t from = graph->path[graph->depth - 1];
    const struct assembly_flow *flows = graph->assembly->flows.items;
    uint32_t *next = &graph->next_flow[graph->depth - 1];
    while (*next < graph->assembly->flows.count) {
        const struct assembly_flow *flow = &flows[(*next)++];
        if (!leaves(graph, flow, from)) {
            continue;
        }
        const uint32_t to = vertex(graph, flow->to, flow->to_operation);
        if (graph->state[to] == 1) {
            complain_circle(graph, flow, to);
            return false;
        }
        if (graph->state[to] == 0) {
            push(graph, to);
            return true;
        }
    }
    graph->state[from] = 2;
    graph->depth--;
    return true;
}

static bool check_circles(const struct assembly *assembly)
{
    const uint32_t components = assembly->design->component_count;
    struct call_graph graph = {.assembly = assembly};
    graph.base = arena_take_array(assembly->arena, components + 1, sizeof *graph.base);
    for (uint32_t i = 0; i < components; i++) {
        graph.base[i] = graph.count;
        graph.count += assembly->components[i].operation_count;
    }
    graph.state = arena_take_array(assembly->arena, graph.count + 1, sizeof *graph.state);
    graph.path = arena_take_array(assembly->arena, graph.count + 1, sizeof *graph.path);
    graph.next_flow = arena_take_array(assembly->arena, graph.count + 1, sizeof *graph.next_flow);
    bool good = true;
    for (uint32_t i = 0; good && i < graph.count; i++) {
        if (graph.state[i] == 0) {
            push(&graph, i);
        }
        while (good && graph.depth > 0) {
            good = advance(&graph);
        }
    }
    return good;
}

// ---- keys and parameters -----------------------------------------------------------------------

static bool is_declared(const struct assembly *assembly, const char *key)
{
    const struct design *design = assembly->design;
    for (uint32_t i = 0; i < design->workload_count; i++) {
        for (uint32_t k = 0; k < design->workloads[i].key_count; k++) {
            if (text_same(design->workloads[i].keys[k].name, key)) {
                return true;
            }
        }
    }
    return false;
}

static const char **declared_keys(const struct assembly *assembly, uint32_t *count)
{
    const struct design *design = assembly->design;
    const char **names = arena_take_array(assembly->arena, UINT8_MAX + 1, sizeof *names);
    *count = 0;
    for (uint32_t i = 0; i < design->workload_count; i++) {
        for (uint32_t k = 0; k < design->workloads[i].key_count && *count < UINT8_MAX; k++) {
            names[(*count)++] = design->workloads[i].keys[k].name;
        }
    }
    return names;
}

static bool check_key(const struct assembly *assembly, const struct document_node *owner,
                      const char *key)
{
    if (is_declared(assembly, key)) {
        return true;
    }
    uint32_t count;
    const char **names = declared_keys(assembly, &count);
    const struct document_node *node = document_peek(owner, "key");
    assembly_complain(assembly, &(struct assembly_reference){.node = node == NULL ? owner : node,
                                                             .what = "workload key",
                                                             .name = key,
                                                             .names = names,
                                                             .count = count});
    return false;
}

static bool check_model_key(const struct assembly *assembly, uint32_t component)
{
    const struct model *model = assembly->components[component].model;
    const struct field *field = model == NULL ? NULL : schema_field(model->fields, "key");
    if (field == NULL || field->type != FIELD_NAME) {
        return true;
    }
    const char *configuration = assembly->parts[component].configuration;
    const char *key = *(const char *const *)(const void *)(configuration + field->offset);
    return key == NULL || check_key(assembly, assembly->parts[component].node, key);
}

static bool check_keys(const struct assembly *assembly)
{
    const struct assembly_flow *flows = assembly->flows.items;
    bool good = true;
    for (uint32_t i = 0; i < assembly->flows.count; i++) {
        const bool own = flows[i].call != NULL && flows[i].component != DESIGN_NONE;
        if (own && flows[i].call->key != NULL) {
            good = check_key(assembly, flows[i].node, flows[i].call->key) && good;
        }
    }
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        good = check_model_key(assembly, i) && good;
    }
    return good;
}

static bool check_params(const struct assembly *assembly)
{
    const struct document_node *params = document_peek(assembly->document->root, "params");
    const struct document_node *unused = params == NULL ? NULL : document_unused(params, NULL);
    bool good = true;
    for (; unused != NULL; unused = document_unused(params, unused)) {
        diagnostic_caret(document_key_error(assembly->document, unused, "E0127",
                                            "nothing uses parameter `%s`", unused->key),
                         "write $%s where it belongs, or drop it", unused->key);
        good = false;
    }
    return good;
}

bool assemble_checks(struct assembly *assembly)
{
    lint_reach(assembly);
    bool good = check_circles(assembly);
    good = check_keys(assembly) && good;
    good = check_params(assembly) && good;
    return good;
}
