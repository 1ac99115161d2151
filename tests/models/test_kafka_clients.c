// test_kafka_clients - idempotence, transactions, retention, rebalances, quotas and schemas.
#include <criterion/criterion.h>

#include "models/brokers/kafka.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Three brokers and three controllers, one millisecond everywhere, constant times.
#define BUS(topic, bus, steps, more) BUS_OF("3", topic, bus, steps, more)
#define BUS_OF(others, topic, bus, steps, more)                                                    \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c, k, p]}, links: {same_zone: {latency: 1ms}, "                \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  bus:\n    kind: kafka\n    brokers: 3\n    spread: {a: 1, b: 1, c: 1, k: " others "}\n"     \
    "    request: 1ms\n    append: 1ms\n    copy: 100000GB/s\n    controller: 50ms\n"              \
    "    recovery: 1000GB/s\n    quorum: {dedicated: true, flush: 1ms}\n"                          \
    "    topics: {t: {replication: 3, min_insync: 2, " topic "}}\n" bus                            \
    "  shop:\n    kind: service\n    spread: {p: 1}\n    operations:\n"                            \
    "      sell: [" steps ", {reply: 0}]\n" more                                                   \
    "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: 10/s}\n"                 \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"
#define EATER(members, steps)                                                                      \
    "  eater:\n    kind: service\n    spread: {p: " members "}\n    cores: 1\n"                    \
    "    consumes: {from: bus.t, batch: 10, operation: eat}\n"                                     \
    "    operations: {eat: [" steps "]}\n"
#define PUBLISH "{publish: {to: bus.t, bytes: 1000}}"
#define PUBLISH_AGAIN                                                                              \
    "{publish: {to: bus.t, bytes: 1000, retry: {attempts: 4, backoff: 100ms, jitter: none, "       \
    "budget: 0, on: [indeterminate, reset, unavailable]}}}"

static struct kafka_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "bus")->state;
}

static const struct consumer_meter *meter_of(const struct stage *stage)
{
    return &stage->world->meter.consumers[0];
}

// ---- retries ------------------------------------------------------------------------------------

struct retry_case {
    const char *text;
    uint64_t repeated, duplicates;
};

// Both followers die: what is appended then is answered with too few replicas in sync, and tried
// again.
Test(kafka_clients, a_retry_of_what_is_in_the_log_is_no_duplicate_to_an_idempotent_producer)
{
    const struct retry_case cases[] = {
        {BUS("partitions: 1", "", PUBLISH_AGAIN, ""), 1, 0},
        {BUS("partitions: 1", "    producer: {idempotent: false}\n", PUBLISH_AGAIN, ""), 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage;
        stage_begin(&stage, cases[i].text);
        struct component *bus = stage_component(&stage, "bus");
        // appended at 5.003 s, and one follower has it; the leader dies before the other's fetch
        stage_run(&stage, 5005500 * TIME_US);
        stage_strike(&stage, &bus->nodes[0], stage_on_kill, 0);
        stage_run(&stage, 20050 * TIME_MS);
        cr_assert_eq(state_of(&stage)->repeated, cases[i].repeated, "case %zu", i);
        cr_assert_eq(state_of(&stage)->duplicates, cases[i].duplicates, "case %zu", i);
        cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 200);
        cr_assert_eq(state_of(&stage)->partitions[0].log.end, 200 + cases[i].duplicates);
        cr_assert_eq(state_of(&stage)->lost, 0);
        stage_end(&stage);
    }
}

// ---- retention ----------------------------------------------------------------------------------

#define KEPT "partitions: 1, retention: 10s"
#define SMALL "    segment: 10kB\n    retention_check: 5s\n"

Test(kafka_clients, closed_segments_are_deleted_when_they_are_too_old)
{
    struct stage stage;
    stage_begin(&stage, BUS(KEPT, SMALL, PUBLISH, ""));
    stage_run(&stage, 24 * TIME_S);
    // at 20 s: 100 records are older than 10 s (the last of them barely not), ten to a segment
    cr_assert_eq(state_of(&stage)->partitions[0].log.begin, 90);
    stage_end(&stage);
}

Test(kafka_clients, the_oldest_segment_is_deleted_when_there_are_too_many_bytes)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1, retention_bytes: 50kB", SMALL, PUBLISH, ""));
    stage_run(&stage, 19 * TIME_S);
    // at 15 s: 149 records of 1 kB; as long as more than 50 kB would stay
    cr_assert_eq(state_of(&stage)->partitions[0].log.begin, 90);
    stage_end(&stage);
}

Test(kafka_clients, a_consumer_behind_the_beginning_goes_on_where_it_is_told)
{
    const char *texts[] = {
        BUS(KEPT, SMALL "    consumer: {offset_reset: latest}\n", PUBLISH,
            EATER("1", "{sleep: 30s}")),
        BUS(KEPT, SMALL "    consumer: {offset_reset: earliest}\n", PUBLISH,
            EATER("1", "{sleep: 30s}")),
    };
    const uint64_t expired[2] = {300, 190};
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        stage_begin(&stage, texts[i]);
        // its first record takes until 30.1 s; by then what is older than 20 s is deleted
        stage_run(&stage, 31 * TIME_S);
        cr_assert_geq(state_of(&stage)->expired, expired[i] - 2, "%lu", state_of(&stage)->expired);
        cr_assert_leq(state_of(&stage)->expired, expired[i] + 2, "%lu", state_of(&stage)->expired);
        stage_end(&stage);
    }
}

// ---- groups -------------------------------------------------------------------------------------

// A member beats every 3 s, is given up after 45 s, and its partitions rest for 3 s.
Test(kafka_clients, a_dead_members_partitions_go_to_the_others_after_its_session)
{
    const char *texts[] = {
        BUS("partitions: 4", "    consumer: {protocol: cooperative}\n", PUBLISH,
            EATER("2", "{sleep: 1ms}")),
        BUS("partitions: 4", "    consumer: {protocol: eager}\n", PUBLISH,
            EATER("2", "{sleep: 1ms}")),
    };
    for (int i = 0; i < 2; i++) {
        struct stage stage;
        stage_begin(&stage, texts[i]);
        struct component *eater = stage_component(&stage, "eater");
        const struct kafka_partition *partitions = state_of(&stage)->partitions;
        stage_run(&stage, 10 * TIME_S);
        stage_strike(&stage, &eater->nodes[1], stage_on_kill, 0);
        stage_run(&stage, 54 * TIME_S);
        cr_assert_eq(state_of(&stage)->groups[0].rebalances, 0, "it beat last at 9 s");
        stage_run(&stage, 54 * TIME_S + 1);
        cr_assert_eq(state_of(&stage)->groups[0].rebalances, 1);
        cr_assert_eq(partitions[1].readers[0].member, 0);
        cr_assert(partitions[1].readers[0].pausing);
        cr_assert_eq(partitions[0].readers[0].pausing, i == 1, "only eager stops the others");
        stage_run(&stage, 57100 * TIME_MS);
        cr_assert_lt(meter_of(&stage)->backlog.value, 5);
        stage_strike(&stage, &eater->nodes[1], stage_on_restart, 0);
        stage_run(&stage, 70 * TIME_S);
        uint32_t owned = 0;
        for (int k = 0; k < 4; k++) {
            owned += partitions[k].readers[0].member == 1;
        }
        cr_assert_eq(owned, 2, "it has its share again");
        stage_end(&stage);
    }
}

Test(kafka_clients, what_was_not_committed_is_handed_over_again)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1", "    consumer: {commit: 5s, session: 6s}\n", PUBLISH,
                            EATER("2", "{sleep: 1ms}")));
    stage_run(&stage, 14 * TIME_S);
    stage_strike(&stage, &stage_component(&stage, "eater")->nodes[0], stage_on_kill, 0);
    stage_run(&stage, 30 * TIME_S);
    // commits at 0.1, 5.1 and 10.1 s: what was worked off in the 3.9 s since then, and not answered
    cr_assert_geq(meter_of(&stage)->redelivered, 38);
    cr_assert_eq(meter_of(&stage)->backlog.value, 0);
    stage_end(&stage);
}

// ---- transactions -------------------------------------------------------------------------------

#define TRANSACTIONS                                                                               \
    "    transaction: {topic: t, partitions: 2, logs: 1}\n"                                        \
    "    consumer: {isolation: read_committed}\n"
#define TRANSACT "{call: {to: bus.transact, timeout: 4s}}"

Test(kafka_clients, a_transaction_is_three_replications_and_read_after_the_fourth)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 2", TRANSACTIONS, TRANSACT, EATER("1", "{sleep: 1ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    const struct histogram *latency = &stage_meter(&stage, "shop", "sell")->latency;
    // out 1, work 2, beginning 3; parts: out 1, work 2, replicas 3, back 1; decision 3, back 1
    cr_assert_eq(latency->minimum, 17 * TIME_MS);
    cr_assert_leq(latency->maximum, 18 * TIME_MS, "a fetch of another record may be under way");
    cr_assert_eq(state_of(&stage)->committed, 100);
    cr_assert_eq(meter_of(&stage)->delivered, 200, "a record and no marker of each partition");
    stage_end(&stage);
}

Test(kafka_clients, an_open_transaction_holds_readers_up_until_it_is_aborted)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 2", TRANSACTIONS, TRANSACT, EATER("1", "{sleep: 1ms}")));
    const struct kafka_partition *partitions = state_of(&stage)->partitions;
    struct component *bus = stage_component(&stage, "bus");
    // its parts are written (10.010 s), the decision is not
    stage_run(&stage, 10010 * TIME_MS);
    stage_strike(&stage, &bus->nodes[partitions[2].copies[partitions[2].leader].broker],
                 stage_on_kill, 0);
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(partitions[1].open_count, 1);
    const uint64_t delivered = meter_of(&stage)->delivered;
    cr_assert_leq(delivered, 202);
    stage_run(&stage, 81 * TIME_S);
    cr_assert_eq(state_of(&stage)->aborted, 1, "60 s, and up to 10 s until the coordinator looks");
    cr_assert_leq(partitions[1].open_count, 1, "at most one that is under way");
    stage_run(&stage, 90 * TIME_S);
    cr_assert_gt(meter_of(&stage)->delivered, delivered + 1000);
    stage_end(&stage);
}

Test(kafka_clients, a_decision_in_the_log_is_carried_out_by_the_next_coordinator)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 2", TRANSACTIONS, TRANSACT, EATER("1", "{sleep: 1ms}")));
    struct component *bus = stage_component(&stage, "bus");
    const struct kafka_partition *home = &state_of(&stage)->partitions[2];
    // decided at 10.013 s in the coordinator's log and at 10.015 s in its followers'
    stage_run(&stage, 10016500 * TIME_US);
    stage_strike(&stage, &bus->nodes[home->copies[home->leader].broker], stage_on_kill, 0);
    stage_run(&stage, 30050 * TIME_MS);
    cr_assert_eq(state_of(&stage)->aborted, 0);
    cr_assert_eq(state_of(&stage)->transactions.live, 0);
    cr_assert_eq(meter_of(&stage)->backlog.value, 0);
    stage_end(&stage);
}

// ---- quotas and schemas -------------------------------------------------------------------------

Test(kafka_clients, a_client_over_its_quota_is_held_back)
{
    struct stage stage;
    stage_begin(&stage,
                BUS("partitions: 1", "    quota: {produce: 5kB/s, window: 2s}\n", PUBLISH, ""));
    stage_run(&stage, 20050 * TIME_MS);
    // 10 kB a second: overdrawn by 2 s of quota after the first two seconds, then half as fast
    const struct histogram *latency = &stage_meter(&stage, "shop", "sell")->latency;
    cr_assert_eq(latency->minimum, 7 * TIME_MS);
    cr_assert_geq(latency->count, 108);
    cr_assert_leq(latency->count, 122);
    cr_assert_gt(state_of(&stage)->throttle_total_ns, 10 * TIME_S);
    stage_end(&stage);
}

Test(kafka_clients, a_consumer_over_its_quota_falls_behind)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1", "    quota: {consume: 5kB/s, window: 2s}\n", PUBLISH,
                            EATER("1", "{sleep: 1ms}")));
    stage_run(&stage, 20050 * TIME_MS);
    // two seconds of quota at once, then half of what comes
    cr_assert_geq(meter_of(&stage)->delivered, 108);
    cr_assert_leq(meter_of(&stage)->delivered, 122);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 200);
    stage_end(&stage);
}

Test(kafka_clients, a_client_over_its_share_of_the_threads_is_held_back)
{
    struct stage stage;
    // ten requests a second of 2 ms each are 2 % of a thread
    stage_begin(&stage,
                BUS("partitions: 1", "    quota: {request: 1%, window: 2s}\n", PUBLISH, ""));
    stage_run(&stage, 20050 * TIME_MS);
    const struct histogram *latency = &stage_meter(&stage, "shop", "sell")->latency;
    cr_assert_geq(latency->count, 108);
    cr_assert_leq(latency->count, 122);
    stage_end(&stage);
}

Test(kafka_clients, a_schema_is_looked_up_once_by_each_client)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1, schemas: 1", "    registry: {lookup: 20ms}\n", PUBLISH,
                            EATER("1", "{sleep: 1ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    const struct histogram *latency = &stage_meter(&stage, "shop", "sell")->latency;
    cr_assert_eq(state_of(&stage)->looked_up, 2, "by the producer and by the consumer");
    cr_assert_eq(latency->maximum, 27 * TIME_MS);
    cr_assert_eq(latency->minimum, 7 * TIME_MS);
    stage_end(&stage);
}

Test(kafka_clients, without_the_registry_warm_clients_go_on_and_new_schemas_fail)
{
    struct stage stage;
    stage_begin(&stage, BUS_OF("4", "partitions: 1, schemas: 100", "    registry: {nodes: 1}\n",
                               PUBLISH, ""));
    stage_run(&stage, 5050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 50);
    const uint64_t known = state_of(&stage)->looked_up;
    stage_strike(&stage, &stage_component(&stage, "bus")->nodes[6], stage_on_kill, 0);
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(state_of(&stage)->looked_up, known);
    cr_assert_gt(stage_count(&stage, "shop", "sell", STATUS_OK), 55);
    cr_assert_gt(stage_count(&stage, "shop", "sell", STATUS_UNAVAILABLE), 20);
    stage_end(&stage);
}

Test(kafka_clients, a_spread_that_does_not_place_every_node_is_refused)
{
    cr_assert(
        stage_refuses(BUS("partitions: 1", "    registry: {nodes: 1}\n", PUBLISH, ""), "E0322"));
}

// ---- everything at once -------------------------------------------------------------------------

Test(kafka_clients, everything_holds_in_a_storm_of_faults)
{
    const char *text =
        BUS("partitions: 5, retention: 20s, schemas: 10",
            "    session: 2s\n    heartbeat: 500ms\n    lag: 3s\n    segment: 20kB\n"
            "    retention_check: 5s\n    leader_balance: 20s\n"
            "    producer: {linger: 5ms, transaction_timeout: 5s}\n"
            "    transaction: {topic: t, partitions: 3, logs: 4}\n"
            "    consumer: {isolation: read_committed, session: 6s, offset_reset: earliest}\n",
            TRANSACT ", " PUBLISH_AGAIN,
            EATER("3", "{sleep: 5ms}") "faults:\n"
                                       "- {name: kills, action: kill, select: {component: bus}, "
                                       "mtbf: 60s, mttr: 4s}\n"
                                       "- {name: offs, action: power-off, select: {component: "
                                       "bus}, mtbf: 300s, mttr: 5s}\n"
                                       "- {name: pauses, action: pause, select: {component: bus}, "
                                       "mtbf: 60s, mttr: 3s}\n"
                                       "- {name: eaters, action: kill, select: {component: eater}, "
                                       "mtbf: 60s, mttr: 8s}\n"
                                       "- {name: cut-ab, action: partition, select: {from: a, to: "
                                       "b}, mtbf: 50s, mttr: 5s}\n"
                                       "- {name: cut-pc, action: partition, select: {from: p, to: "
                                       "c}, mtbf: 50s, mttr: 5s}\n");
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 1000 * TIME_S);
    cr_assert_gt(state_of(&stage)->elections, 50);
    cr_assert_gt(state_of(&stage)->committed, 3000);
    cr_assert_gt(state_of(&stage)->aborted, 5);
    cr_assert_gt(state_of(&stage)->groups[0].rebalances, 5);
    cr_assert_gt(meter_of(&stage)->redelivered, 50);
    stage_end(&stage);
}

// ---- what is offered to consumers ---------------------------------------------------------------

// Ten records a second for one consumer that takes a second for one: it fetches as many as it can,
// and all that was published is offered to it.
Test(kafka_clients, what_a_consumer_has_yet_to_fetch_is_offered_to_it)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1", "", PUBLISH,
                            "  eater:\n    kind: service\n    spread: {p: 1}\n"
                            "    consumes: {from: bus.t, concurrency: 1, operation: eat}\n"
                            "    operations: {eat: [{sleep: 1s}]}\n"));
    stage_run(&stage, 30050 * TIME_MS);
    const struct operation_meter *eat = stage_meter(&stage, "eater", "eat");
    cr_assert_geq(eat->arrivals, 28);
    cr_assert_leq(eat->arrivals, 31);
    cr_assert_eq(eat->published, 300);
    stage_end(&stage);
}
