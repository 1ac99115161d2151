// test_postgres - pool, group commit, standbys, locks and failover of PostgreSQL, at exact times.
#include <criterion/criterion.h>
#include <math.h>

#include "models/datastores/postgres.h"
#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// Work 1 ms, flush 10 ms, 5 ms between zones, replay 400 B/ms, loops at 0 s, 10 s, 20 s, ... The
// caller stands in zone a, beside the primary, and begins at 1 s, 2 s, 3 s, ...
#define SERVED_SO(patroni, zones, more, steps)                                                     \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: " zones "}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 5ms}}\n"                             \
    "components:\n"                                                                                \
    "  db:\n    kind: postgres\n    primary: a\n    hit: 100%\n    read: 1ms\n    write: 1ms\n"    \
    "    disk: {flush: 10ms, bandwidth: 1000000GB/s, replay: 400kB/s}\n"                           \
    "    failover: {" patroni "offset: 0, promote: 0, discovery: 0}\n" more                          \
    "  app:\n    kind: service\n    spread: {a: 1}\n    operations:\n      go:\n" steps            \
    "        - reply: 0\n"                                                                         \
    "workloads:\n"                                                                                 \
    "  clients: {target: app.go, arrivals: constant, rate: 1/s, "                                  \
    "keys: {one: \"zipf(n=1, s=1)\", other: \"zipf(n=1000000, s=0.1)\"}}\n"                        \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"
#define SERVED(zones, more, steps) SERVED_SO("", zones, more, steps)

#define POOL(more) "    checkpoint: {pages: 0}\n    pool: {work: 0, clients: 0" more "}\n"
#define DIRECT POOL(", size: 20")
#define ASYNC DIRECT "    standby: {count: 1, zones: [b]}\n"
#define SYNC DIRECT "    standby: {count: 1, synchronous: true, zones: [b]}\n"
#define CALL(operation) "        - call: {to: db." operation "}\n"
#define WRITE CALL("write")
#define THREE(call)                                                                                \
    "        - parallel:\n            - call: " call "\n            - call: " call                 \
    "\n            - call: " call "\n"

static const struct postgres_state *state_of(const struct stage *stage)
{
    return postgres_state(stage_component(stage, "db"));
}

static struct node *server(const struct stage *stage, uint32_t replica)
{
    return &stage_component(stage, "db")->nodes[replica];
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

// ---- the pool ---------------------------------------------------------------------------------

Test(postgres, a_server_connection_is_handed_over_when_it_is_given_back_in_order_of_arrival)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", POOL(", size: 1"), THREE("{to: db.read}")));
    for (uint64_t i = 1; i <= 3; i++) {
        stage_run(&stage, TIME_S + (int64_t)i * TIME_MS);
        cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), i - 1);
        stage_run(&stage, TIME_S + (int64_t)i * TIME_MS + 1);
        cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), i);
    }
    cr_assert_float_eq(stage_metric(&stage, "db", "pool_wait_p99"), 0.002, 2e-5);
    stage_end(&stage);
}

Test(postgres, who_has_waited_for_a_connection_too_long_is_cut_off)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", POOL(", size: 1, wait: 1500us"), THREE("{to: db.read}")));
    stage_run(&stage, TIME_S + 1500 * TIME_US);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_ABANDONED), 0);
    stage_run(&stage, TIME_S + 1500 * TIME_US + 1);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_ABANDONED), 1);
    stage_run(&stage, 2500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_ABANDONED), 2);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 4);
    stage_end(&stage);
}

Test(postgres, one_client_too_many_is_refused)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", "    pool: {work: 0, clients: 2, size: 1}\n",
                               THREE("{to: db.read}")));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_REJECTED), 1);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 2);
    stage_end(&stage);
    stage_begin(&stage, SERVED("[a]", "    connections: 5\n    pool: {mode: none}\n",
                               THREE("{to: db.read}")));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_REJECTED), 1);
    stage_end(&stage);
}

Test(postgres, a_session_keeps_its_connection_after_the_answer)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", POOL(", size: 1, mode: session, linger: 10ms"),
                               THREE("{to: db.read}")));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.minimum, 1 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.maximum, 23 * TIME_MS);
    stage_end(&stage);
}

Test(postgres, the_pooler_has_one_thread)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", "    pool: {work: 2ms}\n", THREE("{to: db.read}")));
    stage_run(&stage, 1500 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.minimum, 3 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.maximum, 7 * TIME_MS);
    stage_end(&stage);
}

Test(postgres, a_transaction_holds_its_connection_over_its_clients_turns)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    statements: 3\n    think: 2ms\n",
                               CALL("transaction")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "transaction", 17 * TIME_MS);
    stage_end(&stage);
}

Test(postgres, policies_and_partitions_cost_processor_time_and_misses_a_read)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    row_security: 3us\n"
                                             "    partitions: {count: 11, pruned: false}\n",
                               CALL("read")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "read", 1053 * TIME_US);
    stage_end(&stage);
}

// ---- commits ----------------------------------------------------------------------------------

Test(postgres, commits_that_come_during_a_flush_share_the_next)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]", DIRECT,
                       "        - parallel:\n            - call: {to: db.write}\n"
                       "            - [{sleep: 2ms}, {call: {to: db.write, key: one}}]\n"
                       "            - [{sleep: 4ms}, {call: {to: db.write, key: other}}]\n"));
    stage_run(&stage, TIME_S + 11 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 0);
    stage_run(&stage, TIME_S + 21 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 1);
    stage_run(&stage, TIME_S + 21 * TIME_MS + 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 3);
    cr_assert_float_eq(stage_metric(&stage, "db", "group_commit_batch"), 1.5, 1e-12);
    stage_end(&stage);
}

Test(postgres, a_synchronous_commit_is_flush_link_flush_link)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "write", 31 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "acknowledged"), 10);
    cr_assert_float_eq(stage_metric(&stage, "db", "replication_lag"), 0.016, 1e-12);
    cr_assert_eq(stage_metric(&stage, "db", "replication_lag_bytes"), 400);
    stage_end(&stage);
}

Test(postgres, the_levels_of_synchronous_commit_wait_for_what_they_name)
{
    static const char *const scenarios[] = {
        SERVED("[a, b]", SYNC "    synchronous_commit: local\n", WRITE),
        SERVED("[a, b]", SYNC "    synchronous_commit: remote_write\n", WRITE),
        SERVED("[a, b]", SYNC "    synchronous_commit: remote_apply\n", WRITE),
    };
    static const int64_t expected_ms[] = {11, 21, 32};
    for (int i = 0; i < 3; i++) {
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 10500 * TIME_MS);
        assert_latency(&stage, "write", expected_ms[i] * TIME_MS);
        stage_end(&stage);
    }
}

Test(postgres, any_one_of_the_standbys_is_enough_where_the_method_says_so)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a, b, c]",
                       DIRECT "    standby: {count: 2, synchronous: true, method: any}\n", WRITE));
    stage_run(&stage, 5500 * TIME_MS);
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "write", 31 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 10);
    stage_end(&stage);
}

Test(postgres, a_row_is_locked_by_one_and_then_by_the_next_in_line)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT, THREE("{to: db.write, key: one}")));
    for (uint64_t i = 1; i <= 3; i++) {
        stage_run(&stage, TIME_S + (int64_t)i * 11 * TIME_MS);
        cr_assert_eq(ended(&stage, STATUS_OK), i - 1);
        stage_run(&stage, TIME_S + (int64_t)i * 11 * TIME_MS + 1);
        cr_assert_eq(ended(&stage, STATUS_OK), i);
    }
    cr_assert_eq(stage_metric(&stage, "db", "lock_waits"), 2);
    cr_assert_eq(postgres_node(server(&stage, 0))->locks.count, 0);
    cr_assert_eq(postgres_node(server(&stage, 0))->lock_slots.used, 2);
    stage_end(&stage);
}

Test(postgres, the_first_change_of_a_page_after_a_checkpoint_is_logged_in_full)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", "    checkpoint: {pages: 1, interval: 10s}\n", WRITE));
    stage_run(&stage, 9500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "wal"), 8192 + 9 * 400);
    stage_run(&stage, 11500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "full_page_writes"), 2);
    cr_assert_eq(stage_metric(&stage, "db", "checkpoints"), 0);
    stage_run(&stage, 19500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "checkpoints"), 1);
    stage_end(&stage);
}

Test(postgres, reads_go_to_standbys_where_the_scenario_says_so)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC "    reads: standby\n", CALL("read")));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_component(&stage, "app")->meter->in_system.value, 0);
    cr_assert_eq(stage_meter(&stage, "app", "go")->latency.maximum, 11 * TIME_MS);
    stage_end(&stage);
}

// ---- failover ---------------------------------------------------------------------------------

Test(postgres, the_standby_is_promoted_at_its_first_loop_after_the_lease)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S); // the lease was renewed at 60 s
    node_kill(server(&stage, 0), true);
    stage_run(&stage, 90 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, POSTGRES_NONE);
    stage_run(&stage, 90 * TIME_S + 1);
    cr_assert_eq(state_of(&stage)->primary, 1);
    cr_assert_str_eq(server(&stage, 1)->role, "primary");
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_run(&stage, 95500 * TIME_MS);
    cr_assert_geq(ended(&stage, STATUS_OK), 64);
    cr_assert_eq(stage_metric(&stage, "db", "failovers"), 1);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_end(&stage);
}

Test(postgres, without_a_primary_writes_are_unavailable)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 89500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_UNAVAILABLE), 29);
    stage_end(&stage);
}

Test(postgres, a_primary_that_returns_before_the_lease_ends_recovers_and_stays)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC, WRITE));
    stage_run(&stage, 61 * TIME_S); // 60 commits: 24000 bytes, 60 ms of replay
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 70 * TIME_S);
    node_restart(server(&stage, 0));
    stage_run(&stage, 70060 * TIME_MS);
    cr_assert_eq(server(&stage, 0)->life, NODE_STARTING);
    stage_run(&stage, 70060 * TIME_MS + 1);
    cr_assert_eq(server(&stage, 0)->life, NODE_UP);
    cr_assert_eq(state_of(&stage)->primary, 0);
    stage_run(&stage, 300 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "failovers"), 0);
    cr_assert_eq(stage_metric(&stage, "db", "recoveries"), 1);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    const struct postgres_node *standby = postgres_node(server(&stage, 1));
    cr_assert_eq(standby->received, postgres_node(server(&stage, 0))->flushed);
    stage_end(&stage);
}

// From 54.5 s on nothing reaches the standby; the commits of 55 s to 60 s are on the primary alone.
static void lose_primary_behind_a_partition(struct stage *stage)
{
    stage_run(stage, 54500 * TIME_MS);
    cut(stage, 0, 1);
    stage_run(stage, 60500 * TIME_MS);
    node_kill(server(stage, 0), true);
    network_remove_effects(stage->world, 0);
    stage_run(stage, 91 * TIME_S);
    cr_assert_eq(state_of(stage)->primary, 1);
}

Test(postgres, an_asynchronous_failover_loses_what_the_standby_lacks)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC, WRITE));
    lose_primary_behind_a_partition(&stage);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 6);
    stage_end(&stage);
}

Test(postgres, a_synchronous_failover_loses_nothing_that_was_acknowledged)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    lose_primary_behind_a_partition(&stage);
    cr_assert_eq(ended(&stage, STATUS_OK), 54);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_end(&stage);
}

Test(postgres, the_old_primary_rewinds_and_follows)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC, WRITE));
    lose_primary_behind_a_partition(&stage);
    stage_run(&stage, 100 * TIME_S);
    node_restart(server(&stage, 0)); // 60 ms of replay, 10 s of pg_rewind
    stage_run(&stage, 110060 * TIME_MS);
    cr_assert_eq(server(&stage, 0)->life, NODE_STARTING);
    stage_run(&stage, 120500 * TIME_MS);
    cr_assert_eq(server(&stage, 0)->life, NODE_UP);
    cr_assert_eq(postgres_node(server(&stage, 0))->received,
                 postgres_node(server(&stage, 1))->flushed);
    cr_assert_str_eq(server(&stage, 0)->role, "standby");
    stage_end(&stage);
}

Test(postgres, a_standby_that_is_too_far_behind_is_not_promoted)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC "    record: 1MB\n", WRITE));
    stage_run(&stage, 54500 * TIME_MS);
    cut(&stage, 0, 1);
    stage_run(&stage, 60500 * TIME_MS);
    node_kill(server(&stage, 0), true);
    stage_run(&stage, 200 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, POSTGRES_NONE);
    node_restart(server(&stage, 0));
    stage_run(&stage, 600 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 0);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_end(&stage);
}

Test(postgres, a_synchronous_standby_whose_process_has_ended_is_given_up_at_the_next_loop)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 70 * TIME_S);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_run(&stage, 70 * TIME_S + 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 69);
    stage_end(&stage);
}

Test(postgres, a_dead_synchronous_standby_is_given_up_after_the_ttl)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", POOL(", size: 90") "    standby: {count: 1, synchronous: "
                                                          "true}\n", WRITE));
    stage_run(&stage, 61 * TIME_S); // its loop was seen last at 60 s
    node_kill(server(&stage, 1), true);
    stage_run(&stage, 90 * TIME_S);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_run(&stage, 90 * TIME_S + 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 89);
    cr_assert_eq(stage_metric(&stage, "db", "standby_removals"), 1);
    // Nobody else has everything: the primary is not replaced, it comes back.
    stage_run(&stage, 100500 * TIME_MS);
    node_restart(server(&stage, 1));
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 300 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, POSTGRES_NONE);
    node_restart(server(&stage, 0));
    stage_run(&stage, 330 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 0);
    cr_assert(postgres_node(server(&stage, 1))->keyed);
    stage_end(&stage);
}

Test(postgres, strict_commits_wait_for_a_standby_for_ever)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", DIRECT "    standby: {count: 1, synchronous: true, "
                                                "strict: true}\n", WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 200 * TIME_S);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_end(&stage);
}

Test(postgres, a_paused_primary_is_replaced_and_steps_down_before_it_does_anything)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_pause(server(&stage, 0));
    stage_run(&stage, 120 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 1);
    node_resume(server(&stage, 0));
    stage_run(&stage, 200 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 1);
    cr_assert_eq(postgres_node(server(&stage, 0))->received,
                 postgres_node(server(&stage, 1))->flushed);
    stage_end(&stage);
}

Test(postgres, a_primary_cut_off_from_the_store_demotes_itself)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b, c]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    cut(&stage, 0, 1);
    cut(&stage, 0, 2);
    stage_run(&stage, 80 * TIME_S); // the loop of 70 s could not renew
    cr_assert_eq(state_of(&stage)->primary, 0);
    stage_run(&stage, 80 * TIME_S + 1);
    cr_assert_eq(state_of(&stage)->primary, POSTGRES_NONE);
    stage_run(&stage, 91 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 1);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 150 * TIME_S);
    cr_assert(postgres_node(server(&stage, 0))->stream.connected);
    stage_end(&stage);
}

Test(postgres, a_stream_that_a_partition_swallowed_is_sent_again)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 60500 * TIME_MS);
    cut(&stage, 0, 1);
    stage_run(&stage, 65500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    network_remove_effects(stage.world, 0);
    // Flushed at 61.011 s; sent again 0.2 s, 0.6 s, 1.4 s, 3 s and 6.2 s later, 20 ms to answer.
    stage_run(&stage, 67231 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_run(&stage, 67231 * TIME_MS + 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 61);
    stage_run(&stage, 67241 * TIME_MS + 1); // the others came during that flush
    cr_assert_eq(ended(&stage, STATUS_OK), 67);
    stage_end(&stage);
}

Test(postgres, a_crash_in_the_middle_leaves_no_lock_and_no_connection_behind)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT, THREE("{to: db.write, key: one}")));
    stage_run(&stage, TIME_S + 5 * TIME_MS);
    node_kill(server(&stage, 0), false);
    cr_assert_eq(ended(&stage, STATUS_RESET), 3);
    node_restart(server(&stage, 0));
    stage_run(&stage, 2500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 3);
    cr_assert_eq(postgres_node(server(&stage, 0))->locks.count, 0);
    cr_assert_eq(server(&stage, 0)->pools[POSTGRES_CONNECTIONS].used.value, 0);
    stage_end(&stage);
}

// ---- durability -------------------------------------------------------------------------------

// Writes at 1 s, 2 s and 3 s answer after 1 ms; the WAL writer begins 200 ms later.
static double lost_after(int64_t crash_ns)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    synchronous_commit: off\n", WRITE));
    stage_run(&stage, crash_ns);
    cr_assert_eq(ended(&stage, STATUS_OK), 3);
    assert_latency(&stage, "write", 1 * TIME_MS);
    node_kill(server(&stage, 0), false);
    node_restart(server(&stage, 0));
    stage_run(&stage, 3800 * TIME_MS);
    const double lost = stage_metric(&stage, "db", "lost");
    stage_end(&stage);
    return lost;
}

Test(postgres, commits_that_did_not_wait_are_lost_until_the_wal_writer_has_flushed_them)
{
    cr_assert_eq(lost_after(3002 * TIME_MS), 1);
    cr_assert_eq(lost_after(3211 * TIME_MS), 1);
    cr_assert_eq(lost_after(3211 * TIME_MS + 2), 0);
}

Test(postgres, what_a_cancelled_wait_has_committed_is_lost_with_the_primary)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", DIRECT "    standby: {count: 1, synchronous: true, cancel: "
                                                "2s, zones: [b]}\n", WRITE));
    stage_run(&stage, 57500 * TIME_MS);
    cut(&stage, 0, 1);
    stage_run(&stage, 60500 * TIME_MS); // 58.011 s and 2 s
    cr_assert_eq(ended(&stage, STATUS_OK), 58);
    cr_assert_eq(stage_metric(&stage, "db", "cancelled_waits"), 1);
    node_kill(server(&stage, 0), true);
    network_remove_effects(stage.world, 0);
    stage_run(&stage, 100 * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, 1);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 1);
    stage_end(&stage);
}

// ---- leases and fencing -----------------------------------------------------------------------

static void assert_unavailable_after_crash(const char *text, int64_t from_s, double length_s)
{
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, from_s * TIME_S);
    cr_assert_eq(state_of(&stage)->primary, POSTGRES_NONE);
    stage_run(&stage, from_s * TIME_S + 1);
    cr_assert_eq(state_of(&stage)->primary, 1);
    cr_assert_float_eq(stage_metric(&stage, "db", "unavailable(max)"), length_s, 1e-9);
    stage_end(&stage);
}

Test(postgres, a_dead_process_keeps_its_lease_for_the_start_timeout_after_the_loop_that_finds_it)
{
    assert_unavailable_after_crash(SERVED("[a, b]", SYNC, WRITE), 370, 309);
    // The standby's loop of 70 s comes before the primary's.
    assert_unavailable_after_crash(SERVED_SO("start_timeout: 0, ", "[a, b]", SYNC, WRITE), 80, 19);
}

// Promoted at 90 s; the old primary thaws at 92.5 s and learns of it at 100 s.
static void thaw(struct stage *stage, const char *text)
{
    stage_begin(stage, text);
    stage_run(stage, 61500 * TIME_MS);
    node_pause(server(stage, 0));
    stage_run(stage, 92500 * TIME_MS);
    cr_assert_eq(state_of(stage)->primary, 1);
    node_resume(server(stage, 0));
    stage_run(stage, 99500 * TIME_MS);
}

Test(postgres, a_primary_that_thaws_without_a_watchdog_acknowledges_what_will_be_lost)
{
    struct stage stage;
    thaw(&stage, SERVED_SO("watchdog: false, ", "[a, b]", ASYNC, WRITE));
    cr_assert_gt(state_of(&stage)->stray_acknowledgements, 0);
    cr_assert(postgres_node(server(&stage, 0))->serving);
    stage_run(&stage, 101 * TIME_S);
    cr_assert_not(postgres_node(server(&stage, 0))->serving);
    cr_assert_eq(stage_metric(&stage, "db", "lost"),
                 (double)state_of(&stage)->stray_acknowledgements);
    stage_end(&stage);
    thaw(&stage, SERVED("[a, b]", ASYNC, WRITE));
    cr_assert_eq(state_of(&stage)->stray_acknowledgements, 0);
    stage_end(&stage);
}

Test(postgres, a_primary_in_failsafe_mode_goes_on_without_the_store_while_all_others_answer)
{
    struct stage stage;
    stage_begin(&stage, SERVED_SO("failsafe: true, ", "[a, b, c, d, e]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    for (uint32_t zone = 2; zone < 5; zone++) {
        cut(&stage, 0, zone);
    }
    stage_run(&stage, 150500 * TIME_MS);
    cr_assert_eq(state_of(&stage)->primary, 0);
    cr_assert_eq(ended(&stage, STATUS_OK), 150);
    cut(&stage, 1, 0); // now one does not: it steps down after `retry`
    stage_run(&stage, 170500 * TIME_MS);
    cr_assert_eq(state_of(&stage)->primary, 1);
    stage_end(&stage);
}

// ---- mistakes ---------------------------------------------------------------------------------

Test(postgres, what_cannot_be_is_refused)
{
    cr_assert(stage_refuses(SERVED("[a]", "    standby: {zones: [nowhere]}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    pool: {size: 98}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    pool: {size: 20, clients: 10}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    standby: {synchronous: true}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    reads: standby\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[b]", "", WRITE), "E0306"));
}
