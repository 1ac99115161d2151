// station - c servers and a line: where visits spend service time.
#include "sim/engine/station.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/path.h"
#include "sim/engine/station_share.h"
#include "sim/engine/world.h"

enum { SERVED_EVENT = 0xfe1, PATIENCE_EVENT = 0xfe2 };

void station_init(struct station *station, struct node *node, const char *name)
{
    *station = (struct station){
        .name = name,
        .node = node,
        .servers = UINT32_MAX,
        .part = METER_CPU,
        .stretch = 1,
        .speed = 1,
    };
    line_init(&station->line, DISCIPLINE_FIFO);
}

void station_release(struct station *station)
{
    line_release(&station->line);
    free(station->services);
    free(station->shared);
    station->services = NULL;
    station->shared = NULL;
}

void station_clear(struct station *station)
{
    struct world *world = station->node->world;
    for (uint32_t i = 0; i < station->service_used; i++) {
        if (station->services[i].busy) {
            event_queue_cancel(world->queue, station->services[i].event);
        }
    }
    station->service_used = station->free_server = 0;
    line_clear(&station->line);
    station_share_clear(station);
    tally_set(&station->busy, world->now, 0);
    tally_set(&station->waiting, world->now, 0);
}

void station_set_cores(struct station *station, double cores)
{
    const uint32_t whole = (uint32_t)cores;
    station->servers = (double)whole < cores ? whole + 1 : whole;
    station->stretch = (double)station->servers / cores;
}

PATH_RARE static uint32_t add_server(struct station *station)
{
    if (station->service_used == station->service_room) {
        station->service_room = station->service_room == 0 ? 4 : station->service_room * 2;
        station->services =
            check_realloc(station->services, station->service_room * sizeof *station->services);
    }
    return station->service_used++;
}

static uint32_t take_server(struct station *station)
{
    if (station->free_server == 0) {
        return add_server(station);
    }
    const uint32_t server = station->free_server - 1;
    station->free_server = (uint32_t)station->services[server].finish_ns;
    return server;
}

static void give_server(struct station *station, uint32_t server)
{
    station->services[server].busy = false;
    station->services[server].finish_ns = station->free_server;
    station->free_server = server + 1;
}

static void on_served(void *subject, uint64_t server);

PATH_APART static int64_t time_at_speed(const struct station *station, int64_t work_ns)
{
    if (station->speed <= 0) {
        return TIME_NEVER;
    }
    return time_of((double)work_ns / station->speed + 0.5);
}

static PATH_HOT void set_finish(struct station *station, uint32_t server, int64_t work_ns)
{
    struct world *world = station->node->world;
    struct service *service = &station->services[server];
    service->left_ns = work_ns;
    const int64_t time = station->speed == 1 ? work_ns : time_at_speed(station, work_ns);
    service->finish_ns = time_after(world->now, time);
    const struct event event = {on_served, station, server, world_tag(station->node, SERVED_EVENT)};
    service->event = event_queue_at(world->queue, service->finish_ns, event);
}

void station_book(struct station *station, const struct visit *visit, int64_t waited,
                  int64_t served)
{
    int64_t *parts = world_meter(visit)->parts_ns;
    parts[METER_QUEUE] += waited;
    parts[station->part] += served;
}

static PATH_HOT void begin_service(struct station *station, uint32_t server, struct visit *visit,
                          uint64_t order, int64_t work_ns)
{
    struct service *service = &station->services[server];
    service->ticket = visit_ticket(visit);
    service->order = order;
    service->busy = true;
    visit->place = server;
    visit->since_ns = station->node->world->now;
    set_finish(station, server, work_ns);
}

// Ends the waiting of `visit`: its patience no longer counts, its wait is recorded.
static PATH_HOT void end_wait(struct station *station, struct visit *visit)
{
    struct world *world = station->node->world;
    const int64_t waited = world->now - visit->since_ns;
    if (visit->event != EVENT_NONE) {
        event_queue_cancel(world->queue, visit->event);
        visit->event = EVENT_NONE;
    }
    station_note_wait(station, waited);
    world_meter(visit)->parts_ns[METER_QUEUE] += waited;
}

struct turn { // of a visit that waited
    struct visit *visit; // NULL: nobody waits
    uint64_t order;
    int64_t demand_ns;
};

// The next by the discipline; a stale entry at the head of the line is passed over.
PATH_RARE static struct turn take_by_rule(struct station *station)
{
    struct world *world = station->node->world;
    struct line_entry entry;
    if (!line_take(&station->line, world, station->order_stream, &entry)) {
        return (struct turn){NULL};
    }
    return (struct turn){visit_of(world, entry.ticket), entry.order, entry.demand_ns};
}

static PATH_HOT struct turn take_next(struct station *station)
{
    struct line *line = &station->line;
    if (line->discipline != DISCIPLINE_FIFO || line->count == 0) {
        return take_by_rule(station);
    }
    const struct line_entry *entry = &line->entries[line->head];
    struct visit *visit = visit_of(station->node->world, entry->ticket);
    if (visit == NULL) {
        return take_by_rule(station);
    }
    line->head = (line->head + 1) & (line->room - 1);
    line->filled--;
    line->count--;
    return (struct turn){visit, entry->order, entry->demand_ns};
}

// The next of the line begins on the server that has become free; those whose deadline has passed
// are woken unserved. False: nobody.
static PATH_HOT bool start_next(struct station *station, uint32_t server)
{
    struct world *world = station->node->world;
    for (;;) {
        const struct turn turn = take_next(station);
        if (turn.visit == NULL) {
            tally_set(&station->waiting, world->now, 0);
            return false;
        }
        end_wait(station, turn.visit);
        if (turn.visit->deadline_ns > world->now) {
            begin_service(station, server, turn.visit, turn.order, turn.demand_ns);
            tally_set(&station->waiting, world->now, station->line.count);
            return true;
        }
        visit_wake_later(world, visit_ticket(turn.visit));
    }
}

static void on_served(void *subject, uint64_t server)
{
    struct station *station = subject;
    struct world *world = station->node->world;
    struct visit *visit = visit_of(world, station->services[server].ticket);
    CHECK(visit != NULL);
    station->served++;
    if (station->line.count == 0 || !start_next(station, (uint32_t)server)) {
        give_server(station, (uint32_t)server);
        tally_drop(&station->busy, world->now);
    }
    world_meter(visit)->parts_ns[station->part] += world->now - visit->since_ns;
    visit_resume(visit);
}

static void on_impatient(void *subject, uint64_t ticket)
{
    struct station *station = subject;
    struct world *world = station->node->world;
    struct visit *visit = visit_of(world, ticket);
    if (visit == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    line_forget(&station->line);
    tally_set(&station->waiting, world->now, station->line.count);
    station->abandoned++;
    station_book(station, visit, world->now - visit->since_ns, 0);
    visit->event = EVENT_NONE;
    visit_end(visit, STATUS_ABANDONED, false);
}

PATH_APART static void set_patience(struct station *station, struct visit *visit)
{
    struct world *world = station->node->world;
    const int64_t patience = distribution_draw(station->patience, station->patience_stream);
    const struct event event = {on_impatient, station, visit_ticket(visit),
                                world_tag(station->node, PATIENCE_EVENT)};
    visit->event = event_queue_at(world->queue, time_after(world->now, patience), event);
}

static PATH_HOT void wait_in_line(struct station *station, struct visit *visit, int64_t work_ns)
{
    const int64_t now = station->node->world->now;
    visit->since_ns = now;
    visit->event = EVENT_NONE;
    line_add(&station->line, visit_ticket(visit), visit->priority, work_ns);
    tally_set(&station->waiting, now, station->line.count);
    if (station->patience != NULL) {
        set_patience(station, visit);
    }
}

static uint8_t priority_at(const struct station *station, const struct service *service)
{
    const struct visit *visit = visit_of(station->node->world, service->ticket);
    CHECK(visit != NULL);
    return visit->priority;
}

// The server whose visit ranks last, if it ranks after `priority`; service_used otherwise.
static uint32_t find_victim(const struct station *station, uint8_t priority)
{
    uint32_t victim = station->service_used;
    for (uint32_t i = 0; i < station->service_used; i++) {
        const struct service *service = &station->services[i];
        if (service->busy && priority_at(station, service) > priority &&
            (victim == station->service_used || service->order > station->services[victim].order)) {
            victim = i;
        }
    }
    return victim;
}

static int64_t work_left(const struct station *station, const struct service *service)
{
    if (service->event == EVENT_NONE) {
        return service->left_ns;
    }
    const int64_t time = service->finish_ns - station->node->world->now;
    return station->speed == 1 ? time : (int64_t)((double)time * station->speed + 0.5);
}

static bool preempt(struct station *station, struct visit *visit)
{
    const uint32_t server = find_victim(station, visit->priority);
    if (server == station->service_used) {
        return false;
    }
    struct world *world = station->node->world;
    const struct service service = station->services[server];
    struct visit *loser = visit_of(world, service.ticket);
    CHECK(loser != NULL);
    event_queue_cancel(world->queue, service.event);
    station_book(station, loser, 0, world->now - loser->since_ns);
    loser->since_ns = world->now;
    loser->event = EVENT_NONE;
    const struct line_entry entry = {service.ticket, service.order, work_left(station, &service)};
    give_server(station, server);
    line_return(&station->line, entry);
    tally_set(&station->waiting, world->now, station->line.count);
    return true;
}

static PATH_HOT void serve_at_once(struct station *station, struct visit *visit, int64_t work_ns)
{
    const uint64_t order = (uint64_t)visit->priority << 56 | station->line.arrivals++;
    station_note_wait(station, 0);
    begin_service(station, take_server(station), visit, order, work_ns);
}

// Room for one more at a full station: callers that block simply wait, or the oldest in line gives
// way.
static bool make_room(struct station *station)
{
    struct world *world = station->node->world;
    struct visit *oldest =
        station->on_full == ON_FULL_DROP_OLDEST ? line_oldest(&station->line, world) : NULL;
    if (oldest != NULL) {
        end_wait(station, oldest);
        line_forget(&station->line);
        station->refused++;
        visit_end(oldest, STATUS_REJECTED, false);
    }
    return oldest != NULL || station->on_full == ON_FULL_BLOCK;
}

static PATH_HOT void serve_or_wait(struct station *station, struct visit *visit, int64_t work_ns)
{
    if ((uint64_t)station->busy.value < station->servers) {
        tally_add(&station->busy, station->node->world->now, 1);
        serve_at_once(station, visit, work_ns);
    } else {
        wait_in_line(station, visit, work_ns);
    }
}

// A line that is not simply endless and first come, first served.
PATH_RARE static enum outcome serve_by_rule(struct station *station, struct visit *visit,
                                            int64_t work_ns)
{
    const bool shares = station->line.discipline == DISCIPLINE_PS;
    const uint64_t busy = shares ? station->shared_count : (uint64_t)station->busy.value;
    if (station->capacity > 0 && busy + station->line.count >= station->capacity &&
        !make_room(station)) {
        station->refused++;
        visit->status = STATUS_REJECTED;
        return OUTCOME_END;
    }
    if (shares) {
        station_share_add(station, visit, work_ns, 1);
    } else if (station->line.discipline == DISCIPLINE_PREEMPTIVE &&
               (uint64_t)station->busy.value >= station->servers && preempt(station, visit)) {
        serve_at_once(station, visit, work_ns);
    } else {
        serve_or_wait(station, visit, work_ns);
    }
    return OUTCOME_WAIT;
}

enum outcome station_serve(struct station *station, struct visit *visit, int64_t demand_ns)
{
    int64_t work_ns = demand_ns;
    if (station->stretch != 1) {
        work_ns = time_of((double)demand_ns * station->stretch + 0.5);
    }
    station->arrivals++;
    if (station->capacity > 0 || station->line.discipline != DISCIPLINE_FIFO) {
        return serve_by_rule(station, visit, work_ns);
    }
    serve_or_wait(station, visit, work_ns);
    return OUTCOME_WAIT;
}

enum outcome station_serve_wide(struct station *station, struct visit *visit, int64_t demand_ns,
                                uint32_t width)
{
    if (station->line.discipline != DISCIPLINE_PS || station->capacity > 0) {
        return station_serve(station, visit, demand_ns);
    }
    station->arrivals++;
    station_share_add(station, visit, time_of((double)demand_ns * station->stretch + 0.5), width);
    return OUTCOME_WAIT;
}

void station_set_speed(struct station *station, double speed)
{
    struct world *world = station->node->world;
    if (station->line.discipline == DISCIPLINE_PS) {
        station_share_set_speed(station, speed);
        return;
    }
    for (uint32_t i = 0; i < station->service_used; i++) {
        struct service *service = &station->services[i];
        if (service->busy) {
            service->left_ns = work_left(station, service);
            event_queue_cancel(world->queue, service->event);
        }
    }
    station->speed = speed;
    for (uint32_t i = 0; i < station->service_used; i++) {
        if (station->services[i].busy) {
            set_finish(station, i, station->services[i].left_ns);
        }
    }
}
