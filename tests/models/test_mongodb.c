// test_mongodb - write concerns, elections, rollback, retries of MongoDB, at exact times.
#include <criterion/criterion.h>
#include <math.h>

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
