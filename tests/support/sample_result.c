// sample_result - a small shop: gateway, orders, inventory, postgres, kafka; one fault bites.
#include "tests/support/sample_result.h"

#include <math.h>
#include <string.h>

#include "sim/engine/design.h"

const char *const sample_result_hostile =
    "a<script>alert(1)</script>`touch pwned`\"'${HOME}|#%_\\ \n]]>&amp;-->";

enum { BINS = 120, ROWS = 8, OPERATIONS = 7, COMPONENTS = 5, WORKLOADS = 2, FAULTS = 2, SLOS = 6 };

static uint64_t scramble(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

static double unit(uint64_t *state)
{
    return (double)scramble(state) / 2147483648.0;
}

// ---- figures -----------------------------------------------------------------------------------

static struct estimate about(double value, double share)
{
    return (struct estimate){.known = true,
                             .has_interval = true,
                             .value = value,
                             .low = value * (1 - share),
                             .high = value * (1 + share),
                             .se = value * share / 2,
                             .df = ROWS - 1};
}

static void put_figure(struct result *result, const char *owner, const char *name, const char *of,
                       double value)
{
    const uint32_t index = result->figure_count++;
    struct result_figure *figure = &result->figures[index];
    figure->name = arena_format(&result->arena, "%s.%s", owner, name);
    figure->unit = of;
    figure->better = strcmp(of, "s") == 0 ? RESULT_LOWER : RESULT_HIGHER;
    if (!isnan(value)) {
        figure->estimate = about(value, 0.03);
    }
}

static uint32_t put_flow(struct result *result, const char *owner, double rate, double p50_s)
{
    static const char *const names[] = {"offered", "throughput", "success", "mean",   "p50", "p90",
                                        "p95",     "p99",        "p99.9",   "p99.99", "max"};
    static const double factors[] = {1.2, 1, 2.1, 3, 6.5, 14, 22, 31};
    const uint32_t first = result->figure_count;
    put_figure(result, owner, names[0], "1/s", rate);
    put_figure(result, owner, names[1], "1/s", rate * 0.9987);
    put_figure(result, owner, names[2], "1", 0.9987);
    for (uint32_t i = 0; i < 8; i++) {
        put_figure(result, owner, names[3 + i], "s", p50_s * factors[i]);
    }
    return first;
}

static uint32_t put_component_block(struct result *result, const char *owner, double rate,
                                    double load)
{
    static const char *const waits[] = {"wait.mean", "wait.p50",   "wait.p90",    "wait.p95",
                                        "wait.p99",  "wait.p99.9", "wait.p99.99", "wait.max"};
    const uint32_t first = put_flow(result, owner, rate, 0.004 / (1.05 - load));
    put_figure(result, owner, "utilization", "1", load);
    put_figure(result, owner, "utilization_max", "1", load * 1.1);
    put_figure(result, owner, "queue", "{request}", load * load / (1.01 - load));
    put_figure(result, owner, "in_system", "{request}", load / (1.01 - load));
    put_figure(result, owner, "ready", "1", 3.9);
    put_figure(result, owner, "rejected", "1", 0.0002);
    for (uint32_t i = 0; i < 8; i++) {
        put_figure(result, owner, waits[i], "s", 0.0005 * (i + 1));
    }
    return first;
}

static void fill_matrix(struct result *result)
{
    uint64_t state = 99;
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t f = 0; f < result->figure_count; f++) {
            const struct estimate *estimate = &result->figures[f].estimate;
            result->matrix[(size_t)r * result->figure_count + f] =
                estimate->known ? estimate->value * (0.95 + 0.1 * unit(&state)) : (double)NAN;
        }
    }
}

// ---- tables ------------------------------------------------------------------------------------

static void fill_latency(struct histogram *histogram, double median_ns, uint32_t count)
{
    uint64_t state = (uint64_t)median_ns;
    histogram_init(histogram);
    histogram_watch(histogram, 300000000);
    for (uint32_t i = 0; i < count; i++) {
        const double u = unit(&state);
        const double tail = u > 0.98 ? 1 + (u - 0.98) * 600 : 1;
        histogram_add(histogram, (int64_t)(median_ns * (0.4 + 1.4 * u) * tail));
    }
}

static const double rates[COMPONENTS] = {520, 520, 525, 1040, 480};
static const double loads[COMPONENTS] = {0.13, 0.93, 0.09, 0.61, 0.34};

static void put_components(struct result *result, enum sample_names names)
{
    static const char *const labels[] = {"gateway", "orders", "inventory", "postgres", "kafka"};
    static const char *const kinds[] = {"service", "service", "service", "postgres", "kafka"};
    static const char *const groups[] = {"gateways", "services", "services", "datastores",
                                         "brokers"};
    static const uint32_t operations[] = {1, 2, 1, 2, 1};
    result->component_count = COMPONENTS;
    result->components = arena_take_array(&result->arena, COMPONENTS, sizeof *result->components);
    uint32_t next = 0;
    for (uint32_t c = 0; c < COMPONENTS; c++) {
        struct result_component *component = &result->components[c];
        component->name = names == SAMPLE_HOSTILE && c == 2 ? sample_result_hostile : labels[c];
        component->kind = kinds[c];
        component->group = groups[c];
        component->title = c == 3 ? "PostgreSQL (orders)" : NULL;
        component->description = c == 1 ? "Takes orders & keeps them; p < q." : NULL;
        component->assumed = c == 4 ? "three brokers: the source says only `Kafka`" : NULL;
        component->replicas = c == 3 ? 2 : 4;
        component->cores = c == 4 ? 0 : 2;
        component->figures = put_component_block(result, labels[c], rates[c], loads[c]);
        component->first_metric = result->figure_count;
        if (c == 4) {
            put_figure(result, labels[c], "consumer_lag", "{record}", 1234);
            component->metric_count = 1;
        }
        component->first_operation = next;
        component->operation_count = operations[c];
        next += operations[c];
        component->arrivals = (uint64_t)(rates[c] * 1800 * ROWS);
        component->statuses[STATUS_OK] = component->arrivals - 2600;
        component->statuses[STATUS_TIMEOUT] = 2000;
        component->statuses[STATUS_REJECTED] = 600;
        component->retries = c == 1 ? 41000 : 12;
        component->timeouts = c == 1 ? 39000 : 0;
        component->breaker_trips = c == 0 ? 3 : 0;
        component->queue_max = c == 1 ? 4100 : 17;
        fill_latency(&component->latency, 4e6 / (1.05 - loads[c]), 4000);
        fill_latency(&component->wait, 5e5, 4000);
    }
}

static void put_operations(struct result *result)
{
    static const char *const names[] = {"checkout", "create", "list",   "reserve",
                                        "insert",   "select", "produce"};
    static const uint32_t owners[] = {0, 1, 1, 2, 3, 3, 4};
    result->operation_count = OPERATIONS;
    result->operations = arena_take_array(&result->arena, OPERATIONS, sizeof *result->operations);
    for (uint32_t o = 0; o < OPERATIONS; o++) {
        struct result_operation *operation = &result->operations[o];
        operation->name = names[o];
        operation->component = owners[o];
        operation->internal = o == 6;
        const char *owner = result->components[owners[o]].name;
        operation->figures = put_flow(
            result, arena_format(&result->arena, "%s.%s", owner, names[o]), 300, 0.004 * (o + 1));
        operation->arrivals = 300 * 1800 * ROWS;
        operation->statuses[STATUS_OK] = operation->arrivals - 5;
        operation->statuses[STATUS_TIMEOUT] = 5;
        operation->waste = o;
        for (uint32_t p = 0; p < METER_PARTS; p++) {
            operation->parts_s[p] = 0.001 * ((o * 7 + p * 3) % 11);
        }
        fill_latency(&operation->latency, 4e6 * (o + 1), 3000);
    }
}

static void put_workloads(struct result *result)
{
    static const char *const names[] = {"shoppers", "warehouse"};
    result->workload_count = WORKLOADS;
    result->workloads = arena_take_array(&result->arena, WORKLOADS, sizeof *result->workloads);
    for (uint32_t w = 0; w < WORKLOADS; w++) {
        struct result_workload *workload = &result->workloads[w];
        workload->name = names[w];
        workload->assumed = w == 1 ? "one scanner a second and hall" : NULL;
        workload->figures = put_flow(result, names[w], w == 0 ? 520.2 : 40, 0.031);
        workload->offered = w == 0 ? 7490880 : 576000;
        workload->ended = workload->offered - 31;
        workload->open = 31;
        workload->statuses[STATUS_OK] = workload->ended - 4000;
        workload->statuses[STATUS_TIMEOUT] = 3500;
        workload->statuses[STATUS_REJECTED] = 500;
        workload->thinned = w == 1 ? 0.1 : 1;
        fill_latency(&workload->latency, w == 0 ? 31e6 : 12e6, 60000);
    }
}

static void put_edges(struct result *result)
{
    static const struct result_edge edges[] = {
        {RESULT_NONE, 0, 0, "https", 7490880, 7490880, 0, 0, 3500, 4000, 0, .04, .031, .2148, 3},
        {0, RESULT_NONE, 1, "grpc", 7490000, 7600000, 110000, 40, 39000, 3100, 7, .03, .025, .2, 2},
        {1, RESULT_NONE, 2, "grpc", 7500000, 7500100, 100, 0, 0, 0, 0, .004, .0033, .0142, .096},
        {1, RESULT_NONE, 3, "sql", 15000000, 15000000, 0, 0, 0, 12, 0, .002, .0018, .009, .2},
        {1, RESULT_NONE, 4, NULL, 0, 0, 0, 0, 0, 0, 0, NAN, NAN, NAN, NAN},
        {RESULT_NONE, 1, 2, "http", 576000, 576000, 0, 0, 0, 0, 0, .012, .01, .05, .3},
    };
    result->edge_count = sizeof edges / sizeof edges[0];
    result->edges = arena_take(&result->arena, sizeof edges);
    memcpy(result->edges, edges, sizeof edges);
}

// ---- objectives --------------------------------------------------------------------------------

static void put_slices(struct result *result, struct result_slo *slo)
{
    slo->slice_s = 60;
    slo->slice_count = 25;
    slo->slice_good = arena_take_array(&result->arena, 25, sizeof *slo->slice_good);
    slo->slice_total = arena_take_array(&result->arena, 25, sizeof *slo->slice_total);
    slo->slice_state = arena_take_array(&result->arena, 25, sizeof *slo->slice_state);
    for (uint32_t i = 0; i < 25; i++) {
        slo->slice_total[i] = i == 24 ? 0 : 31200 * ROWS;
        slo->slice_good[i] = slo->slice_total[i] * (i == 7 || i == 8 ? 9 : 10) / 10;
        slo->slice_state[i] = i == 24            ? RESULT_SLICE_EMPTY
                              : i == 7 || i == 8 ? RESULT_SLICE_BAD
                                                 : RESULT_SLICE_GOOD;
    }
    slo->worst_slice = 7;
}

static const struct result_slo slos[] = {
    {.name = "checkout-latency",
     .target = "shoppers",
     .objective = "p(99) < 300ms",
     .unit = "s",
     .metric = SLO_PERCENTILE,
     .quantile = 0.99,
     .limit = 0.3,
     .verdict = VERDICT_PASS,
     .margin = 0.28},
    {.name = "checkout-latency",
     .target = "shoppers",
     .objective = "p(50) < 60ms",
     .unit = "s",
     .metric = SLO_PERCENTILE,
     .quantile = 0.5,
     .limit = 0.06,
     .verdict = VERDICT_PASS,
     .margin = 0.48},
    {.name = "checkout-availability",
     .target = "shoppers",
     .objective = "99.9 % of 1m slices",
     .unit = "1",
     .metric = SLO_AVAILABILITY,
     .limit = 0.999,
     .verdict = VERDICT_FAIL,
     .margin = -0.012,
     .why = "2 of 24 slices are bad: all lie in zone-loss (7m-9m)"},
    {.name = "orders-saturation",
     .target = "orders",
     .objective = "utilization(max) < 85%",
     .unit = "1",
     .metric = SLO_UTILIZATION,
     .limit = 0.85,
     .warn_only = true,
     .verdict = VERDICT_FAIL,
     .margin = -0.08,
     .why = "the busiest replica was busy for 91.4 % of the time"},
    {.name = "inventory-latency",
     .target = "inventory",
     .objective = "p(99.9) < 100ms",
     .unit = "s",
     .metric = SLO_PERCENTILE,
     .quantile = 0.999,
     .limit = 0.1,
     .verdict = VERDICT_UNDECIDED,
     .margin = 0.02,
     .decided_by_s = 86400,
     .why = "the interval holds the limit; 24 h of simulated time would decide it"},
    {.name = "refunds",
     .target = "shoppers",
     .objective = "p(99) < 1s",
     .unit = "s",
     .metric = SLO_PERCENTILE,
     .quantile = 0.99,
     .limit = 1,
     .verdict = VERDICT_NO_DATA,
     .why = "no request of that kind ended"},
};

static void put_slos(struct result *result)
{
    static const double values[] = {0.2148, 0.0312, 0.9871, 0.914, 0.098, NAN};
    result->slo_count = SLOS;
    result->slos = arena_take(&result->arena, sizeof slos);
    memcpy(result->slos, slos, sizeof slos);
    for (uint32_t s = 0; s < SLOS; s++) {
        struct result_slo *slo = &result->slos[s];
        slo->worst_slice = RESULT_NONE;
        slo->budget = s == 2 ? 0 : RESULT_NONE;
        slo->compared = true;
        slo->good = 7000000 - s;
        slo->total = 7000000;
        if (!isnan(values[s])) {
            slo->observed = about(values[s], 0.018);
            slo->without = about(s == 2 ? 0.99995 : values[s] * 0.8, 0.001);
        } else {
            slo->margin = (double)NAN;
            slo->without_verdict = VERDICT_NO_DATA;
        }
    }
    put_slices(result, &result->slos[2]);
    result->budget_count = 1;
    result->budgets = arena_take(&result->arena, sizeof *result->budgets);
    result->budgets[0] = (struct result_budget){
        .slo = 2, .window_s = 2592000, .allowed_s = 2592, .spent_s = 4100, .other_s = 300};
    result->budgets[0].by_fault_s = arena_take_array(&result->arena, FAULTS, sizeof(double));
    result->budgets[0].by_fault_s[0] = 3800;
}

static void put_faults(struct result *result, enum sample_names names)
{
    result->fault_count = FAULTS;
    result->faults = arena_take_array(&result->arena, FAULTS, sizeof *result->faults);
    result->faults[0] =
        (struct result_fault){.name = names == SAMPLE_HOSTILE ? sample_result_hostile : "zone-loss",
                              .action = "zone-down",
                              .target = "zone eu-1a",
                              .enabled = true,
                              .at_s = 720,
                              .duration_s = 180,
                              .expected = 1,
                              .occurrences = ROWS,
                              .active_s = 180.0 * ROWS,
                              .first_s = 720,
                              .end_s = 900};
    result->faults[1] = (struct result_fault){.name = "slow-disk",
                                              .action = "slow",
                                              .target = "postgres (leader)",
                                              .stochastic = true,
                                              .at_s = NAN,
                                              .duration_s = NAN,
                                              .expected = 2,
                                              .first_s = NAN,
                                              .end_s = NAN};
    for (uint32_t f = 0; f < FAULTS; f++) {
        result->faults[f].bad_requests = arena_take_array(&result->arena, SLOS, sizeof(uint64_t));
        result->faults[f].bad_requests[2] = f == 0 ? 48211 : 0;
    }
    result->faults_on = true;
    result->log_count = 4;
    result->log = arena_take_array(&result->arena, 4, sizeof *result->log);
    static const struct log_event log[] = {{720000000000, LOG_FAULT_BEGIN, 0, 0},
                                           {720000000000, LOG_KILL, 1, 2},
                                           {900000000000, LOG_FAULT_END, 0, 0},
                                           {931000000000, LOG_READY, 1, 2}};
    memcpy(result->log, log, sizeof log);
}

// ---- series ------------------------------------------------------------------------------------

static bool in_fault(uint32_t bin)
{
    return bin >= 48 && bin < 60;
}

static void put_component_bins(struct result *result, uint32_t bin, uint64_t *state)
{
    struct result_series *series = &result->series;
    for (uint32_t c = 0; c < COMPONENTS; c++) {
        const size_t row = (size_t)bin * COMPONENTS + c;
        uint64_t *counts = series->component_counts + row * SERIES_COUNTS;
        float *levels = series->component_levels + row * SERIES_LEVELS;
        const double load =
            fmin(1, loads[c] * (in_fault(bin) && c == 1 ? 1.3 : 0.95) + 0.05 * unit(state));
        counts[SERIES_ARRIVALS] = (uint64_t)(rates[c] * 15 * ROWS);
        counts[SERIES_COMPLETIONS] = counts[SERIES_ARRIVALS] - (in_fault(bin) ? 900 : 2);
        counts[SERIES_TIMEOUTS] = in_fault(bin) && c == 1 ? 700 : 0;
        counts[SERIES_RETRIES] = in_fault(bin) && c == 1 ? 2900 : 10;
        levels[SERIES_UTILIZATION] = (float)load;
        levels[SERIES_UTILIZATION_MAX] = (float)fmin(1, load * 1.08);
        levels[SERIES_QUEUE] = (float)(load * load / (1.02 - load));
        levels[SERIES_QUEUE_MAX] = levels[SERIES_QUEUE] * 5;
        levels[SERIES_IN_FLIGHT] = levels[SERIES_QUEUE] + 2;
        levels[SERIES_READY] = in_fault(bin) && c == 1 ? 2 : 4;
    }
}

static void put_workload_bins(struct result *result, uint32_t bin, uint64_t *state)
{
    struct result_series *series = &result->series;
    for (uint32_t w = 0; w < WORKLOADS; w++) {
        const size_t row = (size_t)bin * WORKLOADS + w;
        uint64_t *flows = series->workload_counts + row * SERIES_FLOWS;
        float *latency = series->workload_latency + row * SERIES_LATENCIES;
        const uint64_t offered =
            (uint64_t)((w == 0 ? 520 : 40) * 15 * ROWS * (0.9 + 0.2 * unit(state)));
        flows[SERIES_OFFERED] = offered;
        flows[SERIES_FAILED] = in_fault(bin) ? offered / 12 : offered / 5000;
        flows[SERIES_REFUSED] = in_fault(bin) ? offered / 30 : 0;
        flows[SERIES_OK] = offered - flows[SERIES_FAILED] - flows[SERIES_REFUSED];
        const double p50 = (in_fault(bin) ? 0.09 : 0.031) * (0.9 + 0.2 * unit(state));
        const double factors[] = {1, 2.2, 6.5, 14, 30};
        for (uint32_t q = 0; q < SERIES_LATENCIES; q++) {
            latency[q] = bin == 3 && w == 1 ? NAN : (float)(p50 * factors[q]);
        }
        uint64_t *heat = series->heatmap + row * SERIES_HEAT;
        const uint32_t middle = in_fault(bin) ? 39 : 35;
        for (uint32_t h = 0; h < 16; h++) {
            heat[middle - 5 + h] = offered >> (h < 5 ? 5 - h : h - 4);
        }
    }
}

static void put_series(struct result *result)
{
    struct result_series *series = &result->series;
    struct arena *arena = &result->arena;
    series->bin_count = BINS;
    series->bin_s = 15;
    series->component_counts =
        arena_take_array(arena, BINS * COMPONENTS * SERIES_COUNTS, sizeof(uint64_t));
    series->component_levels =
        arena_take_array(arena, BINS * COMPONENTS * SERIES_LEVELS, sizeof(float));
    series->operation_latency =
        arena_take_array(arena, BINS * OPERATIONS * SERIES_LATENCIES, sizeof(float));
    series->workload_latency =
        arena_take_array(arena, BINS * WORKLOADS * SERIES_LATENCIES, sizeof(float));
    series->workload_counts =
        arena_take_array(arena, BINS * WORKLOADS * SERIES_FLOWS, sizeof(uint64_t));
    series->heatmap = arena_take_array(arena, BINS * WORKLOADS * SERIES_HEAT, sizeof(uint64_t));
    uint64_t state = 7;
    for (uint32_t bin = 0; bin < BINS; bin++) {
        put_component_bins(result, bin, &state);
        put_workload_bins(result, bin, &state);
        for (uint32_t i = 0; i < OPERATIONS * SERIES_LATENCIES; i++) {
            series->operation_latency[(size_t)bin * OPERATIONS * SERIES_LATENCIES + i] =
                (float)(0.01 * (1 + i % SERIES_LATENCIES));
        }
    }
}

// ---- the rest ----------------------------------------------------------------------------------

static void put_identity(struct result *result, enum sample_names names)
{
    result->scenario = names == SAMPLE_HOSTILE ? sample_result_hostile : "checkout";
    result->description = "A shop under load, and what a lost zone does to it.";
    result->file = "checkout.yaml";
    result->digest = "7f3a1c9e00112233445566778899aabb";
    result->version = "0.1.0";
    result->source = "name: checkout\ncomponents:\n  gateway: {kind: service} # <b>&</b>\n";
    result->resolved = "name: checkout\ncomponents:\n  gateway:\n    kind: service\n";
    result->seed = 42;
    result->duration_s = 1800;
    result->warmup_s = 300;
    result->minimum = ROWS;
    result->maximum = 200;
    result->stop_at = 0.05;
    result->widest = 0.041;
    result->events = 63100000;
    result->simulated_s = 1800.0 * ROWS;
    result->bytes_max = 12582912;
    result->fingerprint = (struct fingerprint_value){0x0123456789abcdef, 0xfedcba9876543210};
    result->verdict = VERDICT_FAIL;
    result->worst_row = 3;
    result->replication_count = result->row_count = ROWS;
    result->replications = arena_take_array(&result->arena, ROWS, sizeof *result->replications);
    for (uint32_t r = 0; r < ROWS; r++) {
        result->replications[r] = (struct result_replication){
            r, {r * 31 + 1, r * 17 + 2}, 7887500, 12, 3, 12582912, true};
    }
}

static void put_trust(struct result *result)
{
    static const struct result_check checks[] = {
        {"Little's law",
         "orders",
         "{request}",
         {.known = true, .value = 41.25},
         41.25,
         true,
         "area under the number in system against the sum of sojourns"},
        {"utilization law",
         "postgres",
         "1",
         {.known = true, .value = 0.61},
         0.604,
         true,
         "busy share of the processors against arrivals x mean demand"},
        {"M/M/c mean wait",
         "inventory.wait.mean",
         "s",
         {.known = true, .value = 0.0005},
         0.0007,
         false,
         "Erlang C for 4 servers"},
    };
    static const struct result_invariant invariants[] = {
        {"conservation", 8, 0, NULL, 0},
        {"stock is never negative", 7500000, 1, "sku-17 fell to -1 at 12m03s", 3},
    };
    result->check_count = 3;
    result->checks = arena_take(&result->arena, sizeof checks);
    memcpy(result->checks, checks, sizeof checks);
    result->invariant_count = 2;
    result->invariants = arena_take(&result->arena, sizeof invariants);
    memcpy(result->invariants, invariants, sizeof invariants);
    struct result_warmup *warmup = &result->warmup;
    *warmup = (struct result_warmup){.automatic = true,
                                     .chosen_s = 300,
                                     .longer_s = 600,
                                     .mean_s = 0.0372,
                                     .longer_mean_s = 0.0371,
                                     .subject = "shoppers",
                                     .bin_count = 200,
                                     .bin_s = 9};
    warmup->bins = arena_take_array(&result->arena, 200, sizeof(double));
    uint64_t state = 3;
    for (uint32_t i = 0; i < 200; i++) {
        warmup->bins[i] =
            i == 11 ? (double)NAN : 0.037 - 0.02 / (1 + i * 0.2) + 0.002 * unit(&state);
    }
}

static void put_pairs(struct result *result)
{
    static const struct result_pair parameters[] = {{"peak_rate", "520/s"},
                                                    {"orders_replicas", "4"}};
    static const struct result_pair assumptions[] = {
        {"kafka", "three brokers: the source says only `Kafka`"},
        {"warehouse", "one scanner a second and hall"}};
    static const struct result_pair approximations[] = {
        {"warehouse", "one simulated request stands for 10 real ones"}};
    static const char *const reasons[] = {
        "checkout-availability: 2 of 24 slices are bad: all lie in zone-loss (12m-15m)",
        "orders lost 2 of 4 replicas and ran at 1.00 utilisation; retries added 31 % load"};
    result->parameter_count = 2;
    result->parameters = arena_take(&result->arena, sizeof parameters);
    memcpy(result->parameters, parameters, sizeof parameters);
    result->assumption_count = 2;
    result->assumptions = arena_take(&result->arena, sizeof assumptions);
    memcpy(result->assumptions, assumptions, sizeof assumptions);
    result->approximation_count = 1;
    result->approximations = arena_take(&result->arena, sizeof approximations);
    memcpy(result->approximations, approximations, sizeof approximations);
    result->reason_count = 2;
    result->reasons = arena_take_array(&result->arena, 2, sizeof *result->reasons);
    memcpy(result->reasons, reasons, sizeof reasons);
    result_warn(result, "W2104", "M/M/c mean wait of `%s` does not agree", "inventory");
}

void sample_result(struct result *result, enum sample_names names)
{
    enum { MOST_FIGURES = 512 };
    result->figures = arena_take_array(&result->arena, MOST_FIGURES, sizeof *result->figures);
    result->matrix = arena_take_array(&result->arena, ROWS * MOST_FIGURES, sizeof(double));
    put_identity(result, names);
    put_components(result, names);
    put_operations(result);
    put_workloads(result);
    put_edges(result);
    put_slos(result);
    put_faults(result, names);
    put_series(result);
    put_trust(result);
    put_pairs(result);
    fill_matrix(result);
}
