// cassandra_hints - hinted handoff: writes kept for replicas that missed them, and their delivery.
//
// A hint is stored for a replica that is convicted, unless for longer than the window, and for one
// that has not confirmed a write in time. Every `flush` a node with hints writes them to disk and
// begins to deliver those of replicas that live again: one after the other, no faster than its part
// of the throttle; one that is not confirmed ends the delivery until the next look. The end of the
// process loses what was not yet written to disk, the loss of power what the operating system has
// not yet written back (30 s).
#include "models/datastores/cassandra.h"

#include "sim/base/check.h"

enum { HINT_BYTES = 100, WRITE_BACK_S = 30 };

static const struct cassandra_hints *setting_of(const struct node *node)
{
    return &cassandra_configuration(node->component)->hints;
}

static struct cassandra_hint_queue *queue_for(const struct node *holder, uint32_t target)
{
    return &cassandra_node(holder)->peers[target].hints;
}

static struct cassandra_hint *hint_at(const struct cassandra_hint_queue *queue, uint32_t i)
{
    return ring_at(&queue->hints, i);
}

// ---- delivery ---------------------------------------------------------------------------------

static void deliver_next(struct node *holder, uint64_t target)
{
    struct cassandra_hint_queue *queue = queue_for(holder, (uint32_t)target);
    if (queue->hints.count == 0) {
        queue->busy = false;
        return;
    }
    struct cassandra_round *round =
        cassandra_round_single(holder, (uint32_t)target, hint_at(queue, 0));
    cassandra_round_send(holder, round, 1);
}

// Of the throttle each of the other nodes of the ring takes its part.
static int64_t pace_ns(const struct node *holder)
{
    const uint32_t others = holder->component->node_count - 1;
    const double bytes =
        (double)(cassandra_configuration(holder->component)->row + HINT_BYTES);
    return time_of(bytes * others / setting_of(holder)->throttle * 1e9);
}

void cassandra_hints_delivered(struct node *holder, uint32_t target, bool good)
{
    struct cassandra_hint_queue *queue = queue_for(holder, target);
    if (!queue->busy) {
        return;
    }
    if (!good) {
        queue->busy = false;
        return;
    }
    ring_drop(&queue->hints);
    cassandra_state(holder->component)->replayed++;
    node_timer_constant(holder, pace_ns(holder), deliver_next, target);
}

static void look_for_hints(struct node *holder, uint64_t word)
{
    struct cassandra_node *server = cassandra_node(holder);
    server->hinting = false;
    for (uint32_t i = 0; i < holder->component->node_count; i++) {
        struct cassandra_hint_queue *queue = queue_for(holder, i);
        server->hinting = server->hinting || queue->hints.count > 0;
        if (queue->hints.count > 0 && !queue->busy && server->peers[i].alive) {
            queue->busy = true;
            deliver_next(holder, i);
        }
    }
    if (server->hinting) {
        node_timer_constant(holder, setting_of(holder)->flush_ns, look_for_hints, word);
    }
}

static void begin_looking(struct node *holder)
{
    struct cassandra_node *server = cassandra_node(holder);
    if (!server->hinting) {
        server->hinting = true;
        node_timer_constant(holder, setting_of(holder)->flush_ns, look_for_hints, 0);
    }
}

// ---- storing ----------------------------------------------------------------------------------

void cassandra_hints_store(struct node *holder, uint32_t target,
                           const struct cassandra_round *round)
{
    const struct cassandra_hints *setting = setting_of(holder);
    const struct cassandra_peer *peer = &cassandra_node(holder)->peers[target];
    const int64_t now = holder->world->now;
    if (!setting->enabled || (!peer->alive && now - peer->dead_ns >= setting->window_ns)) {
        return;
    }
    struct cassandra_hint *hint = ring_put(&queue_for(holder, target)->hints, sizeof *hint);
    *hint = (struct cassandra_hint){round->key, round->request, round->version, now};
    cassandra_state(holder->component)->hinted++;
    begin_looking(holder);
}

bool cassandra_hints_hold(const struct component *component, uint64_t key, struct version version)
{
    for (uint32_t i = 0; i < component->node_count * component->node_count; i++) {
        const struct node *holder = &component->nodes[i / component->node_count];
        const struct cassandra_hint_queue *queue = queue_for(holder, i % component->node_count);
        for (uint32_t k = 0; k < queue->hints.count; k++) {
            const struct cassandra_hint *hint = hint_at(queue, k);
            if (hint->key == key && hint->version.stamp >= version.stamp) {
                return true;
            }
        }
    }
    return false;
}

// ---- life -------------------------------------------------------------------------------------

void cassandra_hints_start(struct node *holder)
{
    struct cassandra_node *server = cassandra_node(holder);
    for (uint32_t i = 0; i < holder->component->node_count; i++) {
        if (server->peers[i].hints.hints.count > 0) {
            begin_looking(holder);
        }
    }
}

// The latest look before the present instant: they come every `flush` from the node's start.
static int64_t written_until(const struct node *holder)
{
    const int64_t started = cassandra_node(holder)->store.started_ns;
    const int64_t flush = setting_of(holder)->flush_ns;
    return started + (holder->world->now - started) / flush * flush;
}

void cassandra_hints_crash(struct node *holder)
{
    const bool dark = holder->life == NODE_DARK;
    const int64_t kept = written_until(holder) - (dark ? WRITE_BACK_S * TIME_S : 0);
    cassandra_node(holder)->hinting = false;
    for (uint32_t i = 0; i < holder->component->node_count; i++) {
        struct cassandra_hint_queue *queue = queue_for(holder, i);
        queue->busy = false;
        while (queue->hints.count > 0 && hint_at(queue, queue->hints.count - 1)->time_ns > kept) {
            ring_drop_last(&queue->hints);
            cassandra_state(holder->component)->hints_lost++;
        }
    }
}

void cassandra_hints_end(struct node *holder)
{
    const struct cassandra_node *server = cassandra_node(holder);
    for (uint32_t i = 0; server->peers != NULL && i < holder->component->node_count; i++) {
        ring_release(&server->peers[i].hints.hints);
    }
}
