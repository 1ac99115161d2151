// yardstick_bare - a general event kernel with nothing but what every kernel needs.
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/event_entry.h"
#include "sim/kernel/time.h"
#include "tests/bench/clock.h"
#include "tests/bench/yardstick.h"

enum { ARITY = 4, ROOM = 1 << 21 };

struct record {
    void (*act)(void *subject, uint64_t argument);
    void *subject;
    uint64_t argument;
    uint64_t next; // free record
};

// The entry at the top is a hole while its event happens; what is scheduled first fills it.
struct bare {
    int64_t now;
    uint64_t next_key;
    struct event_entry *heap;
    uint32_t count;
    bool hole;
    uint32_t free, used;
    struct record *records;
};

static struct bare bare_begin(void)
{
    return (struct bare){
        .next_key = 1,
        .used = 1,
        .heap = check_calloc(ROOM, sizeof(struct event_entry)),
        .records = check_calloc(ROOM, sizeof(struct record)),
    };
}

static void bare_end(struct bare *bare)
{
    free(bare->heap);
    free(bare->records);
}

static inline void sift_down(struct bare *bare, struct event_entry entry)
{
    struct event_entry *heap = bare->heap;
    uint32_t hole = 0;
    for (uint32_t first = 1; first < bare->count; first = hole * ARITY + 1) {
        const uint32_t end = bare->count - first < ARITY ? bare->count : first + ARITY;
        uint32_t best = first;
        for (uint32_t child = first + 1; child < end; child++) {
            best = event_entry_before(heap[child], heap[best]) ? child : best;
        }
        if (!event_entry_before(heap[best], entry)) {
            break;
        }
        heap[hole] = event_entry_load(&heap[best]);
        hole = best;
    }
    heap[hole] = entry;
}

static inline void sift_up(struct bare *bare, struct event_entry entry)
{
    struct event_entry *heap = bare->heap;
    uint32_t hole = bare->count++;
    while (hole > 0 && event_entry_before(entry, heap[(hole - 1) / ARITY])) {
        heap[hole] = heap[(hole - 1) / ARITY];
        hole = (hole - 1) / ARITY;
    }
    heap[hole] = entry;
}

EVENT_HOT static inline void bare_at(struct bare *bare, int64_t time, struct record record)
{
    uint32_t slot = bare->free;
    if (slot != 0) {
        bare->free = (uint32_t)bare->records[slot].next;
    } else {
        slot = bare->used++;
        CHECK(slot < ROOM);
    }
    struct record *place = &bare->records[slot]; // word by word, as it will be read
    place->act = record.act;
    place->subject = record.subject;
    place->argument = record.argument;
    const struct event_entry entry = {(uint64_t)time, bare->next_key++ << EVENT_SLOT_BITS | slot};
    if (bare->hole) {
        bare->hole = false;
        sift_down(bare, entry);
    } else {
        sift_up(bare, entry);
    }
}

EVENT_HOT static inline bool bare_next(struct bare *bare, struct record *record)
{
    if (bare->hole) {
        bare->hole = false;
        const struct event_entry last = event_entry_load(&bare->heap[--bare->count]);
        sift_down(bare, last);
    }
    if (bare->count == 0) {
        return false;
    }
    const struct event_entry entry = event_entry_load(&bare->heap[0]);
    const uint32_t slot = event_entry_slot(entry);
    bare->now = (int64_t)entry.time;
    struct record *place = &bare->records[slot];
    record->act = place->act;
    record->subject = place->subject;
    record->argument = place->argument;
    place->next = bare->free;
    bare->free = slot;
    bare->hole = true;
    return true;
}

static void run(struct bare *bare, uint64_t events)
{
    struct record record;
    for (uint64_t i = 0; i < events && bare_next(bare, &record); i++) {
        record.act(record.subject, record.argument);
    }
}

static double run_timed(struct bare *bare, uint64_t events)
{
    const double start = clock_ns();
    run(bare, events);
    return (clock_ns() - start) / (double)events;
}

// One station is the M/M/1 queue.
struct tandem {
    struct bare bare;
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
    const int64_t end = tandem->bare.now + yardstick_draw(&tandem->service, stream);
    bare_at(&tandem->bare, end, (struct record){leave, tandem, number, 0});
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
    const int64_t next = tandem->bare.now + yardstick_draw(&tandem->between, &tandem->arrivals);
    bare_at(&tandem->bare, next, (struct record){come, tandem, argument, 0});
    enter(tandem, 0);
}

double yardstick_bare_tandem(uint64_t events, uint64_t size)
{
    struct tandem tandem = {
        .bare = bare_begin(),
        .between = distribution_exponential(TIME_MS / 0.9),
        .service = distribution_exponential(TIME_MS),
        .stations = size,
        .station = check_calloc(size, sizeof *tandem.station),
    };
    random_stream_init(&tandem.arrivals, random_key(1, 0), 0);
    for (uint64_t i = 0; i < size; i++) {
        random_stream_init(&tandem.station[i].services, random_key(1, 0), i + 1);
    }
    bare_at(&tandem.bare, 0, (struct record){come, &tandem, 0, 0});
    run(&tandem.bare, events / 10);
    const double ns = run_timed(&tandem.bare, events);
    bare_end(&tandem.bare);
    free(tandem.station);
    return ns;
}

// The M/M/1 queue, written like workload_mm1.
struct line {
    struct bare bare;
    struct distribution between, service;
    struct random_stream arrivals, services;
    uint64_t in_system;
};

static void depart(void *subject, uint64_t argument);

static inline void serve(struct line *line)
{
    const int64_t end = line->bare.now + yardstick_draw(&line->service, &line->services);
    bare_at(&line->bare, end, (struct record){depart, line, 0, 0});
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
    struct line *line = subject;
    const int64_t next = line->bare.now + yardstick_draw(&line->between, &line->arrivals);
    bare_at(&line->bare, next, (struct record){arrive, line, argument, 0});
    if (line->in_system++ == 0) {
        serve(line);
    }
}

double yardstick_bare_mm1(uint64_t events, uint64_t size)
{
    (void)size;
    struct line line = {
        .bare = bare_begin(),
        .between = distribution_exponential(TIME_MS / 0.9),
        .service = distribution_exponential(TIME_MS),
    };
    random_stream_init(&line.arrivals, random_key(1, 0), 1);
    random_stream_init(&line.services, random_key(1, 0), 2);
    bare_at(&line.bare, 0, (struct record){arrive, &line, 0, 0});
    const double ns = run_timed(&line.bare, events);
    bare_end(&line.bare);
    return ns;
}

struct hold {
    struct bare bare;
    struct distribution delay;
    struct random_stream stream;
};

static void hold_again(void *subject, uint64_t argument)
{
    struct hold *hold = subject;
    const int64_t time = hold->bare.now + yardstick_draw(&hold->delay, &hold->stream);
    bare_at(&hold->bare, time, (struct record){hold_again, hold, argument, 0});
}

double yardstick_bare_hold(uint64_t events, uint64_t size)
{
    struct hold hold = {.bare = bare_begin(), .delay = distribution_exponential((double)TIME_S)};
    random_stream_init(&hold.stream, random_key(1, 0), 1);
    for (uint64_t i = 0; i < size; i++) {
        hold_again(&hold, i);
    }
    run(&hold.bare, 2 * size);
    const double ns = run_timed(&hold.bare, events);
    bare_end(&hold.bare);
    return ns;
}
