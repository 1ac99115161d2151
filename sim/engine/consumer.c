// consumer - a broker hands batches to a component's operation and learns what became of them.
#include "sim/engine/consumer.h"

#include "sim/base/check.h"
#include "sim/engine/call.h"
#include "sim/engine/world.h"

static const int64_t SESSION_NS = 45 * TIME_S; // Kafka session.timeout.ms

struct consumer_state { // of one consumer of the design
    struct call_design design;
    consumer_done *done;
};

static uint32_t find_edge(const struct design *design, const struct consumer_design *consumer)
{
    for (uint32_t i = 0; i < design->edge_count; i++) {
        if (design->edges[i].from == consumer->broker &&
            design->edges[i].to == consumer->component) {
            return i;
        }
    }
    return DESIGN_NONE;
}

static void prepare(struct consumer_state *state, const struct design *design,
                    const struct consumer_design *consumer)
{
    state->design.target = consumer->component;
    state->design.operation = consumer->operation;
    state->design.silence_ns = SESSION_NS;
    state->design.retry = (struct retry_design){.attempts = 1, .factor = 1};
    state->design.topic = consumer->topic;
    state->design.units = 1;
    state->design.edge = find_edge(design, consumer);
    CHECK(state->design.edge != DESIGN_NONE);
}

static struct consumer_state *state_of(struct world *world, const struct consumer_design *consumer)
{
    const struct design *design = world->design;
    if (world->consumers == NULL) {
        world->consumers = arena_take_array(&world->arena, design->consumer_count,
                                            sizeof *world->consumers);
        for (uint32_t i = 0; i < design->consumer_count; i++) {
            prepare(&world->consumers[i], design, &design->consumers[i]);
        }
    }
    return &world->consumers[consumer - design->consumers];
}

// A broker that has crashed since then knows nothing of the delivery.
static void on_end(struct world *world, const struct call *call, enum status status)
{
    (void)world;
    const struct consumer_state *state = call->owner;
    if (call->from->epoch == call->epoch) {
        state->done(call->from, call->cookie, status);
    }
}

void consumer_deliver(const struct consumer_delivery *delivery)
{
    struct node *broker = delivery->broker;
    struct world *world = broker->world;
    struct consumer_state *state = state_of(world, delivery->consumer);
    CHECK(delivery->messages > 0 && delivery->messages <= UINT32_MAX);
    CHECK(delivery->to->number == delivery->consumer->component);
    state->done = delivery->done;
    state->design.silence_ns = delivery->silence_ns > 0 ? delivery->silence_ns : SESSION_NS;
    const struct call template = {
        .design = &state->design,
        .end = on_end,
        .cookie = delivery->cookie,
        .owner = state,
        .only = delivery->member,
        .bytes = delivery->bytes,
        .from = broker,
        .from_zone = broker->zone,
        .epoch = broker->epoch,
        .request = delivery->request,
        .began_ns = world->now,
        .deadline_ns = TIME_NEVER,
        .units = (uint32_t)delivery->messages,
    };
    call_start(world, &template);
}
