// verdict - judges objectives: PASS, FAIL, UNDECIDED or NO DATA, with margin, budget and reason.
//
// A share of requests (percentile, carried, success, availability) is judged by its exact counters:
// p(99) < L holds when at least 99 % of the requests lie below L. The interval is that of
// estimate_ratio. What is a mean over replications is judged by its Student interval. A maximum is
// judged as it is. One replication without batches has no interval: UNDECIDED.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/study/result.h"

struct result_input;

// Fills slos and budgets, the overall verdict and the reasons.
void verdict_judge(struct result *result, const struct result_input *input);

// Sets the verdicts of a run without faults beside those of the run with them.
void verdict_compare(struct result *result, const struct result *without);

// PASS, FAIL or UNDECIDED of an estimate against a limit; NO DATA if it is unknown. relation is an
// enum slo_relation.
enum verdict verdict_of(const struct estimate *estimate, double limit, int relation);

// FAIL > NO DATA > UNDECIDED > PASS
enum verdict verdict_worse(enum verdict one, enum verdict other);

// How many times as long a run would decide, from an undecided estimate; 0: cannot be said.
double verdict_stretch(const struct estimate *estimate, double limit);
// The same of a share; one without a miss is known to need 3.689 / (1 - target) samples in all.
double verdict_stretch_share(const struct result_slo *slo, const struct estimate *share,
                             double target);

// 0, 1 or 4; 3 where a replication ended at max_events.
int verdict_exit_status(const struct result *result, bool allow_undecided, bool exit_zero);
