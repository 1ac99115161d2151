// test_exemplar - slow requests that are followed: exact times, which are kept, the way to a file.
#include <criterion/criterion.h>
#include <string.h>

#include "models/catalog.h"
#include "sim/scenario/scenario.h"
#include "sim/study/unit.h"

// Request k begins at (k + 1) x 100 ms, every 64th is followed: 63, 127 and 191 after the warm-up.
static const char shop[] =
    "orrery: v1\n"
    "name: shop\n"
    "simulation: {duration: 20s, warmup: 1s, replications: 2}\n"
    "components:\n"
    "  web:\n"
    "    kind: service\n"
    "    cores: 4\n"
    "    operations:\n"
    "      read: [{cpu: 1ms}, {call: {to: db.read, timeout: 50ms, retry: {attempts: 2, backoff: "
    "15ms, jitter: none}}}]\n"
    "  db: {kind: service, cores: 4, operations: {read: [{cpu: 2ms}]}}\n"
    "workloads:\n"
    "  clients: {target: web.read, arrivals: constant, rate: 10/s}\n"
    "slos:\n"
    "  - {name: latency, target: clients, objectives: [\"p(99) < 20ms\"]}\n"
    "faults:\n"
    "  - {name: slow, action: slow, select: {component: db}, factor: 2, at: 12500ms, duration: "
    "1s}\n"
    "  - {name: stuck, action: slow, select: {component: db}, factor: 30, at: 19s, duration: "
    "263ms}\n";

static void load(struct scenario *scenario, struct diagnostic_list *diagnostics)
{
    const struct scenario_options options = {0};
    diagnostic_init(diagnostics);
    const bool good = scenario_load_bytes(
        scenario, (struct document_bytes){"shop.yaml", shop, sizeof shop - 1}, &options,
        &catalog_all, diagnostics);
    cr_assert(good, "%s", diagnostics->count == 0 ? "" : diagnostics->entries[0]->message);
}

static void expect(const struct exemplar_span *span, const struct exemplar_span *wanted)
{
    cr_expect_eq(span->began_ns, wanted->began_ns * 1000000);
    cr_expect_eq(span->ended_ns, wanted->ended_ns * 1000000);
    cr_expect_eq(span->exemplar, wanted->exemplar);
    cr_expect_eq(span->component, wanted->component);
    cr_expect_eq(span->replica, wanted->replica);
    cr_expect_eq(span->attempt, wanted->attempt);
    cr_expect_eq(span->tries, wanted->tries);
    cr_expect_eq(span->status, wanted->status);
}

// In ms: what each visit and call of the two slowest did, the slowest first.
Test(exemplar, the_slowest_are_kept_with_what_they_did_when)
{
    static const struct exemplar_span wanted[] = {
        // The first try takes 60 ms and is given up after 50, the second begins 15 ms later.
        {19200, 19268, 0, -1, 0, 191, 0, 0, STATUS_OK},
        {19200, 19268, 0, 0, 0, 0, 1, 0, STATUS_OK},
        {19201, 19268, 0, 1, 0, 0, 0, 2, STATUS_OK},
        {19201, 19261, 0, 1, 0, 0, 1, 0, STATUS_OK},
        {19266, 19268, 0, 1, 0, 0, 2, 0, STATUS_OK},
        {12800, 12805, 1, -1, 0, 127, 0, 0, STATUS_OK},
        {12800, 12805, 1, 0, 0, 0, 1, 0, STATUS_OK},
        {12801, 12805, 1, 1, 0, 0, 0, 1, STATUS_OK},
        {12801, 12805, 1, 1, 0, 0, 1, 0, STATUS_OK},
    };
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    struct run_record record;
    load(&scenario, &diagnostics);
    run_replication(&scenario.design, 0, NULL, &record);
    cr_assert_eq(record.exemplar_count, sizeof wanted / sizeof wanted[0]);
    for (uint32_t i = 0; i < record.exemplar_count; i++) {
        expect(&record.exemplars[i], &wanted[i]);
    }
    run_record_release(&record, &scenario.design);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
}

Test(exemplar, only_the_first_replication_follows_requests)
{
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    struct run_record record;
    load(&scenario, &diagnostics);
    run_replication(&scenario.design, 1, NULL, &record);
    cr_expect_eq(record.exemplar_count, 0);
    run_record_release(&record, &scenario.design);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
}

Test(exemplar, stands_in_the_bytes_of_a_unit)
{
    struct scenario scenario;
    struct diagnostic_list diagnostics;
    struct run_record record, copy;
    struct unit_bytes bytes = {0};
    load(&scenario, &diagnostics);
    run_replication(&scenario.design, 0, NULL, &record);
    unit_write(&bytes, &scenario.design, &record, 1);
    cr_assert(unit_read(bytes.bytes, bytes.length, &scenario.design, &copy));
    cr_assert_eq(copy.exemplar_count, record.exemplar_count);
    cr_expect_gt(copy.exemplar_count, 0);
    for (uint32_t i = 0; i < copy.exemplar_count; i++) {
        const struct exemplar_span *span = &copy.exemplars[i], *before = &record.exemplars[i];
        cr_expect_eq(span->began_ns, before->began_ns);
        cr_expect_eq(span->ended_ns, before->ended_ns);
        cr_expect_eq(span->tries, before->tries);
        cr_expect_eq(span->component, before->component);
    }
    run_record_release(&copy, &scenario.design);
    run_record_release(&record, &scenario.design);
    unit_bytes_release(&bytes);
    scenario_release(&scenario);
    diagnostic_release(&diagnostics);
}
