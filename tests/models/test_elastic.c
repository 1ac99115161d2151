// test_elastic - fan-out, translog, in-sync copies, masters and recovery, at exact times.
#include <criterion/criterion.h>

#include "tests/models/elastic_stage.h"

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
                                "    recovery: {open: 500ms}\n", LOAD("knn", "10")));
    struct node *node = &stage_component(&stage, "es")->nodes[0];
    stage_run(&stage, 5 * TIME_S);
    elastic_stage_strike(&stage, 0, elastic_stage_on_power_off);
    cr_assert_eq(elastic_node(node)->resident, 0);
    elastic_stage_strike(&stage, 0, elastic_stage_on_restart);
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
    stage_begin(&stage,
                CLUSTER("1", "shards: 1, replicas: 0",
                        "    threads: {search: 1, search_queue: 1}\n", LOAD("search", "1000")));
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
    stage_begin(&stage,
                CLUSTER("2", "shards: 1, replicas: 1, durability: async", "", LOAD("index", "10")));
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
    cr_assert_eq(elastic_stage_state(&stage)->acknowledged, written);
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
        ~(1U << elastic_stage_state(&stage)->shards[0].primary));
    stage_run(&stage, 5050 * TIME_MS);
    elastic_stage_strike(&stage, copy, elastic_stage_on_pause);
    stage_run(&stage, 15050 * TIME_MS);
    const double before = stage_metric(&stage, "es", "acknowledged");
    cr_assert_leq(before, 51, "nothing since the pause");
    elastic_stage_strike(&stage, copy, elastic_stage_on_resume);
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
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, 2);
    stage_run(&stage, 5050 * TIME_MS);
    elastic_stage_strike(&stage, 2, elastic_stage_on_kill);
    stage_run(&stage, 5084 * TIME_MS); // reset 1, update 20, publish 1+1+1, commit 1, apply 10
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, ELASTIC_NONE);
    stage_run(&stage, 5087 * TIME_MS);
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, 1);
    cr_assert_float_eq(stage_metric(&stage, "es", "unavailable(max)"), 0.0355, 0.001);
    stage_end(&stage);
}

// Checks go out every 1.002 s from 1 s on: the first without answer at 6.010 s; 3 * 10 s + 2 * 1 s.
Test(elastic, a_silent_node_is_given_up_after_three_checks)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    stage_run(&stage, 5050 * TIME_MS);
    elastic_stage_strike(&stage, 2, elastic_stage_on_power_off);
    stage_run(&stage, 38010 * TIME_MS + 33 * TIME_MS);
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, ELASTIC_NONE);
    stage_run(&stage, 38010 * TIME_MS + 37 * TIME_MS);
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, 1);
    cr_assert_eq(stage_metric(&stage, "es", "lost"), 0);
    stage_end(&stage);
}

Test(elastic, a_crashed_master_is_replaced_after_one_election)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    cr_assert_eq(elastic_master_of(stage_component(&stage, "es"))->replica, 0);
    stage_run(&stage, 5050 * TIME_MS);
    elastic_stage_strike(&stage, 0, elastic_stage_on_kill);
    stage_run(&stage, 6 * TIME_S);
    cr_assert_neq(elastic_master_of(stage_component(&stage, "es"))->replica, 0);
    cr_assert_lt(stage_metric(&stage, "es", "masterless(max)"), 0.6);
    cr_assert_gt(stage_metric(&stage, "es", "masterless(max)"), 0.03);
    cr_assert_neq(elastic_stage_state(&stage)->shards[0].primary, ELASTIC_NONE);
    stage_end(&stage);
}

Test(elastic, without_a_majority_of_masters_writes_wait_and_then_fail)
{
    struct stage stage;
    stage_begin(&stage, PAIR);
    stage_run(&stage, 5050 * TIME_MS);
    elastic_stage_strike(&stage, 0, elastic_stage_on_kill);
    elastic_stage_strike(&stage, 1, elastic_stage_on_kill);
    stage_run(&stage, 70 * TIME_S);
    cr_assert_null(elastic_master_of(stage_component(&stage, "es")));
    cr_assert_gt(stage_count(&stage, "es", "index", STATUS_UNAVAILABLE), 0);
    cr_assert_leq(stage_metric(&stage, "es", "acknowledged"), 51);
    elastic_stage_strike(&stage, 0, elastic_stage_on_restart);
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
    elastic_stage_strike(&stage, 1, elastic_stage_on_kill);
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
    elastic_stage_strike(&stage, 1, elastic_stage_on_kill);
    stage_run(&stage, 10 * TIME_S);
    elastic_stage_strike(&stage, 1, elastic_stage_on_restart);
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
    elastic_stage_strike(&stage, 1, elastic_stage_on_kill);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, ELASTIC_NONE,
                 "red, not another copy");
    elastic_stage_strike(&stage, 1, elastic_stage_on_restart);
    stage_run(&stage, 35 * TIME_S);
    cr_assert_eq(elastic_stage_state(&stage)->shards[1].primary, 1);
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
        elastic_stage_strike(&stage, i, elastic_stage_on_power_off);
    }
    stage_run(&stage, 5 * TIME_S);
    for (uint32_t i = 0; i < 3; i++) {
        elastic_stage_strike(&stage, i, elastic_stage_on_restart);
    }
    stage_run(&stage, 15 * TIME_S);
    const double lost = stage_metric(&stage, "es", "lost");
    cr_assert_gt(stage_metric(&stage, "es", "acknowledged"), 40);
    cr_assert_neq(elastic_stage_state(&stage)->shards[0].primary, ELASTIC_NONE);
    stage_end(&stage);
    return lost;
}

Test(elastic, async_loses_what_was_not_flushed_when_all_lose_power)
{
    cr_assert_eq(lost_without_power(CLUSTER("3", "shards: 1, replicas: 1, durability: async", "",
                                            LOAD("index", "10"))),
                 30);
}

Test(elastic, request_loses_nothing_when_all_lose_power)
{
    cr_assert_eq(
        lost_without_power(CLUSTER("3", "shards: 1, replicas: 1", "", LOAD("index", "10"))), 0);
}
