// test_kafka - batches, replication, elections, in-sync sets and consumer groups, at exact times.
#include <criterion/criterion.h>

#include "models/brokers/kafka.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Three brokers, one millisecond between them and everybody; a request takes 1 ms at the leader, a
// follower appends in 1 ms. Answer with acks=all: out 1, request 1 + append 1, follower 1 + 1,
// fetch 1, back 1 = 7 ms.
#define BUS(topic, producer, more) BUS_AT("10/s", topic, producer, more)
#define BUS_AT(rate, topic, producer, more)                                                        \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 1ms}, "                      \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  bus:\n    kind: kafka\n    brokers: 3\n    request: 1ms\n    append: 1ms\n"                 \
    "    copy: 1000GB/s\n    controller: 50ms\n    recovery: 1000GB/s\n"                           \
    "    quorum: {dedicated: true, flush: 1ms}\n"                                                  \
    "    topics: {t: {" topic "}}\n    producer: {" producer "}\n"                                 \
    "  shop:\n    kind: service\n    spread: {a: 1}\n    operations:\n"                            \
    "      sell: [{publish: {to: bus.t, bytes: 100}}, {reply: 0}]\n" more                          \
    "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: " rate "}\n"             \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define SAFE "partitions: 1, replication: 3, min_insync: 2"
#define EATER(steps)                                                                               \
    "  eater:\n    kind: service\n    consumes: {from: bus.t, batch: 10, operation: eat}\n"        \
    "    operations: {eat: [" steps "]}\n"

static struct kafka_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "bus")->state;
}

static const struct histogram *latency_of(const struct stage *stage)
{
    return &stage_meter(stage, "shop", "sell")->latency;
}

Test(kafka, acks_all_waits_for_the_followers_second_fetch)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: all", ""));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->count, 100);
    cr_assert_eq(latency_of(&stage)->minimum, 7 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 7 * TIME_MS);
    cr_assert_eq(state_of(&stage)->partitions[0].watermark, 100);
    stage_end(&stage);
}

Test(kafka, acks_1_answers_after_the_leaders_append)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: 1", ""));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->minimum, 4 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 4 * TIME_MS);
    stage_end(&stage);
}

Test(kafka, linger_gathers_and_one_append_answers_all)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: 1, linger: 250ms", ""));
    stage_run(&stage, 10500 * TIME_MS);
    // a batch opens, takes what comes within 250 ms (three records), then opens anew
    cr_assert_eq(latency_of(&stage)->maximum, 254 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->minimum, 54 * TIME_MS);
    cr_assert_eq(state_of(&stage)->records, 3 * state_of(&stage)->sent_batches);
    stage_end(&stage);
}

Test(kafka, a_full_batch_does_not_linger)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: 1, linger: 10s, batch: 200B", ""));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 104 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->minimum, 4 * TIME_MS);
    stage_end(&stage);
}

Test(kafka, a_dead_leader_is_fenced_after_its_session_and_producers_wait_for_the_election)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: all", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5050 * TIME_MS);
    stage_strike(&stage, kafka_leader(bus, &state_of(&stage)->partitions[0]), stage_on_kill, 0);
    // heard last at 4.001 s, session 9 s, decision 50 ms, a follower's flush of it 1 + 1 + 1 ms
    stage_run(&stage, 13053 * TIME_MS);
    cr_assert_eq(state_of(&stage)->elections, 0);
    stage_run(&stage, 13054 * TIME_MS + 1);
    cr_assert_eq(state_of(&stage)->elections, 1);
    cr_assert_eq(__builtin_popcount(state_of(&stage)->partitions[0].insync), 2);
    stage_run(&stage, 20050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 200, "nobody failed, many waited");
    cr_assert_eq(state_of(&stage)->lost, 0);
    stage_end(&stage);
}

Test(kafka, too_few_replicas_in_sync_refuse_writes)
{
    struct stage stage;
    stage_begin(&stage, BUS("partitions: 1, replication: 2, min_insync: 2", "acks: all", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 1050 * TIME_MS);
    stage_strike(&stage, &bus->nodes[1], stage_on_kill, 0);
    stage_run(&stage, 12050 * TIME_MS);
    const uint64_t refused = state_of(&stage)->min_insync_misses;
    cr_assert_gt(refused, 10);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_UNAVAILABLE), refused);
    cr_assert_gt(stage_count(&stage, "shop", "sell", STATUS_INDETERMINATE), 0,
                 "those appended before the shrink");
    stage_end(&stage);
}

Test(kafka, a_restarted_broker_catches_up_and_is_in_sync_again)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: all", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 1050 * TIME_MS);
    stage_strike(&stage, &bus->nodes[2], stage_on_kill, 0);
    stage_run(&stage, 15050 * TIME_MS);
    cr_assert_eq(__builtin_popcount(state_of(&stage)->partitions[0].insync), 2);
    stage_strike(&stage, &bus->nodes[2], stage_on_restart, 0);
    stage_run(&stage, 16050 * TIME_MS);
    cr_assert_eq(__builtin_popcount(state_of(&stage)->partitions[0].insync), 3);
    cr_assert_eq(state_of(&stage)->partitions[0].copies[2].end,
                 state_of(&stage)->partitions[0].copies[0].end);
    stage_end(&stage);
}

Test(kafka, acks_1_loses_what_the_dead_leader_alone_had)
{
    struct stage stage;
    // a fetch takes 3 ms from answer to answer: two records of each three are with the leader alone
    stage_begin(&stage, BUS_AT("1000/s", SAFE, "acks: 1", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5003500 * TIME_US);
    stage_strike(&stage, kafka_leader(bus, &state_of(&stage)->partitions[0]), stage_on_kill, 0);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_gt(state_of(&stage)->lost, 0);
    cr_assert_leq(state_of(&stage)->lost, 3, "%lu", state_of(&stage)->lost);
    stage_end(&stage);
}

Test(kafka, a_group_works_off_everything_and_its_lag_is_known)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: all", EATER("{sleep: 2ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    const struct consumer_meter *meter =
        &stage_component(&stage, "eater")->world->meter.consumers[0];
    cr_assert_eq(meter->delivered, 100);
    // from the append: replication 3 ms, out 1, work 2, back 1
    cr_assert_eq(meter->lag.maximum, 7 * TIME_MS);
    cr_assert_eq(meter->backlog.value, 0);
    stage_end(&stage);
}

Test(kafka, a_consumer_that_fails_gets_the_batch_again)
{
    struct stage stage;
    stage_begin(&stage, BUS(SAFE, "acks: all", EATER("{fail: error}")));
    stage_run(&stage, 10050 * TIME_MS);
    const struct consumer_meter *meter =
        &stage_component(&stage, "eater")->world->meter.consumers[0];
    cr_assert_eq(meter->delivered, 0);
    cr_assert_gt(meter->redelivered, 90);
    cr_assert_eq(meter->backlog.value, 100);
    stage_end(&stage);
}
