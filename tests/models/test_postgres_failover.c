// test_postgres_failover - leases, promotion, fencing and what crashes take, at exact times.
#include "tests/models/postgres_stage.h"

// ---- failover ---------------------------------------------------------------------------------

Test(postgres_failover, the_standby_is_promoted_at_its_first_loop_after_the_lease)
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

Test(postgres_failover, without_a_primary_writes_are_unavailable)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 0), false);
    stage_run(&stage, 89500 * TIME_MS);
    cr_assert_eq(ended(&stage, STATUS_UNAVAILABLE), 29);
    stage_end(&stage);
}

Test(postgres_failover, a_primary_that_returns_before_the_lease_ends_recovers_and_stays)
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

Test(postgres_failover, an_asynchronous_failover_loses_what_the_standby_lacks)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", ASYNC, WRITE));
    lose_primary_behind_a_partition(&stage);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 6);
    stage_end(&stage);
}

Test(postgres_failover, a_synchronous_failover_loses_nothing_that_was_acknowledged)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", SYNC, WRITE));
    lose_primary_behind_a_partition(&stage);
    cr_assert_eq(ended(&stage, STATUS_OK), 54);
    cr_assert_eq(stage_metric(&stage, "db", "lost"), 0);
    stage_end(&stage);
}

Test(postgres_failover, the_old_primary_rewinds_and_follows)
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

Test(postgres_failover, a_standby_that_is_too_far_behind_is_not_promoted)
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

Test(postgres_failover, a_synchronous_standby_whose_process_has_ended_is_given_up_at_the_next_loop)
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

Test(postgres_failover, a_dead_synchronous_standby_is_given_up_after_the_ttl)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]",
                               POOL(", size: 90") "    standby: {sender: 0, count: 1, synchronous: "
                                                  "true}\n",
                               WRITE));
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

Test(postgres_failover, strict_commits_wait_for_a_standby_for_ever)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]",
                               DIRECT "    standby: {sender: 0, count: 1, synchronous: true, "
                                      "strict: true}\n",
                               WRITE));
    stage_run(&stage, 61 * TIME_S);
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 200 * TIME_S);
    cr_assert_eq(ended(&stage, STATUS_OK), 60);
    stage_end(&stage);
}

Test(postgres_failover, a_paused_primary_is_replaced_and_steps_down_before_it_does_anything)
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

Test(postgres_failover, a_primary_cut_off_from_the_store_demotes_itself)
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

Test(postgres_failover, a_stream_that_a_partition_swallowed_is_sent_again)
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

Test(postgres_failover, commits_that_did_not_wait_are_lost_until_the_wal_writer_has_flushed_them)
{
    cr_assert_eq(lost_after(3002 * TIME_MS), 1);
    cr_assert_eq(lost_after(3211 * TIME_MS), 1);
    cr_assert_eq(lost_after(3211 * TIME_MS + 2), 0);
}

// Two commits of 6000 B: the first page is full and goes first, the rest 210 ms later.
Test(postgres_failover, the_wal_writer_flushes_full_pages_first)
{
    static const int64_t crashes_ms[] = {1300, 1420, 1424};
    static const double lost[] = {1, 1, 0};
    for (int i = 0; i < 3; i++) {
        struct stage stage;
        stage_begin(&stage, SERVED("[a]", DIRECT "    synchronous_commit: off\n    record: 6kB\n",
                                   "        - parallel:\n            - call: {to: db.write}\n"
                                   "            - call: {to: db.write, key: one}\n"));
        stage_run(&stage, crashes_ms[i] * TIME_MS);
        node_kill(server(&stage, 0), false);
        node_restart(server(&stage, 0));
        stage_run(&stage, 1900 * TIME_MS);
        cr_assert_eq(stage_metric(&stage, "db", "lost"), lost[i]);
        stage_end(&stage);
    }
}

Test(postgres_failover, buffers_are_empty_after_a_restart)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", DIRECT "    buffers: 16384\n", CALL("read")));
    stage_run(&stage, 5500 * TIME_MS);
    assert_latency(&stage, "read", 1 * TIME_MS);
    node_kill(server(&stage, 0), false);
    node_restart(server(&stage, 0));
    stage_run(&stage, 6500 * TIME_MS);
    cr_assert_eq(stage_meter(&stage, "db", "read")->latency.maximum, 1010 * TIME_US);
    cr_assert_eq(postgres_node(server(&stage, 0))->cold, 1);
    stage_run(&stage, 30 * TIME_S);
    cr_assert_eq(postgres_node(server(&stage, 0))->cold, 0);
    node_kill(server(&stage, 0), true);
    node_restart(server(&stage, 0));
    stage_run(&stage, 31500 * TIME_MS); // from the device
    cr_assert_gt(stage_meter(&stage, "db", "read")->latency.maximum, 1050 * TIME_US);
    stage_end(&stage);
}

Test(postgres_failover, what_a_cancelled_wait_has_committed_is_lost_with_the_primary)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a, b]",
                       DIRECT "    standby: {sender: 0, count: 1, synchronous: true, cancel: "
                              "2s, zones: [b]}\n",
                       WRITE));
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

Test(postgres_failover,
     a_dead_process_keeps_its_lease_for_the_start_timeout_after_the_loop_that_finds_it)
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

Test(postgres_failover, a_primary_that_thaws_without_a_watchdog_acknowledges_what_will_be_lost)
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

Test(postgres_failover,
     a_primary_in_failsafe_mode_goes_on_without_the_store_while_all_others_answer)
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
