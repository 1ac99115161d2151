// elastic_allocation - the next cluster state: who left and joined, which copies failed or
// started, who is promoted, where copies are built.
//
// A primary that is gone is replaced by a started copy in the in-sync set; without one the shard
// waits for a node whose disk holds an in-sync copy: others are never promoted. A replica whose
// node left is built elsewhere after the delay, at once where a copy lies on the disk.
#include "models/datastores/elastic.h"

static uint32_t bit_count(uint32_t set)
{
    return (uint32_t)__builtin_popcount(set);
}

static uint32_t copies_at(const struct elastic_cluster *state, uint32_t shards, uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < shards; i++) {
        count += (state->shards[i].started | state->shards[i].initializing) >> node & 1;
    }
    return count;
}

static uint32_t building_at(const struct elastic_cluster *state, uint32_t shards, uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < shards; i++) {
        count += state->shards[i].initializing >> node & 1;
    }
    return count;
}

static bool shares_zone(const struct component *component, uint32_t set, uint32_t node)
{
    for (uint32_t rest = set; rest != 0; rest &= rest - 1) {
        if (component->nodes[__builtin_ctz(rest)].zone == component->nodes[node].zone) {
            return true;
        }
    }
    return false;
}

// The emptiest of `among`, in a zone without a copy before others; of equals the one nearest to
// the shard's number, so that primaries are spread.
uint32_t elastic_allocation_choose(const struct component *component,
                                   const struct elastic_cluster *state, uint32_t shard,
                                   uint32_t among)
{
    const uint32_t shards = (uint32_t)elastic_configuration(component)->index.shards;
    const struct elastic_routing *routing = &state->shards[shard];
    const uint32_t holders = routing->started | routing->initializing;
    uint32_t best = ELASTIC_NONE, lowest = UINT32_MAX;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const uint32_t node = (shard + i) % component->node_count;
        if ((among >> node & 1) == 0) {
            continue;
        }
        const uint32_t cost = copies_at(state, shards, node) * 2 +
                              (shares_zone(component, holders, node) ? 2 * ELASTIC_SHARDS : 0);
        if (cost < lowest) {
            lowest = cost;
            best = node;
        }
    }
    return best;
}

// ---- what has happened ------------------------------------------------------------------------

static void promote(struct elastic_routing *routing)
{
    const uint32_t able = routing->started & routing->insync;
    routing->primary = able == 0 ? ELASTIC_NONE : (uint32_t)__builtin_ctz(able);
    routing->term += able != 0;
}

static void remove_copy(struct elastic_routing *routing, uint32_t node)
{
    routing->started &= ~(1U << node);
    routing->initializing &= ~(1U << node);
    if (routing->primary == node) {
        promote(routing);
    }
}

static void leave(struct elastic_cluster *state, uint32_t shards, uint32_t node, int64_t now)
{
    state->nodes &= ~(1U << node);
    for (uint32_t i = 0; i < shards; i++) {
        struct elastic_routing *routing = &state->shards[i];
        if ((routing->started | routing->initializing) >> node & 1) {
            remove_copy(routing, node);
            routing->left_ns = now;
        }
    }
}

static void take_left(const struct node *master, struct elastic_cluster *state, uint32_t shards)
{
    const struct elastic_tasks *tasks = &elastic_node(master)->tasks;
    const uint32_t here = tasks->joined | elastic_bit(master);
    for (uint32_t i = 0; i < master->component->node_count; i++) {
        const bool anew = (here >> i & 1) && state->epochs[i] != master->component->nodes[i].epoch;
        const bool gone = (tasks->left >> i & 1) != 0 || anew;
        if (gone && (state->nodes >> i & 1)) {
            leave(state, shards, i, master->world->now);
        }
    }
}

static void take_joined(const struct node *master, struct elastic_cluster *state)
{
    const uint32_t joined = elastic_node(master)->tasks.joined | elastic_bit(master);
    for (uint32_t rest = joined & ~state->nodes; rest != 0; rest &= rest - 1) {
        const uint32_t node = (uint32_t)__builtin_ctz(rest);
        state->nodes |= 1U << node;
        state->epochs[node] = master->component->nodes[node].epoch;
    }
}

static void take_reports(const struct elastic_tasks *tasks, struct elastic_routing *routing,
                         uint32_t shard)
{
    for (uint32_t rest = tasks->failed[shard]; rest != 0; rest &= rest - 1) {
        const uint32_t node = (uint32_t)__builtin_ctz(rest);
        if (node != routing->primary) {
            remove_copy(routing, node);
            routing->insync &= ~(1U << node);
        }
    }
    const uint32_t built = tasks->started[shard] & routing->initializing;
    routing->started |= built;
    routing->initializing &= ~built;
    routing->insync |= built;
}

// ---- where copies go --------------------------------------------------------------------------

// An in-sync copy on a disk of the cluster is opened as the primary.
static void place_primary(const struct component *component, struct elastic_cluster *state,
                          uint32_t shard)
{
    struct elastic_routing *routing = &state->shards[shard];
    const uint32_t able = routing->insync & state->nodes;
    if (routing->primary != ELASTIC_NONE || able == 0) {
        return;
    }
    routing->primary = elastic_allocation_choose(component, state, shard, able);
    routing->started &= ~(1U << routing->primary);
    routing->initializing = 1U << routing->primary;
    routing->allocations[routing->primary]++;
    routing->term++;
}

static uint32_t free_nodes(const struct component *component, const struct elastic_cluster *state,
                           uint32_t shard)
{
    const struct elastic_configuration *configuration = elastic_configuration(component);
    const uint32_t shards = (uint32_t)configuration->index.shards;
    const struct elastic_routing *routing = &state->shards[shard];
    uint32_t among = state->nodes & ~(routing->started | routing->initializing);
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        const uint32_t node = (uint32_t)__builtin_ctz(rest);
        if (building_at(state, shards, node) >= configuration->recovery.concurrent) {
            among &= ~(1U << node);
        }
    }
    return among;
}

// Those whose disks hold a copy, however old: it lacks only what was written since.
static uint32_t holders(const struct component *component, uint32_t among, uint32_t shard)
{
    uint32_t set = 0;
    for (uint32_t rest = among; rest != 0; rest &= rest - 1) {
        const uint32_t node = (uint32_t)__builtin_ctz(rest);
        const bool holds = elastic_node(&component->nodes[node])->copies[shard].documents > 0;
        set |= holds ? 1U << node : 0;
    }
    return set;
}

static bool place_replica(const struct component *component, struct elastic_cluster *state,
                          uint32_t shard, bool delayed)
{
    struct elastic_routing *routing = &state->shards[shard];
    const uint32_t among = free_nodes(component, state, shard);
    const uint32_t kept = holders(component, among, shard);
    const uint32_t able = kept != 0 ? kept : delayed ? 0 : among;
    const uint32_t node = elastic_allocation_choose(component, state, shard, able);
    if (node != ELASTIC_NONE) {
        routing->initializing |= 1U << node;
        routing->allocations[node]++;
    }
    return node != ELASTIC_NONE;
}

// Returns when it wants to be asked again.
static int64_t place_replicas(const struct component *component, struct elastic_cluster *state,
                              uint32_t shard)
{
    const struct elastic_configuration *configuration = elastic_configuration(component);
    const struct elastic_routing *routing = &state->shards[shard];
    const uint32_t wanted = 1 + (uint32_t)configuration->index.replicas;
    const int64_t due = routing->left_ns == TIME_NEVER
                            ? TIME_NEVER
                            : time_after(routing->left_ns, configuration->recovery.delay_ns);
    const bool delayed = due != TIME_NEVER && due > component->world->now;
    const bool led = routing->primary != ELASTIC_NONE && (routing->started >> routing->primary & 1);
    bool placed = led;
    while (placed && bit_count(routing->started | routing->initializing) < wanted) {
        placed = place_replica(component, state, shard, delayed);
    }
    return led && !placed && delayed ? due : TIME_NEVER;
}

int64_t elastic_allocation_update(struct node *master, struct elastic_cluster *state)
{
    const struct component *component = master->component;
    const uint32_t shards = (uint32_t)elastic_configuration(component)->index.shards;
    const struct elastic_tasks *tasks = &elastic_node(master)->tasks;
    int64_t next = TIME_NEVER;
    take_left(master, state, shards);
    take_joined(master, state);
    for (uint32_t i = 0; i < shards; i++) {
        struct elastic_routing *routing = &state->shards[i];
        take_reports(tasks, routing, i);
        place_primary(component, state, i);
        const int64_t due = place_replicas(component, state, i);
        next = due < next ? due : next;
    }
    return next;
}
