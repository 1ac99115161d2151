// batches - one replication seen as 20 parts of equal length, so that it too has an interval.
//
// The world is simulated as ever (the fingerprint is that of run_replication); at the end of every
// part its counters are copied, and a part is the difference of two copies. Extremes of a part are
// known to the width of a bucket. Series, log, invariants and models' metrics belong to the last
// part.
#pragma once

#include <stdint.h>

#include "sim/engine/run.h"

struct event_log;

enum { BATCHES_COUNT = 20 };

// Fills records[0 .. BATCHES_COUNT). Returns how many there are: all, one (the whole, when
// max_events ended it early), or none when interrupted.
// `log` (may be NULL) takes every event.
uint32_t batches_run(const struct design *design, uint32_t replication, const volatile int *stop,
                     struct event_log *log, struct run_record *records);
void batches_release(struct run_record *records, uint32_t count, const struct design *design);
