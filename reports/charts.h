// charts - which plots a report has, and what stands in each.
#pragma once

#include "reports/plot.h"
#include "sim/study/result.h"

// Scripts and data of all plots, in the order of the report.
void charts_make(struct plot_list *list, const struct result *result);

// The subject of a latency objective or of a report row: its latencies, its figures, its series.
struct charts_subject {
    const char *name;
    const struct histogram *latency;
    uint32_t figures;  // its block
    uint32_t workload; // RESULT_NONE: a component or an operation
    bool judged;       // at least one latency objective is about it
    bool failed;       // and one of its objectives does not pass
};

enum { CHARTS_SUBJECTS_MOST = 256 };

struct charts_subjects {
    struct charts_subject *rows;
    uint32_t count;
};

// Those with objectives first (failed ones before the others), then the remaining workloads.
void charts_subjects_init(struct charts_subjects *subjects, const struct result *result);
void charts_subjects_release(struct charts_subjects *subjects);
