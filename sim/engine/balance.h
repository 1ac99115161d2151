// balance - how callers choose a replica, and how they learn that one is dead.
//
// One route an edge (caller component or workload -> callee). Health checks are the platform's (one
// view a callee, Kubernetes' readiness probe, balance_health.h); ejection is the route's (Envoy's
// outlier detection): consecutive failures put a replica out for a base time multiplied by its
// recent ejections, at most 5 min, while no more than the declared share is out. When fewer than
// half of the listed replicas are left (Envoy's panic threshold), ejections are ignored. A
// component whose model routes by itself is told of ends like any other, but nothing of it is
// ejected.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"

struct balance_ring;
struct component;
struct node;
struct world;

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct route_target { // one replica as this route sees it
    uint32_t outstanding; // tries on the way, counted by the calls
    uint32_t failures_in_row;
    uint32_t ejections;   // that count for the length of the next
    bool ejected;
    int64_t ejected_until_ns; // of the last ejection
};

struct route {
    struct component *component; // callee
    struct node *only;           // its only replica, NULL: it has several
    uint32_t delisted;           // replicas that the health checks hold to be dead
    bool by_key;                 // the choice depends on the key: ring_hash, or the model's own
    uint32_t edge;
    uint32_t cursor;             // round robin
    struct route_target *targets;
    struct random_stream *stream;
    uint32_t ejected;
    uint32_t *everyone;      // 0, 1, 2, ...
    uint32_t *candidates;    // room for a part of them
    uint32_t *zone_cursors;  // zone_local: round robin in each zone
    const struct balance_ring *ring; // ring_hash, NULL otherwise
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

// The replica for the next try, NULL if none is known to be alive. key: for ring_hash. avoid: the
// node of a try before (preferred elsewhere), NULL: none.
struct node *balance_choose_among(struct world *world, struct route *route, uint32_t from_zone,
                                  uint64_t key, const struct node *avoid);

static inline struct node *balance_choose(struct world *world, struct route *route,
                                          uint32_t from_zone, uint64_t key,
                                          const struct node *avoid)
{
    if (route->only != NULL && route->delisted == 0) {
        return route->only;
    }
    return balance_choose_among(world, route, from_zone, key, avoid);
}

// What became of a try there.
void balance_tell(struct world *world, struct route *route, const struct node *node,
                  enum status status);

// Retry budget: notes a first try; asks for a retry (and notes it if granted). Granted while the
// retries of the present and the nine seconds before stay below `budget` times the first tries, or
// below 3 (Envoy's min_retry_concurrency), so that a caller of few requests can retry at all.
void balance_note_first(struct world *world, struct route *route);
bool balance_may_retry(struct world *world, struct route *route, double budget);

// Breaker: may a call go; what became of it. Opens when at least `minimum_calls` of the last
// `window` calls are known and their share of failures reaches the ratio; half-open lets `probes`
// calls through and decides by their share, as resilience4j does (probes that never end are
// replaced after another `open_ns`).
bool balance_breaker_lets(struct world *world, struct route *route,
                          const struct breaker_design *design);
void balance_breaker_note(struct world *world, struct route *route,
                          const struct breaker_design *design, bool failed);

// The node's process or host has changed between answering and not answering: the health checks
// will see.
void balance_node_changed(struct node *node);

// The health checks have taken the node off (-1: put it back on) the list.
void balance_note_delisted(const struct node *node, int change);
