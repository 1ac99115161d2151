// postgres - PostgreSQL 16 with PgBouncer and Patroni: pool, locks, group commit, failover.
//
// A write takes a server connection of the pool at its node, locks its row, works, joins the next
// flush of the WAL, waits for the synchronous standby and only then answers and gives its lock and
// its connection back. Reads go to the primary or to standbys. postgres_lock.c keeps the row locks,
// postgres_wal.c the log, postgres_stream.c the replication, postgres_failover.c the leadership.
#include "models/datastores/postgres.h"

#include "models/datastores/datastores.h"

#include "sim/base/text.h"

// ---- configuration ----------------------------------------------------------------------------

static const char *const modes[] = {"transaction", "session", "none", NULL};
static const char *const methods[] = {"first", "any", NULL};
static const char *const durabilities[] = {"local", "remote_write", "on", "remote_apply", NULL};
static const char *const readers[] = {"primary", "standby", "any", NULL};

#define AT(type, member, label) .name = label, .offset = offsetof(struct type, member)
#define OWN(member, label) AT(postgres_configuration, member, label)

static const struct field pool_fields[] = {
    {AT(postgres_pooler, mode, "mode"), .type = FIELD_CHOICE, .fallback = "transaction",
     .choices = modes,
     .meaning = "when a server connection is given back: after the transaction, after the session, "
                "or no pooler (excess connections are refused)",
     .source = "PgBouncer's own default is session"},
    {AT(postgres_pooler, size, "size"), .type = FIELD_COUNT, .fallback = "20", .minimum = 1,
     .maximum = 100000, .meaning = "server connections of the pool (default_pool_size)",
     .source = "PgBouncer 1.22.1 default"},
    {AT(postgres_pooler, clients, "clients"), .type = FIELD_COUNT, .fallback = "100",
     .maximum = 1e9,
     .meaning = "requests in the pool and in front of it, more are refused (max_client_conn); "
                "0: no limit",
     .source = "PgBouncer 1.22.1 default"},
    {AT(postgres_pooler, wait_ns, "wait"), .type = FIELD_DURATION, .fallback = "120s",
     .meaning = "a client that waited so long for a connection is cut off (query_wait_timeout); "
                "0: never",
     .source = "PgBouncer 1.22.1 default"},
    {AT(postgres_pooler, linger_ns, "linger"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "mode session: how long a client keeps its connection after its answer",
     .source = "assumption"},
    {AT(postgres_pooler, work, "work"), .type = FIELD_DISTRIBUTION, .fallback = "13us",
     .meaning = "the pooler's one thread, for each request",
     .source = "65 to 87 k queries/s a process: 11 to 15 us"},
    {0},
};

static const struct field standby_fields[] = {
    {AT(postgres_standby, count, "count"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = POSTGRES_SERVERS - 1, .meaning = "standbys; as many as `zones` when 0",
     .source = "assumption"},
    {AT(postgres_standby, synchronous, "synchronous"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "commits wait for a standby; only such a one is promoted (synchronous_mode)",
     .source = "Patroni 3.3.2 default: off"},
    {AT(postgres_standby, strict, "strict"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "commits wait even when every standby is known to be dead",
     .source = "Patroni 3.3.2 synchronous_mode_strict"},
    {AT(postgres_standby, method, "method"), .type = FIELD_CHOICE, .fallback = "first",
     .choices = methods,
     .meaning = "wait for the first living standby of the list, or for any one of them",
     .source = "synchronous_standby_names FIRST 1, ANY 1"},
    {AT(postgres_standby, zones, "zones"), .type = FIELD_LIST, .element = FIELD_NAME,
     .meaning = "zones of the standbys, in turn; the zones behind the primary's when absent"},
    {0},
};

static const struct field disk_fields[] = {
    {AT(postgres_disk, depth, "depth"), .type = FIELD_COUNT, .fallback = "32", .minimum = 1,
     .maximum = 100000, .meaning = "page reads at once", .source = "assumption"},
    {AT(postgres_disk, read, "read"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=125us, p99=200us)", .meaning = "one page from the device",
     .source = "AWS i4i local NVMe: 0.10 to 0.17 ms"},
    {AT(postgres_disk, flush, "flush"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=60us, p99=250us)", .meaning = "one durable WAL flush",
     .source = "NVMe with power-loss protection; gp3: median 1.5 ms, p99 5 ms"},
    {AT(postgres_disk, bandwidth, "bandwidth"), .type = FIELD_BANDWIDTH, .fallback = "1GB/s",
     .meaning = "WAL written on top of a flush; 0: no limit", .source = "assumption"},
    {AT(postgres_disk, replay, "replay"), .type = FIELD_BANDWIDTH, .fallback = "100MB/s",
     .meaning = "WAL replayed by the one startup process; 0: at once", .source = "assumption"},
    {0},
};

static const struct field checkpoint_fields[] = {
    {AT(postgres_checkpoint, interval_ns, "interval"), .type = FIELD_DURATION, .fallback = "5m",
     .minimum = 1e9, .meaning = "time between checkpoints (checkpoint_timeout)",
     .source = "PostgreSQL 16 default"},
    {AT(postgres_checkpoint, target, "target"), .type = FIELD_RATIO, .fallback = "90%",
     .maximum = 1,
     .meaning = "share of the interval over which pages are written (completion_target)",
     .source = "PostgreSQL 16 default"},
    {AT(postgres_checkpoint, volume, "volume"), .type = FIELD_BYTES, .fallback = "1GiB",
     .minimum = 1 << 20, .meaning = "WAL that forces a checkpoint (max_wal_size)",
     .source = "PostgreSQL 16 default"},
    {AT(postgres_checkpoint, pages, "pages"), .type = FIELD_COUNT, .fallback = "16384",
     .maximum = 1e9,
     .meaning = "pages that writes fall on; the first change of one after a checkpoint logs 8 kB; "
                "0: no full-page writes",
     .source = "assumption: as many as the default shared_buffers of 128 MB hold"},
    {0},
};

static const struct field failover_fields[] = {
    {AT(postgres_failover, ttl_ns, "ttl"), .type = FIELD_DURATION, .fallback = "30s",
     .minimum = 1e6, .meaning = "the leader's lease, from its latest renewal",
     .source = "Patroni 3.3.2 default"},
    {AT(postgres_failover, loop_ns, "loop"), .type = FIELD_DURATION, .fallback = "10s",
     .minimum = 1e6, .meaning = "time between runs of a server's loop (loop_wait)",
     .source = "Patroni 3.3.2 default"},
    {AT(postgres_failover, retry_ns, "retry"), .type = FIELD_DURATION, .fallback = "10s",
     .meaning = "a leader that cannot reach the store for so long demotes itself (retry_timeout)",
     .source = "Patroni 3.3.2 default"},
    {AT(postgres_failover, maximum_lag, "maximum_lag"), .type = FIELD_BYTES, .fallback = "1MiB",
     .maximum = 1e9, .meaning = "a standby that lacks more is not promoted",
     .source = "Patroni 3.3.2 maximum_lag_on_failover"},
    {AT(postgres_failover, offset, "offset"), .type = FIELD_DISTRIBUTION,
     .fallback = "uniform(min=0, max=10s)", .meaning = "first run of a server's loop",
     .source = "loops are not in step"},
    {AT(postgres_failover, promote, "promote"), .type = FIELD_DISTRIBUTION,
     .fallback = "uniform(min=0, max=2s)", .meaning = "promotion, after what is left to replay",
     .source = "Patroni: 0 to 2 s"},
    {AT(postgres_failover, rewind, "rewind"), .type = FIELD_DISTRIBUTION, .fallback = "10s",
     .meaning = "pg_rewind of a server whose history has left the present timeline",
     .source = "assumption"},
    {AT(postgres_failover, discovery_ns, "discovery"), .type = FIELD_DURATION, .fallback = "3s",
     .meaning = "until callers know that the primary is lost, or who is primary",
     .source = "Patroni's haproxy.cfg: inter 3s"},
    {AT(postgres_failover, reconnect_ns, "reconnect"), .type = FIELD_DURATION, .fallback = "5s",
     .minimum = 1e6, .meaning = "until a standby without stream tries again",
     .source = "wal_retrieve_retry_interval, PostgreSQL 16 default"},
    {AT(postgres_failover, silence_ns, "silence"), .type = FIELD_DURATION, .fallback = "60s",
     .minimum = 1e6, .meaning = "a stream that is silent for so long is cut",
     .source = "wal_sender_timeout, PostgreSQL 16 default"},
    {0},
};

static const struct field partition_fields[] = {
    {AT(postgres_partitions, count, "count"), .type = FIELD_COUNT, .fallback = "1", .minimum = 1,
     .maximum = 100000, .meaning = "partitions of the table", .source = "assumption"},
    {AT(postgres_partitions, pruned, "pruned"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "the key lets the planner leave out all partitions but one",
     .source = "assumption"},
    {AT(postgres_partitions, plan_ns, "plan"), .type = FIELD_DURATION, .fallback = "5us",
     .meaning = "processor time of planning and locking one more partition",
     .source = "assumption"},
    {0},
};

static const struct field fields[] = {
    {OWN(primary, "primary"), .type = FIELD_NAME,
     .meaning = "zone of the first primary; the first zone when absent"},
    {OWN(connections, "connections"), .type = FIELD_COUNT, .fallback = "100", .minimum = 4,
     .maximum = 100000,
     .meaning = "server connections of a node (max_connections), 3 of them reserved",
     .source = "PostgreSQL 16 default"},
    {OWN(pool, "pool"), .type = FIELD_RECORD, .size = sizeof(struct postgres_pooler),
     .sub = pool_fields, .meaning = "PgBouncer beside each server"},
    {OWN(standby, "standby"), .type = FIELD_RECORD, .size = sizeof(struct postgres_standby),
     .sub = standby_fields, .meaning = "streaming standbys"},
    {OWN(durability, "synchronous_commit"), .type = FIELD_CHOICE, .fallback = "on",
     .choices = durabilities,
     .meaning = "what a commit waits for: its own flush, and of a synchronous standby that it has "
                "written, flushed or replayed it",
     .source = "PostgreSQL 16 default"},
    {OWN(reads, "reads"), .type = FIELD_CHOICE, .fallback = "primary", .choices = readers,
     .meaning = "who answers read and scan", .source = "assumption"},
    {OWN(read, "read"), .type = FIELD_DISTRIBUTION, .fallback = "lognormal(median=90us, p99=300us)",
     .meaning = "processor time of a select of one row through an index",
     .source = "0.05 to 0.2 ms, from PgBouncer and TPC-B figures"},
    {OWN(write, "write"), .type = FIELD_DISTRIBUTION,
     .fallback = "lognormal(median=200us, p99=700us)",
     .meaning = "processor time of an insert or update of one row with its commit",
     .source = "0.3 to 0.6 ms for a small transaction"},
    {OWN(row_security, "row_security"), .type = FIELD_DISTRIBUTION, .fallback = "0",
     .meaning = "processor time of the row-level-security policy, for each row; 0: no policy",
     .source = "near noise where the tenant's column has an index"},
    {OWN(row, "row"), .type = FIELD_DISTRIBUTION, .fallback = "1us",
     .meaning = "processor time of each row of a scan", .source = "assumption"},
    {OWN(rows, "rows"), .type = FIELD_COUNT, .fallback = "1000", .minimum = 1, .maximum = 1e9,
     .meaning = "rows that a scan reads, 50 a page", .source = "assumption"},
    {OWN(statements, "statements"), .type = FIELD_COUNT, .fallback = "5", .minimum = 1,
     .maximum = 255, .meaning = "statements of operation transaction", .source = "assumption"},
    {OWN(think, "think"), .type = FIELD_DISTRIBUTION, .fallback = "500us",
     .meaning = "the client's turn between two statements, its round trip included",
     .source = "application round trip of 0.5 ms"},
    {OWN(hit, "hit"), .type = FIELD_RATIO, .fallback = "99%", .minimum = 0, .maximum = 1,
     .meaning = "pages found in shared buffers", .source = "assumption"},
    {OWN(record, "record"), .type = FIELD_BYTES, .fallback = "400B", .minimum = 1,
     .meaning = "WAL of one changed row, its index entry and commit", .source = "assumption"},
    {OWN(answer, "answer"), .type = FIELD_BYTES, .fallback = "500B",
     .meaning = "answer of a read, on the network", .source = "assumption"},
    {OWN(partitions, "partitions"), .type = FIELD_RECORD,
     .size = sizeof(struct postgres_partitions), .sub = partition_fields,
     .meaning = "of the table"},
    {OWN(disk, "disk"), .type = FIELD_RECORD, .size = sizeof(struct postgres_disk),
     .sub = disk_fields, .meaning = "of a server"},
    {OWN(checkpoint, "checkpoint"), .type = FIELD_RECORD,
     .size = sizeof(struct postgres_checkpoint), .sub = checkpoint_fields,
     .meaning = "how often dirty pages are written, and what that does to the WAL"},
    {OWN(failover, "failover"), .type = FIELD_RECORD, .size = sizeof(struct postgres_failover),
     .sub = failover_fields, .meaning = "Patroni"},
    {0},
};

// ---- metrics ----------------------------------------------------------------------------------

static double read_commits(const struct component *component)
{
    return (double)postgres_state(component)->commits;
}

static double read_batch(const struct component *component)
{
    double flushes = 0, flushed = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct batch *wal = &postgres_node(&component->nodes[i])->wal;
        flushes += (double)wal->flushes;
        flushed += (double)wal->flushed;
    }
    return flushed / flushes;
}

static double read_pool_wait(const struct component *component)
{
    return histogram_quantile(&postgres_state(component)->pool_wait, 0.99) / 1e9;
}

static double read_lock_waits(const struct component *component)
{
    return (double)postgres_state(component)->lock_waits;
}

static double read_lag(const struct component *component)
{
    const struct postgres_state *state = postgres_state(component);
    return state->lag_seconds / (double)state->lag_samples;
}

static double read_lag_maximum(const struct component *component)
{
    return postgres_state(component)->lag_seconds_maximum;
}

static double read_lag_bytes(const struct component *component)
{
    return postgres_state(component)->lag_bytes_maximum;
}

static double read_failovers(const struct component *component)
{
    return (double)postgres_state(component)->failovers;
}

static double read_recoveries(const struct component *component)
{
    return (double)postgres_state(component)->recoveries;
}

static double read_lost(const struct component *component)
{
    return (double)postgres_state(component)->lost;
}

static double read_removals(const struct component *component)
{
    return (double)postgres_state(component)->removals;
}

static double read_checkpoints(const struct component *component)
{
    return (double)postgres_state(component)->checkpoints;
}

static double read_wal(const struct component *component)
{
    return (double)postgres_state(component)->wal_bytes;
}

static double read_full_pages(const struct component *component)
{
    return (double)postgres_state(component)->full_pages;
}

static const struct model_metric metrics[] = {
    {"commits", "{transaction}", "commits acknowledged", read_commits},
    {"group_commit_batch", "{transaction}", "mean commits of one WAL flush, in the whole run",
     read_batch},
    {"pool_wait_p99", "s", "p99 of the wait for a server connection", read_pool_wait},
    {"lock_waits", "1", "transactions that waited for a row lock", read_lock_waits},
    {"replication_lag", "s", "mean time from a flush of the primary to its replay by a standby",
     read_lag},
    {"replication_lag_max", "s", "longest such time", read_lag_maximum},
    {"replication_lag_bytes", "By", "most WAL that a standby had yet to replay", read_lag_bytes},
    {"failovers", "1", "promotions of another server, in the whole run", read_failovers},
    {"recoveries", "1", "crash recoveries of the leader, in the whole run", read_recoveries},
    {"acknowledged_lost", "{transaction}", "commits lost although their clients were told OK",
     read_lost},
    {"standby_removals", "1", "times a synchronous standby was given up", read_removals},
    {"checkpoints", "1", "checkpoints completed, in the whole run", read_checkpoints},
    {"wal", "By", "WAL written, in the whole run", read_wal},
    {"full_page_writes", "1", "pages logged in full, in the whole run", read_full_pages},
    {0},
};

static const struct model_invariant invariants[] = {
    {"postgres-acknowledged-safe",
     "with synchronous standbys and synchronous_commit on or remote_apply no acknowledged commit "
     "is lost"},
    {"postgres-acknowledged-flushed",
     "a commit is acknowledged after its flush, and after that of a synchronous standby"},
    {"postgres-one-primary", "at most one server is primary, and only it acknowledges commits"},
    {"postgres-pool", "server connections never pass the pool's size and max_connections"},
    {"postgres-locks", "every row lock is held by one transaction in progress"},
    {"postgres-standby-behind", "no standby has WAL that its primary has not flushed"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void begin(struct component *component)
{
    histogram_init(&postgres_state(component)->pool_wait);
    postgres_failover_begin(component);
}

static void begin_server(struct node *node)
{
    struct postgres_streams *streams = &postgres_node(node)->streams;
    *streams = (struct postgres_streams){
        .pooler = node_stream(node, "pooler"),
        .cpu = node_stream(node, "cpu"),
        .buffer = node_stream(node, "buffer"),
        .disk = node_stream(node, "disk"),
        .wal = node_stream(node, "wal"),
        .patroni = node_stream(node, "patroni"),
        .think = node_stream(node, "think"),
    };
    node->devices[POSTGRES_DEVICE_POOLER].part = METER_CPU;
    postgres_wal_begin(node);
    postgres_lock_begin(node);
}

static bool start(struct node *node)
{
    if (node->epoch == 0) {
        begin_server(node);
    }
    return postgres_failover_start(node);
}

static void crash(struct node *node)
{
    postgres_lock_crash(node);
    postgres_wal_crash(node);
    postgres_failover_crash(node);
}

static struct node *known_primary(struct component *component)
{
    const uint32_t known = postgres_state(component)->known;
    return known == POSTGRES_NONE ? NULL : &component->nodes[known];
}

// In turn over the servers that the health checks believe in.
static struct node *reader(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    const int reads = postgres_configuration(component)->reads;
    const uint32_t count = component->node_count;
    for (uint32_t i = 0; reads != POSTGRES_READ_PRIMARY && i < count; i++) {
        struct node *node = &component->nodes[(state->turn + i) % count];
        if (node->listed && (reads == POSTGRES_READ_ANY || node->replica != state->known)) {
            state->turn = node->replica + 1;
            return node;
        }
    }
    return known_primary(component);
}

static struct node *route(struct component *component, const struct call *call, uint64_t key)
{
    (void)key;
    const uint16_t operation = call->design->operation->number;
    const bool reads = operation == POSTGRES_READ || operation == POSTGRES_SCAN;
    return reads ? reader(component) : known_primary(component);
}

static struct node *any_standby(struct component *component)
{
    struct node *found = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[i];
        if (postgres_is_primary(node) || !node_is_up(node)) {
            continue;
        }
        if (postgres_node(node)->synchronous) {
            return node;
        }
        found = found == NULL ? node : found;
    }
    return found;
}

static struct node *with_role(struct component *component, const char *role)
{
    if (text_same(role, "primary") || text_same(role, "leader")) {
        return postgres_primary(component);
    }
    return text_same(role, "standby") ? any_standby(component) : NULL;
}

static void check_node(struct node *node)
{
    const struct postgres_configuration *configuration = postgres_configuration(node->component);
    const struct pool *pool = &node->pools[POSTGRES_CONNECTIONS];
    const uint64_t most = configuration->connections - POSTGRES_RESERVED;
    const uint64_t used = (uint64_t)pool->used.maximum;
    world_hold(node->world, "postgres-pool", used <= pool->size && used <= most,
               "%s/%u: %lu connections of %lu", node->component->design->name, node->replica,
               (unsigned long)used, (unsigned long)pool->size);
    postgres_lock_check(node);
}

static void check(struct component *component)
{
    const struct postgres_configuration *configuration = postgres_configuration(component);
    const struct postgres_state *state = postgres_state(component);
    struct world *world = component->world;
    if (configuration->standby.synchronous && configuration->durability >= POSTGRES_ON) {
        world_hold(world, "postgres-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged commits are lost", (unsigned long)state->lost);
    }
    world_hold(world, "postgres-acknowledged-flushed", state->early_acknowledgements == 0,
               "%lu commits were acknowledged too early",
               (unsigned long)state->early_acknowledgements);
    world_hold(world, "postgres-one-primary",
               state->stray_acknowledgements == 0 && state->double_primaries == 0,
               "%lu commits acknowledged by others, %lu second primaries",
               (unsigned long)state->stray_acknowledgements,
               (unsigned long)state->double_primaries);
    world_hold(world, "postgres-standby-behind", state->standbys_ahead == 0,
               "a standby was ahead %lu times", (unsigned long)state->standbys_ahead);
    for (uint32_t i = 0; i < component->node_count; i++) {
        check_node(&component->nodes[i]);
    }
}

static void end(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        postgres_lock_end(&component->nodes[i]);
        postgres_wal_end(&component->nodes[i]);
        postgres_stream_end(&component->nodes[i]);
    }
    histogram_release(&postgres_state(component)->pool_wait);
    postgres_failover_end(component);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct postgres_configuration *configuration = component->configuration;
    const double policy = distribution_mean(&configuration->row_security);
    const double read = distribution_mean(&configuration->read) + policy;
    const double write = distribution_mean(&configuration->write) + policy;
    const double row = distribution_mean(&configuration->row) + policy;
    const double means[POSTGRES_OPERATIONS] = {
        [POSTGRES_READ] = read,
        [POSTGRES_WRITE] = write,
        [POSTGRES_SCAN] = read - policy + (double)configuration->rows * row,
        [POSTGRES_TRANSACT] = (double)configuration->statements * write,
    };
    return means[operation->number] / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

const struct model postgres_model = {
    .kind = "postgres",
    .family = "datastore",
    .summary = "PostgreSQL 16 with PgBouncer and Patroni: pool, row locks, group commit, failover",
    .stands_for =
        "PostgreSQL 16, PgBouncer 1.22 beside each server and Patroni 3.3 with a healthy store. "
        "Left out: isolation conflicts and deadlocks (a transaction locks one row), vacuum, "
        "replication conflicts of standby queries, synchronous_commit off, archive and disk-full, "
        "connection set-up, primary_start_timeout; cascading and delayed standbys",
    .fields = fields,
    .configuration_size = sizeof(struct postgres_configuration),
    .component_size = sizeof(struct postgres_state),
    .node_size = sizeof(struct postgres_node),
    .operations = postgres_operations,
    .operation_count = POSTGRES_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = postgres_layout_prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = route,
    .with_role = with_role,
    .check = check,
    .end = end,
    .demand = demand,
};
