// audit - the judges of recorded histories: linearizable or not, how stale, how fast converged.
//
// Staleness of a read: the time, at its beginning, since a write had been acknowledged that began
// after the write it saw had been acknowledged; 0 where it saw the newest. Convergence of a write:
// from its beginning until the latest replica came to hold it.
#pragma once

#include <stdint.h>

#include "sim/engine/model.h"
#include "sim/kernel/histogram.h"

struct component;

struct audit {
    uint64_t operations;
    uint32_t keys, violations, undecided; // keys whose history is none of one register
    uint64_t reads, stale;
    struct histogram staleness; // of all reads, ns
    struct histogram convergence;
};

// At the end of a replication: judges the component's history (NULL where there is none) and states
// the invariant "linearizable NAME" with the smallest history that breaks it. Owner: the component,
// audit_release.
void audit_component(struct component *component);
void audit_release(struct component *component);

// Figures of a component with `consistency`.
extern const struct model_metric audit_metrics[];
enum { AUDIT_METRICS = 8 };
