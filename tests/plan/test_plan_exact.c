// test_plan_exact - plans of textbook problems equal the exact integer optimum by formula.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/plan/solve.h"

// ---- formulas, written out once more -----------------------------------------------------------

static double factorial(uint32_t n)
{
    return n == 0 ? 1.0 : tgamma((double)n + 1.0);
}

// Probability of waiting in M/M/c as a sum over its states.
static double waiting(uint32_t c, double a)
{
    double sum = 0.0;
    for (uint32_t n = 0; n < c; n++) {
        sum += pow(a, n) / factorial(n);
    }
    const double all = pow(a, c) / factorial(c) * c / (c - a);
    return all / (sum + all);
}

static double mean_time(uint32_t c, double rate, double service)
{
    const double a = rate * service;
    return a >= c ? INFINITY : service + waiting(c, a) * service / (c - a);
}

// P(T > t) of M/M/c in order of arrival.
static double slower(uint32_t c, double rate, double service, double t)
{
    const double a = rate * service, spare = c - a - 1.0, x = t / service;
    if (a >= c) {
        return 1.0;
    }
    if (fabs(spare) < 1e-9) {
        return exp(-x) * (1.0 + waiting(c, a) * x);
    }
    return exp(-x) * (1.0 + waiting(c, a) * (1.0 - exp(-x * spare)) / spare);
}

// Share of arrivals that find M/M/c/K full.
static double lost(uint32_t c, uint32_t capacity, double a)
{
    double sum = 0.0, term = 1.0;
    for (uint32_t n = 0; n <= capacity; n++) {
        term = n == 0 ? 1.0 : term * a / (n < c ? n : c);
        sum += term;
    }
    return term / sum;
}

// At least k of n hold.
static double at_least(uint32_t k, uint32_t n, double p)
{
    double sum = 0.0;
    for (uint32_t i = k; i <= n; i++) {
        sum += factorial(n) / factorial(i) / factorial(n - i) * pow(p, i) * pow(1.0 - p, n - i);
    }
    return sum;
}

// ---- one problem -------------------------------------------------------------------------------

// The limits stand clear of what the sizes around the optimum give, so that the runs can decide.
static uint32_t planned(const char *yaml, bool *neighbour_fails)
{
    struct solve solve;
    solve_init(&solve, yaml, NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    const uint32_t value = solve_value(&solve, 0);
    const struct plan *plan = &solve.plan;
    *neighbour_fails =
        plan->best != NULL &&
        (plan->best->at[0] == 0 || (plan->next[0] != NULL && plan->next[0]->failing != NULL &&
                                    plan->next[0]->failing->verdict != VERDICT_PASS));
    solve_release(&solve);
    return value;
}

static void expect(const char *what, const char *yaml, uint32_t exact)
{
    bool neighbour_fails;
    const uint32_t found = planned(yaml, &neighbour_fails);
    cr_expect_eq(found, exact, "%s: %u, exactly %u", what, found, exact);
    cr_expect(neighbour_fails, "%s: nothing says why one less fails", what);
}

static void station_text(struct text *yaml, double rate, double service_ms, const char *more,
                         const char *objective)
{
    text_format(yaml,
                "params: {%c: 1}\n"
                "simulation: {duration: %.0fs, warmup: 5s, replications: 10, seed: 7,"
                " resolution: 5s}\n"
                "components:\n"
                "  desk: {kind: station, service: exp(mean=%.6gms), %s}\n"
                "workloads: {people: {target: desk, rate: %.6g/s}}\n"
                "slos: [{name: goal, target: people, objectives: [\"%s\"]}]\n",
                strstr(more, "$k") == NULL ? 'c' : 'k', 180000.0 / rate, service_ms, more, rate,
                objective);
}

Test(plan_exact, servers_for_a_mean_time)
{
    static const struct {
        double rate, service_ms, limit_ms;
    } cases[] = {{500, 2, 4},   {500, 4, 6},    {900, 10, 12},  {900, 10, 20},
                 {300, 30, 31}, {1000, 20, 22}, {100, 40, 100}, {2000, 15, 15.2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml, goal;
        uint32_t exact = 1;
        while (mean_time(exact, cases[i].rate, cases[i].service_ms / 1e3) >=
               cases[i].limit_ms / 1e3) {
            exact++;
        }
        text_init(&yaml);
        text_init(&goal);
        text_format(&goal, "mean < %.6gms", cases[i].limit_ms);
        station_text(&yaml, cases[i].rate, cases[i].service_ms, "servers: $c", text_get(&goal));
        text_add(&yaml, "plan: {vary: {c: 1..60}, headroom: 0%, minimize: cores}\n");
        expect(text_get(&goal), text_get(&yaml), exact);
        text_release(&yaml);
        text_release(&goal);
    }
}

Test(plan_exact, servers_for_a_percentile)
{
    static const struct {
        double rate, service_ms, limit_ms;
    } cases[] = {{500, 4, 30}, {900, 10, 60}, {200, 20, 100}, {1500, 8, 42}, {50, 100, 700}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml, goal;
        uint32_t exact = 1;
        while (slower(exact, cases[i].rate, cases[i].service_ms / 1e3, cases[i].limit_ms / 1e3) >
               0.01) {
            exact++;
        }
        text_init(&yaml);
        text_init(&goal);
        text_format(&goal, "p(99) < %.6gms", cases[i].limit_ms);
        station_text(&yaml, cases[i].rate, cases[i].service_ms, "servers: $c", text_get(&goal));
        text_add(&yaml, "plan: {vary: {c: 1..40}, headroom: 0%, minimize: cores}\n");
        expect(text_get(&goal), text_get(&yaml), exact);
        text_release(&yaml);
        text_release(&goal);
    }
}

Test(plan_exact, servers_for_a_loss)
{
    static const struct {
        double rate, service_ms, goal;
        uint32_t capacity;
    } cases[] = {{1000, 10, 0.99, 30}, {1000, 10, 0.9, 30}, {500, 20, 0.95, 24}, {800, 5, 0.6, 12}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml, more, goal;
        const double a = cases[i].rate * cases[i].service_ms / 1e3;
        uint32_t exact = 1;
        while (1.0 - lost(exact, cases[i].capacity, a) < cases[i].goal) {
            exact++;
        }
        text_init(&yaml);
        text_init(&more);
        text_init(&goal);
        text_format(&more, "servers: $c, queue: {capacity: %u}", cases[i].capacity);
        text_format(&goal, "success >= %.6g%%", cases[i].goal * 100.0);
        station_text(&yaml, cases[i].rate, cases[i].service_ms, text_get(&more), text_get(&goal));
        text_format(&yaml, "plan: {vary: {c: 1..%u}, headroom: 0%%, minimize: cores}\n",
                    cases[i].capacity);
        expect(text_get(&goal), text_get(&yaml), exact);
        text_release(&yaml);
        text_release(&more);
        text_release(&goal);
    }
}

Test(plan_exact, places_for_a_loss)
{
    static const struct {
        double rate, service_ms, goal;
        uint32_t servers;
    } cases[] = {{800, 1, 0.95, 1}, {900, 10, 0.98, 10}, {450, 10, 0.985, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml, more, goal;
        const double a = cases[i].rate * cases[i].service_ms / 1e3;
        uint32_t exact = cases[i].servers;
        while (1.0 - lost(cases[i].servers, exact, a) < cases[i].goal) {
            exact++;
        }
        text_init(&yaml);
        text_init(&more);
        text_init(&goal);
        text_format(&more, "servers: %u, queue: {capacity: $k}", cases[i].servers);
        text_format(&goal, "success >= %.6g%%", cases[i].goal * 100.0);
        station_text(&yaml, cases[i].rate, cases[i].service_ms, text_get(&more), text_get(&goal));
        text_format(&yaml, "plan: {vary: {k: %u..80}, headroom: 0%%, minimize: cores}\n",
                    cases[i].servers);
        expect(text_get(&goal), text_get(&yaml), exact);
        text_release(&yaml);
        text_release(&more);
        text_release(&goal);
    }
}

// ---- k of n ------------------------------------------------------------------------------------

// One of n tries suffices.
Test(plan_exact, tries_for_a_success)
{
    static const struct {
        double fails, goal;
    } cases[] = {{0.3, 0.98}, {0.1, 0.995}, {0.5, 0.99}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml;
        uint32_t exact = 1;
        while (at_least(1, exact, 1.0 - cases[i].fails) < cases[i].goal) {
            exact++;
        }
        text_init(&yaml);
        text_format(&yaml,
                    "params: {n: 1}\n"
                    "simulation: {duration: 30s, warmup: 1s, replications: 10, seed: 7}\n"
                    "components:\n"
                    "  front:\n    kind: service\n    operations:\n      ask:\n"
                    "        - call: {to: store.get, retry: {attempts: $n, backoff: 0.1ms,"
                    " factor: 1, jitter: none, on: [error]}}\n        - reply: 0B\n"
                    "  store:\n    kind: service\n"
                    "    detection: {ejection: {enabled: false}}\n    operations:\n      get:\n"
                    "        - choose: {%.6g%%: [{fail: error}], otherwise: [{reply: 0B}]}\n"
                    "workloads: {people: {target: front.ask, rate: 1000/s}}\n"
                    "slos: [{name: goal, target: people, objectives: [\"success >= %.6g%%\"]}]\n"
                    "plan: {vary: {n: 1..12}, headroom: 0%%, minimize: cores}\n",
                    cases[i].fails * 100.0, cases[i].goal * 100.0);
        expect("tries", text_get(&yaml), exact);
        text_release(&yaml);
    }
}

static void add_branches(struct text *yaml, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        text_add(yaml, "              - call: {to: store.get}\n");
    }
}

// The strictest quorum of n replicas that each answer with some probability: the values run from
// the strictest down.
Test(plan_exact, quorum_for_a_success)
{
    static const struct {
        uint32_t n;
        double good, goal;
    } cases[] = {{5, 0.9, 0.98}, {7, 0.8, 0.95}, {9, 0.95, 0.999}, {3, 0.97, 0.99}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml;
        uint32_t exact = cases[i].n;
        while (at_least(exact, cases[i].n, cases[i].good) < cases[i].goal) {
            exact--;
        }
        text_init(&yaml);
        text_add(&yaml, "params: {k: 1}\n"
                        "simulation: {duration: 30s, warmup: 1s, replications: 10, seed: 7}\n"
                        "components:\n"
                        "  front:\n    kind: service\n    operations:\n      ask:\n"
                        "        - parallel:\n            need: $k\n            branches:\n");
        add_branches(&yaml, cases[i].n);
        text_format(&yaml,
                    "        - reply: 0B\n"
                    "  store:\n    kind: service\n"
                    "    detection: {ejection: {enabled: false}}\n    operations:\n      get:\n"
                    "        - choose: {%.6g%%: [{fail: error}], otherwise: [{reply: 0B}]}\n"
                    "workloads: {people: {target: front.ask, rate: 1000/s}}\n"
                    "slos: [{name: goal, target: people, objectives: [\"success >= %.6g%%\"]}]\n"
                    "plan: {headroom: 0%%, minimize: cores, vary: {k: [",
                    100.0 - cases[i].good * 100.0, cases[i].goal * 100.0);
        for (uint32_t k = cases[i].n; k > 0; k--) {
            text_format(&yaml, "%u%s", k, k > 1 ? ", " : "]}}\n");
        }
        expect("quorum", text_get(&yaml), exact);
        text_release(&yaml);
    }
}

// k replicas carry the load: so many that k are left when any zone is lost.
Test(plan_exact, replicas_that_survive_a_zone)
{
    static const struct {
        double rate, service_ms, limit;
        uint32_t zones;
    } cases[] = {{1000, 4, 0.75, 3}, {1000, 4, 0.6, 2}, {700, 10, 0.85, 4}, {1500, 4, 0.7, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text yaml;
        const double a = cases[i].rate * cases[i].service_ms / 1e3;
        uint32_t exact = 1, left = 0;
        while (left == 0 || a / left >= cases[i].limit) {
            exact++;
            left = exact - (exact + cases[i].zones - 1) / cases[i].zones;
        }
        text_init(&yaml);
        text_add(&yaml, "params: {n: 1}\n"
                        "simulation: {duration: 50s, warmup: 40s, replications: 10, seed: 7}\n"
                        "topology: {regions: {r: [");
        for (uint32_t z = 0; z < cases[i].zones; z++) {
            text_format(&yaml, "z%u%s", z, z + 1 < cases[i].zones ? ", " : "]}}\n");
        }
        text_format(
            &yaml,
            "components:\n"
            "  desk:\n    kind: service\n    replicas: $n\n    cores: 1\n    operations:\n"
            "      serve: [{cpu: %.6gms}, {reply: 0B}]\n"
            "workloads: {people: {target: desk.serve, rate: %.6g/s}}\n"
            "slos: [{name: goal, target: desk, objectives: [\"utilization(max) < %.6g%%\"]}]\n"
            "plan: {vary: {n: 1..30}, under: [none, each-zone], headroom: 0%%, minimize: "
            "cores}\n",
            cases[i].service_ms, cases[i].rate, cases[i].limit * 100.0);
        expect("replicas", text_get(&yaml), exact);
        text_release(&yaml);
    }
}

// ---- a network ---------------------------------------------------------------------------------

enum { STATIONS = 4, LARGEST = 12 };

static const double visits[STATIONS] = {1.3, 1.0, 0.4, 1.0};
static const double service_s[STATIONS] = {0.004, 0.010, 0.015, 0.006};
static const double prices[STATIONS] = {1.0, 2.3, 1.7, 3.1};
static const double network_rate = 500.0, network_limit_s = 0.0345;

static double network_time(const uint32_t *servers)
{
    double sum = 0.0;
    for (uint32_t s = 0; s < STATIONS; s++) {
        sum += visits[s] * mean_time(servers[s], network_rate * visits[s], service_s[s]);
    }
    return sum;
}

// Every combination by formula.
static double brute_force(uint32_t *best)
{
    double cheapest = INFINITY;
    for (uint32_t code = 0; code < LARGEST * LARGEST * LARGEST * LARGEST; code++) {
        uint32_t servers[STATIONS], rest = code;
        double cost = 0.0;
        for (uint32_t s = 0; s < STATIONS; s++) {
            servers[s] = 1 + rest % LARGEST;
            rest /= LARGEST;
            cost += prices[s] * servers[s];
        }
        if (cost < cheapest && network_time(servers) < network_limit_s) {
            cheapest = cost;
            for (uint32_t s = 0; s < STATIONS; s++) {
                best[s] = servers[s];
            }
        }
    }
    return cheapest;
}

static const char network[] =
    "params: {c0: 12, c1: 12, c2: 12, c3: 12}\n"
    "simulation: {duration: 85s, warmup: 5s, replications: 10, seed: 7, resolution: 5s}\n"
    "components:\n"
    "  front:\n    kind: service\n    operations:\n      ask:\n"
    "        - call: {to: s0}\n"
    "        - call: {to: s1}\n"
    "        - choose: {40%: [{call: {to: s2}}], otherwise: []}\n"
    "        - call: {to: s3}\n"
    "        - choose: {30%: [{call: {to: s0}}], otherwise: []}\n"
    "        - reply: 0B\n"
    "  s0: {kind: station, servers: $c0, service: exp(mean=4ms)}\n"
    "  s1: {kind: station, servers: $c1, service: exp(mean=10ms)}\n"
    "  s2: {kind: station, servers: $c2, service: exp(mean=15ms)}\n"
    "  s3: {kind: station, servers: $c3, service: exp(mean=6ms)}\n"
    "workloads: {people: {target: front.ask, rate: 500/s}}\n"
    "slos: [{name: goal, target: people, objectives: [\"mean < 34.5ms\"]}]\n"
    "plan:\n"
    "  vary: {c0: 1..12, c1: 1..12, c2: 1..12, c3: 1..12}\n"
    "  prices: {s0: 1.0/h, s1: 2.3/h, s2: 1.7/h, s3: 3.1/h}\n"
    "  headroom: 0%\n";

Test(plan_exact, a_jackson_network_as_by_brute_force)
{
    uint32_t exact[STATIONS] = {0};
    const double cheapest = brute_force(exact);
    struct solve solve;
    solve_init(&solve, network, NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    cr_assert_not_null(solve.plan.best);
    cr_expect_float_eq(solve.plan.best->cost, cheapest, 1e-9, "%g, exactly %g",
                       solve.plan.best->cost, cheapest);
    for (uint32_t s = 0; s < STATIONS; s++) {
        cr_expect_eq(solve_value(&solve, s), exact[s], "station %u: %u, exactly %u", s,
                     solve_value(&solve, s), exact[s]);
        cr_expect_eq(solve.plan.next[s]->fate, PLAN_FAILS);
    }
    cr_expect_lt(solve.plan.simulated, LARGEST * LARGEST * LARGEST * LARGEST / 10);
    solve_release(&solve);
}

// With more variables than are searched in combination; here each has an objective of its own, so
// what cannot be lowered anywhere is the cheapest.
Test(plan_exact, many_stations_one_by_one)
{
    static const double services_ms[] = {2, 4, 6, 8, 10, 14, 20, 30};
    enum { COUNT = sizeof services_ms / sizeof services_ms[0] };
    struct text params, calls, stations, goals, vary, yaml;
    struct text *const parts[] = {&params, &calls, &stations, &goals, &vary, &yaml};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_init(parts[i]);
    }
    uint32_t exact[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        const double limit_ms = services_ms[i] * 1.3;
        exact[i] = 1;
        while (mean_time(exact[i], 400, services_ms[i] / 1e3) >= limit_ms / 1e3) {
            exact[i]++;
        }
        text_format(&params, "%sc%u: 40", i == 0 ? "" : ", ", i);
        text_format(&vary, "%sc%u: 1..40", i == 0 ? "" : ", ", i);
        text_format(&calls, "        - call: {to: s%u}\n", i);
        text_format(&stations, "  s%u: {kind: station, servers: $c%u, service: exp(mean=%.6gms)}\n",
                    i, i, services_ms[i]);
        text_format(&goals, "  - {name: g%u, target: s%u, objectives: [\"mean < %.6gms\"]}\n", i, i,
                    limit_ms);
    }
    text_format(&yaml,
                "params: {%s}\n"
                "simulation: {duration: 105s, warmup: 5s, replications: 10, seed: 7}\n"
                "components:\n  front:\n    kind: service\n    operations:\n      ask:\n%s"
                "        - reply: 0B\n%s"
                "workloads: {people: {target: front.ask, rate: 400/s}}\nslos:\n%s"
                "plan: {headroom: 0%%, minimize: cores, vary: {%s}}\n",
                text_get(&params), text_get(&calls), text_get(&stations), text_get(&goals),
                text_get(&vary));
    struct solve solve;
    solve_init(&solve, text_get(&yaml), NULL);
    cr_assert(solve.good, "%s", text_get(&solve.wrong));
    cr_assert(solve.plan.is_local);
    // formulas begin at the answer: the largest, it and its neighbours are all that is simulated
    cr_expect_eq(solve.plan.simulated, COUNT + 2);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_expect_eq(solve_value(&solve, i), exact[i], "station %u: %u, exactly %u", i,
                     solve_value(&solve, i), exact[i]);
        cr_expect_not_null(solve.plan.next[i]);
    }
    solve_release(&solve);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_release(parts[i]);
    }
}
