// node - the life of a replica: start, crash, restart, pause, slow-down; timers and roles for
// models.
#include "sim/engine/node.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/hold.h"
#include "sim/engine/model.h"
#include "sim/engine/workload.h"

enum { NODE_TIMER_EVENT = 0xff8, NODE_START_EVENT = 0xff9 };

struct node_timer {
    uint32_t generation;
    uint32_t epoch;
    struct node *node;
    node_handler *handler;
    uint64_t word;
    uint64_t event;
};

// ---- parts --------------------------------------------------------------------------------------

static void begin_processor(struct node *node)
{
    const struct component_design *design = node->component->design;
    struct station *cpu = &node->cpu;
    station_init(cpu, node, "cpu");
    if (design->cores > 0) {
        station_set_cores(cpu, design->cores);
    }
    cpu->wait = &node->component->meter->wait;
    cpu->wait_inbox = &node->component->meter->inbox;
    if (design->sharing) {
        line_init(&cpu->line, DISCIPLINE_PS);
    }
    if (design->concurrency == 0) {
        cpu->capacity = design->queue.capacity;
        cpu->on_full = design->queue.on_full;
        if (!design->sharing) {
            line_init(&cpu->line, design->queue.discipline);
        }
    }
    if (design->queue.discipline == DISCIPLINE_RANDOM) {
        cpu->order_stream = node_stream(node, "order");
    }
}

static void begin_pools(struct node *node)
{
    const struct component_design *design = node->component->design;
    struct arena *arena = &node->world->arena;
    pool_init(&node->concurrency, node, "concurrency", design->concurrency);
    line_init(&node->concurrency.line, design->queue.discipline);
    node->concurrency.queue_limit = design->queue.capacity;
    node->concurrency.on_full = design->queue.on_full;
    if (design->concurrency > 0) {
        node->concurrency.wait = &node->component->meter->wait;
    }
    node->pools = arena_take_array(arena, design->pool_count, sizeof *node->pools);
    for (uint32_t i = 0; i < design->pool_count; i++) {
        pool_init(&node->pools[i], node, design->pools[i].name, design->pools[i].size);
        node->pools[i].queue_limit = design->pools[i].queue;
    }
    node->devices = arena_take_array(arena, design->device_count, sizeof *node->devices);
    for (uint32_t i = 0; i < design->device_count; i++) {
        station_init(&node->devices[i], node, design->devices[i].name);
        node->devices[i].servers = design->devices[i].servers;
        node->devices[i].part = METER_IO;
    }
}

static void note_ready(struct node *node)
{
    tally_set(&node->ready, node->world->now, node->life == NODE_UP && node->pauses == 0);
}

static void become_up(struct node *node)
{
    node->life = NODE_UP;
    note_ready(node);
    balance_node_changed(node);
    workload_node_changed(node);
}

void node_begin(struct node *node)
{
    const struct model *model = node->component->design->model;
    node->slowness = 1;
    node->listed = true;
    begin_processor(node);
    begin_pools(node);
    node->state = arena_take(&node->world->arena, model->node_size);
    node->life = NODE_UP;
    if (model->start != NULL && !model->start(node)) {
        node->life = NODE_STARTING;
    }
    note_ready(node);
}

void node_end(struct node *node)
{
    station_release(&node->cpu);
    pool_release(&node->concurrency);
    for (uint32_t i = 0; i < node->component->design->pool_count; i++) {
        pool_release(&node->pools[i]);
    }
    for (uint32_t i = 0; i < node->component->design->device_count; i++) {
        station_release(&node->devices[i]);
    }
    free(node->deferred);
    free(node->held_timers);
}

// ---- crash and restart --------------------------------------------------------------------------

// A visit whose process has gone: its caller sees the connection break, or nothing where the host
// is dark.
static void end_visit(struct visit *visit, bool dark)
{
    struct world *world = visit->node->world;
    hold_forget_all(visit);
    const bool called = visit->call != 0 && !visit->client;
    if (dark && called && (visit->flags & (VISIT_BRANCH | VISIT_DETACHED)) == 0) {
        call_lose(world, visit->call, visit->call_generation, visit->attempt);
    }
    const bool silent = dark || (visit->flags & VISIT_BRANCH);
    visit_end(visit, STATUS_RESET, silent);
}

static void end_visits(struct node *node, bool dark)
{
    struct world *world = node->world;
    const uint32_t used = world->visits.used;
    for (uint32_t number = 1; number < used; number++) {
        struct visit *visit = slots_at(&world->visits, number);
        const bool lives =
            visit->number == number && visit->node == node && visit->operation != NULL;
        if (lives && (visit->flags & VISIT_TRAVELS) == 0) {
            end_visit(visit, dark);
        }
    }
}

static void clear_parts(struct node *node)
{
    station_clear(&node->cpu);
    pool_clear(&node->concurrency);
    for (uint32_t i = 0; i < node->component->design->pool_count; i++) {
        pool_clear(&node->pools[i]);
    }
    for (uint32_t i = 0; i < node->component->design->device_count; i++) {
        station_clear(&node->devices[i]);
    }
    node->held_timer_count = 0;
}

// Arrivals that a paused node had not yet seen find it gone.
static void release_deferred(struct node *node)
{
    const uint32_t count = node->deferred_count;
    node->deferred_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        visit_wake_later(node->world, node->deferred[i]);
    }
}

void node_kill(struct node *node, bool dark)
{
    struct world *world = node->world;
    const struct model *model = node->component->design->model;
    const enum node_life before = node->life;
    if (before == NODE_DARK || (before == NODE_DOWN && !dark)) {
        return;
    }
    event_queue_cancel(world->queue, node->restart_event);
    node->restart_event = EVENT_NONE;
    node->life = dark ? NODE_DARK : NODE_DOWN;
    note_ready(node);
    if (before != NODE_DOWN) {
        node->epoch++;
        end_visits(node, dark);
        clear_parts(node);
    }
    if (model->crash != NULL) { // a dead process's page cache goes when its host does
        model->crash(node);
    }
    release_deferred(node);
    meter_log(world, LOG_KILL, (int32_t)node->number, dark);
    balance_node_changed(node);
    workload_node_changed(node);
}

void node_ready(struct node *node)
{
    if (node->life == NODE_STARTING) {
        meter_log(node->world, LOG_READY, (int32_t)node->number, 0);
        become_up(node);
    }
}

static void on_started(void *subject, uint64_t epoch)
{
    struct node *node = subject;
    const struct model *model = node->component->design->model;
    node->restart_event = EVENT_NONE;
    CHECK(node->epoch == epoch && node->life == NODE_STARTING);
    if (model->start == NULL || model->start(node)) {
        node_ready(node);
    }
}

void node_restart(struct node *node)
{
    struct world *world = node->world;
    if (node->life == NODE_UP || node->life == NODE_STARTING) {
        return;
    }
    node->life = NODE_STARTING;
    meter_log(world, LOG_RESTART, (int32_t)node->number, 0);
    balance_node_changed(node);
    if (node->startup == NULL) {
        node->startup = node_stream(node, "startup");
    }
    const int64_t startup = distribution_draw(&node->component->design->startup, node->startup);
    const struct event event = {on_started, node, node->epoch, world_tag(node, NODE_START_EVENT)};
    node->restart_event = event_queue_at(world->queue, time_after(world->now, startup), event);
}

// ---- pause and slow-down ------------------------------------------------------------------------

static void set_speeds(struct node *node)
{
    const double speed = node->pauses > 0 ? 0 : 1 / node->slowness;
    station_set_speed(&node->cpu, speed);
    for (uint32_t i = 0; i < node->component->design->device_count; i++) {
        station_set_speed(&node->devices[i], speed);
    }
}

void node_pause(struct node *node)
{
    if (node->pauses++ == 0) {
        note_ready(node);
        set_speeds(node);
        balance_node_changed(node);
    }
}

static void run_timer(struct world *world, uint32_t number);

void node_resume(struct node *node)
{
    CHECK(node->pauses > 0);
    if (--node->pauses > 0) {
        return;
    }
    note_ready(node);
    set_speeds(node);
    release_deferred(node);
    const uint32_t count = node->held_timer_count;
    node->held_timer_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        run_timer(node->world, node->held_timers[i]);
    }
    balance_node_changed(node);
}

void node_slow(struct node *node, double factor)
{
    node->slowness *= factor;
    set_speeds(node);
}

void node_unslow(struct node *node, double factor)
{
    node->slowness /= factor;
    if (node->slowness > 1 - 1e-9 && node->slowness < 1 + 1e-9) {
        node->slowness = 1;
    }
    set_speeds(node);
}

// ---- timers -------------------------------------------------------------------------------------

static void hold_timer(struct node *node, uint32_t number)
{
    if (node->held_timer_count == node->held_timer_room) {
        node->held_timer_room = node->held_timer_room == 0 ? 16 : node->held_timer_room * 2;
        node->held_timers =
            check_realloc(node->held_timers, node->held_timer_room * sizeof *node->held_timers);
    }
    node->held_timers[node->held_timer_count++] = number;
}

static void run_timer(struct world *world, uint32_t number)
{
    struct node_timer *timer = slots_at(&world->timers, number);
    struct node *node = timer->node;
    if (timer->epoch != node->epoch) {
        slots_give(&world->timers, number);
        return;
    }
    if (node->pauses > 0) {
        timer->event = EVENT_NONE;
        hold_timer(node, number);
        return;
    }
    node_handler *handler = timer->handler;
    const uint64_t word = timer->word;
    slots_give(&world->timers, number);
    handler(node, word);
}

static void on_timer(void *subject, uint64_t number)
{
    run_timer(subject, (uint32_t)number);
}

static struct node_timer *take_timer(struct node *node, node_handler *handler, uint64_t word,
                                     struct event *event)
{
    struct world *world = node->world;
    const uint32_t number = slots_take(&world->timers);
    struct node_timer *timer = slots_at(&world->timers, number);
    timer->epoch = node->epoch;
    timer->node = node;
    timer->handler = handler;
    timer->word = word;
    *event = (struct event){on_timer, world, number, world_tag(node, NODE_TIMER_EVENT)};
    return timer;
}

static uint64_t timer_name(const struct node *node, const struct event *event)
{
    const uint32_t number = (uint32_t)event->argument;
    return (uint64_t)slots_generation(&node->world->timers, number) << 32 | number;
}

uint64_t node_timer(struct node *node, int64_t delay_ns, node_handler *handler, uint64_t word)
{
    struct event event;
    struct node_timer *timer = take_timer(node, handler, word, &event);
    const int64_t time = time_after(node->world->now, delay_ns);
    timer->event = event_queue_at(node->world->queue, time, event);
    return timer_name(node, &event);
}

uint64_t node_timer_constant(struct node *node, int64_t delay_ns, node_handler *handler,
                             uint64_t word)
{
    struct event event;
    struct node_timer *timer = take_timer(node, handler, word, &event);
    struct event_queue *queue = node->world->queue;
    timer->event = event_queue_after(queue, event_queue_lane(queue, delay_ns), event);
    return timer_name(node, &event);
}

bool node_timer_cancel(struct node *node, uint64_t name)
{
    struct slots *timers = &node->world->timers;
    const uint32_t number = (uint32_t)name;
    if (name == 0 || slots_generation(timers, number) != name >> 32) {
        return false;
    }
    struct node_timer *timer = slots_at(timers, number);
    if (!event_queue_cancel(node->world->queue, timer->event)) {
        timer->epoch = node->epoch - 1; // held by the pause: dropped when it resumes
        return true;
    }
    slots_give(timers, number);
    return true;
}

// ---- names --------------------------------------------------------------------------------------

struct random_stream *node_stream(struct node *node, const char *purpose)
{
    struct arena *arena = &node->world->arena;
    return world_stream(node->world, arena_format(arena, "%s/%u/%s", node->component->design->name,
                                                  node->replica, purpose));
}

struct random_stream *node_component_stream(struct component *component, const char *purpose)
{
    struct arena *arena = &component->world->arena;
    return world_stream(component->world,
                        arena_format(arena, "%s/%s", component->design->name, purpose));
}

struct visit *node_begin_visit(struct node *node, const struct operation *operation,
                               uint64_t request)
{
    if (node->life != NODE_UP) {
        return NULL;
    }
    struct visit *visit = visit_take(node->world, node, operation);
    visit->request = request;
    visit->flags = VISIT_BRANCH | VISIT_DETACHED | VISIT_TRAVELS;
    const struct event event = {visit_on_arrival, node->world, visit_ticket(visit),
                                world_tag(node, operation->number)};
    event_queue_now(node->world->queue, event);
    return visit;
}
