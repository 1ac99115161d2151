// test_plan_bound - what formulas rule out, where they begin, and that both agree with the answer.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "sim/study/plan_parts.h"
#include "sim/study/queueing.h"
#include "tests/plan/solve.h"

// ---- closed workloads --------------------------------------------------------------------------

struct users {
    double count, think_s, service_s, limit_s;
};

static double response(const struct users *users, uint32_t c)
{
    const struct queueing_visit desk = {c, users->service_s};
    const struct queueing_closed network = {1, &desk, users->count, users->think_s};
    return queueing_closed_response(&network);
}

static void begin_users(struct solve *solve, const struct users *users, const char *objective,
                        const char *more)
{
    struct text yaml;
    text_init(&yaml);
    text_format(&yaml,
                "params: {c: 1}\n"
                "simulation: {duration: 105s, warmup: 5s, replications: 10, seed: 7}\n"
                "components: {desk: {kind: station, servers: $c, service: exp(mean=%.6gms)%s}}\n"
                "workloads: {people: {target: desk, model: closed, users: %.0f, "
                "think: \"%s(%s%.6gms)\"}}\n"
                "slos: [{name: goal, target: people, objectives: [\"%s\"]}]\n"
                "plan: {headroom: 0%%, minimize: cores, vary: {c: 1..40}}\n",
                users->service_s * 1e3, more, users->count, users->think_s > 0 ? "exp" : "const",
                users->think_s > 0 ? "mean=" : "", users->think_s * 1e3, objective);
    solve_init(solve, text_get(&yaml), NULL);
    text_release(&yaml);
    cr_assert(solve->good, "%s", text_get(&solve->wrong));
    cr_assert_not_null(solve->plan.best);
}

Test(plan_bound, closed_workloads_get_the_servers_that_mean_values_ask_for)
{
    static const struct users cases[] = {
        {40, 0.1, 0.01, 0.05}, {100, 1.0, 0.05, 0.2}, {200, 2.0, 0.1, 0.14}, {15, 0.3, 0.2, 0.29}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct users *users = &cases[i];
        struct solve solve;
        struct text goal;
        uint32_t exact = 1;
        while (response(users, exact) >= users->limit_s) {
            exact++;
        }
        text_init(&goal);
        text_format(&goal, "mean < %.6gms", users->limit_s * 1e3);
        begin_users(&solve, users, text_get(&goal), "");
        cr_expect_eq(solve_value(&solve, 0), exact, "%zu: %u, exactly %u", i,
                     solve_value(&solve, 0), exact);
        cr_expect_eq(solve.plan.next[0]->fate, PLAN_FAILS);
        // the guess is the answer: the largest, the guess and its neighbour are simulated
        cr_expect_eq(solve.plan.seed[0] + 1u, exact);
        cr_expect_eq(solve.plan.simulated, 3, "%u", solve.plan.simulated);
        // the asymptote rules out what would be slower with all servers busy all the time
        const double asymptote =
            users->count * users->service_s / (users->limit_s + users->think_s);
        cr_expect_float_eq(solve.plan.below, ceil(0.98 * asymptote) - 1, 1.0, "%g", asymptote);
        cr_expect_gt(solve.plan.below, 0);
        cr_expect_lt(solve.plan.below, exact);
        text_release(&goal);
        solve_release(&solve);
    }
}

// What a closed workload would use if there were more is no need: three servers do where the
// largest sizing keeps nearly four busy.
Test(plan_bound, a_closed_workload_needs_no_more_than_it_is_given)
{
    static const struct users users = {40, 0.1, 0.01, 0.05};
    struct solve solve;
    begin_users(&solve, &users, "mean < 50ms", "");
    cr_expect_gt(solve.plan.busy[0], 3.5);
    cr_expect_eq(solve_value(&solve, 0), 3);
    solve_release(&solve);
}

Test(plan_bound, throughput_of_a_closed_workload_is_bounded_by_its_servers)
{
    static const struct users users = {60, 0.0, 0.01, 1.0};
    struct solve solve;
    begin_users(&solve, &users, "throughput >= 950/s", "");
    cr_expect_eq(solve_value(&solve, 0), 10);
    cr_expect_geq(solve.plan.below, 8);
    solve_release(&solve);
}

// Patience lets visits leave unserved: then the response-time law says nothing.
Test(plan_bound, nothing_is_ruled_out_where_visits_may_leave)
{
    static const struct users users = {40, 0.0, 0.01, 0.05};
    struct solve solve;
    begin_users(&solve, &users, "mean < 50ms", ", patience: const(20ms)");
    cr_expect_eq(solve.plan.below, 0);
    solve_release(&solve);
}

// ---- open workloads ----------------------------------------------------------------------------

static void begin_open(struct solve *solve, const char *service, const char *arrivals,
                       const char *objective)
{
    struct text yaml;
    text_init(&yaml);
    text_format(&yaml,
                "params: {c: 1}\n"
                "simulation: {duration: 105s, warmup: 5s, replications: 10, seed: 7}\n"
                "components: {desk: {kind: station, servers: $c, service: \"%s\"}}\n"
                "workloads: {people: {target: desk, rate: 700/s, arrivals: %s}}\n"
                "slos: [{name: goal, target: people, objectives: [\"%s\"]}]\n"
                "plan: {headroom: 0%%, minimize: cores, vary: {c: 1..30}}\n",
                service, arrivals, objective);
    solve_init(solve, text_get(&yaml), NULL);
    text_release(&yaml);
    cr_assert(solve->good, "%s", text_get(&solve->wrong));
    cr_assert_not_null(solve->plan.best);
}

// The variation of arrivals and services moves the guess as it moves the answer.
Test(plan_bound, the_search_begins_where_allen_and_cunneen_say)
{
    static const struct {
        const char *service, *arrivals, *objective;
    } cases[] = {
        {"exp(mean=10ms)", "poisson", "mean < 12ms"},
        {"const(10ms)", "poisson", "mean < 12ms"},
        {"hyperexponential(mean=10ms, cv=3)", "poisson", "mean < 12ms"},
        {"exp(mean=10ms)", "erlang(k=4)", "mean < 12ms"},
        {"exp(mean=10ms)", "poisson", "p(99) < 60ms"},
        {"const(10ms)", "constant", "mean < 11ms"},
    };
    uint32_t answers[6];
    for (size_t i = 0; i < 6; i++) {
        struct solve solve;
        begin_open(&solve, cases[i].service, cases[i].arrivals, cases[i].objective);
        answers[i] = solve_value(&solve, 0);
        const int off = (int)solve.plan.seed[0] + 1 - (int)answers[i];
        cr_expect(off >= -1 && off <= 1, "%zu: from %u to %u", i, solve.plan.seed[0] + 1u,
                  answers[i]);
        cr_expect_leq(solve.plan.simulated, 5, "%zu: %u", i, solve.plan.simulated);
        solve_release(&solve);
    }
    cr_expect_lt(answers[1], answers[0], "constant services wait less");
    cr_expect_gt(answers[2], answers[0], "those of great variance more");
    cr_expect_leq(answers[3], answers[0]);
}

Test(plan_bound, what_kingman_is_sure_of_is_likely)
{
    struct solve solve;
    begin_open(&solve, "exp(mean=10ms)", "poisson", "mean < 14ms");
    struct plan *plan = &solve.plan;
    uint16_t at[PLAN_VARIABLES] = {0};
    uint32_t sure = 0, likely = 0;
    for (uint16_t value = 0; value < 30; value++) {
        struct diagnostic_list diagnostics;
        struct scenario scenario;
        diagnostic_init(&diagnostics);
        at[0] = value;
        cr_assert(plan_trial_load(plan, at, &scenario, &diagnostics));
        const bool certain = plan_predict_surely(plan, &scenario);
        cr_expect(!certain || plan_predict_likely(plan, &scenario));
        sure += certain;
        likely += plan_predict_likely(plan, &scenario);
        scenario_release(&scenario);
        diagnostic_release(&diagnostics);
    }
    cr_expect_gt(sure, 0);
    cr_expect_gt(likely, sure);
    cr_expect_eq(30 - likely + 1, solve_value(&solve, 0));
    solve_release(&solve);
}

// Constant arrivals pass the front as they are, and formulas
// take what comes behind it for Poisson's. They ask for too much, and parts of the design say so.
Test(plan_bound, many_variables_come_down_from_what_formulas_ask_for)
{
    struct text params, calls, stations, goals, vary, yaml;
    struct text *const parts[] = {&params, &calls, &stations, &goals, &vary, &yaml};
    enum { COUNT = 7 };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_init(parts[i]);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        text_format(&params, "%sc%u: 20", i == 0 ? "" : ", ", i);
        text_format(&vary, "%sc%u: 1..20", i == 0 ? "" : ", ", i);
        text_format(&calls, "        - call: {to: s%u}\n", i);
        text_format(&stations, "  s%u: {kind: station, servers: $c%u, service: %ums}\n", i, i,
                    20 + 10 * i);
        text_format(&goals, "  - {name: g%u, target: s%u, objectives: [\"mean < %.6gms\"]}\n", i, i,
                    (20 + 10 * i) * 1.02);
    }
    text_format(&yaml,
                "params: {%s}\n"
                "simulation: {duration: 35s, warmup: 5s, replications: 5, seed: 7}\n"
                "components:\n  front:\n    kind: service\n    operations:\n      ask:\n%s"
                "        - reply: 0B\n%s"
                "workloads: {people: {target: front.ask, rate: 90/s, arrivals: constant}}\n"
                "slos:\n%splan: {headroom: 0%%, minimize: cores, vary: {%s}}\n",
                text_get(&params), text_get(&calls), text_get(&stations), text_get(&goals),
                text_get(&vary));
    struct solve solve;
    solve_init(&solve, text_get(&yaml), NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    const struct plan *plan = &solve.plan;
    cr_assert_not_null(plan->best);
    cr_expect_gt(plan->on_parts, 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        // constant times in order: enough is what carries the work
        cr_expect_eq(solve_value(&solve, i), (uint32_t)ceil(90 * (0.02 + 0.01 * i)), "%u: %u", i,
                     solve_value(&solve, i));
        cr_expect_geq(plan->seed[i], plan->best->at[i]);
    }
    solve_release(&solve);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_release(parts[i]);
    }
}
