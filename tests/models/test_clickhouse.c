// test_clickhouse - parts, merges, Keeper, quorums, scans and losses of ClickHouse, at exact times.
#include <criterion/criterion.h>

#include "models/datastores/clickhouse.h"
#include "sim/engine/node.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

// Ten rows of 1 ms and nothing else; 5 ms between zones; Keeper flushes in 10 ms. The caller
// begins at 1 s, 2 s, 3 s, ...
#define SERVED(zones, more, steps)                                                                 \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: " zones "}\n"                                                       \
    "  links: {same_zone: {latency: 0}, cross_zone: {latency: 5ms}}\n"                             \
    "components:\n"                                                                                \
    "  dw:\n    kind: clickhouse\n    cores: 4\n    plan: 0\n" more                                \
    "  app:\n    kind: service\n    spread: {a: 1}\n    operations:\n      go:\n" steps            \
    "        - reply: 0\n"                                                                         \
    "workloads:\n"                                                                                 \
    "  clients: {target: app.go, arrivals: constant, rate: 1/s}\n"                                 \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define DISK "    disk: {flush: 10ms, bandwidth: 1000000GB/s}\n"
#define ROWS "rows: 10, row: 1ms, fixed: 0"
#define INSERT(more) "    insert: {" ROWS more "}\n"
#define KEEPER(more) "    keeper: {flush: 10ms, rounds: 1" more "}\n"
#define ALONE(more) "    copies: 1\n    keeper: {nodes: 0}\n" DISK more
#define PAIR(more) "    copies: 2\n" DISK more
#define CALL(operation) "        - call: {to: dw." operation "}\n"
#define TWICE(operation)                                                                           \
    "        - parallel:\n            - call: {to: dw." operation "}\n"                            \
    "            - call: {to: dw." operation "}\n"

static struct clickhouse_state *state_of(const struct stage *stage)
{
    return clickhouse_state(stage_component(stage, "dw"));
}

static struct node *server(const struct stage *stage, uint32_t replica)
{
    return &stage_component(stage, "dw")->nodes[replica];
}

static struct clickhouse_node *data(const struct stage *stage, uint32_t replica)
{
    return clickhouse_node(server(stage, replica));
}

static double metric(const struct stage *stage, const char *name)
{
    return stage_metric(stage, "dw", name);
}

static uint64_t inserts(const struct stage *stage, enum status status)
{
    return stage_count(stage, "dw", "insert", status);
}

static void assert_latency(const struct stage *stage, const char *operation, double ms)
{
    const struct operation_meter *meter = stage_meter(stage, "dw", operation);
    cr_assert_eq(meter->latency.minimum, (int64_t)(ms * TIME_MS + 0.5));
    cr_assert_eq(meter->latency.maximum, (int64_t)(ms * TIME_MS + 0.5));
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

// ---- inserts ----------------------------------------------------------------------------------

Test(clickhouse, an_insert_costs_its_rows_and_with_fsync_a_flush)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", ALONE(INSERT("")), CALL("insert")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "insert", 10);
    cr_assert_eq(metric(&stage, "rows"), 100);
    stage_end(&stage);
    stage_begin(&stage, SERVED("[a]", ALONE(INSERT(", fsync: true")), CALL("insert")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "insert", 20);
    stage_end(&stage);
}

// Each round: the second Keeper node hears after 5 ms, flushes 10 ms and answers in 5 ms.
Test(clickhouse, registration_waits_for_a_majority_of_keeper)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b, c]", PAIR(INSERT("") KEEPER("")), CALL("insert")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "insert", 10 + 20);
    stage_end(&stage);
    stage_begin(&stage, SERVED("[a, b, c]",
                               PAIR(INSERT("") "    keeper: {flush: 10ms, rounds: 2}\n"),
                               CALL("insert")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "insert", 10 + 2 * 20);
    stage_end(&stage);
}

// After the commit: the other replica is told (5), asks for the part and has it (10), confirms it
// to Keeper's leader (5), which commits that (20); the writer stands beside the leader.
Test(clickhouse, a_quorum_waits_for_the_fetch_and_its_confirmation)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a, b, c]", PAIR(INSERT(", quorum: 2") KEEPER("")), CALL("insert")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "insert", 10 + 20 + 5 + 10 + 5 + 20);
    cr_assert_float_eq(metric(&stage, "replication_lag"), 0.015, 1e-12);
    cr_assert_eq(data(&stage, 1)->rows, 10);
    stage_end(&stage);
}

Test(clickhouse, a_quorum_that_does_not_come_together_leaves_the_outcome_unknown)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b, c]",
                               PAIR(INSERT(", quorum: 2, quorum_timeout: 5s") KEEPER("")),
                               CALL("insert")));
    node_kill(server(&stage, 1), true); // Keeper believes in its session for half a minute
    stage_run(&stage, 1030 * TIME_MS + 5 * TIME_S);
    cr_assert_eq(inserts(&stage, STATUS_INDETERMINATE), 0);
    stage_run(&stage, 1030 * TIME_MS + 5 * TIME_S + 1);
    cr_assert_eq(inserts(&stage, STATUS_INDETERMINATE), 1);
    stage_run(&stage, 60 * TIME_S); // and then refuses at once: too few living replicas
    cr_assert_gt(inserts(&stage, STATUS_UNAVAILABLE), 10);
    cr_assert_eq(inserts(&stage, STATUS_OK), 0);
    stage_end(&stage);
}

Test(clickhouse, a_retry_of_the_same_block_is_stored_once)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a, b, c]", PAIR(INSERT("") KEEPER("")),
                       "        - call: {to: dw.insert, timeout: 12ms, retry: {attempts: 2, "
                       "backoff: 1ms, jitter: none, budget: 100%, on: [timeout]}}\n"));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(metric(&stage, "rows"), 100);
    cr_assert_eq(metric(&stage, "duplicates"), 10);
    stage_end(&stage);
}

Test(clickhouse, parts_delay_inserts_and_then_refuse_them)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]",
                       ALONE("    insert: {rows: 10, row: 0, fixed: 0}\n"
                             "    merges: {most_bytes: 1B}\n"
                             "    parts: {delay_at: 3, throw_at: 5, delay_high: 1s}\n"),
                       CALL("insert")));
    stage_run(&stage, 4500 * TIME_MS);
    cr_assert_eq(metric(&stage, "parts"), 3);
    stage_run(&stage, 4500 * TIME_MS + 1); // half of the way to the refusal: half of the delay
    cr_assert_eq(metric(&stage, "parts"), 4);
    stage_run(&stage, 6 * TIME_S + 1);
    cr_assert_eq(metric(&stage, "parts"), 5);
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(metric(&stage, "delayed") + metric(&stage, "refused_parts"), 7);
    cr_assert_eq(inserts(&stage, STATUS_REJECTED), metric(&stage, "refused_parts"));
    cr_assert_leq(metric(&stage, "parts"), 6);
    stage_end(&stage);
}

Test(clickhouse, five_equal_parts_are_merged_and_no_row_is_lost)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]",
                       ALONE("    insert: {rows: 10, row: 0, fixed: 0}\n"
                             "    merges: {part: 10ms, rate: 1000000GB/s}\n"),
                       CALL("insert")));
    stage_run(&stage, 5050 * TIME_MS);
    cr_assert_eq(metric(&stage, "parts"), 5);
    stage_run(&stage, 5050 * TIME_MS + 1);
    cr_assert_eq(metric(&stage, "parts"), 1);
    cr_assert_eq(metric(&stage, "merges"), 1);
    cr_assert_eq(data(&stage, 0)->partitions[0].parts[0].rows, 50);
    stage_end(&stage);
}

Test(clickhouse, every_replica_does_the_merge_that_one_has_chosen)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b, c]",
                               PAIR(INSERT("") KEEPER("") "    merges: {part: 10ms}\n"),
                               CALL("insert")));
    stage_run(&stage, 5900 * TIME_MS);
    cr_assert_eq(metric(&stage, "merges"), 2);
    cr_assert_eq(data(&stage, 0)->partitions[0].count, 1);
    cr_assert_eq(data(&stage, 1)->partitions[0].count, 1);
    stage_end(&stage);
}

#define ASYNC(more) "    async: {enabled: true" more "}\n"

Test(clickhouse, inserts_gathered_within_the_busy_time_are_one_block)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]", ALONE(INSERT("") ASYNC("")),
                       "        - parallel:\n            - call: {to: dw.insert}\n"
                       "            - [{sleep: 150ms}, {call: {to: dw.insert}}]\n"));
    stage_run(&stage, 1220 * TIME_MS);
    cr_assert_eq(inserts(&stage, STATUS_OK), 0);
    stage_run(&stage, 1220 * TIME_MS + 1); // 200 ms, then twenty rows
    cr_assert_eq(inserts(&stage, STATUS_OK), 2);
    cr_assert_eq(metric(&stage, "parts"), 1);
    cr_assert_eq(metric(&stage, "rows"), 20);
    stage_end(&stage);
}

Test(clickhouse, an_insert_that_did_not_wait_for_its_flush_dies_with_the_process)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", ALONE(INSERT("") ASYNC(", wait: false")), CALL("insert")));
    stage_run(&stage, 3100 * TIME_MS);
    cr_assert_eq(inserts(&stage, STATUS_OK), 3);
    node_kill(server(&stage, 0), false);
    cr_assert_eq(metric(&stage, "lost"), 1);
    stage_end(&stage);
}

// ---- queries ----------------------------------------------------------------------------------

// 200 granules of 1 us a row: 1638.4 ms of work for four threads.
#define SCAN(more) "    query: {rows: 1638400, row: 1us, serial: 0, answer: 0" more "}\n"

Test(clickhouse, a_scan_uses_all_cores_and_concurrent_scans_share_them)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", ALONE(SCAN("")), CALL("query")));
    stage_run(&stage, 10500 * TIME_MS);
    assert_latency(&stage, "query", 409.6);
    stage_end(&stage);
    stage_begin(&stage, SERVED("[a]", ALONE(SCAN("")), TWICE("query")));
    stage_run(&stage, 1900 * TIME_MS);
    assert_latency(&stage, "query", 819.2);
    stage_end(&stage);
    stage_begin(&stage,
                SERVED("[a]", ALONE(SCAN("") "    limits: {threads: 2}\n"), TWICE("query")));
    stage_run(&stage, 1900 * TIME_MS);
    assert_latency(&stage, "query", 819.2);
    stage_end(&stage);
}

Test(clickhouse, what_the_page_cache_lacks_is_read_from_the_disk)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]",
                               "    copies: 1\n    keeper: {nodes: 0}\n"
                               "    disk: {bandwidth: 100MB/s}\n"
                               SCAN(", width: 50B, cached: 0%"),
                               CALL("query")));
    stage_run(&stage, 1900 * TIME_MS); // 81.92 MB
    assert_latency(&stage, "query", 819.2);
    stage_end(&stage);
}

// Both shards scan half; the far one is asked and answers in 5 ms each.
Test(clickhouse, a_distributed_query_ends_with_its_last_shard)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", "    copies: 1\n    shards: 2\n" DISK SCAN(""),
                               CALL("query")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "query", 204.8 + 10);
    stage_end(&stage);
}

Test(clickhouse, one_query_too_many_is_refused_and_so_is_one_without_memory)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]", ALONE(SCAN("") "    limits: {queries: 1}\n"), TWICE("query")));
    stage_run(&stage, 1900 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "dw", "query", STATUS_REJECTED), 1);
    cr_assert_eq(stage_count(&stage, "dw", "query", STATUS_OK), 1);
    stage_end(&stage);
    stage_begin(&stage,
                SERVED("[a]", ALONE(SCAN(", memory: 2GB") "    limits: {memory: 3GB}\n"),
                       TWICE("query")));
    stage_run(&stage, 1900 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "dw", "query", STATUS_ERROR), 1);
    cr_assert_eq(stage_count(&stage, "dw", "query", STATUS_OK), 1);
    stage_end(&stage);
}

Test(clickhouse, a_lookup_reads_one_granule_of_its_own_shard)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]",
                               "    copies: 1\n    shards: 2\n" DISK
                               "    lookup: {rows: 1, row: 1us, serial: 0}\n",
                               CALL("lookup")));
    stage_run(&stage, 1500 * TIME_MS);
    assert_latency(&stage, "lookup", 8.192); // too little for a second thread
    cr_assert_eq(metric(&stage, "scanned_rows"), 8192);
    stage_end(&stage);
}

Test(clickhouse, a_scan_whose_shard_dies_fails_and_the_next_asks_another_replica)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]",
                               "    copies: 2\n    shards: 2\n    detection: {health_check: "
                               "{period: 1s, timeout: 100ms, failures: 1}}\n" DISK SCAN(""),
                               CALL("query")));
    stage_run(&stage, 1100 * TIME_MS);
    const struct clickhouse_task *task = NULL;
    for (uint32_t i = 1; i < state_of(&stage)->tasks.used; i++) {
        const struct clickhouse_task *other = slots_at(&state_of(&stage)->tasks, i);
        task = other->local ? task : other;
    }
    cr_assert_not_null(task);
    node_kill(server(&stage, task->server), false);
    stage_run(&stage, 1900 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "dw", "query", STATUS_ERROR), 1);
    stage_run(&stage, 20500 * TIME_MS);
    cr_assert_geq(stage_count(&stage, "dw", "query", STATUS_OK), 17);
    stage_end(&stage);
}

// ---- Keeper -----------------------------------------------------------------------------------

// The inserts that wait for the lost leader ask again until there is another one.
Test(clickhouse, inserts_stall_while_keeper_elects_and_none_fails)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b, c]", PAIR(INSERT("") KEEPER("")), CALL("insert")));
    stage_run(&stage, 5015 * TIME_MS); // an insert is with Keeper
    node_kill(server(&stage, 2), false);
    stage_run(&stage, 30500 * TIME_MS);
    cr_assert_eq(inserts(&stage, STATUS_OK), 30);
    cr_assert_eq(metric(&stage, "elections"), 1);
    cr_assert_gt(metric(&stage, "unavailable(max)"), 0.5);
    cr_assert_lt(metric(&stage, "unavailable(max)"), 3);
    cr_assert_lt(stage_meter(&stage, "dw", "insert")->latency.maximum, 5 * TIME_S);
    cr_assert_gt(metric(&stage, "keeper_retries"), 0);
    cr_assert_eq(metric(&stage, "rows"), 300);
    stage_end(&stage);
}

// Keeper's last word to the server was the answer to the insert of 5 s.
Test(clickhouse, a_table_is_read_only_a_session_after_keepers_last_word)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", PAIR(INSERT("") KEEPER(", nodes: 1")), CALL("insert")));
    stage_run(&stage, 5500 * TIME_MS);
    const int64_t heard_ns = data(&stage, 0)->heard_ns;
    cr_assert_gt(heard_ns, 4 * TIME_S);
    node_kill(server(&stage, 2), false);
    stage_run(&stage, heard_ns + 30 * TIME_S);
    cr_assert(!data(&stage, 0)->read_only);
    stage_run(&stage, heard_ns + 30 * TIME_S + 1);
    cr_assert(data(&stage, 0)->read_only);
    stage_run(&stage, 40500 * TIME_MS);
    cr_assert_geq(inserts(&stage, STATUS_UNAVAILABLE), 3);
    node_restart(server(&stage, 2));
    stage_run(&stage, heard_ns + 90 * TIME_S); // looks once a minute
    cr_assert(data(&stage, 0)->read_only);
    stage_run(&stage, heard_ns + 90 * TIME_S + 1);
    cr_assert(!data(&stage, 0)->read_only);
    stage_end(&stage);
}

Test(clickhouse, a_restarted_server_waits_until_its_old_session_has_ended)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", PAIR(INSERT("") KEEPER("")), CALL("insert")));
    stage_run(&stage, 5500 * TIME_MS);
    node_kill(server(&stage, 0), false);
    const int64_t seen_ns = data(&stage, 0)->seen_ns;
    node_restart(server(&stage, 0));
    stage_run(&stage, seen_ns + 30 * TIME_S);
    cr_assert(data(&stage, 0)->read_only);
    stage_run(&stage, seen_ns + 30 * TIME_S + 1);
    cr_assert(!data(&stage, 0)->read_only);
    stage_end(&stage);
}

// ---- losses -----------------------------------------------------------------------------------

// From 2.5 s on nothing reaches the other replica: the insert of 3 s is at its writer alone.
static void lose_writer_behind_a_partition(struct stage *stage)
{
    stage_run(stage, 2500 * TIME_MS);
    cut(stage, 0, 1);
    cut(stage, 1, 0);
    stage_run(stage, 3500 * TIME_MS);
    cr_assert_eq(metric(stage, "acknowledged"), 3);
    node_kill(server(stage, 0), true);
    network_remove_effects(stage->world, 0);
}

Test(clickhouse, a_loss_of_power_takes_what_nobody_has_fetched)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", PAIR(INSERT("") KEEPER(", nodes: 1")), CALL("insert")));
    lose_writer_behind_a_partition(&stage);
    cr_assert_eq(metric(&stage, "lost"), 1);
    cr_assert_eq(data(&stage, 0)->rows, 0);
    cr_assert_eq(data(&stage, 1)->rows, 20);
    stage_run(&stage, 3600 * TIME_MS);
    node_restart(server(&stage, 0));
    stage_run(&stage, 3900 * TIME_MS);
    cr_assert_eq(data(&stage, 0)->rows, 20); // fetched again
    stage_end(&stage);
}

Test(clickhouse, with_fsync_it_takes_nothing)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a, b]", PAIR(INSERT(", fsync: true") KEEPER(", nodes: 1")),
                               CALL("insert")));
    lose_writer_behind_a_partition(&stage);
    cr_assert_eq(metric(&stage, "lost"), 0);
    cr_assert_eq(data(&stage, 0)->rows, 30);
    node_restart(server(&stage, 0));
    stage_run(&stage, 12500 * TIME_MS);
    cr_assert_eq(data(&stage, 1)->rows, metric(&stage, "rows"));
    cr_assert_eq(data(&stage, 0)->rows, metric(&stage, "rows"));
    stage_end(&stage);
}

Test(clickhouse, the_operating_system_writes_parts_back_in_time)
{
    struct stage stage;
    stage_begin(&stage, SERVED("[a]", ALONE(INSERT("")), CALL("insert")));
    stage_run(&stage, 40500 * TIME_MS);
    node_kill(server(&stage, 0), true);
    cr_assert_gt(metric(&stage, "lost"), 5);
    cr_assert_lt(metric(&stage, "lost"), 15);
    stage_end(&stage);
}

#define STORM(more)                                                                                \
    "orrery: v1\nname: t\nsimulation: {duration: 5m, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology:\n  regions: {r: [a, b, c]}\n"                                                       \
    "  links: {same_zone: {latency: 100us}, cross_zone: {latency: \"exp(mean=1ms)\"}}\n"           \
    "components:\n"                                                                                \
    "  dw:\n    kind: clickhouse\n    cores: 4\n    shards: 2\n    copies: 3\n"                    \
    "    keeper: {session: 10s, recheck: 10s}\n"                                                  \
    "    query: {rows: 10000000}\n" more                                                          \
    "workloads:\n"                                                                                 \
    "  clients: {mix: {dw.insert: 70%, dw.query: 10%, dw.lookup: 20%}, rate: 20/s, timeout: 5s, "  \
    "retry: {attempts: 3, backoff: 50ms, budget: 50%, on: [timeout, reset, indeterminate]}}\n"     \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"                        \
    "faults:\n"                                                                                    \
    "  - {name: kill, action: kill, select: {component: dw}, mtbf: exp(mean=100s), mttr: "         \
    "exp(mean=5s)}\n"                                                                              \
    "  - {name: power, action: power-off, select: {component: dw}, mtbf: exp(mean=200s), mttr: "   \
    "exp(mean=5s)}\n"                                                                              \
    "  - {name: cut, action: partition, select: {from: dw, to: dw}, at: 100s, duration: 20s}\n"    \
    "  - {name: slow, action: slow, select: {component: dw}, factor: 20, at: 200s, duration: "     \
    "20s}\n"

static void weather(const char *text)
{
    struct stage stage;
    stage_begin(&stage, text);
    stage_run(&stage, 5 * 60 * TIME_S);
    cr_assert_gt(metric(&stage, "acknowledged"), 500);
    cr_assert_gt(metric(&stage, "merges"), 50);
    stage_end(&stage);
}

Test(clickhouse, storms_break_no_invariant)
{
    weather(STORM("    table: {partitions: 3}\n"
                  "    insert: {rows: 100, partitions: 2, quorum: 2}\n"));
    weather(STORM("    insert: {rows: 100, fsync: true, parallel: false, quorum: 3}\n"));
    weather(STORM("    insert: {rows: 100}\n    async: {enabled: true, busy: 20ms}\n"));
    weather(STORM("    insert: {rows: 100}\n    parts: {delay_at: 5, throw_at: 20}\n"));
}

// While the other replica is away its parts are merged; it fetches the merged ones.
Test(clickhouse, a_replica_that_was_away_fetches_parts_that_cover_what_it_lacks)
{
    struct stage stage;
    stage_begin(&stage,
                SERVED("[a]",
                       PAIR(INSERT("") KEEPER(", nodes: 1") "    merges: {part: 1ms}\n"),
                       CALL("insert")));
    node_kill(server(&stage, 1), false);
    stage_run(&stage, 60500 * TIME_MS);
    const uint64_t blocks = (uint64_t)metric(&stage, "acknowledged");
    cr_assert_gt(blocks, 30);
    node_restart(server(&stage, 1));
    stage_run(&stage, 61900 * TIME_MS);
    cr_assert_eq(data(&stage, 1)->rows, data(&stage, 0)->rows);
    cr_assert_lt(state_of(&stage)->fetches, blocks / 2);
    cr_assert_lt(data(&stage, 1)->partitions[0].count, 12);
    stage_end(&stage);
}

// ---- the user's mistakes ----------------------------------------------------------------------

Test(clickhouse, what_cannot_be_is_refused)
{
    cr_assert(stage_refuses(SERVED("[a]", PAIR(INSERT(", quorum: 3")), CALL("insert")), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    copies: 2\n    keeper: {nodes: 0}\n",
                                   CALL("insert")), "E0306"));
    cr_assert(stage_refuses(SERVED("[a]", "    queries: {insert: {}}\n", CALL("insert")),
                            "E0306"));
}
