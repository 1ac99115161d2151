// cockroach - the parts of the CockroachDB model: configuration, ranges, leases, locks, requests.
#pragma once

#include "sim/engine/model.h"

enum { COCKROACH_NONE = UINT32_MAX };
enum { COCKROACH_NODES = 64 };      // most nodes
enum { COCKROACH_LIVENESS = 0 };    // the range that keeps the nodes' liveness
enum { COCKROACH_READS = 512 };     // slots of a range's timestamp cache
enum { COCKROACH_CLOSED = 16 };     // closed timestamps remembered of a range
enum { COCKROACH_KEYS = 16 };       // most keys of a transaction

enum cockroach_goal { COCKROACH_SURVIVE_ZONE, COCKROACH_SURVIVE_REGION };

// ---- configuration ----------------------------------------------------------------------------

struct cockroach_transactions {
    uint64_t keys, reads, retries;
    int64_t beat_ns, expiry_ns, deadlock_ns;
};

struct cockroach_disk {
    uint64_t depth;
    struct distribution read, flush;
    double bandwidth;
    int64_t stall_ns;
    uint64_t memtable;
    double replay;
};

struct cockroach_cache {
    double hit;
    uint64_t warm;
};

struct cockroach_liveness {
    int64_t interval_ns, duration_ns;
    struct distribution offset;
};

struct cockroach_raft {
    int64_t tick_ns;
    uint64_t heartbeat, election; // ticks
    uint64_t batch, in_flight, keep, range_bytes;
    bool sync;
    double snapshot;
};

struct cockroach_closed {
    int64_t target_ns, interval_ns, staleness_ns;
};

struct cockroach_clock {
    int64_t offset_ns, skew_ns;
};

struct cockroach_connection {
    int64_t ping_ns, timeout_ns, backoff_ns, limit_ns;
};

struct cockroach_configuration {
    uint64_t ranges, copies, system_copies;
    bool sequential;
    const char *home;
    int survive;
    struct distribution gateway, read, write, apply, row;
    uint64_t rows, scan_ranges, record, answer;
    struct cockroach_transactions transaction;
    struct cockroach_disk disk;
    struct cockroach_cache cache;
    struct cockroach_liveness liveness;
    struct cockroach_raft raft;
    struct cockroach_closed closed;
    struct cockroach_clock clock;
    struct cockroach_connection connection;
    int64_t breaker_ns, acquisition_ns;
};

// ---- state of the ranges ----------------------------------------------------------------------

enum cockroach_kind { // of a command in the log
    COCKROACH_PUT,     // a version, committed with its own command
    COCKROACH_INTENT,  // a provisional version of a transaction
    COCKROACH_RESOLVE, // an intent becomes a version, or nothing
    COCKROACH_STAGE,   // the transaction's record says STAGING
    COCKROACH_FINISH,  // the record's last word: COMMITTED or ABORTED
    COCKROACH_LEASE,
    COCKROACH_LIVE,    // a node's liveness record: extended, or its epoch advanced
    COCKROACH_LOST,    // it was another, and no later leader's log has it
};

struct cockroach_command { // proposed, not yet applied
    uint8_t kind;
    uint32_t sequence, term;  // of the lease and of the leader under which it was proposed
    uint32_t proposer, epoch; // replica and its life
    uint32_t request, asked;  // of the proposer that waits, and its generation; 0: none
    uint32_t transaction, generation;
    uint64_t key, value;
    int64_t stamp;
};

struct cockroach_version {
    uint64_t value;
    int64_t stamp;
    uint64_t index; // of its log entry
    bool resolved;  // it was an intent until that entry
};

struct cockroach_older { // an older version, in slots
    uint32_t generation, next;
    struct cockroach_version version;
};

struct cockroach_row {
    uint32_t generation, range;
    uint64_t key;
    struct cockroach_version newest;
    uint32_t older, older_count, older_limit;
    uint32_t writer, writer_generation; // transaction whose intent lies here, 0: none
    struct cockroach_version intent;
    bool used;
};

struct cockroach_lease {
    uint32_t holder, sequence;
    uint32_t epoch;   // of the holder's liveness
    int64_t until_ns; // of the liveness range itself
};

struct cockroach_guard { // latch of a write, or lock of a transaction, on one key
    uint32_t generation, number;
    uint32_t next, before; // of its range
    uint64_t key;
    int64_t stamp;
    uint32_t request;                  // that holds the latch, 0: an intent is the holder
    uint32_t writer, writer_generation;
    uint32_t node, epoch;              // the leaseholder, and its life
    uint32_t first, last;              // its requests that wait
};

struct cockroach_promise {
    int64_t closed_ns;
    uint64_t index; // a replica that has applied so far has all writes up to it
};

struct cockroach_trace { // which version a log entry wrote
    uint64_t index, key, value;
};

struct cockroach_range {
    uint32_t number;
    struct raft raft;
    uint32_t copies;
    uint32_t replicas[ELECTION_MEMBERS]; // nodes, by member
    // replicated
    uint64_t applied;                    // by whoever was first
    struct cockroach_lease lease;
    struct cockroach_command *commands;  // ring by number
    uint64_t command_first, command_end; // numbers
    uint32_t command_room;
    // of the leaseholder
    int64_t *reads;  // timestamp cache: latest read of the keys of a slot
    int64_t low_ns;  // and of everything before this lease
    int64_t closed_ns;
    struct cockroach_promise promises[COCKROACH_CLOSED];
    uint32_t promise;
    struct map guards;
    uint32_t guard;
    // for the measures
    struct cockroach_trace *traces; // of the latest versions, where histories are recorded
    int64_t down_ns;   // since nobody serves, TIME_NEVER: served
    int64_t needed_ns; // first request since then
    struct ring acknowledged; // log indices, ascending
};

enum cockroach_status { COCKROACH_PENDING, COCKROACH_STAGING, COCKROACH_COMMITTED,
                        COCKROACH_ABORTED };

struct cockroach_transaction {
    uint32_t generation, number;
    uint32_t gateway, epoch; // replica of its coordinator, and its life
    uint64_t ticket;         // of the coordinator that waits, 0: it does not
    enum cockroach_status status;
    int64_t read_ns, write_ns; // timestamps
    uint64_t keys[COCKROACH_KEYS];
    uint64_t indices[COCKROACH_KEYS]; // of applied intents
    uint64_t value;
    int64_t began_ns;
    uint32_t count, reads;   // keys; the first so many are only read
    uint32_t at, refreshed;  // how many have been asked for, and read again
    uint32_t sent, applied, heard; // bit sets of keys: intent proposed, applied, known to be so
    uint64_t stage_index;    // of the staging record, 0: none
    uint32_t waits;          // for this transaction, 0: for none
    uint32_t outstanding;    // intents in rows
    bool staged, failed;     // the record is known to be STAGING; an intent was lost
    bool over;               // the coordinator has done
};

// ---- state of a node --------------------------------------------------------------------------

enum cockroach_service { // what a gateway asks a leaseholder for
    COCKROACH_SERVE_READ,
    COCKROACH_SERVE_STALE,
    COCKROACH_SERVE_WRITE,
    COCKROACH_SERVE_SCAN,
    COCKROACH_SERVE_INTENT,
    COCKROACH_SERVE_REFRESH,
    COCKROACH_SERVE_STAGE,
    COCKROACH_SERVICES
};

struct cockroach_request { // at the node that serves it
    uint32_t generation, number;
    uint32_t next;       // in a line
    uint8_t service;
    bool rejected;       // its command came under a lease that was over, or is lost
    bool doubts;         // its leader was deposed: it waits to hear what became of the command
    bool tried;          // a follower serves it
    struct node *from;
    uint64_t reply;      // ticket at the gateway
    uint64_t ticket;     // its own, while it waits
    uint32_t range;
    uint32_t guard;      // whose latch it holds, 0: none
    uint32_t writer, writer_generation;
    uint64_t key, value;
    int64_t stamp, read_ns;
    uint64_t index;      // where its command was applied, 0: nowhere yet
};

struct cockroach_ask { // on its way to a leaseholder
    uint64_t ticket;     // of the gateway's visit
    uint32_t to;
};

struct cockroach_peer {
    int64_t silent_ns;   // since when it has not answered pings, TIME_NEVER: it answers
    bool broken;
    int64_t closed_ns;   // latest closed timestamp heard
};

enum cockroach_acquisition { COCKROACH_IDLE, COCKROACH_BUMPING, COCKROACH_PROPOSING };

struct cockroach_replica { // of a range at a node; memory
    struct raft_member *member;
    enum cockroach_acquisition acquisition;
    uint32_t attempt;
    uint32_t first, last; // requests that wait for the lease
    int64_t stalled_ns;   // oldest proposal without progress, TIME_NEVER: none
    int64_t needs_ns;     // since when a lease is wanted in vain, TIME_NEVER: it is not
    bool watched, tripped;
};

struct cockroach_streams {
    struct random_stream *cpu, *cache, *disk, *wal, *retry, *beat;
};

struct cockroach_node {
    struct wal wal;
    struct cockroach_streams streams;
    struct cockroach_replica *replicas; // by range
    uint32_t *hints;                    // by range: whom it takes for the leaseholder
    struct cockroach_peer peers[COCKROACH_NODES];
    struct cockroach_ask *asks;
    uint32_t ask_count, ask_room;
    struct slots requests;
    int64_t skew_ns, clock_ns; // against true time; the hybrid clock's latest
    uint32_t epoch;            // of its liveness record, as it knows it
    int64_t until_ns;
    bool beating;              // a heartbeat is on its way
    int64_t synced_ns;         // beginning of the disk check under way, TIME_NEVER: none
    uint64_t beat;             // number of the latest
    uint32_t turn;             // replica of the liveness range to ask next
    int64_t debt_ns;           // applied entries' work not yet done
    bool applying;
    uint64_t served;           // reads since its start, or enough
    int64_t crashed_ns;
};

struct cockroach_record { // of a node's liveness, replicated
    uint32_t epoch;
    int64_t until_ns;
};

struct cockroach_counts {
    uint64_t acknowledged, lost;
    uint64_t commits, conflicts, write_too_old, refreshes, uncertain, deadlocks, recovered;
    uint64_t lock_waits, redirects, acquisitions, trips, stalls;
    uint64_t follower_reads, follower_misses;
    int64_t unavailable_ns, outage_sum_ns;
    uint64_t outages;
    uint64_t early_reads, double_leases, rewritten; // violations
};

struct cockroach_cluster {
    uint32_t range_count;
    struct cockroach_range *ranges;
    struct cockroach_record records[COCKROACH_NODES];
    struct map row_places;
    struct slots rows, older, transactions, guards;
    uint32_t swept; // number of the row looked at last
    struct election_settings election;
    struct raft_settings raft;
    bool closing; // follower reads are asked for: closed timestamps are sent
    struct cockroach_counts counts;
};

enum { COCKROACH_DEVICE_DISK, COCKROACH_DEVICES };
enum {
    COCKROACH_READ,
    COCKROACH_WRITE,
    COCKROACH_FOLLOWER_READ,
    COCKROACH_TRANSACT,
    COCKROACH_SCAN,
    COCKROACH_FIRST_INTERNAL,
    COCKROACH_APPLY = COCKROACH_FIRST_INTERNAL,
    COCKROACH_SERVING, // + enum cockroach_service
    COCKROACH_OPERATIONS = COCKROACH_SERVING + COCKROACH_SERVICES
};
extern const struct operation cockroach_operations[COCKROACH_OPERATIONS];
extern const struct model_metric cockroach_metrics[];

// ---- access -----------------------------------------------------------------------------------

static inline const struct cockroach_configuration *
cockroach_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct cockroach_cluster *cockroach_cluster(const struct component *component)
{
    return component->state;
}

static inline struct cockroach_node *cockroach_node(const struct node *node)
{
    return node->state;
}

static inline struct cockroach_range *cockroach_range(const struct component *component,
                                                      uint32_t range)
{
    return &cockroach_cluster(component)->ranges[range];
}

static inline struct cockroach_replica *cockroach_replica(const struct node *node, uint32_t range)
{
    return &cockroach_node(node)->replicas[range];
}

static inline struct cockroach_transaction *
cockroach_transaction_at(const struct component *component, uint32_t number, uint32_t generation)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(component);
    if (number == 0 || slots_generation(&cluster->transactions, number) != generation) {
        return NULL;
    }
    return slots_at(&cluster->transactions, number);
}

// ---- cockroach_row.c: versions and intents ------------------------------------------------------

void cockroach_row_begin(struct component *component);
void cockroach_row_end(struct component *component);
struct cockroach_row *cockroach_row_find(const struct component *component, uint64_t key);
// The latest version not above the stamp, {0} if there is none.
struct cockroach_version cockroach_row_read(const struct component *component, uint64_t key,
                                            int64_t stamp);
void cockroach_row_put(struct component *component, uint32_t range, uint64_t key,
                       struct cockroach_version version);
// The row for an intent, NULL for a key that no other request can have.
struct cockroach_row *cockroach_row_lay(struct component *component, uint32_t range, uint64_t key);
// Takes back what log entries of the range from `index` on have written.
void cockroach_row_roll_back(struct component *component, uint32_t range, uint64_t index);

// ---- cockroach_range.c: the log of a range ------------------------------------------------------

extern const struct raft_hooks cockroach_range_hooks;
// Proposes at the node; `ticket` as of raft_propose. False: it is not the raft leader.
bool cockroach_range_propose(struct node *node, uint32_t range,
                             const struct cockroach_command *command, uint64_t ticket);
// The lowest timestamp of a write that is proposed and not applied, TIME_NEVER.
int64_t cockroach_range_oldest(const struct cockroach_range *range);
// Those who wait for commands proposed by the node go on with that status.
void cockroach_range_wake(struct node *node, struct cockroach_range *range, enum status status);
// The write at that index of the range's log has been acknowledged.
void cockroach_range_acknowledge(struct component *component, uint32_t range, uint64_t index);
void cockroach_range_release(struct cockroach_range *range);

// ---- cockroach_lease.c: leases ------------------------------------------------------------------

// The node holds a valid lease as it knows.
bool cockroach_lease_serves(const struct node *node, uint32_t range);
// Whom a refused gateway should ask, COCKROACH_NONE.
uint32_t cockroach_lease_hint(const struct node *node, uint32_t range);
// NEXT: the node serves the range; AGAIN: it takes the lease first; END: refused.
enum outcome cockroach_lease_take(struct visit *visit, struct cockroach_request *request);
// Takes the lease if it may. True: it is under way.
bool cockroach_lease_want(struct node *node, uint32_t range);
// The replica has made no progress for so long that it refuses.
bool cockroach_lease_given_up(const struct node *node, uint32_t range);
// The epoch of that holder was advanced, or could not be.
void cockroach_lease_bumped(struct node *node, uint32_t holder, bool done);
void cockroach_lease_extend(struct node *node);
void cockroach_lease_apply(struct component *component, struct cockroach_range *range,
                           const struct cockroach_command *command);
void cockroach_lease_follow(struct raft_member *leader);
void cockroach_lease_note_served(struct component *component, struct cockroach_range *range);
// A command has been proposed: somebody looks after its progress.
void cockroach_lease_watch(struct node *node, uint32_t range);
void cockroach_lease_crash(struct node *node);

// ---- cockroach_live.c: liveness, connections, closed timestamps ---------------------------------

void cockroach_live_begin(struct node *node); // at time 0
void cockroach_live_start(struct node *node); // after a crash
void cockroach_live_crash(struct node *node);
bool cockroach_live_reaches(const struct node *node, uint32_t replica);
// Has the epoch of an expired holder advanced; cockroach_lease_bumped tells.
void cockroach_live_bump(struct node *node, uint32_t holder, uint32_t epoch);
// A liveness record has been written: who asked for it is told.
void cockroach_live_tell(struct component *component, const struct cockroach_command *command);
// Closed timestamps are sent from now on.
void cockroach_live_close(struct component *component);
// Up to when the replica at the node may be read, 0: not at all.
int64_t cockroach_live_closed(const struct node *node, uint32_t range);

// ---- cockroach_guard.c: latches and locks -------------------------------------------------------

// NEXT: the request has its turn at its key; AGAIN: it waits. After a wake with STATUS_CONFLICT it
// waited for itself.
enum outcome cockroach_guard_take(struct visit *visit, struct cockroach_request *request);
// Nobody else writes there, or has an intent there.
bool cockroach_guard_is_free(const struct node *node, const struct cockroach_request *request);
// The latch goes on, unless an intent keeps the key.
void cockroach_guard_give(struct node *node, struct cockroach_request *request);
// The request's intent keeps the key.
void cockroach_guard_leave(struct node *node, struct cockroach_request *request);
// The intent on the key is resolved.
void cockroach_guard_drop(struct component *component, struct cockroach_range *range,
                          uint64_t key);
// The leaseholder holds the range no more: who waits looks again.
void cockroach_guard_clear(struct component *component, struct cockroach_range *range);

// ---- cockroach_serve.c: at the node that serves -------------------------------------------------

extern const struct step cockroach_serve_apply[2];
extern const struct step cockroach_serve_read[5];
extern const struct step cockroach_serve_stale[4];
extern const struct step cockroach_serve_write[5];
extern const struct step cockroach_serve_scan[4];
extern const struct step cockroach_serve_intent[6];
extern const struct step cockroach_serve_refresh[2];
extern const struct step cockroach_serve_stage[4];

// The node's hybrid logical clock, after it has seen a timestamp.
int64_t cockroach_serve_clock(struct node *node, int64_t seen);
// A gateway's question has arrived; words as cockroach_gateway.c sends them.
void cockroach_serve_begin(struct node *node, struct node *from, struct network_parcel *parcel);
enum outcome cockroach_serve_refuse(struct visit *visit, struct cockroach_request *request,
                                    enum status status);

// ---- cockroach_gateway.c: whom a gateway asks ---------------------------------------------------

struct cockroach_question {
    enum cockroach_service service;
    uint32_t range;
    uint64_t key, value;
    int64_t stamp;
    uint32_t writer, writer_generation; // transaction, 0: none
};

// Asks the leaseholder, or whoever may know it. WAIT: asked; AGAIN: waits before it asks all again.
enum outcome cockroach_gateway_ask(struct visit *visit, const struct cockroach_question *question);
// After the answer: true if another replica must be asked.
bool cockroach_gateway_asks_on(const struct visit *visit);
// A new question of the same visit.
void cockroach_gateway_reset(struct visit *visit);
// An answer has arrived.
void cockroach_gateway_hear(struct node *node, struct node *from, struct network_parcel *parcel);
// The connection to a peer is broken: its questions get no answer.
void cockroach_gateway_break(struct node *node, uint32_t peer);
uint32_t cockroach_gateway_range(const struct component *component, uint64_t key);

// ---- cockroach_transaction.c: records and coordinators ------------------------------------------

// Begins one for the visit, with keys of its own.
struct cockroach_transaction *cockroach_transaction_begin(struct visit *visit);
struct cockroach_transaction *cockroach_transaction_of(struct visit *visit);
// What to ask for next; after the answer, whether that was all.
struct cockroach_question cockroach_transaction_question(
    struct component *component, const struct cockroach_transaction *transaction);
bool cockroach_transaction_step(struct cockroach_transaction *transaction);
// NEXT: committed; WAIT in between; END: failed.
enum outcome cockroach_transaction_commit(struct visit *visit);
void cockroach_transaction_abort(struct node *node, struct cockroach_transaction *transaction);
// An intent's command, and a record's, are applied.
void cockroach_transaction_lay(struct component *component, struct cockroach_range *range,
                               const struct cockroach_command *command, uint64_t index);
void cockroach_transaction_record(struct component *component,
                                  const struct cockroach_command *command, uint64_t index);
// The coordinator hears what became of an intent.
void cockroach_transaction_tell(struct node *node, const struct cockroach_request *request,
                                bool kept);
// Somebody waits for the holder of the guard: is it over, or its coordinator gone?
void cockroach_transaction_push(struct node *node, uint32_t range,
                                const struct cockroach_guard *guard);
// The record goes when no intent is left.
void cockroach_transaction_close(struct component *component,
                                 struct cockroach_transaction *transaction);

// ---- cockroach_layout.c -------------------------------------------------------------------------

void cockroach_layout_prepare(struct model_preparation *preparation);
// Replicas and leases of all ranges, once the nodes are there.
void cockroach_layout_begin(struct component *component);
