// detector - does the other one still live? Suspicion from the silence after its last sign of life.
#include "sim/engine/detector.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/event_queue.h"

static const double LOG10_E = 0.43429448190325182;

void detector_init(struct detector *detector, int64_t expected_ns, int64_t longest_ns)
{
    *detector = (struct detector){.heard_ns = TIME_NEVER, .longest_ns = longest_ns};
    detector->intervals_ns = check_calloc(DETECTOR_WINDOW, sizeof *detector->intervals_ns);
    detector->intervals_ns[0] = (float)expected_ns;
    detector->sum_ns = (double)detector->intervals_ns[0];
    detector->count = detector->next = 1;
}

void detector_release(struct detector *detector)
{
    free(detector->intervals_ns);
    detector->intervals_ns = NULL;
}

void detector_beat(struct detector *detector, int64_t now_ns)
{
    const int64_t interval = now_ns - detector->heard_ns;
    const bool first = detector->heard_ns == TIME_NEVER;
    detector->heard_ns = now_ns;
    if (first || interval > detector->longest_ns) {
        return;
    }
    float *place = &detector->intervals_ns[detector->next];
    detector->sum_ns += (double)(float)interval - (double)*place;
    *place = (float)interval;
    detector->next = (detector->next + 1) % DETECTOR_WINDOW;
    detector->count += detector->count < DETECTOR_WINDOW;
}

double detector_phi(const struct detector *detector, int64_t now_ns)
{
    if (detector->heard_ns == TIME_NEVER) {
        return 0;
    }
    const double mean = detector->sum_ns / (double)detector->count;
    return LOG10_E * (double)(now_ns - detector->heard_ns) / mean;
}

int64_t detector_suspects_ns(const struct detector *detector, double threshold)
{
    if (detector->heard_ns == TIME_NEVER) {
        return TIME_NEVER;
    }
    const double mean = detector->sum_ns / (double)detector->count;
    return detector->heard_ns + (int64_t)(threshold / LOG10_E * mean);
}
