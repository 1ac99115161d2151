// call - a request from one node (or a client) to a component: tries, time-outs, retries, hedges,
// breaker.
//
// A try is a child visit on its way, at its node or on its way back. A try is open until its answer
// comes or its time-out passes; an answer to a try no longer open is waste, and counted. Every try
// ends in exactly one status at the target operation's meter; every call in exactly one status at
// its edge.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/visit.h"

struct component;
struct world;

struct call;

// What happens when a call that no visit waits for has ended.
typedef void call_end(struct world *world, const struct call *call, enum status status);

struct call {
    uint32_t generation;
    uint32_t number;
    const struct call_design *design;
    uint64_t waiter; // ticket of the calling visit, 0: `end` is told
    call_end *end;
    uint64_t cookie;    // for `end`
    void *owner;        // for `end`: a workload, a node
    struct node *only;  // the replica that every try goes to, NULL: chosen
    uint64_t bytes;     // of the request, beyond those of `design`
    struct node *from;  // calling node, NULL: a client
    uint32_t from_zone; // DESIGN_NONE: no network in between
    uint32_t epoch;     // for `end`: of `from` when it began
    uint64_t request;
    int64_t began_ns; // intended beginning of the first try
    int64_t try_ns;   // beginning of the present try
    int64_t deadline_ns;
    int64_t backoff_ns; // previous back-off, for decorrelated jitter
    uint64_t timer;     // of the try, or of the back-off
    uint64_t hedge_timer;
    uint32_t children[2];  // visits of the tries, 0: lost on the way
    struct node *nodes[2]; // where they went
    uint32_t units;
    uint8_t attempt; // tries begun
    uint8_t open[2]; // attempt numbers still open, 0: none (second: a hedge)
    uint8_t priority;
    uint8_t last_status;
    bool doomed; // the try has vanished; only a timer can end it
    bool direct; // begin without an event of its own (only from the handler of an arrival)
};

// Begins a call for a waiting visit. Always WAIT (the answer arrives by visit_wake_with).
enum outcome call_begin(struct visit *visit, const struct call_design *design);

// Begins a call that no visit waits for; `template` carries design, end, cookie, owner, from,
// from_zone, request, began_ns (intended, <= now), deadline_ns, units, priority. Returns its
// number, 0 if it ended at once (end has been called).
uint32_t call_start(struct world *world, const struct call *template);

// The child's answer has come back (handler: subject = world, argument = ticket of the child).
void call_on_answer(void *world, uint64_t ticket);

// The try with that child is lost without a word (dark node, partition): arms the last timer if
// none is.
void call_lose(struct world *world, uint32_t number, uint32_t generation, uint8_t attempt);

// Ends a call from outside: its caller has gone or wants it no more. Nobody is told; the tries go
// on, unless the call says `cancel: propagate`.
void call_drop(struct world *world, uint32_t number);

// The visit ends well here, holding nothing, and a new one at the target answers in its stead (a
// job that moves on to its next station). Always END or WAIT with the visit gone.
enum outcome call_move(struct visit *visit, const struct call_design *design);

// The same to a node of the model's own choice; the visit's end here is not metered as a request.
enum outcome call_forward(struct visit *visit, struct node *to, const struct operation *operation);

// The design of the call that the visit answers, NULL when nobody waits any more.
const struct call_design *call_design_of(const struct visit *visit);

// The node that made the call, NULL: a client, or nobody waits any more.
const struct node *call_origin_of(const struct visit *visit);

// True while the answer to that try is awaited.
bool call_is_open(const struct world *world, uint32_t number, uint32_t generation, uint8_t attempt);
