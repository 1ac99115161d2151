// test_postgres_row - deadlocks, isolation, tokens and partitions of PostgreSQL, at exact times.
#include "tests/models/postgres_stage.h"

#define PART(delay, call) "            - [{sleep: " delay "}, {call: " call "}]\n"

// ---- deadlocks --------------------------------------------------------------------------------

// Two statements 1.5 s apart on two of two rows: who waits does so from a second and 501 ms on.
#define CROSSING(order)                                                                            \
    SERVED("[a]",                                                                                  \
           DIRECT "    statements: 2\n    think: 1500ms\n"                                         \
                  "    locks: {rows: 2, among: 2" order "}\n",                                     \
           CALL("transaction"))

Test(postgres_row, a_circle_of_waits_is_broken_when_the_deadlock_timeout_is_over)
{
    struct stage stage;
    stage_begin(&stage, CROSSING(""));
    int64_t now_ms = 1000;
    while (state_of(&stage)->deadlocks == 0 && now_ms < 60000) {
        stage_run(&stage, ++now_ms * TIME_MS);
    }
    cr_assert_eq(stage_count(&stage, "db", "transaction", STATUS_CONFLICT), 1);
    stage_run(&stage, 100 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "deadlocks"),
                 (double)stage_count(&stage, "db", "transaction", STATUS_CONFLICT));
    cr_assert_gt(stage_count(&stage, "db", "transaction", STATUS_OK), 10);
    cr_assert_eq(now_ms % 1000, 502, "%ld", (long)now_ms);
    stage_end(&stage);
}

Test(postgres_row, rows_that_are_locked_in_order_make_no_circle)
{
    struct stage stage;
    stage_begin(&stage, CROSSING(", order: sorted"));
    stage_run(&stage, 100 * TIME_S);
    cr_assert_eq(stage_metric(&stage, "db", "deadlocks"), 0);
    cr_assert_gt(stage_metric(&stage, "db", "lock_waits"), 10);
    stage_end(&stage);
}

// ---- isolation --------------------------------------------------------------------------------

Test(postgres_row, who_would_change_what_another_has_changed_since_is_refused)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    isolation: repeatable_read\n",
                               THREE("{to: db.write, key: one}")));
    stage_run(&stage, TIME_S + 11 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_CONFLICT), 0);
    stage_run(&stage, TIME_S + 11 * TIME_MS + 1);
    cr_assert_eq(ended(&stage, STATUS_OK), 1);
    cr_assert_eq(ended(&stage, STATUS_CONFLICT), 2);
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_OK), 10);
    cr_assert_eq(stage_metric(&stage, "db", "serialization_failures"), 20);
    stage_end(&stage);
}

// ---- tokens -----------------------------------------------------------------------------------

#define TOKENS(more)                                                                               \
    "        - parallel:\n" PART("0", "{to: db.issue, key: one}")                                  \
        PART("100ms", "{to: db.verify, key: one}") PART("200ms", "{to: db.revoke, key: one}") more

static uint64_t verified(const struct stage *stage, enum status status)
{
    return stage_count(stage, "db", "verify", status);
}

Test(postgres_row, a_token_is_good_from_its_issue_to_its_revocation)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT, TOKENS(PART("300ms", "{to: db.verify, key: one}"))));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(verified(&stage, STATUS_OK), 10);
    cr_assert_eq(verified(&stage, STATUS_UNAUTHORIZED), 10);
    stage_end(&stage);
}

Test(postgres_row, a_token_expires_after_its_life)
{
    static const char *const scenarios[] = {
        SERVED("[a]", DIRECT "    tokens: {ttl: 100ms}\n", TOKENS("")),
        SERVED("[a]", DIRECT "    tokens: {ttl: 101ms}\n", TOKENS("")),
    };
    for (int i = 0; i < 2; i++) { // inserted at 1 ms, looked up at 101 ms
        struct stage stage;
        stage_begin(&stage, scenarios[i]);
        stage_run(&stage, 10500 * TIME_MS);
        cr_assert_eq(verified(&stage, i == 0 ? STATUS_UNAUTHORIZED : STATUS_OK), 10);
        stage_end(&stage);
    }
}

// Acknowledged at 211 ms; on the standby it is received at 216, flushed at 226, replayed at 227 ms.
Test(postgres_row, an_asynchronous_standby_learns_of_a_revocation_when_it_has_replayed_it)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC "    reads: standby\n",
                               TOKENS(PART("220ms", "{to: db.verify, key: one}")
                                          PART("222ms", "{to: db.verify, key: one}"))));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(verified(&stage, STATUS_OK), 20);
    cr_assert_eq(verified(&stage, STATUS_UNAUTHORIZED), 10);
    cr_assert_eq(stage_metric(&stage, "db", "revoked_accepted"), 10);
    cr_assert_float_eq(stage_metric(&stage, "db", "revocation_lag(max)"), 0.015, 1e-12);
    stage_end(&stage);
}

// ---- partitions -------------------------------------------------------------------------------

Test(postgres_row, a_dropped_partition_waits_for_all_and_all_wait_for_it)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]",
                               DIRECT "    statements: 2\n    think: 1s\n"
                                      "    partitions: {span: 2500ms, drop: 20ms}\n",
                               "        - parallel:\n" PART("0", "{to: db.transaction}")
                                   PART("0", "{to: db.read}")));
    stage_run(&stage, 2999 * TIME_MS);
    assert_latency(&stage, "read", 1 * TIME_MS);
    stage_run(&stage,
              3500 * TIME_MS); // the transaction of 2 s ends at 3.012 s, the drop 30 ms later
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.maximum, 43 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "partition_drops"), 1);
    stage_run(&stage, 20 * TIME_S);
    cr_assert_geq(stage_metric(&stage, "db", "partition_drops"), 6);
    stage_end(&stage);
}

Test(postgres_row, a_generic_plan_costs_no_planning_and_locks_all_partitions)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    partitions: {count: 11, prepared: true}\n",
                               CALL("read")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "read", 1007 * TIME_US);
    stage_end(&stage);
}

// A scan of 1.5 s at the standby; the drop of 2.5 s is flushed after 20 + 10 ms, received 5 ms
// later, flushed after 10 ms, and reached by the replay after 0.9975 ms.
Test(postgres_row, queries_in_the_way_of_a_replayed_drop_are_aborted_in_the_end)
{
    static const char *const scenarios[] = {
        SERVED("[a, b]",
               DIRECT "    reads: standby\n    row: 1500us\n"
                      "    partitions: {span: 2500ms, drop: 20ms}\n"
                      "    standby: {sender: 0, count: 1, zones: [b], conflict: 100ms}\n",
               CALL("scan")),
        SERVED("[a, b]",
               DIRECT "    reads: standby\n    row: 1500us\n"
                      "    partitions: {span: 2500ms, drop: 20ms}\n"
                      "    standby: {sender: 0, count: 1, zones: [b]}\n",
               CALL("scan")),
    };
    struct stage stage;
    stage_begin(&stage, scenarios[0]); // scans of 1 s and 2 s are there at 2.545 s
    stage_run(&stage, 2600 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "db", "scan", STATUS_OK), 1);
    cr_assert_eq(stage_metric(&stage, "db", "standby_cancels"), 0);
    stage_run(&stage, 2700 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "db", "standby_cancels"), 1);
    stage_run(&stage, 3507 * TIME_MS); // it notices at the end of its work
    cr_assert_eq(stage_count(&stage, "db", "scan", STATUS_CONFLICT), 1);
    stage_end(&stage);
    stage_begin(&stage, scenarios[1]); // the scan of 2 s ends first, at 3.506 s
    stage_run(&stage, 3506 * TIME_MS);
    cr_assert_neq(postgres_node(server(&stage, 1))->applied,
                  postgres_node(server(&stage, 0))->flushed);
    stage_run(&stage, 3507 * TIME_MS);
    cr_assert_eq(postgres_node(server(&stage, 1))->applied,
                 postgres_node(server(&stage, 0))->flushed);
    cr_assert_eq(stage_metric(&stage, "db", "standby_cancels"), 0);
    stage_end(&stage);
}
