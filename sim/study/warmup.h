// warmup - finds the warm-up by MSER-5 on a pilot replication.
#pragma once

#include <stdbool.h>

#include "sim/base/arena.h"
#include "sim/engine/design.h"
#include "sim/study/result.h"

// Number of the pilot, which no other run has.
enum { WARMUP_PILOT = UINT32_MAX };

// Simulates a pilot without faults and warm-up, cuts every workload's series of mean latencies by
// MSER-5 and sets design->warmup_ns to the longest cut; at most half of the run, `too_short` when
// the statistic wants more. Figures go to `found`, on the arena. False when interrupted.
bool warmup_find(struct design *design, const volatile int *stop, struct arena *arena,
                 struct result_warmup *found);
