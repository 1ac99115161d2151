// clickhouse_session - a server's session with Keeper: pings, loss, reconnection, read-only tables.
//
// A server pings the Keeper node of its session every third of the session; silence until the next
// ping, a request without an answer or a reset connection make it try the other nodes. One that has
// heard nothing for a whole session is read-only until it has looked for a new one. A node without
// a leader answers nobody.
#include "models/datastores/clickhouse.h"

enum { MESSAGE_BYTES = 200 };

static const struct clickhouse_keeper *setting_of(const struct component *component)
{
    return &clickhouse_configuration(component)->keeper;
}

static void note_seen(struct node *server)
{
    clickhouse_node(server)->seen_ns = server->world->now;
}

static void open_session(struct node *server);

static void on_recheck(struct node *server, uint64_t word)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->keeper != CLICKHOUSE_NONE) {
        self->read_only = false;
        clickhouse_queue_pull(server);
        clickhouse_merge_choose(server);
    } else {
        node_timer_constant(server, setting_of(server->component)->recheck_ns, on_recheck, word);
    }
}

static void on_expiry(struct node *server, uint64_t heard_ns)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->keeper == CLICKHOUSE_NONE && self->heard_ns == (int64_t)heard_ns &&
        !self->read_only) {
        self->read_only = true;
        clickhouse_state(server->component)->read_only++;
        node_timer_constant(server, setting_of(server->component)->recheck_ns, on_recheck, 0);
    }
}

void clickhouse_session_end(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const int64_t session = setting_of(server->component)->session_ns;
    const int64_t left = self->heard_ns + session - server->world->now;
    self->keeper = CLICKHOUSE_NONE;
    clickhouse_keeper_abandon(server);
    node_timer(server, left > 0 ? left : 0, on_expiry, (uint64_t)self->heard_ns);
    open_session(server);
}

static void on_connected(struct node *server, struct node *keeper, uint64_t word)
{
    (void)word;
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->keeper != CLICKHOUSE_NONE) {
        return;
    }
    self->keeper = keeper->replica;
    self->heard_ns = self->pinged_ns = server->world->now;
    clickhouse_queue_pull(server);
}

static void on_connect(struct node *keeper, struct node *server, uint64_t word)
{
    if (raft_leader(&clickhouse_state(keeper->component)->raft) != NULL) {
        note_seen(server);
        network_message(keeper, server, MESSAGE_BYTES, on_connected, word);
    }
}

static void on_connect_tick(struct node *server, uint64_t word)
{
    (void)word;
    clickhouse_node(server)->connecting = false;
    open_session(server);
}

// Tries one Keeper node after another.
static void open_session(struct node *server)
{
    struct component *component = server->component;
    struct clickhouse_node *self = clickhouse_node(server);
    const uint32_t servers = clickhouse_state(component)->servers;
    if (self->keeper != CLICKHOUSE_NONE || self->connecting) {
        return;
    }
    self->tried = servers + (self->tried - servers + 1) % (component->node_count - servers);
    self->connecting = true;
    node_timer_constant(server, setting_of(component)->reconnect_ns, on_connect_tick, 0);
    struct node *keeper = &component->nodes[self->tried];
    if (node_is_up(keeper)) {
        network_message(server, keeper, MESSAGE_BYTES, on_connect, 0);
    }
}

static void on_pong(struct node *server, struct node *keeper, uint64_t word)
{
    (void)word;
    if (clickhouse_node(server)->keeper == keeper->replica) {
        clickhouse_node(server)->heard_ns = server->world->now;
        clickhouse_queue_pull(server);
    }
}

static void on_ping(struct node *keeper, struct node *server, uint64_t word)
{
    if (raft_leader(&clickhouse_state(keeper->component)->raft) != NULL) {
        note_seen(server);
        network_message(keeper, server, MESSAGE_BYTES, on_pong, word);
    }
}

// A third of the session apart; a ping without an answer until the next ends the connection.
static void on_ping_tick(struct node *server, uint64_t word)
{
    struct component *component = server->component;
    struct clickhouse_node *self = clickhouse_node(server);
    node_timer_constant(server, setting_of(component)->session_ns / 3, on_ping_tick, word);
    if (self->keeper == CLICKHOUSE_NONE) {
        return;
    }
    if (self->heard_ns < self->pinged_ns) {
        clickhouse_session_end(server);
        return;
    }
    self->pinged_ns = server->world->now;
    network_message(server, &component->nodes[self->keeper], MESSAGE_BYTES, on_ping, word);
}

static void on_reset(struct node *server, struct node *keeper, uint64_t word)
{
    (void)word;
    if (clickhouse_node(server)->keeper == keeper->replica) {
        clickhouse_session_end(server);
    }
}

void clickhouse_session_reset(struct node *keeper)
{
    struct component *component = keeper->component;
    for (uint32_t i = 0; i < clickhouse_state(component)->servers; i++) {
        if (clickhouse_node(&component->nodes[i])->keeper == keeper->replica) {
            network_message(keeper, &component->nodes[i], MESSAGE_BYTES, on_reset, 0);
        }
    }
}

uint32_t clickhouse_session_living(struct component *component, uint32_t shard)
{
    const int64_t since = component->world->now - setting_of(component)->session_ns;
    uint32_t living = 0;
    for (uint32_t i = 0; i < clickhouse_configuration(component)->replicas; i++) {
        living += clickhouse_node(clickhouse_replica(component, shard, i))->seen_ns >= since;
    }
    return living;
}

// ---- life -------------------------------------------------------------------------------------

// The nearest: of the same zone if there is one.
static uint32_t nearest(const struct node *server)
{
    const struct component *component = server->component;
    const uint32_t servers = clickhouse_state(component)->servers;
    const uint32_t keepers = component->node_count - servers;
    for (uint32_t i = 0; i < keepers; i++) {
        const uint32_t at = servers + (server->replica + i) % keepers;
        if (component->nodes[at].zone == server->zone) {
            return at;
        }
    }
    return servers + server->replica % keepers;
}

// After a crash its old session must have ended before it may write.
static void on_old_session_end(struct node *server, uint64_t word)
{
    on_recheck(server, word);
}

bool clickhouse_session_start(struct node *server)
{
    struct component *component = server->component;
    struct clickhouse_node *self = clickhouse_node(server);
    const int64_t session = setting_of(component)->session_ns;
    const int64_t now = server->world->now;
    node_timer_constant(server, session / 3, on_ping_tick, 0);
    self->tried = nearest(server);
    self->heard_ns = self->pinged_ns = now;
    if (server->epoch == 0) {
        self->keeper = self->tried;
        return true;
    }
    self->keeper = CLICKHOUSE_NONE;
    self->connecting = false;
    self->read_only = self->seen_ns + session > now;
    if (self->read_only) {
        node_timer(server, self->seen_ns + session - now, on_old_session_end, 0);
    }
    open_session(server);
    return true;
}
