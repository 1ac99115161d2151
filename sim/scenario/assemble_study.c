// assemble_study - experiments, sweep, plan and sample: every name and range in them is checked.
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/read_value.h"

struct name_set {
    const char *what;
    const char **names;
    uint32_t count;
};

static struct name_set fault_names(const struct assembly *assembly)
{
    const struct section_fault *faults = assembly->top.faults.items;
    struct name_set set = {.what = "fault"};
    set.names =
        arena_take_array(assembly->arena, assembly->top.faults.count + 4, sizeof *set.names);
    for (uint32_t i = 0; i < assembly->top.faults.count; i++) {
        set.names[set.count++] = faults[i].name == NULL ? "" : faults[i].name;
    }
    return set;
}

static struct name_set slo_names(const struct assembly *assembly)
{
    const struct section_slo *slos = assembly->top.slos.items;
    struct name_set set = {.what = "SLO"};
    set.names = arena_take_array(assembly->arena, assembly->top.slos.count + 1, sizeof *set.names);
    for (uint32_t i = 0; i < assembly->top.slos.count; i++) {
        set.names[set.count++] = slos[i].name == NULL ? "" : slos[i].name;
    }
    return set;
}

static bool check_one(const struct assembly *assembly, const struct document_node *node,
                      const struct name_set *set)
{
    const char *name;
    if (!read_value_text(assembly->document, node, &name)) {
        return false;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        if (text_same(set->names[i], name)) {
            return true;
        }
    }
    assembly_complain(assembly, &(struct assembly_reference){.node = node,
                                                             .what = set->what,
                                                             .name = name,
                                                             .names = set->names,
                                                             .count = set->count});
    return false;
}

static bool check_names(const struct assembly *assembly, const struct document_node *node,
                        const struct name_set *set)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind == DOCUMENT_SCALAR) {
        return check_one(assembly, node, set);
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_SEQUENCE, "a list of names")) {
        return false;
    }
    bool good = true;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = check_one(assembly, child, set) && good;
    }
    return good;
}

// ---- hypotheses --------------------------------------------------------------------------------

// A name of an SLO, or an objective of its own (judged for every workload).
static bool check_hope(struct assembly *assembly, const struct document_node *node,
                       const struct name_set *slos)
{
    const char *text;
    if (!read_value_text(assembly->document, node, &text)) {
        return false;
    }
    if (strpbrk(text, "<>") == NULL) {
        return check_one(assembly, node, slos);
    }
    struct slo_design slo = {.target = SLO_WORKLOAD, .target_name = "a workload"};
    return assemble_objective(assembly, node, &slo);
}

static bool check_hopes(struct assembly *assembly, const struct document_node *node,
                        const struct name_set *slos)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind == DOCUMENT_SCALAR) {
        return check_hope(assembly, node, slos);
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_SEQUENCE, "a list of objectives")) {
        return false;
    }
    bool good = true;
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        good = check_hope(assembly, child, slos) && good;
    }
    return good;
}

static bool check_experiments(struct assembly *assembly)
{
    const struct field_list *list = &assembly->top.experiments;
    const struct section_experiment *experiments = list->items;
    const struct name_set faults = fault_names(assembly), slos = slo_names(assembly);
    bool good = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct section_hypothesis *hypothesis = &experiments[i].hypothesis;
        good = check_names(assembly, experiments[i].inject, &faults) && good;
        good = check_hopes(assembly, hypothesis->before, &slos) && good;
        good = check_hopes(assembly, hypothesis->during, &slos) && good;
        good = check_names(assembly, hypothesis->after.slos, &slos) && good;
    }
    return good;
}

// ---- ranges ------------------------------------------------------------------------------------

static bool check_param(const struct assembly *assembly, const struct document_node *node,
                        const char *name, size_t offset)
{
    if (document_param(assembly->document, name) != NULL) {
        return true;
    }
    struct name_set set = {.what = "parameter"};
    const struct document_node *params = document_peek(assembly->document->root, "params");
    const uint32_t room = params == NULL ? 1 : params->count + 1;
    set.names = arena_take_array(assembly->arena, room, sizeof *set.names);
    const struct document_node *child = params == NULL ? NULL : params->first;
    for (; child != NULL; child = child->next) {
        set.names[set.count++] = child->key;
    }
    assembly_complain(assembly, &(struct assembly_reference){.node = node,
                                                             .what = set.what,
                                                             .name = name,
                                                             .offset = offset,
                                                             .names = set.names,
                                                             .count = set.count});
    return false;
}

static bool check_range(const struct assembly *assembly, struct document_node *node)
{
    node->used = true;
    struct document_node *key = arena_take(assembly->arena, sizeof *key);
    *key = *node;
    key->kind = DOCUMENT_SCALAR;
    key->text = node->key;
    key->place = node->key_place;
    bool good = check_param(assembly, key, node->key, 0);
    if (node->kind == DOCUMENT_SEQUENCE) {
        return good;
    }
    const struct expression *range = read_value_expression(assembly->document, node);
    if (range == NULL) {
        return false;
    }
    if (range->kind != EXPRESSION_RANGE) {
        diagnostic_caret(document_error(assembly->document, node, "E0333",
                                        "`%s` is no range of values", node->text),
                         "expected low..high, low..high step s, or [value, value]");
        good = false;
    }
    return good;
}

static bool check_ranges(const struct assembly *assembly, const struct document_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_MAPPING, "{parameter: range}")) {
        return false;
    }
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        good = check_range(assembly, child) && good;
    }
    return good;
}

// An interval has two ends and no steps.
static bool check_interval(const struct assembly *assembly, const struct document_node *node)
{
    const struct expression *range =
        node->kind == DOCUMENT_SCALAR ? read_value_expression(assembly->document, node) : NULL;
    const bool good = node->kind == DOCUMENT_SEQUENCE
                          ? node->count == 2 && node->first->kind == DOCUMENT_SCALAR &&
                                node->last->kind == DOCUMENT_SCALAR
                          : range != NULL && expression_child(range, 2) == NULL;
    if (!good) {
        diagnostic_caret(
            document_error(assembly->document, node, "E0333", "`%s` is no interval", node->key),
            "expected low..high, or [low, high]");
    }
    return good;
}

static bool check_uncertain(const struct assembly *assembly)
{
    const struct section_plan *plan = &assembly->top.plan;
    bool good = check_ranges(assembly, plan->uncertain);
    const struct document_node *child =
        plan->uncertain == NULL || !good ? NULL : plan->uncertain->first;
    for (; child != NULL; child = child->next) {
        good = check_interval(assembly, child) && good;
    }
    const struct document_node *node =
        document_peek(document_peek(assembly->document->root, "plan"), "shortfall");
    if (node != NULL && plan->shortfall < 1) {
        diagnostic_caret(document_error(assembly->document, node, "E0212", "out of range"),
                         "what is bought in a hurry costs at least its price: 1x or more");
        good = false;
    }
    return good;
}

// Every word of a condition is a parameter. An expression's depth is bounded.
static bool check_words(const struct assembly *assembly, const struct document_node *node,
                        const struct expression *expression)
{
    bool good = true;
    if (expression->kind == EXPRESSION_WORD && !expression->quoted) {
        const char *name = expression->text + (expression->text[0] == '$');
        good = check_param(assembly, node, name, expression->offset);
    }
    const struct expression *child = expression->first;
    for (; child != NULL; child = child->next) {
        good = check_words(assembly, node, child) && good;
    }
    return good;
}

static bool check_sweep(const struct assembly *assembly)
{
    const struct section_sweep *sweep = &assembly->top.sweep;
    bool good = check_ranges(assembly, sweep->vary);
    if (sweep->where == NULL) {
        return good;
    }
    const struct expression *where = read_value_expression(assembly->document, sweep->where);
    return where != NULL && check_words(assembly, sweep->where, where) && good;
}

// ---- plan --------------------------------------------------------------------------------------

static bool check_growth(const struct assembly *assembly, const struct document_node *node)
{
    double share, period, factor;
    struct units_why why;
    if (node == NULL) {
        return true;
    }
    if (node->kind == DOCUMENT_SCALAR && units_growth(node->text, &share, &period, &why)) {
        return true;
    }
    return read_value_factor(assembly->document, node, &factor);
}

static bool check_peak(const struct assembly *assembly)
{
    const struct document_node *node = document_peek(
        document_peek(document_peek(assembly->document->root, "plan"), "load"), "peak");
    if (node == NULL || assembly->top.plan.load.peak > 0) {
        return true;
    }
    diagnostic_caret(document_error(assembly->document, node, "E0212", "out of range"),
                     "must be above 0");
    return false;
}

static bool check_load(struct assembly *assembly)
{
    struct section_load *load = &assembly->top.plan.load;
    bool good = check_growth(assembly, load->growth);
    good = check_peak(assembly) && good;
    return (load->profile.file == NULL ||
            measured_load_read(assembly, load->profile.file, &load->measured)) &&
           good;
}

// A name that is neither a component nor one of the words.
static bool check_part(const struct assembly *assembly, const struct document_node *node,
                       const char *const *words)
{
    bool known = assembly_component(assembly, NULL, node->key) != DESIGN_NONE;
    for (; !known && *words != NULL; words++) {
        known = text_same(*words, node->key);
    }
    if (!known) {
        struct document_node *key = arena_take(assembly->arena, sizeof *key);
        *key = *node;
        key->kind = DOCUMENT_SCALAR;
        key->text = node->key;
        key->place = node->key_place;
        assembly_component(assembly, key, node->key);
    }
    return known;
}

static bool check_price(struct assembly *assembly, struct document_node *node)
{
    static const char *const resources[] = {"cpu", "memory", "storage", "currency", "types", NULL};
    node->used = true;
    if (!check_part(assembly, node, resources)) {
        return false;
    }
    if (text_same(node->key, "types")) {
        return schema_read_field(&assembly->schema, node, &sections_prices[0],
                                 &assembly->top.plan.types);
    }
    double per_hour;
    return text_same(node->key, "currency") ||
           read_value_price(assembly->document, node, &per_hour);
}

static bool check_prices(struct assembly *assembly, const struct document_node *node)
{
    if (node == NULL) {
        return true;
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_MAPPING, "{component: 0.10/h}")) {
        return false;
    }
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        good = check_price(assembly, child) && good;
    }
    return good;
}

static bool check_watts(const struct assembly *assembly)
{
    static const char *const words[] = {"core", NULL};
    const struct document_node *watts =
        document_peek(document_peek(assembly->document->root, "plan"), "watts");
    bool good = true;
    const struct document_node *child = watts == NULL ? NULL : watts->first;
    for (; child != NULL; child = child->next) {
        good = check_part(assembly, child, words) && good;
    }
    return good;
}

static bool check_plan(struct assembly *assembly)
{
    const struct section_plan *plan = &assembly->top.plan;
    struct name_set under = fault_names(assembly);
    const struct name_set slos = slo_names(assembly);
    under.names[under.count++] = "none";
    under.names[under.count++] = "each-zone";
    under.names[under.count++] = "each-node";
    bool good = check_ranges(assembly, plan->vary);
    good = check_uncertain(assembly) && good;
    good = check_load(assembly) && good;
    good = check_names(assembly, plan->under, &under) && good;
    good = check_names(assembly, plan->subject_to, &slos) && good;
    good = check_watts(assembly) && good;
    return check_prices(assembly, plan->prices) && good;
}

bool assemble_studies(struct assembly *assembly)
{
    bool good = check_experiments(assembly);
    good = check_sweep(assembly) && good;
    return check_plan(assembly) && good;
}
