// html_exemplars - slow requests as waterfalls: which visits they made, when, and how long.
#include <inttypes.h>

#include "reports/figure_text.h"
#include "reports/html_parts.h"
#include "sim/engine/status.h"

enum { SHOWN_MOST = 12, DEPTH_MOST = 8 };

// The first span of a request and how many follow it.
struct waterfall {
    const struct exemplar_span *request;
    uint32_t visits;
};

static struct waterfall waterfall_at(const struct result *result, uint32_t first)
{
    struct waterfall waterfall = {.request = &result->exemplars[first]};
    uint32_t next = first + 1;
    while (next < result->exemplar_count && result->exemplars[next].component >= 0) {
        next++;
    }
    waterfall.visits = next - first - 1;
    return waterfall;
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

// How many of the visits before it enclose this one; `ends` are those that do.
static uint32_t enclose(int64_t ends[DEPTH_MOST], uint32_t depth, const struct exemplar_span *visit)
{
    while (depth > 0 && ends[depth - 1] < visit->ended_ns) {
        depth--;
    }
    const uint32_t found = depth;
    if (depth < DEPTH_MOST) {
        ends[depth] = visit->ended_ns;
    }
    return found;
}

static void write_bar(const struct html *html, const struct exemplar_span *request,
                      const struct exemplar_span *visit)
{
    const double whole = seconds(request->ended_ns - request->began_ns);
    const double begin = seconds(visit->began_ns - request->began_ns);
    const double length = seconds(visit->ended_ns - visit->began_ns);
    const double width = whole > 0 ? length / whole * 100 : 100;
    text_format(html->out,
                "<td><svg class=\"bar wide\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\"><rect class=\"rail\" width=\"100\" height=\"10\"/>"
                "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/></svg></td>",
                status_is_good((enum status)visit->status) ? "spent" : "over",
                whole > 0 ? begin / whole * 100 : 0, width < 0.4 ? 0.4 : width);
}

static void write_visit(const struct html *html, const struct exemplar_span *request,
                        const struct exemplar_span *visit, uint32_t depth)
{
    const struct result *result = html->result;
    const struct result_component *component = &result->components[visit->component];
    const struct result_operation *operation =
        &result->operations[component->first_operation + visit->operation];
    html_row(html);
    text_format(html->out, "<td style=\"padding-left:%.1frem;white-space:nowrap\">",
                0.75 + 0.9 * depth);
    if (visit->tries > 0) {
        html_format(html, "call %s.%s", component->name, operation->name);
        if (visit->tries > 1) {
            html_format(html, ", %u tries", visit->tries);
        }
    } else {
        html_format(html, "%s/%u %s", component->name, visit->replica, operation->name);
        if (visit->attempt > 1) {
            html_format(html, ", try %u", visit->attempt);
        }
    }
    html_raw(html, "</td>");
    html_cell(html, status_table[visit->status].name);
    html_value(html, seconds(visit->began_ns - request->began_ns), "s");
    html_value(html, seconds(visit->ended_ns - visit->began_ns), "s");
    write_bar(html, request, visit);
}

static void write_summary(const struct html *html, const struct exemplar_span *request, bool open)
{
    char length[FIGURE_TEXT_ROOM], at[FIGURE_TEXT_ROOM];
    figure_text_value(length, sizeof length, seconds(request->ended_ns - request->began_ns), "s");
    figure_text_value(at, sizeof at, seconds(request->began_ns), "s");
    html_raw(html, open ? "<details open><summary>" : "<details><summary>");
    html_format(html, "%s #%u: %s, %s, begun at %s",
                html->result->workloads[request->operation].name, request->replica, length,
                status_table[request->status].name, at);
    html_raw(html, "</summary>\n");
}

static void write_waterfall(const struct html *html, const struct waterfall *waterfall, bool open)
{
    static const char *const heads[] = {"visit or call", "answer", ">begins after",
                                        ">lasts",        "",       NULL};
    int64_t ends[DEPTH_MOST];
    uint32_t depth = 0;
    write_summary(html, waterfall->request, open);
    if (waterfall->visits == 0) {
        html_raw(html, "<p>None of its visits had ended when it did: they were lost on the way, "
                       "or went on without it.</p></details>\n");
        return;
    }
    html_table_begin(html, heads);
    for (uint32_t i = 1; i <= waterfall->visits; i++) {
        const struct exemplar_span *visit = waterfall->request + i;
        depth = enclose(ends, depth, visit);
        write_visit(html, waterfall->request, visit, depth);
        depth += depth < DEPTH_MOST;
    }
    html_table_end(html);
    if (waterfall->visits == EXEMPLAR_SPANS) {
        html_format(html, "The first %u visits and calls that ended.", (unsigned)EXEMPLAR_SPANS);
    }
    html_raw(html, "</details>\n");
}

void html_exemplars(const struct html *html)
{
    const struct result *result = html->result;
    if (result->exemplar_count == 0) {
        return;
    }
    html_section(html, "exemplars", "Slow requests");
    html_format(html,
                "Every %uth request of the first replication is followed; these are the slowest "
                "of them, %u of each workload. What is in blue has answered well.",
                (unsigned)EXEMPLAR_EVERY, (unsigned)EXEMPLAR_KEPT);
    uint32_t shown = 0, all = 0;
    for (uint32_t at = 0; at < result->exemplar_count; all++) {
        const struct waterfall waterfall = waterfall_at(result, at);
        if (shown < SHOWN_MOST) {
            write_waterfall(html, &waterfall, shown == 0);
            shown++;
        }
        at += waterfall.visits + 1;
    }
    if (all > shown) {
        html_format(html, "%u more stand in results.h5 (/exemplars).", all - shown);
    }
    html_section_end(html);
}
