// run - one replication from begin to end, and the record it leaves.
//
// Little's law is an identity of integers over [0, duration): the area under the number of visits
// at a component's nodes equals the sum of the times that visits spent there, those still present
// included.
#include "sim/engine/run.h"

#include "sim/base/check.h"
#include "sim/engine/audit.h"
#include "sim/engine/figure.h"
#include "sim/engine/model.h"
#include "sim/engine/workload.h"

// A request that nobody bounds in time counts as lost when it has waited so long at the end.
#define LOST_AFTER (60 * TIME_S)

// ---- running ------------------------------------------------------------------------------------

static enum run_end run_until(struct world *world, int64_t until_ns, const volatile int *stop)
{
    const int64_t slice = world->meter.series.bin_ns;
    while (world->now < until_ns) {
        if (stop != NULL && *stop != 0) {
            return RUN_INTERRUPTED;
        }
        const int64_t next = time_after(world->now, slice);
        if (!world_run(world, next < until_ns ? next : until_ns)) {
            return RUN_MAX_EVENTS;
        }
    }
    return RUN_DONE;
}

enum run_end run_world(struct world *world, const volatile int *stop)
{
    const struct design *design = world->design;
    enum run_end end = run_until(world, design->warmup_ns, stop);
    if (end != RUN_DONE) {
        return end;
    }
    meter_clear(world);
    end = run_until(world, design->duration_ns, stop);
    meter_close(world);
    return end;
}

// ---- invariants of the engine -------------------------------------------------------------------

static __int128 present_ns(struct world *world, uint32_t component)
{
    __int128 sum = 0;
    for (uint32_t number = 1; number < world->visits.used; number++) {
        const struct visit *visit = slots_at(&world->visits, number);
        if (visit->number == number && visit->operation != NULL && (visit->flags & VISIT_INSIDE) &&
            visit->node->component->number == component) {
            sum += world->now - visit->began_ns;
        }
    }
    return sum;
}

static void check_component(struct world *world, uint32_t number)
{
    const struct component_meter *meter = &world->meter.components[number];
    const char *name = world->design->components[number].name;
    const uint64_t present = (uint64_t)meter->in_system.value;
    world_hold(world, "conservation", meter->begun_total == meter->ended_total + present,
               "%s: %lu visits were let in, %lu have left, %lu are present", name,
               (unsigned long)meter->begun_total, (unsigned long)meter->ended_total,
               (unsigned long)present);
    const __int128 area = meter->in_system_before + tally_area(&meter->in_system, world->now);
    const __int128 spent = meter->sojourn_total_ns + present_ns(world, number);
    world_hold(world, "little", area == spent, "%s: area and time spent differ by %ld ns", name,
               (long)(area - spent));
}

static void check_capacity(struct world *world)
{
    for (uint32_t i = 0; i < world->node_count; i++) {
        const struct node *node = world->nodes[i];
        world_hold(world, "capacity", node->cpu.busy.maximum <= (int64_t)node->cpu.servers,
                   "%s: %ld servers were busy of %u", node->component->design->name,
                   (long)node->cpu.busy.maximum, node->cpu.servers);
    }
}

static void check_world(struct world *world)
{
    const struct design *design = world->design;
    for (uint32_t i = 0; i < design->workload_count; i++) {
        const struct workload_meter *meter = &world->meter.workloads[i];
        world_hold(world, "conservation", meter->offered_total == meter->ended_total + meter->open,
                   "%s: %lu offered, %lu ended, %lu in flight", design->workloads[i].name,
                   (unsigned long)meter->offered_total, (unsigned long)meter->ended_total,
                   (unsigned long)meter->open);
    }
    for (uint32_t i = 0; i < design->component_count; i++) {
        check_component(world, i);
        audit_component(&world->components[i]);
        if (design->components[i].model->check != NULL) {
            design->components[i].model->check(&world->components[i]);
        }
    }
    check_capacity(world);
}

// ---- the record ---------------------------------------------------------------------------------

static void add_node(const struct world *world, const struct node *node,
                     struct component_figures *figures, double measured_s)
{
    const double busy = (double)tally_area(&node->cpu.busy, world->now) / 1e9;
    const double capacity = (double)node->cpu.servers * measured_s;
    figures->busy_s += busy;
    figures->capacity_s += capacity;
    figures->queue_s += (double)tally_area(&node->cpu.waiting, world->now) / 1e9;
    figures->queue_s += (double)tally_area(&node->concurrency.waiting, world->now) / 1e9;
    for (uint32_t i = 0; i < node->component->design->pool_count; i++) {
        figures->queue_s += (double)tally_area(&node->pools[i].waiting, world->now) / 1e9;
    }
    const int64_t longest = node->cpu.waiting.maximum + node->concurrency.waiting.maximum;
    figures->queue_max = longest > figures->queue_max ? longest : figures->queue_max;
    if (capacity > 0 && busy / capacity > figures->utilization_max) {
        figures->utilization_max = busy / capacity;
    }
}

static void note_components(const struct world *world, struct run_record *record)
{
    const struct design *design = world->design;
    const double measured_s = time_seconds(record->measured_ns);
    record->components =
        arena_take_array(&record->arena, design->component_count, sizeof *record->components);
    for (uint32_t i = 0; i < design->component_count; i++) {
        const struct component *component = &world->components[i];
        struct component_figures *figures = &record->components[i];
        for (uint32_t k = 0; k < component->node_count; k++) {
            add_node(world, &component->nodes[k], figures, measured_s);
            figures->ready_s += (double)tally_area(&component->nodes[k].ready, world->now) / 1e9;
        }
        figures->in_system_s = (double)tally_area(&component->meter->in_system, world->now) / 1e9;
    }
}

static void note_model_metrics(const struct world *world, struct run_record *record)
{
    const struct design *design = world->design;
    for (uint32_t i = 0; i < design->component_count; i++) {
        record->model_metric_count += figure_count(design, i);
    }
    record->model_metrics =
        arena_take_array(&record->arena, record->model_metric_count, sizeof(double));
    uint32_t at = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        for (uint32_t k = 0; k < figure_count(design, i); k++) {
            record->model_metrics[at++] = figure_at(design, i, k)->read(&world->components[i]);
        }
    }
}

// The age at which a request in flight has missed the objective; -1: it cannot while it is in
// flight.
static int64_t late_after(const struct slo_design *slo)
{
    if (slo->target != SLO_WORKLOAD) {
        return -1;
    }
    if (slo->metric == SLO_PERCENTILE) {
        return (int64_t)slo->limit;
    }
    if (slo->metric != SLO_AVAILABILITY) {
        return -1;
    }
    return slo->good_latency_ns == TIME_NEVER ? LOST_AFTER : slo->good_latency_ns;
}

// Requests still in flight that have already missed an objective's limit count as misses of it.
static void note_late(struct world *world)
{
    for (uint32_t i = 0; i < world->design->slo_count; i++) {
        const int64_t limit_ns = late_after(&world->design->slos[i]);
        if (limit_ns >= 0) {
            workload_each_overdue(world, i, limit_ns, meter_late);
        }
    }
}

// Memory of what waits and is served at a node's processors, devices and pools.
static uint64_t node_bytes(const struct node *node)
{
    uint64_t bytes = station_bytes(&node->cpu) + line_bytes(&node->concurrency.line);
    for (uint32_t i = 0; i < node->component->design->device_count; i++) {
        bytes += station_bytes(&node->devices[i]);
    }
    for (uint32_t i = 0; i < node->component->design->pool_count; i++) {
        bytes += line_bytes(&node->pools[i].line);
    }
    return bytes;
}

static uint64_t bytes_of(const struct world *world)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < world->node_count; i++) {
        bytes += node_bytes(world->nodes[i]);
    }
    return bytes + event_queue_bytes(world->queue) + slots_bytes(&world->visits) +
           slots_bytes(&world->calls) + slots_bytes(&world->joins) + slots_bytes(&world->holds) +
           slots_bytes(&world->timers) + workload_bytes(world) + world->arena.total;
}

void run_note(struct world *world, enum run_end end, struct run_record *record)
{
    *record = (struct run_record){.replication = world->replication, .end = end};
    arena_init_small(&record->arena);
    record->measured_ns = world->design->duration_ns - world->design->warmup_ns;
    if (end == RUN_DONE) {
        check_world(world);
        note_late(world);
    }
    record->events = world->events;
    record->ties = event_queue_ties(world->queue);
    record->stale_wakes = world->meter.stale_wakes;
    record->bytes = bytes_of(world);
    record->fingerprint = fingerprint_get(&world->fingerprint);
    note_components(world, record);
    note_model_metrics(world, record);
    record->exemplar_count = exemplar_copy(world, &record->arena, &record->exemplars);
    record->invariant_count = world->invariant_count;
    record->invariants = arena_take_array(&record->arena, world->invariant_count,
                                          sizeof *record->invariants);
    for (uint32_t i = 0; i < world->invariant_count; i++) {
        record->invariants[i] = world->invariants[i];
    }
    record->meter = world->meter;
    world->meter = (struct meter){0};
}

void run_replication(const struct design *design, uint32_t replication, const volatile int *stop,
                     struct run_record *record)
{
    struct world *world = world_begin(design, replication);
    const enum run_end end = run_world(world, stop);
    run_note(world, end, record);
    world_end(world);
}

void run_record_release(struct run_record *record, const struct design *design)
{
    meter_release(&record->meter, design);
    arena_release(&record->arena);
}
