// test_program - lists of steps as the tables that visits walk.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/engine/step.h"
#include "sim/kernel/distribution.h"
#include "tests/scenario/load.h"

static const char tail[] = "  db: {kind: service, operations: {read: [{cpu: 1ms}, {reply: 2kB}],"
                           " write: [{cpu: 2ms}]}}\n"
                           "workloads: {w: {target: web.page, rate: 10/s}}\n";

static bool load_page(struct load *load, const char *steps)
{
    struct text text;
    text_init(&text);
    text_format(&text,
                "components:\n  web: {kind: service, pools: {p: 3}, operations: {page: %s}}\n%s",
                steps, tail);
    const bool good = load_init(load, text_get(&text));
    text_release(&text);
    return good;
}

static void expect_names(const struct operation *operation, const char *expected)
{
    struct text names;
    text_init(&names);
    for (uint16_t i = 0; i < operation->step_count; i++) {
        text_format(&names, "%s%s", i == 0 ? "" : "; ", operation->steps[i].name);
    }
    cr_expect_str_eq(text_get(&names), expected);
    text_release(&names);
}

Test(program, steps_are_named_for_people_and_streams_for_chance)
{
    struct load load;
    cr_assert(
        load_page(&load, "[{cpu: 1ms}, {call: db.read}, {cpu: 2ms}, {sleep: 1s}, {reply: 1kB}]"));
    const struct operation *page = load_operation(&load, "web", "page");
    expect_names(page, "cpu; call db.read; cpu; sleep; reply");
    const struct component_design *web = load_component(&load, "web");
    cr_assert_eq(web->stream_count, 3);
    cr_expect_str_eq(web->streams[0], "web/page/cpu");
    cr_expect_str_eq(web->streams[1], "web/page/cpu#2");
    cr_expect_str_eq(web->streams[2], "web/page/sleep");
    cr_expect_eq(page->steps[2].stream, 1);
    const struct answer_step *reply = page->steps[4].argument;
    cr_expect_eq(reply->bytes, 1000);
    load_release(&load);
}

Test(program, a_call_ends_the_operation_unless_its_outcome_is_asked)
{
    struct load load;
    cr_assert(
        load_page(&load, "[{call: db.read}, {call: db.write}, {choose: {failed: [{cpu: 1ms}]}}]"));
    const struct operation *page = load_operation(&load, "web", "page");
    const struct call_design *first = page->steps[0].argument;
    const struct call_design *second = page->steps[1].argument;
    cr_expect(first->stop);
    cr_expect_not(second->stop);
    cr_expect_eq(first->edge, second->edge, "one edge a pair");
    load_release(&load);
}

Test(program, choose_by_share_jumps_behind_its_branches)
{
    struct load load;
    cr_assert(load_page(&load,
                        "[{choose: {60%: [{cpu: 1ms}], otherwise: [{sleep: 1s}]}}, {reply: 1kB}]"));
    const struct operation *page = load_operation(&load, "web", "page");
    expect_names(page, "choose; cpu; go on; sleep; reply");
    const struct choose_step *choose = page->steps[0].argument;
    cr_assert_eq(choose->count, 1);
    cr_expect_eq(choose->choices[0].target, 1);
    cr_expect_float_eq(choose->choices[0].share, 0.6, 1e-12);
    cr_expect_eq(choose->otherwise, 3);
    const struct jump_step *jump = page->steps[2].argument;
    cr_expect_eq(jump->target, 4);
    load_release(&load);
}

Test(program, an_outcome_that_is_not_named_goes_on_or_ends)
{
    struct load load;
    cr_assert(load_page(&load, "[{call: db.read}, {choose: {miss: [{cpu: 1ms}]}}, {reply: 1kB}]"));
    const struct choose_step *choose = load_operation(&load, "web", "page")->steps[1].argument;
    cr_assert_eq(choose->count, 2);
    cr_expect_eq(choose->choices[0].statuses, 1u << STATUS_MISS);
    cr_expect(choose->choices[1].statuses & 1u << STATUS_OK);
    cr_expect_eq(choose->choices[1].target, 4);
    cr_expect_eq(choose->otherwise, VISIT_STOPPED);
    load_release(&load);
}

Test(program, a_loop_knows_where_it_begins_and_ends)
{
    struct load load;
    cr_assert(
        load_page(&load, "[{repeat: {times: 3, steps: [{cpu: 1ms}, {sleep: 1ms}]}}, {reply: 1B}]"));
    const struct operation *page = load_operation(&load, "web", "page");
    expect_names(page, "repeat; cpu; sleep; repeat end; reply");
    const struct repeat_step *begin = page->steps[0].argument, *end = page->steps[3].argument;
    cr_expect_eq(begin->first, 4);
    cr_expect_eq(end->first, 1);
    cr_expect_eq(begin->counter, end->counter);
    cr_expect_float_eq(distribution_mean(&begin->times), 3, 1e-12);
    load_release(&load);
}

Test(program, branches_are_internal_operations)
{
    struct load load;
    cr_assert(load_page(
        &load, "[{parallel: {need: 1, branches: [{call: db.read}, [{cpu: 1ms}, {cpu: 2ms}]]}},"
               " {spawn: {call: db.write}}]"));
    const struct component_design *web = load_component(&load, "web");
    cr_assert_eq(web->operation_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(web->operations[i].internal, i > 0);
        cr_expect_eq(web->operations[i].number, i);
    }
    const struct parallel_step *parallel = web->operations[0].steps[0].argument;
    cr_assert_eq(parallel->count, 2);
    cr_expect_eq(parallel->need, 1);
    cr_expect(parallel->stop);
    cr_expect_eq(parallel->branches[1]->step_count, 2);
    load_release(&load);
}

Test(program, a_pool_is_held_around_its_steps)
{
    struct load load;
    cr_assert(load_page(&load, "[{with: {pool: p, steps: [{cpu: 1ms}]}}]"));
    expect_names(load_operation(&load, "web", "page"), "take p; cpu; give p");
    load_release(&load);
}

Test(program, stations_move_requests_on)
{
    struct load load;
    cr_assert(load_init(&load,
                        "components:\n"
                        "  a: {kind: station, service: 1ms, then: [{to: b, probability: 25%}]}\n"
                        "  b: {kind: station, service: 1ms, then: {to: a, probability: 50%}}\n"
                        "workloads: {w: {target: a, rate: 70/s}}\n"));
    expect_names(load_operation(&load, "a", "serve"), "serve; then; move to b");
    const struct capacity_row *rows = load.scenario.capacity.rows;
    cr_expect_float_eq(rows[0].rate, 80, 1e-6, "a feeds itself through b");
    cr_expect_float_eq(rows[1].rate, 20, 1e-6);
    load_release(&load);
}

Test(program, demands_follow_the_calls)
{
    struct load load;
    cr_assert(load_page(
        &load, "[{repeat: {times: 4, steps: [{choose: {25%: [{call: db.read}], 75%: []}}]}}]"));
    const struct design *design = &load.scenario.design;
    const struct capacity_row *row = &load.scenario.capacity.rows[design_component(design, "db")];
    cr_expect_float_eq(row->rate, 10, 1e-9);
    cr_expect_float_eq(row->busy, 0.01, 1e-9);
    load_release(&load);
}
