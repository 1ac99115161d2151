// verdict_parts - what the files of the verdict share: one objective while it is judged.
#pragma once

#include "sim/study/result_build.h"
#include "sim/study/verdict.h"

struct judging {
    struct result *result;
    const struct result_input *input;
    const struct slo_design *design;
    uint32_t index; // of the objective
    struct result_slo *slo;
    uint64_t *good, *total; // by row
    double *values;         // by row
};

// Fills good and total by row from the meters; false if this metric is not a share of requests.
bool verdict_count(struct judging *judging);

// Statuses and offered requests of the target in one record.
struct verdict_flow {
    uint64_t offered, good, ended;
};
struct verdict_flow verdict_flow_of(const struct judging *judging, const struct run_record *record);

// Share carried where the rows are consecutive parts of one replication. What is under way at the
// end of a part ends in the next: over the whole only the first and the last of these borders
// count, and losses vary from part to part. Not known with fewer than four parts.
struct estimate verdict_carried_in_parts(struct judging *judging);

// Latencies of the target, pooled into `into` (initialised by the caller).
void verdict_latencies(const struct judging *judging, const struct run_record *record,
                       struct histogram *into);

// Slices pooled over the rows, their states, and the worst of them.
void verdict_slices(struct judging *judging, double target);

// Availability with the budget of a window: observed estimate, budget row.
void verdict_availability(struct judging *judging);

// The sentences: why of every objective that did not pass, and the reasons of the whole.
void verdict_explain(struct result *result, const struct result_input *input);
