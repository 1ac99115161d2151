// fault - the seam of all failure work: what is struck, how, when, and who is charged.
//
// A fault strikes by plan (at, duration) or by chance. By chance each of its targets has a clock of
// its own: time to failure by `mtbf` from the beginning or the last repair, time to repair by
// `mttr` (by `duration` where there is no mttr); `share` and `fixed` choose at time 0 which targets
// have clocks; a role has one clock and strikes whoever has the role then. By plan the mode chooses
// at each strike: one, all, a share (rounded, at least one) or a fixed number of the targets, by
// the stream "fault/NAME/choice". Targets: replicas for kill, pause and slow; zones and machines
// for zone-down and node-down (all of them if none is named); the link for the others. What several
// strikes hold down starts when the last one ends; a component that reschedules starts replicas
// lost with their host in another zone of the region, after the 340 s that Kubernetes takes by
// default (40 s until a node counts as lost, 300 s of toleration).
#pragma once

#include <stdint.h>

struct node;
struct world;

void fault_begin(struct world *world); // schedules strikes
void fault_end(struct world *world);

// The fault that a request failing now and begun at `began_ns` is charged to: the latest to strike
// whose time in force, with a minute after it, meets the request's life; DESIGN_NONE: none.
uint32_t fault_charged(const struct world *world, int64_t began_ns);
