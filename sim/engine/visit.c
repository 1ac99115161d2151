// visit - a request at a node: where it is in its operation, what it holds, whom it answers.
#include "sim/engine/visit.h"

#include "sim/base/check.h"
#include "sim/base/path.h"
#include "sim/engine/call.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/fault.h"
#include "sim/engine/hold.h"
#include "sim/engine/join.h"
#include "sim/engine/meter_end.h"
#include "sim/engine/node.h"
#include "sim/engine/step.h"
#include "sim/engine/workload.h"
#include "sim/engine/world.h"

enum { WAKE_EVENT = 0xff0, ANSWER_EVENT = 0xff1 };

static void set_to_nothing(struct visit *visit)
{
    visit->request = 0;
    visit->since_ns = 0;
    visit->event = EVENT_NONE;
    visit->call = visit->call_generation = 0;
    visit->hold = visit->place = 0;
    visit->value = 0;
    visit->step = 0;
    visit->status = visit->client = 0;
    visit->flags = 0;
    visit->priority = visit->attempt = 0;
    visit->key = 0;
    visit->loops[0] = visit->loops[1] = 0;
}

// Word by word: of a structure as a whole the compiler makes a slow string operation.
static PATH_HOT struct visit *take(struct world *world, struct node *node,
                                   const struct operation *operation)
{
    uint32_t number;
    struct visit *visit = slots_take_raw(&world->visits, &number);
    set_to_nothing(visit);
    visit->number = number;
    visit->node = node;
    visit->operation = operation;
    visit->began_ns = world->now;
    visit->deadline_ns = TIME_NEVER;
    visit->units = 1;
    return visit;
}

struct visit *visit_take(struct world *world, struct node *node, const struct operation *operation)
{
    return take(world, node, operation);
}

static struct world *world_of(const struct visit *visit)
{
    return visit->node->world;
}

void visit_give(struct world *world, struct visit *visit)
{
    visit->call = 0;
    visit->client = 0;
    slots_give(&world->visits, visit->number);
}

static PATH_HOT void give_slot(struct visit *visit)
{
    visit_give(world_of(visit), visit);
}

// ---- answers ------------------------------------------------------------------------------------

// The visit has become the carrier of its answer: it travels back to the call, or is lost on the
// way.
static void send_answer(struct visit *visit, uint64_t bytes)
{
    struct world *world = world_of(visit);
    const struct call *call = slots_at(&world->calls, visit->call);
    const struct network_path path = {
        visit->node->zone, call->from_zone, visit->node->component->number,
        call->from == NULL ? DESIGN_NONE : call->from->component->number};
    int64_t delay = 0;
    visit->flags |= VISIT_ANSWERED | VISIT_TRAVELS;
    visit->generation++;
    if (!network_send(world, path, bytes, &delay)) {
        call_lose(world, visit->call, visit->call_generation, visit->attempt);
        give_slot(visit);
        return;
    }
    if (delay == 0 && call->waiter == 0) {
        call_on_answer(world, visit_ticket(visit));
        return;
    }
    const struct event event = {call_on_answer, world, visit_ticket(visit),
                                world_tag(visit->node, ANSWER_EVENT)};
    if (delay == 0) {
        event_queue_now(world->queue, event);
    } else {
        event_queue_at(world->queue, time_after(world->now, delay), event);
    }
}

static PATH_HOT void count_end(struct visit *visit, enum status status)
{
    if (visit->flags & VISIT_COUNTED) {
        meter_end_operation(world_of(visit), world_meter(visit), visit->began_ns, status,
                            visit->units);
    }
}

static PATH_HOT void count_client_end(struct visit *visit, enum status status)
{
    count_end(visit, status);
    meter_end_workload(world_of(visit), workload_of(visit->request), visit_client_began(visit),
                       status, visit->units);
    if (exemplar_is_followed(world_of(visit), visit->request)) {
        exemplar_end(world_of(visit), visit->request, visit_client_began(visit), status);
    }
}

// False for an answer to a try that is no longer open: waste.
static bool is_awaited(struct visit *visit)
{
    if (visit->flags & VISIT_COUNTED && visit->call != 0 &&
        !call_is_open(world_of(visit), visit->call, visit->call_generation, visit->attempt)) {
        world_meter(visit)->waste++;
        return false;
    }
    return true;
}

// One that has answered early was noted then.
static PATH_HOT void note_exemplar(const struct visit *visit, enum status status)
{
    if (exemplar_is_followed(world_of(visit), visit->request) &&
        (visit->flags & (VISIT_DETACHED | VISIT_INSIDE)) == VISIT_INSIDE) {
        exemplar_visit(visit, status);
    }
}

static PATH_HOT void leave_node(struct visit *visit)
{
    if (visit->flags & VISIT_INSIDE) {
        struct component_meter *meter = visit->node->component->meter;
        tally_drop(&meter->in_system, world_of(visit)->now);
        meter->ended_total++;
        meter->sojourn_total_ns += world_of(visit)->now - visit->began_ns;
        note_exemplar(visit, visit->status);
        visit->flags &= (uint8_t)~VISIT_INSIDE;
    }
}

static void end_branch(struct visit *visit)
{
    struct world *world = world_of(visit);
    const uint32_t join = visit->call, generation = visit->call_generation;
    const enum status status = visit->status;
    give_slot(visit);
    join_tell(world, join, generation, status);
}

PATH_APART static void end_called(struct visit *visit, uint64_t bytes)
{
    if (visit->flags & VISIT_DETACHED || visit->call == 0) {
        give_slot(visit);
    } else if (visit->flags & VISIT_BRANCH) {
        end_branch(visit);
    } else if (is_awaited(visit)) {
        count_end(visit, visit->status);
        send_answer(visit, bytes);
    } else {
        give_slot(visit);
    }
}

// The end of a visit, whatever it held having been given back.
static PATH_HOT void finish(struct visit *visit, uint64_t bytes)
{
    leave_node(visit);
    if (visit->client) {
        count_client_end(visit, visit->status);
        give_slot(visit);
    } else {
        end_called(visit, bytes);
    }
}

static PATH_HOT void end_with_bytes(struct visit *visit, uint64_t bytes)
{
    if (visit->hold != 0) {
        hold_give_all(visit);
    }
    finish(visit, bytes);
}

void visit_end(struct visit *visit, enum status status, bool silent)
{
    visit->status = (uint8_t)status & 0x7f;
    if (silent) {
        hold_forget_all(visit);
        leave_node(visit);
        give_slot(visit);
        return;
    }
    end_with_bytes(visit, 0);
}

void visit_answer(struct visit *visit, enum status status, uint64_t bytes)
{
    if (visit->flags & VISIT_DETACHED || (visit->call == 0 && !visit->client)) {
        return;
    }
    struct world *world = world_of(visit);
    note_exemplar(visit, status);
    visit->flags |= VISIT_DETACHED;
    if (visit->client) {
        visit->status = (uint8_t)status & 0x7f;
        count_client_end(visit, status);
        visit->client = 0;
        visit->call = 0;
        visit->flags &= (uint8_t)~VISIT_COUNTED;
        return;
    }
    if (visit->flags & VISIT_BRANCH) {
        join_tell(world, visit->call, visit->call_generation, status);
        return;
    }
    if (!is_awaited(visit)) {
        return;
    }
    count_end(visit, status);
    struct visit *carrier = visit_take(world, visit->node, visit->operation);
    carrier->call = visit->call;
    carrier->call_generation = visit->call_generation;
    carrier->attempt = visit->attempt;
    carrier->request = visit->request;
    carrier->status = (uint8_t)status & 0x7f;
    send_answer(carrier, bytes);
}

// ---- walking ------------------------------------------------------------------------------------

static uint64_t answer_bytes(const struct visit *visit)
{
    if (visit->step >= visit->operation->step_count) {
        return 0;
    }
    return step_answer_bytes(&visit->operation->steps[visit->step]);
}

PATH_APART static void end_with_answer(struct visit *visit)
{
    end_with_bytes(visit, answer_bytes(visit));
}

// The step has closed with a verb after which the visit does not walk on.
static PATH_HOT void close_step(struct visit *visit, enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_AGAIN:
        visit->flags |= VISIT_AGAIN;
        break;
    case OUTCOME_END:
        end_with_answer(visit);
        break;
    case OUTCOME_WAIT:
    case OUTCOME_NEXT:
    case OUTCOME_JUMP:
        break;
    }
}

// Out of steps, or out of time.
PATH_APART static void end_walk(struct visit *visit, int64_t now)
{
    if (visit->deadline_ns <= now) {
        visit->status = STATUS_OVERDUE;
    } else if (visit->step != VISIT_STOPPED) {
        visit->status = STATUS_OK;
    }
    end_with_bytes(visit, 0);
}

// True if the visit has steps to walk and the time for them; otherwise it has ended.
static PATH_HOT bool may_walk(struct visit *visit, int64_t now)
{
    if (visit->deadline_ns > now && visit->step < visit->operation->step_count) {
        return true;
    }
    end_walk(visit, now);
    return false;
}

static PATH_HOT void walk(struct visit *visit)
{
    const int64_t now = world_of(visit)->now;
    while (may_walk(visit, now)) {
        const enum outcome outcome = visit->operation->steps[visit->step].run(visit);
        if (outcome == OUTCOME_NEXT) {
            visit->step++;
        } else if (outcome != OUTCOME_JUMP) {
            close_step(visit, outcome);
            return;
        }
    }
}

void visit_run(struct visit *visit)
{
    walk(visit);
}

static PATH_HOT void count_in(struct visit *visit)
{
    struct node *node = visit->node;
    struct world *world = node->world;
    visit->flags |= VISIT_INSIDE;
    node->component->meter->begun_total++;
    tally_add(&node->component->meter->in_system, world->now, 1);
    if (visit->flags & VISIT_COUNTED) {
        struct operation_meter *meter = world_meter(visit);
        meter->visits++;
        meter->arrivals += visit->units;
    }
}

enum outcome visit_move(struct visit *visit, struct node *to, const struct operation *operation)
{
    struct world *world = world_of(visit);
    if (visit->flags & VISIT_COUNTED) {
        meter_end_operation(world, world_meter(visit), visit->began_ns, STATUS_OK, visit->units);
    }
    leave_node(visit);
    visit->node = to;
    visit->operation = operation;
    visit->began_ns = visit->since_ns = world->now;
    visit->flags |= VISIT_COUNTED;
    count_in(visit);
    visit->step = 0;
    return OUTCOME_JUMP;
}

// False: it waits for its turn, or was refused and has ended.
PATH_APART static bool is_admitted(struct visit *visit)
{
    const enum outcome outcome = pool_take(&visit->node->concurrency, visit);
    if (outcome == OUTCOME_WAIT) {
        visit->flags |= VISIT_AGAIN;
    } else if (outcome == OUTCOME_END) {
        visit_end(visit, STATUS_REJECTED, false);
    }
    return outcome == OUTCOME_NEXT;
}

// Lets a visit in at its node: counted, admitted by the concurrency limit, walked.
static PATH_HOT void enter(struct visit *visit)
{
    struct node *node = visit->node;
    visit->began_ns = visit->since_ns = node->world->now;
    if (visit->flags & VISIT_BRANCH) {
        visit_run(visit);
        return;
    }
    count_in(visit);
    if (node->concurrency.size > 0 && !is_admitted(visit)) {
        return;
    }
    walk(visit);
}

void visit_begin_client(struct node *node, const struct operation *operation,
                        const struct visit_client *client)
{
    const int64_t now = node->world->now;
    struct visit *visit = take(node->world, node, operation);
    visit->request = client->request;
    visit->units = client->units;
    visit->priority = client->priority & 0xf;
    visit->key = client->key;
    visit->call = (uint32_t)now;
    visit->call_generation = (uint32_t)(now >> 32);
    visit->client = 1;
    visit->flags = VISIT_COUNTED;
    enter(visit);
}

PATH_RARE static void defer(struct node *node, uint64_t ticket)
{
    if (node->deferred_count == node->deferred_room) {
        node->deferred_room = node->deferred_room == 0 ? 64 : node->deferred_room * 2;
        node->deferred =
            check_realloc(node->deferred, node->deferred_room * sizeof *node->deferred);
    }
    node->deferred[node->deferred_count++] = ticket;
}

void visit_on_arrival(void *subject, uint64_t ticket)
{
    struct world *world = subject;
    struct visit *visit = visit_of(world, ticket);
    if (visit == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    struct node *node = visit->node;
    if (node->pauses > 0 && node->life == NODE_UP) {
        defer(node, ticket);
        return;
    }
    visit->flags &= (uint8_t)~VISIT_TRAVELS;
    visit->generation++;
    if (node->life == NODE_UP) {
        enter(visit);
    } else if (node->life == NODE_DARK) {
        call_lose(world, visit->call, visit->call_generation, visit->attempt);
        give_slot(visit);
    } else {
        visit_end(visit, STATUS_UNAVAILABLE, false);
    }
}

void visit_resume(struct visit *visit)
{
    if (visit->node->pauses > 0) {
        defer(visit->node, visit_ticket(visit));
        return;
    }
    visit->generation++;
    if (visit->flags & VISIT_AGAIN) {
        visit->flags &= (uint8_t)~VISIT_AGAIN;
    } else {
        visit->step++;
    }
    visit_run(visit);
}

void visit_wake(struct world *world, uint64_t ticket)
{
    struct visit *visit = visit_of(world, ticket);
    if (visit == NULL) {
        world->meter.stale_wakes++;
    } else if ((visit->flags & VISIT_TRAVELS) && visit->node->pauses == 0) {
        visit_on_arrival(world, ticket);
    } else {
        visit_resume(visit);
    }
}

void visit_on_wake(void *world, uint64_t ticket)
{
    visit_wake(world, ticket);
}

void visit_wake_later(struct world *world, uint64_t ticket)
{
    const struct visit *visit = visit_of(world, ticket);
    if (visit == NULL) {
        world->meter.stale_wakes++;
        return;
    }
    const struct event event = {visit_on_wake, world, ticket, world_tag(visit->node, WAKE_EVENT)};
    event_queue_now(world->queue, event);
}

void visit_wake_with(struct world *world, uint64_t ticket, enum status status)
{
    struct visit *visit = visit_of(world, ticket);
    if (visit != NULL) {
        visit->status = (uint8_t)status & 0x7f;
    }
    visit_wake(world, ticket);
}

void visit_cancel(struct visit *visit)
{
    struct world *world = world_of(visit);
    if (visit->flags & VISIT_ANSWERED) {
        return;
    }
    visit->deadline_ns = world->now;
    if (visit->flags & VISIT_CALLS) {
        const uint64_t ticket = visit_ticket(visit);
        call_drop(world, visit->place);
        visit->flags &= (uint8_t)~VISIT_CALLS;
        visit_wake_later(world, ticket);
    }
}

struct visit *visit_branch(struct visit *visit, const struct operation *branch, uint32_t join)
{
    struct world *world = world_of(visit);
    const struct slots *joins = &world->joins;
    struct visit *child = visit_take(world, visit->node, branch);
    child->request = visit->request;
    child->deadline_ns = visit->deadline_ns;
    child->priority = visit->priority;
    child->key = visit->key;
    child->units = visit->units;
    child->call = join;
    child->call_generation = join == 0 ? 0 : slots_generation(joins, join);
    child->flags = join == 0 ? VISIT_BRANCH | VISIT_DETACHED : VISIT_BRANCH;
    child->flags |= VISIT_TRAVELS;
    const struct event event = {visit_on_arrival, world, visit_ticket(child),
                                world_tag(visit->node, branch->number)};
    event_queue_now(world->queue, event);
    return child;
}

// ---- what a step asks for -----------------------------------------------------------------------

uint64_t *visit_words(struct visit *visit)
{
    return hold_words(visit);
}

int64_t visit_now(const struct visit *visit)
{
    return world_of(visit)->now;
}

struct random_stream *visit_stream(const struct visit *visit)
{
    return &visit->node->component->streams[visit->operation->steps[visit->step].stream];
}

uint64_t visit_key(const struct visit *visit)
{
    return workload_key(world_of(visit), visit->request, visit->key);
}
