// consumer - a broker hands batches to a component's operation and learns what became of them.
#pragma once

#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/status.h"
#include "sim/kernel/histogram.h"
#include "sim/kernel/tally.h"

struct component;
struct node;
struct world;

// What a broker is told when the batch it delivered has been worked off (or not). `cookie` is its
// own.
typedef void consumer_done(struct node *broker, uint64_t cookie, enum status status);

struct consumer_delivery {
    struct node *broker;                    // delivering node: link and crash epoch count from it
    struct component *to;                   // consuming component
    struct node *member;                    // owns the partition, NULL: any that lives
    const struct consumer_design *consumer;
    uint64_t request;                       // identity that keys derive from
    uint64_t messages;
    uint64_t bytes;
    int64_t silence_ns; // a dark consumer is given up after, 0: 45 s
    uint64_t cookie;
    consumer_done *done;
};

// Starts the consumer's operation with a visit of `messages` units. The answer comes to `done`
// after the link's delay, unless the broker's node has crashed by then; a consumer that dies
// answers RESET, a dead one UNAVAILABLE, a dark one TIMEOUT after the time of silence (45 s, as
// Kafka's session.timeout.ms, where the delivery says none). The design has an edge from the broker
// to the component.
void consumer_deliver(const struct consumer_delivery *delivery);

// What is counted of a consumer (one row of design->consumers), by the broker.
struct consumer_meter {
    struct histogram lag;  // from append to the end of processing, a count a message
    struct tally backlog;  // messages appended and not yet worked off
    uint64_t delivered, redelivered;
};

// The broker counts: messages became visible, were worked off (appended at `appended_ns`), came
// again.
void consumer_note_visible(struct world *world, const struct consumer_design *consumer,
                           uint64_t messages);
void consumer_note_done(struct world *world, const struct consumer_design *consumer,
                        int64_t appended_ns, uint64_t messages);
void consumer_note_again(struct world *world, const struct consumer_design *consumer,
                         uint64_t messages);
