// detector - does the other one still live? Suspicion from the silence after its last sign of life.
//
// The phi accrual detector as Cassandra has it (FailureDetector.java, 5.0): phi is the silence over
// the mean of the latest 1000 intervals, times log10(e); an exponential law of intervals. An
// interval of more than `longest_ns` (2 s) does not count into the mean.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { DETECTOR_WINDOW = 1000 };

struct detector {
    int64_t heard_ns;     // latest sign of life, TIME_NEVER: none yet
    int64_t longest_ns;   // of an interval that counts
    double sum_ns;        // of the intervals in the window
    uint32_t count, next;
    float *intervals_ns;  // window, made on first use
};

// `expected_ns` stands as first interval (Cassandra: half the initial 2 s).
void detector_init(struct detector *detector, int64_t expected_ns, int64_t longest_ns);
void detector_release(struct detector *detector);
void detector_beat(struct detector *detector, int64_t now_ns);
double detector_phi(const struct detector *detector, int64_t now_ns);
// When phi will reach `threshold` if nothing is heard; TIME_NEVER if nothing was ever heard.
int64_t detector_suspects_ns(const struct detector *detector, double threshold);
