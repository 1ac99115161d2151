// plan_table - the tables of a plan.
#include "reports/plan_table.h"

#include <math.h>
#include <stdio.h>

#include "reports/figure_text.h"
#include "sim/base/units_format.h"
#include "sim/study/plan_regret.h"

enum { ROOM = 64 };

const char *const plan_table_titles[PLAN_TABLES] = {
    [PLAN_TABLE_CHANGES] = "What to change",
    [PLAN_TABLE_REGRET] = "Regret at each end of what is uncertain",
    [PLAN_TABLE_OBJECTIVES] = "Objectives of the plan, case by case",
    [PLAN_TABLE_NEIGHBOURS] = "Why each cheaper neighbour fails",
    [PLAN_TABLE_RESOURCES] = "When servers run out (in the worst case)",
    [PLAN_TABLE_TYPES] = "Types of machine",
    [PLAN_TABLE_FRONTIER] = "Cost against load",
    [PLAN_TABLE_INPUTS] = "What the plan depends on",
};

const char *plan_table_cost(const struct plan *plan, double cost, char *buffer, size_t size)
{
    if (plan->by_cores || plan->by_watts) {
        snprintf(buffer, size, plan->by_cores ? "%.6g cores" : "%.6g W", cost);
    } else {
        snprintf(buffer, size, "%.6g%s%s/h", cost, *plan->currency == '\0' ? "" : " ",
                 plan->currency);
    }
    return buffer;
}

static void add_text(struct table *table, const struct text *text)
{
    table_cell(table, "%s", text_get(text));
}

void plan_table_reason(const struct plan *plan, const struct plan_trial *trial, struct text *out)
{
    char value[FIGURE_TEXT_ROOM], interval[FIGURE_TEXT_ROOM];
    const struct plan_finding *finding = trial->failing;
    if (finding == NULL) {
        text_add(out, trial->why == NULL ? "holds, but costs more" : trial->why);
        return;
    }
    text_format(out, "%s, %s: %s %s", finding->rule, plan->cases[finding->in_case].name,
                figure_text_estimate(value, sizeof value, &finding->observed, finding->unit),
                figure_text_interval(interval, sizeof interval, &finding->observed, finding->unit));
    if (finding->on_part) {
        text_add(out, " (seen on the part that it touches)");
    }
    if (trial->confirmed) {
        text_add(out, " (held at first, not with other random numbers)");
    }
    if (finding->verdict != VERDICT_FAIL) {
        text_format(out, " (%s)", result_verdict_name(finding->verdict));
    }
}

// ---- changes -----------------------------------------------------------------------------------

static void add_binding(const struct plan *plan, uint32_t v, struct table *table)
{
    struct text reason;
    text_init(&reason);
    if (plan->next[v] == NULL) {
        text_add(&reason, plan->best->at[v] == 0 ? "the smallest value there is"
                                                 : "not looked at: no simulation was left");
    } else {
        plan_table_reason(plan, plan->next[v], &reason);
    }
    add_text(table, &reason);
    text_release(&reason);
}

static bool table_changes(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"", "variable", "now", "plan", "one less fails", NULL};
    if (plan->best == NULL) {
        return false;
    }
    table_init(table, "llrrl");
    table_heads(table, heads);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const struct plan_variable *variable = &plan->variables[v];
        const bool same = variable->now == plan->best->at[v];
        table_row(table);
        table_cell(table, "%s", same ? " " : "~");
        table_cell(table, "%s", variable->name);
        table_cell(table, "%s", variable->present);
        table_cell(table, "%s", variable->values[plan->best->at[v]]);
        add_binding(plan, v, table);
    }
    return true;
}

// ---- objectives --------------------------------------------------------------------------------

static bool table_objectives(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"case",     "objective", "observed",
                                        "interval", "verdict",   NULL};
    const struct plan_trial *trial = plan->best != NULL ? plan->best : plan->largest;
    if (trial == NULL || trial->finding_count == 0) {
        return false;
    }
    table_init(table, "llrll");
    table_heads(table, heads);
    for (uint32_t f = 0; f < trial->finding_count; f++) {
        const struct plan_finding *finding = &trial->findings[f];
        if (finding->on_part) {
            continue;
        }
        char value[FIGURE_TEXT_ROOM], interval[FIGURE_TEXT_ROOM];
        table_row(table);
        table_cell(table, "%s", plan->cases[finding->in_case].name);
        table_cell(table, "%s", finding->rule);
        table_cell(table, "%s",
                   figure_text_estimate(value, sizeof value, &finding->observed, finding->unit));
        table_cell(
            table, "%s",
            figure_text_interval(interval, sizeof interval, &finding->observed, finding->unit));
        table_shaded(table, finding->verdict == VERDICT_PASS ? TABLE_GOOD : TABLE_BAD,
                     result_verdict_name(finding->verdict));
    }
    return true;
}

static bool table_neighbours(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"candidate", "cost", "fails", NULL};
    bool any = false;
    for (uint32_t v = 0; plan->best != NULL && v < plan->variable_count; v++) {
        struct text words, reason;
        char cost[ROOM];
        if (plan->next[v] == NULL) {
            continue;
        }
        if (!any) {
            table_init(table, "lrl");
            table_heads(table, heads);
        }
        any = true;
        text_init(&words);
        text_init(&reason);
        plan_words(plan, plan->next[v]->at, &words);
        plan_table_reason(plan, plan->next[v], &reason);
        table_row(table);
        add_text(table, &words);
        table_cell(table, "%s", plan_table_cost(plan, plan->next[v]->cost, cost, sizeof cost));
        add_text(table, &reason);
        text_release(&words);
        text_release(&reason);
    }
    return any;
}

// ---- regret ------------------------------------------------------------------------------------

static void add_amount(const struct plan *plan, double amount, struct table *table)
{
    char cost[ROOM];
    if (isinf(amount)) {
        table_cell(table, "infinite");
    } else {
        table_cell(table, "%s", plan_table_cost(plan, amount, cost, sizeof cost));
    }
}

static void add_fate(const struct plan *plan, const struct plan_world *world, struct table *table)
{
    struct text reason;
    text_init(&reason);
    if (world->failing != NULL) {
        const struct plan_trial trial = {.failing = world->failing};
        plan_table_reason(plan, &trial, &reason);
    } else {
        text_add(&reason, world->holds ? "holds" : "too small");
    }
    table_shaded(table, world->holds ? TABLE_GOOD : TABLE_BAD, text_get(&reason));
    text_release(&reason);
}

static bool table_regret(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"world", "cheapest there", "costs", "plan: dearer by",
                                        "lacks", "regret",         "there", NULL};
    const struct plan_regret *regret = plan->regret;
    if (regret == NULL || !regret->found) {
        return false;
    }
    table_init(table, "llrrrrl");
    table_heads(table, heads);
    for (uint32_t w = 0; w < regret->world_count; w++) {
        const struct plan_world *world = &regret->worlds[w];
        struct text words;
        text_init(&words);
        plan_words(&world->plan, world->optimum->at, &words);
        table_row(table);
        table_cell(table, "%s", world->name);
        add_text(table, &words);
        add_amount(plan, world->optimum->cost, table);
        add_amount(plan, world->cost - world->optimum->cost, table);
        add_amount(plan, world->lack, table);
        add_amount(plan, world->regret, table);
        add_fate(plan, world, table);
        text_release(&words);
    }
    return true;
}

// ---- outlook -----------------------------------------------------------------------------------

static void add_end(struct table *table, double factor, double months)
{
    if (factor < 1.0) {
        table_cell(table, "too few already");
    } else if (isnan(months)) {
        table_cell(table, "at %.2f x the load", factor);
    } else {
        table_cell(table, "in month %.0f (%.2f x)", floor(months) + 1.0, factor);
    }
}

static bool table_resources(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"component", "servers now", "plan", "busy today",
                                        "now full",  "plan full",   NULL};
    if (plan->resource_count == 0) {
        return false;
    }
    table_init(table, "lrrrrr");
    table_heads(table, heads);
    for (uint32_t r = 0; r < plan->resource_count; r++) {
        const struct plan_resource *resource = &plan->resources[r];
        table_row(table);
        table_cell(table, "%s", resource->name);
        table_cell(table, "%.6g (%.6g)", resource->now, resource->least_now);
        table_cell(table, "%.6g (%.6g)", resource->planned, resource->least);
        table_cell(table, "%.3g", resource->busy);
        add_end(table, resource->factor_now, resource->months_now);
        add_end(table, resource->factor, resource->months);
    }
    return true;
}

static void add_bandwidth(struct table *table, double bytes)
{
    char bits[UNITS_FORMAT_ROOM];
    if (bytes > 0.0) {
        table_cell(table, "%sbit/s", units_format_si(bits, sizeof bits, bytes * 8.0));
    } else {
        table_cell(table, "-");
    }
}

static bool table_types(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"what",
                                        "pieces",
                                        "type",
                                        "sends (estimate)",
                                        "network",
                                        "network full",
                                        "cheaper types lack",
                                        NULL};
    if (plan->type_count == 0) {
        return false;
    }
    table_init(table, "lrlrrrl");
    table_heads(table, heads);
    for (uint32_t i = 0; i < plan->type_count; i++) {
        const struct plan_on_type *one = &plan->types[i];
        table_row(table);
        table_cell(table, "%s", one->name);
        table_cell(table, "%u", one->pieces);
        table_cell(table, "%s", one->type);
        add_bandwidth(table, one->sent);
        add_bandwidth(table, one->network);
        if (isnan(one->factor)) {
            table_cell(table, "-");
        } else {
            add_end(table, one->factor, one->months);
        }
        table_cell(table, "%s", one->ruled_out);
    }
    return true;
}

static bool table_frontier(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"load", "of today's", "cost", "sizing", "how", NULL};
    if (plan->level_count == 0) {
        return false;
    }
    table_init(table, "rrrll");
    table_heads(table, heads);
    for (uint32_t i = 0; i < plan->level_count; i++) {
        const struct plan_level *level = &plan->levels[i];
        char cost[ROOM];
        struct text words;
        text_init(&words);
        plan_words(plan, level->at, &words);
        table_row(table);
        table_cell(table, "%.0f %%", level->factor * 100.0);
        table_cell(table, "%.3g x", level->factor * plan->factor);
        table_cell(table, "%s%s", level->beyond ? "> " : "",
                   plan_table_cost(plan, level->cost, cost, sizeof cost));
        add_text(table, &words);
        table_cell(table, "%s",
                   level->simulated ? "simulated"
                   : level->beyond  ? "beyond what may vary"
                                    : "by square-root staffing");
        text_release(&words);
    }
    return true;
}

static bool table_inputs(const struct plan *plan, struct table *table)
{
    static const char *const heads[] = {"input, 10 % larger", "tightest objective changes by",
                                        NULL};
    if (plan->input_count == 0) {
        return false;
    }
    table_init(table, "lr");
    table_heads(table, heads);
    for (uint32_t i = 0; i < plan->input_count; i++) {
        table_row(table);
        table_cell(table, "%s", plan->inputs[i].name);
        table_cell(table, "%+.3g %%", plan->inputs[i].change * 100.0);
    }
    return true;
}

bool plan_table_fill(const struct plan *plan, enum plan_table which, struct table *table)
{
    switch (which) {
    case PLAN_TABLE_CHANGES:
        return table_changes(plan, table);
    case PLAN_TABLE_REGRET:
        return table_regret(plan, table);
    case PLAN_TABLE_OBJECTIVES:
        return table_objectives(plan, table);
    case PLAN_TABLE_NEIGHBOURS:
        return table_neighbours(plan, table);
    case PLAN_TABLE_RESOURCES:
        return table_resources(plan, table);
    case PLAN_TABLE_TYPES:
        return table_types(plan, table);
    case PLAN_TABLE_FRONTIER:
        return table_frontier(plan, table);
    case PLAN_TABLE_INPUTS:
        return table_inputs(plan, table);
    case PLAN_TABLES:
        break;
    }
    return false;
}
