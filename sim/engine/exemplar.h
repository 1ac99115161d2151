// exemplar - some slow requests with every visit they made, for a picture of where their time went.
//
// In the first replication every EXEMPLAR_EVERY-th request of a workload that begins after the
// warm-up is followed; of those, the slowest EXEMPLAR_KEPT of each workload are kept, with at most
// EXEMPLAR_SPANS visits and calls. Following draws no number and schedules nothing: no event moves.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/engine/world.h"

struct call;

enum { EXEMPLAR_EVERY = 64, EXEMPLAR_KEPT = 2, EXEMPLAR_SPANS = 64 };

// A visit, a call that a visit made, or (component -1) the request itself, which stands before
// these; they are in order of their beginning.
struct exemplar_span {
    int64_t began_ns, ended_ns;
    uint32_t exemplar;  // number of the request
    int32_t component;  // -1: the request
    uint32_t operation; // of the component; of the request: its workload
    uint32_t replica;   // of the request: its sequence number
    uint32_t attempt;   // which try of its call, from 1; 0: no call
    uint32_t tries;     // of a call, as its caller saw it; 0: a visit or the request
    uint32_t status;
};

void exemplar_init(struct world *world);
void exemplar_release(struct world *world);

static inline bool exemplar_is_followed(const struct world *world, uint64_t request)
{
    return request % EXEMPLAR_EVERY == EXEMPLAR_EVERY - 1 && world->exemplars != NULL;
}

// A request begins; one of its visits leaves its node; a call of one ends; the request ends. Only
// of those that are followed.
void exemplar_begin(struct world *world, uint64_t request);
void exemplar_visit(const struct visit *visit, enum status status);
void exemplar_call(const struct world *world, const struct call *call, enum status status);
void exemplar_end(struct world *world, uint64_t request, int64_t began_ns, enum status status);

// The kept ones, slowest of a workload first. Owner: the arena. Returns their number.
uint32_t exemplar_copy(const struct world *world, struct arena *arena,
                       struct exemplar_span **spans);
