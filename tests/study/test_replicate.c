// test_replicate - replications on threads, batches, warm-up, on a queue M/M/1.
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/summary.h"
#include "sim/study/batches.h"
#include "sim/study/event_log.h"
#include "sim/study/replicate.h"
#include "sim/study/twin.h"
#include "sim/study/variant.h"
#include "tests/engine/tiny.h"

static const struct slo_design slos[] = {
    {.name = "fast",
     .target_name = "users",
     .objective = "p(90) < 5s",
     .metric = SLO_PERCENTILE,
     .quantile = 0.9,
     .limit = 5e9},
    {.name = "up",
     .target_name = "users",
     .objective = "99%",
     .metric = SLO_AVAILABILITY,
     .relation = SLO_GREATER_EQUAL,
     .limit = 0.99,
     .good_statuses = 1,
     .good_latency_ns = TIME_NEVER},
};

// One server, service exp(1 s), arrivals at 0.5/s, one hour.
static void queue_init(struct tiny *tiny)
{
    tiny_init(tiny);
    tiny_add_component(tiny, "queue", 1, distribution_exponential(1e9))->cores = 1.0;
    tiny->parts[0].steps[0].run = step_run_cpu;
    tiny_add_workload(tiny, "users", 0, 0.5);
    tiny->design.warmup_ns = 100 * TIME_S;
    tiny->design.resolution_ns = 10 * TIME_S;
    tiny->design.slos = slos;
    tiny->design.slo_count = 2;
    tiny->design.replications = (struct replications_design){.minimum = 4, .maximum = 4};
}

static void simulate(struct tiny *tiny, uint32_t workers, struct result *result)
{
    const struct replicate_options options = {.workers = workers, .file = "queue.yaml"};
    result_init(result);
    cr_assert_eq(replicate(&tiny->design, &options, result), REPLICATE_DONE);
}

static char *summary_of(const struct result *result)
{
    struct json_write json;
    json_write_init(&json);
    summary_write(result, &json);
    char *copy = strdup(json_write_get(&json));
    json_write_release(&json);
    return copy;
}

Test(replicate, steps_do_not_depend_on_anything_but_what_is_done)
{
    cr_assert_eq(replicate_step(0, 10, 200), 10);
    cr_assert_eq(replicate_step(10, 10, 200), 15);
    cr_assert_eq(replicate_step(100, 10, 200), 125);
    cr_assert_eq(replicate_step(198, 10, 200), 200);
    cr_assert_eq(replicate_step(0, 1, 1), 1);
}

Test(replicate, one_worker_and_three_give_the_same_bytes)
{
    struct tiny tiny;
    struct result one, three;
    queue_init(&tiny);
    simulate(&tiny, 1, &one);
    simulate(&tiny, 3, &three);
    char *first = summary_of(&one), *second = summary_of(&three);
    cr_assert_str_eq(first, second);
    free(first);
    free(second);
    result_release(&one);
    result_release(&three);
}

Test(replicate, the_mean_response_of_an_m_m_1_lies_in_the_interval)
{
    struct tiny tiny;
    struct result result;
    queue_init(&tiny);
    tiny.design.replications = (struct replications_design){.minimum = 20, .maximum = 20};
    simulate(&tiny, 2, &result);
    const struct estimate *mean = result_flow(&result, result.workloads[0].figures, RESULT_MEAN);
    cr_assert(mean->low < 2.0 && 2.0 < mean->high, "[%g, %g]", mean->low, mean->high);
    const struct estimate *load =
        result_flow(&result, result.components[0].figures, RESULT_UTILIZATION);
    cr_assert(load->low < 0.5 && 0.5 < load->high, "[%g, %g]", load->low, load->high);
    cr_assert_eq(result.slos[0].verdict, VERDICT_PASS); // p90 = 4.6 s
    result_release(&result);
}

Test(replicate, goes_on_until_the_objectives_are_known_well_enough)
{
    struct tiny tiny;
    struct result result;
    queue_init(&tiny);
    tiny.design.slo_count = 1;
    tiny.design.replications =
        (struct replications_design){.minimum = 5, .maximum = 60, .stop_at = 0.03};
    simulate(&tiny, 2, &result);
    cr_assert_gt(result.replication_count, 5);
    cr_assert_lt(result.replication_count, 60);
    cr_assert_leq(result.widest, 0.03);
    result_release(&result);
}

Test(replicate, one_replication_has_an_interval_from_its_batches)
{
    struct tiny tiny;
    struct result result;
    queue_init(&tiny);
    tiny.design.replications = (struct replications_design){.minimum = 1, .maximum = 1};
    simulate(&tiny, 2, &result);
    cr_assert(result.batches);
    cr_assert_eq(result.replication_count, 1);
    cr_assert_eq(result.row_count, BATCHES_COUNT);
    const struct estimate *mean = result_flow(&result, result.workloads[0].figures, RESULT_MEAN);
    cr_assert(mean->has_interval);
    cr_assert_eq(mean->df, BATCHES_COUNT - 1);
    cr_assert_neq(result.slos[0].verdict, VERDICT_NO_DATA);
    result_release(&result);
}

Test(batches, add_up_to_the_whole_replication_and_keep_its_fingerprint)
{
    struct tiny tiny;
    queue_init(&tiny);
    struct run_record parts[BATCHES_COUNT], whole;
    cr_assert_eq(batches_run(&tiny.design, 3, NULL, NULL, parts), BATCHES_COUNT);
    run_replication(&tiny.design, 3, NULL, &whole);
    uint64_t ok = 0, count = 0, good = 0;
    double busy_s = 0.0, ready_s = 0.0;
    for (uint32_t b = 0; b < BATCHES_COUNT; b++) {
        ok += parts[b].meter.workloads[0].statuses[STATUS_OK];
        count += parts[b].meter.workloads[0].latency.count;
        good += parts[b].meter.slos[1].good[0];
        busy_s += parts[b].components[0].busy_s;
        ready_s += parts[b].components[0].ready_s;
    }
    const struct workload_meter *meter = &whole.meter.workloads[0];
    cr_assert_eq(ok, meter->statuses[STATUS_OK]);
    cr_assert_eq(count, meter->latency.count);
    cr_assert_eq(good, whole.meter.slos[1].good[0]);
    cr_assert_float_eq(busy_s, whole.components[0].busy_s, 1e-6);
    cr_assert_float_eq(ready_s, whole.components[0].ready_s, 1e-6);
    cr_assert_eq(parts[BATCHES_COUNT - 1].fingerprint.low, whole.fingerprint.low);
    cr_assert_eq(parts[BATCHES_COUNT - 1].events, whole.events);
    batches_release(parts, BATCHES_COUNT, &tiny.design);
    run_record_release(&whole, &tiny.design);
}

Test(replicate, a_stop_leaves_no_result)
{
    struct tiny tiny;
    struct result result;
    queue_init(&tiny);
    const volatile int stop = 2;
    const struct replicate_options options = {.workers = 2, .stop = &stop};
    result_init(&result);
    cr_assert_eq(replicate(&tiny.design, &options, &result), REPLICATE_INTERRUPTED);
    cr_assert_eq(result.replication_count, 0);
    result_release(&result);
}

Test(warmup, is_found_on_a_pilot_and_leaves_most_of_the_run)
{
    struct tiny tiny;
    struct result result;
    queue_init(&tiny);
    tiny.design.warmup_auto = true;
    simulate(&tiny, 1, &result);
    cr_assert(result.warmup.automatic);
    cr_assert_leq(result.warmup_s, 1800.0);
    cr_assert_eq(result.warmup.bin_count, 360);
    cr_assert_str_eq(result.warmup.subject, "users");
    result_release(&result);
}

Test(variant, chooses_faults_by_name_and_refuses_unknown_ones)
{
    struct tiny tiny;
    queue_init(&tiny);
    tiny_add_fault(&tiny, "one", TIME_S, TIME_S);
    tiny_add_fault(&tiny, "two", TIME_S, TIME_S);
    struct variant variant;
    const char *unknown = NULL;
    variant_init(&variant, &tiny.design);
    cr_assert(variant_choose_faults(&variant, "two", &unknown));
    cr_assert_not(variant.design.faults[0].enabled);
    cr_assert(variant.design.faults[1].enabled);
    cr_assert(variant_choose_faults(&variant, "none", &unknown));
    cr_assert_not(variant.design.faults[1].enabled);
    cr_assert_not(variant_choose_faults(&variant, "one,three", &unknown));
    cr_assert_str_eq(unknown, "three");
    cr_assert(tiny.design.faults[0].enabled);
    variant_release(&variant);
}

Test(event_log, has_a_line_of_json_for_every_event_of_one_replication)
{
    struct tiny tiny;
    struct result result;
    struct event_log log;
    struct text why;
    queue_init(&tiny);
    tiny.design.duration_ns = 300 * TIME_S;
    char path[] = P_tmpdir "/orrery_log_XXXXXX";
    cr_assert_geq(mkstemp(path), 0);
    text_init(&why);
    cr_assert(event_log_begin(&log, path, &why));
    const struct replicate_options options = {.workers = 1};
    result_init(&result);
    cr_assert_eq(replicate_only(&tiny.design, &options, 7, &log, &result), REPLICATE_DONE);
    cr_assert(event_log_end(&log, true, &why));
    FILE *file = fopen(path, "r");
    char line[1024];
    uint64_t lines = 0, arrivals = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
        arrivals += strstr(line, "\"operation\": \"work\"") != NULL;
        cr_assert(line[0] == '{' && line[strlen(line) - 2] == '}');
    }
    fclose(file);
    remove(path);
    cr_assert_eq(lines, result.events);
    cr_assert_gt(arrivals, 100);
    cr_assert_eq(result.replications[0].number, 7);
    result_release(&result);
    text_release(&why);
}
