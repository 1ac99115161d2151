// sweep_page_curves - the section of latency over load: knees, and up to which load all holds.
#include "reports/figure_text.h"
#include "reports/sweep_page_parts.h"

enum { SAID_MOST = 4 }; // capacities in the banner

struct reach { // of one curve, as indices into its points
    uint32_t holding; // points at its beginning that pass
};

static struct reach reach_of(const struct sweep *sweep, const struct sweep_curve *curve)
{
    struct reach reach = {0};
    while (reach.holding < curve->count &&
           sweep->rows[curve->points[reach.holding]].verdict == VERDICT_PASS) {
        reach.holding++;
    }
    return reach;
}

static void add_others(const struct sweep_page *page, const struct sweep_curve *curve,
                       struct text *out)
{
    const uint32_t load = page->report->curves->parameter;
    sweep_report_others(page->report->sweep, curve->points[0], (const uint32_t[]){load, load}, out);
}

// "n=2 holds up to load=1600/s"
void sweep_page_capacity(const struct sweep_page *page)
{
    const struct sweep_curves *curves = page->report->curves;
    const struct sweep *sweep = page->report->sweep;
    if (curves->count == 0 || sweep->slo_count == 0) {
        return;
    }
    html_raw(&page->html, "<ul>");
    for (uint32_t i = 0; i < curves->count && i < SAID_MOST; i++) {
        const struct sweep_curve *curve = &curves->curves[i];
        const uint32_t holding = reach_of(sweep, curve).holding;
        const char *load = sweep->space.parameters[curves->parameter].name;
        struct text others;
        text_init(&others);
        add_others(page, curve, &others);
        html_raw(&page->html, "<li>");
        html_text(&page->html, text_get(&others));
        html_text(&page->html, others.length > 0 ? ": " : "");
        if (holding == 0) {
            html_format(&page->html, "no %s is shown to hold", load);
        } else {
            html_format(
                &page->html,
                holding == curve->count ? "holds up to %s=%s, the end of the range"
                                        : "holds up to %s=%s",
                load, sweep_value(sweep, curve->points[holding - 1], curves->parameter));
        }
        html_raw(&page->html, ".</li>\n");
        text_release(&others);
    }
    html_raw(&page->html, "</ul>\n");
    if (curves->count > SAID_MOST) {
        html_raw(&page->html, "<p><a href=\"#curves\">");
        html_format(&page->html, "... and %u more curves", curves->count - SAID_MOST);
        html_raw(&page->html, "</a></p>\n");
    }
}

// A point with its load and p99, or a word.
static void write_place(const struct sweep_page *page, uint32_t point, const char *none)
{
    const struct sweep_curves *curves = page->report->curves;
    const struct sweep *sweep = page->report->sweep;
    char interval[FIGURE_TEXT_ROOM], value[FIGURE_TEXT_ROOM];
    if (point == RESULT_NONE) {
        html_number(&page->html, none);
        html_number(&page->html, "");
        return;
    }
    const struct estimate *p99 = &sweep->rows[point].flows[curves->workload].p99;
    text_format(page->html.out, "<td class=\"n\"><a href=\"#point-%u\">", point);
    html_text(&page->html, sweep_value(sweep, point, curves->parameter));
    html_raw(&page->html, "</a></td><td class=\"n\">");
    html_text(&page->html, figure_text_estimate(value, sizeof value, p99, "s"));
    html_raw(&page->html, " <small>");
    html_text(&page->html, figure_text_interval(interval, sizeof interval, p99, "s"));
    html_raw(&page->html, "</small></td>");
}

static void write_curve(const struct sweep_page *page, const struct sweep_curve *curve)
{
    const struct sweep *sweep = page->report->sweep;
    const uint32_t holding = reach_of(sweep, curve).holding;
    struct text others;
    text_init(&others);
    add_others(page, curve, &others);
    html_row(&page->html);
    html_cell(&page->html, others.length > 0 ? text_get(&others) : "all points");
    write_place(page, curve->knee, "no knee");
    write_place(page, holding == 0 ? RESULT_NONE : curve->points[holding - 1], "nowhere");
    write_place(page, holding == curve->count ? RESULT_NONE : curve->points[holding], "none");
    text_release(&others);
}

void sweep_page_curves(const struct sweep_page *page)
{
    static const char *const heads[] = {
        "curve", ">knee at", ">p99 there", ">holds up to", ">p99 there", ">first that does not",
        ">p99 there", NULL};
    const struct sweep_curves *curves = page->report->curves;
    if (curves->count == 0) {
        return;
    }
    html_section(&page->html, "curves", "Latency over load");
    html_raw(&page->html, "<p>Bands are 95 % intervals over the replications. The knee is where "
                          "p99 begins to rise steeply: the point farthest below the diagonal of "
                          "the normalised curve of p99 over ");
    html_text(&page->html, page->report->sweep->space.parameters[curves->parameter].name);
    html_raw(&page->html, " (Kneedle).");
    if (curves->curves[0].count > SWEEP_REPORT_DRAWN) {
        html_format(&page->html, " Of more than %u points on a curve every so many-th is drawn.",
                    (unsigned)SWEEP_REPORT_DRAWN);
    }
    html_raw(&page->html, "</p>\n<div class=\"grid\">\n");
    for (uint32_t sheet = 0; sheet < SWEEP_REPORT_SHEETS; sheet++) {
        html_plot(&page->html, PLOT_HOCKEY_STICK, sheet);
        html_plot(&page->html, PLOT_CARRIED, sheet);
    }
    html_raw(&page->html, "</div>\n");
    html_table_begin(&page->html, heads);
    for (uint32_t i = 0; i < curves->count && i < SWEEP_PAGE_ROWS; i++) {
        write_curve(page, &curves->curves[i]);
    }
    html_table_end(&page->html);
    html_section_end(&page->html);
}
