// test_plan_prices - machines by type with their network, and plans that seek the fewest watts.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "sim/study/plan_parts.h"
#include "tests/plan/solve.h"

// 100/s x 10 ms are one busy core; 100/s x (25 kB + 1 kB) are 20.8 Mbit/s that desk sends.
static const char shop[] =
    "params: {n: 3}\n"
    "simulation: {duration: 50s, warmup: 40s, replications: 5, seed: 3}\n"
    "topology: {regions: {r: [a, b]}}\n"
    "components:\n"
    "  desk:\n    kind: service\n    replicas: $n\n    spread: zones\n    cores: 1\n"
    "    operations: {serve: [{cpu: 10ms}, {call: {to: shelf, bytes: 1kB}}, {reply: 25kB}]}\n"
    "  shelf: {kind: station, replicas: 2, servers: 2, spread: zones, service: 1ms}\n"
    "workloads: {people: {target: desk.serve, rate: 100/s, timeout: 1s}}\n"
    "slos: [{name: quick, target: people, objectives: [\"p(99) < 200ms\"]}]\n";

static void begin(struct solve *solve, const char *plan)
{
    struct text yaml;
    text_init(&yaml);
    text_format(&yaml, "%splan: {vary: {n: 1..12}, headroom: 0%%, %s}\n", shop, plan);
    solve_init(solve, text_get(&yaml), NULL);
    text_release(&yaml);
    cr_assert(solve->good, "%s", text_get(&solve->wrong));
}

// ---- network -----------------------------------------------------------------------------------

Test(plan_prices, a_type_is_ruled_out_by_what_its_replica_sends)
{
    struct solve solve;
    begin(&solve, "prices: {shelf: 0/h, types: [{name: s, cores: 1, network: 5Mbit/s, price: 1/h}, "
                  "{name: m, cores: 1, network: 1Gbit/s, price: 3/h}]}");
    const struct plan *plan = &solve.plan;
    cr_assert_not_null(plan->best);
    // two or three of m cost 6 or 9; five of s, which send 4.16 Mbit/s each, cost 5
    cr_expect_eq(solve_value(&solve, 0), 5);
    cr_expect_float_eq(plan->best->cost, 5.0, 1e-12);
    cr_expect_float_eq(plan->next[0]->cost, 12.0, 1e-12);
    cr_assert(plan_outlook(&solve.plan));
    cr_assert_eq(plan->type_count, 1);
    cr_expect_float_eq(plan->types[0].sent, 100.0 * 26e3 / 5, 1e-6);
    cr_expect_str_eq(plan->types[0].name, "desk");
    cr_expect_str_eq(plan->types[0].type, "s");
    cr_expect_float_eq(plan->types[0].factor, 5e6 / 8 / (100.0 * 26e3 / 5), 1e-9);
    solve_release(&solve);
}

Test(plan_prices, a_lost_zone_makes_the_others_send_more)
{
    struct solve solve;
    begin(&solve, "under: [each-zone], prices: {shelf: 0/h, types: ["
                  "{name: s, cores: 1, network: 5Mbit/s, price: 1/h}]}");
    // five must be left of an even number in two zones, or of nine: four are not enough
    cr_expect_eq(solve_value(&solve, 0), 10);
    cr_assert_not_null(solve.plan.next[0]);
    cr_expect_eq(solve.plan.next[0]->fate, PLAN_INVALID);
    cr_expect_str_eq(solve.plan.next[0]->why,
                     "no type of machine is large enough for desk: s has network 5Mbit/s of "
                     "5.2Mbit/s sent");
    solve_release(&solve);
}

Test(plan_prices, says_when_no_type_is_large_enough_at_any_size)
{
    struct solve solve;
    begin(&solve, "prices: {shelf: 0/h, types: [{name: s, cores: 500m, network: 1Mbit/s, price: "
                  "1/h}]}");
    cr_assert_null(solve.plan.best);
    cr_assert(plan_outlook(&solve.plan));
    cr_expect_str_eq(solve.plan.advice,
                     "no type of machine is large enough for desk: s has 0.5 of 1 cores, network "
                     "1Mbit/s of 1.73Mbit/s sent");
    cr_expect_eq(solve.plan.replications, 0);
    solve_release(&solve);
}

// The shelf is not varied and has much to spare: it keeps no level of load out of reach.
Test(plan_prices, what_is_not_varied_bounds_the_frontier_only_where_it_is_full)
{
    struct solve solve;
    begin(&solve, "prices: {shelf: 0/h, desk: 1/h}");
    cr_assert(plan_outlook(&solve.plan));
    cr_assert_gt(solve.plan.level_count, 0);
    const struct plan_level *last = &solve.plan.levels[solve.plan.level_count - 1];
    cr_expect_float_eq(last->factor, 2.0, 0.0);
    cr_expect_not(last->beyond);
    cr_expect_gt(last->cost, solve.plan.best->cost);
    cr_expect_lt(last->cost, 12.0);
    solve_release(&solve);
}

// ---- watts -------------------------------------------------------------------------------------

Test(plan_prices, counts_idle_and_busy_watts_by_core)
{
    struct solve solve;
    begin(&solve, "minimize: watts, watts: {core: {idle: 3W, busy: 0.011kW}, "
                  "shelf: {idle: 1W, busy: 2W}}");
    const struct plan *plan = &solve.plan;
    cr_assert_not_null(plan->best);
    const double n = solve_value(&solve, 0), desk = plan->busy[0], shelf = plan->busy[1];
    cr_expect_float_eq(desk, 1.0, 0.03);
    cr_expect_float_eq(plan->best->cost, 3 * n + 8 * desk + 4 + shelf, 1e-9);
    cr_expect_float_eq(plan->cost_now, 3 * 3 + 8 * desk + 4 + shelf, 1e-9);
    cr_assert(plan_outlook(&solve.plan));
    cr_expect_float_eq(plan->watts, plan->best->cost, 1e-12);
    solve_release(&solve);
}

// Idle watts make few large machines better, busy ones count for nothing: the work is the same.
Test(plan_prices, takes_the_type_with_the_fewest_watts)
{
    static const struct {
        const char *types;
        double idle, slope;
    } cases[] = {
        {"{name: old, cores: 1, price: 1/h, idle: 20W, busy: 60W}, "
         "{name: new, cores: 1, price: 2/h, idle: 10W, busy: 30W}",
         10, 20},
        {"{name: old, cores: 1, price: 1/h, idle: 20W, busy: 60W}, "
         "{name: half, cores: 500m, price: 1/h, idle: 1W, busy: 3W}",
         20, 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct solve solve;
        struct text plan;
        text_init(&plan);
        text_format(&plan,
                    "minimize: watts, watts: {shelf: {busy: 0W}}, prices: {shelf: 0/h, "
                    "types: [%s]}",
                    cases[i].types);
        begin(&solve, text_get(&plan));
        cr_assert_not_null(solve.plan.best);
        cr_expect_float_eq(
            solve.plan.best->cost,
            cases[i].idle * solve_value(&solve, 0) + cases[i].slope * solve.plan.busy[0], 1e-9);
        solve_release(&solve);
        text_release(&plan);
    }
}

Test(plan_prices, machines_are_what_takes_watts_where_they_are_declared)
{
    struct solve solve;
    struct text yaml;
    text_init(&yaml);
    text_add(&yaml, shop);
    text_add(&yaml, "plan: {vary: {n: 1..4}, headroom: 0%, minimize: watts, prices: {types: ["
                    "{name: m, cores: 16, price: 1/h, idle: 100W, busy: 260W}]}}\n");
    char *place = strstr(yaml.bytes, "[a, b]}}");
    cr_assert_not_null(place);
    struct text whole;
    text_init(&whole);
    text_format(&whole, "%.*s[a, b]}, nodes: {count: 2, cores: 16}}%s", (int)(place - yaml.bytes),
                yaml.bytes, place + 8);
    solve_init(&solve, text_get(&whole), NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    cr_assert_not_null(solve.plan.best);
    // two machines, whatever stands on them; 5 W for each of the 32 cores that is busy
    cr_expect_float_eq(solve.plan.best->cost,
                       200.0 + 10.0 * (solve.plan.busy[0] + solve.plan.busy[1]), 1e-9);
    solve_release(&solve);
    text_release(&yaml);
    text_release(&whole);
}

Test(plan_prices, refuses_watts_that_nobody_knows)
{
    struct solve solve;
    struct text yaml;
    text_init(&yaml);
    text_format(&yaml, "%splan: {vary: {n: 1..4}, minimize: watts}\n", shop);
    solve_read(&solve, text_get(&yaml), NULL);
    cr_expect_not(solve.good);
    cr_expect_not_null(strstr(text_get(&solve.wrong), "no watts"));
    solve_release(&solve);
    text_release(&yaml);
}
