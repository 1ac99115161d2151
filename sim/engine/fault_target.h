// fault_target - what a fault can strike (replicas, zones, machines, links), and what it does.
#pragma once

#include <stdint.h>

#include "sim/engine/design.h"

struct random_stream;
struct world;

struct fault_targets {
    uint32_t count;
    uint32_t *numbers; // of nodes, zones or machines; 0 of a link. Owner: the caller, free()
};

// Everything that the fault selects now, ascending.
struct fault_targets fault_target_all(struct world *world, const struct fault_design *design);

// Keeps of them what the mode says, by chance.
void fault_target_choose(struct fault_targets *targets, const struct fault_design *design,
                         struct random_stream *stream);

// "api/3", "zone eu-a", "machine m1", "link": names a clock.
const char *fault_target_name(struct world *world, const struct fault_design *design,
                              uint32_t number);

// The nodes that a target of the fault stands for, ascending.
struct fault_targets fault_target_nodes(struct world *world, const struct fault_design *design,
                                        uint32_t number);
