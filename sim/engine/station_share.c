// station_share - the processor-sharing discipline of a station: virtual time, one completion
// pending.
//
// Every member gets min(1, servers/n) of a server for each server of its width, n being the sum of
// the widths. Virtual time is the work that each of these has got, in units of 2^-16 ns; a member
// leaves when virtual time reaches its arrival's plus its demand.
#include "sim/engine/station_share.h"

#include "sim/base/check.h"
#include "sim/engine/station.h"
#include "sim/engine/world.h"

enum { SHARE_EVENT = 0xfe3, FRACTION = 16 };

static const uint64_t VIRTUAL_LIMIT = (uint64_t)1 << 62; // 19.5 h of work
static const int64_t WHOLE_NS = (int64_t)1 << 36;        // work of 2^52: exact as a double

// Work done for each unit of width by one ns of time.
static double rate_of(const struct station *station)
{
    const double n = station->shared_width;
    const double share = n <= (double)station->servers ? 1 : (double)station->servers / n;
    return share * station->speed;
}

// Mostly everybody has a whole server: then integers say exactly what the doubles would.
static bool is_whole(const struct station *station)
{
    return station->shared_width <= station->servers && station->speed == 1;
}

static uint64_t work_in(const struct station *station, int64_t time_ns)
{
    if (is_whole(station) && time_ns < WHOLE_NS) {
        return (uint64_t)time_ns << FRACTION;
    }
    const double work = (double)time_ns * rate_of(station);
    return (uint64_t)(work * (1 << FRACTION) + 0.5);
}

static int64_t time_for(const struct station *station, uint64_t work)
{
    if (is_whole(station) && work < (uint64_t)WHOLE_NS << FRACTION) {
        return (int64_t)((work + (1 << FRACTION) - 1) >> FRACTION);
    }
    const double exact = (double)work / (1 << FRACTION) / rate_of(station);
    const int64_t time = (int64_t)exact;
    return time + ((double)time < exact);
}

static void advance(struct station *station)
{
    const int64_t now = station->node->world->now;
    if (station->shared_count > 0) {
        station->virtual_now += work_in(station, now - station->virtual_at_ns);
    }
    station->virtual_at_ns = now;
}

static bool before(const struct shared_work *one, const struct shared_work *other)
{
    return one->virtual_finish != other->virtual_finish
               ? one->virtual_finish < other->virtual_finish
               : one->number < other->number;
}

static void heap_add(struct station *station, struct shared_work work)
{
    if (station->shared_count == station->shared_room) {
        station->shared_room = station->shared_room == 0 ? 8 : station->shared_room * 2;
        station->shared =
            check_realloc(station->shared, station->shared_room * sizeof *station->shared);
    }
    station->shared_width += work.width;
    uint32_t at = station->shared_count++;
    while (at > 0 && before(&work, &station->shared[(at - 1) / 2])) {
        station->shared[at] = station->shared[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    station->shared[at] = work;
}

static void heap_drop_first(struct station *station)
{
    station->shared_width -= station->shared[0].width;
    const uint32_t count = --station->shared_count;
    const struct shared_work work = station->shared[count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < count; child = at * 2 + 1) {
        if (child + 1 < count && before(&station->shared[child + 1], &station->shared[child])) {
            child++;
        }
        if (!before(&station->shared[child], &work)) {
            break;
        }
        station->shared[at] = station->shared[child];
        at = child;
    }
    station->shared[at] = work;
}

static void set_busy(struct station *station)
{
    const uint32_t n = station->shared_width;
    tally_set(&station->busy, station->node->world->now,
              n < station->servers ? n : station->servers);
}

static void on_shared(void *subject, uint64_t argument);

static void schedule(struct station *station)
{
    struct world *world = station->node->world;
    event_queue_cancel(world->queue, station->shared_event);
    station->shared_event = EVENT_NONE;
    if (station->shared_count == 0 || station->speed <= 0) {
        return;
    }
    const uint64_t finish = station->shared[0].virtual_finish;
    const uint64_t left = finish > station->virtual_now ? finish - station->virtual_now : 0;
    const int64_t time = time_for(station, left);
    const struct event event = {on_shared, station, 0, world_tag(station->node, SHARE_EVENT)};
    station->shared_event = event_queue_at(world->queue, time_after(world->now, time), event);
}

static void on_shared(void *subject, uint64_t argument)
{
    (void)argument;
    struct station *station = subject;
    struct world *world = station->node->world;
    station->shared_event = EVENT_NONE;
    advance(station);
    const uint64_t ticket = station->shared[0].ticket;
    if (station->virtual_now < station->shared[0].virtual_finish) {
        station->virtual_now = station->shared[0].virtual_finish;
    }
    heap_drop_first(station);
    station->served++;
    set_busy(station);
    schedule(station);
    struct visit *visit = visit_of(world, ticket);
    CHECK(visit != NULL);
    station_book(station, visit, 0, world->now - visit->since_ns);
    visit_wake(world, ticket);
}

// Virtual time begins anew when nobody is here, and before it can overflow.
static void begin_anew(struct station *station)
{
    if (station->shared_count > 0 && station->virtual_now < VIRTUAL_LIMIT) {
        return;
    }
    uint64_t base = station->virtual_now;
    if (station->shared_count > 0 && station->shared[0].virtual_finish < base) {
        base = station->shared[0].virtual_finish;
    }
    for (uint32_t i = 0; i < station->shared_count; i++) {
        station->shared[i].virtual_finish -= base;
    }
    station->virtual_now -= base;
}

void station_share_add(struct station *station, struct visit *visit, int64_t work_ns,
                       uint32_t width)
{
    advance(station);
    begin_anew(station);
    const struct shared_work work = {station->virtual_now + ((uint64_t)work_ns << FRACTION),
                                     station->shared_number++, visit_ticket(visit), width};
    heap_add(station, work);
    visit->since_ns = station->node->world->now;
    station_note_wait(station, 0);
    set_busy(station);
    schedule(station);
}

void station_share_set_speed(struct station *station, double speed)
{
    advance(station);
    station->speed = speed;
    schedule(station);
}

void station_share_clear(struct station *station)
{
    event_queue_cancel(station->node->world->queue, station->shared_event);
    station->shared_event = EVENT_NONE;
    station->shared_count = station->shared_width = 0;
}
