// test_cassandra_history - what callers of Cassandra see: linearizable or not; storms of faults.
#include <criterion/criterion.h>

#include "models/datastores/cassandra.h"
#include "sim/engine/audit.h"
#include "tests/models/stage.h"

#define CALL(name) "{call: {to: db." name ", key: item, timeout: 9s}}"

static struct cassandra_state *state_of(const struct stage *stage)
{
    return stage_component(stage, "db")->state;
}

// ---- what callers see -------------------------------------------------------------------------

#define WATCHED(setting) WATCHED_FOR("60s", setting)
#define WATCHED_FOR(duration, setting)                                                             \
    "orrery: v1\nname: t\nsimulation: {duration: " duration ", warmup: 0, seed: 5, "               \
    "replications: 1}\n"                                                                           \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 100us}, "                    \
    "cross_zone: {latency: \"lognormal(median=400us, p99=2ms)\"}}}\n"                              \
    "components:\n  db:\n    kind: cassandra\n    consistency: {keys: 50}\n    " setting "\n"      \
    "workloads:\n  clients: {mix: {db.read: 60%, db.write: 30%, db.update_if: 10%}, "              \
    "rate: 300/s, from: a, keys: {item: \"uniform(min=1, max=50)\"}, key: item}\n"                 \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

static bool is_linearizable(const char *scenario)
{
    struct stage stage;
    stage_begin(&stage, scenario);
    stage_run(&stage, stage.scenario.design.duration_ns);
    const struct component *db = stage_component(&stage, "db");
    struct run_record record;
    meter_close(stage.world);
    run_note(stage.world, RUN_DONE, &record);
    const uint32_t violations = db->audit->violations;
    cr_assert_gt(db->audit->operations, 10000);
    cr_assert_eq(db->audit->undecided, 0);
    run_record_release(&record, &stage.scenario.design);
    stage_drop(&stage);
    return violations == 0;
}

// With one replica asked, a minute shows one violation or two, or none: ten minutes show some.
Test(cassandra_history, quorums_are_linearizable_while_clocks_agree)
{
    cr_assert(is_linearizable(WATCHED("condition: exists")));
    cr_assert_not(
        is_linearizable(WATCHED_FOR("600s", "read_level: one\n    condition: exists")));
}

Test(cassandra_history, quorums_are_not_linearizable_when_clocks_differ)
{
    cr_assert_not(is_linearizable(
        WATCHED("clock_skew: uniform(min=0, max=20ms)\n    condition: exists")));
}

#define CUT                                                                                        \
    "faults:\n  - {name: n, action: partition, select: {from: db, to: db}, at: 20s, "              \
    "duration: 1500ms}\n"

// A write that reached one replica only shows to some readers and not to later ones, until a read
// repairs it.
Test(cassandra_history, only_read_repair_makes_quorums_read_forward_after_half_a_write)
{
    const char *none = WATCHED("hints: {enabled: false}\n    read_repair: none") CUT;
    const char *blocking = WATCHED("hints: {enabled: false}\n    read_repair: blocking") CUT;
    cr_assert_not(is_linearizable(none));
    cr_assert(is_linearizable(blocking));
}

Test(cassandra_history, lightweight_transactions_are_linearizable_whatever_the_clocks)
{
    cr_assert(is_linearizable(WATCHED("clock_skew: uniform(min=0, max=20ms)\n"
                                      "    read_level: serial\n    write_level: serial")));
}

// ---- storms -----------------------------------------------------------------------------------

#define STORM(setting)                                                                             \
    "orrery: v1\nname: t\nsimulation: {duration: 60s, warmup: 0, seed: 1, replications: 1}\n"      \
    "topology: {regions: {r: [a, b, c]}, links: {same_zone: {latency: 100us}, "                    \
    "cross_zone: {latency: \"lognormal(median=400us, p99=2ms)\"}}}\n"                              \
    "components:\n"                                                                                \
    "  db:\n    kind: cassandra\n    nodes: 4\n    " setting "\n"                                  \
    "  app:\n    kind: service\n    operations:\n"                                                 \
    "      get: [" CALL("read") ", {reply: 0}]\n      put: [" CALL("write") ", {reply: 0}]\n"      \
    "      cas: [" CALL("update_if") ", {reply: 0}]\n"                                             \
    "      del: [" CALL("delete") ", {reply: 0}]\n      all: [" CALL("scan") ", {reply: 0}]\n"     \
    "workloads:\n  clients: {mix: {app.get: 40%, app.put: 30%, app.cas: 20%, app.del: 8%, "        \
    "app.all: 2%}, rate: 300/s, keys: {item: \"zipf(n=50, s=0.8)\"}}\n"                            \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"                        \
    "faults:\n"                                                                                    \
    "  - {name: k, action: kill, select: {component: db}, mtbf: exp(mean=20s), "                   \
    "mttr: exp(mean=8s)}\n"                                                                        \
    "  - {name: p, action: pause, select: {component: db}, mtbf: exp(mean=20s), "                  \
    "mttr: exp(mean=4s)}\n"                                                                        \
    "  - {name: n, action: partition, select: {from: db, to: db}, mtbf: exp(mean=20s), "           \
    "mttr: exp(mean=3s)}\n"                                                                        \
    "  - {name: z, action: zone-down, select: {zone: b}, mtbf: exp(mean=20s), "                    \
    "mttr: exp(mean=5s)}\n"

static void storm(const char *scenario)
{
    struct stage stage;
    stage_begin(&stage, scenario);
    stage_run(&stage, 60 * TIME_S);
    cr_assert_gt(state_of(&stage)->writes, 100);
    stage_end(&stage);
}

Test(cassandra_history, invariants_hold_in_a_storm)
{
    storm(STORM("commit_log: {sync: batch}"));
    storm(STORM("commit_log: {sync: batch}\n    read_level: serial\n    write_level: serial"));
    storm(STORM("commit_log: {sync: group, group: 5ms}\n    read_level: one\n    "
                "write_level: all"));
    storm(STORM("write_level: one\n    read_level: one\n    read_repair: none"));
    storm(STORM("write_level: local_quorum\n    clock_skew: uniform(min=0, max=50ms)"));
}
