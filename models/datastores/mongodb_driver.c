// mongodb_driver - what runs in the client: server selection, connections, retries, encryption.
//
// Drivers take the member of the highest term that has told them that it is primary, as far as they
// can reach it; one that has gone silent is believed in for a while. A request for which there is
// no suitable server waits at a member for the driver's server selection time-out, and goes on
// there as soon as one is known. A connection of the pool of a calling node is held from its
// arrival at the server to the answer. Data keys are cached by each calling node.
#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

enum { RENOUNCE_EVENT = 0xfd1 };

static const int64_t LOOK_NS = 500 * TIME_MS;

static const struct mongodb_driver *setting_of(const struct component *component)
{
    return &mongodb_configuration(component)->driver;
}

// ---- who is primary ---------------------------------------------------------------------------

static bool is_newer(const struct node *node, const struct node *other)
{
    return other == NULL ||
           mongodb_node(node)->election->term > mongodb_node(other)->election->term;
}

static bool is_cut(const struct node *node, uint32_t zone, uint32_t from)
{
    const struct world *world = node->world;
    const struct network_path path = {zone, node->zone, from, node->component->number};
    return world->network.effect_count > 0 && network_is_cut(world, path);
}

static void find_known(struct component *component)
{
    struct node *known = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[i];
        known = mongodb_node(node)->claimed && is_newer(node, known) ? node : known;
    }
    mongodb_state(component)->known = known == NULL ? MONGODB_NONE : known->replica;
}

static struct node *primary_for(struct component *component, uint32_t zone, uint32_t from)
{
    const uint32_t known = mongodb_state(component)->known;
    struct node *found = NULL;
    if (component->world->network.effect_count == 0) {
        return known == MONGODB_NONE ? NULL : &component->nodes[known];
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[i];
        if (mongodb_node(node)->claimed && is_newer(node, found) && !is_cut(node, zone, from)) {
            found = node;
        }
    }
    return found;
}

static void wake_selecting(struct component *component)
{
    for (uint32_t i = 0; i < component->node_count; i++) {
        mongodb_line_wake(component->world, &mongodb_node(&component->nodes[i])->selecting,
                          UINT64_MAX, STATUS_OK);
    }
}

static void on_announced(struct node *node, uint64_t term)
{
    struct mongodb_node *member = mongodb_node(node);
    if (member->serving && member->election->term == term) {
        member->claimed = true;
        find_known(node->component);
        wake_selecting(node->component);
    }
}

void mongodb_driver_announce(struct node *node)
{
    const int64_t discovery_ns = setting_of(node->component)->discovery_ns;
    const uint32_t term = mongodb_node(node)->election->term;
    if (discovery_ns == 0 || node->world->now == 0) {
        on_announced(node, term);
    } else {
        node_timer_constant(node, discovery_ns, on_announced, term);
    }
}

static void renounce(struct node *node)
{
    mongodb_node(node)->claimed = false;
    find_known(node->component);
}

static void on_renounced(void *subject, uint64_t epoch)
{
    struct node *node = subject;
    if (node->epoch == epoch) {
        renounce(node);
    }
}

void mongodb_driver_renounce(struct node *node, int64_t delay_ns)
{
    struct world *world = node->world;
    if (!mongodb_node(node)->claimed) {
        return;
    }
    if (delay_ns == 0) {
        renounce(node);
        return;
    }
    const struct event event = {on_renounced, node, node->epoch, world_tag(node, RENOUNCE_EVENT)};
    event_queue_at(world->queue, time_after(world->now, delay_ns), event);
}

// ---- choosing a server ------------------------------------------------------------------------

static bool is_readable(const struct node *node)
{
    const struct mongodb_node *member = mongodb_node(node);
    const int preference = mongodb_configuration(node->component)->preference;
    const bool suits = preference == MONGODB_NEAREST || !member->serving;
    return node_is_up(node) && member->running && !member->recovering && suits;
}

static double distance_of(const struct component *component, uint32_t zone, uint32_t replica)
{
    const uint32_t row =
        zone == DESIGN_NONE ? component->world->design->topology.zone_count : zone;
    return mongodb_state(component)->distance[row * component->node_count + replica];
}

// In turn over those within the latency window.
static struct node *reader_for(struct component *component, uint32_t zone, uint32_t from)
{
    struct mongodb_state *state = mongodb_state(component);
    const double window = (double)setting_of(component)->threshold_ns;
    const uint32_t count = component->node_count;
    bool good[MONGODB_MEMBERS];
    double nearest = -1;
    for (uint32_t i = 0; i < count; i++) {
        const double distance = distance_of(component, zone, i);
        good[i] = is_readable(&component->nodes[i]) && !is_cut(&component->nodes[i], zone, from);
        nearest = good[i] && (nearest < 0 || distance < nearest) ? distance : nearest;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t replica = (state->turn + i) % count;
        if (good[replica] && distance_of(component, zone, replica) <= nearest + window) {
            state->turn = replica + 1;
            return &component->nodes[replica];
        }
    }
    return NULL;
}

static bool needs_primary(const struct component *component, bool writes)
{
    const struct mongodb_configuration *configuration = mongodb_configuration(component);
    return writes || configuration->preference == MONGODB_PRIMARY;
}

// Where a request waits that no server suits: at the nearest that can be reached.
static struct node *waiting_room(struct component *component, uint32_t zone, uint32_t from)
{
    struct node *room = NULL;
    double nearest = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *node = &component->nodes[i];
        const double distance = distance_of(component, zone, i);
        const bool able = node_is_up(node) && node->pauses == 0 && !is_cut(node, zone, from);
        if (able && (room == NULL || distance < nearest)) {
            room = node;
            nearest = distance;
        }
    }
    return room;
}

static struct node *server_for(struct component *component, bool writes, uint32_t zone,
                               uint32_t from)
{
    return needs_primary(component, writes) ? primary_for(component, zone, from)
                                            : reader_for(component, zone, from);
}

static bool operation_writes(const struct operation *operation)
{
    return operation->number == MONGODB_WRITE || operation->number == MONGODB_TRANSACT;
}

struct node *mongodb_driver_route(struct component *component, const struct call *call,
                                  uint64_t key)
{
    (void)key;
    const uint32_t from = call->from == NULL ? DESIGN_NONE : call->from->component->number;
    struct node *server = server_for(component, operation_writes(call->design->operation),
                                     call->from_zone, from);
    return server != NULL ? server : waiting_room(component, call->from_zone, from);
}

// ---- waiting for a server ---------------------------------------------------------------------

static void on_selection_end(struct node *node, uint64_t word)
{
    struct mongodb_line *line = &mongodb_node(node)->selecting;
    line->timer = 0;
    while (line->waiters.count > 0 && mongodb_line_first(line)->until_ns <= node->world->now) {
        struct visit *visit = visit_of(node->world, mongodb_line_first(line)->ticket);
        mongodb_line_drop(line);
        if (visit != NULL) {
            visit->status = STATUS_UNAVAILABLE;
            visit_wake_later(node->world, visit_ticket(visit));
        }
    }
    if (line->waiters.count > 0) {
        line->timer = node_timer(node, mongodb_line_first(line)->until_ns - node->world->now,
                                 on_selection_end, word);
    }
}

// Drivers that wait ask every 500 ms (minHeartbeatFrequencyMS): a partition may have healed.
static void on_look_again(struct node *node, uint64_t word)
{
    struct component *component = node->component;
    struct mongodb_node *member = mongodb_node(node);
    const bool found = primary_for(component, node->zone, component->number) != NULL ||
                       !needs_primary(component, false);
    member->looking = false;
    if (member->selecting.waiters.count == 0) {
        return;
    }
    if (found) {
        mongodb_line_wake(node->world, &member->selecting, UINT64_MAX, STATUS_OK);
    }
    member->looking = true;
    node_timer_constant(node, LOOK_NS, on_look_again, word);
}

static void arm_selection(struct node *node, int64_t until_ns)
{
    struct mongodb_node *member = mongodb_node(node);
    const int64_t left_ns = until_ns - node->world->now;
    if (member->selecting.timer == 0) {
        member->selecting.timer =
            node_timer(node, left_ns > 0 ? left_ns : 0, on_selection_end, 0);
    }
    if (!member->looking) {
        member->looking = true;
        node_timer_constant(node, LOOK_NS, on_look_again, 0);
    }
}

static enum outcome await_server(struct visit *visit)
{
    struct node *node = visit->node;
    const int64_t wait_ns = setting_of(node->component)->selection_ns;
    const int64_t until_ns = time_after(visit->began_ns, wait_ns);
    mongodb_line_add(&mongodb_node(node)->selecting,
                     (struct mongodb_waiter){0, visit_ticket(visit), until_ns});
    arm_selection(node, until_ns);
    step_wait(visit);
    return OUTCOME_AGAIN;
}

enum outcome mongodb_driver_select(struct visit *visit, bool writes)
{
    struct node *node = visit->node;
    struct component *component = node->component;
    const bool suits = needs_primary(component, writes) ? mongodb_node(node)->serving
                                                        : is_readable(node);
    if (suits) {
        return step_next(visit);
    }
    if (visit->status == STATUS_UNAVAILABLE) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    struct node *server = server_for(component, writes, node->zone, component->number);
    if (server != NULL && server != node) {
        return call_forward(visit, server, visit->operation);
    }
    return await_server(visit);
}

bool mongodb_driver_retries(struct visit *visit, uint64_t identity)
{
    struct mongodb_state *state = mongodb_state(visit->node->component);
    const bool first = map_get(&state->retried, identity) == 0;
    const bool wanted = visit->client || call_design_of(visit) != NULL;
    if (!setting_of(visit->node->component)->retries || !first || !wanted) {
        return false;
    }
    map_set(&state->retried, identity, 1);
    state->retries++;
    return true;
}

// ---- connections ------------------------------------------------------------------------------

static struct pool *connections_of(const struct visit *visit)
{
    struct node *node = visit->node;
    const struct mongodb_driver *setting = setting_of(node->component);
    const struct node *origin = call_origin_of(visit);
    struct pool **place =
        &mongodb_node(node)->connections[origin == NULL ? 0 : origin->number + 1];
    if (*place == NULL) {
        const uint64_t clients = origin == NULL ? setting->processes : 1;
        *place = arena_take(&node->world->arena, sizeof **place);
        pool_init(*place, node, "connections", setting->pool * clients);
    }
    return *place;
}

enum outcome mongodb_driver_connect(struct visit *visit)
{
    if (setting_of(visit->node->component)->pool == 0) {
        return step_next(visit);
    }
    return step_take(visit, connections_of(visit));
}

void mongodb_driver_disconnect(struct visit *visit)
{
    if (setting_of(visit->node->component)->pool > 0) {
        step_give(visit, connections_of(visit));
    }
}

// ---- client-side field-level encryption -------------------------------------------------------

static const struct mongodb_encryption *encryption_of(const struct visit *visit)
{
    return &mongodb_configuration(visit->node->component)->encryption;
}

static uint64_t data_key_of(const struct visit *visit)
{
    const struct node *origin = call_origin_of(visit);
    const uint64_t number = digest_mix(visit_key(visit), 1) % encryption_of(visit)->keys;
    return digest_mix(origin == NULL ? 0 : origin->number + 1, number);
}

static bool is_cached(const struct visit *visit, uint64_t key)
{
    const struct mongodb_state *state = mongodb_state(visit->node->component);
    const struct keyed_entry *entry = keyed_find(&state->key_cache, key);
    return entry != NULL && entry->expires_ns > visit_now(visit);
}

enum outcome mongodb_driver_find_key(struct visit *visit)
{
    const struct mongodb_encryption *encryption = encryption_of(visit);
    struct node *node = visit->node;
    visit->status = STATUS_OK;
    if (encryption->fields == 0 || is_cached(visit, data_key_of(visit))) {
        return step_next(visit);
    }
    mongodb_state(node->component)->key_fetches++;
    if (encryption->key_service.operation != NULL) {
        return step_call(visit, &encryption->key_service);
    }
    return step_hold(
        visit, distribution_draw(&encryption->kms, mongodb_node(node)->streams.client),
        METER_OTHER);
}

enum outcome mongodb_driver_encrypt(struct visit *visit)
{
    const struct mongodb_encryption *encryption = encryption_of(visit);
    struct node *node = visit->node;
    if (encryption->fields == 0) {
        return step_next(visit);
    }
    if (!status_is_good(visit->status)) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    const uint64_t key = data_key_of(visit);
    if (!is_cached(visit, key)) {
        keyed_set(&mongodb_state(node->component)->key_cache, key,
                  time_after(visit_now(visit), encryption->lifetime_ns));
    }
    const int64_t field =
        distribution_draw(&encryption->field, mongodb_node(node)->streams.client);
    return step_hold(visit, time_times(field, encryption->fields), METER_OTHER);
}

// ---- life -------------------------------------------------------------------------------------

static void measure_distances(struct component *component)
{
    const struct topology_design *topology = &component->world->design->topology;
    const uint32_t zones = topology->zone_count, count = component->node_count;
    struct mongodb_state *state = mongodb_state(component);
    state->distance = arena_take_array(&component->world->arena, (size_t)(zones + 1) * count,
                                       sizeof *state->distance);
    for (uint32_t zone = 0; zone < zones; zone++) {
        for (uint32_t i = 0; i < count; i++) {
            const struct placement *placement = &component->design->placements[i];
            const struct link_design *link = &topology->links[zone * zones + placement->zone];
            state->distance[zone * count + i] = distribution_mean(&link->latency);
        }
    }
}

void mongodb_driver_begin(struct component *component)
{
    const struct mongodb_configuration *configuration = mongodb_configuration(component);
    struct mongodb_state *state = mongodb_state(component);
    const uint64_t keys = configuration->encryption.keys * 1000;
    state->known = MONGODB_NONE;
    map_init(&state->retried);
    map_init(&state->done);
    map_init(&state->indexed);
    keyed_init(&state->key_cache, KEYED_LRU, keys < 1000000 ? (uint32_t)keys : 1000000, NULL);
    measure_distances(component);
}

void mongodb_driver_start(struct node *node)
{
    const struct design *design = node->world->design;
    struct mongodb_node *member = mongodb_node(node);
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < design->component_count; i++) {
        nodes += design->components[i].replicas;
    }
    member->connections =
        arena_take_array(&node->world->arena, nodes + 1, sizeof(struct pool *));
}

static uint32_t place_count(const struct node *node)
{
    return node->world->node_count + 1;
}

void mongodb_driver_crash(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    for (uint32_t i = 0; i < place_count(node); i++) {
        if (member->connections[i] != NULL) {
            pool_clear(member->connections[i]);
        }
    }
    mongodb_line_clear(&member->selecting);
    member->looking = false;
}

void mongodb_driver_end(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    for (uint32_t i = 0; i < place_count(node); i++) {
        if (member->connections[i] != NULL) {
            pool_release(member->connections[i]);
        }
    }
    mongodb_line_release(&member->selecting);
}
