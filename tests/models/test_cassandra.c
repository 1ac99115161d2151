// test_cassandra - levels, hints, gossip, repair, lightweight transactions, logs, at exact times.
#include <criterion/criterion.h>

#include "models/datastores/cassandra.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// One millisecond between everybody; a coordinator parses, a replica writes, reads or promises in
// 1 ms. To the coordinator 1, parse 1, to a replica 1, its work 1, back 1, answer 1 = 6 ms; the
// coordinator is a replica itself and has its own answer after 1.
#define RING_OF(nodes, setting, steps, rate, law)                                                  \
    RING_FULL(nodes, "speculate: 0%\n    " COSTS "\n    " setting, steps, rate, law)
#define COSTS "cost: {coordinate: 1ms, read: 1ms, write: 1ms, paxos: 1ms}"
#define RING_FULL(nodes, setting, steps, rate, law)                                                \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 1ms}, "                      \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  db:\n    kind: cassandra\n    nodes: " nodes "\n    cores: 64\n"         \
    "    " setting "\n"                                                                            \
    "  app:\n    kind: service\n    spread: {a: 1}\n    operations:\n"                             \
    "      go: [" steps ", {reply: 0}]\n"                                                          \
    "workloads:\n  clients: {target: app.go, arrivals: constant, rate: " rate ",\n"                \
    "    keys: {item: \"" law "\"}}\n"                                                             \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"
#define CALL(name) "{call: {to: db." name ", key: item, timeout: 9s}}"
#define FEW "uniform(min=1, max=20)"
#define NO_FILES "compaction: {windows: 0}"
#define RING(setting, steps) RING_OF("3", NO_FILES "\n    " setting, steps, "10/s", FEW)

static struct cassandra_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "db")->state;
}

static struct cassandra_node *server_of(const struct stage *stage, uint32_t replica)
{
    return cassandra_node(&stage_component(stage, "db")->nodes[replica]);
}

static void strike_all(const struct stage *stage, uint64_t dark, uint32_t count,
                       void (*act)(void *node, uint64_t word))
{
    struct world *world = stage->world;
    struct component *db = stage_component(stage, "db");
    for (uint32_t i = 0; i < count; i++) {
        const struct event event = {act, &db->nodes[db->node_count - 1 - i], dark, 0};
        event_queue_at(world->queue, world->now, event);
    }
    world_run(world, world->now + 1);
}

static uint64_t digest_of_node(const struct stage *stage, uint32_t replica)
{
    return versions_digest(&server_of(stage, replica)->data);
}

static void expect_latency(const char *setting_and_steps, int64_t ms)
{
    struct stage stage;
    stage_begin(&stage, setting_and_steps);
    stage_run(&stage, 3050 * TIME_MS);
    const struct histogram *latency = &stage_meter(&stage, "app", "go")->latency;
    cr_assert_eq(latency->count, 30);
    cr_assert_eq(latency->minimum, ms * TIME_MS, "%ld us", (long)(latency->minimum / 1000));
    cr_assert_eq(latency->maximum, ms * TIME_MS, "%ld us", (long)(latency->maximum / 1000));
    stage_end(&stage);
}

Test(cassandra, a_write_waits_for_as_many_as_its_level_needs)
{
    expect_latency(RING("write_level: one", CALL("write")), 4);
    expect_latency(RING("write_level: quorum", CALL("write")), 6);
    expect_latency(RING("write_level: all", CALL("write")), 6);
}

Test(cassandra, a_read_asks_the_nearest_and_compares_digests)
{
    expect_latency(RING("read_level: one", CALL("read")), 4);
    expect_latency(RING("read_level: quorum", CALL("read")), 6);
}

Test(cassandra, a_lightweight_transaction_takes_four_round_trips)
{
    expect_latency(RING("condition: exists", CALL("update_if")), 15);
    expect_latency(RING("write_level: serial", CALL("write")), 15);
    expect_latency(RING("read_level: serial", CALL("read")), 12);
}

Test(cassandra, batch_waits_for_the_disk_and_group_for_the_next_flush)
{
    expect_latency(RING("commit_log: {sync: batch, flush: 2ms}", CALL("write")), 8);
    struct stage stage;
    stage_begin(&stage, RING("commit_log: {sync: group, group: 100ms, flush: 2ms}", CALL("write")));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "app", "go")->latency.minimum, 108 * TIME_MS);
    stage_end(&stage);
}

Test(cassandra, replicas_are_the_same_everywhere_and_stand_in_distinct_zones)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("9", "replication: 3", CALL("write"), "10/s", FEW));
    const struct component *db = stage_component(&stage, "db");
    for (uint64_t key = 0; key < 1000; key++) {
        const uint16_t *replicas = cassandra_ring_replicas(db, key);
        uint32_t zones = 0;
        for (uint32_t i = 0; i < 3; i++) {
            zones |= 1U << db->nodes[replicas[i]].zone;
        }
        cr_assert_eq(zones, 7);
    }
    stage_end(&stage);
}

Test(cassandra, a_silent_node_is_convicted_when_phi_reaches_the_threshold)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("2", "replication: 2", CALL("read"), "1/s", FEW));
    stage_run(&stage, 100 * TIME_S);
    const struct cassandra_peer *peer = &server_of(&stage, 0)->peers[1];
    strike_all(&stage, 1, 1, stage_on_kill);
    stage_run(&stage, 101 * TIME_S);
    const int64_t due = detector_suspects_ns(&peer->detector, 8);
    cr_assert_leq(llabs(due - peer->detector.heard_ns - 18420 * TIME_MS), 200 * TIME_MS);
    stage_run(&stage, due);
    cr_assert(peer->alive);
    stage_run(&stage, due + TIME_S + 1);
    cr_assert_not(peer->alive, "at the next gossip of its own");
    cr_assert(state_of(&stage)->known_dead[1]);
    stage_end(&stage);
}

Test(cassandra, too_few_living_replicas_make_a_write_unavailable_at_once)
{
    struct stage stage;
    stage_begin(&stage, RING("", CALL("write")));
    stage_run(&stage, 30050 * TIME_MS);
    strike_all(&stage, 0, 2, stage_on_kill);
    stage_run(&stage, 60050 * TIME_MS);
    const uint64_t refused = stage_count(&stage, "db", "write", STATUS_UNAVAILABLE);
    cr_assert_gt(stage_count(&stage, "db", "write", STATUS_INDETERMINATE), 100,
                 "until both are convicted, writes time out");
    stage_run(&stage, 61050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "write", STATUS_UNAVAILABLE), refused + 10);
    cr_assert_geq(stage_metric(&stage, "db", "unavailable(max)"), 31);
    stage_end(&stage);
}

Test(cassandra, hints_bring_a_replica_up_to_date_at_the_next_look)
{
    struct stage stage;
    stage_begin(&stage, RING("", CALL("write")));
    stage_run(&stage, 30050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_kill);
    stage_run(&stage, 60050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_restart);
    cr_assert_gt(state_of(&stage)->hinted, 100, "of those unanswered and those not even sent");
    cr_assert_eq(state_of(&stage)->replayed, 0);
    cr_assert_neq(digest_of_node(&stage, 0), digest_of_node(&stage, 2));
    stage_run(&stage, 90080 * TIME_MS);
    cr_assert_eq(state_of(&stage)->hinted, state_of(&stage)->replayed);
    cr_assert_eq(digest_of_node(&stage, 0), digest_of_node(&stage, 1));
    cr_assert_eq(digest_of_node(&stage, 0), digest_of_node(&stage, 2));
    stage_end(&stage);
}

Test(cassandra, no_hints_are_kept_beyond_the_window)
{
    struct stage stage;
    stage_begin(&stage, RING("hints: {window: 1s}", CALL("write")));
    stage_run(&stage, 30050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_kill);
    stage_run(&stage, 59050 * TIME_MS);
    const uint64_t hinted = state_of(&stage)->hinted;
    stage_run(&stage, 90050 * TIME_MS);
    cr_assert_eq(state_of(&stage)->hinted, hinted, "convicted more than a second ago");
    stage_end(&stage);
}

Test(cassandra, hints_keep_to_their_throttle)
{
    struct stage stage;
    stage_begin(&stage, RING("hints: {throttle: 2200B/s}", CALL("write")));
    stage_run(&stage, 30050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_kill);
    stage_run(&stage, 60050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_restart);
    stage_run(&stage, 90050 * TIME_MS);
    // 1100 B at half of 2200 B/s: one a second from each of two nodes, after a look every 10 s
    cr_assert_geq(state_of(&stage)->replayed, 2 * 19);
    cr_assert_leq(state_of(&stage)->replayed, 2 * 30);
    stage_end(&stage);
}

Test(cassandra, a_read_that_meets_different_rows_writes_the_newest_back)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("3", NO_FILES "\n    hints: {enabled: false}\n    read_level: all",
                                CALL("write") ", " CALL("read"), "10/s", "uniform(min=1, max=1)"));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(state_of(&stage)->digests, 0);
    struct cassandra_node *last = server_of(&stage, 2);
    const struct version old = {1, 1};
    versions_put(&last->data, last->data.keys[0], old, 0);
    last->data.entries[0].stamp = 1;
    stage_run(&stage, 1099 * TIME_MS);
    cr_assert_neq(digest_of_node(&stage, 0), digest_of_node(&stage, 2));
    stage_run(&stage, 1150 * TIME_MS);
    cr_assert_eq(digest_of_node(&stage, 0), digest_of_node(&stage, 2));
    stage_end(&stage);
}

// The process leaves what it wrote to the operating system, the host only what is on its disk.
Test(cassandra, a_loss_of_power_takes_what_was_not_flushed)
{
    struct stage stage;
    stage_begin(&stage, RING("commit_log: {period: 10s}", CALL("write")));
    stage_run(&stage, 15050 * TIME_MS);
    const uint64_t before = digest_of_node(&stage, 2);
    strike_all(&stage, 0, 1, stage_on_kill);
    cr_assert_eq(digest_of_node(&stage, 2), before);
    strike_all(&stage, 0, 1, stage_on_restart);
    stage_run(&stage, 16050 * TIME_MS);
    const uint64_t durable = server_of(&stage, 2)->log.durable;
    cr_assert_lt(durable, server_of(&stage, 2)->log.written);
    strike_all(&stage, 1, 1, stage_on_kill);
    cr_assert_eq(server_of(&stage, 2)->log.written, durable);
    stage_run(&stage, 20050 * TIME_MS);
    cr_assert_eq(state_of(&stage)->lost, 0, "two others have it");
    stage_end(&stage);
}

static double lost_with_power(const char *scenario)
{
    struct stage stage;
    stage_begin(&stage, scenario);
    stage_run(&stage, 5050 * TIME_MS);
    strike_all(&stage, 1, 3, stage_on_kill);
    stage_run(&stage, 10050 * TIME_MS);
    const double lost = stage_metric(&stage, "db", "lost");
    stage_end(&stage);
    return lost;
}

Test(cassandra, all_replicas_without_power_lose_what_no_log_had_flushed)
{
    cr_assert_gt(lost_with_power(RING("", CALL("write"))), 10);
    cr_assert_gt(lost_with_power(RING("write_level: all", CALL("write"))), 10);
    cr_assert_eq(lost_with_power(RING("commit_log: {sync: batch}", CALL("write"))), 0);
    cr_assert_eq(
        lost_with_power(RING("write_level: one\n    commit_log: {sync: batch}", CALL("write"))), 0);
}

Test(cassandra, a_scan_fails_when_it_meets_too_many_tombstones)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("3", NO_FILES "\n    scan: {tombstones: 10}",
                                CALL("delete") ", " CALL("scan"), "10/s",
                                "uniform(min=1, max=1)"));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "delete", STATUS_OK), 100);
    cr_assert_eq(stage_count(&stage, "db", "scan", STATUS_OK), 9);
    cr_assert_eq(stage_count(&stage, "db", "scan", STATUS_ERROR), 91);
    stage_end(&stage);
}

Test(cassandra, a_deleted_row_is_missing)
{
    struct stage stage;
    stage_begin(&stage, RING("", CALL("write") ", " CALL("delete") ", " CALL("read")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_MISS), 100);
    stage_end(&stage);
}

// 40 rows of 1 kB make a memtable; four files of like size make one.
Test(cassandra, memtables_are_flushed_and_files_of_like_size_merged)
{
    struct stage stage;
    stage_begin(&stage, RING("memtable: {space: 100kB, flush_at: 40%}", CALL("write")));
    stage_run(&stage, 4 * TIME_S);
    cr_assert_eq(server_of(&stage, 0)->store.sstable_count, 0);
    stage_run(&stage, 13 * TIME_S);
    cr_assert_eq(server_of(&stage, 0)->store.sstable_count, 3);
    stage_run(&stage, 17 * TIME_S);
    cr_assert_eq(server_of(&stage, 0)->store.sstable_count, 1);
    stage_end(&stage);
}

Test(cassandra, a_full_memtable_holds_writes_back)
{
    struct stage stage;
    stage_begin(&stage, RING("memtable: {space: 20kB, flush_at: 50%}\n"
                             "    disk: {channels: 1, bandwidth: 5kB/s}", CALL("write")));
    stage_run(&stage, 60050 * TIME_MS);
    cr_assert_gt(state_of(&stage)->blocked, 10);
    const uint64_t good = stage_count(&stage, "db", "write", STATUS_OK);
    cr_assert_geq(good, 100, "flushes and compactions share 5 kB/s: %lu", (unsigned long)good);
    cr_assert_leq(good, 300, "flushes and compactions share 5 kB/s: %lu", (unsigned long)good);
    stage_end(&stage);
}

Test(cassandra, a_restart_replays_its_log)
{
    struct stage stage;
    stage_begin(&stage, RING("commit_log: {replay: 10kB/s}", CALL("write")));
    stage_run(&stage, 10050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_kill);
    strike_all(&stage, 0, 1, stage_on_restart);
    const struct node *node = &stage_component(&stage, "db")->nodes[2];
    stage_run(&stage, 20040 * TIME_MS);
    cr_assert_eq(node->life, NODE_STARTING, "100 rows of 1 kB at 10 kB/s");
    stage_run(&stage, 20060 * TIME_MS);
    cr_assert_eq(node->life, NODE_UP);
    stage_end(&stage);
}

// Windows of 5 s with two files each: one once it has passed, none once its rows have expired.
Test(cassandra, a_window_that_has_passed_becomes_one_file_and_expires_as_one)
{
    struct stage stage;
    stage_begin(&stage,
                RING_OF("3", "memtable: {space: 100kB, flush_at: 25%}\n"
                             "    compaction: {window: 5s, windows: 0, ttl: 20s}",
                        CALL("write"), "10/s", FEW));
    stage_run(&stage, 18 * TIME_S);
    const struct cassandra_store *store = &server_of(&stage, 0)->store;
    cr_assert_eq(store->sstable_count, 5, "three windows with one, the present one with two");
    cr_assert_eq(store->sstables[store->sstable_count - 1].window, 3);
    stage_run(&stage, 100 * TIME_S);
    cr_assert_leq(store->sstable_count, 8);
    for (uint32_t i = 0; i < store->sstable_count; i++) {
        cr_assert_geq(store->sstables[i].window, 14);
    }
    stage_end(&stage);
}

// Two flushed memtables are merged at once: a piece of the compaction takes 10 ms of the one
// channel that reads queue for too.
Test(cassandra, reads_queue_behind_pieces_of_a_compaction)
{
    struct stage stage;
    stage_begin(&stage,
                RING_OF("3", "disk: {channels: 1, read: 1ms, hit: 0%, bandwidth: 200MB/s}\n"
                             "    memtable: {space: 300MB}\n    compaction: {windows: 1, least: 2}",
                        CALL("read"), "50/s", FEW));
    struct component *db = stage_component(&stage, "db");
    for (uint32_t i = 0; i < 2 * db->node_count; i++) {
        cassandra_store_add(&db->nodes[i / 2], 100000000);
    }
    stage_run(&stage, 1200 * TIME_MS);
    cr_assert_eq(server_of(&stage, 0)->store.compactions, 1);
    stage_run(&stage, 8 * TIME_S);
    cr_assert_eq(server_of(&stage, 0)->store.compactions, 0);
    const struct histogram *latency = &stage_meter(&stage, "app", "go")->latency;
    cr_assert_geq(latency->maximum, 11 * TIME_MS);
    cr_assert_leq(latency->maximum, 30 * TIME_MS, "%ld us", (long)(latency->maximum / 1000));
    cr_assert_leq(latency->minimum, 8 * TIME_MS);
    stage_end(&stage);
}

// A pause of 25 s, as of a garbage collection: the others convict it, it convicts nobody.
Test(cassandra, a_node_paused_for_long_is_convicted_and_judges_nobody_when_it_resumes)
{
    struct stage stage;
    stage_begin(&stage, RING("", CALL("write")));
    struct component *db = stage_component(&stage, "db");
    stage_run(&stage, 60 * TIME_S);
    node_pause(&db->nodes[2]);
    stage_run(&stage, 85 * TIME_S);
    cr_assert_eq(state_of(&stage)->false_convictions, 2);
    cr_assert_gt(state_of(&stage)->hinted, 0);
    node_resume(&db->nodes[2]);
    stage_run(&stage, 95 * TIME_S);
    cr_assert_eq(state_of(&stage)->convictions, 2);
    for (uint32_t i = 0; i < 9; i++) {
        cr_assert(server_of(&stage, i / 3)->peers[i % 3].alive);
    }
    stage_end(&stage);
}

// A third of 100 requests/s: ten of them without an answer, then the others are asked.
Test(cassandra, drivers_avoid_a_node_that_does_not_answer)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("3", NO_FILES, CALL("write"), "100/s", FEW));
    stage_run(&stage, 10005 * TIME_MS);
    const uint64_t before = stage_count(&stage, "db", "write", STATUS_OK);
    node_pause(&stage_component(&stage, "db")->nodes[2]);
    stage_run(&stage, 12005 * TIME_MS);
    const uint64_t good = stage_count(&stage, "db", "write", STATUS_OK) - before;
    cr_assert_geq(good, 185, "%lu of 200", (unsigned long)good);
    cr_assert_leq(good, 191, "%lu of 200", (unsigned long)good);
    stage_end(&stage);
}

// Three replicas in each of two regions, 50 ms apart: a quorum of all six needs one of the others.
#define REGIONS(level)                                                                             \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c], s: [d, e, f]}, links: {same_zone: {latency: 1ms}, "        \
    "cross_zone: {latency: 1ms}, cross_region: {latency: 50ms}}}\n"                                \
    "components:\n  db:\n    kind: cassandra\n    nodes: 6\n    write_level: " level "\n"          \
    "    " COSTS "\n"                                                                              \
    "workloads: {clients: {target: db.write, arrivals: constant, rate: 10/s, from: a}}\n"          \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

static int64_t write_in_regions(const char *scenario)
{
    struct stage stage;
    stage_begin(&stage, scenario);
    stage_run(&stage, 3050 * TIME_MS);
    const int64_t minimum = stage_meter(&stage, "db", "write")->latency.minimum;
    cr_assert_eq(minimum, stage_meter(&stage, "db", "write")->latency.maximum);
    stage_end(&stage);
    return minimum;
}

Test(cassandra, a_local_quorum_waits_for_nobody_in_another_region)
{
    cr_assert_eq(write_in_regions(REGIONS("local_quorum")), 4 * TIME_MS);
    cr_assert_eq(write_in_regions(REGIONS("quorum")), 102 * TIME_MS);
}

static uint64_t reads_beside_a_pause(const char *scenario, uint64_t *guesses)
{
    struct stage stage;
    stage_begin(&stage, scenario);
    stage_run(&stage, 20050 * TIME_MS);
    node_pause(&stage_component(&stage, "db")->nodes[2]);
    stage_run(&stage, 24050 * TIME_MS);
    *guesses = state_of(&stage)->guesses;
    const uint64_t good = stage_count(&stage, "db", "read", STATUS_OK);
    stage_end(&stage);
    return good;
}

#define READS(speculate)                                                                           \
    RING_FULL("3", NO_FILES "\n    " speculate "\n    cost: {read: exp(mean=1ms)}", CALL("read"), \
              "10/s", FEW)

// Those whose digest was asked of the paused node are asked of another; those that it coordinates
// itself wait with it.
Test(cassandra, a_slow_replica_is_outrun_by_a_speculative_read)
{
    uint64_t none, some;
    const uint64_t without = reads_beside_a_pause(READS("speculate: 0%"), &none);
    const uint64_t with = reads_beside_a_pause(READS("speculate: 90%"), &some);
    cr_assert_eq(none, 0);
    cr_assert_gt(some, 10);
    cr_assert_geq(with, without + 8, "%lu and %lu", (unsigned long)with, (unsigned long)without);
}

// Four clients ask the first node whose two fellows are equally near; the second goes dark at 1 s.
// Each of the four threads waits for it until the time-out of 500 ms, once or twice; from then on
// the other is asked first, long before the detector convicts anybody.
Test(cassandra, a_replica_that_leaves_reads_unanswered_is_asked_last)
{
    struct stage stage;
    stage_begin(&stage, RING_FULL("3", NO_FILES "\n    speculate: 0%\n    "
                                       "timeouts: {read: 500ms}\n    threads: {native: 4}",
                                  CALL("read"), "300/s", FEW));
    stage_run(&stage, 1 * TIME_S);
    strike_all(&stage, 1, 1, stage_on_kill);
    stage_run(&stage, 3 * TIME_S);
    cr_assert_eq(state_of(&stage)->convictions, 0);
    for (uint32_t i = 0; i < 2; i++) {
        const struct cassandra_peer *peers = server_of(&stage, i)->peers;
        cr_assert_gt(peers[2].answer_ns, 10 * peers[1 - i].answer_ns);
    }
    const uint64_t before = stage_count(&stage, "db", "read", STATUS_OK);
    stage_run(&stage, 4 * TIME_S);
    const uint64_t good = stage_count(&stage, "db", "read", STATUS_OK) - before;
    cr_assert_geq(good, 290, "%lu of 300", (unsigned long)good);
    stage_end(&stage);
}

// One writer thread at 10 ms a write, 200 writes/s: those whose time-out has passed are dropped.
Test(cassandra, writes_that_waited_beyond_their_time_out_are_dropped)
{
    struct stage stage;
    stage_begin(&stage, RING_FULL("3", "threads: {write: 1}\n    cost: {write: 10ms}\n"
                                       "    timeouts: {write: 500ms}\n"
                                       "    hints: {enabled: false}",
                                  CALL("write"), "200/s", FEW));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_gt(state_of(&stage)->dropped, 1000);
    cr_assert_gt(stage_count(&stage, "db", "write", STATUS_INDETERMINATE), 500);
    stage_end(&stage);
}

// A clock that is ahead wins: what others write after it is acknowledged and never seen.
Test(cassandra, writes_under_a_clock_behind_are_shadowed)
{
    struct stage stage;
    stage_begin(&stage, RING("", CALL("write") ", " CALL("read")));
    server_of(&stage, 0)->skew_ns = TIME_S;
    stage_run(&stage, 60050 * TIME_MS);
    cr_assert_gt(state_of(&stage)->shadowed, 20);
    stage_end(&stage);
}

// Two at once, ten times a second: one wins, the other pauses, tries anew, finds the row changed.
Test(cassandra, of_two_conditional_writes_at_once_one_conflicts)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("3", NO_FILES,
                                "{spawn: [" CALL("update_if") "]}, " CALL("update_if"), "10/s",
                                "uniform(min=1, max=1)"));
    stage_run(&stage, 60050 * TIME_MS);
    const uint64_t good = stage_count(&stage, "db", "update_if", STATUS_OK);
    const uint64_t conflicts = stage_count(&stage, "db", "update_if", STATUS_CONFLICT);
    cr_assert_gt(state_of(&stage)->contentions, 100);
    cr_assert_geq(good, 400, "%lu", (unsigned long)good);
    cr_assert_geq(conflicts, 300, "%lu", (unsigned long)conflicts);
    cr_assert_eq(state_of(&stage)->shadowed, 0, "no committed row is hidden by another");
    stage_end(&stage);
}

// More than one row can decide: everybody is in everybody's way until the contention time-out.
Test(cassandra, a_hot_row_collapses_under_its_conditional_writes)
{
    struct stage stage;
    stage_begin(&stage, RING_OF("3", NO_FILES, CALL("update_if"), "200/s",
                                "uniform(min=1, max=1)"));
    stage_run(&stage, 30050 * TIME_MS);
    cr_assert_lt(stage_count(&stage, "db", "update_if", STATUS_OK), 600);
    cr_assert_gt(stage_count(&stage, "db", "update_if", STATUS_INDETERMINATE), 5000);
    stage_end(&stage);
}

// What says that it ends is known to be dead one hop later, whatever others still believe of it.
Test(cassandra, a_stopped_node_is_convicted_at_once_and_stays_so)
{
    struct stage stage;
    stage_begin(&stage, RING("gossip: {announce: true}", CALL("write")));
    stage_run(&stage, 30050 * TIME_MS);
    strike_all(&stage, 0, 1, stage_on_kill);
    stage_run(&stage, 30052 * TIME_MS);
    for (int32_t later = 0; later <= 10; later++) {
        cr_assert_not(server_of(&stage, 0)->peers[2].alive);
        cr_assert_not(server_of(&stage, 1)->peers[2].alive);
        stage_run(&stage, (31 + later) * TIME_S);
    }
    strike_all(&stage, 0, 1, stage_on_restart);
    stage_run(&stage, 45 * TIME_S);
    cr_assert(server_of(&stage, 0)->peers[2].alive);
    stage_end(&stage);
}
