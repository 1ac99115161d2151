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
struct run_record;

enum replicate_end {
    REPLICATE_DONE,
    REPLICATE_INTERRUPTED,
    REPLICATE_MISSING, // units that others simulate are not there yet
};

struct replicate_watch { // who wants to know how far others are
    void *context;
    void (*back)(void *context, uint64_t unit, uint64_t events); // a unit is done, so many events
    void (*apart)(void *context, uint64_t unit); // it is set apart; NULL: that ends the study
};

// Where units come from and go to beside being simulated here: a journal, other machines. Called by
// the workers, one at a time. Unit UINT32_MAX stands for a warm-up that must be found first.
struct replicate_units {
    void *context;
    // Fills the unit's records if it is done already: how many, 0 if not. Fewer than `count`: the
    // parts of a replication that ended at max_events.
    uint32_t (*fetch)(void *context, uint32_t unit, const struct design *design,
                      struct run_record *records, uint32_t count);
    // False: it is for another to simulate.
    bool (*is_mine)(void *context, uint32_t unit);
    // About to be simulated; done. False: it could not be kept, the study ends as interrupted.
    bool (*begin)(void *context, uint32_t unit);
    bool (*keep)(void *context, uint32_t unit, const struct design *design,
                 struct run_record *records, uint32_t count);
    void (*take_back)(void *context, uint32_t unit); // it was interrupted
    void *others;                                    // context of the two below
    // May have others simulate the units from `first` to before `end`, so that they can be fetched;
    // what cannot is simulated here. False: the study ends as interrupted. NULL: nobody else.
    bool (*spread)(void *others, uint32_t first, uint32_t end, const struct replicate_watch *watch);
    // Not NULL: this process simulates what it is told here and decides nothing, until false; the
    // study ends as REPLICATE_MISSING.
    bool (*next)(void *others, uint32_t *unit);
};

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
    const struct replicate_units *units;           // NULL: every unit is simulated here
    bool reversed;                                 // units from last to first, for tests
    const char *file, *digest, *source, *resolved; // of the result; NULL: unknown
};

// Simulates and fills an initialised result. Interrupted, or while units of others are missing, the
// result stays empty.
enum replicate_end replicate(const struct design *design, const struct replicate_options *options,
                             struct result *result);

// One replication by its number, judged by batches in time; `log` (may be NULL) takes its events.
enum replicate_end replicate_only(const struct design *design,
                                  const struct replicate_options *options, uint32_t number,
                                  struct event_log *log, struct result *result);

// The number of replications at which to decide next, after `done` of them.
uint32_t replicate_step(uint32_t done, uint32_t minimum, uint32_t maximum);
