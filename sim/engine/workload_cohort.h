// workload_cohort - millions of sockets that nothing has happened to: they beat in their order.
//
// All are connected at time 0, at sorted independent uniform phases: sums of exponentials over
// their total. Such a socket is its number and its phase, and the phases follow from a random
// stream that is drawn again every period: a cohort takes no memory, and a heartbeat one draw.
#pragma once

#include <stdint.h>

#include "sim/kernel/random.h"

struct workload_cohort {
    uint64_t key, name; // of the stream of the phases
    struct random_stream stream;
    uint32_t count;
    uint32_t next;    // the socket that beats next
    int64_t period_ns;
    int64_t round_ns; // beginning of its period
    int64_t due_ns;   // when it beats; TIME_NEVER: there is no socket
    double sum, total;
};

// The stream is that of the world with `key`, by the hash of its name.
void workload_cohort_begin(struct workload_cohort *cohort, uint64_t key, uint64_t name,
                           uint32_t count, int64_t period_ns);

// The next one beats; `due_ns` is then that of the one behind it.
void workload_cohort_beat(struct workload_cohort *cohort);

// The same cohort before its first heartbeat.
struct workload_cohort workload_cohort_anew(const struct workload_cohort *cohort);
