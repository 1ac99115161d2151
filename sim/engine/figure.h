// figure - the figures of a component at the end of a replication: its model's own, then the
// engine's.
//
// A component that consumes has the lag and the backlog of its consumers; one that holds long-lived
// sockets has their numbers.
#pragma once

#include <stdint.h>

#include "sim/engine/model.h"

uint32_t figure_count(const struct design *design, uint32_t component);

// The figure of that number, 0 <= number < figure_count.
const struct model_metric *figure_at(const struct design *design, uint32_t component,
                                     uint32_t number);
