// place - regions, zones, links and machines of a scenario, and where replicas stand.
#pragma once

#include <stdbool.h>

#include "sim/scenario/assembly.h"

// Fills design->topology from the section. False after errors.
bool place_topology(struct assembly *assembly);

// Lays out a component's replicas over zones and machines: placements and replicas. False after
// errors.
bool place_component(struct assembly *assembly, uint32_t component);

// Gives machines to placements that have none, for layouts that models made themselves.
void place_machines(struct assembly *assembly);
