// assemble_slo - objectives in words become rows that verdicts are made of.
#include <string.h>

#include "sim/base/suggest.h"
#include "sim/base/text.h"
#include "sim/engine/audit.h"
#include "sim/engine/model.h"
#include "sim/kernel/time.h"
#include "sim/scenario/assemble.h"
#include "sim/scenario/read_value.h"

static const uint32_t ANY = (1u << STATUS_COUNT) - 1;
static const uint32_t GOOD = 1u << STATUS_OK | 1u << STATUS_MISS;

struct objective {
    struct assembly *assembly;
    const struct document_node *node; // of the text
    struct slo_design *slo;
};

static bool complain(const struct objective *objective, const struct expression *part,
                     const char *code, const char *message, const char *caret)
{
    struct document *document = objective->assembly->document;
    const struct place place =
        part == NULL ? objective->node->place
                     : document_place_in(document, objective->node, part->offset, part->length);
    struct diagnostic *entry = diagnostic_error(document->diagnostics, code, place, "%s", message);
    document_place_explain(objective->node, entry);
    diagnostic_caret(entry, "%s", caret);
    return false;
}

static bool read_limit(const struct objective *objective, const struct expression *limit,
                       enum read_value_unit unit)
{
    struct slo_design *slo = objective->slo;
    if (!read_value_literal(objective->assembly->document, objective->node, limit, unit,
                            &slo->limit)) {
        return false;
    }
    if (slo->metric == SLO_MODEL && slo->relation == SLO_LESS_EQUAL && slo->limit == 0.0) {
        slo->judging = SLO_PROVED; // `lost <= 0`: once is too often
    }
    return true;
}

// ---- metrics -----------------------------------------------------------------------------------

static bool read_percentile(const struct objective *objective, const struct expression *metric)
{
    const struct expression *number = expression_child(metric, 0);
    const struct expression *status = expression_argument(metric, "status");
    const uint32_t expected = status == NULL ? 1 : 2;
    double percent = 0;
    if (number == NULL || number->name != NULL || metric->count != expected ||
        !read_value_literal(objective->assembly->document, objective->node, number,
                            READ_VALUE_NUMBER, &percent) ||
        percent <= 0 || percent >= 100) {
        return complain(objective, metric, "E0330", "a percentile is a number between 0 and 100",
                        "expected e.g. p(99) or p(99, status=any)");
    }
    if (status != NULL && !text_same(status->text, "any")) {
        return complain(objective, status, "E0330", "`status` of a percentile is `any`",
                        "without it, OK answers and time-outs count");
    }
    objective->slo->metric = SLO_PERCENTILE;
    objective->slo->quantile = percent / 100;
    objective->slo->any_status = status != NULL;
    return true;
}

struct metric_word {
    const char *name;
    enum slo_metric metric;
    enum read_value_unit unit;
};

static const struct metric_word words[] = {
    {"mean", SLO_MEAN, READ_VALUE_DURATION},
    {"max", SLO_MAXIMUM, READ_VALUE_DURATION},
    {"carried", SLO_CARRIED, READ_VALUE_RATIO},
    {"success", SLO_SUCCESS, READ_VALUE_RATIO},
    {"throughput", SLO_THROUGHPUT, READ_VALUE_RATE},
    {"utilization", SLO_UTILIZATION, READ_VALUE_RATIO},
};
enum { WORDS = sizeof words / sizeof words[0] };

// "lag(max)" and "lag_max" name the same figure of a model.
static bool same_metric(const char *written, const char *name)
{
    for (; *written != '\0' && *written != ')'; written++, name++) {
        const char want = *written == '(' ? '_' : *written;
        if (want != *name) {
            return false;
        }
    }
    return *name == '\0';
}

static const char *find_unit(const struct model *model, const char *written)
{
    const struct model_metric *metric = model == NULL ? NULL : model->metrics;
    for (; metric != NULL && metric->name != NULL; metric++) {
        if (same_metric(written, metric->name)) {
            return metric->unit;
        }
    }
    return NULL;
}

static bool consumes(const struct assembly *assembly, uint32_t component)
{
    return assembly->parts[component].section.consumes.count > 0;
}

// Consumers have a lag whatever their model.
static const char *consumer_unit(const struct objective *objective, const char *written)
{
    if (!consumes(objective->assembly, objective->slo->index)) {
        return NULL;
    }
    if (strncmp(written, "lag", 3) == 0) {
        return "s";
    }
    return strncmp(written, "backlog", 7) == 0 ? "{message}" : NULL;
}

// What is recorded of a component's keys is judged whatever its model.
static const char *audit_unit(const struct objective *objective, const char *written)
{
    const bool recorded =
        objective->assembly->components[objective->slo->index].consistency.enabled;
    for (uint32_t i = 0; recorded && i < AUDIT_METRICS; i++) {
        if (same_metric(written, audit_metrics[i].name)) {
            return audit_metrics[i].unit;
        }
    }
    return NULL;
}

static bool complain_metric(const struct objective *objective, const struct expression *metric,
                            const char *name)
{
    const struct slo_design *slo = objective->slo;
    const char *names[64] = {"p"};
    size_t count = 1;
    for (size_t i = 0; i < WORDS; i++) {
        names[count++] = words[i].name;
    }
    const struct model *model =
        slo->target == SLO_WORKLOAD ? NULL : objective->assembly->components[slo->index].model;
    const struct model_metric *own = model == NULL ? NULL : model->metrics;
    for (; own != NULL && own->name != NULL && count < 60; own++) {
        names[count++] = own->name;
    }
    struct arena *arena = objective->assembly->arena;
    const char *near = suggest_nearest(name, names, count);
    const char *list = "p(99)";
    for (size_t i = 1; i < count; i++) {
        list = arena_format(arena, "%s, %s", list, names[i]);
    }
    complain(objective, metric, "E0331",
             arena_format(arena, "`%s` has no metric `%s`", slo->target_name, name),
             near != NULL ? arena_format(arena, "did you mean `%s`?", near)
                          : arena_format(arena, "it has %s", list));
    return false;
}

static enum read_value_unit unit_named(const char *unit)
{
    if (text_same(unit, "s")) {
        return READ_VALUE_DURATION;
    }
    return text_same(unit, "1") ? READ_VALUE_RATIO : READ_VALUE_NUMBER;
}

static bool read_model_metric(const struct objective *objective, const struct expression *metric,
                              enum read_value_unit *unit)
{
    struct slo_design *slo = objective->slo;
    const char *written = arena_text_part(objective->assembly->arena,
                                          objective->node->text + metric->offset, metric->length);
    const char *found = NULL;
    if (slo->target != SLO_WORKLOAD) {
        found = find_unit(objective->assembly->components[slo->index].model, written);
        found = found != NULL ? found : consumer_unit(objective, written);
        found = found != NULL ? found : audit_unit(objective, written);
    }
    if (found == NULL) {
        return complain_metric(objective, metric, metric->text);
    }
    slo->metric = SLO_MODEL;
    slo->metric_name = written;
    *unit = unit_named(found);
    return true;
}

static bool check_target(const struct objective *objective, const struct expression *metric)
{
    const struct slo_design *slo = objective->slo;
    if (slo->metric == SLO_UTILIZATION && slo->target != SLO_COMPONENT) {
        return complain(objective, metric, "E0331", "only a component has a utilization",
                        "name a component as `target`");
    }
    return true;
}

static bool read_metric(const struct objective *objective, const struct expression *metric,
                        enum read_value_unit *unit)
{
    struct slo_design *slo = objective->slo;
    *unit = READ_VALUE_DURATION;
    if (metric->kind == EXPRESSION_CALL && text_same(metric->text, "p")) {
        return read_percentile(objective, metric);
    }
    if (metric->kind != EXPRESSION_CALL && metric->kind != EXPRESSION_WORD) {
        return complain(objective, metric, "E0330", "an objective begins with a metric",
                        "expected e.g. p(99) < 300ms, carried >= 99.5%");
    }
    for (size_t i = 0; i < WORDS; i++) {
        const bool is_word = text_same(metric->text, words[i].name);
        const bool plain = metric->kind == EXPRESSION_WORD ||
                           (words[i].metric == SLO_UTILIZATION && metric->count == 1 &&
                            text_same(metric->first->text, "max"));
        if (is_word && plain) {
            slo->metric = words[i].metric;
            slo->judging = slo->metric == SLO_MAXIMUM ? SLO_SEEN : SLO_ESTIMATED;
            slo->metric_name = metric->kind == EXPRESSION_CALL ? "max" : NULL;
            *unit = words[i].unit;
            return check_target(objective, metric);
        }
    }
    return read_model_metric(objective, metric, unit);
}

static bool read_relation(const struct objective *objective, const struct expression *whole)
{
    static const char *const relations[] = {"<", "<=", ">", ">="};
    for (int i = 0; i < 4; i++) {
        if (whole->kind == EXPRESSION_BINARY && text_same(whole->text, relations[i])) {
            objective->slo->relation = (enum slo_relation)i;
            return true;
        }
    }
    return complain(objective, whole, "E0330", "an objective compares a metric with a limit",
                    "expected e.g. p(99) < 300ms, carried >= 99.5%");
}

// `linearizable`: no recorded key has a history that is none of one register.
static bool read_linearizable(const struct objective *objective, const struct expression *whole)
{
    struct slo_design *slo = objective->slo;
    if (slo->target == SLO_WORKLOAD || audit_unit(objective, "violations") == NULL) {
        return complain(objective, whole, "E0331",
                        "`linearizable` is judged of a component that records",
                        "give the component `consistency: {keys: 16}` and name it as `target`");
    }
    slo->metric = SLO_MODEL;
    slo->metric_name = "violations";
    slo->judging = SLO_PROVED;
    slo->relation = SLO_LESS_EQUAL;
    slo->limit = 0;
    return true;
}

bool assemble_objective(struct assembly *assembly, const struct document_node *node,
                        struct slo_design *slo)
{
    const struct objective objective = {assembly, node, slo};
    enum read_value_unit unit = READ_VALUE_DURATION;
    const char *text;
    if (!read_value_text(assembly->document, node, &text)) {
        return false;
    }
    const struct expression *whole = read_value_expression(assembly->document, node);
    slo->objective = text;
    if (whole != NULL && whole->kind == EXPRESSION_WORD && text_same(whole->text, "linearizable")) {
        return read_linearizable(&objective, whole);
    }
    if (whole == NULL || !read_relation(&objective, whole) ||
        !read_metric(&objective, whole->first, &unit)) {
        return false;
    }
    return read_limit(&objective, whole->first->next, unit);
}

// ---- availability ------------------------------------------------------------------------------

static bool read_condition(const struct objective *objective, const struct expression *condition)
{
    struct slo_design *slo = objective->slo;
    const bool is_binary = condition->kind == EXPRESSION_BINARY;
    const char *left =
        is_binary && condition->first->kind == EXPRESSION_WORD ? condition->first->text : "";
    const struct expression *right = is_binary ? condition->first->next : NULL;
    const bool equal = is_binary && text_same(condition->text, "==");
    if (text_same(left, "status") && (equal || text_same(condition->text, "!="))) {
        const enum status status =
            right->kind == EXPRESSION_WORD ? status_named(right->text) : STATUS_COUNT;
        if (status == STATUS_COUNT) {
            return complain(objective, right, "E0330", "not a status",
                            "expected ok, miss, timeout, rejected, ...");
        }
        const uint32_t bits = status == STATUS_OK ? GOOD : 1u << status;
        slo->good_statuses &= equal ? bits : ~bits;
        return true;
    }
    const bool less = is_binary && condition->text[0] == '<';
    double limit;
    if (text_same(left, "latency") && less) {
        if (!read_value_literal(objective->assembly->document, objective->node, right,
                                READ_VALUE_DURATION, &limit)) {
            return false;
        }
        slo->good_latency_ns = (int64_t)limit;
        return true;
    }
    return complain(objective, condition, "E0330", "not a condition of a good request",
                    "expected `status == ok` or `latency < 1s`");
}

// `and` of conditions; the tree leans to the left.
static bool read_good(const struct objective *objective, const struct expression *good)
{
    bool fine = true;
    while (good->kind == EXPRESSION_BINARY && text_same(good->text, "and")) {
        fine = read_condition(objective, good->first->next) && fine;
        good = good->first;
    }
    return read_condition(objective, good) && fine;
}

struct slo_builder {
    struct assembly *assembly;
    const struct document_node *node;
    const struct section_slo *section;
    struct slo_design base;
    struct assembly_list *rows;
};

enum { SLICES = 1000000 };

static bool add_row(struct slo_builder *builder, const struct slo_design *row)
{
    if (row->slice_ns > 0 && builder->assembly->design->duration_ns / row->slice_ns > SLICES) {
        diagnostic_caret(document_key_error(builder->assembly->document, builder->node->first,
                                            "E0212", "SLO `%s` has more than a million slices",
                                            row->name),
                         "a longer `every` or `slice`");
        return false;
    }
    struct slo_design *added = assembly_add(builder->assembly, builder->rows, sizeof *added);
    *added = *row;
    return true;
}

static bool complain_key(const struct slo_builder *builder, const char *key, const char *caret)
{
    const struct document_node *at = document_peek(builder->node, key);
    diagnostic_caret(document_key_error(builder->assembly->document,
                                        at == NULL ? builder->node : at, "E0332",
                                        "SLO `%s` cannot be so", builder->section->name),
                     "%s", caret);
    return false;
}

static bool add_availability(struct slo_builder *builder)
{
    const struct section_slo *section = builder->section;
    const struct document_node *good = section->indicator.good;
    struct slo_design row = builder->base;
    if (document_peek(builder->node, "objective") == NULL) {
        return complain_key(builder, "indicator", "needs `objective: 99.9%`");
    }
    if (section->window == 0) {
        return complain_key(builder, "indicator",
                            "needs `window: 30d`, over which the budget is spent");
    }
    if (good == NULL) {
        return false;
    }
    row.metric = SLO_AVAILABILITY;
    row.relation = SLO_GREATER_EQUAL;
    row.limit = section->objective;
    row.good_statuses = ANY;
    row.good_latency_ns = TIME_NEVER;
    row.window_ns = section->window;
    row.budgeting = (enum slo_budgeting)section->budgeting;
    if (row.budgeting != SLO_OCCURRENCES) {
        row.slice_ns = section->slice.window;
        row.slice_target = section->slice.target;
    }
    row.objective = arena_format(builder->assembly->arena, "%s good",
                                 document_peek(builder->node, "objective")->text);
    const struct objective objective = {builder->assembly, good, &row};
    const struct expression *whole = read_value_expression(builder->assembly->document, good);
    if (whole == NULL || !read_good(&objective, whole)) {
        return false;
    }
    return add_row(builder, &row);
}

static bool add_objective(struct slo_builder *builder, const struct document_node *node)
{
    struct slo_design row = builder->base;
    if (!assemble_objective(builder->assembly, node, &row)) {
        return false;
    }
    row.slice_ns = builder->section->every;
    return add_row(builder, &row);
}

static bool add_objectives(struct slo_builder *builder)
{
    const struct document_node *list = builder->section->objectives;
    if (list->kind == DOCUMENT_SCALAR) {
        return add_objective(builder, list);
    }
    if (!read_value_is(builder->assembly->document, list, DOCUMENT_SEQUENCE, "objectives")) {
        return false;
    }
    bool good = list->count > 0;
    if (!good) {
        complain_key(builder, "objectives", "there is no objective");
    }
    for (const struct document_node *node = list->first; node != NULL; node = node->next) {
        good = add_objective(builder, node) && good;
    }
    return good;
}

// ---- targets -----------------------------------------------------------------------------------

static const char **target_names(const struct assembly *assembly, uint32_t *count)
{
    const struct design *design = assembly->design;
    const char **names = arena_take_array(
        assembly->arena, design->workload_count + design->component_count + 1, sizeof *names);
    *count = 0;
    for (uint32_t i = 0; i < design->workload_count; i++) {
        names[(*count)++] = assembly->top.workloads.names[i];
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        names[(*count)++] = assembly->components[i].name;
    }
    return names;
}

static bool find_target(struct slo_builder *builder)
{
    struct assembly *assembly = builder->assembly;
    const struct document_node *node = builder->section->target;
    struct slo_design *base = &builder->base;
    struct assembly_target target;
    if (node == NULL || !read_value_text(assembly->document, node, &base->target_name)) {
        return false;
    }
    base->index = assembly_workload(assembly, base->target_name);
    if (base->index != DESIGN_NONE) {
        base->target = SLO_WORKLOAD;
        return true;
    }
    base->index = assembly_component(assembly, NULL, base->target_name);
    if (base->index != DESIGN_NONE) {
        base->target = SLO_COMPONENT;
        return assembly->parts[base->index].good;
    }
    if (strchr(base->target_name, '.') != NULL) {
        if (!assembly_target(assembly, node, base->target_name, &target)) {
            return false;
        }
        base->target = SLO_OPERATION;
        base->index = target.component;
        base->operation = target.operation->number;
        return true;
    }
    uint32_t count;
    const char **names = target_names(assembly, &count);
    assembly_complain(assembly, &(struct assembly_reference){.node = node,
                                                             .what = "workload or component",
                                                             .name = base->target_name,
                                                             .names = names,
                                                             .count = count});
    return false;
}

static bool build(struct slo_builder *builder)
{
    const struct section_slo *section = builder->section;
    const bool indicated = document_peek(builder->node, "indicator") != NULL;
    bool good = true;
    builder->base = (struct slo_design){
        .name = section->name,
        .origin = assembly_origin(builder->assembly, builder->node->first),
        .warn_only = section->severity == 1,
        .good_latency_ns = TIME_NEVER,
    };
    if (!find_target(builder)) {
        return false;
    }
    if (!indicated && section->objectives == NULL) {
        return complain_key(builder, "name", "needs `objectives`, or `indicator` and `objective`");
    }
    if (!indicated && document_peek(builder->node, "objective") != NULL) {
        good = complain_key(builder, "objective", "needs `indicator`, or write `objectives`");
    }
    if (section->objectives != NULL) {
        good = add_objectives(builder) && good;
    }
    if (indicated) {
        good = add_availability(builder) && good;
    }
    return good;
}

static bool check_twice(const struct assembly *assembly, const struct document_node *node,
                        uint32_t number)
{
    const struct section_slo *slos = assembly->top.slos.items;
    for (uint32_t i = 0; i < number; i++) {
        if (slos[number].name != NULL && slos[i].name != NULL &&
            text_same(slos[i].name, slos[number].name)) {
            const struct document_node *name = document_peek(node, "name");
            document_error(assembly->document, name, "E0320", "a second SLO `%s`",
                           slos[number].name);
            return false;
        }
    }
    return true;
}

bool assemble_slos(struct assembly *assembly)
{
    const struct field_list *list = &assembly->top.slos;
    const struct document_node *all = document_peek(assembly->document->root, "slos");
    struct assembly_list rows = {0};
    bool good = true;
    const struct document_node *node =
        all == NULL || all->kind == DOCUMENT_MAPPING ? all : all->first;
    for (uint32_t i = 0; i < list->count; i++, node = node->next) {
        struct slo_builder builder = {
            .assembly = assembly,
            .node = node,
            .section = (const struct section_slo *)list->items + i,
            .rows = &rows,
        };
        const bool complete = node->kind == DOCUMENT_MAPPING && builder.section->name != NULL;
        good = complete && check_twice(assembly, node, i) && build(&builder) && good;
    }
    assembly->design->slos = rows.items;
    assembly->design->slo_count = rows.count;
    return good;
}
