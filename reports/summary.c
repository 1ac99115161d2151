// summary - writes summary.json from a result.
#include "reports/summary.h"

#include <math.h>
#include <stdio.h>

void summary_estimate(struct json *json, const char *key, const struct estimate *estimate)
{
    if (!estimate->known) {
        json_null(json, key);
        return;
    }
    json_object_inline(json, key);
    json_number(json, "value", estimate->value);
    if (estimate->has_interval) {
        json_array_inline(json, "ci");
        json_number(json, NULL, estimate->low);
        json_number(json, NULL, estimate->high);
        json_end(json);
        json_number(json, "se", estimate->se);
        json_integer(json, "df", estimate->df);
    } else {
        json_null(json, "ci");
        json_null(json, "se");
        json_null(json, "df");
    }
    json_end(json);
}

// ---- blocks of figures -------------------------------------------------------------------------

static void write_times(struct json *json, const char *key, const struct result *result,
                        uint32_t mean)
{
    json_object(json, key);
    summary_estimate(json, "mean", &result->figures[mean].estimate);
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        summary_estimate(json, result_quantile_names[q], &result->figures[mean + 1 + q].estimate);
    }
    const struct estimate *max = &result->figures[mean + 1 + RESULT_QUANTILES].estimate;
    json_number(json, "max", max->known ? max->value : (double)NAN);
    json_end(json);
}

static void write_statuses(struct json *json, const uint64_t *statuses)
{
    json_object_inline(json, "statuses");
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        if (statuses[s] > 0 || s == STATUS_OK) {
            json_integer(json, status_table[s].name, statuses[s]);
        }
    }
    json_end(json);
}

static void write_flow(struct json *json, const struct result *result, uint32_t block,
                       const char *offered, const uint64_t *statuses)
{
    summary_estimate(json, offered, result_flow(result, block, RESULT_OFFERED));
    summary_estimate(json, "throughput", result_flow(result, block, RESULT_THROUGHPUT));
    summary_estimate(json, "success_ratio", result_flow(result, block, RESULT_SUCCESS));
    write_statuses(json, statuses);
    write_times(json, "latency", result, block + RESULT_MEAN);
}

static void write_workloads(struct json *json, const struct result *result)
{
    json_object(json, "workloads");
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct result_workload *workload = &result->workloads[w];
        json_object(json, workload->name);
        write_flow(json, result, workload->figures, "offered", workload->statuses);
        json_integer(json, "in_flight_at_end", workload->open);
        if (workload->thinned > 0.0 && workload->thinned < 1.0) {
            json_number(json, "thinned", workload->thinned);
        }
        json_end(json);
    }
    json_end(json);
}

static void write_breakdown(struct json *json, const struct result_operation *operation)
{
    static const char *const parts[METER_PARTS] = {
        [METER_QUEUE] = "queue", [METER_CPU] = "cpu",         [METER_IO] = "io",
        [METER_CALLS] = "calls", [METER_BACKOFF] = "backoff", [METER_OTHER] = "other",
    };
    json_object_inline(json, "breakdown");
    for (uint32_t p = 0; p < METER_PARTS; p++) {
        json_number(json, parts[p], operation->parts_s[p]);
    }
    json_end(json);
}

static void write_operations(struct json *json, const struct result *result,
                             const struct result_component *component)
{
    json_object(json, "operations");
    for (uint32_t o = 0; o < component->operation_count; o++) {
        const struct result_operation *operation =
            &result->operations[component->first_operation + o];
        if (operation->internal) {
            continue;
        }
        json_object(json, operation->name);
        write_flow(json, result, operation->figures, "arrivals", operation->statuses);
        write_breakdown(json, operation);
        json_integer(json, "wasted_answers", operation->waste);
        json_end(json);
    }
    json_end(json);
}

// Models' metrics stand in the matrix as COMPONENT.METRIC.
static void write_metrics(struct json *json, const struct result *result,
                          const struct result_component *component)
{
    json_object(json, "metrics");
    for (uint32_t m = 0; m < component->metric_count; m++) {
        const struct result_figure *figure = &result->figures[component->first_metric + m];
        size_t skip = 0;
        while (component->name[skip] != '\0') {
            skip++;
        }
        summary_estimate(json, figure->name + skip + 1, &figure->estimate);
    }
    json_end(json);
}

static void write_component(struct json *json, const struct result *result,
                            const struct result_component *component)
{
    const uint32_t block = component->figures;
    json_object(json, component->name);
    json_text(json, "kind", component->kind);
    json_integer(json, "replicas", component->replicas);
    write_flow(json, result, block, "arrivals", component->statuses);
    summary_estimate(json, "utilization", result_flow(result, block, RESULT_UTILIZATION));
    summary_estimate(json, "utilization_max", result_flow(result, block, RESULT_UTILIZATION_MAX));
    summary_estimate(json, "queue_length", result_flow(result, block, RESULT_QUEUE));
    summary_estimate(json, "in_system", result_flow(result, block, RESULT_IN_SYSTEM));
    summary_estimate(json, "replicas_ready", result_flow(result, block, RESULT_READY));
    summary_estimate(json, "rejected_ratio", result_flow(result, block, RESULT_REJECTED));
    json_integer(json, "queue_max", (uint64_t)component->queue_max);
    json_integer(json, "retries", component->retries);
    json_integer(json, "timeouts", component->timeouts);
    write_times(json, "wait", result, block + RESULT_WAIT_MEAN);
    write_operations(json, result, component);
    write_metrics(json, result, component);
    json_end(json);
}

// ---- objectives --------------------------------------------------------------------------------

static void write_slo(struct json *json, const struct result_slo *slo)
{
    json_object(json, NULL);
    json_text(json, "name", slo->name);
    json_text(json, "target", slo->target);
    json_text(json, "objective", slo->objective);
    json_text(json, "unit", slo->unit);
    json_number(json, "limit", slo->limit);
    summary_estimate(json, "observed", &slo->observed);
    json_number(json, "margin", slo->margin);
    json_integer(json, "good", slo->good);
    json_integer(json, "total", slo->total);
    json_text(json, "verdict", result_verdict_name(slo->verdict));
    json_text(json, "severity", slo->warn_only ? "warn" : "fail");
    if (slo->verdict == VERDICT_UNDECIDED) {
        json_number(json, "decided_by_s",
                    slo->decided_by_s > 0.0 ? slo->decided_by_s : (double)NAN);
    }
    if (slo->why != NULL) {
        json_text(json, "why", slo->why);
    }
    if (slo->compared) {
        json_object(json, "without_faults");
        summary_estimate(json, "observed", &slo->without);
        json_text(json, "verdict", result_verdict_name(slo->without_verdict));
        json_end(json);
    }
    json_end(json);
}

static void write_budget(struct json *json, const struct result *result,
                         const struct result_budget *budget)
{
    json_object(json, NULL);
    json_text(json, "slo", result->slos[budget->slo].name);
    json_text(json, "target", result->slos[budget->slo].target);
    json_number(json, "window_s", budget->window_s);
    json_number(json, "allowed_s", budget->allowed_s);
    json_number(json, "spent_s", budget->spent_s);
    json_number(json, "other_s", budget->other_s);
    json_object(json, "by_fault");
    for (uint32_t f = 0; f < result->fault_count; f++) {
        if (result->faults[f].enabled) {
            json_number(json, result->faults[f].name, budget->by_fault_s[f]);
        }
    }
    json_end(json);
    json_end(json);
}

static void write_objectives(struct json *json, const struct result *result)
{
    json_array(json, "slos");
    for (uint32_t s = 0; s < result->slo_count; s++) {
        write_slo(json, &result->slos[s]);
    }
    json_end(json);
    json_array(json, "budget");
    for (uint32_t b = 0; b < result->budget_count; b++) {
        write_budget(json, result, &result->budgets[b]);
    }
    json_end(json);
}

static void write_faults(struct json *json, const struct result *result)
{
    json_array(json, "faults");
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        json_object(json, NULL);
        json_text(json, "name", fault->name);
        json_text(json, "action", fault->action);
        json_text(json, "target", fault->target);
        json_bool(json, "enabled", fault->enabled);
        json_number(json, "at_s", fault->at_s);
        json_number(json, "duration_s", fault->duration_s);
        json_integer(json, "occurrences", fault->occurrences);
        json_number(json, "active_s", fault->active_s);
        json_end(json);
    }
    json_end(json);
}

// ---- the rest ----------------------------------------------------------------------------------

static void write_column(struct json *json, const struct result *result, uint32_t figure)
{
    json_array_inline(json, result->figures[figure].name);
    for (uint32_t r = 0; r < result->row_count; r++) {
        json_number(json, NULL, result->matrix[(size_t)r * result->figure_count + figure]);
    }
    json_end(json);
}

// Columns of workloads and components; those of single operations stand in results.h5.
static void write_matrix(struct json *json, const struct result *result)
{
    json_object(json, "replication_metrics");
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
    json_end(json);
}

static void write_invariants(struct json *json, const struct result *result)
{
    json_array(json, "invariants");
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        json_object_inline(json, NULL);
        json_text(json, "name", invariant->name);
        json_integer(json, "checked", invariant->checked);
        json_integer(json, "violated", invariant->violated);
        if (invariant->first != NULL) {
            json_text(json, "first", invariant->first);
            json_integer(json, "replication", invariant->replication);
        }
        json_end(json);
    }
    json_end(json);
}

static void write_checks(struct json *json, const struct result *result)
{
    json_array(json, "validation");
    for (uint32_t i = 0; i < result->check_count; i++) {
        const struct result_check *check = &result->checks[i];
        json_object(json, NULL);
        json_text(json, "name", check->name);
        json_text(json, "subject", check->subject);
        json_text(json, "unit", check->unit);
        summary_estimate(json, "simulated", &check->simulated);
        json_number(json, "expected", check->expected);
        json_bool(json, "agrees", check->agrees);
        json_text(json, "note", check->note);
        json_end(json);
    }
    json_end(json);
}

static void write_pairs(struct json *json, const char *key, const char *const *names,
                        const struct result_pair *pairs, uint32_t count)
{
    json_array(json, key);
    for (uint32_t i = 0; i < count; i++) {
        json_object_inline(json, NULL);
        json_text(json, names[0], pairs[i].key);
        json_text(json, names[1], pairs[i].value);
        json_end(json);
    }
    json_end(json);
}

static void write_identity(struct json *json, const struct result *result)
{
    char fingerprint[40];
    snprintf(fingerprint, sizeof fingerprint, "%016llx%016llx",
             (unsigned long long)result->fingerprint.high,
             (unsigned long long)result->fingerprint.low);
    json_text(json, "schema", "orrery.summary/1");
    json_text(json, "scenario", result->scenario);
    json_text(json, "digest", result->digest);
    json_text(json, "version", result->version);
    json_integer(json, "seed", result->seed);
    json_text(json, "fingerprint", fingerprint);
    json_integer(json, "replications", result->replication_count);
    json_integer(json, "events", result->events);
    json_number(json, "simulated_s", result->simulated_s);
    json_number(json, "duration_s", result->duration_s);
    json_number(json, "warmup_s", result->warmup_s);
    json_text(json, "intervals",
              result->batches                 ? "batches"
              : result->replication_count > 1 ? "replications"
                                              : NULL);
    json_number(json, "confidence", 0.95);
}

void summary_write(const struct result *result, struct json *json)
{
    static const char *const by_name[] = {"name", "value"};
    static const char *const by_subject[] = {"subject", "why"};
    static const char *const by_code[] = {"code", "text"};
    json_object(json, NULL);
    write_identity(json, result);
    write_workloads(json, result);
    json_object(json, "components");
    for (uint32_t c = 0; c < result->component_count; c++) {
        write_component(json, result, &result->components[c]);
    }
    json_end(json);
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
    json_text(json, "verdict", result_verdict_name(result->verdict));
    json_end(json);
}
