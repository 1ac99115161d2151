// sweep_page - writes the page: verdict, curves with knees, maps, what does not hold, all points.
#include "reports/sweep_page.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/figure_text.h"
#include "reports/sweep_page_parts.h"

// ---- head and banner
// -----------------------------------------------------------------------------

static void write_facts(const struct sweep_page *page)
{
    const struct sweep_report *report = page->report;
    const struct sweep *sweep = report->sweep;
    char events[UNITS_FORMAT_ROOM];
    uint64_t replications = 0, total = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        replications += sweep->rows[point].replications;
        total += sweep->rows[point].events;
    }
    html_raw(&page->html, "<p class=\"facts\">");
    html_format(&page->html, "%u point%s, design %s", sweep->chosen, sweep->chosen == 1 ? "" : "s",
                sweep->design);
    if (sweep->where != NULL) {
        html_text(&page->html, " where ");
        html_text(&page->html, sweep->where);
    }
    html_format(&page->html,
                " \xC2\xB7 seed %" PRIu64 ", the same random numbers at every point \xC2\xB7 "
                "%" PRIu64 " replications \xC2\xB7 %s events",
                report->seed, replications,
                units_format_si(events, sizeof events, (double)total));
    html_raw(&page->html, "</p>\n");
}

static void write_header(const struct sweep_page *page)
{
    struct text title;
    text_init(&title);
    text_format(&title, "Sweep of %s", page->report->sweep->scenario);
    html_begin(&page->html, text_get(&title));
    html_raw(&page->html, "<header>\n<p class=\"kicker\">orrery ");
    html_text(&page->html, page->report->sweep->version);
    html_raw(&page->html, "</p>\n<h1>");
    html_text(&page->html, text_get(&title));
    html_raw(&page->html, "</h1>\n");
    write_facts(page);
    html_raw(&page->html, "</header>\n<main>\n");
    text_release(&title);
}

static void write_counts(const struct sweep_page *page)
{
    static const char *const words[] = {"keeps every objective", "fails", "is undecided",
                                        "has no data"};
    static const char *const plural[] = {"keep every objective", "fail", "are undecided",
                                         "have no data"};
    const uint32_t chosen = page->report->sweep->chosen;
    const char *comma = "";
    html_format(&page->html, "Of %u point%s ", chosen, chosen == 1 ? "" : "s");
    for (uint32_t v = 0; v < 4; v++) {
        if (page->verdicts[v] > 0) {
            html_format(&page->html, "%s%u %s", comma, page->verdicts[v],
                        page->verdicts[v] == 1 ? words[v] : plural[v]);
            comma = ", ";
        }
    }
    if (page->broken > 0) {
        html_format(&page->html, "%s%u without an answer", comma, page->broken);
    }
    html_raw(&page->html, ".");
}

static void write_banner(const struct sweep_page *page)
{
    static const char *const classes[] = {"pass", "fail", "undecided", "fail"};
    const struct sweep_report *report = page->report;
    const enum verdict verdict = sweep_verdict(report->sweep);
    const bool broken = page->broken > 0;
    html_raw(&page->html, "<section id=\"verdict\" class=\"banner ");
    html_raw(&page->html, broken ? "fail" : classes[verdict]);
    html_raw(&page->html, "\">\n<p class=\"verdict\">");
    html_raw(&page->html, broken ? "BROKEN" : result_verdict_name(verdict));
    html_raw(&page->html, "</p>\n<div><p class=\"summary\">");
    write_counts(page);
    html_raw(&page->html, "</p>\n");
    sweep_page_capacity(page);
    html_raw(&page->html, "<p class=\"command\"><span>Reproduce</span> <code>orrery sweep ");
    html_text(&page->html, report->command);
    html_text(&page->html, report->options == NULL ? "" : report->options);
    html_raw(&page->html, "</code></p>\n</div>\n</section>\n");
}

static void write_contents(const struct sweep_page *page)
{
    html_raw(&page->html, "<nav aria-label=\"Contents\">");
    if (page->report->curves->count > 0) {
        html_raw(&page->html, "<a href=\"#curves\">Latency over load</a>\n");
    }
    if (page->maps.count > 0) {
        html_raw(&page->html, "<a href=\"#maps\">Maps</a>\n");
    }
    if (page->scattered) {
        html_raw(&page->html, "<a href=\"#single\">By parameter</a>\n");
    }
    if (page->broken > 0) {
        html_raw(&page->html, "<a href=\"#broken\">Without an answer</a>\n");
    }
    if (page->verdicts[0] < page->report->sweep->chosen - page->broken) {
        html_raw(&page->html, "<a href=\"#misses\">What does not hold</a>\n");
    }
    html_raw(&page->html, "<a href=\"#points\">Points</a>\n<a href=\"#again\">Reproduce</a>\n"
                          "<a href=\"#scenario\">Scenario</a></nav>\n");
}

// ---- pictures
// ------------------------------------------------------------------------------------

static void write_maps(const struct sweep_page *page)
{
    if (page->maps.count == 0) {
        return;
    }
    html_section(&page->html, "maps", "Over two parameters");
    html_raw(&page->html, "<div class=\"grid\">\n");
    for (uint32_t i = 0; i < page->maps.count; i++) {
        html_plot(&page->html, PLOT_VERDICTS, i);
    }
    for (uint32_t i = 0; i < page->maps.count; i++) {
        html_plot(&page->html, PLOT_MAP, i);
    }
    html_raw(&page->html, "</div>\n");
    if (page->maps.all > page->maps.count) {
        html_raw(&page->html, "<p>");
        html_format(&page->html,
                    "The first %u of %u combinations of the other parameters are drawn.",
                    page->maps.count, page->maps.all);
        html_raw(&page->html, "</p>\n");
    }
    html_section_end(&page->html);
}

static void write_scatters(const struct sweep_page *page)
{
    if (!page->scattered) {
        return;
    }
    html_section(&page->html, "single", "By parameter");
    if (page->report->sweep->space.design >= SWEEP_LHS) {
        html_raw(&page->html, "<p>Every point of the sample over one parameter, whatever the "
                              "others are: a slope that is seen through the scatter is that "
                              "parameter's doing.</p>\n");
    }
    if (page->report->sweep->points.count > SWEEP_REPORT_SCATTERED) {
        html_format(&page->html, "Of more than %u points every so many-th is drawn.",
                    (unsigned)SWEEP_REPORT_SCATTERED);
    }
    html_raw(&page->html, "<div class=\"grid\">\n");
    for (uint32_t i = 0; i < page->report->sweep->space.parameter_count; i++) {
        html_plot(&page->html, PLOT_SCATTER, i);
    }
    html_raw(&page->html, "</div>\n");
    html_section_end(&page->html);
}

// ---- the end
// -------------------------------------------------------------------------------------

static void write_scenario(const struct sweep_page *page)
{
    const struct sweep_report *report = page->report;
    html_section(&page->html, "scenario", "Scenario and provenance");
    html_raw(&page->html, "<dl class=\"spec\"><dt>digest</dt><dd><code>");
    html_text(&page->html, report->digest);
    html_raw(&page->html, "</code></dd><dt>program</dt><dd>orrery ");
    html_text(&page->html, report->sweep->version);
    html_format(&page->html, ", random numbers by Philox4x32-10, seed %" PRIu64, report->seed);
    html_raw(&page->html, "</dd><dt>points</dt><dd>");
    html_format(&page->html, "%u of the design, %u after its conditions, %u simulated",
                report->sweep->points.designed, report->sweep->points.count,
                report->sweep->chosen);
    html_raw(&page->html, "</dd></dl>\n");
    if (report->source != NULL) {
        html_details(&page->html, "The scenario as given", false);
        html_raw(&page->html, "<pre class=\"source\">");
        html_text(&page->html, report->source);
        html_raw(&page->html, "</pre></details>\n");
    }
    html_section_end(&page->html);
}

static void count(struct sweep_page *page)
{
    const struct sweep *sweep = page->report->sweep;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const struct sweep_row *row = &sweep->rows[point];
        if (row->state == SWEEP_DONE) {
            page->verdicts[row->verdict]++;
        }
        page->broken += row->state == SWEEP_BROKEN;
    }
    page->maps = sweep_report_maps_of(sweep);
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        page->scattered = page->scattered || sweep_report_is_scattered(page->report, i);
    }
}

void sweep_page_write(const struct sweep_report *report, struct text *out)
{
    const struct html_pictures pictures = {.plots = report->plots, .notice = report->notice};
    struct sweep_page page = {.report = report, .html = {NULL, &pictures, out}};
    count(&page);
    write_header(&page);
    write_banner(&page);
    write_contents(&page);
    if (report->notice != NULL) {
        html_raw(&page.html, "<p class=\"notice\">");
        html_text(&page.html, report->notice);
        html_raw(&page.html, "</p>\n");
    }
    sweep_page_curves(&page);
    write_maps(&page);
    write_scatters(&page);
    sweep_page_broken(&page);
    sweep_page_misses(&page);
    sweep_page_points(&page);
    sweep_page_commands(&page);
    write_scenario(&page);
    html_raw(&page.html, "</main>\n</body>\n</html>\n");
}
