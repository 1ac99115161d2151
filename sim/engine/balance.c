// balance - how callers choose a replica, and how they learn that one is dead.
#include "sim/engine/balance.h"

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/balance_health.h"
#include "sim/engine/balance_ring.h"
#include "sim/engine/model.h"
#include "sim/engine/world.h"

static const int64_t LONGEST_EJECTION_NS = 300 * TIME_S; // Envoy max_ejection_time
static const int64_t FORGIVEN_NS = 10 * TIME_S;          // Envoy interval: one ejection less each

enum { BUDGET_FLOOR = 3, BUDGET_BINS = 10 };

// ---- life ---------------------------------------------------------------------------------------

static const char *caller_name(const struct design *design, const struct edge_design *edge)
{
    return edge->from == DESIGN_NONE ? design->workloads[edge->workload].name
                                     : design->components[edge->from].name;
}

// A ring is the same for every route to the component.
static const struct balance_ring *ring_of(struct world *world, const struct route *route)
{
    for (const struct route *other = world->routes; other < route; other++) {
        if (other->component == route->component) {
            return other->ring;
        }
    }
    return balance_ring_take(&world->arena, route->component->design->name,
                             route->component->node_count);
}

static void begin_route(struct world *world, uint32_t edge)
{
    const struct edge_design *design = &world->design->edges[edge];
    struct route *route = &world->routes[edge];
    struct component *component = &world->components[design->to];
    const uint32_t count = component->node_count;
    route->edge = edge;
    route->component = component;
    route->only = count == 1 ? component->nodes : NULL;
    route->by_key = component->design->model->route != NULL ||
                    component->design->balancing == BALANCING_RING_HASH;
    route->targets = arena_take_array(&world->arena, count, sizeof *route->targets);
    route->everyone = arena_take_array(&world->arena, count, sizeof *route->everyone);
    route->candidates = arena_take_array(&world->arena, count, sizeof *route->candidates);
    route->zone_cursors = arena_take_array(&world->arena, world->design->topology.zone_count,
                                           sizeof *route->zone_cursors);
    for (uint32_t i = 0; i < count; i++) {
        route->everyone[i] = i;
        route->delisted += !component->nodes[i].listed;
    }
    route->stream = arena_take(&world->arena, sizeof *route->stream);
    const char *name = arena_format(&world->arena, "balance/%s/%s%s",
                                    caller_name(world->design, design), component->design->name,
                                    design->from == DESIGN_NONE ? "/workload" : "");
    random_stream_init(route->stream, world->key, text_hash(name));
    if (component->design->balancing == BALANCING_RING_HASH) {
        route->ring = ring_of(world, route);
    }
}

void balance_begin(struct world *world)
{
    balance_health_begin(world);
    world->routes = arena_take_array(&world->arena, world->design->edge_count,
                                     sizeof *world->routes);
    for (uint32_t i = 0; i < world->design->edge_count; i++) {
        begin_route(world, i);
    }
}

void balance_end(struct world *world)
{
    world->routes = NULL; // the arena's
}

void balance_node_changed(struct node *node)
{
    balance_health_changed(node);
}

void balance_note_delisted(const struct node *node, int change)
{
    const struct world *world = node->world;
    for (uint32_t i = 0; i < world->design->edge_count; i++) {
        struct route *route = &world->routes[i];
        if (route->component == node->component) {
            route->delisted += (uint32_t)change;
        }
    }
}

// ---- candidates ---------------------------------------------------------------------------------

struct choice_set {
    const uint32_t *replicas; // ascending
    uint32_t count;
};

static void end_ejections(struct route *route, int64_t now)
{
    for (uint32_t i = 0; route->ejected > 0 && i < route->component->node_count; i++) {
        struct route_target *target = &route->targets[i];
        if (target->ejected && target->ejected_until_ns <= now) {
            target->ejected = false;
            route->ejected--;
        }
    }
}

// Listed replicas that are not ejected; all listed ones when those are fewer than half of them.
static uint32_t gather(struct route *route)
{
    const struct component *component = route->component;
    uint32_t listed = 0, healthy = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        listed += component->nodes[i].listed;
        healthy += component->nodes[i].listed && !route->targets[i].ejected;
    }
    const bool panic = healthy * 2 < listed;
    uint32_t count = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (component->nodes[i].listed && (panic || !route->targets[i].ejected)) {
            route->candidates[count++] = i;
        }
    }
    return count;
}

static uint32_t leave_out(uint32_t *replicas, uint32_t count, uint32_t replica)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (replicas[i] != replica) {
            replicas[kept++] = replicas[i];
        }
    }
    return kept;
}

static struct choice_set candidates(struct route *route, int64_t now, const struct node *avoid)
{
    if (route->ejected > 0) {
        end_ejections(route, now);
    }
    if (route->delisted == 0 && route->ejected == 0 && avoid == NULL) {
        return (struct choice_set){route->everyone, route->component->node_count};
    }
    uint32_t count = gather(route);
    if (avoid != NULL && avoid->component == route->component && count > 1) {
        count = leave_out(route->candidates, count, avoid->replica);
    }
    return (struct choice_set){route->candidates, count};
}

// ---- policies -----------------------------------------------------------------------------------

// Position of the first replica at or after the cursor, around the end.
static uint32_t turn_position(struct choice_set set, uint32_t cursor)
{
    if (cursor < set.count && set.replicas[cursor] == cursor) {
        return cursor;
    }
    for (uint32_t i = 0; i < set.count; i++) {
        if (set.replicas[i] >= cursor) {
            return i;
        }
    }
    return 0;
}

static uint32_t choose_in_turn(struct choice_set set, uint32_t *cursor)
{
    const uint32_t replica = set.replicas[turn_position(set, *cursor)];
    *cursor = replica + 1;
    return replica;
}

static uint32_t choose_least(struct route *route, struct choice_set set)
{
    const uint32_t start = turn_position(set, route->cursor);
    uint32_t best = set.replicas[start];
    for (uint32_t i = 1; i < set.count; i++) {
        const uint32_t at = start + i < set.count ? start + i : start + i - set.count;
        const uint32_t replica = set.replicas[at];
        if (route->targets[replica].outstanding < route->targets[best].outstanding) {
            best = replica;
        }
    }
    route->cursor = best + 1;
    return best;
}

static uint32_t choose_of_two(struct route *route, struct choice_set set)
{
    if (set.count == 1) {
        return set.replicas[0];
    }
    const uint32_t first = (uint32_t)random_below(route->stream, set.count);
    uint32_t second = (uint32_t)random_below(route->stream, set.count - 1);
    second += second >= first;
    const uint32_t one = set.replicas[first], other = set.replicas[second];
    return route->targets[other].outstanding < route->targets[one].outstanding ? other : one;
}

static uint32_t choose_in_zone(struct route *route, struct choice_set set, uint32_t zone)
{
    const struct node *nodes = route->component->nodes;
    uint32_t near = 0;
    for (uint32_t i = 0; i < set.count; i++) {
        near += nodes[set.replicas[i]].zone == zone;
    }
    if (zone == DESIGN_NONE || near == 0) {
        return choose_in_turn(set, &route->cursor);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < set.count; i++) {
        if (nodes[set.replicas[i]].zone == zone) {
            route->candidates[count++] = set.replicas[i];
        }
    }
    return choose_in_turn((struct choice_set){route->candidates, count},
                          &route->zone_cursors[zone]);
}

static uint32_t choose_replica(struct route *route, struct choice_set set, uint32_t from_zone,
                               uint64_t key)
{
    switch (route->component->design->balancing) {
    case BALANCING_ROUND_ROBIN:
        return choose_in_turn(set, &route->cursor);
    case BALANCING_RANDOM:
        return set.replicas[random_below(route->stream, set.count)];
    case BALANCING_P2C:
        return choose_of_two(route, set);
    case BALANCING_LEAST_REQUEST:
        return choose_least(route, set);
    case BALANCING_RING_HASH:
        return balance_ring_find(route->ring, key, set.replicas, set.count);
    case BALANCING_ZONE_LOCAL:
        return choose_in_zone(route, set, from_zone);
    }
    return set.replicas[0];
}

struct node *balance_choose_among(struct world *world, struct route *route, uint32_t from_zone,
                                  uint64_t key, const struct node *avoid)
{
    if (route->only != NULL) {
        return NULL; // it is not listed
    }
    const struct choice_set set = candidates(route, world->now, avoid);
    if (set.count == 0) {
        return NULL;
    }
    return &route->component->nodes[choose_replica(route, set, from_zone, key)];
}

// ---- ejection -----------------------------------------------------------------------------------

static int64_t ejection_time(const struct detection_design *detection, struct route_target *target,
                             int64_t now)
{
    const int64_t base = detection->ejection_ns;
    const int64_t longest = base > LONGEST_EJECTION_NS ? base : LONGEST_EJECTION_NS;
    const int64_t good = (now - target->ejected_until_ns) / FORGIVEN_NS;
    target->ejections -= good < target->ejections ? (uint32_t)good : target->ejections;
    target->ejections++;
    return target->ejections < longest / base ? base * target->ejections : longest;
}

static void eject(struct world *world, struct route *route, const struct node *node)
{
    struct component *component = route->component;
    const struct detection_design *detection = &component->design->detection;
    struct route_target *target = &route->targets[node->replica];
    const double room = detection->maximum_ejected * component->node_count + 1e-9;
    end_ejections(route, world->now);
    if (target->ejected || detection->ejection_ns <= 0 || route->ejected + 1 > room) {
        return;
    }
    const int64_t length = ejection_time(detection, target, world->now);
    target->failures_in_row = 0;
    target->ejected = true;
    target->ejected_until_ns = time_after(world->now, length);
    route->ejected++;
    component->meter->ejections++;
    meter_log(world, LOG_EJECT, (int32_t)node->number, time_seconds(length));
}

static void note_failure(struct world *world, struct route *route, const struct node *node)
{
    const struct component_design *design = route->component->design;
    struct route_target *target = &route->targets[node->replica];
    target->failures_in_row++;
    if (design->detection.ejection && design->model->route == NULL &&
        target->failures_in_row >= design->detection.consecutive) {
        eject(world, route, node);
    }
}

void balance_tell(struct world *world, struct route *route, const struct node *node,
                  enum status status)
{
    switch (status) {
    case STATUS_TIMEOUT:
    case STATUS_RESET:
    case STATUS_UNAVAILABLE:
    case STATUS_ERROR:
        note_failure(world, route, node);
        break;
    case STATUS_OK:
    case STATUS_MISS:
    case STATUS_REJECTED:
    case STATUS_THROTTLED:
    case STATUS_UNAUTHORIZED:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
        route->targets[node->replica].failures_in_row = 0;
        break;
    case STATUS_OVERDUE:
    case STATUS_ABANDONED:
    case STATUS_INDETERMINATE:
    case STATUS_CANCELLED:
    case STATUS_COUNT:
        break;
    }
}

// ---- retry budget -------------------------------------------------------------------------------

static uint32_t budget_bin(struct route *route, int64_t now)
{
    const int64_t second = now / TIME_S;
    const int64_t oldest = second - BUDGET_BINS + 1;
    int64_t at = route->budget_second < oldest ? oldest : route->budget_second + 1;
    for (; at <= second; at++) {
        route->budget_first[at % BUDGET_BINS] = 0;
        route->budget_retries[at % BUDGET_BINS] = 0;
    }
    route->budget_second = second;
    return (uint32_t)(second % BUDGET_BINS);
}

void balance_note_first(struct world *world, struct route *route)
{
    route->budget_first[budget_bin(route, world->now)]++;
}

bool balance_may_retry(struct world *world, struct route *route, double budget)
{
    if (budget <= 0) {
        return true;
    }
    const uint32_t bin = budget_bin(route, world->now);
    uint64_t first = 0, retries = 0;
    for (uint32_t i = 0; i < BUDGET_BINS; i++) {
        first += route->budget_first[i];
        retries += route->budget_retries[i];
    }
    if (retries >= BUDGET_FLOOR && (double)(retries + 1) > budget * (double)first) {
        return false;
    }
    route->budget_retries[bin]++;
    return true;
}
