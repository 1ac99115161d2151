// test_openmetrics - families in the exposition format, each once, with escaped labels.
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reports/openmetrics.h"
#include "tests/support/sample_result.h"

static void write_metrics(enum sample_names names, struct text *out)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    openmetrics_write(&result, out);
    result_release(&result);
}

// `name{label="value",...} number`
static void expect_sample(const char *line, size_t length)
{
    const char *brace = memchr(line, '{', length);
    cr_assert_not_null(brace, "%.*s", (int)length, line);
    const char *at = brace + 1;
    while (*at != '}') {
        at += strcspn(at, "\"\n") + 1;
        while (*at != '"') {
            cr_assert(*at != '\n');
            at += *at == '\\' ? 2 : 1;
        }
        at += 1 + (at[1] == ',');
    }
    char *end;
    strtod(at + 1, &end);
    cr_expect_eq(end, line + length, "%.*s", (int)length, line);
}

static void expect_exposition(const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        cr_assert_eq(text[length], '\n');
        if (*text != '#') {
            expect_sample(text, length);
        }
        text += length + 1;
    }
}

Test(openmetrics, is_an_exposition_that_ends)
{
    for (enum sample_names names = SAMPLE_PLAIN; names <= SAMPLE_HOSTILE; names++) {
        struct text metrics;
        text_init(&metrics);
        write_metrics(names, &metrics);
        expect_exposition(text_get(&metrics));
        cr_expect_str_eq(text_get(&metrics) + metrics.length - 6, "# EOF\n");
        text_release(&metrics);
    }
}

Test(openmetrics, uses_base_units_and_the_suffix_of_counters)
{
    struct text metrics;
    text_init(&metrics);
    write_metrics(SAMPLE_PLAIN, &metrics);
    const char *text = text_get(&metrics);
    cr_expect(strstr(text,
                     "orrery_workload_requests_total{workload=\"shoppers\",status=\"timeout\"} "
                     "3500\n") != NULL);
    cr_expect(strstr(text, "# UNIT orrery_workload_latency_seconds seconds\n") != NULL);
    cr_expect(strstr(text, "orrery_component_utilization_ratio{component=\"orders\"} 0.93\n") !=
              NULL);
    cr_expect(strstr(text, "orrery_slo_verdict{slo=\"refunds\",target=\"shoppers\",objective=\""
                           "p(99) < 1s\",orrery_slo_verdict=\"NO DATA\"} 1\n") != NULL);
    text_release(&metrics);
}
