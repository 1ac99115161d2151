// test_queueing - formulas of queues against values that are known otherwise.
#include <criterion/criterion.h>
#include <math.h>

#include "sim/study/queueing.h"

static void same(double one, double other, const char *what)
{
    cr_expect_float_eq(one, other, 1e-9 * fmax(1.0, fabs(other)), "%s: %.12g, not %.12g", what, one,
                       other);
}

Test(queueing, erlang_as_in_the_tables)
{
    // B(5, 3) = (3^5/5!) / (1 + 3 + 9/2 + 27/6 + 81/24 + 243/120)
    same(queueing_erlang_b(5, 3.0), 2.025 / 18.4, "B(5, 3)");
    // C(2, 1) = 1/3, C(1, a) = a
    same(queueing_erlang_c(2, 1.0), 1.0 / 3.0, "C(2, 1)");
    same(queueing_erlang_c(1, 0.7), 0.7, "C(1, 0.7)");
    same(queueing_erlang_c(3, 3.0), 1.0, "C at full load");
}

Test(queueing, the_wait_is_exact_where_it_should_be)
{
    for (double rho = 0.1; rho < 1.0; rho += 0.2) {
        // M/M/1: rho/(1 - rho); M/D/1: half of it; M/G/1 after Pollaczek and Khinchine
        const struct queueing_station mm1 = {1, rho, 1.0, 1.0, 1.0}, md1 = {1, rho, 1.0, 1.0, 0.0},
                                      mg1 = {1, rho, 1.0, 1.0, 4.0};
        same(queueing_wait(&mm1), rho / (1 - rho), "M/M/1");
        same(queueing_wait(&md1), rho / (1 - rho) / 2, "M/D/1");
        same(queueing_wait(&mg1), rho / (1 - rho) * 2.5, "M/G/1");
        // M/M/1: P(W > t) = rho exp(-(1 - rho) t)
        const double t = queueing_wait_quantile(&mm1, 0.99);
        same(rho * exp(-(1 - rho) * t), 0.01, "the tail of M/M/1");
    }
    const struct queueing_station mm2 = {2, 1.0, 2.0, 1.0, 1.0}, full = {2, 2.0, 1.0, 1.0, 1.0},
                                  idle = {9, 0.5, 1.0, 1.0, 1.0};
    same(queueing_wait(&mm2), 2.0 / 3.0, "M/M/2");
    cr_expect(isinf(queueing_wait(&full)));
    cr_expect(isinf(queueing_wait_most(&full)));
    same(queueing_wait_quantile(&idle, 0.99), 0.0, "hardly anyone waits");
}

Test(queueing, kingman_is_never_below_the_wait)
{
    // GI/M/1 with Erlang-2 arrivals at rho: sigma solves s = (2 rho... )^2 of the transform
    for (double rho = 0.05; rho < 1.0; rho += 0.05) {
        double s = 0.5;
        for (int i = 0; i < 10000; i++) {
            const double x = 2 * rho / (2 * rho + 1 - s);
            s = x * x;
        }
        const double exact = s / (1 - s);
        const struct queueing_station em1 = {1, rho, 1.0, 0.5, 1.0};
        cr_expect_geq(queueing_wait_most(&em1), exact, "E2/M/1 at %g", rho);
        for (uint32_t c = 1; c < 30; c += 4) {
            for (double cs2 = 0.0; cs2 < 5.0; cs2 += 1.0) {
                const struct queueing_station any = {c, rho * c, 1.0, 1.0, cs2};
                cr_expect_geq(queueing_wait_most(&any) + 1e-12, queueing_wait(&any));
            }
        }
    }
    // D/D/1 does not wait, and the bound knows it
    const struct queueing_station dd1 = {1, 0.9, 1.0, 0.0, 0.0};
    same(queueing_wait_most(&dd1), 0.0, "D/D/1");
    // it is close at heavy load: M/M/1 at 0.99
    const struct queueing_station heavy = {1, 0.99, 1.0, 1.0, 1.0};
    cr_expect_lt(queueing_wait_most(&heavy), 1.02 * 99.0);
}

// Machines that break down and c who repair them: a birth and death process.
static double repair_response(uint32_t machines, uint32_t c, double demand, double think)
{
    double term = 1.0, sum = 1.0, busy = 0.0;
    for (uint32_t n = 1; n <= machines; n++) {
        term *= (machines - n + 1) * demand / think / (n < c ? n : c);
        const double scale = term > 1e200 ? 1e-200 : 1.0; // only their proportions count
        sum = (sum + term) * scale;
        busy = (busy + term * (n < c ? n : c)) * scale;
        term *= scale;
    }
    const double throughput = busy / sum / demand;
    return machines / throughput - think;
}

Test(queueing, mean_values_of_closed_networks_are_exact)
{
    static const uint32_t customers[] = {1, 2, 7, 40, 150, 400},
                          servers[] = {1, 2, 5, 8, 9, 12, 24};
    for (size_t i = 0; i < sizeof customers / sizeof customers[0]; i++) {
        for (size_t k = 0; k < sizeof servers / sizeof servers[0]; k++) {
            const struct queueing_visit desk = {servers[k], 0.3};
            const struct queueing_closed network = {1, &desk, customers[i], 5.0};
            same(queueing_closed_response(&network),
                 repair_response(customers[i], servers[k], 0.3, 5.0), "repairs");
        }
        // k balanced stations without think time: D (n + k - 1)
        const struct queueing_visit alike[] = {{1, 0.2}, {1, 0.2}, {1, 0.2}};
        const struct queueing_closed balanced = {3, alike, customers[i], 0.0};
        same(queueing_closed_response(&balanced), 0.2 * (customers[i] + 2), "balanced");
    }
}

Test(queueing, bounds_hold_the_mean_values_between_them)
{
    for (uint32_t n = 1; n < 200; n += 7) {
        for (double think = 0.0; think < 20.0; think += 4.0) {
            const struct queueing_visit visits[] = {{1, 0.5}, {1, 0.2}, {1, 0.9}};
            const struct queueing_closed network = {3, visits, n, think};
            const struct queueing_bounds bounds = queueing_closed_bounds(&network);
            const double response = queueing_closed_response(&network);
            cr_expect_leq(bounds.least_response, response + 1e-9);
            cr_expect_geq(bounds.most_response, response - 1e-9, "%u %g", n, think);
            cr_expect_geq(bounds.most_throughput, n / (response + think) - 1e-9);
            cr_expect_leq(bounds.least_throughput, n / (response + think) + 1e-9);
        }
    }
    // with several servers, too, nobody is faster than the asymptotes
    for (uint32_t n = 1; n < 200; n += 7) {
        const struct queueing_visit visits[] = {{4, 2.0}, {2, 0.7}};
        const struct queueing_closed network = {2, visits, n, 3.0};
        const double response = queueing_closed_response(&network);
        cr_expect_leq(queueing_closed_bounds(&network).least_response, response + 1e-9);
    }
}

Test(queueing, very_many_customers_are_as_in_an_open_network)
{
    const struct queueing_visit full = {3, 1.5};
    const struct queueing_closed crowd = {1, &full, 1e6, 10.0};
    cr_expect_float_eq(queueing_closed_response(&crowd), 1e6 * 0.5 - 10.0, 10.0);
    // off the most where the servers are just enough
    for (uint32_t c = 30; c <= 60; c += 5) {
        const struct queueing_visit desk = {c, 1.0};
        const struct queueing_closed network = {1, &desk, 1000, 20.0};
        const double exact = repair_response(1000, c, 1.0, 20.0);
        cr_expect_float_eq(queueing_closed_response(&network), exact, 0.12 * exact, "%u: %g, %g", c,
                           queueing_closed_response(&network), exact);
    }
}
