// test_sweep - values, conditions and designs of a parameter study, its points on threads, knees.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/catalog.h"
#include "reports/sweep_report.h"
#include "sim/kernel/sequence.h"
#include "sim/study/knee.h"
#include "sim/study/sweep.h"

// ---- values
// --------------------------------------------------------------------------------------

// All values of "name=..." joined by blanks, or what is wrong with it.
static const char *values_of(const char *text, struct text *out)
{
    struct arena arena;
    struct sweep_levels levels;
    arena_init(&arena);
    text_clear(out);
    if (!sweep_levels_parse(&levels, &arena, text)) {
        cr_expect_leq(levels.wrong.offset + levels.wrong.length, strlen(text), "%s", text);
        text_format(out, "%zu: %s", levels.wrong.offset, levels.wrong.text);
    } else {
        for (uint32_t i = 0; i < levels.count && i < 20; i++) {
            text_format(out, "%s%s", i == 0 ? "" : " ", sweep_levels_value(&levels, &arena, i));
        }
    }
    arena_release(&arena);
    return text_get(out);
}

Test(sweep_levels, ranges_count_in_decimals_and_keep_their_unit)
{
    static const char *const cases[][2] = {
        {"n=3..6", "3 4 5 6"},
        {"n=3..10 step 3", "3 6 9"},
        {"r=1000/s..2000/s step 500/s", "1000/s 1500/s 2000/s"},
        {"x=0.1..0.5 step 0.1", "0.1 0.2 0.3 0.4 0.5"},
        {"x=0.5..2 step 0.75", "0.5 1.25 2"},
        {"t=500ms..2s step 500ms", "500ms 1s 1.5s 2s"},
        {"t=5ms..15ms step 5ms", "5ms 10ms 15ms"},
        {"k=a,b,c", "a b c"},
        {"d=exp(mean=1ms),gamma(mean=1ms, cv=2)", "exp(mean=1ms) gamma(mean=1ms, cv=2)"},
        {"n=7", "7"},
        {"n=5..5", "5"},
    };
    struct text out;
    text_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_str_eq(values_of(cases[i][0], &out), cases[i][1], "%s: %s", cases[i][0],
                         text_get(&out));
    }
    text_release(&out);
}

Test(sweep_levels, what_is_no_range_is_refused)
{
    static const char *const cases[][2] = {
        {"n", "0: expected NAME=VALUE"},
        {"=3", "0: expected NAME=VALUE"},
        {"n=", "0: expected NAME=VALUE"},
        {"n=1,,2", "4: a value is missing between commas"},
        {"n=1,2,", "5: a value is missing between commas"},
        {"n=6..3", "2: the range ends before it begins"},
        {"n=1..5 step 0", "12: the step is not above 0"},
        {"n=1/s..5 step 1", "7: low, high and step are plain numbers with the same unit"},
        {"n=a..b", "2: low, high and step are plain numbers"},
        {"n=0..99999999999 step 1", "2: more than a million"},
        {"n=99999999999999999999..1", "2: low, high and step are plain numbers"},
        {"n=1..5 stepp 1", "7: "},
    };
    struct text out;
    text_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(strstr(values_of(cases[i][0], &out), cases[i][1]) == text_get(&out), "%s: %s",
                  cases[i][0], text_get(&out));
    }
    text_release(&out);
}

// ---- conditions
// ----------------------------------------------------------------------------------

// 1, 0, or -1 where it makes no sense.
static int holds(const char *condition)
{
    static const struct sweep_binding bindings[] = {
        {"n", "8"}, {"peak", "3000/s"}, {"limit", "500ms"}, {"policy", "random"}, {"share", "50%"}};
    const struct sweep_scope scope = {bindings, sizeof bindings / sizeof bindings[0]};
    struct arena arena;
    struct expression_error error;
    struct sweep_nonsense nonsense = {0};
    bool answer = false;
    arena_init(&arena);
    text_init(&nonsense.why);
    const struct expression *where = expression_parse(&arena, condition, &error);
    cr_assert_not_null(where, "%s", condition);
    const bool good = sweep_where_holds(where, &scope, &answer, &nonsense);
    cr_assert_eq(good, nonsense.why.length == 0 && nonsense.at == NULL);
    text_release(&nonsense.why);
    arena_release(&arena);
    return good ? answer : -1;
}

Test(sweep_where, units_are_kept_and_nonsense_is_refused)
{
    static const struct {
        const char *condition;
        int holds;
    } cases[] = {
        {"n * 400/s >= peak", 1},
        {"n * 300/s >= peak", 0},
        {"$n > 7 and $n < 9", 1},
        {"n > 8 or n == 8", 1},
        {"not n == 8", 0},
        {"peak * limit == 1500", 1},
        {"n / limit == 16/s", 1},
        {"1 / peak < 1ms", 1},
        {"peak / 1000/s == 3", 1},
        {"policy == random", 1},
        {"policy != 'round robin'", 1},
        {"share == 0.5", 1},
        {"n - 2 * 3 == 2", 1},
        {"limit + 500ms == 1s", 1},
        {"limit > peak", -1},
        {"peak + n > 3", -1},
        {"policy > 3", -1},
        {"n", -1},
        {"n and peak", -1},
        {"max(n) > 2", -1},
        {"n - (1 + (2 - (3 - (4 - 1)))) == 5", 1},
        {"n - 1 - 2 - 3 == 2", 1},
        {"not (n > 9 and (n > 7 or policy == x)) and -n < -(-n)", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(holds(cases[i].condition), cases[i].holds, "%s", cases[i].condition);
    }
}

Test(sweep_where, long_chains_and_deep_brackets_are_evaluated)
{
    struct text chain, deep;
    text_init(&chain);
    text_init(&deep);
    text_add(&chain, "1");
    for (uint32_t i = 1; i < 1000; i++) {
        text_add(&chain, " + 1");
    }
    for (uint32_t i = 1; i < EXPRESSION_DEPTH / 2; i++) {
        text_add(&deep, "1 - (");
    }
    text_add(&deep, "0");
    for (uint32_t i = 1; i < EXPRESSION_DEPTH / 2; i++) {
        text_add(&deep, ")");
    }
    text_add(&chain, " == 1000");
    text_add(&deep, " == 1");
    cr_expect_eq(holds(text_get(&chain)), 1);
    cr_expect_eq(holds(text_get(&deep)), 1);
    text_release(&deep);
    text_release(&chain);
}

// ---- designs
// -------------------------------------------------------------------------------------

struct laid_out {
    struct arena arena;
    struct sweep_space space;
    struct sweep_points points;
    struct sweep_points_wrong wrong;
    bool good;
};

static void lay_out(struct laid_out *out, const char *design, const char *const *params,
                    const char *where)
{
    struct expression_error error;
    *out = (struct laid_out){.space = {.seed = 42}};
    arena_init(&out->arena);
    text_init(&out->wrong.nonsense.why);
    cr_assert(sweep_points_design(&out->space, design));
    for (; *params != NULL; params++) {
        cr_assert(sweep_levels_parse(&out->space.parameters[out->space.parameter_count++],
                                     &out->arena, *params));
    }
    out->space.conditions[0] = where == NULL ? NULL : expression_parse(&out->arena, where, &error);
    out->good = sweep_points_make(&out->space, &out->arena, &out->points, &out->wrong);
}

static void release(struct laid_out *out)
{
    arena_release(&out->arena);
    text_release(&out->wrong.nonsense.why);
}

Test(sweep_points, a_grid_has_every_combination_the_first_parameter_slowest)
{
    struct laid_out out;
    lay_out(&out, "grid", (const char *const[]){"a=1..3", "b=x,y", NULL}, NULL);
    cr_assert(out.good);
    static const char *const expected[] = {"1", "x", "1", "y", "2", "x",
                                           "2", "y", "3", "x", "3", "y"};
    cr_assert_eq(out.points.count, 6);
    for (size_t i = 0; i < 12; i++) {
        cr_expect_str_eq(out.points.values[i], expected[i]);
    }
    release(&out);
}

Test(sweep_points, a_condition_leaves_points_out_and_numbers_the_rest_without_gaps)
{
    struct laid_out out;
    lay_out(&out, "grid", (const char *const[]){"a=1..4", "b=1..4", NULL}, "a * b == 4");
    cr_assert(out.good);
    cr_assert_eq(out.points.designed, 16);
    cr_assert_eq(out.points.count, 3);
    cr_expect_str_eq(out.points.values[0], "1");
    cr_expect_str_eq(out.points.values[1], "4");
    cr_expect_str_eq(out.points.values[4], "4");
    release(&out);
    lay_out(&out, "grid", (const char *const[]){"a=1..4", NULL}, "a > 9");
    cr_expect_not(out.good);
    release(&out);
}

Test(sweep_points, a_list_joins_values_one_by_one)
{
    struct laid_out out;
    lay_out(&out, "list", (const char *const[]){"a=1,2", "b=x,y", NULL}, NULL);
    cr_assert(out.good);
    cr_assert_eq(out.points.count, 2);
    cr_expect_str_eq(out.points.values[3], "y");
    release(&out);
    lay_out(&out, "list", (const char *const[]){"a=1,2,3", "b=x,y", NULL}, NULL);
    cr_expect_not(out.good);
    release(&out);
}

Test(sweep_points, a_grid_over_a_range_without_step_asks_for_one)
{
    struct laid_out out;
    lay_out(&out, "grid", (const char *const[]){"r=100/s..900/s", NULL}, NULL);
    cr_expect_not(out.good);
    cr_expect(strstr(text_get(&out.wrong.nonsense.why), "needs a step") != NULL);
    release(&out);
}

static double number_at(const struct laid_out *out, uint32_t point, uint32_t parameter)
{
    return sweep_where_amount(out->points.values[point * out->space.parameter_count + parameter])
        .value;
}

// Each of N equal parts of every parameter has exactly one point.
Test(sweep_points, a_latin_hypercube_has_one_point_in_every_part_of_every_parameter)
{
    enum { COUNT = 50 };
    struct laid_out out;
    lay_out(&out, "lhs:50", (const char *const[]){"r=0/s..1000/s", "s=0..999999", NULL}, NULL);
    cr_assert(out.good);
    cr_assert_eq(out.points.count, COUNT);
    const double widths[] = {1001.0 / COUNT, 1000000.0 / COUNT};
    for (uint32_t parameter = 0; parameter < 2; parameter++) {
        bool taken[COUNT] = {false};
        uint32_t parts = 0;
        for (uint32_t point = 0; point < COUNT; point++) {
            const uint32_t part =
                (uint32_t)((number_at(&out, point, parameter) + 0.5) / widths[parameter]);
            cr_assert_lt(part, COUNT);
            parts += !taken[part];
            taken[part] = true;
        }
        cr_expect_geq(parts, COUNT - 1, "%u", parts); // a level may lie across two parts
    }
    release(&out);
}

Test(sweep_points, a_hypercube_depends_on_the_seed_and_not_on_further_parameters)
{
    struct laid_out one, two, other;
    lay_out(&one, "lhs:20", (const char *const[]){"a=0..9999", NULL}, NULL);
    lay_out(&two, "lhs:20", (const char *const[]){"b=0..9999", "a=0..9999", NULL}, NULL);
    uint32_t different = 0;
    for (uint32_t point = 0; point < 20; point++) {
        cr_expect_str_eq(one.points.values[point], two.points.values[2 * point + 1]);
        different += !text_same(two.points.values[2 * point], two.points.values[2 * point + 1]);
    }
    cr_expect_gt(different, 10);
    other = one;
    other.space.seed = 43;
    cr_assert(sweep_points_make(&other.space, &one.arena, &other.points, &other.wrong));
    different = 0;
    for (uint32_t point = 0; point < 20; point++) {
        different += !text_same(one.points.values[point], other.points.values[point]);
    }
    cr_expect_gt(different, 10);
    release(&one);
    release(&two);
}

// Among the first 2^k - 1 points and the origin, every dyadic interval of length 2^-k has one.
Test(sequence, sobols_points_fill_every_dyadic_interval_once)
{
    enum { COUNT = 63, WIDTH = 5 };
    double points[COUNT * WIDTH];
    sequence_sobol(WIDTH, COUNT, points);
    for (uint32_t d = 0; d < WIDTH; d++) {
        bool taken[COUNT + 1] = {true}; // the origin
        for (uint32_t i = 0; i < COUNT; i++) {
            const uint32_t part = (uint32_t)(points[i * WIDTH + d] * (COUNT + 1));
            cr_assert_leq(part, COUNT);
            cr_expect_not(taken[part], "dimension %u, point %u", d, i);
            taken[part] = true;
        }
    }
}

Test(sweep_points, designs_are_read_by_name)
{
    struct sweep_space space = {0};
    cr_expect(sweep_points_design(&space, "sobol:64"));
    cr_expect_eq(space.wanted, 64);
    static const char *const wrong[] = {"sobol", "lhs:0", "lhs:x", "grid:3", "lhs:1000000", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect_not(sweep_points_design(&space, wrong[i]), "%s", wrong[i]);
    }
}

// ---- knees
// ---------------------------------------------------------------------------------------

// y = 1/(1 - x) from 0 to 0.9 has the slope of its chord, 10, where 1 - x is the root of 1/10.
Test(knee, of_a_saturating_server_lies_where_the_slope_is_that_of_the_chord)
{
    double x[91], y[91], depth;
    for (uint32_t i = 0; i < 91; i++) {
        x[i] = i / 100.0;
        y[i] = 1.0 / (1.0 - x[i]);
    }
    cr_expect_eq(knee_find(x, y, 91, &depth), 68);
    const double at = 1.0 - sqrt(0.1);
    cr_expect_float_eq(depth, at / 0.9 - (1.0 / (1.0 - at) - 1.0) / 9.0, 1e-3);
}

Test(knee, a_line_and_too_few_points_have_none)
{
    const double x[] = {1, 2, 3, 4, 5}, line[] = {2, 4, 6, 8, 10}, flat[] = {1, 1, 1, 1, 1};
    const double bent[] = {1, 1, 1, 1, 10};
    cr_expect_eq(knee_find(x, line, 5, NULL), KNEE_NONE);
    cr_expect_eq(knee_find(x, flat, 5, NULL), KNEE_NONE);
    cr_expect_eq(knee_find(x, bent + 2, 3, NULL), KNEE_NONE);
    cr_expect_eq(knee_find(x, bent, 5, NULL), 3);
    const double noise[] = {1.0, 0.99, 1.0, 1.01, 1.1};
    const double falling[] = {10, 9, 8, 2, 1};
    cr_expect_eq(knee_find(x, noise, 5, NULL), KNEE_NONE);
    cr_expect_eq(knee_find(x, falling, 5, NULL), KNEE_NONE);
    cr_expect_eq(knee_find(x, bent, 0, NULL), KNEE_NONE);
}

// ---- points on threads
// ---------------------------------------------------------------------------

static const char queue[] =
    "orrery: v1\n"
    "name: small\n"
    "params: {load: 500/s}\n"
    "simulation: {duration: 2s, warmup: 200ms, replications: 3}\n"
    "components:\n"
    "  server: {kind: station, service: exp(mean=1ms)}\n"
    "workloads:\n"
    "  clients: {target: server, rate: $load}\n"
    "slos:\n"
    "  - {name: latency, target: clients, objectives: [\"p(99) < 20ms\"]}\n";

static void sweep_begin(struct sweep *sweep, const struct scenario_options *options,
                        const char *param)
{
    struct sweep_points_wrong wrong = {{0}};
    sweep_init(sweep);
    text_init(&wrong.nonsense.why);
    sweep->design = "grid";
    sweep->source = (struct sweep_source){.path = "small.yaml",
                                          .file = {"small.yaml", queue, sizeof queue - 1},
                                          .options = options,
                                          .catalog = &catalog_all};
    cr_assert(sweep_levels_parse(&sweep->space.parameters[0], &sweep->arena, param));
    sweep->space.parameter_count = 1;
    cr_assert(sweep_points_make(&sweep->space, &sweep->arena, &sweep->points, &wrong), "%s",
              text_get(&wrong.nonsense.why));
    text_release(&wrong.nonsense.why);
    sweep->rows = arena_take_array(&sweep->arena, sweep->points.count, sizeof *sweep->rows);
    for (uint32_t i = 0; i < sweep->points.count; i++) {
        sweep->rows[i].chosen = true;
    }
    sweep->chosen = sweep->points.count;
}

static char *json_of(const struct sweep *sweep)
{
    struct arena arena;
    struct json_write json;
    arena_init(&arena);
    json_write_init(&json);
    const struct sweep_curves curves = sweep_curves_find(sweep, &arena);
    sweep_report_json(&(struct sweep_report){.sweep = sweep, .digest = "", .curves = &curves},
                      &json);
    char *copy = strdup(json_write_get(&json));
    json_write_release(&json);
    arena_release(&arena);
    return copy;
}

static char *swept(uint32_t workers, bool reversed)
{
    const struct scenario_options options = {0};
    struct sweep sweep;
    struct text why;
    text_init(&why);
    sweep_begin(&sweep, &options, "load=100/s..900/s step 200/s");
    cr_assert(sweep_check(&sweep, NULL, NULL));
    const struct sweep_options how = {.workers = workers, .reversed = reversed};
    cr_assert_eq(sweep_run(&sweep, &how, &why), SWEEP_END_DONE);
    char *json = json_of(&sweep);
    sweep_release(&sweep);
    text_release(&why);
    return json;
}

Test(sweep, any_number_of_threads_in_any_order_gives_the_same_bytes)
{
    char *one = swept(1, false), *three = swept(3, true), *many = swept(12, false);
    cr_expect_str_eq(one, three);
    cr_expect_str_eq(one, many);
    cr_expect(strstr(one, "\"verdict\": \"PASS\"") != NULL);
    free(one);
    free(three);
    free(many);
}

// M/M/1 with 1,000/s: the mean response is 1/(1000 - load); the same luck makes it rise strictly.
Test(sweep, points_share_their_luck)
{
    const struct scenario_options options = {.replications = "6"};
    struct sweep sweep;
    struct text why;
    text_init(&why);
    sweep_begin(&sweep, &options, "load=600/s,600/s,610/s");
    cr_assert(sweep_check(&sweep, NULL, NULL));
    const struct sweep_options how = {.workers = 2};
    cr_assert_eq(sweep_run(&sweep, &how, &why), SWEEP_END_DONE);
    const struct sweep_row *rows = sweep.rows;
    cr_expect_eq(rows[0].fingerprint.low, rows[1].fingerprint.low);
    cr_expect_eq(rows[0].flows[0].mean.value, rows[1].flows[0].mean.value);
    cr_expect_gt(rows[2].flows[0].mean.value, rows[0].flows[0].mean.value);
    cr_expect_float_eq(rows[0].flows[0].mean.value, 0.0025, 0.0006);
    cr_expect_eq(rows[0].replications, 6);
    sweep_release(&sweep);
    text_release(&why);
}

static void count_shown(void *context, uint32_t point, struct diagnostic_list *diagnostics)
{
    (void)point;
    cr_assert_gt(diagnostics->errors, 0);
    ++*(uint32_t *)context;
}

Test(sweep, a_point_that_is_no_scenario_is_refused_before_anything_runs)
{
    const struct scenario_options options = {0};
    struct sweep sweep;
    uint32_t shown = 0;
    sweep_begin(&sweep, &options, "load=100/s,fast,200/s,faster");
    cr_expect_not(sweep_check(&sweep, count_shown, &shown));
    cr_expect_eq(shown, 2);
    sweep_release(&sweep);
}

static bool note_done(void *context, uint32_t point, const struct result *result, struct text *why)
{
    bool *done = context;
    (void)why;
    cr_assert_eq(result->replication_count, 3);
    done[point] = true;
    return true;
}

Test(sweep, a_point_at_max_events_is_broken_and_the_others_go_on)
{
    const struct scenario_options options = {0};
    struct sweep sweep;
    struct text why;
    bool done[3] = {false};
    text_init(&why);
    sweep_begin(&sweep, &options, "load=100/s,800/s,100/s");
    char bytes[sizeof queue + 64];
    snprintf(bytes, sizeof bytes, "%s", queue);
    const char *cut = strstr(queue, "duration");
    snprintf(bytes + (cut - queue), sizeof bytes - (size_t)(cut - queue), "max_events: 1000, %s",
             cut);
    sweep.source.file.bytes = bytes;
    sweep.source.file.length = strlen(bytes);
    cr_assert(sweep_check(&sweep, NULL, NULL));
    const struct sweep_options how = {.workers = 2, .context = done, .done = note_done};
    cr_assert_eq(sweep_run(&sweep, &how, &why), SWEEP_END_DONE);
    cr_expect_eq(sweep.rows[0].state, SWEEP_DONE);
    cr_expect_eq(sweep.rows[1].state, SWEEP_BROKEN);
    cr_expect(done[0] && !done[1] && done[2]);
    const struct sweep_options fast = {.workers = 1, .fail_fast = true};
    sweep.rows[0].state = sweep.rows[1].state = sweep.rows[2].state = SWEEP_PENDING;
    cr_assert(sweep_check(&sweep, NULL, NULL)); // a row's digest was that of its result
    cr_assert_eq(sweep_run(&sweep, &fast, &why), SWEEP_END_FAST);
    cr_expect_eq(sweep.rows[2].state, SWEEP_PENDING);
    sweep_release(&sweep);
    text_release(&why);
}

Test(sweep, a_stop_interrupts)
{
    const struct scenario_options options = {0};
    struct sweep sweep;
    struct text why;
    const volatile int stop = 2;
    text_init(&why);
    sweep_begin(&sweep, &options, "load=100/s..900/s step 200/s");
    cr_assert(sweep_check(&sweep, NULL, NULL));
    const struct sweep_options how = {.workers = 2, .stop = &stop};
    cr_assert_eq(sweep_run(&sweep, &how, &why), SWEEP_END_INTERRUPTED);
    cr_expect_eq(sweep.rows[0].state, SWEEP_PENDING);
    sweep_release(&sweep);
    text_release(&why);
}
