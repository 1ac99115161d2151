// test_diagnostic - mistakes are collected, sorted and shown with their places.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/base/diagnostic_render.h"

static struct diagnostic_list list;
static struct text out;

static void set_up(void)
{
    diagnostic_init(&list);
    text_init(&out);
}

static void tear_down(void)
{
    diagnostic_release(&list);
    text_release(&out);
}

static uint32_t add_file(const char *name, const char *bytes)
{
    return diagnostic_add_source(&list, name, bytes, strlen(bytes));
}

static void expect_shown(enum diagnostic_format format, const char *wanted)
{
    diagnostic_render(&list, format, false, &out);
    cr_expect_str_eq(text_get(&out), wanted);
}

TestSuite(diagnostic, .init = set_up, .fini = tear_down);

Test(diagnostic, shows_an_excerpt_with_carets)
{
    const uint32_t file = add_file("shop.yaml", "a: 1\n    replica: 6\n");
    struct diagnostic *entry =
        diagnostic_error(&list, "E0107", (struct place){file, 2, 5, 7},
                         "unknown key `%s` in component `%s`", "replica", "orders");
    diagnostic_caret(entry, "did you mean `replicas`?");
    diagnostic_help(entry, "keys allowed here: replicas");
    expect_shown(DIAGNOSTIC_HUMAN, "error[E0107]: unknown key `replica` in component `orders`\n"
                                   " --> shop.yaml:2:5\n"
                                   "  |\n"
                                   "2 |     replica: 6\n"
                                   "  |     ^^^^^^^ did you mean `replicas`?\n"
                                   "  |\n"
                                   "  = help: keys allowed here: replicas\n"
                                   "\n"
                                   "shop.yaml: 1 error\n");
}

Test(diagnostic, shows_a_second_place_on_the_same_line)
{
    const uint32_t file = add_file("a", "    queue: {capacity: 100, capacity: 200}");
    struct diagnostic *entry = diagnostic_error(&list, "E0112", (struct place){file, 1, 28, 8},
                                                "duplicate key `capacity`");
    diagnostic_caret(entry, "given again");
    diagnostic_label(entry, (struct place){file, 1, 13, 8}, "first given here");
    expect_shown(DIAGNOSTIC_HUMAN, "error[E0112]: duplicate key `capacity`\n"
                                   " --> a:1:28\n"
                                   "  |\n"
                                   "1 |     queue: {capacity: 100, capacity: 200}\n"
                                   "  |             --------       ^^^^^^^^ given again\n"
                                   "  |             first given here\n"
                                   "\n"
                                   "a: 1 error\n");
}

Test(diagnostic, shows_other_lines_and_other_files)
{
    const uint32_t file = add_file("a", "one\ntwo\nthree\nfour");
    const uint32_t other = add_file("b", "far");
    diagnostic_set_included(&list, other, (struct place){file, 1, 1, 3});
    struct diagnostic *entry =
        diagnostic_warning(&list, "W2003", (struct place){file, 4, 1, 4}, "far away");
    diagnostic_label(entry, (struct place){file, 1, 1, 3}, "here");
    diagnostic_label(entry, (struct place){other, 1, 1, 3}, "and there");
    diagnostic_error(&list, "E0107", (struct place){other, 1, 1, 3}, "in an include");
    expect_shown(DIAGNOSTIC_HUMAN, "warning[W2003]: far away\n"
                                   " --> a:4:1\n"
                                   "  |\n"
                                   "1 | one\n"
                                   "  | --- here\n"
                                   "...\n"
                                   "4 | four\n"
                                   "  | ^^^^\n"
                                   " ::: b:1:1\n"
                                   "  |\n"
                                   "1 | far\n"
                                   "  | --- and there\n"
                                   "\n"
                                   "a: 1 warning\n"
                                   "error[E0107]: in an include\n"
                                   " --> b:1:1\n"
                                   "  |\n"
                                   "1 | far\n"
                                   "  | ^^^\n"
                                   "  = note: included from a:1:1\n"
                                   "\n"
                                   "b: 1 error\n");
}

Test(diagnostic, expands_tabs_in_the_excerpt_only)
{
    const uint32_t file = add_file("a", "\tx: 1");
    diagnostic_error(&list, "E0107", (struct place){file, 1, 2, 1}, "tab");
    expect_shown(DIAGNOSTIC_HUMAN,
                 "error[E0107]: tab\n --> a:1:2\n  |\n1 |     x: 1\n  |     ^\n\na: 1 error\n");
}

Test(diagnostic, counts_columns_in_code_points_and_carets_in_columns)
{
    const uint32_t file = add_file("a", "\xE6\x97\xA5\xC3\xA9: x");
    diagnostic_error(&list, "E0107", (struct place){file, 1, 2, 1}, "wide");
    diagnostic_render(&list, DIAGNOSTIC_HUMAN, false, &out);
    cr_expect(strstr(text_get(&out), "a:1:2\n") != NULL);
    cr_expect(strstr(text_get(&out), "\n  |   ^\n") != NULL);
}

Test(diagnostic, makes_control_characters_visible)
{
    diagnostic_error(&list, "E0107", (struct place){0}, "key `%s`", "\x1b[31m\xFF");
    expect_shown(DIAGNOSTIC_SHORT, "orrery: error[E0107]: key `\\x1b[31m\xEF\xBF\xBD`\n");
}

Test(diagnostic, prints_twenty_of_a_file_and_counts_the_rest)
{
    const uint32_t file = add_file("a", "x");
    for (uint32_t i = 0; i < 25; i++) {
        diagnostic_error(&list, "E0107", (struct place){file, 1, 1, 1}, "number %u", i);
    }
    diagnostic_render(&list, DIAGNOSTIC_HUMAN, false, &out);
    cr_expect(strstr(text_get(&out), "number 19") != NULL);
    cr_expect(strstr(text_get(&out), "number 20") == NULL);
    cr_expect(strstr(text_get(&out), "... and 5 more errors\n\na: 25 errors\n") != NULL);
}

Test(diagnostic, sorts_by_place_and_then_by_order_of_adding)
{
    const uint32_t file = add_file("a", "x\ny\n");
    diagnostic_error(&list, "E0107", (struct place){file, 2, 1, 1}, "third");
    diagnostic_error(&list, "E0107", (struct place){file, 1, 1, 1}, "first");
    diagnostic_error(&list, "E0107", (struct place){file, 1, 1, 1}, "second");
    expect_shown(DIAGNOSTIC_SHORT, "a:1:1: error[E0107]: first\na:1:1: error[E0107]: second\n"
                                   "a:2:1: error[E0107]: third\n");
}

Test(diagnostic, warnings_can_be_allowed_and_denied)
{
    diagnostic_allow(&list, "W2011");
    list.deny_warnings = true;
    struct diagnostic *dropped = diagnostic_warning(&list, "W2011", (struct place){0}, "allowed");
    diagnostic_caret(dropped, "harmless");
    diagnostic_label(dropped, (struct place){1, 1, 1, 1}, "harmless");
    diagnostic_help(dropped, "harmless");
    diagnostic_warning(&list, "W2003", (struct place){0}, "denied");
    cr_expect(list.count == 1 && list.errors == 1 && list.warnings == 0);
    expect_shown(DIAGNOSTIC_SHORT, "orrery: error[W2003]: denied\n");
}

Test(diagnostic, github_commands_are_escaped)
{
    const uint32_t file = add_file("a,b:c.yaml", "x");
    struct diagnostic *entry =
        diagnostic_error(&list, "E0107", (struct place){file, 1, 1, 1}, "100 %% of it");
    diagnostic_caret(entry, "two\nlines");
    expect_shown(DIAGNOSTIC_GITHUB, "::error file=a%2Cb%3Ac.yaml,line=1,col=1,endColumn=2,title="
                                    "E0107::100 %25 of it%0Atwo%0Alines\n");
}

Test(diagnostic, github_gets_ten_annotations_at_most)
{
    const uint32_t file = add_file("a", "x");
    for (uint32_t i = 0; i < 25; i++) {
        diagnostic_error(&list, "E0107", (struct place){file, 1, 1, 1}, "number %u", i);
    }
    diagnostic_render(&list, DIAGNOSTIC_GITHUB, false, &out);
    uint32_t lines = 0;
    for (const char *at = text_get(&out); *at != '\0'; at++) {
        lines += *at == '\n';
    }
    cr_expect(lines == 10);
    cr_expect(strstr(text_get(&out), "number 24") != NULL);
}

Test(diagnostic, memory_stays_bounded)
{
    for (uint32_t i = 0; i < 3 * DIAGNOSTIC_KEPT; i++) {
        struct diagnostic *entry = diagnostic_error(&list, "E0107", (struct place){0}, "again");
        diagnostic_caret(entry, "and again");
    }
    cr_expect(list.count == DIAGNOSTIC_KEPT && list.errors == 3 * DIAGNOSTIC_KEPT);
}

Test(diagnostic, places_come_from_byte_offsets)
{
    const uint32_t file = add_file("a", "\xEF\xBB\xBF"
                                        "ab\r\n\xC3\xA9x\ry");
    const struct place first = diagnostic_place_at(&list, file, 3, 2);
    const struct place second = diagnostic_place_at(&list, file, 9, 5);
    const struct place third = diagnostic_place_at(&list, file, 11, 1);
    cr_expect(first.line == 1 && first.column == 1 && first.length == 2);
    cr_expect(second.line == 2 && second.column == 2 && second.length == 1);
    cr_expect(third.line == 3 && third.column == 1);
    cr_expect(diagnostic_offset(diagnostic_source(&list, file), 2, 2) == 9);
}
