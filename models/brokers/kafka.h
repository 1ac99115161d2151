// kafka - the parts of the Kafka model: configuration, partitions, replication, controller, groups.
#pragma once

#include "models/brokers/offsets.h"
#include "sim/engine/model.h"

enum { KAFKA_REPLICAS = 8, KAFKA_GROUPS = 32 }; // most replicas of a partition, groups in all
enum { KAFKA_NO_LEADER = UINT32_MAX };
enum kafka_acks { KAFKA_ACKS_NONE, KAFKA_ACKS_LEADER, KAFKA_ACKS_ALL };
enum kafka_rebalance { KAFKA_EAGER, KAFKA_COOPERATIVE };
enum kafka_reset { KAFKA_LATEST, KAFKA_EARLIEST };
enum { KAFKA_MARKER = 1, KAFKA_ABORTED = 2, KAFKA_TAG_BITS = 2 }; // tags of runs
enum kafka_isolation { KAFKA_UNCOMMITTED, KAFKA_COMMITTED };

struct kafka_topic {
    uint64_t partitions;
    uint64_t replication;
    uint64_t min_insync;
    uint64_t record; // bytes of a record whose publish says none
    int64_t retention_ns;
    uint64_t retention_bytes; // of a partition, 0: no bound
    uint64_t schemas;         // that its records are written in, 0: none are looked up
};

struct kafka_producer {
    int acks;
    int64_t linger_ns;
    uint64_t batch;
    int64_t delivery_ns;
    int64_t request_ns;
    bool idempotent;
    int64_t transaction_ns;
};

struct kafka_group_setting {
    int64_t session_ns;
    int64_t heartbeat_ns;
    int64_t rebalance_ns;
    int64_t retry_ns;
    int64_t commit_ns;
    int protocol;
    int reset;
    int isolation;
};

struct kafka_quorum {
    uint64_t controllers;
    bool dedicated;
    int64_t fetch_ns, election_ns, idle_ns;
    struct distribution flush;
};

struct kafka_quota {
    double produce, consume; // bytes/s of a client at a broker, 0: unlimited
    double request;          // share of one thread, 0: unlimited
    int64_t window_ns;
};

struct kafka_registry {
    uint64_t nodes; // behind the brokers and controllers
    struct distribution lookup;
    uint64_t cache; // schemas that a client remembers of a topic
};

struct kafka_transactions {
    const char *topic; // that they write to, NULL: there are none
    uint64_t spread;   // partitions that one writes to
    uint64_t logs;     // partitions of their state
};

struct kafka_disk {
    double bandwidth; // bytes/s of write-back, 0: unlimited
    uint64_t dirty;   // bytes that may wait for it before writers do
    int64_t flush_ns; // the operating system writes dirty pages back after
};

struct kafka_configuration {
    uint64_t brokers;
    struct field_map topics; // of struct kafka_topic
    struct kafka_producer producer;
    struct kafka_group_setting consumer;
    struct kafka_quorum quorum;
    struct kafka_quota quota;
    struct kafka_registry registry;
    struct kafka_transactions transaction;
    uint64_t io_threads;
    struct distribution request; // processor time of one produce request or fetch answer
    struct distribution append;  // validate and append one batch to the page cache
    double copy;                 // bytes/s that one thread checks and copies
    struct distribution controller;
    int64_t heartbeat_ns, session_ns, lag_ns;
    struct kafka_disk disk;
    uint64_t segment;
    double recovery; // bytes/s that a start reads of segments that were not closed
    int64_t retention_check_ns, balance_ns;
    bool unclean;
};

extern const struct field kafka_fields[];

struct kafka_waiter { // a produce request in purgatory
    uint64_t end;
    uint64_t ticket;
    int64_t since_ns;
    uint64_t records;
};

struct kafka_reader {    // a consumer group's place in a partition
    uint64_t position;   // next offset to hand over
    uint64_t committed;  // offset from which another member would go on
    uint64_t seen;       // offset already counted into the backlog
    uint64_t handed;     // offset behind all that was ever handed over
    uint64_t hand;       // records in hand
    int64_t hand_ns;     // append time of the oldest of them
    int64_t commit_ns;   // of the latest commit
    int64_t quiet_ns;    // until its quota is even again
    uint32_t member;     // replica of the consumer that owns the partition
    uint16_t generation; // of its hand: an answer to an earlier one is not listened to
    bool busy;           // a batch is in hand
    bool pausing;        // waits before it tries again, or for a fuller batch
    bool due;            // has waited long enough for a fuller batch
};

// One replica of a partition. Its log is the partition's up to `end`; a leader that was deposed
// without knowing it, or died with records that nobody else has, has a `tail` of its own beyond.
struct kafka_copy {
    uint32_t broker;
    bool dirty;   // stands on the list of its link
    bool deposed; // takes itself for the leader still
    uint64_t end;
    int64_t caught_up_ns;
    uint64_t tail;
    uint64_t tail_told;    // of them acknowledged
    uint64_t tail_counted; // of them counted as lost
};

struct kafka_partition {
    uint32_t number, topic;
    uint32_t copy_count;
    uint32_t insync;  // bit set over `copies`: the committed in-sync set
    uint32_t joining; // asked of the controller: counts for the watermark already
    uint32_t leaving; // asked of the controller: counts still
    uint32_t leader;  // index into `copies`, KAFKA_NO_LEADER
    uint32_t epoch;
    struct kafka_copy copies[KAFKA_REPLICAS]; // in assignment order
    uint64_t watermark;                       // records below are committed
    uint64_t epoch_begin;                     // end of the log when its leader was elected
    uint64_t told;                            // highest offset that a producer was told is safe
    int64_t leaderless_ns;        // since when nobody leads it, TIME_NEVER: somebody does
    struct offsets log;           // of the present leader
    struct ring waiters;          // of struct kafka_waiter, by ascending end
    bool expiring;                // the timer of the purgatory runs
    struct kafka_reader *readers; // one a group
    uint64_t *orphans;            // visits that wait for a leader
    uint32_t orphan_count, orphan_room;
    struct kafka_open *open; // transactions that have records here and are not decided
    uint32_t open_count, open_room;
};

struct kafka_open {
    uint64_t transaction;
    uint64_t first; // offset of its first record
};

// What one broker fetches from another: one fetch at a time, parked while there is nothing new.
struct kafka_link {
    bool parked;
    bool begun; // the first fetch of the conversation has come
    bool lost;  // the network has swallowed the latest message
    int64_t parked_ns;
    int64_t answered_ns; // when the leader read what the present answer carries
    uint32_t generation; // of the conversation: what belongs to an earlier one is dropped
    uint32_t *dirty;     // partitions with records that the follower has not fetched
    uint32_t dirty_count, dirty_room;
    uint32_t *carried; // partitions in the present answer, and up to where
    uint64_t *carried_end;
    uint32_t *carried_epoch;
    uint32_t carried_count, carried_room;
    uint64_t carried_bytes;
};

struct kafka_batch { // records that one producer gathers for one partition
    uint32_t generation;
    uint32_t number;
    uint32_t partition;
    uint32_t producer;
    uint32_t broker;
    uint32_t next;    // first of the other visits, linked through visit->place
    uint64_t carrier; // ticket of the visit that stands for it
    uint64_t records, bytes;
    bool sent, told, appended;
};

struct kafka_group {
    const struct consumer_design *consumer;
    struct component *to;
    uint32_t topic;
    uint32_t *in_hand; // batches, by member
    bool *starved;     // members whose other partitions wait for a free hand
    bool *gone;        // members that were given up
    int64_t *seen_ns;  // when each member was last known to live
    uint32_t rebalances;
};

struct kafka_change { // of an in-sync set, on its way to the controller
    uint32_t partition, epoch;
    uint8_t slot;
    bool joins;
};

struct kafka_broker { // what the controller knows of a broker, and what it asks of the controller
    bool fenced, fencing, joining; // the latter two: decided, not yet committed
    uint32_t incarnation;          // epoch of the process that is registered
    int64_t heard_ns;
    int64_t clean_ns; // when its disk has written back all that is dirty now
    struct kafka_change *changes;
    uint32_t change_count, change_room;
    uint32_t asked; // of them are with the controller
    uint32_t ask;   // number of the present request
};

struct kafka_node {
    struct wal wal; // of the metadata log, on controllers
};

struct kafka_state { // of the component
    struct component *component;
    uint32_t broker_count, partition_count;
    uint32_t *topic_first; // first partition of each topic
    struct kafka_partition *partitions;
    struct kafka_link *links; // leader x follower
    struct kafka_broker *brokers;
    uint32_t group_count;
    struct kafka_group *groups;
    struct slots batches;
    uint32_t *open_batches; // (1 + producer node) x partition
    uint32_t producers;
    struct raft raft; // of the controllers
    struct raft_settings raft_settings;
    uint64_t decided; // index of the metadata log up to which decisions were carried out
    struct slots transactions;
    uint64_t transaction_count; // begun so far
    struct map schemas;         // (client, topic, schema) that the client has looked up
    int64_t *throttle_ns;       // (1 + client component) x broker: when the quota is even again
    struct random_stream *append, *request, *control, *lookup;
    uint64_t records, sent_batches, acknowledged, elections, unclean_elections;
    uint64_t shrinks, expansions, fencings, lost, truncated;
    uint64_t laggards, blackouts; // replicas that lagged out of a set, brokers that lost power
    uint64_t min_insync_misses, timed_out, duplicates, repeated, expired, looked_up, throttled;
    uint64_t committed, aborted; // transactions
    int64_t throttle_total_ns, unavailable_ns;
    int64_t
        controllerless_ns; // since when nobody is the active controller, TIME_NEVER: somebody is
    int64_t undecided_ns;  // longest such time
};

static inline const struct kafka_configuration *
kafka_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct kafka_state *kafka_state(const struct component *component)
{
    return component->state;
}

static inline const struct kafka_topic *kafka_topic(const struct component *component,
                                                    uint32_t topic)
{
    return (const struct kafka_topic *)kafka_configuration(component)->topics.items + topic;
}

static inline bool kafka_is_alive(const struct node *broker)
{
    return broker->life == NODE_UP || broker->life == NODE_STARTING;
}

// The leader that the controller has chosen; NULL: none.
static inline struct node *kafka_leader(struct component *component,
                                        const struct kafka_partition *partition)
{
    return partition->leader == KAFKA_NO_LEADER
               ? NULL
               : &component->nodes[partition->copies[partition->leader].broker];
}

// Its process is the one that the controller has registered: before that it serves nobody.
static inline bool kafka_is_registered(const struct node *broker)
{
    return kafka_state(broker->component)->brokers[broker->replica].incarnation == broker->epoch;
}

// The leader, if it serves: its process runs and is the one that is registered.
static inline struct node *kafka_server(struct component *component,
                                        const struct kafka_partition *partition)
{
    struct node *leader = kafka_leader(component, partition);
    const bool serves = leader != NULL && leader->life == NODE_UP && kafka_is_registered(leader);
    return serves ? leader : NULL;
}

static inline bool kafka_is_broker(const struct node *node)
{
    return node->replica < kafka_state(node->component)->broker_count;
}

// ---- kafka_log.c: partitions --------------------------------------------------------------------

void kafka_log_begin(struct component *component);
void kafka_log_end(struct component *component);

// Appends at the leader; returns the offset behind the records.
uint64_t kafka_log_append(struct component *component, struct kafka_partition *partition,
                          uint64_t records, const struct offsets_run *run);

// The visit waits until the watermark has reached `waiter->end`.
void kafka_log_park(struct component *component, struct kafka_partition *partition,
                    const struct kafka_waiter *waiter);

// The broker writes so many bytes to its page cache; how long it waits for its disk first.
int64_t kafka_log_write(struct component *component, uint32_t broker, uint64_t bytes);

// Producers were told that the records up to `end` are safe.
void kafka_log_tell(struct component *component, struct kafka_partition *partition, uint64_t end,
                    uint64_t records);

// Moves the watermark to the smallest end of the in-sync replicas; wakes whom that satisfies and
// tells the groups.
void kafka_log_advance(struct component *component, struct kafka_partition *partition);

// The waiting producers are told that nobody knows (leadership lost, too few replicas left).
void kafka_log_fail_waiters(struct component *component, struct kafka_partition *partition,
                            enum status status);

// Forgets runs that every group has worked off.
void kafka_log_trim(struct component *component, struct kafka_partition *partition);

// Deletes closed segments that are too old or too many.
void kafka_log_retain(struct component *component, struct kafka_partition *partition);

uint32_t kafka_log_slot(const struct kafka_partition *partition,
                        uint32_t broker); // UINT32_MAX: none

// ---- kafka_fetch.c: followers -------------------------------------------------------------------

// There is something new at the leader: who waits for it is answered.
void kafka_fetch_note(struct component *component, struct kafka_partition *partition);
// The follower of that slot has something to fetch, if it is behind.
void kafka_fetch_wake(struct component *component, struct kafka_partition *partition,
                      uint32_t slot);
// The conversation between the two begins anew, with a fetch that carries nothing.
void kafka_fetch_begin(struct component *component, uint32_t leader, uint32_t follower);
void kafka_fetch_settle(struct component *component, uint32_t leader, uint32_t follower);
void kafka_fetch_crash(struct node *broker);
void kafka_fetch_start(struct node *follower);

// ---- kafka_replica.c: in-sync sets, elections, truncation ---------------------------------------

void kafka_replica_begin(struct node *broker);
void kafka_replica_crash(struct node *broker);
// A follower outside the in-sync set may have caught up: asks the controller.
void kafka_replica_caught_up(struct component *component, struct kafka_partition *partition,
                             uint32_t slot);
// The controller has committed a change.
void kafka_replica_change(struct component *component, const struct kafka_change *change);
void kafka_replica_elect(struct component *component, struct kafka_partition *partition);
void kafka_replica_fence(struct component *component, uint32_t broker);
void kafka_replica_join(struct component *component, uint32_t broker);
// The broker learns that others lead what it thinks it leads.
void kafka_replica_resign(struct node *broker);
// A leader that was deposed and does not know appends to a tail of its own.
void kafka_replica_stray(struct component *component, struct kafka_partition *partition,
                         uint32_t slot, uint64_t records, bool told);

// ---- kafka_controller.c: the KRaft quorum -------------------------------------------------------

void kafka_controller_prepare(struct model_preparation *preparation);
void kafka_controller_begin(struct component *component);
void kafka_controller_start(struct node *node);
void kafka_controller_crash(struct node *node);
void kafka_controller_end(struct component *component);
// Registers the broker, and again every heartbeat from then on.
void kafka_controller_beat(struct node *broker, uint64_t word);
// Asks the controller for a change of an in-sync set.
void kafka_controller_ask(struct node *broker, const struct kafka_change *change);

// ---- kafka_produce.c: what producers do ---------------------------------------------------------

extern const struct operation kafka_operations[];
enum { KAFKA_PUBLISH, KAFKA_TRANSACT, KAFKA_PART, KAFKA_FINISH, KAFKA_OPERATIONS };
// The visit goes on at the partition's leader, or waits here until there is one.
enum outcome kafka_produce_go(struct visit *visit, struct kafka_partition *partition);
void kafka_produce_crash(struct node *broker);
// Mean processor seconds of a produce request.
double kafka_produce_work(const struct kafka_configuration *configuration, uint64_t bytes);
uint32_t kafka_produce_partition(const struct component *component, const char *topic_name,
                                 uint64_t key); // UINT32_MAX: no such topic

// ---- kafka_transaction.c: transactions
// ------------------------------------------------------------

enum { KAFKA_TRANSACT_STEPS = 8, KAFKA_PART_STEPS = 3, KAFKA_FINISH_STEPS = 4 };
extern const struct step kafka_transact_steps[KAFKA_TRANSACT_STEPS];
extern const struct step kafka_part_steps[KAFKA_PART_STEPS];
extern const struct step kafka_finish_steps[KAFKA_FINISH_STEPS];
void kafka_transaction_prepare(struct model_preparation *preparation);
void kafka_transaction_begin(struct component *component);
void kafka_transaction_start(struct node *broker);
// The partition that keeps the state of the transactions of a key.
uint32_t kafka_transaction_home(const struct component *component, uint64_t key);
// The partition's log has been cut off: what was open behind it is not.
void kafka_transaction_cut(struct kafka_partition *partition);
// The partition has another leader: a coordinator, if it keeps the state of transactions.
void kafka_transaction_recover(struct component *component,
                               const struct kafka_partition *partition);

// ---- kafka_client.c: quotas and schemas ---------------------------------------------------------

// How long the answer to a client's request of so many bytes and so much work is held back.
int64_t kafka_client_throttle(struct component *component, uint32_t broker,
                              const struct node *client, const uint64_t bytes[2], int64_t work_ns);
// How long the client looks for the schema of what it writes or reads; 0: it knows it, -1: nobody
// answers.
int64_t kafka_client_lookup(struct component *component, const struct node *client, uint32_t topic,
                            uint64_t key);

// ---- kafka_group.c: consumers -------------------------------------------------------------------

// The leader has changed: batches in hand of the old one will be handed over again.
void kafka_group_reset(struct component *component, struct kafka_partition *partition);
void kafka_group_attach(struct component *component, const struct consumer_design *consumer,
                        struct component *to);
// Hands over what is visible and not in hand.
void kafka_group_pump(struct component *component, struct kafka_partition *partition);
// Records before the log's beginning are gone: who had not read them goes on behind.
void kafka_group_expire(struct component *component, struct kafka_partition *partition);
// The partition's hand is dropped and its position goes back to what is committed: it moves.
void kafka_group_revoke(struct component *component, struct kafka_partition *partition,
                        uint32_t group);
void kafka_group_pause(struct component *component, struct kafka_partition *partition,
                       uint32_t group, int64_t delay_ns);

// ---- kafka_assign.c: membership of groups -------------------------------------------------------

void kafka_assign_begin(struct component *component, uint32_t group);
void kafka_assign_check(struct component *component, uint32_t group);
