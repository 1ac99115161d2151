// visit - a request at a node: where it is in its operation, what it holds, whom it answers.
//
// A visit walks a step table. A step function runs to its end and closes with exactly one verb
// (step.h), whose outcome tells the walker what comes next. A visit that waits is named by a ticket
// (number and generation); the wake that ends the wait advances the generation, so a later wake is
// stale: dropped and counted. However a visit ends, it gives back what it holds in reverse order
// and hands its status to the call it answers.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/status.h"

struct node;
struct pool;
struct visit;
struct world;

enum outcome {
    OUTCOME_NEXT,  // go on with the next step
    OUTCOME_JUMP,  // go on with visit->step, which the step has set
    OUTCOME_WAIT,  // parked; a wake goes on with the next step
    OUTCOME_AGAIN, // parked; a wake runs this step once more
    OUTCOME_END,   // visit->status is the answer
};

struct step {
    const char *name;
    enum outcome (*run)(struct visit *visit);
    const void *argument; // of a compiled program, NULL in a model's own tables
    uint32_t stream;      // index into the component's streams, for a step that draws
};

struct operation {
    const char *name;
    const char *meaning;
    const struct step *steps;
    uint16_t step_count;
    uint16_t number; // in its component
    bool internal;   // branches and background work: not callable, not an SLO target
};

enum { VISIT_STOPPED = UINT16_MAX }; // as `step`: the visit ends with its status

enum visit_flag {
    VISIT_BRANCH = 1,    // answers a join, not a call
    VISIT_COUNTED = 2,   // a try at an operation: its end is metered
    VISIT_AGAIN = 4,     // the wake runs the same step again
    VISIT_DETACHED = 8,  // has replied, or nobody waits for it
    VISIT_TRAVELS = 16,  // on the link to its node, or its answer on the way back
    VISIT_ANSWERED = 32, // its answer is on the way back: `status` is final
    VISIT_CALLS = 64,    // waits for the call numbered `place`
    VISIT_INSIDE = 128,  // has been let in at its node: counted there
};

struct visit {
    uint32_t generation;
    uint32_t number; // of its own slot
    struct node *node;
    const struct operation *operation;
    uint64_t request;    // workload << 48 | sequence: the identity that keys derive from
    int64_t began_ns;    // arrival at the node
    int64_t since_ns;    // beginning of the present wait
    int64_t deadline_ns; // absolute, TIME_NEVER: none
    uint64_t event;      // pending event of a hold, or of the patience; EVENT_NONE
    uint32_t call;       // the call (or join) it answers, 0: nobody
    uint32_t call_generation;
    uint32_t hold;  // newest record of what it holds, 0: nothing
    uint32_t place; // server number while served; free for the model's own lists otherwise
    uint32_t units; // messages carried, 1 for an ordinary request
    uint32_t value; // free for the model (an index into its own slots)
    uint16_t step;
    uint8_t status : 7; // of the last call; at the end, the answer
    uint8_t client : 1; // answers a client at once: its `call` words are the intended beginning
    uint8_t flags;
    uint8_t priority : 4; // 0 is served first
    uint8_t attempt : 4;  // which try of the call it serves, from 1
    uint8_t key;          // the call's key: 1 + index into design->key_names, 0: none
    uint8_t loops[2];     // counters of `repeat`
};
static_assert(sizeof(struct visit) <= 96, "a visit is a hot record");

struct visit_client {
    uint64_t request;
    uint32_t units;
    uint8_t priority, key;
};

// A ticket names a visit in its present wait.
static inline uint64_t visit_ticket(const struct visit *visit)
{
    return (uint64_t)visit->generation << 32 | visit->number;
}

// When the client of a visit with `client` meant to begin.
static inline int64_t visit_client_began(const struct visit *visit)
{
    return (int64_t)((uint64_t)visit->call_generation << 32 | visit->call);
}

// A new visit at `node`, not yet begun. Owner: itself, until it ends.
struct visit *visit_take(struct world *world, struct node *node, const struct operation *operation);

// The record goes back: nobody hears of it. For carriers of answers and visits that never begin.
void visit_give(struct world *world, struct visit *visit);

// The visit stands at the door of its node: it is admitted, queued or refused. Event handler form:
// subject = world, argument = ticket.
void visit_on_arrival(void *world, uint64_t ticket);

// A client's request without network, time-out or retry: begins at the node at once and ends at the
// workload's meter, with no call in between.
void visit_begin_client(struct node *node, const struct operation *operation,
                        const struct visit_client *client);

// Ends the wait that the ticket names and walks on. visit_wake is direct; visit_on_wake is the
// handler of events; visit_wake_later schedules it at the present instant (no recursion: use it
// from handlers that wake several, and from within steps of other visits).
void visit_wake(struct world *world, uint64_t ticket);
void visit_on_wake(void *world, uint64_t ticket);
void visit_wake_later(struct world *world, uint64_t ticket);
// The same as visit_wake for a visit at its node that certainly waits.
void visit_resume(struct visit *visit);
// The same, with the status that the visit sees as that of its last call.
void visit_wake_with(struct world *world, uint64_t ticket, enum status status);

// At its next wake the visit ends with the status it then has.
static inline void visit_stop(struct visit *visit)
{
    visit->step = VISIT_STOPPED - 1;
    visit->flags &= (uint8_t)~VISIT_AGAIN;
}

// Walks on from visit->step until it waits or ends.
void visit_run(struct visit *visit);

// Ends a visit from outside (crash, cancellation, patience). With `silent` nobody is told.
void visit_end(struct visit *visit, enum status status, bool silent);

// Sends the answer now; the visit goes on without a caller.
void visit_answer(struct visit *visit, enum status status, uint64_t bytes);

// Two words of its own, made on first use, freed with the visit.
uint64_t *visit_words(struct visit *visit);

// The world's and the node's times and names, for step functions.
int64_t visit_now(const struct visit *visit);
static inline const void *visit_argument(const struct visit *visit)
{
    return visit->operation->steps[visit->step].argument;
}
struct random_stream *visit_stream(const struct visit *visit); // of the present step

// The value of the key that the visit's call names (`key: product`): drawn once a request, the same
// for every visit of the request, from the law the workload declares; without a key, unique to the
// request.
uint64_t visit_key(const struct visit *visit);

// The visit ends well here and goes on at once as one of `operation` at `to`, which must be up,
// without a concurrency limit, and reached without delay; it holds nothing.
enum outcome visit_move(struct visit *visit, struct node *to, const struct operation *operation);

// Nobody wants the answer any more: the visit ends at its next step or when it leaves its queue; a
// call it waits for is dropped, and cancelled in turn where that call says so.
void visit_cancel(struct visit *visit);

// A visit of `branch` at the same node and for the same request; answers join number `join` (0:
// nobody).
struct visit *visit_branch(struct visit *visit, const struct operation *branch, uint32_t join);
