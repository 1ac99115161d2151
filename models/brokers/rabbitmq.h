// rabbitmq - the parts of the RabbitMQ model: configuration, queues of three types, alarms, flow.
#pragma once

#include "sim/engine/model.h"

enum { RABBITMQ_NODES = 32, RABBITMQ_CONSUMERS = 64 };
enum rabbitmq_type { RABBITMQ_QUORUM, RABBITMQ_CLASSIC, RABBITMQ_MIRRORED };
enum rabbitmq_promotion { RABBITMQ_ALWAYS, RABBITMQ_WHEN_SYNCED };
enum rabbitmq_sync { RABBITMQ_MANUAL, RABBITMQ_AUTOMATIC };
enum rabbitmq_alarm { RABBITMQ_MEMORY_ALARM = 1, RABBITMQ_DISK_ALARM = 2 };

struct rabbitmq_queue_setting {
    int type;
    uint64_t members;
    uint64_t record;
    bool confirms, persistent;
    uint64_t prefetch;
    uint64_t delivery_limit;
    const char *dead_letter;
    int64_t consumer_timeout_ns;
    int promotion;
    int sync;
};

struct rabbitmq_configuration {
    uint64_t nodes;
    struct field_map queues; // of struct rabbitmq_queue_setting
    struct distribution channel;
    struct distribution handle, classic_handle;
    struct distribution flush;
    double wal_bandwidth;
    double recovery; // bytes/s
    uint64_t window, credit;
    int64_t requeue_ns, client_heartbeat_ns;
    struct distribution election;
    int64_t poll_ns, tick_ns, net_tick_ns;
    struct distribution promotion;
    double watermark;
    uint64_t base_memory, message_memory, classic_memory, resident;
    int64_t memory_check_ns, disk_check_ns;
    uint64_t disk, disk_free_limit;
};

extern const struct field rabbitmq_fields[];
extern const struct model_metric rabbitmq_metrics[];

struct rabbitmq_waiter { // a publish whose message goes round the mirrors
    uint64_t sequence;
    uint64_t ticket;
};

struct rabbitmq_mirror { // a replica of a mirrored queue, by node
    bool in;             // belongs to the ring
    uint64_t from, have; // holds what was published at [from, have]
    uint32_t age;        // in the order of joining
};

struct rabbitmq_queue {
    struct component *component;
    uint32_t number;
    uint32_t home; // node of its first replica
    struct node *server; // serves now, NULL: nobody
    struct backlog backlog;
    struct backlog_settings settings;
    int64_t leaderless_ns, longest_ns; // since when nobody serves (TIME_NEVER: somebody does)
    uint64_t acknowledged, lost, dead_lettered, dead_dropped;
    uint64_t unhandled; // told OK without confirms, not yet with the queue's process
    // quorum
    struct raft raft;
    uint64_t applied;  // highest index that the queue's state holds
    uint64_t led_from; // first entry of the present leader
    struct promises promises[ELECTION_MEMBERS]; // told OK without confirms, by member
    bool watching[ELECTION_MEMBERS];            // a timer of the member runs, to stand
    uint32_t started;
    // classic and mirrored
    uint64_t next;      // sequence given last
    uint64_t flushed;   // sequences up to it are durable at the leader
    uint64_t confirmed; // highest sequence whose publisher was told OK
    uint64_t circled;   // sequences up to it are with all mirrors
    uint32_t reign;     // leaders so far: parcels of an earlier one say nothing
    uint32_t ages, last; // ages given; node that led last
    bool syncing;
    bool darkened;       // the one that led last lost its host's power
    struct rabbitmq_mirror mirrors[RABBITMQ_NODES];
    struct ring waiters; // of struct rabbitmq_waiter, by ascending sequence
};

struct rabbitmq_state { // of the component
    struct component *component;
    struct rabbitmq_queue *queues;
    uint32_t queue_count;
    struct raft_settings raft;
    struct wal *wals; // one a node
    struct random_stream *channel, *handle, *election;
    uint32_t *silent;  // polls in a row in which node i did not hear node j
    uint32_t *alarms;  // by node, bit set
    uint32_t alarmed;  // nodes with an alarm
    uint64_t *blocked; // visits that wait for the end of the alarm
    uint32_t blocked_count, blocked_room;
    int64_t blocked_ns, blocked_since_ns;
    uint64_t alarms_raised;
    struct map flow_places; // queue, node and origin -> place + 1
    struct pool **flows;
    uint32_t flow_count, flow_room;
};

static inline const struct rabbitmq_configuration *
rabbitmq_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct rabbitmq_state *rabbitmq_state(const struct component *component)
{
    return component->state;
}

static inline const struct rabbitmq_queue_setting *
rabbitmq_setting(const struct rabbitmq_queue *queue)
{
    const struct field_map *queues = &rabbitmq_configuration(queue->component)->queues;
    return (const struct rabbitmq_queue_setting *)queues->items + queue->number;
}

static inline bool rabbitmq_is_quorum(const struct rabbitmq_queue *queue)
{
    return rabbitmq_setting(queue)->type == RABBITMQ_QUORUM;
}

static inline struct wal *rabbitmq_wal(const struct node *node)
{
    return &rabbitmq_state(node->component)->wals[node->replica];
}

uint32_t rabbitmq_bytes(struct visit *visit, const struct rabbitmq_queue *queue);
// The queue is served by `server` from now on (NULL: by nobody).
void rabbitmq_serve(struct rabbitmq_queue *queue, struct node *server);
double rabbitmq_longest(const struct rabbitmq_queue *queue);

// ---- rabbitmq_quorum.c --------------------------------------------------------------------------

void rabbitmq_quorum_begin(struct rabbitmq_queue *queue);
void rabbitmq_quorum_start(struct rabbitmq_queue *queue, struct node *node);
void rabbitmq_quorum_crash(struct rabbitmq_queue *queue, struct node *node, bool dark);
// Node `gone` is taken for dead by `node`: its member may stand.
void rabbitmq_quorum_suspect(struct rabbitmq_queue *queue, struct node *node,
                             const struct node *gone);
// The visit's messages enter the log; it goes on when they are applied, without confirms at once.
enum outcome rabbitmq_quorum_publish(struct visit *visit, struct rabbitmq_queue *queue);
// A message of the broker itself; false: nobody leads.
bool rabbitmq_quorum_offer(struct rabbitmq_queue *queue, const struct backlog_message *message);
bool rabbitmq_quorum_answered(struct rabbitmq_queue *queue, uint64_t hand);

// ---- rabbitmq_classic.c: classic and mirrored queues --------------------------------------------

void rabbitmq_classic_begin(struct rabbitmq_queue *queue);
void rabbitmq_classic_start(struct rabbitmq_queue *queue, struct node *node);
void rabbitmq_classic_crash(struct rabbitmq_queue *queue, struct node *node, bool dark);
void rabbitmq_classic_suspect(struct rabbitmq_queue *queue, struct node *node,
                              const struct node *gone);
// The node hears no majority: it gives up what it leads.
void rabbitmq_classic_pause(struct rabbitmq_queue *queue, const struct node *node);
// A node that was cut off hears the others again.
void rabbitmq_classic_rejoin(struct rabbitmq_queue *queue, struct node *node);
enum outcome rabbitmq_classic_publish(struct visit *visit, struct rabbitmq_queue *queue);
// The visit goes on once all mirrors have its message.
enum outcome rabbitmq_classic_await(struct visit *visit, struct rabbitmq_queue *queue);
bool rabbitmq_classic_offer(struct rabbitmq_queue *queue, const struct backlog_message *message);

// ---- rabbitmq_guard.c: alarms, flow control, failure detection ----------------------------------

void rabbitmq_guard_begin(struct component *component);
void rabbitmq_guard_start(struct node *node);
void rabbitmq_guard_crash(struct node *node);
void rabbitmq_guard_end(struct component *component);
// The visit waits until rabbitmq_guard_wake and runs its step once more.
enum outcome rabbitmq_guard_park(struct visit *visit);
void rabbitmq_guard_wake(struct rabbitmq_state *state);
// Commands of the visit's publisher that the queue at this node has not yet handled.
// visit->value names it until rabbitmq_guard_handled.
struct pool *rabbitmq_guard_flow(struct visit *visit, const struct rabbitmq_queue *queue);
void rabbitmq_guard_handled(struct visit *visit);
bool rabbitmq_guard_hears(const struct node *node, const struct node *other);
