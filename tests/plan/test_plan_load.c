// test_plan_load - growth, peaks and measured hours become the load that is planned for.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/study/plan_parts.h"
#include "tests/plan/solve.h"

static const char shop[] =
    "params: {n: 3, buying: 100/s}\n"
    "simulation: {duration: 30s, warmup: 5s, replications: 5, seed: 3}\n"
    "components:\n"
    "  desk: {kind: service, replicas: $n, cores: 2, operations: {serve: [{cpu: 10ms}, "
    "{reply: 0B}]}}\n"
    "workloads:\n"
    "  buyers: {target: desk.serve, rate: $buying, timeout: 1s}\n"
    "  readers: {target: desk.serve, rate: 50/s, timeout: 1s}\n"
    "  clerks: {target: desk.serve, model: closed, users: 2, think: 1s, timeout: 1s}\n"
    "slos: [{name: quick, target: buyers, objectives: [\"p(99) < 100ms\"]}]\n";

struct case_of_load {
    struct solve solve;
    char csv[40];
};

// `load` has a %s for the file's path.
static void begin(struct case_of_load *one, const char *csv, const char *load)
{
    snprintf(one->csv, sizeof one->csv, "%s/hours-XXXXXX", P_tmpdir);
    const int file = mkstemp(one->csv);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, csv, strlen(csv)), (ssize_t)strlen(csv));
    close(file);
    struct text yaml;
    text_init(&yaml);
    const char *place = strstr(load, "FILE");
    text_format(&yaml,
                "%splan: {vary: {n: 1..9}, headroom: 0%%, minimize: cores, load: {%.*s%s%s}}\n",
                shop, (int)(place - load), load, one->csv, place + 4);
    solve_read(&one->solve, text_get(&yaml), NULL);
    text_release(&yaml);
}

static void end(struct case_of_load *one)
{
    solve_release(&one->solve);
    unlink(one->csv);
}

static const char day[] = "# unit: /s\n"
                          "hour,buyers,readers\n"
                          "0,100,300\n"
                          "1,250,100\n"
                          "2,300,110\n"
                          "3,20,6k/min\n";

Test(plan_load, the_busiest_hour_is_one_for_all_columns)
{
    struct case_of_load one;
    begin(&one, day, "growth: 2x, peak: 1.5x, profile: FILE");
    cr_assert(one.solve.good, "%s", text_get(&one.solve.wrong));
    const struct plan *plan = &one.solve.plan;
    cr_expect_str_eq(plan->load.at, "2");
    cr_expect_eq(plan->load.hour_count, 4);
    cr_expect_float_eq(plan->load.hour, 410.0 / 150.0, 1e-12);
    cr_expect_float_eq(plan->factor, 2.0 * 1.5 * 410.0 / 150.0, 1e-12);
    // each workload gets what it was measured to have, those not measured only growth and peak
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 0, plan->factor), 2.0 * 1.5 * 3.0,
                       1e-12);
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 1, plan->factor), 2.0 * 1.5 * 2.2,
                       1e-12);
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 2, plan->factor), 2.0 * 1.5,
                       1e-12);
    cr_expect_float_eq(plan->load.columns[1].most, 300.0, 0.0);
    cr_expect_str_eq(plan->load.columns[1].most_hour, "0");
    end(&one);
}

Test(plan_load, a_percentile_of_the_hours_is_the_nearest_rank)
{
    static const struct {
        const char *percentile, *hour;
    } cases[] = {{"100%", "2"}, {"76%", "2"}, {"75%", "0"},
                 {"51%", "0"},  {"50%", "1"}, {"1%", "3"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct case_of_load one;
        char load[80];
        snprintf(load, sizeof load, "profile: {file: FILE, percentile: %s}", cases[i].percentile);
        begin(&one, day, load);
        cr_assert(one.solve.good, "%s", text_get(&one.solve.wrong));
        cr_expect_str_eq(one.solve.plan.load.at, cases[i].hour, "%s: %s", cases[i].percentile,
                         one.solve.plan.load.at);
        end(&one);
    }
}

Test(plan_load, every_workload_may_have_an_hour_of_its_own)
{
    struct case_of_load one;
    begin(&one, day, "profile: {file: FILE, hours: each}");
    cr_assert(one.solve.good, "%s", text_get(&one.solve.wrong));
    const struct plan *plan = &one.solve.plan;
    cr_expect_null(plan->load.at);
    cr_expect_str_eq(plan->load.columns[0].hour, "2");
    cr_expect_str_eq(plan->load.columns[1].hour, "0");
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 0, plan->factor), 3.0, 1e-12);
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 1, plan->factor), 6.0, 1e-12);
    end(&one);
}

Test(plan_load, one_column_may_be_of_all_open_workloads_by_timestamps)
{
    struct case_of_load one;
    begin(&one,
          "timestamp,rate\r\n"
          "2026-10-24 23:00:00Z,90/s\r\n"
          "\"2026-10-25T02:10+02:00\", \"450/s\"\r\n"
          "2026-10-25T02:00+01:00,18k/min\r\n"
          "2028-02-29T00,1/s\r\n",
          "profile: FILE");
    cr_assert(one.solve.good, "%s %u", text_get(&one.solve.wrong), one.solve.diagnostics.errors);
    const struct plan *plan = &one.solve.plan;
    cr_expect_str_eq(plan->load.at, "2026-10-25T02:10+02:00");
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 0, plan->factor), 3.0, 1e-12);
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 1, plan->factor), 3.0, 1e-12);
    cr_expect_float_eq(plan_load_factor(plan, &plan->base.design, 2, plan->factor), 1.0, 1e-12);
    end(&one);
}

Test(plan_load, what_was_measured_is_what_is_simulated)
{
    struct case_of_load one;
    begin(&one, "hour,buyers,readers\n7,300/s,0/s\n", "profile: FILE");
    cr_assert(one.solve.good, "%s", text_get(&one.solve.wrong));
    cr_assert(plan_search(&one.solve.plan));
    cr_assert_not_null(one.solve.plan.best);
    // 300/s x 10 ms and two clerks, nearly always thinking
    cr_expect_float_eq(one.solve.plan.busy[0], 3.02, 0.06, "%g", one.solve.plan.busy[0]);
    cr_assert(plan_outlook(&one.solve.plan));
    cr_expect_float_eq(one.solve.plan.resources[0].busy, one.solve.plan.busy[0], 1e-12,
                       "without growth and headroom, today's load is what is planned for");
    // what the scenario says of a measured rate is nothing that the plan depends on
    bool said = false;
    for (uint32_t i = 0; i < one.solve.plan.input_count; i++) {
        const struct plan_input *input = &one.solve.plan.inputs[i];
        said = said || strcmp(input->name, "parameter buying") == 0;
        cr_expect(strcmp(input->name, "parameter buying") != 0 || input->change == 0.0, "%g",
                  input->change);
    }
    cr_expect(said);
    end(&one);
}

Test(plan_load, a_resource_runs_out_counted_from_todays_busiest_hour)
{
    struct case_of_load one;
    begin(&one, "hour,rate\n7,300/s\n", "growth: 5%/month, months: 10, peak: 2x, profile: FILE");
    cr_assert(one.solve.good, "%s", text_get(&one.solve.wrong));
    cr_assert(plan_search(&one.solve.plan));
    cr_assert_not_null(one.solve.plan.best);
    cr_assert(plan_outlook(&one.solve.plan));
    const struct plan_resource *desk = &one.solve.plan.resources[0];
    // 300/s is twice what the scenario has, and the peak twice that: 6 of the 6 servers today
    cr_expect_float_eq(desk->busy, 6.04, 0.12, "%g", desk->busy);
    cr_expect_float_eq(desk->months, log(desk->least / desk->busy) / log(1.05), 1e-6);
    cr_expect_gt(desk->months, 10.0);
    end(&one);
}

// ---- what cannot be read -----------------------------------------------------------------------

// Every mistake is said at once, as line:column and a word.
static void refuses(const char *csv, const char *const *expected)
{
    struct case_of_load one;
    begin(&one, csv, "profile: FILE");
    cr_expect_not(one.solve.good);
    const struct diagnostic_list *list = &one.solve.diagnostics;
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct diagnostic *entry = list->entries[i];
        char at[128];
        if (entry->severity != DIAGNOSTIC_ERROR || expected[count] == NULL) {
            continue;
        }
        snprintf(at, sizeof at, "%u:%u %s", entry->place.line, entry->place.column, entry->message);
        cr_expect_str_eq(at, expected[count++]);
        cr_expect_str_eq(entry->code, "E0225");
        const struct diagnostic_source *source = diagnostic_source(list, entry->place.source);
        cr_expect_str_eq(source->name, one.csv);
    }
    cr_expect_null(expected[count], "not said: %s", expected[count]);
    cr_expect_eq(list->errors, count);
    end(&one);
}

Test(plan_load, says_every_mistake_of_the_file_at_its_place)
{
    refuses("# unit: /s\nhour,buyers,readers\nx,1,2\n1,1,2\n0,1,2\n8,2,-3\n9,1\n10,2,  ,\n",
            (const char *const[]){"3:1 no hour", "5:1 the hours go back", "6:5 no rate",
                                  "7:1 a line of another length", "8:1 a line of another length",
                                  "8:8 no value", NULL});
    refuses("hour,buyers\n1,2/s\n1,3/s\n2,7\n",
            (const char *const[]){"3:1 an hour for the second time", "4:3 no rate", NULL});
}

Test(plan_load, says_what_is_wrong_with_the_heads)
{
    refuses("time,buyer,buyers,buyers,clerks\n1,1/s,1/s,1/s,1/s\n",
            (const char *const[]){"1:1 the first column says which hour it is",
                                  "1:6 no such workload", "1:19 a column for the second time",
                                  "1:26 a closed workload has no rate of its own", NULL});
    refuses("hour,rate,buyers\n1,1/s,1/s\n",
            (const char *const[]){"1:11 `rate` stands alone", NULL});
    refuses("hour\n", (const char *const[]){"1:1 no column of rates", NULL});
    refuses("hour,rate\n", (const char *const[]){"1:1 not a single hour", NULL});
    refuses("hour,rate\n1,0/s\n", (const char *const[]){"1:1 no load in any hour", NULL});
    refuses("timestamp,rate\n2026-02-29T00:00,1/s\n2026-02-28T24:00,1/s\n2026-1-1T00:00,1/s\n",
            (const char *const[]){"2:1 no hour", "3:1 no hour", "4:1 no hour", NULL});
}
