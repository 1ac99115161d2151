// clickhouse - the parts of the ClickHouse model: configuration, parts, merges, Keeper, scans.
#pragma once

#include "sim/engine/model.h"

enum { CLICKHOUSE_NONE = UINT32_MAX };
enum { CLICKHOUSE_REPLICAS = 8 };    // most replicas of a shard
enum { CLICKHOUSE_GRANULE = 8192 };  // rows between two marks of the primary key
enum { CLICKHOUSE_SERVERS = 4096 };  // most shards x replicas
enum { CLICKHOUSE_HASHES = 10000 };  // longest window of de-duplication

// ---- configuration ----------------------------------------------------------------------------

struct clickhouse_table {
    uint64_t rows;       // at the beginning, over all shards
    uint64_t row;        // compressed bytes of a row, all columns
    uint64_t partitions; // that inserts touch
};

struct clickhouse_insert {
    uint64_t rows, spread;
    struct distribution fixed, row;
    double serial;
    uint64_t threads;
    uint64_t quorum;
    int64_t quorum_timeout_ns;
    bool parallel, deduplicate, fsync;
    uint64_t window;
};

struct clickhouse_async {
    bool enabled, wait;
    int64_t busy_ns;
    uint64_t queries, bytes;
};

struct clickhouse_part_limits {
    uint64_t delay_at, throw_at;
    int64_t delay_low_ns, delay_high_ns;
    uint64_t average;
};

struct clickhouse_merges {
    uint64_t tasks, most_parts, most_bytes, free;
    double rate;
    struct distribution part;
    int64_t sleep_ns;
};

struct clickhouse_limits {
    uint64_t queries, threads, memory;
};

struct clickhouse_disk {
    double bandwidth;
    struct distribution flush;
    int64_t writeback_ns;
    uint64_t cache;
};

struct clickhouse_keeper {
    uint64_t nodes;
    struct field_list zones; // of const char *
    int64_t heartbeat_ns, election_low_ns, election_high_ns, session_ns, operation_ns, recheck_ns;
    struct distribution flush;
    uint64_t batch, rounds, retries, entry;
    int64_t backoff_ns, backoff_limit_ns, reconnect_ns;
};

struct clickhouse_fetches {
    uint64_t tasks;
    int64_t retry_ns, timeout_ns;
};

struct clickhouse_scan { // a kind of query
    double rows;         // read, over all shards; 0: `share` of the table
    double share;
    uint64_t width;      // bytes of a row, compressed, of the columns that are read
    struct distribution row;
    double serial, cached;
    uint64_t memory, answer;
    int everywhere;
};

struct clickhouse_configuration {
    uint64_t shards, replicas;
    struct clickhouse_table table;
    struct clickhouse_insert insert;
    struct clickhouse_async async;
    struct clickhouse_part_limits parts;
    struct clickhouse_merges merges;
    struct clickhouse_fetches fetches;
    struct clickhouse_limits limits;
    struct clickhouse_disk disk;
    struct clickhouse_keeper keeper;
    struct distribution plan;
    int64_t receive_ns, connect_ns;
    struct clickhouse_scan query, lookup;
    struct field_map queries; // of struct clickhouse_scan
    struct raft_settings raft; // made by prepare
};

extern const struct field clickhouse_fields[];

// ---- state ------------------------------------------------------------------------------------

struct clickhouse_part {
    uint64_t first, last; // numbers of the inserted blocks it covers
    uint64_t rows, bytes;
    int64_t made_ns;
    uint32_t merge; // 1 while it is being merged or chosen for it
};

struct clickhouse_partition { // at one replica, by ascending blocks
    struct clickhouse_part *parts;
    uint32_t count, room;
};

// What one insert has put into one partition of one shard.
struct clickhouse_block {
    uint32_t generation;
    uint32_t number; // of its record
    uint32_t shard, partition;
    uint64_t place;  // in its partition, from 1, given by Keeper
    uint64_t hash;   // 0: not de-duplicated
    uint64_t rows, bytes;
    uint64_t before; // another block of the same insert, 0: none
    uint64_t original; // of a duplicate: the block that was stored
    uint64_t waiter; // the insert that waits for its quorum
    uint64_t positions[CLICKHOUSE_REPLICAS]; // in the page cache or on disk of each holder
    int64_t committed_ns;
    uint32_t acknowledged; // inserts that were told OK
    uint32_t promised;     // of them, before it was registered
    uint32_t powers;       // losses of power of its writer before it was written
    uint8_t writer, holders, durable, confirmed;
    bool committed, duplicate, lost, doubtful;
};

enum clickhouse_kind {
    CLICKHOUSE_COMMIT, // a block becomes part of the table
    CLICKHOUSE_MERGE,  // its replicas shall merge these blocks
    CLICKHOUSE_CONFIRM // one more replica has the block
};

// A write to Keeper, from the asking server until it is applied.
struct clickhouse_request {
    uint32_t generation;
    uint32_t number;
    uint32_t server, epoch; // the asking server and the life it asked in
    uint32_t keeper;        // its session's
    uint32_t partition;
    uint64_t ticket;        // of the waiting visit, 0: nobody
    uint64_t block;
    uint64_t first, last;
    uint8_t kind, rounds;   // rounds yet to go
    bool applied;           // and not yet answered
    bool abandoned;         // nobody waits for the answer
};

struct clickhouse_entry { // of a shard's replication log
    uint64_t block;       // 0: a merge
    uint64_t first, last;
    uint32_t partition;
};

struct clickhouse_hash {
    uint64_t hash, block;
    bool lost;
};

struct clickhouse_losses { // places of lost blocks of a partition
    uint64_t *places;
    uint32_t count, room;
};

struct clickhouse_shard {
    struct clickhouse_entry *log; // ring
    uint64_t log_first, log_end;
    uint32_t log_room;
    uint64_t *places;             // last block number of each partition
    struct clickhouse_losses *losses; // of each partition
    struct clickhouse_hash *hashes; // ring
    uint64_t hash_count;
    uint32_t open_quorums;
};

struct clickhouse_fetch { // on its way
    uint64_t block;
    int64_t began_ns;
    uint32_t source;
};

struct clickhouse_batch { // inserts gathered by a server
    uint32_t generation;
    uint32_t number;
    uint32_t server;
    uint32_t acknowledged; // told OK before it was written
    uint64_t rows, bytes;
    uint64_t *tickets;
    uint32_t count, room;
    uint32_t inserts;
    uint64_t block; // that it has become
    uint64_t timer;
};

struct clickhouse_run { // a query over shards
    uint32_t generation;
    uint32_t number;
    uint64_t ticket;
    uint32_t server;
    uint32_t open;   // shards yet to answer
    uint32_t kind;
    uint32_t status; // worst answer
};

struct clickhouse_task { // of a query at one shard
    uint32_t generation;
    uint32_t number;
    uint64_t run;
    uint32_t server, epoch; // at which it runs, and the life of it
    uint32_t shard, kind, tries;
    uint8_t parts;   // of its work that are not done
    uint8_t failed;
    bool local;
};

struct clickhouse_node { // of a data server
    struct wal wal;      // its files, in the page cache and on disk
    struct clickhouse_partition *partitions;
    uint64_t rows;       // in its parts
    uint64_t settled;    // of those, in blocks that every replica has on disk
    uint32_t powers;     // times it has lost power
    // replication
    uint64_t pulled;     // of its shard's log
    bool pulling;
    struct ring wanted; // blocks to fetch
    struct clickhouse_fetch *fetches;
    uint32_t fetch_count;
    struct clickhouse_entry *merges; // to do, in order
    uint32_t merge_count, merge_room;
    uint32_t merging;    // under way
    int64_t chosen_ns;   // when merges were last looked for
    bool ticking;
    // Keeper
    uint32_t keeper;     // node of its session, CLICKHOUSE_NONE
    uint32_t tried;      // node it tried last
    bool read_only, connecting;
    int64_t heard_ns, seen_ns, pinged_ns; // it from Keeper, Keeper from it, its latest ping
    uint32_t batch;      // open, 0: none
    double warm;         // bytes read since its page cache was empty
    struct random_stream *work, *flush, *choice;
    // of a keeper
    struct raft_member *member;
    uint64_t applied;
};

struct clickhouse_state { // of the component
    uint32_t servers;     // data nodes come first
    struct clickhouse_shard *shards;
    struct slots blocks, requests, batches, runs, tasks;
    struct raft raft;
    char *raft_name;
    uint64_t applied;     // of Keeper's log
    int64_t leaderless_ns; // since when, TIME_NEVER: there is a leader
    int64_t unavailable_ns;
    uint32_t turn;
    uint32_t writer;      // server of the latest block
    uint64_t blocks_made, acknowledged, lost, rows, duplicates, delayed, refused_parts;
    uint64_t refused_queries, refused_memory, merges, merged_bytes, written_bytes, fetches;
    uint64_t elections, read_only, quorum_failures, scanned_rows, scanned_bytes, retries;
    uint64_t most_parts;
    double lag_s, lag_longest_s;
    uint64_t lags;
};

enum {
    CLICKHOUSE_INSERT,
    CLICKHOUSE_LOOKUP,
    CLICKHOUSE_QUERY,
    CLICKHOUSE_FLUSH,
    CLICKHOUSE_SCAN,
    CLICKHOUSE_READ,
    CLICKHOUSE_MERGING,
    CLICKHOUSE_OPERATIONS // and the user's own queries behind
};
enum { CLICKHOUSE_KIND_LOOKUP, CLICKHOUSE_KIND_QUERY, CLICKHOUSE_KINDS }; // and the user's own
enum { CLICKHOUSE_POOL_QUERIES, CLICKHOUSE_POOL_KINDS };
enum { CLICKHOUSE_DEVICE_DISK, CLICKHOUSE_DEVICES };

// ---- access -----------------------------------------------------------------------------------

static inline const struct clickhouse_configuration *
clickhouse_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct clickhouse_state *clickhouse_state(const struct component *component)
{
    return component->state;
}

static inline struct clickhouse_node *clickhouse_node(const struct node *node)
{
    return node->state;
}

static inline bool clickhouse_is_server(const struct node *node)
{
    return node->replica < clickhouse_state(node->component)->servers;
}

// Servers of shard s are s x replicas, s x replicas + 1, ...
static inline uint32_t clickhouse_shard_of(const struct node *server)
{
    return server->replica / (uint32_t)clickhouse_configuration(server->component)->replicas;
}

static inline uint32_t clickhouse_index(const struct node *server)
{
    return server->replica % (uint32_t)clickhouse_configuration(server->component)->replicas;
}

static inline struct node *clickhouse_replica(struct component *component, uint32_t shard,
                                              uint32_t index)
{
    const uint32_t replicas = (uint32_t)clickhouse_configuration(component)->replicas;
    return &component->nodes[shard * replicas + index];
}

// A record is named by number and generation; NULL: it is gone.
static inline uint64_t clickhouse_name(const struct slots *slots, uint32_t number)
{
    return (uint64_t)slots_generation(slots, number) << 32 | number;
}

static inline void *clickhouse_named(const struct slots *slots, uint64_t name)
{
    const uint32_t number = (uint32_t)name;
    const bool there = number != 0 && slots_generation(slots, number) == name >> 32;
    return there ? slots_at(slots, number) : NULL;
}

static inline bool clickhouse_has_keeper(const struct component *component)
{
    return clickhouse_configuration(component)->keeper.nodes > 0;
}

// ---- clickhouse_layout.c ----------------------------------------------------------------------

void clickhouse_layout_prepare(struct model_preparation *preparation);

// ---- clickhouse_steps.c: inserts --------------------------------------------------------------

extern const struct operation clickhouse_operations[CLICKHOUSE_OPERATIONS];

// ---- clickhouse_buffer.c: asynchronous inserts ------------------------------------------------

enum outcome clickhouse_buffer_join(struct visit *visit);
struct clickhouse_batch *clickhouse_buffer_of(const struct visit *flush);
// The flush has ended: those who wait are told; whom it was acknowledged to early may have lost it.
void clickhouse_buffer_end(struct visit *flush, enum status status);
void clickhouse_buffer_crash(struct node *server);
void clickhouse_buffer_release(struct component *component);

// ---- clickhouse_part.c: parts of a replica, blocks and who holds them -------------------------

void clickhouse_part_begin(struct node *server);
void clickhouse_part_end(struct node *server);
void clickhouse_part_crash(struct node *server, bool dark);
// Most active parts in a partition of the server.
uint32_t clickhouse_part_most(const struct node *server);
// How long an insert must wait for merges; negative: too many parts.
int64_t clickhouse_part_delay_ns(const struct node *server);
// A part of the block is written at the server; returns its place in the server's files.
struct clickhouse_block *clickhouse_part_write(struct node *server, uint32_t partition,
                                               uint64_t rows);
// The block has become part of the table (applied by Keeper, or at once without one).
void clickhouse_part_commit(struct component *component, struct clickhouse_block *block);
// The server holds the block from now on.
void clickhouse_part_hold(struct node *server, struct clickhouse_block *block, uint64_t position);
// So many inserts that the block (and those before it) holds were told OK.
void clickhouse_part_acknowledge(struct component *component, uint64_t block, uint32_t inserts);
void clickhouse_part_check(struct node *server);
// The parts that lie within these blocks: index of the first, and how many.
uint32_t clickhouse_part_range(const struct clickhouse_partition *partition, uint64_t first,
                               uint64_t last, uint32_t *count);
enum clickhouse_cover { CLICKHOUSE_WHOLE, CLICKHOUSE_GAPS, CLICKHOUSE_COVERED };
// Whether the server has all these blocks but the lost ones, lacks some, or has them in a larger
// part.
enum clickhouse_cover clickhouse_part_cover(const struct node *server,
                                            const struct clickhouse_entry *entry);
// The part that covers the block, NULL: none.
const struct clickhouse_part *clickhouse_part_of(const struct node *server,
                                                 const struct clickhouse_block *block);
// So many parts from `at` on become one.
void clickhouse_part_join(struct clickhouse_partition *partition, uint32_t at, uint32_t count,
                          int64_t now_ns);

// ---- clickhouse_merge.c: choosing and doing merges --------------------------------------------

void clickhouse_merge_begin(struct node *server);
void clickhouse_merge_choose(struct node *server);
// The choice was not registered: its parts are free again.
void clickhouse_merge_forget(struct node *server, const struct clickhouse_request *request);
void clickhouse_merge_add(struct node *server, const struct clickhouse_entry *entry);
void clickhouse_merge_start(struct node *server); // what can be
enum outcome clickhouse_merge_work(struct visit *visit);
enum outcome clickhouse_merge_write(struct visit *visit);
enum outcome clickhouse_merge_replace(struct visit *visit);
// None of the parts is being merged.
bool clickhouse_merge_is_free(const struct clickhouse_part *parts, uint32_t count);
void clickhouse_merge_crash(struct node *server);

// ---- clickhouse_keeper.c: requests, the replicated log, its leader -----------------------------

void clickhouse_keeper_begin(struct component *component);
void clickhouse_keeper_end(struct component *component);
bool clickhouse_keeper_start(struct node *node); // of either kind
void clickhouse_keeper_crash(struct node *node, bool dark);
// Asks for a write; the visit, if there is one, goes on when it is applied (STATUS_OK), refused
// (STATUS_UNAVAILABLE: nothing was done) or unknown (STATUS_INDETERMINATE).
void clickhouse_keeper_ask(struct node *server, const struct clickhouse_request *request);
enum outcome clickhouse_keeper_commit(struct visit *visit, struct clickhouse_block *block);
// Its visits wait for Keeper no more; what they asked for may still be applied.
void clickhouse_keeper_abandon(struct node *server);
void clickhouse_keeper_check(struct component *component);

// ---- clickhouse_session.c: a server's session with Keeper -------------------------------------

bool clickhouse_session_start(struct node *server);
// The connection is lost: another is looked for.
void clickhouse_session_end(struct node *server);
// The process of a Keeper node has died: the servers it had sessions with notice.
void clickhouse_session_reset(struct node *keeper);
// Servers of the shard whose sessions live, as Keeper knows.
uint32_t clickhouse_session_living(struct component *component, uint32_t shard);

// ---- clickhouse_queue.c: a replica's queue: fetches and merges --------------------------------

void clickhouse_queue_begin(struct node *server);
void clickhouse_queue_end(struct node *server);
void clickhouse_queue_append(struct component *component, uint32_t shard,
                             const struct clickhouse_entry *entry);
void clickhouse_queue_pull(struct node *server);
void clickhouse_queue_want(struct node *server, uint64_t block);
void clickhouse_queue_crash(struct node *server);

// ---- clickhouse_scan.c: queries ---------------------------------------------------------------

extern const struct step clickhouse_scan_query_steps[], clickhouse_scan_part_steps[],
    clickhouse_scan_read_steps[];
enum { CLICKHOUSE_QUERY_STEPS = 4, CLICKHOUSE_PART_STEPS = 4, CLICKHOUSE_READ_STEPS = 2 };
const struct clickhouse_scan *clickhouse_scan_kind(const struct clickhouse_configuration *all,
                                                   uint32_t kind);
// Rows that one shard reads of what was there at the beginning.
double clickhouse_scan_rows(const struct clickhouse_configuration *all, uint32_t kind);
void clickhouse_scan_crash(struct node *server);
// Whether one more query is let in; takes its place if so.
enum outcome clickhouse_scan_admit(struct visit *visit);
