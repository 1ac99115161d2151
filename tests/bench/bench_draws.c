// bench_draws - nanoseconds a random word, a draw of each law and a value of a histogram.
#include <inttypes.h>
#include <stdio.h>

#include "sim/kernel/distribution.h"
#include "sim/kernel/histogram.h"
#include "tests/bench/clock.h"

enum { DRAWS = 10000000, ROUNDS = 3, KEPT = 65536 };

static void print(const char *name, double ns, int64_t witness)
{
    printf("%-28s %6.2f ns   (%" PRId64 ")\n", name, ns, witness);
}

static void time_words(struct random_stream *stream)
{
    double least = 1e9;
    int64_t hits = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = clock_ns();
        for (int i = 0; i < DRAWS; i++) {
            hits += random_unit(stream) < 0.5;
        }
        const double taken = (clock_ns() - start) / DRAWS;
        least = taken < least ? taken : least;
    }
    print("uniform", least, hits);
}

static void time_law(const char *name, struct distribution law, struct random_stream *stream)
{
    double least = 1e9;
    int64_t sum = 0;
    if (distribution_prepare(&law) != NULL) {
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        const double start = clock_ns();
        for (int i = 0; i < DRAWS; i++) {
            sum += distribution_draw(&law, stream);
        }
        const double taken = (clock_ns() - start) / DRAWS;
        least = taken < least ? taken : least;
    }
    print(name, least, sum);
}

static void time_histogram(const char *name, uint32_t thresholds, struct random_stream *stream)
{
    static int64_t values[KEPT];
    struct histogram histogram;
    histogram_init(&histogram);
    for (uint32_t i = 0; i < thresholds; i++) {
        histogram_watch(&histogram, 1000000 * (int64_t)(i + 1));
    }
    const struct distribution law = distribution_lognormal_p99(1e6, 5e6);
    for (int i = 0; i < KEPT; i++) {
        values[i] = distribution_draw(&law, stream);
    }
    double least = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = clock_ns();
        for (int i = 0; i < DRAWS; i++) {
            histogram_add(&histogram, values[i % KEPT]);
        }
        const double taken = (clock_ns() - start) / DRAWS;
        least = taken < least ? taken : least;
    }
    print(name, least, (int64_t)histogram_quantile(&histogram, 0.99));
    histogram_release(&histogram);
}

int main(void)
{
    struct random_stream stream;
    random_stream_init(&stream, random_key(42, 0), 1);
    struct distribution_pair pair;
    time_words(&stream);
    time_law("constant", distribution_constant(5e6), &stream);
    time_law("exponential", distribution_exponential(1e6), &stream);
    time_law("erlang k=3", distribution_erlang(3, 1e6), &stream);
    time_law("gamma cv=0.5", distribution_gamma_cv(1e6, 0.5), &stream);
    time_law("gamma cv=2", distribution_gamma_cv(1e6, 2), &stream);
    time_law("lognormal", distribution_lognormal_p99(1e6, 5e6), &stream);
    time_law("hyperexponential cv=2", distribution_hyperexponential(1e6, 2, &pair), &stream);
    time_law("weibull", (struct distribution){.kind = DISTRIBUTION_WEIBULL, .shape = 1.4, .a = 3e6},
             &stream);
    time_law("pareto", (struct distribution){.kind = DISTRIBUTION_PARETO, .shape = 2.5, .a = 1e6},
             &stream);
    time_law("truncated normal",
             (struct distribution){.kind = DISTRIBUTION_NORMAL, .a = 1e6, .b = 5e5}, &stream);
    time_law("zipf n=10^6 s=1.1",
             (struct distribution){.kind = DISTRIBUTION_ZIPF, .n = 1000000, .shape = 1.1}, &stream);
    time_law("geometric", (struct distribution){.kind = DISTRIBUTION_GEOMETRIC, .a = 4}, &stream);
    time_histogram("histogram", 0, &stream);
    time_histogram("histogram, 2 thresholds", 2, &stream);
    return 0;
}
