// test_elastic - fan-out, translog, in-sync copies, masters and recovery, at exact times.
#include <criterion/criterion.h>

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
    "    discovery: {update: 20ms, apply: 10ms}\n" more                                            \
    "workloads:\n" load                                                                            \
    "slos: [{name: s, target: es.search, objectives: [\"success >= 0%\"], "                        \
    "severity: warn}]\n"

#define LOAD(operation, rate)                                                                      \
    "  clients: {target: es." operation ", arrivals: constant, rate: " rate "/s, "                 \
    "keys: {document: unique}}\n"

static struct elastic_state *state_of(const struct stage *stage)
{
    return elastic_state(stage_component(stage, "es"));
}

static void on_kill(void *node, uint64_t dark)
{
    (void)dark;
    node_kill(node, false);
}

static void on_power_off(void *node, uint64_t word)
{
    (void)word;
    node_kill(node, true);
}

static void on_restart(void *node, uint64_t word)
{
    (void)word;
    node_restart(node);
}

static void on_pause(void *node, uint64_t word)
{
    (void)word;
    node_pause(node);
}

static void on_resume(void *node, uint64_t word)
{
    (void)word;
    node_resume(node);
}

// Happens at the present instant, as an event; the world's time is 1 ns later afterwards.
static void strike(const struct stage *stage, uint32_t replica,
                   void (*act)(void *node, uint64_t word))
{
    struct world *world = stage->world;
    struct node *node = &stage_component(stage, "es")->nodes[replica];
    event_queue_at(world->queue, world->now, (struct event){act, node, 0, 0});
    world_run(world, world->now + 1);
}

static const struct histogram *latency_of(const struct stage *stage, const char *operation)
{
    return &stage_meter(stage, "es", operation)->latency;
}

// ---- searches ---------------------------------------------------------------------------------

Test(elastic, one_shard_is_queried_and_fetched_at_once)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0", "", LOAD("search", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "search")->minimum, 8 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "search")->maximum, 8 * TIME_MS);
    stage_end(&stage);
}

Test(elastic, a_fan_out_waits_for_its_slowest_shard_in_both_phases)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("2", "shards: 2, replicas: 0", "", LOAD("search", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "search")->count, 100);
    cr_assert_eq(latency_of(&stage, "search")->minimum, 12 * TIME_MS, "1 + (1+5+1) + (1+2+1)");
    cr_assert_eq(latency_of(&stage, "search")->maximum, 12 * TIME_MS);
    stage_end(&stage);
}

// 50,000 documents a shard in one segment: 16 * (100 + 16) vectors of 36 bytes at 100 + 3.6 ns.
Test(elastic, vectors_cost_what_the_graph_walk_compares)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("2",
                                "shards: 2, replicas: 0, segments: 1, dimensions: 32, "
                                "vectors: int8",
                                "", LOAD("knn", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    const int64_t compared = (int64_t)(16 * (100 + 16) * 103.6);
    cr_assert_eq(latency_of(&stage, "knn")->maximum, 8 * TIME_MS + compared);
    stage_end(&stage);
}

// Half of the vectors are in the page cache: of 16 * (100 + 17) compared, half are read.
Test(elastic, vectors_outside_of_the_page_cache_are_read_from_the_disk)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0, segments: 1, dimensions: 32",
                                "    memory: {cache: 5MB}\n", LOAD("knn", "0.1")));
    const struct node *node = &stage_component(&stage, "es")->nodes[0];
    cr_assert_eq(elastic_node(node)->resident, 5000000, "of 100,000 * (32 + 4 + 16 * 4) bytes");
    stage_run(&stage, 15 * TIME_S);
    const double reads = 16 * (100 + 17) / 2.;
    cr_assert_float_eq(stage_metric(&stage, "es", "vector_reads"), reads, 1);
    cr_assert_float_eq((double)latency_of(&stage, "knn")->maximum, reads * 128000, 2e7);
    stage_end(&stage);
}

// A host without power forgets its page cache; what is preloaded need not be read by queries.
Test(elastic, a_preloaded_copy_is_warm_when_it_serves)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0, dimensions: 32, preload: true",
                                "    recovery: {open: 500ms}\n",
                                LOAD("knn", "10")));
    struct node *node = &stage_component(&stage, "es")->nodes[0];
    stage_run(&stage, 5 * TIME_S);
    strike(&stage, 0, on_power_off);
    cr_assert_eq(elastic_node(node)->resident, 0);
    strike(&stage, 0, on_restart);
    stage_run(&stage, 10 * TIME_S);
    cr_assert_eq(elastic_node(node)->resident, 10000000);
    cr_assert_eq(stage_metric(&stage, "es", "vector_reads"), 0);
    cr_assert_gt(stage_count(&stage, "es", "knn", STATUS_OK), 80);
    stage_end(&stage);
}

// The copy at node 0 answers ten times slower: after a first look the searches go to the others.
Test(elastic, a_slow_copy_is_asked_less)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("3", "shards: 1, replicas: 2", "", LOAD("search", "50")));
    struct node *slow = &stage_component(&stage, "es")->nodes[0];
    node_slow(slow, 10);
    stage_run(&stage, 60 * TIME_S);
    const uint64_t served = slow->cpu.served;
    cr_assert_gt(served, 1000, "a third of the searches begin there");
    cr_assert_lt(served, 1500, "few are carried out there");
    stage_end(&stage);
}

Test(elastic, a_full_search_queue_rejects)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0",
                                "    threads: {search: 1, search_queue: 1}\n",
                                LOAD("search", "1000")));
    stage_run(&stage, 10 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "es", "rejections"),
                 (double)stage_count(&stage, "es", "search", STATUS_REJECTED));
    const double carried = (double)stage_count(&stage, "es", "search", STATUS_OK);
    cr_assert_float_eq(carried, 10000 / 7., 3, "one thread, 7 ms each");
    stage_end(&stage);
}

Test(elastic, the_parent_breaker_refuses_what_the_heap_cannot_hold)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0",
                                "    memory: {heap: 10MB, base: 40%}\n"
                                "    threads: {search: 1}\n",
                                LOAD("search", "1000")));
    stage_run(&stage, 2 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "es", "breaker_trips"), 0);
    cr_assert_gt(stage_count(&stage, "es", "search", STATUS_REJECTED), 0);
    cr_assert_gt(stage_count(&stage, "es", "search", STATUS_OK), 100);
    stage_end(&stage);
}

// ---- writes -----------------------------------------------------------------------------------

Test(elastic, a_write_waits_for_every_copy_and_its_flush)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("2", "shards: 1, replicas: 1", "", LOAD("index", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "index")->minimum, 6 * TIME_MS, "1 + 1 + (1+1+1+1)");
    cr_assert_eq(latency_of(&stage, "index")->maximum, 8 * TIME_MS, "from the other node");
    cr_assert_eq(stage_metric(&stage, "es", "acknowledged"), 100);
    stage_end(&stage);
}

Test(elastic, async_does_not_wait_for_the_flush)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("2", "shards: 1, replicas: 1, durability: async", "",
                                LOAD("index", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "index")->minimum, 5 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "index")->maximum, 7 * TIME_MS);
    stage_end(&stage);
}

Test(elastic, a_bulk_is_split_over_the_shards)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("2", "shards: 2, replicas: 0", "", LOAD("bulk", "10")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage, "bulk")->maximum, 9 * TIME_MS, "1 + 1 + 5 * 1 + 1 + 1");
    cr_assert_eq(stage_metric(&stage, "es", "acknowledged"), 1000);
    stage_end(&stage);
}

// A request every millisecond for one document: read 1 + 1 ms, write 1 + 1 ms, and whoever reads
// before another has written finds a conflict.
Test(elastic, a_conditional_write_conflicts_with_one_in_between)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0", "",
                                "  clients: {target: es.update_if, arrivals: constant, "
                                "rate: 1000/s, keys: {one: \"zipf(n=1, s=1)\"}, key: one}\n"));
    stage_run(&stage, 1 * TIME_S);
    const uint64_t written = stage_count(&stage, "es", "update_if", STATUS_OK);
    const uint64_t refused = stage_count(&stage, "es", "update_if", STATUS_CONFLICT);
    cr_assert_gt(written, 200);
    cr_assert_gt(refused, 200);
    cr_assert_eq(state_of(&stage)->acknowledged, written);
    stage_end(&stage);
}

Test(elastic, indexing_pressure_refuses_what_it_cannot_hold)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0", "    memory: {heap: 1MB}\n",
                                LOAD("bulk", "1000")));
    stage_run(&stage, 2 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "es", "pressure_rejections"), 0);
    cr_assert_eq(stage_metric(&stage, "es", "pressure_rejections"),
                 (double)stage_count(&stage, "es", "bulk", STATUS_REJECTED));
    stage_end(&stage);
}

Test(elastic, a_stalled_copy_hangs_the_writes_of_its_shard)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("3", "shards: 1, replicas: 1", "", LOAD("index", "10")));
    const uint32_t copy = (uint32_t)__builtin_ctz(
        elastic_routing(&stage_component(&stage, "es")->nodes[0], 0)->started &
        ~(1U << state_of(&stage)->shards[0].primary));
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, copy, on_pause);
    stage_run(&stage, 15050 * TIME_MS);
    const double before = stage_metric(&stage, "es", "acknowledged");
    cr_assert_leq(before, 51, "nothing since the pause");
    strike(&stage, copy, on_resume);
    stage_run(&stage, 17050 * TIME_MS);
    cr_assert_gt(stage_metric(&stage, "es", "acknowledged"), 160);
    cr_assert_eq(stage_metric(&stage, "es", "cluster_states"), 0, "nobody was given up");
    stage_end(&stage);
}

// ---- visibility and segments ------------------------------------------------------------------

Test(elastic, searches_see_documents_at_the_next_refresh)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0, idle: 1h, segments: 1", "",
                                LOAD("index", "10")));
    const struct elastic_copy *copy =
        &elastic_node(&stage_component(&stage, "es")->nodes[0])->copies[0];
    stage_run(&stage, 999 * TIME_MS);
    cr_assert_eq(copy->buffered, 9);
    cr_assert_eq(elastic_segment_count(copy), 1);
    stage_run(&stage, 1001 * TIME_MS);
    cr_assert_eq(copy->buffered, 0);
    cr_assert_eq(elastic_segment_count(copy), 2);
    cr_assert_leq(stage_metric(&stage, "es", "visibility(max)"), 1);
    stage_end(&stage);
}

Test(elastic, ten_segments_become_one)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0, idle: 1h, segments: 1", "",
                                LOAD("index", "10")));
    const struct elastic_copy *copy =
        &elastic_node(&stage_component(&stage, "es")->nodes[0])->copies[0];
    stage_run(&stage, 9900 * TIME_MS);
    cr_assert_eq(elastic_segment_count(copy), 10);
    stage_run(&stage, 10900 * TIME_MS);
    cr_assert_eq(elastic_segment_count(copy), 2);
    cr_assert_eq(stage_metric(&stage, "es", "merges"), 1);
    stage_end(&stage);
}

Test(elastic, a_copy_that_nobody_searches_is_not_refreshed)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("1", "shards: 1, replicas: 0, idle: 5s", "", LOAD("index", "1")));
    const struct elastic_copy *copy =
        &elastic_node(&stage_component(&stage, "es")->nodes[0])->copies[0];
    stage_run(&stage, 20500 * TIME_MS);
    cr_assert_geq(copy->buffered, 15);
    stage_end(&stage);
}

// ---- failover ---------------------------------------------------------------------------------

// Three nodes; the master is node 0, the primary of the second shard node 2.
#define PAIR CLUSTER("3", "shards: 2, replicas: 1", "", LOAD("index", "10"))

Test(elastic, a_crashed_primary_is_replaced_by_the_next_cluster_state)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    cr_assert_eq(state_of(&stage)->shards[1].primary, 2);
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, 2, on_kill);
    stage_run(&stage, 5084 * TIME_MS); // reset 1, update 20, publish 1+1+1, commit 1, apply 10
    cr_assert_eq(state_of(&stage)->shards[1].primary, ELASTIC_NONE);
    stage_run(&stage, 5087 * TIME_MS);
    cr_assert_eq(state_of(&stage)->shards[1].primary, 1);
    cr_assert_float_eq(stage_metric(&stage, "es", "unavailable(max)"), 0.0355, 0.001);
    stage_end(&stage);
}

// Checks go out every 1.002 s from 1 s on: the first without answer at 6.010 s; 3 * 10 s + 2 * 1 s.
Test(elastic, a_silent_node_is_given_up_after_three_checks)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, 2, on_power_off);
    stage_run(&stage, 38010 * TIME_MS + 33 * TIME_MS);
    cr_assert_eq(state_of(&stage)->shards[1].primary, ELASTIC_NONE);
    stage_run(&stage, 38010 * TIME_MS + 37 * TIME_MS);
    cr_assert_eq(state_of(&stage)->shards[1].primary, 1);
    cr_assert_eq(stage_metric(&stage, "es", "lost"), 0);
    stage_end(&stage);
}

Test(elastic, a_crashed_master_is_replaced_after_one_election)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    cr_assert_eq(elastic_master_of(stage_component(&stage, "es"))->replica, 0);
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, 0, on_kill);
    stage_run(&stage, 6 * TIME_S);
    cr_assert_neq(elastic_master_of(stage_component(&stage, "es"))->replica, 0);
    cr_assert_lt(stage_metric(&stage, "es", "masterless(max)"), 0.6);
    cr_assert_gt(stage_metric(&stage, "es", "masterless(max)"), 0.03);
    cr_assert_neq(state_of(&stage)->shards[0].primary, ELASTIC_NONE);
    stage_end(&stage);
}

Test(elastic, without_a_majority_of_masters_writes_wait_and_then_fail)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, 0, on_kill);
    strike(&stage, 1, on_kill);
    stage_run(&stage, 70 * TIME_S);
    cr_assert_null(elastic_master_of(stage_component(&stage, "es")));
    cr_assert_gt(stage_count(&stage, "es", "index", STATUS_UNAVAILABLE), 0);
    cr_assert_leq(stage_metric(&stage, "es", "acknowledged"), 51);
    strike(&stage, 0, on_restart);
    stage_run(&stage, 80 * TIME_S);
    cr_assert_not_null(elastic_master_of(stage_component(&stage, "es")));
    stage_end(&stage);
}

Test(elastic, a_lost_replica_is_rebuilt_after_a_minute_at_the_pace_of_recovery)
{
    struct stage stage; // 50,000 documents of 1 kB at 40 MB/s: 1.25 s
    stage_begin(&stage, CLUSTER("3", "shards: 2, replicas: 1", "", LOAD("get", "1")));
    const struct node *master = &stage_component(&stage, "es")->nodes[0];
    stage_run(&stage, 5 * TIME_S);
    strike(&stage, 1, on_kill);
    stage_run(&stage, 64900 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "es", "rebuilds"), 0);
    cr_assert_eq(elastic_routing(master, 0)->initializing, 0);
    stage_run(&stage, 66100 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "es", "rebuilds"), 2);
    cr_assert_neq(elastic_routing(master, 1)->initializing, 0);
    stage_run(&stage, 68 * TIME_S);
    cr_assert_eq(elastic_routing(master, 1)->initializing, 0);
    cr_assert_eq(__builtin_popcount(elastic_routing(master, 1)->started), 2);
    stage_end(&stage);
}

Test(elastic, a_node_that_returns_opens_its_copies_at_once)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    const struct node *master = &stage_component(&stage, "es")->nodes[0];
    stage_run(&stage, 5 * TIME_S);
    strike(&stage, 1, on_kill);
    stage_run(&stage, 10 * TIME_S);
    strike(&stage, 1, on_restart);
    stage_run(&stage, 15 * TIME_S);
    cr_assert_eq(__builtin_popcount(elastic_routing(master, 1)->started), 2);
    cr_assert_eq(__builtin_popcount(elastic_routing(master, 0)->started), 2);
    stage_end(&stage);
}

Test(elastic, a_shard_without_replica_waits_for_its_node)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("3", "shards: 2, replicas: 0", "", LOAD("index", "10")));
    stage_run(&stage, 5050 * TIME_MS);
    strike(&stage, 1, on_kill);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(state_of(&stage)->shards[1].primary, ELASTIC_NONE, "red, not another copy");
    strike(&stage, 1, on_restart);
    stage_run(&stage, 35 * TIME_S);
    cr_assert_eq(state_of(&stage)->shards[1].primary, 1);
    cr_assert_eq(stage_metric(&stage, "es", "lost"), 0);
    stage_end(&stage);
}

// ---- durability -------------------------------------------------------------------------------

static double lost_without_power(const char *text)
{
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 3050 * TIME_MS);
    for (uint32_t i = 0; i < 3; i++) {
        strike(&stage, i, on_power_off);
    }
    stage_run(&stage, 5 * TIME_S);
    for (uint32_t i = 0; i < 3; i++) {
        strike(&stage, i, on_restart);
    }
    stage_run(&stage, 15 * TIME_S);
    const double lost = stage_metric(&stage, "es", "lost");
    cr_assert_gt(stage_metric(&stage, "es", "acknowledged"), 40);
    cr_assert_neq(state_of(&stage)->shards[0].primary, ELASTIC_NONE);
    stage_end(&stage);
    return lost;
}

Test(elastic, async_loses_what_was_not_flushed_when_all_lose_power)
{
    cr_assert_eq(lost_without_power(CLUSTER("3", "shards: 1, replicas: 1, durability: async",
                                            "", LOAD("index", "10"))),
                 30);
}

Test(elastic, request_loses_nothing_when_all_lose_power)
{
    cr_assert_eq(lost_without_power(CLUSTER("3", "shards: 1, replicas: 1", "",
                                            LOAD("index", "10"))),
                 0);
}

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
    "keys: {u: \"zipf(n=20, s=1)\"}, key: u}\n"                                                   \
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

// ---- healing ----------------------------------------------------------------------------------

static void hurt(const struct stage *stage, uint64_t seed)
{
    static void (*const acts[])(void *node, uint64_t word) = {on_kill, on_power_off, on_pause};
    const uint32_t replica = (uint32_t)(digest_mix(seed, 1) % 6);
    const struct node *node = &stage_component(stage, "es")->nodes[replica];
    if (node->life == NODE_DOWN || node->life == NODE_DARK) {
        strike(stage, replica, on_restart);
    } else if (node->pauses > 0) {
        strike(stage, replica, on_resume);
    } else if (node_is_up(node)) {
        strike(stage, replica, acts[digest_mix(seed, 2) % 3]);
    }
}

static void heal(const struct stage *stage)
{
    for (uint32_t i = 0; i < 6; i++) {
        const struct node *node = &stage_component(stage, "es")->nodes[i];
        if (node->pauses > 0) {
            strike(stage, i, on_resume);
        } else if (node->life == NODE_DOWN || node->life == NODE_DARK) {
            strike(stage, i, on_restart);
        }
    }
}

// Copies that hold the same operations hold the same documents.
static void assert_same(const struct stage *stage, uint32_t number)
{
    const struct elastic_shard *shard = &state_of(stage)->shards[number];
    const struct node *nodes = stage_component(stage, "es")->nodes;
    const uint32_t started = elastic_routing(&nodes[shard->primary], number)->started;
    for (uint32_t i = 0; i < shard->count; i++) {
        if (started & ~shard->ops[(shard->first + i) & (shard->room - 1)].held) {
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
    const struct elastic_state *state = state_of(stage);
    struct component *es = stage_component(stage, "es");
    cr_assert_not_null(elastic_master_of(es));
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_neq(state->shards[i].primary, ELASTIC_NONE, "shard %u has no primary", i);
        const struct elastic_routing *routing =
            elastic_routing(&es->nodes[state->shards[i].primary], i);
        cr_assert_eq(__builtin_popcount(routing->started), 3, "shard %u lacks copies", i);
        cr_assert_eq(routing->insync, routing->started);
        cr_assert_lt(state->shards[i].count, 20, "the window is trimmed");
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
        stage_begin(&stage, CLUSTER("6", "shards: 4, replicas: 2, idle: 1h",
                                    "    recovery: {delay: 20s}\n",
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
