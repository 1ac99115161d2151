// queueing - what is known of queues by formula: waits, closed networks, and bounds of both.
//
// Times are in one unit of the caller's. `a` is the offered load in servers: arrivals x mean
// service. ca2 and cs2 are squared coefficients of variation of the times between arrivals and of
// the services. Sources: A. K. Erlang 1917; J. F. C. Kingman 1962 and 1970; A. O. Allen 1990 (with
// J. Cunneen); J. P. Buzen 1973 (the mean values of M. Reiser and S. S. Lavenberg, without their
// loss of digits at stations of many servers); E. D. Lazowska and others, Quantitative System
// Performance, 1984, chapter 5.
#pragma once

#include <stdint.h>

// Probability that a request is refused in M/M/c/c, that it waits in M/M/c (1 where a >= c).
double queueing_erlang_b(uint32_t servers, double a);
double queueing_erlang_c(uint32_t servers, double a);

struct queueing_station {
    uint32_t servers;
    double a;       // offered load
    double service; // mean
    double ca2, cs2;
};

// Mean wait of GI/G/c after Allen and Cunneen: exact for M/M/c and M/G/1, else an approximation.
// INFINITY where a >= c.
double queueing_wait(const struct queueing_station *station);
// The wait that a share of the requests (0 < share < 1) does not exceed, with the same mean and the
// same probability of waiting, and an exponential tail: exact for M/M/c, else an approximation.
double queueing_wait_quantile(const struct queueing_station *station, double share);
// Kingman: what the mean wait of GI/G/c in order of arrival never exceeds.
double queueing_wait_most(const struct queueing_station *station);

struct queueing_visit { // of a customer at a station of a closed network
    uint32_t servers;
    double demand; // service of a whole turn
};

struct queueing_closed {
    uint32_t count;
    const struct queueing_visit *visits;
    double customers, think;
};

struct queueing_bounds {
    double least_response, most_throughput; // true in every network, in the mean
    double most_response, least_throughput; // balanced-job: true in product-form networks
};

enum { QUEUEING_EXACT = 400 }; // customers

// Mean response of a turn: exact for up to QUEUEING_EXACT customers (in product form: exponential
// services in order of arrival, or processor sharing); with more, that of the open network in which
// as many are, an approximation that they make better.
double queueing_closed_response(const struct queueing_closed *network);
// Asymptotic bounds (the best that is possible), and balanced-job bounds; a station of several
// servers counts in the latter as a fast one and a delay, which is an approximation.
struct queueing_bounds queueing_closed_bounds(const struct queueing_closed *network);
