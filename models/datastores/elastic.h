// elastic - the parts of the Elasticsearch model: configuration, shards, requests, cluster state.
#pragma once

#include "sim/engine/model.h"

enum { ELASTIC_NODES = 32, ELASTIC_SHARDS = 1024, ELASTIC_TIERS = 8 };
enum { ELASTIC_NONE = UINT32_MAX };
enum { ELASTIC_MESSAGE = 300 }; // bytes of a message that carries no documents, assumption

enum elastic_durability { ELASTIC_REQUEST, ELASTIC_ASYNC };
enum elastic_vectors { ELASTIC_FLOAT, ELASTIC_INT8, ELASTIC_BINARY };

// ---- configuration ----------------------------------------------------------------------------

struct elastic_index {
    uint64_t shards, replicas, documents, document;
    uint64_t dimensions, links, construction; // of vectors: HNSW's m and ef_construction
    int vectors;
    uint64_t segments; // of a copy at the beginning, 0: from its size
    int durability;
    int64_t sync_ns, refresh_ns, idle_ns;
    bool preload;
};

struct elastic_query { // what searches cost
    struct distribution receive, shard, vector, fetch, get;
    int64_t distance_ns;
    double scan; // bytes/s of vectors that one thread compares
    uint64_t size, candidates, hit, memory;
    bool partial;
};

struct elastic_writing {
    struct distribution receive, request, document;
    uint64_t bulk;
    int64_t timeout_ns;
};

struct elastic_threads {
    uint64_t search, search_queue, write, write_queue;
};

struct elastic_disk {
    uint64_t depth;
    struct distribution flush, read;
    double bandwidth;
};

struct elastic_merging {
    uint64_t tier, largest;
    double throttle;
    int64_t document_ns;
};

struct elastic_memory {
    uint64_t heap, cache;
    double base, parent, pressure;
};

struct elastic_discovery {
    uint64_t masters;
    int64_t initial_ns, backoff_ns, maximum_ns, duration_ns;
    int64_t interval_ns, timeout_ns;
    uint64_t retries;
    int64_t publish_ns, lag_ns, find_ns;
    struct distribution update, apply;
};

struct elastic_recovery {
    int64_t delay_ns;
    double bandwidth;
    uint64_t concurrent;
    struct distribution open;
    uint64_t flush; // bytes of translog that are replayed at most
};

struct elastic_configuration {
    struct elastic_index index;
    struct elastic_query query;
    struct elastic_writing writing;
    struct elastic_threads threads;
    struct elastic_disk disk;
    struct elastic_merging merging;
    struct elastic_memory memory;
    struct elastic_discovery discovery;
    struct elastic_recovery recovery;
};

extern const struct field elastic_fields[];

// ---- cluster state ----------------------------------------------------------------------------
// Sets of nodes are bit sets over the replicas of the component.

struct elastic_routing { // of one shard
    uint32_t primary;    // ELASTIC_NONE: unassigned
    uint32_t term;       // advanced with every new primary
    uint32_t started, initializing;
    uint8_t allocations[ELASTIC_NODES]; // how often a copy was placed there: its identity
    uint32_t insync; // who may become primary: their disks hold all that was acknowledged
    int64_t left_ns; // since when a copy is missing because its node left
};

struct elastic_cluster {
    uint64_t version;
    uint32_t term, master; // of the election that made it; who published it
    uint32_t nodes;
    uint32_t epochs[ELASTIC_NODES]; // of the processes that joined
    struct elastic_routing shards[];
};

// ---- shards -----------------------------------------------------------------------------------

// One operation on a shard that not every in-sync copy holds durably yet.
struct elastic_op {
    uint64_t number;  // sequence number
    uint64_t key;     // of the document, UINT64_MAX: nobody asks for it again
    uint64_t value;   // that it writes
    uint32_t held;    // nodes whose copy has it
    uint32_t durable; // nodes that keep it without power
    uint32_t documents;
    uint32_t write;    // who waits for the copies, 0: nobody any more
    bool acknowledged; // the coordinating node was told so
};

struct elastic_shard {      // what is true of a shard, whoever knows
    uint64_t next;          // sequence number of the next operation
    struct ring ops;        // of struct elastic_op, by number; the first is next - count
    uint32_t primary; // whose acknowledgements count, ELASTIC_NONE: none is serving
    uint32_t term;
    int64_t down_ns; // since when it has no serving primary, TIME_NEVER: it has
};

struct elastic_copy { // a shard's copy at one node
    // on its disk
    uint32_t term; // the highest of an operation that it has taken as another's copy
    uint64_t documents;
    uint64_t base, tiers[ELASTIC_TIERS]; // segments: settled ones, and by size
    uint64_t contents[ELASTIC_TIERS];    // documents in the segments of each tier
    uint64_t unflushed;                  // documents since the last Lucene commit: replayed
    struct versions versions;
    // in its memory
    uint8_t allocation; // that it recovered as
    bool serving;       // has recovered
    bool recovering;
    uint32_t merging;  // tiers
    uint64_t buffered; // documents that no search sees yet
    int64_t oldest_ns; // of them
    int64_t searched_ns;
};

// ---- requests ---------------------------------------------------------------------------------

enum elastic_kind {
    ELASTIC_QUERY,
    ELASTIC_VECTOR,
    ELASTIC_HYBRID,
    ELASTIC_FETCH,
    ELASTIC_GET,
    ELASTIC_WRITE
};

enum { ELASTIC_HELD_REQUEST = 1, ELASTIC_HELD_ANSWER };

struct elastic_fan { // a request spread over shards, while its visit waits for them
    uint32_t generation, number;
    uint64_t ticket;
    struct node *node;
    uint32_t requests; // first of a list
    uint32_t open, good, bad;
    uint64_t bytes;         // that it holds of the node's heap
    uint64_t value;         // that a get has seen
    uint8_t status;         // of the latest that failed
    bool writes, reads;     // of heap for indexing; of one key
    bool fetches, fetching; // has a second phase, is in it
};

struct elastic_request { // one shard's part of it
    uint32_t generation, number;
    uint32_t fan, next;
    uint32_t from, to, shard; // nodes
    uint32_t tried;           // nodes
    uint32_t epoch;           // of the process that it was meant for
    uint8_t kind, status;
    uint8_t held;     // the way is cut
    bool done, good;  // has been answered, and well
    bool parked;      // waits for a primary
    bool doubtful;    // a try before may have been carried out
    bool whole;       // the only shard: fetches at once
    bool conditional; // writes only if the document is still the one of `expected`
    uint32_t documents, queue;
    uint64_t bytes, key, value, expected;
    int64_t began_ns, sent_ns, service_ns;
};

struct elastic_write { // an operation, while its primary waits for the copies
    uint32_t generation, number;
    uint32_t shard, primary, term;
    uint32_t awaited, answered, cut; // nodes; those to which the way is cut
    uint32_t documents;
    bool conflict;    // nothing to carry out: the copies confirm who is primary
    uint64_t op;      // number of the operation
    uint64_t request; // who asked: name of the request
    uint64_t bytes, heap;
    uint64_t key, value;
};

// What a coordinating node knows of another one's search threads (C3, as ES ranks copies).
struct elastic_rank {
    double response, service, queue; // moving averages
    uint32_t outstanding;
    bool known;
};

// ---- nodes ------------------------------------------------------------------------------------

struct elastic_check { // of one node's life by another
    uint32_t other;
    uint32_t sequence, failures;
    uint64_t timer;
    bool running;
};

struct elastic_publication { // of the master, one at a time
    bool running, committed;
    uint64_t name;                       // of the state
    uint32_t accepted, applied, targets; // nodes
    uint64_t timer;
};

struct elastic_tasks { // of the master: what the next cluster state will tell
    uint32_t left, joined;
    uint32_t *failed;  // nodes, by shard
    uint32_t *started; // nodes, by shard
    bool waiting;      // the update is being made
    uint64_t timer;    // of delayed allocation
};

struct elastic_node {
    struct elastic_cluster *accepted; // on its disk
    struct elastic_cluster *arrived;  // on the way there
    struct elastic_cluster *applied;
    struct elastic_copy *copies; // by shard
    struct wal translog;
    uint64_t resident; // bytes of vectors in the page cache
    // in its memory
    uint32_t leader;      // the master it follows, ELASTIC_NONE
    uint32_t attempts;    // elections without success
    uint32_t unreachable; // nodes whose connections are broken
    bool standing;        // a timer of the next election runs
    bool refreshing;      // a timer of the next refresh runs
    struct elastic_check leader_check;
    struct elastic_check *checks; // of a master: by node
    struct elastic_publication publication;
    struct elastic_tasks tasks;
    struct elastic_rank *ranks; // by node
    uint32_t turn;
    uint32_t recoveries;
    uint64_t searching, indexing, copying; // bytes of the heap: searches, primaries, replicas
    struct {
        struct random_stream *cpu, *disk, *master;
    } streams;
};

struct elastic_state { // of the component
    struct election election;
    struct wal *metas; // of cluster states and votes, by node
    struct elastic_shard *shards;
    struct slots fans, requests, writes;
    size_t cluster_size;
    uint32_t masters;    // master-eligible nodes
    int64_t headless_ns; // since when there is no master, TIME_NEVER: there is
    uint32_t turn;       // of documents spread over shards
    uint32_t held;       // requests that wait for a primary or a way
    uint64_t searches, partial, rejections, broken, pressed;
    uint64_t written, acknowledged, lost, failovers, publications, rebuilds, merges, refreshes;
    uint64_t visible, misses;
    double visible_seconds, visible_maximum, down_maximum, headless_maximum;
    uint64_t stray_acknowledgements, early_acknowledgements, pressure_overruns;
};

enum { ELASTIC_POOL_SEARCH, ELASTIC_POOL_GET, ELASTIC_POOL_WRITE, ELASTIC_POOLS };
enum {
    ELASTIC_SEARCH,
    ELASTIC_KNN,
    ELASTIC_BOTH,
    ELASTIC_INDEX,
    ELASTIC_READ,
    ELASTIC_BULK,
    ELASTIC_UPDATE,
    ELASTIC_SHARD_SEARCH,
    ELASTIC_SHARD_FETCH,
    ELASTIC_SHARD_GET,
    ELASTIC_PRIMARY,
    ELASTIC_REPLICA,
    ELASTIC_REFRESH,
    ELASTIC_MERGE,
    ELASTIC_OPERATIONS
};
extern const struct operation elastic_operations[ELASTIC_OPERATIONS];

// ---- access -----------------------------------------------------------------------------------

static inline const struct elastic_configuration *
elastic_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct elastic_state *elastic_state(const struct component *component)
{
    return component->state;
}

static inline struct elastic_node *elastic_node(const struct node *node)
{
    return node->state;
}

static inline uint32_t elastic_bit(const struct node *node)
{
    return 1U << node->replica;
}

static inline const struct elastic_routing *elastic_routing(const struct node *node, uint32_t shard)
{
    return &elastic_node(node)->applied->shards[shard];
}

// Tables of steps, where the steps are.
extern const struct step elastic_search_steps[3], elastic_search_get_steps[3];
extern const struct step elastic_search_shard_steps[4], elastic_search_fetch_steps[3];
extern const struct step elastic_search_read_steps[3];
extern const struct step elastic_write_steps[3], elastic_write_update_steps[4];
extern const struct step elastic_primary_steps[3], elastic_primary_copy_steps[3];
extern const struct step elastic_segment_refresh_steps[1], elastic_segment_merge_steps[3];

// ---- elastic_request.c: from the coordinating node to the shards and back ---------------------

// The visit will wait; requests are added and sent, then the fan is closed. When all have answered,
// the visit wakes with the status of a failed one (OK: none), its `value` 0: none has failed, 1:
// some have, 2: all.
struct elastic_fan *elastic_request_fan(struct visit *visit, uint64_t bytes, bool writes);
void elastic_request_close(struct component *component, struct elastic_fan *fan);
struct elastic_request *elastic_request_add(struct elastic_fan *fan, enum elastic_kind kind,
                                            uint32_t shard);
void elastic_request_send(struct component *component, struct elastic_request *request);

uint64_t elastic_request_name(const struct elastic_request *request);
// NULL: its coordinating node has gone.
struct elastic_request *elastic_request_named(struct component *component, uint64_t name);
static inline struct elastic_request *elastic_request_of(const struct visit *visit)
{
    return elastic_request_named(visit->node->component, visit->request);
}
// Begins an internal operation for the request or write of that name; false: the node is not up.
bool elastic_request_begin(struct node *node, uint32_t operation, uint64_t name);
// From the shard's node.
void elastic_request_answer(struct node *from, uint64_t name, enum status status);

// The coordinating node has applied a cluster state: requests to nodes outside of it have failed,
// parked ones are tried again. Also once a second.
void elastic_request_refresh(struct node *node);
// Its connection to `other` has broken: what it asked there is tried elsewhere.
void elastic_request_reset(struct node *node, uint32_t other);
void elastic_request_crash(struct node *node);

// ---- elastic_rank.c: adaptive replica selection -----------------------------------------------

// The node of `among` that is expected to answer first, ELASTIC_NONE: the set is empty.
uint32_t elastic_rank_choose(struct node *from, uint32_t among);
void elastic_rank_sent(struct node *from, uint32_t to);
void elastic_rank_answered(struct node *from, const struct elastic_request *request, bool good);

// ---- elastic_search.c, elastic_write.c: limits of the heap -------------------------------------

bool elastic_search_breaks(const struct node *node, uint64_t bytes); // parent circuit breaker
bool elastic_write_presses(const struct node *node, uint64_t bytes); // indexing pressure
// The visit reads the document of its key at a copy, and waits for it.
enum outcome elastic_search_get(struct visit *visit);

// ---- elastic_primary.c: an operation at its primary and the other copies ----------------------

// The node's copy has the operation, durably if that is asked for.
void elastic_primary_copied(struct node *node, uint32_t number);
// The node has applied a state, or a second has passed: writes that wait are looked at again.
void elastic_primary_review(struct node *node);
void elastic_primary_crash(struct node *node);
// Another primary has come that lacks the operation.
void elastic_primary_drop(struct component *component, uint32_t number);

// ---- elastic_shard.c: sequence numbers, copies, promotion, recovery ---------------------------

void elastic_shard_begin(struct component *component);
void elastic_shard_end(struct component *component);
struct elastic_op *elastic_shard_append(struct component *component, uint32_t shard);
// NULL: nothing can take it back any more.
struct elastic_op *elastic_shard_op(struct component *component, uint32_t shard, uint64_t number);
// The node's copy takes the operation.
void elastic_shard_take(struct node *node, const struct elastic_write *write);
// Forgets operations that nothing can take back.
void elastic_shard_trim(struct component *component, uint32_t shard);
// The node's process has ended: its copies keep what its log has flushed.
void elastic_shard_crash(struct node *node);
// The node has applied a cluster state: copies begin to recover, primaries to serve.
void elastic_shard_apply(struct node *node);

// ---- elastic_segment.c: refresh, segments, merges, page cache ---------------------------------

// Bytes of one document and its vector on disk, and of its vector in the page cache.
uint64_t elastic_segment_document(const struct elastic_index *index);
uint64_t elastic_segment_vector(const struct elastic_index *index);

void elastic_segment_begin(struct node *node, uint32_t shard);
void elastic_segment_add(struct node *node, uint32_t shard, uint32_t documents);
// Seen by the searches from now on.
void elastic_segment_refresh(struct node *node, uint32_t shard);
uint32_t elastic_segment_count(const struct elastic_copy *copy);
// Vectors that one query compares in a shard's copy, and time to compare one.
double elastic_segment_visits(const struct component *component, const struct elastic_copy *copy);
double elastic_segment_distance(const struct elastic_configuration *configuration);
// Time to add one vector to a graph.
double elastic_segment_insertion(const struct elastic_configuration *configuration);
// Time that reading the vectors outside of the page cache takes; they are in it afterwards.
int64_t elastic_segment_read(struct node *node, double vectors);
// A copy is opened: what its vectors take to come into the page cache, where that is asked for.
int64_t elastic_segment_preload(struct node *node, uint32_t shard);

// ---- elastic_master.c: checks, elections, publication -----------------------------------------

void elastic_master_begin(struct component *component); // chooses who is eligible
void elastic_master_start(struct node *node);
void elastic_master_crash(struct node *node, bool dark);
// At the beginning of everything: the node follows that master, or is it.
void elastic_master_settle(struct node *node, uint32_t master);
bool elastic_master_leads(const struct node *node);
struct node *elastic_master_of(struct component *component); // NULL: none
// A node tells the master it follows that the shard's copy at `which` has failed, or has started.
void elastic_master_report(struct node *node, uint32_t shard, uint32_t which, bool started);
// Another node is gone from this one's sight.
void elastic_master_lost(struct node *node, uint32_t other);
// The node has heard from a master.
void elastic_master_follow(struct node *node, uint32_t leader);
// Something is to be told by the next cluster state.
void elastic_master_wake(struct node *master);

// ---- elastic_publish.c: cluster states to all nodes, in two phases ----------------------------

void elastic_publish_begin(struct node *master, const struct elastic_cluster *state);
// A node that is gone is not waited for any more; the state may fail by that.
void elastic_publish_forget(struct node *master, uint32_t node);

// ---- elastic_check.c --------------------------------------------------------------------------

// Checks `other` from now on, if it does not yet.
void elastic_check_begin(struct node *node, uint32_t other);
void elastic_check_end(struct elastic_check *check);

// ---- elastic_layout.c: the beginning ----------------------------------------------------------

void elastic_layout_begin(struct component *component); // once all nodes have started
double elastic_layout_demand(const struct component_design *component,
                             const struct operation *operation);

// ---- elastic_allocation.c: what a master makes of its tasks -----------------------------------

// The next cluster state into `state`; returns when a delayed allocation falls due, TIME_NEVER.
int64_t elastic_allocation_update(struct node *master, struct elastic_cluster *state);
// The node of `among` where a copy of the shard goes, ELASTIC_NONE: the set is empty.
uint32_t elastic_allocation_choose(const struct component *component,
                                   const struct elastic_cluster *state, uint32_t shard,
                                   uint32_t among);
