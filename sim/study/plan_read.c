// plan_read - what is to be planned: variables, objectives and load, from the scenario and the
// request.
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/units_format.h"
#include "sim/kernel/math.h"
#include "sim/scenario/expression.h"
#include "sim/scenario/read_value.h"
#include "sim/study/plan_parts.h"
#include "sim/study/plan_regret.h"

static const double MONTH_S = 30 * 86400.0;

// ---- values ------------------------------------------------------------------------------------

struct counting { // low..high step s, all in one unit
    double low, high, step;
    const char *unit;
};

static bool read_number(const struct expression *number, double *value, const char **unit)
{
    if (number == NULL || number->kind != EXPRESSION_NUMBER) {
        return false;
    }
    const char *rest = units_decimal(number->text, value);
    if (rest == NULL) {
        return false;
    }
    const bool same = *unit == NULL || text_same(*unit, rest);
    *unit = rest;
    return same;
}

static bool read_counting(const struct expression *range, struct counting *counting)
{
    *counting = (struct counting){.step = 1.0};
    if (range == NULL || range->kind != EXPRESSION_RANGE) {
        return false;
    }
    const bool good = read_number(expression_child(range, 0), &counting->low, &counting->unit) &&
                      read_number(expression_child(range, 1), &counting->high, &counting->unit);
    const struct expression *step = expression_child(range, 2);
    return good && (step == NULL || read_number(step, &counting->step, &counting->unit)) &&
           counting->step > 0.0 && counting->high >= counting->low &&
           (counting->high - counting->low) / counting->step < PLAN_VALUES;
}

static void fill_counting(struct plan *plan, const struct counting *counting,
                          struct plan_variable *variable)
{
    const double steps = (counting->high - counting->low) / counting->step;
    variable->count = 1 + (uint32_t)floor(steps + 1e-9);
    variable->values = arena_take_array(&plan->arena, variable->count, sizeof *variable->values);
    for (uint32_t i = 0; i < variable->count; i++) {
        char number[UNITS_FORMAT_ROOM];
        units_format_shortest(number, sizeof number, counting->low + i * counting->step);
        variable->values[i] = arena_format(&plan->arena, "%s%s", number, counting->unit);
    }
}

static bool fill_range(struct plan *plan, const char *text, struct plan_variable *variable)
{
    struct expression_error error;
    struct counting counting;
    if (!read_counting(expression_parse(&plan->arena, text, &error), &counting)) {
        return false;
    }
    fill_counting(plan, &counting, variable);
    return true;
}

static void fill_words(struct plan *plan, const char *list, struct plan_variable *variable)
{
    variable->values = arena_take_array(&plan->arena, strlen(list) + 1, sizeof *variable->values);
    while (*list != '\0' && variable->count < PLAN_VALUES) {
        const size_t length = strcspn(list, ",");
        if (length > 0) {
            variable->values[variable->count++] = arena_text_part(&plan->arena, list, length);
        }
        list += length + (list[length] == ',');
    }
}

static bool fill_sequence(struct plan *plan, const struct document_node *node,
                          struct plan_variable *variable)
{
    variable->values = arena_take_array(&plan->arena, node->count + 1, sizeof *variable->values);
    for (const struct document_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != DOCUMENT_SCALAR) {
            return false;
        }
        variable->values[variable->count++] = child->text;
    }
    return variable->count > 0 && variable->count <= PLAN_VALUES;
}

// ---- variables ---------------------------------------------------------------------------------

static const char *present_value(const struct plan *plan, const char *name)
{
    for (uint32_t p = 0; p < plan->base.design.parameter_count; p++) {
        if (text_same(plan->base.design.parameters[p].name, name)) {
            return plan->base.design.parameters[p].value;
        }
    }
    return NULL;
}

static void find_present(struct plan_variable *variable)
{
    variable->now = PLAN_NONE;
    for (uint32_t i = 0; i < variable->count; i++) {
        if (text_same(variable->values[i], variable->present)) {
            variable->now = i;
        }
    }
}

static bool add_variable(struct plan *plan, const struct plan_variable *variable,
                         struct text *wrong)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        if (text_same(plan->variables[v].name, variable->name)) {
            text_format(wrong, "`%s` is varied twice", variable->name);
            return false;
        }
    }
    if (plan->variable_count == PLAN_VARIABLES) {
        text_format(wrong, "more than %d variables", PLAN_VARIABLES);
        return false;
    }
    plan->variables[plan->variable_count] = *variable;
    find_present(&plan->variables[plan->variable_count++]);
    return true;
}

static bool read_words(struct plan *plan, const char *words, struct text *wrong)
{
    const char *equals = strchr(words, '=');
    struct plan_variable variable = {0};
    if (equals == NULL || equals == words || equals[1] == '\0') {
        text_format(wrong, "--vary takes NAME=LOW..HIGH or NAME=V,V, got `%s`", words);
        return false;
    }
    variable.name = arena_text_part(&plan->arena, words, (size_t)(equals - words));
    variable.present = present_value(plan, variable.name);
    if (variable.present == NULL) {
        text_format(wrong, "no parameter `%s`: --vary takes names declared in `params:`",
                    variable.name);
        return false;
    }
    const bool range = strstr(equals, "..") != NULL;
    if (range && !fill_range(plan, equals + 1, &variable)) {
        text_format(wrong, "`%s` is no range from small to large of at most %d values", equals + 1,
                    PLAN_VALUES);
        return false;
    }
    if (!range) {
        fill_words(plan, equals + 1, &variable);
    }
    return add_variable(plan, &variable, wrong);
}

static bool read_node(struct plan *plan, const struct document_node *node, struct text *wrong)
{
    struct plan_variable variable = {.name = node->key, .present = present_value(plan, node->key)};
    if (variable.present == NULL) {
        text_format(wrong, "no parameter `%s`", node->key);
        return false;
    }
    const bool good = node->kind == DOCUMENT_SEQUENCE ? fill_sequence(plan, node, &variable)
                                                      : fill_range(plan, node->text, &variable);
    if (!good) {
        diagnostic_caret(document_error(&plan->base.document, node, "E0333",
                                        "`%s` has no values to plan with", node->key),
                         "expected low..high in one unit, or a list of values from small to large");
        return false;
    }
    return add_variable(plan, &variable, wrong);
}

static bool read_variables(struct plan *plan, struct text *wrong)
{
    bool good = true;
    if (plan->request.present) {
        return true; // nothing varies
    }
    for (uint32_t i = 0; i < plan->request.vary_count; i++) {
        good = good && read_words(plan, plan->request.vary[i], wrong);
    }
    const struct document_node *vary = plan->base.top.plan.vary;
    const struct document_node *child = vary == NULL ? NULL : vary->first;
    for (; plan->request.vary_count == 0 && child != NULL; child = child->next) {
        good = read_node(plan, child, wrong) && good;
    }
    if (good && plan->variable_count == 0) {
        text_add(wrong, "nothing to vary: `plan: {vary: {NAME: LOW..HIGH}}` in the scenario, or "
                        "--vary NAME=LOW..HIGH");
        return false;
    }
    return good;
}

// ---- objectives, load --------------------------------------------------------------------------

static bool is_named(const struct document_node *names, const char *name)
{
    if (names == NULL) {
        return false;
    }
    if (names->kind == DOCUMENT_SCALAR) {
        return text_same(names->text, name);
    }
    for (const struct document_node *child = names->first; child != NULL; child = child->next) {
        if (text_same(child->text, name)) {
            return true;
        }
    }
    return false;
}

static bool read_rules(struct plan *plan, struct text *wrong)
{
    const struct design *design = &plan->base.design;
    const struct document_node *names = plan->base.top.plan.subject_to;
    uint32_t *rules = arena_take_array(&plan->arena, design->slo_count + 1, sizeof *rules);
    for (uint32_t s = 0; s < design->slo_count; s++) {
        const struct slo_design *slo = &design->slos[s];
        if (names == NULL ? !slo->warn_only : is_named(names, slo->name)) {
            rules[plan->rule_count++] = s;
        }
    }
    plan->rules = rules;
    if (plan->rule_count == 0) {
        text_add(wrong, "nothing to keep: the scenario needs an SLO that can fail");
    }
    return plan->rule_count > 0;
}

static void read_growth(struct plan *plan)
{
    const struct section_load *load = &plan->base.top.plan.load;
    double share, period_s;
    struct units_why why;
    plan->growth = 1.0;
    plan->monthly = (double)NAN;
    plan->months = (uint32_t)load->months;
    if (load->growth == NULL) {
        return;
    }
    if (units_growth(load->growth->text, &share, &period_s, &why)) {
        plan->monthly = math_pow(1.0 + share, MONTH_S / period_s) - 1.0;
        plan->growth = math_pow(1.0 + plan->monthly, (double)load->months);
    } else {
        read_value_factor(&plan->base.document, load->growth, &plan->growth);
    }
}

static bool read_aim(struct plan *plan, struct text *wrong)
{
    static const char *const words[] = {"cost", "cores", "watts"};
    const char *aim = plan->request.minimize;
    const bool priced = plan->base.top.plan.prices != NULL;
    int which = plan->base.top.plan.minimize;
    for (int i = 0; aim != NULL && i < 3; i++) {
        which = text_same(aim, words[i]) ? i : which;
    }
    if (aim != NULL && !text_same(aim, words[which])) {
        text_format(wrong, "--minimize takes cost, cores or watts, not `%s`", aim);
        return false;
    }
    plan->by_watts = which == 2;
    plan->by_cores = which == 1 || (aim == NULL && which == 0 && !priced); // nothing has a price
    if (which == 0 && !plan->by_cores && !priced) {
        text_add(wrong, "no prices: `plan: {prices: {web: 0.10/h}}`, or --minimize cores");
    }
    if (plan->by_watts && !plan_watts_known(plan)) {
        text_add(wrong, "no watts: `plan: {watts: {core: {idle: 3W, busy: 9W}}}`, or `busy` with "
                        "the types of machine");
    }
    return wrong->length == 0;
}

bool plan_read(struct plan *plan, struct text *wrong)
{
    const struct section_plan *section = &plan->base.top.plan;
    const struct document_node *node = document_peek(plan->base.document.root, "plan");
    const struct document_node *under = document_peek(node, "under_fault");
    const bool given = node != NULL;
    plan->always = document_peek(under, "success") != NULL;
    plan->headroom = given ? section->headroom : 0.2;
    plan->confidence = given ? section->confidence : 0.95;
    plan->success = section->under_fault.success > 0.0 ? section->under_fault.success : 0.99;
    plan->recovered_ns = section->under_fault.recovered_within > 0
                             ? section->under_fault.recovered_within
                             : (int64_t)120 * 1000000000;
    if (!(plan->confidence > 0.5 && plan->confidence < 1.0)) {
        text_add(wrong, "`plan.confidence` lies between 50 % and 100 %");
        return false;
    }
    read_growth(plan);
    plan_price_read(plan);
    return plan_load_read(plan, wrong) && read_variables(plan, wrong) && read_rules(plan, wrong) &&
           read_aim(plan, wrong) && plan_case_read(plan, wrong) && plan_regret_read(plan, wrong);
}
