// test_kafka_replication - in-sync sets, fencing, deposed leaders and controllers, at exact times.
#include <criterion/criterion.h>

#include "models/brokers/kafka.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Brokers 0, 1, 2 in zones a, b, c, controllers 3, 4, 5 in zone k; one millisecond everywhere. A
// decision takes 50 ms and is committed 3 ms later; broker i sends heartbeats at i x 667 ms and
// every 2 s from then on.
#define CLUSTER(topic, bus, rate, faults)                                                          \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c, k, p]}, links: {same_zone: {latency: 1ms}, "                \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  bus:\n    kind: kafka\n    brokers: 3\n    spread: {a: 1, b: 1, c: 1, k: 3}\n"              \
    "    request: 1ms\n    append: 1ms\n    copy: 1000GB/s\n    controller: 50ms\n"                \
    "    recovery: 1000GB/s\n    quorum: {dedicated: true, flush: 1ms}\n"                          \
    "    topics: {t: {partitions: 1, replication: 3, " topic "}}\n" bus                            \
    "  shop:\n    kind: service\n    spread: {p: 1}\n    operations:\n"                            \
    "      sell: [{publish: {to: bus.t, bytes: 100}}, {reply: 0}]\n"                               \
    "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: " rate "}\n"             \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"                        \
    "faults: [" faults "]\n"

#define CUT(from, to, at, length)                                                                  \
    "{name: cut-" from to ", action: partition, select: {from: " from ", to: " to "}, at: " at     \
    ", duration: " length "}"
#define KILL(role, at, length)                                                                     \
    "{name: kill-" role ", action: kill, select: {component: bus, role: " role "}, at: " at        \
    ", duration: " length "}"
#define POWER_OFF(role, at, length)                                                                \
    "{name: off-" role ", action: power-off, select: {component: bus, role: " role "}, at: " at    \
    ", duration: " length "}"

static struct kafka_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "bus")->state;
}

static struct kafka_partition *partition_of(const struct stage *stage)
{
    return &state_of(stage)->partitions[0];
}

struct shrink_case {
    const char *text;
    int64_t shrinks_ms;
};

// A follower is cut off from its leader, not from the controller. The leader looks every 15 s for
// followers that have been behind for more than 30 s: caught up last at 14.903 s it is found at 45
// s (30.097 s), at 15.003 s only at 60 s. The request is 1 ms on its way.
Test(kafka_replication, a_lagging_follower_leaves_at_the_half_period_after_its_lag)
{
    const struct shrink_case cases[] = {
        {CLUSTER("min_insync: 1", "", "10/s", CUT("a", "b", "5050ms", "500s")), 45054},
        {CLUSTER("min_insync: 1", "", "10/s", CUT("a", "b", "14950ms", "500s")), 45054},
        {CLUSTER("min_insync: 1", "", "10/s", CUT("a", "b", "15050ms", "500s")), 60054},
        {CLUSTER("min_insync: 1", "    lag: 10s\n", "10/s", CUT("a", "b", "5050ms", "500s")),
         20054},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        stage_begin(&stage, cases[i].text);
        stage_run(&stage, cases[i].shrinks_ms * TIME_MS);
        cr_assert_eq(state_of(&stage)->shrinks, 0, "case %zu", i);
        const uint64_t watermark = partition_of(&stage)->watermark;
        stage_run(&stage, cases[i].shrinks_ms * TIME_MS + 1);
        cr_assert_eq(state_of(&stage)->shrinks, 1, "case %zu", i);
        cr_assert_eq(partition_of(&stage)->insync, 5);
        cr_assert_gt(partition_of(&stage)->watermark, watermark, "it was frozen");
        cr_assert_eq(state_of(&stage)->fencings, 0);
        stage_end(&stage);
    }
}

Test(kafka_replication, a_follower_that_is_back_joins_when_it_has_caught_up)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 1", "", "10/s", CUT("a", "b", "5050ms", "55s")));
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(partition_of(&stage)->insync, 5);
    // whole at 60.05 s; the follower tries every second: at 61 s, two fetches of 3 ms, the request
    // 1, decision 53
    stage_run(&stage, 61200 * TIME_MS);
    cr_assert_eq(partition_of(&stage)->insync, 7);
    cr_assert_eq(state_of(&stage)->expansions, 1);
    stage_end(&stage);
}

Test(kafka_replication, what_replication_keeps_waiting_is_answered_after_the_request_timeout)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 1", "", "10/s", CUT("a", "b", "15050ms", "500s")));
    stage_run(&stage, 45150 * TIME_MS);
    // sent at 15.1 s, appended 3 ms later
    cr_assert_eq(state_of(&stage)->timed_out, 1);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_INDETERMINATE), 1);
    stage_end(&stage);
}

Test(kafka_replication, a_paused_broker_is_fenced_and_comes_back)
{
    struct stage stage;
    stage_begin(&stage,
                CLUSTER("min_insync: 2", "", "10/s",
                        "{name: pause, action: pause, select: {component: bus, role: leader}, "
                        "at: 5050ms, duration: 20s}"));
    stage_run(&stage, 13054 * TIME_MS);
    cr_assert_eq(state_of(&stage)->fencings, 0);
    stage_run(&stage, 13054 * TIME_MS + 1);
    cr_assert_eq(state_of(&stage)->fencings, 1);
    cr_assert_eq(partition_of(&stage)->leader, 1);
    cr_assert(partition_of(&stage)->copies[0].deposed);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_not(partition_of(&stage)->copies[0].deposed);
    cr_assert_eq(partition_of(&stage)->insync, 7);
    cr_assert_eq(state_of(&stage)->lost, 0);
    stage_end(&stage);
}

// Producers and the leader on one side, the other brokers and the controllers on the other.
#define SPLIT(at, length)                                                                          \
    CUT("a", "b", at, length)                                                                      \
    ", " CUT("a", "c", at, length) ", " CUT("a", "k", at, length) ", " CUT(                        \
        "p", "b", at, length) ", " CUT("p", "c", at, length)

Test(kafka_replication, a_leader_that_is_cut_off_takes_records_that_are_lost)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 2", "    producer: {acks: 1}\n", "10/s",
                                SPLIT("5050ms", "20s")));
    stage_run(&stage, 25 * TIME_S);
    // until 13.054 s it is the leader: 80 records after the cut that nobody has; then 119 more
    cr_assert_eq(partition_of(&stage)->leader, 1);
    cr_assert(partition_of(&stage)->copies[0].deposed);
    cr_assert_eq(partition_of(&stage)->copies[0].tail, 199);
    cr_assert_eq(state_of(&stage)->lost, 199);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 249);
    stage_run(&stage, 40 * TIME_S);
    cr_assert_eq(partition_of(&stage)->copies[0].tail, 0);
    cr_assert_eq(state_of(&stage)->truncated, 199 + 1,
                 "and the one on its way when it was cut off");
    cr_assert_eq(partition_of(&stage)->insync, 7);
    stage_end(&stage);
}

Test(kafka_replication, a_leader_that_is_cut_off_acknowledges_nothing_to_acks_all)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 2", "", "10/s", SPLIT("5050ms", "60s")));
    stage_run(&stage, 100 * TIME_S);
    cr_assert_eq(state_of(&stage)->lost, 0);
    cr_assert_gt(stage_count(&stage, "shop", "sell", STATUS_INDETERMINATE), 300);
    cr_assert_eq(partition_of(&stage)->insync, 7);
    stage_end(&stage);
}

Test(kafka_replication, a_broker_that_restarts_within_its_session_is_refused)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 2", "", "10/s", KILL("leader", "5050ms", "1s")));
    stage_run(&stage, 13054 * TIME_MS);
    cr_assert_eq(state_of(&stage)->elections, 0, "the session of its earlier life lasts");
    stage_run(&stage, 13054 * TIME_MS + 1);
    cr_assert_eq(state_of(&stage)->elections, 1);
    cr_assert_eq(partition_of(&stage)->leader, 1);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_eq(partition_of(&stage)->insync, 7);
    cr_assert_float_eq(stage_metric(&stage, "bus", "unavailable(max)"), 8.004, 1e-9);
    stage_end(&stage);
}

Test(kafka_replication, nobody_is_fenced_while_there_is_no_controller)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 2", "", "10/s",
                                KILL("controller", "5050ms", "500s") ", " KILL("leader", "5050ms",
                                                                               "500s")));
    // another stands 2 to 3 s after the latest message (every 500 ms), and gives a whole session
    stage_run(&stage, 16 * TIME_S);
    cr_assert_eq(state_of(&stage)->fencings, 0);
    cr_assert_eq(raft_leader(&state_of(&stage)->raft)->vote->term, 2);
    const double gone = stage_metric(&stage, "bus", "controller_unavailable(max)");
    cr_assert_gt(gone, 1.5);
    cr_assert_lt(gone, 3.1);
    stage_run(&stage, (int64_t)((5.05 + gone + 9.06) * 1e9));
    cr_assert_eq(state_of(&stage)->elections, 1);
    stage_end(&stage);
}

#define ALONE KILL("follower", "1050ms", "30s") ", " KILL("last", "1050ms", "30s") ", "

Test(kafka_replication, the_last_in_sync_is_waited_for)
{
    struct stage stage;
    stage_begin(&stage,
                CLUSTER("min_insync: 1", "", "10/s", ALONE KILL("leader", "20050ms", "30s")));
    stage_run(&stage, 49 * TIME_S);
    cr_assert_eq(partition_of(&stage)->leader, KAFKA_NO_LEADER, "the others are back, and behind");
    cr_assert_eq(partition_of(&stage)->insync, 1);
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(partition_of(&stage)->leader, 0);
    cr_assert_eq(state_of(&stage)->lost, 0);
    stage_end(&stage);
}

Test(kafka_replication, an_unclean_election_counts_what_it_loses)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 1", "    unclean_election: true\n", "10/s",
                                ALONE KILL("leader", "20050ms", "300s")));
    stage_run(&stage, 20 * TIME_S);
    const uint64_t told = partition_of(&stage)->told;
    const uint64_t other = partition_of(&stage)->copies[1].end;
    cr_assert_gt(told, other + 90);
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(state_of(&stage)->unclean_elections, 1);
    cr_assert_geq(state_of(&stage)->lost, told - other);
    cr_assert_leq(state_of(&stage)->lost, told - other + 1);
    stage_end(&stage);
}

Test(kafka_replication, the_last_in_sync_without_power_leads_a_shorter_log)
{
    struct stage stage;
    stage_begin(&stage, CLUSTER("min_insync: 1", "    disk: {flush: 5s}\n", "10/s",
                                ALONE POWER_OFF("leader", "20050ms", "30s")));
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(partition_of(&stage)->leader, 0);
    cr_assert_eq(state_of(&stage)->lost, 50, "five seconds of page cache");
    stage_end(&stage);
}

// Faults of every kind at random times; every invariant is stated at the end.
Test(kafka_replication, everything_holds_in_a_storm_of_faults)
{
    const char *text =
        CLUSTER("min_insync: 2", "    lag: 3s\n    session: 2s\n    heartbeat: 500ms\n", "50/s",
                "{name: kills, action: kill, select: {component: bus}, mtbf: 40s, mttr: 4s}, "
                "{name: offs, action: power-off, select: {component: bus}, mtbf: 200s, mttr: 5s}, "
                "{name: pauses, action: pause, select: {component: bus}, mtbf: 60s, mttr: 3s}, "
                "{name: cut-ab, action: partition, select: {from: a, to: b}, mtbf: 50s, mttr: 5s}, "
                "{name: cut-ak, action: partition, select: {from: a, to: k}, mtbf: 50s, mttr: 5s}, "
                "{name: cut-pc, action: partition, select: {from: p, to: c}, mtbf: 50s, mttr: 5s}");
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 1000 * TIME_S);
    cr_assert_gt(state_of(&stage)->elections, 20);
    cr_assert_gt(state_of(&stage)->raft.election.elections, 5);
    cr_assert_gt(state_of(&stage)->acknowledged, 5000);
    stage_end(&stage);
}
