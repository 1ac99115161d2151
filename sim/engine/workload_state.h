// workload_state - what a workload keeps while a world runs: shared by the workload_*.c files.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/slots.h"
#include "sim/engine/call.h"
#include "sim/engine/design.h"
#include "sim/engine/workload_arrival.h"
#include "sim/kernel/random.h"

struct workload_sockets;
struct world;

enum workload_event { // kinds of events that belong to no node
    WORKLOAD_ARRIVAL_EVENT,
    WORKLOAD_SESSION_EVENT,
    WORKLOAD_TICK_EVENT,
    WORKLOAD_SOCKET_EVENT,
    WORKLOAD_CHURN_EVENT,
};

enum { WORKLOAD_KEY_DRAWS = 1024 };

struct workload_key_draw {
    uint64_t request, key; // key 0: none yet, or one that is drawn every time
};

struct workload_key_law {
    const struct distribution *law;  // NULL: unique
    uint64_t stream;                 // hash of "workload/NAME/key/KEY"
    struct workload_key_draw *draws; // the latest, by the low bits of the request
};

struct workload_state {
    struct world *world;
    const struct workload_design *design;
    uint32_t number;
    uint32_t zone_cursor;
    uint64_t name_hash;
    uint64_t next_request; // its number << 48 | sequence
    bool steps_through;    // sessions walk the actions; otherwise an arrival is one action
    struct workload_arrival arrival;
    uint32_t action_count;
    double *shares;         // cumulative
    struct call *templates; // one an action
    bool *plain;            // actions that need no call: no network, time-out, retry or fault
    struct random_stream arrivals, states, mix, sizes, think;
    struct slots sessions;
    struct workload_key_law *keys; // one a key of the design
    uint8_t *key_rows;             // by key name of the scenario: 1 + index into `keys`, 0: unique
    struct workload_sockets *sockets; // NULL: none
};

static inline uint32_t workload_state_tag(const struct workload_state *state,
                                          enum workload_event kind)
{
    return 0xfff00000 | (state->number & 0xfff) << 8 | (uint32_t)kind;
}

// The zone of the next client: the workload's zones in turn; DESIGN_NONE: at the target.
static inline uint32_t workload_state_zone(struct workload_state *state)
{
    const struct workload_design *design = state->design;
    if (design->zone_count == 0) {
        return DESIGN_NONE;
    }
    const uint32_t zone = design->zones[state->zone_cursor];
    state->zone_cursor = state->zone_cursor + 1 < design->zone_count ? state->zone_cursor + 1 : 0;
    return zone;
}

// Begins a request by a call made like `template` (one of the state's own): counts it as offered at
// the present instant. It may have ended when this returns.
void workload_begin_request(struct workload_state *state, struct call *template, uint32_t zone,
                            uint64_t cookie);
// The end of such a request, for its meter.
void workload_end_request(struct world *world, const struct call *call, enum status status);

// A template of requests that run `design`.
struct call workload_template(const struct workload_state *state, const struct call_design *design,
                              call_end *end);

// One action of the mix, drawn by share.
uint32_t workload_pick(struct workload_state *state);
