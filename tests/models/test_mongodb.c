// test_mongodb - write concerns, elections, rollback, retries of MongoDB, at exact times.
#include <criterion/criterion.h>

#include "models/datastores/mongodb.h"
#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// Work 1 ms, flush 10 ms, 5 ms between zones, 2 ms to apply a batch, elections after 10 s of
// silence and no more; the third member never stands. The caller is in zone a, beside the primary,
// and begins at 1 s, 2 s, 3 s, ...
#define SERVED(more, steps)                                                                        \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: [a, b, c]}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 5ms}}\n"                             \
    "components:\n"                                                                                \
    "  db:\n    kind: mongodb\n    spread: {a: 1, b: 1, c: 1}\n    hit: 100%\n"                    \
    "    read: 1ms\n    write: 1ms\n"                                                              \
    "    disk: {flush: 10ms, bandwidth: 0B/s, replay: 0B/s}\n"                                     \
    "    replication: {apply: 2ms, rollback: 1s}\n" more                                           \
    "  app:\n    kind: service\n    spread: {a: 1}\n    operations:\n      go:\n" steps            \
    "        - reply: 0\n"                                                                         \
    "workloads:\n"                                                                                 \
    "  clients: {target: app.go, arrivals: constant, rate: 1/s, "                                  \
    "keys: {one: \"zipf(n=1, s=1)\", few: \"zipf(n=20, s=0.1)\"}}\n"                               \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define TIMERS "    election: {spread: 0, priorities: [1, 1, 0]}\n    driver: {discovery: 0}\n"
#define CALL(operation) "        - call: {to: db." operation ", key: one}\n"
#define WRITE CALL("write")
#define W1 TIMERS "    write_concern: 1\n"

static struct node *server(const struct stage *stage, uint32_t replica)
{
    return &stage_component(stage, "db")->nodes[replica];
}

static const struct mongodb_node *member(const struct stage *stage, uint32_t replica)
{
    return mongodb_node(server(stage, replica));
}

static uint64_t ended(const struct stage *stage, enum status status)
{
    return stage_count(stage, "db", "write", status);
}

static void assert_latency(const struct stage *stage, const char *operation, int64_t ns)
{
    cr_assert_eq(stage_meter(stage, "db", operation)->latency.minimum, ns);
    cr_assert_eq(stage_meter(stage, "db", operation)->latency.maximum, ns);
}

static void cut(struct stage *stage, uint32_t from, uint32_t to)
{
    network_add_effect(stage->world, (struct network_effect){.fault = 0,
                                                             .from_component = DESIGN_NONE,
                                                             .to_component = DESIGN_NONE,
                                                             .from_zone = from,
                                                             .to_zone = to,
                                                             .drop = true});
}

static void cut_off_primary(struct stage *stage)
{
    cut(stage, 0, 1);
    cut(stage, 0, 2);
}

// ---- write concerns ---------------------------------------------------------------------------

Test(mongodb, a_write_concern_waits_for_what_it_names)
{
    static const char *const scenarios[] = {
        SERVED(TIMERS "    write_concern: 0\n", WRITE),
        SERVED(W1, WRITE),
        SERVED(W1 "    journal: \"on\"\n", WRITE),
        SERVED(TIMERS "    journal: \"off\"\n", WRITE),
        SERVED(TIMERS, WRITE),
    };
    // a secondary has it at 6 ms, applied at 8 ms, durable at 18 ms; its report takes 5 ms
    static const int64_t expected_ms[] = {0, 1, 11, 13, 23};
    for (int i = 0; i < 5; i++) {
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 10500 * TIME_MS);
        assert_latency(&stage, "write", expected_ms[i] * TIME_MS);
        cr_assert_eq(stage_metric(&stage, "db", "acknowledged"), i == 0 ? 0 : 10);
        stage_end(&stage);
    }
}

// ---- elections --------------------------------------------------------------------------------

// The second member has heard its primary last at 20.006 s, by the batch of the write at 20 s. It
// asks at 30.006 s (10 ms there and back), makes its vote durable (10 ms), asks again: 5 ms, the
// other's flush, 5 ms; then it asks for newer entries: 10 ms.
Test(mongodb, a_secondary_is_elected_at_the_second_its_timers_allow)
{
    struct stage stage;
    stage_begin(&stage, SERVED(TIMERS, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 30056 * TIME_MS);
    cr_assert(!member(&stage, 1)->serving);
    cr_assert(member(&stage, 1)->catching);
    stage_run(&stage, 30056 * TIME_MS + 1);
    cr_assert(member(&stage, 1)->serving);
    cr_assert_eq(member(&stage, 1)->election->term, 2);
    stage_run(&stage, 40 * TIME_S);
    cr_assert_float_eq(stage_metric(&stage, "db", "unavailable(max)"), 9.556, 1e-9);
    cr_assert_eq(stage_metric(&stage, "db", "failovers"), 1);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    cr_assert_eq(ended(&stage, STATUS_OK), 39);
    stage_end(&stage);
}

// Its own heartbeats ask every 2 s from 0.667 s on; that of 18.667 s was the last to be answered.
Test(mongodb, a_primary_that_sees_no_majority_steps_down_and_what_it_took_alone_is_rolled_back)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    cut_off_primary(&stage);
    stage_run(&stage, 28666666666);
    cr_assert(member(&stage, 0)->serving);
    stage_run(&stage, 28666666667);
    cr_assert(!member(&stage, 0)->serving);
    cr_assert_eq(stage_metric(&stage, "db", "acknowledged"), 28);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_run(&stage, 30100 * TIME_MS);
    cr_assert(member(&stage, 1)->serving);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 8);
    stage_run(&stage, 40 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "rollbacks"), 0);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 50 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "rollbacks"), 1);
    cr_assert_eq(stage_metric(&stage, "db", "rolled_back"), 8);
    cr_assert_eq(member(&stage, 0)->agreed, 2);
    cr_assert_eq(member(&stage, 0)->applied, member(&stage, 1)->applied);
    cr_assert_eq(versions_digest(&member(&stage, 0)->versions),
                 versions_digest(&member(&stage, 1)->versions));
    stage_end(&stage);
}

// Cut off at 20.5 s with 8 writes that it took alone, the old primary is back at 29 s: the new one
// asks all, hears of them at 30.056 s and fetches them before it accepts writes.
Test(mongodb, a_new_primary_catches_up_with_what_others_have)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    cut_off_primary(&stage);
    stage_run(&stage, 29 * TIME_S);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 30068 * TIME_MS);
    cr_assert(!member(&stage, 1)->serving);
    stage_run(&stage, 30068 * TIME_MS + 1);
    cr_assert(member(&stage, 1)->serving);
    stage_run(&stage, 40 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "acknowledged"), 39);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    cr_assert_eq(stage_metric(&stage, "db", "rollbacks"), 0);
    stage_end(&stage);
}

// The third member alone has the writes of 21 s and 22 s, and cannot lead: the second is refused
// until it has them from there.
Test(mongodb, a_member_that_lacks_entries_is_not_elected_before_it_has_them)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    cut(&stage, 0, 1);
    stage_run(&stage, 22500 * TIME_MS);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 60 * TIME_S);
    cr_assert(member(&stage, 1)->serving);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    cr_assert_eq(stage_metric(&stage, "db", "rollbacks"), 0);
    stage_end(&stage);
}

Test(mongodb, a_member_of_higher_priority_takes_over_once_it_has_caught_up)
{
    struct stage stage;
    stage_begin(&stage, SERVED("    election: {spread: 0, priorities: [2, 1, 0]}\n"
                               "    driver: {discovery: 0}\n", WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 25 * TIME_S);
    node_restart(server(&stage, 0));
    stage_run(&stage, 31 * TIME_S);
    cr_assert(member(&stage, 1)->serving);
    // it hears of the new primary at 30.051 s, by the heartbeat that asks for newer entries
    stage_run(&stage, 40051 * TIME_MS);
    cr_assert(member(&stage, 1)->serving);
    stage_run(&stage, 41 * TIME_S);
    cr_assert(member(&stage, 0)->serving);
    cr_assert(!member(&stage, 1)->serving);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_run(&stage, 60 * TIME_S);
    cr_assert(member(&stage, 0)->serving);
    stage_end(&stage);
}

Test(mongodb, without_a_majority_requests_wait_for_the_server_selection_time_out)
{
    struct stage stage;
    stage_begin(&stage, SERVED(TIMERS, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    node_kill(server(&stage, 0), false);
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 51 * TIME_S + 5 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_UNAVAILABLE), 0);
    stage_run(&stage, 51 * TIME_S + 5 * TIME_MS + 1);
    cr_assert_eq(ended(&stage, STATUS_UNAVAILABLE), 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 20);
    stage_end(&stage);
}

// ---- tries ------------------------------------------------------------------------------------

// The write of 20 s reaches the others before its primary dies; its driver tries again.
Test(mongodb, a_write_that_is_tried_again_is_carried_out_once)
{
    struct stage stage;
    stage_begin(&stage, SERVED(TIMERS,
                               "        - call: {to: db.write, key: one, timeout: 20s, retry: "
                               "{attempts: 2, backoff: 1ms, on: [reset]}}\n"));
    stage_run(&stage, 20010 * TIME_MS);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 20500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_RESET), 1);
    const uint64_t before = mongodb_oplog_last(&member(&stage, 1)->oplog);
    cr_assert_eq(before, 21); // the first entry of the term, and twenty writes
    stage_run(&stage, 30500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "found_again"), 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 30);
    cr_assert_eq(mongodb_oplog_last(&member(&stage, 1)->oplog), before + 1 + 10);
    stage_end(&stage);
}

// A stepdown interrupts the write of 21 s, which no majority has; the driver tries it again.
Test(mongodb, a_stepdown_interrupts_and_the_driver_tries_again)
{
    struct stage stage;
    stage_begin(&stage, SERVED(TIMERS, WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    cut_off_primary(&stage);
    stage_run(&stage, 35 * TIME_S);
    cr_assert_eq(ended(&stage, STATUS_OK), 20);
    cr_assert_eq(stage_metric(&stage, "db", "retries"), 8);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 60 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    cr_assert_eq(ended(&stage, STATUS_OK), 59);
    stage_end(&stage);
}

Test(mongodb, a_write_that_waits_longer_than_wtimeout_stands_and_is_unknown)
{
    struct stage stage;
    stage_begin(&stage, SERVED(TIMERS "    wtimeout: 500ms\n", WRITE));
    stage_run(&stage, 20500 * TIME_MS);
    cut_off_primary(&stage);
    stage_run(&stage, 21501 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_INDETERMINATE), 0);
    stage_run(&stage, 21501 * TIME_MS + 1);
    cr_assert_eq(ended(&stage, STATUS_INDETERMINATE), 1);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "rolled_back"), 0);
    cr_assert_eq(member(&stage, 0)->commit, 31 - 1);
    stage_end(&stage);
}

// The second meets the first at work four times, waits 0.1 ms three times, then 1 ms.
Test(mongodb, writes_of_one_document_conflict_and_are_tried_again)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1, "        - parallel:\n"
                                   "            - call: {to: db.write, key: one}\n"
                                   "            - call: {to: db.write, key: one}\n"));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 2);
    cr_assert_eq(stage_meter(&stage, "db", "write")->latency.minimum, 1 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "write")->latency.maximum, 2300 * TIME_US);
    cr_assert_eq(stage_metric(&stage, "db", "write_conflicts"), 4);
    stage_end(&stage);
}

Test(mongodb, a_transaction_that_meets_another_is_given_up)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED(TIMERS "    think: 2ms\n",
                       "        - parallel:\n            - call: {to: db.transact, key: one}\n"
                       "            - [{sleep: 2ms}, {call: {to: db.transact, key: one}}]\n"));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "transact", STATUS_CONFLICT), 1);
    cr_assert_eq(stage_count(&stage, "db", "transact", STATUS_OK), 1);
    // three changes, two turns of the client, then as long as a write's wait
    cr_assert_eq(stage_meter(&stage, "db", "transact")->latency.maximum, 29 * TIME_MS);
    stage_end(&stage);
}

// ---- reads ------------------------------------------------------------------------------------

Test(mongodb, reads_go_where_their_preference_and_concern_send_them)
{
    static const char *const scenarios[] = {
        SERVED(TIMERS, CALL("read")),
        SERVED(TIMERS "    read_preference: secondary\n", CALL("read")),
        SERVED("    driver: {threshold: 0}\n    read_preference: nearest\n", CALL("read")),
        SERVED(TIMERS "    read_concern: linearizable\n", CALL("read")),
    };
    static const int64_t expected_ms[] = {1, 11, 1, 23};
    for (int i = 0; i < 4; i++) {
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 10500 * TIME_MS);
        const struct operation_meter *meter = stage_meter(&stage, "app", "go");
        cr_assert_eq(meter->latency.minimum, expected_ms[i] * TIME_MS);
        cr_assert_eq(meter->latency.maximum, expected_ms[i] * TIME_MS);
        stage_end(&stage);
    }
}

// ---- the client -------------------------------------------------------------------------------

Test(mongodb, a_data_key_is_fetched_once_a_lifetime_and_fields_cost_the_client)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1 "    encryption: {fields: 10, field: 100us, keys: 1, kms: 20ms, "
                                  "lifetime: 4500ms}\n", WRITE));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "key_fetches"), 2); // at 1 s and 6 s
    cr_assert_eq(stage_meter(&stage, "db", "write")->latency.minimum, 2 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "write")->latency.maximum, 22 * TIME_MS);
    stage_end(&stage);
}

// The key of 1 s lasts until 5.5 s; the key service has been gone since 3.5 s.
Test(mongodb, without_the_key_service_clients_go_on_until_their_keys_expire)
{
    struct stage stage;
    stage_begin(&stage, SERVED(W1 "    encryption: {fields: 1, keys: 1, lifetime: 4500ms, "
                                  "key_endpoint: kms.get}\n"
                                  "  kms: {kind: service, operations: {get: [{cpu: 1ms}]}}\n",
                               WRITE));
    stage_run(&stage, 3500 * TIME_MS);
    node_kill(&stage_component(&stage, "kms")->nodes[0], false);
    stage_run(&stage, 5500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 5);
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 5);
    cr_assert_eq(ended(&stage, STATUS_UNAVAILABLE), 5);
    stage_end(&stage);
}

Test(mongodb, connections_of_the_drivers_pool_are_handed_over)
{
    struct stage stage;
    stage_begin(&stage, SERVED("    write_concern: 1\n    driver: {pool: 1}\n",
                               "        - parallel:\n            - call: {to: db.read}\n"
                               "            - call: {to: db.read}\n"
                               "            - call: {to: db.read}\n"));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.minimum, 1 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.maximum, 3 * TIME_MS);
    stage_end(&stage);
}

// ---- flow control, change streams, initial sync -----------------------------------------------

#define BUSY(more)                                                                                 \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: [a, b, c]}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 1ms}}\n"                             \
    "components:\n"                                                                                \
    "  db:\n    kind: mongodb\n    hit: 100%\n    write: 100us\n" more                            \
    "  ear:\n    kind: service\n    operations: {hear: [{cpu: 1ms}]}\n"                            \
    "    consumes: {from: db.changes, operation: hear, batch: 40}\n" \
    "workloads: {clients: {target: db.write, rate: 1000/s, from: a}}\n"                            \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

static uint64_t heard(const struct stage *stage)
{
    return stage_meter(stage, "ear", "hear")->arrivals;
}

Test(mongodb, flow_control_holds_writes_back_while_the_commit_point_lags)
{
    struct stage stage;
    stage_begin(&stage, BUSY(W1));
    stage_run(&stage, 10 * TIME_S);
    node_pause(server(&stage, 1));
    node_pause(server(&stage, 2));
    stage_run(&stage, 14900 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "throttled"), 0);
    const uint64_t before = ended(&stage, STATUS_OK);
    stage_run(&stage, 17 * TIME_S);
    // 100 a second since 15 s; those in line hold the connections of the drivers' pool
    cr_assert_gt(stage_metric(&stage, "db", "throttled"), 100);
    cr_assert_lt(ended(&stage, STATUS_OK), before + 500);
    node_resume(server(&stage, 1));
    node_resume(server(&stage, 2));
    stage_run(&stage, 30 * TIME_S);
    cr_assert_gt(ended(&stage, STATUS_OK), 29000);
    stage_end(&stage);
}

Test(mongodb, a_change_stream_sees_every_committed_write_in_order_and_survives_a_failover)
{
    struct stage stage;
    stage_begin(&stage, BUSY(""));
    stage_run(&stage, 10 * TIME_S);
    const struct mongodb_watch *watch = &mongodb_state(stage_component(&stage, "db"))->watches[0];
    cr_assert(watch->token <= member(&stage, 0)->commit);
    cr_assert_gt(watch->token + 20, member(&stage, 0)->commit);
    cr_assert_eq(heard(&stage) + 1, watch->busy ? watch->through : watch->token);
    node_kill(server(&stage, 0), false);
    const uint64_t token = watch->token;
    stage_run(&stage, 20 * TIME_S);
    cr_assert_leq(watch->token, token + 40);
    stage_run(&stage, 40 * TIME_S);
    struct node *primary = mongodb_member_primary(stage_component(&stage, "db"));
    cr_assert_gt(watch->token + 80, mongodb_node(primary)->commit);
    cr_assert_geq(heard(&stage), watch->token - 2);
    cr_assert_leq(heard(&stage), watch->token + 80);
    cr_assert_eq(stage_metric(&stage, "db", "history_lost"), 0);
    stage_end(&stage);
}

Test(mongodb, a_member_that_the_oplog_has_left_behind_copies_all_data)
{
    struct stage stage;
    stage_begin(&stage, BUSY("    replication: {oplog: 1MB, initial_sync: 20s}\n"));
    stage_run(&stage, 10 * TIME_S);
    node_kill(server(&stage, 2), true);
    stage_run(&stage, 15 * TIME_S);
    node_restart(server(&stage, 2));
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "resyncs"), 1);
    cr_assert(member(&stage, 2)->recovering);
    stage_run(&stage, 40 * TIME_S);
    cr_assert(!member(&stage, 2)->recovering);
    cr_assert_gt(member(&stage, 2)->applied + 100, member(&stage, 0)->applied);
    stage_end(&stage);
}

// Its journal is flushed every 100 ms; it replays ten seconds' writes of 1 kB at 10 MB/s.
Test(mongodb, a_single_server_loses_what_its_journal_had_not_and_replays_the_rest)
{
    struct stage stage;
    stage_begin(&stage, BUSY("    members: 1\n    write_concern: 1\n"
                             "    disk: {flush: 10ms, replay: 10MB/s}\n"));
    stage_run(&stage, 10 * TIME_S);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 11 * TIME_S);
    node_restart(server(&stage, 0));
    stage_run(&stage, 11900 * TIME_MS);
    cr_assert_eq(server(&stage, 0)->life, NODE_STARTING);
    stage_run(&stage, 12200 * TIME_MS);
    cr_assert_eq(server(&stage, 0)->life, NODE_UP);
    cr_assert(member(&stage, 0)->serving);
    cr_assert_gt(stage_metric(&stage, "db", "lost"), 5);
    cr_assert_lt(stage_metric(&stage, "db", "lost"), 150);
    stage_end(&stage);
}

// ---- configuration and storms -----------------------------------------------------------------

#define REFUSED(more)                                                                              \
    "orrery: v1\nname: t\nsimulation: {duration: 1m, warmup: 0, seed: 1, replications: 1}\n"       \
    "components: {db: {kind: mongodb, " more "}}\n"                                                \
    "workloads: {clients: {target: db.write, rate: 1/s}}\n"                                        \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

Test(mongodb, what_cannot_be_is_refused)
{
    static const char *const scenarios[] = {
        REFUSED("election: {priorities: [0, 0, 0]}"),
        REFUSED("election: {priorities: [1, 1, 1, 1]}"),
        REFUSED("members: 1, read_preference: secondary"),
        REFUSED("read_preference: nearest, read_concern: linearizable"),
        REFUSED("replicas: 5, members: 3"),
    };
    for (int i = 0; i < 5; i++) {
        cr_assert(stage_refuses(scenarios[i], "E0306"), "%d", i);
    }
}

#define STORM(seed, more)                                                                          \
    "orrery: v1\nname: t\n"                                                                        \
    "simulation: {duration: 1h, warmup: 0, seed: " seed ", replications: 1}\n"                     \
    "topology:\n  regions: {r: [a, b, c]}\n"                                                       \
    "  links: {same_zone: {latency: 100us}, cross_zone: {latency: \"exp(mean=3ms)\"}}\n"           \
    "components:\n"                                                                                \
    "  db:\n    kind: mongodb\n    cores: 2\n    hit: 90%\n" more                                  \
    "    disk: {flush: \"exp(mean=4ms)\", replay: 1MB/s}\n"                                        \
    "    replication: {rollback: \"exp(mean=500ms)\", initial_sync: 5s}\n"                         \
    "    election: {timeout: 3s, heartbeat: 500ms, heartbeat_timeout: 3s, priorities: [2]}\n"      \
    "    driver: {silence: 5s, selection: 5s, pool: 8}\n"                                          \
    "    encryption: {fields: 2, keys: 5, lifetime: 10s}\n"                                        \
    "  app:\n    kind: service\n    spread: {a: 1, b: 1, c: 1}\n    operations:\n      go:\n"      \
    "        - call: {to: db.write, key: few, timeout: 2s, retry: {attempts: 3, backoff: 100ms, "  \
    "on: [timeout, reset, indeterminate, unavailable]}}\n"                                         \
    "        - call: {to: db.read, key: few, timeout: 2s}\n"                                       \
    "        - call: {to: db.transact, key: few, timeout: 2s, retry: {attempts: 2, on: [timeout, " \
    "reset, indeterminate]}}\n        - reply: 0\n"                                                \
    "      hear:\n        - reply: 0\n    consumes: {from: db.changes, operation: hear}\n"         \
    "workloads: {clients: {target: app.go, rate: 40/s, keys: {few: \"zipf(n=50, s=0.8)\"}}}\n"     \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"                        \
    "faults:\n"                                                                                    \
    "  - {name: kill, action: kill, select: {component: db}, " OFTEN "}\n"                         \
    "  - {name: dark, action: power-off, select: {component: db}, " OFTEN "}\n"                    \
    "  - {name: pause, action: pause, select: {component: db}, " OFTEN "}\n"                       \
    "  - {name: slow, action: slow, select: {component: db}, factor: 20, " OFTEN "}\n"             \
    "  - {name: cut, action: partition, select: {from: a, to: b}, " OFTEN "}\n"                    \
    "  - {name: way, action: partition, select: {from: c, to: a}, one_way: true, " OFTEN "}\n"     \
    "  - {name: loss, action: loss, select: {from: b, to: c}, loss: 20%, " OFTEN "}\n"
#define OFTEN "mtbf: \"exp(mean=60s)\", mttr: \"exp(mean=5s)\""

// stage_end states that all invariants hold.
Test(mongodb, every_invariant_holds_in_a_storm)
{
    static const char *const scenarios[] = {
        STORM("1", ""),
        STORM("2", "    journal: \"off\"\n    read_concern: majority\n"),
        STORM("3", "    write_concern: 1\n    read_preference: nearest\n"),
        STORM("4", "    members: 5\n    wtimeout: 1s\n"),
        STORM("5", "    read_concern: linearizable\n"),
        STORM("6", "    members: 7\n    read_preference: secondary\n    read_concern: majority\n"),
    };
    for (int i = 0; i < 6; i++) {
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 300 * TIME_S);
        cr_assert_gt(stage_metric(&stage, "db", "failovers"), 3);
        cr_assert_gt(stage_metric(&stage, "db", "acknowledged"), 3000);
        cr_assert(i == 2 || stage_metric(&stage, "db", "lost") == 0 || i == 1);
        stage_end(&stage);
    }
}
