// test_plan - `orrery plan` from outside: exit statuses, what goes where, the document.
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "tests/cli/program.h"

static const char desk[] = "orrery: v1\n"
                           "name: desk\n"
                           "params: {c: 3}\n"
                           "simulation: {duration: 100s, warmup: 5s, seed: 42, replications: 5}\n"
                           "components:\n"
                           "  desk: {kind: station, servers: $c, service: exp(mean=10ms)}\n"
                           "workloads:\n"
                           "  people: {target: desk, rate: 400/s}\n"
                           "slos:\n"
                           "  - {name: quick, target: people, objectives: [\"mean < 15ms\"]}\n"
                           "plan: {vary: {c: 1..12}, load: {growth: 5%/month, months: 12}, "
                           "headroom: 0%, minimize: cores}\n";

static void begin_program(struct program *program)
{
    program_init(program);
    program_write(program, "desk.yaml", desk);
}

static int run(struct program *program, const char *one, const char *two)
{
    const char *const arguments[] = {"plan", "desk.yaml", "-o", "out", one, two, NULL};
    return program_run(program, arguments);
}

Test(plan_command, judges_the_present_sizing_in_every_case_and_seeks_none)
{
    struct program program;
    begin_program(&program);
    const char *const few[] = {"plan", "desk.yaml", "--present", "-o", "few", NULL};
    cr_assert_eq(program_run(&program, few), 1, "three servers are full");
    cr_expect_not_null(strstr(text_get(&program.out), "holds in 0 of 1 cases"));
    cr_expect_null(strstr(text_get(&program.out), "What to change"));
    const char *const many[] = {"plan",   "desk.yaml", "--present", "--set", "c=12",
                                "--seed", "7",         "-o",        "many",  NULL};
    cr_assert_eq(program_run(&program, many), 0, "%s", text_get(&program.out));
    cr_expect_not_null(strstr(text_get(&program.out), "holds in 1 of 1 cases"));
    const char *const both[] = {"plan", "desk.yaml", "--present", "--vary", "c=1..3", NULL};
    cr_assert_eq(program_run(&program, both), 2, "what is as it is does not vary");
    program_release(&program);
}

Test(plan_command, prints_one_document_and_writes_the_same)
{
    struct program program;
    struct text file;
    begin_program(&program);
    text_init(&file);
    cr_assert_eq(run(&program, "--json", NULL), 0, "%s", text_get(&program.err));
    json_error_t error;
    json_t *document = json_loads(text_get(&program.out), 0, &error);
    cr_assert_not_null(document, "%s", error.text);
    cr_expect_str_eq(json_string_value(json_object_get(document, "schema")), "orrery.plan/1");
    cr_expect(json_is_true(json_object_get(document, "proven")));
    // the present three servers are full when 4 x 1.05^n passes 3: they are too few already
    const json_t *resource = json_array_get(json_object_get(document, "resources"), 0);
    cr_expect_float_eq(json_number_value(json_object_get(resource, "now_full_months")), 0.0, 0.0);
    cr_expect_gt(json_number_value(json_object_get(resource, "plan_full_months")), 12.0);
    cr_expect_gt(json_array_size(json_object_get(document, "frontier")), 3);
    cr_expect_gt(json_array_size(json_object_get(document, "sensitivity")), 0);
    const json_t *variable = json_array_get(json_object_get(document, "variables"), 0);
    const json_t *less = json_object_get(variable, "one_less");
    cr_expect_str_eq(json_string_value(json_object_get(less, "fate")), "fails");
    cr_expect(json_is_object(json_object_get(less, "failing")));
    cr_assert(program_read(&program, "out/plan.json", &file));
    cr_expect_str_eq(text_get(&file), text_get(&program.out));
    cr_assert(program_read(&program, "out/plan.md", &file));
    cr_expect_not_null(strstr(text_get(&file), "## Why each cheaper neighbour fails"));
    cr_assert(program_read(&program, "out/plan.html", &file));
    cr_expect_not_null(strstr(text_get(&file), "Content-Security-Policy"));
    json_decref(document);
    text_release(&file);
    program_release(&program);
}

Test(plan_command, gives_the_same_bytes_for_any_number_of_threads)
{
    struct program program;
    struct text first;
    begin_program(&program);
    text_init(&first);
    cr_assert_eq(run(&program, "--json", "-j1"), 0);
    text_add(&first, text_get(&program.out));
    cr_assert_eq(run(&program, "--json", "-j2"), 0);
    cr_expect_str_eq(text_get(&first), text_get(&program.out));
    text_release(&first);
    program_release(&program);
}

Test(plan_command, exits_1_when_nothing_holds_and_says_what_it_would_take)
{
    struct program program;
    begin_program(&program);
    cr_assert_eq(run(&program, "--vary", "c=1..4"), 1);
    cr_expect_not_null(strstr(text_get(&program.out), "Cannot be met at any size"));
    cr_expect_not_null(strstr(text_get(&program.out), "of the planned load"));
    program_release(&program);
}

Test(plan_command, exits_2_on_what_is_no_plan_without_simulating)
{
    struct program program;
    begin_program(&program);
    cr_expect_eq(run(&program, "--vary", "d=1..4"), 2);
    cr_expect_eq(run(&program, "--under", "flood"), 2);
    cr_expect_eq(run(&program, "--minimize", "beauty"), 2);
    cr_expect_eq(run(&program, "--minimize", "watts"), 2);
    cr_expect_not_null(strstr(text_get(&program.err), "no watts"));
    cr_expect_eq(run(&program, "--max-evals", "0"), 2);
    cr_expect_eq(run(&program, "--vry", "c=1..4"), 2);
    cr_expect_not_null(strstr(text_get(&program.err), "did you mean"));
    program_release(&program);
}

Test(plan_command, says_what_it_would_do)
{
    struct program program;
    struct text file;
    begin_program(&program);
    text_init(&file);
    cr_assert_eq(run(&program, "--dry-run", NULL), 0);
    cr_expect_not_null(strstr(text_get(&program.out), "12 candidates"));
    cr_expect_not_null(strstr(text_get(&program.out), "nothing simulated"));
    cr_expect_not(program_read(&program, "out/plan.json", &file));
    text_release(&file);
    program_release(&program);
}

static json_t *document_of(struct program *program, const char *scenario, int status)
{
    const char *const arguments[] = {"plan", scenario, "-o", "out", "--json", "-q", NULL};
    json_error_t error;
    cr_assert_eq(program_run(program, arguments), status, "%s", text_get(&program->err));
    json_t *document = json_loads(text_get(&program->out), 0, &error);
    cr_assert_not_null(document, "%s", error.text);
    return document;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

Test(plan_command, tells_of_every_end_of_what_is_uncertain)
{
    struct program program;
    struct text yaml, file;
    begin_program(&program);
    text_init(&yaml);
    text_init(&file);
    text_format(&yaml, "%s", desk);
    char *params = strstr(yaml.bytes, "{c: 3}"), *rate = strstr(yaml.bytes, "400/s"),
         *plan = strstr(yaml.bytes, "plan: {");
    cr_assert(params != NULL && rate != NULL && plan != NULL);
    struct text changed;
    text_init(&changed);
    text_format(&changed, "%.*s{c: 3, r: 400/s}%.*s$r%.*splan: {uncertain: {r: 100/s..400/s}, %s",
                (int)(params - yaml.bytes), yaml.bytes, (int)(rate - params - 6), params + 6,
                (int)(plan - rate - 5), rate + 5, plan + 7);
    program_write(&program, "unsure.yaml", text_get(&changed));
    json_t *document = document_of(&program, "unsure.yaml", 0);
    const json_t *regret = json_object_get(document, "regret");
    const json_t *worlds = json_object_get(regret, "worlds");
    cr_assert_eq(json_array_size(worlds), 2);
    const json_t *easy = json_array_get(worlds, 0), *hard = json_array_get(worlds, 1);
    cr_expect_float_eq(number(hard, "regret"), 0.0, 1e-12);
    cr_expect_float_eq(number(easy, "regret"), number(easy, "cost") - number(easy, "cheapest_cost"),
                       1e-12);
    cr_expect_gt(number(easy, "regret"), 0.0);
    cr_expect_float_eq(number(regret, "most"), number(easy, "regret"), 0.0);
    cr_expect_float_eq(number(document, "cost"), number(hard, "cheapest_cost"), 0.0);
    cr_expect_str_eq(json_string_value(json_object_get(regret, "told_of")), "r=400/s");
    cr_assert(program_read(&program, "out/plan.html", &file));
    cr_expect_not_null(strstr(text_get(&file), "Regret at each end of what is uncertain"));
    cr_assert(program_read(&program, "out/plan.md", &file));
    cr_expect_not_null(strstr(text_get(&file), "Least regret over the 2 combinations of ends"));
    json_decref(document);
    text_release(&changed);
    text_release(&yaml);
    text_release(&file);
    program_release(&program);
}

Test(plan_command, names_the_measured_hour_and_refuses_a_bad_one_at_its_place)
{
    struct program program;
    struct text yaml;
    begin_program(&program);
    text_init(&yaml);
    text_format(&yaml, "%s", desk);
    char *load = strstr(yaml.bytes, "load: {");
    cr_assert_not_null(load);
    struct text changed;
    text_init(&changed);
    text_format(&changed, "%.*sload: {profile: hours.csv, %s", (int)(load - yaml.bytes), yaml.bytes,
                load + 7);
    program_write(&program, "measured.yaml", text_get(&changed));
    program_write(&program, "hours.csv", "hour,people\n8,200/s\n9,500/s\n");
    json_t *document = document_of(&program, "measured.yaml", 0);
    const json_t *measured = json_object_get(document, "measured");
    cr_expect_str_eq(json_string_value(json_object_get(measured, "binding_hour")), "9");
    cr_expect_float_eq(number(measured, "factor"), 1.25, 1e-12);
    json_decref(document);
    program_write(&program, "hours.csv", "hour,people\n8,200\n9,5kB\n7,1/s\n");
    const char *const arguments[] = {"plan", "measured.yaml", "-o", "out", NULL};
    cr_expect_eq(program_run(&program, arguments), 2);
    cr_expect_not_null(strstr(text_get(&program.err), "hours.csv:2:3"));
    cr_expect_not_null(strstr(text_get(&program.err), "hours.csv:3:3"));
    cr_expect_not_null(strstr(text_get(&program.err), "hours.csv:4:1"));
    text_release(&changed);
    text_release(&yaml);
    program_release(&program);
}
