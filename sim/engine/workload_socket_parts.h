// workload_socket_parts - what the files of workload_socket share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/call.h"
#include "sim/engine/design.h"
#include "sim/engine/workload_cohort.h"
#include "sim/engine/workload_wheel.h"
#include "sim/kernel/random.h"

struct component;
struct node;
struct workload_meter;
struct workload_state;
struct world;

struct workload_sockets {
    const struct connections_design *design;
    struct component *target;
    struct workload_cohort cohort;
    struct workload_socket *items; // NULL as long as the cohort is together
    struct workload_wheel wheel;
    bool turning;       // a tick is being worked off
    uint64_t event;     // of the next tick
    int64_t event_tick; // -1: none
    uint32_t edge;      // from the workload to the target, DESIGN_NONE: none declared
    uint32_t cursor;    // replicas in turn, where no edge balances
    struct call_design open_design, heartbeat_design;
    struct call open, heartbeat;
    struct random_stream backoff, churn;
    struct workload_meter *meter;
};

// The event of the next tick, -1: none; an event of one socket.
void workload_socket_await_tick(struct workload_state *state, int64_t tick);
void workload_socket_await_exactly(struct workload_state *state, uint32_t number, int64_t due_ns);
void workload_socket_await_churn(struct workload_state *state);

// The socket, which stands in no bucket, falls due then.
void workload_socket_place(struct workload_state *state, uint32_t number, int64_t due_ns);

void workload_socket_count(struct workload_state *state, int change); // of the connected ones
void workload_socket_back_off(struct workload_state *state, uint32_t number);
struct node *workload_socket_any_up(struct workload_sockets *sockets); // in turn, NULL: none
bool workload_socket_all_answer(const struct component *target);

// The ends of a socket's own requests.
void workload_socket_end_open(struct world *world, const struct call *call, enum status status);
void workload_socket_end_heartbeat(struct world *world, const struct call *call,
                                   enum status status);
