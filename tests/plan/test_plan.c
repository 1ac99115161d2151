// test_plan - what a plan reads, refuses, prices and says when nothing holds.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/plan/solve.h"

static const char shop[] =
    "params: {n: 3, rate: 200/s, spare: 1}\n"
    "simulation: {duration: 50s, warmup: 40s, replications: 5, seed: 3}\n"
    "topology: {regions: {r: [a, b, c]}}\n"
    "components:\n"
    "  desk:\n    kind: service\n    replicas: $n\n    cores: 2\n    memory: 4Gi\n"
    "    concurrency: $spare\n    operations:\n      serve: [{cpu: 10ms}, {reply: 0B}]\n"
    "workloads: {people: {target: desk.serve, rate: $rate, timeout: 1s}}\n"
    "slos: [{name: quick, target: people, objectives: [\"p(99) < 100ms\"]}]\n";

static void begin_planning(struct solve *solve, const char *plan,
                           const struct plan_request *request)
{
    struct text yaml;
    text_init(&yaml);
    text_add(&yaml, shop);
    text_add(&yaml, plan);
    solve_init(solve, text_get(&yaml), request);
    text_release(&yaml);
}

static void refuses(const char *plan, const struct plan_request *request, const char *words)
{
    struct solve solve;
    begin_planning(&solve, plan, request);
    cr_expect_not(solve.good);
    cr_expect_not_null(strstr(text_get(&solve.wrong), words), "`%s` does not say `%s`",
                       text_get(&solve.wrong), words);
    solve_release(&solve);
}

Test(plan, refuses_what_cannot_be_planned)
{
    static const char *const twice[] = {"n=1..3", "n=2..4"};
    static const char *const back[] = {"n=5..2"};
    static const char *const unknown[] = {"m=1..3"};
    static const char *const units[] = {"rate=1/s..2/min"};
    refuses("plan: {vary: {}, headroom: 0%, minimize: cores}\n", NULL, "nothing to vary");
    refuses("", &(struct plan_request){.vary = twice, .vary_count = 2}, "varied twice");
    refuses("", &(struct plan_request){.vary = back, .vary_count = 1}, "no range");
    refuses("", &(struct plan_request){.vary = unknown, .vary_count = 1}, "no parameter `m`");
    refuses("", &(struct plan_request){.vary = units, .vary_count = 1}, "no range");
    refuses("plan: {vary: {n: 1..9}}\n", &(struct plan_request){.under = "flood"}, "no fault");
    refuses("plan: {vary: {n: 1..9}}\n"
            "faults: [{name: late, action: kill, select: {component: desk}, at: 45s,"
            " duration: 1s}]\n",
            &(struct plan_request){.under = "late"}, "too late to see it recovered");
    refuses("plan: {vary: {n: 1..9}}\n", &(struct plan_request){.minimize = "cost"}, "no prices");
    refuses("plan: {vary: {n: 1..9}}\n", &(struct plan_request){.minimize = "money"},
            "cost, cores or watts");
}

Test(plan, prices_by_component_by_resource_and_by_machine_type)
{
    static const struct {
        const char *prices;
        double cost; // of the 3 replicas of 2 cores and 4 GiB
    } cases[] = {
        {"{desk: 0.5/h}", 1.5},
        {"{cpu: 0.1/h, memory: 0.01/GiB/h}", 3 * (2 * 0.1 + 4 * 0.01)},
        {"{types: [{name: s, cores: 1, memory: 8Gi, price: 0.1/h}, {name: m, cores: 2, memory: "
         "8Gi, price: 0.3/h}, {name: l, cores: 4, memory: 16Gi, price: 0.5/h}]}",
         0.9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct solve solve;
        struct text plan;
        text_init(&plan);
        text_format(&plan, "plan: {vary: {n: 3..4}, headroom: 0%%, prices: %s}\n", cases[i].prices);
        begin_planning(&solve, text_get(&plan), NULL);
        cr_assert(solve.good, "%s", text_get(&solve.wrong));
        cr_expect_float_eq(solve.plan.cost_now, cases[i].cost, 1e-12);
        solve_release(&solve);
        text_release(&plan);
    }
}

Test(plan, grows_by_the_month_and_adds_headroom)
{
    struct solve solve;
    begin_planning(&solve,
                   "plan: {vary: {n: 2..9}, load: {growth: 5%/month, months: 12}, headroom: 10%,"
                   " minimize: cores}\n",
                   NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    cr_expect_float_eq(solve.plan.factor, pow(1.05, 12) * 1.1, 1e-9);
    cr_assert(plan_outlook(&solve.plan));
    cr_assert_gt(solve.plan.resource_count, 0);
    // 200/s x 10 ms are two busy cores: six are full at three times the load
    const struct plan_resource *desk = &solve.plan.resources[0];
    cr_expect_float_eq(desk->busy, 2.0, 0.05);
    cr_expect_float_eq(desk->months_now, log(6.0 / desk->busy) / log(1.05), 1e-6);
    solve_release(&solve);
}

Test(plan, keeps_what_holds_with_any_zone_lost)
{
    struct solve calm, lost;
    begin_planning(&calm, "plan: {vary: {n: 1..9}, headroom: 0%, minimize: cores}\n", NULL);
    begin_planning(&lost,
                   "plan: {vary: {n: 1..9}, headroom: 0%, under: [each-zone], minimize: cores}\n",
                   NULL);
    cr_assert(calm.good && lost.good);
    cr_assert_eq(lost.plan.case_count, 4);
    cr_expect_gt(solve_value(&calm, 0), 1, "two busy cores need more than one replica");
    cr_expect_gt(solve_value(&lost, 0), solve_value(&calm, 0));
    solve_release(&calm);
    solve_release(&lost);
}

Test(plan, says_what_cannot_be_met_at_any_size_and_what_it_would_take)
{
    struct solve few, never;
    begin_planning(&few, "plan: {vary: {n: 1..3}, load: {growth: 9x}, minimize: cores}\n", NULL);
    cr_assert(few.good, "%s", text_get(&few.wrong));
    cr_assert_null(few.plan.best);
    cr_assert_not_null(few.plan.largest->failing);
    cr_assert(plan_outlook(&few.plan));
    cr_expect_not_null(strstr(few.plan.advice, "of the planned load"), "%s", few.plan.advice);
    begin_planning(&never,
                   "plan: {vary: {n: 1..3}, minimize: cores, under_fault: {recovered_within: 1s}}\n"
                   "faults: [{name: slow, action: slow, select: {component: desk}, factor: 20, "
                   "at: 41s, duration: 5s}]\n",
                   &(struct plan_request){.most = 50, .under = "slow"});
    cr_assert(never.good, "%s", text_get(&never.wrong));
    cr_assert_null(never.plan.best);
    cr_assert(plan_outlook(&never.plan));
    cr_expect_not_null(strstr(never.plan.advice, "Not even a tenth"), "%s", never.plan.advice);
    solve_release(&few);
    solve_release(&never);
}

Test(plan, stops_at_its_most_simulations_and_says_so)
{
    struct solve solve;
    begin_planning(&solve, "plan: {vary: {n: 1..9}, headroom: 0%, minimize: cores}\n",
                   &(struct plan_request){.most = 2});
    cr_assert(solve.good);
    cr_expect(solve.plan.exhausted);
    cr_expect_eq(solve.plan.simulated, 2);
    cr_assert_not_null(solve.plan.best, "the largest holds");
    solve_release(&solve);
}

Test(plan, is_the_same_for_any_number_of_threads)
{
    struct solve one, two;
    begin_planning(&one, "plan: {vary: {n: 1..9}, minimize: cores}\n",
                   &(struct plan_request){.most = 400, .workers = 1});
    begin_planning(&two, "plan: {vary: {n: 1..9}, minimize: cores}\n", NULL);
    cr_assert_eq(one.plan.trial_count, two.plan.trial_count);
    for (uint32_t i = 0; i < one.plan.trial_count; i++) {
        const struct plan_trial *a = one.plan.trials[i], *b = two.plan.trials[i];
        cr_expect_eq(a->fate, b->fate);
        cr_expect_eq(a->replications, b->replications);
        cr_assert_eq(a->finding_count, b->finding_count);
        for (uint32_t f = 0; f < a->finding_count; f++) {
            cr_expect(a->findings[f].observed.value == b->findings[f].observed.value);
        }
    }
    solve_release(&one);
    solve_release(&two);
}

// A kill that lasts five seconds takes a share 1/n of the calls with it until it is noticed.
Test(plan, judges_a_scheduled_fault_while_it_lasts_and_after)
{
    static const char fault[] =
        "faults: [{name: dead, action: kill, select: {component: desk}, mode: one, at: 41s,"
        " duration: 5s}]\n"
        "plan: {vary: {n: 2..9}, headroom: 0%, under: [dead], minimize: cores,"
        " under_fault: {success: 85%, recovered_within: 1s}}\n";
    struct solve solve;
    begin_planning(&solve, fault, NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    cr_assert_eq(solve.plan.case_count, 2);
    cr_assert_not_null(solve.plan.best);
    bool during = false, after = false;
    for (uint32_t f = 0; f < solve.plan.best->finding_count; f++) {
        const struct plan_finding *finding = &solve.plan.best->findings[f];
        during = during || strstr(finding->rule, "under fault: success >= 85 %") != NULL;
        after = after || strstr(finding->rule, "recovered: success >= 85 %") != NULL;
        cr_expect_eq(finding->verdict, VERDICT_PASS);
    }
    cr_expect(during && after);
    solve_release(&solve);
}
