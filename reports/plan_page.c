// plan_page - plan.json, plan.md and plan.html with the frontier drawn.
#include "reports/plan_page.h"

#include <unistd.h>

#include "reports/html_parts.h"
#include "reports/plan_json.h"
#include "reports/plan_table.h"
#include "reports/plan_text.h"
#include "reports/plot.h"
#include "sim/base/file.h"

// ---- the plot ----------------------------------------------------------------------------------

static void draw_frontier(const struct plan *plan, struct plot_list *plots)
{
    if (plan->level_count == 0) {
        return;
    }
    struct plot *plot = plot_begin(plots, PLOT_FRONTIER, 0, 300);
    for (uint32_t i = 0; i < plan->level_count; i++) {
        const struct plan_level *level = &plan->levels[i];
        if (!level->beyond) {
            text_format(&plot->data, "%.6g %.6g %d\n", level->factor * plan->factor, level->cost,
                        level->simulated);
        }
    }
    text_format(&plot->script,
                "set title 'cost against load'\nset xlabel 'load, multiple of today''s'\n"
                "set ylabel '%s'\nset yrange [0:*]\nset key top left\n"
                "plot '%s.dat' using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc rgb '#2563eb' "
                "title 'by square-root staffing', \\\n"
                "  '' using 1:($3 == 1 ? $2 : 1/0) with points pt 7 ps 1.4 lc rgb '#b45309' "
                "title 'simulated'\n",
                plan->by_cores   ? "cores"
                : plan->by_watts ? "watts"
                                 : "cost an hour",
                plot->name);
    text_add(&plot->alt, "Cost of the sizing against the load it carries");
}

// ---- the page ----------------------------------------------------------------------------------

static void write_head(const struct html *html, const struct plan *plan)
{
    struct text title;
    text_init(&title);
    text_format(&title, "Plan of %s", plan->base.design.name);
    html_begin(html, text_get(&title));
    html_raw(html, "<header>\n<p class=\"kicker\">orrery " ORRERY_VERSION "</p>\n<h1>");
    html_text(html, text_get(&title));
    html_raw(html, "</h1>\n</header>\n<main>\n");
    text_release(&title);
}

static void write_sentences(const struct html *html, const struct plan *plan,
                            void (*say)(const struct plan *, struct text *))
{
    struct text text;
    text_init(&text);
    say(plan, &text);
    html_raw(html, "<p style=\"white-space:pre-line\">");
    html_text(html, text_get(&text));
    html_raw(html, "</p>\n");
    text_release(&text);
}

static void write_table(const struct html *html, const struct table *table)
{
    html_table_begin(html, table->first->cells);
    for (const struct table_row *row = table->first->next; row != NULL; row = row->next) {
        html_row(html);
        for (uint32_t c = 0; c < table->column_count; c++) {
            if (table->right[c]) {
                html_number(html, row->cells[c] == NULL ? "" : row->cells[c]);
            } else {
                html_cell(html, row->cells[c]);
            }
        }
    }
    html_table_end(html);
}

static void write_page(const struct plan *plan, const struct plot_list *plots, struct text *out)
{
    static const char *const ids[PLAN_TABLES] = {"changes",   "regret", "objectives", "neighbours",
                                                 "resources", "types",  "frontier",   "inputs"};
    const struct html_pictures pictures = {.plots = plots};
    const struct html html = {NULL, &pictures, out};
    write_head(&html, plan);
    write_sentences(&html, plan, plan_text_headline);
    for (uint32_t which = 0; which < PLAN_TABLES; which++) {
        struct table table;
        if (!plan_table_fill(plan, which, &table)) {
            continue;
        }
        html_section(&html, ids[which], plan_table_titles[which]);
        if (which == PLAN_TABLE_FRONTIER) {
            html_plot(&html, PLOT_FRONTIER, 0);
        }
        write_table(&html, &table);
        html_section_end(&html);
        table_release(&table);
    }
    write_sentences(&html, plan, plan_text_method);
    html_raw(&html, "</main>\n</body>\n</html>\n");
}

static bool write_file(const char *directory, const char *name, const struct text *content,
                       struct text *why)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/%s", directory, name);
    const bool good = file_write_atomic(text_get(&path), text_get(content), content->length, why);
    text_release(&path);
    return good;
}

bool plan_page_write(const struct plan *plan, const char *directory, struct text *why)
{
    struct plot_list plots;
    struct text json, markdown, page, picture;
    plot_list_init(&plots);
    text_init(&json);
    text_init(&markdown);
    text_init(&page);
    text_init(&picture);
    draw_frontier(plan, &plots);
    if (plots.count > 0) {
        plot_draw(&plots, directory, &picture);
    }
    plan_json_write(plan, &json);
    plan_text_markdown(plan, &markdown);
    write_page(plan, &plots, &page);
    const bool good = write_file(directory, "plan.json", &json, why) &&
                      write_file(directory, "plan.md", &markdown, why) &&
                      write_file(directory, "plan.html", &page, why);
    if (good) {
        text_add(why, text_get(&picture));
    }
    text_release(&json);
    text_release(&markdown);
    text_release(&page);
    text_release(&picture);
    plot_list_release(&plots);
    return good;
}
