// assemble_workload - workloads: what clients ask, how often, from where, with which keys.
#include <string.h>

#include "sim/base/text.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/read_distribution.h"
#include "sim/scenario/read_value.h"
#include "sim/scenario/sections_read.h"

struct builder {
    struct assembly *assembly;
    const struct document_node *node;
    const struct section_workload *section;
    struct workload_design *design;
    uint32_t number;
};

static struct document *document_of(const struct builder *builder)
{
    return builder->assembly->document;
}

static bool complain_key(const struct builder *builder, const struct document_node *node,
                         const char *code, const char *caret)
{
    diagnostic_caret(document_key_error(document_of(builder), node, code,
                                        "workload `%s` cannot be so", builder->design->name),
                     "%s", caret);
    return false;
}

// ---- actions -----------------------------------------------------------------------------------

static bool find_target(const struct builder *builder, const struct document_node *node,
                        const char *text, struct assembly_target *target)
{
    struct assembly *assembly = builder->assembly;
    const char *dot = strchr(text, '.');
    const char *head =
        dot == NULL ? text : arena_text_part(assembly->arena, text, (size_t)(dot - text));
    const uint32_t component = assembly_component(assembly, NULL, head);
    if (dot != NULL && component != DESIGN_NONE && assembly_takes_messages(assembly, component)) {
        return assembly_topic(assembly, node, text, target);
    }
    return assembly_target(assembly, node, text, target);
}

// The client's call; `weight` requests of one request of the workload go there.
static bool add_call(struct builder *builder, const struct document_node *node, const char *text,
                     struct action_design *action, double weight)
{
    struct assembly *assembly = builder->assembly;
    const struct section_workload *section = builder->section;
    struct assembly_target target;
    if (!find_target(builder, node, text, &target)) {
        return false;
    }
    const struct edge_design edge = {DESIGN_NONE, builder->number, target.component, NULL};
    action->call = (struct call_design){
        .target = target.component,
        .operation = target.operation,
        .topic = target.topic,
        .key = section->key,
        .key_number = assembly_key(assembly, section->key),
        .timeout_ns = section->timeout,
        .deadline_ns = section->deadline,
        .retry = assembly_retry(&section->retry),
        .wait = target.topic != NULL,
        .units = (uint32_t)section->units,
        .edge = assembly_edge(assembly, edge),
    };
    assembly_flow(assembly, (struct assembly_flow){
                                .component = DESIGN_NONE,
                                .workload = builder->number,
                                .to = target.component,
                                .to_operation = target.operation,
                                .weight = weight,
                                .waits = true,
                                .call = &action->call,
                                .node = node,
                            });
    return true;
}

static struct action_design *make_actions(struct builder *builder, uint32_t count)
{
    struct action_design *actions =
        arena_take_array(builder->assembly->arena, count, sizeof *actions);
    builder->design->actions = actions;
    builder->design->action_count = count;
    return actions;
}

static bool read_target(struct builder *builder, const struct document_node *node)
{
    const char *text;
    struct action_design *action = make_actions(builder, 1);
    action->share = 1;
    return read_value_text(document_of(builder), node, &text) &&
           add_call(builder, node, text, action, 1);
}

static bool read_mix(struct builder *builder, const struct document_node *node)
{
    if (!read_value_is(document_of(builder), node, DOCUMENT_MAPPING,
                       "{component.operation: share}")) {
        return false;
    }
    struct action_design *actions = make_actions(builder, node->count);
    bool good = node->count > 0;
    double sum = 0, share = 0;
    uint32_t number = 0;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        child->used = true;
        struct document_node key = *child;
        key.kind = DOCUMENT_SCALAR;
        key.text = child->key;
        key.place = child->key_place;
        struct document_node *kept = arena_take(builder->assembly->arena, sizeof *kept);
        *kept = key;
        good = read_value_ratio(document_of(builder), child, &share) && good;
        good = add_call(builder, kept, child->key, &actions[number], share) && good;
        sum += share;
        actions[number++].share = sum;
    }
    if (good && (sum < 1 - 1e-9 || sum > 1 + 1e-9)) {
        diagnostic_caret(document_key_error(document_of(builder), node, "E0317",
                                            "the shares of `mix` are not 100%%"),
                         "they are %g%%", sum * 100);
        return false;
    }
    return good;
}

static bool read_action(struct builder *builder, const struct document_node *node,
                        struct action_design *action)
{
    if (node->kind == DOCUMENT_SCALAR) {
        return add_call(builder, node, node->text, action, 1);
    }
    struct document_node *think = document_get(node, "think");
    if (node->kind != DOCUMENT_MAPPING || think == NULL || node->count != 1) {
        diagnostic_caret(
            document_error(document_of(builder), node, "E0310", "no action of a journey"),
            "expected component.operation or {think: exp(mean=5s)}");
        return false;
    }
    action->is_think = true;
    return read_distribution(document_of(builder), think, READ_VALUE_DURATION, &action->think);
}

static bool read_journey(struct builder *builder, const struct document_node *node)
{
    if (!read_value_is(document_of(builder), node, DOCUMENT_SEQUENCE, "a list of actions")) {
        return false;
    }
    struct action_design *actions = make_actions(builder, node->count);
    builder->design->is_journey = true;
    bool good = true, calls = false;
    uint32_t number = 0;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = read_action(builder, child, &actions[number]) && good;
        calls = calls || !actions[number++].is_think;
    }
    if (good && !calls) {
        return complain_key(builder, node, "E0307", "a journey asks for something");
    }
    return good;
}

static bool read_actions(struct builder *builder)
{
    const struct section_workload *section = builder->section;
    const int given =
        (section->target != NULL) + (section->mix != NULL) + (section->journey != NULL);
    if (given != 1) {
        return complain_key(builder, builder->node, "E0307",
                            given == 0 ? "needs `target`, `mix` or `journey`"
                                       : "only one of `target`, `mix` and `journey`");
    }
    if (section->target != NULL) {
        return read_target(builder, section->target);
    }
    return section->mix != NULL ? read_mix(builder, section->mix)
                                : read_journey(builder, section->journey);
}

// ---- rates -------------------------------------------------------------------------------------

static const struct document_node *stage_node(const struct builder *builder, uint32_t number)
{
    const struct document_node *stages = document_peek(builder->node, "stages");
    const struct document_node *stage = stages->kind == DOCUMENT_MAPPING ? stages : stages->first;
    for (uint32_t i = 0; i < number; i++) {
        stage = stage->next;
    }
    return stage;
}

static bool read_stage(struct builder *builder, uint32_t number, struct stage_design *stage)
{
    const struct section_stage *section =
        (const struct section_stage *)builder->section->stages.items + number;
    if ((section->rate == NULL) == (section->ramp_to == NULL)) {
        return complain_key(builder, stage_node(builder, number), "E0307",
                            "a stage has a `rate` or a `ramp_to`");
    }
    stage->length_ns = section->length;
    stage->ramp = section->ramp_to != NULL;
    return read_value_rate(document_of(builder), stage->ramp ? section->ramp_to : section->rate,
                           &stage->rate);
}

static bool read_stages(struct builder *builder)
{
    const uint32_t count = builder->section->stages.count;
    struct stage_design *stages = arena_take_array(builder->assembly->arena, count, sizeof *stages);
    bool good = true;
    for (uint32_t i = 0; i < count; i++) {
        good = read_stage(builder, i, &stages[i]) && good;
    }
    builder->design->stages = stages;
    builder->design->stage_count = count;
    return good;
}

static bool check_open(const struct builder *builder)
{
    const struct section_workload *section = builder->section;
    const struct document_node *rate = document_peek(builder->node, "rate");
    const bool staged = document_peek(builder->node, "stages") != NULL;
    const enum arrival_kind kind = section->arrivals.kind;
    const bool own = kind == ARRIVAL_TRACE || kind == ARRIVAL_RENEWAL;
    if (document_peek(builder->node, "users") != NULL) {
        return complain_key(builder, document_peek(builder->node, "users"), "E0307",
                            "`users` belong to `model: closed`");
    }
    if (rate == NULL && !staged && !own && section->connections.count == 0) {
        return complain_key(builder, builder->node, "E0307",
                            "an open workload needs `rate` or `stages`");
    }
    if (kind == ARRIVAL_TRACE && (rate != NULL || staged)) {
        return complain_key(builder, builder->node, "E0307",
                            "a trace says itself when requests come");
    }
    if (staged && rate != NULL && section->rate.profile.count > 0) {
        return complain_key(builder, rate, "E0307", "a profile and `stages` exclude each other");
    }
    return true;
}

static bool check_closed(const struct builder *builder)
{
    static const char *const open[] = {"rate", "stages", "arrivals"};
    bool good = true;
    if (builder->section->users == 0) {
        good = complain_key(builder, builder->node, "E0307", "a closed workload needs `users`");
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        const struct document_node *given = document_peek(builder->node, open[i]);
        if (given != NULL) {
            good = complain_key(builder, given, "E0307", "belongs to `model: open`");
        }
    }
    return good;
}

// ---- the rest ----------------------------------------------------------------------------------

static bool read_trace(struct builder *builder)
{
    const struct document_node *node = document_peek(builder->node, "arrivals");
    struct workload_design *design = builder->design;
    struct sections_read_trace trace;
    if (builder->section->trace == NULL) {
        return true;
    }
    if (!sections_read_trace(&builder->assembly->schema, node, builder->section->trace, &trace)) {
        return false;
    }
    design->arrivals.trace_count = trace.count;
    design->arrivals.trace_times = trace.times;
    if (trace.targets == NULL) {
        return true;
    }
    uint32_t *choices = arena_take_array(builder->assembly->arena, trace.count, sizeof *choices);
    for (uint64_t i = 0; i < trace.count; i++) {
        const char *name = trace.targets[i];
        uint32_t choice = 0;
        const struct document_node *child =
            builder->section->mix == NULL ? NULL : builder->section->mix->first;
        for (; child != NULL && name != NULL && !text_same(child->key, name); choice++) {
            child = child->next;
        }
        if (child == NULL || name == NULL) {
            diagnostic_caret(document_error(document_of(builder), node, "E0225",
                                            "arrival %llu of the trace asks for `%s`",
                                            (unsigned long long)i + 1, name == NULL ? "" : name),
                             "every target of a trace stands in `mix`");
            return false;
        }
        choices[i] = choice;
    }
    design->arrivals.trace_choices = choices;
    return true;
}

static bool read_from(struct builder *builder)
{
    struct assembly *assembly = builder->assembly;
    const struct topology_design *topology = &assembly->design->topology;
    const char *from = builder->section->from;
    if (from == NULL) {
        return true;
    }
    uint32_t *zones = arena_take_array(assembly->arena, topology->zone_count, sizeof *zones);
    const uint32_t region = assembly_region(assembly, from);
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        if (text_same(topology->zones[i].name, from) || topology->zones[i].region == region) {
            zones[builder->design->zone_count++] = i;
        }
    }
    builder->design->zones = zones;
    if (builder->design->zone_count == 0) {
        assembly_complain(assembly, &(struct assembly_reference){
                                        .node = document_peek(builder->node, "from"),
                                        .what = "region or zone",
                                        .name = from,
                                        .names = topology->regions,
                                        .count = topology->region_count,
                                    });
    }
    return builder->design->zone_count > 0;
}

static bool read_key(struct builder *builder, struct document_node *node, struct key_design *key)
{
    node->used = true;
    key->name = node->key;
    key->unique = node->kind == DOCUMENT_SCALAR && text_same(node->text, "unique");
    if (assembly_key(builder->assembly, node->key) == 0) {
        document_key_error(document_of(builder), node, "E0212", "more than 255 names of keys");
        return false;
    }
    return key->unique ||
           read_distribution(document_of(builder), node, READ_VALUE_COUNT, &key->law);
}

static bool check_own_key(const struct builder *builder)
{
    const char *key = builder->section->key;
    for (uint32_t i = 0; key != NULL && i < builder->design->key_count; i++) {
        if (text_same(builder->design->keys[i].name, key)) {
            return true;
        }
    }
    return key == NULL || complain_key(builder, document_peek(builder->node, "key"), "E0307",
                                       "not one of its `keys`");
}

static bool read_keys(struct builder *builder)
{
    const struct document_node *node = builder->section->keys;
    if (node == NULL) {
        return check_own_key(builder);
    }
    if (!read_value_is(document_of(builder), node, DOCUMENT_MAPPING, "{name: law}")) {
        return false;
    }
    struct key_design *keys = arena_take_array(builder->assembly->arena, node->count, sizeof *keys);
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        good = read_key(builder, child, &keys[builder->design->key_count++]) && good;
    }
    builder->design->keys = keys;
    return check_own_key(builder) && good;
}

static const struct operation *socket_operation(struct builder *builder, const char *key,
                                                const char *name, uint32_t target)
{
    struct assembly *assembly = builder->assembly;
    struct assembly_target found;
    if (name == NULL) {
        return NULL;
    }
    const struct document_node *node =
        document_peek(document_peek(builder->node, "connections"), key);
    if (!assembly_operation(assembly, node, target, &found)) {
        return NULL;
    }
    assembly_flow(assembly, (struct assembly_flow){
                                .component = DESIGN_NONE,
                                .workload = builder->number,
                                .to = target,
                                .to_operation = found.operation,
                                .node = node,
                            });
    return found.operation;
}

static bool read_connections(struct builder *builder)
{
    const struct section_connections *section = &builder->section->connections;
    struct connections_design *design = &builder->design->connections;
    struct assembly *assembly = builder->assembly;
    const struct document_node *node = document_peek(builder->node, "connections");
    if (node == NULL) {
        return true;
    }
    uint32_t target =
        builder->design->action_count > 0 ? builder->design->actions[0].call.target : DESIGN_NONE;
    if (section->target != NULL) {
        target = assembly_component(assembly, document_peek(node, "target"), section->target);
    }
    if (target == DESIGN_NONE || !assembly->parts[target].good) {
        return false;
    }
    *design = (struct connections_design){
        .count = section->count,
        .heartbeat_ns = section->heartbeat,
        .timeout_ns = section->timeout,
        .reconnect = assembly_retry(&section->reconnect),
        .churn = section->churn,
        .open = socket_operation(builder, "open", section->open, target),
        .heartbeat = socket_operation(builder, "on_heartbeat", section->on_heartbeat, target),
        .target = target,
    };
    assembly_edge(assembly, (struct edge_design){DESIGN_NONE, builder->number, target, NULL});
    return (section->open == NULL || design->open != NULL) &&
           (section->on_heartbeat == NULL || design->heartbeat != NULL);
}

static void fill_design(struct builder *builder)
{
    const struct section_workload *section = builder->section;
    struct assembly *assembly = builder->assembly;
    *builder->design = (struct workload_design){
        .name = builder->node->key,
        .assumed = section->assumed,
        .origin = assembly_origin(assembly, builder->node),
        .model = (enum workload_model)section->model,
        .arrivals = section->arrivals,
        .rate = section->rate.rate,
        .users = section->users,
        .think = section->think,
        .profile = section->rate.profile,
        .priority = (uint32_t)section->class.priority,
        .units = (uint32_t)section->units,
        .gather_ns = section->gather,
        .thinned = section->thinned,
    };
    if (section->assumed != NULL) {
        assembly_assume(assembly, arena_format(assembly->arena, "workload %s", builder->node->key),
                        section->assumed);
    }
    if (section->thinned < 1) {
        assembly_assume(assembly, arena_format(assembly->arena, "workload %s", builder->node->key),
                        arena_format(assembly->arena, "thinned to %g%% of its traffic",
                                     section->thinned * 100));
    }
}

static bool build(struct builder *builder)
{
    fill_design(builder);
    bool good = read_actions(builder);
    good =
        (builder->section->model == WORKLOAD_OPEN ? check_open(builder) : check_closed(builder)) &&
        good;
    good = read_stages(builder) && good;
    good = read_trace(builder) && good;
    good = read_from(builder) && good;
    good = read_keys(builder) && good;
    return read_connections(builder) && good;
}

bool assemble_workloads(struct assembly *assembly)
{
    const struct field_map *map = &assembly->top.workloads;
    struct workload_design *designs =
        arena_take_array(assembly->arena, map->count, sizeof *designs);
    const struct document_node *all = document_peek(assembly->document->root, "workloads");
    const struct document_node *node = all == NULL ? NULL : all->first;
    assembly->design->workloads = designs;
    assembly->design->workload_count = map->count;
    bool good = true;
    for (uint32_t i = 0; i < map->count; i++, node = node->next) {
        struct builder builder = {
            .assembly = assembly,
            .node = node,
            .section = (const struct section_workload *)map->items + i,
            .design = &designs[i],
            .number = i,
        };
        good = (node->kind == DOCUMENT_MAPPING && build(&builder)) && good;
    }
    return good;
}
