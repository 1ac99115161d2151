// model - what a kind of component is to the rest of the program: the only door of models/.
//
// A model is one file, top to bottom: what it is, configuration, state, metrics, steps, operations,
// life, descriptor. It includes this header and nothing else of the engine.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sim/base/digest.h"
#include "sim/base/map.h"
#include "sim/base/ring.h"
#include "sim/engine/backlog.h"
#include "sim/engine/balance.h"
#include "sim/engine/call.h"
#include "sim/engine/consumer.h"
#include "sim/engine/design.h"
#include "sim/engine/detector.h"
#include "sim/engine/election.h"
#include "sim/engine/field.h"
#include "sim/engine/history.h"
#include "sim/engine/keyed.h"
#include "sim/engine/limiter.h"
#include "sim/engine/network.h"
#include "sim/engine/node.h"
#include "sim/engine/pool.h"
#include "sim/engine/promise.h"
#include "sim/engine/quorum.h"
#include "sim/engine/raft.h"
#include "sim/engine/station.h"
#include "sim/engine/status.h"
#include "sim/engine/step.h"
#include "sim/engine/versions.h"
#include "sim/engine/visit.h"
#include "sim/engine/wal.h"
#include "sim/engine/workload.h"
#include "sim/engine/world.h"

struct model_metric {
    const char *name; // "hit_ratio"
    const char *unit; // UCUM: "1", "s", "{request}"
    const char *meaning;
    double (*read)(
        const struct component *component); // at the end of a replication; NaN: no sample
};

struct model_invariant {
    const char *name;
    const char *meaning;
};

// Complaints of `prepare`: the scenario floor puts place and caret to them.
struct model_complaint {
    const char *field; // of the configuration, NULL: the component itself
    const char *message;
};
enum { MODEL_COMPLAINTS = 16 };

struct model_preparation {
    struct arena *arena;                // for what the component design needs for its life
    const struct design *design;        // topology is filled, components may not be
    struct component_design *component; // to be completed: placements, operations, streams
    void *configuration;
    struct model_complaint complaints[MODEL_COMPLAINTS];
    uint32_t complaint_count;
};

struct model {
    const char *kind;       // "postgres"
    const char *family;     // gateway, service, datastore, broker: also the topology's colour
    const char *summary;    // one sentence
    const char *stands_for; // version of the real system and what is left out: printed by describe
    const struct field *fields;
    size_t configuration_size;
    size_t component_size;              // state shared by the nodes, zeroed
    size_t node_size;                   // state of a node, zeroed
    const struct operation *operations; // NULL: the user's own (service), or made by prepare
    uint32_t operation_count;
    const struct model_metric *metrics;       // ends with name NULL
    const struct model_invariant *invariants; // ends with name NULL
    bool no_cores; // `cores`, `concurrency` and `queue` of the common part do not apply

    // At load, once: checks the configuration, lays out nodes (default: `replicas` over `spread`),
    // builds operations. NULL: nothing to do.
    void (*prepare)(struct model_preparation *preparation);
    // At time 0 of a replication, once a component, before its nodes start.
    void (*begin)(struct component *component);
    // A node starts: at time 0 (epoch 0) or after a crash. True: it is ready at once.
    bool (*start)(struct node *node);
    // The node's process has ended: memory is lost; what is written stays in `state`, and what is
    // not durable goes too where node->life is NODE_DARK (which may follow a NODE_DOWN).
    void (*crash)(struct node *node);
    // Another node of the component changed state (a role may have to move).
    // Chooses the replica of a call (leader, partition owner); NULL function: the balancer decides;
    // returning NULL: none is available.
    struct node *(*route)(struct component *component, const struct call *call, uint64_t key);
    // The node that has `role` now (fault selectors); NULL: none.
    struct node *(*with_role)(struct component *component, const char *role);
    const char *const *roles; // that a selector may name, ends with NULL
    // A consumer of this broker exists; called once a consumer after begin.
    void (*attach)(struct component *component, const struct consumer_design *consumer,
                   struct component *to);
    // The backlog of that number (brokers that use backlog.h).
    struct backlog *(*backlog)(struct component *component, uint32_t number);
    // Whether a publish may name this topic (brokers); NULL: the model has no topics.
    bool (*has_topic)(const struct component_design *component, const char *topic);
    // At the end of a replication: states its invariants by world_hold.
    void (*check)(struct component *component);
    void (*end)(
        struct component *component); // gives back what begin and start took beyond the arena
    // First-order demand for the capacity lint: mean processor seconds of one request of the
    // operation at one node; negative: unknown.
    bool exact_demand; // `demand` is the exact mean: the utilisation law is checked against it
    double (*demand)(const struct component_design *component, const struct operation *operation);
    // Mean square of that time, s^2; NULL: as if it were exponential.
    double (*demand_squares)(const struct component_design *component);
    // No visit leaves before it is served for a reason of the model's own; NULL: some may.
    bool (*serves_all)(const struct component_design *component);
};

void model_complain(struct model_preparation *preparation, const char *field, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

// Adds a device with one server for every entry: a queue's process, a stream's lock.
void model_add_devices(struct model_preparation *preparation, const struct field_map *entries);

struct catalog {
    const struct model *const *models; // NULL-terminated
};
const struct model *model_find(const struct catalog *catalog, const char *kind);
