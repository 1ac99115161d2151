// replicate - runs replications of a design on threads until their number or their certainty
// suffices.
//
// A unit of work is a replication number. Workers take numbers in order; records are merged in
// order of their numbers, so the answer does not depend on the number of workers. Whether to go on
// is decided only when a whole step of replications has ended; the steps are min, then a quarter
// more (at least five) each time, up to max, whatever the number of workers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/study/result.h"

struct event_log;

enum replicate_end { REPLICATE_DONE, REPLICATE_INTERRUPTED };

struct replicate_progress { // facts of the wall clock: for people only
    uint32_t done, target, maximum;
    uint64_t events;
    double elapsed_s;
    double widest, goal; // NaN: none yet; 0: no goal
};

struct replicate_options {
    uint32_t workers;         // at least 1
    bool stop_on_fail;        // no further step after a FAIL
    const volatile int *stop; // nonzero interrupts; NULL: never
    void (*progress)(void *context, const struct replicate_progress *progress); // NULL: none
    void *context;                                 // of progress, called on the calling thread
    const char *file, *digest, *source, *resolved; // of the result; NULL: unknown
};

// Simulates and fills an initialised result. Interrupted, the result stays empty.
enum replicate_end replicate(const struct design *design, const struct replicate_options *options,
                             struct result *result);

// One replication by its number, judged by batches in time; `log` (may be NULL) takes its events.
enum replicate_end replicate_only(const struct design *design,
                                  const struct replicate_options *options, uint32_t number,
                                  struct event_log *log, struct result *result);

// The number of replications at which to decide next, after `done` of them.
uint32_t replicate_step(uint32_t done, uint32_t minimum, uint32_t maximum);
