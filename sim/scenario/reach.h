// reach - which components a client's request may touch, and which a component depends on.
//
// Along the calls that the scenario declares, retries and fallbacks included, and from topics to
// their consumers: an over-estimate, since a branch that is never taken counts like any other.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/scenario/assembly.h"

struct reach {
    uint32_t workload_count, component_count;
    uint32_t words;          // of a row: a bit a component
    const uint32_t *first;   // a workload's first row of `touched`, with one more at the end
    const uint64_t *touched; // a row for each action of each workload, in order
    const uint64_t *needed;  // a row for each component: itself and all that it calls
};

// `reach` lives as long as the arena.
void reach_find(struct arena *arena, const struct design *design, const struct assembly_flow *flows,
                uint32_t flow_count, struct reach *reach);

const uint64_t *reach_touched(const struct reach *reach, uint32_t workload, uint32_t action);
const uint64_t *reach_needed(const struct reach *reach, uint32_t component);

bool reach_has(const uint64_t *row, uint32_t component);
bool reach_meets(const struct reach *reach, const uint64_t *one, const uint64_t *other);
void reach_add(const struct reach *reach, uint64_t *row, const uint64_t *other);
