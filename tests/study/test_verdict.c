// test_verdict - objectives judged on records made by hand.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "sim/study/verdict.h"
#include "tests/study/fixture.h"

// `runs` equal records of ok requests of 10 ms, and slow ones of 1 s.
static void fill(struct fixture *fixture, uint32_t runs, uint64_t fast, uint64_t slow)
{
    for (uint32_t r = 0; r < runs; r++) {
        fixture_record(fixture);
        fixture_requests(fixture, STATUS_OK, 10 * TIME_MS, fast);
        fixture_requests(fixture, STATUS_OK, TIME_S, slow);
    }
}

static enum verdict percentile(uint64_t fast, uint64_t slow, uint32_t runs)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_PERCENTILE, SLO_LESS, 100e6);
    fill(&fixture, runs, fast, slow);
    const enum verdict verdict = fixture_result(&fixture)->slos[0].verdict;
    fixture_release(&fixture);
    return verdict;
}

Test(verdict, a_percentile_holds_when_enough_requests_lie_below_its_limit)
{
    cr_assert_eq(percentile(99900, 100, 10), VERDICT_PASS);
    cr_assert_eq(percentile(90000, 10000, 10), VERDICT_FAIL);
}

Test(verdict, a_percentile_on_the_edge_is_undecided)
{
    cr_assert_eq(percentile(990, 10, 10), VERDICT_UNDECIDED);
}

Test(verdict, without_a_request_there_is_no_data_and_no_pass)
{
    cr_assert_eq(percentile(0, 0, 10), VERDICT_NO_DATA);
}

Test(verdict, one_replication_alone_is_undecided)
{
    cr_assert_eq(percentile(100000, 0, 1), VERDICT_UNDECIDED);
}

Test(verdict, requests_still_under_way_and_too_old_count_as_misses)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_PERCENTILE, SLO_LESS, 100e6);
    fill(&fixture, 10, 10000, 0);
    for (uint32_t r = 0; r < 10; r++) {
        fixture.records[r].meter.slos[0].late = 5000;
    }
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->slos[0].verdict, VERDICT_FAIL);
    cr_assert_eq(result->slos[0].total, 150000);
    fixture_release(&fixture);
}

Test(verdict, a_warning_never_fails_the_whole)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_PERCENTILE, SLO_LESS, 100e6)->warn_only = true;
    fixture_slo(&fixture, SLO_SUCCESS, SLO_GREATER_EQUAL, 0.99);
    fill(&fixture, 10, 0, 10000);
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->slos[0].verdict, VERDICT_FAIL);
    cr_assert_eq(result->slos[1].verdict, VERDICT_PASS);
    cr_assert_eq(result->verdict, VERDICT_PASS);
    cr_assert_eq(verdict_exit_status(result, false, false), 0);
    fixture_release(&fixture);
}

Test(verdict, fail_goes_before_no_data_before_undecided_before_pass)
{
    cr_assert_eq(verdict_worse(VERDICT_NO_DATA, VERDICT_FAIL), VERDICT_FAIL);
    cr_assert_eq(verdict_worse(VERDICT_NO_DATA, VERDICT_UNDECIDED), VERDICT_NO_DATA);
    cr_assert_eq(verdict_worse(VERDICT_PASS, VERDICT_UNDECIDED), VERDICT_UNDECIDED);
}

Test(verdict, maps_to_exit_statuses)
{
    struct result result = {.verdict = VERDICT_UNDECIDED};
    cr_assert_eq(verdict_exit_status(&result, false, false), 4);
    cr_assert_eq(verdict_exit_status(&result, true, false), 0);
    result.verdict = VERDICT_NO_DATA;
    cr_assert_eq(verdict_exit_status(&result, true, false), 1);
    cr_assert_eq(verdict_exit_status(&result, false, true), 0);
    result.interrupted_by_limit = true;
    cr_assert_eq(verdict_exit_status(&result, false, true), 3);
}

Test(verdict, carried_is_good_answers_over_offered_requests)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_CARRIED, SLO_GREATER_EQUAL, 0.5);
    for (uint32_t r = 0; r < 5; r++) {
        fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, TIME_MS, 9000);
        fixture_requests(&fixture, STATUS_REJECTED, 0, 1000);
    }
    const struct result *result = fixture_result(&fixture);
    cr_assert_float_eq(result->slos[0].observed.value, 0.9, 1e-12);
    cr_assert_eq(result->slos[0].verdict, VERDICT_PASS);
    fixture_release(&fixture);
}

// The verdict on `max < 50ms` of three replications of which one is `bad` and one empty.
static enum verdict seen(enum slo_judging judging, bool bad, bool empty)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_MAXIMUM, SLO_LESS, 0.05 * 1e9)->judging = judging;
    for (uint32_t r = 0; r < 3; r++) {
        fixture_record(&fixture);
        if (r < 2 || !empty) {
            fixture_requests(&fixture, STATUS_OK, r == 1 && bad ? 60 * TIME_MS : TIME_MS, 1000);
        }
    }
    const enum verdict verdict = fixture_result(&fixture)->slos[0].verdict;
    fixture_release(&fixture);
    return verdict;
}

Test(verdict, what_is_seen_is_judged_without_an_interval)
{
    cr_expect_eq(seen(SLO_SEEN, false, false), VERDICT_PASS);
    cr_expect_eq(seen(SLO_SEEN, true, false), VERDICT_FAIL);
    cr_expect_eq(seen(SLO_SEEN, false, true), VERDICT_PASS);
    cr_expect_eq(seen(SLO_PROVED, false, false), VERDICT_PASS);
    cr_expect_eq(seen(SLO_PROVED, true, true), VERDICT_FAIL);
    cr_expect_eq(seen(SLO_PROVED, false, true), VERDICT_UNDECIDED);
}

// A thousand requests a part, of which sixteen more or fewer are under way at its end.
static struct estimate carried_in_parts(bool batches, uint64_t growth)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.batches = batches;
    fixture_slo(&fixture, SLO_CARRIED, SLO_GREATER_EQUAL, 0.5);
    for (uint32_t r = 0; r < 20; r++) {
        fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, TIME_MS, (r % 2 == 0 ? 984 : 1016) - growth);
        fixture.records[r].meter.workloads[0].offered = 1000;
    }
    const struct estimate observed = fixture_result(&fixture)->slos[0].observed;
    fixture_release(&fixture);
    return observed;
}

Test(verdict, what_is_under_way_between_parts_of_a_replication_is_not_lost)
{
    const struct estimate apart = carried_in_parts(false, 0);
    const struct estimate parts = carried_in_parts(true, 0);
    const struct estimate grows = carried_in_parts(true, 20);
    cr_expect_float_eq(parts.value, 1.0, 1e-12);
    cr_expect_gt(apart.high - apart.low, 0.0);
    cr_expect_lt(parts.value - parts.low, 0.3 * (apart.value - apart.low));
    cr_expect_float_eq(grows.value, 0.98, 1e-12);
    cr_expect_lt(grows.high, 0.99, "a queue that grows is load that is not carried");
}

Test(verdict, utilization_is_judged_by_its_interval)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct slo_design *slo = fixture_slo(&fixture, SLO_UTILIZATION, SLO_LESS, 0.4);
    slo->target = SLO_COMPONENT;
    fill(&fixture, 5, 10, 0);
    fixture.records[0].components[0].busy_s = 45.5;
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->slos[0].verdict, VERDICT_FAIL);
    cr_assert(result->slos[0].margin < 0.0);
    cr_assert_not_null(strstr(result->slos[0].why, "fails"));
    fixture_release(&fixture);
}

Test(verdict, an_availability_never_missed_names_the_run_that_would_decide_it)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_AVAILABILITY, SLO_GREATER_EQUAL, 0.9999);
    fill(&fixture, 10, 100, 0);
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->slos[0].verdict, VERDICT_UNDECIDED);
    cr_assert(result->slos[0].observed.low < 0.9999);
    cr_assert_float_eq(result->slos[0].decided_by_s, 1000.0 * 36.89, 1.0);
    fixture_release(&fixture);
}

// 10 requests/s; every run loses 50 to the fault, which is expected twice in 30 days.
Test(verdict, a_fault_is_charged_to_the_budget_of_the_window)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_fault(&fixture, 2.0);
    struct slo_design *slo = fixture_slo(&fixture, SLO_AVAILABILITY, SLO_GREATER_EQUAL, 0.99);
    slo->window_ns = 30 * 86400 * TIME_S;
    for (uint32_t r = 0; r < 10; r++) {
        struct run_record *record = fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, TIME_MS, 850);
        fixture_requests(&fixture, STATUS_RESET, TIME_MS, 50);
        record->meter.slos[0].bad_uncharged = 0;
        record->meter.faults[0] =
            (struct fault_meter){.occurrences = 1,
                                 .bad_requests = record->meter.faults[0].bad_requests,
                                 .first_ns = 40 * TIME_S,
                                 .last_end_ns = 50 * TIME_S};
        record->meter.faults[0].bad_requests[0] = 50;
    }
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->budget_count, 1);
    const struct result_budget *budget = &result->budgets[result->slos[0].budget];
    cr_assert_float_eq(budget->allowed_s, 25920.0, 1e-6);
    cr_assert_float_eq(budget->by_fault_s[0], 10.0, 1e-9); // 2 x 50 requests at 10/s
    cr_assert_float_eq(budget->spent_s, 10.0, 1e-9);
    cr_assert_float_eq(result->slos[0].observed.value, 1.0 - 10.0 / 2592000.0, 1e-12);
    cr_assert_eq(result->slos[0].verdict, VERDICT_PASS);
    cr_assert_eq(result->faults[0].bad_requests[0], 500);
    fixture_release(&fixture);
}

Test(verdict, with_slices_the_worst_one_decides)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_slo(&fixture, SLO_PERCENTILE, SLO_LESS, 100e6)->slice_ns = 30 * TIME_S;
    fill(&fixture, 10, 30000, 0);
    for (uint32_t r = 0; r < 10; r++) {
        struct slice_meter *slices = &fixture.records[r].meter.slos[0];
        for (uint32_t i = 0; i < 3; i++) {
            slices->total[i] = 10000;
            slices->good[i] = i == 1 ? 9000 : 10000;
        }
    }
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->slos[0].verdict, VERDICT_FAIL);
    cr_assert_eq(result->slos[0].worst_slice, 1);
    cr_assert_eq(result->slos[0].slice_state[0], RESULT_SLICE_GOOD);
    cr_assert_eq(result->slos[0].slice_state[1], RESULT_SLICE_BAD);
    fixture_release(&fixture);
}

Test(verdict, a_violated_invariant_fails_the_run)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fill(&fixture, 3, 10, 0);
    fixture.records[1].invariant_count = 1;
    struct invariant_count money = {
        .name = "money", .checked = 4, .violated = 1, .first = "lost 1"};
    fixture.records[1].invariants = &money;
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->verdict, VERDICT_FAIL);
    cr_assert_not_null(strstr(result->reasons[0], "lost 1"));
    cr_assert_eq(result->invariants[0].replication, 1);
    fixture_release(&fixture);
}

Test(verdict, compares_with_a_run_without_faults)
{
    struct fixture with, without;
    fixture_init(&with);
    fixture_init(&without);
    fixture_slo(&with, SLO_SUCCESS, SLO_GREATER_EQUAL, 0.99);
    fixture_slo(&without, SLO_SUCCESS, SLO_GREATER_EQUAL, 0.99);
    fill(&with, 10, 1000, 0);
    fill(&without, 10, 1000, 0);
    fixture_result(&with);
    verdict_compare(&with.result, fixture_result(&without));
    cr_assert(with.result.slos[0].compared);
    cr_assert_eq(with.result.slos[0].without_verdict, without.result.slos[0].verdict);
    fixture_release(&with);
    fixture_release(&without);
}

// Ten strikes of 50 lost requests in 10 runs of 90 s: once in 90 s, whatever `expected` says.
Test(verdict, a_stochastic_fault_is_charged_as_often_as_it_struck)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_fault(&fixture, 1.0);
    fixture.fault.stochastic = true;
    struct slo_design *slo = fixture_slo(&fixture, SLO_AVAILABILITY, SLO_GREATER_EQUAL, 0.99);
    slo->window_ns = 9000 * TIME_S;
    for (uint32_t r = 0; r < 10; r++) {
        struct run_record *record = fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, TIME_MS, 850);
        fixture_requests(&fixture, STATUS_RESET, TIME_MS, 50);
        record->meter.slos[0].bad_uncharged = 0;
        record->meter.faults[0].occurrences = 1;
        record->meter.faults[0].bad_requests[0] = 50;
    }
    const struct result *result = fixture_result(&fixture);
    const struct result_budget *budget = &result->budgets[result->slos[0].budget];
    cr_assert_float_eq(budget->by_fault_s[0], 100.0 * 5.0, 1e-9); // 100 strikes of 50 at 10/s
    cr_assert_float_eq(result->slos[0].observed.value, 1.0 - 50.0 / 900.0, 1e-12);
    cr_assert_eq(result->slos[0].verdict, VERDICT_FAIL);
    fixture_release(&fixture);
}

// Of a consumer that falls behind, what it has not fetched was not carried.
Test(verdict, a_consumer_that_falls_behind_does_not_carry_what_is_published)
{
    for (int behind = 0; behind < 2; behind++) {
        struct fixture fixture;
        fixture_init(&fixture);
        struct slo_design *slo = fixture_slo(&fixture, SLO_CARRIED, SLO_GREATER_EQUAL, 0.995);
        slo->target = SLO_OPERATION;
        fill(&fixture, 10, 9000, 0);
        for (uint32_t r = 0; r < 10; r++) {
            fixture.records[r].meter.operations[0].published = behind ? 10000 : 8990;
        }
        const struct result_slo *judged = &fixture_result(&fixture)->slos[0];
        cr_assert_eq(judged->verdict, behind ? VERDICT_FAIL : VERDICT_PASS);
        cr_assert_float_eq(judged->observed.value, behind ? 0.9 : 1.0, 1e-9);
        fixture_release(&fixture);
    }
}
