// test_consumer - batches handed over by a broker, and what it hears of them.
#include <criterion/criterion.h>

#include "tests/engine/tiny.h"

struct heard {
    uint32_t count;
    int64_t at_ns;
    uint64_t cookie;
    enum status status;
};
static struct heard heard;

static void on_done(struct node *broker, uint64_t cookie, enum status status)
{
    heard = (struct heard){heard.count + 1, broker->world->now, cookie, status};
}

// Broker node in zone a, consuming replicas in zones a and b; 3 ms from a to b, 10 ms of work.
static struct world *begin(struct tiny *tiny, struct consumer_design *consumer)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "broker", 1, distribution_constant(0));
    tiny_add_component(tiny, "eater", 2, distribution_constant(10e6));
    tiny_add_edge(tiny, 0, DESIGN_NONE, 1);
    tiny->links[1].latency = tiny->links[TINY_ZONES].latency = distribution_constant(3e6);
    *consumer = (struct consumer_design){
        .component = 1, .broker = 0, .operation = &tiny->parts[1].operation};
    tiny->design.consumers = consumer;
    struct world *world = tiny_begin(tiny);
    tiny->design.consumer_count = 1; // after the beginning: the model attaches nobody
    heard = (struct heard){0};
    return world;
}

static void on_deliver(void *subject, uint64_t member)
{
    struct world *world = subject;
    const struct consumer_delivery delivery = {
        .broker = world->nodes[0],
        .to = &world->components[1],
        .member = member == DESIGN_NONE ? NULL : &world->components[1].nodes[member],
        .consumer = world->design->consumers,
        .request = 7,
        .messages = 100,
        .cookie = 99,
        .done = on_done,
    };
    consumer_deliver(&delivery);
}

static void deliver(struct world *world, uint32_t member)
{
    tiny_call(world, on_deliver, member);
}

Test(consumer, the_broker_hears_after_link_work_and_link)
{
    struct tiny tiny;
    struct consumer_design consumer;
    struct world *world = begin(&tiny, &consumer);
    deliver(world, 1);
    world_run(world, 16 * TIME_MS);
    cr_assert_eq(heard.count, 0);
    world_run(world, TIME_S);
    cr_assert_eq(heard.count, 1);
    cr_assert_eq(heard.at_ns, 16 * TIME_MS);
    cr_assert_eq(heard.cookie, 99);
    cr_assert_eq(heard.status, STATUS_OK);
    tiny_end(&tiny);
}

Test(consumer, a_consumer_that_dies_resets_and_a_dead_one_refuses)
{
    struct tiny tiny;
    struct consumer_design consumer;
    struct world *world = begin(&tiny, &consumer);
    deliver(world, 0);
    world_run(world, 5 * TIME_MS);
    tiny_do(TINY_KILL, &world->components[1].nodes[0]);
    world_run(world, 6 * TIME_MS);
    cr_assert_eq(heard.status, STATUS_RESET);
    cr_assert_eq(heard.at_ns, 5 * TIME_MS);
    deliver(world, 0);
    world_run(world, 7 * TIME_MS);
    cr_assert_eq(heard.count, 2);
    cr_assert_eq(heard.status, STATUS_UNAVAILABLE);
    tiny_end(&tiny);
}

Test(consumer, a_dark_consumer_is_given_up_after_the_session_timeout)
{
    struct tiny tiny;
    struct consumer_design consumer;
    struct world *world = begin(&tiny, &consumer);
    deliver(world, 0);
    world_run(world, 5 * TIME_MS);
    tiny_do(TINY_DARKEN, &world->components[1].nodes[0]);
    world_run(world, 100 * TIME_S);
    cr_assert_eq(heard.count, 1);
    cr_assert_eq(heard.status, STATUS_TIMEOUT);
    cr_assert_eq(heard.at_ns, 45 * TIME_S + 5 * TIME_MS);
    tiny_end(&tiny);
}

Test(consumer, a_broker_that_crashed_meanwhile_hears_nothing)
{
    struct tiny tiny;
    struct consumer_design consumer;
    struct world *world = begin(&tiny, &consumer);
    deliver(world, 1);
    world_run(world, 5 * TIME_MS);
    tiny_do(TINY_KILL, world->nodes[0]);
    tiny_do(TINY_RESTART, world->nodes[0]);
    world_run(world, TIME_S);
    cr_assert_eq(heard.count, 0);
    tiny_end(&tiny);
}

Test(consumer, without_a_member_the_balancer_chooses)
{
    struct tiny tiny;
    struct consumer_design consumer;
    struct world *world = begin(&tiny, &consumer);
    for (int i = 0; i < 4; i++) {
        deliver(world, DESIGN_NONE);
    }
    world_run(world, TIME_S);
    cr_assert_eq(heard.count, 4);
    cr_assert_eq(heard.at_ns, 16 * TIME_MS + 3); // the fourth, 3 ns later, over the link
    tiny_end(&tiny);
}
