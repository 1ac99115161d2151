// compare - two results side by side, paired by replication: what changed, how surely, is it worse?
//
// Both sides replay the same random numbers (common random numbers), so a replication of one pairs
// with the same replication of the other, and the noise that both share cancels. Per metric, over
// the replications that both have: the mean of the differences with a Student interval, its p-value
// (two-sided t test), and by how much pairing reduced the variance. `=` says that all replications
// are bit for bit equal; `~` that the difference is not significant, or significant and within the
// margin.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"
#include "sim/study/result.h"

struct compare_metric { // of one side
    const char *name, *unit;
    enum result_better better;
    const double *values; // one a replication, NaN: no sample
};

struct compare_slo {
    const char *name, *objective, *verdict;
};

struct compare_side {
    struct arena arena;
    const char *label; // as given
    const char *scenario, *version, *digest;
    uint64_t seed;
    double duration_s, warmup_s; // NaN: not known
    uint32_t count;  // replications
    bool batches;    // the rows are parts of one replication
    uint32_t metric_count, slo_count;
    struct compare_metric *metrics;
    struct compare_slo *slos;
    const char *resolved; // text of the scenario as it was resolved, NULL: not known
};

enum compare_verdict {
    COMPARE_EQUAL,     // bit for bit
    COMPARE_SAME,      // ~
    COMPARE_BETTER,
    COMPARE_WORSE,     // a regression
    COMPARE_DIFFERENT, // significant, beyond the margin, and neither better nor worse
    COMPARE_UNKNOWN,   // no sample, or too few replications to tell
};
extern const char *const compare_words[]; // "=", "~", "better", "REGRESSION", "different", "?"

struct compare_row {
    const char *name, *unit;
    uint32_t count;          // pairs
    double base, new;        // means over the pairs
    double change;           // of the mean, relative to the base; absolute where the base is 0
    double low, high;        // interval of `change` at 1 - alpha
    double p;                // NaN: equal or unknown
    double reduction;        // variance of independent runs over that of the pairs, NaN: none
    enum compare_verdict verdict;
};

struct compare_options {
    double alpha;       // 0.05
    double margin;      // 0.01: a significant change within it is `~`
    const char *metric; // pattern with * of metrics to compare, NULL: those of workloads, and SLOs'
    bool force;         // whatever differs
};

struct comparison {
    struct arena arena;
    const struct compare_side *base, *new;
    uint32_t row_count, slo_count, difference_count;
    struct compare_row *rows;
    struct compare_slo *slos;        // verdict: "PASS -> FAIL", only where it changed
    const char **differences;        // "components.orders.balancing: least_request -> random"
    uint32_t regressions, worse_slos, unpaired; // unpaired: replications that only one side has
    double reduction;                // median over the rows that have one, NaN: none
    struct compare_options options;
};

// A result as a side. Owner: the caller, compare_side_release.
void compare_side_of(struct compare_side *side, const struct result *result, const char *label);
// A committed summary.json as a side; false: `why` says what is wrong with it.
bool compare_side_read(struct compare_side *side, const char *path, struct text *why);
void compare_side_release(struct compare_side *side);

// False if they cannot be compared: `why` says what differs and what would mend it.
bool compare_sides(struct comparison *comparison, const struct compare_side *base,
                   const struct compare_side *new, const struct compare_options *options,
                   struct text *why);
void compare_release(struct comparison *comparison);
