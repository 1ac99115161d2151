// test_elastic_storm - Elasticsearch under random faults: invariants hold, clusters heal.
#include <criterion/criterion.h>

#include "tests/models/elastic_stage.h"

// ---- storm ------------------------------------------------------------------------------------

#define STORM(seed)                                                                                \
    "orrery: v1\nname: storm\nsimulation: {duration: 1h, warmup: 0, seed: " seed                   \
    ", replications: 1}\n"                                                                         \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 100us}, "                    \
    "cross_zone: {latency: \"lognormal(median=500us, p99=2ms)\"}}}\n"                              \
    "components:\n"                                                                                \
    "  es:\n    kind: elasticsearch\n    replicas: 6\n    cores: 4\n    startup: 3s\n"             \
    "    index: {shards: 4, replicas: 2, documents: 100k, dimensions: 32}\n"                       \
    "    recovery: {delay: 20s}\n"                                                                 \
    "workloads:\n"                                                                                 \
    "  s: {target: es.search, rate: 10/s, from: r, timeout: 5s}\n"                                 \
    "  k: {target: es.knn, rate: 5/s, from: r, timeout: 5s}\n"                                     \
    "  g: {target: es.get, rate: 10/s, from: r, timeout: 5s, keys: {k: \"zipf(n=90, s=1)\"}, "     \
    "key: k}\n"                                                                                    \
    "  i: {target: es.index, rate: 30/s, from: r, timeout: 5s, keys: {k: \"zipf(n=90, s=1)\"}, "   \
    "key: k}\n"                                                                                    \
    "  u: {target: es.update_if, rate: 20/s, from: r, timeout: 5s, "                               \
    "keys: {u: \"zipf(n=20, s=1)\"}, key: u}\n"                                                    \
    "  b: {target: es.bulk, rate: 2/s, from: r, timeout: 5s}\n"                                    \
    "slos: [{name: s, target: s, objectives: [\"success >= 1%\"]}]\n"                              \
    "faults:\n"                                                                                    \
    "  - {name: kill, action: kill, select: {component: es}, mtbf: \"exp(mean=120s)\", "           \
    "mttr: \"exp(mean=10s)\"}\n"                                                                   \
    "  - {name: off, action: power-off, select: {component: es}, mtbf: \"exp(mean=200s)\", "       \
    "mttr: \"exp(mean=20s)\"}\n"                                                                   \
    "  - {name: pause, action: pause, select: {component: es}, mtbf: \"exp(mean=300s)\", "         \
    "mttr: \"exp(mean=15s)\"}\n"                                                                   \
    "  - {name: slow, action: slow, select: {component: es}, factor: 10, "                         \
    "mtbf: \"exp(mean=300s)\", mttr: \"exp(mean=15s)\"}\n"                                         \
    "  - {name: cut, action: partition, select: {from: a, to: b}, mtbf: \"exp(mean=90s)\", "       \
    "mttr: \"exp(mean=30s)\"}\n"                                                                   \
    "  - {name: half, action: partition, one_way: true, select: {from: b, to: c}, "                \
    "mtbf: \"exp(mean=90s)\", mttr: \"exp(mean=30s)\"}\n"                                          \
    "  - {name: zone, action: zone-down, select: {zone: c}, mtbf: \"exp(mean=150s)\", "            \
    "mttr: \"exp(mean=30s)\"}\n"                                                                   \
    "  - {name: loss, action: loss, select: {from: a, to: c}, loss: 5%, "                          \
    "mtbf: \"exp(mean=100s)\", mttr: \"exp(mean=30s)\"}\n"

static void weather(const char *text)
{
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 600 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "es", "acknowledged"), 10000);
    cr_assert_eq(stage_metric(&stage, "es", "lost"), 0);
    stage_end(&stage);
}

Test(elastic, invariants_hold_in_a_storm)
{
    weather(STORM("1"));
    weather(STORM("2"));
    weather(STORM("3"));
    weather(STORM("4"));
}

// ---- conditional writes under fail-over ---------------------------------------------------------

#define SWAPS(seed, cut)                                                                           \
    "orrery: v1\nname: swaps\nsimulation: {duration: 1h, warmup: 0, seed: " seed                   \
    ", replications: 1}\n"                                                                         \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 100us}, "                    \
    "cross_zone: {latency: \"lognormal(median=800us, p99=3ms)\", loss: 0.1%}}}\n"                  \
    "components:\n"                                                                                \
    "  es:\n    kind: elasticsearch\n    replicas: 5\n    cores: 2\n    startup: 1s\n"             \
    "    index: {shards: 3, replicas: 2, documents: 100k, dimensions: 32}\n"                       \
    "    recovery: {delay: 5s}\n    discovery: {interval: 500ms, timeout: 1s}\n"                   \
    "    consistency: {keys: 16}\n"                                                                \
    "workloads:\n"                                                                                 \
    "  u: {target: es.update_if, rate: 20/s, timeout: 2s, "                                        \
    "keys: {item: \"uniform(min=1, max=16)\"}, key: item}\n"                                       \
    "slos: [{name: s, target: u, objectives: [\"success >= 1%\"]}]\n"                              \
    "faults:\n"                                                                                    \
    "  - {name: ab, action: partition, select: {from: a, to: b}, at: " cut ", duration: 9s}\n"     \
    "  - {name: ac, action: partition, select: {from: a, to: c}, at: " cut ", duration: 9s}\n"     \
    "  - {name: dead, action: kill, select: {component: es}, mode: one, at: 27s, duration: 8s}\n"  \
    "  - {name: late, action: pause, select: {component: es}, mode: one, at: 33s, duration: 9s}\n"

// A primary that has been replaced and does not know it neither tells conflicts of its own making
// nor leaves operations behind at copies that have followed another.
Test(elastic, conditional_writes_are_linearizable_under_fail_over)
{
    static const char *const scenarios[] = {SWAPS("1", "5s"),  SWAPS("2", "7s"),  SWAPS("3", "9s"),
                                            SWAPS("4", "11s"), SWAPS("5", "13s"), SWAPS("6", "15s"),
                                            SWAPS("7", "17s"), SWAPS("8", "19s"), SWAPS("9", "21s"),
                                            SWAPS("10", "23s")};
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 60 * TIME_S);
        cr_expect_gt(stage_metric(&stage, "es", "acknowledged"), 500);
        stage_end(&stage);
    }
}

// ---- healing ----------------------------------------------------------------------------------

static void hurt(const struct stage *stage, uint64_t seed)
{
    static void (*const acts[])(void *node, uint64_t word) = {
        elastic_stage_on_kill, elastic_stage_on_power_off, elastic_stage_on_pause};
    const uint32_t replica = (uint32_t)(digest_mix(seed, 1) % 6);
    const struct node *node = &stage_component(stage, "es")->nodes[replica];
    if (node->life == NODE_DOWN || node->life == NODE_DARK) {
        elastic_stage_strike(stage, replica, elastic_stage_on_restart);
    } else if (node->pauses > 0) {
        elastic_stage_strike(stage, replica, elastic_stage_on_resume);
    } else if (node_is_up(node)) {
        elastic_stage_strike(stage, replica, acts[digest_mix(seed, 2) % 3]);
    }
}

static void heal(const struct stage *stage)
{
    for (uint32_t i = 0; i < 6; i++) {
        const struct node *node = &stage_component(stage, "es")->nodes[i];
        if (node->pauses > 0) {
            elastic_stage_strike(stage, i, elastic_stage_on_resume);
        } else if (node->life == NODE_DOWN || node->life == NODE_DARK) {
            elastic_stage_strike(stage, i, elastic_stage_on_restart);
        }
    }
}

// Copies that hold the same operations hold the same documents.
static void assert_same(const struct stage *stage, uint32_t number)
{
    const struct elastic_shard *shard = &elastic_stage_state(stage)->shards[number];
    const struct node *nodes = stage_component(stage, "es")->nodes;
    const uint32_t started = elastic_routing(&nodes[shard->primary], number)->started;
    for (uint32_t i = 0; i < shard->ops.count; i++) {
        if (started & ~((const struct elastic_op *)ring_at(&shard->ops, i))->held) {
            return;
        }
    }
    const struct elastic_node *primary = elastic_node(&nodes[shard->primary]);
    const uint64_t truth = versions_digest(&primary->copies[number].versions);
    for (uint32_t rest = started; rest != 0; rest &= rest - 1) {
        const struct elastic_node *copy = elastic_node(&nodes[__builtin_ctz(rest)]);
        cr_assert_eq(versions_digest(&copy->copies[number].versions), truth,
                     "shard %u differs at node %d", number, __builtin_ctz(rest));
    }
}

static void assert_green(const struct stage *stage)
{
    const struct elastic_state *state = elastic_stage_state(stage);
    struct component *es = stage_component(stage, "es");
    cr_assert_not_null(elastic_master_of(es));
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_neq(state->shards[i].primary, ELASTIC_NONE, "shard %u has no primary", i);
        const struct elastic_routing *routing =
            elastic_routing(&es->nodes[state->shards[i].primary], i);
        cr_assert_eq(__builtin_popcount(routing->started), 3, "shard %u lacks copies", i);
        cr_assert_eq(routing->insync, routing->started);
        cr_assert_lt(state->shards[i].ops.count, 20, "the window is trimmed");
        assert_same(stage, i);
    }
    cr_assert_eq(state->held, 0, "nothing waits for a primary");
    cr_assert_lt(state->fans.live, 20, "nothing has been forgotten");
    cr_assert_lt(state->requests.live, 80);
    cr_assert_lt(state->writes.live, 20);
}

Test(elastic, a_cluster_heals_when_all_its_nodes_are_back)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct stage stage;
        stage_begin(&stage,
                    CLUSTER("6", "shards: 4, replicas: 2, idle: 1h", "    recovery: {delay: 20s}\n",
                            "  s: {target: es.search, rate: 20/s}\n"
                            "  i: {target: es.index, rate: 50/s, "
                            "keys: {k: \"zipf(n=90, s=1)\"}, key: k}\n"));
        for (uint64_t step = 1; step <= 60; step++) {
            stage_run(&stage, (int64_t)step * 2 * TIME_S);
            hurt(&stage, digest_mix(seed, step));
        }
        stage_run(&stage, 130 * TIME_S);
        heal(&stage);
        stage_run(&stage, 400 * TIME_S);
        assert_green(&stage);
        cr_assert_eq(stage_metric(&stage, "es", "lost"), 0);
        stage_end(&stage);
    }
}
