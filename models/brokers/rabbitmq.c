// rabbitmq - RabbitMQ 3.12: quorum, classic and mirrored queues, confirms, acknowledgement, alarms.
#include "models/brokers/brokers.h"
#include "models/brokers/rabbitmq.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- invariants ---------------------------------------------------------------------------------

static const struct model_invariant invariants[] = {
    {"rabbitmq-confirmed-safe", "confirmed messages of quorum queues are never lost"},
    {"backlog-counted", "every message is settled, dead, lost, waiting or in one hand"},
    {"backlog-order", "first deliveries follow the order of the queue"},
    {"backlog-window", "a consumer has no more messages in hand than its prefetch"},
    {"one leader per term", "a term of a quorum queue has one leader at most"},
    {"log matching", "logs that agree in the term of an entry agree in all before it"},
    {"no committed entry lost", "a leader has all that was committed"},
    {0},
};

// ---- queues -------------------------------------------------------------------------------------

// Of a publish that nobody waits for any more: what was noted when its publisher was answered.
uint32_t rabbitmq_bytes(struct visit *visit, const struct rabbitmq_queue *queue)
{
    const struct call_design *design = call_design_of(visit);
    uint64_t bytes = design != NULL ? design->bytes : 0;
    if (design == NULL && !rabbitmq_setting(queue)->confirms) {
        bytes = *visit_words(visit);
    }
    bytes = bytes > 0 ? bytes : rabbitmq_setting(queue)->record * visit->units;
    return (uint32_t)(bytes > 0 ? bytes : 1);
}

void rabbitmq_serve(struct rabbitmq_queue *queue, struct node *server)
{
    const int64_t now = queue->component->world->now;
    if (server == NULL && queue->leaderless_ns == TIME_NEVER) {
        queue->leaderless_ns = now;
    } else if (server != NULL && queue->leaderless_ns != TIME_NEVER) {
        const int64_t gap = now - queue->leaderless_ns;
        queue->longest_ns = gap > queue->longest_ns ? gap : queue->longest_ns;
        queue->leaderless_ns = TIME_NEVER;
    }
    queue->server = server;
    backlog_move(&queue->backlog, server);
}

double rabbitmq_longest(const struct rabbitmq_queue *queue)
{
    const int64_t now = queue->component->world->now;
    const int64_t open = queue->leaderless_ns == TIME_NEVER ? 0 : now - queue->leaderless_ns;
    return time_seconds(open > queue->longest_ns ? open : queue->longest_ns);
}

static bool offer(struct rabbitmq_queue *queue, const struct backlog_message *message)
{
    return rabbitmq_is_quorum(queue) ? rabbitmq_quorum_offer(queue, message)
                                     : rabbitmq_classic_offer(queue, message);
}

// A dead message is published once more, to the queue for such; at most once.
static void on_dead(struct backlog *backlog, const struct backlog_message *message)
{
    struct rabbitmq_queue *queue = backlog->owner;
    struct rabbitmq_state *state = rabbitmq_state(queue->component);
    const char *name = rabbitmq_setting(queue)->dead_letter;
    bool taken = false;
    if (name != NULL) {
        const uint32_t number = field_find(&rabbitmq_configuration(queue->component)->queues, name);
        taken = offer(&state->queues[number], message);
    }
    *(taken ? &queue->dead_lettered : &queue->dead_dropped) += message->count;
}

static bool on_answered(struct backlog *backlog, uint64_t hand)
{
    struct rabbitmq_queue *queue = backlog->owner;
    return rabbitmq_is_quorum(queue) && rabbitmq_quorum_answered(queue, hand);
}

static const struct backlog_hooks hooks = {.dead = on_dead, .answered = on_answered};

// ---- steps --------------------------------------------------------------------------------------

enum { ADMIT, ROUTE, FLOW, HANDLE, COMMIT, CIRCLE, CONFIRM };

static struct rabbitmq_queue *queue_of(const struct visit *visit)
{
    return &rabbitmq_state(visit->node->component)->queues[visit->loops[0] << 8 | visit->loops[1]];
}

static void note_queue(struct visit *visit, const char *name)
{
    const struct component *component = visit->node->component;
    const uint32_t number = field_find(&rabbitmq_configuration(component)->queues, name);
    visit->loops[0] = (uint8_t)(number >> 8);
    visit->loops[1] = (uint8_t)number;
}

// The connection reads nothing while an alarm is on.
static enum outcome admit(struct visit *visit)
{
    const struct call_design *design = call_design_of(visit);
    if (rabbitmq_state(visit->node->component)->alarmed > 0) {
        return rabbitmq_guard_park(visit);
    }
    if (design == NULL || design->topic == NULL) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    note_queue(visit, design->topic);
    return step_next(visit);
}

static enum outcome route_message(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const int64_t time = distribution_draw(&rabbitmq_configuration(component)->channel,
                                           rabbitmq_state(component)->channel);
    return step_cpu(visit, time * visit->units);
}

static enum outcome flow(struct visit *visit)
{
    struct rabbitmq_queue *queue = queue_of(visit);
    if (queue->server == NULL || !node_is_up(queue->server)) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    if (queue->server != visit->node) {
        return call_forward(visit, queue->server, visit->operation);
    }
    if (queue->syncing) {
        return rabbitmq_guard_park(visit);
    }
    return step_take(visit, rabbitmq_guard_flow(visit, queue));
}

// Without confirms the publisher is done as soon as its connection has read the message.
static void answer_early(struct visit *visit, struct rabbitmq_queue *queue)
{
    if (!rabbitmq_setting(queue)->confirms) {
        *visit_words(visit) = rabbitmq_bytes(visit, queue);
        visit_answer(visit, STATUS_OK, 0);
        visit->deadline_ns = TIME_NEVER;
        queue->acknowledged += visit->units;
        queue->unhandled += visit->units;
    }
}

static enum outcome handle(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    const struct rabbitmq_state *state = rabbitmq_state(component);
    struct rabbitmq_queue *queue = queue_of(visit);
    const uint32_t first = component->design->device_count - state->queue_count;
    const int64_t time = distribution_draw(
        rabbitmq_is_quorum(queue) ? &configuration->handle : &configuration->classic_handle,
        state->handle);
    answer_early(visit, queue);
    return station_serve(&visit->node->devices[first + queue->number], visit, time * visit->units);
}

// The queue has got another leader meanwhile; a channel without confirms sends its message there.
static enum outcome commit_elsewhere(struct visit *visit, struct rabbitmq_queue *queue)
{
    const struct backlog_message message = {.request = visit->request,
                                            .bytes = rabbitmq_bytes(visit, queue),
                                            .count = visit->units};
    if (!rabbitmq_setting(queue)->confirms && !offer(queue, &message)) {
        queue->lost += visit->units;
    }
    return step_fail(visit, STATUS_UNAVAILABLE);
}

static enum outcome commit(struct visit *visit)
{
    struct rabbitmq_queue *queue = queue_of(visit);
    if (!rabbitmq_setting(queue)->confirms) {
        queue->unhandled -= visit->units;
    }
    if (queue->server != visit->node) {
        return commit_elsewhere(visit, queue);
    }
    if (rabbitmq_is_quorum(queue)) {
        return rabbitmq_quorum_publish(visit, queue);
    }
    rabbitmq_guard_handled(visit);
    return rabbitmq_classic_publish(visit, queue);
}

static enum outcome circle(struct visit *visit)
{
    struct rabbitmq_queue *queue = queue_of(visit);
    return rabbitmq_is_quorum(queue) ? step_next(visit) : rabbitmq_classic_await(visit, queue);
}

static enum outcome confirm(struct visit *visit)
{
    struct rabbitmq_queue *queue = queue_of(visit);
    const bool good = visit->status == STATUS_OK;
    if (good && rabbitmq_setting(queue)->confirms) {
        queue->acknowledged += visit->units;
    }
    if (good && !rabbitmq_is_quorum(queue) && visit->value > queue->confirmed) {
        queue->confirmed = visit->value;
    }
    return step_reply(visit, visit->status);
}

static const struct step publish_steps[] = {
    [ADMIT] = {.name = "read connection", .run = admit},
    [ROUTE] = {.name = "route", .run = route_message},
    [FLOW] = {.name = "wait for credit", .run = flow},
    [HANDLE] = {.name = "queue process", .run = handle},
    [COMMIT] = {.name = "commit", .run = commit},
    [CIRCLE] = {.name = "mirrors", .run = circle},
    [CONFIRM] = {.name = "confirm", .run = confirm},
};

// ---- operations ---------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "publish",
     .meaning = "puts a message into a queue; answers with the confirm",
     .steps = publish_steps,
     .step_count = sizeof publish_steps / sizeof publish_steps[0]},
};

// ---- life ---------------------------------------------------------------------------------------

static void check_queue(struct model_preparation *preparation, uint32_t number)
{
    const struct rabbitmq_configuration *configuration = preparation->configuration;
    const struct rabbitmq_queue_setting *queue =
        (const struct rabbitmq_queue_setting *)configuration->queues.items + number;
    const char *name = configuration->queues.names[number];
    if (queue->type != RABBITMQ_CLASSIC && queue->members > configuration->nodes) {
        model_complain(preparation, "queues", "queue `%s` wants %lu members of %lu nodes", name,
                       (unsigned long)queue->members, (unsigned long)configuration->nodes);
    }
    if (queue->dead_letter != NULL &&
        field_find(&configuration->queues, queue->dead_letter) == configuration->queues.count) {
        model_complain(preparation, "queues", "queue `%s` sends the dead to `%s`, which is none",
                       name, queue->dead_letter);
    }
}

static void prepare(struct model_preparation *preparation)
{
    const struct rabbitmq_configuration *configuration = preparation->configuration;
    preparation->component->replicas = (uint32_t)configuration->nodes;
    for (uint32_t i = 0; i < configuration->queues.count; i++) {
        check_queue(preparation, i);
    }
    if (configuration->queues.count > UINT16_MAX) {
        model_complain(preparation, "queues", "at most 65535 queues");
    }
    if (distribution_mean(&configuration->election) < TIME_MS) {
        model_complain(preparation, "election", "members that cannot win would stand without end: "
                                                "wait 1ms on average at least");
    }
    model_add_devices(preparation, &configuration->queues); // the process of each
}

static bool has_topic(const struct component_design *component, const char *topic)
{
    const struct rabbitmq_configuration *configuration = component->configuration;
    return field_find(&configuration->queues, topic) < configuration->queues.count;
}

static void begin_settings(struct component *component)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    rabbitmq_state(component)->raft = (struct raft_settings){
        .election = {.prevote = true, .bytes = 100},
        .heartbeat_ns = configuration->tick_ns,
        .batch_bytes = 1 << 20,
        .in_flight = 4,
        .message_bytes = 100,
        .entry_bytes = 50,
        .keep = 8192,
        .snapshot_rate = configuration->recovery,
    };
}

static void begin_queue(struct component *component, uint32_t number)
{
    struct rabbitmq_queue *queue = &rabbitmq_state(component)->queues[number];
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    queue->component = component;
    queue->number = number;
    queue->home = number % component->node_count;
    queue->leaderless_ns = TIME_NEVER;
    const struct rabbitmq_queue_setting *setting = rabbitmq_setting(queue);
    queue->settings = (struct backlog_settings){
        .window = setting->prefetch,
        .limit = setting->delivery_limit > 0 ? setting->delivery_limit + 1 : 0,
        .ack_wait_ns = setting->consumer_timeout_ns,
        .retry_ns = configuration->requeue_ns,
        .silence_ns = configuration->client_heartbeat_ns,
    };
    queue->backlog.settings = &queue->settings;
    queue->backlog.hooks = &hooks;
    queue->backlog.owner = queue;
    queue->backlog.number = number;
    backlog_init(&queue->backlog, component->world);
    rabbitmq_is_quorum(queue) ? rabbitmq_quorum_begin(queue) : rabbitmq_classic_begin(queue);
}

static void begin(struct component *component)
{
    struct rabbitmq_state *state = rabbitmq_state(component);
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    struct arena *arena = &component->world->arena;
    state->component = component;
    state->channel = node_component_stream(component, "channel");
    state->handle = node_component_stream(component, "handle");
    state->election = node_component_stream(component, "election");
    state->queue_count = configuration->queues.count;
    state->queues = arena_take_array(arena, state->queue_count, sizeof *state->queues);
    state->wals = arena_take_array(arena, component->node_count, sizeof *state->wals);
    for (uint32_t i = 0; i < component->node_count; i++) {
        wal_init(&state->wals[i], &component->nodes[i], &configuration->flush,
                 node_component_stream(component, arena_format(arena, "flush/%u", i)));
        state->wals[i].per_byte_ns = 1e9 / configuration->wal_bandwidth;
    }
    begin_settings(component);
    rabbitmq_guard_begin(component);
    for (uint32_t i = 0; i < state->queue_count; i++) {
        begin_queue(component, i);
    }
}

static void attach(struct component *component, const struct consumer_design *consumer,
                   struct component *to)
{
    const uint32_t number = field_find(&rabbitmq_configuration(component)->queues, consumer->topic);
    backlog_attach(&rabbitmq_state(component)->queues[number].backlog, consumer, to);
}

static struct backlog *backlog(struct component *component, uint32_t number)
{
    return &rabbitmq_state(component)->queues[number].backlog;
}

static void begin_service(struct node *node)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    rabbitmq_guard_start(node);
    for (uint32_t i = 0; i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        rabbitmq_is_quorum(queue) ? rabbitmq_quorum_start(queue, node)
                                  : rabbitmq_classic_start(queue, node);
    }
}

static void on_recovered(struct node *node, uint64_t word)
{
    (void)word;
    node_ready(node);
    begin_service(node);
}

// The log of a node that starts anew is read back: what its queues hold, a file at most.
static int64_t recovery_time(const struct node *node)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    const struct rabbitmq_state *state = rabbitmq_state(node->component);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        bytes += state->queues[i].backlog.bytes;
    }
    bytes = bytes < configuration->resident ? bytes : configuration->resident;
    return time_of((double)bytes / configuration->recovery * 1e9);
}

static bool start(struct node *node)
{
    const struct component_design *design = node->component->design;
    const uint32_t count = rabbitmq_state(node->component)->queue_count;
    for (uint32_t i = design->device_count - count; i < design->device_count; i++) {
        node->devices[i].part = METER_CPU;
    }
    const int64_t time = node->epoch == 0 ? 0 : recovery_time(node);
    if (time == 0) {
        begin_service(node);
        return true;
    }
    node_timer(node, time, on_recovered, 0);
    return false;
}

static void crash(struct node *node)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const bool dark = node->life == NODE_DARK;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        if (queue->server == node) {
            queue->lost += queue->unhandled;
            queue->unhandled = 0;
        }
        rabbitmq_is_quorum(queue) ? rabbitmq_quorum_crash(queue, node, dark)
                                  : rabbitmq_classic_crash(queue, node, dark);
    }
    wal_crash(&state->wals[node->replica], dark);
    rabbitmq_guard_crash(node);
}

static struct node *any_node(struct component *component, const struct call *call)
{
    const uint64_t sequence = call->request & 0xffffffffffff;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[(sequence + i) % component->node_count];
        if (node_is_up(node)) {
            return node;
        }
    }
    return NULL;
}

// Publishers are connected to the node of their queue's leader; without one, to any.
static struct node *choose_node(struct component *component, const struct call *call, uint64_t key)
{
    (void)key;
    const char *topic = call->design->topic;
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    const uint32_t number =
        topic == NULL ? configuration->queues.count : field_find(&configuration->queues, topic);
    if (number == configuration->queues.count) {
        return any_node(component, call);
    }
    struct node *server = rabbitmq_state(component)->queues[number].server;
    return server != NULL && node_is_up(server) ? server : any_node(component, call);
}

static struct node *with_role(struct component *component, const char *role)
{
    const struct rabbitmq_state *state = rabbitmq_state(component);
    return text_same(role, "leader") && state->queue_count > 0 ? state->queues[0].server : NULL;
}

static void check(struct component *component)
{
    struct rabbitmq_state *state = rabbitmq_state(component);
    for (uint32_t i = 0; i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        backlog_check(&queue->backlog);
        if (rabbitmq_is_quorum(queue)) {
            raft_check(&queue->raft);
            world_hold(component->world, "rabbitmq-confirmed-safe",
                       queue->lost == 0 || !rabbitmq_setting(queue)->confirms,
                       "queue %u: %lu confirmed messages are lost", i,
                       (unsigned long)queue->lost);
        }
    }
}

static void end(struct component *component)
{
    struct rabbitmq_state *state = rabbitmq_state(component);
    rabbitmq_guard_end(component);
    for (uint32_t i = 0; i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        backlog_release(&queue->backlog);
        ring_release(&queue->waiters);
        for (uint32_t k = 0; k < ELECTION_MEMBERS; k++) {
            promise_release(&queue->promises[k]);
        }
        if (rabbitmq_is_quorum(queue)) {
            raft_release(&queue->raft);
        }
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        wal_release(&state->wals[i]);
    }
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    (void)operation;
    const struct rabbitmq_configuration *configuration = component->configuration;
    return distribution_mean(&configuration->channel) / 1e9;
}

// ---- descriptor ---------------------------------------------------------------------------------

static const char *const roles[] = {"leader", NULL};

const struct model rabbitmq_model = {
    .kind = "rabbitmq",
    .family = "broker",
    .summary = "RabbitMQ 3.12: quorum, classic and mirrored queues, confirms, alarms, dead letters",
    .stands_for =
        "RabbitMQ 3.12.14; clients are connected to the node of their queue's leader, credit is "
        "granted one by one, nodes of a minority pause (pause_minority); exchanges, priorities, "
        "length limits, streams, at-least-once dead-lettering and the split-brain of ignored "
        "partitions are not modelled",
    .fields = rabbitmq_fields,
    .configuration_size = sizeof(struct rabbitmq_configuration),
    .component_size = sizeof(struct rabbitmq_state),
    .operations = operations,
    .operation_count = 1,
    .metrics = rabbitmq_metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = choose_node,
    .with_role = with_role,
    .roles = roles,
    .attach = attach,
    .backlog = backlog,
    .has_topic = has_topic,
    .check = check,
    .end = end,
    .demand = demand,
};
