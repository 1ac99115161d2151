// stage - one component with constant work and clients that arrive at given times, for exact
// expectations.
#pragma once

#include "tests/engine/tiny.h"

enum { STAGE_TIMES = 16 };

struct stage {
    struct tiny tiny;
    int64_t times[TINY_WORKLOADS][STAGE_TIMES];
};

// Component 0 with `cores` servers whose operation works `work_ns` at the processor.
void stage_init(struct stage *stage, uint32_t replicas, double cores, int64_t work_ns);

// Clients that arrive at these seconds (ends with -1); returns the workload's number.
uint32_t stage_clients(struct stage *stage, uint32_t priority, const double *seconds);

// Runs to `seconds`; the world stays for inspection until stage_end.
struct world *stage_run(struct stage *stage, double seconds);
void stage_end(struct stage *stage);

// Sum of the latencies of the workload's answered requests, in seconds; their number.
double stage_latency(const struct world *world, uint32_t workload);
uint64_t stage_status(const struct world *world, uint32_t workload, enum status status);
