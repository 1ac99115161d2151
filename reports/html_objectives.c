// html_objectives - the banner, the objectives with and without faults, budgets, faults.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/figure_text.h"
#include "reports/html_parts.h"

// ---- banner ------------------------------------------------------------------------------------

static void write_count(const struct html *html)
{
    const struct result *result = html->result;
    uint32_t good = 0, counted = 0;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        counted += !result->slos[s].warn_only;
        good += !result->slos[s].warn_only && result->slos[s].verdict == VERDICT_PASS;
    }
    if (counted == 0) {
        html_raw(html, "No objective is declared: nothing was judged.");
    } else {
        html_format(html, "%u of %u objectives hold%s", good, counted,
                    result->faults_on ? ", with faults in force." : ".");
    }
}

static void write_command(const struct html *html)
{
    const struct result *result = html->result;
    const char *file = result->file == NULL || *result->file == '\0' ? "FILE" : result->file;
    struct text command;
    text_init(&command);
    text_add(&command, "orrery run ");
    text_add(&command, file); // with the options that were given
    if (strstr(file, "--seed") == NULL) {
        text_format(&command, " --seed %" PRIu64, result->seed);
    }
    html_raw(html, "<p class=\"command\"><span>Reproduce</span> <code>");
    html_text(html, text_get(&command));
    html_raw(html, "</code></p>\n");
    if (result->worst_row != RESULT_NONE && !result->batches && result->replication_count > 1) {
        text_format(&command, " --only-rep %u", result->replications[result->worst_row].number);
        html_raw(html, "<p class=\"command\"><span>Worst replication</span> <code>");
        html_text(html, text_get(&command));
        html_raw(html, "</code></p>\n");
    }
    text_release(&command);
}

void html_banner(const struct html *html)
{
    static const char *const classes[] = {[VERDICT_PASS] = "pass",
                                          [VERDICT_FAIL] = "fail",
                                          [VERDICT_UNDECIDED] = "undecided",
                                          [VERDICT_NO_DATA] = "fail"};
    const struct result *result = html->result;
    text_format(html->out,
                "<section id=\"verdict\" class=\"banner %s\">\n<p class=\"verdict\">%s</p>"
                "\n<div><p class=\"summary\">",
                classes[result->verdict], result_verdict_name(result->verdict));
    write_count(html);
    html_raw(html, "</p>\n");
    if (result->interrupted_by_limit) {
        html_raw(html, "<p>A replication ended at the limit of events: it is not complete.</p>\n");
    }
    if (result->reason_count > 0) {
        html_raw(html, "<ul>");
        for (uint32_t i = 0; i < result->reason_count; i++) {
            html_raw(html, "<li>");
            html_text(html, result->reasons[i]);
            html_raw(html, ".</li>\n");
        }
        html_raw(html, "</ul>\n");
    }
    write_command(html);
    html_raw(html, "</div>\n</section>\n");
}

// ---- objectives --------------------------------------------------------------------------------

static bool is_compared(const struct result *result)
{
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (result->slos[s].compared) {
            return true;
        }
    }
    return false;
}

static void write_target(const struct html *html, const char *target)
{
    for (uint32_t c = 0; c < html->result->component_count; c++) {
        if (text_same(html->result->components[c].name, target)) {
            html_component_link(html, c);
            return;
        }
    }
    html_cell(html, target);
}

static void write_slo(const struct html *html, const struct result_slo *slo)
{
    char buffer[FIGURE_TEXT_ROOM];
    html_row(html);
    html_raw(html, "<td>");
    html_verdict(html, slo->verdict, slo->warn_only);
    html_raw(html, "</td>");
    html_cell(html, slo->name);
    write_target(html, slo->target);
    html_raw(html, "<td><code>");
    html_text(html, slo->objective);
    html_raw(html, "</code></td>");
    html_number(html, figure_text_estimate(buffer, sizeof buffer, &slo->observed, slo->unit));
    html_number(html, figure_text_interval(buffer, sizeof buffer, &slo->observed, slo->unit));
    html_number(html, figure_text_margin(buffer, sizeof buffer, html->result, slo));
    if (is_compared(html->result)) {
        html_estimate(html, &slo->without, slo->unit);
        html_raw(html, "<td>");
        html_verdict(html, slo->without_verdict, slo->warn_only);
        html_raw(html, "</td>");
    }
}

static void write_slos(const struct html *html)
{
    static const char *const heads[] = {"verdict",   "SLO",      "target",  "objective",
                                        ">observed", ">95 % CI", ">margin", NULL};
    static const char *const compared[] = {"verdict",   "SLO",      "target",  "objective",
                                           ">observed", ">95 % CI", ">margin", ">without faults",
                                           "verdict",   NULL};
    const struct result *result = html->result;
    html_table_begin(html, is_compared(result) ? compared : heads);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        write_slo(html, &result->slos[s]);
    }
    html_table_end(html);
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

// Why each that does not hold does not, unless the banner has said it.
static void write_whys(const struct html *html)
{
    const struct result *result = html->result;
    bool any = false;
    for (uint32_t s = 0; s < result->slo_count; s++) {
        const struct result_slo *slo = &result->slos[s];
        if (slo->why == NULL || slo->verdict == VERDICT_PASS || is_reason(result, slo->why)) {
            continue;
        }
        html_raw(html, any ? "<li>" : "<ul class=\"whys\"><li>");
        any = true;
        html_verdict(html, slo->verdict, slo->warn_only);
        const bool named = strncmp(slo->why, slo->name, strlen(slo->name)) == 0;
        html_format(html, " %s%s", named ? "" : slo->name, named ? "" : ": ");
        html_text(html, slo->why);
        html_raw(html, ".</li>\n");
    }
    html_raw(html, any ? "</ul>\n" : "");
}

// ---- budgets and slices ------------------------------------------------------------------------

static void write_bar(const struct html *html, double share)
{
    const double width = share > 1 ? 1 : share > 0 ? share : 0;
    text_format(html->out,
                "<td><svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\"><rect class=\"rail\" width=\"100\" height=\"10\"/>"
                "<rect class=\"%s\" width=\"%.1f\" height=\"10\"/></svg></td>",
                share > 1 ? "over" : "spent", width * 100);
}

static void write_spenders(const struct html *html, const struct result_budget *budget)
{
    const struct result *result = html->result;
    char value[FIGURE_TEXT_ROOM];
    const char *comma = "";
    html_raw(html, "<td>");
    for (uint32_t f = 0; f < result->fault_count; f++) {
        if (budget->by_fault_s[f] > 0) {
            html_raw(html, comma);
            html_text(html, result->faults[f].name);
            html_format(html, " %s",
                        figure_text_value(value, sizeof value, budget->by_fault_s[f], "s"));
            comma = ", ";
        }
    }
    if (budget->other_s > 0) {
        html_format(html, "%sno fault in particular %s", comma,
                    figure_text_value(value, sizeof value, budget->other_s, "s"));
    }
    html_raw(html, "</td>");
}

static void write_budgets(const struct html *html)
{
    static const char *const heads[] = {"budget of", "target", ">window",  ">allowed", ">spent",
                                        ">share",    "",       "spent by", NULL};
    const struct result *result = html->result;
    if (result->budget_count == 0) {
        return;
    }
    html_raw(html, "<h3>Error budgets</h3>\n<p>As seconds of total outage in the window; scripted "
                   "faults count as often as they are expected.</p>\n");
    html_table_begin(html, heads);
    for (uint32_t b = 0; b < result->budget_count; b++) {
        const struct result_budget *budget = &result->budgets[b];
        const double share = budget->spent_s / budget->allowed_s;
        html_row(html);
        html_cell(html, result->slos[budget->slo].name);
        html_cell(html, result->slos[budget->slo].target);
        html_value(html, budget->window_s, "s");
        html_value(html, budget->allowed_s, "s");
        html_value(html, budget->spent_s, "s");
        char percent[32];
        snprintf(percent, sizeof percent, share < 10 ? "%.0f %%" : "x%.1f",
                 share < 10 ? share * 100 : share);
        html_number(html, percent);
        write_bar(html, share);
        write_spenders(html, budget);
    }
    html_table_end(html);
}

static void write_slices(const struct html *html, const struct result_slo *slo)
{
    static const char *const classes[] = {
        [RESULT_SLICE_EMPTY] = "empty", [RESULT_SLICE_GOOD] = "good", [RESULT_SLICE_BAD] = "bad"};
    char value[FIGURE_TEXT_ROOM];
    html_raw(html, "<figure class=\"slices\"><figcaption>");
    html_format(html, "%s: %u slices of %s, from the end of the warm-up", slo->name,
                slo->slice_count, figure_text_value(value, sizeof value, slo->slice_s, "s"));
    text_format(html->out,
                "</figcaption><svg viewBox=\"0 0 %u 10\" preserveAspectRatio=\"none\" role=\"img\" "
                "aria-label=\"good and bad slices\">",
                slo->slice_count * 10);
    for (uint32_t i = 0; i < slo->slice_count; i++) {
        const uint8_t state = slo->slice_state[i] > RESULT_SLICE_BAD ? 0 : slo->slice_state[i];
        text_format(html->out, "<rect class=\"%s\" x=\"%u\" y=\"%d\" width=\"9\" height=\"%d\"/>",
                    classes[state], i * 10, state == RESULT_SLICE_BAD ? 0 : 3,
                    state == RESULT_SLICE_BAD ? 10 : 7);
    }
    html_raw(html, "</svg></figure>\n");
}

// ---- faults ------------------------------------------------------------------------------------

static void write_fault(const struct html *html, const struct result_fault *fault)
{
    const struct result *result = html->result;
    html_row(html);
    html_cell(html, fault->name);
    html_cell(html, fault->action);
    html_cell(html, fault->target);
    html_value(html, fault->first_s, "s");
    html_value(html, fault->end_s, "s");
    html_count(html, fault->occurrences);
    html_value(html, fault->active_s, "s");
    html_raw(html, "<td>");
    const char *comma = "";
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (fault->bad_requests[s] > 0) {
            html_raw(html, comma);
            html_format(html, "%s %" PRIu64, result->slos[s].name, fault->bad_requests[s]);
            comma = ", ";
        }
    }
    html_raw(html, *comma == '\0' ? "none</td>" : "</td>");
}

static void write_faults(const struct html *html)
{
    static const char *const heads[] = {
        "fault",     "action",  "target",  ">first",
        ">last end", ">struck", ">active", "bad requests charged, by objective",
        NULL};
    const struct result *result = html->result;
    if (!result->faults_on) {
        return;
    }
    html_raw(html, "<h3>Fault windows</h3>\n");
    html_table_begin(html, heads);
    for (uint32_t f = 0; f < result->fault_count; f++) {
        if (result->faults[f].enabled) {
            write_fault(html, &result->faults[f]);
        }
    }
    html_table_end(html);
}

void html_objectives(const struct html *html)
{
    const struct result *result = html->result;
    html_section(html, "objectives", "Objectives");
    if (result->slo_count > 0) {
        write_slos(html);
        write_whys(html);
    } else {
        html_raw(html, "<p>No objective is declared.</p>\n");
    }
    write_budgets(html);
    for (uint32_t s = 0; s < result->slo_count; s++) {
        if (result->slos[s].slice_count > 1 && result->slos[s].slice_s > 0) {
            write_slices(html, &result->slos[s]);
        }
    }
    write_faults(html);
    html_section_end(html);
}
