// postgres - the parts of the PostgreSQL model: configuration, log, streams, locks, leadership.
#pragma once

#include "sim/engine/model.h"

enum { POSTGRES_NONE = UINT32_MAX };
enum { POSTGRES_RESERVED = 3 }; // superuser_reserved_connections
enum { POSTGRES_PAGE = 8192 };
enum { POSTGRES_SERVERS = 64 }; // most nodes

enum postgres_pooling { POSTGRES_TRANSACTION, POSTGRES_SESSION, POSTGRES_DIRECT };
enum postgres_durability {
    POSTGRES_OFF,
    POSTGRES_LOCAL,
    POSTGRES_REMOTE_WRITE,
    POSTGRES_ON,
    POSTGRES_REMOTE_APPLY
};
enum postgres_method { POSTGRES_FIRST, POSTGRES_ANY };
enum postgres_isolation { POSTGRES_COMMITTED, POSTGRES_REPEATABLE, POSTGRES_SERIALIZABLE };
enum postgres_order { POSTGRES_DRAWN, POSTGRES_SORTED };
enum postgres_reads { POSTGRES_READ_PRIMARY, POSTGRES_READ_STANDBY, POSTGRES_READ_ANY };

// ---- configuration ----------------------------------------------------------------------------

struct postgres_pooler {
    int mode;
    uint64_t size, clients, reserve;
    int64_t reserve_ns;
    int64_t wait_ns, linger_ns;
    struct distribution work;
};

struct postgres_standby {
    uint64_t count;
    bool synchronous, strict;
    int method;
    int64_t cancel_ns, sender_ns, conflict_ns;
    struct field_list zones; // of const char *
};

struct postgres_disk {
    uint64_t depth, iops;
    int64_t cached_ns;
    struct distribution read, flush;
    double bandwidth;
    double replay;
};

struct postgres_checkpoint {
    int64_t interval_ns;
    double target;
    uint64_t volume;
    uint64_t pages;
};

struct postgres_failover {
    int64_t ttl_ns, loop_ns, retry_ns, start_timeout_ns;
    bool watchdog, failsafe;
    uint64_t maximum_lag;
    struct distribution offset, promote, rewind;
    int64_t discovery_ns;
    int64_t reconnect_ns, silence_ns;
};

struct postgres_partitions {
    uint64_t count, indexes;
    bool pruned, prepared;
    int64_t plan_ns, lock_ns, span_ns;
    struct distribution drop;
};

struct postgres_locking {
    uint64_t rows, among;
    int order;
    int64_t deadlock_ns;
};

struct postgres_tokens {
    int64_t ttl_ns;
};

struct postgres_configuration {
    const char *primary;
    uint64_t connections;
    struct postgres_pooler pool;
    struct postgres_standby standby;
    int durability, isolation, reads;
    int64_t wal_writer_ns;
    struct distribution read, write, row_security, row;
    uint64_t rows, statements;
    struct distribution think;
    double hit;
    uint64_t buffers, record, answer;
    struct postgres_partitions partitions;
    struct postgres_locking locks;
    struct postgres_tokens tokens;
    struct postgres_disk disk;
    struct postgres_checkpoint checkpoint;
    struct postgres_failover failover;
};

extern const struct field postgres_fields[];

// ---- state ------------------------------------------------------------------------------------

struct postgres_segment { // a piece of the stream on its way
    uint64_t end;
    bool arrived;
};

// The primary's sender for one standby; kept with the standby.
struct postgres_stream {
    bool connected;
    uint32_t number;    // of the connection: pieces of older ones are refused
    uint32_t sequence;  // of the oldest piece in the ring
    uint64_t sent;      // bytes of WAL handed to the connection
    uint64_t confirmed; // as the standby has reported, for the level of synchronous_commit
    int64_t heard_ns, lost_ns;
    bool resending; // a timer sends again what does not arrive
    uint32_t resend_sequence;
    int64_t resend_ns;
    struct ring segments; // of struct postgres_segment
    uint64_t probe; // position whose replay is timed, 0: none
    int64_t probe_ns;
};

struct postgres_waiter { // a commit that waits for a standby
    uint64_t lsn;
    uint64_t ticket;
};

struct postgres_lock { // of one row; the transaction that holds it commits at `lsn`
    uint32_t generation;
    uint32_t next_free;
    uint64_t key;
    uint64_t lsn, value;
    uint64_t request; // of its holder
    uint32_t holder;  // number of its visit, 0: not known yet
    uint32_t below;   // lock that its holder took before, 0: none
    bool used;
    struct pool pool;
};

struct postgres_change { // of a row, in the log
    uint64_t lsn, key, value;
};

struct postgres_revocation { // acknowledged
    uint64_t lsn;
    int64_t since_ns;
    bool lost;
};

struct postgres_streams {
    struct random_stream *pooler, *cpu, *buffer, *disk, *wal, *patroni, *think;
};

struct postgres_node {
    // on its disk
    uint64_t flushed;  // WAL that survives the loss of the host
    uint64_t received; // of a standby: WAL that survives the loss of the process
    uint64_t applied;
    uint64_t redo; // where crash recovery begins
    uint32_t timeline;
    // in its memory
    uint64_t inserted; // of a primary: end of the WAL
    struct wal wal;    // positions are LSNs; `flushed` follows what is durable there
    bool sending;              // the senders have been woken
    bool writing, writing_due; // the WAL writer is at work; its timer runs
    bool flushing, applying;   // a standby's receiver and its replay are at work
    uint64_t flushing_to, applying_to;
    struct ring waiters; // of struct postgres_waiter, by ascending position
    bool checkpointing;
    uint64_t checkpoint_lsn; // where the latest checkpoint began
    int64_t checkpoint_ns;
    uint8_t *touched; // pages logged in full since then, a bit each
    struct map locks; // key -> number
    struct slots lock_slots;
    uint32_t free_lock;
    struct versions rows; // as committed, or as replayed
    uint64_t replayed;    // number of the change in the log that comes next
    struct map changed;   // key -> number of the commit that changed the row last
    uint32_t committed;   // commits since the process began
    uint64_t cold;        // pages of its buffers that are still empty
    bool cached;          // the operating system has them
    bool reserving;       // a timer waits for the reserve to open
    bool watching;        // a timer waits for the oldest in the pool's line
    // its place among the others
    struct postgres_stream stream;
    bool serving; // has been primary since its process started
    bool promoting, recovering, rewinding;
    bool calling;        // a timer looks for the primary
    bool doubting;       // leads, and cannot reach the store
    bool synchronous;    // the primary's commits wait for it
    bool keyed;          // the store knows that it has every acknowledged commit
    uint64_t joined_lsn; // position from which on commits wait for it
    int64_t seen_ns;     // its latest sign of life in the store
    int64_t loop_ns;     // when its loop runs next
    struct postgres_streams streams;
};

struct postgres_state {     // of the component
    uint32_t leader;        // holder of the lease, POSTGRES_NONE
    int64_t lease_ns;       // until
    uint64_t position;      // end of the WAL as the leader wrote it into the store
    uint32_t primary;       // who accepts writes, POSTGRES_NONE
    uint32_t latest;        // who was primary last
    uint32_t known;         // whom callers take for the primary, POSTGRES_NONE: nobody
    int64_t headless_ns;    // since when there is no primary, TIME_NEVER: there is one
    int64_t unavailable_ns; // longest time without
    uint32_t turn;          // of reads that are spread
    uint32_t timeline;
    uint64_t *forks; // where each timeline began
    uint32_t fork_room;
    struct ring acknowledged;    // positions of commits that a standby may lack
    bool tracks;                 // what rows hold matters
    struct postgres_change *log; // ring: changes that a server has yet to replay
    uint64_t log_first;          // number of the oldest
    uint32_t log_count, log_room;
    uint64_t *drop_log; // positions of dropped partitions, ascending
    uint32_t drop_count, drop_room;
    struct map revoked; // token -> place in `revocations`
    struct postgres_revocation *revocations;
    uint32_t revocation_count, revocation_room;
    uint64_t stale_accepts, early_accepts, deadlocks, conflicts, drops, standby_cancels;
    int64_t stale_accept_ns;
    struct histogram pool_wait;
    uint64_t commits, lock_waits, lag_samples;
    double lag_seconds, lag_seconds_maximum, lag_bytes_maximum;
    uint64_t failovers, recoveries, lost, removals, checkpoints, full_pages, wal_bytes;
    uint64_t cancelled_waits;
    uint64_t stray_acknowledgements, double_primaries, standbys_ahead, early_acknowledgements;
};

enum { POSTGRES_DEVICE_POOLER, POSTGRES_DEVICE_DISK, POSTGRES_DEVICE_LOCKS };
enum { POSTGRES_CONNECTIONS, POSTGRES_TABLE }; // pools: the second with time partitions only
enum {
    POSTGRES_READ,
    POSTGRES_WRITE,
    POSTGRES_SCAN,
    POSTGRES_TRANSACT,
    POSTGRES_ISSUE,
    POSTGRES_VERIFY,
    POSTGRES_REVOKE,
    POSTGRES_WRITER,
    POSTGRES_DROP,
    POSTGRES_REPLAY,
    POSTGRES_OPERATIONS
};

// ---- postgres_steps.c -------------------------------------------------------------------------

extern const struct operation postgres_operations[POSTGRES_OPERATIONS];

// ---- access -----------------------------------------------------------------------------------

static inline const struct postgres_configuration *
postgres_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct postgres_state *postgres_state(const struct component *component)
{
    return component->state;
}

static inline struct postgres_node *postgres_node(const struct node *node)
{
    return node->state;
}

static inline bool postgres_is_primary(const struct node *node)
{
    return postgres_state(node->component)->primary == node->replica;
}

static inline struct node *postgres_primary(struct component *component)
{
    const uint32_t primary = postgres_state(component)->primary;
    return primary == POSTGRES_NONE ? NULL : &component->nodes[primary];
}

// ---- postgres_layout.c ------------------------------------------------------------------------

void postgres_layout_prepare(struct model_preparation *preparation);

// ---- postgres_pooler.c: PgBouncer --------------------------------------------------------------

enum outcome postgres_pooler_pass(struct visit *visit); // its thread
bool postgres_pooler_is_full(struct node *node);        // one more is refused
enum outcome postgres_pooler_take(struct visit *visit); // a server connection
void postgres_pooler_crash(struct node *node);

// ---- postgres_lock.c: row locks ---------------------------------------------------------------

void postgres_lock_begin(struct node *node);
void postgres_lock_end(struct node *node);
void postgres_lock_crash(struct node *node);

// Takes the lock of the row; it waits in order of arrival. The next step calls postgres_lock_hold.
enum outcome postgres_lock_take(struct visit *visit, uint64_t key);
// The visit has the lock now: NULL if it had it before.
struct postgres_lock *postgres_lock_hold(struct visit *visit);
// Gives all its locks back.
void postgres_lock_give(struct visit *visit);
// The lock that it took last, and the one that its holder took before.
struct postgres_lock *postgres_lock_of(const struct visit *visit);
struct postgres_lock *postgres_lock_below(const struct node *node,
                                          const struct postgres_lock *lock);

// Forgets locks that nobody holds any more (their transactions ended otherwise).
void postgres_lock_sweep(struct node *node);
// States that every lock is held by a visit, and that no circle of waits stands.
void postgres_lock_check(struct node *node);

// ---- postgres_row.c: what rows hold -----------------------------------------------------------

void postgres_row_begin(struct component *component);
void postgres_row_start(struct node *node); // at time 0
void postgres_row_end(struct component *component);

// The row of statement `index` of the visit, from 0.
uint64_t postgres_row_key(const struct visit *visit, uint32_t index);
// The transaction begins: from repeatable_read on it sees what is committed now.
void postgres_row_see(struct visit *visit);
// Whether another has changed the locked row since.
bool postgres_row_conflicts(struct visit *visit, const struct postgres_lock *lock);
// The visit's changes enter the log, up to `lsn`; its commit becomes visible on the primary.
void postgres_row_log(struct visit *visit, uint64_t lsn);
void postgres_row_publish(struct visit *visit);
// Standbys: what is replayed becomes visible.
void postgres_row_replay(struct node *standby);
// The server goes on from `end` of its own log, all of it visible; `leads`: the log ends there.
void postgres_row_recover(struct node *node, uint64_t end, bool leads);
// What was acknowledged behind `end` is lost.
void postgres_row_lose(struct component *component, uint64_t end);
// pg_rewind brings what the present primary has.
void postgres_row_copy(struct node *node, const struct node *primary);
void postgres_row_crash(struct node *node);
// Forgets changes that every server has.
void postgres_row_forget(struct component *component);
// The value that the server shows for the visit's row, 0: never written.
uint64_t postgres_row_value(const struct visit *visit);
// Whether the server takes the visit's token for good.
bool postgres_row_accepts(const struct visit *visit);

// ---- postgres_partition.c: plans, relation locks, time partitions -----------------------------

// Relations that a statement locks in the shared table, beyond the connection's own slots.
uint64_t postgres_partition_shared(const struct postgres_configuration *configuration);
// Processor time of planning.
int64_t postgres_partition_plan_ns(const struct postgres_configuration *configuration);
enum { POSTGRES_TABLE_STEP = 2 };                           // of reads: where they wait for it
enum outcome postgres_partition_enter(struct visit *visit); // the table's shared lock
enum outcome postgres_partition_lock(struct visit *visit);  // its relations
void postgres_partition_open(struct node *primary);         // partitions are dropped in time
void postgres_partition_crash(struct node *node);
// The drop: takes the whole table, works, lets the others in again.
enum outcome postgres_partition_close(struct visit *drop);
enum outcome postgres_partition_drop(struct visit *drop);
enum outcome postgres_partition_commit(struct visit *drop);
enum outcome postgres_partition_end(struct visit *drop);
// The next drop that the standby must replay, UINT64_MAX: there is none.
uint64_t postgres_partition_next(const struct node *standby);
// The standby's turn to replay it: it takes the whole table, as the primary did.
void postgres_partition_replay(struct node *standby);
enum outcome postgres_partition_await(struct visit *replay);
enum outcome postgres_partition_replayed(struct visit *replay);
// Drops behind `end` did not happen.
void postgres_partition_lose(struct component *component, uint64_t end);
// The visit has answered and goes on without the table.
void postgres_partition_leave(struct visit *visit);

// ---- postgres_wal.c: the log of the primary, group commit, checkpoints ------------------------

void postgres_wal_begin(struct node *node);
void postgres_wal_end(struct node *node);
void postgres_wal_crash(struct node *node);

// The node writes WAL from `end` on: it has become primary.
void postgres_wal_open(struct node *node, uint64_t end);

// Inserts so many records of the visit and joins the next flush; its lock knows the position then.
enum outcome postgres_wal_commit(struct visit *visit, uint64_t records);

// Notes what the flush that woke the visit has made durable, and sends it to the standbys.
void postgres_wal_note(struct node *primary);
// Inserts a record of the system's own and joins the next flush.
enum outcome postgres_wal_insert(struct visit *visit);

// The WAL writer's turn: joins the next flush with what no commit waits for.
enum outcome postgres_wal_write(struct visit *writer);
// Its flush is done.
void postgres_wal_written(struct node *primary);

// Goes on when the standbys have what they must have of the visit's commit.
enum outcome postgres_wal_wait(struct visit *visit);
// Wakes the commits that have waited long enough.
void postgres_wal_release(struct node *primary);

// The commit at `lsn` is about to be acknowledged.
void postgres_wal_acknowledge(struct node *primary, uint64_t lsn);
// Forgets acknowledgements that no failover can lose; counts those behind `end` as lost.
void postgres_wal_forget(struct component *component);
void postgres_wal_lose(struct component *component, uint64_t end);

// Time to read and replay `bytes` of WAL at the node.
int64_t postgres_wal_replay_ns(const struct node *node, uint64_t bytes);

// ---- postgres_stream.c: streaming replication -------------------------------------------------

void postgres_stream_end(struct node *standby);
// A connection that is there from the beginning.
void postgres_stream_begin(struct node *standby);
void postgres_stream_cut(struct node *standby);
void postgres_stream_send(struct node *primary, struct node *standby);
// The standby looks for the primary until it has a stream.
void postgres_stream_call(struct node *standby);
void postgres_stream_tell(struct node *standby);
// The standby has replayed so far, and goes on.
void postgres_stream_replayed(struct node *standby);
// Every loop: cuts streams that have been silent for too long.
void postgres_stream_watch(struct node *primary);

// ---- postgres_failover.c: leases, promotion, synchronous standbys -----------------------------

void postgres_failover_begin(struct component *component);
void postgres_failover_end(struct component *component);
bool postgres_failover_start(struct node *node);
void postgres_failover_crash(struct node *node);
// The standby has reported: it may now be trusted with every acknowledged commit.
void postgres_failover_note(struct node *standby);
// pg_rewind: the server has what the primary has flushed. False: there is no primary to read from.
bool postgres_failover_rewind(struct node *node);
// Where the node's history leaves the present timeline, UINT64_MAX: nowhere.
uint64_t postgres_failover_fork(const struct node *node);

// ---- postgres_candidate.c: who may lead -------------------------------------------------------

bool postgres_candidate_reaches(const struct node *node);   // the store
bool postgres_candidate_hears_all(const struct node *node); // every other server answers
bool postgres_candidate_is_best(const struct node *node);
