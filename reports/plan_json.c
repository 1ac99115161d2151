// plan_json - a plan as a document of schema orrery.plan/1.
#include "reports/plan_json.h"

#include <math.h>

#include "sim/base/json_write.h"
#include "sim/study/plan_regret.h"

static void write_values(const struct plan *plan, const char *key, const uint16_t *at,
                         struct json_write *json)
{
    json_write_object_inline(json, key);
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        json_write_text(json, plan->variables[v].name, plan->variables[v].values[at[v]]);
    }
    json_write_end(json);
}

static void write_finding(const struct plan *plan, const char *key,
                          const struct plan_finding *finding, struct json_write *json)
{
    if (finding == NULL) {
        json_write_null(json, key);
        return;
    }
    json_write_object_inline(json, key);
    json_write_text(json, "case", plan->cases[finding->in_case].name);
    json_write_text(json, "objective", finding->rule);
    json_write_text(json, "unit", finding->unit);
    json_write_number(json, "limit", finding->limit);
    json_write_number(json, "value", finding->observed.known ? finding->observed.value : NAN);
    if (finding->observed.has_interval) {
        json_write_array_inline(json, "ci");
        json_write_number(json, NULL, finding->observed.low);
        json_write_number(json, NULL, finding->observed.high);
        json_write_end(json);
    } else {
        json_write_null(json, "ci");
    }
    json_write_text(json, "verdict", result_verdict_name(finding->verdict));
    json_write_end(json);
}

static void write_trial(const struct plan *plan, const char *key, const struct plan_trial *trial,
                        struct json_write *json)
{
    static const char *const fates[] = {"open", "holds", "fails", "invalid"};
    if (trial == NULL) {
        json_write_null(json, key);
        return;
    }
    json_write_object(json, key);
    write_values(plan, "values", trial->at, json);
    json_write_number(json, "cost", trial->cost);
    json_write_text(json, "fate", fates[trial->fate]);
    json_write_integer(json, "replications", trial->replications);
    write_finding(plan, "failing", trial->failing, json);
    json_write_text(json, "why", trial->why);
    json_write_end(json);
}

// The measured hour that the load is taken from; null without any.
static void write_hours(const struct plan_load *load, struct json_write *json)
{
    if (load->path == NULL) {
        json_write_null(json, "measured");
        return;
    }
    json_write_object(json, "measured");
    json_write_text(json, "file", load->path);
    json_write_integer(json, "hours", load->hour_count);
    json_write_number(json, "percentile", load->percentile);
    json_write_text(json, "binding_hour", load->at);
    json_write_number(json, "factor", load->hour);
    json_write_array(json, "columns");
    for (uint32_t c = 0; c < load->column_count; c++) {
        const struct plan_column *column = &load->columns[c];
        json_write_object_inline(json, NULL);
        json_write_text(json, "workload", column->name);
        json_write_number(json, "scenario", column->present);
        json_write_text(json, "hour", column->hour);
        json_write_number(json, "rate", column->planned);
        json_write_text(json, "busiest_hour", column->most_hour);
        json_write_number(json, "busiest_rate", column->most);
        json_write_end(json);
    }
    json_write_end(json);
    json_write_end(json);
}

static void write_head(const struct plan *plan, struct json_write *json)
{
    json_write_text(json, "schema", "orrery.plan/1");
    json_write_text(json, "scenario", plan->base.design.name);
    json_write_text(json, "digest", plan->base.digest);
    json_write_text(json, "version", ORRERY_VERSION);
    json_write_integer(json, "seed", plan->base.design.seed);
    json_write_number(json, "load", plan->factor);
    json_write_number(json, "growth", plan->growth);
    json_write_number(json, "peak", plan->load.peak);
    write_hours(&plan->load, json);
    json_write_number(json, "headroom", plan->headroom);
    json_write_number(json, "confidence", plan->confidence);
    json_write_text(json, "minimize", plan->by_cores ? "cores" : plan->by_watts ? "watts" : "cost");
    json_write_text(json, "currency", plan->currency);
    json_write_number(json, "candidates", plan->candidates);
    json_write_integer(json, "simulated", plan->simulated);
    json_write_integer(json, "simulated_on_parts", plan->on_parts);
    json_write_number(json, "below_utilisation", plan->below);
    json_write_integer(json, "replications", plan->replications);
    json_write_integer(json, "unconfirmed", plan->unconfirmed);
    json_write_bool(json, "proven",
                    plan->best != NULL && !plan->exhausted && !plan->is_local && !plan->crossed &&
                        (plan->regret == NULL || !plan->regret->local));
    json_write_array_inline(json, "cases");
    for (uint32_t i = 0; i < plan->case_count; i++) {
        json_write_text(json, NULL, plan->cases[i].name);
    }
    json_write_end(json);
}

static void write_variables(const struct plan *plan, struct json_write *json)
{
    json_write_array(json, "variables");
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        const struct plan_variable *variable = &plan->variables[v];
        json_write_object(json, NULL);
        json_write_text(json, "name", variable->name);
        json_write_text(json, "now", variable->present);
        json_write_text(json, "plan",
                        plan->best == NULL ? NULL : variable->values[plan->best->at[v]]);
        json_write_text(json, "seed", plan->seeded ? variable->values[plan->seed[v]] : NULL);
        json_write_text(json, "least", variable->values[0]);
        json_write_text(json, "most", variable->values[variable->count - 1]);
        write_trial(plan, "one_less", plan->best == NULL ? NULL : plan->next[v], json);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_types(const struct plan *plan, struct json_write *json)
{
    json_write_array(json, "machine_types");
    for (uint32_t i = 0; i < plan->type_count; i++) {
        const struct plan_on_type *one = &plan->types[i];
        json_write_object_inline(json, NULL);
        json_write_text(json, "name", one->name);
        json_write_integer(json, "pieces", one->pieces);
        json_write_text(json, "type", one->type);
        json_write_number(json, "sent_bytes_per_s", one->sent);
        json_write_number(json, "network_bytes_per_s", one->network > 0.0 ? one->network : NAN);
        json_write_number(json, "network_full_at", one->factor);
        json_write_number(json, "network_full_months", one->months);
        json_write_text(json, "cheaper_types_lack", one->ruled_out);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_world(const struct plan *shown, const struct plan_world *world,
                        struct json_write *json)
{
    json_write_object(json, NULL);
    json_write_text(json, "world", world->name);
    if (world->optimum == NULL) {
        json_write_null(json, "cheapest");
    } else {
        write_values(&world->plan, "cheapest", world->optimum->at, json);
        json_write_number(json, "cheapest_cost", world->optimum->cost);
    }
    if (shown->regret->found) {
        json_write_bool(json, "holds", world->holds);
        json_write_number(json, "cost", world->cost);
        json_write_number(json, "lack", world->lack);
        json_write_number(json, "regret", world->regret);
        write_finding(&world->plan, "failing", world->failing, json);
    }
    json_write_end(json);
}

// The ends of what is uncertain; null where nothing is.
static void write_regret(const struct plan *plan, struct json_write *json)
{
    const struct plan_regret *regret = plan->regret;
    if (regret == NULL) {
        json_write_null(json, "regret");
        return;
    }
    json_write_object(json, "regret");
    json_write_number(json, "most", regret->found ? regret->regret : NAN);
    json_write_number(json, "shortfall", isinf(regret->shortfall) ? NAN : regret->shortfall);
    json_write_text(json, "told_of", regret->worlds[regret->shown].name);
    json_write_integer(json, "simulated", regret->simulated);
    json_write_integer(json, "replications", regret->replications);
    json_write_array(json, "worlds");
    for (uint32_t w = 0; w < regret->world_count; w++) {
        write_world(plan, &regret->worlds[w], json);
    }
    json_write_end(json);
    json_write_end(json);
}

static void write_outlook(const struct plan *plan, struct json_write *json)
{
    json_write_array(json, "resources");
    for (uint32_t r = 0; r < plan->resource_count; r++) {
        const struct plan_resource *resource = &plan->resources[r];
        json_write_object_inline(json, NULL);
        json_write_text(json, "component", resource->name);
        json_write_number(json, "now", resource->now);
        json_write_number(json, "plan", resource->planned);
        json_write_number(json, "busy", resource->busy);
        json_write_number(json, "now_full_at", resource->factor_now);
        json_write_number(json, "plan_full_at", resource->factor);
        json_write_number(json, "now_full_months", resource->months_now);
        json_write_number(json, "plan_full_months", resource->months);
        json_write_end(json);
    }
    json_write_end(json);
    write_types(plan, json);
    json_write_array(json, "frontier");
    for (uint32_t i = 0; i < plan->level_count; i++) {
        const struct plan_level *level = &plan->levels[i];
        json_write_object_inline(json, NULL);
        json_write_number(json, "load", level->factor * plan->factor);
        json_write_number(json, "cost", level->cost);
        json_write_bool(json, "simulated", level->simulated);
        json_write_bool(json, "beyond", level->beyond);
        write_values(plan, "values", level->at, json);
        json_write_end(json);
    }
    json_write_end(json);
    json_write_array(json, "sensitivity");
    for (uint32_t i = 0; i < plan->input_count; i++) {
        json_write_object_inline(json, NULL);
        json_write_text(json, "input", plan->inputs[i].name);
        json_write_number(json, "change", plan->inputs[i].change);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_candidates(const struct plan *plan, struct json_write *json)
{
    json_write_array(json, "simulated_candidates");
    for (uint32_t number = 0; number < plan->simulated; number++) {
        for (uint32_t i = 0; i < plan->trial_count; i++) {
            if (plan->trials[i]->number == number) {
                write_trial(plan, NULL, plan->trials[i], json);
            }
        }
    }
    json_write_end(json);
}

void plan_json_write(const struct plan *plan, struct text *out)
{
    struct json_write json;
    json_write_init(&json);
    json_write_object(&json, NULL);
    write_head(plan, &json);
    json_write_number(&json, "cost_now", plan->cost_now);
    json_write_number(&json, "cost", plan->best == NULL ? NAN : plan->best->cost);
    json_write_number(&json, "watts_now", plan->best == NULL ? NAN : plan->watts_now);
    json_write_number(&json, "watts", plan->best == NULL ? NAN : plan->watts);
    write_variables(plan, &json);
    json_write_array(&json, "findings");
    const struct plan_trial *trial = plan->best != NULL ? plan->best : plan->largest;
    for (uint32_t f = 0; trial != NULL && f < trial->finding_count; f++) {
        write_finding(plan, NULL, &trial->findings[f], &json);
    }
    json_write_end(&json);
    write_regret(plan, &json);
    write_outlook(plan, &json);
    write_finding(plan, "tightest", plan->tightest, &json);
    json_write_number(&json, "holds_to", plan->holds_to);
    json_write_number(&json, "fails_at", plan->tightest == NULL ? NAN : plan->fails_at);
    json_write_text(&json, "advice", plan->advice);
    write_candidates(plan, &json);
    json_write_end(&json);
    text_add(out, json_write_get(&json));
    json_write_release(&json);
}
