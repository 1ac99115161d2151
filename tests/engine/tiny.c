// tiny - small designs built by hand, for tests that look at a world at given times.
#include "tests/engine/tiny.h"

#include <string.h>

static const struct model model = {
    .kind = "tiny",
    .family = "service",
    .summary = "sleeps",
    .component_size = 8,
    .node_size = 8,
};

void tiny_init(struct tiny *tiny)
{
    memset(tiny, 0, sizeof *tiny);
    struct topology_design *topology = &tiny->design.topology;
    static const char *const names[TINY_ZONES] = {"a", "b", "c"};
    tiny->regions[0] = "r";
    for (uint32_t i = 0; i < TINY_ZONES; i++) {
        tiny->zones[i] = (struct zone_design){names[i], 0};
        tiny->machines[i] = (struct machine_design){names[i], i, 16, 0};
    }
    for (uint32_t i = 0; i < TINY_ZONES * TINY_ZONES; i++) {
        tiny->links[i].latency = distribution_constant(0);
    }
    *topology = (struct topology_design){1, TINY_ZONES, TINY_ZONES, tiny->regions,
                                         tiny->zones, tiny->links, tiny->machines};
    tiny->design.name = "tiny";
    tiny->design.duration_ns = 3600 * TIME_S;
    tiny->design.seed = 1;
    tiny->design.resolution_ns = TIME_S;
    tiny->design.components = tiny->components;
    tiny->design.edges = tiny->edges;
    tiny->design.workloads = tiny->workloads;
    tiny->design.faults = tiny->faults;
}

struct component_design *tiny_add_component(struct tiny *tiny, const char *name, uint32_t replicas,
                                            struct distribution time)
{
    const uint32_t number = tiny->design.component_count++;
    struct tiny_component *part = &tiny->parts[number];
    struct component_design *design = &tiny->components[number];
    part->work = (struct work_step){time, DESIGN_NONE, 0};
    part->steps[0] = (struct step){"work", step_run_sleep, &part->work, 0};
    part->operation = (struct operation){"work", "works", part->steps, 1, 0, false};
    part->streams[0] = name;
    for (uint32_t i = 0; i < replicas; i++) {
        part->placements[i] = (struct placement){i % TINY_ZONES, i % TINY_ZONES, NULL};
    }
    *design = (struct component_design){
        .name = name,
        .kind = "tiny",
        .group = "service",
        .model = &model,
        .replicas = replicas,
        .placements = part->placements,
        .operation_count = 1,
        .operations = &part->operation,
        .stream_count = 1,
        .streams = part->streams,
        .startup = distribution_constant(0),
    };
    return design;
}

uint32_t tiny_add_edge(struct tiny *tiny, uint32_t from, uint32_t workload, uint32_t to)
{
    tiny->edges[tiny->design.edge_count] = (struct edge_design){from, workload, to, NULL};
    return tiny->design.edge_count++;
}

struct workload_design *tiny_add_workload(struct tiny *tiny, const char *name, uint32_t to,
                                          double rate)
{
    const uint32_t number = tiny->design.workload_count++;
    struct workload_design *design = &tiny->workloads[number];
    struct action_design *action = tiny->actions[number];
    action->share = 1;
    action->call = (struct call_design){
        .target = to,
        .operation = &tiny->parts[to].operation,
        .retry = {.attempts = 1, .factor = 1},
        .units = 1,
        .edge = tiny_add_edge(tiny, DESIGN_NONE, number, to),
    };
    *design = (struct workload_design){
        .name = name,
        .rate = rate,
        .action_count = 1,
        .actions = action,
        .units = 1,
        .thinned = 1,
    };
    return design;
}

struct fault_design *tiny_add_fault(struct tiny *tiny, const char *name, int64_t at_ns,
                                    int64_t duration_ns)
{
    struct fault_design *fault = &tiny->faults[tiny->design.fault_count++];
    *fault = (struct fault_design){
        .name = name,
        .action = FAULT_KILL,
        .component = 0,
        .zone = DESIGN_NONE,
        .machine = DESIGN_NONE,
        .from = DESIGN_NONE,
        .to = DESIGN_NONE,
        .from_zone = DESIGN_NONE,
        .to_zone = DESIGN_NONE,
        .mode = FAULT_ALL,
        .at_ns = at_ns,
        .duration_ns = duration_ns,
        .enabled = true,
    };
    return fault;
}

struct world *tiny_begin(struct tiny *tiny)
{
    tiny->world = world_begin(&tiny->design, 0);
    return tiny->world;
}

void tiny_end(struct tiny *tiny)
{
    world_end(tiny->world);
}

void tiny_call(struct world *world, void (*act)(void *world, uint64_t argument), uint64_t argument)
{
    event_queue_at(world->queue, world->now, (struct event){act, world, argument, 0});
    world_run(world, world->now + 1);
}

static void on_deed(void *subject, uint64_t argument)
{
    const struct world *world = subject;
    struct node *node = world->nodes[argument >> 8];
    switch ((enum tiny_deed)(argument & 0xff)) {
    case TINY_KILL:
        node_kill(node, false);
        break;
    case TINY_DARKEN:
        node_kill(node, true);
        break;
    case TINY_RESTART:
        node_restart(node);
        break;
    case TINY_PAUSE:
        node_pause(node);
        break;
    case TINY_RESUME:
        node_resume(node);
        break;
    }
}

void tiny_do(enum tiny_deed deed, struct node *node)
{
    tiny_call(node->world, on_deed, (uint64_t)node->number << 8 | deed);
}

uint32_t tiny_logged(const struct world *world, enum log_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->meter.log_count; i++) {
        count += world->meter.log[i].kind == kind;
    }
    return count;
}

int64_t tiny_first_logged(const struct world *world, enum log_kind kind)
{
    for (uint32_t i = 0; i < world->meter.log_count; i++) {
        if (world->meter.log[i].kind == kind) {
            return world->meter.log[i].time_ns;
        }
    }
    return -1;
}
