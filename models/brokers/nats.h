// nats - the parts of the NATS model: configuration, core subjects and their subscribers, streams.
#pragma once

#include "models/brokers/offsets.h"
#include "sim/engine/model.h"

enum { NATS_SUBSCRIBERS = 16 }; // most consuming components in all
enum nats_deliver { NATS_ONE, NATS_ALL, NATS_KEY };
enum nats_mode { NATS_PULL, NATS_PUSH };

struct nats_subject {
    uint64_t record; // bytes of a message whose publish says none
    int deliver;
    bool request;
    double stored;
    const char *stream;
};

struct nats_stream_setting {
    uint64_t replicas;
    uint64_t record;
    int mode;
    int64_t ack_wait_ns;
    uint64_t max_deliver;
    uint64_t max_ack_pending;
    int64_t duplicates_ns;
};

struct nats_raft_setting {
    int64_t heartbeat_ns, election_ns, spread_ns;
};

struct nats_configuration {
    uint64_t servers;
    struct field_map subjects; // of struct nats_subject
    struct field_map streams;  // of struct nats_stream_setting
    struct distribution parse;
    struct distribution message;
    struct distribution copy;
    struct distribution append;
    double bandwidth;
    uint64_t max_pending;
    int64_t write_deadline_ns;
    uint64_t client_messages, client_bytes;
    int64_t reconnect_ns;
    int64_t no_responder_ns;
    uint64_t no_responder_tries;
    int64_t nak_ns;
    struct distribution flush;
    int64_t sync_interval_ns;
    bool sync_always;
    double recovery; // bytes/s
    struct nats_raft_setting raft;
};

extern const struct field nats_fields[];

struct nats_held { // written to a subscriber's connection that nobody reads
    uint64_t request;
    uint32_t bytes, count;
    int64_t time_ns;
};

struct nats_connection { // of a replica of a subscribing component
    struct node *node;
    uint64_t messages, bytes;    // handed over and not yet worked off: the client's own buffer
    struct ring held;            // of struct nats_held
    uint64_t held_bytes;
    uint32_t epoch;              // of the process that it leads to
    int64_t stalled_ns;          // since when nobody reads, TIME_NEVER: it does
    int64_t gone_ns;             // disconnected until then
    bool looking;                // a timer looks whether it reads again
};

struct nats_subscription {
    const struct consumer_design *consumer;
    struct component *to;
    uint32_t subject;
    uint32_t number;
    struct nats_connection *connections; // one a replica
};

struct nats_delivery { // of one core message to one connection
    uint32_t generation;
    uint32_t subscription, connection;
    uint32_t count, bytes;
    struct node *server;
    uint64_t ticket; // of a publisher that waits for the answer, 0: none
    int64_t time_ns;
};

struct nats_consumer { // a durable consumer of a stream
    struct backlog backlog;
    struct backlog_settings settings;
    uint32_t stream;
};

struct nats_stream {
    struct component *component;
    uint32_t number;
    uint32_t home; // server of its first replica
    bool replicated;
    struct raft raft;
    uint64_t applied;           // highest index that the stream's state holds
    struct promises promises;   // acknowledged, not yet durable where it must be
    struct offsets log;         // its messages; a run is forgotten when its id leaves the window
    struct map identities;      // message ids in the window
    uint32_t started;  // members, at the beginning
    struct node *server; // serves now, NULL: nobody
    uint64_t acknowledged;
    int64_t leaderless_ns, longest_ns; // since when nobody serves (TIME_NEVER: somebody does)
};

struct nats_state { // of the component
    struct component *component;
    struct nats_stream *streams;
    uint32_t stream_count;
    uint32_t subscription_count;
    struct nats_subscription *subscriptions;
    uint32_t consumer_count;
    struct nats_consumer *consumers;
    struct slots deliveries;
    struct raft_settings raft;
    struct wal *wals; // one a server
    struct random_stream *luck, *parse, *append;
    uint64_t published, delivered, dropped, slow, duplicates, acknowledged;
};

static inline const struct nats_configuration *nats_configuration(const struct component *component)
{
    return component->design->configuration;
}

static inline struct nats_state *nats_state(const struct component *component)
{
    return component->state;
}

static inline const struct nats_subject *nats_subject(const struct component *component,
                                                      uint32_t subject)
{
    return (const struct nats_subject *)nats_configuration(component)->subjects.items + subject;
}

static inline const struct nats_stream_setting *
nats_stream_setting(const struct component *component, uint32_t stream)
{
    return (const struct nats_stream_setting *)nats_configuration(component)->streams.items +
           stream;
}

static inline bool nats_is_alive(const struct node *server)
{
    return server->life == NODE_UP || server->life == NODE_STARTING;
}

// ---- nats_core.c: subscribers -------------------------------------------------------------------

void nats_core_attach(struct component *component, const struct consumer_design *consumer,
                      struct component *to, uint32_t subject);
// Hands the visit's messages to the subject's subscribers; false: nobody listens. With `ticket` the
// first subscriber's answer wakes the visit.
bool nats_core_publish(struct visit *visit, uint32_t subject, uint64_t ticket);
void nats_core_crash(struct node *server);
void nats_core_check(struct component *component);
void nats_core_end(struct component *component);

// ---- nats_stream.c: streams ---------------------------------------------------------------------

void nats_stream_begin(struct component *component);
void nats_stream_attach(struct component *component, const struct consumer_design *consumer,
                        struct component *to, uint32_t stream);
bool nats_stream_start(struct node *server);
void nats_stream_crash(struct node *server);
void nats_stream_check(struct component *component);
void nats_stream_end(struct component *component);
// The server that serves the stream now, NULL: none.
struct node *nats_stream_leader(struct nats_stream *stream);
// True if a message of that identity was stored within the window.
bool nats_stream_knows(struct nats_stream *stream, uint64_t request);
// The leader appends the visit's messages; it goes on with its next step when they are committed.
enum outcome nats_stream_append(struct visit *visit, struct nats_stream *stream);
// A server publishes a core message to a stream by itself; nobody waits.
void nats_stream_store(struct visit *visit, uint32_t stream);
void nats_stream_acknowledge(struct visit *visit, struct nats_stream *stream);
double nats_stream_longest(const struct nats_stream *stream);
