// meter_inbox - durations on their way into a histogram, put there by sevens.
//
// Seven at once cost little more than one: their buckets lie far apart in memory, and are fetched
// side by side. Emptied by meter_flush before anybody looks: at the end of world_run, of a bin, of
// the warm-up.
#pragma once

#include <stdint.h>

#include "sim/engine/meter_bin.h"
#include "sim/kernel/histogram.h"

enum { METER_INBOX = 7 };

struct meter_inbox {
    uint64_t count;
    int64_t values[METER_INBOX]; // ns
};

// Puts a full inbox into the histogram, latencies into the present bin of the series too.
void meter_inbox_empty(struct meter_inbox *inbox, struct histogram *histogram,
                       struct meter_bin *bin);
void meter_inbox_empty_waits(struct meter_inbox *inbox, struct histogram *histogram);

// Puts there what has gathered; `bin` may be NULL.
void meter_inbox_flush(struct meter_inbox *inbox, struct histogram *histogram,
                       struct meter_bin *bin);

static inline void meter_inbox_add(struct meter_inbox *inbox, struct histogram *histogram,
                                   struct meter_bin *bin, int64_t value_ns)
{
    inbox->values[inbox->count++] = value_ns;
    if (inbox->count == METER_INBOX) {
        meter_inbox_empty(inbox, histogram, bin);
    }
}

static inline void meter_inbox_add_wait(struct meter_inbox *inbox, struct histogram *histogram,
                                        int64_t value_ns)
{
    inbox->values[inbox->count++] = value_ns;
    if (inbox->count == METER_INBOX) {
        meter_inbox_empty_waits(inbox, histogram);
    }
}
