// mongodb - the parts of the MongoDB model: configuration, oplog, replication, elections, drivers.
#pragma once

#include "sim/engine/model.h"

enum { MONGODB_NONE = UINT32_MAX };
enum { MONGODB_MEMBERS = 7 }; // most voting members
enum { MONGODB_DEVICE_DISK, MONGODB_DEVICES };
enum { MONGODB_READ_TICKETS, MONGODB_WRITE_TICKETS, MONGODB_POOLS };
enum { MONGODB_STREAMS = 8 }; // most change streams
enum { MONGODB_MESSAGE = 300 }; // bytes of a heartbeat, a getMore or a report

static const uint64_t MONGODB_NOTHING = UINT64_MAX; // request and key of an entry without a write

enum mongodb_operation { MONGODB_READ, MONGODB_WRITE, MONGODB_TRANSACT, MONGODB_QUERY,
                         MONGODB_OPERATIONS };
enum mongodb_write_concern { MONGODB_W0, MONGODB_W1, MONGODB_MAJORITY };
enum mongodb_journal { MONGODB_JOURNAL_DEFAULT, MONGODB_JOURNAL_ON, MONGODB_JOURNAL_OFF };
enum mongodb_read_concern { MONGODB_LOCAL, MONGODB_READ_MAJORITY, MONGODB_LINEARIZABLE };
enum mongodb_preference { MONGODB_PRIMARY, MONGODB_SECONDARY, MONGODB_NEAREST };
enum mongodb_wait { MONGODB_WAIT_JOURNAL, MONGODB_WAIT_COMMIT, MONGODB_WAITS };

// ---- configuration ----------------------------------------------------------------------------

struct mongodb_election {
    int64_t timeout_ns, heartbeat_ns, silence_ns, catch_up_ns;
    double spread;
    struct field_list priorities; // of uint64_t
};

struct mongodb_driver {
    uint64_t pool, processes;
    int64_t selection_ns, threshold_ns, discovery_ns, silence_ns;
    bool retries;
};

struct mongodb_encryption {
    uint64_t fields, keys;
    struct distribution field, kms;
    int64_t lifetime_ns;
    struct call_design key_service;
};

struct mongodb_disk {
    uint64_t depth;
    struct distribution read, flush;
    double bandwidth, replay;
    int64_t interval_ns, checkpoint_ns;
};

struct mongodb_replication {
    struct distribution apply, rollback, copy;
    uint64_t appliers, batch, oplog;
};

struct mongodb_flow {
    bool enabled;
    int64_t lag_ns;
    double threshold;
};

struct mongodb_changes {
    uint64_t streams, batch;
    struct distribution work;
};

struct mongodb_configuration {
    uint64_t members;
    int write_concern, journal, read_concern, preference;
    int64_t wait_ns;
    struct distribution read, write, document, think;
    uint64_t documents, statements, record, answer;
    double hit;
    uint64_t cached;
    uint64_t read_tickets, write_tickets;
    struct mongodb_disk disk;
    struct mongodb_replication replication;
    struct mongodb_election election;
    struct mongodb_driver driver;
    struct mongodb_flow flow;
    struct mongodb_encryption encryption;
    struct mongodb_changes changes;
};

// ---- state ------------------------------------------------------------------------------------

struct mongodb_entry {
    uint64_t request, key; // MONGODB_NOTHING: a new primary's first entry, or a read's
    uint64_t identity;     // of the call: the same for every try of it
    int64_t time_ns;
    uint64_t position; // of its journal record, 0: not applied yet
    uint32_t term, bytes;
};

struct mongodb_oplog { // entries first ... first + count - 1, in a ring
    struct mongodb_entry *entries;
    uint64_t first;
    uint32_t head, count, room;
    uint32_t base_term; // of the entry before the first
    uint64_t bytes;
};

struct mongodb_waiter {
    uint64_t index;
    uint64_t ticket;
    int64_t until_ns;
};

struct mongodb_line {    // visits that wait
    struct ring waiters; // of struct mongodb_waiter, by ascending index and time
    uint64_t timer;
};

struct mongodb_tail { // a source's cursor for one that fetches from it
    bool open, asked; // asked: a getMore waits for entries
    uint32_t number;  // of the connection
    uint64_t sent;
};

struct mongodb_progress { // what a member knows of another
    uint32_t term;         // of the leader whose log it then shared
    uint64_t applied, durable;
    uint32_t last_term;
    uint64_t last;
    int64_t heard_ns;
};

struct mongodb_claim { // of a document, by a visit that changes it
    uint32_t generation, next;
    uint32_t visit;
    uint64_t request;
};

struct mongodb_streams {
    struct random_stream *cpu, *cache, *disk, *journal, *apply, *client;
};

struct mongodb_node {
    // on its disk, as far as it is durable
    struct mongodb_oplog oplog;
    struct versions versions;  // as applied
    struct versions committed; // as of the commit point, for read concern majority
    uint64_t applied, durable;
    uint64_t checkpoint;       // number of the latest, and the journal written up to it
    uint64_t checkpoint_bytes;
    uint64_t replay;           // journal that its next start reads
    // in its memory
    struct wal wal;
    struct election_member *election;
    bool running;   // its process answers the others
    bool serving;   // accepts writes
    bool catching;  // elected, looks for newer entries first
    bool watching;  // the journal will tell of its next flush
    bool applying, recovering;
    uint32_t life;  // of its replication: timers of an older one are stale
    uint64_t applying_to;
    uint64_t wanted; // index that somebody waits to be durable
    uint64_t commit; // commit point, as known
    uint64_t began;  // first index of its own term as primary
    uint32_t agreed; // term of the leader whose log its own continues
    uint32_t source; // from whom it fetches, MONGODB_NONE
    uint32_t number; // of its connection to the source
    int64_t fed_ns;  // latest batch
    uint64_t warm;   // documents read since its start
    uint32_t beats;  // heartbeat rounds; who answered the present one, whose entries do not fit
    uint32_t answers, refused;
    int64_t elected_ns, stood_ns;
    bool claimed;    // drivers take it for the primary
    bool looking;    // drivers that wait here will ask again
    struct mongodb_tail tails[MONGODB_MEMBERS];
    struct mongodb_progress progress[MONGODB_MEMBERS];
    struct mongodb_line waiting[MONGODB_WAITS];
    struct mongodb_line selecting, throttled;
    double limit, left; // writes a second that flow control lets in, 0: no limit; left now
    uint64_t sustained; // commit point at the last look
    struct map claims;
    struct slots claim_slots;
    struct pool **connections; // by 1 + number of the calling node; 0: clients
    struct mongodb_streams streams;
};

struct mongodb_acknowledgement {
    uint64_t index;
    uint32_t term;
};

struct mongodb_watch { // a change stream
    const struct consumer_design *consumer; // NULL: watched from outside
    struct component *to;
    uint64_t seen, token; // events counted as visible; resume token: all up to it were worked off
    uint64_t hand;        // events in hand
    uint64_t through;     // last entry in hand
    int64_t hand_ns;
    uint32_t number;      // of the cursor
    bool busy, pausing, due;
};

struct mongodb_state {
    struct election election;
    struct election_settings settings;
    uint32_t known;  // the newest member that drivers take for the primary, MONGODB_NONE
    uint32_t turn;
    double *distance; // mean latency by zone and member
    struct ring acknowledged; // of struct mongodb_acknowledgement: may still be lost
    struct map retried; // identities of calls that were sent again
    struct map done;    // those of them whose committed writes have left the oplog
    struct map indexed; // identity -> low bits of its index at `indexer`, up to `indexed_to`
    uint32_t indexer;
    uint32_t indexed_term;
    uint64_t indexed_to;
    struct keyed key_cache; // data keys by client
    struct mongodb_watch watches[MONGODB_STREAMS];
    uint32_t watch_count;
    struct histogram outage; // times without primary
    int64_t silent_ns;       // since when there is no primary, TIME_NEVER: there is one
    int64_t served_ns;       // since when the latest primary accepts writes
    struct histogram lag;    // of the commit point
    struct histogram change_lag; // of change streams watched from outside, by event
    uint64_t acknowledgements, lost, failovers, stepdowns, rollbacks, rolled_back, conflicts;
    uint64_t throttled, retries, found_again, resyncs, history_lost, key_fetches;
    uint64_t mismatches, undone_commits, stray_commits;
};

// ---- access -----------------------------------------------------------------------------------

static inline const struct mongodb_configuration *
mongodb_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct mongodb_state *mongodb_state(const struct component *component)
{
    return component->state;
}

static inline struct mongodb_node *mongodb_node(const struct node *node)
{
    return node->state;
}

// Whether a write waits for the journals of those who must have it.
static inline bool mongodb_journals(const struct mongodb_configuration *configuration)
{
    return configuration->journal == MONGODB_JOURNAL_ON ||
           (configuration->journal == MONGODB_JOURNAL_DEFAULT &&
            configuration->write_concern == MONGODB_MAJORITY);
}

// Whether the commit point counts what is durable (writeConcernMajorityJournalDefault).
static inline bool mongodb_commits_durable(const struct mongodb_configuration *configuration)
{
    return configuration->write_concern != MONGODB_MAJORITY ||
           configuration->journal != MONGODB_JOURNAL_OFF;
}

// ---- mongodb_fields.c, mongodb_layout.c, mongodb_metrics.c, mongodb_steps.c -------------------

extern const struct field mongodb_fields[];
extern const struct model_metric mongodb_metrics[];
extern const struct operation mongodb_operations[MONGODB_OPERATIONS];

void mongodb_layout_prepare(struct model_preparation *preparation);

// ---- mongodb_oplog.c: the log of a member -----------------------------------------------------

uint64_t mongodb_oplog_last(const struct mongodb_oplog *oplog);
struct mongodb_entry *mongodb_oplog_at(const struct mongodb_oplog *oplog, uint64_t index);
// The term of the entry; 0 before the beginning, UINT32_MAX where it is not kept.
uint32_t mongodb_oplog_term(const struct mongodb_oplog *oplog, uint64_t index);
void mongodb_oplog_add(struct node *node, const struct mongodb_entry *entry);
// Forgets everything behind `index`.
void mongodb_oplog_cut(struct mongodb_oplog *oplog, uint64_t index);
// Empty, as if all up to `index` had been there (initial sync).
void mongodb_oplog_reset(struct mongodb_oplog *oplog, uint64_t index, uint32_t term);
void mongodb_oplog_release(struct mongodb_oplog *oplog);
// The primary writes an entry (request, key, identity and bytes are given): its index.
uint64_t mongodb_oplog_write(struct node *primary, struct mongodb_entry entry);
// One without a write.
uint64_t mongodb_oplog_write_nothing(struct node *primary);
// Entries up to `index` are applied and in the journal's buffer.
void mongodb_oplog_apply(struct node *node, uint64_t index);
// Notes the checkpoints that have been made by now.
void mongodb_oplog_checkpoint(struct node *node);
// The journal is flushed as soon as it can be, for `index`.
void mongodb_oplog_flush(struct node *node, uint64_t index);
// Where the primary has the write of that call, 0: nowhere.
uint64_t mongodb_oplog_find(struct node *primary, uint64_t identity);

// ---- mongodb_line.c: visits that wait ---------------------------------------------------------

void mongodb_line_add(struct mongodb_line *line, struct mongodb_waiter waiter);
struct mongodb_waiter *mongodb_line_first(const struct mongodb_line *line);
void mongodb_line_drop(struct mongodb_line *line);
void mongodb_line_clear(struct mongodb_line *line); // timers have died with their node
void mongodb_line_release(struct mongodb_line *line);
// Wakes those that wait for at most `index`, with that status.
void mongodb_line_wake(struct world *world, struct mongodb_line *line, uint64_t index,
                       enum status status);

// ---- mongodb_sync.c: fetching, applying, reporting, rollback ----------------------------------

// The member fetches from `source` from now on.
void mongodb_sync_from(struct node *node, uint32_t source);
void mongodb_sync_stop(struct node *node);
// The source has new entries for those that tail it.
void mongodb_sync_feed(struct node *source);
void mongodb_sync_report(struct node *node);
// Every heartbeat: a tail that has fallen silent is begun anew.
void mongodb_sync_watch(struct node *node);

// ---- mongodb_commit.c: commit point, waits, acknowledgements, flow control --------------------

// Something became durable or applied: the primary's commit point and waiters move on.
void mongodb_commit_note(struct node *node);
// The node has learned of a commit point.
void mongodb_commit_learn(struct node *node, uint64_t commit);
enum outcome mongodb_commit_wait(struct visit *visit, uint64_t index, enum mongodb_wait kind);
void mongodb_commit_acknowledge(struct node *primary, uint64_t index);
// Everyone who waits here is interrupted: it is primary no more.
void mongodb_commit_interrupt(struct node *node);
void mongodb_commit_crash(struct node *node);
enum outcome mongodb_commit_throttle(struct visit *visit);
void mongodb_commit_pace(struct node *primary); // flow control's look, every second
void mongodb_commit_end(struct component *component);

// ---- mongodb_member.c: heartbeats, elections, catch-up, crash and start -----------------------

void mongodb_member_begin(struct component *component);
bool mongodb_member_start(struct node *node);
void mongodb_member_crash(struct node *node);
// A source has nothing more for the one that catches up, or a batch has been applied.
void mongodb_member_advance(struct node *node);
struct node *mongodb_member_primary(struct component *component);

// ---- mongodb_driver.c: server selection, connections, encryption ------------------------------

void mongodb_driver_begin(struct component *component);
void mongodb_driver_start(struct node *node);
void mongodb_driver_crash(struct node *node);
void mongodb_driver_end(struct node *node);
struct node *mongodb_driver_route(struct component *component, const struct call *call,
                                  uint64_t key);
// The primary that the member has become, or is no more, is known to drivers (soon).
void mongodb_driver_announce(struct node *node);
void mongodb_driver_renounce(struct node *node, int64_t delay_ns);
// Goes on at a server that may answer the visit: here, there, or after a wait.
enum outcome mongodb_driver_select(struct visit *visit, bool writes);
enum outcome mongodb_driver_connect(struct visit *visit);
void mongodb_driver_disconnect(struct visit *visit);
// The server has refused in the middle: true if the driver tries once more.
bool mongodb_driver_retries(struct visit *visit, uint64_t identity);
enum outcome mongodb_driver_find_key(struct visit *visit);
enum outcome mongodb_driver_encrypt(struct visit *visit);

// ---- mongodb_stream.c: change streams ---------------------------------------------------------

void mongodb_stream_attach(struct component *component, const struct consumer_design *consumer,
                           struct component *to);
bool mongodb_stream_has(const struct component_design *component, const char *topic);
// Opens the streams that are watched from outside.
void mongodb_stream_begin(struct component *component);
void mongodb_stream_end(struct component *component);
// The commit point of the primary has moved, or there is a new primary.
void mongodb_stream_pump(struct node *primary);
void mongodb_stream_reset(struct component *component);
