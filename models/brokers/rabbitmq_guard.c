// rabbitmq_guard - what watches over the nodes: alarms that block publishers, flow control, and the
// detector of silent hosts.
#include <stdlib.h>

#include "models/brokers/rabbitmq.h"

#include "sim/base/check.h"

// ---- alarms -------------------------------------------------------------------------------------

static uint64_t memory_of(const struct rabbitmq_queue *queue, uint64_t *bodies)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(queue->component);
    const uint64_t messages = queue->backlog.waiting + queue->backlog.in_hand;
    if (rabbitmq_is_quorum(queue)) {
        *bodies += queue->backlog.bytes;
        return messages * configuration->message_memory;
    }
    return messages * configuration->classic_memory + queue->backlog.bytes;
}

static bool holds(struct rabbitmq_queue *queue, const struct node *node)
{
    if (rabbitmq_is_quorum(queue)) {
        return raft_of(&queue->raft, node) != NULL;
    }
    return queue->server == node || queue->mirrors[node->replica].in;
}

static uint64_t memory_used(const struct node *node)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    uint64_t used = configuration->base_memory, bodies = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        if (holds(&state->queues[i], node)) {
            used += memory_of(&state->queues[i], &bodies);
        }
    }
    return used + (bodies < configuration->resident ? bodies : configuration->resident);
}

static uint64_t disk_used(const struct node *node)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    uint64_t used = 0;
    for (uint32_t i = 0; i < state->queue_count; i++) {
        if (holds(&state->queues[i], node)) {
            used += state->queues[i].backlog.bytes;
        }
    }
    return used;
}

void rabbitmq_guard_wake(struct rabbitmq_state *state)
{
    struct world *world = state->component->world;
    const uint32_t count = state->blocked_count;
    state->blocked_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (visit_of(world, state->blocked[i]) != NULL) {
            visit_wake_later(world, state->blocked[i]);
        }
    }
}

static void set_alarm(const struct node *node, uint32_t alarm, bool on)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const int64_t now = node->world->now;
    uint32_t *alarms = &state->alarms[node->replica];
    const bool before = *alarms != 0;
    *alarms = on ? *alarms | alarm : *alarms & ~alarm;
    const bool after = *alarms != 0;
    if (!before && after && state->alarmed++ == 0) {
        state->blocked_since_ns = now;
        state->alarms_raised++;
    } else if (before && !after && --state->alarmed == 0) {
        state->blocked_ns += now - state->blocked_since_ns;
        rabbitmq_guard_wake(state);
    }
}

static void on_memory_check(struct node *node, uint64_t word)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    const double limit = configuration->watermark * (double)node->component->design->memory;
    set_alarm(node, RABBITMQ_MEMORY_ALARM, (double)memory_used(node) > limit);
    node_timer_constant(node, configuration->memory_check_ns, on_memory_check, word);
}

static void on_disk_check(struct node *node, uint64_t word)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    const bool full = disk_used(node) + configuration->disk_free_limit > configuration->disk;
    set_alarm(node, RABBITMQ_DISK_ALARM, full);
    node_timer_constant(node, configuration->disk_check_ns, on_disk_check, word);
}

enum outcome rabbitmq_guard_park(struct visit *visit)
{
    struct rabbitmq_state *state = rabbitmq_state(visit->node->component);
    if (state->blocked_count == state->blocked_room) {
        state->blocked_room = state->blocked_room == 0 ? 64 : state->blocked_room * 2;
        state->blocked =
            check_realloc(state->blocked, state->blocked_room * sizeof *state->blocked);
    }
    state->blocked[state->blocked_count++] = visit_ticket(visit);
    step_wait(visit);
    return OUTCOME_AGAIN;
}

// ---- flow control -------------------------------------------------------------------------------

struct pool *rabbitmq_guard_flow(struct visit *visit, const struct rabbitmq_queue *queue)
{
    struct rabbitmq_state *state = rabbitmq_state(visit->node->component);
    const struct rabbitmq_configuration *configuration =
        rabbitmq_configuration(visit->node->component);
    const struct node *origin = call_origin_of(visit);
    const uint64_t publisher = origin == NULL ? 0 : 1 + origin->number;
    const uint64_t key = publisher << 32 | queue->number << 8 | visit->node->replica;
    uint32_t place = map_get(&state->flow_places, key);
    if (place == 0) {
        if (state->flow_count == state->flow_room) {
            state->flow_room = state->flow_room == 0 ? 16 : state->flow_room * 2;
            state->flows = check_realloc(state->flows, state->flow_room * sizeof *state->flows);
        }
        struct pool *pool = check_calloc(1, sizeof *pool);
        pool_init(pool, visit->node, "flow",
                  rabbitmq_is_quorum(queue) ? configuration->window : configuration->credit);
        state->flows[state->flow_count++] = pool;
        place = state->flow_count;
        map_set(&state->flow_places, key, place);
    }
    visit->value = place - 1;
    return state->flows[place - 1];
}

void rabbitmq_guard_handled(struct visit *visit)
{
    pool_give(rabbitmq_state(visit->node->component)->flows[visit->value], visit);
}

// ---- silent hosts -------------------------------------------------------------------------------

bool rabbitmq_guard_hears(const struct node *node, const struct node *other)
{
    const struct network_path path = {other->zone, node->zone, other->component->number,
                                      node->component->number};
    const bool runs = other->life == NODE_UP || other->life == NODE_STARTING;
    return other == node || (runs && other->pauses == 0 && !network_is_cut(node->world, path));
}

static void suspect(struct node *node, const struct node *other, uint32_t silent)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    const uint32_t down = (uint32_t)(configuration->net_tick_ns / configuration->poll_ns);
    for (uint32_t i = 0; i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        if (rabbitmq_is_quorum(queue)) {
            rabbitmq_quorum_suspect(queue, node, other);
        } else if (silent == down + 1) {
            rabbitmq_classic_suspect(queue, node, other);
        }
    }
}

// A node that hears no majority for so long gives up what it leads (pause_minority); one that hears
// the others again becomes a mirror again.
static void pause_or_rejoin(struct node *node, uint32_t gone)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const bool minority = gone * 2 >= node->component->node_count;
    for (uint32_t i = 0; (minority || gone == 0) && i < state->queue_count; i++) {
        struct rabbitmq_queue *queue = &state->queues[i];
        if (!rabbitmq_is_quorum(queue)) {
            minority ? rabbitmq_classic_pause(queue, node) : rabbitmq_classic_rejoin(queue, node);
        }
    }
}

static void on_poll(struct node *node, uint64_t word)
{
    struct component *component = node->component;
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(component);
    const uint32_t down = (uint32_t)(configuration->net_tick_ns / configuration->poll_ns);
    const uint32_t nodes = component->node_count;
    uint32_t *silent = &rabbitmq_state(component)->silent[node->replica * nodes];
    uint32_t gone = 0;
    for (uint32_t i = 0; i < nodes; i++) {
        const struct node *other = &component->nodes[i];
        silent[i] = rabbitmq_guard_hears(node, other) ? 0 : silent[i] + 1;
        gone += silent[i] > down && other->life != NODE_DOWN && other->life != NODE_DARK;
    }
    pause_or_rejoin(node, gone);
    for (uint32_t i = 0; gone * 2 < nodes && i < nodes; i++) {
        if (silent[i] >= 2) {
            suspect(node, &component->nodes[i], silent[i]);
        }
    }
    node_timer_constant(node, configuration->poll_ns, on_poll, word);
}

// ---- life ---------------------------------------------------------------------------------------

void rabbitmq_guard_begin(struct component *component)
{
    struct rabbitmq_state *state = rabbitmq_state(component);
    struct arena *arena = &component->world->arena;
    const uint32_t nodes = component->node_count;
    state->silent = arena_take_array(arena, (size_t)nodes * nodes, sizeof *state->silent);
    state->alarms = arena_take_array(arena, nodes, sizeof *state->alarms);
    map_init(&state->flow_places);
}

void rabbitmq_guard_start(struct node *node)
{
    const struct rabbitmq_configuration *configuration = rabbitmq_configuration(node->component);
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const double phase = random_unit(state->election);
    if (node->component->node_count > 1) {
        node_timer(node, (int64_t)(phase * (double)configuration->poll_ns), on_poll, 0);
    }
    if (node->component->design->memory > 0) {
        node_timer_constant(node, configuration->memory_check_ns, on_memory_check, 0);
    }
    if (configuration->disk > 0) {
        node_timer_constant(node, configuration->disk_check_ns, on_disk_check, 0);
    }
}

void rabbitmq_guard_crash(struct node *node)
{
    struct rabbitmq_state *state = rabbitmq_state(node->component);
    const uint32_t nodes = node->component->node_count;
    set_alarm(node, RABBITMQ_MEMORY_ALARM | RABBITMQ_DISK_ALARM, false);
    for (uint32_t i = 0; i < nodes; i++) {
        state->silent[node->replica * nodes + i] = 0;
    }
    for (uint32_t i = 0; i < state->flow_count; i++) {
        if (state->flows[i]->node == node) {
            pool_clear(state->flows[i]);
        }
    }
}

void rabbitmq_guard_end(struct component *component)
{
    struct rabbitmq_state *state = rabbitmq_state(component);
    for (uint32_t i = 0; i < state->flow_count; i++) {
        pool_release(state->flows[i]);
        free(state->flows[i]);
    }
    free(state->flows);
    free(state->blocked);
    map_release(&state->flow_places);
}
