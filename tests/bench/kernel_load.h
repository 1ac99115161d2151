// kernel_load - the event queue at work: queueing models written straight on the kernel.
//
// Each runs `events` events from a fixed seed and returns the nanoseconds that one took. Handlers
// are called through their pointers, random numbers are drawn live, nothing is recorded.
#pragma once

#include <stdint.h>

// An M/M/1 queue at rho 0.9; an event is an arrival or a departure. `size` is ignored.
double kernel_load_mm1(uint64_t events, uint64_t size);

// `size` stations at rho 0.9 one behind the other; an event is a visit to a station.
double kernel_load_tandem(uint64_t events, uint64_t size);

// `size` pending events; each that happens schedules another one, exponentially later.
double kernel_load_hold(uint64_t events, uint64_t size);

// The M/M/1 queue, where every event cancels a timeout and arms a new one.
double kernel_load_timeouts(uint64_t events, uint64_t size);

// The M/M/1 queue in front of `size` pending timeouts, all of one delay or each of its own.
double kernel_load_waiting_lane(uint64_t events, uint64_t size);
double kernel_load_waiting_main(uint64_t events, uint64_t size);

// Bytes of all pools of a queue for one of `size` pending events.
double kernel_load_bytes(uint64_t size);
