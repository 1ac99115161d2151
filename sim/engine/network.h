// network - links between zones (latency, bandwidth, loss, partitions) and messages between nodes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/slots.h"
#include "sim/engine/design.h"

struct node;
struct world;

// A change of the network while a fault lasts. Kept by the world; checked only while there are any.
struct network_effect {
    uint32_t fault;
    uint32_t from_component, to_component; // DESIGN_NONE: any
    uint32_t from_zone, to_zone;           // DESIGN_NONE: any
    bool one_way;
    bool drop;
    bool spares_clients; // clients are outside: a zone without power does not silence them
    double loss;
    const struct distribution *delay; // added, NULL: none
};

// A sender's own streams: who else uses the links moves nobody's luck.
struct network_luck {
    struct random_stream link, effects; // what faults add is drawn from the second
};

struct network {
    struct network_luck *luck;     // of each component's messages, then of its clients'
    uint32_t zone_count;
    int64_t *free_ns;              // when the pair's bandwidth is free again
    int64_t *fixed_ns;             // delay of a pair that never varies, -1: it does
    struct network_effect *effects;
    uint32_t effect_count, effect_room;
    struct slots letters; // messages between nodes on their way
    struct slots parcels; // what some of them carry
    int64_t *arrivals;    // of the latest parcel, sender x receiver; made on first use
    uint64_t messages, lost, dropped;
};

void network_begin(struct world *world);
void network_end(struct world *world);

// One message, one segment. False: it will never arrive (partition, or lost 15 times in a row as
// Linux's tcp_retries2). A lost segment is sent again after TCP's retransmission time-out (200 ms,
// doubling up to 120 s; RFC 6298 with Linux's bounds), so loss is delay. Messages of a pair with
// bandwidth queue for it. Zones DESIGN_NONE mean no network: no delay. Components are for effects,
// DESIGN_NONE: a client.
struct network_path {
    uint32_t from_zone, to_zone;
    uint32_t from_component, to_component;
};
bool network_send(struct world *world, struct network_path path, uint64_t bytes, int64_t *delay_ns);

// The same between two zones where nothing but a fixed delay can happen now: that delay, else -1.
static inline int64_t network_send_fixed(struct network *network, uint32_t from_zone,
                                         uint32_t to_zone)
{
    if (network->effect_count > 0 || from_zone == DESIGN_NONE || to_zone == DESIGN_NONE) {
        return -1;
    }
    const int64_t delay = network->fixed_ns[from_zone * network->zone_count + to_zone];
    network->messages += delay >= 0;
    return delay;
}

// True where a message between two zones takes no time, whatever happens to others.
static inline bool network_is_short(const struct network *network, uint32_t from_zone,
                                    uint32_t to_zone)
{
    return network->effect_count == 0 && from_zone != DESIGN_NONE && to_zone != DESIGN_NONE &&
           network->fixed_ns[from_zone * network->zone_count + to_zone] == 0;
}

// True if a message of that path would be dropped now.
bool network_is_cut(const struct world *world, struct network_path path);

void network_add_effect(struct world *world, struct network_effect effect);
void network_remove_effects(struct world *world, uint32_t fault);

// A message between two nodes of models (what protocols speak): after the link's delay `handler` is
// called with the receiving node, if the receiver's process is still the one of the sending (its
// epoch unchanged). The sender may be gone by then. A paused receiver hears it when it resumes.
typedef void network_handler(struct node *to, struct node *from, uint64_t word);
void network_message(struct node *from, struct node *to, uint64_t bytes, network_handler *handler,
                     uint64_t word);

// The same with more to say, and in order: parcels between two nodes arrive as they were sent, as
// on one connection. The words are copied; `extra` (from malloc, may be NULL) belongs to the
// network from now on, and to the handler if it takes it by setting it to NULL.
struct network_parcel {
    uint64_t words[6];
    void *extra;
};
typedef void network_parcel_handler(struct node *to, struct node *from,
                                    struct network_parcel *parcel);
void network_post(struct node *from, struct node *to, uint64_t bytes,
                  network_parcel_handler *handler, const struct network_parcel *parcel);
