// test_postgres_storm - storms of faults over PostgreSQL in which every invariant holds.
#include <criterion/criterion.h>
#include <stdio.h>

#include "models/datastores/postgres.h"
#include "sim/kernel/time.h"
#include "tests/models/stage.h"

static const char storm[] =
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: %d, replications: 1}\n"
    "topology:\n  regions: {r: [a, b, c]}\n"
    "  links:\n    same_zone: {latency: 100us}\n"
    "    cross_zone: {latency: \"lognormal(median=800us, p99=3ms)\", loss: 0.1%%}\n"
    "components:\n  db:\n    kind: postgres\n    cores: 2\n    statements: 3\n    think: 20ms\n%s"
    "workloads:\n  clients:\n    mix: {db.write: 20%%, db.read: 30%%, db.transaction: 20%%, "
    "db.issue: 10%%, db.verify: 10%%, db.revoke: 10%%}\n"
    "    key: item\n    keys: {item: \"uniform(min=1, max=6)\"}\n    rate: 40/s\n    timeout: 2s\n"
    "faults:\n"
    "  - {name: k, action: kill, select: {component: db}, mtbf: exp(mean=50s), mttr: "
    "exp(mean=4s)}\n"
    "  - {name: p, action: power-off, select: {component: db}, mtbf: exp(mean=70s), mttr: "
    "exp(mean=5s)}\n"
    "  - {name: z, action: pause, select: {component: db}, mtbf: exp(mean=60s), mttr: "
    "exp(mean=6s)}\n"
    "  - {name: ab, action: partition, select: {from: a, to: b}, at: 31s, duration: 9s}\n"
    "  - {name: bc, action: partition, select: {from: b, to: c}, one_way: true, at: 57s, "
    "duration: 12s}\n"
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%%\"]}]\n";

#define TIMERS "ttl: 6s, loop: 2s, retry: 2s"

// Whatever strikes, the invariants hold; `failovers` are had in all seeds together.
static void weather(const char *settings, double failovers)
{
    double had = 0;
    for (int seed = 1; seed <= 12; seed++) {
        char text[4096];
        snprintf(text, sizeof text, storm, seed, settings);
        struct stage stage;
        stage_begin(&stage, text);
        stage_run(&stage, 100 * TIME_S);
        had += stage_metric(&stage, "db", "failovers");
        stage_end(&stage);
    }
    cr_assert_geq(had, failovers);
}

Test(postgres_storm, synchronous_servers_stay_linearizable_and_lose_nothing)
{
    weather("    standby: {count: 2, synchronous: true}\n    failover: {" TIMERS "}\n"
            "    consistency: {keys: 6}\n",
            5);
}

Test(postgres_storm, any_of_two_standbys_and_no_start_timeout)
{
    weather("    standby: {count: 2, synchronous: true, method: any}\n"
            "    failover: {" TIMERS ", start_timeout: 0}\n    consistency: {keys: 6}\n",
            5);
}

Test(postgres_storm, snapshots_and_rows_locked_crosswise)
{
    weather("    standby: {count: 2, synchronous: true, strict: true}\n"
            "    failover: {" TIMERS ", failsafe: true}\n    isolation: repeatable_read\n"
            "    locks: {rows: 3, among: 6}\n    partitions: {span: 3s}\n"
            "    consistency: {keys: 6}\n",
            5);
}

Test(postgres_storm, asynchronous_servers_that_wait_for_nothing)
{
    weather("    standby: {count: 2}\n    synchronous_commit: \"off\"\n    reads: any\n"
            "    failover: {" TIMERS ", watchdog: false}\n",
            5);
}
