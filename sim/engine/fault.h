// fault - the seam of all failure work: what is struck, how, when, and who is charged.
#pragma once

#include <stdint.h>

struct world;

void fault_begin(struct world *world); // schedules strikes
void fault_end(struct world *world);

// The fault that a request failing now and begun at `began_ns` is charged to: the latest to strike whose
// time in force, with a minute after it, meets the request's life; DESIGN_NONE: none.
uint32_t fault_charged(const struct world *world, int64_t began_ns);
