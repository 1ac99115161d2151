// test_postgres - pool, group commit, standbys and locks of PostgreSQL, at exact times.
#include "tests/models/postgres_stage.h"

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
    stage_begin(&stage,
                SERVED("[a]", DIRECT "    statements: 3\n    think: 2ms\n", CALL("transaction")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "transaction", 17 * TIME_MS);
    stage_end(&stage);
}

Test(postgres, policies_and_partitions_cost_processor_time_and_misses_a_read)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]",
                               DIRECT "    row_security: 3us\n"
                                      "    partitions: {count: 11, pruned: false}\n",
                               CALL("read")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "read", 1060 * TIME_US); // 7 relations beyond 16
    stage_end(&stage);
}

// One connection; a transaction of two statements holds it for 1 + 1000 + 1 + 10 ms.
#define STARVED(pool)                                                                              \
    SERVED("[a]", POOL(", size: 1" pool) "    statements: 2\n    think: 1s\n",                     \
           "        - parallel:\n            - call: {to: db.transaction}\n"                       \
           "            - [{sleep: 1ms}, {call: {to: db.read}}]\n")

Test(postgres, turns_of_clients_inside_of_transactions_starve_the_others_of_connections)
{
    struct stage stage;
    stage_begin(&stage, STARVED(""));
    stage_run(&stage, 2012 * TIME_MS); // 1 s and the transaction; then the read
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 0);
    stage_run(&stage, 2013 * TIME_MS + 1);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 1);
    assert_latency(&stage, "read", 1012 * TIME_MS);
    stage_end(&stage);
    stage_begin(&stage, STARVED(", wait: 500ms"));
    stage_run(&stage, 1501 * TIME_MS + 1);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_ABANDONED), 1);
    stage_end(&stage);
}

Test(postgres, the_reserve_opens_when_the_first_in_line_has_waited_long_enough)
{
    struct stage stage;
    stage_begin(&stage, STARVED(", reserve: 1, reserve_after: 100ms"));
    stage_run(&stage, 1102 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 0);
    stage_run(&stage, 1102 * TIME_MS + 1);
    cr_assert_eq(stage_count(&stage, "db", "read", STATUS_OK), 1);
    stage_run(&stage, 20 * TIME_S);
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
                       DIRECT
                       "    standby: {sender: 0, count: 2, synchronous: true, method: any}\n",
                       WRITE));
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

// ---- mistakes ---------------------------------------------------------------------------------

Test(postgres, what_cannot_be_is_refused)
{
    cr_assert(stage_refuses(SERVED("[a]", "    standby: {zones: [nowhere]}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    pool: {size: 98}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    pool: {size: 20, clients: 10}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    standby: {synchronous: true}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    reads: standby\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[b]", "", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    locks: {rows: 6}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    partitions: {span: 1us}\n", WRITE), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    pool: {size: 90, reserve: 8}\n", WRITE), "E0306"));
}
