// summary - writes summary.json from a result.
#include "reports/summary.h"

#include <math.h>
#include <stdio.h>

void summary_estimate(struct json_write *json, const char *key, const struct estimate *estimate)
{
    if (!estimate->known) {
        json_write_null(json, key);
        return;
    }
    json_write_object_inline(json, key);
    json_write_number(json, "value", estimate->value);
    if (estimate->has_interval) {
        json_write_array_inline(json, "ci");
        json_write_number(json, NULL, estimate->low);
        json_write_number(json, NULL, estimate->high);
        json_write_end(json);
        json_write_number(json, "se", estimate->se);
        json_write_integer(json, "df", estimate->df);
    } else {
        json_write_null(json, "ci");
        json_write_null(json, "se");
        json_write_null(json, "df");
    }
    json_write_end(json);
}

// ---- blocks of figures -------------------------------------------------------------------------

static void write_times(struct json_write *json, const char *key, const struct result *result,
                        uint32_t mean)
{
    json_write_object(json, key);
    summary_estimate(json, "mean", &result->figures[mean].estimate);
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        summary_estimate(json, result_quantile_names[q], &result->figures[mean + 1 + q].estimate);
    }
    const struct estimate *max = &result->figures[mean + 1 + RESULT_QUANTILES].estimate;
    json_write_number(json, "max", max->known ? max->value : (double)NAN);
    json_write_end(json);
}

static void write_statuses(struct json_write *json, const uint64_t *statuses)
{
    json_write_object_inline(json, "statuses");
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        if (statuses[s] > 0 || s == STATUS_OK) {
            json_write_integer(json, status_table[s].name, statuses[s]);
        }
    }
    json_write_end(json);
}

static void write_flow(struct json_write *json, const struct result *result, uint32_t block,
                       const char *offered, const uint64_t *statuses)
{
    summary_estimate(json, offered, result_flow(result, block, RESULT_OFFERED));
    summary_estimate(json, "throughput", result_flow(result, block, RESULT_THROUGHPUT));
    summary_estimate(json, "success_ratio", result_flow(result, block, RESULT_SUCCESS));
    write_statuses(json, statuses);
    write_times(json, "latency", result, block + RESULT_MEAN);
}

static void write_workloads(struct json_write *json, const struct result *result)
{
    json_write_object(json, "workloads");
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct result_workload *workload = &result->workloads[w];
        json_write_object(json, workload->name);
        write_flow(json, result, workload->figures, "offered", workload->statuses);
        json_write_integer(json, "in_flight_at_end", workload->open);
        if (workload->thinned > 0.0 && workload->thinned < 1.0) {
            json_write_number(json, "thinned", workload->thinned);
        }
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_breakdown(struct json_write *json, const struct result_operation *operation)
{
    static const char *const parts[METER_PARTS] = {
        [METER_QUEUE] = "queue", [METER_CPU] = "cpu",         [METER_IO] = "io",
        [METER_CALLS] = "calls", [METER_BACKOFF] = "backoff", [METER_OTHER] = "other",
    };
    json_write_object_inline(json, "breakdown");
    for (uint32_t p = 0; p < METER_PARTS; p++) {
        json_write_number(json, parts[p], operation->parts_s[p]);
    }
    json_write_end(json);
}

static void write_operations(struct json_write *json, const struct result *result,
                             const struct result_component *component)
{
    json_write_object(json, "operations");
    for (uint32_t o = 0; o < component->operation_count; o++) {
        const struct result_operation *operation =
            &result->operations[component->first_operation + o];
        if (operation->internal) {
            continue;
        }
        json_write_object(json, operation->name);
        write_flow(json, result, operation->figures, "arrivals", operation->statuses);
        write_breakdown(json, operation);
        json_write_integer(json, "wasted_answers", operation->waste);
        json_write_end(json);
    }
    json_write_end(json);
}

// Models' metrics stand in the matrix as COMPONENT.METRIC.
static void write_metrics(struct json_write *json, const struct result *result,
                          const struct result_component *component)
{
    json_write_object(json, "metrics");
    for (uint32_t m = 0; m < component->metric_count; m++) {
        const struct result_figure *figure = &result->figures[component->first_metric + m];
        size_t skip = 0;
        while (component->name[skip] != '\0') {
            skip++;
        }
        summary_estimate(json, figure->name + skip + 1, &figure->estimate);
    }
    json_write_end(json);
}

static void write_component(struct json_write *json, const struct result *result,
                            const struct result_component *component)
{
    const uint32_t block = component->figures;
    json_write_object(json, component->name);
    json_write_text(json, "kind", component->kind);
    json_write_integer(json, "replicas", component->replicas);
    write_flow(json, result, block, "arrivals", component->statuses);
    summary_estimate(json, "utilization", result_flow(result, block, RESULT_UTILIZATION));
    summary_estimate(json, "utilization_max", result_flow(result, block, RESULT_UTILIZATION_MAX));
    summary_estimate(json, "queue_length", result_flow(result, block, RESULT_QUEUE));
    summary_estimate(json, "in_system", result_flow(result, block, RESULT_IN_SYSTEM));
    summary_estimate(json, "replicas_ready", result_flow(result, block, RESULT_READY));
    summary_estimate(json, "rejected_ratio", result_flow(result, block, RESULT_REJECTED));
    json_write_integer(json, "queue_max", (uint64_t)component->queue_max);
    json_write_integer(json, "retries", component->retries);
    json_write_integer(json, "timeouts", component->timeouts);
    write_times(json, "wait", result, block + RESULT_WAIT_MEAN);
    write_operations(json, result, component);
    write_metrics(json, result, component);
    json_write_end(json);
}

// ---- objectives --------------------------------------------------------------------------------

static void write_slo(struct json_write *json, const struct result_slo *slo)
{
    json_write_object(json, NULL);
    json_write_text(json, "name", slo->name);
    json_write_text(json, "target", slo->target);
    json_write_text(json, "objective", slo->objective);
    json_write_text(json, "unit", slo->unit);
    json_write_number(json, "limit", slo->limit);
    summary_estimate(json, "observed", &slo->observed);
    json_write_number(json, "margin", slo->margin);
    json_write_integer(json, "good", slo->good);
    json_write_integer(json, "total", slo->total);
    json_write_text(json, "verdict", result_verdict_name(slo->verdict));
    json_write_text(json, "severity", slo->warn_only ? "warn" : "fail");
    if (slo->verdict == VERDICT_UNDECIDED) {
        json_write_number(json, "decided_by_s",
                          slo->decided_by_s > 0.0 ? slo->decided_by_s : (double)NAN);
    }
    if (slo->why != NULL) {
        json_write_text(json, "why", slo->why);
    }
    if (slo->compared) {
        json_write_object(json, "without_faults");
        summary_estimate(json, "observed", &slo->without);
        json_write_text(json, "verdict", result_verdict_name(slo->without_verdict));
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_budget(struct json_write *json, const struct result *result,
                         const struct result_budget *budget)
{
    json_write_object(json, NULL);
    json_write_text(json, "slo", result->slos[budget->slo].name);
    json_write_text(json, "target", result->slos[budget->slo].target);
    json_write_number(json, "window_s", budget->window_s);
    json_write_number(json, "allowed_s", budget->allowed_s);
    json_write_number(json, "spent_s", budget->spent_s);
    json_write_number(json, "other_s", budget->other_s);
    json_write_object(json, "by_fault");
    for (uint32_t f = 0; f < result->fault_count; f++) {
        if (result->faults[f].enabled) {
            json_write_number(json, result->faults[f].name, budget->by_fault_s[f]);
        }
    }
    json_write_end(json);
    json_write_end(json);
}

static void write_objectives(struct json_write *json, const struct result *result)
{
    json_write_array(json, "slos");
    for (uint32_t s = 0; s < result->slo_count; s++) {
        write_slo(json, &result->slos[s]);
    }
    json_write_end(json);
    json_write_array(json, "budget");
    for (uint32_t b = 0; b < result->budget_count; b++) {
        write_budget(json, result, &result->budgets[b]);
    }
    json_write_end(json);
}

static void write_faults(struct json_write *json, const struct result *result)
{
    json_write_array(json, "faults");
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        json_write_object(json, NULL);
        json_write_text(json, "name", fault->name);
        json_write_text(json, "action", fault->action);
        json_write_text(json, "target", fault->target);
        json_write_bool(json, "enabled", fault->enabled);
        json_write_number(json, "at_s", fault->at_s);
        json_write_number(json, "duration_s", fault->duration_s);
        json_write_integer(json, "occurrences", fault->occurrences);
        json_write_number(json, "active_s", fault->active_s);
        json_write_end(json);
    }
    json_write_end(json);
}

// ---- the rest ----------------------------------------------------------------------------------

static void write_column(struct json_write *json, const struct result *result, uint32_t figure)
{
    json_write_array_inline(json, result->figures[figure].name);
    for (uint32_t r = 0; r < result->row_count; r++) {
        json_write_number(json, NULL, result->matrix[(size_t)r * result->figure_count + figure]);
    }
    json_write_end(json);
}

// Columns of workloads and components; those of single operations stand in results.h5.
static void write_matrix(struct json_write *json, const struct result *result)
{
    json_write_object(json, "replication_metrics");
    for (uint32_t w = 0; w < result->workload_count; w++) {
        for (uint32_t f = 0; f < RESULT_FLOW_FIGURES; f++) {
            write_column(json, result, result->workloads[w].figures + f);
        }
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const uint32_t end = component->first_metric + component->metric_count;
        for (uint32_t f = component->figures; f < end; f++) {
            write_column(json, result, f);
        }
    }
    json_write_end(json);
}

static void write_invariants(struct json_write *json, const struct result *result)
{
    json_write_array(json, "invariants");
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        json_write_object_inline(json, NULL);
        json_write_text(json, "name", invariant->name);
        json_write_integer(json, "checked", invariant->checked);
        json_write_integer(json, "violated", invariant->violated);
        if (invariant->first != NULL) {
            json_write_text(json, "first", invariant->first);
            json_write_integer(json, "replication", invariant->replication);
        }
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_checks(struct json_write *json, const struct result *result)
{
    json_write_array(json, "validation");
    for (uint32_t i = 0; i < result->check_count; i++) {
        const struct result_check *check = &result->checks[i];
        json_write_object(json, NULL);
        json_write_text(json, "name", check->name);
        json_write_text(json, "subject", check->subject);
        json_write_text(json, "unit", check->unit);
        summary_estimate(json, "simulated", &check->simulated);
        json_write_number(json, "expected", check->expected);
        json_write_bool(json, "agrees", check->agrees);
        json_write_text(json, "note", check->note);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_pairs(struct json_write *json, const char *key, const char *const *names,
                        const struct result_pair *pairs, uint32_t count)
{
    json_write_array(json, key);
    for (uint32_t i = 0; i < count; i++) {
        json_write_object_inline(json, NULL);
        json_write_text(json, names[0], pairs[i].key);
        json_write_text(json, names[1], pairs[i].value);
        json_write_end(json);
    }
    json_write_end(json);
}

static void write_identity(struct json_write *json, const struct result *result)
{
    char fingerprint[40];
    snprintf(fingerprint, sizeof fingerprint, "%016llx%016llx",
             (unsigned long long)result->fingerprint.high,
             (unsigned long long)result->fingerprint.low);
    json_write_text(json, "schema", "orrery.summary/1");
    json_write_text(json, "scenario", result->scenario);
    json_write_text(json, "digest", result->digest);
    json_write_text(json, "version", result->version);
    json_write_integer(json, "seed", result->seed);
    json_write_text(json, "fingerprint", fingerprint);
    json_write_integer(json, "replications", result->replication_count);
    json_write_integer(json, "events", result->events);
    json_write_number(json, "simulated_s", result->simulated_s);
    json_write_number(json, "duration_s", result->duration_s);
    json_write_number(json, "warmup_s", result->warmup_s);
    json_write_text(json, "intervals",
                    result->batches                 ? "batches"
                    : result->replication_count > 1 ? "replications"
                                                    : NULL);
    json_write_number(json, "confidence", 0.95);
}

void summary_write(const struct result *result, struct json_write *json)
{
    static const char *const by_name[] = {"name", "value"};
    static const char *const by_subject[] = {"subject", "why"};
    static const char *const by_code[] = {"code", "text"};
    json_write_object(json, NULL);
    write_identity(json, result);
    write_workloads(json, result);
    json_write_object(json, "components");
    for (uint32_t c = 0; c < result->component_count; c++) {
        write_component(json, result, &result->components[c]);
    }
    json_write_end(json);
    write_objectives(json, result);
    write_matrix(json, result);
    write_faults(json, result);
    write_invariants(json, result);
    write_checks(json, result);
    write_pairs(json, "parameters", by_name, result->parameters, result->parameter_count);
    write_pairs(json, "assumptions", by_subject, result->assumptions, result->assumption_count);
    write_pairs(json, "approximations", by_subject, result->approximations,
                result->approximation_count);
    write_pairs(json, "warnings", by_code, result->warnings, result->warning_count);
    json_write_text(json, "verdict", result_verdict_name(result->verdict));
    json_write_end(json);
}
