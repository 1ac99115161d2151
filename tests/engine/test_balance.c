// test_balance - policies, ejection, retry budget and breaker of one route.
#include <criterion/criterion.h>

#include "sim/engine/balance_ring.h"
#include "tests/engine/tiny.h"

static struct component_design *component(struct tiny *tiny, uint32_t replicas,
                                          enum balancing balancing)
{
    tiny_init(tiny);
    struct component_design *design =
        tiny_add_component(tiny, "s", replicas, distribution_constant(0));
    design->balancing = balancing;
    tiny_add_edge(tiny, DESIGN_NONE, 0, 0);
    tiny->design.workload_count = 1;
    tiny->workloads[0] = (struct workload_design){.name = "w"};
    return design;
}

static uint32_t choose(struct world *world, uint64_t key)
{
    const struct node *node = balance_choose(world, &world->routes[0], 0, key, NULL);
    return node == NULL ? DESIGN_NONE : node->replica;
}

static void tell(struct world *world, uint32_t replica, enum status status)
{
    balance_tell(world, &world->routes[0], &world->components[0].nodes[replica], status);
}

static void delist(struct world *world, uint32_t replica)
{
    struct node *node = &world->components[0].nodes[replica];
    node->listed = false;
    balance_note_delisted(node, 1);
}

Test(balance, round_robin_goes_round_and_leaves_out_the_delisted)
{
    struct tiny tiny;
    component(&tiny, 4, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    for (uint32_t i = 0; i < 10; i++) {
        cr_assert_eq(choose(world, 0), i % 4);
    }
    delist(world, 2); // 2 would be next
    const uint32_t expected[] = {3, 0, 1, 3};
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(choose(world, 0), expected[i]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (world->components[0].nodes[i].listed) {
            delist(world, i);
        }
    }
    cr_assert_eq(choose(world, 0), DESIGN_NONE);
    tiny_end(&tiny);
}

Test(balance, a_retry_goes_elsewhere_where_there_is_an_elsewhere)
{
    struct tiny tiny;
    component(&tiny, 2, BALANCING_RANDOM);
    struct world *world = tiny_begin(&tiny);
    const struct node *first = &world->components[0].nodes[0];
    for (int i = 0; i < 50; i++) {
        const struct node *node = balance_choose(world, &world->routes[0], 0, 0, first);
        cr_assert_eq(node->replica, 1);
    }
    delist(world, 1);
    cr_assert_eq(balance_choose(world, &world->routes[0], 0, 0, first)->replica, 0);
    tiny_end(&tiny);
}

Test(balance, random_reaches_every_replica_equally)
{
    struct tiny tiny;
    component(&tiny, 5, BALANCING_RANDOM);
    struct world *world = tiny_begin(&tiny);
    uint32_t counts[5] = {0};
    for (int i = 0; i < 50000; i++) {
        counts[choose(world, 0)]++;
    }
    for (int i = 0; i < 5; i++) {
        cr_assert_float_eq((double)counts[i], 10000, 400);
    }
    tiny_end(&tiny);
}

Test(balance, least_request_takes_the_least_loaded_and_ties_in_turn)
{
    struct tiny tiny;
    component(&tiny, 4, BALANCING_LEAST_REQUEST);
    struct world *world = tiny_begin(&tiny);
    struct route_target *targets = world->routes[0].targets;
    targets[0].outstanding = 2;
    targets[1].outstanding = targets[2].outstanding = 1;
    targets[3].outstanding = 5;
    cr_assert_eq(choose(world, 0), 1);
    cr_assert_eq(choose(world, 0), 2);
    cr_assert_eq(choose(world, 0), 1);
    targets[3].outstanding = 0;
    cr_assert_eq(choose(world, 0), 3);
    tiny_end(&tiny);
}

Test(balance, two_choices_avoid_the_most_loaded)
{
    struct tiny tiny;
    component(&tiny, 4, BALANCING_P2C);
    struct world *world = tiny_begin(&tiny);
    struct route_target *targets = world->routes[0].targets;
    for (uint32_t i = 0; i < 4; i++) {
        targets[i].outstanding = i;
    }
    uint32_t counts[4] = {0};
    for (int i = 0; i < 6000; i++) {
        counts[choose(world, 0)]++;
    }
    cr_assert_eq(counts[3], 0);
    cr_assert_float_eq((double)counts[0], 3000, 200); // of six pairs, three hold replica 0
    cr_assert_float_eq((double)counts[1], 2000, 200);
    cr_assert_float_eq((double)counts[2], 1000, 200);
    tiny_end(&tiny);
}

Test(balance, zone_local_stays_at_home_and_spills_over)
{
    struct tiny tiny;
    component(&tiny, 6, BALANCING_ZONE_LOCAL); // zones 0, 1, 2, 0, 1, 2
    struct world *world = tiny_begin(&tiny);
    const uint32_t home[] = {0, 3, 0, 3};
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(choose(world, 0), home[i]);
    }
    delist(world, 0);
    cr_assert_eq(choose(world, 0), 3);
    cr_assert_eq(choose(world, 0), 3);
    delist(world, 3);
    const uint32_t away[] = {1, 2, 4, 5, 1};
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(choose(world, 0), away[i]);
    }
    tiny_end(&tiny);
}

Test(balance, a_ring_moves_only_the_keys_of_the_lost_replica)
{
    struct tiny tiny;
    component(&tiny, 5, BALANCING_RING_HASH);
    struct world *world = tiny_begin(&tiny);
    enum { KEYS = 20000 };
    static uint32_t owners[KEYS];
    uint32_t counts[5] = {0};
    for (uint64_t key = 0; key < KEYS; key++) {
        owners[key] = choose(world, key);
        counts[owners[key]]++;
    }
    for (int i = 0; i < 5; i++) {
        cr_assert(counts[i] > KEYS / 5 * 7 / 10 && counts[i] < KEYS / 5 * 13 / 10);
    }
    delist(world, 3);
    for (uint64_t key = 0; key < KEYS; key++) {
        const uint32_t owner = choose(world, key);
        cr_assert(owners[key] == 3 ? owner != 3 : owner == owners[key]);
    }
    tiny_end(&tiny);
}

static void make_ejecting(struct component_design *design, double maximum)
{
    design->detection = (struct detection_design){.ejection = true,
                                                  .consecutive = 3,
                                                  .ejection_ns = 30 * TIME_S,
                                                  .maximum_ejected = maximum};
}

Test(balance, failures_in_a_row_eject_for_a_growing_time)
{
    struct tiny tiny;
    make_ejecting(component(&tiny, 4, BALANCING_ROUND_ROBIN), 0.5);
    struct world *world = tiny_begin(&tiny);
    tell(world, 0, STATUS_TIMEOUT);
    tell(world, 0, STATUS_TIMEOUT);
    tell(world, 0, STATUS_OK); // in a row no longer
    tell(world, 0, STATUS_RESET);
    tell(world, 0, STATUS_ERROR);
    cr_assert_eq(world->routes[0].ejected, 0);
    tell(world, 0, STATUS_UNAVAILABLE);
    cr_assert_eq(world->routes[0].ejected, 1);
    cr_assert_eq(tiny_logged(world, LOG_EJECT), 1);
    cr_assert_eq(world->components[0].meter->ejections, 1);
    for (int i = 0; i < 6; i++) {
        cr_assert_neq(choose(world, 0), 0);
    }
    world_run(world, 30 * TIME_S);
    bool back = false;
    for (int i = 0; i < 4; i++) {
        back = back || choose(world, 0) == 0;
    }
    cr_assert(back);
    for (int i = 0; i < 3; i++) {
        tell(world, 0, STATUS_TIMEOUT);
    }
    cr_assert_eq(world->routes[0].targets[0].ejected_until_ns, (30 + 60) * TIME_S);
    tiny_end(&tiny);
}

Test(balance, no_more_than_the_declared_share_is_ejected)
{
    struct tiny tiny;
    make_ejecting(component(&tiny, 4, BALANCING_ROUND_ROBIN), 0.25);
    struct world *world = tiny_begin(&tiny);
    for (uint32_t replica = 0; replica < 4; replica++) {
        for (int i = 0; i < 5; i++) {
            tell(world, replica, STATUS_TIMEOUT);
        }
    }
    cr_assert_eq(world->routes[0].ejected, 1);
    cr_assert(world->routes[0].targets[0].ejected);
    tiny_end(&tiny);
}

Test(balance, ejections_are_ignored_in_a_panic)
{
    struct tiny tiny;
    make_ejecting(component(&tiny, 4, BALANCING_ROUND_ROBIN), 1);
    struct world *world = tiny_begin(&tiny);
    for (uint32_t replica = 0; replica < 2; replica++) {
        for (int i = 0; i < 3; i++) {
            tell(world, replica, STATUS_TIMEOUT);
        }
    }
    for (int i = 0; i < 4; i++) {
        cr_assert(choose(world, 0) >= 2); // half are left
    }
    for (int i = 0; i < 3; i++) {
        tell(world, 2, STATUS_TIMEOUT);
    }
    uint32_t seen = 0;
    for (int i = 0; i < 4; i++) {
        seen |= 1U << choose(world, 0);
    }
    cr_assert_eq(seen, 15);
    tiny_end(&tiny);
}

Test(balance, the_retry_budget_counts_ten_seconds)
{
    struct tiny tiny;
    component(&tiny, 1, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    struct route *route = &world->routes[0];
    for (int i = 0; i < 100; i++) {
        balance_note_first(world, route);
    }
    int granted = 0;
    for (int i = 0; i < 100; i++) {
        granted += balance_may_retry(world, route, 0.1);
    }
    cr_assert_eq(granted, 10);
    cr_assert(balance_may_retry(world, route, 0)); // no budget, no limit
    world_run(world, 10 * TIME_S - 1);
    cr_assert_not(balance_may_retry(world, route, 0.1));
    world_run(world, 10 * TIME_S);
    for (int i = 0; i < 3; i++) {
        cr_assert(balance_may_retry(world, route, 0.1)); // the floor
    }
    cr_assert_not(balance_may_retry(world, route, 0.1));
    tiny_end(&tiny);
}

static const struct breaker_design breaker = {.enabled = true,
                                              .failure_ratio = 0.5,
                                              .minimum_calls = 4,
                                              .window = 8,
                                              .open_ns = 5 * TIME_S,
                                              .probes = 2};

static void note(struct world *world, int good, int bad)
{
    for (int i = 0; i < good + bad; i++) {
        balance_breaker_note(world, &world->routes[0], &breaker, i >= good);
    }
}

static bool lets(struct world *world)
{
    return balance_breaker_lets(world, &world->routes[0], &breaker);
}

Test(balance, a_breaker_opens_at_its_ratio_over_enough_calls)
{
    struct tiny tiny;
    component(&tiny, 1, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    note(world, 0, 3);
    cr_assert(lets(world));
    note(world, 0, 1);
    cr_assert_not(lets(world));
    cr_assert_eq(world->routes[0].breaker_trips, 1);
    world_run(world, 5 * TIME_S - 1);
    cr_assert_not(lets(world));
    world_run(world, 5 * TIME_S);
    cr_assert(lets(world)); // two probes
    cr_assert(lets(world));
    cr_assert_not(lets(world));
    note(world, 2, 0);
    cr_assert_eq(world->routes[0].breaker, BREAKER_CLOSED);
    cr_assert(lets(world));
    tiny_end(&tiny);
}

Test(balance, a_failed_probe_opens_the_breaker_again)
{
    struct tiny tiny;
    component(&tiny, 1, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    note(world, 0, 4);
    world_run(world, 5 * TIME_S);
    cr_assert(lets(world));
    cr_assert(lets(world));
    note(world, 1, 1);
    cr_assert_not(lets(world));
    cr_assert_eq(world->routes[0].breaker_trips, 2);
    world_run(world, 10 * TIME_S);
    cr_assert(lets(world));
    tiny_end(&tiny);
}

Test(balance, probes_that_never_end_are_replaced)
{
    struct tiny tiny;
    component(&tiny, 1, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    note(world, 0, 4);
    world_run(world, 5 * TIME_S);
    cr_assert(lets(world));
    cr_assert(lets(world));
    world_run(world, 10 * TIME_S - 1);
    cr_assert_not(lets(world));
    world_run(world, 10 * TIME_S);
    cr_assert(lets(world));
    tiny_end(&tiny);
}

Test(balance, a_breakers_window_slides)
{
    struct tiny tiny;
    component(&tiny, 1, BALANCING_ROUND_ROBIN);
    struct world *world = tiny_begin(&tiny);
    note(world, 8, 3); // three of the last eight
    cr_assert_eq(world->routes[0].breaker, BREAKER_CLOSED);
    note(world, 5, 0);
    note(world, 0, 3); // the three old ones have left
    cr_assert_eq(world->routes[0].breaker, BREAKER_CLOSED);
    note(world, 0, 1);
    cr_assert_eq(world->routes[0].breaker, BREAKER_OPEN);
    tiny_end(&tiny);
}
