// cassandra_ring - tokens and replicas, levels, the choice of coordinators and of whom to ask.
//
// Each node owns `tokens` points of the ring, by a hash of its number. The replicas of a range are
// found walking on from it: in each region the next nodes in zones that have none yet, then, when
// the zones are used up, those passed over (NetworkTopologyStrategy).
#include <stdlib.h>
#include <string.h>

#include "models/datastores/cassandra.h"

enum { SLOW_REQUESTS = 10, SLOW_MS = 200, DRIVER_TIMEOUT_S = 2 };

// ---- layout -----------------------------------------------------------------------------------

static void add_pools(struct model_preparation *preparation)
{
    const struct cassandra_threads *threads =
        &((const struct cassandra_configuration *)preparation->configuration)->threads;
    struct component_design *component = preparation->component;
    struct pool_design *pools = arena_take_array(
        preparation->arena, component->pool_count + CASSANDRA_POOLS, sizeof *pools);
    pools[CASSANDRA_NATIVE] = (struct pool_design){"native", threads->native, 0};
    pools[CASSANDRA_READERS] = (struct pool_design){"readers", threads->read, 0};
    pools[CASSANDRA_WRITERS] = (struct pool_design){"writers", threads->write, 0};
    for (uint32_t i = 0; i < component->pool_count; i++) {
        pools[CASSANDRA_POOLS + i] = component->pools[i];
    }
    component->pools = pools;
    component->pool_count += CASSANDRA_POOLS;
}

static void add_devices(struct model_preparation *preparation)
{
    const struct cassandra_disk *disk =
        &((const struct cassandra_configuration *)preparation->configuration)->disk;
    struct component_design *component = preparation->component;
    struct device_design *devices = arena_take_array(
        preparation->arena, component->device_count + CASSANDRA_DEVICES, sizeof *devices);
    devices[CASSANDRA_DISK] = (struct device_design){"disk", (uint32_t)disk->channels, 0, 0};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[CASSANDRA_DEVICES + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count += CASSANDRA_DEVICES;
}

// Reads and writes at level serial are other operations under the same names.
static void choose_operations(struct model_preparation *preparation)
{
    const struct cassandra_configuration *configuration = preparation->configuration;
    struct operation *operations =
        arena_take_array(preparation->arena, CASSANDRA_OPERATIONS, sizeof *operations);
    for (uint32_t i = 0; i < CASSANDRA_OPERATIONS; i++) {
        operations[i] = cassandra_operations[i];
    }
    if (configuration->read_level == CASSANDRA_SERIAL) {
        operations[CASSANDRA_OP_READ].steps = cassandra_paxos_read_steps;
        operations[CASSANDRA_OP_READ].step_count = CASSANDRA_PAXOS_READ_STEPS;
    }
    for (uint32_t i = CASSANDRA_OP_WRITE; i <= CASSANDRA_OP_DELETE; i++) {
        if (configuration->write_level == CASSANDRA_SERIAL) {
            operations[i].steps = cassandra_paxos_write_steps;
            operations[i].step_count = CASSANDRA_PAXOS_WRITE_STEPS;
        }
    }
    preparation->component->operations = operations;
    preparation->component->operation_count = CASSANDRA_OPERATIONS;
}

void cassandra_ring_prepare(struct model_preparation *preparation)
{
    const struct cassandra_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    component->replicas = (uint32_t)configuration->nodes;
    if (component->cores == 0) {
        component->cores = 8;
    }
    if (configuration->replication > configuration->nodes) {
        model_complain(preparation, "replication", "%lu replicas need as many nodes, not %lu",
                       (unsigned long)configuration->replication,
                       (unsigned long)configuration->nodes);
    }
    add_pools(preparation);
    add_devices(preparation);
    choose_operations(preparation);
}

// ---- tokens -----------------------------------------------------------------------------------

static int compare_tokens(const void *one, const void *other)
{
    const struct cassandra_token *a = one, *b = other;
    if (a->token != b->token) {
        return a->token < b->token ? -1 : 1;
    }
    return (a->node > b->node) - (a->node < b->node);
}

struct walk { // along the ring, looking for the replicas of a range
    const struct component *component;
    uint16_t *found;
    uint32_t count, region, wanted;
    bool strict; // only zones that have none yet
};

static bool fits(const struct walk *walk, uint32_t replica)
{
    const struct node *node = &walk->component->nodes[replica];
    if (cassandra_region(node) != walk->region) {
        return false;
    }
    for (uint32_t i = 0; i < walk->count; i++) {
        const struct node *other = &walk->component->nodes[walk->found[i]];
        if (other == node || (walk->strict && other->zone == node->zone)) {
            return false;
        }
    }
    return true;
}

static void walk_ring(struct walk *walk, uint32_t from)
{
    const struct cassandra_state *state = cassandra_state(walk->component);
    for (uint32_t i = 0; i < state->ring_size && walk->count < walk->wanted; i++) {
        const uint32_t replica = state->ring[(from + i) % state->ring_size].node;
        if (fits(walk, replica)) {
            walk->found[walk->count++] = (uint16_t)replica;
        }
    }
}

static uint32_t nodes_in(const struct component *component, uint32_t region)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        count += cassandra_region(&component->nodes[i]) == region;
    }
    return count;
}

static uint32_t copies_in(const struct component *component, uint32_t region)
{
    const uint32_t count = nodes_in(component, region);
    const uint32_t wanted = (uint32_t)cassandra_configuration(component)->replication;
    return count < wanted ? count : wanted;
}

static uint32_t find_replicas(struct component *component, uint32_t from, uint16_t *found)
{
    struct walk walk = {.component = component, .found = found};
    const uint32_t regions = component->world->design->topology.region_count;
    for (uint32_t region = 0; region < regions; region++) {
        walk.region = region;
        walk.wanted = walk.count + copies_in(component, region);
        walk.wanted = walk.wanted < CASSANDRA_COPIES ? walk.wanted : CASSANDRA_COPIES;
        walk.strict = true;
        walk_ring(&walk, from);
        walk.strict = false;
        walk_ring(&walk, from);
    }
    return walk.count;
}

static void begin_sessions(struct component *component)
{
    const struct design *design = component->world->design;
    uint32_t drivers = 1;
    for (uint32_t i = 0; i < design->component_count; i++) {
        drivers += design->components[i].replicas;
    }
    cassandra_state(component)->sessions =
        arena_take_array(&component->world->arena, (size_t)drivers * component->node_count,
                         sizeof(struct cassandra_session));
}

void cassandra_ring_begin(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    const uint32_t tokens = (uint32_t)cassandra_configuration(component)->tokens;
    state->ring_size = component->node_count * tokens;
    state->ring = arena_take_array(&component->world->arena, state->ring_size, sizeof *state->ring);
    for (uint32_t i = 0; i < state->ring_size; i++) {
        state->ring[i].node = i / tokens;
        state->ring[i].token = digest_mix(digest_mix(i / tokens, 0x746f6b656e), i % tokens);
    }
    qsort(state->ring, state->ring_size, sizeof *state->ring, compare_tokens);
    for (uint32_t i = 0; i < state->ring_size; i++) {
        state->copies = find_replicas(component, i, state->ring[i].replicas);
    }
    state->known_dead =
        arena_take_array(&component->world->arena, component->node_count, sizeof(bool));
    begin_sessions(component);
}

const uint16_t *cassandra_ring_replicas(const struct component *component, uint64_t key)
{
    const struct cassandra_state *state = cassandra_state(component);
    const uint64_t token = digest_mix(key, 0x6b6579);
    uint32_t low = 0, high = state->ring_size;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (state->ring[middle].token < token) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return state->ring[low == state->ring_size ? 0 : low].replicas;
}

// ---- levels -----------------------------------------------------------------------------------

uint32_t cassandra_ring_counting(const struct node *coordinator, const uint16_t *replicas,
                                 int level)
{
    const struct component *component = coordinator->component;
    const uint32_t copies = cassandra_state(component)->copies;
    uint32_t set = 0;
    for (uint32_t i = 0; i < copies; i++) {
        const uint32_t region = cassandra_region(&component->nodes[replicas[i]]);
        if (level != CASSANDRA_LOCAL_QUORUM || region == cassandra_region(coordinator)) {
            set |= 1U << i;
        }
    }
    return set;
}

static uint32_t local_copies(const struct component *component)
{
    return copies_in(component, cassandra_region(&component->nodes[0]));
}

uint32_t cassandra_ring_needed(const struct component *component, int level)
{
    const uint32_t copies = cassandra_state(component)->copies;
    switch ((enum cassandra_level)level) {
    case CASSANDRA_ONE:
        return 1;
    case CASSANDRA_TWO:
        return copies < 2 ? copies : 2;
    case CASSANDRA_LOCAL_QUORUM:
        return quorum_majority(local_copies(component));
    case CASSANDRA_ALL:
        return copies;
    case CASSANDRA_QUORUM:
    case CASSANDRA_SERIAL:
        return quorum_majority(copies);
    }
    return copies;
}

// ---- whom to ask ------------------------------------------------------------------------------

static double distance(const struct node *from, const struct node *to)
{
    if (from == to) {
        return 0;
    }
    if (from->zone == to->zone) {
        return 1;
    }
    return cassandra_region(from) == cassandra_region(to) ? 2 : 3;
}

struct ranking {
    double rank[CASSANDRA_COPIES];
    uint8_t *order;
    uint32_t count;
};

// Insertion, stable: what is equally far stays in the order of the ring.
static void rank_copies(const struct ranking *ranking)
{
    for (uint32_t i = 1; i < ranking->count; i++) {
        const uint8_t copy = ranking->order[i];
        uint32_t place = i;
        while (place > 0 && ranking->rank[ranking->order[place - 1]] > ranking->rank[copy]) {
            ranking->order[place] = ranking->order[place - 1];
            place--;
        }
        ranking->order[place] = copy;
    }
}

static double fastest_answer(const struct ranking *ranking, const struct cassandra_peer *peers,
                             const uint16_t *replicas)
{
    double fastest = 0;
    for (uint32_t i = 0; i < ranking->count; i++) {
        const double answer = peers[replicas[i]].answer_ns;
        fastest = answer > 0 && (fastest <= 0 || answer < fastest) ? answer : fastest;
    }
    return fastest;
}

static void rank_by_speed(struct ranking *ranking, const struct cassandra_peer *peers,
                          const uint16_t *replicas)
{
    const double fastest = fastest_answer(ranking, peers, replicas);
    for (uint32_t i = 0; i < ranking->count; i++) {
        const double answer = peers[replicas[i]].answer_ns;
        ranking->rank[i] = answer > 0 ? answer : fastest;
    }
    rank_copies(ranking);
}

// The nearest copies come first, unless one of them is slower, by more than the threshold, than the
// copy that would stand in its place if the fastest came first: then they do.
void cassandra_ring_order(const struct node *coordinator, const uint16_t *replicas,
                          uint8_t order[CASSANDRA_COPIES])
{
    const struct component *component = coordinator->component;
    const struct cassandra_peer *peers = cassandra_node(coordinator)->peers;
    const double worse = 1 + cassandra_configuration(component)->badness;
    struct ranking near = {.order = order, .count = cassandra_state(component)->copies};
    for (uint32_t i = 0; i < near.count; i++) {
        order[i] = (uint8_t)i;
        near.rank[i] = distance(coordinator, &component->nodes[replicas[i]]);
    }
    rank_copies(&near);
    uint8_t swift[CASSANDRA_COPIES] = {0};
    memcpy(swift, order, near.count);
    struct ranking speed = {.order = swift, .count = near.count};
    rank_by_speed(&speed, peers, replicas);
    for (uint32_t i = 0; i < near.count; i++) {
        if (speed.rank[order[i]] > speed.rank[swift[i]] * worse) {
            memcpy(order, swift, near.count);
            return;
        }
    }
}

// ---- coordinators -----------------------------------------------------------------------------

// Drivers see a broken connection at once; of a silent host they hear by gossip.
static bool is_usable(const struct node *node, uint32_t region)
{
    const bool open = node->life == NODE_UP || node->life == NODE_DARK;
    return open && !cassandra_state(node->component)->known_dead[node->replica] &&
           (region == DESIGN_NONE || cassandra_region(node) == region);
}

static struct cassandra_session *session_of(const struct node *driver, const struct node *node)
{
    const uint32_t count = node->component->node_count;
    const uint32_t row = driver == NULL ? 0 : 1 + driver->number;
    return &cassandra_state(node->component)->sessions[row * count + node->replica];
}

// Ten requests without an answer for 200 ms: the driver asks others first, until they have timed
// out (slow replica avoidance).
static bool is_slow(struct cassandra_session *session, int64_t now)
{
    if (session->asked < SLOW_REQUESTS || now - session->answered_ns < SLOW_MS * TIME_MS) {
        session->slow_ns = 0;
        return false;
    }
    session->slow_ns = session->slow_ns == 0 ? now : session->slow_ns;
    if (now - session->slow_ns >= DRIVER_TIMEOUT_S * TIME_S) {
        session->asked = 0;
        session->slow_ns = 0;
    }
    return session->slow_ns != 0;
}

void cassandra_ring_answered(const struct visit *visit)
{
    struct cassandra_session *session = session_of(call_origin_of(visit), visit->node);
    session->asked = 0;
    session->answered_ns = visit_now(visit);
}

struct choice_of_node {
    struct component *component;
    const struct node *driver;
    const uint16_t *replicas; // NULL: all nodes
    uint64_t turn;
    uint32_t region;
};

// The next in turn that is well, else the next that is usable.
static struct node *pick(const struct choice_of_node *choice)
{
    struct component *component = choice->component;
    const uint32_t count = choice->replicas == NULL ? component->node_count
                                                    : cassandra_state(component)->copies;
    struct node *slow = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = (uint32_t)((choice->turn + i) % count);
        struct node *node =
            &component->nodes[choice->replicas == NULL ? at : choice->replicas[at]];
        if (!is_usable(node, choice->region)) {
            continue;
        }
        if (!is_slow(session_of(choice->driver, node), component->world->now)) {
            return node;
        }
        slow = slow == NULL ? node : slow;
    }
    return slow;
}

static uint32_t region_of_zone(const struct component *component, uint32_t zone)
{
    const struct topology_design *topology = &component->world->design->topology;
    const uint32_t region = zone == DESIGN_NONE ? DESIGN_NONE : topology->zones[zone].region;
    return region != DESIGN_NONE && nodes_in(component, region) == 0 ? DESIGN_NONE : region;
}

struct node *cassandra_ring_route(struct component *component, const struct call *call,
                                  uint64_t key)
{
    const bool aware = cassandra_configuration(component)->routing == CASSANDRA_TOKEN_AWARE;
    struct choice_of_node choice = {.component = component,
                                    .driver = call->from,
                                    .turn = cassandra_state(component)->turn++,
                                    .region = region_of_zone(component, call->from_zone)};
    choice.replicas = aware ? cassandra_ring_replicas(component, key) : NULL;
    struct node *node = pick(&choice);
    if (node == NULL && aware) {
        choice.replicas = NULL;
        node = pick(&choice);
    }
    if (node != NULL) {
        session_of(call->from, node)->asked++;
    }
    return node;
}

// ---- outages ----------------------------------------------------------------------------------

static bool has_enough(const struct component *component, const struct cassandra_token *range)
{
    const struct cassandra_state *state = cassandra_state(component);
    const int level = cassandra_configuration(component)->write_level;
    uint32_t living = 0;
    for (uint32_t i = 0; i < state->copies; i++) {
        living += node_is_up(&component->nodes[range->replicas[i]]);
    }
    return living >= cassandra_ring_needed(component, level);
}

void cassandra_ring_note(struct component *component)
{
    struct cassandra_state *state = cassandra_state(component);
    const int64_t now = component->world->now;
    bool served = true;
    for (uint32_t i = 0; i < state->ring_size; i++) {
        served = served && has_enough(component, &state->ring[i]);
    }
    if (!served && state->blackout_ns == TIME_NEVER) {
        state->blackout_ns = now;
    } else if (served && state->blackout_ns != TIME_NEVER) {
        const int64_t outage = now - state->blackout_ns;
        state->outage_ns = outage > state->outage_ns ? outage : state->outage_ns;
        state->blackout_ns = TIME_NEVER;
    }
}
