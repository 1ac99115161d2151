// openmetrics - families of counters and gauges by workload, component and objective.
#include "reports/openmetrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/escape.h"
#include "sim/base/units_format.h"

struct family {
    const char *name, *type, *unit, *help; // unit NULL: none
};

static void begin_family(struct text *out, const struct family *family)
{
    text_format(out, "# TYPE %s %s\n", family->name, family->type);
    if (family->unit != NULL) {
        text_format(out, "# UNIT %s %s\n", family->name, family->unit);
    }
    text_format(out, "# HELP %s %s\n", family->name, family->help);
}

static void add_label(struct text *out, const char *name, const char *value, bool first)
{
    text_format(out, "%s%s=\"", first ? "{" : ",", name);
    escape_openmetrics(out, value);
    text_add_char(out, '"');
}

static void end_sample(struct text *out, double value)
{
    char number[UNITS_FORMAT_ROOM];
    text_format(out, "} %s\n", units_format_shortest(number, sizeof number, value));
}

// ---- workloads and components ------------------------------------------------------------------

static void add_statuses(struct text *out, const char *metric, const char *label, const char *name,
                         const uint64_t *statuses)
{
    for (uint32_t s = 0; s < STATUS_COUNT; s++) {
        if (statuses[s] > 0 || s == STATUS_OK) {
            text_format(out, "%s_total", metric);
            add_label(out, label, name, true);
            add_label(out, "status", status_table[s].name, false);
            text_format(out, "} %" PRIu64 "\n", statuses[s]);
        }
    }
}

static void add_quantiles(struct text *out, const struct result *result, const char *metric,
                          const char *label, uint32_t block)
{
    for (uint32_t q = 0; q < RESULT_QUANTILES; q++) {
        const struct estimate *estimate = result_flow(result, block, RESULT_P50 + q);
        if (estimate->known) {
            char quantile[16];
            snprintf(quantile, sizeof quantile, "%g", result_quantiles[q]);
            text_format(out, "%s%s", metric, label);
            add_label(out, "quantile", quantile, false);
            end_sample(out, estimate->value);
        }
    }
}

static void write_workloads(const struct result *result, struct text *out)
{
    static const struct family requests = {"orrery_workload_requests", "counter", NULL,
                                           "Requests that ended, by status"};
    static const struct family latency = {"orrery_workload_latency_seconds", "gauge", "seconds",
                                          "Latency by quantile, from the intended arrival"};
    begin_family(out, &requests);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        add_statuses(out, requests.name, "workload", result->workloads[w].name,
                     result->workloads[w].statuses);
    }
    begin_family(out, &latency);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        struct text label;
        text_init(&label);
        add_label(&label, "workload", result->workloads[w].name, true);
        add_quantiles(out, result, latency.name, text_get(&label), result->workloads[w].figures);
        text_release(&label);
    }
}

static void write_gauge(const struct result *result, const struct family *family, uint32_t figure,
                        struct text *out)
{
    begin_family(out, family);
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const struct estimate *estimate = result_flow(result, component->figures, figure);
        if (estimate->known) {
            text_add(out, family->name);
            add_label(out, "component", component->name, true);
            end_sample(out, estimate->value);
        }
    }
}

static void write_components(const struct result *result, struct text *out)
{
    static const struct family tries = {"orrery_component_tries", "counter", NULL,
                                        "Tries that ended at the component, by status"};
    static const struct family latency = {"orrery_component_latency_seconds", "gauge", "seconds",
                                          "Latency by quantile"};
    static const struct family busy = {"orrery_component_utilization_ratio", "gauge", "ratio",
                                       "Busy over existing server time"};
    static const struct family queue = {"orrery_component_queue_length", "gauge", NULL,
                                        "Mean number of waiting visits"};
    static const struct family ready = {"orrery_component_replicas_ready", "gauge", NULL,
                                        "Mean number of replicas that are up"};
    begin_family(out, &tries);
    for (uint32_t c = 0; c < result->component_count; c++) {
        add_statuses(out, tries.name, "component", result->components[c].name,
                     result->components[c].statuses);
    }
    begin_family(out, &latency);
    for (uint32_t c = 0; c < result->component_count; c++) {
        struct text label;
        text_init(&label);
        add_label(&label, "component", result->components[c].name, true);
        add_quantiles(out, result, latency.name, text_get(&label), result->components[c].figures);
        text_release(&label);
    }
    write_gauge(result, &busy, RESULT_UTILIZATION, out);
    write_gauge(result, &queue, RESULT_QUEUE, out);
    write_gauge(result, &ready, RESULT_READY, out);
}

// ---- objectives --------------------------------------------------------------------------------

static void add_slo(struct text *out, const char *metric, const struct result_slo *slo)
{
    text_add(out, metric);
    add_label(out, "slo", slo->name, true);
    add_label(out, "target", slo->target, false);
    add_label(out, "objective", slo->objective, false);
}

// A state set: the verdict that holds is 1, the others 0.
static void write_verdicts(const struct result *result, struct text *out)
{
    static const struct family verdict = {"orrery_slo_verdict", "stateset", NULL,
                                          "Verdict of the objective"};
    static const struct family observed = {"orrery_slo_observed", "gauge", NULL,
                                           "Observed value, in the unit of the objective"};
    begin_family(out, &verdict);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        for (uint32_t v = VERDICT_PASS; v <= VERDICT_NO_DATA; v++) {
            add_slo(out, verdict.name, &result->slos[s]);
            add_label(out, verdict.name, result_verdict_name((enum verdict)v), false);
            end_sample(out, result->slos[s].verdict == v);
        }
    }
    begin_family(out, &observed);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (result->slos[s].observed.known) {
            add_slo(out, observed.name, &result->slos[s]);
            end_sample(out, result->slos[s].observed.value);
        }
    }
}

void openmetrics_write(const struct result *result, struct text *out)
{
    static const struct family run = {"orrery_run", "info", NULL, "What was simulated"};
    char seed[32];
    snprintf(seed, sizeof seed, "%" PRIu64, result->seed);
    begin_family(out, &run);
    text_add(out, "orrery_run_info");
    add_label(out, "scenario", result->scenario, true);
    add_label(out, "digest", result->digest, false);
    add_label(out, "version", result->version, false);
    add_label(out, "seed", seed, false);
    end_sample(out, 1);
    write_workloads(result, out);
    write_components(result, out);
    write_verdicts(result, out);
    text_add(out, "# EOF\n");
}
