// test_markdown - words and tables that GitHub shows as they are meant, and no more than 60 KB.
#include <criterion/criterion.h>
#include <string.h>

#include "reports/markdown.h"
#include "tests/support/sample_result.h"

static void write_report(enum sample_names names, struct text *out)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    markdown_write(&result, out);
    result_release(&result);
}

Test(markdown, has_the_order_of_the_page)
{
    static const char *const heads[] = {
        "# FAIL: checkout", "## Objectives",     "### Error budgets", "### Fault windows",
        "## Latency",       "## Throughput",     "## Resources",      "## Where time goes",
        "## Topology",      "## Can I trust it", "### Assumptions",   "## Provenance",
    };
    struct text report;
    text_init(&report);
    write_report(SAMPLE_PLAIN, &report);
    const char *at = text_get(&report);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const char *found = strstr(at, heads[i]);
        cr_expect_not_null(found, "%s", heads[i]);
        at = found == NULL ? at : found;
    }
    text_release(&report);
}

Test(markdown, says_verdicts_in_words)
{
    struct text report;
    text_init(&report);
    write_report(SAMPLE_PLAIN, &report);
    cr_expect(strstr(text_get(&report), "| PASS | checkout-latency |") != NULL);
    cr_expect(strstr(text_get(&report), "| FAIL (warn) | orders-saturation |") != NULL);
    cr_expect(strstr(text_get(&report), "| NO DATA | refunds |") != NULL);
    text_release(&report);
}

Test(markdown, draws_the_topology_as_mermaid)
{
    struct text report;
    text_init(&report);
    write_report(SAMPLE_PLAIN, &report);
    cr_expect(strstr(text_get(&report), "```mermaid\nflowchart LR\n") != NULL);
    cr_expect(strstr(text_get(&report), "w0 -->|\"https, p99 214.8ms, 0.053 #37; failed\"| n0") !=
              NULL);
    text_release(&report);
}

// Every row of a table has as many unescaped bars as its head.
static void expect_even_tables(const char *report)
{
    size_t expected = 0;
    while (*report != '\0') {
        const size_t length = strcspn(report, "\n");
        size_t bars = 0;
        for (size_t i = 0; i < length; i++) {
            bars += report[i] == '|' && (i == 0 || report[i - 1] != '\\');
        }
        if (*report == '|') {
            expected = expected == 0 ? bars : expected;
            cr_expect_eq(bars, expected, "%.*s", (int)length, report);
        } else {
            expected = 0;
        }
        report += length + (report[length] == '\n');
    }
}

Test(markdown, a_hostile_name_breaks_no_table_and_no_fence)
{
    struct text report;
    text_init(&report);
    write_report(SAMPLE_HOSTILE, &report);
    cr_expect_null(strstr(text_get(&report), "<script"));
    expect_even_tables(text_get(&report));
    size_t fences = 0;
    for (const char *at = strstr(text_get(&report), "```"); at != NULL;
         at = strstr(at + 3, "```")) {
        fences++;
    }
    cr_expect_eq(fences, 2);
    text_release(&report);
}

Test(markdown, keeps_within_its_room_and_says_what_is_missing)
{
    struct result result;
    struct text report;
    text_init(&report);
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    struct result_pair *many = arena_take_array(&result.arena, 2000, sizeof *many);
    for (uint32_t i = 0; i < 2000; i++) {
        many[i] = (struct result_pair){"somebody", "an assumption of some sixty bytes, all in all"};
    }
    result.assumptions = many;
    result.assumption_count = 2000;
    markdown_write(&result, &report);
    cr_expect_leq(report.length, MARKDOWN_MOST);
    cr_expect(strstr(text_get(&report), "Left out for want of room: assumptions") != NULL);
    cr_expect(strstr(text_get(&report), "## Provenance") != NULL);
    text_release(&report);
    result_release(&result);
}
