// call_try - one try of a call: choosing the replica, sending the child visit, closing, metering.
#include "sim/engine/call_try.h"

#include "sim/base/check.h"
#include "sim/base/path.h"
#include "sim/engine/meter_end.h"
#include "sim/engine/model.h"
#include "sim/engine/workload.h"
#include "sim/engine/world.h"

static void meter_end_of_try(struct world *world, const struct call *call, enum status status)
{
    if (call->design->operation->internal) {
        return;
    }
    const struct component *target = &world->components[call->design->target];
    meter_end_operation(world, &target->operations[call->design->operation->number], call->try_ns,
                        status, call->units);
}

static struct node *choose_by_key(struct world *world, struct call *call, const struct node *avoid)
{
    struct component *target = &world->components[call->design->target];
    const uint64_t key = workload_key(world, call->request, call->design->key_number);
    if (target->design->model->route != NULL) {
        return target->design->model->route(target, call, key);
    }
    return balance_choose(world, &world->routes[call->design->edge], call->from_zone, key, avoid);
}

static struct node *choose_node(struct world *world, struct call *call, const struct node *avoid)
{
    if (call->only != NULL) {
        return call->only;
    }
    struct route *route = &world->routes[call->design->edge];
    if (route->by_key) {
        return choose_by_key(world, call, avoid);
    }
    return balance_choose(world, route, call->from_zone, 0, avoid);
}

static struct network_path path_of(const struct call *call, const struct node *node)
{
    return (struct network_path){call->from_zone, node->zone,
                                 call->from == NULL ? DESIGN_NONE : call->from->component->number,
                                 node->component->number};
}

static struct visit *make_child(struct world *world, const struct call *call, struct node *node)
{
    struct visit *child = visit_take(world, node, call->design->operation);
    child->request = call->request;
    child->deadline_ns = call->deadline_ns;
    child->call = call->number;
    child->call_generation = call->generation;
    child->units = call->units;
    child->flags = VISIT_TRAVELS | VISIT_COUNTED;
    child->priority = call->priority & 0xf;
    child->attempt = call->attempt & 0xf;
    child->key = call->design->key_number;
    return child;
}

// The child of a side while it is at its node or on a link; NULL once its slot serves another.
static struct visit *child_of(struct world *world, const struct call *call, int side,
                              uint8_t attempt)
{
    const uint32_t number = call->children[side];
    struct visit *child = number == 0 ? NULL : slots_at(&world->visits, number);
    const bool is_child = child != NULL && child->call == call->number &&
                          child->call_generation == call->generation && child->attempt == attempt &&
                          (child->flags & VISIT_BRANCH) == 0;
    return is_child ? child : NULL;
}

bool call_try_send(struct world *world, struct call *call, int side)
{
    struct node *node = choose_node(world, call, side == 1 ? call->nodes[0] : NULL);
    call->attempt++;
    if (node == NULL) {
        meter_end_of_try(world, call, STATUS_UNAVAILABLE);
        return false;
    }
    call->open[side] = call->attempt & 0xf;
    call->nodes[side] = node;
    world->routes[call->design->edge].targets[node->replica].outstanding++;
    int64_t delay = 0;
    if (!network_send(world, path_of(call, node), call->design->bytes + call->bytes, &delay)) {
        call->children[side] = 0;
        call_lose(world, call->number, call->generation, call->open[side]);
        return true;
    }
    struct visit *child = make_child(world, call, node);
    const uint64_t ticket = visit_ticket(child);
    call->children[side] = child->number;
    if (delay == 0 && call->direct && side == 0) {
        visit_on_arrival(world, ticket);
        return true;
    }
    const struct event event = {visit_on_arrival, world, ticket, world_tag(node, 0)};
    if (delay == 0) {
        event_queue_now(world->queue, event);
    } else {
        event_queue_at(world->queue, time_after(world->now, delay), event);
    }
    return true;
}

static void close_side(struct world *world, struct call *call, int side, enum status status)
{
    struct route *route = &world->routes[call->design->edge];
    struct route_target *target = &route->targets[call->nodes[side]->replica];
    CHECK(target->outstanding > 0);
    target->outstanding--;
    call->open[side] = 0;
    if (status == STATUS_CANCELLED) {
        return;
    }
    balance_tell(world, route, call->nodes[side], status);
    if (call->design->breaker.enabled) {
        balance_breaker_note(world, route, &call->design->breaker, !status_is_good(status));
    }
}

void call_try_told(struct world *world, struct call *call, int side, enum status status)
{
    close_side(world, call, side, status);
}

void call_try_close(struct world *world, struct call *call, enum status status, bool cancel)
{
    for (int side = 0; side < 2; side++) {
        if (call->open[side] == 0) {
            continue;
        }
        struct visit *child = child_of(world, call, side, call->open[side]);
        close_side(world, call, side, status);
        if (child == NULL || (child->flags & VISIT_ANSWERED) == 0) {
            meter_end_of_try(world, call, status);
        }
        if (child != NULL && cancel) {
            visit_cancel(child);
        }
    }
}

void call_try_refused(struct world *world, struct call *call)
{
    meter_end_of_try(world, call, STATUS_UNAVAILABLE);
}

void call_try_leave(struct world *world, struct call *call)
{
    call_try_close(world, call, STATUS_CANCELLED, false);
}

bool call_is_open(const struct world *world, uint32_t number, uint32_t generation, uint8_t attempt)
{
    const struct call *call = slots_at(&world->calls, number);
    return call->generation == generation && attempt != 0 &&
           (call->open[0] == attempt || call->open[1] == attempt);
}

// ---- moving on ----------------------------------------------------------------------------------

static void hand_over(struct visit *visit, struct visit *child)
{
    struct world *world = visit->node->world;
    child->request = visit->request;
    child->deadline_ns = visit->deadline_ns;
    child->call = visit->call;
    child->call_generation = visit->call_generation;
    child->attempt = visit->attempt;
    child->units = visit->units;
    child->priority = visit->priority;
    child->flags = VISIT_TRAVELS | VISIT_COUNTED | (visit->flags & VISIT_DETACHED);
    child->client = visit->client;
    if (visit->call != 0 && !visit->client &&
        call_is_open(world, visit->call, visit->call_generation, visit->attempt)) {
        struct call *call = slots_at(&world->calls, visit->call);
        call->children[call->open[1] == visit->attempt] = child->number;
    }
}

// A choice that depends on the request is made as if by a call.
PATH_APART static struct node *choose_next_by_key(struct visit *visit,
                                                  const struct call_design *design)
{
    struct call probe = {.design = design, .from = visit->node, .from_zone = visit->node->zone,
                         .request = visit->request, .units = visit->units};
    return choose_by_key(visit->node->world, &probe, NULL);
}

static struct node *choose_next(struct visit *visit, const struct call_design *design)
{
    struct world *world = visit->node->world;
    struct route *route = &world->routes[design->edge];
    if (route->by_key) {
        return choose_next_by_key(visit, design);
    }
    return balance_choose(world, route, visit->node->zone, 0, NULL);
}

static bool lets_in_at_once(const struct node *node)
{
    return node->life == NODE_UP && node->pauses == 0 && node->concurrency.size == 0;
}

// The visit ends here and a child of its own goes on in its stead.
static enum outcome send_on(struct visit *visit, struct visit *child, int64_t delay)
{
    struct world *world = visit->node->world;
    hand_over(visit, child);
    const struct event event = {visit_on_arrival, world, visit_ticket(child),
                                world_tag(child->node, 0)};
    event_queue_at(world->queue, time_after(world->now, delay), event);
    visit->flags |= VISIT_DETACHED;
    visit->status = STATUS_OK;
    return OUTCOME_END;
}

// It travels, or must wait at the door.
PATH_APART static enum outcome move_by_child(struct visit *visit, struct node *node,
                                             const struct call_design *design, int64_t delay)
{
    struct world *world = visit->node->world;
    struct visit *child = visit_take(world, node, design->operation);
    child->key = design->key_number;
    meter_end_operation(world, world_meter(visit), visit->began_ns, STATUS_OK, visit->units);
    return send_on(visit, child, delay);
}

PATH_APART static bool send_move(const struct visit *visit, const struct node *node,
                                 const struct call_design *design, int64_t *delay)
{
    const struct node *from = visit->node;
    const struct network_path path = {from->zone, node->zone, from->component->number,
                                      node->component->number};
    return network_send(from->world, path, design->bytes, delay);
}

PATH_APART static enum outcome move_with_care(struct visit *visit, const struct call_design *design)
{
    struct world *world = visit->node->world;
    struct node *node = choose_next(visit, design);
    if (node == NULL) {
        visit->status = STATUS_UNAVAILABLE;
        return OUTCOME_END;
    }
    int64_t delay = 0;
    if (!send_move(visit, node, design, &delay)) {
        call_lose(world, visit->call, visit->call_generation, visit->attempt);
        visit_end(visit, STATUS_OK, true);
        return OUTCOME_WAIT;
    }
    if (delay != 0 || visit->hold != 0 || !lets_in_at_once(node)) {
        return move_by_child(visit, node, design, delay);
    }
    visit->key = design->key_number;
    return visit_move(visit, node, design->operation);
}

// The simple case first: an only replica that stands open, and no time to get there.
enum outcome call_move(struct visit *visit, const struct call_design *design)
{
    struct world *world = visit->node->world;
    const struct route *route = &world->routes[design->edge];
    struct node *node = route->only;
    if (node == NULL || route->by_key || route->delisted > 0 || visit->hold != 0 ||
        !lets_in_at_once(node) ||
        !network_is_short(&world->network, visit->node->zone, node->zone)) {
        return move_with_care(visit, design);
    }
    world->network.messages++;
    visit->key = design->key_number;
    return visit_move(visit, node, design->operation);
}

enum outcome call_forward(struct visit *visit, struct node *to, const struct operation *operation)
{
    struct world *world = visit->node->world;
    const struct node *from = visit->node;
    const struct network_path path = {from->zone, to->zone, from->component->number,
                                      to->component->number};
    int64_t delay = 0;
    if (!network_send(world, path, 0, &delay)) {
        visit->status = STATUS_UNAVAILABLE;
        return OUTCOME_END;
    }
    struct visit *child = visit_take(world, to, operation);
    child->key = visit->key;
    return send_on(visit, child, delay);
}

const struct call_design *call_design_of(const struct visit *visit)
{
    const struct world *world = visit->node->world;
    if (visit->call == 0 || visit->client || (visit->flags & VISIT_BRANCH)) {
        return NULL;
    }
    const struct call *call = slots_at(&world->calls, visit->call);
    return call->generation == visit->call_generation ? call->design : NULL;
}

const struct node *call_origin_of(const struct visit *visit)
{
    const struct world *world = visit->node->world;
    if (visit->call == 0 || visit->client || (visit->flags & VISIT_BRANCH)) {
        return NULL;
    }
    const struct call *call = slots_at(&world->calls, visit->call);
    return call->generation == visit->call_generation ? call->from : NULL;
}
