// result - many runs, one answer: what a report, a file or a comparison needs, as plain data.
//
// A result does not point into the design: it can be read back from results.h5 and rendered again.
// All memory but the histograms' buckets hangs on its arena. Names are the user's. Counts are
// summed over the replications, after the warm-up. Rows of a kind are in the order of the scenario.
//
// Every estimated quantity is a *figure*: a column of the matrix replication x figure, with its
// estimate over the replications. The figures of a workload, an operation or a component stand in
// one block of known layout, so `result_flow(result, workload->figures, RESULT_P99)` is the
// estimate of its p99. Units of figures: times in s, rates in 1/s, ratios 0..1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/meter.h"
#include "sim/engine/status.h"
#include "sim/kernel/estimate.h"
#include "sim/kernel/fingerprint.h"
#include "sim/kernel/histogram.h"

enum { RESULT_NONE = UINT32_MAX };

// ---- figures -----------------------------------------------------------------------------------

// The block of a flow: of a workload, an operation, and the beginning of that of a component.
enum result_flow_figure {
    RESULT_OFFERED,    // arrivals (workload: intended ones), 1/s
    RESULT_THROUGHPUT, // good answers, 1/s
    RESULT_SUCCESS,    // good answers over all that ended
    RESULT_MEAN,       // latency
    RESULT_P50,
    RESULT_P90,
    RESULT_P95,
    RESULT_P99,
    RESULT_P999,
    RESULT_P9999,
    RESULT_MAX, // its estimate is the largest of all, without interval
    RESULT_FLOW_FIGURES
};

// What a component adds.
enum result_component_figure {
    RESULT_UTILIZATION = RESULT_FLOW_FIGURES, // busy over existing server time
    RESULT_UTILIZATION_MAX,                   // of the busiest replica
    RESULT_QUEUE,                             // waiting visits, all replicas together
    RESULT_IN_SYSTEM,
    RESULT_READY,    // replicas that are up, mean
    RESULT_REJECTED, // rejected over arrivals
    RESULT_WAIT_MEAN,
    RESULT_WAIT_P50,
    RESULT_WAIT_P90,
    RESULT_WAIT_P95,
    RESULT_WAIT_P99,
    RESULT_WAIT_P999,
    RESULT_WAIT_P9999,
    RESULT_WAIT_MAX,
    RESULT_COMPONENT_FIGURES // the model's own metrics follow
};

enum { RESULT_QUANTILES = 6 }; // p50 .. p99.99, also of the waits
extern const double result_quantiles[RESULT_QUANTILES];
extern const char *const result_quantile_names[RESULT_QUANTILES]; // "p50" .. "p99.99"

enum result_better { RESULT_NEITHER, RESULT_LOWER, RESULT_HIGHER };

struct result_figure {
    const char *name; // "shoppers.p99", "orders.create.throughput", "cache.hit_ratio"
    const char *unit; // "s", "1/s", "1", or the model metric's own
    enum result_better better;
    struct estimate estimate;
};

// ---- what was simulated ------------------------------------------------------------------------

struct result_workload {
    const char *name;
    const char *assumed;           // why it is an assumption, NULL: declared
    uint32_t figures;              // first of its block
    uint64_t offered, ended, open; // open: in flight at the ends of the replications
    uint64_t statuses[STATUS_COUNT];
    double thinned; // 1: nothing thinned
    struct histogram latency;
};

struct result_operation {
    const char *name;
    uint32_t component;
    bool internal;
    uint32_t figures;
    uint64_t arrivals, waste;
    uint64_t statuses[STATUS_COUNT];
    double parts_s[METER_PARTS]; // mean of a visit's response time
    struct histogram latency;
};

struct result_component {
    const char *name, *kind;
    const char *title, *group, *description, *assumed; // NULL: none; group never NULL
    uint32_t replicas;
    double cores; // per replica, 0: not modelled
    uint32_t figures;
    uint32_t first_operation, operation_count;
    uint32_t first_metric, metric_count; // figures of the model's own metrics
    uint64_t arrivals;
    uint64_t statuses[STATUS_COUNT];
    uint64_t retries, timeouts, ejections, breaker_trips;
    int64_t queue_max;
    struct histogram latency; // over its operations that are not internal
    struct histogram wait;
};

struct result_edge {   // a caller-callee pair
    uint32_t from;     // component, RESULT_NONE: a workload's clients
    uint32_t workload; // then its index
    uint32_t to;
    const char *protocol; // NULL: none said
    uint64_t calls, tries, retries, hedges, timeouts, failures, short_circuited;
    double mean_s, p50_s, p99_s, max_s; // of whole calls; NaN without any
};

// ---- objectives --------------------------------------------------------------------------------

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNDECIDED, VERDICT_NO_DATA };

enum result_slice { RESULT_SLICE_EMPTY, RESULT_SLICE_GOOD, RESULT_SLICE_BAD };

// One objective. Value, interval and limit are in `unit`: "s", "1", "1/s" or a model metric's own.
struct result_slo {
    const char *name, *target, *objective; // objective as written: "p(99) < 300ms"
    const char *unit;
    int metric;   // enum slo_metric
    int relation; // enum slo_relation
    double quantile, limit;
    bool warn_only;
    enum verdict verdict;
    struct estimate observed;
    double margin; // relative distance to the limit, > 0: on the good side; NaN without a value
    uint64_t good, total; // threshold or availability counts, 0 of 0 where nothing is counted
    double
        decided_by_s; // UNDECIDED: simulated seconds, all replications, that would decide it; or 0
    const char *why;  // not PASS: one sentence; NULL otherwise
    bool compared;    // a run without faults stands beside
    enum verdict without_verdict;
    struct estimate without;
    double slice_s;       // 0: judged as a whole
    uint32_t slice_count; // slices, pooled over the replications
    uint64_t *slice_good, *slice_total;
    uint8_t *slice_state; // enum result_slice
    uint32_t worst_slice; // RESULT_NONE: none
    uint32_t budget;      // row of budgets, RESULT_NONE: none
};

struct result_budget { // of an availability objective with a window
    uint32_t slo;
    double window_s;
    double allowed_s;   // of total outage in the window
    double spent_s;     // as seconds of total outage: by faults and otherwise
    double other_s;     // what no fault is charged with, scaled to the window
    double *by_fault_s; // per fault, expected occurrences counted
};

struct result_fault {
    const char *name, *action, *target; // target in words: "zone eu-a", "component db (leader)"
    bool enabled, stochastic;
    double at_s;            // NaN: stochastic
    double duration_s;      // NaN: until the end
    double expected;        // in a window
    uint64_t occurrences;   // of all replications
    double active_s;        // of all replications
    double first_s, end_s;  // first strike and last end seen in any replication, NaN: never
    uint64_t *bad_requests; // by SLO, of all replications
};

struct result_invariant {
    const char *name;
    uint64_t checked, violated;
    const char *first;    // the first violation in words, NULL
    uint32_t replication; // where it happened
};

// ---- trust -------------------------------------------------------------------------------------

struct result_check { // one row of the validation
    const char *name; // "Little's law", "utilization law", "M/M/c mean wait", "conservation", ...
    const char *subject; // component, workload
    const char *unit;
    struct estimate simulated;
    double expected; // NaN: none
    bool agrees;
    const char *note; // what was compared with what
};

struct result_warmup {
    bool automatic;
    double chosen_s;
    bool too_short;  // no cut within the first half: the run is too short to see its steady state
    double longer_s; // a longer cut, for the check: mean latency beyond either
    double mean_s, longer_mean_s; // of the workload `subject`
    const char *subject;          // whose series asked for the longest cut, NULL
    uint32_t bin_count; // of the pilot's series of that workload: mean latency by bin, s, NaN
    double bin_s;
    double *bins;
};

struct result_replication {
    uint32_t number;
    struct fingerprint_value fingerprint;
    uint64_t events, ties, stale_wakes, bytes;
    bool complete; // false: ended at max_events
};

struct result_pair {
    const char *key, *value; // a parameter and its value; subject and reason; code and text
};

// ---- series ------------------------------------------------------------------------------------

// Counts are summed over the replications. Levels are means over the replications, *_MAX levels
// maxima; latencies are means over the replications of the bin's quantile, SERIES_MAX the maximum;
// NaN without sample. Layout as in struct series: bin-major.
struct result_series {
    uint32_t bin_count;
    double bin_s;
    uint64_t *component_counts; // bin x component x SERIES_COUNTS
    float *component_levels;    // bin x component x SERIES_LEVELS
    float *operation_latency;   // bin x operation x SERIES_LATENCIES
    float *workload_latency;    // bin x workload x SERIES_LATENCIES
    uint64_t *workload_counts;  // bin x workload x SERIES_FLOWS
    uint64_t *heatmap;          // bin x workload x SERIES_HEAT
};

// ---- the whole ---------------------------------------------------------------------------------

struct result {
    struct arena arena;
    const char *scenario, *description; // description: NULL if none
    const char *file;   // as given on the command line, for people; not in summary.json
    const char *digest; // hex
    const char *version;
    const char *source, *resolved; // texts of the scenario, "" if unknown
    uint64_t seed;
    double duration_s, warmup_s; // of one replication; warm-up as used
    uint32_t minimum, maximum;   // replications asked for
    double stop_at;              // relative half-width, 0: none
    double widest;               // widest relative half-width of an SLO metric, NaN: none
    bool batches;                // one replication: the rows of the matrix are 20 batches in time
    bool faults_on;              // at least one fault was in force
    uint64_t events;
    double simulated_s; // all replications, warm-ups included
    uint64_t bytes_max; // memory of the largest world
    struct fingerprint_value fingerprint;
    enum verdict verdict;
    bool interrupted_by_limit; // a replication ended at max_events: exit status 3

    uint32_t replication_count, row_count; // rows of the matrix: replications, or batches
    struct result_replication *replications;
    uint32_t figure_count;
    struct result_figure *figures;
    double *matrix; // row x figure, NaN: no sample

    uint32_t workload_count, component_count, operation_count, edge_count;
    struct result_workload *workloads;
    struct result_component *components;
    struct result_operation *operations;
    struct result_edge *edges;

    uint32_t slo_count, budget_count, fault_count, invariant_count;
    struct result_slo *slos;
    struct result_budget *budgets;
    struct result_fault *faults;
    struct result_invariant *invariants;

    struct result_series series;
    uint32_t log_count; // of replication 0
    struct log_event *log;
    uint32_t exemplar_count; // of replication 0: spans of slow requests that were followed
    struct exemplar_span *exemplars;

    uint32_t check_count;
    struct result_check *checks;
    struct result_warmup warmup;

    uint32_t parameter_count, assumption_count, approximation_count, warning_count, reason_count;
    struct result_pair *parameters;     // name, value
    struct result_pair *assumptions;    // subject, why
    struct result_pair *approximations; // subject, what
    struct result_pair *warnings;       // code, text
    const char **reasons;               // why it failed, sentences in order
    uint32_t worst_row;                 // row of the matrix that did worst, RESULT_NONE
};

void result_init(struct result *result);
void result_release(struct result *result);

// The estimate of one figure of a block; `block` is the `figures` of a workload, operation or
// component.
static inline const struct estimate *result_flow(const struct result *result, uint32_t block,
                                                 uint32_t figure)
{
    return &result->figures[block + figure].estimate;
}

// The column of that figure name, RESULT_NONE.
uint32_t result_figure_named(const struct result *result, const char *name);

// "PASS", "FAIL", "UNDECIDED", "NO DATA".
const char *result_verdict_name(enum verdict verdict);

// Whom a log entry is about: "db/0", a fault, "orders to db"; writes at most `size` bytes.
const char *result_log_subject(const struct result *result, const struct log_event *event,
                               char *buffer, size_t size);

void result_warn(struct result *result, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
