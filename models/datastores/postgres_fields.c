// postgres_fields - the configuration of the PostgreSQL model: every parameter with unit and
// source.
#include "models/datastores/postgres.h"

// ---- configuration ----------------------------------------------------------------------------

static const char *const modes[] = {"transaction", "session", "none", NULL};
static const char *const methods[] = {"first", "any", NULL};
static const char *const durabilities[] = {"off", "local",        "remote_write",
                                           "on",  "remote_apply", NULL};
static const char *const isolations[] = {"read_committed", "repeatable_read", "serializable", NULL};
static const char *const orders[] = {"drawn", "sorted", NULL};
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
    {AT(postgres_pooler, reserve, "reserve"), .type = FIELD_COUNT, .fallback = "0",
     .maximum = 100000,
     .meaning = "further server connections while a client has waited for `reserve_after` "
                "(reserve_pool_size)",
     .source = "PgBouncer 1.22.1 default"},
    {AT(postgres_pooler, reserve_ns, "reserve_after"), .type = FIELD_DURATION, .fallback = "5s",
     .minimum = 1e6, .meaning = "wait that opens the reserve (reserve_pool_timeout)",
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
    {AT(postgres_standby, cancel_ns, "cancel"), .type = FIELD_DURATION, .fallback = "0",
     .meaning =
         "clients cancel the wait of a commit for its standby after so long: it is committed "
         "all the same, on the primary alone; 0: never",
     .source = "PostgreSQL 16 default: no statement_timeout"},
    {AT(postgres_standby, method, "method"), .type = FIELD_CHOICE, .fallback = "first",
     .choices = methods,
     .meaning = "wait for the first living standby of the list, or for any one of them",
     .source = "synchronous_standby_names FIRST 1, ANY 1"},
    {AT(postgres_standby, sender_ns, "sender"), .type = FIELD_DURATION, .fallback = "50us",
     .meaning = "until a sender has been woken by a flush and has read what it flushed",
     .source = "assumption: a process switch and a read"},
    {AT(postgres_standby, conflict_ns, "conflict"), .type = FIELD_DURATION, .fallback = "30s",
     .meaning = "queries of a standby that are in the way of a dropped partition are aborted after "
                "so long; until then the replay stands (max_standby_streaming_delay)",
     .source = "PostgreSQL 16 default"},
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
    {AT(postgres_disk, cached_ns, "cached"), .type = FIELD_DURATION, .fallback = "10us",
     .meaning =
         "one page from the operating system's cache, which outlives the process but not the "
         "loss of power",
     .source = "assumption: a system call and a copy"},
    {AT(postgres_disk, iops, "iops"), .type = FIELD_COUNT, .fallback = "0", .maximum = 1e9,
     .meaning = "page reads a second that the volume grants; 0: no limit",
     .source = "of a provisioned volume (gp3: 3000 to 16000)"},
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
    {AT(postgres_failover, start_timeout_ns, "start_timeout"), .type = FIELD_DURATION,
     .fallback = "300s",
     .meaning = "a leader whose process has ended keeps its lease for so long while it is started "
                "again (primary_start_timeout)",
     .source = "Patroni 3.3.2 default"},
    {AT(postgres_failover, watchdog, "watchdog"), .type = FIELD_BOOL, .fallback = "true",
     .meaning =
         "a leader that was frozen past its lease does nothing before it steps down; without "
         "a watchdog it goes on until its next loop",
     .source = "Patroni 3.3.2 watchdog mode automatic, where the host has one"},
    {AT(postgres_failover, failsafe, "failsafe"), .type = FIELD_BOOL, .fallback = "false",
     .meaning = "a leader that cannot reach the store goes on while every other server answers it "
                "(failsafe_mode)",
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
    {AT(postgres_partitions, indexes, "indexes"), .type = FIELD_COUNT, .fallback = "1",
     .maximum = 100, .meaning = "indexes of a partition, each locked with it",
     .source = "assumption: the primary key"},
    {AT(postgres_partitions, pruned, "pruned"), .type = FIELD_BOOL, .fallback = "true",
     .meaning = "the key lets the planner leave out all partitions but one",
     .source = "assumption"},
    {AT(postgres_partitions, prepared, "prepared"), .type = FIELD_BOOL, .fallback = "false",
     .meaning =
         "generic plans: nothing is planned, every partition is locked before the key prunes",
     .source = "PgBouncer 1.22.1: max_prepared_statements 0"},
    {AT(postgres_partitions, plan_ns, "plan"), .type = FIELD_DURATION, .fallback = "5us",
     .meaning = "processor time of planning one more partition", .source = "assumption"},
    {AT(postgres_partitions, lock_ns, "lock"), .type = FIELD_DURATION, .fallback = "1us",
     .meaning = "time in the shared lock table, 16 parts wide, for each relation locked beyond the "
                "16 that a connection locks by itself",
     .source = "16 fast-path slots: PostgreSQL 16; time: assumption"},
    {AT(postgres_partitions, span_ns, "span"), .type = FIELD_DURATION, .fallback = "0",
     .meaning = "time partitions: every so often the oldest is dropped, under a lock for which it "
                "waits behind all who use the table and before all who come later; 0: none",
     .source = "assumption"},
    {AT(postgres_partitions, drop, "drop"), .type = FIELD_DISTRIBUTION, .fallback = "5ms",
     .meaning = "dropping a partition, the lock held", .source = "assumption"},
    {0},
};

static const struct field lock_fields[] = {
    {AT(postgres_locking, rows, "rows"), .type = FIELD_COUNT, .fallback = "1", .minimum = 1,
     .maximum = 200, .meaning = "rows that operation transaction locks, one a statement",
     .source = "assumption"},
    {AT(postgres_locking, among, "among"), .type = FIELD_COUNT, .fallback = "1000", .minimum = 1,
     .maximum = 1e9, .meaning = "rows of the table they are drawn from, where `rows` is above 1",
     .source = "assumption"},
    {AT(postgres_locking, order, "order"), .type = FIELD_CHOICE, .fallback = "drawn",
     .choices = orders,
     .meaning = "order in which a transaction locks its rows: as drawn, or sorted (no deadlocks)",
     .source = "assumption"},
    {AT(postgres_locking, deadlock_ns, "deadlock"), .type = FIELD_DURATION, .fallback = "1s",
     .minimum = 1e6,
     .meaning = "who has waited so long for a row looks for a circle of waits and, if it stands in "
                "one, is aborted (deadlock_timeout)",
     .source = "PostgreSQL 16 default"},
    {0},
};

static const struct field token_fields[] = {
    {AT(postgres_tokens, ttl_ns, "ttl"), .type = FIELD_DURATION, .fallback = "720h", .minimum = 1e6,
     .meaning = "life of a token from its issue", .source = "assumption: 30 days"},
    {0},
};

const struct field postgres_fields[] = {
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
     .meaning =
         "what a commit waits for: nothing, its own flush, and of a synchronous standby that "
         "it has written, flushed or replayed it",
     .source = "PostgreSQL 16 default"},
    {OWN(wal_writer_ns, "wal_writer"), .type = FIELD_DURATION, .fallback = "200ms", .minimum = 1e6,
     .meaning = "time between the flushes of commits that did not wait (wal_writer_delay)",
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
    {OWN(buffers, "buffers"), .type = FIELD_BYTES, .fallback = "128MiB", .minimum = 8192,
     .meaning = "shared_buffers: empty after a restart, filled again a page a miss",
     .source = "PostgreSQL 16 default"},
    {OWN(record, "record"), .type = FIELD_BYTES, .fallback = "400B", .minimum = 1,
     .meaning = "WAL of one changed row, its index entry and commit", .source = "assumption"},
    {OWN(answer, "answer"), .type = FIELD_BYTES, .fallback = "500B",
     .meaning = "answer of a read, on the network", .source = "assumption"},
    {OWN(partitions, "partitions"), .type = FIELD_RECORD,
     .size = sizeof(struct postgres_partitions), .sub = partition_fields,
     .meaning = "of the table"},
    {OWN(locks, "locks"), .type = FIELD_RECORD, .size = sizeof(struct postgres_locking),
     .sub = lock_fields, .meaning = "row locks of operation transaction"},
    {OWN(isolation, "isolation"), .type = FIELD_CHOICE, .fallback = "read_committed",
     .choices = isolations,
     .meaning = "from repeatable_read on a change of a row that another has changed since the "
                "transaction began is refused (40001); transactions read only what they change, so "
                "serializable refuses no more",
     .source = "PostgreSQL 16 default"},
    {OWN(tokens, "tokens"), .type = FIELD_RECORD, .size = sizeof(struct postgres_tokens),
     .sub = token_fields, .meaning = "of operations issue, verify and revoke"},
    {OWN(disk, "disk"), .type = FIELD_RECORD, .size = sizeof(struct postgres_disk),
     .sub = disk_fields, .meaning = "of a server"},
    {OWN(checkpoint, "checkpoint"), .type = FIELD_RECORD,
     .size = sizeof(struct postgres_checkpoint), .sub = checkpoint_fields,
     .meaning = "how often dirty pages are written, and what that does to the WAL"},
    {OWN(failover, "failover"), .type = FIELD_RECORD, .size = sizeof(struct postgres_failover),
     .sub = failover_fields, .meaning = "Patroni"},
    {0},
};
