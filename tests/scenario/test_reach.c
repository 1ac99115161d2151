// test_reach - which components a request touches, and which a component depends on.
#include <criterion/criterion.h>

#include "sim/scenario/reach.h"
#include "tests/scenario/load.h"

// Two shops share a front and a broker; one publishes, and a mailer consumes.
static const char shops[] =
    "simulation: {duration: 50s}\n"
    "components:\n"
    "  front:\n    kind: service\n    replicas: 1\n    operations:\n"
    "      buy: [{call: {to: till.pay}}, {reply: 0B}]\n"
    "      look: [{call: {to: shelf.read}}, {reply: 0B}]\n"
    "  till:\n    kind: service\n    replicas: 1\n    operations:\n"
    "      pay: [{publish: {to: post.paid}}, {reply: 0B}]\n"
    "      audit: [{call: {to: shelf.read}}, {reply: 0B}]\n"
    "  shelf:\n    kind: service\n    replicas: 1\n    operations:\n"
    "      read: [{cpu: 1ms}, {reply: 0B}]\n"
    "  post: {kind: kafka, topics: {paid: {partitions: 3}}}\n"
    "  mailer:\n    kind: service\n    replicas: 1\n"
    "    consumes: {from: post.paid, operation: send}\n    operations:\n"
    "      send: [{cpu: 1ms}, {reply: 0B}]\n"
    "workloads:\n"
    "  people: {mix: {front.buy: 30%, front.look: 70%}, rate: 10/s}\n"
    "  auditor: {target: till.audit, rate: 1/s}\n";

struct world_of_shops {
    struct load load;
    struct arena arena;
    struct reach reach;
};

static void begin(struct world_of_shops *world)
{
    cr_assert(load_init(&world->load, shops), "%u", (unsigned)world->load.diagnostics.count);
    const struct scenario *scenario = &world->load.scenario;
    arena_init(&world->arena);
    reach_find(&world->arena, &scenario->design, scenario->flows, scenario->flow_count,
               &world->reach);
}

static void end(struct world_of_shops *world)
{
    arena_release(&world->arena);
    load_release(&world->load);
}

static bool has(const struct world_of_shops *world, const uint64_t *row, const char *name)
{
    return reach_has(row, design_component(&world->load.scenario.design, name));
}

Test(reach, a_request_touches_what_its_calls_lead_to_and_who_consumes_what_it_publishes)
{
    struct world_of_shops world;
    begin(&world);
    const uint64_t *buy = reach_touched(&world.reach, 0, 0);
    const uint64_t *look = reach_touched(&world.reach, 0, 1);
    cr_expect(has(&world, buy, "front") && has(&world, buy, "till") && has(&world, buy, "post"));
    cr_expect(has(&world, buy, "mailer"));
    cr_expect_not(has(&world, buy, "shelf"), "buying never audits");
    cr_expect(has(&world, look, "shelf"));
    cr_expect_not(has(&world, look, "till"));
    cr_expect(reach_meets(&world.reach, buy, look), "both begin at the front");
    end(&world);
}

Test(reach, a_component_depends_on_all_that_its_operations_call_and_on_no_consumer)
{
    struct world_of_shops world;
    begin(&world);
    const struct design *design = &world.load.scenario.design;
    const uint64_t *till = reach_needed(&world.reach, design_component(design, "till"));
    cr_expect(has(&world, till, "till") && has(&world, till, "post"));
    cr_expect(has(&world, till, "shelf"), "an audit holds what a payment waits for");
    cr_expect_not(has(&world, till, "mailer"));
    cr_expect_not(has(&world, till, "front"));
    end(&world);
}
