// markdown - sections are made one by one and kept while they fit.
#include "reports/markdown.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "reports/charts.h"
#include "reports/escape.h"
#include "reports/figure_text.h"
#include "reports/topology.h"
#include "sim/base/units_format.h"

enum { TAIL = 200 }; // bytes kept for the sentence about what was left out

// ---- cells -------------------------------------------------------------------------------------

// A row of heads and the line below it; '>' begins a column of numbers.
static void add_heads(struct text *out, const char *const *heads)
{
    for (const char *const *head = heads; *head != NULL; head++) {
        text_format(out, "| %s ", *head + (**head == '>'));
    }
    text_add(out, "|\n");
    for (const char *const *head = heads; *head != NULL; head++) {
        text_add(out, **head == '>' ? "| ---: " : "| --- ");
    }
    text_add(out, "|\n");
}

static void add_cell(struct text *out, const char *text)
{
    text_add(out, "| ");
    escape_markdown(out, text == NULL ? "" : text);
    text_add_char(out, ' ');
}

static void add_value(struct text *out, double value, const char *unit)
{
    char buffer[FIGURE_TEXT_ROOM];
    add_cell(out, figure_text_value(buffer, sizeof buffer, value, unit));
}

static void add_estimate(struct text *out, const struct estimate *estimate, const char *unit)
{
    add_value(out, estimate->known ? estimate->value : (double)NAN, unit);
}

static void add_figure(struct text *out, const struct result *result, uint32_t figure)
{
    add_estimate(out, &result->figures[figure].estimate, result->figures[figure].unit);
}

static void end_row(struct text *out)
{
    text_add(out, "|\n");
}

// ---- sections ----------------------------------------------------------------------------------

static void write_verdict(const struct result *result, struct text *out)
{
    uint32_t good = 0, counted = 0;
    char length[FIGURE_TEXT_ROOM];
    for (uint32_t s = 0; s < result->slo_count; s++) {
        counted += !result->slos[s].warn_only;
        good += !result->slos[s].warn_only && result->slos[s].verdict == VERDICT_PASS;
    }
    text_format(out, "# %s: ", result_verdict_name(result->verdict));
    escape_markdown(out, result->scenario);
    text_format(out, "\n\n%u of %u objectives hold. orrery %s, seed %" PRIu64 ", %s.\n", good,
                counted, result->version, result->seed,
                figure_text_length(length, sizeof length, result));
    for (uint32_t i = 0; i < result->reason_count; i++) {
        text_add(out, i == 0 ? "\n- " : "- ");
        escape_markdown(out, result->reasons[i]);
        text_add_char(out, '\n');
    }
}

static void write_slo(const struct result *result, const struct result_slo *slo, struct text *out)
{
    char buffer[FIGURE_TEXT_ROOM];
    add_cell(out, figure_text_verdict(buffer, sizeof buffer, slo));
    add_cell(out, slo->name);
    add_cell(out, slo->target);
    add_cell(out, slo->objective);
    add_estimate(out, &slo->observed, slo->unit);
    add_cell(out, figure_text_interval(buffer, sizeof buffer, &slo->observed, slo->unit));
    add_cell(out, figure_text_margin(buffer, sizeof buffer, result, slo));
    if (slo->compared) {
        add_estimate(out, &slo->without, slo->unit);
        add_cell(out, result_verdict_name(slo->without_verdict));
    } else if (result->slos[0].compared) {
        text_add(out, "| | ");
    }
    end_row(out);
}

static bool is_reason(const struct result *result, const char *why)
{
    for (uint32_t i = 0; i < result->reason_count; i++) {
        if (text_same(result->reasons[i], why)) {
            return true;
        }
    }
    return false;
}

static void write_objectives(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Verdict",   "SLO",      "Target",  "Objective",
                                        ">Observed", ">95 % CI", ">Margin", NULL};
    static const char *const compared[] = {"Verdict",   "SLO",      "Target",  "Objective",
                                           ">Observed", ">95 % CI", ">Margin", ">Without faults",
                                           "Verdict",   NULL};
    text_add(out, "\n## Objectives\n\n");
    if (result->slo_count == 0) {
        text_add(out, "No objective is declared.\n");
        return;
    }
    add_heads(out, result->slos[0].compared ? compared : heads);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        write_slo(result, &result->slos[s], out);
    }
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (result->slos[s].why != NULL && !is_reason(result, result->slos[s].why)) {
            text_format(out, "\n- %s ", result_verdict_name(result->slos[s].verdict));
            escape_markdown(out, result->slos[s].why);
        }
    }
    text_add_char(out, '\n');
}

static void write_budgets(const struct result *result, struct text *out)
{
    static const char *const heads[] = {
        "Budget of", "Target", ">Window", ">Allowed", ">Spent", ">By no fault in particular", NULL};
    if (result->budget_count == 0) {
        return;
    }
    text_add(out, "\n### Error budgets\n\n");
    add_heads(out, heads);
    for (uint32_t b = 0; b < result->budget_count; b++) {
        const struct result_budget *budget = &result->budgets[b];
        add_cell(out, result->slos[budget->slo].name);
        add_cell(out, result->slos[budget->slo].target);
        add_value(out, budget->window_s, "s");
        add_value(out, budget->allowed_s, "s");
        add_value(out, budget->spent_s, "s");
        add_value(out, budget->other_s, "s");
        end_row(out);
    }
}

static void write_faults(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Fault", "Action",  "Target",  ">First",
                                        ">End",  ">Struck", ">Active", NULL};
    if (!result->faults_on) {
        return;
    }
    text_add(out, "\n### Fault windows\n\n");
    add_heads(out, heads);
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        if (fault->enabled) {
            add_cell(out, fault->name);
            add_cell(out, fault->action);
            add_cell(out, fault->target);
            add_value(out, fault->first_s, "s");
            add_value(out, fault->end_s, "s");
            add_value(out, (double)fault->occurrences, "");
            add_value(out, fault->active_s, "s");
            end_row(out);
        }
    }
}

static void write_latencies(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Latency of", ">mean",  ">p50",    ">p90", ">p95",
                                        ">p99",       ">p99.9", ">p99.99", ">max", NULL};
    struct charts_subjects subjects;
    charts_subjects_init(&subjects, result);
    text_add(out, "\n## Latency\n\n");
    add_heads(out, heads);
    for (uint32_t i = 0; i < subjects.count; i++) {
        add_cell(out, subjects.rows[i].name);
        for (uint32_t f = RESULT_MEAN; f <= RESULT_MAX; f++) {
            add_figure(out, result, subjects.rows[i].figures + f);
        }
        end_row(out);
    }
    charts_subjects_release(&subjects);
}

static void write_workloads(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Workload", ">Offered",  ">Completed",
                                        ">Success", ">Timeouts", NULL};
    text_add(out, "\n## Throughput\n\n");
    add_heads(out, heads);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct result_workload *workload = &result->workloads[w];
        add_cell(out, workload->name);
        add_figure(out, result, workload->figures + RESULT_OFFERED);
        add_figure(out, result, workload->figures + RESULT_THROUGHPUT);
        add_figure(out, result, workload->figures + RESULT_SUCCESS);
        add_value(out, (double)workload->statuses[STATUS_TIMEOUT], "");
        end_row(out);
    }
}

static void write_components(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Component",      "Kind", ">n",   ">In",    ">Utilisation",
                                        ">Queue",         ">p50", ">p99", ">p99.9", ">Retries",
                                        ">Breaker trips", NULL};
    text_add(out, "\n## Resources\n\n");
    add_heads(out, heads);
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        add_cell(out, component->name);
        add_cell(out, component->kind);
        add_value(out, component->replicas, "");
        add_figure(out, result, component->figures + RESULT_OFFERED);
        add_figure(out, result, component->figures + RESULT_UTILIZATION);
        add_figure(out, result, component->figures + RESULT_QUEUE);
        add_figure(out, result, component->figures + RESULT_P50);
        add_figure(out, result, component->figures + RESULT_P99);
        add_figure(out, result, component->figures + RESULT_P999);
        add_value(out, (double)component->retries, "");
        add_value(out, (double)component->breaker_trips, "");
        end_row(out);
    }
}

static void write_times(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Operation", ">Mean",    ">Queue", ">CPU", ">IO",
                                        ">Calls",    ">Backoff", ">Other", NULL};
    text_add(out, "\n## Where time goes\n\n");
    add_heads(out, heads);
    for (uint32_t o = 0; o < result->operation_count; o++) {
        const struct result_operation *operation = &result->operations[o];
        if (operation->internal || operation->arrivals == 0) {
            continue;
        }
        text_add(out, "| ");
        escape_markdown(out, result->components[operation->component].name);
        text_add_char(out, '.');
        escape_markdown(out, operation->name);
        text_add_char(out, ' ');
        add_figure(out, result, operation->figures + RESULT_MEAN);
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            add_value(out, operation->parts_s[p], "s");
        }
        end_row(out);
    }
}

static void write_topology(const struct result *result, struct text *out)
{
    text_add(out, "\n## Topology\n\n```mermaid\n");
    topology_mermaid(result, out);
    text_add(out, "```\n");
}

static void write_checks(const struct result *result, struct text *out)
{
    static const char *const heads[] = {"Check", "Subject", ">Simulated", ">Expected", "", NULL};
    static const char *const held[] = {"Invariant", ">Checked", ">Violated", "First", NULL};
    text_add(out, "\n## Can I trust it\n\n");
    add_heads(out, heads);
    for (uint32_t i = 0; i < result->check_count; i++) {
        const struct result_check *check = &result->checks[i];
        add_cell(out, check->name);
        add_cell(out, check->subject);
        add_estimate(out, &check->simulated, check->unit);
        add_value(out, check->expected, check->unit);
        add_cell(out, check->agrees ? "agrees" : "DIFFERS");
        end_row(out);
    }
    if (result->invariant_count > 0) {
        text_add_char(out, '\n');
        add_heads(out, held);
    }
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        const struct result_invariant *invariant = &result->invariants[i];
        add_cell(out, invariant->name);
        add_value(out, (double)invariant->checked, "");
        add_value(out, (double)invariant->violated, "");
        add_cell(out, invariant->first);
        end_row(out);
    }
}

static void add_pairs(struct text *out, const char *title, const struct result_pair *pairs,
                      uint32_t count)
{
    if (count > 0) {
        text_format(out, "\n### %s\n\n", title);
    }
    for (uint32_t i = 0; i < count; i++) {
        text_add(out, "- ");
        escape_markdown(out, pairs[i].key);
        text_add(out, ": ");
        escape_markdown(out, pairs[i].value);
        text_add_char(out, '\n');
    }
}

static void write_pairs(const struct result *result, struct text *out)
{
    add_pairs(out, "Assumptions", result->assumptions, result->assumption_count);
    add_pairs(out, "Approximations", result->approximations, result->approximation_count);
    add_pairs(out, "Warnings", result->warnings, result->warning_count);
}

static void write_provenance(const struct result *result, struct text *out)
{
    char events[UNITS_FORMAT_ROOM];
    text_add(out, "\n## Provenance\n\n");
    text_format(out,
                "- digest %s\n- fingerprint %016" PRIx64 "%016" PRIx64 "\n- %s events\n"
                "- reproduce: `orrery run FILE --seed %" PRIu64 "`\n",
                result->digest, result->fingerprint.high, result->fingerprint.low,
                units_format_si(events, sizeof events, (double)result->events), result->seed);
}

// ---- the whole ---------------------------------------------------------------------------------

struct section {
    const char *name;
    void (*write)(const struct result *result, struct text *out);
};

void markdown_write(const struct result *result, struct text *out)
{
    static const struct section sections[] = {
        {"verdict", write_verdict},      {"objectives", write_objectives},
        {"budgets", write_budgets},      {"faults", write_faults},
        {"latency", write_latencies},    {"throughput", write_workloads},
        {"resources", write_components}, {"where time goes", write_times},
        {"topology", write_topology},    {"checks", write_checks},
        {"assumptions", write_pairs},    {"provenance", write_provenance},
    };
    struct text part, missing;
    text_init(&part);
    text_init(&missing);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        text_clear(&part);
        sections[i].write(result, &part);
        if (out->length + part.length + TAIL <= MARKDOWN_MOST) {
            text_add_part(out, text_get(&part), part.length);
        } else {
            text_format(&missing, "%s%s", missing.length == 0 ? "" : ", ", sections[i].name);
        }
    }
    if (missing.length > 0) {
        text_format(out, "\nLeft out for want of room: %s. They stand in report.html.\n",
                    text_get(&missing));
    }
    text_release(&part);
    text_release(&missing);
}
