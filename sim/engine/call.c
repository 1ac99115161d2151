// call - a request from one node (or a client) to a component: tries, time-outs, retries, hedges,
// breaker.
#include "sim/engine/call.h"

#include "sim/base/check.h"
#include "sim/engine/call_try.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/model.h"
#include "sim/engine/workload.h"
#include "sim/engine/world.h"

enum { RETRY_EVENT = 0xff3, TIMEOUT_EVENT = 0xff4, HEDGE_EVENT = 0xff5, GIVE_UP_EVENT = 0xff6 };

// Without any time-out TCP gives up a silent peer after 15 retransmissions: 924.6 s (Linux
// tcp_retries2).
static const int64_t TCP_GIVE_UP_NS = 924600 * TIME_MS;

static struct call *call_of(struct world *world, uint64_t name)
{
    struct call *call = slots_at(&world->calls, (uint32_t)name);
    return call->generation == (uint32_t)(name >> 32) ? call : NULL;
}

static uint64_t call_name(const struct call *call)
{
    return (uint64_t)call->generation << 32 | call->number;
}

static struct route *route_of(struct world *world, const struct call *call)
{
    return &world->routes[call->design->edge];
}

static struct edge_meter *edge_of(struct world *world, const struct call *call)
{
    return &world->meter.edges[call->design->edge];
}

// ---- the end ------------------------------------------------------------------------------------

static enum status fall_back(const struct call_design *design, enum status status)
{
    if (status_is_good(status)) {
        return status;
    }
    switch (design->fallback) {
    case FALLBACK_OK:
        return STATUS_OK;
    case FALLBACK_MISS:
        return STATUS_MISS;
    case FALLBACK_FAIL:
    case FALLBACK_NONE:
        break;
    }
    return status;
}

static void release(struct world *world, struct call *call)
{
    event_queue_cancel(world->queue, call->timer);
    event_queue_cancel(world->queue, call->hedge_timer);
    slots_give(&world->calls, call->number);
}

static void wake_caller(struct world *world, const struct call *call, enum status status)
{
    struct visit *visit = visit_of(world, call->waiter);
    if (visit == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    visit->flags &= (uint8_t)~VISIT_CALLS;
    visit->status = (uint8_t)status;
    world_meter(visit)->parts_ns[METER_CALLS] += world->now - visit->since_ns;
    if (call->design->stop && !status_is_good(status)) {
        visit_stop(visit);
    }
    visit_wake_later(world, call->waiter);
}

// Whoever is told may begin calls anew: the slot is free for them.
static void tell(struct world *world, struct call *call, enum status status)
{
    const struct call ended = *call;
    release(world, call);
    if (ended.end != NULL) {
        ended.end(world, &ended, status);
    }
}

static void finish(struct world *world, struct call *call, enum status status)
{
    struct edge_meter *edge = edge_of(world, call);
    status = fall_back(call->design, status);
    edge->calls++;
    edge->failures += !status_is_good(status);
    meter_inbox_add_wait(&edge->inbox, &edge->latency, world->now - call->began_ns);
    call_try_leave(world, call);
    if (call->waiter != 0) {
        if (exemplar_is_followed(world, call->request)) {
            exemplar_call(world, call, status);
        }
        wake_caller(world, call, status);
        release(world, call);
    } else {
        tell(world, call, status);
    }
}

// ---- retries ------------------------------------------------------------------------------------

static int64_t draw_backoff(struct world *world, struct call *call)
{
    const struct retry_design *retry = &call->design->retry;
    struct random_stream *stream = route_of(world, call)->stream;
    double base = (double)retry->backoff_ns;
    for (uint32_t i = 1; i < call->attempt; i++) {
        base *= retry->factor;
    }
    if (retry->limit_ns > 0 && base > (double)retry->limit_ns) {
        base = (double)retry->limit_ns;
    }
    switch (retry->jitter) {
    case JITTER_NONE:
        break;
    case JITTER_FULL:
        base *= random_unit(stream);
        break;
    case JITTER_EQUAL:
        base *= 0.5 + 0.5 * random_unit(stream);
        break;
    case JITTER_DECORRELATED: {
        const double low = (double)retry->backoff_ns;
        const double high =
            3 * (double)(call->backoff_ns > 0 ? call->backoff_ns : retry->backoff_ns);
        base = low + (high - low) * random_unit(stream);
        if (retry->limit_ns > 0 && base > (double)retry->limit_ns) {
            base = (double)retry->limit_ns;
        }
        break;
    }
    }
    call->backoff_ns = (int64_t)(base + 0.5);
    return call->backoff_ns;
}

static bool caller_is_gone(struct world *world, const struct call *call)
{
    return call->waiter != 0 && visit_of(world, call->waiter) == NULL;
}

static bool may_retry(struct world *world, struct call *call, enum status status)
{
    const struct retry_design *retry = &call->design->retry;
    if (call->attempt >= retry->attempts || (retry->on >> status & 1) == 0) {
        return false;
    }
    return balance_may_retry(world, route_of(world, call), retry->budget);
}

static void begin_try(struct world *world, struct call *call);

static void on_retry(void *subject, uint64_t name)
{
    struct world *world = subject;
    struct call *call = call_of(world, name);
    if (call == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    call->timer = EVENT_NONE;
    edge_of(world, call)->retries++;
    world->components[call->design->target].meter->retries++;
    begin_try(world, call);
}

// A try has ended for its caller: again, or the end.
static void after_try(struct world *world, struct call *call, enum status status)
{
    event_queue_cancel(world->queue, call->timer);
    call->timer = EVENT_NONE;
    call->last_status = (uint8_t)status;
    if (caller_is_gone(world, call)) {
        call_try_leave(world, call);
        release(world, call);
        return;
    }
    if (!may_retry(world, call, status)) {
        finish(world, call, status);
        return;
    }
    const int64_t backoff = draw_backoff(world, call);
    if (time_after(world->now, backoff) >= call->deadline_ns) {
        finish(world, call, status);
        return;
    }
    struct visit *visit = call->waiter == 0 ? NULL : visit_of(world, call->waiter);
    if (visit != NULL) {
        int64_t *parts = world_meter(visit)->parts_ns;
        parts[METER_BACKOFF] += backoff;
        parts[METER_CALLS] -= backoff;
    }
    const uint32_t node = call->from == NULL ? 0 : call->from->number;
    const struct event event = {on_retry, world, call_name(call), node << 12 | RETRY_EVENT};
    call->timer = event_queue_at(world->queue, time_after(world->now, backoff), event);
}

// ---- time-outs ----------------------------------------------------------------------------------

static void on_timeout(void *subject, uint64_t name)
{
    struct world *world = subject;
    struct call *call = call_of(world, name);
    if (call == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    call->timer = EVENT_NONE;
    edge_of(world, call)->timeouts++;
    world->components[call->design->target].meter->timeouts++;
    call_try_close(world, call, STATUS_TIMEOUT, call->design->cancel);
    if (world->now >= call->deadline_ns) {
        call->attempt = UINT8_MAX;
    }
    after_try(world, call, STATUS_TIMEOUT);
}

static void arm_timer(struct world *world, struct call *call)
{
    const struct call_design *design = call->design;
    const uint32_t node = call->from == NULL ? 0 : call->from->number;
    const struct event event = {on_timeout, world, call_name(call), node << 12 | TIMEOUT_EVENT};
    event_queue_cancel(world->queue, call->timer);
    call->timer = EVENT_NONE;
    if (design->timeout_ns > 0 && time_after(world->now, design->timeout_ns) <= call->deadline_ns) {
        call->timer = event_queue_after(world->queue,
                                        event_queue_lane(world->queue, design->timeout_ns), event);
    } else if (design->deadline_ns > 0 && call->deadline_ns != TIME_NEVER) {
        call->timer = event_queue_at(world->queue, call->deadline_ns, event);
    }
}

void call_lose(struct world *world, uint32_t number, uint32_t generation, uint8_t attempt)
{
    if (number == 0 || !call_is_open(world, number, generation, attempt)) {
        return;
    }
    struct call *call = slots_at(&world->calls, number);
    call->doomed = true;
    if (call->timer != EVENT_NONE) {
        return;
    }
    const uint32_t node = call->from == NULL ? 0 : call->from->number;
    const struct event event = {on_timeout, world, call_name(call), node << 12 | GIVE_UP_EVENT};
    const int64_t silence = call->design->silence_ns;
    const int64_t give_up = time_after(world->now, silence > 0 ? silence : TCP_GIVE_UP_NS);
    int64_t until = call->deadline_ns < give_up ? call->deadline_ns : give_up;
    until = until < world->now ? world->now : until;
    call->timer = event_queue_at(world->queue, until, event);
}

// ---- tries --------------------------------------------------------------------------------------

static void on_hedge(void *subject, uint64_t name)
{
    struct world *world = subject;
    struct call *call = call_of(world, name);
    if (call == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    call->hedge_timer = EVENT_NONE;
    if (call->open[0] != 0 && call->open[1] == 0) {
        edge_of(world, call)->hedges++;
        call_try_send(world, call, 1);
    }
}

static void arm_hedge(struct world *world, struct call *call)
{
    if (call->design->hedge.after_ns <= 0 || call->hedge_timer != EVENT_NONE) {
        return;
    }
    const struct event event = {on_hedge, world, call_name(call), HEDGE_EVENT};
    call->hedge_timer = event_queue_after(
        world->queue, event_queue_lane(world->queue, call->design->hedge.after_ns), event);
}

static void begin_try(struct world *world, struct call *call)
{
    const struct call_design *design = call->design;
    struct route *route = route_of(world, call);
    edge_of(world, call)->tries++;
    call->try_ns = world->now;
    if (call->attempt == 0 && design->retry.attempts > 1) {
        balance_note_first(world, route);
    }
    if (design->breaker.enabled && !balance_breaker_lets(world, route, &design->breaker)) {
        edge_of(world, call)->short_circuited++;
        call->attempt++;
        call_try_refused(world, call);
        after_try(world, call, STATUS_UNAVAILABLE);
        return;
    }
    call->doomed = false;
    arm_timer(world, call);
    arm_hedge(world, call);
    if (!call_try_send(world, call, 0)) {
        after_try(world, call, STATUS_UNAVAILABLE);
    }
}

static void on_begin(void *subject, uint64_t name)
{
    struct world *world = subject;
    struct call *call = call_of(world, name);
    if (call != NULL) {
        begin_try(world, call);
    }
}

void call_on_answer(void *subject, uint64_t ticket)
{
    struct world *world = subject;
    struct visit *carrier = visit_of(world, ticket);
    CHECK(carrier != NULL);
    const uint32_t number = carrier->call, generation = carrier->call_generation;
    const uint8_t attempt = carrier->attempt;
    const enum status status = carrier->status;
    visit_give(world, carrier);
    if (!call_is_open(world, number, generation, attempt)) {
        return;
    }
    struct call *call = slots_at(&world->calls, number);
    const int side = call->open[1] == attempt;
    call_try_told(world, call, side, status);
    if (!status_is_good(status) && call->open[!side] != 0) {
        return; // the hedge, or the hedged, may still succeed
    }
    call_try_close(world, call, STATUS_CANCELLED, true);
    after_try(world, call, status);
}

// ---- beginnings ---------------------------------------------------------------------------------

static struct call *take_call(struct world *world)
{
    const uint32_t number = slots_take(&world->calls);
    struct call *call = slots_at(&world->calls, number);
    call->number = number;
    return call;
}

static int64_t own_deadline(const struct world *world, const struct call_design *design,
                            int64_t inherited)
{
    if (design->deadline_ns <= 0) {
        return inherited;
    }
    const int64_t own = time_after(world->now, design->deadline_ns);
    return own < inherited ? own : inherited;
}

enum outcome call_begin(struct visit *visit, const struct call_design *design)
{
    struct world *world = visit->node->world;
    struct call *call = take_call(world);
    call->design = design;
    call->waiter = visit_ticket(visit);
    call->from = visit->node;
    call->from_zone = visit->node->zone;
    call->request = visit->request;
    call->began_ns = world->now;
    call->deadline_ns = own_deadline(world, design, visit->deadline_ns);
    call->units = design->units > 1 ? design->units : 1; // of its own, not of the visit's batch
    call->priority = visit->priority;
    visit->since_ns = world->now;
    visit->place = call->number;
    visit->flags |= VISIT_CALLS;
    begin_try(world, call);
    return OUTCOME_WAIT;
}

uint32_t call_start(struct world *world, const struct call *template)
{
    uint32_t number;
    struct call *call = slots_take_raw(&world->calls, &number);
    const uint32_t generation = call->generation;
    *call = *template;
    call->generation = generation;
    call->number = number;
    call->deadline_ns = own_deadline(world, call->design, template->deadline_ns);
    if (call->direct) {
        begin_try(world, call);
    } else {
        const uint32_t node = call->from == NULL ? 0 : call->from->number;
        const struct event event = {on_begin, world, call_name(call), node << 12 | 0xff7};
        event_queue_now(world->queue, event);
    }
    return call->generation == generation ? number : 0;
}

void call_drop(struct world *world, uint32_t number)
{
    struct call *call = slots_at(&world->calls, number);
    call_try_close(world, call, STATUS_CANCELLED, call->design->cancel);
    release(world, call);
}
