// postgres - PostgreSQL 16 with PgBouncer and Patroni: pool, locks, group commit, failover.
//
// A write takes a server connection of the pool at its node, locks its row, works, joins the next
// flush of the WAL, waits for the synchronous standby and only then answers and gives its lock and
// its connection back. Reads go to the primary or to standbys. postgres_partition.c has the plans
// and relation locks, postgres_lock.c the row locks, postgres_row.c what rows hold, postgres_wal.c
// the log, postgres_stream.c the replication, postgres_failover.c the leadership,
// postgres_candidate.c who may have it. A crash loses what was not flushed: with synchronous_commit
// off acknowledged commits too; a restart replays the log from the last checkpoint and begins
// with empty buffers.
#include "models/datastores/postgres.h"

#include "models/datastores/datastores.h"

#include "sim/base/text.h"

// ---- metrics ----------------------------------------------------------------------------------

static double read_commits(const struct component *component)
{
    return (double)postgres_state(component)->commits;
}

static double read_batch(const struct component *component)
{
    double flushes = 0, commits = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct wal *wal = &postgres_node(&component->nodes[i])->wal;
        flushes += (double)wal->flushes;
        commits += (double)wal->records;
    }
    return commits / flushes;
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

static double read_unavailable(const struct component *component)
{
    const struct postgres_state *state = postgres_state(component);
    const int64_t now = component->world->now;
    const int64_t open = state->headless_ns == TIME_NEVER ? 0 : now - state->headless_ns;
    return (double)(open > state->unavailable_ns ? open : state->unavailable_ns) / 1e9;
}

static double read_deadlocks(const struct component *component)
{
    return (double)postgres_state(component)->deadlocks;
}

static double read_conflicts(const struct component *component)
{
    return (double)postgres_state(component)->conflicts;
}

static double read_drops(const struct component *component)
{
    return (double)postgres_state(component)->drops;
}

static double read_standby_cancels(const struct component *component)
{
    return (double)postgres_state(component)->standby_cancels;
}

static double read_stale(const struct component *component)
{
    return (double)postgres_state(component)->stale_accepts;
}

static double read_stale_time(const struct component *component)
{
    return (double)postgres_state(component)->stale_accept_ns / 1e9;
}

static double read_cancelled(const struct component *component)
{
    return (double)postgres_state(component)->cancelled_waits;
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
    {"acknowledged", "{transaction}", "commits acknowledged, in the whole run", read_commits},
    {"lost", "{transaction}",
     "acknowledged commits that no longer exist, as failovers and recoveries have decided",
     read_lost},
    {"unavailable(max)", "s", "longest time without a primary", read_unavailable},
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
    {"cancelled_waits", "1", "commits whose wait for a standby was cancelled", read_cancelled},
    {"deadlocks", "1", "transactions aborted because they waited in a circle, in the whole run",
     read_deadlocks},
    {"serialization_failures", "1",
     "transactions refused because another had changed their row, in the whole run",
     read_conflicts},
    {"partition_drops", "1", "time partitions dropped, in the whole run", read_drops},
    {"standby_cancels", "1",
     "queries of standbys aborted because they were in the way of the replay, in the whole run",
     read_standby_cancels},
    {"revoked_accepted", "1",
     "tokens taken for good by a standby after their revocation was acknowledged", read_stale},
    {"revocation_lag(max)", "s", "longest time from an acknowledged revocation to such a token",
     read_stale_time},
    {"standby_removals", "1", "times a synchronous standby was given up", read_removals},
    {"checkpoints", "1", "checkpoints completed, in the whole run", read_checkpoints},
    {"wal", "By", "WAL written, in the whole run", read_wal},
    {"full_page_writes", "1", "pages logged in full, in the whole run", read_full_pages},
    {0},
};

static const struct model_invariant invariants[] = {
    {"postgres-acknowledged-safe",
     "with synchronous standbys, synchronous_commit on or remote_apply and no cancelled wait no "
     "acknowledged commit is lost"},
    {"postgres-acknowledged-flushed",
     "a commit is acknowledged after its flush, and after that of a synchronous standby"},
    {"postgres-one-primary",
     "at most one server is primary, and only it acknowledges commits (with a watchdog)"},
    {"postgres-pool", "server connections never pass the pool's size and max_connections"},
    {"postgres-loss-bound",
     "a server that takes over lacks at most maximum_lag of the position in the store"},
    {"postgres-locks", "every row lock is held by one transaction in progress"},
    {"postgres-deadlocks", "no circle of waits for rows outlives deadlock_timeout"},
    {"postgres-revoked",
     "a revoked token is refused by the primary at once, by a standby once it has replayed it"},
    {"postgres-standby-behind", "no standby has WAL that its primary has not flushed"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void begin(struct component *component)
{
    histogram_init(&postgres_state(component)->pool_wait);
    postgres_row_begin(component);
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
    postgres_row_start(node);
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
    postgres_node(node)->cold = postgres_configuration(node->component)->buffers / POSTGRES_PAGE;
    postgres_node(node)->cached = node->life == NODE_DOWN;
    postgres_lock_crash(node);
    postgres_pooler_crash(node);
    postgres_partition_crash(node);
    postgres_row_crash(node);
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
    const bool reads =
        operation == POSTGRES_READ || operation == POSTGRES_SCAN || operation == POSTGRES_VERIFY;
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
    const uint64_t size = configuration->pool.mode == POSTGRES_DIRECT
                              ? most
                              : configuration->pool.size + configuration->pool.reserve;
    world_hold(node->world, "postgres-pool", used <= size && used <= most,
               "%s/%u: %lu connections of %lu", node->component->design->name, node->replica,
               (unsigned long)used, (unsigned long)size);
    postgres_lock_check(node);
}

static void check(struct component *component)
{
    const struct postgres_configuration *configuration = postgres_configuration(component);
    const struct postgres_state *state = postgres_state(component);
    struct world *world = component->world;
    if (configuration->standby.synchronous && configuration->durability >= POSTGRES_ON &&
        state->cancelled_waits == 0) {
        world_hold(world, "postgres-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged commits are lost", (unsigned long)state->lost);
    }
    world_hold(world, "postgres-acknowledged-flushed", state->early_acknowledgements == 0,
               "%lu commits were acknowledged too early",
               (unsigned long)state->early_acknowledgements);
    world_hold(world, "postgres-one-primary",
               (state->stray_acknowledgements == 0 || !configuration->failover.watchdog) &&
                   state->double_primaries == 0,
               "%lu commits acknowledged by others, %lu second primaries",
               (unsigned long)state->stray_acknowledgements,
               (unsigned long)state->double_primaries);
    world_hold(world, "postgres-revoked", state->early_accepts == 0,
               "revoked tokens were taken for good %lu times", (unsigned long)state->early_accepts);
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
    postgres_row_end(component);
    postgres_failover_end(component);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct postgres_configuration *configuration = component->configuration;
    const double policy = distribution_mean(&configuration->row_security);
    const double plan = (double)postgres_partition_plan_ns(configuration);
    const double read = distribution_mean(&configuration->read) + policy + plan;
    const double write = distribution_mean(&configuration->write) + policy + plan;
    const double row = distribution_mean(&configuration->row) + policy;
    const double means[POSTGRES_OPERATIONS] = {
        [POSTGRES_READ] = read,
        [POSTGRES_WRITE] = write,
        [POSTGRES_SCAN] = read - policy + (double)configuration->rows * row,
        [POSTGRES_ISSUE] = write,
        [POSTGRES_VERIFY] = read,
        [POSTGRES_REVOKE] = write,
        [POSTGRES_WRITER] = 0,
        [POSTGRES_DROP] = 0,
        [POSTGRES_REPLAY] = 0,
        [POSTGRES_TRANSACT] = (double)configuration->statements * write,
    };
    return means[operation->number] / 1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"primary", "leader", "standby", NULL};

const struct model postgres_model = {
    .kind = "postgres",
    .family = "datastore",
    .summary = "PostgreSQL 16 with PgBouncer and Patroni: pool, row locks, group commit, failover",
    .stands_for =
        "PostgreSQL 16, PgBouncer 1.22 beside each server and Patroni 3.3 with a healthy store. "
        "Left out: reads of rows that a transaction does not change (so no write skew), vacuum, "
        "replication conflicts of standby queries with vacuum, archive and disk-full, connection "
        "set-up and login_retry, cascading "
        "and delayed standbys; the processor time of checksums and compression",
    .fields = postgres_fields,
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
    .roles = roles,
    .check = check,
    .end = end,
    .demand = demand,
};
