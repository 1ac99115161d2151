// postgres_stage - the scenario of the tests of PostgreSQL: constant times, one caller beside it.
#pragma once

#include <criterion/criterion.h>

#include "models/datastores/postgres.h"
#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// Work 1 ms, flush 10 ms, 5 ms between zones, replay 400 B/ms, loops at 0 s, 10 s, 20 s, ... The
// caller stands in zone a, beside the primary, and begins at 1 s, 2 s, 3 s, ...
#define SERVED_SO(patroni, zones, more, steps)                                                     \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: " zones "}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 5ms}}\n"                             \
    "components:\n"                                                                                \
    "  db:\n    kind: postgres\n    primary: a\n    hit: 100%\n    read: 1ms\n    write: 1ms\n"    \
    "    disk: {flush: 10ms, bandwidth: 1000000GB/s, replay: 400kB/s}\n"                           \
    "    failover: {" patroni "offset: 0, promote: 0, discovery: 0}\n" more                        \
    "  app:\n    kind: service\n    spread: {a: 1}\n    operations:\n      go:\n" steps            \
    "        - reply: 0\n"                                                                         \
    "workloads:\n"                                                                                 \
    "  clients: {target: app.go, arrivals: constant, rate: 1/s, "                                  \
    "keys: {one: \"zipf(n=1, s=1)\", other: \"zipf(n=1000000, s=0.1)\"}}\n"                        \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"
#define SERVED(zones, more, steps) SERVED_SO("", zones, more, steps)

#define POOL(more) "    checkpoint: {pages: 0}\n    pool: {work: 0, clients: 0" more "}\n"
#define DIRECT POOL(", size: 20")
#define ASYNC DIRECT "    standby: {sender: 0, count: 1, zones: [b]}\n"
#define SYNC DIRECT "    standby: {sender: 0, count: 1, synchronous: true, zones: [b]}\n"
#define CALL(operation) "        - call: {to: db." operation "}\n"
#define WRITE CALL("write")
#define THREE(call)                                                                                \
    "        - parallel:\n            - call: " call "\n            - call: " call                 \
    "\n            - call: " call "\n"

static inline const struct postgres_state *state_of(const struct stage *stage)
{
    return postgres_state(stage_component(stage, "db"));
}

static inline struct node *server(const struct stage *stage, uint32_t replica)
{
    return &stage_component(stage, "db")->nodes[replica];
}

static inline uint64_t ended(const struct stage *stage, enum status status)
{
    return stage_count(stage, "db", "write", status);
}

static inline void assert_latency(const struct stage *stage, const char *operation, int64_t ns)
{
    cr_assert_eq(stage_meter(stage, "db", operation)->latency.minimum, ns);
    cr_assert_eq(stage_meter(stage, "db", operation)->latency.maximum, ns);
}

static inline void cut(struct stage *stage, uint32_t from, uint32_t to)
{
    network_add_effect(stage->world, (struct network_effect){.fault = 0,
                                                             .from_component = DESIGN_NONE,
                                                             .to_component = DESIGN_NONE,
                                                             .from_zone = from,
                                                             .to_zone = to,
                                                             .drop = true});
}
