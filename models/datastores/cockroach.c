// cockroach - CockroachDB 23.2: ranges as Raft groups, epoch leases, versions, transactions.
//
// A request comes to a gateway, any node, which asks the leaseholder of the key's range. There it
// waits for its turn at the key; a read is answered from the newest version not above its
// timestamp, a write goes through the range's log and is answered once a majority has it on disk.
// cockroach_range.c applies the logs, cockroach_lease.c moves the leases, cockroach_live.c keeps
// the nodes' liveness, cockroach_guard.c the latches and locks, cockroach_transaction.c the
// transactions.
#include "models/datastores/cockroach.h"

#include "models/datastores/datastores.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/kernel/time.h"

// ---- configuration ----------------------------------------------------------------------------

enum { MESSAGE_BYTES = 64, VOTE_BYTES = 64, ENTRY_BYTES = 64 };

static const char *const goals[] = {"zone", "region", NULL};

#define AT(type, member, label) .name = label, .offset = offsetof(struct type, member)
#define OWN(member, label) AT(cockroach_configuration, member, label)

static const struct field transaction_fields[] = {
    {AT(cockroach_transactions, keys, "keys"), .type = FIELD_COUNT, .fallback = "3", .minimum = 1,
     .maximum = COCKROACH_KEYS, .meaning = "rows that operation transact touches",
     .source = "assumption"},
    {AT(cockroach_transactions, reads, "reads"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = COCKROACH_KEYS - 1, .meaning = "the first so many of them are only read",
     .source = "assumption"},
    {AT(cockroach_transactions, retries, "retries"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = 255,
     .meaning = "times that the gateway begins a conflicting transaction again by itself; 0: as "
                "of a client that sends statement by statement and gets error 40001",
     .source = "automatic while the results fit into a buffer of 16 KiB"},
    {AT(cockroach_transactions, beat_ns, "heartbeat"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6, .meaning = "between heartbeats of a record by its coordinator",
     .source = "CockroachDB 23.2"},
    {AT(cockroach_transactions, expiry_ns, "expiry"), .type = FIELD_DURATION, .fallback = "5s",
     .minimum = 1e6, .meaning = "after the latest heartbeat others may end the transaction",
     .source = "five heartbeats; unverified"},
    {AT(cockroach_transactions, deadlock_ns, "deadlock"), .type = FIELD_DURATION,
     .fallback = "100ms", .minimum = 1e6,
     .meaning = "a waiting request looks for a circle of waits after so long",
     .source = "kv.lock_table.deadlock_detection_push_delay; unverified"},
    {0},
};

static const struct field disk_fields[] = {
    {AT(cockroach_disk, depth, "depth"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 100000, .meaning = "page reads at once", .source = "assumption"},
    {AT(cockroach_disk, read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=125us, p99=200us)", .meaning = "one block from the device",
     .source = "AWS i4i local NVMe: 0.10 to 0.17 ms"},
    {AT(cockroach_disk, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=60us, p99=250us)",
     .meaning = "one durable flush of the store's log, shared by all ranges of the node",
     .source = "NVMe with power-loss protection; gp3: median 1.5 ms, p99 5 ms"},
    {AT(cockroach_disk, bandwidth, "bandwidth"), .type = FIELD_BANDWIDTH, .fallback = "1GB/s",
     .meaning = "log written on top of a flush; 0: no limit", .source = "assumption"},
    {AT(cockroach_disk, stall_ns, "stall"), .type = FIELD_DURATION, .fallback = "20s",
     .minimum = 1e6, .meaning = "a write that takes longer ends the process",
     .source = "CockroachDB 23.2, maximum sync duration"},
    {AT(cockroach_disk, memtable, "memtable"), .type = FIELD_BYTES, .fallback = "64MiB",
     .minimum = 1, .meaning = "log that a restart may have to replay", .source = "Pebble default"},
    {AT(cockroach_disk, replay, "replay"), .type = FIELD_BANDWIDTH, .fallback = "100MB/s",
     .meaning = "replay of the log at a restart; 0: at once", .source = "assumption"},
    {0},
};

static const struct field cache_fields[] = {
    {AT(cockroach_cache, hit, "hit"), .type = FIELD_RATIO, .fallback = "99%", .maximum = 1,
     .meaning = "blocks found in memory", .source = "assumption"},
    {AT(cockroach_cache, warm, "warm"), .type = FIELD_COUNT, .fallback = "100k", .maximum = 1e12,
     .meaning = "reads after a restart until the cache is as before", .source = "assumption"},
    {0},
};

static const struct field liveness_fields[] = {
    {AT(cockroach_liveness, interval_ns, "interval"), .type = FIELD_DURATION, .fallback = "3s",
     .minimum = 1e6, .meaning = "between heartbeats of a node", .source = "CockroachDB 23.2"},
    {AT(cockroach_liveness, duration_ns, "duration"), .type = FIELD_DURATION, .fallback = "6s",
     .minimum = 1e6,
     .meaning = "from a heartbeat to the expiration of the node's leases, and of the liveness "
                "range's own",
     .source = "CockroachDB 23.2, range lease duration"},
    {AT(cockroach_liveness, offset, "offset"), .type = FIELD_DISTRIBUTION,
     .fallback = "uniform(min=0, max=3s)", .meaning = "first heartbeat of a node",
     .source = "nodes are not in step"},
    {0},
};

static const struct field raft_fields[] = {
    {AT(cockroach_raft, tick_ns, "tick"), .type = FIELD_DURATION, .fallback = "500ms",
     .minimum = 1e6, .meaning = "Raft's unit of time", .source = "CockroachDB 23.2"},
    {AT(cockroach_raft, heartbeat, "heartbeat"), .type = FIELD_COUNT, .fallback = "2",
     .minimum = 1, .maximum = 1000, .meaning = "ticks between heartbeats of a leader",
     .source = "CockroachDB 23.2"},
    {AT(cockroach_raft, election, "election"), .type = FIELD_COUNT, .fallback = "4", .minimum = 1,
     .maximum = 1000,
     .meaning = "ticks of silence after which a follower stands, and at random up to as many more",
     .source = "CockroachDB 23.2"},
    {AT(cockroach_raft, batch, "batch"), .type = FIELD_BYTES, .fallback = "32KiB", .minimum = 1,
     .maximum = 1e9, .meaning = "most entries' bytes in one message",
     .source = "a later branch of CockroachDB"},
    {AT(cockroach_raft, in_flight, "in_flight"), .type = FIELD_COUNT, .fallback = "128",
     .minimum = 1, .maximum = 10000, .meaning = "unanswered messages to a follower",
     .source = "a later branch of CockroachDB"},
    {AT(cockroach_raft, keep, "keep"), .type = FIELD_COUNT, .fallback = "1000", .minimum = 1,
     .maximum = 1e6, .meaning = "entries kept for a follower that lags; one behind gets a snapshot",
     .source = "assumption (the log is cut at 16 MB)"},
    {AT(cockroach_raft, snapshot, "snapshot"), .type = FIELD_BANDWIDTH, .fallback = "32MiB/s",
     .meaning = "rate of a snapshot; 0: at once",
     .source = "kv.snapshot_rebalance.max_rate; unverified"},
    {AT(cockroach_raft, range_bytes, "range"), .type = FIELD_BYTES, .fallback = "64MiB",
     .meaning = "size of a range's snapshot", .source = "assumption (a range splits at 512 MiB)"},
    {AT(cockroach_raft, sync, "sync"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "what a replica acknowledges is on its disk; false: in its page cache",
     .source = "kv.raft_log.disable_synchronization_unsafe is off by default; unverified"},
    {0},
};

static const struct field closed_fields[] = {
    {AT(cockroach_closed, target_ns, "target"), .type = FIELD_DURATION, .fallback = "3s",
     .meaning = "a leaseholder promises no writes older than this",
     .source = "kv.closed_timestamp.target_duration, CockroachDB 23.2"},
    {AT(cockroach_closed, interval_ns, "interval"), .type = FIELD_DURATION, .fallback = "200ms",
     .minimum = 1e6, .meaning = "between messages with closed timestamps",
     .source = "kv.closed_timestamp.side_transport_interval, CockroachDB 23.2"},
    {AT(cockroach_closed, staleness_ns, "staleness"), .type = FIELD_DURATION, .fallback = "4200ms",
     .meaning = "how far in the past follower reads are",
     .source = "follower_read_timestamp(): about 4.2 s"},
    {0},
};

static const struct field clock_fields[] = {
    {AT(cockroach_clock, offset_ns, "offset"), .type = FIELD_DURATION, .fallback = "500ms",
     .meaning = "most that clocks may differ (--max-offset): uncertainty of reads, and the last "
                "part of a lease that is not used",
     .source = "CockroachDB 23.2"},
    {AT(cockroach_clock, skew_ns, "skew"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "each node's clock is off by at most this, either way", .source = "assumption"},
    {0},
};

static const struct field connection_fields[] = {
    {AT(cockroach_connection, ping_ns, "ping"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6, .meaning = "between pings of a peer", .source = "CockroachDB 23.2"},
    {AT(cockroach_connection, timeout_ns, "timeout"), .type = FIELD_DURATION, .fallback = "2s",
     .minimum = 1e6, .meaning = "a peer that is silent for so long after a ping is given up",
     .source = "CockroachDB 23.2, network timeout"},
    {AT(cockroach_connection, backoff_ns, "backoff"), .type = FIELD_DURATION, .fallback = "50ms",
     .minimum = 1e3, .meaning = "a gateway's wait before it asks all replicas again",
     .source = "default retry options; unverified"},
    {AT(cockroach_connection, limit_ns, "limit"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e3, .meaning = "longest such wait, which doubles",
     .source = "default retry options; unverified"},
    {0},
};

static const struct field fields[] = {
    {OWN(ranges, "ranges"), .type = FIELD_COUNT, .fallback = "36", .minimum = 1, .maximum = 4096,
     .meaning = "ranges of the tables, beside the one that keeps node liveness",
     .source = "assumption"},
    {OWN(sequential, "sequential"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "keys that no other request has are ascending: all go to the last range; false: "
                "hashed over all",
     .source = "assumption"},
    {OWN(copies, "copies"), .type = FIELD_COUNT, .fallback = "3", .minimum = 1,
     .maximum = ELECTION_MEMBERS, .meaning = "replicas of a range (num_replicas), odd",
     .source = "CockroachDB 23.2"},
    {OWN(system_copies, "system_copies"), .type = FIELD_COUNT, .fallback = "5", .minimum = 1,
     .maximum = ELECTION_MEMBERS,
     .meaning = "replicas of the liveness range; fewer where there are fewer nodes",
     .source = "CockroachDB 23.2; unverified"},
    {OWN(home, "home"), .type = FIELD_NAME,
     .meaning = "region of the leaseholders; any, evenly, when absent"},
    {OWN(survive, "survive"), .type = FIELD_CHOICE, .fallback = "zone", .choices = goals,
     .meaning = "with `home`: all replicas there, or two of them and the others in other regions",
     .source = "CockroachDB 23.2, survival goal"},
    {OWN(gateway, "gateway"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=200us, p99=700us)",
     .meaning = "processor time of a statement at its gateway: parse, plan, encode",
     .source = "0.1 to 0.5 ms; unverified"},
    {OWN(read, "read"), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=60us, p99=200us)",
     .meaning = "processor time of a read at the leaseholder",
     .source = "20 to 100 us; unverified"},
    {OWN(write, "write"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=120us, p99=400us)",
     .meaning = "processor time of evaluating and proposing a write", .source = "assumption"},
    {OWN(apply, "apply"), .type = FIELD_DISTRIBUTION, .fallback = "50us",
     .meaning = "processor time of logging and applying an entry, at every replica",
     .source = "below 0.1 ms"},
    {OWN(row, "row"), .type = FIELD_DISTRIBUTION, .fallback = "2us",
     .meaning = "processor time of each row of a scan", .source = "assumption"},
    {OWN(rows, "rows"), .type = FIELD_COUNT, .fallback = "1000", .minimum = 1, .maximum = 1e9,
     .meaning = "rows that a scan reads, 50 a block", .source = "assumption"},
    {OWN(scan_ranges, "scan_ranges"), .type = FIELD_COUNT, .fallback = "1", .minimum = 1,
     .maximum = 255, .meaning = "ranges that a scan goes through, one after the other",
     .source = "assumption"},
    {OWN(record, "record"), .type = FIELD_BYTES, .fallback = "400B", .minimum = 1,
     .maximum = 1e9, .meaning = "log entry of a written row", .source = "assumption"},
    {OWN(answer, "answer"), .type = FIELD_BYTES, .fallback = "500B",
     .meaning = "a row on the network", .source = "assumption"},
    {OWN(transaction, "transaction"), .type = FIELD_RECORD,
     .size = sizeof(struct cockroach_transactions), .sub = transaction_fields,
     .meaning = "operation transact, and locks"},
    {OWN(disk, "disk"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_disk),
     .sub = disk_fields, .meaning = "of a node"},
    {OWN(cache, "cache"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_cache),
     .sub = cache_fields, .meaning = "block cache of a node"},
    {OWN(liveness, "liveness"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_liveness),
     .sub = liveness_fields, .meaning = "of nodes, on which leases rest"},
    {OWN(raft, "raft"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_raft),
     .sub = raft_fields, .meaning = "of every range"},
    {OWN(closed, "closed"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_closed),
     .sub = closed_fields, .meaning = "closed timestamps, on which follower reads rest"},
    {OWN(clock, "clock"), .type = FIELD_RECORD, .size = sizeof(struct cockroach_clock),
     .sub = clock_fields, .meaning = "of the nodes"},
    {OWN(connection, "connection"), .type = FIELD_RECORD,
     .size = sizeof(struct cockroach_connection), .sub = connection_fields,
     .meaning = "between nodes"},
    {OWN(breaker_ns, "breaker"), .type = FIELD_DURATION, .fallback = "60s", .minimum = 1e6,
     .meaning = "a replica without progress for so long refuses at once",
     .source = "CockroachDB 23.2, replica circuit breaker"},
    {OWN(acquisition_ns, "acquisition"), .type = FIELD_DURATION, .fallback = "4s", .minimum = 1e6,
     .meaning = "an attempt to take a lease is given up after",
     .source = "CockroachDB 23.2, lease acquisition timeout"},
    {0},
};

static const struct model_invariant invariants[] = {
    {"cockroach-acknowledged-safe", "no acknowledged write is lost"},
    {"cockroach-one-lease", "a lease begins when the holder before serves no more"},
    {"cockroach-closed", "a follower read sees nothing that its replica has not applied"},
    {"cockroach-one-verdict", "a transaction is committed or aborted, never both"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void set_raft(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    const struct cockroach_raft *raft = &cockroach_configuration(component)->raft;
    const int64_t election = time_times(raft->tick_ns, raft->election);
    cluster->raft = (struct raft_settings){
        .election = {.timeout_ns = election,
                     .spread_ns = election,
                     .prevote = true,
                     .sticky = true,
                     .check_quorum = true,
                     .bytes = VOTE_BYTES},
        .heartbeat_ns = time_times(raft->tick_ns, raft->heartbeat),
        .batch_bytes = (uint32_t)raft->batch,
        .in_flight = (uint32_t)raft->in_flight,
        .message_bytes = MESSAGE_BYTES,
        .entry_bytes = ENTRY_BYTES,
        .trust_cache = !raft->sync,
        .keep = raft->keep,
        .snapshot_rate = raft->snapshot,
    };
}

static void begin(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    cluster->range_count = 1 + (uint32_t)cockroach_configuration(component)->ranges;
    cluster->ranges = arena_take_array(&component->world->arena, cluster->range_count,
                                       sizeof *cluster->ranges);
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        cluster->ranges[i].number = i;
        cluster->ranges[i].down_ns = cluster->ranges[i].needed_ns = TIME_NEVER;
        map_init(&cluster->ranges[i].guards);
    }
    slots_init(&cluster->transactions, sizeof(struct cockroach_transaction));
    slots_init(&cluster->guards, sizeof(struct cockroach_guard));
    cockroach_row_begin(component);
    set_raft(component);
}

static void begin_streams(struct node *node)
{
    cockroach_node(node)->streams = (struct cockroach_streams){
        .cpu = node_stream(node, "cpu"),
        .cache = node_stream(node, "cache"),
        .disk = node_stream(node, "disk"),
        .wal = node_stream(node, "wal"),
        .retry = node_stream(node, "retry"),
        .beat = node_stream(node, "beat"),
    };
}

static int64_t draw_skew(struct node *node)
{
    const int64_t most = cockroach_configuration(node->component)->clock.skew_ns;
    struct random_stream *stream = node_stream(node, "skew");
    return most == 0 ? 0 : (int64_t)((2 * random_unit(stream) - 1) * (double)most);
}

static void begin_node(struct node *node)
{
    const struct cockroach_configuration *configuration = cockroach_configuration(node->component);
    const uint32_t ranges = cockroach_cluster(node->component)->range_count;
    struct cockroach_node *server = cockroach_node(node);
    begin_streams(node);
    wal_init(&server->wal, node, &configuration->disk.flush, server->streams.wal);
    server->wal.per_byte_ns =
        configuration->disk.bandwidth > 0 ? 1e9 / configuration->disk.bandwidth : 0;
    server->replicas = arena_take_array(&node->world->arena, ranges, sizeof *server->replicas);
    server->hints = arena_take_array(&node->world->arena, ranges, sizeof *server->hints);
    for (uint32_t i = 0; i < ranges; i++) {
        server->replicas[i].stalled_ns = server->replicas[i].needs_ns = TIME_NEVER;
    }
    for (uint32_t i = 0; i < COCKROACH_NODES; i++) {
        server->peers[i].silent_ns = TIME_NEVER;
    }
    slots_init(&server->requests, sizeof(struct cockroach_request));
    server->served = configuration->cache.warm;
    server->skew_ns = draw_skew(node);
    cockroach_live_begin(node);
}

// The log is replayed, then the ranges' members begin as followers.
static void on_replayed(struct node *node, uint64_t word)
{
    (void)word;
    const uint32_t ranges = cockroach_cluster(node->component)->range_count;
    for (uint32_t i = 0; i < ranges; i++) {
        struct raft_member *member = cockroach_replica(node, i)->member;
        if (member != NULL) {
            raft_start(member, member->applied);
        }
    }
    cockroach_live_start(node);
    node_ready(node);
}

static bool start(struct node *node)
{
    const struct cockroach_disk *disk = &cockroach_configuration(node->component)->disk;
    const struct cockroach_node *server = cockroach_node(node);
    if (node->epoch == 0) {
        begin_node(node);
        if (node->replica + 1 == node->component->node_count) {
            cockroach_layout_begin(node->component);
        }
        return true;
    }
    const double bytes = (double)(server->wal.bytes % disk->memtable);
    const int64_t time = disk->replay > 0 ? time_of(bytes / disk->replay * 1e9) : 0;
    node_timer(node, time, on_replayed, 0);
    return false;
}

static void crash(struct node *node)
{
    struct cockroach_node *server = cockroach_node(node);
    const bool dark = node->life == NODE_DARK;
    const uint32_t ranges = cockroach_cluster(node->component)->range_count;
    for (uint32_t i = 0; i < ranges; i++) {
        struct raft_member *member = cockroach_replica(node, i)->member;
        if (member != NULL) {
            raft_crash(member, dark);
        }
    }
    wal_crash(&server->wal, dark);
    cockroach_lease_crash(node);
    cockroach_live_crash(node);
    slots_release(&server->requests);
    slots_init(&server->requests, sizeof(struct cockroach_request));
    server->ask_count = 0;
    server->served = 0;
    server->applying = false;
    server->debt_ns = 0;
    server->clock_ns = 0;
    server->crashed_ns = node->world->now;
}

static struct node *with_role(struct component *component, const char *role)
{
    const uint32_t keeper = cockroach_range(component, COCKROACH_LIVENESS)->lease.holder;
    if (text_same(role, "liveness")) {
        return &component->nodes[keeper];
    }
    if (!text_same(role, "leader") && !text_same(role, "leaseholder")) {
        return NULL;
    }
    struct node *holder = &component->nodes[cockroach_range(component, 1)->lease.holder];
    return node_is_up(holder) ? holder : NULL;
}

static void check(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    const struct cockroach_counts *counts = &cluster->counts;
    struct world *world = component->world;
    if (cockroach_configuration(component)->raft.sync) {
        world_hold(world, "cockroach-acknowledged-safe", counts->lost == 0,
                   "%lu acknowledged writes are lost", (unsigned long)counts->lost);
    }
    world_hold(world, "cockroach-one-lease", counts->double_leases == 0,
               "%lu leases began while another served", (unsigned long)counts->double_leases);
    world_hold(world, "cockroach-closed", counts->early_reads == 0,
               "%lu follower reads saw what was not applied", (unsigned long)counts->early_reads);
    world_hold(world, "cockroach-one-verdict", counts->rewritten == 0,
               "%lu transactions had two verdicts", (unsigned long)counts->rewritten);
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        raft_check(&cluster->ranges[i].raft);
    }
}

static void end(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        cockroach_range_release(&cluster->ranges[i]);
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct cockroach_node *server = cockroach_node(&component->nodes[i]);
        wal_release(&server->wal);
        slots_release(&server->requests);
        free(server->asks);
    }
    slots_release(&cluster->transactions);
    slots_release(&cluster->guards);
    cockroach_row_end(component);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct cockroach_configuration *configuration = component->configuration;
    const double gateway = distribution_mean(&configuration->gateway);
    const double read = distribution_mean(&configuration->read);
    const double applied =
        (double)configuration->copies * distribution_mean(&configuration->apply);
    const double write = distribution_mean(&configuration->write) + applied;
    const double keys = (double)configuration->transaction.keys;
    const double reads = (double)configuration->transaction.reads;
    const double means[COCKROACH_FIRST_INTERNAL] = {
        [COCKROACH_READ] = read,
        [COCKROACH_WRITE] = write,
        [COCKROACH_FOLLOWER_READ] = read,
        [COCKROACH_TRANSACT] = reads * read + (keys - reads) * (write + applied) + 2 * applied,
        [COCKROACH_SCAN] = (double)configuration->scan_ranges * read +
                           (double)configuration->rows * distribution_mean(&configuration->row),
    };
    return operation->internal ? 0 : (gateway + means[operation->number]) / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"leaseholder", "leader", "liveness", NULL};

const struct model cockroach_model = {
    .kind = "cockroachdb",
    .family = "datastore",
    .summary = "CockroachDB 23.2: ranges as Raft groups, epoch leases, versions, transactions",
    .stands_for =
        "CockroachDB 23.2 with hashed keys. Left out: SQL beyond single rows, splits, merges and "
        "rebalancing of ranges, up-replication after a store is dead, load-based lease moves, "
        "graceful drains, closed timestamps inside log entries, global tables, locks met by scans "
        "and by follower reads at the leaseholder, read locks, transaction priorities, admission "
        "by store tokens (a node's processor queue is its admission), the exit of a node whose "
        "clock is off, lease preferences after a fail-over; histories of keys know read and write "
        "alone, not transact; gossip of liveness takes no time; a heartbeat costs no processor",
    .fields = fields,
    .configuration_size = sizeof(struct cockroach_configuration),
    .component_size = sizeof(struct cockroach_cluster),
    .node_size = sizeof(struct cockroach_node),
    .operations = cockroach_operations,
    .operation_count = COCKROACH_OPERATIONS,
    .metrics = cockroach_metrics,
    .invariants = invariants,
    .prepare = cockroach_layout_prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .with_role = with_role,
    .roles = roles,
    .check = check,
    .end = end,
    .demand = demand,
};
