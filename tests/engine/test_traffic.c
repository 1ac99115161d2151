// test_traffic - swarms of small worlds under faults: nothing is lost or counted twice.
#include <criterion/criterion.h>

#include "sim/engine/run.h"
#include "tests/engine/tiny.h"

enum { SEEDS = 60 };

static uint32_t below(struct random_stream *dice, uint32_t bound)
{
    return (uint32_t)random_below(dice, bound);
}

static void roll_component(struct tiny *tiny, struct random_stream *dice)
{
    struct component_design *design = tiny_add_component(
        tiny, "s", 1 + below(dice, 6), distribution_exponential(1e6 + below(dice, 40000000)));
    design->balancing = (enum balancing)below(dice, 6);
    design->startup = distribution_exponential(1e8);
    design->reschedule = below(dice, 2);
    if (below(dice, 2)) {
        tiny->parts[0].steps[0].run = step_run_cpu;
        design->cores = 1;
        design->queue.capacity = below(dice, 40);
    }
    if (below(dice, 2)) {
        design->concurrency = 1 + below(dice, 8);
    }
    design->detection = (struct detection_design){.health_check = below(dice, 2),
                                                  .period_ns = TIME_S,
                                                  .timeout_ns = 100 * TIME_MS,
                                                  .failures = 2,
                                                  .successes = 1,
                                                  .ejection = below(dice, 2),
                                                  .consecutive = 3,
                                                  .ejection_ns = 2 * TIME_S,
                                                  .maximum_ejected = 0.5};
}

static void roll_call(struct call_design *call, struct random_stream *dice)
{
    call->timeout_ns = below(dice, 2) ? 60 * TIME_MS : 0;
    call->deadline_ns = below(dice, 2) ? 200 * TIME_MS : 0;
    call->retry = (struct retry_design){.attempts = 1 + below(dice, 3),
                                        .backoff_ns = 10 * TIME_MS,
                                        .factor = 2,
                                        .limit_ns = TIME_S,
                                        .jitter = (enum jitter)below(dice, 4),
                                        .budget = below(dice, 2) ? 0.1 : 0,
                                        .on = UINT32_MAX};
    call->hedge.after_ns = below(dice, 3) == 0 ? 30 * TIME_MS : 0;
    call->cancel = below(dice, 2);
    call->breaker = (struct breaker_design){.enabled = below(dice, 2),
                                            .failure_ratio = 0.5,
                                            .minimum_calls = 10,
                                            .window = 20,
                                            .open_ns = TIME_S,
                                            .probes = 3};
}

static void roll_workload(struct tiny *tiny, struct random_stream *dice)
{
    static const uint32_t zones[] = {0, 1, 2};
    struct workload_design *workload = tiny_add_workload(tiny, "w", 0, 20 + below(dice, 200));
    workload->zone_count = below(dice, 2) ? 3 : 0;
    workload->zones = zones;
    roll_call(&tiny->actions[0][0].call, dice);
    if (below(dice, 4) == 0) {
        workload->model = WORKLOAD_CLOSED;
        workload->users = 1 + below(dice, 20);
        workload->think = distribution_exponential(1e8);
    }
    if (below(dice, 2)) {
        workload->connections = (struct connections_design){.count = 100,
                                                            .heartbeat_ns = 2 * TIME_S,
                                                            .timeout_ns = TIME_S,
                                                            .churn = 3,
                                                            .open = &tiny->parts[0].operation};
    }
    if (below(dice, 3) == 0) {
        workload->connections.heartbeat = &tiny->parts[0].operation;
    }
}

static void roll_fault(struct tiny *tiny, struct random_stream *dice)
{
    struct fault_design *fault =
        tiny_add_fault(tiny, tiny->design.fault_count == 0 ? "one" : "two",
                       below(dice, 20) * TIME_S, below(dice, 10) * TIME_S);
    fault->action = (enum fault_action)below(dice, FAULT_PARTITION + 1);
    fault->mode = (enum fault_mode)below(dice, 4);
    fault->share = 0.4;
    fault->fixed = 2;
    fault->factor = 5;
    fault->loss = 0.3;
    fault->delay = distribution_exponential(5e7);
    fault->stochastic = below(dice, 2);
    fault->mtbf = distribution_exponential(4e9);
    fault->mttr = distribution_exponential(1e9);
    if (fault->action == FAULT_ZONE_DOWN || fault->action == FAULT_NODE_DOWN) {
        fault->component = DESIGN_NONE;
    }
}

static void roll(struct tiny *tiny, uint64_t seed)
{
    struct random_stream dice;
    random_stream_init(&dice, seed, 77);
    tiny_init(tiny);
    tiny->design.seed = seed;
    tiny->design.duration_ns = 40 * TIME_S;
    tiny->design.warmup_ns = below(&dice, 2) * 5 * TIME_S;
    for (uint32_t i = 0; i < TINY_ZONES * TINY_ZONES; i++) {
        tiny->links[i].latency = distribution_exponential(1e6);
        tiny->links[i].loss = below(&dice, 2) * 0.01;
    }
    roll_component(tiny, &dice);
    roll_workload(tiny, &dice);
    for (uint32_t i = below(&dice, 3); i > 0; i--) {
        roll_fault(tiny, &dice);
    }
}

Test(traffic, whatever_fails_requests_are_conserved_and_littles_law_holds, .timeout = 300)
{
    uint64_t strikes = 0, timeouts = 0, retries = 0, losses = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct tiny tiny;
        struct run_record record;
        roll(&tiny, seed);
        run_replication(&tiny.design, 0, NULL, &record);
        cr_expect(record.invariant_count >= 3);
        strikes += record.meter.faults[0].occurrences;
        timeouts += record.meter.components[0].timeouts;
        retries += record.meter.components[0].retries;
        losses += record.meter.workloads[0].losses;
        for (uint32_t i = 0; i < record.invariant_count; i++) {
            const struct invariant_count *invariant = &record.invariants[i];
            cr_expect_eq(invariant->violated, 0, "seed %lu: %s: %s", (unsigned long)seed,
                         invariant->name, invariant->first);
        }
        run_record_release(&record, &tiny.design);
    }
    cr_expect(strikes > 100 && timeouts > 1000 && retries > 1000 && losses > 1000);
}

Test(traffic, the_same_seed_gives_the_same_run, .timeout = 300)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed += 5) {
        struct fingerprint_value values[2];
        for (int i = 0; i < 2; i++) {
            struct tiny tiny;
            struct run_record record;
            roll(&tiny, seed);
            run_replication(&tiny.design, 0, NULL, &record);
            values[i] = record.fingerprint;
            run_record_release(&record, &tiny.design);
        }
        cr_assert_eq(values[0].high, values[1].high);
        cr_assert_eq(values[0].low, values[1].low);
    }
}
