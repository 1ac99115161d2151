// sweep_page_points - tables of points: broken ones, those that miss an objective, all of them.
#include <stdio.h>

#include "reports/figure_text.h"
#include "reports/sweep_page_parts.h"

enum { OPEN_MOST = 40 }; // lines of a table that stands open

static void write_link(const struct sweep_page *page, uint32_t point)
{
    text_format(page->html.out, "<td class=\"n\"><a href=\"#point-%u\">%u</a></td>", point, point);
}

static void write_point(const struct sweep_page *page, uint32_t point)
{
    struct text words;
    text_init(&words);
    sweep_report_point(page->report->sweep, point, &words);
    html_cell(&page->html, text_get(&words));
    text_release(&words);
}

static void add_command(const struct sweep_page *page, uint32_t point, struct text *out)
{
    text_format(out, "orrery run %s", page->report->command);
    sweep_report_settings(page->report->sweep, point, out);
}

static void write_command(const struct sweep_page *page, uint32_t point)
{
    struct text command;
    text_init(&command);
    add_command(page, point, &command);
    html_raw(&page->html, "<td class=\"long\"><code class=\"wrap\">");
    html_text(&page->html, text_get(&command));
    html_raw(&page->html, "</code></td>");
    text_release(&command);
}

static void write_left(const struct sweep_page *page, uint32_t left, const char *what)
{
    if (left > 0) {
        html_raw(&page->html, "<p>");
        html_format(&page->html, "... and %u more %s: sweep.csv and sweep.json have all of them.",
                    left, what);
        html_raw(&page->html, "</p>\n");
    }
}

// ---- broken points
// -------------------------------------------------------------------------------

void sweep_page_broken(const struct sweep_page *page)
{
    static const char *const heads[] = {">#", "parameters", "failure", "alone", NULL};
    const struct sweep *sweep = page->report->sweep;
    if (page->broken == 0) {
        return;
    }
    html_section(&page->html, "broken", "Points without an answer");
    html_table_begin(&page->html, heads);
    uint32_t shown = 0;
    for (uint32_t point = 0; point < sweep->points.count && shown < SWEEP_PAGE_ROWS; point++) {
        if (sweep->rows[point].state == SWEEP_BROKEN) {
            shown++;
            html_row(&page->html);
            write_link(page, point);
            write_point(page, point);
            html_cell(&page->html, sweep->rows[point].failure);
            write_command(page, point);
        }
    }
    html_table_end(&page->html);
    write_left(page, page->broken - shown, "points");
    html_section_end(&page->html);
}

// ---- objectives that are missed
// ------------------------------------------------------------------

// The point and its command stand in the first of its lines.
static void write_miss(const struct sweep_page *page, uint32_t point, uint32_t s, bool first)
{
    const struct sweep *sweep = page->report->sweep;
    const struct sweep_objective *found = &sweep->rows[point].slos[s];
    char buffer[FIGURE_TEXT_ROOM];
    html_row(&page->html);
    if (first) {
        write_link(page, point);
        write_point(page, point);
    } else {
        html_raw(&page->html, "<td></td><td></td>");
    }
    html_raw(&page->html, "<td>");
    html_verdict(&page->html, found->verdict, sweep->slos[s].warn_only);
    html_raw(&page->html, "</td>");
    html_cell(&page->html, sweep->slos[s].name);
    html_raw(&page->html, "<td><code>");
    html_text(&page->html, sweep->slos[s].objective);
    html_raw(&page->html, "</code></td>");
    html_number(&page->html,
                figure_text_estimate(buffer, sizeof buffer, &found->observed, found->unit));
    html_number(&page->html,
                figure_text_interval(buffer, sizeof buffer, &found->observed, found->unit));
    if (first) {
        write_command(page, point);
    } else {
        html_raw(&page->html, "<td></td>");
    }
}

static uint32_t write_misses(const struct sweep_page *page, uint32_t point, uint32_t room)
{
    const struct sweep *sweep = page->report->sweep;
    const struct sweep_row *row = &sweep->rows[point];
    uint32_t shown = 0;
    for (uint32_t s = 0; s < sweep->slo_count && row->state == SWEEP_DONE && shown < room; s++) {
        if (row->slos[s].verdict != VERDICT_PASS) {
            write_miss(page, point, s, shown == 0);
            shown++;
        }
    }
    return shown;
}

static uint32_t count_misses(const struct sweep *sweep)
{
    uint32_t misses = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const struct sweep_row *row = &sweep->rows[point];
        for (uint32_t s = 0; s < sweep->slo_count && row->state == SWEEP_DONE; s++) {
            misses += row->slos[s].verdict != VERDICT_PASS;
        }
    }
    return misses;
}

void sweep_page_misses(const struct sweep_page *page)
{
    static const char *const heads[] = {">#",        "parameters", "verdict",  "SLO",
                                        "objective", ">observed",  ">95 % CI", "reproduce",
                                        NULL};
    const struct sweep *sweep = page->report->sweep;
    const uint32_t misses = count_misses(sweep);
    if (misses == 0) {
        return;
    }
    char summary[64];
    snprintf(summary, sizeof summary, "%u missed objective%s by point", misses,
             misses == 1 ? "" : "s");
    html_section(&page->html, "misses", "What does not hold");
    html_details(&page->html, summary, misses <= OPEN_MOST);
    html_table_begin(&page->html, heads);
    uint32_t shown = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        shown += write_misses(page, point, SWEEP_PAGE_ROWS - shown);
    }
    html_table_end(&page->html);
    write_left(page, misses - shown, "lines");
    html_raw(&page->html, "</details>\n");
    html_section_end(&page->html);
}

// ---- all points
// ----------------------------------------------------------------------------------

static bool is_knee(const struct sweep_curves *curves, uint32_t point)
{
    bool knee = false;
    for (uint32_t i = 0; i < curves->count && !knee; i++) {
        knee = curves->curves[i].knee == point;
    }
    return knee;
}

static void write_figures(const struct sweep_page *page, uint32_t point)
{
    const struct sweep_report *report = page->report;
    const struct sweep_row *row = &report->sweep->rows[point];
    const struct sweep_flow *flow = &row->flows[report->curves->workload];
    char buffer[FIGURE_TEXT_ROOM];
    html_estimate(&page->html, &flow->offered, "1/s");
    html_estimate(&page->html, &flow->throughput, "1/s");
    html_estimate(&page->html, &flow->success, "1");
    html_estimate(&page->html, &flow->p50, "s");
    html_estimate(&page->html, &flow->p99, "s");
    html_number(&page->html, figure_text_interval(buffer, sizeof buffer, &flow->p99, "s"));
}

static void write_row(const struct sweep_page *page, uint32_t point)
{
    static const char *const words[] = {"not run", "", "missing", "BROKEN"};
    const struct sweep *sweep = page->report->sweep;
    const struct sweep_row *row = &sweep->rows[point];
    text_format(page->html.out, "\n<tr id=\"point-%u\"><td class=\"n\">%u</td>", point, point);
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        html_number(&page->html, sweep_value(sweep, point, i));
    }
    if (row->state != SWEEP_DONE) {
        html_raw(&page->html, "<td><span class=\"badge fail\">");
        html_text(&page->html, words[row->state]);
        html_raw(&page->html, "</span></td>");
        return;
    }
    html_raw(&page->html, "<td>");
    html_verdict(&page->html, row->verdict, false);
    if (is_knee(page->report->curves, point)) {
        html_raw(&page->html, " <span class=\"badge knee\">knee</span>");
    }
    html_raw(&page->html, "</td>");
    html_count(&page->html, row->replications);
    if (sweep->workload_count > 0) {
        write_figures(page, point);
    }
    html_estimate(&page->html, &row->utilization, "1");
    html_cell(&page->html, row->busiest == NULL ? "" : row->busiest);
}

static void write_heads(const struct sweep_page *page)
{
    static const char *const flow[] = {">replications", ">offered", ">throughput", ">success",
                                       ">p50",          ">p99",     ">95 % CI",    ">utilisation",
                                       "of the busiest"};
    const struct sweep *sweep = page->report->sweep;
    const char *heads[SWEEP_PARAMETERS + 16] = {">#"};
    char names[SWEEP_PARAMETERS][80];
    uint32_t count = 1;
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        snprintf(names[i], sizeof names[i], ">%s", sweep->space.parameters[i].name);
        heads[count++] = names[i];
    }
    heads[count++] = "verdict";
    const size_t last = sizeof flow / sizeof flow[0];
    for (size_t i = 0; i < last; i++) {
        const bool of_flow = i > 0 && i + 2 < last;
        if (!of_flow || sweep->workload_count > 0) {
            heads[count++] = flow[i];
        }
    }
    html_table_begin(&page->html, heads);
}

void sweep_page_points(const struct sweep_page *page)
{
    const struct sweep_report *report = page->report;
    const struct sweep *sweep = report->sweep;
    html_section(&page->html, "points", "Points");
    if (sweep->workload_count > 0) {
        html_raw(&page->html, "<p>Rates and latencies are those of ");
        html_text(&page->html, sweep->workloads[report->curves->workload]);
        html_raw(&page->html, "; sweep.csv has every workload.</p>\n");
    }
    write_heads(page);
    uint32_t shown = 0;
    for (uint32_t point = 0; point < sweep->points.count && shown < SWEEP_PAGE_ROWS; point++) {
        if (sweep->rows[point].chosen) {
            write_row(page, point);
            shown++;
        }
    }
    html_table_end(&page->html);
    write_left(page, sweep->chosen - shown, "points");
    html_section_end(&page->html);
}

// ---- commands
// ------------------------------------------------------------------------------------

void sweep_page_commands(const struct sweep_page *page)
{
    const struct sweep *sweep = page->report->sweep;
    html_section(&page->html, "again", "Reproduce a point");
    html_raw(&page->html, "<p>A point is the run with its parameters, byte for byte; "
                          "<code>points/NUMBER.json</code> beside this page is its "
                          "<code>summary.json</code>.</p>\n");
    html_details(&page->html, "The command of each point", false);
    html_raw(&page->html, "<pre class=\"source\">");
    uint32_t shown = 0;
    for (uint32_t point = 0; point < sweep->points.count && shown < SWEEP_PAGE_ROWS; point++) {
        if (sweep->rows[point].chosen) {
            struct text command;
            text_init(&command);
            add_command(page, point, &command);
            html_text(&page->html, text_get(&command));
            html_format(&page->html, "   # %u\n", point);
            text_release(&command);
            shown++;
        }
    }
    html_raw(&page->html, "</pre></details>\n");
    html_section_end(&page->html);
}
