// assembly - a design while it is being put together: what is declared, and how names find it.
#include "sim/scenario/assembly.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/text.h"

void *assembly_add(struct assembly *assembly, struct assembly_list *list, size_t size)
{
    if (list->count == list->room) {
        const uint32_t room = list->room == 0 ? 8 : list->room * 2;
        void *items = arena_take_array(assembly->arena, room, size);
        if (list->count > 0) {
            memcpy(items, list->items, list->count * size);
        }
        list->items = items;
        list->room = room;
    }
    return (char *)list->items + list->count++ * size;
}

void assembly_assume(struct assembly *assembly, const char *subject, const char *why)
{
    struct assumption_design *assumption =
        assembly_add(assembly, &assembly->assumptions, sizeof *assumption);
    *assumption = (struct assumption_design){subject, why};
}

struct design_origin assembly_origin(const struct assembly *assembly,
                                     const struct document_node *node)
{
    const struct place place = node->key != NULL ? node->key_place : node->place;
    const struct diagnostic_source *source =
        place.source == 0 ? NULL : diagnostic_source(assembly->document->diagnostics, place.source);
    return (struct design_origin){
        .file = source == NULL ? "" : arena_text(assembly->arena, source->name),
        .line = place.line,
    };
}

// ---- names -------------------------------------------------------------------------------------

enum { NAMES_SHOWN = 8 };

static void help_names(struct diagnostic *entry, const struct assembly_reference *reference)
{
    if (reference->count == 0) {
        diagnostic_help(entry, "no %s is declared", reference->what);
        return;
    }
    struct text list;
    text_init(&list);
    for (uint32_t i = 0; i < reference->count && i < NAMES_SHOWN; i++) {
        text_format(&list, "%s%s", i > 0 ? ", " : "", reference->names[i]);
    }
    diagnostic_help(entry, "declared: %s%s", text_get(&list),
                    reference->count > NAMES_SHOWN ? ", ..." : "");
    text_release(&list);
}

void assembly_complain(const struct assembly *assembly, const struct assembly_reference *reference)
{
    struct document *document = assembly->document;
    const size_t length = reference->length > 0 ? reference->length : strlen(reference->name);
    const struct place place =
        reference->node->kind == DOCUMENT_SCALAR
            ? document_place_in(document, reference->node, reference->offset, length)
            : reference->node->place;
    struct diagnostic *entry =
        diagnostic_error(document->diagnostics, "E0301", place, "there is no %s `%s`",
                         reference->what, reference->name);
    document_place_explain(reference->node, entry);
    const char *near = suggest_nearest(reference->name, reference->names, reference->count);
    if (near != NULL) {
        diagnostic_caret(entry, "did you mean `%s`?", near);
    } else {
        diagnostic_caret(entry, "not declared");
    }
    help_names(entry, reference);
}

static const char **component_names(const struct assembly *assembly)
{
    const uint32_t count = assembly->design->component_count;
    const char **names = arena_take_array(assembly->arena, count + 1, sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = assembly->components[i].name;
    }
    return names;
}

static uint32_t find_component(const struct assembly *assembly, const char *name)
{
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        if (text_same(assembly->components[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

uint32_t assembly_component(const struct assembly *assembly, const struct document_node *node,
                            const char *name)
{
    const uint32_t component = find_component(assembly, name);
    if (component == DESIGN_NONE && node != NULL) {
        assembly_complain(assembly, &(struct assembly_reference){
                                        .node = node,
                                        .what = "component",
                                        .name = name,
                                        .names = component_names(assembly),
                                        .count = assembly->design->component_count,
                                    });
    }
    return component;
}

uint32_t assembly_workload(const struct assembly *assembly, const char *name)
{
    const struct field_map *workloads = &assembly->top.workloads;
    for (uint32_t i = 0; i < workloads->count; i++) {
        if (text_same(workloads->names[i], name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

uint32_t assembly_zone(const struct assembly *assembly, const char *name)
{
    const struct topology_design *topology = &assembly->design->topology;
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        if (text_same(topology->zones[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

uint32_t assembly_region(const struct assembly *assembly, const char *name)
{
    const struct topology_design *topology = &assembly->design->topology;
    for (uint32_t i = 0; i < topology->region_count; i++) {
        if (text_same(topology->regions[i], name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

uint32_t assembly_machine(const struct assembly *assembly, const char *name)
{
    const struct topology_design *topology = &assembly->design->topology;
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        if (text_same(topology->machines[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

// ---- targets -----------------------------------------------------------------------------------

static uint32_t callable(const struct component_design *component, const char **names)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < component->operation_count; i++) {
        if (!component->operations[i].internal) {
            names[count++] = component->operations[i].name;
        }
    }
    return count;
}

static const struct operation *operation_of(const struct component_design *component,
                                            const char *name)
{
    for (uint32_t i = 0; i < component->operation_count; i++) {
        const struct operation *operation = &component->operations[i];
        if (!operation->internal && text_same(operation->name, name)) {
            return operation;
        }
    }
    return NULL;
}

static bool only_operation(const struct assembly *assembly, const struct document_node *node,
                           struct assembly_target *target)
{
    const struct component_design *component = &assembly->components[target->component];
    const char **names =
        arena_take_array(assembly->arena, component->operation_count + 1, sizeof *names);
    const uint32_t count = callable(component, names);
    if (count == 1) {
        target->operation = operation_of(component, names[0]);
        return true;
    }
    struct diagnostic *entry = document_error(assembly->document, node, "E0302",
                                              "`%s` has %u operations", component->name, count);
    diagnostic_caret(entry, count == 0 ? "nothing can be asked of it" : "name one, e.g. %s.%s",
                     component->name, count == 0 ? "" : names[0]);
    return false;
}

// The head before the first dot; *rest is NULL without a dot.
static const char *split(const struct assembly *assembly, const char *text, const char **rest)
{
    const char *dot = strchr(text, '.');
    *rest = dot == NULL ? NULL : dot + 1;
    return dot == NULL ? text : arena_text_part(assembly->arena, text, (size_t)(dot - text));
}

static bool named_operation(const struct assembly *assembly, const struct document_node *node,
                            const char *name, size_t offset, struct assembly_target *target)
{
    const struct component_design *component = &assembly->components[target->component];
    target->operation = operation_of(component, name);
    if (target->operation != NULL) {
        return true;
    }
    const char **names =
        arena_take_array(assembly->arena, component->operation_count + 1, sizeof *names);
    const uint32_t count = callable(component, names);
    assembly_complain(assembly, &(struct assembly_reference){
                                    .node = node,
                                    .what = arena_format(assembly->arena, "operation of `%s` named",
                                                         component->name),
                                    .name = name,
                                    .offset = offset,
                                    .names = names,
                                    .count = count,
                                });
    return false;
}

bool assembly_target(const struct assembly *assembly, const struct document_node *node,
                     const char *text, struct assembly_target *target)
{
    const char *rest;
    const char *name = split(assembly, text, &rest);
    *target = (struct assembly_target){.component = assembly_component(assembly, node, name)};
    if (target->component == DESIGN_NONE || !assembly->parts[target->component].good) {
        return false;
    }
    return rest == NULL ? only_operation(assembly, node, target)
                        : named_operation(assembly, node, rest, (size_t)(rest - text), target);
}

bool assembly_operation(const struct assembly *assembly, const struct document_node *node,
                        uint32_t component, struct assembly_target *target)
{
    *target = (struct assembly_target){.component = component};
    return node->text != NULL && named_operation(assembly, node, node->text, 0, target);
}

static const struct field_map *topics_of(const struct assembly *assembly, uint32_t component)
{
    const struct model *model = assembly->components[component].model;
    const struct field *field = schema_field(model->fields, "topics");
    if (field == NULL || field->type != FIELD_MAP) {
        return NULL;
    }
    const char *configuration = assembly->parts[component].configuration;
    return (const struct field_map *)(const void *)(configuration + field->offset);
}

// The topic's name as it stands in the model's map, or as asked for where the model knows it
// otherwise.
static const char *find_topic(const struct assembly *assembly, uint32_t component, const char *name)
{
    const struct field_map *topics = topics_of(assembly, component);
    const struct component_design *design = &assembly->components[component];
    for (uint32_t i = 0; topics != NULL && i < topics->count; i++) {
        if (text_same(topics->names[i], name)) {
            return topics->names[i];
        }
    }
    const struct model *model = design->model;
    return model->has_topic != NULL && model->has_topic(design, name) ? name : NULL;
}

bool assembly_has_topics(const struct assembly *assembly, uint32_t component)
{
    const struct model *model = assembly->components[component].model;
    return model != NULL && (model->has_topic != NULL || topics_of(assembly, component) != NULL);
}

bool assembly_takes_messages(const struct assembly *assembly, uint32_t component)
{
    return assembly_has_topics(assembly, component) &&
           operation_of(&assembly->components[component], "publish") != NULL;
}

bool assembly_topic(const struct assembly *assembly, const struct document_node *node,
                    const char *text, struct assembly_target *target)
{
    const char *rest;
    const char *name = split(assembly, text, &rest);
    *target = (struct assembly_target){.component = assembly_component(assembly, node, name)};
    if (target->component == DESIGN_NONE || !assembly->parts[target->component].good) {
        return false;
    }
    const struct field_map *topics = topics_of(assembly, target->component);
    if (rest == NULL || !assembly_has_topics(assembly, target->component)) {
        diagnostic_caret(document_error(assembly->document, node, "E0303",
                                        "`%s` is not a topic of a broker", text),
                         "expected broker.topic");
        return false;
    }
    target->topic = find_topic(assembly, target->component, rest);
    target->operation = operation_of(&assembly->components[target->component], "publish");
    if (target->topic == NULL) {
        assembly_complain(assembly,
                          &(struct assembly_reference){
                              .node = node,
                              .what = arena_format(assembly->arena, "topic of `%s` named", name),
                              .name = rest,
                              .offset = (size_t)(rest - text),
                              .names = topics == NULL ? NULL : topics->names,
                              .count = topics == NULL ? 0 : topics->count,
                          });
    }
    return target->topic != NULL;
}

// ---- numbers given out -------------------------------------------------------------------------

uint32_t assembly_edge(struct assembly *assembly, struct edge_design edge)
{
    struct edge_design *edges = assembly->edges.items;
    for (uint32_t i = 0; i < assembly->edges.count; i++) {
        const bool same = edges[i].from == edge.from && edges[i].to == edge.to &&
                          (edge.from != DESIGN_NONE || edges[i].workload == edge.workload);
        if (same) {
            edges[i].protocol = edges[i].protocol == NULL ? edge.protocol : edges[i].protocol;
            return i;
        }
    }
    struct edge_design *added = assembly_add(assembly, &assembly->edges, sizeof *added);
    *added = edge;
    return assembly->edges.count - 1;
}

uint8_t assembly_key(struct assembly *assembly, const char *name)
{
    if (name == NULL) {
        return 0;
    }
    const char **names = assembly->key_names.items;
    for (uint32_t i = 0; i < assembly->key_names.count; i++) {
        if (text_same(names[i], name)) {
            return (uint8_t)(i + 1);
        }
    }
    if (assembly->key_names.count == UINT8_MAX) {
        return 0;
    }
    const char **added = assembly_add(assembly, &assembly->key_names, sizeof *added);
    *added = name;
    return (uint8_t)assembly->key_names.count;
}

uint32_t assembly_stream(struct assembly *assembly, uint32_t component, const char *operation,
                         const char *step)
{
    struct assembly_list *streams = &assembly->parts[component].streams;
    const char *plain = arena_format(assembly->arena, "%s/%s/%s",
                                     assembly->components[component].name, operation, step);
    const uint64_t key = text_hash(plain);
    const uint32_t number = map_get(&assembly->stream_counts, key) + 1;
    map_set(&assembly->stream_counts, key, number);
    const char *name = number == 1 ? plain : arena_format(assembly->arena, "%s#%u", plain, number);
    const char **added = assembly_add(assembly, streams, sizeof *added);
    *added = name;
    return streams->count - 1;
}

void assembly_flow(struct assembly *assembly, struct assembly_flow flow)
{
    if (assembly->flows.count < ASSEMBLY_FLOWS) {
        struct assembly_flow *added = assembly_add(assembly, &assembly->flows, sizeof *added);
        *added = flow;
    }
}
