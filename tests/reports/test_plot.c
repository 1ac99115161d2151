// test_plot - gnuplot draws every plot, the same bytes twice, whatever the names; or it is missing.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/charts.h"
#include "reports/page.h"
#include "sim/base/file.h"
#include "tests/support/sample_result.h"

static char directory[] = P_tmpdir "/orrery-plot-XXXXXX";

static void begin(void)
{
    cr_assert_not_null(mkdtemp(directory));
}

static void end(void)
{
    rmdir(directory);
}

TestSuite(plot, .init = begin, .fini = end);

static bool draw(struct plot_list *list, enum sample_names names, struct text *why)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    plot_list_init(list);
    charts_make(list, &result);
    result_release(&result);
    return plot_draw(list, directory, why);
}

Test(plot, every_plot_of_a_result_is_drawn)
{
    struct plot_list list;
    struct text why;
    text_init(&why);
    cr_assert(draw(&list, SAMPLE_PLAIN, &why), "%s", text_get(&why));
    cr_expect_eq(list.count, 16);
    for (uint32_t i = 0; i < list.count; i++) {
        cr_expect_gt(list.plots[i].svg.length, 1000, "%s", list.plots[i].name);
        cr_expect_gt(list.plots[i].alt.length, 20, "%s", list.plots[i].name);
    }
    plot_remove(&list, directory);
    plot_list_release(&list);
    text_release(&why);
}

Test(plot, hostile_names_draw_and_run_nothing)
{
    struct plot_list list;
    struct text why, path;
    text_init(&why);
    text_init(&path);
    cr_assert(draw(&list, SAMPLE_HOSTILE, &why), "%s", text_get(&why));
    text_format(&path, "%s/pwned", directory);
    cr_expect(!file_exists(text_get(&path)));
    for (uint32_t i = 0; i < list.count; i++) {
        cr_expect_null(strstr(text_get(&list.plots[i].svg), "<script"));
    }
    plot_remove(&list, directory);
    plot_list_release(&list);
    text_release(&why);
    text_release(&path);
}

Test(plot, the_same_result_draws_the_same_bytes)
{
    struct plot_list one, other;
    struct text why;
    text_init(&why);
    cr_assert(draw(&one, SAMPLE_PLAIN, &why));
    cr_assert(draw(&other, SAMPLE_PLAIN, &why));
    for (uint32_t i = 0; i < one.count; i++) {
        cr_expect_str_eq(text_get(&one.plots[i].svg), text_get(&other.plots[i].svg));
    }
    plot_remove(&one, directory);
    plot_list_release(&one);
    plot_list_release(&other);
    text_release(&why);
}

Test(plot, shrinking_keeps_texts_and_curves)
{
    struct plot_list list;
    struct text why, small;
    text_init(&why);
    text_init(&small);
    cr_assert(draw(&list, SAMPLE_HOSTILE, &why));
    const struct plot *plot = plot_find(&list, PLOT_USE, 2);
    plot_shrink(plot, &small);
    cr_expect_lt(small.length, plot->svg.length * 3 / 4);
    cr_expect(strstr(text_get(&small), "<text>utilisation</text>") != NULL);
    cr_expect(strstr(text_get(&small), "</svg>") != NULL);
    plot_remove(&list, directory);
    plot_list_release(&list);
    text_release(&why);
    text_release(&small);
}

Test(plot, a_missing_gnuplot_is_one_sentence_and_a_page_with_tables)
{
    struct result result;
    struct text notice, why, page, path;
    text_init(&notice);
    text_init(&why);
    text_init(&page);
    text_init(&path);
    text_format(&path, "%s/report.html", directory);
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    setenv("PATH", directory, 1);
    const struct page_request request = {.html = text_get(&path)};
    cr_assert(page_write(&result, &request, &notice, &why), "%s", text_get(&why));
    cr_expect(strstr(text_get(&notice), "gnuplot was not found") != NULL, "%s", text_get(&notice));
    cr_assert(file_read(text_get(&path), &page, &why));
    cr_expect(strstr(text_get(&page), "gnuplot was not found") != NULL);
    cr_expect_null(strstr(text_get(&page), "<img"));
    unlink(text_get(&path));
    text_release(&notice);
    text_release(&why);
    text_release(&page);
    text_release(&path);
    result_release(&result);
}
