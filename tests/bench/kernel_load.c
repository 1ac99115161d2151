// kernel_load - the event queue at work: queueing models written straight on the kernel.
#include "tests/bench/kernel_load.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/event_queue.h"
#include "tests/bench/clock.h"

enum { FAR_AWAY_S = 100000000 };

static void nothing(void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
}

static void run(struct event_queue *queue, uint64_t events)
{
    int64_t time;
    struct event event;
    for (uint64_t i = 0; i < events && event_queue_next(queue, TIME_NEVER, &time, &event); i++) {
        event.act(event.subject, event.argument);
    }
}

static double run_timed(struct event_queue *queue, uint64_t events)
{
    const double start = clock_ns();
    run(queue, events);
    return (clock_ns() - start) / (double)events;
}

static struct random_stream stream_of(uint64_t number)
{
    struct random_stream stream;
    random_stream_init(&stream, random_key(1, 0), number);
    return stream;
}

struct line {
    struct event_queue *queue;
    struct distribution between, service;
    struct random_stream arrivals, services;
    uint64_t in_system;
    struct event_lane *lane;
    uint64_t timeout;
};

static struct line line_begin(void)
{
    return (struct line){
        .queue = event_queue_begin(),
        .between = distribution_exponential(TIME_MS / 0.9),
        .service = distribution_exponential(TIME_MS),
        .arrivals = stream_of(1),
        .services = stream_of(2),
    };
}

static void depart(void *subject, uint64_t argument);

static inline void serve(struct line *line)
{
    const int64_t end =
        event_queue_present(line->queue) + distribution_draw(&line->service, &line->services);
    event_queue_at(line->queue, end, (struct event){depart, line, 0, 2});
}

static void depart(void *subject, uint64_t argument)
{
    (void)argument;
    struct line *line = subject;
    if (--line->in_system > 0) {
        serve(line);
    }
}

static void arrive(void *subject, uint64_t argument)
{
    (void)argument;
    struct line *line = subject;
    const int64_t next =
        event_queue_present(line->queue) + distribution_draw(&line->between, &line->arrivals);
    event_queue_at(line->queue, next, (struct event){arrive, line, 0, 1});
    if (line->in_system++ == 0) {
        serve(line);
    }
}

double kernel_load_mm1(uint64_t events, uint64_t size)
{
    (void)size;
    struct line line = line_begin();
    event_queue_now(line.queue, (struct event){arrive, &line, 0, 1});
    const double ns = run_timed(line.queue, events);
    event_queue_end(line.queue);
    return ns;
}

static inline void renew_timeout(struct line *line)
{
    event_queue_cancel(line->queue, line->timeout);
    line->timeout = event_queue_after(line->queue, line->lane, (struct event){nothing, line, 0, 3});
}

static void arrive_in_time(void *subject, uint64_t argument)
{
    struct line *line = subject;
    renew_timeout(line);
    const int64_t next =
        event_queue_present(line->queue) + distribution_draw(&line->between, &line->arrivals);
    event_queue_at(line->queue, next, (struct event){arrive_in_time, line, argument, 1});
    if (line->in_system++ == 0) {
        serve(line);
    }
}

static void depart_in_time(void *subject, uint64_t argument);

static inline void serve_in_time(struct line *line)
{
    const int64_t end =
        event_queue_present(line->queue) + distribution_draw(&line->service, &line->services);
    event_queue_at(line->queue, end, (struct event){depart_in_time, line, 0, 2});
}

static void depart_in_time(void *subject, uint64_t argument)
{
    (void)argument;
    struct line *line = subject;
    renew_timeout(line);
    if (--line->in_system > 0) {
        serve_in_time(line);
    }
}

double kernel_load_timeouts(uint64_t events, uint64_t size)
{
    (void)size;
    struct line line = line_begin();
    line.lane = event_queue_lane(line.queue, TIME_S);
    event_queue_now(line.queue, (struct event){arrive_in_time, &line, 0, 1});
    const double ns = run_timed(line.queue, events);
    event_queue_end(line.queue);
    return ns;
}

double kernel_load_waiting_lane(uint64_t events, uint64_t size)
{
    struct line line = line_begin();
    struct event_lane *lane = event_queue_lane(line.queue, FAR_AWAY_S * TIME_S);
    for (uint64_t i = 0; i < size; i++) {
        event_queue_after(line.queue, lane, (struct event){nothing, NULL, i, 3});
    }
    event_queue_now(line.queue, (struct event){arrive, &line, 0, 1});
    const double ns = run_timed(line.queue, events);
    event_queue_end(line.queue);
    return ns;
}

double kernel_load_waiting_main(uint64_t events, uint64_t size)
{
    struct line line = line_begin();
    const struct distribution wait = distribution_exponential((double)TIME_S);
    for (uint64_t i = 0; i < size; i++) {
        const int64_t time = FAR_AWAY_S * TIME_S + distribution_draw(&wait, &line.arrivals);
        event_queue_at(line.queue, time, (struct event){nothing, NULL, i, 3});
    }
    event_queue_now(line.queue, (struct event){arrive, &line, 0, 1});
    const double ns = run_timed(line.queue, events);
    event_queue_end(line.queue);
    return ns;
}

struct tandem {
    struct event_queue *queue;
    struct distribution between, service;
    struct random_stream arrivals;
    uint64_t stations;
    struct station {
        uint64_t in_system;
        struct random_stream services;
    } * station;
};

static void leave(void *subject, uint64_t number);

static inline void serve_at(struct tandem *tandem, uint64_t number)
{
    struct random_stream *stream = &tandem->station[number].services;
    const int64_t end =
        event_queue_present(tandem->queue) + distribution_draw(&tandem->service, stream);
    event_queue_at(tandem->queue, end, (struct event){leave, tandem, number, 2});
}

static inline void enter(struct tandem *tandem, uint64_t number)
{
    if (number < tandem->stations && tandem->station[number].in_system++ == 0) {
        serve_at(tandem, number);
    }
}

static void leave(void *subject, uint64_t number)
{
    struct tandem *tandem = subject;
    if (--tandem->station[number].in_system > 0) {
        serve_at(tandem, number);
    }
    enter(tandem, number + 1);
}

static void come(void *subject, uint64_t argument)
{
    struct tandem *tandem = subject;
    const int64_t next =
        event_queue_present(tandem->queue) + distribution_draw(&tandem->between, &tandem->arrivals);
    event_queue_at(tandem->queue, next, (struct event){come, tandem, argument, 1});
    enter(tandem, 0);
}

double kernel_load_tandem(uint64_t events, uint64_t size)
{
    struct tandem tandem = {
        .queue = event_queue_begin(),
        .between = distribution_exponential(TIME_MS / 0.9),
        .service = distribution_exponential(TIME_MS),
        .arrivals = stream_of(0),
        .stations = size,
        .station = check_calloc(size, sizeof *tandem.station),
    };
    for (uint64_t i = 0; i < size; i++) {
        tandem.station[i].services = stream_of(i + 1);
    }
    event_queue_now(tandem.queue, (struct event){come, &tandem, 0, 1});
    run(tandem.queue, events / 10); // fill the line
    const double ns = run_timed(tandem.queue, events);
    event_queue_end(tandem.queue);
    free(tandem.station);
    return ns;
}

struct hold {
    struct event_queue *queue;
    struct distribution delay;
    struct random_stream stream;
};

static inline int64_t hold_until(struct hold *hold)
{
    return event_queue_present(hold->queue) + distribution_draw(&hold->delay, &hold->stream);
}

static void hold_again(void *subject, uint64_t argument)
{
    struct hold *hold = subject;
    event_queue_at(hold->queue, hold_until(hold), (struct event){hold_again, hold, argument, 1});
}

// Filled, and run until the records lie as scattered as they ever will.
static void hold_init(struct hold *hold, uint64_t size)
{
    *hold = (struct hold){
        .queue = event_queue_begin(),
        .delay = distribution_exponential((double)TIME_S),
        .stream = stream_of(1),
    };
    for (uint64_t i = 0; i < size; i++) {
        hold_again(hold, i);
    }
    run(hold->queue, 2 * size);
}

double kernel_load_hold(uint64_t events, uint64_t size)
{
    struct hold hold;
    hold_init(&hold, size);
    const double ns = run_timed(hold.queue, events);
    event_queue_end(hold.queue);
    return ns;
}

double kernel_load_bytes(uint64_t size)
{
    struct hold hold;
    hold_init(&hold, size);
    const double bytes = (double)event_queue_bytes(hold.queue) / (double)size;
    event_queue_end(hold.queue);
    return bytes;
}
