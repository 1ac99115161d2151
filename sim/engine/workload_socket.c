// workload_socket - long-lived connections: heartbeats by the million, losses, reconnect storms.
#include "sim/engine/workload_socket.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/workload.h"
#include "sim/engine/workload_state.h"
#include "sim/engine/workload_wheel.h"
#include "sim/engine/world.h"

static const int64_t BACKOFF_NS = TIME_S, BACKOFF_LIMIT_NS = 5 * TIME_S; // Socket.IO's client

struct workload_sockets {
    const struct connections_design *design;
    struct component *target;
    struct workload_socket *items;
    struct workload_wheel wheel;
    bool turning;       // a tick is being worked off
    uint64_t event;     // of the next tick
    int64_t event_tick; // -1: none
    uint32_t edge;      // from the workload to the target, DESIGN_NONE: none declared
    uint32_t cursor;    // replicas in turn, where no edge balances
    struct call_design open_design, heartbeat_design;
    struct call open, heartbeat;
    struct random_stream backoff, churn;
    struct workload_meter *meter;
};

// ---- time ---------------------------------------------------------------------------------------

static void on_tick(void *subject, uint64_t tick);
static void on_due(void *subject, uint64_t number);

static void await_tick(struct workload_state *state, int64_t tick)
{
    struct workload_sockets *sockets = state->sockets;
    struct event_queue *queue = state->world->queue;
    if (sockets->event_tick == tick) {
        return;
    }
    event_queue_cancel(queue, sockets->event);
    const struct event event = {on_tick, state, (uint64_t)tick,
                                workload_state_tag(state, WORKLOAD_TICK_EVENT)};
    sockets->event_tick = tick;
    sockets->event =
        tick < 0 ? EVENT_NONE : event_queue_at(queue, tick << WORKLOAD_TICK_SHIFT, event);
}

static void await_exactly(struct workload_state *state, uint32_t number)
{
    const struct event event = {on_due, state, number,
                                workload_state_tag(state, WORKLOAD_SOCKET_EVENT)};
    event_queue_at(state->world->queue, state->sockets->items[number].due_ns, event);
}

// The socket, which stands in no bucket, falls due then.
static void place(struct workload_state *state, uint32_t number, int64_t due_ns)
{
    struct workload_sockets *sockets = state->sockets;
    sockets->items[number].due_ns = due_ns;
    if (due_ns == TIME_NEVER) {
        return;
    }
    const int64_t tick = workload_wheel_tick(due_ns);
    if (tick <= sockets->wheel.tick || tick <= workload_wheel_tick(state->world->now)) {
        await_exactly(state, number);
        return;
    }
    workload_wheel_add(&sockets->wheel, number);
    if (!sockets->turning && (sockets->event_tick < 0 || tick < sockets->event_tick)) {
        await_tick(state, tick);
    }
}

static void withdraw(struct workload_sockets *sockets, uint32_t number)
{
    if (sockets->items[number].listed) {
        workload_wheel_remove(&sockets->wheel, number);
    }
}

static int64_t next_heartbeat(const struct workload_sockets *sockets, int64_t last_ns)
{
    const int64_t period = sockets->design->heartbeat_ns;
    return period > 0 ? time_after(last_ns, period) : TIME_NEVER;
}

static void count_connected(struct workload_state *state, int change)
{
    struct workload_meter *meter = state->sockets->meter;
    tally_add(&meter->connected, state->world->now, change);
    if ((uint64_t)meter->connected.value < meter->connected_least) {
        meter->connected_least = (uint64_t)meter->connected.value;
    }
}

// ---- connecting ---------------------------------------------------------------------------------

static struct node *node_of(const struct workload_sockets *sockets,
                            const struct workload_socket *socket)
{
    return &sockets->target->nodes[socket->node];
}

static bool is_connected(const struct workload_socket *socket)
{
    return socket->life == SOCKET_OPEN || socket->life == SOCKET_UNSURE;
}

static int64_t draw_backoff(struct workload_sockets *sockets, uint32_t attempt)
{
    const struct retry_design *retry = &sockets->design->reconnect;
    const bool given = retry->backoff_ns > 0;
    const double factor = !given ? 2 : retry->factor > 1 ? retry->factor : 1;
    const int64_t limit_ns = given ? retry->limit_ns : BACKOFF_LIMIT_NS;
    const double limit = limit_ns > 0 ? (double)limit_ns : 0x1p61;
    double delay = (double)(given ? retry->backoff_ns : BACKOFF_NS);
    for (uint32_t i = 0; i < attempt && delay < limit; i++) {
        delay *= factor;
    }
    delay = delay < limit ? delay : limit;
    const double unit = random_unit(&sockets->backoff);
    const enum jitter jitter = given ? retry->jitter : JITTER_FULL;
    if (jitter == JITTER_EQUAL) {
        delay *= 0.5 + 0.5 * unit;
    } else if (jitter != JITTER_NONE) {
        delay *= unit;
    }
    return distribution_round(delay);
}

static void back_off(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    socket->life = SOCKET_WAITING;
    place(state, number, time_after(state->world->now, draw_backoff(sockets, socket->attempt)));
}

// The connection is lost and its client knows.
static void lose(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    withdraw(sockets, number);
    if (is_connected(socket)) {
        count_connected(state, -1);
    }
    sockets->meter->losses++;
    socket->attempt = 0;
    back_off(state, number);
}

static void fail_to_open(struct workload_state *state, uint32_t number)
{
    struct workload_socket *socket = &state->sockets->items[number];
    socket->attempt += socket->attempt < UINT8_MAX;
    back_off(state, number);
}

static void connect(struct workload_state *state, uint32_t number, const struct node *node)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    if (node == NULL || node->life != NODE_UP) {
        fail_to_open(state, number);
        return;
    }
    socket->node = node->replica;
    socket->life = SOCKET_OPEN;
    socket->attempt = 0;
    socket->session++;
    count_connected(state, 1);
    sockets->meter->reconnects++;
    place(state, number, next_heartbeat(sockets, state->world->now));
}

static struct node *any_node_up(struct workload_sockets *sockets)
{
    struct component *target = sockets->target;
    for (uint32_t i = 0; i < target->node_count; i++) {
        struct node *node = &target->nodes[sockets->cursor];
        sockets->cursor = sockets->cursor + 1 < target->node_count ? sockets->cursor + 1 : 0;
        if (node->life == NODE_UP) {
            return node;
        }
    }
    return NULL;
}

static void on_open_end(struct world *world, const struct call *call, enum status status)
{
    workload_end_request(world, call, status);
    struct workload_state *state = call->owner;
    const uint32_t number = (uint32_t)call->cookie;
    if (status_is_good(status)) {
        connect(state, number, call->nodes[0]);
    } else {
        fail_to_open(state, number);
    }
}

static void open_socket(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    struct world *world = state->world;
    socket->life = SOCKET_OPENING;
    socket->due_ns = TIME_NEVER;
    if (sockets->design->open != NULL) {
        workload_begin_request(state, &sockets->open, socket->zone, number);
    } else if (sockets->edge == DESIGN_NONE) {
        connect(state, number, any_node_up(sockets));
    } else {
        struct route *route = &world->routes[sockets->edge];
        connect(state, number, balance_choose(world, route, socket->zone, number, NULL));
    }
}

// ---- heartbeats ---------------------------------------------------------------------------------

static bool node_answers(const struct node *node)
{
    return node->life == NODE_UP && node->pauses == 0;
}

// No pong comes: the client waits for it in vain, or for as long as the replica is paused.
static void miss_heartbeat(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    socket->life = SOCKET_UNSURE;
    place(state, number, time_after(socket->due_ns, sockets->design->timeout_ns));
}

static void beat(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    sockets->meter->heartbeats++;
    if (node_answers(node_of(sockets, socket))) {
        place(state, number, next_heartbeat(sockets, socket->due_ns));
    } else {
        miss_heartbeat(state, number);
    }
}

static void on_heartbeat_end(struct world *world, const struct call *call, enum status status)
{
    workload_end_request(world, call, status);
    struct workload_state *state = call->owner;
    const uint32_t number = (uint32_t)call->cookie;
    const struct workload_socket *socket = &state->sockets->items[number];
    const bool broken = status == STATUS_TIMEOUT || status == STATUS_RESET ||
                        status == STATUS_UNAVAILABLE;
    if (broken && is_connected(socket) && socket->session == (uint32_t)(call->cookie >> 32)) {
        lose(state, number);
    }
}

static void run_heartbeat(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    const struct workload_socket *socket = &sockets->items[number];
    struct call *template = &sockets->heartbeat;
    beat(state, number);
    template->only = node_of(sockets, socket);
    workload_begin_request(state, template, socket->zone,
                           (uint64_t)socket->session << 32 | number);
}

// The pong is overdue.
static void lose_patience(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    if (socket->life == SOCKET_SILENT || !node_answers(node_of(sockets, socket))) {
        lose(state, number);
        return;
    }
    socket->life = SOCKET_OPEN;
    const int64_t beaten_ns = socket->due_ns - sockets->design->timeout_ns;
    const int64_t next = next_heartbeat(sockets, beaten_ns);
    place(state, number, next > state->world->now ? next : time_after(state->world->now, 1));
}

static void on_due(void *subject, uint64_t number)
{
    struct workload_state *state = subject;
    const struct workload_socket *socket = &state->sockets->items[number];
    if (socket->due_ns != state->world->now || socket->listed) {
        return; // something has come in between
    }
    switch ((enum workload_socket_life)socket->life) {
    case SOCKET_OPEN:
        if (state->sockets->design->heartbeat != NULL) {
            run_heartbeat(state, (uint32_t)number);
        } else {
            beat(state, (uint32_t)number);
        }
        break;
    case SOCKET_UNSURE:
    case SOCKET_SILENT:
        lose_patience(state, (uint32_t)number);
        break;
    case SOCKET_WAITING:
        open_socket(state, (uint32_t)number);
        break;
    case SOCKET_OPENING:
        break;
    }
}

// One socket of a tick that has come.
static void work_off(struct workload_state *state, uint32_t number, int64_t tick)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    socket->listed = false;
    if (workload_wheel_tick(socket->due_ns) != tick) {
        workload_wheel_add(&sockets->wheel, number); // in a later round
    } else if (socket->life == SOCKET_OPEN && sockets->design->heartbeat == NULL) {
        beat(state, number);
    } else {
        await_exactly(state, number);
    }
}

static void on_tick(void *subject, uint64_t argument)
{
    struct workload_state *state = subject;
    struct workload_sockets *sockets = state->sockets;
    const int64_t tick = (int64_t)argument;
    sockets->event = EVENT_NONE;
    sockets->event_tick = -1;
    sockets->turning = true;
    uint32_t number = workload_wheel_turn(&sockets->wheel, tick);
    while (number != WORKLOAD_NO_SOCKET) {
        const uint32_t next = sockets->items[number].next;
        if (next != WORKLOAD_NO_SOCKET) {
            __builtin_prefetch(&sockets->items[next], 1);
        }
        work_off(state, number, tick);
        number = next;
    }
    sockets->turning = false;
    await_tick(state, workload_wheel_next(&sockets->wheel));
}

// ---- what happens to nodes ----------------------------------------------------------------------

static void go_silent(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    const bool beats = socket->life == SOCKET_OPEN; // otherwise it waits for a pong already
    withdraw(sockets, number);
    count_connected(state, -1);
    socket->life = SOCKET_SILENT;
    const int64_t patience = beats ? sockets->design->timeout_ns : 0;
    place(state, number, time_after(socket->due_ns, patience));
}

// The host is back with a new process: the next heartbeat is answered by a reset.
static void hear_again(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    const int64_t due = sockets->items[number].due_ns;
    const int64_t beat_ns = due == TIME_NEVER ? state->world->now + 1
                                              : due - sockets->design->timeout_ns;
    if (beat_ns > state->world->now) {
        withdraw(sockets, number);
        place(state, number, beat_ns);
    }
}

static void node_changed(struct workload_state *state, uint32_t number, enum node_life life)
{
    const struct workload_socket *socket = &state->sockets->items[number];
    const bool silent = socket->life == SOCKET_SILENT;
    switch (life) {
    case NODE_DOWN:
        if (silent || is_connected(socket)) {
            lose(state, number);
        }
        break;
    case NODE_DARK:
        if (is_connected(socket)) {
            go_silent(state, number);
        }
        break;
    case NODE_UP:
        if (silent) {
            hear_again(state, number);
        }
        break;
    case NODE_STARTING:
        break;
    }
}

void workload_socket_node_changed(struct workload_state *state, const struct node *node)
{
    struct workload_sockets *sockets = state->sockets;
    if (node->component != sockets->target) {
        return;
    }
    for (uint32_t i = 0; i < sockets->design->count; i++) {
        if (sockets->items[i].node == node->replica) {
            node_changed(state, i, node->life);
        }
    }
}

// ---- churn --------------------------------------------------------------------------------------

static void await_churn(struct workload_state *state);

static void on_churn(void *subject, uint64_t argument)
{
    (void)argument;
    struct workload_state *state = subject;
    struct workload_sockets *sockets = state->sockets;
    const uint32_t number = (uint32_t)random_below(&sockets->churn, sockets->design->count);
    if (sockets->items[number].life == SOCKET_OPEN) {
        withdraw(sockets, number);
        count_connected(state, -1);
        sockets->meter->losses++;
        open_socket(state, number);
    }
    await_churn(state);
}

static void await_churn(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const double gap = inversion_exponential(&sockets->churn) / sockets->design->churn * 1e9;
    const struct event event = {on_churn, state, 0,
                                workload_state_tag(state, WORKLOAD_CHURN_EVENT)};
    event_queue_at(state->world->queue, time_after(state->world->now, distribution_round(gap)),
                   event);
}

// ---- life ---------------------------------------------------------------------------------------

static uint32_t find_edge(const struct workload_state *state)
{
    const struct design *design = state->world->design;
    for (uint32_t i = 0; i < design->edge_count; i++) {
        const struct edge_design *edge = &design->edges[i];
        if (edge->from == DESIGN_NONE && edge->workload == state->number &&
            edge->to == state->design->connections.target) {
            return i;
        }
    }
    return DESIGN_NONE;
}

static void prepare_call(struct workload_state *state, struct call_design *design,
                         const struct operation *operation)
{
    const struct workload_sockets *sockets = state->sockets;
    CHECK(sockets->edge != DESIGN_NONE);
    design->target = sockets->design->target;
    design->operation = operation;
    design->timeout_ns = sockets->design->timeout_ns;
    design->retry = (struct retry_design){.attempts = 1, .factor = 1};
    design->units = 1;
    design->edge = sockets->edge;
}

static void prepare_calls(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    if (sockets->design->open != NULL) {
        prepare_call(state, &sockets->open_design, sockets->design->open);
        sockets->open = workload_template(state, &sockets->open_design, on_open_end);
    }
    if (sockets->design->heartbeat != NULL) {
        prepare_call(state, &sockets->heartbeat_design, sockets->design->heartbeat);
        sockets->heartbeat =
            workload_template(state, &sockets->heartbeat_design, on_heartbeat_end);
    }
}

static void begin_stream(const struct workload_state *state, struct random_stream *stream,
                         const char *purpose)
{
    const char *name = arena_format(&state->world->arena, "workload/%s/%s", state->design->name,
                                    purpose);
    random_stream_init(stream, state->world->key, text_hash(name));
}

// Sorted independent uniform phases: sums of exponentials over their total. Sockets that beat one
// after the other then lie side by side in memory.
static void connect_all(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const uint64_t count = sockets->design->count;
    const double period = (double)sockets->design->heartbeat_ns;
    struct random_stream stream;
    double total = 0, sum = 0;
    begin_stream(state, &stream, "phases");
    for (uint64_t i = 0; i <= count; i++) {
        total += inversion_exponential(&stream);
    }
    begin_stream(state, &stream, "phases");
    for (uint32_t i = 0; i < count; i++) {
        struct workload_socket *socket = &sockets->items[i];
        const struct node *node = any_node_up(sockets);
        sum += inversion_exponential(&stream);
        socket->zone = workload_state_zone(state);
        if (node == NULL) {
            back_off(state, i);
            continue;
        }
        socket->node = node->replica;
        count_connected(state, 1);
        place(state, i, period > 0 ? distribution_round(sum / total * period) + 1 : TIME_NEVER);
    }
}

void workload_socket_begin(struct workload_state *state)
{
    struct workload_sockets *sockets = check_calloc(1, sizeof *sockets);
    state->sockets = sockets;
    sockets->design = &state->design->connections;
    CHECK(sockets->design->count < WORKLOAD_NO_SOCKET);
    sockets->target = &state->world->components[sockets->design->target];
    sockets->meter = &state->world->meter.workloads[state->number];
    sockets->edge = find_edge(state);
    sockets->event_tick = -1;
    sockets->items = check_calloc(sockets->design->count, sizeof *sockets->items);
    workload_wheel_init(&sockets->wheel, sockets->items, sockets->design->heartbeat_ns);
    begin_stream(state, &sockets->backoff, "reconnect");
    begin_stream(state, &sockets->churn, "churn");
    prepare_calls(state);
    sockets->turning = true; // the first tick is looked up once all are placed
    connect_all(state);
    sockets->turning = false;
    sockets->meter->connected_least = (uint64_t)sockets->meter->connected.value;
    await_tick(state, workload_wheel_next(&sockets->wheel));
    if (sockets->design->churn > 0) {
        await_churn(state);
    }
}

void workload_socket_end(struct workload_state *state)
{
    workload_wheel_release(&state->sockets->wheel);
    free(state->sockets->items);
    free(state->sockets);
}

// ---- figures ------------------------------------------------------------------------------------

size_t workload_socket_bytes(const struct workload_state *state)
{
    const struct workload_sockets *sockets = state->sockets;
    const size_t buckets = sockets->wheel.mask + 1;
    return sizeof *sockets + sockets->design->count * sizeof *sockets->items +
           buckets * 2 * sizeof(uint32_t) + buckets / 8;
}
