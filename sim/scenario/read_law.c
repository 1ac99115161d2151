// read_law - the table of laws: their arguments, the forms they come in, how they are made.
#include "sim/scenario/read_law.h"

#include <stddef.h>
#include <string.h>

#include "sim/base/suggest.h"

static struct distribution make_constant(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return distribution_constant(values[0]);
}

static struct distribution make_exponential(struct arena *arena, const double *values,
                                            uint32_t given)
{
    (void)arena;
    (void)given;
    return distribution_exponential(values[0]);
}

static struct distribution make_gamma(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return distribution_gamma_cv(values[0], values[1]);
}

static struct distribution make_lognormal(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    return (given & 3u) != 0 ? distribution_lognormal_p99(values[0], values[1])
                             : distribution_lognormal_cv(values[2], values[3]);
}

static struct distribution make_weibull(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){.kind = DISTRIBUTION_WEIBULL, .a = values[0], .shape = values[1]};
}

static struct distribution make_erlang(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return distribution_erlang((uint64_t)values[0], values[1]);
}

static struct distribution make_pareto(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){.kind = DISTRIBUTION_PARETO, .a = values[0], .shape = values[1]};
}

static struct distribution make_uniform(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){.kind = DISTRIBUTION_UNIFORM, .a = values[0], .b = values[1]};
}

static struct distribution make_normal(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){.kind = DISTRIBUTION_NORMAL, .a = values[0], .b = values[1]};
}

static struct distribution make_hyperexponential(struct arena *arena, const double *values,
                                                 uint32_t given)
{
    (void)given;
    struct distribution_pair *pair = arena_take(arena, sizeof *pair);
    return distribution_hyperexponential(values[0], values[1], pair);
}

static struct distribution make_geometric(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){.kind = DISTRIBUTION_GEOMETRIC, .a = values[0]};
}

static struct distribution make_zipf(struct arena *arena, const double *values, uint32_t given)
{
    (void)arena;
    (void)given;
    return (struct distribution){
        .kind = DISTRIBUTION_ZIPF, .n = (uint64_t)values[0], .shape = values[1]};
}

static const struct read_law laws[] = {
    {
        .name = "const",
        .shown = "value",
        .example = "const(5ms), or just 5ms",
        .arguments = {{"value", NULL, LAW_VALUE}},
        .forms = {1},
        .positional = true,
        .make = make_constant,
    },
    {
        .name = "exp",
        .shown = "mean",
        .example = "exp(mean=1ms)",
        .arguments = {{"mean", NULL, LAW_VALUE}},
        .forms = {1},
        .positional = true,
        .make = make_exponential,
    },
    {
        .name = "gamma",
        .shown = "mean, cv",
        .example = "gamma(mean=3ms, cv=0.8)",
        .arguments = {{"mean", NULL, LAW_VALUE}, {"cv", NULL, LAW_NUMBER}},
        .forms = {3},
        .make = make_gamma,
    },
    {
        .name = "lognormal",
        .shown = "median, p99 or mean, cv",
        .example = "lognormal(median=4ms, p99=30ms)",
        .arguments = {{"median", NULL, LAW_VALUE},
                      {"p99", NULL, LAW_VALUE},
                      {"mean", NULL, LAW_VALUE},
                      {"cv", NULL, LAW_NUMBER}},
        .forms = {3, 12},
        .make = make_lognormal,
    },
    {
        .name = "weibull",
        .shown = "scale, shape",
        .example = "weibull(scale=3ms, shape=1.4)",
        .arguments = {{"scale", NULL, LAW_VALUE}, {"shape", NULL, LAW_NUMBER}},
        .forms = {3},
        .make = make_weibull,
    },
    {
        .name = "erlang",
        .shown = "k, mean",
        .example = "erlang(k=2, mean=3ms)",
        .arguments = {{"k", NULL, LAW_COUNT}, {"mean", NULL, LAW_VALUE}},
        .forms = {3},
        .make = make_erlang,
    },
    {
        .name = "pareto",
        .shown = "min, alpha",
        .example = "pareto(min=1ms, alpha=2.5)",
        .arguments = {{"min", NULL, LAW_VALUE}, {"alpha", NULL, LAW_NUMBER}},
        .forms = {3},
        .make = make_pareto,
    },
    {
        .name = "uniform",
        .shown = "min, max",
        .example = "uniform(min=1ms, max=3ms)",
        .arguments = {{"min", "low", LAW_VALUE}, {"max", "high", LAW_VALUE}},
        .forms = {3},
        .make = make_uniform,
    },
    {
        .name = "normal+",
        .shown = "mean, sd",
        .example = "normal+(mean=5ms, sd=1ms)",
        .arguments = {{"mean", NULL, LAW_VALUE}, {"sd", NULL, LAW_VALUE}},
        .forms = {3},
        .make = make_normal,
    },
    {
        .name = "hyperexponential",
        .shown = "mean, cv",
        .example = "hyperexponential(mean=2ms, cv=3)",
        .arguments = {{"mean", NULL, LAW_VALUE}, {"cv", NULL, LAW_NUMBER}},
        .forms = {3},
        .make = make_hyperexponential,
    },
    {
        .name = "empirical",
        .shown = "file",
        .example = "empirical(measured.csv)",
        .arguments = {{"file", NULL, LAW_FILE}},
        .forms = {1},
        .positional = true,
    },
    {
        .name = "mix",
        .shown = "weight*law + weight*law ...",
        .example = "mix(0.9*exp(mean=1ms) + 0.1*exp(mean=20ms))",
        .arguments = {{"of", NULL, LAW_SUM}},
        .forms = {1},
        .positional = true,
    },
    {
        .name = "geometric",
        .shown = "mean",
        .example = "geometric(mean=3)",
        .arguments = {{"mean", NULL, LAW_NUMBER}},
        .forms = {1},
        .positional = true,
        .counts_only = true,
        .make = make_geometric,
    },
    {
        .name = "zipf",
        .shown = "n, s",
        .example = "zipf(n=1000000, s=1.1)",
        .arguments = {{"n", NULL, LAW_COUNT}, {"s", NULL, LAW_NUMBER}},
        .forms = {3},
        .counts_only = true,
        .make = make_zipf,
    },
};

enum { LAWS = sizeof laws / sizeof laws[0] };

const struct read_law *read_law_at(uint32_t index)
{
    return index < LAWS ? &laws[index] : NULL;
}

const struct read_law *read_law_find(const char *name)
{
    for (uint32_t i = 0; i < LAWS; i++) {
        if (strcmp(laws[i].name, name) == 0) {
            return &laws[i];
        }
    }
    return NULL;
}

const char *read_law_nearest(const char *name)
{
    const char *names[LAWS];
    for (uint32_t i = 0; i < LAWS; i++) {
        names[i] = laws[i].name;
    }
    static const struct {
        const char *said, *meant;
    } others[] = {{"exponential", "exp"},
                  {"constant", "const"},
                  {"normal", "normal+"},
                  {"fixed", "const"},
                  {"gaussian", "normal+"}};
    for (uint32_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].said, name) == 0) {
            return others[i].meant;
        }
    }
    return suggest_nearest(name, names, LAWS);
}

uint32_t read_law_argument(const struct read_law *law, const char *name)
{
    uint32_t i = 0;
    for (; i < LAW_ARGUMENTS && law->arguments[i].name != NULL; i++) {
        const struct read_law_argument *argument = &law->arguments[i];
        if (strcmp(argument->name, name) == 0 ||
            (argument->other != NULL && strcmp(argument->other, name) == 0)) {
            return i;
        }
    }
    return LAW_ARGUMENTS;
}
