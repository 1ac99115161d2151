// stage - one component with constant work and clients that arrive at given times, for exact
// expectations.
#include "tests/engine/stage.h"

static int64_t ns_of(double seconds)
{
    return (int64_t)(seconds * 1e9 + 0.5);
}

void stage_init(struct stage *stage, uint32_t replicas, double cores, int64_t work_ns)
{
    tiny_init(&stage->tiny);
    struct component_design *design =
        tiny_add_component(&stage->tiny, "q", replicas, distribution_constant((double)work_ns));
    design->cores = cores;
    stage->tiny.parts[0].steps[0].run = step_run_cpu;
}

uint32_t stage_clients(struct stage *stage, uint32_t priority, const double *seconds)
{
    static const char *const names[TINY_WORKLOADS] = {"one", "two", "three", "four"};
    const uint32_t number = stage->tiny.design.workload_count;
    struct workload_design *design = tiny_add_workload(&stage->tiny, names[number], 0, 0);
    uint32_t count = 0;
    for (; seconds[count] >= 0; count++) {
        stage->times[number][count] = ns_of(seconds[count]);
    }
    design->priority = priority;
    design->arrivals = (struct arrival_design){
        .kind = ARRIVAL_TRACE, .trace_count = count, .trace_times = stage->times[number]};
    return number;
}

struct world *stage_run(struct stage *stage, double seconds)
{
    struct world *world = stage->tiny.world;
    if (world == NULL) {
        world = tiny_begin(&stage->tiny);
    }
    world_run(world, ns_of(seconds));
    return world;
}

void stage_end(struct stage *stage)
{
    tiny_end(&stage->tiny);
}

double stage_latency(const struct world *world, uint32_t workload)
{
    return (double)world->meter.workloads[workload].latency.sum / 1e9;
}

uint64_t stage_status(const struct world *world, uint32_t workload, enum status status)
{
    return world->meter.workloads[workload].statuses[status];
}
