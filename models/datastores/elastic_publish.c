// elastic_publish - cluster states from the master to all nodes, in two phases.
//
// A node that receives a state makes it durable and says so; once a majority of the master-eligible
// nodes has, it is committed and the nodes are told to apply it. The master applies it when all
// others have, or after the publish timeout; without a majority by then it steps down. A node that
// has not applied a committed state when the lag timeout ends is removed.
#include "models/datastores/elastic.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { STATE_BYTES = 2000, ROUTING_BYTES = 200 }; // of a published difference, assumption

static size_t size_of(const struct node *node)
{
    return elastic_state(node->component)->cluster_size;
}

static const struct elastic_discovery *discovery_of(const struct node *node)
{
    return &elastic_configuration(node->component)->discovery;
}

static struct elastic_publication *publication_of(const struct node *master)
{
    return &elastic_node(master)->publication;
}

// ---- applying ---------------------------------------------------------------------------------

static uint32_t newcomers(const struct elastic_cluster *now, const struct elastic_cluster *before)
{
    uint32_t set = now->nodes & ~before->nodes;
    for (uint32_t i = 0; i < ELASTIC_NODES; i++) {
        set |= now->epochs[i] != before->epochs[i] ? 1U << i : 0;
    }
    return set;
}

static void apply(struct node *node)
{
    struct elastic_node *state = elastic_node(node);
    state->unreachable &= ~newcomers(state->accepted, state->applied);
    memcpy(state->applied, state->accepted, size_of(node));
    elastic_shard_apply(node);
    elastic_primary_review(node);
    elastic_request_refresh(node);
}

// A state by its name: the term of its master, then its version.
static uint64_t name_of(const struct elastic_cluster *state)
{
    return (uint64_t)state->term << 40 | state->version;
}

static bool is_latest(const struct node *node, uint64_t name)
{
    const struct elastic_node *state = elastic_node(node);
    return name_of(state->accepted) == name && name_of(state->applied) < name;
}

// ---- the end of a publication -----------------------------------------------------------------

static void note_master(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    if (state->headless_ns != TIME_NEVER) {
        const double seconds = (double)(component->world->now - state->headless_ns) / 1e9;
        state->headless_maximum =
            seconds > state->headless_maximum ? seconds : state->headless_maximum;
        state->headless_ns = TIME_NEVER;
    }
}

// Who has still not applied it has to go.
static void on_lag(struct node *master, uint64_t name)
{
    const struct elastic_node *state = elastic_node(master);
    for (uint32_t rest = state->applied->nodes; rest != 0; rest &= rest - 1) {
        const uint32_t other = (uint32_t)__builtin_ctz(rest);
        const struct node *node = &master->component->nodes[other];
        if (elastic_master_leads(master) && name_of(elastic_node(node)->applied) < name) {
            elastic_master_lost(master, other);
        }
    }
}

static void end_publication(struct node *master)
{
    struct elastic_publication *publication = publication_of(master);
    const uint32_t late = publication->targets & ~publication->applied & ~elastic_bit(master);
    node_timer_cancel(master, publication->timer);
    publication->running = false;
    if (late != 0) {
        node_timer_constant(master, discovery_of(master)->lag_ns, on_lag, publication->name);
    }
    note_master(master->component);
    apply(master);
    elastic_master_wake(master);
}

static void look(struct node *master)
{
    const struct elastic_publication *publication = publication_of(master);
    const uint32_t others = publication->targets & ~elastic_bit(master);
    const bool own = (publication->accepted & elastic_bit(master)) != 0;
    if (publication->running && publication->committed && own &&
        (others & ~publication->applied) == 0) {
        end_publication(master);
    }
}

static void step_down(struct node *master)
{
    struct election *election = &elastic_state(master->component)->election;
    election_step_down(election_of(election, master));
}

static void on_timeout(struct node *master, uint64_t name)
{
    const struct elastic_publication *publication = publication_of(master);
    if (!publication->running || publication->name != name) {
        return;
    }
    if (publication->committed && (publication->accepted & elastic_bit(master))) {
        end_publication(master);
    } else {
        step_down(master);
    }
}

static bool is_majority(const struct node *master, uint32_t nodes)
{
    const struct elastic_state *state = elastic_state(master->component);
    const uint32_t votes = (uint32_t)__builtin_popcount(nodes & state->masters);
    return votes >= quorum_majority(state->election.count);
}

void elastic_publish_forget(struct node *master, uint32_t node)
{
    struct elastic_publication *publication = publication_of(master);
    publication->targets &= ~(1U << node);
    if (publication->running && !publication->committed &&
        !is_majority(master, publication->targets | publication->accepted)) {
        step_down(master);
        return;
    }
    look(master);
}

// ---- second phase -----------------------------------------------------------------------------

static void on_applied(struct node *master, struct node *from, uint64_t name)
{
    struct elastic_publication *publication = publication_of(master);
    if (publication->running && publication->name == name) {
        publication->applied |= elastic_bit(from);
        look(master);
    }
}

static void apply_now(struct node *node, uint64_t name)
{
    const uint32_t master = elastic_node(node)->accepted->master;
    if (is_latest(node, name)) {
        apply(node);
        network_message(node, &node->component->nodes[master], ELASTIC_MESSAGE, on_applied, name);
    }
}

static void on_commit(struct node *node, struct node *from, uint64_t name)
{
    (void)from;
    if (is_latest(node, name)) {
        const int64_t time =
            distribution_draw(&discovery_of(node)->apply, elastic_node(node)->streams.master);
        node_timer(node, time, apply_now, name);
    }
}

static void commit_to(struct node *master, uint32_t nodes)
{
    const uint64_t name = publication_of(master)->name;
    for (uint32_t rest = nodes & ~elastic_bit(master); rest != 0; rest &= rest - 1) {
        network_message(master, &master->component->nodes[__builtin_ctz(rest)], ELASTIC_MESSAGE,
                        on_commit, name);
    }
}

// ---- first phase ------------------------------------------------------------------------------

static void on_accepted(struct node *master, struct node *from, uint64_t name)
{
    struct elastic_publication *publication = publication_of(master);
    if (!publication->running || publication->name != name || !elastic_master_leads(master)) {
        return;
    }
    publication->accepted |= elastic_bit(from);
    if (publication->committed) {
        commit_to(master, elastic_bit(from));
    } else if (is_majority(master, publication->accepted)) {
        publication->committed = true;
        elastic_state(master->component)->publications++;
        commit_to(master, publication->accepted);
    }
    look(master);
}

static void on_durable(void *context, uint64_t name)
{
    struct node *node = context;
    struct elastic_node *state = elastic_node(node);
    struct node *master = &node->component->nodes[state->arrived->master];
    if (name_of(state->arrived) != name) {
        return;
    }
    memcpy(state->accepted, state->arrived, size_of(node));
    if (master == node) {
        on_accepted(master, node, name);
    } else {
        network_message(node, master, ELASTIC_MESSAGE, on_accepted, name);
    }
}

static void accept(struct node *node, const struct elastic_cluster *cluster)
{
    struct elastic_node *state = elastic_node(node);
    struct wal *meta = &elastic_state(node->component)->metas[node->replica];
    memcpy(state->arrived, cluster, size_of(node));
    wal_when(meta, wal_append(meta, STATE_BYTES), on_durable, node, name_of(cluster));
}

static void on_publish(struct node *node, struct node *from, struct network_parcel *parcel)
{
    const struct elastic_cluster *cluster = parcel->extra;
    struct election *election = &elastic_state(node->component)->election;
    struct election_member *member = election_of(election, node);
    const uint32_t leader = election_of(election, from)->number;
    const struct elastic_cluster *held = elastic_node(node)->accepted;
    const bool old = name_of(cluster) <= name_of(held);
    const bool joined = cluster->epochs[node->replica] == node->epoch;
    if (!old && joined && node_is_up(node) &&
        (member == NULL || election_heard(member, leader, cluster->term))) {
        elastic_master_follow(node, from->replica);
        accept(node, cluster);
    }
}

static void send(struct node *master, uint32_t to, const struct elastic_cluster *state)
{
    const uint64_t shards = elastic_configuration(master->component)->index.shards;
    struct network_parcel parcel = {.extra = check_calloc(1, size_of(master))};
    memcpy(parcel.extra, state, size_of(master));
    network_post(master, &master->component->nodes[to], STATE_BYTES + ROUTING_BYTES * shards,
                 on_publish, &parcel);
}

void elastic_publish_begin(struct node *master, const struct elastic_cluster *state)
{
    struct elastic_publication *publication = publication_of(master);
    *publication = (struct elastic_publication){
        .running = true, .name = name_of(state), .targets = state->nodes};
    publication->timer = node_timer_constant(master, discovery_of(master)->publish_ns, on_timeout,
                                             publication->name);
    for (uint32_t rest = state->nodes & ~elastic_bit(master); rest != 0; rest &= rest - 1) {
        send(master, (uint32_t)__builtin_ctz(rest), state);
    }
    accept(master, state);
}
