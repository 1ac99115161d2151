// test_result - records merged into figures, estimates, series.
#include <criterion/criterion.h>
#include <math.h>

#include "tests/study/fixture.h"

Test(result, adds_counts_and_estimates_rates_over_replications)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (uint32_t r = 0; r < 4; r++) {
        fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, 20 * TIME_MS, 900 + r);
    }
    const struct result *result = fixture_result(&fixture);
    cr_assert_eq(result->workloads[0].statuses[STATUS_OK], 3606);
    cr_assert_eq(result->replication_count, 4);
    cr_assert_eq(result->events, 4000);
    const struct estimate *offered =
        result_flow(result, result->workloads[0].figures, RESULT_OFFERED);
    cr_assert_float_eq(offered->value, 3606.0 / 4.0 / 90.0, 1e-12);
    cr_assert(offered->has_interval);
    cr_assert_eq(offered->df, 3);
    fixture_release(&fixture);
}

Test(result, names_its_figures_after_their_owners)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_record(&fixture);
    fixture_requests(&fixture, STATUS_OK, 20 * TIME_MS, 10);
    const struct result *result = fixture_result(&fixture);
    const uint32_t p99 = result_figure_named(result, "users.p99");
    cr_assert_eq(p99, result->workloads[0].figures + RESULT_P99);
    cr_assert_neq(result_figure_named(result, "shop.utilization"), RESULT_NONE);
    cr_assert_neq(result_figure_named(result, "shop.buy.throughput"), RESULT_NONE);
    cr_assert_neq(result_figure_named(result, "shop.wait.p99.99"), RESULT_NONE);
    cr_assert_eq(result_figure_named(result, "shop.nothing"), RESULT_NONE);
    fixture_release(&fixture);
}

Test(result, quantiles_never_pass_the_maximum)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (uint32_t r = 0; r < 3; r++) {
        fixture_record(&fixture);
        fixture_requests(&fixture, STATUS_OK, 1234567, 100);
        fixture_requests(&fixture, STATUS_OK, 7654321, 1);
    }
    const struct result *result = fixture_result(&fixture);
    const uint32_t block = result->workloads[0].figures;
    const double max = result_flow(result, block, RESULT_MAX)->value;
    cr_assert_float_eq(max, 0.007654321, 1e-15);
    for (uint32_t f = RESULT_P50; f < RESULT_MAX; f++) {
        cr_assert_leq(result_flow(result, block, f)->value, max);
    }
    fixture_release(&fixture);
}

Test(result, is_unknown_where_there_was_no_sample)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_record(&fixture);
    fixture_record(&fixture);
    const struct result *result = fixture_result(&fixture);
    const uint32_t block = result->workloads[0].figures;
    cr_assert_not(result_flow(result, block, RESULT_P99)->known);
    cr_assert_not(result_flow(result, block, RESULT_SUCCESS)->known);
    cr_assert_not(result_flow(result, block, RESULT_MAX)->known);
    fixture_release(&fixture);
}

Test(result, series_add_counts_average_levels_and_keep_maxima)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (uint32_t r = 0; r < 2; r++) {
        struct series *series = &fixture_record(&fixture)->meter.series;
        series->workload_counts[3 * SERIES_FLOWS + SERIES_OK] = 5 + r;
        series->component_levels[3 * SERIES_LEVELS + SERIES_QUEUE] = (float)r;
        series->component_levels[3 * SERIES_LEVELS + SERIES_QUEUE_MAX] = (float)(10 * r);
        series->workload_latency[3 * SERIES_LATENCIES] = r == 0 ? NAN : 0.5f;
        series->workload_latency[4 * SERIES_LATENCIES] = NAN;
    }
    const struct result_series *series = &fixture_result(&fixture)->series;
    cr_assert_eq(series->workload_counts[3 * SERIES_FLOWS + SERIES_OK], 11);
    cr_assert_float_eq(series->component_levels[3 * SERIES_LEVELS + SERIES_QUEUE], 0.5, 1e-6);
    cr_assert_float_eq(series->component_levels[3 * SERIES_LEVELS + SERIES_QUEUE_MAX], 10, 1e-6);
    cr_assert_float_eq(series->workload_latency[3 * SERIES_LATENCIES], 0.5, 1e-6);
    cr_assert(isnan(series->workload_latency[4 * SERIES_LATENCIES]));
    fixture_release(&fixture);
}
