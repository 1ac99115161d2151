// twin - Erlang's and Pollaczek's formulas.
#include "sim/study/twin.h"

#include "sim/base/check.h"

double twin_erlang_b(uint32_t servers, double offered)
{
    double inverse = 1.0;
    for (uint32_t c = 1; c <= servers; c++) {
        inverse = 1.0 + inverse * (double)c / offered;
    }
    return 1.0 / inverse;
}

double twin_erlang_c(uint32_t servers, double offered)
{
    CHECK(offered < (double)servers);
    const double blocked = twin_erlang_b(servers, offered);
    const double load = offered / (double)servers;
    return blocked / (1.0 - load * (1.0 - blocked));
}

double twin_mmc_wait(uint32_t servers, double rate, double mean_s)
{
    const double offered = rate * mean_s;
    return twin_erlang_c(servers, offered) * mean_s / ((double)servers - offered);
}

double twin_mg1_wait(double rate, double mean_s, double variance_s2)
{
    CHECK(rate * mean_s < 1.0);
    return rate * (variance_s2 + mean_s * mean_s) / (2.0 * (1.0 - rate * mean_s));
}
