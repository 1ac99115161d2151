// test_nats - core subjects, streams, elections, acknowledgements and slow consumers, exact times.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "models/brokers/nats.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Three servers, one millisecond between everybody. A publish is parsed in 1 ms and appended to a
// stream in 1 ms: a stream of one replica answers after 1 + 1 + 1 + 1 = 4 ms, one of three after a
// round trip more: 6 ms.
#define BUS(rate, what, more)                                                                      \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 1ms}, "                      \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  bus:\n    kind: nats-jetstream\n    servers: 3\n    parse: 1ms\n    copy: 0ns\n"            \
    "    message: 0ns\n    append: 1ms\n    bandwidth: 1000GB/s\n    flush: 1ms\n    " what "\n"   \
    "  shop:\n    kind: service\n    spread: {a: 1}\n    operations:\n"                            \
    "      sell: [{publish: {to: bus.t, bytes: 100}}, {reply: 0}]\n" more                          \
    "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: " rate "}\n"             \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define EATER(steps)                                                                               \
    "  eater:\n    kind: service\n    spread: {b: 2}\n"                                            \
    "    consumes: {from: bus.t, operation: eat, concurrency: 1000}\n"                             \
    "    operations: {eat: [" steps "]}\n"

static struct nats_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "bus")->state;
}

static const struct histogram *latency_of(const struct stage *stage)
{
    return &stage_meter(stage, "shop", "sell")->latency;
}

static void on_pause(void *node, uint64_t word)
{
    word != 0 ? node_pause(node) : node_resume(node);
}

Test(nats, a_core_publish_answers_after_parsing_and_a_queue_group_gets_each_message_once)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {}}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->count, 100);
    cr_assert_eq(latency_of(&stage)->maximum, 3 * TIME_MS);
    const struct consumer_meter *meter = &stage.world->meter.consumers[0];
    cr_assert_eq(meter->delivered, 100);
    cr_assert_eq(meter->lag.maximum, 4 * TIME_MS, "out 1, work 2, back 1");
    cr_assert_eq(stage_metric(&stage, "bus", "dropped"), 0);
    stage_end(&stage);
}

Test(nats, all_replicas_of_a_subscriber_get_a_copy_where_the_subject_says_so)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {deliver: all}}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(stage.world->meter.consumers[0].delivered, 200);
    stage_end(&stage);
}

Test(nats, a_request_waits_for_the_answer_and_fails_without_a_responder)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {request: true}}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 1050 * TIME_MS);
    // out 1, parse 1, out 1, work 2, back 1, parse 1, back 1
    cr_assert_eq(latency_of(&stage)->maximum, 8 * TIME_MS);
    struct component *eater = stage_component(&stage, "eater");
    stage_strike(&stage, &eater->nodes[0], stage_on_kill, 0);
    stage_strike(&stage, &eater->nodes[1], stage_on_kill, 0);
    stage_run(&stage, 2050 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "bus", "publish", STATUS_UNAVAILABLE), 10);
    stage_end(&stage);
}

Test(nats, what_a_core_subscriber_fails_to_handle_is_gone)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {}}", EATER("{fail: error}")));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "dropped"), 10);
    cr_assert_eq(stage_count(&stage, "bus", "publish", STATUS_OK), 10, "nobody is told");
    stage_end(&stage);
}

Test(nats, a_subscriber_that_reads_again_in_time_gets_everything)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "subjects: {t: {deliver: all}}", EATER("{sleep: 2ms}")));
    struct component *eater = stage_component(&stage, "eater");
    stage_run(&stage, 1005 * TIME_MS);
    stage_strike(&stage, &eater->nodes[0], on_pause, 1);
    stage_run(&stage, 6 * TIME_S);
    stage_strike(&stage, &eater->nodes[0], on_pause, 0);
    stage_run(&stage, 10008 * TIME_MS);
    cr_assert_eq(stage.world->meter.consumers[0].delivered, 2000);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 0);
    stage_end(&stage);
}

Test(nats, what_was_written_to_a_process_that_ended_is_not_for_its_successor)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {deliver: all}}", EATER("{sleep: 2ms}")));
    struct component *eater = stage_component(&stage, "eater");
    stage_run(&stage, 1050 * TIME_MS);
    stage_strike(&stage, &eater->nodes[0], stage_on_kill, 1);
    stage_run(&stage, 2050 * TIME_MS);
    stage_strike(&stage, &eater->nodes[0], stage_on_restart, 0);
    stage_run(&stage, 3050 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "dropped"), 10);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 0);
    cr_assert_eq(stage.world->meter.consumers[0].delivered, 50);
    stage_end(&stage);
}

Test(nats, a_full_outbound_buffer_disconnects_the_slow_subscriber)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "subjects: {t: {deliver: all}}\n    max_pending: 5kB",
                            EATER("{sleep: 2ms}")));
    struct component *eater = stage_component(&stage, "eater");
    stage_run(&stage, 1005 * TIME_MS);
    stage_strike(&stage, &eater->nodes[0], on_pause, 1);
    stage_run(&stage, 1505 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 0, "fifty messages of 100 bytes");
    stage_run(&stage, 1515 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 1);
    cr_assert_eq(stage_metric(&stage, "bus", "dropped"), 51);
    stage_end(&stage);
}

Test(nats, a_write_that_blocks_for_ten_seconds_disconnects)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "subjects: {t: {deliver: all}}", EATER("{sleep: 2ms}")));
    struct component *eater = stage_component(&stage, "eater");
    stage_run(&stage, 1050 * TIME_MS);
    stage_strike(&stage, &eater->nodes[0], stage_on_kill, 1);
    // the next message is written at 1.102 s
    stage_run(&stage, 11100 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 0);
    stage_run(&stage, 11110 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "slow_consumers"), 1);
    stage_end(&stage);
}

Test(nats, a_stream_of_one_replica_answers_after_the_append)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {}}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 4 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "stored"), 100);
    cr_assert_eq(stage.world->meter.consumers[0].delivered, 100);
    cr_assert_eq(stage.world->meter.consumers[0].lag.maximum, 4 * TIME_MS);
    stage_end(&stage);
}

Test(nats, a_stream_of_three_replicas_answers_after_a_round_trip_more)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {replicas: 3}}", ""));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 6 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "acknowledged"), 100);
    stage_end(&stage);
}

Test(nats, what_is_not_acknowledged_in_the_ack_wait_is_delivered_again)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {ack_wait: 30s, max_deliver: 2}}",
                            EATER("{sleep: 100s}")));
    stage_run(&stage, 130 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "delivered"), 1);
    // delivered first at 103 ms
    stage_run(&stage, 30102 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 0);
    stage_run(&stage, 30104 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 1);
    stage_run(&stage, 60102 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "given_up"), 0);
    stage_run(&stage, 60104 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "given_up"), 1);
    stage_end(&stage);
}

Test(nats, too_many_unacknowledged_messages_pause_the_consumer)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "streams: {t: {max_ack_pending: 7, mode: push}}",
                            EATER("{sleep: 1s}")));
    stage_run(&stage, 1005 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "delivered"), 7);
    stage_run(&stage, 10 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "delivered"), 70, "seven in 1.002 s");
    stage_end(&stage);
}

Test(nats, followers_elect_a_leader_four_to_nine_seconds_after_a_crash)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {replicas: 3}}", ""));
    struct nats_stream *stream = &state_of(&stage)->streams[0];
    stage_run(&stage, 1050 * TIME_MS);
    struct node *leader = nats_stream_leader(stream);
    stage_strike(&stage, leader, stage_on_kill, 0);
    stage_run(&stage, 5 * TIME_S);
    cr_assert_null(nats_stream_leader(stream), "last heard at 1.004 s, 4 s of silence at least");
    stage_run(&stage, 10020 * TIME_MS);
    cr_assert_not_null(nats_stream_leader(stream), "two draws up to 9 s, the earlier stands");
    cr_assert_neq(nats_stream_leader(stream), leader);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    cr_assert_gt(stage_metric(&stage, "bus", "unavailable(max)"), 3.9);
    cr_assert_lt(stage_metric(&stage, "bus", "unavailable(max)"), 9);
    cr_assert_gt(stage_count(&stage, "bus", "publish", STATUS_UNAVAILABLE), 20);
    stage_end(&stage);
}

// The bus with `old` replaced by `new`.
static const char *with(const char *old, const char *new)
{
    static const char bus[] = BUS("10/s", "streams: {t: {replicas: 3, duplicates: 2m}}", "");
    static char text[2048];
    const char *place = strstr(bus, old);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - bus), bus, new, place + strlen(old));
    return text;
}

#define TRIES                                                                                      \
    "bytes: 100, idempotent: true, timeout: 4500us, retry: {attempts: 2, backoff: 50ms, on: "      \
    "[timeout]}}"

Test(nats, an_idempotent_publish_is_stored_once_in_the_window)
{
    struct stage stage;
    // the first answer comes after 6 ms, too late; the second try is answered after 4 ms
    stage_begin(&stage, with("bytes: 100}", TRIES));
    stage_run(&stage, 1090 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "stored"), 10);
    cr_assert_eq(stage_metric(&stage, "bus", "duplicates"), 10);
    cr_assert_eq(stage_count(&stage, "shop", "sell", STATUS_OK), 10);
    stage_end(&stage);
}

Test(nats, beyond_the_window_the_same_publish_is_a_duplicate)
{
    struct stage stage;
    char text[2048];
    snprintf(text, sizeof text, "%s", with("bytes: 100}", TRIES));
    char *window = strstr(text, "2m}");
    *window = '0';
    stage_begin(&stage, text);
    stage_run(&stage, 1090 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "stored"), 20);
    cr_assert_eq(stage_metric(&stage, "bus", "duplicates"), 0);
    stage_end(&stage);
}

Test(nats, the_ids_of_lost_messages_are_free_again)
{
    struct stage stage;
    char text[2048];
    snprintf(text, sizeof text, "%s", with("bytes: 100}", "bytes: 100, idempotent: true}"));
    char *replicas = strstr(text, "replicas: 3, dup");
    replicas[10] = '1';
    stage_begin(&stage, text);
    const struct nats_stream *stream = &state_of(&stage)->streams[0];
    stage_run(&stage, 5050 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "stored"), 50);
    cr_assert_eq(stream->identities.count, 50);
    stage_strike(&stage, &stage_component(&stage, "bus")->nodes[0], stage_on_kill, 1);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 50, "the first flush is at 2 min");
    cr_assert_eq(stage_metric(&stage, "bus", "stored"), 0);
    cr_assert_eq(stream->identities.count, 0);
    stage_end(&stage);
}

Test(nats, loss_of_power_takes_what_was_written_since_the_last_flush)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {}}\n    sync_interval: 2050ms", ""));
    struct node *home = &stage_component(&stage, "bus")->nodes[0];
    // first append at 103 ms; flushes at 2.153 s, then 2.05 s after the append at 2.203 s
    stage_run(&stage, 5050 * TIME_MS);
    stage_strike(&stage, home, stage_on_kill, 1);
    cr_assert_eq(stage_metric(&stage, "bus", "acknowledged"), 50);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 8, "those of 4.3 to 5.0 s");
    stage_end(&stage);
}

Test(nats, three_replicas_lose_what_no_majority_had_flushed_when_all_lose_power)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {replicas: 3}}\n    sync_interval: 2s",
                            EATER("{sleep: 100s}")));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5050 * TIME_MS);
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_kill, 1);
    }
    stage_run(&stage, 6 * TIME_S);
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_restart, 0);
    }
    stage_run(&stage, 40 * TIME_S);
    cr_assert_geq(stage_metric(&stage, "bus", "lost"), 1);
    cr_assert_leq(stage_metric(&stage, "bus", "lost"), 20, "two seconds of ten a second");
    stage_end(&stage);
}

Test(nats, nothing_is_lost_without_power_if_every_append_is_flushed)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {replicas: 3}}\n    sync_always: true", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5050 * TIME_MS);
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_kill, 1);
    }
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_restart, 0);
    }
    stage_run(&stage, 40 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(nats, a_process_crash_loses_nothing_that_was_written)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "streams: {t: {}}", EATER("{sleep: 2ms}")));
    struct node *home = &stage_component(&stage, "bus")->nodes[0];
    stage_run(&stage, 5050 * TIME_MS);
    stage_strike(&stage, home, stage_on_kill, 0);
    stage_run(&stage, 8050 * TIME_MS);
    stage_strike(&stage, home, stage_on_restart, 0);
    stage_run(&stage, 20050 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    const double acknowledged = stage_metric(&stage, "bus", "acknowledged");
    cr_assert_gt(acknowledged, 160);
    cr_assert_eq(stage.world->meter.consumers[0].delivered, acknowledged);
    cr_assert_gt(stage_metric(&stage, "bus", "unavailable(max)"), 2.9);
    stage_end(&stage);
}

Test(nats, in_a_storm_of_faults_all_invariants_hold)
{
    struct stage stage;
    stage_begin(&stage, BUS("200/s", "streams: {t: {replicas: 3, ack_wait: 1s}}",
                            EATER("{sleep: 2ms}")));
    struct component *bus = stage_component(&stage, "bus");
    for (uint32_t i = 0; i < 30; i++) {
        stage_run(&stage, (int64_t)(i + 1) * 7 * TIME_S);
        struct node *server = &bus->nodes[i % 3];
        stage_strike(&stage, server, stage_on_kill, i % 5 == 4);
        stage_run(&stage, (int64_t)(i + 1) * 7 * TIME_S + 5 * TIME_S);
        stage_strike(&stage, server, stage_on_restart, 0);
    }
    stage_run(&stage, 300 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0, "never a majority at once");
    cr_assert_geq(stage.world->meter.consumers[0].delivered,
                  stage_metric(&stage, "bus", "acknowledged") - 5);
    stage_end(&stage);
}
