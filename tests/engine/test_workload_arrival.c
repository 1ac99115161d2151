// test_workload_arrival - arrival laws: exact times, rates in time, means and dispersion.
#include <criterion/criterion.h>

#include "sim/engine/workload_arrival.h"
#include "sim/kernel/time.h"

struct fixture {
    struct workload_design design;
    struct random_stream stream, states;
    struct workload_arrival arrival;
};

static struct fixture *begin(struct fixture *fixture)
{
    random_stream_init(&fixture->stream, 1, 2);
    random_stream_init(&fixture->states, 1, 3);
    workload_arrival_init(&fixture->arrival, &fixture->design, &fixture->stream, &fixture->states);
    return fixture;
}

static int64_t next(struct fixture *fixture)
{
    return workload_arrival_next(&fixture->arrival);
}

static uint64_t count_until(struct fixture *fixture, int64_t until)
{
    uint64_t count = 0;
    int64_t last = 0;
    for (int64_t time = next(fixture); time < until; time = next(fixture)) {
        cr_assert(time >= last);
        last = time;
        count++;
    }
    return count;
}

Test(workload_arrival, constant_arrivals_come_at_multiples_of_the_gap)
{
    struct fixture fixture = {.design = {.rate = 1, .arrivals.kind = ARRIVAL_CONSTANT}};
    begin(&fixture);
    for (int64_t i = 1; i <= 1000; i++) {
        cr_assert_eq(next(&fixture), i * TIME_S);
    }
}

Test(workload_arrival, a_third_of_a_second_does_not_drift)
{
    struct fixture fixture = {.design = {.rate = 3, .arrivals.kind = ARRIVAL_CONSTANT}};
    begin(&fixture);
    int64_t time = 0;
    for (int i = 0; i < 3000000; i++) {
        time = next(&fixture);
    }
    cr_assert_eq(time, 1000000 * TIME_S);
}

Test(workload_arrival, stages_step_and_the_last_rate_stays)
{
    const struct stage_design stages[] = {{2 * TIME_S, 1, false}, {TIME_S, 2, false}};
    struct fixture fixture = {
        .design = {.arrivals.kind = ARRIVAL_CONSTANT, .stage_count = 2, .stages = stages}};
    begin(&fixture);
    const int64_t expected[] = {1000, 2000, 2500, 3000, 3500, 4000};
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(next(&fixture), expected[i] * TIME_MS);
    }
}

Test(workload_arrival, a_gap_reaches_over_a_silent_stage)
{
    const struct stage_design stages[] = {
        {1500 * TIME_MS, 1, false}, {10 * TIME_S, 0, false}, {TIME_S, 2, false}};
    struct fixture fixture = {
        .design = {.arrivals.kind = ARRIVAL_CONSTANT, .stage_count = 3, .stages = stages}};
    begin(&fixture);
    cr_assert_eq(next(&fixture), TIME_S);
    cr_assert_eq(next(&fixture), 11750 * TIME_MS); // half a gap is left, at twice the rate
}

Test(workload_arrival, a_ramp_is_inverted_exactly)
{
    // From 0 to 2/s in 4 s: t^2/4 arrivals after t.
    const struct stage_design stages[] = {{4 * TIME_S, 2, true}};
    struct fixture fixture = {
        .design = {.arrivals.kind = ARRIVAL_CONSTANT, .stage_count = 1, .stages = stages}};
    begin(&fixture);
    cr_assert_eq(next(&fixture), 2 * TIME_S);
    cr_assert_eq(next(&fixture), 2828427125);
    cr_assert_eq(next(&fixture), 3464101615);
    cr_assert_eq(next(&fixture), 4 * TIME_S);
    cr_assert_eq(next(&fixture), 4500 * TIME_MS);
}

Test(workload_arrival, a_ramp_down_to_nothing_ends)
{
    const struct stage_design stages[] = {{4 * TIME_S, 0, true}};
    struct fixture fixture = {.design = {.rate = 2,
                                         .arrivals.kind = ARRIVAL_CONSTANT,
                                         .stage_count = 1,
                                         .stages = stages}};
    begin(&fixture);
    cr_assert_eq(next(&fixture), 535898385); // 4 - sqrt(16 - 4)
    next(&fixture);
    next(&fixture);
    const int64_t last = next(&fixture);
    cr_assert(last == 4 * TIME_S || last == TIME_NEVER);
    cr_assert_eq(next(&fixture), TIME_NEVER);
}

Test(workload_arrival, a_profile_comes_round_again)
{
    const double factors[] = {1, 0, 0.5};
    struct fixture fixture = {
        .design = {.arrivals.kind = ARRIVAL_CONSTANT, .profile = {3, factors, 3 * TIME_S, 2}}};
    begin(&fixture);
    const int64_t expected[] = {500, 1000, 3000, 3500, 4000, 6000};
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(next(&fixture), expected[i] * TIME_MS);
    }
}

Test(workload_arrival, without_a_rate_nothing_ever_comes)
{
    const double factors[] = {0, 0};
    struct fixture none = {.design = {.arrivals.kind = ARRIVAL_POISSON}};
    struct fixture flat = {.design = {.profile = {2, factors, TIME_S, 1}}};
    const double rates[] = {2, 0}, changes[] = {0, 1, 1, 0};
    struct fixture mmpp = {.design = {.arrivals = {.kind = ARRIVAL_MMPP,
                                                   .state_count = 2,
                                                   .state_rates = rates,
                                                   .state_changes = changes}}};
    cr_assert_eq(next(begin(&none)), TIME_NEVER);
    cr_assert_eq(next(begin(&flat)), TIME_NEVER);
    cr_assert_eq(next(begin(&mmpp)), TIME_NEVER);
}

Test(workload_arrival, a_trace_gives_its_own_times)
{
    const int64_t times[] = {5, 5, 7};
    struct fixture fixture = {
        .design = {.arrivals = {.kind = ARRIVAL_TRACE, .trace_count = 3, .trace_times = times}}};
    begin(&fixture);
    cr_assert_eq(next(&fixture), 5);
    cr_assert_eq(next(&fixture), 5);
    cr_assert_eq(next(&fixture), 7);
    cr_assert_eq(next(&fixture), TIME_NEVER);
}

Test(workload_arrival, poisson_arrivals_have_the_declared_rate_and_dispersion)
{
    struct fixture fixture = {.design = {.rate = 1000, .arrivals.kind = ARRIVAL_POISSON}};
    begin(&fixture);
    double sum = 0, squares = 0;
    uint64_t seen = 0;
    for (int i = 1; i <= 1000; i++) {
        uint64_t count = 0;
        while (fixture.arrival.position < 100.0 * i) {
            next(&fixture);
            seen++;
            count++;
        }
        sum += (double)count;
        squares += (double)count * (double)count;
    }
    const double mean = sum / 1000, variance = squares / 1000 - mean * mean;
    cr_assert_float_eq(mean, 100, 1.5);
    cr_assert_float_eq(variance / mean, 1, 0.2);
    cr_assert_eq(seen, (uint64_t)sum);
}

Test(workload_arrival, a_poisson_profile_follows_its_factors)
{
    const double factors[] = {1, 3};
    struct fixture fixture = {
        .design = {.arrivals.kind = ARRIVAL_POISSON, .profile = {2, factors, 2 * TIME_S, 50000}}};
    begin(&fixture);
    const uint64_t first = count_until(&fixture, TIME_S);
    const uint64_t second = count_until(&fixture, 2 * TIME_S);
    cr_assert_float_eq((double)first, 50000, 1000);
    cr_assert_float_eq((double)second, 150000, 2000);
}

Test(workload_arrival, renewal_laws_are_scaled_to_the_rate)
{
    struct fixture fixture = {.design = {.rate = 10, .arrivals.kind = ARRIVAL_RENEWAL}};
    fixture.design.arrivals.law = distribution_constant(7);
    begin(&fixture);
    cr_assert_eq(next(&fixture), 100 * TIME_MS);
    cr_assert_eq(next(&fixture), 200 * TIME_MS);
    struct fixture own = {.design = {.arrivals.kind = ARRIVAL_RENEWAL}};
    own.design.arrivals.law = distribution_constant(7e6);
    begin(&own);
    cr_assert_eq(next(&own), 7 * TIME_MS);
    cr_assert_eq(next(&own), 14 * TIME_MS);
}

Test(workload_arrival, erlang_gaps_vary_less)
{
    struct fixture fixture = {
        .design = {.rate = 1, .arrivals = {.kind = ARRIVAL_ERLANG, .shape = 4}}};
    begin(&fixture);
    double sum = 0, squares = 0;
    int64_t last = 0;
    for (int i = 0; i < 20000; i++) {
        const int64_t time = next(&fixture);
        const double gap = (double)(time - last) / 1e9;
        sum += gap;
        squares += gap * gap;
        last = time;
    }
    const double mean = sum / 20000, variance = squares / 20000 - mean * mean;
    cr_assert_float_eq(mean, 1, 0.02);
    cr_assert_float_eq(variance, 0.25, 0.02);
}

Test(workload_arrival, batches_are_fewer_by_their_mean_size)
{
    struct fixture fixture = {.design = {.rate = 3000, .arrivals.kind = ARRIVAL_BATCH}};
    fixture.design.arrivals.law = distribution_constant(3);
    begin(&fixture);
    cr_assert_float_eq((double)count_until(&fixture, 100 * TIME_S), 100000, 1500);
}

Test(workload_arrival, mmpp_keeps_the_mean_and_disperses_as_the_formula_says)
{
    // Rates 0.2 and 1.6, changes 0.05 and 0.1: mean 2/3, index of dispersion 9.711.
    const double rates[] = {0.3, 2.4}, changes[] = {0, 0.05, 0.1, 0};
    struct fixture fixture = {.design = {.rate = 2.0 / 3,
                                         .arrivals = {.kind = ARRIVAL_MMPP,
                                                      .state_count = 2,
                                                      .state_rates = rates,
                                                      .state_changes = changes}}};
    begin(&fixture);
    double sum = 0, squares = 0;
    int64_t time = next(&fixture);
    for (int64_t window = 1; window <= 4000; window++) {
        double count = 0;
        for (; time < window * 1000 * TIME_S; time = next(&fixture)) {
            count++;
        }
        sum += count;
        squares += count * count;
    }
    const double mean = sum / 4000, variance = squares / 4000 - mean * mean;
    cr_assert_float_eq(mean / 1000, 2.0 / 3, 0.01);
    cr_assert_float_eq(variance / mean, 9.711, 0.9);
}

Test(workload_arrival, another_rate_keeps_the_random_numbers_in_step)
{
    struct fixture slow = {.design = {.rate = 1, .arrivals.kind = ARRIVAL_POISSON}};
    struct fixture fast = {.design = {.rate = 4, .arrivals.kind = ARRIVAL_POISSON}};
    begin(&slow);
    begin(&fast);
    for (int i = 0; i < 100; i++) {
        cr_assert_float_eq((double)next(&slow), 4 * (double)next(&fast), 3);
    }
}
