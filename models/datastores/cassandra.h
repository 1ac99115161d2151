// cassandra - the parts of the Cassandra model: ring, rounds, replicas, files, gossip, Paxos.
#pragma once

#include "sim/engine/model.h"

enum { CASSANDRA_COPIES = 12 };     // most replicas of a key, all regions together
enum { CASSANDRA_NODES = 256 };     // most nodes
enum { CASSANDRA_SSTABLES = 512 };  // most files of a node
enum { CASSANDRA_NONE = UINT32_MAX };

enum cassandra_level {
    CASSANDRA_ONE,
    CASSANDRA_TWO,
    CASSANDRA_QUORUM,
    CASSANDRA_LOCAL_QUORUM,
    CASSANDRA_ALL,
    CASSANDRA_SERIAL,
};
enum cassandra_sync { CASSANDRA_PERIODIC, CASSANDRA_BATCH, CASSANDRA_GROUP };
enum cassandra_repair { CASSANDRA_BLOCKING, CASSANDRA_NO_REPAIR };
enum cassandra_routing { CASSANDRA_TOKEN_AWARE, CASSANDRA_ROUND_ROBIN };
enum cassandra_condition { CASSANDRA_UNCHANGED, CASSANDRA_EXISTS };

// ---- configuration ----------------------------------------------------------------------------

struct cassandra_timeouts {
    int64_t read_ns, range_ns, write_ns, contention_ns;
};

struct cassandra_threads {
    uint64_t native, read, write;
};

struct cassandra_gossip {
    int64_t period_ns;
    double phi;
    bool announce;
};

struct cassandra_hints {
    bool enabled;
    int64_t window_ns, flush_ns;
    double throttle;
};

struct cassandra_commit_log {
    int sync;
    int64_t period_ns, group_ns;
    struct distribution flush;
    double replay;
};

struct cassandra_memtable {
    uint64_t space;
    double flush_at;
    uint64_t writers;
};

struct cassandra_compaction {
    int64_t window_ns;
    uint64_t windows, threads, least;
    double throughput, speed;
    int64_t ttl_ns, grace_ns;
    double overlap;
};

struct cassandra_disk {
    uint64_t channels;
    struct distribution read;
    double bandwidth, hit;
    int64_t warm_ns;
};

struct cassandra_cost {
    struct distribution coordinate, read, write, paxos;
    int64_t sstable_ns, row_ns, tombstone_ns;
};

struct cassandra_scan {
    uint64_t rows, tombstones;
};

struct cassandra_configuration {
    uint64_t nodes, tokens, replication;
    int read_level, write_level, read_repair, routing, condition;
    double speculate, badness;
    struct distribution clock_skew, backoff;
    uint64_t row;
    struct cassandra_timeouts timeouts;
    struct cassandra_threads threads;
    struct cassandra_gossip gossip;
    struct cassandra_hints hints;
    struct cassandra_commit_log commit_log;
    struct cassandra_memtable memtable;
    struct cassandra_compaction compaction;
    struct cassandra_disk disk;
    struct cassandra_cost cost;
    struct cassandra_scan scan;
};

extern const struct field cassandra_fields[];

// ---- rounds: what a coordinator asks of the replicas of a key ---------------------------------

enum cassandra_verb {
    CASSANDRA_READ,
    CASSANDRA_SCAN,
    CASSANDRA_WRITE,
    CASSANDRA_REPAIR,
    CASSANDRA_HINT,
    CASSANDRA_PREPARE,
    CASSANDRA_PROPOSE,
    CASSANDRA_COMMIT,
};

enum cassandra_end {
    CASSANDRA_OPEN,
    CASSANDRA_DONE,
    CASSANDRA_TIMEOUT, // too few answers in time
    CASSANDRA_REFUSED, // enough replicas have refused, or failed
};

// One round of messages. Its record is also the content of the messages: it lives until all
// answers are there or the time-out of its verb has passed, whatever becomes of the coordinator,
// and a message that finds it gone has expired.
struct cassandra_round {
    uint32_t generation, number;
    uint64_t key;
    uint64_t request;
    struct version version; // to be written; of a read: the newest seen
    int64_t ballot;
    int64_t floor;          // stamp that a read at a quorum must see
    uint64_t ticket;        // of the visit that waits, 0: nobody
    int64_t began_ns;
    uint32_t coordinator, epoch;
    uint32_t older, newer;       // neighbours in the list of deadlines
    uint32_t slower, faster;     // neighbours in the coordinator's list of guesses
    struct quorum quorum;        // over the copies that count
    uint32_t counting;           // copies whose answers count for the level
    uint32_t sent;               // copies that have been asked
    uint32_t left;               // of them, those that have yet to answer
    uint32_t failed;             // copies whose answer is a refusal
    uint32_t stale;              // copies that already had something newer than what is written
    uint32_t cas;                // record of the conditional write it belongs to, 0: none
    uint16_t replicas[CASSANDRA_COPIES];
    struct version seen[CASSANDRA_COPIES];
    uint8_t count, verb, end;
    uint8_t data;  // copy that answers with the row, the others with a digest
    bool full;     // all answer with the row
    bool held;     // its visit has yet to look at it
    bool thorough; // a lost cause is told only when everybody has answered
    bool listed;   // stands in a list of deadlines
    bool guessing; // stands in the coordinator's list of guesses
    bool told;     // the visit has been woken
};

// Rounds whose time-outs are equal, oldest first, and one event for the oldest.
struct cassandra_deadlines {
    int64_t after_ns;
    uint32_t oldest, newest;
    bool armed;
};
enum cassandra_class {
    CASSANDRA_CLASS_READ,
    CASSANDRA_CLASS_RANGE,
    CASSANDRA_CLASS_WRITE,
    CASSANDRA_CLASSES
};

struct cassandra_promise { // what a replica answers to a prepare
    int64_t ballot;        // the highest it has promised
    struct version accepted, committed;
};

struct cassandra_cas { // a conditional write or serial read at its coordinator
    uint32_t generation, number;
    uint64_t value, expected;
    int64_t began_ns, ballot;
    int64_t highest;         // ballot that others have reached
    bool conditional, reads; // a condition on the value; a serial read
    bool applies, finished, again;
    struct version current;
    struct version accepted, committed; // newest that the last prepare has seen
    struct cassandra_promise answers[CASSANDRA_COPIES];
};

// ---- nodes ------------------------------------------------------------------------------------

struct cassandra_sstable {
    uint64_t bytes;
    int64_t window; // number of its time window
    bool busy;      // being compacted
};

struct cassandra_job { // a flush, or a compaction
    uint32_t generation, number;
    uint64_t left, bytes; // to do, in all
    int64_t window;
    int64_t began_ns;
    bool compacts;
};

struct cassandra_store {
    uint64_t active, flushing;     // bytes of memtables
    uint32_t flushes, compactions; // at work
    uint32_t sstable_count;
    struct cassandra_sstable *sstables;
    struct slots jobs;
    uint64_t *blocked; // tickets of writes that wait for room, in order
    uint32_t blocked_count, blocked_room;
    uint64_t replayable; // bytes of the commit log that a restart replays
    int64_t started_ns;
    struct versions tombstones; // partition -> count, in the clothes of a version
};

struct cassandra_hint {
    uint64_t key, request;
    struct version version;
    int64_t time_ns;
};

struct cassandra_hint_queue { // of one node for another
    struct ring hints;        // of struct cassandra_hint
    bool busy;                // being delivered
};

struct cassandra_heartbeat {
    uint32_t generation, version;
};

struct cassandra_peer { // what a node knows of another
    struct cassandra_heartbeat heard;
    struct detector detector;
    bool alive;
    int64_t dead_ns;  // convicted at
    double answer_ns; // smoothed time of its answers to reads
    struct cassandra_hint_queue hints;
};

struct cassandra_streams {
    struct random_stream *cpu, *disk, *gossip, *clock, *backoff, *wal;
};

struct cassandra_node {
    struct wal log;
    struct versions data, promised, accepted, committed;
    struct cassandra_store store;
    struct cassandra_peer *peers; // one a node
    uint32_t version;             // of its heartbeat
    int64_t tick_ns, pause_ns;    // latest gossip, latest end of a pause of its own
    int64_t skew_ns, stamp;       // clock ahead of the true time; latest stamp given, us
    bool hinting;                 // a timer looks for hints to deliver
    int64_t died_ns;
    uint32_t guess_oldest, guess_newest;
    bool guess_armed;
    uint64_t guess_timer;
    int64_t guess_ns;     // after which a read is asked of one more copy
    int64_t guess_due_ns; // when it is computed anew
    struct histogram reads;
    struct cassandra_streams streams;
};

struct cassandra_token {
    uint64_t token;
    uint32_t node;
    uint16_t replicas[CASSANDRA_COPIES]; // of the range that ends here
};

struct cassandra_session { // of a driver with a node
    uint32_t asked;      // requests since the node's latest answer
    int64_t answered_ns; // that answer
    int64_t slow_ns;     // since when the driver avoids the node, 0: it does not
};

struct cassandra_suspect { // a key of which a loss of power has taken something from a replica
    uint64_t key;
    int64_t due_ns; // when nothing is on its way any more
};

struct cassandra_state { // of the component
    struct cassandra_token *ring;
    uint32_t ring_size, copies;
    uint32_t regions;   // that have nodes
    uint32_t turn;
    struct slots rounds, cas;
    struct cassandra_deadlines deadlines[CASSANDRA_CLASSES];
    bool *known_dead;   // by drivers
    struct cassandra_session *sessions; // driver (0: clients, else 1 + node of the world) x node
    struct versions acknowledged; // newest acknowledged write of each key
    struct versions told;         // what callers know of each key
    struct cassandra_suspect *suspects; // by due time
    struct map suspected;               // their keys
    uint32_t suspect_count, suspect_room;
    int64_t blackout_ns, outage_ns; // since when a range has too few replicas; longest
    bool dark;                      // power was lost somewhere
    uint64_t writes, lost, shadowed, repairs, digests, dropped, guesses, touched, fetches;
    uint64_t hinted, replayed, hints_lost, contentions, cas_rounds, blocked, tombstone_failures;
    uint64_t convictions, false_convictions, early_reads, split_decisions;
    int64_t conviction_ns; // longest from death to conviction
};

enum { CASSANDRA_NATIVE, CASSANDRA_READERS, CASSANDRA_WRITERS, CASSANDRA_POOLS };
enum { CASSANDRA_DISK, CASSANDRA_DEVICES };
enum {
    CASSANDRA_OP_READ,
    CASSANDRA_OP_WRITE,
    CASSANDRA_OP_UPDATE_IF,
    CASSANDRA_OP_DELETE,
    CASSANDRA_OP_SCAN,
    CASSANDRA_OP_MUTATE,
    CASSANDRA_OP_FETCH,
    CASSANDRA_OP_FLUSH,
    CASSANDRA_OP_COMPACT,
    CASSANDRA_OPERATIONS,
    CASSANDRA_OP_CALLABLE = CASSANDRA_OP_MUTATE,
};
// A delete is a write of this mark and its request: it beats a write of the same time.
#define CASSANDRA_TOMBSTONE ((uint64_t)1 << 63)

// ---- access -----------------------------------------------------------------------------------

static inline const struct cassandra_configuration *
cassandra_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct cassandra_state *cassandra_state(const struct component *component)
{
    return component->state;
}

static inline struct cassandra_node *cassandra_node(const struct node *node)
{
    return node->state;
}

static inline uint32_t cassandra_region(const struct node *node)
{
    return node->world->design->topology.zones[node->zone].region;
}

// ---- cassandra_ring.c: layout, tokens, levels -------------------------------------------------

void cassandra_ring_prepare(struct model_preparation *preparation);
void cassandra_ring_begin(struct component *component);
// The replicas of a key, as many as state->copies.
const uint16_t *cassandra_ring_replicas(const struct component *component, uint64_t key);
// Of these copies, those whose answers count for the level at that coordinator, and how many of
// them it needs.
uint32_t cassandra_ring_counting(const struct node *coordinator, const uint16_t *replicas,
                                 int level);
uint32_t cassandra_ring_needed(const struct component *component, int level);
// The copies (numbers into `replicas`), nearest and fastest first.
void cassandra_ring_order(const struct node *coordinator, const uint16_t *replicas,
                          uint8_t order[CASSANDRA_COPIES]);
struct node *cassandra_ring_route(struct component *component, const struct call *call,
                                  uint64_t key);
// The node answers the visit: its driver sees that it is well.
void cassandra_ring_answered(const struct visit *visit);
// A node has come or gone: notes since when a range has too few replicas for the write level.
void cassandra_ring_note(struct component *component);

// ---- cassandra_round.c ------------------------------------------------------------------------

void cassandra_round_begin(struct component *component);
void cassandra_round_end(struct component *component);
void cassandra_round_crash(struct node *coordinator);

// A round for the visit about its key, with all its copies, held by the visit.
struct cassandra_round *cassandra_round_take(struct visit *visit, enum cassandra_verb verb,
                                             int level);
// One for nobody: a hint to one replica.
struct cassandra_round *cassandra_round_single(struct node *coordinator, uint32_t replica,
                                               const struct cassandra_hint *hint);
// True if enough of the copies that count live, as the coordinator sees it.
bool cassandra_round_is_possible(const struct cassandra_round *round, const struct node *node);
// Sends to the copies of the set (a bit each); the visit is to wait then.
void cassandra_round_send(struct node *coordinator, struct cassandra_round *round, uint32_t copies);
// The next round of the same request: about the same copies, held by the same visit; the record of
// a conditional write goes with it. The old one is let go.
struct cassandra_round *cassandra_round_follow(struct visit *visit, struct cassandra_round *before,
                                               enum cassandra_verb verb, int level);
// The visit has seen what it needs of the round.
void cassandra_round_let_go(struct component *component, struct cassandra_round *round);
// The round that the visit waits for or has waited for.
struct cassandra_round *cassandra_round_of(const struct visit *visit);
// The living copies of the round, as the coordinator sees it.
uint32_t cassandra_round_living(const struct cassandra_round *round, const struct node *node);
// A replica has done its part.
void cassandra_round_answer(struct node *replica, uint32_t number, uint32_t generation, bool good);
uint32_t cassandra_round_copy(const struct cassandra_round *round, uint32_t replica);
bool cassandra_round_is_current(const struct component *component, uint32_t number,
                                uint32_t generation);

// ---- cassandra_replica.c: what a replica does for a round -------------------------------------

extern const struct step cassandra_replica_mutate_steps[], cassandra_replica_fetch_steps[];
enum { CASSANDRA_MUTATE_STEPS = 4, CASSANDRA_FETCH_STEPS = 4 };
// Begins the work at the replica, at once or as an event of its own.
void cassandra_replica_receive(struct node *replica, const struct cassandra_round *round);
void cassandra_replica_begin(struct node *node);
void cassandra_replica_end(struct node *node);
void cassandra_replica_crash(struct node *node);

// ---- cassandra_store.c: memtables, files, compaction ------------------------------------------

extern const struct step cassandra_store_flush_steps[], cassandra_store_compact_steps[];
enum { CASSANDRA_FLUSH_STEPS = 3, CASSANDRA_COMPACT_STEPS = 5 };
void cassandra_store_begin(struct node *node);
void cassandra_store_start(struct node *node);
void cassandra_store_crash(struct node *node);
void cassandra_store_end(struct node *node);
// Whether a write finds room in the memtables; if not, the visit is to wait.
bool cassandra_store_has_room(struct visit *visit);
void cassandra_store_add(struct node *node, uint64_t bytes);
// Files that the read of a row touches; all of them for a scan.
uint32_t cassandra_store_touch(const struct node *node, bool scan);
// Of them, those that the page cache does not hold.
uint32_t cassandra_store_misses(const struct node *node, uint32_t touched);
uint64_t cassandra_store_tombstones(const struct node *node, uint64_t key);
void cassandra_store_bury(struct node *node, uint64_t key);
// Time to replay the commit log at the start.
int64_t cassandra_store_replay_ns(const struct node *node);

// ---- cassandra_gossip.c -----------------------------------------------------------------------

void cassandra_gossip_begin(struct node *node);
void cassandra_gossip_start(struct node *node);
void cassandra_gossip_end(struct node *node);
// The process has ended; if it says so itself, the others need not find out.
void cassandra_gossip_crash(struct node *node);

// ---- cassandra_hints.c ------------------------------------------------------------------------

void cassandra_hints_store(struct node *holder, uint32_t target,
                           const struct cassandra_round *round);
void cassandra_hints_start(struct node *holder);
void cassandra_hints_crash(struct node *holder);
void cassandra_hints_end(struct node *holder);
// The round that carried a hint has ended.
void cassandra_hints_delivered(struct node *holder, uint32_t target, bool good);
// True if some hint holds that version of the key or a newer one.
bool cassandra_hints_hold(const struct component *component, uint64_t key, struct version version);

// ---- cassandra_paxos.c: conditional writes and serial reads -----------------------------------

extern const struct step cassandra_paxos_write_steps[], cassandra_paxos_read_steps[];
enum { CASSANDRA_PAXOS_WRITE_STEPS = 15, CASSANDRA_PAXOS_READ_STEPS = 14 };
// A replica's part; the position is that of its log record.
bool cassandra_paxos_prepare(struct node *replica, struct cassandra_round *round,
                             uint64_t position);
bool cassandra_paxos_accept(struct node *replica, const struct cassandra_round *round,
                            uint64_t position);
void cassandra_paxos_commit(struct node *replica, const struct cassandra_round *round,
                            uint64_t position);

// ---- cassandra_steps.c: the coordinator's operations ------------------------------------------

extern const struct operation cassandra_operations[CASSANDRA_OPERATIONS];
enum outcome cassandra_steps_accept(struct visit *visit);
enum outcome cassandra_steps_parse(struct visit *visit);
// The coordinator's clock, in microseconds; never the same twice.
int64_t cassandra_steps_stamp(struct node *node);
// Asks the nearest copies for a read; with too few living ones the visit ends, UNAVAILABLE.
enum outcome cassandra_steps_ask(struct visit *visit, struct cassandra_round *round);
// After the answers: a mismatch of digests asks for the full rows, then writes the newest back.
enum outcome cassandra_steps_compare(struct visit *visit);
enum outcome cassandra_steps_mend(struct visit *visit);
// Sends to all living copies, keeps hints for the others; the visit waits.
enum outcome cassandra_steps_spread(struct visit *visit, struct cassandra_round *round);
// The visit waits for its round; it goes on to the end, whoever waits for it.
enum outcome cassandra_steps_wait(struct visit *visit, struct cassandra_round *round,
                                  uint32_t copies);
enum outcome cassandra_steps_finish(struct visit *visit, enum status status, uint64_t value);
enum outcome cassandra_steps_acknowledge(struct visit *visit, const struct cassandra_round *round);
enum outcome cassandra_steps_reply_read(struct visit *visit);
// What a write of the visit writes.
uint64_t cassandra_steps_value(const struct visit *visit);
// Callers have been told that this is there.
void cassandra_steps_tell(struct visit *visit, uint64_t key, struct version version);

// ---- cassandra_ledger.c: what was acknowledged, and what of it is lost ------------------------

void cassandra_ledger_acknowledge(struct component *component, uint64_t key,
                                  struct version version);
// Power is lost at a node: log records above the position are gone.
void cassandra_ledger_suspect(struct node *node, uint64_t position);
// Decides about the suspects that are due by then.
void cassandra_ledger_decide(struct component *component, int64_t time_ns);
void cassandra_ledger_end(struct component *component);
