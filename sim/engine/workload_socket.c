// workload_socket - long-lived connections: heartbeats by the million, losses, reconnect storms.
#include "sim/engine/workload_socket.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/workload.h"
#include "sim/engine/workload_socket_parts.h"
#include "sim/engine/workload_state.h"
#include "sim/engine/world.h"

static const int64_t BACKOFF_NS = TIME_S, BACKOFF_LIMIT_NS = 5 * TIME_S; // Socket.IO's client

// ---- time ---------------------------------------------------------------------------------------

static void on_tick(void *subject, uint64_t tick);
static void on_due(void *subject, uint64_t number);

void workload_socket_await_tick(struct workload_state *state, int64_t tick)
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

void workload_socket_await_exactly(struct workload_state *state, uint32_t number, int64_t due_ns)
{
    const struct event event = {on_due, state, number,
                                workload_state_tag(state, WORKLOAD_SOCKET_EVENT)};
    event_queue_at(state->world->queue, due_ns, event);
}

// The socket, which stands in no bucket, falls due then.
void workload_socket_place(struct workload_state *state, uint32_t number, int64_t due_ns)
{
    struct workload_sockets *sockets = state->sockets;
    sockets->items[number].due_ns = due_ns;
    if (due_ns == TIME_NEVER) {
        return;
    }
    const int64_t tick = workload_wheel_tick(due_ns);
    if (tick <= sockets->wheel.tick || tick <= workload_wheel_tick(state->world->now)) {
        workload_socket_await_exactly(state, number, due_ns);
        return;
    }
    workload_wheel_add(&sockets->wheel, number);
    if (!sockets->turning && (sockets->event_tick < 0 || tick < sockets->event_tick)) {
        workload_socket_await_tick(state, tick);
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

void workload_socket_count(struct workload_state *state, int change)
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

void workload_socket_back_off(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    socket->life = SOCKET_WAITING;
    const int64_t backoff = draw_backoff(sockets, socket->attempt);
    workload_socket_place(state, number, time_after(state->world->now, backoff));
}

// The connection is lost and its client knows.
static void lose(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    withdraw(sockets, number);
    if (is_connected(socket)) {
        workload_socket_count(state, -1);
    }
    sockets->meter->losses++;
    socket->attempt = 0;
    workload_socket_back_off(state, number);
}

static void fail_to_open(struct workload_state *state, uint32_t number)
{
    struct workload_socket *socket = &state->sockets->items[number];
    socket->attempt += socket->attempt < UINT8_MAX;
    workload_socket_back_off(state, number);
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
    workload_socket_count(state, 1);
    sockets->meter->reconnects++;
    workload_socket_place(state, number, next_heartbeat(sockets, state->world->now));
}

struct node *workload_socket_any_up(struct workload_sockets *sockets)
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

void workload_socket_end_open(struct world *world, const struct call *call, enum status status)
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
        connect(state, number, workload_socket_any_up(sockets));
    } else {
        struct route *route = &world->routes[sockets->edge];
        connect(state, number, balance_choose(world, route, socket->zone, number, NULL));
    }
}

// ---- the cohort ---------------------------------------------------------------------------------

static bool node_answers(const struct node *node)
{
    return node->life == NODE_UP && node->pauses == 0;
}

bool workload_socket_all_answer(const struct component *target)
{
    for (uint32_t i = 0; i < target->node_count; i++) {
        if (!node_answers(&target->nodes[i])) {
            return false;
        }
    }
    return true;
}

// Every socket gets its record, as if it had had it from the beginning: those due next come first
// in their buckets. What is due in the first tick has an event of its own.
static void disband(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const struct workload_cohort *cohort = &sockets->cohort;
    const struct workload_design *design = state->design;
    const uint32_t zones = design->zone_count;
    struct workload_cohort anew = workload_cohort_anew(cohort);
    sockets->items = check_calloc(cohort->count, sizeof *sockets->items);
    sockets->wheel.sockets = sockets->items;
    for (uint32_t i = 0; i < cohort->count; i++) {
        const int64_t round_ns = i < cohort->next ? cohort->period_ns : 0;
        struct workload_socket *socket = &sockets->items[i];
        socket->node = i % sockets->target->node_count;
        socket->zone = zones == 0 ? DESIGN_NONE : design->zones[i % zones];
        socket->due_ns = time_after(cohort->round_ns, anew.due_ns + round_ns);
        workload_cohort_beat(&anew);
    }
    for (uint32_t i = 0; i < cohort->count; i++) {
        const uint32_t number = (uint32_t)(((uint64_t)cohort->next + i) % cohort->count);
        if (workload_wheel_tick(sockets->items[number].due_ns) > 0) {
            workload_wheel_add(&sockets->wheel, number);
        }
    }
}

static bool is_together(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    if (sockets->items == NULL && !workload_socket_all_answer(sockets->target)) {
        disband(state);
    }
    return sockets->items == NULL;
}

static void beat_together(struct workload_sockets *sockets)
{
    sockets->meter->heartbeats++;
    workload_cohort_beat(&sockets->cohort);
}

// ---- heartbeats ---------------------------------------------------------------------------------

// No pong comes: the client waits for it in vain, or for as long as the replica is paused.
static void miss_heartbeat(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    socket->life = SOCKET_UNSURE;
    workload_socket_place(state, number, time_after(socket->due_ns, sockets->design->timeout_ns));
}

static void beat(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    sockets->meter->heartbeats++;
    if (node_answers(node_of(sockets, socket))) {
        workload_socket_place(state, number, next_heartbeat(sockets, socket->due_ns));
    } else {
        miss_heartbeat(state, number);
    }
}

void workload_socket_end_heartbeat(struct world *world, const struct call *call,
                                   enum status status)
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
    const int64_t soon = time_after(state->world->now, 1);
    workload_socket_place(state, number, next > state->world->now ? next : soon);
}

static void on_due(void *subject, uint64_t number)
{
    struct workload_state *state = subject;
    if (is_together(state)) {
        beat_together(state->sockets);
        return;
    }
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
        workload_socket_await_exactly(state, number, socket->due_ns);
    }
}

static void turn(struct workload_state *state, int64_t tick)
{
    struct workload_sockets *sockets = state->sockets;
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
    workload_socket_await_tick(state, workload_wheel_next(&sockets->wheel));
}

static void turn_together(struct workload_state *state, int64_t tick)
{
    struct workload_sockets *sockets = state->sockets;
    workload_wheel_turn(&sockets->wheel, tick);
    while (workload_wheel_tick(sockets->cohort.due_ns) == tick) {
        beat_together(sockets);
    }
    workload_socket_await_tick(state, workload_wheel_tick(sockets->cohort.due_ns));
}

static void on_tick(void *subject, uint64_t tick)
{
    struct workload_state *state = subject;
    state->sockets->event = EVENT_NONE;
    state->sockets->event_tick = -1;
    if (is_together(state)) {
        turn_together(state, (int64_t)tick);
    } else {
        turn(state, (int64_t)tick);
    }
}

// ---- what happens to nodes ----------------------------------------------------------------------

static void go_silent(struct workload_state *state, uint32_t number)
{
    struct workload_sockets *sockets = state->sockets;
    struct workload_socket *socket = &sockets->items[number];
    const bool beats = socket->life == SOCKET_OPEN; // otherwise it waits for a pong already
    withdraw(sockets, number);
    workload_socket_count(state, -1);
    socket->life = SOCKET_SILENT;
    const int64_t patience = beats ? sockets->design->timeout_ns : 0;
    workload_socket_place(state, number, time_after(socket->due_ns, patience));
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
        workload_socket_place(state, number, beat_ns);
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
    if (node->component != sockets->target || is_together(state)) {
        return;
    }
    for (uint32_t i = 0; i < sockets->design->count; i++) {
        if (sockets->items[i].node == node->replica) {
            node_changed(state, i, node->life);
        }
    }
}

// ---- churn --------------------------------------------------------------------------------------

static void on_churn(void *subject, uint64_t argument)
{
    (void)argument;
    struct workload_state *state = subject;
    struct workload_sockets *sockets = state->sockets;
    const uint32_t number = (uint32_t)random_below(&sockets->churn, sockets->design->count);
    if (sockets->items[number].life == SOCKET_OPEN) {
        withdraw(sockets, number);
        workload_socket_count(state, -1);
        sockets->meter->losses++;
        open_socket(state, number);
    }
    workload_socket_await_churn(state);
}

void workload_socket_await_churn(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const double gap = inversion_exponential(&sockets->churn) / sockets->design->churn * 1e9;
    const struct event event = {on_churn, state, 0,
                                workload_state_tag(state, WORKLOAD_CHURN_EVENT)};
    event_queue_at(state->world->queue, time_after(state->world->now, distribution_round(gap)),
                   event);
}

// ---- figures ------------------------------------------------------------------------------------

size_t workload_socket_bytes(const struct workload_state *state)
{
    const struct workload_sockets *sockets = state->sockets;
    const size_t buckets = sockets->wheel.mask + 1;
    const size_t records = sockets->items == NULL ? 0 : sockets->design->count;
    return sizeof *sockets + records * sizeof *sockets->items +
           buckets * 2 * sizeof(uint32_t) + buckets / 8;
}
