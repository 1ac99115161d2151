// station - c servers and a line: where visits spend service time.
//
// Disciplines fifo, lifo, ps (processor sharing), priority, preemptive (resume), sjf, random;
// finite capacity (waiting and in service); patience; speed factor that rescales the work in
// service at once; speed 0 is a pause. Work of ps is kept as virtual time in fixed point of 2^-16
// ns, completions rounded up.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/engine/line.h"
#include "sim/engine/meter.h"
#include "sim/engine/visit.h"
#include "sim/kernel/histogram.h"
#include "sim/kernel/tally.h"

struct service { // a server at work, or a member of a sharing station
    uint64_t ticket;
    uint64_t order; // of its line entry, for preemption
    uint64_t event;
    int64_t finish_ns; // at the present speed
    int64_t left_ns;   // work left while paused
    bool busy;
};

struct shared_work {         // ps: heap by virtual finish
    uint64_t virtual_finish; // 2^-16 ns
    uint64_t number;
    uint64_t ticket;
    uint32_t width; // servers it can use at once
};

struct station { // what every service touches stands together, up to `abandoned`
    struct node *node;
    double stretch;    // service time multiplier of fractional cores, 1 otherwise
    double speed;      // 1; 1/factor when slowed; 0 paused
    uint64_t capacity; // waiting and in service, 0: unlimited
    uint32_t servers;  // UINT32_MAX: never a queue
    enum meter_part part; // of the response time: METER_CPU or METER_IO
    struct line line;
    struct service *services;
    uint32_t free_server;  // head of the free list, 1-based, linked through finish_ns
    uint32_t service_used; // records of `services` ever used
    struct tally busy;     // servers at work
    struct tally waiting;
    struct histogram *wait;              // waiting time of those served, NULL: not recorded
    struct meter_inbox *wait_inbox;      // its
    const struct distribution *patience; // NULL: endless
    uint64_t arrivals, served, refused, abandoned;
    const char *name;
    enum on_full on_full;
    uint32_t service_room;
    struct random_stream *patience_stream;
    struct random_stream *order_stream; // DISCIPLINE_RANDOM
    struct shared_work *shared;
    uint32_t shared_count, shared_room;
    uint32_t shared_width; // sum over those here
    uint64_t shared_number;
    uint64_t virtual_now; // 2^-16 ns of work done for each member
    int64_t virtual_at_ns;
    uint64_t shared_event;
};

void station_init(struct station *station, struct node *node, const char *name);
void station_release(struct station *station);
void station_clear(struct station *station); // after a crash: empty and idle

// Fractional cores: ceil(cores) servers, service stretched by ceil(cores)/cores.
void station_set_cores(struct station *station, double cores);

// The visit asks for `demand_ns` of service. WAIT: it goes on with its next step when served (or,
// with patience, ends ABANDONED); END: no room, status REJECTED is set.
enum outcome station_serve(struct station *station, struct visit *visit, int64_t demand_ns);

// The same for work done by `width` servers side by side (a query's threads), `demand_ns` each: a
// sharing station gives each of them as much as a visit of width 1; any other serves it as one.
enum outcome station_serve_wide(struct station *station, struct visit *visit, int64_t demand_ns,
                                uint32_t width);

static inline void station_note_wait(struct station *station, int64_t waited_ns)
{
    if (station->wait != NULL) {
        meter_inbox_add_wait(station->wait_inbox, station->wait, waited_ns);
    }
}

static inline uint64_t station_bytes(const struct station *station)
{
    return line_bytes(&station->line) + station->service_room * sizeof *station->services +
           station->shared_room * sizeof *station->shared;
}

// Speed relative to the declared one, >= 0.
void station_set_speed(struct station *station, double speed);
