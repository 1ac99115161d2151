// cluster - one Raft group over the nodes of a tiny world, with proposals, crashes and cuts, for
// tests of elections and replication.
#include "tests/engine/cluster.h"

#include <criterion/criterion.h>
#include <string.h>

static struct cluster *beginning; // the one that world_begin is called for

struct shared { // the component's state
    struct cluster *cluster;
};

static struct cluster *cluster_of(const struct component *component)
{
    return ((struct shared *)component->state)->cluster;
}

static void on_applied(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct cluster *cluster = member->raft->owner;
    struct cluster_node *node = member->node->state;
    cr_assert(node->count < CLUSTER_ENTRIES);
    node->indices[node->count] = index;
    node->applied[node->count++] = entry->words[0];
    if (member->vote->role == ELECTION_LEADER && entry->term == member->vote->term) {
        cluster->acknowledged[cluster->acknowledged_count++] = entry->words[0];
    }
}

static void on_leads(struct raft_member *member)
{
    struct cluster *cluster = member->raft->owner;
    cluster->leaderships++;
    cluster->led_ns = member->node->world->now;
}

static void on_restored(struct raft_member *member, const struct raft_member *from)
{
    struct cluster_node *node = member->node->state;
    const struct cluster_node *source = from->node->state;
    node->count = source->count;
    memcpy(node->applied, source->applied, source->count * sizeof node->applied[0]);
    memcpy(node->indices, source->indices, source->count * sizeof node->indices[0]);
}

static uint64_t snapshot_bytes(const struct raft_member *member)
{
    return ((const struct cluster_node *)member->node->state)->count * 100;
}

static const struct raft_hooks hooks = {.applied = on_applied,
                                        .leads = on_leads,
                                        .restored = on_restored,
                                        .snapshot_bytes = snapshot_bytes};

static void begin(struct component *component)
{
    struct cluster *cluster = beginning;
    ((struct shared *)component->state)->cluster = cluster;
    raft_init(&cluster->raft, component, "group");
    cluster->raft.settings = &cluster->settings;
    cluster->raft.hooks = &hooks;
    cluster->raft.owner = cluster;
}

static void add(struct node *node)
{
    struct cluster *cluster = cluster_of(node->component);
    struct cluster_node *state = node->state;
    wal_init(&state->wal, node, &cluster->flush, node_stream(node, "flush"));
    state->member = raft_add(&cluster->raft, node, &state->wal);
}

// The state machine lives in memory, and in the snapshot that stands before the log.
static bool start(struct node *node)
{
    struct cluster_node *state = node->state;
    if (node->epoch == 0) {
        add(node);
    }
    const uint64_t before = state->member->first - 1;
    while (state->count > 0 && state->indices[state->count - 1] > before) {
        state->count--;
    }
    raft_start(state->member, before);
    return true;
}

static void crash(struct node *node)
{
    struct cluster_node *state = node->state;
    const bool dark = node->life == NODE_DARK;
    raft_crash(state->member, dark);
    wal_crash(&state->wal, dark);
}

static void end(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        wal_release(&((struct cluster_node *)component->nodes[i].state)->wal);
    }
    raft_release(&cluster_of(component)->raft);
}

static const struct model model = {.kind = "cluster",
                                   .family = "datastore",
                                   .summary = "a Raft group",
                                   .component_size = sizeof(struct shared),
                                   .node_size = sizeof(struct cluster_node),
                                   .begin = begin,
                                   .start = start,
                                   .crash = crash,
                                   .end = end};

void cluster_init(struct cluster *cluster)
{
    memset(cluster, 0, sizeof *cluster);
    tiny_init(&cluster->tiny);
    for (uint32_t i = 0; i < TINY_ZONES * TINY_ZONES; i++) {
        cluster->tiny.links[i].latency = distribution_constant(1e6);
    }
    cluster->flush = distribution_constant(1e6);
    cluster->members = 3;
    cluster->settings = (struct raft_settings){
        .election = {.timeout_ns = TIME_S,
                     .spread_ns = 300 * TIME_MS,
                     .prevote = true,
                     .sticky = true,
                     .check_quorum = true,
                     .bytes = 100},
        .heartbeat_ns = 100 * TIME_MS,
        .batch_bytes = 4096,
        .in_flight = 8,
        .keep = 1000,
    };
}

void cluster_begin(struct cluster *cluster)
{
    struct component_design *design =
        tiny_add_component(&cluster->tiny, "group", cluster->members, distribution_constant(0));
    design->model = &model;
    beginning = cluster;
    cluster->world = tiny_begin(&cluster->tiny);
}

void cluster_run(struct cluster *cluster, int64_t until_ns)
{
    cr_assert(world_run(cluster->world, until_ns));
}

void cluster_end(struct cluster *cluster)
{
    raft_check(&cluster->raft);
    for (uint32_t i = 0; i < cluster->world->invariant_count; i++) {
        const struct invariant_count *invariant = &cluster->world->invariants[i];
        cr_assert_eq(invariant->violated, 0, "%s: %s", invariant->name, invariant->first);
    }
    tiny_end(&cluster->tiny);
}

struct node *cluster_at(const struct cluster *cluster, uint32_t member)
{
    return &cluster->world->components[0].nodes[member];
}

struct cluster_node *cluster_node(const struct cluster *cluster, uint32_t member)
{
    return cluster_at(cluster, member)->state;
}

static bool proposed; // what the latest proposal returned

static void propose(void *subject, uint64_t value)
{
    const struct world *world = subject;
    struct raft_member *leader = raft_leader(&cluster_of(&world->components[0])->raft);
    const uint64_t words[2] = {value, 0};
    proposed = leader != NULL && raft_propose(leader, words, 100, 0);
}

bool cluster_propose(struct cluster *cluster, uint64_t value)
{
    tiny_call(cluster->world, propose, value);
    return proposed;
}

void cluster_cut(struct cluster *cluster, uint32_t zone, bool cut)
{
    network_remove_effects(cluster->world, zone);
    for (uint32_t i = 0; cut && i < TINY_ZONES; i++) {
        const struct network_effect effect = {.fault = zone,
                                              .from_component = DESIGN_NONE,
                                              .to_component = DESIGN_NONE,
                                              .from_zone = zone,
                                              .to_zone = i,
                                              .drop = true};
        if (i != zone) {
            network_add_effect(cluster->world, effect);
        }
    }
}

static bool has(const struct cluster_node *node, uint64_t value)
{
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->applied[i] == value) {
            return true;
        }
    }
    return false;
}

bool cluster_keeps_all(struct cluster *cluster)
{
    struct raft_member *leader = raft_leader(&cluster->raft);
    for (uint32_t i = 0; leader != NULL && i < cluster->acknowledged_count; i++) {
        if (!has(leader->node->state, cluster->acknowledged[i])) {
            return false;
        }
    }
    return leader != NULL;
}
