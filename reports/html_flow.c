// html_flow - latency by percentile, throughput and heatmaps over time, with their tables.
#include <stdio.h>

#include "reports/charts.h"
#include "reports/html_parts.h"

static void write_latencies(const struct html *html)
{
    static const char *const heads[] = {"latency of", ">mean",  ">p50",    ">p90", ">p95",
                                        ">p99",       ">p99.9", ">p99.99", ">max", NULL};
    struct charts_subjects subjects;
    charts_subjects_init(&subjects, html->result);
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < subjects.count; i++) {
        html_row(html);
        html_cell(html, subjects.rows[i].name);
        for (uint32_t f = RESULT_MEAN; f <= RESULT_MAX; f++) {
            html_estimate(html, result_flow(html->result, subjects.rows[i].figures, f), "s");
        }
    }
    html_table_end(html);
    charts_subjects_release(&subjects);
}

static uint32_t write_plots(const struct html *html, enum plot_kind kind, uint32_t count)
{
    uint32_t drawn = 0;
    html_raw(html, "<div class=\"grid\">\n");
    for (uint32_t i = 0; i < count; i++) {
        drawn += html_plot(html, kind, i);
    }
    html_raw(html, "</div>\n");
    return drawn;
}

static void write_workloads(const struct html *html)
{
    static const char *const heads[] = {"workload",   ">offered", ">completed", ">success",
                                        ">timeouts",  ">refused", ">other",     ">in flight at end",
                                        "assumption", NULL};
    const struct result *result = html->result;
    html_table_begin(html, heads);
    for (uint32_t w = 0; w < result->workload_count; w++) {
        const struct result_workload *workload = &result->workloads[w];
        const uint64_t *statuses = workload->statuses;
        uint64_t bad = 0;
        for (uint32_t s = 0; s < STATUS_COUNT; s++) {
            bad += status_is_good((enum status)s) ? 0 : statuses[s];
        }
        const uint64_t refused = statuses[STATUS_REJECTED] + statuses[STATUS_THROTTLED];
        html_row(html);
        html_cell(html, workload->name);
        html_estimate(html, result_flow(result, workload->figures, RESULT_OFFERED), "1/s");
        html_estimate(html, result_flow(result, workload->figures, RESULT_THROUGHPUT), "1/s");
        html_estimate(html, result_flow(result, workload->figures, RESULT_SUCCESS), "1");
        html_share(html, statuses[STATUS_TIMEOUT], workload->ended);
        html_share(html, refused, workload->ended);
        html_share(html, bad - refused - statuses[STATUS_TIMEOUT], workload->ended);
        html_count(html, workload->open);
        html_cell(html, workload->assumed);
    }
    html_table_end(html);
}

void html_flow(const struct html *html)
{
    const struct result *result = html->result;
    html_section(html, "latency", "Latency by percentile");
    html_raw(html, "<p>Solid lines are all requests of all replications, points with bars the "
                   "estimates with their 95 % intervals, dotted lines with a triangle the limits "
                   "of objectives.</p>\n");
    const uint32_t curves =
        write_plots(html, PLOT_LATENCY, result->workload_count + result->slo_count);
    html_details(html, "Latencies as a table", curves == 0);
    write_latencies(html);
    html_raw(html, "</details>\n");
    html_section_end(html);

    html_section(html, "throughput", "Throughput over time");
    if (result->series.bin_count > 1) {
        html_raw(html, "<p>Mean over the replications. Grey: warm-up, not counted. Orange: a fault "
                       "is in force.</p>\n");
    }
    write_plots(html, PLOT_THROUGHPUT, result->workload_count);
    write_workloads(html);
    html_section_end(html);

    html_section(html, "heatmaps", "Latency over time");
    const uint32_t maps = write_plots(html, PLOT_HEATMAP, result->workload_count);
    html_format(html,
                maps == 0 ? "No picture: the series stand in results.h5 (/latency/heatmap)."
                          : "%u of %u workloads, the largest; all of them stand in "
                            "results.h5 (/latency/heatmap).",
                maps, result->workload_count);
    html_section_end(html);
}
