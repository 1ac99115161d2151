// tiny - small designs built by hand, for tests that look at a world at given times.
//
// A tiny has zones of one region without links' delay, components whose only operation sleeps for a
// law (or works at the processor, where cores are given), edges and workloads. Change what is
// returned before tiny_begin.
#pragma once

#include "sim/engine/model.h"
#include "sim/engine/world.h"

enum { TINY_ZONES = 3, TINY_COMPONENTS = 4, TINY_REPLICAS = 16, TINY_EDGES = 8 };
enum { TINY_WORKLOADS = 4, TINY_FAULTS = 4, TINY_ACTIONS = 4 };

struct tiny_component {
    struct component_design *design;
    struct placement placements[TINY_REPLICAS];
    struct work_step work;
    struct step steps[1];
    struct operation operation;
    const char *streams[1];
};

struct tiny {
    struct design design;
    const char *regions[1];
    struct zone_design zones[TINY_ZONES];
    struct link_design links[TINY_ZONES * TINY_ZONES];
    struct machine_design machines[TINY_ZONES];
    struct component_design components[TINY_COMPONENTS];
    struct tiny_component parts[TINY_COMPONENTS];
    struct edge_design edges[TINY_EDGES];
    struct workload_design workloads[TINY_WORKLOADS];
    struct action_design actions[TINY_WORKLOADS][TINY_ACTIONS];
    struct fault_design faults[TINY_FAULTS];
    struct world *world;
};

// One hour, seed 1, three zones "a", "b", "c", a machine in each.
void tiny_init(struct tiny *tiny);

// Replica i stands in zone i modulo 3 at the machine of that number.
struct component_design *tiny_add_component(struct tiny *tiny, const char *name, uint32_t replicas,
                                            struct distribution time);

// An open Poisson workload of one call without time-out to the component.
struct workload_design *tiny_add_workload(struct tiny *tiny, const char *name, uint32_t to,
                                          double rate);

uint32_t tiny_add_edge(struct tiny *tiny, uint32_t from, uint32_t workload, uint32_t to);

// A planned fault that kills component 0's replica(s): at, duration.
struct fault_design *tiny_add_fault(struct tiny *tiny, const char *name, int64_t at_ns,
                                    int64_t duration_ns);

struct world *tiny_begin(struct tiny *tiny);
void tiny_end(struct tiny *tiny);

// Does that to the node at the present instant, as an event: the world's time is 1 ns later
// afterwards.
enum tiny_deed { TINY_KILL, TINY_DARKEN, TINY_RESTART, TINY_PAUSE, TINY_RESUME };
void tiny_do(enum tiny_deed deed, struct node *node);
// Calls act(world, argument) in the same way.
void tiny_call(struct world *world, void (*act)(void *world, uint64_t argument), uint64_t argument);

// Log entries of that kind.
uint32_t tiny_logged(const struct world *world, enum log_kind kind);
// Time of the first entry of that kind, -1: none.
int64_t tiny_first_logged(const struct world *world, enum log_kind kind);
