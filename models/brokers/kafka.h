// kafka - the parts of the Kafka model: configuration, partitions, replication, batches, groups.
#pragma once

#include "sim/engine/model.h"

enum { KAFKA_REPLICAS = 8, KAFKA_GROUPS = 8 }; // most replicas of a partition, groups in all
enum kafka_acks { KAFKA_ACKS_NONE, KAFKA_ACKS_LEADER, KAFKA_ACKS_ALL };
enum kafka_rebalance { KAFKA_EAGER, KAFKA_COOPERATIVE };

struct kafka_topic {
    uint64_t partitions;
    uint64_t replication;
    uint64_t min_insync;
    uint64_t record; // bytes of a record whose publish says none
};

struct kafka_producer {
    int acks;
    int64_t linger_ns;
    uint64_t batch;
    int64_t delivery_ns;
};

struct kafka_group_setting {
    int64_t session_ns;
    int64_t rebalance_ns;
    int64_t retry_ns;
    int protocol;
};

struct kafka_configuration {
    uint64_t brokers;
    struct field_map topics; // of struct kafka_topic
    struct kafka_producer producer;
    struct kafka_group_setting consumer;
    uint64_t io_threads;
    struct distribution request; // processor time of one produce request or fetch answer
    struct distribution append;  // validate and append one batch to the page cache
    double copy;                 // bytes/s that one thread checks and copies
    struct distribution controller;
    int64_t heartbeat_ns, session_ns, lag_ns;
    int64_t flush_ns; // the operating system writes dirty pages back after
    bool unclean;
};

extern const struct field kafka_fields[];

struct kafka_waiter { // a produce request in purgatory
    uint64_t end;
    uint64_t ticket;
};

struct kafka_reader {  // a consumer group's place in a partition
    uint64_t position; // next offset to hand over
    uint64_t seen;     // high watermark already counted into the backlog
    uint64_t hand;     // records in hand
    int64_t hand_ns;   // append time of the oldest of them
    uint32_t member;   // replica of the consumer that owns the partition
    bool busy;         // a batch is in hand
    bool pausing;      // waits before it tries again, or for a fuller batch
    bool due;          // has waited long enough for a fuller batch
};

struct kafka_partition {
    uint32_t number, topic;
    uint32_t replica_count;
    uint32_t replicas[KAFKA_REPLICAS]; // brokers in assignment order
    uint64_t ends[KAFKA_REPLICAS];     // log end offset of each
    int64_t caught_up_ns[KAFKA_REPLICAS];
    uint32_t insync; // bit set over `replicas`
    uint32_t leader; // index into `replicas`, KAFKA_NO_LEADER
    uint32_t epoch;
    uint64_t watermark;     // records below are committed
    uint64_t acknowledged;  // highest offset that a producer was told is safe
    struct offsets log;     // runs are kept while some group has not yet worked them off
    struct kafka_waiter *waiters; // ring, by ascending end
    uint32_t waiter_first, waiter_count, waiter_room;
    struct kafka_reader *readers; // one a group
    uint64_t *orphans;            // visits that wait for a leader
    uint32_t orphan_count, orphan_room;
    bool dirty[KAFKA_REPLICAS]; // stands on the list of that follower's link
};
enum { KAFKA_NO_LEADER = UINT32_MAX };

// What one broker fetches from another: one fetch at a time, parked while there is nothing new.
struct kafka_link {
    bool begun; // the follower's fetch is with the leader
    bool parked;
    uint32_t fetches, fetches_seen; // a fetch lost on the way is noticed by their standing still
    uint32_t *dirty;                // partitions with records that the follower has not fetched
    uint32_t dirty_count, dirty_room;
    uint32_t *carried; // partitions in the present answer, and up to where
    uint64_t *carried_end;
    uint32_t carried_count, carried_room;
    uint64_t carried_bytes;
};

struct kafka_batch { // records that one producer gathers for one partition
    uint32_t generation;
    uint32_t number;
    uint32_t partition;
    uint32_t producer;
    uint64_t carrier; // ticket of the visit that stands for it
    uint32_t next;    // first of the other visits, linked through visit->place
    uint64_t records, bytes;
    uint64_t timer;
    bool sent;
};

struct kafka_group {
    const struct consumer_design *consumer;
    struct component *to;
    uint32_t topic;
    uint32_t *in_hand; // batches, by member
    bool *starved;     // members whose other partitions wait for a free hand
    int64_t *gone_ns;  // when each member was found gone, 0: it is there
    uint32_t rebalances;
};

struct kafka_state { // of the component
    struct component *component;
    uint32_t partition_count;
    uint32_t *topic_first; // first partition of each topic
    struct kafka_partition *partitions;
    struct kafka_link *links; // leader x follower
    uint32_t group_count;
    struct kafka_group *groups;
    struct slots batches;
    uint32_t *open_batches; // (1 + producer node) x partition
    bool *fenced;           // by broker, the controller's view
    struct random_stream *append, *request, *control;
    uint64_t records, sent_batches, elections, shrinks, expansions, lost, truncated, refused;
    uint64_t min_insync_misses;
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

static inline struct node *kafka_leader(struct component *component,
                                        const struct kafka_partition *partition)
{
    return partition->leader == KAFKA_NO_LEADER
               ? NULL
               : &component->nodes[partition->replicas[partition->leader]];
}

// ---- kafka_log.c: partitions
// ----------------------------------------------------------------------

void kafka_log_begin(struct component *component);
void kafka_log_end(struct component *component);

// Appends at the leader; returns the offset behind the records.
uint64_t kafka_log_append(struct component *component, struct kafka_partition *partition,
                          uint64_t records, const struct offsets_run *run);

// The visit waits until the watermark has reached `end`.
void kafka_log_park(struct kafka_partition *partition, uint64_t end, uint64_t ticket);

// Moves the watermark to the smallest end of the in-sync replicas; wakes whom that satisfies and
// tells the groups.
void kafka_log_advance(struct component *component, struct kafka_partition *partition);

// The waiting producers are told that nobody knows (leadership lost, too few replicas left).
void kafka_log_fail_waiters(struct component *component, struct kafka_partition *partition,
                            enum status status);

// Drops runs that every group has worked off.
void kafka_log_trim(struct component *component, struct kafka_partition *partition);

uint32_t kafka_log_slot(const struct kafka_partition *partition,
                        uint32_t broker); // UINT32_MAX: none

// ---- kafka_replica.c: followers, in-sync sets, elections
// ------------------------------------------

void kafka_replica_begin(struct node *broker);
void kafka_replica_note(struct component *component, struct kafka_partition *partition);
void kafka_replica_crash(struct node *broker);
void kafka_replica_elect(struct component *component, struct kafka_partition *partition);

// ---- kafka_group.c: consumers
// ---------------------------------------------------------------------

// The leader has changed: batches in hand of the old one will be handed over again.
void kafka_group_reset(struct component *component, struct kafka_partition *partition);
void kafka_group_attach(struct component *component, const struct consumer_design *consumer,
                        struct component *to);
// Hands over what is visible and not in hand.
void kafka_group_pump(struct component *component, struct kafka_partition *partition);
