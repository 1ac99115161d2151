// test_cache - hits, misses, expiry, eviction, leases and crashes of the cache, at exact times.
#include <criterion/criterion.h>
#include <math.h>

#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// A reader that gets, and after a miss fetches for 10 ms and sets; a client every 100 ms.
#define READER                                                                                     \
    "topology: {regions: {r: [z]}, links: {same_zone: {latency: 0}}}\n"                            \
    "workloads:\n"                                                                                 \
    "  clients: {target: reader.read, arrivals: constant, rate: 10/s, keys: {item: \"zipf(n=1, "   \
    "s=1)\"}}\n"                                                                                   \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define READ_STEPS                                                                                 \
    "    operations:\n"                                                                            \
    "      read:\n"                                                                                \
    "        - call: {to: cache.get, key: item}\n"                                                 \
    "        - choose:\n"                                                                          \
    "            hit: []\n"                                                                        \
    "            miss: [{sleep: 10ms}, {call: {to: cache.set, key: item}}]\n"                      \
    "        - reply: 0\n"

#define ONE_CACHE(more)                                                                            \
    "orrery: v1\nname: t\nsimulation: {duration: 10s, warmup: 0, seed: 1, replications: 1}\n"      \
    "components:\n"                                                                                \
    "  cache: {kind: cache, get: 1ms, set: 1ms" more "}\n"                                         \
    "  reader:\n    kind: service\n" READ_STEPS READER

Test(cache, the_first_get_misses_and_later_ones_hit)
{
    struct stage stage;
    stage_begin(&stage, ONE_CACHE(""));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 1);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 9);
    cr_assert_eq(stage_count(&stage, "cache", "set", STATUS_OK), 1);
    cr_assert_eq(stage_meter(&stage, "reader", "read")->latency.maximum, 12 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "reader", "read")->latency.minimum, 1 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "cache", "hit_ratio"), 0.9, 1e-12);
    stage_end(&stage);
}

Test(cache, an_entry_expires_exactly_ttl_after_its_set)
{
    struct stage stage;
    stage_begin(&stage, ONE_CACHE(", ttl: 289ms"));
    // The set is done at 112 ms, so the entry ends at 401 ms: the get that looks at 401 ms misses.
    stage_run(&stage, 450 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 2);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 2);
    stage_end(&stage);
    stage_begin(&stage, ONE_CACHE(", ttl: 290ms"));
    stage_run(&stage, 450 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 3);
    stage_end(&stage);
}

Test(cache, a_crash_empties_it)
{
    struct stage stage;
    stage_begin(&stage, ONE_CACHE(""));
    stage_run(&stage, 450 * TIME_MS);
    struct node *node = &stage_component(&stage, "cache")->nodes[0];
    node_kill(node, false);
    node_restart(node);
    stage_run(&stage, 950 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 2);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 7);
    stage_end(&stage);
}

// Four gets at once, every second from 1 s on; a fetch takes 10 ms.
#define CROWD(more)                                                                                \
    "orrery: v1\nname: t\nsimulation: {duration: 10s, warmup: 0, seed: 1, replications: 1}\n"      \
    "topology: {regions: {r: [z]}, links: {same_zone: {latency: 0}}}\n"                            \
    "components:\n"                                                                                \
    "  cache: {kind: cache, get: 1ms, set: 1ms, ttl: 1500ms" more "}\n"                            \
    "  reader:\n    kind: service\n    operations:\n"                                              \
    "      crowd: [{parallel: [{call: {to: reader.read, key: item}}, {call: {to: reader.read, "    \
    "key: item}}, {call: {to: reader.read, key: item}}, {call: {to: reader.read, key: item}}]}]\n" \
    "      read:\n"                                                                                \
    "        - call: {to: cache.get, key: item}\n"                                                 \
    "        - choose:\n"                                                                          \
    "            hit: []\n"                                                                        \
    "            miss: [{sleep: 10ms}, {call: {to: cache.set, key: item}}]\n"                      \
    "        - reply: 0\n"                                                                         \
    "workloads:\n"                                                                                 \
    "  clients: {target: reader.crowd, arrivals: constant, rate: 1/s, keys: {item: \"zipf(n=1, "   \
    "s=1)\"}}\n"                                                                                   \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

Test(cache, without_protection_all_who_miss_fetch)
{
    struct stage stage;
    stage_begin(&stage, CROWD(""));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 4);
    cr_assert_eq(stage_count(&stage, "cache", "set", STATUS_OK), 4);
    stage_end(&stage);
}

Test(cache, with_single_flight_one_fetches_and_the_others_wait_for_it)
{
    struct stage stage;
    stage_begin(&stage, CROWD(", protection: single_flight"));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 1);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 3);
    cr_assert_eq(stage_meter(&stage, "cache", "get")->latency.maximum, 12 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "cache", "waited_ratio"), 0.75, 1e-12);
    stage_end(&stage);
}

Test(cache, who_has_waited_long_enough_misses)
{
    struct stage stage;
    stage_begin(&stage, CROWD(", protection: single_flight, wait: 5ms"));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 4);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 0);
    stage_end(&stage);
}

Test(cache, when_a_lease_runs_out_the_next_who_waits_gets_one)
{
    struct stage stage;
    stage_begin(&stage, CROWD(", protection: single_flight, lease: 4ms"));
    stage_run(&stage, 1500 * TIME_MS);
    // Misses at 1 ms, 5 ms and 9 ms; the first fetch ends at 12 ms and serves the last.
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 3);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 1);
    stage_end(&stage);
}

Test(cache, a_value_that_has_just_expired_is_served_while_it_is_fetched)
{
    struct stage stage;
    stage_begin(&stage, CROWD(", protection: single_flight, stale: 1s"));
    stage_run(&stage, 3500 * TIME_MS);
    // Set at 1.012 s, expired at 2.512 s: of the four at 3 s one fetches, three get the old value.
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_MISS), 2);
    cr_assert_eq(stage_count(&stage, "cache", "get", STATUS_OK), 10);
    cr_assert_float_eq(stage_metric(&stage, "cache", "stale_ratio"), 0.25, 1e-12);
    stage_end(&stage);
}

// Keys 1..50, zipf with s = 0.9, at 5,000/s over the replicas.
#define SHARDS(more)                                                                               \
    "orrery: v1\nname: t\nsimulation: {duration: 60s, warmup: 0, seed: 1, replications: 1}\n"      \
    "topology: {regions: {r: [z]}, links: {same_zone: {latency: 0}}}\n"                            \
    "components:\n"                                                                                \
    "  cache: {kind: cache, get: 1us, set: 1us, key: item" more "}\n"                              \
    "workloads:\n"                                                                                 \
    "  sets: {target: cache.set, rate: 2000/s, keys: {item: \"zipf(n=50, s=0.9)\"}}\n"             \
    "  gets: {target: cache.get, rate: 2000/s, keys: {item: \"zipf(n=50, s=0.9)\"}}\n"             \
    "slos: [{name: s, target: gets, objectives: [\"success >= 1%\"]}]\n"

Test(cache, sharded_keys_stand_on_one_replica_each)
{
    struct stage stage;
    stage_begin(&stage, SHARDS(", replicas: 4"));
    stage_run(&stage, 10 * TIME_S);
    cr_assert_float_eq(stage_metric(&stage, "cache", "entries"), 50, 1e-12);
    cr_assert_gt(stage_metric(&stage, "cache", "hit_ratio"), 0.99);
    stage_end(&stage);
}

Test(cache, local_caches_each_learn_all_keys_and_replicated_ones_together)
{
    struct stage stage;
    stage_begin(&stage, SHARDS(", replicas: 4, layout: local"));
    stage_run(&stage, 10 * TIME_S);
    cr_assert_float_eq(stage_metric(&stage, "cache", "entries"), 200, 1e-12);
    stage_end(&stage);
    stage_begin(&stage, SHARDS(", replicas: 4, layout: replicated"));
    stage_run(&stage, TIME_S / 10);
    const double entries = stage_metric(&stage, "cache", "entries");
    cr_assert_float_eq(fmod(entries, 4), 0, 1e-12);
    cr_assert_gt(entries, 100);
    stage_end(&stage);
}

Test(cache, capacity_holds_under_every_eviction)
{
    const char *const evictions[] = {
        SHARDS(", capacity: 10, eviction: lru"),  SHARDS(", capacity: 10, eviction: lfu"),
        SHARDS(", capacity: 10, eviction: fifo"), SHARDS(", capacity: 10, eviction: random"),
        SHARDS(", capacity: 10, eviction: sieve"),
    };
    double ratios[5];
    for (int i = 0; i < 5; i++) {
        struct stage stage;
        stage_begin(&stage, evictions[i]);
        stage_run(&stage, 10 * TIME_S);
        cr_assert_float_eq(stage_metric(&stage, "cache", "entries"), 10, 1e-12);
        ratios[i] = stage_metric(&stage, "cache", "hit_ratio");
        stage_end(&stage);
    }
    cr_assert_gt(ratios[1], ratios[0]); // frequency beats recency where keys are independent
}

Test(cache, what_cannot_be_is_refused)
{
    cr_assert(stage_refuses(ONE_CACHE(", stale: 1s"), "E0306"));
    cr_assert(stage_refuses(ONE_CACHE(", early: 1"), "E0306"));
    cr_assert(stage_refuses(ONE_CACHE(", capacity: 0"), "E0212"));
}
