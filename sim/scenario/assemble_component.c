// assemble_component - components: declared through the catalog, placed, prepared, compiled.
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/place.h"
#include "sim/scenario/program.h"
#include "sim/scenario/read_value.h"
#include "sim/scenario/sections_read.h"

enum { KINDS = 128, COMPONENTS = 4000 };

static const struct model *find_model(const struct assembly *assembly,
                                      const struct document_node *node)
{
    const struct document_node *kind = document_peek(node, "kind");
    const char *name;
    if (kind == NULL || !read_value_name(assembly->document, kind, &name)) {
        return NULL;
    }
    const struct model *model = model_find(assembly->catalog, name);
    if (model != NULL) {
        return model;
    }
    const char *names[KINDS];
    size_t count = 0;
    for (; count < KINDS && assembly->catalog->models[count] != NULL; count++) {
        names[count] = assembly->catalog->models[count]->kind;
    }
    assembly_complain(
        assembly,
        &(struct assembly_reference){
            .node = kind, .what = "kind", .name = name, .names = names, .count = (uint32_t)count});
    return NULL;
}

// ---- the common part ---------------------------------------------------------------------------

static struct detection_design detection_of(const struct section_detection *section)
{
    return (struct detection_design){
        .health_check = section->health_check.enabled,
        .period_ns = section->health_check.period,
        .timeout_ns = section->health_check.timeout,
        .failures = (uint32_t)section->health_check.failures,
        .successes = (uint32_t)section->health_check.successes,
        .ejection = section->ejection.enabled,
        .consecutive = (uint32_t)section->ejection.consecutive,
        .ejection_ns = section->ejection.length,
        .maximum_ejected = section->ejection.maximum,
    };
}

static void fill_pools(struct assembly *assembly, struct component_design *component,
                       const struct section_component *section)
{
    const struct section_pool *pools = section->pools.items;
    struct pool_design *designs =
        arena_take_array(assembly->arena, section->pools.count, sizeof *designs);
    for (uint32_t i = 0; i < section->pools.count; i++) {
        designs[i] = (struct pool_design){section->pools.names[i], pools[i].size, pools[i].queue};
    }
    component->pools = designs;
    component->pool_count = section->pools.count;
}

static void fill_devices(struct assembly *assembly, struct component_design *component,
                         const struct section_component *section)
{
    const struct section_device *devices = section->devices.items;
    struct device_design *designs =
        arena_take_array(assembly->arena, section->devices.count, sizeof *designs);
    for (uint32_t i = 0; i < section->devices.count; i++) {
        designs[i] = (struct device_design){section->devices.names[i], (uint32_t)devices[i].servers,
                                            (double)devices[i].iops, devices[i].bandwidth};
    }
    component->devices = designs;
    component->device_count = section->devices.count;
}

static struct consistency_design consistency_of(const struct assembly *assembly,
                                                const struct assembly_component *part,
                                                const char *name)
{
    const struct section_consistency *section = &part->section.consistency;
    return (struct consistency_design){document_peek(part->node, "consistency") != NULL,
                                       (uint32_t)section->keys, (uint32_t)section->operations,
                                       section->states,
                                       arena_format(assembly->arena, "linearizable %s", name)};
}

static void fill_design(struct assembly *assembly, uint32_t number, const struct model *model)
{
    struct assembly_component *part = &assembly->parts[number];
    const struct section_component *section = &part->section;
    struct component_design *component = &assembly->components[number];
    *component = (struct component_design){
        .name = component->name,
        .kind = model->kind,
        .title = section->title,
        .group = section->group != NULL ? section->group : model->family,
        .description = section->description,
        .assumed = section->assumed,
        .origin = assembly_origin(assembly, part->node),
        .model = model,
        .configuration = part->configuration,
        .cores = section->cores,
        .sharing = section->sharing == 1,
        .memory = section->memory,
        .concurrency = section->concurrency,
        .queue = {section->queue.capacity, (enum discipline)section->queue.discipline,
                  (enum on_full)section->queue.on_full},
        .balancing = (enum balancing)section->balancing,
        .detection = detection_of(&section->detection),
        .consistency = consistency_of(assembly, part, component->name),
        .operations = model->operations,
        .operation_count = model->operation_count,
        .reschedule = section->reschedule,
        .startup = section->startup,
    };
    fill_pools(assembly, component, section);
    fill_devices(assembly, component, section);
    if (section->assumed != NULL) {
        assembly_assume(assembly, arena_format(assembly->arena, "component %s", component->name),
                        section->assumed);
    }
}

// ---- keys that do not apply --------------------------------------------------------------------

static bool refuse(const struct assembly *assembly, const struct document_node *node,
                   const char *key, const char *why)
{
    const struct document_node *found = document_peek(node, key);
    if (found == NULL) {
        return true;
    }
    diagnostic_caret(document_key_error(assembly->document, found, "E0304",
                                        "`%s` does not apply to `%s`", key, node->key),
                     "%s", why);
    return false;
}

static bool check_keys(const struct assembly *assembly, uint32_t number, const struct model *model)
{
    const struct document_node *node = assembly->parts[number].node;
    const bool writes_operations = model->operations == NULL && model->prepare == NULL;
    bool good = true;
    if (model->no_cores) {
        good = refuse(assembly, node, "cores", "the model has servers of its own") && good;
        good = refuse(assembly, node, "concurrency", "the model has servers of its own") && good;
    }
    if (!writes_operations) {
        good = refuse(assembly, node, "operations", "the model has operations of its own") && good;
    } else if (document_peek(node, "operations") == NULL) {
        diagnostic_help(document_key_error(assembly->document, node, "E0124",
                                           "component `%s` needs `operations`", node->key),
                        "operations: {read: [{cpu: exp(mean=2ms)}, {reply: 1kB}]}");
        good = false;
    }
    if (model->operation_count != 1) {
        good = refuse(assembly, node, "then", "only a station moves requests on") && good;
    }
    if (assembly->parts[number].section.cores > 0 || model->no_cores) {
        return good;
    }
    return refuse(assembly, node, "sharing", "there are no `cores` to share") && good;
}

// ---- preparation -------------------------------------------------------------------------------

static bool show_complaints(struct assembly *assembly, uint32_t number,
                            const struct model_preparation *preparation)
{
    const struct document_node *node = assembly->parts[number].node;
    for (uint32_t i = 0; i < preparation->complaint_count; i++) {
        const struct model_complaint *complaint = &preparation->complaints[i];
        const struct document_node *field =
            complaint->field == NULL ? NULL : document_peek(node, complaint->field);
        if (field != NULL) {
            diagnostic_caret(document_error(assembly->document, field, "E0306",
                                            "`%s` of `%s` cannot be so", complaint->field,
                                            node->key),
                             "%s", complaint->message);
        } else {
            diagnostic_caret(document_key_error(assembly->document, node, "E0306",
                                                "`%s` cannot be so", node->key),
                             "%s%s%s", complaint->field == NULL ? "" : complaint->field,
                             complaint->field == NULL ? "" : ": ", complaint->message);
        }
    }
    return preparation->complaint_count == 0;
}

// `replicas` beside a model that counts its nodes by keys of its own.
static bool check_replicas(const struct assembly *assembly, uint32_t number)
{
    const struct component_design *component = &assembly->components[number];
    const struct document_node *node = assembly->parts[number].node;
    const struct document_node *replicas = document_peek(node, "replicas");
    if (replicas == NULL || assembly->parts[number].section.replicas == component->replicas) {
        return true;
    }
    diagnostic_caret(document_error(assembly->document, replicas, "E0322", "`replicas` says %u",
                                    (uint32_t)assembly->parts[number].section.replicas),
                     "but `%s` has %u nodes, by other keys of its model", node->key,
                     component->replicas);
    return false;
}

// A model that says only how many nodes it has gets them laid out as `spread` says.
static bool lay_out_again(struct assembly *assembly, uint32_t number, uint32_t laid_out,
                          const struct placement *placements)
{
    struct component_design *component = &assembly->components[number];
    if (!check_replicas(assembly, number)) {
        return false;
    }
    if (component->placements != placements) {
        return refuse(assembly, assembly->parts[number].node, "spread",
                      "the model places its nodes by keys of its own");
    }
    if (component->replicas == laid_out) {
        return true;
    }
    const uint32_t wanted = component->replicas;
    const struct document_node *node = assembly->parts[number].node;
    assembly->parts[number].section.replicas = wanted;
    if (!place_component(assembly, number)) {
        return false;
    }
    if (component->replicas != wanted) {
        const struct document_node *spread = document_peek(node, "spread");
        diagnostic_caret(document_error(assembly->document, spread, "E0322", "`spread` places %u",
                                        component->replicas),
                         "but `%s` has %u nodes", node->key, wanted);
        return false;
    }
    return true;
}

static bool prepare(struct assembly *assembly, uint32_t number)
{
    struct component_design *component = &assembly->components[number];
    struct model_preparation preparation = {
        .arena = assembly->arena,
        .design = assembly->design,
        .component = component,
        .configuration = assembly->parts[number].configuration,
    };
    if (component->model->prepare == NULL) {
        return true;
    }
    const uint32_t laid_out = component->replicas;
    const struct placement *placements = component->placements;
    component->model->prepare(&preparation);
    return show_complaints(assembly, number, &preparation) &&
           lay_out_again(assembly, number, laid_out, placements);
}

static bool read_part(struct assembly *assembly, uint32_t number, const struct model *model)
{
    struct assembly_component *part = &assembly->parts[number];
    static const struct field none[] = {{0}};
    part->configuration =
        arena_take(assembly->arena, model->configuration_size > 0 ? model->configuration_size : 1);
    const struct schema_mapping mapping = {
        .node = part->node,
        .what = arena_format(assembly->arena, "component `%s`", part->node->key),
        .explain = "components.*",
        .parts = {{model->fields != NULL ? model->fields : none, part->configuration},
                  {sections_component, &part->section}},
    };
    return schema_read(&assembly->schema, &mapping);
}

static bool declare(struct assembly *assembly, uint32_t number)
{
    struct assembly_component *part = &assembly->parts[number];
    assembly->current = number;
    if (!read_value_is(assembly->document, part->node, DOCUMENT_MAPPING, "a component")) {
        return false;
    }
    const struct model *model = find_model(assembly, part->node);
    if (model == NULL) {
        if (document_peek(part->node, "kind") == NULL) {
            diagnostic_help(document_key_error(assembly->document, part->node, "E0124",
                                               "component `%s` needs `kind`", part->node->key),
                            "kind: its model, e.g. service  (orrery list models)");
        }
        return false;
    }
    bool good = read_part(assembly, number, model);
    fill_design(assembly, number, model);
    good = check_keys(assembly, number, model) && good;
    if (part->section.spread == NULL || !place_component(assembly, number)) {
        return false;
    }
    good = good && prepare(assembly, number);
    if (model->operations == NULL && part->section.operations != NULL) {
        good = program_declare(assembly, number) && good;
    }
    return good;
}

// ---- the second pass ---------------------------------------------------------------------------

// A call of a model: it judges the answer itself, and a time-out that it has set holds where none
// is written.
static bool read_call(struct assembly *assembly, const struct assembly_pending *pending)
{
    struct call_design *call = pending->value;
    const int64_t timeout = call->timeout_ns;
    const struct edge_design from = {.from = pending->component, .workload = DESIGN_NONE};
    const bool is_call = text_same(pending->reader->name, "call");
    const bool good = is_call ? assembly_call(assembly, pending->node, from, call)
                              : assembly_publish(assembly, pending->node, from, call);
    if (call->operation == NULL) {
        return false;
    }
    call->stop = false;
    call->timeout_ns = call->timeout_ns == 0 ? timeout : call->timeout_ns;
    assembly_flow(assembly, (struct assembly_flow){
                                .component = pending->component,
                                .workload = DESIGN_NONE,
                                .to = call->target,
                                .to_operation = call->operation,
                                .weight = strstr(pending->field->name, "_endpoint") ? 0 : 1,
                                .waits = is_call,
                                .call = call,
                                .node = pending->node,
                            });
    return good;
}

static bool read_pending(struct assembly *assembly, const struct assembly_pending *pending)
{
    if (!text_same(pending->reader->name, "steps")) {
        return read_call(assembly, pending);
    }
    struct operation *operation = arena_take(assembly->arena, sizeof *operation);
    operation->name = pending->field->name;
    operation->internal = true;
    *(const struct operation **)pending->value = operation;
    return program_compile_list(assembly, pending->component, pending->node, operation);
}

static bool compile(struct assembly *assembly, uint32_t number)
{
    const struct assembly_component *part = &assembly->parts[number];
    if (part->good && part->section.then != NULL) {
        return program_then(assembly, number, part->section.then);
    }
    return part->operations == NULL || program_compile(assembly, number);
}

static bool check_name(const struct assembly *assembly, const struct document_node *node)
{
    struct document_node key = *node;
    const char *name;
    key.kind = DOCUMENT_SCALAR;
    key.text = node->key;
    key.place = node->key_place;
    return read_value_name(assembly->document, &key, &name);
}

static bool begin(struct assembly *assembly, const struct document_node *node)
{
    struct design *design = assembly->design;
    assembly->components =
        arena_take_array(assembly->arena, node->count, sizeof *assembly->components);
    assembly->parts = arena_take_array(assembly->arena, node->count, sizeof *assembly->parts);
    design->components = assembly->components;
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        child->used = true;
        good = check_name(assembly, child) && good;
        assembly->parts[design->component_count].node = child;
        assembly->components[design->component_count++].name = child->key;
    }
    return good;
}

bool assemble_components(struct assembly *assembly)
{
    const struct document_node *node = assembly->top.components;
    if (node == NULL ||
        !read_value_is(assembly->document, node, DOCUMENT_MAPPING, "components by name")) {
        return false;
    }
    if (node->count == 0 || node->count > COMPONENTS) {
        document_error(assembly->document, node, "E0212", "%u components: 1 to %d are allowed",
                       node->count, COMPONENTS);
        return false;
    }
    bool good = begin(assembly, node);
    for (uint32_t i = 0; i < node->count; i++) {
        assembly->parts[i].good = declare(assembly, i);
        good = good && assembly->parts[i].good;
        if (assembly->parts[i].good && assembly->parts[i].section.then != NULL) {
            program_own_operation(assembly, i);
        }
    }
    for (uint32_t i = 0; i < node->count; i++) {
        good = compile(assembly, i) && good;
    }
    const struct assembly_pending *pending = assembly->pending.items;
    for (uint32_t i = 0; i < assembly->pending.count; i++) {
        good = read_pending(assembly, &pending[i]) && good;
    }
    place_machines(assembly);
    return good;
}
