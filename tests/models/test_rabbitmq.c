// test_rabbitmq - confirms, elections, redelivery, dead letters, alarms, mirrors, at exact times.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "models/brokers/rabbitmq.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Three nodes, one millisecond between everybody. Channel, queue process and flush take 1 ms each:
// a confirm of a quorum queue comes after out 1, channel 1, process 1, then the follower's way and
// flush 1 + 1 + 1, back 1 = 7 ms; of a classic one after 1 + 1 + 1 + 1 + 1 = 5 ms; of a mirrored
// one after the ring's three hops, 7 ms.
#define BUS(rate, queues, more) BUS_OF(rate, "", queues, more)
#define BUS_OF(rate, what, queues, more)                                                           \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 1ms}, "                      \
    "cross_zone: {latency: 1ms}}}\n"                                                               \
    "components:\n"                                                                                \
    "  bus:\n    kind: rabbitmq\n    nodes: 3\n    memory: 1GB\n    channel: 1ms\n"                \
    "    handle: 1ms\n    classic_handle: 1ms\n    flush: 1ms\n    wal_bandwidth: 1000GB/s\n"    \
    "    base_memory: 0B\n"                                                                        \
    "    election: 200ms\n" what "    queues: {" queues "}\n"                                      \
    "  shop:\n    kind: service\n    spread: {a: 1}\n    operations:\n"                            \
    "      sell: [{publish: {to: bus.t, bytes: 100}}, {reply: 0}]\n" more                          \
    "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: " rate "}\n"             \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define DISK(rate, room)                                                                           \
    BUS_OF(rate, "    disk: " room "\n    disk_free_limit: 50kB\n", "t: {}", "")

// The zone of the leader is cut off from the others between 10 and 100 s.
#define CUT(queues)                                                                                \
    BUS("10/s", queues, "")                                                                        \
    "faults:\n"                                                                                    \
    "  - {name: b, action: partition, select: {from: a, to: b}, at: 10s, duration: 90s}\n"         \
    "  - {name: c, action: partition, select: {from: a, to: c}, at: 10s, duration: 90s}\n"

#define EATER(steps)                                                                               \
    "  eater:\n    kind: service\n    spread: {b: 2}\n"                                            \
    "    consumes: {from: bus.t, operation: eat, concurrency: 1000}\n"                             \
    "    operations: {eat: [" steps "]}\n"

static struct rabbitmq_queue *queue_of(const struct stage *stage)
{
    struct rabbitmq_state *state = stage_component(stage, "bus")->state;
    return &state->queues[0];
}

static const struct histogram *latency_of(const struct stage *stage)
{
    return &stage_meter(stage, "shop", "sell")->latency;
}

Test(rabbitmq, a_confirm_waits_for_the_flush_of_a_majority)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {}", ""));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->count, 100);
    cr_assert_eq(latency_of(&stage)->minimum, 7 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 7 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "acknowledged"), 100);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), 100);
    stage_end(&stage);
}

Test(rabbitmq, without_confirms_the_publisher_goes_on_when_its_channel_has_it)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {confirms: false}", ""));
    stage_run(&stage, 10050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 3 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), 100);
    stage_end(&stage);
}

Test(rabbitmq, a_publish_that_its_caller_has_given_up_is_put_all_the_same)
{
    struct stage stage;
    static const char bus[] = BUS("10/s", "t: {confirms: false, record: 0B}", "");
    static const char publish[] = "bytes: 100}";
    const char *place = strstr(bus, publish);
    char text[2048];
    snprintf(text, sizeof text, "%.*sbytes: 0B, timeout: 1500us}%s", (int)(place - bus), bus,
             place + strlen(publish));
    stage_begin(&stage, text);
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), 10);
    cr_assert_eq(stage_count(&stage, "bus", "publish", STATUS_TIMEOUT), 10);
    stage_end(&stage);
}

Test(rabbitmq, a_classic_queue_confirms_after_its_own_flush_and_a_mirrored_one_after_the_ring)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {type: classic}", ""));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 5 * TIME_MS);
    stage_end(&stage);
    stage_begin(&stage, BUS("10/s", "t: {type: classic, persistent: false}", ""));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 4 * TIME_MS);
    stage_end(&stage);
    stage_begin(&stage, BUS("10/s", "t: {type: mirrored}", ""));
    stage_run(&stage, 1050 * TIME_MS);
    cr_assert_eq(latency_of(&stage)->maximum, 7 * TIME_MS);
    stage_end(&stage);
}

Test(rabbitmq, consumers_work_everything_off_and_acknowledge_through_the_log)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 10050 * TIME_MS);
    const struct consumer_meter *meter = &stage.world->meter.consumers[0];
    cr_assert_eq(meter->delivered, 100);
    // from the append: committed 3, out 1, work 2, back 1, acknowledgement committed 3
    cr_assert_eq(meter->lag.maximum, 10 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), 0);
    stage_end(&stage);
}

Test(rabbitmq, prefetch_bounds_what_a_consumer_has_in_hand)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "t: {prefetch: 2}", EATER("{sleep: 1s}")));
    stage_run(&stage, 1005 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "delivered"), 4);
    stage_run(&stage, 10 * TIME_S);
    // a turn takes 1 + 1000 + 1 ms and 3 ms for the acknowledgement
    cr_assert_eq(stage_metric(&stage, "bus", "delivered"), 40);
    stage_end(&stage);
}

Test(rabbitmq, members_elect_a_leader_at_once_when_its_process_ends)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {}", EATER("{sleep: 2ms}")));
    stage_run(&stage, 1050 * TIME_MS);
    struct node *leader = queue_of(&stage)->server;
    stage_strike(&stage, leader, stage_on_kill, 0);
    cr_assert_null(queue_of(&stage)->server);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_neq(queue_of(&stage)->server, leader);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    cr_assert_eq(queue_of(&stage)->backlog.in_hand, 0);
    stage_end(&stage);
}

Test(rabbitmq, the_first_to_stand_leads_after_two_rounds_of_votes_and_one_of_entries)
{
    struct stage stage;
    // both would stand after 200 ms and split the vote
    stage_begin(&stage, BUS("10/s", "t: {members: 3}", ""));
    stage_run(&stage, 1050 * TIME_MS);
    struct rabbitmq_queue *queue = queue_of(&stage);
    const struct raft_member *members = queue->raft.members;
    queue->watching[2] = true; // as if its wait were longer
    stage_strike(&stage, members[0].node, stage_on_kill, 0);
    stage_run(&stage, 1050 * TIME_MS + 210 * TIME_MS);
    cr_assert_not_null(queue->server, "wait 200, pre-vote 2, vote 2 and flush 2, entry 3");
    cr_assert_eq(queue->server, members[1].node);
    cr_assert_gt(stage_metric(&stage, "bus", "unavailable(max)"), 0.199);
    cr_assert_lt(stage_metric(&stage, "bus", "unavailable(max)"), 0.211);
    stage_end(&stage);
}

Test(rabbitmq, a_silent_host_is_suspected_at_the_second_look)
{
    struct stage stage;
    stage_begin(&stage, BUS("10/s", "t: {}", ""));
    stage_run(&stage, 1050 * TIME_MS);
    stage_strike(&stage, queue_of(&stage)->server, stage_on_kill, 1);
    stage_run(&stage, 6 * TIME_S);
    cr_assert_null(queue_of(&stage)->server);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_not_null(queue_of(&stage)->server);
    cr_assert_gt(stage_metric(&stage, "bus", "unavailable(max)"), 5);
    cr_assert_lt(stage_metric(&stage, "bus", "unavailable(max)"), 11);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(rabbitmq, a_message_comes_back_until_its_limit_and_goes_to_the_dead_letter_queue)
{
    struct stage stage;
    stage_begin(&stage, BUS("1/s", "t: {delivery_limit: 2, dead_letter: dead}, dead: {}",
                            EATER("{fail: error}")));
    // published at 1.006 s; deliveries at 1.006, 1.108, 1.210 s, each answered after 2 ms, given
    // back after 100 ms more
    stage_run(&stage, 1209 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 1);
    stage_run(&stage, 1211 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 2);
    stage_run(&stage, 1311 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "dead_lettered"), 0);
    stage_run(&stage, 1313 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "dead_lettered"), 1);
    stage_run(&stage, 1400 * TIME_MS);
    const struct rabbitmq_state *state = stage_component(&stage, "bus")->state;
    cr_assert_eq(state->queues[1].backlog.waiting, 1);
    stage_end(&stage);
}

Test(rabbitmq, without_a_limit_a_poisonous_message_comes_back_for_ever)
{
    struct stage stage;
    stage_begin(&stage, BUS("1/s", "t: {}", EATER("{fail: error}")));
    stage_run(&stage, 1950 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 9, "each 102 ms");
    stage_end(&stage);
}

Test(rabbitmq, a_channel_that_acknowledges_nothing_is_closed_and_its_message_comes_back)
{
    struct stage stage;
    stage_begin(&stage, BUS("1/s", "t: {consumer_timeout: 30s}", EATER("{sleep: 100s}")));
    // delivered first at 1.006 s
    stage_run(&stage, 31005 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 0);
    stage_run(&stage, 31007 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "redelivered"), 1);
    stage_end(&stage);
}

Test(rabbitmq, the_memory_alarm_blocks_publishers_until_consumers_have_made_room)
{
    struct stage stage;
    stage_begin(&stage,
                "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1}\n"
                "components:\n"
                "  bus:\n    kind: rabbitmq\n    nodes: 1\n    memory: 1GB\n"
                "    base_memory: 0B\n    resident: 10GB\n    channel: 1ms\n    handle: 1ms\n"
                "    flush: 1ms\n    wal_bandwidth: 1000GB/s\n"
                "    queues: {t: {members: 1, prefetch: 2, record: 150MB}}\n"
                "  shop:\n    kind: service\n    operations:\n"
                "      sell: [{publish: {to: bus.t, bytes: 150MB}}, {reply: 0}]\n"
                "  eater:\n    kind: service\n"
                "    consumes: {from: bus.t, operation: eat, concurrency: 10}\n"
                "    operations: {eat: [{sleep: 4s}]}\n"
                "workloads:\n  clients: {target: shop.sell, arrivals: constant, rate: 1/s}\n"
                "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n");
    // three messages by 3.003 s are above 400 MB: seen at 5 s, with four of them
    stage_run(&stage, 4999 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "blocked"), 0);
    stage_run(&stage, 7 * TIME_S);
    cr_assert_float_eq(stage_metric(&stage, "bus", "blocked"), 2, 1e-9);
    cr_assert_eq(stage_metric(&stage, "bus", "acknowledged"), 4);
    // two are worked off at 5 and 6 s, two are left: seen at 7.5 s
    stage_run(&stage, 7900 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "bus", "blocked"), 2.5, 1e-9);
    cr_assert_eq(stage_metric(&stage, "bus", "acknowledged"), 7, "those of 5, 6 and 7 s, too");
    stage_end(&stage);
}

Test(rabbitmq, a_full_disk_blocks_publishers_at_its_next_look)
{
    struct stage stage;
    stage_begin(&stage, DISK("100/s", "100kB"));
    // a message of 100 B each 10 ms: 50 kB are left after 5 s, seen at 10 s
    stage_run(&stage, 9999 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "bus", "blocked"), 0);
    stage_run(&stage, 12 * TIME_S);
    cr_assert_float_eq(stage_metric(&stage, "bus", "blocked"), 2, 1e-9);
    const double ready = stage_metric(&stage, "bus", "ready");
    cr_assert_leq(ready, 1000);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), ready, "nobody consumes, nobody publishes");
    stage_end(&stage);
}

Test(rabbitmq, a_publisher_has_so_many_commands_under_way)
{
    struct stage stage;
    // 4000/s for a queue that handles 1000/s: a window of 32 leaves the others waiting for credit
    stage_begin(&stage, BUS("4000/s", "t: {}", ""));
    stage_run(&stage, 2 * TIME_S);
    const struct rabbitmq_state *state = stage_component(&stage, "bus")->state;
    cr_assert_eq(state->flow_count, 1);
    cr_assert_eq(state->flows[0]->used.maximum, 32);
    cr_assert_gt(state->flows[0]->line.count, 1000);
    cr_assert_leq(stage_metric(&stage, "bus", "acknowledged"), 2000);
    cr_assert_geq(stage_metric(&stage, "bus", "acknowledged"), 1980);
    stage_end(&stage);
}

Test(rabbitmq, a_mirrored_queues_leader_in_a_minority_gives_up_and_a_mirror_leads)
{
    struct stage stage;
    stage_begin(&stage, CUT("t: {type: mirrored}"));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(queue_of(&stage)->server, &bus->nodes[0], "cut off for 50 s of 60");
    stage_run(&stage, 90 * TIME_S);
    cr_assert_eq(queue_of(&stage)->server, &bus->nodes[1]);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(rabbitmq, a_quorum_queues_majority_elects_another_leader)
{
    struct stage stage;
    stage_begin(&stage, CUT("t: {}"));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 14 * TIME_S);
    cr_assert_eq(queue_of(&stage)->server, &bus->nodes[0], "not yet silent at two looks");
    stage_run(&stage, 30 * TIME_S);
    cr_assert_neq(queue_of(&stage)->server, &bus->nodes[0]);
    stage_run(&stage, 150 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(rabbitmq, confirmed_messages_survive_the_loss_of_power_of_all_nodes)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "t: {}", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5053 * TIME_MS);
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_kill, 1);
    }
    stage_run(&stage, 6 * TIME_S);
    for (uint32_t i = 0; i < 3; i++) {
        stage_strike(&stage, &bus->nodes[i], stage_on_restart, 0);
    }
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    cr_assert_geq(stage_metric(&stage, "bus", "ready"),
                  stage_metric(&stage, "bus", "acknowledged"));
    stage_end(&stage);
}

Test(rabbitmq, without_confirms_the_dead_leader_takes_what_it_alone_had)
{
    struct stage stage;
    stage_begin(&stage, BUS("1000/s", "t: {confirms: false}", ""));
    stage_run(&stage, 5053500 * TIME_US);
    stage_strike(&stage, queue_of(&stage)->server, stage_on_kill, 0);
    stage_run(&stage, 10 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "bus", "lost"), 0);
    cr_assert_leq(stage_metric(&stage, "bus", "lost"), 40);
    stage_end(&stage);
}

Test(rabbitmq, a_synchronised_mirror_leads_without_loss_and_another_one_with_loss)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "t: {type: mirrored, members: 2}", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5055 * TIME_MS);
    stage_strike(&stage, &bus->nodes[0], stage_on_kill, 0);
    stage_run(&stage, 5154 * TIME_MS);
    cr_assert_null(queue_of(&stage)->server);
    stage_run(&stage, 5156 * TIME_MS);
    cr_assert_eq(queue_of(&stage)->server, &bus->nodes[1]);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_strike(&stage, &bus->nodes[0], stage_on_restart, 0);
    stage_run(&stage, 10055 * TIME_MS);
    // the new mirror knows nothing of the first five seconds
    stage_strike(&stage, &bus->nodes[1], stage_on_kill, 0);
    stage_run(&stage, 12 * TIME_S);
    cr_assert_gt(stage_metric(&stage, "bus", "lost"), 490);
    stage_end(&stage);
}

Test(rabbitmq, a_mirror_that_is_synchronised_makes_publishers_wait_and_loses_nothing)
{
    struct stage stage;
    stage_begin(&stage, BUS("100/s", "t: {type: mirrored, members: 2, sync: automatic}", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5055 * TIME_MS);
    stage_strike(&stage, &bus->nodes[1], stage_on_kill, 0);
    stage_strike(&stage, &bus->nodes[1], stage_on_restart, 0);
    stage_run(&stage, 10055 * TIME_MS);
    stage_strike(&stage, &bus->nodes[0], stage_on_kill, 0);
    stage_run(&stage, 12 * TIME_S);
    cr_assert_eq(queue_of(&stage)->server, &bus->nodes[1]);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(rabbitmq, a_mirror_that_lacks_messages_may_be_kept_from_leading)
{
    struct stage stage;
    stage_begin(&stage,
                BUS("100/s", "t: {type: mirrored, members: 2, promotion: when_synced}", ""));
    struct component *bus = stage_component(&stage, "bus");
    stage_run(&stage, 5055 * TIME_MS);
    stage_strike(&stage, &bus->nodes[0], stage_on_kill, 0);
    stage_run(&stage, 6 * TIME_S);
    stage_strike(&stage, &bus->nodes[0], stage_on_restart, 0);
    stage_run(&stage, 10055 * TIME_MS);
    stage_strike(&stage, &bus->nodes[1], stage_on_kill, 0);
    stage_run(&stage, 12 * TIME_S);
    cr_assert_null(queue_of(&stage)->server);
    stage_strike(&stage, &bus->nodes[1], stage_on_restart, 0);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_not_null(queue_of(&stage)->server);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    stage_end(&stage);
}

Test(rabbitmq, in_a_storm_of_faults_all_invariants_hold)
{
    struct stage stage;
    stage_begin(&stage, BUS("200/s", "t: {prefetch: 10}, m: {type: mirrored}, c: {type: classic}",
                            EATER("{sleep: 2ms}")));
    struct component *bus = stage_component(&stage, "bus");
    for (uint32_t i = 0; i < 60; i++) {
        stage_run(&stage, (int64_t)(i + 1) * 7 * TIME_S);
        struct node *node = &bus->nodes[i % 3];
        stage_strike(&stage, node, stage_on_kill, i % 4 == 3);
        stage_run(&stage, (int64_t)(i + 1) * 7 * TIME_S + (i % 5 + 1) * TIME_S);
        stage_strike(&stage, node, stage_on_restart, 0);
    }
    stage_run(&stage, 500 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "bus", "lost"), 0);
    cr_assert_eq(stage_metric(&stage, "bus", "ready"), 0);
    cr_assert_geq(stage_metric(&stage, "bus", "settled"),
                  stage_metric(&stage, "bus", "acknowledged") - 20);
    stage_end(&stage);
}
