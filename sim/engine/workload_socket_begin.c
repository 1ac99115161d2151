// workload_socket_begin - the sockets of a workload at time 0: connected together or one by one.
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/workload_socket.h"
#include "sim/engine/workload_socket_parts.h"
#include "sim/engine/workload_state.h"
#include "sim/engine/world.h"

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
        sockets->open = workload_template(state, &sockets->open_design, workload_socket_end_open);
    }
    if (sockets->design->heartbeat != NULL) {
        prepare_call(state, &sockets->heartbeat_design, sockets->design->heartbeat);
        sockets->heartbeat =
            workload_template(state, &sockets->heartbeat_design, workload_socket_end_heartbeat);
    }
}

static void begin_stream(const struct workload_state *state, struct random_stream *stream,
                         const char *purpose)
{
    const char *name = arena_format(&state->world->arena, "workload/%s/%s", state->design->name,
                                    purpose);
    random_stream_init(stream, state->world->key, text_hash(name));
}

// Sockets that beat one after the other lie side by side in memory.
static void connect_all(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const bool beats = sockets->design->heartbeat_ns > 0;
    sockets->items = check_calloc(sockets->design->count, sizeof *sockets->items);
    sockets->wheel.sockets = sockets->items;
    sockets->turning = true; // the first tick is looked up once all are placed
    for (uint32_t i = 0; i < sockets->design->count; i++) {
        struct workload_socket *socket = &sockets->items[i];
        const struct node *node = workload_socket_any_up(sockets);
        socket->zone = workload_state_zone(state);
        if (node == NULL) {
            workload_socket_back_off(state, i);
        } else {
            socket->node = node->replica;
            workload_socket_count(state, 1);
            workload_socket_place(state, i, beats ? sockets->cohort.due_ns : TIME_NEVER);
        }
        workload_cohort_beat(&sockets->cohort);
    }
    sockets->turning = false;
    workload_socket_await_tick(state, workload_wheel_next(&sockets->wheel));
}

// How many beat in the first tick.
static uint32_t count_first(const struct workload_sockets *sockets)
{
    struct workload_cohort cohort = sockets->cohort;
    uint32_t count = 0;
    while (count < cohort.count && workload_wheel_tick(cohort.due_ns) == 0) {
        workload_cohort_beat(&cohort);
        count++;
    }
    return count;
}

// True for sockets that need no records as long as every replica answers: they only beat, in less
// than one turn of the wheel, and not all in the first tick.
static bool may_be_cohort(const struct workload_sockets *sockets)
{
    const struct connections_design *design = sockets->design;
    return design->heartbeat_ns > 0 && design->heartbeat == NULL && design->churn <= 0 &&
           workload_wheel_tick(design->heartbeat_ns) + 2 <= (int64_t)sockets->wheel.mask + 1 &&
           workload_socket_all_answer(sockets->target) && count_first(sockets) < design->count;
}

static void connect_together(struct workload_state *state)
{
    struct workload_sockets *sockets = state->sockets;
    const uint32_t count = sockets->cohort.count, zones = state->design->zone_count;
    struct workload_cohort first = sockets->cohort;
    for (; workload_wheel_tick(first.due_ns) == 0; workload_cohort_beat(&first)) {
        workload_socket_await_exactly(state, first.next, first.due_ns);
    }
    tally_add(&sockets->meter->connected, state->world->now, count);
    sockets->cursor = count % sockets->target->node_count;
    state->zone_cursor = zones == 0 ? 0 : count % zones;
    workload_socket_await_tick(state, workload_wheel_tick(first.due_ns));
}

static void begin_cohort(struct workload_state *state)
{
    const struct connections_design *design = state->sockets->design;
    const char *name = arena_format(&state->world->arena, "workload/%s/phases",
                                    state->design->name);
    workload_cohort_begin(&state->sockets->cohort, state->world->key, text_hash(name),
                          (uint32_t)design->count, design->heartbeat_ns);
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
    workload_wheel_init(&sockets->wheel, NULL, sockets->design->heartbeat_ns);
    begin_stream(state, &sockets->backoff, "reconnect");
    begin_stream(state, &sockets->churn, "churn");
    prepare_calls(state);
    begin_cohort(state);
    if (may_be_cohort(sockets)) {
        connect_together(state);
    } else {
        connect_all(state);
    }
    sockets->meter->connected_least = (uint64_t)sockets->meter->connected.value;
    if (sockets->design->churn > 0) {
        workload_socket_await_churn(state);
    }
}

void workload_socket_end(struct workload_state *state)
{
    workload_wheel_release(&state->sockets->wheel);
    free(state->sockets->items);
    free(state->sockets);
}

