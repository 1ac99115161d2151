// test_charts_timeline - the log of a replication becomes spans of states, a row a subject.
#include <criterion/criterion.h>
#include <string.h>

#include "reports/charts_parts.h"
#include "tests/support/sample_result.h"

enum { ENTRIES = 24 };

// The data of the picture that a log makes, "" if it makes none.
static void draw(const struct log_event *log, uint32_t count, struct text *data,
                 struct text *script)
{
    struct result result;
    struct plot_list list;
    result_init(&result);
    sample_result(&result, SAMPLE_PLAIN);
    struct log_event copy[ENTRIES];
    cr_assert_leq(count, ENTRIES);
    memcpy(copy, log, count * sizeof *log);
    result.log = copy;
    result.log_count = count;
    result.duration_s = 100; // an axis in seconds
    plot_list_init(&list);
    charts_timeline(&list, &result);
    text_clear(data);
    text_clear(script);
    cr_assert_leq(list.count, 1);
    if (list.count == 1) {
        text_add(data, text_get(&list.plots[0].data));
        text_add(script, text_get(&list.plots[0].script));
    }
    plot_list_release(&list);
    result_release(&result);
}

static struct log_event at(double second, enum log_kind kind, int32_t subject, double value)
{
    return (struct log_event){(int64_t)(second * 1e9), (uint8_t)kind, subject, value};
}

Test(charts_timeline, states_begin_and_end_and_what_stays_open_lasts_to_the_end)
{
    const struct log_event log[] = {
        at(10, LOG_FAULT_BEGIN, 1, 0), at(10, LOG_KILL, 3, 0),    at(12, LOG_DELIST, 3, 0),
        at(20, LOG_RESTART, 3, 0),     at(25, LOG_READY, 3, 0),   at(26, LOG_RELIST, 3, 0),
        at(30, LOG_FAULT_END, 1, 0),   at(40, LOG_EJECT, 2, 30),  at(60, LOG_KILL, 3, 0),
        at(65, LOG_RESTART, 3, 0),     at(70, LOG_KILL, 3, 0),    at(80, LOG_EJECT, 2, 40),
        at(50, LOG_LEADER, 2, 7),
    };
    struct text data, script;
    text_init(&data);
    text_init(&script);
    draw(log, sizeof log / sizeof log[0], &data, &script);
    // Rows: the fault, nodes 2 and 3. Blocks: faults, down, starting, not called, ejected, leaders.
    cr_expect_str_eq(text_get(&data), "10 30 0\n\n\n"
                                      "10 20 2\n60 65 2\n70 100 2\n\n\n"
                                      "20 25 2\n65 70 2\n\n\n"
                                      "12 26 2\n\n\n"
                                      "40 70 1\n80 100 1\n\n\n"
                                      "50 1\n");
    cr_expect(strstr(text_get(&script), "title 'ejected'") != NULL);
    cr_expect_null(strstr(text_get(&script), "title 'breaker open'"));
    text_release(&data);
    text_release(&script);
}

Test(charts_timeline, a_breaker_is_open_half_open_and_closed)
{
    const struct log_event log[] = {at(5, LOG_BREAKER, 0, 1), at(10, LOG_BREAKER, 0, 2),
                                    at(11, LOG_BREAKER, 0, 1), at(16, LOG_BREAKER, 0, 2),
                                    at(17, LOG_BREAKER, 0, 0)};
    struct text data, script;
    text_init(&data);
    text_init(&script);
    draw(log, sizeof log / sizeof log[0], &data, &script);
    cr_expect_str_eq(text_get(&data), "5 10 0\n11 16 0\n\n\n10 11 0\n16 17 0\n\n\n");
    text_release(&data);
    text_release(&script);
}

Test(charts_timeline, elections_alone_and_an_empty_log_make_no_picture)
{
    const struct log_event log[] = {at(1, LOG_LEADER, 2, 1)};
    struct text data, script;
    text_init(&data);
    text_init(&script);
    draw(log, 1, &data, &script);
    cr_expect_eq(data.length, 0);
    draw(log, 0, &data, &script);
    cr_expect_eq(data.length, 0);
    text_release(&data);
    text_release(&script);
}
