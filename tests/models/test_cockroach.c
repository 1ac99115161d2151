// test_cockroach - ranges, leases, locks, transactions and fail-over of CockroachDB, at exact
// times.
#include <criterion/criterion.h>

#include "models/datastores/cockroach.h"
#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// Three nodes in three zones, 5 ms between them; every piece of work takes 1 ms, a flush 8 ms. The
// caller stands in zone a, beside its gateway; the one range is led from zone b. Heartbeats of
// liveness at 0.5 s, 3.5 s, 6.5 s, ...; the liveness range is led from zone a.
#define DB(more, workload, steps) DB_AT("a", more, workload, steps)
#define DB_AT(zone, more, workload, steps)                                                         \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: [a, b, c]}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 5ms}}\n"                             \
    "components:\n"                                                                                \
    "  db:\n    kind: cockroachdb\n    spread: {a: 1, b: 1, c: 1}\n    ranges: 1\n"                \
    "    balancing: zone_local\n    gateway: 1ms\n    read: 1ms\n    write: 1ms\n    apply: 0\n"   \
    "    cache: {hit: 100%}\n    disk: {flush: 8ms, bandwidth: 1000000GB/s}\n"                     \
    "    liveness: {offset: 500ms}\n" more                                                         \
    "  app:\n    kind: service\n    spread: {" zone ": 1}\n    operations:\n      go:\n" steps     \
    "        - reply: 0\n"                                                                         \
    "workloads:\n  clients: {target: app.go, " workload ", keys: {one: \"zipf(n=1, s=1)\", "       \
    "few: \"zipf(n=50, s=0.1)\"}}\n"                                                               \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define EACH_SECOND "arrivals: constant, rate: 1/s"
#define NEVER "arrivals: constant, rate: 0.0001/s"
#define CALL(what) "        - call: {to: db." what "}\n"
#define TWO(call)                                                                                  \
    "        - parallel:\n            - call: " call "\n            - call: " call "\n"

static struct component *db(const struct stage *stage)
{
    return stage_component(stage, "db");
}

static struct node *node_at(const struct stage *stage, uint32_t replica)
{
    return &db(stage)->nodes[replica];
}

static const struct cockroach_range *range_of(const struct stage *stage)
{
    return cockroach_range(db(stage), 1);
}

static void on_kill(void *node, uint64_t dark)
{
    node_kill(node, dark != 0);
}

static void on_want(void *node, uint64_t range)
{
    cockroach_lease_want(node, (uint32_t)range);
}

// Happens at the present instant, as an event; the world's time is 1 ns later afterwards.
static void strike(const struct stage *stage, uint32_t replica,
                   void (*act)(void *node, uint64_t word), uint64_t word)
{
    struct world *world = stage->world;
    struct node *node = node_at(stage, replica);
    event_queue_at(world->queue, world->now, (struct event){act, node, word, 0});
    world_run(world, world->now + 1);
}

static void assert_latency(const struct stage *stage, const char *operation, int64_t shortest,
                           int64_t longest)
{
    const struct histogram *latency = &stage_meter(stage, "db", operation)->latency;
    cr_assert_eq(latency->minimum, shortest, "%ld ns", (long)latency->minimum);
    cr_assert_eq(latency->maximum, longest, "%ld ns", (long)latency->maximum);
}

// ---- one request ------------------------------------------------------------------------------

// Plan 1, to the leaseholder 5, work 1, back 5.
Test(cockroach, a_read_goes_from_its_gateway_to_the_leaseholder_and_no_further)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, CALL("read")));
    stage_run(&stage, 2500 * TIME_MS);
    assert_latency(&stage, "read", 12 * TIME_MS, 12 * TIME_MS);
    stage_end(&stage);
}

// The same, and in between the nearer follower's 5 + 8 + 5, longer than the leaseholder's own 8.
Test(cockroach, a_write_is_answered_when_a_majority_has_it_on_disk)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, CALL("write")));
    stage_run(&stage, 2500 * TIME_MS);
    assert_latency(&stage, "write", 30 * TIME_MS, 30 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "acknowledged"), 2, 0.1);
    stage_end(&stage);
}

Test(cockroach, a_second_write_of_the_key_waits_for_the_latch)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, TWO("{to: db.write, key: one}")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "write", 30 * TIME_MS, 49 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "lock_waits"), 1, 0.1);
    stage_end(&stage);
}

// There and back again for a wrong guess; the next read knows better.
Test(cockroach, who_does_not_hold_the_lease_says_who_does)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, CALL("read")));
    cockroach_node(node_at(&stage, 0))->hints[1] = 2;
    stage_run(&stage, 2500 * TIME_MS);
    assert_latency(&stage, "read", 12 * TIME_MS, 22 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "redirects"), 1, 0.1);
    stage_end(&stage);
}

// Plan 1; each intent 5 + 1 + 5 while it replicates by itself; the record 5 + (5 + 8 + 5) + 5.
Test(cockroach, a_transaction_waits_once_for_the_disks)
{
    struct stage stage;
    stage_begin(&stage, DB("    transaction: {keys: 2}\n", EACH_SECOND, CALL("transact")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "transact", 51 * TIME_MS, 51 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "commits"), 1, 0.1);
    stage_end(&stage);
}

// The transaction reads one key, 1 + 11, and lays an intent on another, 11. A version that appears
// there meanwhile moves it to a later time, at which its read must still hold: 5 + 5 to look. Then
// the record, 28; or the error 40001, if the key that was read has a version by then, too.
static void begin_moved(struct stage *stage, bool read_key_too)
{
    stage_begin(stage, DB("    transaction: {keys: 2, reads: 1}\n", EACH_SECOND,
                          CALL("transact, key: few")));
    stage_run(stage, 1012 * TIME_MS);
    const struct cockroach_transaction *transaction =
        slots_at(&cockroach_cluster(db(stage))->transactions, 1);
    const struct cockroach_version version = {99, 1015 * TIME_MS, 1, false};
    cr_assert_eq(transaction->count, 2);
    cockroach_row_put(db(stage), 1, transaction->keys[1], version);
    if (read_key_too) {
        cockroach_row_put(db(stage), 1, transaction->keys[0], version);
    }
    stage_run(stage, 1500 * TIME_MS);
    cr_assert_float_eq(stage_metric(stage, "db", "write_too_old"), 1, 0.1);
    cr_assert_float_eq(stage_metric(stage, "db", "refreshes"), 1, 0.1);
}

Test(cockroach, a_transaction_that_is_moved_to_a_later_time_looks_again_at_what_it_read)
{
    struct stage stage;
    begin_moved(&stage, false);
    assert_latency(&stage, "transact", 61 * TIME_MS, 61 * TIME_MS);
    stage_end(&stage);
    begin_moved(&stage, true);
    cr_assert_eq(stage_count(&stage, "db", "transact", STATUS_CONFLICT), 1);
    cr_assert_float_eq(stage_metric(&stage, "db", "conflicts"), 1, 0.1);
    stage_end(&stage);
}

// Two transactions of the same key: the second waits until the first one's intent is resolved, 5
// to the leaseholder and 18 to replicate after the first has its answer.
Test(cockroach, a_transaction_waits_for_an_intent_until_it_is_resolved)
{
    struct stage stage;
    stage_begin(&stage, DB("    transaction: {keys: 1}\n", EACH_SECOND,
                           TWO("{to: db.transact, key: one}")));
    stage_run(&stage, 1500 * TIME_MS);
    const int64_t first = 1 + 11 + 28;
    assert_latency(&stage, "transact", first * TIME_MS,
                   (first + 5 + 18 + 1 + 5 + 28) * TIME_MS);
    stage_end(&stage);
}

// A replica beside the gateway answers alone: plan 1, work 1. What is less than 3 s old is not
// closed: it refuses, and the leaseholder answers.
Test(cockroach, a_follower_answers_for_the_past_once_that_is_closed)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, CALL("follower_read, key: one")));
    stage_run(&stage, 20500 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "follower_reads"), 20, 0.1);
    assert_latency(&stage, "follower_read", 2 * TIME_MS, 2 * TIME_MS);
    stage_end(&stage);
    stage_begin(&stage, DB("    closed: {staleness: 900ms}\n", EACH_SECOND,
                           CALL("follower_read, key: one")));
    stage_run(&stage, 20500 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "db", "follower_misses"), 20, 0.1);
    assert_latency(&stage, "follower_read", 12 * TIME_MS, 12 * TIME_MS);
    stage_end(&stage);
}

// ---- fail-over --------------------------------------------------------------------------------

// The holder's heartbeat of 3.5 s is sent when its disk is known to work, at 3.508 s, and ends at
// 9.508 s. Then the first request has the raft leader advance the epoch at the liveness range
// (there and back, and 18 to replicate) and write its lease (18).
Test(cockroach, a_lease_is_taken_by_the_first_request_after_its_holders_liveness_has_expired)
{
    struct stage stage;
    stage_begin(&stage, DB("", NEVER, CALL("read")));
    stage_run(&stage, 5 * TIME_S);
    strike(&stage, 1, on_kill, 0);
    stage_run(&stage, 9507 * TIME_MS);
    const struct raft_member *leader = raft_leader(&cockroach_range(db(&stage), 1)->raft);
    cr_assert_neq(leader, NULL);
    const uint32_t next = leader->node->replica;
    const int64_t there = next == 0 ? 0 : 5 * TIME_MS, asked_ns = 12100 * TIME_MS;
    strike(&stage, next, on_want, 1);
    stage_run(&stage, asked_ns);
    cr_assert_eq(range_of(&stage)->lease.holder, 1);
    strike(&stage, next, on_want, 1);
    stage_run(&stage, asked_ns + 2 * there + 36 * TIME_MS);
    cr_assert_eq(range_of(&stage)->lease.holder, 1);
    stage_run(&stage, asked_ns + 2 * there + 36 * TIME_MS + 3);
    cr_assert_eq(range_of(&stage)->lease.holder, next);
    cr_assert(cockroach_lease_serves(node_at(&stage, next), 1));
    stage_end(&stage);
}

Test(cockroach, nobody_takes_a_lease_while_its_holder_lives)
{
    struct stage stage;
    stage_begin(&stage, DB("", EACH_SECOND, CALL("read")));
    stage_run(&stage, 60 * TIME_S);
    strike(&stage, 0, on_want, 1);
    stage_run(&stage, 70 * TIME_S);
    cr_assert_eq(range_of(&stage)->lease.sequence, 0);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 69);
    stage_end(&stage);
}

static void on_restart(void *node, uint64_t word)
{
    (void)word;
    node_kill(node, false);
    node_restart(node);
}

// What it held belongs to an epoch that is over: whoever leads the range by then takes the lease
// with nothing but its own entry, 18 ms.
Test(cockroach, a_process_that_starts_again_has_a_new_epoch_and_no_leases)
{
    struct stage stage;
    stage_begin(&stage, DB("", NEVER, CALL("read")));
    stage_run(&stage, 5 * TIME_S);
    strike(&stage, 1, on_restart, 0);
    stage_run(&stage, 5036 * TIME_MS);
    cr_assert_eq(cockroach_node(node_at(&stage, 1))->epoch, 0);
    stage_run(&stage, 5037 * TIME_MS);
    cr_assert_eq(cockroach_node(node_at(&stage, 1))->epoch, 2);
    cr_assert_not(cockroach_lease_serves(node_at(&stage, 1), 1));
    stage_run(&stage, 10100 * TIME_MS);
    const struct raft_member *leader = raft_leader(&cockroach_range(db(&stage), 1)->raft);
    strike(&stage, leader->node->replica, on_want, 1);
    stage_run(&stage, 10118 * TIME_MS);
    cr_assert_eq(range_of(&stage)->lease.sequence, 0);
    stage_run(&stage, 10118 * TIME_MS + 3);
    cr_assert_eq(range_of(&stage)->lease.sequence, 1);
    cr_assert_eq(range_of(&stage)->lease.holder, leader->node->replica);
    stage_end(&stage);
}

// The coordinator's record expires 5 s after its latest heartbeat. Who waits for its intent looks
// every second, has the record ended, and resolves the intent when he looks again: committed if the
// record was staged (the gateway heard of the intent at 1.012 s), aborted otherwise.
static void assert_orphan(int64_t killed_ns, enum cockroach_status before, bool kept)
{
    struct stage stage;
    stage_begin(&stage, DB_AT("c", "    transaction: {keys: 1}\n", EACH_SECOND,
                              CALL("transact, key: one")));
    stage_run(&stage, killed_ns);
    strike(&stage, 2, on_kill, 0);
    stage_run(&stage, 6 * TIME_S);
    const struct cockroach_cluster *cluster = cockroach_cluster(db(&stage));
    const struct cockroach_transaction *orphan = slots_at(&cluster->transactions, 1);
    const struct cockroach_row *row = slots_at(&cluster->rows, 1);
    cr_assert_eq(orphan->status, before);
    cr_assert_eq(row->writer, 1);
    const uint64_t key = row->key;
    while (stage_metric(&stage, "db", "recovered") < 1 && stage.world->now < 60 * TIME_S) {
        stage_run(&stage, stage.world->now + TIME_S);
    }
    stage_run(&stage, stage.world->now + 1500 * TIME_MS);
    cr_assert_eq(cockroach_row_read(db(&stage), key, 2 * TIME_S).value, kept ? 1 : 0);
    stage_end(&stage);
}

Test(cockroach, a_transaction_without_coordinator_is_ended_by_who_waits_for_it)
{
    assert_orphan(1010 * TIME_MS, COCKROACH_PENDING, false);
    assert_orphan(1015 * TIME_MS, COCKROACH_STAGING, true);
}

// ---- no quorum --------------------------------------------------------------------------------

// The write of 6 s is proposed at 6.002 s and never replicated; a minute later its fate is unknown,
// and what comes then is refused at once.
Test(cockroach, without_a_quorum_writes_hang_until_the_breaker_trips)
{
    struct stage stage;
    stage_begin(&stage, DB_AT("b", "", EACH_SECOND, CALL("write")));
    stage_run(&stage, 5500 * TIME_MS);
    strike(&stage, 0, on_kill, 0);
    strike(&stage, 2, on_kill, 0);
    stage_run(&stage, 66002 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "write", STATUS_OK), 5);
    cr_assert_eq(stage_count(&stage, "db", "write", STATUS_INDETERMINATE), 0);
    cr_assert_eq(stage_count(&stage, "db", "write", STATUS_UNAVAILABLE), 0);
    stage_run(&stage, 66002 * TIME_MS + 10);
    cr_assert_geq(stage_count(&stage, "db", "write", STATUS_INDETERMINATE), 2);
    stage_run(&stage, 70 * TIME_S);
    cr_assert_geq(stage_count(&stage, "db", "write", STATUS_UNAVAILABLE), 50);
    cr_assert_float_eq(stage_metric(&stage, "db", "breaker_trips"), 1, 0.1);
    stage_end(&stage);
}

// What became of a command is said to its own request alone, not to one that came after that was
// answered: the breaker trips at every write before it is replicated.
Test(cockroach, a_late_command_is_not_taken_for_that_of_another_request)
{
    struct stage stage;
    stage_begin(&stage, DB("    breaker: 1ms\n", "arrivals: constant, rate: 300/s",
                           "        - parallel:\n"
                           "            - call: {to: db.write, key: few}\n"
                           "            - call: {to: db.transact, key: few}\n"));
    stage_run(&stage, 2 * TIME_S);
    strike(&stage, 1, on_kill, 0);
    stage_run(&stage, 10 * TIME_S);
    cr_assert_eq(stage_count(&stage, "db", "write", STATUS_OK), 0);
    cr_assert_gt(stage_count(&stage, "db", "write", STATUS_INDETERMINATE), 50);
    stage_end(&stage);
}

// ---- the disk ---------------------------------------------------------------------------------

// A flush of 8 ms takes 80 s at a node slowed down 10,000 times: its heartbeat's write of 3.5 s is
// missed at 24.5 s, the first heartbeat more than 20 s later.
Test(cockroach, a_stalled_disk_ends_the_process)
{
    struct stage stage;
    stage_begin(&stage, DB("", NEVER, CALL("read")));
    stage_run(&stage, 3 * TIME_S);
    node_slow(node_at(&stage, 2), 10000);
    stage_run(&stage, 24500 * TIME_MS);
    cr_assert_eq(node_at(&stage, 2)->epoch, 0);
    stage_run(&stage, 24500 * TIME_MS + 1);
    cr_assert_eq(node_at(&stage, 2)->epoch, 1);
    cr_assert_float_eq(stage_metric(&stage, "db", "disk_stalls"), 1, 0.1);
    stage_end(&stage);
}

// ---- places -----------------------------------------------------------------------------------

#define PLACED(more)                                                                               \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {eu: [a, b, c], us: [d, e], as: [f]}\n"                                 \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 1ms}, "                              \
    "cross_region: {latency: 40ms}}\n"                                                             \
    "components:\n  db:\n    kind: cockroachdb\n    ranges: 20\n" more                             \
    "workloads: {clients: {target: db.read, rate: 1/s}}\n"                                         \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"
#define EVERYWHERE "    spread: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}\n"

// How many of the range's replicas stand in the region of that number.
static uint32_t replicas_in(const struct stage *stage, const struct cockroach_range *range,
                            uint32_t region)
{
    const struct topology_design *topology = &stage->world->design->topology;
    uint32_t count = 0;
    for (uint32_t i = 0; i < range->copies; i++) {
        count += topology->zones[node_at(stage, range->replicas[i])->zone].region == region;
    }
    return count;
}

static void assert_places(const char *text, uint32_t eu, uint32_t us, bool home)
{
    struct stage stage;
    stage_begin(&stage, text);
    for (uint32_t i = 1; i <= 20; i++) {
        const struct cockroach_range *range = cockroach_range(db(&stage), i);
        const uint32_t zone = node_at(&stage, range->lease.holder)->zone;
        cr_assert_eq(replicas_in(&stage, range, 0), eu);
        cr_assert_eq(replicas_in(&stage, range, 1), us);
        cr_assert(!home || stage.world->design->topology.zones[zone].region == 0);
    }
    stage_end(&stage);
}

Test(cockroach, replicas_stand_where_the_survival_goal_wants_them)
{
    assert_places(PLACED(EVERYWHERE), 1, 1, false);
    assert_places(PLACED(EVERYWHERE "    home: eu\n"), 3, 0, true);
    assert_places(PLACED(EVERYWHERE "    home: eu\n    survive: region\n    copies: 5\n"), 2, 2,
                  true);
}

Test(cockroach, what_cannot_be_placed_or_timed_is_refused)
{
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    copies: 4\n"), "E0306"));
    cr_assert(stage_refuses(PLACED("    spread: {a: 1, b: 1}\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    home: us\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    home: mars\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    clock: {skew: 300ms}\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    liveness: {interval: 7s}\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    raft: {heartbeat: 4}\n"), "E0306"));
    cr_assert(stage_refuses(PLACED(EVERYWHERE "    transaction: {reads: 3}\n"), "E0306"));
}

// ---- clocks -----------------------------------------------------------------------------------

#define CHECKED "    consistency: {keys: 20, operations: 1000}\n"

#define OTHER                                                                                      \
    "  other:\n    kind: service\n    spread: {c: 1}\n    operations:\n      put:\n"               \
    "        - call: {to: db.write, key: one}\n        - reply: 0\n"

// A key is written by a clock 400 ms ahead of the one that it is read by: the reader meets versions
// of its future, and must take them for written before it began.
Test(cockroach, a_read_by_a_slow_clock_restarts_above_what_it_might_have_missed)
{
    struct stage stage;
    stage_begin(&stage, DB(CHECKED OTHER, "arrivals: constant, rate: 20/s",
                           "        - call: {to: other.put, key: one}\n" CALL("read, key: one")));
    cockroach_node(node_at(&stage, 0))->skew_ns = -200 * TIME_MS;
    cockroach_node(node_at(&stage, 2))->skew_ns = 200 * TIME_MS;
    stage_run(&stage, 20 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "db", "uncertainty_restarts"), 300);
    cr_assert_gt(stage_count(&stage, "db", "read", STATUS_OK), 350);
    stage_end(&stage);
}

// ---- storms -----------------------------------------------------------------------------------

#define STORM(seed, mix, keys, more)                                                               \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: " seed                       \
    ", replications: 1}\ntopology:\n  regions: {r: [a, b, c]}\n"                                   \
    "  links: {same_zone: {latency: 100us}, "                                                      \
    "cross_zone: {latency: \"lognormal(median=2ms, p99=10ms)\"}}\n"                                \
    "components:\n"                                                                                \
    "  db:\n    kind: cockroachdb\n    spread: {a: 2, b: 2, c: 1}\n    cores: 4\n"                 \
    "    ranges: 6\n    clock: {skew: 100ms}\n    transaction: {keys: 3, reads: 1}\n" more         \
    "workloads:\n  clients:\n    mix: {" mix "}\n    rate: 40/s\n    key: k\n"                     \
    "    keys: {k: \"" keys "\"}\n    timeout: 10s\n"                                              \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"                        \
    "faults:\n"                                                                                    \
    "  - {name: k, action: kill, select: {component: db}, mode: one, " FAILS(50s)                  \
    "  - {name: o, action: power-off, select: {component: db}, mode: one, " FAILS(60s)             \
    "  - {name: p, action: pause, select: {component: db}, mode: one, " FAILS(80s)                 \
    "  - {name: c, action: partition, select: {from: a, to: b}, " FAILS(60s)
#define FAILS(mean) "mtbf: \"exp(mean=" #mean ")\", mttr: \"uniform(min=0, max=12s)\"}\n"

static void ride_out(const char *text)
{
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 120 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    cr_assert_gt(stage_metric(&stage, "db", "acknowledged"), 200);
    cr_assert_gt(stage_metric(&stage, "db", "commits"), 20);
    cr_assert_gt(stage_metric(&stage, "db", "lease_acquisitions"), 5);
    stage_end(&stage);
}

#define ALL "db.read: 45%, db.write: 35%, db.transact: 10%, db.follower_read: 5%, db.scan: 5%"

Test(cockroach, storms_break_no_invariant)
{
    ride_out(STORM("1", ALL, "zipf(n=200, s=0.9)", ""));
    ride_out(STORM("2", ALL, "zipf(n=200, s=0.9)", ""));
    ride_out(STORM("3", ALL, "zipf(n=20, s=0.5)", ""));
    ride_out(STORM("4", ALL, "zipf(n=20, s=0.5)", "    raft: {keep: 5, range: 1kB}\n"));
    ride_out(STORM("5", ALL, "zipf(n=2000, s=0.5)", "    raft: {keep: 5, range: 1kB}\n"));
}

// Histories of 20 keys through kills, losses of power, pauses and cuts, with clocks 100 ms off.
Test(cockroach, storms_leave_every_key_linearizable)
{
    const char *const seeds[] = {
        STORM("11", "db.read: 50%, db.write: 50%", "zipf(n=20, s=0.5)", CHECKED),
        STORM("12", "db.read: 50%, db.write: 50%", "zipf(n=20, s=0.5)", CHECKED),
        STORM("13", "db.read: 50%, db.write: 50%", "zipf(n=20, s=0.5)", CHECKED),
    };
    for (uint32_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct stage stage;
        stage_begin(&stage, seeds[i]);
        stage_run(&stage, 60 * TIME_S);
        stage_end(&stage);
    }
}
