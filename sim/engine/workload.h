// workload - where requests come from: arrival processes, users, journeys, sockets, keys.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sim/engine/design.h"

struct node;
struct world;

void workload_begin(struct world *world); // schedules the first arrivals
void workload_end(struct world *world);

// The key of a request: the same for every visit of it. `request` = workload << 48 | sequence;
// `key` is 1 + index into design->key_names; 0, or a key that the workload does not declare, is
// unique.
uint64_t workload_key(const struct world *world, uint64_t request, uint32_t key);

// Requests in flight that are older than `limit_ns` now (they miss the threshold).
uint64_t workload_overdue(const struct world *world, uint32_t workload, int64_t limit_ns);
// Each of them is told, with `slo` passed on.
void workload_each_overdue(struct world *world, uint32_t slo, int64_t limit_ns,
                           void (*tell)(struct world *world, uint32_t slo, int64_t began_ns,
                                        uint64_t units));

// Sockets of the workload that are connected now; 0 without `connections`.
uint64_t workload_connected(const struct world *world, uint32_t workload);

// Memory that sessions and sockets take.
size_t workload_bytes(const struct world *world);

// A node that held sockets has died (or is back): its clients notice and reconnect.
void workload_node_changed(struct node *node);

static inline uint32_t workload_of(uint64_t request)
{
    return (uint32_t)(request >> 48);
}
