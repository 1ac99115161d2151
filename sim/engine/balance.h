// balance - how callers choose a replica, and how they learn that one is dead.
//
// One route an edge (caller component or workload -> callee). Health checks are the platform's (one view a
// callee, Kubernetes' readiness probe); ejection is the route's (Envoy's outlier detection).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"

struct component;
struct node;
struct world;

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct route_target { // one replica as this route sees it
    uint32_t outstanding;
    uint32_t failures_in_row;
    uint32_t ejections;
    int64_t ejected_until_ns; // 0: not ejected
};

struct route {
    uint32_t edge;
    struct component *component; // callee
    uint32_t cursor;             // round robin
    struct route_target *targets;
    struct random_stream *stream;
    uint32_t ejected;
    // retry budget: first tries and retries in the last 10 s, by second
    int64_t budget_second;
    uint32_t budget_first[10], budget_retries[10];
    // breaker
    enum breaker_state breaker;
    uint32_t breaker_calls, breaker_failures, breaker_next, breaker_probes;
    uint64_t breaker_bits[4]; // last results, 1: failure (windows up to 256)
    int64_t breaker_until_ns;
    uint64_t breaker_trips;
};

void balance_begin(struct world *world); // builds routes
void balance_end(struct world *world);

// The replica for the next try, NULL if none is known to be alive. key: for ring_hash. avoid: the node
// of a try before (preferred elsewhere), NULL: none.
struct node *balance_choose(struct world *world, struct route *route, uint32_t from_zone, uint64_t key,
                            const struct node *avoid);

// What became of a try there.
void balance_tell(struct world *world, struct route *route, const struct node *node,
                  enum status status);

// Retry budget: notes a first try; asks for a retry (and notes it if granted).
void balance_note_first(struct world *world, struct route *route);
bool balance_may_retry(struct world *world, struct route *route, double budget);

// Breaker: may a call go; what became of it.
bool balance_breaker_lets(struct world *world, struct route *route, const struct breaker_design *design);
void balance_breaker_note(struct world *world, struct route *route, const struct breaker_design *design,
                          bool failed);

// The node's process or host has changed between answering and not answering: the health checks will see.
void balance_node_changed(struct node *node);
