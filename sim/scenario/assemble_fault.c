// assemble_fault - faults: what they select, when they strike, whether the selection exists.
#include <string.h>

#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/read_value.h"

struct fault_builder {
    struct assembly *assembly;
    const struct document_node *node;
    const struct section_fault *section;
    struct fault_design base;
    struct assembly_list *rows;
};

static bool is_link(enum fault_action action)
{
    return action == FAULT_DELAY || action == FAULT_LOSS || action == FAULT_PARTITION;
}

// E0305, with the names that exist.
static bool complain_empty(const struct fault_builder *builder, const struct document_node *node,
                           const char *what, const char *names)
{
    diagnostic_caret(
        document_error(builder->assembly->document, node, "E0305", "fault `%s` selects nothing",
                       builder->section->name),
        "no %s `%s`%s%s", what, node->text == NULL ? "" : node->text,
        names[0] == '\0' ? "" : arena_format(builder->assembly->arena, "; %ss are ", what), names);
    return false;
}

static bool complain_key(const struct fault_builder *builder, const char *key, const char *caret)
{
    const struct document_node *at = document_peek(builder->node, key);
    diagnostic_caret(document_key_error(builder->assembly->document,
                                        at == NULL ? builder->node : at, "E0308",
                                        "fault `%s` cannot be so", builder->section->name),
                     "%s", caret);
    return false;
}

// ---- names that exist --------------------------------------------------------------------------

enum { NAMES_SHOWN = 10 };

static const char *add_name(struct arena *arena, const char *list, const char *name, uint32_t index)
{
    if (index > NAMES_SHOWN) {
        return list;
    }
    if (index == NAMES_SHOWN) {
        return arena_format(arena, "%s, ...", list);
    }
    return index == 0 ? name : arena_format(arena, "%s, %s", list, name);
}

static const char *zone_list(const struct assembly *assembly)
{
    const struct topology_design *topology = &assembly->design->topology;
    const char *list = "";
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        list = add_name(assembly->arena, list, topology->zones[i].name, i);
    }
    return list;
}

static const char *component_list(const struct assembly *assembly)
{
    const char *list = "";
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        list = add_name(assembly->arena, list, assembly->components[i].name, i);
    }
    return list;
}

static const char *machine_list(const struct assembly *assembly)
{
    const struct topology_design *topology = &assembly->design->topology;
    const char *list = "";
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        list = add_name(assembly->arena, list, topology->machines[i].name, i);
    }
    return list;
}

// ---- selections --------------------------------------------------------------------------------

static bool select_component(struct fault_builder *builder)
{
    const struct document_node *node = builder->section->select.component;
    const char *name;
    if (node == NULL) {
        return true;
    }
    if (!read_value_name(builder->assembly->document, node, &name)) {
        return false;
    }
    builder->base.component = assembly_component(builder->assembly, NULL, name);
    return builder->base.component != DESIGN_NONE ||
           complain_empty(builder, node, "component", component_list(builder->assembly));
}

static bool select_zone(struct fault_builder *builder)
{
    const struct document_node *node = builder->section->select.zone;
    const char *name;
    if (node == NULL) {
        return true;
    }
    if (!read_value_name(builder->assembly->document, node, &name)) {
        return false;
    }
    builder->base.zone = assembly_zone(builder->assembly, name);
    return builder->base.zone != DESIGN_NONE ||
           complain_empty(builder, node, "zone", zone_list(builder->assembly));
}

static bool select_machine(struct fault_builder *builder)
{
    const struct document_node *node = builder->section->select.node;
    const char *name;
    if (node == NULL) {
        return true;
    }
    if (!read_value_name(builder->assembly->document, node, &name)) {
        return false;
    }
    builder->base.machine = assembly_machine(builder->assembly, name);
    return builder->base.machine != DESIGN_NONE ||
           complain_empty(builder, node, "machine", machine_list(builder->assembly));
}

static bool is_role(const struct fault_builder *builder, const struct document_node *node)
{
    const struct component_design *component =
        &builder->assembly->components[builder->base.component];
    const char *const *roles = component->model == NULL ? NULL : component->model->roles;
    uint32_t count = 0;
    for (; roles != NULL && roles[count] != NULL; count++) {
        if (text_same(roles[count], builder->base.role)) {
            return true;
        }
    }
    if (count > 0) {
        const struct assembly_reference reference = {
            .node = node,
            .what = arena_format(builder->assembly->arena, "role of `%s` named", component->name),
            .name = builder->base.role,
            .names = roles,
            .count = count,
        };
        assembly_complain(builder->assembly, &reference);
    }
    return count == 0;
}

static bool select_role(struct fault_builder *builder)
{
    const struct document_node *node = builder->section->select.role;
    if (node == NULL) {
        return true;
    }
    if (!read_value_name(builder->assembly->document, node, &builder->base.role)) {
        return false;
    }
    if (builder->base.component == DESIGN_NONE) {
        return complain_key(builder, "select", "a `role` needs a `component`");
    }
    const struct model *model = builder->assembly->components[builder->base.component].model;
    if (model != NULL && model->with_role == NULL) {
        return complain_empty(builder, node, "role", "");
    }
    return is_role(builder, node);
}

// One end of a link: a component, a zone or every zone of a region.
struct link_end {
    uint32_t component;
    uint32_t *zones;
    uint32_t zone_count;
};

static bool select_end(struct fault_builder *builder, const struct document_node *node,
                       struct link_end *end)
{
    struct assembly *assembly = builder->assembly;
    const struct topology_design *topology = &assembly->design->topology;
    const char *name;
    *end = (struct link_end){.component = DESIGN_NONE};
    if (node == NULL) {
        return true;
    }
    if (!read_value_name(assembly->document, node, &name)) {
        return false;
    }
    end->component = assembly_component(assembly, NULL, name);
    end->zones = arena_take_array(assembly->arena, topology->zone_count, sizeof *end->zones);
    const uint32_t region = assembly_region(assembly, name);
    for (uint32_t i = 0; i < topology->zone_count && end->component == DESIGN_NONE; i++) {
        if (text_same(topology->zones[i].name, name) || topology->zones[i].region == region) {
            end->zones[end->zone_count++] = i;
        }
    }
    if (end->component == DESIGN_NONE && end->zone_count == 0) {
        return complain_empty(builder, node, "component, zone or region", component_list(assembly));
    }
    return true;
}

// A component that stands nowhere in the selected zone, or has no replica on the machine.
static bool check_place(const struct fault_builder *builder)
{
    const struct fault_design *base = &builder->base;
    const struct assembly *assembly = builder->assembly;
    if (base->zone == DESIGN_NONE && base->machine == DESIGN_NONE) {
        return true;
    }
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        const struct component_design *component = &assembly->components[i];
        const bool meant = base->component == DESIGN_NONE || base->component == i;
        for (uint32_t k = 0; meant && k < component->replicas; k++) {
            const struct placement *placement = &component->placements[k];
            if ((base->zone == DESIGN_NONE || placement->zone == base->zone) &&
                (base->machine == DESIGN_NONE || placement->machine == base->machine)) {
                return true;
            }
        }
    }
    const struct section_select *select = &builder->section->select;
    const struct document_node *node = select->zone != NULL ? select->zone : select->node;
    diagnostic_caret(document_error(assembly->document, node, "E0305", "fault `%s` selects nothing",
                                    builder->section->name),
                     "no replica stands there");
    return false;
}

// ---- time --------------------------------------------------------------------------------------

static bool read_times(struct fault_builder *builder)
{
    const struct section_fault *section = builder->section;
    struct fault_design *base = &builder->base;
    const bool at = document_peek(builder->node, "at") != NULL;
    const bool mtbf = document_peek(builder->node, "mtbf") != NULL;
    if (at == mtbf) {
        return complain_key(builder, "name",
                            at ? "`at` or `mtbf`, not both" : "needs `at`, or `mtbf` and `mttr`");
    }
    if (mtbf && document_peek(builder->node, "mttr") == NULL) {
        return complain_key(builder, "mtbf", "needs `mttr`");
    }
    if (at && document_peek(builder->node, "mttr") != NULL) {
        return complain_key(builder, "mttr",
                            "belongs to `mtbf`; a scheduled fault has a `duration`");
    }
    base->stochastic = mtbf;
    base->at_ns = at ? section->at : TIME_NEVER;
    base->duration_ns = section->duration > 0 ? section->duration : TIME_NEVER;
    base->mtbf = section->mtbf;
    base->mttr = section->mttr;
    return true;
}

static void lint_times(const struct fault_builder *builder)
{
    const struct assembly *assembly = builder->assembly;
    const struct design *design = assembly->design;
    const struct fault_design *base = &builder->base;
    if (!base->stochastic && base->at_ns >= design->duration_ns) {
        diagnostic_caret(document_warning(assembly->document, document_peek(builder->node, "at"),
                                          "W2009", "fault `%s` strikes after the end of the run",
                                          base->name),
                         "the run ends first");
        return;
    }
    if (!base->stochastic || base->mtbf.depth == 0) {
        return;
    }
    const double mean = distribution_mean(&base->mtbf);
    const uint32_t replicas =
        base->component == DESIGN_NONE ? 1 : assembly->components[base->component].replicas;
    const double expected =
        mean > 0 ? (double)design->duration_ns / mean * replicas * design->replications.minimum : 0;
    if (expected < 5) {
        diagnostic_caret(document_warning(assembly->document, document_peek(builder->node, "mtbf"),
                                          "W2010", "fault `%s` is rarely seen", base->name),
                         "%.2g strikes are expected in all replications together", expected);
    }
}

// ---- actions -----------------------------------------------------------------------------------

static bool read_delay(struct fault_builder *builder)
{
    const struct section_delay *delay = &builder->section->delay;
    if (document_peek(builder->node, "delay") == NULL) {
        return complain_key(builder, "action", "needs `delay: {latency: 90ms}`");
    }
    builder->base.delay = delay->latency;
    if (delay->latency.depth == 0) {
        return false; // it could not be read
    }
    if (delay->jitter == 0) {
        return true;
    }
    if (!distribution_is_constant(&delay->latency)) {
        return complain_key(builder, "delay", "`jitter` belongs to a constant latency");
    }
    const double mean = distribution_mean(&delay->latency), spread = (double)delay->jitter;
    builder->base.delay = (struct distribution){
        .kind = DISTRIBUTION_UNIFORM, .a = spread > mean ? 0 : mean - spread, .b = mean + spread};
    const char *wrong = distribution_prepare(&builder->base.delay);
    return wrong == NULL || complain_key(builder, "delay", wrong);
}

static bool check_selection(const struct fault_builder *builder)
{
    const struct fault_design *base = &builder->base;
    const struct section_select *select = &builder->section->select;
    const bool link = is_link(base->action);
    if (link && (select->from == NULL || select->to == NULL)) {
        return complain_key(builder, "select", "needs `select: {from: ..., to: ...}`");
    }
    if (!link && (select->from != NULL || select->to != NULL)) {
        return complain_key(builder, "select", "`from` and `to` belong to delay, loss, partition");
    }
    if (base->action == FAULT_ZONE_DOWN && select->zone == NULL && select->region == NULL) {
        return complain_key(builder, "select", "needs `select: {zone: ...}`");
    }
    if (base->action == FAULT_NODE_DOWN && select->node == NULL) {
        return complain_key(builder, "select", "needs `select: {node: node-1}`");
    }
    const bool process = base->action <= FAULT_SLOW;
    if (process && select->component == NULL && select->zone == NULL && select->node == NULL) {
        return complain_key(builder, "select", "needs `select: {component: ...}`");
    }
    return true;
}

static bool read_action(struct fault_builder *builder)
{
    const struct section_fault *section = builder->section;
    struct fault_design *base = &builder->base;
    base->factor = section->factor;
    base->loss = section->loss;
    base->one_way = section->one_way;
    if (base->action == FAULT_LOSS && section->loss <= 0) {
        return complain_key(builder, "action", "needs `loss: 10%`");
    }
    if (base->action == FAULT_SLOW && section->factor <= 0) {
        return complain_key(builder, "factor", "must be above 0");
    }
    if (base->mode == FAULT_FIXED && base->fixed == 0) {
        return complain_key(builder, "mode", "a count is at least 1");
    }
    return base->action != FAULT_DELAY || read_delay(builder);
}

// ---- rows --------------------------------------------------------------------------------------

static void add_row(struct fault_builder *builder, const struct fault_design *row)
{
    struct fault_design *added = assembly_add(builder->assembly, builder->rows, sizeof *added);
    *added = *row;
}

static bool add_links(struct fault_builder *builder)
{
    const struct section_select *select = &builder->section->select;
    struct link_end from, to;
    bool good = select_end(builder, select->from, &from);
    good = select_end(builder, select->to, &to) && good;
    if (!good) {
        return false;
    }
    struct fault_design row = builder->base;
    row.from = from.component;
    row.to = to.component;
    const uint32_t from_count = from.zone_count == 0 ? 1 : from.zone_count;
    const uint32_t to_count = to.zone_count == 0 ? 1 : to.zone_count;
    for (uint32_t i = 0; i < from_count * to_count; i++) {
        row.from_zone = from.zone_count == 0 ? DESIGN_NONE : from.zones[i / to_count];
        row.to_zone = to.zone_count == 0 ? DESIGN_NONE : to.zones[i % to_count];
        add_row(builder, &row);
    }
    return true;
}

static bool add_region(struct fault_builder *builder)
{
    const struct document_node *node = builder->section->select.region;
    const struct topology_design *topology = &builder->assembly->design->topology;
    const char *name;
    if (!read_value_name(builder->assembly->document, node, &name)) {
        return false;
    }
    const uint32_t region = assembly_region(builder->assembly, name);
    if (region == DESIGN_NONE) {
        return complain_empty(builder, node, "region", "");
    }
    struct fault_design row = builder->base;
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        if (topology->zones[i].region == region) {
            row.zone = i;
            add_row(builder, &row);
        }
    }
    return true;
}

static bool build(struct fault_builder *builder)
{
    const struct section_fault *section = builder->section;
    struct fault_design *base = &builder->base;
    *base = (struct fault_design){
        .name = section->name,
        .origin = assembly_origin(builder->assembly, builder->node->first),
        .action = (enum fault_action)section->action,
        .component = DESIGN_NONE,
        .zone = DESIGN_NONE,
        .machine = DESIGN_NONE,
        .from = DESIGN_NONE,
        .to = DESIGN_NONE,
        .from_zone = DESIGN_NONE,
        .to_zone = DESIGN_NONE,
        .mode = section->mode.mode,
        .share = section->mode.share,
        .fixed = section->mode.fixed,
        .expected = section->expected,
        .enabled = section->enabled,
    };
    bool good = select_component(builder);
    good = select_zone(builder) && good;
    good = select_machine(builder) && good;
    good = select_role(builder) && good;
    good = check_selection(builder) && good;
    good = read_times(builder) && good;
    good = read_action(builder) && good;
    if (!good || !check_place(builder)) {
        return false;
    }
    lint_times(builder);
    if (is_link(base->action)) {
        return add_links(builder);
    }
    if (section->select.region != NULL) {
        return add_region(builder);
    }
    add_row(builder, base);
    return true;
}

// ---- the filter of --faults --------------------------------------------------------------------

static bool in_list(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool check_filter(const struct assembly *assembly, const char *filter)
{
    const struct section_fault *faults = assembly->top.faults.items;
    const char **names =
        arena_take_array(assembly->arena, assembly->top.faults.count + 1, sizeof *names);
    uint32_t count = 0;
    for (uint32_t i = 0; i < assembly->top.faults.count; i++) {
        names[count++] = faults[i].name != NULL ? faults[i].name : "";
    }
    bool good = true;
    for (const char *at = filter; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        const char *name = arena_text_part(assembly->arena, at, strcspn(at, ","));
        bool known = false;
        for (uint32_t i = 0; i < count; i++) {
            known = known || text_same(names[i], name);
        }
        if (!known) {
            struct diagnostic *entry =
                diagnostic_error(assembly->document->diagnostics, "E0301", (struct place){0},
                                 "--faults: there is no fault `%s`", name);
            const char *nearest = suggest_nearest(name, names, count);
            if (nearest != NULL) {
                diagnostic_help(entry, "did you mean `%s`?", nearest);
            } else {
                diagnostic_help(entry, "none, all, or names of the scenario's faults");
            }
            good = false;
        }
    }
    return good;
}

static bool apply_filter(struct assembly *assembly, const char *filter, struct assembly_list *rows)
{
    struct fault_design *faults = rows->items;
    const bool none = filter != NULL && text_same(filter, "none");
    const bool all = filter != NULL && text_same(filter, "all");
    if (filter != NULL && !none && !all && !check_filter(assembly, filter)) {
        return false;
    }
    for (uint32_t i = 0; filter != NULL && i < rows->count; i++) {
        faults[i].enabled = all || (!none && in_list(filter, faults[i].name));
    }
    return true;
}

static bool check_twice(const struct assembly *assembly, const struct document_node *node,
                        uint32_t number)
{
    const struct section_fault *faults = assembly->top.faults.items;
    for (uint32_t i = 0; i < number; i++) {
        if (faults[number].name != NULL && faults[i].name != NULL &&
            text_same(faults[i].name, faults[number].name)) {
            document_error(assembly->document, document_peek(node, "name"), "E0320",
                           "a second fault `%s`", faults[number].name);
            return false;
        }
    }
    return true;
}

bool assemble_faults(struct assembly *assembly, const char *filter)
{
    const struct field_list *list = &assembly->top.faults;
    const struct document_node *all = document_peek(assembly->document->root, "faults");
    struct assembly_list rows = {0};
    bool good = true;
    const struct document_node *node =
        all == NULL || all->kind == DOCUMENT_MAPPING ? all : all->first;
    for (uint32_t i = 0; i < list->count; i++, node = node->next) {
        struct fault_builder builder = {
            .assembly = assembly,
            .node = node,
            .section = (const struct section_fault *)list->items + i,
            .rows = &rows,
        };
        const bool complete = node->kind == DOCUMENT_MAPPING && builder.section->name != NULL &&
                              document_peek(node, "action") != NULL;
        good = complete && check_twice(assembly, node, i) && build(&builder) && good;
    }
    good = apply_filter(assembly, filter, &rows) && good;
    assembly->design->faults = rows.items;
    assembly->design->fault_count = rows.count;
    return good;
}
