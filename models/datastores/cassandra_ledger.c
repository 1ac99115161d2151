// cassandra_ledger - what was acknowledged, and what of it no replica and no hint holds any more.
//
// Kept for keys that several requests can have. A loss of power makes suspects of the acknowledged
// rows that the node has lost; when every message then on its way has arrived or expired, a suspect
// that no replica and no hint holds, nor anything newer, is lost.
#include <stdlib.h>

#include "models/datastores/cassandra.h"

#include "sim/base/check.h"

enum { DECISION_EVENT = 0xfb8 };

void cassandra_ledger_acknowledge(struct component *component, uint64_t key,
                                  struct version version)
{
    struct cassandra_state *state = cassandra_state(component);
    state->writes++;
    if (versions_tracks(key)) {
        versions_merge(&state->acknowledged, key, version, 0);
    }
}

// ---- suspects ---------------------------------------------------------------------------------

static void suspect(struct component *component, uint64_t key)
{
    struct cassandra_state *state = cassandra_state(component);
    if (map_get(&state->suspected, key) != 0) {
        return;
    }
    map_set(&state->suspected, key, 1);
    if (state->suspect_count == state->suspect_room) {
        state->suspect_room = state->suspect_room == 0 ? 64 : state->suspect_room * 2;
        state->suspects =
            check_realloc(state->suspects, state->suspect_room * sizeof *state->suspects);
    }
    const int64_t after = cassandra_configuration(component)->timeouts.write_ns;
    state->suspects[state->suspect_count++] =
        (struct cassandra_suspect){key, time_after(component->world->now, after)};
}

static bool is_held(const struct component *component, uint64_t key, struct version version)
{
    const uint16_t *replicas = cassandra_ring_replicas(component, key);
    for (uint32_t i = 0; i < cassandra_state(component)->copies; i++) {
        const struct node *node = &component->nodes[replicas[i]];
        if (versions_get(&cassandra_node(node)->data, key).stamp >= version.stamp) {
            return true;
        }
    }
    return cassandra_hints_hold(component, key, version);
}

void cassandra_ledger_decide(struct component *component, int64_t time_ns)
{
    struct cassandra_state *state = cassandra_state(component);
    uint32_t decided = 0;
    while (decided < state->suspect_count && state->suspects[decided].due_ns <= time_ns) {
        const uint64_t key = state->suspects[decided++].key;
        const struct version version = versions_get(&state->acknowledged, key);
        state->lost += version.value != 0 && !is_held(component, key, version);
        map_remove(&state->suspected, key);
    }
    for (uint32_t i = decided; i < state->suspect_count; i++) {
        state->suspects[i - decided] = state->suspects[i];
    }
    state->suspect_count -= decided;
}

static void on_decision(void *subject, uint64_t word)
{
    (void)word;
    const struct component *component = subject;
    cassandra_ledger_decide(subject, component->world->now);
}

void cassandra_ledger_suspect(struct node *node, uint64_t position)
{
    struct component *component = node->component;
    const struct versions *data = &cassandra_node(node)->data;
    cassandra_state(component)->dark = true;
    for (uint32_t i = 0; i < data->undo.count; i++) {
        const struct version_undo *undo = ring_at(&data->undo, i);
        if (undo->position > position) {
            suspect(component, undo->key);
        }
    }
    const int64_t after = cassandra_configuration(component)->timeouts.write_ns;
    const struct event event = {on_decision, component, 0, world_tag(node, DECISION_EVENT)};
    event_queue_at(node->world->queue, time_after(node->world->now, after), event);
}

void cassandra_ledger_end(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    versions_release(&state->acknowledged);
    versions_release(&state->told);
    map_release(&state->suspected);
    free(state->suspects);
}
