// html_components - the specification of every component, opened by a link to it; resilience.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/html_parts.h"

static void write_term(const struct html *html, const char *term, const char *text)
{
    if (text != NULL && *text != '\0') {
        html_raw(html, "<dt>");
        html_text(html, term);
        html_raw(html, "</dt><dd>");
        html_text(html, text);
        html_raw(html, "</dd>\n");
    }
}

static void write_facts(const struct html *html, const struct result_component *component)
{
    char size[64];
    const int end = snprintf(size, sizeof size, "%u", component->replicas);
    if (component->cores > 0) {
        snprintf(size + end, sizeof size - (size_t)end, " x %g core%s", component->cores,
                 component->cores > 1 ? "s" : "");
    }
    html_raw(html, "<dl class=\"spec\">");
    write_term(html, "kind", component->kind);
    write_term(html, "group", component->group);
    write_term(html, "replicas", size);
    write_term(html, "what it is", component->description);
    write_term(html, "assumed", component->assumed);
    html_raw(html, "</dl>\n");
}

static void write_operations(const struct html *html, const struct result_component *component)
{
    static const char *const heads[] = {"operation", ">in",    ">success", ">p50",    ">p90",
                                        ">p99",      ">p99.9", ">max",     ">wasted", NULL};
    static const uint32_t figures[] = {RESULT_P50, RESULT_P90, RESULT_P99, RESULT_P999, RESULT_MAX};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t o = 0; o < component->operation_count; o++) {
        const struct result_operation *operation =
            &result->operations[component->first_operation + o];
        html_row(html);
        html_cell(html, operation->name);
        html_estimate(html, result_flow(result, operation->figures, RESULT_OFFERED), "1/s");
        html_estimate(html, result_flow(result, operation->figures, RESULT_SUCCESS), "1");
        for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
            html_estimate(html, result_flow(result, operation->figures, figures[f]), "s");
        }
        html_share(html, operation->waste, operation->arrivals);
    }
    html_table_end(html);
}

static void write_metrics(const struct html *html, const struct result_component *component)
{
    static const char *const heads[] = {"metric of the model", ">value", "unit", NULL};
    const struct result *result = html->result;
    if (component->metric_count == 0) {
        return;
    }
    html_table_begin(html, heads);
    for (uint32_t m = 0; m < component->metric_count; m++) {
        const struct result_figure *figure = &result->figures[component->first_metric + m];
        const size_t length = strlen(component->name);
        const bool prefixed =
            strncmp(figure->name, component->name, length) == 0 && figure->name[length] == '.';
        html_row(html);
        html_cell(html, figure->name + (prefixed ? length + 1 : 0));
        html_estimate(html, &figure->estimate, figure->unit);
        html_cell(html, figure->unit);
    }
    html_table_end(html);
}

static void write_calls(const struct html *html, uint32_t index)
{
    const struct result *result = html->result;
    const char *const words[] = {"called by", "calls"};
    html_raw(html, "<dl class=\"spec\">");
    for (uint32_t way = 0; way < 2; way++) {
        bool any = false;
        for (uint32_t e = 0; e < result->edge_count; e++) {
            const struct result_edge *edge = &result->edges[e];
            const uint32_t here = way == 0 ? edge->to : edge->from;
            const uint32_t there = way == 0 ? edge->from : edge->to;
            if (here != index) {
                continue;
            }
            text_format(html->out, any ? ", " : "<dt>%s</dt><dd>", words[way]);
            any = true;
            html_text(html, there == RESULT_NONE ? result->workloads[edge->workload].name
                                                 : result->components[there].name);
        }
        html_raw(html, any ? "</dd>\n" : "");
    }
    html_raw(html, "</dl>\n");
}

// The target of the links lies inside, so that following one opens the details without a script.
static void write_component(const struct html *html, uint32_t index)
{
    const struct result_component *component = &html->result->components[index];
    html_raw(html, "<details class=\"component\"><summary><b>");
    html_text(html, component->title != NULL ? component->title : component->name);
    html_raw(html, "</b> <span>");
    html_text(html, component->kind);
    html_format(html, " \xC2\xB7 %u replica%s", component->replicas,
                component->replicas == 1 ? "" : "s");
    html_raw(html, component->assumed != NULL ? " \xC2\xB7 assumed</span>" : "</span>");
    html_raw(html, "</summary>\n<div class=\"body\" id=\"component-");
    escape_identifier(html->out, component->name);
    html_raw(html, "\">\n<h3>");
    html_text(html, component->name);
    html_raw(html, "</h3>\n");
    write_facts(html, component);
    write_calls(html, index);
    write_operations(html, component);
    write_metrics(html, component);
    html_plot(html, PLOT_USE, index);
    html_raw(html, "</div></details>\n");
}

void html_components(const struct html *html)
{
    html_section(html, "components", "Components");
    for (uint32_t c = 0; c < html->result->component_count; c++) {
        write_component(html, c);
    }
    html_section_end(html);
}

// ---- resilience --------------------------------------------------------------------------------

static void write_guards(const struct html *html)
{
    static const char *const heads[] = {"component",      ">timeouts", ">retries",
                                        ">amplification", ">shed",     ">ejections",
                                        ">breaker trips", NULL};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        uint64_t calls = 0, tries = 0;
        for (uint32_t e = 0; e < result->edge_count; e++) {
            calls += result->edges[e].to == c ? result->edges[e].calls : 0;
            tries += result->edges[e].to == c ? result->edges[e].tries : 0;
        }
        char factor[32];
        snprintf(factor, sizeof factor, "x%.3g", calls == 0 ? 1 : (double)tries / (double)calls);
        html_row(html);
        html_component_link(html, c);
        html_share(html, component->statuses[STATUS_TIMEOUT], component->arrivals);
        html_share(html, component->retries, component->arrivals);
        html_number(html, factor);
        html_share(html,
                   component->statuses[STATUS_REJECTED] + component->statuses[STATUS_THROTTLED],
                   component->arrivals);
        html_count(html, component->ejections);
        html_count(html, component->breaker_trips);
    }
    html_table_end(html);
}

static void write_log(const struct html *html)
{
    enum { MOST = 200 };
    static const char *const heads[] = {">at", "event", "of", ">value", NULL};
    const struct result *result = html->result;
    if (result->log_count == 0) {
        return;
    }
    html_details(html, "What happened when, in the first replication", false);
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < result->log_count && i < MOST; i++) {
        const struct log_event *event = &result->log[i];
        char subject[256];
        html_row(html);
        html_value(html, (double)event->time_ns / 1e9, "s");
        html_cell(html, event->kind < LOG_KINDS ? meter_log_names[event->kind] : "event");
        html_cell(html, result_log_subject(result, event, subject, sizeof subject));
        html_value(html, event->value, "");
    }
    html_table_end(html);
    if (result->log_count > MOST) {
        html_format(html, "%u more stand in log.jsonl.", result->log_count - MOST);
    }
    html_raw(html, "</details>\n");
}

void html_resilience(const struct html *html)
{
    html_section(html, "resilience", "Resilience");
    html_raw(html, "<div class=\"grid\">\n");
    const bool states = html_plot(html, PLOT_TIMELINE, 0);
    html_plot(html, PLOT_GUARDS, 0);
    html_raw(html, "</div>\n");
    if (states) {
        html_raw(html, "<p>States are those of the first replication, rates the mean of all. Grey: "
                       "warm-up. Orange: a fault is in force.</p>\n");
    }
    html_raw(html, "<p>Amplification: tries a call, seen by the callee.</p>\n");
    write_guards(html);
    write_log(html);
    html_section_end(html);
}
