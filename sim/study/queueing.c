// queueing - what is known of queues by formula: waits, closed networks, and bounds of both.
#include "sim/study/queueing.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/math.h"

// ---- open --------------------------------------------------------------------------------------

double queueing_erlang_b(uint32_t servers, double a)
{
    double blocked = 1.0;
    for (uint32_t n = 1; n <= servers; n++) {
        blocked = a * blocked / (n + a * blocked);
    }
    return blocked;
}

double queueing_erlang_c(uint32_t servers, double a)
{
    if (a >= servers) {
        return 1.0;
    }
    const double blocked = queueing_erlang_b(servers, a);
    return servers * blocked / (servers - a * (1.0 - blocked));
}

double queueing_wait(const struct queueing_station *station)
{
    const double spare = station->servers - station->a;
    if (!(spare > 0.0)) {
        return (double)INFINITY;
    }
    return queueing_erlang_c(station->servers, station->a) * station->service / spare *
           (station->ca2 + station->cs2) / 2.0;
}

double queueing_wait_quantile(const struct queueing_station *station, double share)
{
    const double waits = queueing_erlang_c(station->servers, station->a);
    const double mean = queueing_wait(station);
    if (isinf(mean) || waits <= 1.0 - share) {
        return isinf(mean) ? mean : 0.0;
    }
    return mean / waits * math_log(waits / (1.0 - share));
}

double queueing_wait_most(const struct queueing_station *station)
{
    const double c = station->servers, rho = station->a / c, service = station->service;
    if (!(rho < 1.0)) {
        return (double)INFINITY;
    }
    if (!(rho > 0.0)) {
        return 0.0;
    }
    const double rate = station->a / service;
    const double arrivals = station->ca2 / (rate * rate);
    const double services = service * service * (station->cs2 / c + (c - 1.0) / (c * c));
    return rate * (arrivals + services) / (2.0 * (1.0 - rho));
}

// ---- closed ------------------------------------------------------------------------------------

struct queueing_bounds queueing_closed_bounds(const struct queueing_closed *network)
{
    const double n = network->customers, z = network->think;
    double whole = 0.0, rated = 0.0, most = 0.0, delay = 0.0;
    for (uint32_t i = 0; i < network->count; i++) {
        const double demand = network->visits[i].demand, each = demand / network->visits[i].servers;
        whole += demand;
        rated += each;
        delay += demand - each;
        most = each > most ? each : most;
    }
    struct queueing_bounds bounds = {.least_response = fmax(whole, n * most - z)};
    bounds.most_throughput = n / (bounds.least_response + z);
    const double paused = z + delay;
    const double slowed = rated > 0.0 ? (n - 1.0) * most / (1.0 + paused / (n * rated)) : 0.0;
    bounds.most_response = whole + slowed;
    bounds.least_throughput = n / (bounds.most_response + z);
    return bounds;
}

// Unscaled chances of 0 .. most customers at a station that is offered so much work; the largest is
// 1. A station with as many servers as customers is a delay.
static void fill_chances(double *chances, uint32_t most, double work, double servers)
{
    const double mode = work < servers ? floor(work) : most;
    const uint32_t peak = mode < most ? (uint32_t)mode : most;
    chances[peak] = 1.0;
    for (uint32_t n = peak; n < most; n++) {
        chances[n + 1] = chances[n] * work / fmin(n + 1.0, servers);
    }
    for (uint32_t n = peak; n > 0; n--) {
        chances[n - 1] = work > 0.0 ? chances[n] * fmin(n, servers) / work : 0.0;
    }
}

// The chances of a sum; the largest is 1 again.
static void convolve(double *sum, const double *more, uint32_t most)
{
    double largest = 0.0;
    for (uint32_t n = most + 1; n-- > 0;) {
        double chance = 0.0;
        for (uint32_t k = 0; k <= n; k++) {
            chance += sum[k] * more[n - k];
        }
        sum[n] = chance;
        largest = fmax(largest, chance);
    }
    for (uint32_t n = 0; n <= most; n++) {
        sum[n] /= largest;
    }
}

// J. P. Buzen's convolution, in which every station has the chances that it would have at a
// throughput near that of the network: nothing is subtracted, and nothing grows out of bounds.
static double exact_throughput(const struct queueing_closed *network, double near)
{
    const uint32_t most = (uint32_t)network->customers;
    double *sum = check_calloc(2 * (most + 1u), sizeof *sum), *more = sum + most + 1;
    fill_chances(sum, most, near * network->think, (double)INFINITY);
    for (uint32_t i = 0; i < network->count; i++) {
        const struct queueing_visit *visit = &network->visits[i];
        fill_chances(more, most, near * visit->demand, visit->servers);
        convolve(sum, more, most);
    }
    const double throughput = near * sum[most - 1] / sum[most];
    free(sum);
    return throughput;
}

// The throughput at which as many customers would be in an open network.
static double fixed_throughput(const struct queueing_closed *network, double most)
{
    double low = 0.0, high = most;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2.0;
        double inside = network->think;
        for (uint32_t v = 0; v < network->count; v++) {
            const struct queueing_visit *visit = &network->visits[v];
            const struct queueing_station station = {visit->servers, middle * visit->demand,
                                                     visit->demand, 1.0, 1.0};
            inside += visit->demand + queueing_wait(&station);
        }
        low = middle * inside < network->customers ? middle : low;
        high = middle * inside < network->customers ? high : middle;
    }
    return low;
}

double queueing_closed_response(const struct queueing_closed *network)
{
    const double near = queueing_closed_bounds(network).most_throughput;
    if (network->customers < 1.0 || !isfinite(near)) {
        return 0.0;
    }
    const double throughput = network->customers <= QUEUEING_EXACT
                                  ? exact_throughput(network, near)
                                  : fixed_throughput(network, near);
    return network->customers / throughput - network->think;
}
