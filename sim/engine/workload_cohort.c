// workload_cohort - millions of sockets that nothing has happened to: they beat in their order.
#include "sim/engine/workload_cohort.h"

#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"

// Moves on to the socket `next` of the present round.
static void find_due(struct workload_cohort *cohort)
{
    cohort->sum += inversion_exponential(&cohort->stream);
    const double share = cohort->sum / cohort->total;
    const int64_t phase = distribution_round(share * (double)cohort->period_ns) + 1;
    cohort->due_ns = time_after(cohort->round_ns, phase);
}

static void begin_round(struct workload_cohort *cohort, int64_t round_ns)
{
    cohort->round_ns = round_ns;
    cohort->next = 0;
    cohort->sum = 0;
    cohort->due_ns = TIME_NEVER;
    random_stream_init(&cohort->stream, cohort->key, cohort->name);
    if (cohort->count > 0) {
        find_due(cohort);
    }
}

void workload_cohort_begin(struct workload_cohort *cohort, uint64_t key, uint64_t name,
                           uint32_t count, int64_t period_ns)
{
    *cohort = (struct workload_cohort){
        .key = key, .name = name, .count = count, .period_ns = period_ns};
    random_stream_init(&cohort->stream, key, name);
    for (uint64_t i = 0; i <= count; i++) {
        cohort->total += inversion_exponential(&cohort->stream);
    }
    begin_round(cohort, 0);
}

void workload_cohort_beat(struct workload_cohort *cohort)
{
    if (++cohort->next == cohort->count) {
        begin_round(cohort, time_after(cohort->round_ns, cohort->period_ns));
    } else {
        find_due(cohort);
    }
}

struct workload_cohort workload_cohort_anew(const struct workload_cohort *cohort)
{
    struct workload_cohort anew = {.key = cohort->key, .name = cohort->name,
                                   .count = cohort->count, .period_ns = cohort->period_ns,
                                   .total = cohort->total};
    begin_round(&anew, 0);
    return anew;
}
