// balance_health - the health checks: when a dead replica leaves the list and when it is back.
//
// Each replica is probed every `period` at its own phase (the hash of its name). A dead process
// refuses the probe at once, a dark host or a paused process only by the probe's time-out.
// `failures` probes in a row take the replica off the list, `successes` put it back. Nothing
// happens while nothing changes: the time of the deciding probe is computed when the replica's
// state changes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/design.h"

struct node;
struct world;

struct balance_health { // of one node
    int64_t phase_ns;
    int64_t probe_ns; // the deciding probe
    uint64_t event;   // EVENT_NONE: nothing is due
    bool delists;     // what it will do
};

void balance_health_begin(struct world *world);
void balance_health_changed(struct node *node);

// The first probe at or after `at_ns`.
int64_t balance_health_probe(const struct detection_design *detection, int64_t phase_ns,
                             int64_t at_ns);

// The probe that decides after a change at `at_ns`: the last of `failures` (`successes`).
int64_t balance_health_decision(const struct detection_design *detection, int64_t phase_ns,
                                int64_t at_ns, bool answers);
