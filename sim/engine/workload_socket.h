// workload_socket - long-lived connections: heartbeats by the million, losses, reconnect storms.
//
// All sockets are connected at time 0, spread evenly over the replicas that are up, their
// heartbeats at independent uniform phases. A heartbeat without an operation is counted, at the
// beginning of its tick (workload_wheel.h); one with an operation is a request at exactly its time,
// to the socket's own replica. When the replica's process dies its clients know at once; when its
// host goes dark they know when the pong of their next heartbeat is overdue, and so with a paused
// replica that stays paused that long. A client who lost his connection backs off (first delay,
// factor, limit, jitter; for ever, whatever `attempts` says; 1 s, doubled to 5 s, where no delay is
// given) and then runs the `open` operation as a request of the workload, through admission and
// limits like any other; without `open` he is in as soon as a replica is up. Churned clients
// connect again at once.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct node;
struct workload_state;

void workload_socket_begin(struct workload_state *state);
void workload_socket_end(struct workload_state *state);
void workload_socket_node_changed(struct workload_state *state, const struct node *node);

size_t workload_socket_bytes(const struct workload_state *state);
