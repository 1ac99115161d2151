// cassandra - Cassandra 5.0: token ring, quorums, hints, gossip, lightweight transactions, files.
//
// Any node coordinates: it asks the replicas of the key (cassandra_steps.c, cassandra_paxos.c) by
// rounds of messages (cassandra_round.c), which the replicas serve (cassandra_replica.c,
// cassandra_store.c). The newest timestamp wins, whatever was acknowledged. The end of a process
// loses hints not yet written; the loss of power also the commit log since its last flush, which
// with `periodic` holds up to ten seconds of acknowledged writes.
#include "models/datastores/cassandra.h"

#include "models/datastores/datastores.h"

#include "sim/base/text.h"

// The cluster has served before time zero: so long after, its first reads stand for those.
enum { FIRST_GUESS_MS = 100 };

// ---- metrics ----------------------------------------------------------------------------------

static double read_acknowledged(const struct component *component)
{
    return (double)cassandra_state(component)->writes;
}

// What is still undecided at the end is decided then.
static double read_lost(const struct component *component)
{
    return (double)cassandra_state(component)->lost;
}

static double read_shadowed(const struct component *component)
{
    return (double)cassandra_state(component)->shadowed;
}

static double read_unavailable(const struct component *component)
{
    const struct cassandra_state *state = cassandra_state(component);
    const int64_t open =
        state->blackout_ns == TIME_NEVER ? 0 : component->world->now - state->blackout_ns;
    return time_seconds(open > state->outage_ns ? open : state->outage_ns);
}

static double read_conviction(const struct component *component)
{
    return time_seconds(cassandra_state(component)->conviction_ns);
}

static double read_convictions(const struct component *component)
{
    return (double)cassandra_state(component)->convictions;
}

static double read_false_convictions(const struct component *component)
{
    return (double)cassandra_state(component)->false_convictions;
}

static double read_hinted(const struct component *component)
{
    return (double)cassandra_state(component)->hinted;
}

static double read_replayed(const struct component *component)
{
    return (double)cassandra_state(component)->replayed;
}

static double read_hints_lost(const struct component *component)
{
    return (double)cassandra_state(component)->hints_lost;
}

static double read_dropped(const struct component *component)
{
    return (double)cassandra_state(component)->dropped;
}

static double read_mismatches(const struct component *component)
{
    return (double)cassandra_state(component)->digests;
}

static double read_repairs(const struct component *component)
{
    return (double)cassandra_state(component)->repairs;
}

static double read_guesses(const struct component *component)
{
    return (double)cassandra_state(component)->guesses;
}

static double read_touched(const struct component *component)
{
    const struct cassandra_state *state = cassandra_state(component);
    return (double)state->touched / (double)state->fetches;
}

static double read_sstables(const struct component *component)
{
    double most = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const double count = cassandra_node(&component->nodes[i])->store.sstable_count;
        most = count > most ? count : most;
    }
    return most;
}

static double read_contentions(const struct component *component)
{
    return (double)cassandra_state(component)->contentions;
}

static double read_ballots(const struct component *component)
{
    return (double)cassandra_state(component)->cas_rounds;
}

static double read_blocked(const struct component *component)
{
    return (double)cassandra_state(component)->blocked;
}

static double read_tombstones(const struct component *component)
{
    return (double)cassandra_state(component)->tombstone_failures;
}

static const struct model_metric metrics[] = {
    {"acknowledged", "{write}", "writes acknowledged, in the whole run", read_acknowledged},
    {"lost", "{write}",
     "acknowledged rows that no replica and no hint holds after a loss of power, nor newer ones; "
     "of keys that several requests can have",
     read_lost},
    {"shadowed", "{write}",
     "acknowledged writes that never showed: every replica knew a higher timestamp",
     read_shadowed},
    {"unavailable(max)", "s", "longest time in which a range had too few replicas for a write",
     read_unavailable},
    {"conviction(max)", "s", "longest time from a node's end to its conviction by another",
     read_conviction},
    {"convictions", "1", "convictions, by every node that judges", read_convictions},
    {"false_convictions", "1", "of them, those of living nodes", read_false_convictions},
    {"hints", "{write}", "hints stored", read_hinted},
    {"hints_replayed", "{write}", "hints delivered", read_replayed},
    {"hints_lost", "{write}", "hints lost with their keeper", read_hints_lost},
    {"dropped", "1", "messages dropped by replicas, their time-out having passed", read_dropped},
    {"digest_mismatches", "1", "reads whose replicas differed", read_mismatches},
    {"read_repairs", "1", "reads that wrote the newest row back", read_repairs},
    {"speculative_reads", "1", "reads asked of one replica more", read_guesses},
    {"sstables_per_read", "1", "mean files touched by a replica's read", read_touched},
    {"sstables", "1", "most files of a node at the end", read_sstables},
    {"contentions", "1", "attempts of lightweight transactions that were refused",
     read_contentions},
    {"ballots", "1", "attempts of lightweight transactions and serial reads", read_ballots},
    {"blocked_writes", "1", "times a write waited for room in a memtable", read_blocked},
    {"tombstone_failures", "1", "scans given up for their tombstones", read_tombstones},
    {0},
};

static const struct model_invariant invariants[] = {
    {"cassandra-acknowledged-safe",
     "where writes wait for the disk (batch, group), or no power was lost, no acknowledged row is "
     "lost"},
    {"cassandra-quorums-meet",
     "where the copies read and written overlap, a read sees the newest timestamp acknowledged "
     "before it began, or a newer one"},
    {"cassandra-one-decision", "no replica commits two rows under one ballot"},
    {"cassandra-own-copies", "a node holds rows of its own ranges only"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void begin(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    state->blackout_ns = TIME_NEVER;
    versions_init(&state->acknowledged);
    versions_init(&state->told);
    map_init(&state->suspected);
    cassandra_ring_begin(component);
    cassandra_round_begin(component);
}

static void begin_server(struct node *node)
{
    const struct cassandra_configuration *configuration =
        cassandra_configuration(node->component);
    struct cassandra_node *server = cassandra_node(node);
    server->streams = (struct cassandra_streams){
        .cpu = node_stream(node, "cpu"),
        .disk = node_stream(node, "disk"),
        .gossip = node_stream(node, "gossip"),
        .clock = node_stream(node, "clock"),
        .backoff = node_stream(node, "backoff"),
        .wal = node_stream(node, "wal"),
    };
    server->skew_ns = distribution_draw(&configuration->clock_skew, server->streams.clock);
    server->guess_ns = configuration->timeouts.read_ns / 2;
    server->guess_due_ns = FIRST_GUESS_MS * TIME_MS;
    histogram_init(&server->reads);
    cassandra_replica_begin(node);
    cassandra_store_begin(node);
    cassandra_gossip_begin(node);
}

static void open_doors(struct node *node)
{
    cassandra_store_start(node);
    cassandra_gossip_start(node);
    cassandra_hints_start(node);
}

// What has been replayed is flushed to files.
static void on_replayed(struct node *node, uint64_t word)
{
    (void)word;
    wal_flush(&cassandra_node(node)->log);
    open_doors(node);
    node_ready(node);
    cassandra_ring_note(node->component);
}

static bool start(struct node *node)
{
    if (node->epoch == 0) {
        begin_server(node);
        open_doors(node);
        return true;
    }
    node_timer(node, cassandra_store_replay_ns(node), on_replayed, 0);
    return false;
}

static void crash(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    server->died_ns = node->world->now;
    cassandra_replica_crash(node);
    cassandra_hints_crash(node);
    cassandra_store_crash(node);
    cassandra_round_crash(node);
    cassandra_gossip_crash(node);
    histogram_clear(&server->reads);
    cassandra_ring_note(node->component);
}

static struct node *with_role(struct component *component, const char *role)
{
    for (uint32_t i = 0; text_same(role, "node") && i < component->node_count; i++) {
        if (node_is_up(&component->nodes[i])) {
            return &component->nodes[i];
        }
    }
    return NULL;
}

static bool overlaps(const struct component *component)
{
    const struct cassandra_configuration *configuration = cassandra_configuration(component);
    const int read = configuration->read_level, write = configuration->write_level;
    const bool local = read == CASSANDRA_LOCAL_QUORUM || write == CASSANDRA_LOCAL_QUORUM;
    return !local && cassandra_ring_needed(component, read) +
                             cassandra_ring_needed(component, write) >
                         cassandra_state(component)->copies;
}

static bool owns(const struct node *node, uint64_t key)
{
    const uint16_t *replicas = cassandra_ring_replicas(node->component, key);
    for (uint32_t i = 0; i < cassandra_state(node->component)->copies; i++) {
        if (replicas[i] == node->replica) {
            return true;
        }
    }
    return false;
}

static void check_node(struct node *node)
{
    const struct versions *data = &cassandra_node(node)->data;
    uint32_t strangers = 0;
    for (uint32_t i = 0; i < data->count; i++) {
        strangers += !owns(node, data->keys[i]);
    }
    world_hold(node->world, "cassandra-own-copies", strangers == 0, "%s/%u holds %u foreign rows",
               node->component->design->name, node->replica, strangers);
}

static void check(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    const int sync = cassandra_configuration(component)->commit_log.sync;
    cassandra_ledger_decide(component, TIME_NEVER);
    if (sync != CASSANDRA_PERIODIC || !state->dark) {
        world_hold(component->world, "cassandra-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged rows are lost", (unsigned long)state->lost);
    }
    if (overlaps(component) && (sync != CASSANDRA_PERIODIC || !state->dark)) {
        world_hold(component->world, "cassandra-quorums-meet", state->early_reads == 0,
                   "%lu reads saw less than was acknowledged", (unsigned long)state->early_reads);
    }
    world_hold(component->world, "cassandra-one-decision", state->split_decisions == 0,
               "%lu ballots have two rows", (unsigned long)state->split_decisions);
    for (uint32_t i = 0; i < component->node_count; i++) {
        check_node(&component->nodes[i]);
    }
}

static void end(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[i];
        cassandra_replica_end(node);
        cassandra_store_end(node);
        cassandra_hints_end(node);
        cassandra_gossip_end(node);
        histogram_release(&cassandra_node(node)->reads);
    }
    cassandra_round_end(component);
    cassandra_ledger_end(component);
}

// ---- demand -----------------------------------------------------------------------------------

static double levels_of(const struct cassandra_configuration *configuration, int level)
{
    const double copies = (double)configuration->replication;
    switch ((enum cassandra_level)level) {
    case CASSANDRA_ONE:
        return 1;
    case CASSANDRA_TWO:
        return 2;
    case CASSANDRA_ALL:
        return copies;
    case CASSANDRA_QUORUM:
    case CASSANDRA_LOCAL_QUORUM:
    case CASSANDRA_SERIAL:
        return (double)(configuration->replication / 2 + 1);
    }
    return copies;
}

// Of all nodes together; repairs, hints and compactions not counted.
static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct cassandra_configuration *configuration = component->configuration;
    const struct cassandra_cost *cost = &configuration->cost;
    const double copies = (double)configuration->replication;
    const double files = 1 + (double)configuration->compaction.windows *
                                 configuration->compaction.overlap;
    const double fetch = distribution_mean(&cost->read) + files * (double)cost->sstable_ns;
    const double asked = levels_of(configuration, configuration->read_level);
    const double write = copies * distribution_mean(&cost->write);
    const double paxos = 2 * copies * distribution_mean(&cost->paxos);
    const bool serial_read = configuration->read_level == CASSANDRA_SERIAL;
    const bool serial_write = configuration->write_level == CASSANDRA_SERIAL;
    const double quorum = levels_of(configuration, CASSANDRA_QUORUM);
    const double means[CASSANDRA_OP_CALLABLE] = {
        [CASSANDRA_OP_READ] = asked * fetch + (serial_read ? paxos : 0),
        [CASSANDRA_OP_WRITE] = write + (serial_write ? paxos + quorum * fetch : 0),
        [CASSANDRA_OP_UPDATE_IF] = write + paxos + quorum * fetch,
        [CASSANDRA_OP_DELETE] = write + (serial_write ? paxos + quorum * fetch : 0),
        [CASSANDRA_OP_SCAN] =
            asked * (fetch + (double)configuration->scan.rows * (double)cost->row_ns),
    };
    if (operation->number >= CASSANDRA_OP_CALLABLE) {
        return -1;
    }
    return (distribution_mean(&cost->coordinate) + means[operation->number]) / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"node", NULL};

const struct model cassandra_model = {
    .kind = "cassandra",
    .family = "datastore",
    .summary = "Cassandra 5.0: token ring, quorums, read repair, hints, gossip, lightweight "
               "transactions, compaction by time windows",
    .stands_for =
        "Apache Cassandra 5.0.3 with the DataStax Java driver 4. A request is about one key: a "
        "partition of which one row counts. Timestamps are the coordinator's, not the driver's. "
        "Left out: anti-entropy repair and replacement of nodes, batches, counters, views and "
        "indexes, paxos_variant v2, garbage collection (pause a node), byte limits of queues, "
        "back-pressure, commit-log and disk failure policies, the driver's reconnection; a zone "
        "of the topology is a rack, a region a datacentre whose writes are sent directly; a start "
        "learns at once who lives; the snitch scores by smoothed answers, not by a reservoir",
    .fields = cassandra_fields,
    .configuration_size = sizeof(struct cassandra_configuration),
    .component_size = sizeof(struct cassandra_state),
    .node_size = sizeof(struct cassandra_node),
    .operations = cassandra_operations,
    .operation_count = CASSANDRA_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = cassandra_ring_prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = cassandra_ring_route,
    .with_role = with_role,
    .roles = roles,
    .check = check,
    .end = end,
    .demand = demand,
};
