// kafka_controller - the KRaft quorum: sessions of brokers, fencing, changes of in-sync sets.
//
// The active controller is the leader of a Raft group. It hears the brokers' heartbeats, decides,
// and every decision is an entry of the metadata log: carried out when a majority has it. While the
// quorum has no leader nothing is decided; a new one gives every broker a whole session.
#include <stdio.h>
#include <stdlib.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"

enum { HEARTBEAT_BYTES = 100, ENTRY_BYTES = 120, UNANSWERED_MS = 1000 };
enum decision { DECIDE_FENCE, DECIDE_JOIN, DECIDE_CHANGES };

// ---- decisions
// ------------------------------------------------------------------------------------

static uint64_t pack(enum decision decision, uint32_t broker, uint32_t detail)
{
    return (uint64_t)detail << 32 | (uint64_t)broker << 8 | (uint64_t)decision;
}

static void propose(struct node *controller, uint64_t word)
{
    struct kafka_state *state = kafka_state(controller->component);
    struct raft_member *member = raft_of(&state->raft, controller);
    const uint64_t words[2] = {word, 0};
    struct kafka_broker *broker = &state->brokers[(word >> 8) & 0xffffff];
    if (!raft_propose(member, words, ENTRY_BYTES, 0)) {
        broker->fencing = broker->joining = false;
    }
}

// The controller's single thread and the publication of the metadata take their time.
static void decide(struct node *controller, uint64_t word)
{
    const struct component *component = controller->component;
    const int64_t time = distribution_draw(&kafka_configuration(component)->controller,
                                           kafka_state(component)->control);
    node_timer(controller, time, propose, word);
}

// ---- changes of in-sync sets
// ----------------------------------------------------------------------

static void on_changes(struct node *controller, struct node *broker, uint64_t number)
{
    if (raft_leader(&kafka_state(controller->component)->raft) ==
        raft_of(&kafka_state(controller->component)->raft, controller)) {
        decide(controller, pack(DECIDE_CHANGES, broker->replica, (uint32_t)number));
    }
}

static void send_changes(struct node *broker);

static void on_unanswered(struct node *broker, uint64_t number)
{
    const struct kafka_broker *known = &kafka_state(broker->component)->brokers[broker->replica];
    if (known->asked > 0 && known->ask == number) {
        send_changes(broker);
    }
}

static void send_changes(struct node *broker)
{
    struct kafka_state *state = kafka_state(broker->component);
    struct kafka_broker *known = &state->brokers[broker->replica];
    const struct raft_member *controller = raft_leader(&state->raft);
    known->asked = known->change_count;
    known->ask++;
    node_timer_constant(broker, UNANSWERED_MS * TIME_MS, on_unanswered, known->ask);
    if (controller != NULL) {
        network_message(broker, controller->node, HEARTBEAT_BYTES, on_changes, known->ask);
    }
}

void kafka_controller_ask(struct node *broker, const struct kafka_change *change)
{
    struct kafka_broker *known = &kafka_state(broker->component)->brokers[broker->replica];
    if (known->change_count == known->change_room) {
        known->change_room = known->change_room == 0 ? 16 : known->change_room * 2;
        known->changes = check_realloc(known->changes, known->change_room * sizeof *known->changes);
    }
    known->changes[known->change_count++] = *change;
    if (known->asked == 0) {
        send_changes(broker);
    }
}

static void carry_out_changes(struct component *component, uint32_t broker, uint32_t number)
{
    struct kafka_broker *known = &kafka_state(component)->brokers[broker];
    if (known->asked == 0 || known->ask != number) {
        return;
    }
    const uint32_t done = known->asked;
    known->asked = 0;
    for (uint32_t i = 0; i < done; i++) {
        const struct kafka_change change = known->changes[i];
        kafka_replica_change(component, &change);
    }
    known->change_count -= done;
    for (uint32_t i = 0; i < known->change_count; i++) {
        known->changes[i] = known->changes[i + done];
    }
    if (known->change_count > 0 && known->asked == 0) {
        send_changes(&component->nodes[broker]);
    }
}

// ---- sessions
// -------------------------------------------------------------------------------------

static void on_session(struct node *controller, uint64_t word);

static void watch(struct node *controller, uint32_t broker, int64_t delay_ns)
{
    const struct raft_member *member =
        raft_of(&kafka_state(controller->component)->raft, controller);
    node_timer(controller, delay_ns, on_session, (uint64_t)member->vote->term << 32 | broker);
}

static void on_session(struct node *controller, uint64_t word)
{
    struct component *component = controller->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_broker *broker = &state->brokers[(uint32_t)word];
    const struct raft_member *member = raft_leader(&state->raft);
    const int64_t session = kafka_configuration(component)->session_ns;
    const bool leads = member != NULL && member->node == controller;
    if (!leads || member->vote->term != word >> 32 || broker->fenced || broker->fencing) {
        return;
    }
    const int64_t due = broker->heard_ns + session;
    if (due > component->world->now) {
        watch(controller, (uint32_t)word, due - component->world->now);
        return;
    }
    broker->fencing = true;
    decide(controller, pack(DECIDE_FENCE, (uint32_t)word, 0));
}

// A broker that was started anew is another one: it is refused while the session of the old one
// lasts.
static void on_heartbeat(struct node *controller, struct node *broker, uint64_t incarnation)
{
    struct component *component = controller->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_broker *known = &state->brokers[broker->replica];
    const struct raft_member *member = raft_leader(&state->raft);
    if (member == NULL || member->node != controller ||
        (known->incarnation != incarnation && !known->fenced)) {
        return;
    }
    known->heard_ns = component->world->now;
    if (known->fenced && !known->joining) {
        known->joining = true;
        decide(controller, pack(DECIDE_JOIN, broker->replica, (uint32_t)incarnation));
    }
}

void kafka_controller_beat(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    const struct raft_member *controller = raft_leader(&kafka_state(component)->raft);
    if (controller != NULL && broker->life == NODE_UP) {
        network_message(broker, controller->node, HEARTBEAT_BYTES, on_heartbeat, broker->epoch);
    }
    node_timer_constant(broker, kafka_configuration(component)->heartbeat_ns, kafka_controller_beat,
                        word);
}

// ---- the quorum
// -----------------------------------------------------------------------------------

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct component *component = member->raft->component;
    struct kafka_state *state = kafka_state(component);
    const uint64_t word = entry->words[0];
    const uint32_t number = (uint32_t)(word >> 8) & 0xffffff;
    if (entry->bytes == 0 || index <= state->decided) {
        return;
    }
    state->decided = index;
    struct kafka_broker *broker = &state->brokers[number];
    switch ((enum decision)(word & 0xff)) {
    case DECIDE_FENCE:
        broker->fencing = false;
        kafka_replica_fence(component, number);
        return;
    case DECIDE_JOIN:
        broker->joining = false;
        broker->incarnation = (uint32_t)(word >> 32);
        broker->heard_ns = component->world->now;
        kafka_replica_join(component, number);
        watch(raft_leader(&state->raft) == NULL ? member->node : raft_leader(&state->raft)->node,
              number, kafka_configuration(component)->session_ns);
        return;
    case DECIDE_CHANGES:
        carry_out_changes(component, number, (uint32_t)(word >> 32));
        return;
    }
}

// A new active controller knows of no heartbeat: every session begins anew.
static void on_leads(struct raft_member *member)
{
    struct component *component = member->raft->component;
    struct kafka_state *state = kafka_state(component);
    if (state->controllerless_ns != TIME_NEVER) {
        const int64_t time = component->world->now - state->controllerless_ns;
        state->undecided_ns = time > state->undecided_ns ? time : state->undecided_ns;
        state->controllerless_ns = TIME_NEVER;
    }
    for (uint32_t i = 0; i < state->broker_count; i++) {
        struct kafka_broker *broker = &state->brokers[i];
        broker->fencing = broker->joining = false;
        broker->heard_ns = component->world->now;
        if (!broker->fenced) {
            watch(member->node, i, kafka_configuration(component)->session_ns);
        }
    }
}

static const struct raft_hooks hooks = {.applied = on_applied, .leads = on_leads};

// ---- life
// -----------------------------------------------------------------------------------------

static bool is_controller(const struct node *node)
{
    const struct kafka_quorum *quorum = &kafka_configuration(node->component)->quorum;
    const uint32_t first = quorum->dedicated ? kafka_state(node->component)->broker_count : 0;
    return node->replica >= first && node->replica < first + quorum->controllers;
}

void kafka_controller_prepare(struct model_preparation *preparation)
{
    struct kafka_configuration *configuration = preparation->configuration;
    struct kafka_quorum *quorum = &configuration->quorum;
    uint64_t nodes = configuration->brokers + configuration->registry.nodes;
    if (quorum->dedicated) {
        nodes += quorum->controllers;
    } else if (quorum->controllers > configuration->brokers) {
        quorum->controllers = configuration->brokers;
    }
    preparation->component->replicas = (uint32_t)nodes;
}

static void begin_settings(struct component *component)
{
    const struct kafka_quorum *quorum = &kafka_configuration(component)->quorum;
    struct kafka_state *state = kafka_state(component);
    state->raft_settings = (struct raft_settings){
        .election = {.timeout_ns = quorum->fetch_ns,
                     .spread_ns = quorum->election_ns,
                     .bytes = HEARTBEAT_BYTES},
        .heartbeat_ns = quorum->idle_ns,
        .batch_bytes = 1 << 20,
        .in_flight = 1,
        .message_bytes = HEARTBEAT_BYTES,
        .entry_bytes = 60,
        .keep = 1000,
    };
}

void kafka_controller_begin(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    struct world *world = component->world;
    const size_t room = strlen(component->design->name) + sizeof "/quorum";
    char *name = arena_take(&world->arena, room);
    snprintf(name, room, "%s/quorum", component->design->name);
    begin_settings(component);
    state->controllerless_ns = TIME_NEVER;
    raft_init(&state->raft, component, name);
    state->raft.settings = &state->raft_settings;
    state->raft.hooks = &hooks;
}

static void begin_member(struct node *node)
{
    struct component *component = node->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_node *own = node->state;
    wal_init(&own->wal, node, &kafka_configuration(component)->quorum.flush,
             node_stream(node, "metadata"));
    raft_add(&state->raft, node, &own->wal);
    if (state->raft.count == kafka_configuration(component)->quorum.controllers) {
        for (uint32_t i = 0; i < state->raft.count; i++) {
            raft_start(&state->raft.members[i], 0);
        }
        raft_settle(&state->raft.members[0]);
    }
}

void kafka_controller_start(struct node *node)
{
    const struct kafka_configuration *configuration = kafka_configuration(node->component);
    struct kafka_state *state = kafka_state(node->component);
    node->role = kafka_is_broker(node) ? "broker" : is_controller(node) ? "voter" : "registry";
    if (is_controller(node) && node->epoch == 0) {
        begin_member(node);
    } else if (is_controller(node)) {
        struct raft_member *member = raft_of(&state->raft, node);
        raft_start(member, member->first - 1);
    }
    if (kafka_is_broker(node) && node->epoch == 0) {
        const int64_t beat = configuration->heartbeat_ns;
        node_timer(node, beat * (int64_t)node->replica / state->broker_count, kafka_controller_beat,
                   0);
    }
}

void kafka_controller_crash(struct node *node)
{
    struct kafka_state *state = kafka_state(node->component);
    if (is_controller(node)) {
        struct kafka_node *own = node->state;
        struct raft_member *member = raft_of(&state->raft, node);
        if (member->leading && state->controllerless_ns == TIME_NEVER) {
            state->controllerless_ns = node->world->now;
        }
        raft_crash(member, node->life == NODE_DARK);
        wal_crash(&own->wal, node->life == NODE_DARK);
    }
    if (kafka_is_broker(node)) {
        state->brokers[node->replica].asked = state->brokers[node->replica].change_count = 0;
    }
}

void kafka_controller_end(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct kafka_node *own = component->nodes[i].state;
        if (is_controller(&component->nodes[i])) {
            wal_release(&own->wal);
        }
    }
    for (uint32_t i = 0; i < state->broker_count; i++) {
        free(state->brokers[i].changes);
    }
    raft_release(&state->raft);
}
