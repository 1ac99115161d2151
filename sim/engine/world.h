// world - one replication: nodes, visits, calls, network, meters and the clock. No globals.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/slots.h"
#include "sim/engine/balance.h"
#include "sim/engine/design.h"
#include "sim/engine/meter.h"
#include "sim/engine/network.h"
#include "sim/engine/pool.h"
#include "sim/engine/station.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/fingerprint.h"

struct audit;
struct balance_health;
struct consumer_state;
struct fault_state;
struct history;
struct workload_state;

enum node_life {
    NODE_UP,       // answers
    NODE_STARTING, // process begins; connections are refused
    NODE_DOWN,     // no process; connections are refused
    NODE_DARK,     // no host: silence
};

struct node {
    struct world *world;
    struct component *component;
    uint32_t number;  // in the world
    uint32_t replica; // in its component
    uint32_t zone, machine;
    const char *role; // present role, of specialised models ("primary"); NULL otherwise
    enum node_life life;
    uint32_t epoch;   // advanced by every crash
    uint32_t pauses;  // faults that hold it paused
    bool listed;      // the health checks believe that it is alive
    double slowness;  // product of the factors in force, 1: none
    struct tally ready; // 1 while it answers
    struct station cpu;
    struct pool concurrency;
    struct pool *pools;       // as in component->design->pools
    struct station *devices;
    void *state;              // the model's
    uint64_t *deferred;       // tickets woken while paused
    uint32_t deferred_count, deferred_room;
    uint32_t *held_timers;    // timers that fell due while paused
    uint32_t held_timer_count, held_timer_room;
    uint64_t restart_event;
    struct random_stream *startup; // of the times to start, made on first use
};

struct component {
    struct world *world;
    const struct component_design *design;
    uint32_t number;
    uint32_t node_count;
    struct node *nodes;
    struct random_stream *streams; // design->stream_count of them
    void *state;                   // the model's, shared by its nodes
    struct component_meter *meter;
    struct operation_meter *operations; // their meters, by number
    struct history *history;            // of its keys, NULL: nobody asks
    struct audit *audit;                // what the judges found in it, made at the end
};

struct invariant_count {
    const char *name;
    uint64_t checked, violated;
    char first[480]; // the first violation in words
};
enum { WORLD_INVARIANTS = 160 };

struct world {
    const struct design *design;
    uint32_t replication;
    uint64_t key; // of the random streams
    int64_t now;
    bool measuring; // past the warm-up
    struct event_queue *queue;
    struct fingerprint_buffer fingerprint;
    uint64_t events;
    struct slots visits, calls, joins, holds, timers;
    struct component *components;
    struct node **nodes; // every node of every component
    uint32_t node_count;
    struct route *routes; // one an edge
    struct balance_health *health;    // one a node
    struct consumer_state *consumers; // one a consumer, made on first use
    struct network network;
    struct meter meter;
    struct workload_state *workloads;
    struct fault_state *faults;
    uint32_t active_faults;
    uint32_t latest_fault; // index of the fault that struck last, DESIGN_NONE
    struct invariant_count invariants[WORLD_INVARIANTS];
    uint32_t invariant_count;
    struct arena arena;
    struct exemplars *exemplars; // requests that are followed, NULL: none
    void (*watch)(struct world *world, int64_t time, const struct event *event); // event log, NULL
    void *watch_context;
};

// A world at time 0, ready to run. Owner: the caller, world_end.
struct world *world_begin(const struct design *design, uint32_t replication);
void world_end(struct world *world);

// Runs to `until_ns` (exclusive). False when max_events was reached.
bool world_run(struct world *world, int64_t until_ns);

// A random stream of that name ("orders/2/election"), living as long as the world.
struct random_stream *world_stream(struct world *world, const char *name);

// States one fact of an invariant by name; `format` tells a violation in words.
void world_hold(struct world *world, const char *invariant, bool holds, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static inline uint32_t world_tag(const struct node *node, uint32_t kind)
{
    return node->number << 12 | (kind & 0xfff);
}

// The meter of the operation that the visit walks.
static inline struct operation_meter *world_meter(const struct visit *visit)
{
    return &visit->node->component->operations[visit->operation->number];
}

static inline struct visit *visit_of(struct world *world, uint64_t ticket)
{
    struct visit *visit = slots_at(&world->visits, (uint32_t)ticket);
    return visit->generation == (uint32_t)(ticket >> 32) ? visit : NULL;
}
