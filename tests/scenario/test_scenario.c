// test_scenario - what a scenario says stands in its design.
#include <criterion/criterion.h>
#include <string.h>

#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "tests/scenario/load.h"

static const char queue[] = "name: t\n"
                            "simulation: {duration: 10m, warmup: 1m, seed: 7, replications: 4}\n"
                            "components: {q: {kind: station, service: exp(mean=8ms)}}\n"
                            "workloads: {w: {target: q, rate: 100/s}}\n";

Test(scenario, a_station_and_a_workload_are_a_design)
{
    struct load load;
    cr_assert(load_init(&load, queue));
    const struct design *design = &load.scenario.design;
    cr_expect_str_eq(design->name, "t");
    cr_expect_eq(design->duration_ns, 600 * TIME_S);
    cr_expect_eq(design->warmup_ns, 60 * TIME_S);
    cr_expect_eq(design->seed, 7);
    cr_expect_eq(design->replications.minimum, 4);
    cr_expect_eq(design->replications.maximum, 4);
    cr_assert_eq(design->component_count, 1);
    cr_expect_str_eq(design->components[0].kind, "station");
    cr_expect_eq(design->components[0].replicas, 1);
    cr_assert_eq(design->workload_count, 1);
    cr_expect_float_eq(design->workloads[0].rate, 100, 1e-9);
    cr_expect_eq(design->workloads[0].actions[0].call.operation,
                 &design->components[0].operations[0]);
    cr_assert_eq(design->edge_count, 1);
    cr_expect_eq(design->edges[0].from, DESIGN_NONE);
    cr_expect_float_eq(load.scenario.capacity.rows[0].utilization, 0.8, 1e-9);
    load_release(&load);
}

Test(scenario, options_of_the_command_line_win)
{
    struct load load;
    const struct scenario_options options = {
        .duration = "2m", .warmup = "10s", .replications = "3..9", .seed = "99"};
    cr_assert(load_init_with(&load, queue, &options));
    const struct design *design = &load.scenario.design;
    cr_expect_eq(design->duration_ns, 120 * TIME_S);
    cr_expect_eq(design->warmup_ns, 10 * TIME_S);
    cr_expect_eq(design->replications.minimum, 3);
    cr_expect_eq(design->replications.maximum, 9);
    cr_expect_eq(design->seed, 99);
    load_release(&load);
}

Test(scenario, options_that_cannot_be_are_errors)
{
    const struct scenario_options wrong[] = {
        {.duration = "2"}, {.warmup = "never"}, {.replications = "9..3"},
        {.seed = "x"},     {.warmup = "20m"},   {.faults = "storm"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct load load;
        cr_expect_not(load_init_with(&load, queue, &wrong[i]), "option %zu", i);
        cr_expect_gt(load.diagnostics.errors, 0);
        load_release(&load);
    }
}

Test(scenario, the_digest_knows_content_and_not_comments)
{
    struct load one, other, third;
    cr_assert(load_init(&one, queue));
    struct text text;
    text_init(&text);
    text_format(&text, "# a comment\n%s", queue);
    cr_assert(load_init(&other, text_get(&text)));
    text_clear(&text);
    text_format(&text, "%sslos: [{name: a, target: w, objectives: [\"mean < 1s\"]}]\n", queue);
    cr_assert(load_init(&third, text_get(&text)));
    cr_expect_str_eq(one.scenario.digest, other.scenario.digest);
    cr_expect_str_neq(one.scenario.digest, third.scenario.digest);
    cr_expect_eq(strlen(one.scenario.digest), 32);
    text_release(&text);
    load_release(&one);
    load_release(&other);
    load_release(&third);
}

Test(scenario, replicas_are_spread_over_zones_and_machines)
{
    struct load load;
    cr_assert(load_init(&load, "topology:\n"
                               "  regions: {eu: [a, b], us: [c]}\n"
                               "  nodes: {count: 6, cores: 4}\n"
                               "components:\n"
                               "  q: {kind: station, service: 1ms, replicas: 5}\n"
                               "  r: {kind: station, service: 1ms, spread: {a: 1, us: 2}}\n"
                               "workloads:\n"
                               "  w: {mix: {q: 50%, r: 50%}, rate: 10/s, from: eu}\n"));
    const struct design *design = &load.scenario.design;
    cr_assert_eq(design->topology.zone_count, 3);
    cr_assert_eq(design->topology.machine_count, 6);
    const struct component_design *q = load_component(&load, "q");
    const uint32_t zones[] = {0, 1, 2, 0, 1};
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect_eq(q->placements[i].zone, zones[i]);
        cr_expect_eq(design->topology.machines[q->placements[i].machine].zone, zones[i]);
    }
    cr_expect_neq(q->placements[0].machine, q->placements[3].machine);
    const struct component_design *r = load_component(&load, "r");
    cr_assert_eq(r->replicas, 3);
    cr_expect_eq(r->placements[0].zone, 0);
    cr_expect_eq(r->placements[1].zone, 2);
    cr_expect_eq(design->workloads[0].zone_count, 2);
    load_release(&load);
}

Test(scenario, links_come_from_classes_and_pairs)
{
    struct load load;
    cr_assert(load_init(&load, "topology:\n"
                               "  regions: {eu: [a, b], us: [c]}\n"
                               "  links:\n"
                               "    same_zone: {latency: 1ms}\n"
                               "    cross_zone: {latency: 2ms, loss: 1%, bandwidth: 8Mbit/s}\n"
                               "    pairs: [{between: [b, us], latency: 80ms}]\n"
                               "components: {q: {kind: station, service: 1ms}}\n"
                               "workloads: {w: {target: q, rate: 10/s}}\n"));
    const struct topology_design *topology = &load.scenario.design.topology;
    const double expected[9] = {1, 2, 40, 2, 1, 80, 40, 80, 1}; // ms
    for (uint32_t i = 0; i < 9; i++) {
        cr_expect_float_eq(distribution_mean(&topology->links[i].latency), expected[i] * 1e6, 1,
                           "pair %u", i);
    }
    cr_expect_float_eq(topology->links[1].loss, 0.01, 1e-12);
    cr_expect_float_eq(topology->links[1].bandwidth, 1e6, 1e-6);
    cr_expect_eq(load.scenario.design.assumption_count, 1, "cross_region is assumed");
    load_release(&load);
}

Test(scenario, without_topology_there_is_no_network)
{
    struct load load;
    cr_assert(load_init(&load, queue));
    const struct topology_design *topology = &load.scenario.design.topology;
    cr_assert_eq(topology->zone_count, 1);
    cr_expect_float_eq(distribution_mean(&topology->links[0].latency), 0, 0);
    cr_expect_eq(load.scenario.design.assumption_count, 0);
    load_release(&load);
}

Test(scenario, objectives_become_rows)
{
    struct load load;
    struct text text;
    text_init(&text);
    text_format(
        &text,
        "%sslos:\n"
        "  - {name: a, target: w, objectives: [\"p(99.9) <= 300ms\", \"carried >= 99.5%%\"]}\n"
        "  - {name: b, target: q, objectives: [\"utilization(max) < 85%%\"], severity: warn}\n"
        "  - {name: c, target: q.serve, objectives: \"p(50, status=any) < 1s\", every: 5m}\n"
        "  - name: d\n"
        "    target: w\n"
        "    indicator: {good: \"status == ok and latency < 1s\"}\n"
        "    objective: 99.9%%\n"
        "    window: 30d\n",
        queue);
    cr_assert(load_init(&load, text_get(&text)));
    const struct design *design = &load.scenario.design;
    cr_assert_eq(design->slo_count, 5);
    const struct slo_design *slos = design->slos;
    cr_expect_eq(slos[0].metric, SLO_PERCENTILE);
    cr_expect_float_eq(slos[0].quantile, 0.999, 1e-12);
    cr_expect_eq(slos[0].relation, SLO_LESS_EQUAL);
    cr_expect_float_eq(slos[0].limit, 300e6, 1);
    cr_expect_eq(slos[1].metric, SLO_CARRIED);
    cr_expect_float_eq(slos[1].limit, 0.995, 1e-12);
    cr_expect_eq(slos[2].target, SLO_COMPONENT);
    cr_expect_str_eq(slos[2].metric_name, "max");
    cr_expect(slos[2].warn_only);
    cr_expect_eq(slos[3].target, SLO_OPERATION);
    cr_expect(slos[3].any_status);
    cr_expect_eq(slos[3].slice_ns, 300 * TIME_S);
    cr_expect_eq(slos[4].metric, SLO_AVAILABILITY);
    cr_expect_eq(slos[4].good_statuses, 1u << STATUS_OK | 1u << STATUS_MISS);
    cr_expect_eq(slos[4].good_latency_ns, TIME_S);
    cr_expect_eq(slos[4].window_ns, 30 * 86400 * TIME_S);
    text_release(&text);
    load_release(&load);
}

Test(scenario, faults_become_rows_and_are_chosen_by_name)
{
    struct load load;
    struct text text;
    text_init(&text);
    text_format(
        &text,
        "%stopology: {regions: {eu: [a, b], us: [c]}}\n"
        "faults:\n"
        "  - {name: k, action: kill, select: {component: q}, mode: 30%%, at: 2m}\n"
        "  - {name: p, action: partition, select: {from: eu, to: us}, at: 2m, duration: 1m}\n"
        "  - {name: s, action: slow, select: {component: q}, factor: 3x, mtbf: 1m, mttr: 1s}\n",
        queue);
    const struct scenario_options options = {.faults = "k,s"};
    cr_assert(load_init_with(&load, text_get(&text), &options));
    const struct design *design = &load.scenario.design;
    cr_assert_eq(design->fault_count, 4, "two zones of eu, one of us");
    cr_expect_eq(design->faults[0].mode, FAULT_SHARE);
    cr_expect_float_eq(design->faults[0].share, 0.3, 1e-12);
    cr_expect_eq(design->faults[0].duration_ns, TIME_NEVER);
    cr_expect(design->faults[0].enabled);
    cr_expect_eq(design->faults[1].from_zone, 0);
    cr_expect_eq(design->faults[2].from_zone, 1);
    cr_expect_eq(design->faults[2].to_zone, 2);
    cr_expect_not(design->faults[1].enabled);
    cr_expect(design->faults[3].stochastic);
    cr_expect_float_eq(design->faults[3].factor, 3, 1e-12);
    text_release(&text);
    load_release(&load);
}

Test(scenario, consumers_get_their_topic_and_an_edge)
{
    struct load load;
    cr_assert(load_init(
        &load, "components:\n"
               "  web: {kind: service, operations: {go: [{publish: {to: bus.orders, units: 3}}]}}\n"
               "  bus: {kind: kafka, topics: {orders: {partitions: 3}}}\n"
               "  bill: {kind: service, consumes: {from: bus.orders, batch: 6, operation: pay},\n"
               "         operations: {pay: [{cpu: 1ms}]}}\n"
               "workloads: {w: {target: web.go, rate: 10/s}}\n"));
    const struct design *design = &load.scenario.design;
    cr_assert_eq(design->consumer_count, 1);
    cr_expect_str_eq(design->consumers[0].topic, "orders");
    cr_expect_str_eq(design->consumers[0].group, "bill");
    cr_expect_eq(design->consumers[0].batch, 6);
    cr_expect_eq(design->edge_count, 3);
    const struct component_design *bus = load_component(&load, "bus");
    cr_expect_eq(bus->replicas, 3, "as many as the model says");
    cr_expect_float_eq(load.scenario.capacity.rows[design_component(design, "bill")].rate, 5, 1e-9);
    load_release(&load);
}

Test(scenario, assumptions_are_listed)
{
    struct load load;
    cr_assert(load_init(&load,
                        "components: {q: {kind: station, service: 1ms, assumed: no figure}}\n"
                        "workloads: {w: {target: q, rate: 1/s, assumed: a guess}}\n"));
    cr_assert_eq(load.scenario.design.assumption_count, 2);
    cr_expect_str_eq(load.scenario.design.assumptions[0].why, "no figure");
    load_release(&load);
}

Test(scenario, the_examples_load)
{
    static const char *const paths[] = {
        "scenarios/examples/minimal.yaml", "scenarios/examples/newsroom.yaml",
        "scenarios/examples/queue.yaml", "scenarios/examples/webshop.yaml",
        "scenarios/examples/inventory.yaml"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct diagnostic_list diagnostics;
        struct scenario scenario;
        diagnostic_init(&diagnostics);
        cr_expect(scenario_load(&scenario, paths[i], NULL, load_catalog(), &diagnostics), "%s",
                  paths[i]);
        scenario_release(&scenario);
        diagnostic_release(&diagnostics);
    }
}
