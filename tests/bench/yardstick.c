// yardstick - what the event queue is measured against: loops without any event list.
#include "tests/bench/yardstick.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "tests/bench/clock.h"

static volatile int64_t sink; // results go here, so that no loop is optimised away

static struct random_stream stream_of(uint64_t number)
{
    struct random_stream stream;
    random_stream_init(&stream, random_key(1, 0), number);
    return stream;
}

double yardstick_two_timers(uint64_t events, uint64_t size)
{
    (void)size;
    const struct distribution between = distribution_exponential(TIME_MS / 0.9);
    const struct distribution service = distribution_exponential(TIME_MS);
    struct random_stream arrivals = stream_of(1), services = stream_of(2);
    int64_t arrival = 0, departure = TIME_NEVER, now = 0;
    uint64_t in_system = 0;
    const double start = clock_ns();
    for (uint64_t i = 0; i < events; i++) {
        if (arrival <= departure) {
            now = arrival;
            arrival = now + yardstick_draw(&between, &arrivals);
            if (in_system++ == 0) {
                departure = now + yardstick_draw(&service, &services);
            }
        } else {
            now = departure;
            departure = --in_system > 0 ? now + yardstick_draw(&service, &services) : TIME_NEVER;
        }
    }
    sink = now;
    return (clock_ns() - start) / (double)events;
}

double yardstick_lindley(uint64_t events, uint64_t size)
{
    (void)size;
    const struct distribution between = distribution_exponential(TIME_MS / 0.9);
    const struct distribution service = distribution_exponential(TIME_MS);
    struct random_stream arrivals = stream_of(1), services = stream_of(2);
    int64_t wait = 0, total = 0;
    const double start = clock_ns();
    for (uint64_t i = 0; i < events / 2; i++) {
        wait += yardstick_draw(&service, &services) - yardstick_draw(&between, &arrivals);
        wait = wait > 0 ? wait : 0;
        total += wait;
    }
    sink = total;
    return (clock_ns() - start) / (double)events;
}

double yardstick_recursion(uint64_t events, uint64_t size)
{
    const struct distribution between = distribution_exponential(TIME_MS / 0.9);
    const struct distribution service = distribution_exponential(TIME_MS);
    struct random_stream *streams = check_calloc(size + 1, sizeof *streams);
    int64_t *departures = check_calloc(size, sizeof *departures);
    for (uint64_t i = 0; i <= size; i++) {
        streams[i] = stream_of(i);
    }
    int64_t arrival = 0;
    const double start = clock_ns();
    for (uint64_t i = 0; i < events / size; i++) {
        arrival += yardstick_draw(&between, &streams[0]);
        int64_t time = arrival;
        for (uint64_t j = 0; j < size; j++) {
            time = departures[j] > time ? departures[j] : time;
            time += yardstick_draw(&service, &streams[j + 1]);
            departures[j] = time;
        }
    }
    sink = departures[size - 1];
    const double ns = (clock_ns() - start) / (double)(events / size * size);
    free(streams);
    free(departures);
    return ns;
}
