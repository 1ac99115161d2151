// test_terminal - the verdict on a terminal: words, units, escapes.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "reports/figure_text.h"
#include "reports/figures_view.h"
#include "reports/table.h"
#include "reports/terminal.h"
#include "tests/support/sample_result.h"

static void show(enum sample_names names, struct terminal_options look, struct text *text)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    text_init(text);
    terminal_write(&result, &look, text);
    result_release(&result);
}

Test(terminal, says_every_verdict_in_words)
{
    struct text text;
    show(SAMPLE_PLAIN, (struct terminal_options){.verbose = true}, &text);
    cr_assert_not_null(strstr(text_get(&text), "PASS"));
    cr_assert_not_null(strstr(text_get(&text), "FAIL"));
    cr_assert_not_null(strstr(text_get(&text), "95 % CI"));
    cr_assert_null(strchr(text_get(&text), '\033'));
    text_release(&text);
}

Test(terminal, colours_only_where_asked)
{
    struct text text;
    show(SAMPLE_PLAIN, (struct terminal_options){.color = true}, &text);
    cr_assert_not_null(strstr(text_get(&text), "\033["));
    text_release(&text);
}

Test(terminal, quiet_shows_the_verdicts_alone)
{
    struct text text;
    show(SAMPLE_PLAIN, (struct terminal_options){.quiet = true}, &text);
    cr_assert_null(strstr(text_get(&text), "workload"));
    cr_assert_not_null(strstr(text_get(&text), "objectives hold"));
    text_release(&text);
}

Test(terminal, no_name_can_steer_the_terminal)
{
    struct text text;
    show(SAMPLE_HOSTILE, (struct terminal_options){.verbose = true}, &text);
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char byte = (unsigned char)text.bytes[i];
        cr_assert(byte == '\n' || byte >= 0x20, "byte %u", byte);
    }
    text_release(&text);
}

Test(table, aligns_by_columns_of_the_terminal_and_ends_no_line_in_blanks)
{
    static const char *const heads[] = {"name", "n", NULL};
    struct table table;
    struct text text;
    text_init(&text);
    table_init(&table, "lr");
    table_heads(&table, heads);
    table_row(&table);
    table_cell(&table, "%s", "caf\xc3\xa9");
    table_cell(&table, "%d", 100);
    table_row(&table);
    table_cell(&table, "%s", "x");
    table_write(&table, false, &text);
    cr_assert_str_eq(text_get(&text), "name    n\ncaf\xc3\xa9  100\nx\n");
    table_release(&table);
    text_release(&text);
}

Test(table, escapes_what_markdown_takes_for_its_own)
{
    static const char *const heads[] = {"a", NULL};
    struct table table;
    struct text text;
    text_init(&text);
    table_init(&table, "l");
    table_heads(&table, heads);
    table_row(&table);
    table_cell(&table, "%s", "<b>|`x`");
    table_markdown(&table, &text);
    cr_assert_str_eq(text_get(&text), "| a |\n|:---|\n| &lt;b>\\|\\`x\\` |\n");
    table_release(&table);
    text_release(&text);
}

Test(figure_text, writes_values_with_their_units)
{
    static const struct {
        double value;
        const char *unit, *text;
    } cases[] = {
        {0.2148, "s", "214.8ms"},  {0.9871, "1", "98.71 %"}, {520.2, "1/s", "520.2/s"},
        {41.0, "{request}", "41"}, {0.0, "s", "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[FIGURE_TEXT_ROOM];
        figure_text_value(buffer, sizeof buffer, cases[i].value, cases[i].unit);
        cr_expect_str_eq(buffer, cases[i].text);
    }
    char buffer[FIGURE_TEXT_ROOM];
    cr_expect_str_eq(figure_text_value(buffer, sizeof buffer, (double)NAN, "s"), "-");
}

Test(figures_view, picks_figures_by_the_name_of_their_owner)
{
    struct result result;
    struct text all, one;
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    text_init(&all);
    text_init(&one);
    const uint32_t every = figures_view_csv(&result, "", &all);
    const uint32_t few = figures_view_csv(&result, result.workloads[0].name, &one);
    cr_assert_eq(every, result.figure_count);
    cr_assert_gt(few, 0);
    cr_assert_lt(few, every);
    cr_assert_eq(figures_view_table(&result, "no such", false, &one), 0);
    text_release(&all);
    text_release(&one);
    result_release(&result);
}
