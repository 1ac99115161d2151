// cockroach_live - node liveness, connections between nodes, closed timestamps on their way.
//
// A node writes its liveness record at the liveness range every 3 s, after a write to its own disk:
// a disk that stalls ends its leases, and the process if it stalls for too long. Records are known
// to all as soon as they are written (gossip takes no time); nobody acts on them but through the
// liveness range. A peer is given up when it has answered no ping for a second and a time-out.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

enum { MESSAGE_BYTES = 200 };
enum ask_kind { ASK_BEAT, ASK_BUMP };
enum answer_kind { ANSWER_DONE, ANSWER_REFUSED, ANSWER_ELSEWHERE };

static const struct cockroach_configuration *configuration_of(const struct node *node)
{
    return cockroach_configuration(node->component);
}

static int64_t clock_of(const struct node *node)
{
    return node->world->now + cockroach_node(node)->skew_ns;
}

static struct cockroach_record *record_of(const struct node *node, uint32_t replica)
{
    return &cockroach_cluster(node->component)->records[replica];
}

// ---- connections ------------------------------------------------------------------------------

bool cockroach_live_reaches(const struct node *node, uint32_t replica)
{
    const struct node *peer = &node->component->nodes[replica];
    const bool gone = peer->life == NODE_DOWN || peer->life == NODE_STARTING;
    return peer == node || (!gone && !cockroach_node(node)->peers[replica].broken);
}

static bool answers(const struct node *node, const struct node *peer)
{
    const struct world *world = node->world;
    const uint32_t component = node->component->number;
    const struct network_path there = {node->zone, peer->zone, component, component};
    const struct network_path back = {peer->zone, node->zone, component, component};
    return peer->life != NODE_DARK && peer->pauses == 0 &&
           (world->network.effect_count == 0 ||
            (!network_is_cut(world, there) && !network_is_cut(world, back)));
}

static void ping(struct node *node, const struct node *peer)
{
    const struct cockroach_connection *connection = &configuration_of(node)->connection;
    struct cockroach_peer *state = &cockroach_node(node)->peers[peer->replica];
    const int64_t now = node->world->now;
    if (answers(node, peer)) {
        state->silent_ns = TIME_NEVER;
        state->broken = false;
        return;
    }
    state->silent_ns = now < state->silent_ns ? now : state->silent_ns;
    if (!state->broken && now - state->silent_ns >= connection->timeout_ns) {
        state->broken = true;
        cockroach_gateway_break(node, peer->replica);
    }
}

static void on_ping(struct node *node, uint64_t word)
{
    struct component *component = node->component;
    node_timer_constant(node, configuration_of(node)->connection.ping_ns, on_ping, word);
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (i != node->replica) {
            ping(node, &component->nodes[i]);
        }
    }
}

// The connection of a process that has ended is reset.
static void on_reset(struct node *to, struct node *from, uint64_t word)
{
    (void)word;
    cockroach_gateway_break(to, from->replica);
}

// At its end, or where that went unnoticed when the next process knows nothing of it.
static void tell_peers(struct node *node)
{
    struct component *component = node->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (i != node->replica) {
            network_message(node, &component->nodes[i], MESSAGE_BYTES, on_reset, 0);
        }
    }
}

void cockroach_live_crash(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    server->until_ns = 0;
    server->beating = false;
    server->synced_ns = TIME_NEVER;
    if (node->life == NODE_DOWN) {
        tell_peers(node);
    }
}

// ---- asking the liveness range ----------------------------------------------------------------

// words: kind, whose record, epoch, until, number of the heartbeat
static void on_ask(struct node *to, struct node *from, struct network_parcel *parcel);

// The next replica of the liveness range that can be reached, beginning with the present one.
static struct node *keeper(struct node *node)
{
    const struct cockroach_range *range = cockroach_range(node->component, COCKROACH_LIVENESS);
    struct cockroach_node *server = cockroach_node(node);
    for (uint32_t i = 0; i < range->copies; i++) {
        const uint32_t turn = (server->turn + i) % range->copies;
        if (cockroach_live_reaches(node, range->replicas[turn])) {
            server->turn = turn;
            return &node->component->nodes[range->replicas[turn]];
        }
    }
    return NULL;
}

static void ask(struct node *node, const struct network_parcel *parcel)
{
    struct node *to = keeper(node);
    if (to != NULL) {
        network_post(node, to, MESSAGE_BYTES, on_ask, parcel);
    }
}

static void on_beat_silence(struct node *node, uint64_t number);

static void send_beat(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    const struct cockroach_connection *connection = &configuration_of(node)->connection;
    const struct network_parcel parcel = {
        .words = {ASK_BEAT, node->replica, server->epoch,
                  (uint64_t)(clock_of(node) + configuration_of(node)->liveness.duration_ns),
                  ++server->beat}};
    ask(node, &parcel);
    node_timer_constant(node, connection->timeout_ns, on_beat_silence, server->beat);
}

static void on_beat_silence(struct node *node, uint64_t number)
{
    struct cockroach_node *server = cockroach_node(node);
    if (server->beating && server->beat == number) {
        server->turn++;
        send_beat(node);
    }
}

static void on_retry(struct node *node, uint64_t number)
{
    struct cockroach_node *server = cockroach_node(node);
    if (server->beating && server->beat == number) {
        send_beat(node);
    }
}

void cockroach_live_bump(struct node *node, uint32_t holder, uint32_t epoch)
{
    const struct network_parcel parcel = {.words = {ASK_BUMP, holder, epoch}};
    ask(node, &parcel);
}

// ---- answers ----------------------------------------------------------------------------------

static void on_beat_answer(struct node *node, const struct network_parcel *parcel)
{
    struct cockroach_node *server = cockroach_node(node);
    const uint64_t answer = parcel->words[1];
    if (!server->beating || parcel->words[5] != server->beat) {
        return;
    }
    if (answer == ANSWER_DONE) {
        server->epoch = (uint32_t)parcel->words[3];
        server->until_ns = (int64_t)parcel->words[4];
        server->beating = false;
    } else if (answer == ANSWER_REFUSED) { // another has advanced its epoch
        server->epoch = (uint32_t)parcel->words[3];
        send_beat(node);
    } else {
        server->turn++;
        node_timer_constant(node, configuration_of(node)->connection.backoff_ns, on_retry,
                            server->beat);
    }
}

static void on_answer(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct cockroach_node *server = cockroach_node(to);
    if (parcel->words[0] == ASK_BEAT) {
        on_beat_answer(to, parcel);
        return;
    }
    server->turn += parcel->words[1] == ANSWER_ELSEWHERE;
    cockroach_lease_bumped(to, (uint32_t)parcel->words[2], parcel->words[1] == ANSWER_DONE);
}

static void answer(struct node *node, struct node *to, const uint64_t words[6])
{
    const struct network_parcel parcel = {
        .words = {words[0], words[1], words[2], words[3], words[4], words[5]}};
    network_post(node, to, MESSAGE_BYTES, on_answer, &parcel);
}

void cockroach_live_tell(struct component *component, const struct cockroach_command *command)
{
    struct node *node = &component->nodes[command->proposer];
    const struct cockroach_record *record = record_of(node, (uint32_t)command->key);
    const bool beat = command->transaction == command->key;
    const bool done = beat ? record->epoch == (uint32_t)command->value
                           : record->epoch >= (uint32_t)command->value;
    if (node->epoch != command->epoch) {
        return;
    }
    const uint64_t words[6] = {beat ? ASK_BEAT : ASK_BUMP, done ? ANSWER_DONE : ANSWER_REFUSED,
                               command->key, record->epoch, (uint64_t)record->until_ns,
                               command->generation};
    answer(node, &component->nodes[command->transaction], words);
}

// ---- at the leaseholder of the liveness range -------------------------------------------------

static bool propose_record(struct node *node, const struct node *from,
                           const struct network_parcel *parcel)
{
    const struct cockroach_record *record = record_of(node, (uint32_t)parcel->words[1]);
    const bool beat = parcel->words[0] == ASK_BEAT;
    const bool increments = !beat || parcel->words[2] == 0;
    const struct cockroach_command command = {
        .kind = COCKROACH_LIVE,
        .sequence = cockroach_range(node->component, COCKROACH_LIVENESS)->lease.sequence,
        .transaction = from->replica,
        .generation = (uint32_t)parcel->words[4],
        .key = parcel->words[1],
        .value = record->epoch + increments,
        .stamp = beat ? (int64_t)parcel->words[3] : record->until_ns,
    };
    return cockroach_range_propose(node, COCKROACH_LIVENESS, &command, 0);
}

// A heartbeat must know its epoch; who advances another's must find it expired.
static bool may_write(struct node *node, const struct network_parcel *parcel)
{
    const struct cockroach_record *record = record_of(node, (uint32_t)parcel->words[1]);
    if (parcel->words[0] == ASK_BEAT) {
        return parcel->words[2] == 0 || parcel->words[2] == record->epoch;
    }
    return record->epoch == parcel->words[2] && clock_of(node) >= record->until_ns;
}

static void on_ask(struct node *to, struct node *from, struct network_parcel *parcel)
{
    const struct cockroach_record *record = record_of(to, (uint32_t)parcel->words[1]);
    const bool serves = cockroach_lease_serves(to, COCKROACH_LIVENESS);
    uint64_t words[6] = {parcel->words[0], ANSWER_REFUSED, parcel->words[1],
                         record->epoch,    0,              parcel->words[4]};
    if (serves && may_write(to, parcel)) {
        if (propose_record(to, from, parcel)) {
            return;
        }
        words[1] = ANSWER_ELSEWHERE;
    } else if (!serves) {
        cockroach_lease_want(to, COCKROACH_LIVENESS);
        words[1] = ANSWER_ELSEWHERE;
    } else if (parcel->words[0] == ASK_BUMP && record->epoch > parcel->words[2]) {
        words[1] = ANSWER_DONE;
    }
    answer(to, from, words);
}

// ---- heartbeats -------------------------------------------------------------------------------

static void on_synced(void *context, uint64_t number)
{
    (void)number;
    struct node *node = context;
    struct cockroach_node *server = cockroach_node(node);
    server->synced_ns = TIME_NEVER;
    server->beating = true;
    send_beat(node);
}

static void on_heartbeat(struct node *node, uint64_t word)
{
    struct cockroach_node *server = cockroach_node(node);
    const struct cockroach_configuration *configuration = configuration_of(node);
    node_timer_constant(node, configuration->liveness.interval_ns, on_heartbeat, word);
    if (server->synced_ns == TIME_NEVER) {
        server->synced_ns = node->world->now;
        wal_when(&server->wal, wal_append(&server->wal, 0), on_synced, node, 0);
    } else if (node->world->now - server->synced_ns >= configuration->disk.stall_ns) {
        cockroach_cluster(node->component)->counts.stalls++;
        node_kill(node, false);
        node_restart(node);
    }
}

// ---- closed timestamps ------------------------------------------------------------------------

static void on_closed(struct node *to, struct node *from, uint64_t closed)
{
    cockroach_node(to)->peers[from->replica].closed_ns = (int64_t)closed;
}

static void close_range(struct cockroach_range *range, int64_t closed)
{
    if (cockroach_range_oldest(range) <= closed) {
        return;
    }
    range->closed_ns = closed;
    range->promise = (range->promise + 1) % COCKROACH_CLOSED;
    range->promises[range->promise] = (struct cockroach_promise){closed, range->applied};
}

static void on_close(struct node *node, uint64_t word)
{
    struct cockroach_cluster *cluster = cockroach_cluster(node->component);
    const struct cockroach_closed *settings = &configuration_of(node)->closed;
    const int64_t closed = clock_of(node) - settings->target_ns;
    node_timer_constant(node, settings->interval_ns, on_close, word);
    for (uint32_t i = 1; i < cluster->range_count; i++) {
        struct cockroach_range *range = &cluster->ranges[i];
        if (closed > range->closed_ns && cockroach_lease_serves(node, i)) {
            close_range(range, closed);
        }
    }
    cockroach_node(node)->peers[node->replica].closed_ns = closed;
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        if (i != node->replica) {
            network_message(node, &node->component->nodes[i], MESSAGE_BYTES, on_closed,
                            (uint64_t)closed);
        }
    }
}

void cockroach_live_close(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    if (cluster->closing) {
        return;
    }
    cluster->closing = true;
    for (uint32_t i = 0; i < component->node_count; i++) {
        on_close(&component->nodes[i], 0);
    }
}

// What the node has applied and been promised; TIME 0: nothing.
int64_t cockroach_live_closed(const struct node *node, uint32_t number)
{
    const struct cockroach_range *range = cockroach_range(node->component, number);
    const struct raft_member *member = cockroach_replica(node, number)->member;
    const int64_t heard = cockroach_node(node)->peers[range->lease.holder].closed_ns;
    int64_t closed = 0;
    for (uint32_t i = 0; i < COCKROACH_CLOSED; i++) {
        const struct cockroach_promise *promise = &range->promises[i];
        if (promise->closed_ns <= heard && promise->closed_ns > closed &&
            promise->index <= member->applied) {
            closed = promise->closed_ns;
        }
    }
    return closed;
}

// ---- life -------------------------------------------------------------------------------------

// At time 0 the cluster has been running: each record was written less than an interval ago.
void cockroach_live_begin(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    const struct cockroach_configuration *configuration = configuration_of(node);
    const struct cockroach_liveness *liveness = &configuration->liveness;
    const int64_t first = distribution_draw(&liveness->offset, server->streams.beat);
    server->epoch = 1;
    server->until_ns = first - liveness->interval_ns + liveness->duration_ns;
    *record_of(node, node->replica) = (struct cockroach_record){1, server->until_ns};
    server->synced_ns = TIME_NEVER;
    node_timer(node, first, on_heartbeat, 0);
    node_timer_constant(node, configuration->connection.ping_ns, on_ping, 0);
}

// A process that starts takes a new epoch: what it held before it holds no more.
void cockroach_live_start(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    server->epoch = 0;
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        server->peers[i] = (struct cockroach_peer){.silent_ns = TIME_NEVER};
    }
    tell_peers(node);
    on_heartbeat(node, 0);
    on_ping(node, 0);
    if (cockroach_cluster(node->component)->closing) {
        on_close(node, 0);
    }
}
