// test_junit - a case an objective, counts that add up, XML whatever the names.
#include <criterion/criterion.h>
#include <string.h>

#include "reports/junit.h"
#include "tests/support/sample_result.h"

static void write_suite(enum sample_names names, struct text *out)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    junit_write(&result, out);
    result_release(&result);
}

Test(junit, has_a_case_for_every_objective_and_counts_them)
{
    struct text suite;
    text_init(&suite);
    write_suite(SAMPLE_PLAIN, &suite);
    const char *text = text_get(&suite);
    cr_expect(strstr(text, "<testsuite name=\"checkout\" tests=\"6\" failures=\"1\" errors=\"2\" "
                           "skipped=\"1\"") != NULL);
    cr_expect(strstr(text, "<testcase name=\"checkout-latency: p(99) &lt; 300ms\" "
                           "classname=\"checkout.shoppers\"") != NULL);
    text_release(&suite);
}

Test(junit, says_what_was_seen_and_what_was_allowed)
{
    struct text suite;
    text_init(&suite);
    write_suite(SAMPLE_PLAIN, &suite);
    const char *text = text_get(&suite);
    cr_expect(strstr(text, "<failure message=\"99.9 % of 1m slices: observed 98.71 %, CI [") !=
              NULL);
    cr_expect(strstr(text, "type=\"UNDECIDED\"") != NULL);
    cr_expect(strstr(text, "<error message=\"p(99) &lt; 1s: observed -\" type=\"NO DATA\">") !=
              NULL);
    cr_expect(strstr(text, "<skipped message=\"utilization(max) &lt; 85%") != NULL);
    cr_expect(strstr(text, "<property name=\"seed\" value=\"42\"/>") != NULL);
    text_release(&suite);
}

Test(junit, a_hostile_name_stays_in_its_attribute)
{
    struct text suite;
    text_init(&suite);
    write_suite(SAMPLE_HOSTILE, &suite);
    const char *text = text_get(&suite);
    cr_expect_null(strstr(text, "<script"));
    cr_expect_null(strstr(text, "]]>"));
    cr_expect(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;`touch pwned`&quot;&apos;") !=
              NULL);
    text_release(&suite);
}
