// twin - closed forms that stand beside the simulation where they are in reach.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Erlang B: the probability that `servers` servers with `offered` erlangs are all busy, by the
// stable recursion 1/B(c) = 1 + c / (a B(c-1)).
double twin_erlang_b(uint32_t servers, double offered);

// Erlang C: the probability of waiting, offered < servers.
double twin_erlang_c(uint32_t servers, double offered);

// Mean wait of M/M/c; s.
double twin_mmc_wait(uint32_t servers, double rate, double mean_s);

// Mean wait of M/G/1 (Pollaczek-Khinchine), variance of service in s^2.
double twin_mg1_wait(double rate, double mean_s, double variance_s2);
