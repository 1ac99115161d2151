// world - one replication: nodes, visits, calls, network, meters and the clock. No globals.
#include "sim/engine/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/path.h"
#include "sim/base/text.h"
#include "sim/engine/audit.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/fault.h"
#include "sim/engine/hold.h"
#include "sim/engine/join.h"
#include "sim/engine/model.h"
#include "sim/engine/workload.h"

enum { TIMER_BYTES = 48 };

struct random_stream *world_stream(struct world *world, const char *name)
{
    struct random_stream *stream = arena_take(&world->arena, sizeof *stream);
    random_stream_init(stream, world->key, text_hash(name));
    return stream;
}

static void begin_streams(struct component *component)
{
    const struct component_design *design = component->design;
    component->streams = arena_take_array(&component->world->arena, design->stream_count,
                                          sizeof *component->streams);
    for (uint32_t i = 0; i < design->stream_count; i++) {
        random_stream_init(&component->streams[i], component->world->key,
                           text_hash(design->streams[i]));
    }
}

static void begin_component(struct world *world, uint32_t number)
{
    struct component *component = &world->components[number];
    const struct component_design *design = &world->design->components[number];
    component->world = world;
    component->design = design;
    component->number = number;
    component->node_count = design->replicas;
    component->meter = &world->meter.components[number];
    component->operations = meter_operation(&world->meter, number, 0);
    component->state = arena_take(&world->arena, design->model->component_size);
    component->nodes = arena_take_array(&world->arena, design->replicas, sizeof *component->nodes);
    component->history =
        design->consistency.enabled ? check_calloc(1, sizeof(struct history)) : NULL;
    begin_streams(component);
    for (uint32_t i = 0; i < design->replicas; i++) {
        struct node *node = &component->nodes[i];
        node->world = world;
        node->component = component;
        node->replica = i;
        node->zone = design->placements[i].zone;
        node->machine = design->placements[i].machine;
        node->role = design->placements[i].role;
        node->number = world->node_count;
        world->nodes[world->node_count++] = node;
    }
}

static void begin_components(struct world *world)
{
    const struct design *design = world->design;
    uint32_t total = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        total += design->components[i].replicas;
    }
    world->components =
        arena_take_array(&world->arena, design->component_count, sizeof *world->components);
    world->nodes = arena_take_array(&world->arena, total, sizeof(struct node *));
    for (uint32_t i = 0; i < design->component_count; i++) {
        begin_component(world, i);
    }
}

static void begin_models(struct world *world)
{
    const struct design *design = world->design;
    for (uint32_t i = 0; i < design->component_count; i++) {
        struct component *component = &world->components[i];
        if (component->design->model->begin != NULL) {
            component->design->model->begin(component);
        }
        for (uint32_t k = 0; k < component->node_count; k++) {
            node_begin(&component->nodes[k]);
        }
    }
    for (uint32_t i = 0; i < design->consumer_count; i++) {
        const struct consumer_design *consumer = &design->consumers[i];
        struct component *broker = &world->components[consumer->broker];
        broker->design->model->attach(broker, consumer, &world->components[consumer->component]);
    }
}

struct world *world_begin(const struct design *design, uint32_t replication)
{
    struct world *world = check_calloc(1, sizeof *world);
    world->design = design;
    world->replication = replication;
    world->key = random_key(design->seed, replication);
    world->latest_fault = DESIGN_NONE;
    world->queue = event_queue_begin();
    arena_init(&world->arena);
    fingerprint_begin(&world->fingerprint);
    slots_init(&world->visits, sizeof(struct visit));
    slots_init(&world->calls, sizeof(struct call));
    slots_init(&world->joins, sizeof(struct join));
    slots_init(&world->holds, sizeof(struct hold));
    slots_init(&world->timers, TIMER_BYTES);
    meter_begin(world);
    if (replication == 0) {
        exemplar_init(world);
    }
    begin_components(world);
    network_begin(world);
    balance_begin(world);
    begin_models(world);
    fault_begin(world);
    workload_begin(world);
    return world;
}

void world_end(struct world *world)
{
    const struct design *design = world->design;
    workload_end(world);
    fault_end(world);
    for (uint32_t i = 0; i < design->component_count; i++) {
        struct component *component = &world->components[i];
        for (uint32_t k = 0; k < component->node_count; k++) {
            node_end(&component->nodes[k]);
        }
        if (component->design->model->end != NULL) {
            component->design->model->end(component);
        }
        audit_release(component);
    }
    balance_end(world);
    network_end(world);
    meter_release(&world->meter, design);
    exemplar_release(world);
    slots_release(&world->visits);
    slots_release(&world->calls);
    slots_release(&world->joins);
    slots_release(&world->holds);
    slots_release(&world->timers);
    fingerprint_end(&world->fingerprint);
    event_queue_end(world->queue);
    arena_release(&world->arena);
    free(world);
}

// A copy, so that the event itself can stay in registers.
PATH_RARE static void show(struct world *world, int64_t time, struct event event)
{
    world->watch(world, time, &event);
}

static bool run(struct world *world, int64_t until_ns)
{
    const uint64_t most = world->design->max_events;
    struct event_queue *queue = world->queue;
    struct event event;
    int64_t time;
    while (event_queue_next(queue, until_ns, &time, &event)) {
        world->now = time;
        fingerprint_add(&world->fingerprint, time, event.tag, event.argument);
        world->events++;
        if (world->watch != NULL) {
            show(world, time, event);
        }
        event.act(event.subject, event.argument);
        if (world->events == most) {
            return false;
        }
    }
    world->now = until_ns;
    return true;
}

bool world_run(struct world *world, int64_t until_ns)
{
    const bool whole = run(world, until_ns);
    meter_flush(&world->meter, world->design);
    return whole;
}

static struct invariant_count *find_invariant(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->invariant_count; i++) {
        if (world->invariants[i].name == name) { // mostly the same literal
            return &world->invariants[i];
        }
    }
    for (uint32_t i = 0; i < world->invariant_count; i++) {
        if (text_same(world->invariants[i].name, name)) {
            return &world->invariants[i];
        }
    }
    CHECK(world->invariant_count < WORLD_INVARIANTS);
    struct invariant_count *invariant = &world->invariants[world->invariant_count++];
    invariant->name = name;
    return invariant;
}

void world_hold(struct world *world, const char *name, bool holds, const char *format, ...)
{
    struct invariant_count *invariant = find_invariant(world, name);
    invariant->checked++;
    if (holds) {
        return;
    }
    if (invariant->violated++ == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(invariant->first, sizeof invariant->first, format, arguments);
        va_end(arguments);
    }
}
