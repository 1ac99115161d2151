// test_plan_regret - plans where inputs are intervals, against what formulas say of their ends.
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/study/plan_parts.h"
#include "sim/study/plan_regret.h"
#include "sim/study/queueing.h"
#include "tests/plan/solve.h"

// Mean response of M/M/c with c servers.
static double mean_time(uint32_t c, double rate, double service)
{
    const double a = rate * service;
    return a >= c ? INFINITY : service + queueing_erlang_c(c, a) * service / (c - a);
}

static uint32_t needed(double rate, double service, double limit)
{
    uint32_t c = 1;
    while (mean_time(c, rate, service) >= limit) {
        c++;
    }
    return c;
}

struct doubt {
    struct solve solve;
    struct plan_regret regret;
    bool begun;
};

static void begin(struct doubt *doubt, const char *yaml)
{
    doubt->begun = false;
    solve_read(&doubt->solve, yaml, NULL);
    if (doubt->solve.good) {
        doubt->begun = true;
        cr_assert(plan_regret_init(&doubt->regret, &doubt->solve.plan, &doubt->solve.wrong), "%s",
                  text_get(&doubt->solve.wrong));
        cr_assert(plan_regret_search(&doubt->regret));
    }
}

static void end(struct doubt *doubt)
{
    if (doubt->begun) {
        plan_regret_release(&doubt->regret);
    }
    solve_release(&doubt->solve);
}

static uint32_t value(const struct doubt *doubt, uint32_t variable)
{
    const struct plan *plan = plan_regret_shown(&doubt->regret);
    cr_assert_not_null(plan->best);
    return (uint32_t)strtoul(plan->variables[variable].values[plan->best->at[variable]], NULL, 10);
}

// ---- one input ---------------------------------------------------------------------------------

static void desk(struct text *yaml, const char *plan)
{
    text_format(yaml,
                "params: {c: 3, rate: 200/s, ms: 10ms, times: 1}\n"
                "simulation: {duration: 105s, warmup: 5s, replications: 5, seed: 3}\n"
                "components:\n  desk: {kind: station, servers: $c, service: \"exp(mean=$ms)\"}\n"
                "workloads: {people: {target: desk, rate: $rate}}\n"
                "slos: [{name: quick, target: people, objectives: [\"mean < 14ms\"]}]\n"
                "plan: {vary: {c: 1..15}, headroom: 0%%, minimize: cores, load: {growth: $times}, "
                "%s}\n",
                plan);
}

Test(plan_regret, holds_at_both_ends_and_regrets_what_the_easy_one_spares)
{
    struct doubt doubt;
    struct text yaml;
    const uint32_t few = needed(100, 0.01, 0.014), many = needed(600, 0.01, 0.014);
    text_init(&yaml);
    desk(&yaml, "uncertain: {rate: 100/s..600/s}");
    begin(&doubt, text_get(&yaml));
    cr_assert(doubt.solve.good, "%s", text_get(&doubt.solve.wrong));
    cr_assert_eq(doubt.regret.world_count, 2);
    cr_expect(doubt.regret.found);
    cr_expect_eq(value(&doubt, 0), many);
    const struct plan_world *easy = &doubt.regret.worlds[0], *hard = &doubt.regret.worlds[1];
    cr_expect_str_eq(easy->name, "rate=100/s");
    cr_expect_float_eq(easy->optimum->cost, few, 1e-12);
    cr_expect_float_eq(easy->regret, many - few, 1e-12);
    cr_expect_float_eq(hard->regret, 0.0, 1e-12);
    cr_expect_float_eq(doubt.regret.regret, many - few, 1e-12);
    cr_expect_not(doubt.regret.local, "the dearest end cannot be had for less");
    cr_expect_str_eq(hard->name, doubt.regret.worlds[doubt.regret.shown].name);
    // few candidates: the easy end takes it from the search of the hard one
    cr_expect_leq(doubt.regret.simulated, 12);
    const struct plan *shown = plan_regret_shown(&doubt.regret);
    cr_assert_not_null(shown->next[0]);
    cr_assert_not_null(shown->next[0]->failing);
    cr_expect_not_null(strstr(shown->next[0]->failing->rule, "with rate=600/s, quick: mean"));
    end(&doubt);
    text_release(&yaml);
}

// With a price of what is lacking, the regret of c is c - few where the load is low, and
// (s - 1) (many - c) where it is high.
Test(plan_regret, weighs_what_is_lacking_by_its_price)
{
    static const double prices[] = {1.0, 1.25, 1.5, 2.0, 3.0, 9.0};
    const uint32_t few = needed(100, 0.01, 0.014), many = needed(600, 0.01, 0.014);
    for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
        struct doubt doubt;
        struct text yaml, plan;
        double exact = INFINITY;
        for (uint32_t c = few; c <= many; c++) {
            exact = fmin(exact, fmax(c - few, (prices[i] - 1) * (many - c)));
        }
        text_init(&yaml);
        text_init(&plan);
        text_format(&plan, "uncertain: {rate: [100/s, 600/s]}, shortfall: %gx", prices[i]);
        desk(&yaml, text_get(&plan));
        begin(&doubt, text_get(&yaml));
        cr_assert(doubt.solve.good, "%s", text_get(&doubt.solve.wrong));
        cr_expect_float_eq(doubt.regret.regret, exact, 1e-9, "at %g x: %g, exactly %g", prices[i],
                           doubt.regret.regret, exact);
        const uint32_t c = value(&doubt, 0);
        cr_expect_float_eq(doubt.regret.worlds[1].lack, many - c, 1e-12);
        cr_expect_eq(doubt.regret.worlds[1].holds, c >= many);
        end(&doubt);
        text_release(&plan);
        text_release(&yaml);
    }
}

Test(plan_regret, says_at_which_end_nothing_holds)
{
    struct doubt doubt;
    struct text yaml;
    text_init(&yaml);
    desk(&yaml, "uncertain: {ms: [10ms, 20ms]}");
    begin(&doubt, text_get(&yaml));
    cr_assert(doubt.solve.good);
    cr_expect_not(doubt.regret.found);
    cr_expect_str_eq(doubt.regret.worlds[doubt.regret.shown].name, "ms=20ms");
    struct plan *shown = plan_regret_shown(&doubt.regret);
    cr_assert_null(shown->best);
    cr_assert(plan_outlook(shown));
    cr_expect_not_null(shown->advice);
    end(&doubt);
    text_release(&yaml);
}

Test(plan_regret, growth_may_be_uncertain_as_well)
{
    struct doubt doubt;
    struct text yaml;
    text_init(&yaml);
    desk(&yaml, "uncertain: {times: 1..3}");
    begin(&doubt, text_get(&yaml));
    cr_assert(doubt.solve.good, "%s", text_get(&doubt.solve.wrong));
    cr_expect_eq(value(&doubt, 0), needed(600, 0.01, 0.014));
    cr_expect_float_eq(plan_regret_shown(&doubt.regret)->factor, 3.0, 1e-12);
    end(&doubt);
    text_release(&yaml);
}

// ---- several -----------------------------------------------------------------------------------

// Nobody knows which of two desks most come to: each must be large enough for the many.
Test(plan_regret, covers_ends_that_ask_for_different_sizings)
{
    struct doubt doubt;
    const uint32_t few = needed(100, 0.01, 0.014), many = needed(400, 0.01, 0.014);
    begin(&doubt,
          "params: {a: 3, b: 3, left: 100/s, right: 100/s}\n"
          "simulation: {duration: 105s, warmup: 5s, replications: 5, seed: 3}\n"
          "components:\n"
          "  one: {kind: station, servers: $a, service: exp(mean=10ms)}\n"
          "  two: {kind: station, servers: $b, service: exp(mean=10ms)}\n"
          "workloads:\n  lefts: {target: one, rate: $left}\n  rights: {target: two, rate: $right}\n"
          "slos:\n"
          "  - {name: l, target: lefts, objectives: [\"mean < 14ms\"]}\n"
          "  - {name: r, target: rights, objectives: [\"mean < 14ms\"]}\n"
          "plan: {vary: {a: 1..12, b: 1..12}, headroom: 0%, prices: {one: 1/h, two: 1.5/h},"
          " uncertain: {left: 100/s..400/s, right: 100/s..400/s}}\n");
    cr_assert(doubt.solve.good, "%s", text_get(&doubt.solve.wrong));
    cr_assert_eq(doubt.regret.world_count, 4);
    cr_expect_eq(value(&doubt, 0), many);
    cr_expect_eq(value(&doubt, 1), many);
    static const double prices[] = {1.0, 1.5};
    for (uint32_t w = 0; w < 4; w++) {
        const double a = w & 1 ? many : few, b = w & 2 ? many : few;
        cr_expect_float_eq(doubt.regret.worlds[w].optimum->cost, prices[0] * a + prices[1] * b,
                           1e-9);
        cr_expect_float_eq(doubt.regret.worlds[w].regret,
                           prices[0] * (many - a) + prices[1] * (many - b), 1e-9);
    }
    end(&doubt);
}

// ---- what cannot be read -----------------------------------------------------------------------

static void refuses(const char *plan, const char *words)
{
    struct doubt doubt;
    struct text yaml;
    text_init(&yaml);
    desk(&yaml, plan);
    begin(&doubt, text_get(&yaml));
    cr_expect_not(doubt.solve.good);
    const char *said = doubt.solve.diagnostics.errors > 0
                           ? doubt.solve.diagnostics.entries[0]->message
                           : text_get(&doubt.solve.wrong);
    cr_expect_not_null(strstr(said, words), "`%s` does not say `%s`", said, words);
    end(&doubt);
    text_release(&yaml);
}

Test(plan_regret, refuses_what_is_no_interval)
{
    refuses("uncertain: {rate: [1/s, 2/s, 3/s]}", "`rate` is no interval");
    refuses("uncertain: {rate: 1/s..3/s step 1/s}", "`rate` is no interval");
    refuses("uncertain: {rat: 1/s..3/s}", "rat");
    refuses("uncertain: {c: 1..3}", "is varied and uncertain");
    refuses("shortfall: 0.5x", "out of range");
}

Test(plan_regret, says_which_end_is_no_scenario)
{
    struct solve solve;
    struct plan_regret regret;
    struct text yaml;
    text_init(&yaml);
    desk(&yaml, "uncertain: {ms: [10ms, 10kB]}");
    solve_read(&solve, text_get(&yaml), NULL);
    cr_assert(solve.good);
    cr_expect_not(plan_regret_init(&regret, &solve.plan, &solve.wrong));
    cr_expect_not_null(strstr(text_get(&solve.wrong), "with ms=10kB: "), "%s",
                       text_get(&solve.wrong));
    plan_regret_release(&regret);
    solve_release(&solve);
    text_release(&yaml);
}
