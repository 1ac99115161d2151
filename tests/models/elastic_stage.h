// elastic_stage - a cluster of constant times as text, and what strikes its nodes, for tests.
#pragma once

#include "models/datastores/elastic.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// One millisecond between any two nodes, none to the clients. A coordinating node works 1 ms, a
// shard query takes 5 ms, its fetch 2 ms, a document 1 ms at each copy, a flush 1 ms.
#define CLUSTER(nodes, index, more, load)                                                          \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 1ms}, "                      \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  es:\n    kind: elasticsearch\n    replicas: " nodes "\n    cores: 4\n"                      \
    "    startup: 1s\n    balancing: round_robin\n"                                                \
    "    index: {documents: 100k, " index "}\n"                                                    \
    "    query: {receive: 1ms, shard: 5ms, vector: 1ms, fetch: 2ms, get: 1ms, size: 1000}\n"       \
    "    writing: {receive: 1ms, request: 0ms, document: 1ms, bulk: 10}\n"                         \
    "    disk: {flush: 1ms, bandwidth: 1000000GB/s}\n"                                             \
    "    discovery: {update: 20ms, apply: 10ms}\n" more "workloads:\n" load                        \
    "slos: [{name: s, target: es.search, objectives: [\"success >= 0%\"], "                        \
    "severity: warn}]\n"

#define LOAD(operation, rate)                                                                      \
    "  clients: {target: es." operation ", arrivals: constant, rate: " rate "/s, "                 \
    "keys: {document: unique}}\n"

static inline struct elastic_state *elastic_stage_state(const struct stage *stage)
{
    return elastic_state(stage_component(stage, "es"));
}

static inline void elastic_stage_on_kill(void *node, uint64_t dark)
{
    (void)dark;
    node_kill(node, false);
}

static inline void elastic_stage_on_power_off(void *node, uint64_t word)
{
    (void)word;
    node_kill(node, true);
}

static inline void elastic_stage_on_restart(void *node, uint64_t word)
{
    (void)word;
    node_restart(node);
}

static inline void elastic_stage_on_pause(void *node, uint64_t word)
{
    (void)word;
    node_pause(node);
}

static inline void elastic_stage_on_resume(void *node, uint64_t word)
{
    (void)word;
    node_resume(node);
}

// Happens at the present instant, as an event; the world's time is 1 ns later afterwards.
static inline void elastic_stage_strike(const struct stage *stage, uint32_t replica,
                                        void (*act)(void *node, uint64_t word))
{
    struct world *world = stage->world;
    struct node *node = &stage_component(stage, "es")->nodes[replica];
    event_queue_at(world->queue, world->now, (struct event){act, node, 0, 0});
    world_run(world, world->now + 1);
}
