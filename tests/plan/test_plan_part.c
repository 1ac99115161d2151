// test_plan_part - what is left of a design when only what an objective touches is simulated.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/study/plan_parts.h"
#include "tests/plan/solve.h"

// Sockets touch the front alone, people a till or a shelf behind it.
static const char market[] =
    "params: {tills: 2, shelves: 2}\n"
    "simulation: {duration: 20s, warmup: 5s, replications: 3, seed: 3}\n"
    "components:\n"
    "  front:\n    kind: service\n    replicas: 1\n    cores: 4\n    operations:\n"
    "      ping: [{cpu: 10us}, {reply: 0B}]\n"
    "      buy: [{call: {to: till.pay}}, {reply: 0B}]\n"
    "      look: [{call: {to: shelf.read}}, {reply: 0B}]\n"
    "  till:\n    kind: service\n    replicas: $tills\n    cores: 1\n    operations:\n"
    "      pay: [{cpu: 10ms}, {reply: 0B}]\n"
    "  shelf:\n    kind: service\n    replicas: $shelves\n    cores: 1\n    operations:\n"
    "      read: [{cpu: 10ms}, {reply: 0B}]\n"
    "workloads:\n"
    "  people: {mix: {front.buy: 30%, front.look: 70%}, rate: 100/s, timeout: 1s}\n"
    "  sockets: {target: front.ping, rate: 500/s}\n"
    "slos:\n"
    "  - {name: pay, target: till, objectives: [\"p(99) < 100ms\"]}\n"
    "  - {name: read, target: shelf, objectives: [\"p(99) < 100ms\"]}\n"
    "  - {name: whole, target: people, objectives: [\"success >= 90%\"]}\n"
    "plan: {headroom: 0%, minimize: cores, vary: {tills: 1..4, shelves: 1..4}}\n";

struct cut {
    struct solve solve;
    struct variant variant;
};

// As the design is when the first case is simulated on what `rule` depends on.
static void begin(struct cut *cut, uint32_t rule)
{
    solve_init(&cut->solve, market, &(struct plan_request){.dry = true});
    cr_assert(cut->solve.good, "%s", text_get(&cut->solve.wrong));
    struct plan *plan = &cut->solve.plan;
    plan_part_begin(plan);
    const uint64_t *part =
        plan_part_of_rule(plan, &plan->arena, &plan->base.design.slos[plan->rules[rule]]);
    variant_init(&cut->variant, &plan->base.design);
    plan_case_apply(plan, &plan->cases[0], plan->factor, &cut->variant);
    plan_part_cut(plan, part, &cut->variant);
}

static void end(struct cut *cut)
{
    variant_release(&cut->variant);
    solve_release(&cut->solve);
}

Test(plan_part, keeps_the_requests_that_touch_it_at_their_own_rate)
{
    struct cut cut;
    begin(&cut, 0);
    const struct workload_design *people = &cut.variant.design.workloads[0];
    cr_expect_eq(people->action_count, 1);
    cr_expect_float_eq(people->rate, 30.0, 1e-9);
    cr_expect_float_eq(people->actions[0].share, 1.0, 1e-12);
    cr_expect_str_eq(people->actions[0].call.operation->name, "buy");
    cr_expect_float_eq(cut.variant.design.workloads[1].rate, 0.0, 0.0);
    end(&cut);
}

Test(plan_part, keeps_the_rules_that_lie_in_it_and_no_share_of_thinned_clients)
{
    struct cut cut;
    begin(&cut, 1);
    cr_expect_eq(cut.variant.design.slo_count, 1);
    cr_expect_str_eq(cut.variant.design.slos[0].name, "read");
    cr_expect_float_eq(cut.variant.design.workloads[0].rate, 70.0, 1e-9);
    end(&cut);
    begin(&cut, 2);
    cr_expect_eq(cut.variant.design.slo_count, 3, "people touch everything");
    cr_expect_eq(cut.variant.design.workloads[0].action_count, 2);
    cr_expect_float_eq(cut.variant.design.workloads[1].rate, 500.0, 1e-9);
    end(&cut);
}

Test(plan_part, a_variable_stands_for_the_rules_that_it_can_touch)
{
    struct cut cut;
    begin(&cut, 0);
    struct plan *plan = &cut.solve.plan;
    const uint32_t till = design_component(&plan->base.design, "till");
    const uint32_t shelf = design_component(&plan->base.design, "shelf");
    const uint64_t *changed = plan_part_of_variable(plan, 0);
    cr_assert_not_null(changed);
    cr_expect(reach_has(changed, till) && !reach_has(changed, shelf));
    cr_expect(reach_has(plan_part_under(plan, 1), shelf));
    end(&cut);
}
