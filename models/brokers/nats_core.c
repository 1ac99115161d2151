// nats_core - subjects without a store: copies into subscribers' connections, at most once.
//
// A message that finds no subscriber, a full client buffer or a disconnected subscriber is gone.
// What is written to a connection that nobody reads (paused process, silent host, cut link) lies in
// the outbound buffer until somebody reads again, or the subscriber is disconnected as slow.
#include "models/brokers/nats.h"

#include "sim/base/check.h"

static const int64_t LOOK_NS = 100 * TIME_MS;

void nats_core_attach(struct component *component, const struct consumer_design *consumer,
                      struct component *to, uint32_t subject)
{
    struct nats_state *state = nats_state(component);
    struct arena *arena = &component->world->arena;
    CHECK(state->subscription_count < NATS_SUBSCRIBERS);
    struct nats_subscription *entry = &state->subscriptions[state->subscription_count];
    entry->consumer = consumer;
    entry->to = to;
    entry->subject = subject;
    entry->number = state->subscription_count++;
    entry->connections = arena_take_array(arena, to->node_count, sizeof *entry->connections);
    for (uint32_t i = 0; i < to->node_count; i++) {
        entry->connections[i].node = &to->nodes[i];
        entry->connections[i].stalled_ns = TIME_NEVER;
    }
}

// ---- one copy -----------------------------------------------------------------------------------

static bool reads(const struct node *server, const struct nats_connection *connection)
{
    const struct node *to = connection->node;
    const struct network_path path = {server->zone, to->zone, server->component->number,
                                      to->component->number};
    return to->life == NODE_UP && to->pauses == 0 && !network_is_cut(server->world, path);
}

static void drop(struct component *component, const struct nats_subscription *subscription,
                 uint64_t count)
{
    nats_state(component)->dropped += count;
    consumer_note_visible(component->world, subscription->consumer, (uint64_t)-(int64_t)count);
}

static void wake_publisher(struct world *world, uint64_t ticket, enum status status)
{
    struct visit *visit = ticket == 0 ? NULL : visit_of(world, ticket);
    if (visit != NULL) {
        visit->status = (uint8_t)status;
        visit_wake_later(world, ticket);
    }
}

// The subscriber has handled the message, or not: nobody sends it again.
static void on_done(struct node *server, uint64_t cookie, enum status status)
{
    struct component *component = server->component;
    struct nats_state *state = nats_state(component);
    struct nats_delivery *delivery = slots_at(&state->deliveries, (uint32_t)cookie);
    if (delivery->generation != cookie >> 32) {
        return;
    }
    struct nats_subscription *subscription = &state->subscriptions[delivery->subscription];
    struct nats_connection *connection = &subscription->connections[delivery->connection];
    connection->messages -= delivery->count;
    connection->bytes -= delivery->bytes;
    if (status_is_good(status)) {
        state->delivered += delivery->count;
        consumer_note_done(component->world, subscription->consumer, delivery->time_ns,
                           delivery->count);
    } else {
        drop(component, subscription, delivery->count);
    }
    wake_publisher(component->world, delivery->ticket, status);
    delivery->count = 0;
    slots_give(&state->deliveries, (uint32_t)cookie);
}

static void deliver(struct node *server, struct nats_subscription *subscription, uint32_t number,
                    const struct nats_held *message, uint64_t ticket)
{
    struct nats_state *state = nats_state(server->component);
    struct nats_connection *connection = &subscription->connections[number];
    const uint32_t slot = slots_take(&state->deliveries);
    struct nats_delivery *delivery = slots_at(&state->deliveries, slot);
    const uint32_t generation = delivery->generation;
    *delivery = (struct nats_delivery){generation, subscription->number, number, message->count,
                                       message->bytes, server, ticket, message->time_ns};
    connection->messages += message->count;
    connection->bytes += message->bytes;
    const struct consumer_delivery hand = {
        .broker = server,
        .to = subscription->to,
        .member = connection->node,
        .consumer = subscription->consumer,
        .request = message->request,
        .messages = message->count,
        .bytes = message->bytes,
        .cookie = (uint64_t)generation << 32 | slot,
        .done = on_done,
    };
    consumer_deliver(&hand);
}

// ---- connections that nobody reads --------------------------------------------------------------

// The outbound buffer goes with its connection.
static void drop_held(struct component *component, struct nats_subscription *subscription,
                      struct nats_connection *connection)
{
    uint64_t count = 0;
    for (; connection->held.count > 0; ring_drop(&connection->held)) {
        count += ((const struct nats_held *)ring_at(&connection->held, 0))->count;
    }
    drop(component, subscription, count);
    connection->held_bytes = 0;
    connection->stalled_ns = TIME_NEVER;
}

static void disconnect(struct component *component, struct nats_subscription *subscription,
                       struct nats_connection *connection)
{
    drop_held(component, subscription, connection);
    nats_state(component)->slow++;
    connection->gone_ns =
        time_after(component->world->now, nats_configuration(component)->reconnect_ns);
}

// What was written to a process that has ended meanwhile is not for its successor.
static void pass_held(struct node *server, struct nats_subscription *subscription, uint32_t number)
{
    struct nats_connection *connection = &subscription->connections[number];
    if (connection->epoch != connection->node->epoch) {
        drop_held(server->component, subscription, connection);
        connection->epoch = connection->node->epoch;
    }
    while (connection->held.count > 0) {
        const struct nats_held held = *(const struct nats_held *)ring_at(&connection->held, 0);
        ring_drop(&connection->held);
        deliver(server, subscription, number, &held, 0);
    }
    connection->held_bytes = 0;
    connection->stalled_ns = TIME_NEVER;
}

static void on_look(struct node *server, uint64_t word)
{
    struct component *component = server->component;
    struct nats_subscription *subscription = &nats_state(component)->subscriptions[word >> 32];
    struct nats_connection *connection = &subscription->connections[(uint32_t)word];
    const int64_t deadline = nats_configuration(component)->write_deadline_ns;
    connection->looking = false;
    if (connection->stalled_ns == TIME_NEVER) {
        return;
    }
    if (reads(server, connection)) {
        pass_held(server, subscription, (uint32_t)word);
    } else if (!nats_is_alive(connection->node) && connection->node->life != NODE_DARK) {
        disconnect(component, subscription, connection);
    } else if (component->world->now - connection->stalled_ns >= deadline) {
        disconnect(component, subscription, connection);
    } else {
        connection->looking = true;
        node_timer_constant(server, LOOK_NS, on_look, word);
    }
}

static void hold(struct node *server, struct nats_subscription *subscription, uint32_t number,
                 const struct nats_held *message)
{
    struct component *component = server->component;
    struct nats_connection *connection = &subscription->connections[number];
    if (connection->stalled_ns == TIME_NEVER) {
        connection->stalled_ns = component->world->now;
    }
    if (connection->held_bytes + message->bytes > nats_configuration(component)->max_pending) {
        drop(component, subscription, message->count);
        disconnect(component, subscription, connection);
        return;
    }
    *(struct nats_held *)ring_put(&connection->held, sizeof *message) = *message;
    connection->held_bytes += message->bytes;
    if (!connection->looking) {
        connection->looking = true;
        node_timer_constant(server, LOOK_NS, on_look,
                            (uint64_t)subscription->number << 32 | number);
    }
}

// ---- publish ------------------------------------------------------------------------------------

// Writes one copy to the connection: delivered, held, or gone.
static void write_to(struct node *server, struct nats_subscription *subscription, uint32_t number,
                     const struct nats_held *message, uint64_t ticket)
{
    struct component *component = server->component;
    const struct nats_configuration *configuration = nats_configuration(component);
    struct nats_connection *connection = &subscription->connections[number];
    const bool full = connection->messages + message->count > configuration->client_messages ||
                      connection->bytes + message->bytes > configuration->client_bytes;
    consumer_note_visible(component->world, subscription->consumer, message->count);
    if (connection->gone_ns > component->world->now || full) {
        drop(component, subscription, message->count);
    } else if (!reads(server, connection)) {
        hold(server, subscription, number, message);
    } else {
        pass_held(server, subscription, number);
        deliver(server, subscription, number, message, ticket);
        return;
    }
    wake_publisher(component->world, ticket, STATUS_TIMEOUT);
}

// A subscriber whose process has ended is known to be none.
static bool listens(const struct nats_connection *connection)
{
    return connection->node->life == NODE_UP || connection->node->life == NODE_DARK;
}

static uint32_t choose(const struct visit *visit, const struct nats_subscription *subscription,
                       int mode)
{
    const uint32_t count = subscription->to->node_count;
    uint32_t number = (uint32_t)(visit_key(visit) % count);
    if (mode == NATS_KEY) {
        return listens(&subscription->connections[number]) ? number : UINT32_MAX;
    }
    number = (uint32_t)random_below(nats_state(visit->node->component)->luck, count);
    for (uint32_t i = 0; i < count; i++) {
        if (listens(&subscription->connections[(number + i) % count])) {
            return (number + i) % count;
        }
    }
    return UINT32_MAX;
}

static uint32_t publish_to(struct visit *visit, struct nats_subscription *subscription,
                           const struct nats_held *message, uint64_t ticket)
{
    const struct nats_subject *subject =
        nats_subject(visit->node->component, subscription->subject);
    uint32_t reached = 0;
    if (subject->deliver != NATS_ALL) {
        const uint32_t number = choose(visit, subscription, subject->deliver);
        if (number != UINT32_MAX) {
            write_to(visit->node, subscription, number, message, ticket);
        }
        return number != UINT32_MAX;
    }
    for (uint32_t i = 0; i < subscription->to->node_count; i++) {
        if (listens(&subscription->connections[i])) {
            write_to(visit->node, subscription, i, message, reached == 0 ? ticket : 0);
            reached++;
        }
    }
    return reached;
}

bool nats_core_publish(struct visit *visit, uint32_t subject, uint64_t ticket)
{
    struct component *component = visit->node->component;
    struct nats_state *state = nats_state(component);
    const struct call_design *design = call_design_of(visit);
    const uint64_t bytes = design != NULL && design->bytes > 0
                               ? design->bytes
                               : nats_subject(component, subject)->record * visit->units;
    const struct nats_held message = {visit->request, (uint32_t)bytes, visit->units,
                                      visit_now(visit)};
    uint32_t reached = 0;
    for (uint32_t i = 0; i < state->subscription_count; i++) {
        if (state->subscriptions[i].subject == subject) {
            reached += publish_to(visit, &state->subscriptions[i], &message,
                                  reached == 0 ? ticket : 0);
        }
    }
    return reached > 0;
}

// ---- life ---------------------------------------------------------------------------------------

static void forget_held(struct component *component, struct nats_subscription *subscription)
{
    for (uint32_t i = 0; i < subscription->to->node_count; i++) {
        struct nats_connection *connection = &subscription->connections[i];
        connection->looking = false;
        if (connection->held.count > 0) {
            drop_held(component, subscription, connection);
        }
    }
}

// What was on its way through this server is gone.
void nats_core_crash(struct node *server)
{
    struct component *component = server->component;
    struct nats_state *state = nats_state(component);
    for (uint32_t slot = 1; slot < state->deliveries.used; slot++) {
        struct nats_delivery *delivery = slots_at(&state->deliveries, slot);
        if (delivery->server == server && delivery->count > 0) {
            struct nats_subscription *subscription = &state->subscriptions[delivery->subscription];
            struct nats_connection *connection = &subscription->connections[delivery->connection];
            connection->messages -= delivery->count;
            connection->bytes -= delivery->bytes;
            drop(component, subscription, delivery->count);
            delivery->count = 0;
            slots_give(&state->deliveries, slot);
        }
    }
    for (uint32_t i = 0; i < state->subscription_count; i++) {
        forget_held(component, &state->subscriptions[i]);
    }
}

void nats_core_check(struct component *component)
{
    const struct nats_state *state = nats_state(component);
    const uint64_t most = nats_configuration(component)->max_pending;
    for (uint32_t i = 0; i < state->subscription_count; i++) {
        for (uint32_t k = 0; k < state->subscriptions[i].to->node_count; k++) {
            const struct nats_connection *connection = &state->subscriptions[i].connections[k];
            world_hold(component->world, "nats-outbound-bounded", connection->held_bytes <= most,
                       "%lu bytes wait for connection %u", (unsigned long)connection->held_bytes,
                       k);
        }
    }
}

void nats_core_end(struct component *component)
{
    struct nats_state *state = nats_state(component);
    for (uint32_t i = 0; i < state->subscription_count; i++) {
        for (uint32_t k = 0; k < state->subscriptions[i].to->node_count; k++) {
            ring_release(&state->subscriptions[i].connections[k].held);
        }
    }
    slots_release(&state->deliveries);
}
