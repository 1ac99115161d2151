// warmup - the pilot, its series, the cut, and the check against a longer cut.
#include "sim/study/warmup.h"

#include <math.h>
#include <string.h>

#include "sim/engine/run.h"
#include "sim/kernel/math.h"

struct cut {
    uint32_t workload;
    uint32_t bins; // to leave out
    bool too_short;
};

// Geometric middle of a bucket of the heat map: 8 a power of ten from 1 us.
static double heat_s(uint32_t bucket)
{
    return 1e-6 * math_pow(10.0, ((double)bucket + 0.5) / 8.0);
}

// Mean latency of a workload by bin; a bin without sample repeats the one before it.
static void fill_means(const struct series *series, uint32_t workload, double *means)
{
    double previous = 0.0;
    for (uint32_t b = 0; b < series->bin_count; b++) {
        const uint32_t *heat =
            &series->heatmap[((size_t)b * series->workload_count + workload) * SERIES_HEAT];
        double sum = 0.0, count = 0.0;
        for (uint32_t h = 0; h < SERIES_HEAT; h++) {
            sum += (double)heat[h] * heat_s(h);
            count += (double)heat[h];
        }
        previous = count > 0.0 ? sum / count : previous;
        means[b] = previous;
    }
}

static double mean_from(const double *values, uint32_t from, uint32_t count)
{
    double sum = 0.0;
    for (uint32_t i = from; i < count; i++) {
        sum += values[i];
    }
    return from < count ? sum / (double)(count - from) : (double)NAN;
}

static struct cut longest_cut(const struct series *series, double *means)
{
    struct cut longest = {0};
    for (uint32_t w = 0; w < series->workload_count; w++) {
        fill_means(series, w, means);
        const uint32_t bins = estimate_mser5(means, series->bin_count);
        const bool too_short = bins >= series->bin_count;
        const struct cut cut = {w, too_short ? series->bin_count / 2 : bins, too_short};
        if (cut.bins > longest.bins || (too_short && !longest.too_short)) {
            longest = cut;
        }
    }
    return longest;
}

static void note(const struct series *series, const struct design *design, struct arena *arena,
                 struct result_warmup *found)
{
    double *means = arena_take_array(arena, series->bin_count + 1, sizeof(double));
    const struct cut cut = longest_cut(series, means);
    if (series->workload_count > 0) {
        fill_means(series, cut.workload, means);
        found->subject = design->workloads[cut.workload].name;
    }
    const uint32_t count = series->bin_count;
    const uint32_t longer = cut.bins * 2 < count * 3 / 4 ? cut.bins * 2 : count * 3 / 4;
    found->automatic = true;
    found->too_short = cut.too_short;
    found->bin_s = time_seconds(series->bin_ns);
    found->chosen_s = cut.bins * found->bin_s;
    found->longer_s = longer * found->bin_s;
    found->mean_s = mean_from(means, cut.bins, count);
    found->longer_mean_s = mean_from(means, longer, count);
    found->bin_count = count;
    found->bins = means;
}

bool warmup_find(struct design *design, const volatile int *stop, struct arena *arena,
                 struct result_warmup *found)
{
    struct design pilot = *design;
    pilot.warmup_ns = 0;
    pilot.fault_count = 0;
    struct run_record record;
    run_replication(&pilot, WARMUP_PILOT, stop, &record);
    const bool done = record.end != RUN_INTERRUPTED;
    if (done) {
        note(&record.meter.series, design, arena, found);
        design->warmup_ns = (int64_t)(found->chosen_s * 1e9 + 0.5);
    }
    run_record_release(&record, &pilot);
    return done;
}
