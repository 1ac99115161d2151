// html - head, banner, contents and end of the page; its sections stand in html_*.c.
#include "reports/html.h"

#include <inttypes.h>

#include "reports/figure_text.h"
#include "reports/html_parts.h"
#include "sim/base/units_format.h"

static void write_head(const struct html *html)
{
    struct text title;
    text_init(&title);
    text_format(&title, "%s: %s", result_verdict_name(html->result->verdict),
                html->result->scenario);
    html_begin(html, text_get(&title));
    text_release(&title);
}

static void write_title(const struct html *html)
{
    const struct result *result = html->result;
    char length[FIGURE_TEXT_ROOM], events[UNITS_FORMAT_ROOM];
    html_raw(html, "<header>\n<p class=\"kicker\">orrery ");
    html_text(html, result->version);
    html_raw(html, "</p>\n<h1>");
    html_text(html, result->scenario);
    html_raw(html, "</h1>\n");
    if (result->description != NULL && *result->description != '\0') {
        html_raw(html, "<p class=\"lead\">");
        html_text(html, result->description);
        html_raw(html, "</p>\n");
    }
    html_raw(html, "<p class=\"facts\">");
    html_text(html, figure_text_length(length, sizeof length, result));
    units_format_si(events, sizeof events, (double)result->events);
    html_format(html,
                " \xC2\xB7 seed %" PRIu64 " \xC2\xB7 %s events \xC2\xB7 %u components, "
                "%u workloads, %u objectives",
                result->seed, events, result->component_count, result->workload_count,
                result->slo_count);
    html_raw(html, "</p>\n</header>\n");
}

static void write_contents(const struct html *html)
{
    static const char *const entries[][2] = {
        {"objectives", "Objectives"}, {"latency", "Latency"},       {"throughput", "Throughput"},
        {"heatmaps", "Heatmaps"},     {"utilization", "Resources"}, {"time", "Where time goes"},
        {"topology", "Topology"},     {"components", "Components"}, {"resilience", "Resilience"},
        {"trust", "Can I trust it"},  {"exemplars", "Slow requests"}, {"scenario", "Scenario"},
    };
    html_raw(html, "<nav aria-label=\"Contents\">");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (html->result->exemplar_count == 0 && text_same(entries[i][0], "exemplars")) {
            continue;
        }
        text_format(html->out, "<a href=\"#%s\">%s</a>\n", entries[i][0], entries[i][1]);
    }
    html_raw(html, "</nav>\n");
}

static void write_pairs(const struct html *html, const char *const *heads,
                        const struct result_pair *pairs, uint32_t count)
{
    html_table_begin(html, heads);
    for (uint32_t i = 0; i < count; i++) {
        html_row(html);
        html_cell(html, pairs[i].key);
        html_cell(html, pairs[i].value);
    }
    html_table_end(html);
}

static void write_source(const struct html *html, const char *title, const char *source)
{
    if (*source == '\0') {
        return;
    }
    html_details(html, title, false);
    html_raw(html, "<pre class=\"source\">");
    html_text(html, source);
    html_raw(html, "</pre></details>\n");
}

static void write_scenario(const struct html *html)
{
    static const char *const parameters[] = {"parameter", "value", NULL};
    const struct result *result = html->result;
    html_section(html, "scenario", "Scenario and provenance");
    html_raw(html, "<dl class=\"spec\"><dt>digest</dt><dd><code>");
    html_text(html, result->digest);
    html_raw(html, "</code></dd><dt>fingerprint of all events</dt><dd><code>");
    html_format(html, "%016" PRIx64 "%016" PRIx64, result->fingerprint.high,
                result->fingerprint.low);
    html_raw(html, "</code></dd><dt>program</dt><dd>orrery ");
    html_text(html, result->version);
    html_format(html, ", random numbers by Philox4x32-10, seed %" PRIu64, result->seed);
    html_raw(html, "</dd></dl>\n");
    if (result->parameter_count > 0) {
        write_pairs(html, parameters, result->parameters, result->parameter_count);
    }
    write_source(html, "The scenario as given", result->source);
    write_source(html, "The scenario as resolved", result->resolved);
    html_section_end(html);
}

void html_write(const struct result *result, const struct html_pictures *pictures, struct text *out)
{
    const struct html html = {result, pictures, out};
    write_head(&html);
    write_title(&html);
    html_raw(&html, "<main>\n");
    html_banner(&html);
    write_contents(&html);
    if (pictures->notice != NULL) {
        html_raw(&html, "<p class=\"notice\">");
        html_text(&html, pictures->notice);
        html_raw(&html, "</p>\n");
    }
    html_objectives(&html);
    html_flow(&html);
    html_resources(&html);
    html_components(&html);
    html_resilience(&html);
    html_trust(&html);
    html_exemplars(&html);
    write_scenario(&html);
    html_raw(&html, "</main>\n</body>\n</html>\n");
}
