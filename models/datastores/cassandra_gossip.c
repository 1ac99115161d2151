// cassandra_gossip - who lives: heartbeats by gossip, and the phi detector that judges them.
//
// Every period a node advances its own heartbeat, exchanges what it knows of all heartbeats with
// one other that it believes alive, chosen at random, now and then with one that it believes dead,
// and judges everybody: a node whose silence has reached the threshold is convicted. A heartbeat
// that advances brings it back at once. A node that was itself paused for more than 5 s judges
// nobody for as long (FailureDetector.java, 5.0).
#include <stdlib.h>
#include <string.h>

#include "models/datastores/cassandra.h"

#include "sim/base/check.h"

enum { HEARTBEAT_BYTES = 40, LONGEST_S = 2, PAUSE_S = 5, SNITCH_TICKS = 600 };
static const uint32_t FAREWELL = UINT32_MAX;

static const struct cassandra_gossip *setting_of(const struct component *component)
{
    return &cassandra_configuration(component)->gossip;
}

// ---- judging ----------------------------------------------------------------------------------

// Drivers hear from the first living node.
static bool tells_drivers(const struct node *node)
{
    for (uint32_t i = 0; i < node->replica; i++) {
        if (node_is_up(&node->component->nodes[i])) {
            return false;
        }
    }
    return true;
}

static void convict(struct node *node, uint32_t replica)
{
    struct component *component = node->component;
    struct cassandra_state *state = cassandra_state(component);
    struct cassandra_peer *peer = &cassandra_node(node)->peers[replica];
    const struct node *other = &component->nodes[replica];
    const int64_t now = node->world->now;
    peer->alive = false;
    peer->dead_ns = now;
    state->convictions++;
    if (node_is_up(other)) {
        state->false_convictions++;
    } else {
        const int64_t after = now - cassandra_node(other)->died_ns;
        state->conviction_ns = after > state->conviction_ns ? after : state->conviction_ns;
    }
    if (tells_drivers(node)) {
        state->known_dead[replica] = true;
        meter_log(node->world, LOG_DELIST, (int32_t)other->number, 0);
    }
}

static void revive(struct node *node, uint32_t replica)
{
    struct cassandra_state *state = cassandra_state(node->component);
    struct cassandra_peer *peer = &cassandra_node(node)->peers[replica];
    peer->alive = true;
    if (state->known_dead[replica]) {
        state->known_dead[replica] = false;
        meter_log(node->world, LOG_RELIST, (int32_t)node->component->nodes[replica].number, 0);
    }
}

static void judge(struct node *node)
{
    const struct component *component = node->component;
    struct cassandra_node *server = cassandra_node(node);
    const int64_t now = node->world->now;
    if (server->pause_ns != TIME_NEVER && now - server->pause_ns < PAUSE_S * TIME_S) {
        return;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct cassandra_peer *peer = &server->peers[i];
        if (i != node->replica && peer->alive &&
            detector_phi(&peer->detector, now) > setting_of(component)->phi) {
            convict(node, i);
        }
    }
}

// ---- gossip -----------------------------------------------------------------------------------

static bool is_newer(struct cassandra_heartbeat one, struct cassandra_heartbeat other)
{
    return one.generation > other.generation ||
           (one.generation == other.generation && one.version > other.version);
}

// The latest word of a process that has said that it ends stands for ever.
static void hear_farewell(struct node *node, uint32_t replica)
{
    struct cassandra_peer *peer = &cassandra_node(node)->peers[replica];
    peer->heard.version = FAREWELL;
    if (peer->alive) {
        convict(node, replica);
    }
}

static void learn(struct node *node, const struct cassandra_heartbeat *table)
{
    struct cassandra_node *server = cassandra_node(node);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        struct cassandra_peer *peer = &server->peers[i];
        if (i == node->replica || !is_newer(table[i], peer->heard)) {
            continue;
        }
        peer->heard = table[i];
        if (table[i].version == FAREWELL) {
            hear_farewell(node, i);
            continue;
        }
        detector_beat(&peer->detector, node->world->now);
        if (!peer->alive) {
            revive(node, i);
        }
    }
}

static void post(struct node *from, struct node *to, network_parcel_handler *handler)
{
    const uint32_t count = from->component->node_count;
    const struct cassandra_node *server = cassandra_node(from);
    struct cassandra_heartbeat *table = check_calloc(count, sizeof *table);
    for (uint32_t i = 0; i < count; i++) {
        table[i] = server->peers[i].heard;
    }
    const struct network_parcel parcel = {.extra = table};
    network_post(from, to, (uint64_t)count * HEARTBEAT_BYTES, handler, &parcel);
}

static void on_gossip_answer(struct node *node, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    if (node_is_up(node)) {
        learn(node, parcel->extra);
    }
}

static void on_gossip(struct node *node, struct node *from, struct network_parcel *parcel)
{
    if (node_is_up(node)) {
        learn(node, parcel->extra);
        post(node, from, on_gossip_answer);
    }
}

static uint32_t count_peers(const struct node *node, bool alive)
{
    const struct cassandra_node *server = cassandra_node(node);
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        count += i != node->replica && server->peers[i].alive == alive;
    }
    return count;
}

static void gossip_with_one(struct node *node, bool alive)
{
    const struct cassandra_node *server = cassandra_node(node);
    const uint32_t count = count_peers(node, alive);
    if (count == 0) {
        return;
    }
    uint64_t chosen = random_below(server->streams.gossip, count);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        if (i != node->replica && server->peers[i].alive == alive && chosen-- == 0) {
            post(node, &node->component->nodes[i], on_gossip);
            return;
        }
    }
}

// Scores of the snitch are forgotten every ten minutes, so that who was slow is tried again.
static void forget_scores(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        server->peers[i].answer_ns = 0;
    }
}

static void on_tick(struct node *node, uint64_t word)
{
    struct cassandra_node *server = cassandra_node(node);
    const int64_t now = node->world->now;
    const int64_t period = setting_of(node->component)->period_ns;
    const double dead = count_peers(node, false), alive = count_peers(node, true);
    node_timer_constant(node, period, on_tick, word + 1);
    if (now - server->tick_ns > PAUSE_S * TIME_S + period) {
        server->pause_ns = now;
    }
    server->tick_ns = now;
    server->peers[node->replica].heard.version = ++server->version;
    gossip_with_one(node, true);
    if (dead > 0 && random_unit(server->streams.gossip) < dead / (alive + 1)) {
        gossip_with_one(node, false);
    }
    judge(node);
    if (word % SNITCH_TICKS == SNITCH_TICKS - 1) {
        forget_scores(node);
    }
}

static void on_farewell(struct node *node, struct node *from, struct network_parcel *parcel)
{
    (void)parcel;
    if (node_is_up(node)) {
        hear_farewell(node, from->replica);
    }
}

void cassandra_gossip_crash(struct node *node)
{
    struct component *component = node->component;
    if (!setting_of(component)->announce || node->life != NODE_DOWN) {
        return;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct network_parcel parcel = {.extra = NULL};
        if (i != node->replica) {
            network_post(node, &component->nodes[i], HEARTBEAT_BYTES, on_farewell, &parcel);
        }
    }
}

// ---- life -------------------------------------------------------------------------------------

void cassandra_gossip_begin(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    const uint32_t count = node->component->node_count;
    server->peers = arena_take_array(&node->world->arena, count, sizeof *server->peers);
    for (uint32_t i = 0; i < count; i++) {
        detector_init(&server->peers[i].detector, LONGEST_S * TIME_S / 2, LONGEST_S * TIME_S);
    }
}

// It learns in its first exchange who lives, before it opens its doors.
void cassandra_gossip_start(struct node *node)
{
    struct component *component = node->component;
    struct cassandra_node *server = cassandra_node(node);
    const int64_t period = setting_of(component)->period_ns;
    const int64_t now = node->world->now;
    server->tick_ns = now;
    server->pause_ns = TIME_NEVER;
    server->version = 0;
    server->peers[node->replica].heard = (struct cassandra_heartbeat){node->epoch + 1, 0};
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct cassandra_peer *peer = &server->peers[i];
        const bool lives = now == 0 || node_is_up(&component->nodes[i]);
        peer->alive = i == node->replica || lives;
        peer->dead_ns = now;
        peer->answer_ns = 0;
        detector_release(&peer->detector);
        detector_init(&peer->detector, LONGEST_S * TIME_S / 2, LONGEST_S * TIME_S);
        if (peer->alive) {
            detector_beat(&peer->detector, now);
        }
    }
    const double offset = random_unit(server->streams.gossip) * (double)period;
    node_timer(node, (int64_t)offset, on_tick, 0);
}

void cassandra_gossip_end(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    for (uint32_t i = 0; server->peers != NULL && i < node->component->node_count; i++) {
        detector_release(&server->peers[i].detector);
    }
}
