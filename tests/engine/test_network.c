// test_network - delays, bandwidth, loss, partitions and messages between nodes.
#include <criterion/criterion.h>

#include "tests/engine/tiny.h"

static int64_t send(struct world *world, uint32_t from, uint32_t to, uint64_t bytes)
{
    const struct network_path path = {from, to, DESIGN_NONE, 0};
    int64_t delay = -1;
    return network_send(world, path, bytes, &delay) ? delay : -1;
}

static struct network_effect effect(void)
{
    return (struct network_effect){.fault = 0,
                                   .from_component = DESIGN_NONE,
                                   .to_component = DESIGN_NONE,
                                   .from_zone = DESIGN_NONE,
                                   .to_zone = DESIGN_NONE};
}

Test(network, the_delay_is_that_of_the_directed_pair)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny.links[0 * TINY_ZONES + 1].latency = distribution_constant(3e6);
    tiny.links[1 * TINY_ZONES + 0].latency = distribution_constant(4e6);
    struct world *world = tiny_begin(&tiny);
    cr_assert_eq(send(world, 0, 1, 100), 3 * TIME_MS);
    cr_assert_eq(send(world, 1, 0, 100), 4 * TIME_MS);
    cr_assert_eq(send(world, 0, 0, 100), 0);
    cr_assert_eq(send(world, DESIGN_NONE, 1, 100), 0);
    tiny_end(&tiny);
}

Test(network, messages_queue_for_bandwidth)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny.links[1].latency = distribution_constant(1e6);
    tiny.links[1].bandwidth = 1e6; // a byte a microsecond
    struct world *world = tiny_begin(&tiny);
    cr_assert_eq(send(world, 0, 1, 1000), 2 * TIME_MS);
    cr_assert_eq(send(world, 0, 1, 1000), 3 * TIME_MS);
    cr_assert_eq(send(world, 1, 0, 1000), 0);
    world_run(world, 10 * TIME_MS);
    cr_assert_eq(send(world, 0, 1, 500), 1500 * TIME_US);
    tiny_end(&tiny);
}

Test(network, a_lost_segment_costs_the_retransmission_timeout)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    tiny.links[1].latency = distribution_constant(1e6);
    tiny.links[1].loss = 0.5;
    struct world *world = tiny_begin(&tiny);
    uint64_t counts[4] = {0};
    for (int i = 0; i < 10000; i++) {
        const int64_t delay = send(world, 0, 1, 1) - TIME_MS;
        cr_assert(delay >= 0 && delay % (200 * TIME_MS) == 0);
        const int64_t steps[] = {0, 200 * TIME_MS, 600 * TIME_MS, 1400 * TIME_MS};
        for (int k = 0; k < 4; k++) {
            counts[k] += delay == steps[k];
        }
    }
    cr_assert_float_eq((double)counts[0], 5000, 200);
    cr_assert_float_eq((double)counts[1], 2500, 200);
    cr_assert_float_eq((double)counts[2], 1250, 150);
    cr_assert_float_eq((double)counts[3], 625, 100);
    tiny_end(&tiny);
}

Test(network, what_is_always_lost_never_arrives)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    struct world *world = tiny_begin(&tiny);
    struct network_effect loss = effect();
    loss.loss = 1;
    network_add_effect(world, loss);
    cr_assert_eq(send(world, 0, 1, 1), -1);
    cr_assert_eq(world->network.lost, 1);
    network_remove_effects(world, 0);
    cr_assert_eq(send(world, 0, 1, 1), 0);
    tiny_end(&tiny);
}

Test(network, a_two_way_partition_drops_both_directions)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    struct world *world = tiny_begin(&tiny);
    struct network_effect cut = effect();
    cut.from_zone = 0;
    cut.to_zone = 1;
    cut.drop = true;
    network_add_effect(world, cut);
    cr_assert_eq(send(world, 0, 1, 1), -1);
    cr_assert_eq(send(world, 1, 0, 1), -1);
    cr_assert_eq(send(world, 0, 2, 1), 0);
    network_remove_effects(world, 0);
    cut.one_way = true;
    network_add_effect(world, cut);
    cr_assert_eq(send(world, 0, 1, 1), -1);
    cr_assert_eq(send(world, 1, 0, 1), 0);
    tiny_end(&tiny);
}

Test(network, added_delay_lasts_as_long_as_the_fault)
{
    struct tiny tiny;
    tiny_init(&tiny);
    tiny_add_component(&tiny, "s", 1, distribution_constant(0));
    struct fault_design *fault = tiny_add_fault(&tiny, "slow", TIME_S, TIME_S);
    fault->action = FAULT_DELAY;
    fault->component = DESIGN_NONE;
    fault->to = 0;
    fault->delay = distribution_constant(90e6);
    struct world *world = tiny_begin(&tiny);
    world_run(world, TIME_S);
    cr_assert_eq(send(world, 0, 1, 1), 0);
    world_run(world, TIME_S + 1);
    cr_assert_eq(send(world, 0, 1, 1), 90 * TIME_MS);
    world_run(world, 2 * TIME_S + 1);
    cr_assert_eq(send(world, 0, 1, 1), 0);
    tiny_end(&tiny);
}

static uint64_t heard_word, heard_count;
static int64_t heard_ns;

static void on_word(struct node *to, struct node *from, uint64_t word)
{
    (void)from;
    heard_word = word;
    heard_count++;
    heard_ns = to->world->now;
}

static struct world *begin_two_nodes(struct tiny *tiny)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "s", 2, distribution_constant(0));
    tiny->links[1].latency = distribution_constant(5e6);
    heard_count = 0;
    return tiny_begin(tiny);
}

Test(network, a_message_is_heard_after_the_delay)
{
    struct tiny tiny;
    struct world *world = begin_two_nodes(&tiny);
    network_message(world->nodes[0], world->nodes[1], 10, on_word, 42);
    world_run(world, 5 * TIME_MS);
    cr_assert_eq(heard_count, 0);
    world_run(world, 6 * TIME_MS);
    cr_assert_eq(heard_count, 1);
    cr_assert_eq(heard_word, 42);
    cr_assert_eq(heard_ns, 5 * TIME_MS);
    tiny_end(&tiny);
}

Test(network, a_message_to_a_process_that_has_crashed_since_is_lost)
{
    struct tiny tiny;
    struct world *world = begin_two_nodes(&tiny);
    network_message(world->nodes[0], world->nodes[1], 10, on_word, 42);
    world_run(world, TIME_MS);
    tiny_do(TINY_KILL, world->nodes[1]);
    tiny_do(TINY_RESTART, world->nodes[1]);
    world_run(world, TIME_S);
    cr_assert_eq(heard_count, 0);
    cr_assert_eq(world->network.letters.live, 0);
    tiny_end(&tiny);
}

Test(network, a_message_outlives_its_sender)
{
    struct tiny tiny;
    struct world *world = begin_two_nodes(&tiny);
    network_message(world->nodes[0], world->nodes[1], 10, on_word, 42);
    world_run(world, TIME_MS);
    tiny_do(TINY_DARKEN, world->nodes[0]);
    world_run(world, TIME_S);
    cr_assert_eq(heard_count, 1);
    tiny_end(&tiny);
}

Test(network, a_paused_receiver_hears_when_it_resumes)
{
    struct tiny tiny;
    struct world *world = begin_two_nodes(&tiny);
    tiny_do(TINY_PAUSE, world->nodes[1]);
    network_message(world->nodes[0], world->nodes[1], 10, on_word, 42);
    world_run(world, TIME_S);
    cr_assert_eq(heard_count, 0);
    tiny_do(TINY_RESUME, world->nodes[1]);
    world_run(world, 2 * TIME_S);
    cr_assert_eq(heard_count, 1);
    cr_assert_eq(heard_ns, TIME_S);
    tiny_end(&tiny);
}
