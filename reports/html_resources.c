// html_resources - utilisation of all components, where the time goes, the topology.
#include <math.h>
#include <stdio.h>

#include "reports/html_parts.h"
#include "reports/topology.h"

static void write_percent(const struct html *html, const struct estimate *estimate)
{
    char percent[32] = "-";
    if (estimate->known) {
        snprintf(percent, sizeof percent, "%.1f %%", estimate->value * 100);
    }
    html_number(html, percent);
}

static void write_components(const struct html *html)
{
    static const char *const heads[] = {"component", ">replicas",    ">in",      ">utilisation",
                                        ">busiest",  ">queue",       ">longest", ">in system",
                                        ">wait p99", ">latency p99", ">ready",   NULL};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const uint32_t block = component->figures;
        html_row(html);
        html_component_link(html, c);
        html_count(html, component->replicas);
        html_estimate(html, result_flow(result, block, RESULT_OFFERED), "1/s");
        write_percent(html, result_flow(result, block, RESULT_UTILIZATION));
        write_percent(html, result_flow(result, block, RESULT_UTILIZATION_MAX));
        html_estimate(html, result_flow(result, block, RESULT_QUEUE), "{request}");
        html_value(html, (double)component->queue_max, "{request}");
        html_estimate(html, result_flow(result, block, RESULT_IN_SYSTEM), "{request}");
        html_estimate(html, result_flow(result, block, RESULT_WAIT_P99), "s");
        html_estimate(html, result_flow(result, block, RESULT_P99), "s");
        html_estimate(html, result_flow(result, block, RESULT_READY), "replicas");
    }
    html_table_end(html);
}

static void write_times(const struct html *html)
{
    static const char *const heads[] = {"operation", ">calls/s", ">mean",    ">queue", ">cpu",
                                        ">io",       ">calls",   ">backoff", ">other", NULL};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t o = 0; o < result->operation_count; o++) {
        const struct result_operation *operation = &result->operations[o];
        if (operation->internal || operation->arrivals == 0) {
            continue;
        }
        char name[256];
        snprintf(name, sizeof name, "%s.%s", result->components[operation->component].name,
                 operation->name);
        html_row(html);
        html_cell(html, name);
        html_estimate(html, result_flow(result, operation->figures, RESULT_OFFERED), "1/s");
        html_estimate(html, result_flow(result, operation->figures, RESULT_MEAN), "s");
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            html_value(html, operation->parts_s[p], "s");
        }
    }
    html_table_end(html);
}

static void write_edges(const struct html *html)
{
    static const char *const heads[] = {"from", "to",       "protocol",  ">calls",    ">p50",
                                        ">p99", ">retries", ">timeouts", ">failures", NULL};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        html_row(html);
        if (edge->from == RESULT_NONE) {
            html_cell(html, result->workloads[edge->workload].name);
        } else {
            html_component_link(html, edge->from);
        }
        html_component_link(html, edge->to);
        html_cell(html, edge->protocol);
        html_count(html, edge->calls);
        html_value(html, edge->p50_s, "s");
        html_value(html, edge->p99_s, "s");
        html_share(html, edge->retries, edge->calls);
        html_share(html, edge->timeouts, edge->calls);
        html_share(html, edge->failures, edge->calls);
    }
    html_table_end(html);
}

static void write_topology(const struct html *html)
{
    const char *picture = html->pictures->topology;
    const bool drawn = picture != NULL && *picture != '\0';
    html_section(html, "topology", "Topology");
    if (drawn) {
        html_raw(html, "<p>Follow a component to its specification. Darker boxes are busier "
                       "(<span class=\"key u-0\">25</span> <span class=\"key u-1\">50</span> "
                       "<span class=\"key u-2\">70</span> <span class=\"key u-3\">85</span> "
                       "<span class=\"key u-4\">100 %</span>); orange and red calls fail more "
                       "often than once in 1000 and in 100; the strip at the left is the "
                       "group.</p>\n<div class=\"scroll map\">\n");
        html_raw(html, picture);
        html_raw(html, "</div>\n");
    }
    html_details(html, "Calls as a table", !drawn);
    write_edges(html);
    html_raw(html, "</details>\n");
    html_section_end(html);
}

void html_resources(const struct html *html)
{
    html_section(html, "utilization", "Resources");
    html_plot(html, PLOT_UTILIZATION, 0);
    write_components(html);
    html_section_end(html);
    html_section(html, "time", "Where time goes");
    const bool drawn = html_plot(html, PLOT_BREAKDOWN, 0);
    html_details(html, "Mean response times by part as a table", !drawn);
    write_times(html);
    html_raw(html, "</details>\n");
    html_section_end(html);
    write_topology(html);
}
