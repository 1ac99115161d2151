// nats - NATS 2.10: core subjects at most once, JetStream streams at least once.
#include "models/brokers/nats.h"
#include "models/brokers/brokers.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- metrics ------------------------------------------------------------------------------------

static double read_published(const struct component *component)
{
    return (double)nats_state(component)->published;
}

static double read_dropped(const struct component *component)
{
    return (double)nats_state(component)->dropped;
}

static double read_slow(const struct component *component)
{
    return (double)nats_state(component)->slow;
}

static double read_stored(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        messages += state->streams[i].log.end;
    }
    return (double)messages;
}

static double read_acknowledged(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = state->acknowledged;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        messages += state->streams[i].acknowledged;
    }
    return (double)messages;
}

static double read_lost(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = state->dropped;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        messages += state->streams[i].promises.broken;
    }
    return (double)messages;
}

static double read_duplicates(const struct component *component)
{
    return (double)nats_state(component)->duplicates;
}

static double read_delivered(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = state->delivered;
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        messages += state->consumers[i].backlog.delivered;
    }
    return (double)messages;
}

static double read_redelivered(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        messages += state->consumers[i].backlog.redelivered;
    }
    return (double)messages;
}

static double read_handled_again(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        messages += state->consumers[i].backlog.duplicates;
    }
    return (double)messages;
}

static double read_given_up(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t messages = 0;
    for (uint32_t i = 0; i < state->consumer_count; i++) {
        messages += state->consumers[i].backlog.dead;
    }
    return (double)messages;
}

static double read_elections(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    uint64_t elections = 0;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        elections += state->streams[i].raft.election.elections;
    }
    return (double)elections;
}

static double read_unavailable(const struct component *component)
{
    const struct nats_state *state = nats_state(component);
    double longest = 0;
    for (uint32_t i = 0; i < state->stream_count; i++) {
        const double gap = nats_stream_longest(&state->streams[i]);
        longest = gap > longest ? gap : longest;
    }
    return longest;
}

static const struct model_metric metrics[] = {
    {"published", "{message}", "messages published to subjects", read_published},
    {"stored", "{message}", "messages stored by streams", read_stored},
    {"acknowledged", "{message}", "messages whose publishers were told OK", read_acknowledged},
    {"lost", "{message}",
     "acknowledged messages that exist no more; copies of core messages that were never handled",
     read_lost},
    {"dropped", "{message}", "copies of core messages that no subscriber handled", read_dropped},
    {"slow_consumers", "1", "subscribers disconnected because they did not read", read_slow},
    {"delivered", "{message}", "deliveries begun, of streams, and handled, of subjects",
     read_delivered},
    {"redelivered", "{message}", "deliveries after the first, of streams", read_redelivered},
    {"handled_again", "{message}", "messages worked off again though they had been acknowledged",
     read_handled_again},
    {"given_up", "{message}", "messages delivered max_deliver times in vain", read_given_up},
    {"duplicates", "{message}", "publishes recognised by their message id", read_duplicates},
    {"elections", "1", "leaders elected, all streams together", read_elections},
    {"unavailable(max)", "s", "longest time in which a stream had no serving leader",
     read_unavailable},
    {0},
};

static const struct model_invariant invariants[] = {
    {"backlog-counted", "every message of a consumer is acknowledged, given up, lost, waiting or "
                        "pending, once"},
    {"backlog-order", "first deliveries follow the order of the stream"},
    {"nats-ack-pending", "a consumer's unacknowledged messages stay within max_ack_pending"},
    {"nats-outbound-bounded", "no outbound buffer grows beyond max_pending"},
    {"one leader per term", "a term of a stream's group has one leader at most"},
    {"log matching", "logs that agree in the term of an entry agree in all before it"},
    {"no committed entry lost", "while no server loses power, a leader has all that was committed"},
    {0},
};

// ---- steps --------------------------------------------------------------------------------------

enum { RECEIVE, ROUTE, ANSWER, REPLY, FIND, AGAIN, STORE, COMMIT, ACKNOWLEDGE };
enum { IS_STREAM = 1 }; // in loops[0]; loops[1] is the number of the subject or stream

static struct nats_stream *stream_of(const struct visit *visit)
{
    return &nats_state(visit->node->component)->streams[visit->loops[1]];
}

static int64_t parsing_time(const struct visit *visit, uint64_t bytes)
{
    const struct component *component = visit->node->component;
    const struct nats_configuration *configuration = nats_configuration(component);
    struct random_stream *stream = nats_state(component)->parse;
    int64_t time = distribution_draw(&configuration->parse, stream);
    if (visit->units > 1) {
        time += distribution_draw(&configuration->message, stream) * (visit->units - 1);
    }
    return time + time_of((double)bytes / configuration->bandwidth * 1e9);
}

static int64_t copying_time(const struct visit *visit, uint64_t bytes)
{
    const struct component *component = visit->node->component;
    const struct nats_configuration *configuration = nats_configuration(component);
    const struct nats_state *state = nats_state(component);
    uint64_t copies = 0;
    for (uint32_t i = 0; i < state->subscription_count; i++) {
        const struct nats_subscription *subscription = &state->subscriptions[i];
        const int mode = nats_subject(component, subscription->subject)->deliver;
        copies += subscription->subject != visit->loops[1] ? 0
                  : mode == NATS_ALL                       ? subscription->to->node_count
                                                           : 1;
    }
    const int64_t copy = distribution_draw(&configuration->copy, state->parse);
    return time_times(copy, copies * visit->units) +
           time_of((double)(bytes * copies) / configuration->bandwidth * 1e9);
}

static uint64_t bytes_of(const struct visit *visit, const struct call_design *design)
{
    const struct component *component = visit->node->component;
    const uint64_t record = visit->loops[0] == IS_STREAM
                                ? nats_stream_setting(component, visit->loops[1])->record
                                : nats_subject(component, visit->loops[1])->record;
    return design->bytes > 0 ? design->bytes : record * visit->units;
}

static enum outcome receive(struct visit *visit)
{
    const struct nats_configuration *configuration = nats_configuration(visit->node->component);
    const struct call_design *design = call_design_of(visit);
    if (design == NULL || design->topic == NULL) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    const uint32_t stream = field_find(&configuration->streams, design->topic);
    const bool stored = stream < configuration->streams.count;
    visit->loops[0] = stored ? IS_STREAM : 0;
    visit->loops[1] =
        (uint8_t)(stored ? stream : field_find(&configuration->subjects, design->topic));
    const uint64_t bytes = bytes_of(visit, design);
    return step_cpu(visit, parsing_time(visit, bytes) + (stored ? 0 : copying_time(visit, bytes)));
}

static void store_too(struct visit *visit, const struct nats_subject *subject)
{
    const struct component *component = visit->node->component;
    if (subject->stored > 0 && random_chance(nats_state(component)->luck, subject->stored)) {
        nats_stream_store(visit,
                          field_find(&nats_configuration(component)->streams, subject->stream));
    }
}

// A core message goes out; a request waits for the answer.
static enum outcome route_message(struct visit *visit)
{
    struct component *component = visit->node->component;
    const struct nats_subject *subject = nats_subject(component, visit->loops[1]);
    const uint64_t ticket = subject->request ? visit_ticket(visit) : 0;
    nats_state(component)->published += visit->units;
    const bool reached = nats_core_publish(visit, visit->loops[1], ticket);
    store_too(visit, subject);
    visit->status = STATUS_OK;
    if (!subject->request) {
        return step_jump(visit, REPLY);
    }
    return reached ? step_wait(visit) : step_fail(visit, STATUS_UNAVAILABLE);
}

static enum outcome route(struct visit *visit)
{
    return visit->loops[0] == IS_STREAM ? step_jump(visit, FIND) : route_message(visit);
}

static enum outcome answer(struct visit *visit)
{
    return step_cpu(visit, parsing_time(visit, 0));
}

static enum outcome reply(struct visit *visit)
{
    if (status_is_good(visit->status)) {
        nats_state(visit->node->component)->acknowledged += visit->units;
    }
    return step_reply(visit, visit->status);
}

// Publishes go to the stream's leader. Without one nobody responds: the client tries again.
static enum outcome find_leader(struct visit *visit)
{
    const struct nats_configuration *configuration = nats_configuration(visit->node->component);
    struct node *leader = nats_stream_leader(stream_of(visit));
    if (leader != NULL) {
        return leader == visit->node ? step_jump(visit, STORE)
                                     : call_forward(visit, leader, visit->operation);
    }
    if (visit->loops[0] > configuration->no_responder_tries) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    visit->loops[0]++;
    return step_hold(visit, configuration->no_responder_ns, METER_BACKOFF);
}

static enum outcome find_again(struct visit *visit)
{
    return step_jump(visit, FIND);
}

static enum outcome store(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const uint32_t first = component->design->device_count - nats_state(component)->stream_count;
    const int64_t time =
        distribution_draw(&nats_configuration(component)->append, nats_state(component)->append);
    return station_serve(&visit->node->devices[first + visit->loops[1]], visit,
                         time * visit->units);
}

static enum outcome commit(struct visit *visit)
{
    struct nats_stream *stream = stream_of(visit);
    const struct call_design *design = call_design_of(visit);
    if (nats_stream_leader(stream) != visit->node) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    if (design != NULL && design->idempotent && nats_stream_knows(stream, visit->request)) {
        nats_state(visit->node->component)->duplicates += visit->units;
        return step_reply(visit, STATUS_OK);
    }
    return nats_stream_append(visit, stream);
}

static enum outcome acknowledge(struct visit *visit)
{
    if (visit->status == STATUS_OK) {
        nats_stream_acknowledge(visit, stream_of(visit));
    }
    return step_reply(visit, visit->status);
}

static const struct step publish_steps[] = {
    [RECEIVE] = {.name = "parse", .run = receive},
    [ROUTE] = {.name = "route", .run = route},
    [ANSWER] = {.name = "route the answer", .run = answer},
    [REPLY] = {.name = "reply", .run = reply},
    [FIND] = {.name = "find leader", .run = find_leader},
    [AGAIN] = {.name = "try again", .run = find_again},
    [STORE] = {.name = "append", .run = store},
    [COMMIT] = {.name = "commit", .run = commit},
    [ACKNOWLEDGE] = {.name = "acknowledge", .run = acknowledge},
};

// ---- operations ---------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "publish",
     .meaning = "hands a message to a subject's subscribers, or appends it to a stream",
     .steps = publish_steps,
     .step_count = sizeof publish_steps / sizeof publish_steps[0]},
};

// ---- life ---------------------------------------------------------------------------------------

static void check_subject(struct model_preparation *preparation, uint32_t number)
{
    const struct nats_configuration *configuration = preparation->configuration;
    const struct nats_subject *subject =
        (const struct nats_subject *)configuration->subjects.items + number;
    const char *name = configuration->subjects.names[number];
    const bool known =
        subject->stream != NULL &&
        field_find(&configuration->streams, subject->stream) < configuration->streams.count;
    if ((subject->stored > 0 || subject->stream != NULL) && !known) {
        model_complain(preparation, "subjects", "subject `%s` stores in no stream of `streams`",
                       name);
    }
    if (field_find(&configuration->streams, name) < configuration->streams.count) {
        model_complain(preparation, "subjects", "`%s` is a stream, too", name);
    }
}

static void prepare(struct model_preparation *preparation)
{
    const struct nats_configuration *configuration = preparation->configuration;
    preparation->component->replicas = (uint32_t)configuration->servers;
    for (uint32_t i = 0; i < configuration->streams.count; i++) {
        const struct nats_stream_setting *stream =
            (const struct nats_stream_setting *)configuration->streams.items + i;
        if (stream->replicas > configuration->servers) {
            model_complain(preparation, "streams", "stream `%s` wants %lu of %lu servers",
                           configuration->streams.names[i], (unsigned long)stream->replicas,
                           (unsigned long)configuration->servers);
        }
    }
    for (uint32_t i = 0; i < configuration->subjects.count; i++) {
        check_subject(preparation, i);
    }
    if (configuration->streams.count > UINT8_MAX || configuration->subjects.count > UINT8_MAX) {
        model_complain(preparation, "streams", "at most 255 streams and 255 subjects");
    }
    if (configuration->streams.count + configuration->subjects.count == 0) {
        model_complain(preparation, "subjects", "there is no subject and no stream");
    }
    model_add_devices(preparation, &configuration->streams); // the lock of each for its appends
}

static bool has_topic(const struct component_design *component, const char *topic)
{
    const struct nats_configuration *configuration = component->configuration;
    return field_find(&configuration->streams, topic) < configuration->streams.count ||
           field_find(&configuration->subjects, topic) < configuration->subjects.count;
}

static void begin(struct component *component)
{
    struct nats_state *state = nats_state(component);
    struct arena *arena = &component->world->arena;
    state->component = component;
    state->subscriptions = arena_take_array(arena, NATS_SUBSCRIBERS, sizeof *state->subscriptions);
    state->luck = node_component_stream(component, "luck");
    state->parse = node_component_stream(component, "parse");
    state->append = node_component_stream(component, "append");
    slots_init(&state->deliveries, sizeof(struct nats_delivery));
    nats_stream_begin(component);
}

static void attach(struct component *component, const struct consumer_design *consumer,
                   struct component *to)
{
    const struct nats_configuration *configuration = nats_configuration(component);
    const uint32_t stream = field_find(&configuration->streams, consumer->topic);
    if (stream < configuration->streams.count) {
        nats_stream_attach(component, consumer, to, stream);
    } else {
        nats_core_attach(component, consumer, to,
                         field_find(&configuration->subjects, consumer->topic));
    }
}

static struct backlog *backlog(struct component *component, uint32_t number)
{
    return &nats_state(component)->consumers[number].backlog;
}

static void crash(struct node *server)
{
    nats_core_crash(server);
    nats_stream_crash(server);
}

// The server that a client is connected to: one of its zone where there is one.
static struct node *any_server(struct component *component, const struct call *call)
{
    const uint64_t sequence = call->request & 0xffffffffffff;
    struct node *found = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *server = &component->nodes[(sequence + i) % component->node_count];
        const bool near = server->zone == call->from_zone;
        if (node_is_up(server) && (found == NULL || near)) {
            found = server;
            if (near) {
                break;
            }
        }
    }
    return found;
}

// A publish to a stream goes to its leader; a leader whose host is silent is not known to be gone.
static struct node *choose_server(struct component *component, const struct call *call,
                                  uint64_t key)
{
    (void)key;
    const struct nats_configuration *configuration = nats_configuration(component);
    const char *topic = call->design->topic;
    const uint32_t number = topic == NULL ? UINT32_MAX : field_find(&configuration->streams, topic);
    if (number >= configuration->streams.count) {
        return any_server(component, call);
    }
    struct node *leader = nats_stream_leader(&nats_state(component)->streams[number]);
    return leader != NULL && node_is_up(leader) ? leader : any_server(component, call);
}

static struct node *with_role(struct component *component, const char *role)
{
    struct nats_state *state = nats_state(component);
    if (!text_same(role, "leader") || state->stream_count == 0) {
        return NULL;
    }
    return nats_stream_leader(&state->streams[0]);
}

static void check(struct component *component)
{
    nats_core_check(component);
    nats_stream_check(component);
}

static void end(struct component *component)
{
    nats_core_end(component);
    nats_stream_end(component);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    (void)operation;
    const struct nats_configuration *configuration = component->configuration;
    return (distribution_mean(&configuration->parse) + distribution_mean(&configuration->copy)) /
           1e9;
}

// ---- descriptor ---------------------------------------------------------------------------------

static const char *const roles[] = {"leader", NULL};

const struct model nats_jetstream_model = {
    .kind = "nats-jetstream",
    .family = "broker",
    .summary = "NATS 2.10: core subjects at most once, JetStream streams of one or more replicas",
    .stands_for =
        "NATS server 2.10.22 with JetStream; a subscriber is served by the publisher's server (a "
        "route costs its link, not a second parse); consumers' own Raft groups, the meta group, "
        "limits and retention of streams, headers and flow control of push consumers are not "
        "modelled",
    .fields = nats_fields,
    .configuration_size = sizeof(struct nats_configuration),
    .component_size = sizeof(struct nats_state),
    .operations = operations,
    .operation_count = 1,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = nats_stream_start,
    .crash = crash,
    .route = choose_server,
    .with_role = with_role,
    .roles = roles,
    .attach = attach,
    .backlog = backlog,
    .has_topic = has_topic,
    .check = check,
    .end = end,
    .demand = demand,
};
