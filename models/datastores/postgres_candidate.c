// postgres_candidate - who may lead: a standby that has enough of the log and hears no primary.
//
// It lacks at most maximum_lag of the position that the leader last wrote to the store, nobody
// alive has received more, with synchronous standbys the store names it, and no primary answers it.
//
// The store (etcd) has a member in each zone of the primary's region; with fewer than three zones
// it stands outside and always answers.
#include "models/datastores/postgres.h"

// ---- the store --------------------------------------------------------------------------------

bool postgres_candidate_reaches(const struct node *node)
{
    const struct world *world = node->world;
    const struct topology_design *topology = &world->design->topology;
    const uint32_t home = node->component->design->placements[0].zone;
    uint32_t members = 0, reached = 0;
    if (world->network.effect_count == 0) {
        return true;
    }
    for (uint32_t zone = 0; zone < topology->zone_count; zone++) {
        if (topology->zones[zone].region == topology->zones[home].region) {
            const struct network_path path = {node->zone, zone, node->component->number,
                                              DESIGN_NONE};
            members++;
            reached += !network_is_cut(world, path);
        }
    }
    return members < 3 || reached * 2 > members;
}

static bool is_alive(const struct node *node)
{
    return node_is_up(node) && node->pauses == 0 && postgres_candidate_reaches(node);
}

// ---- who may lead -----------------------------------------------------------------------------

// Every synchronous standby must be there, so that one of them has all that was acknowledged.
static bool is_trusted(const struct node *node)
{
    const struct component *component = node->component;
    bool keyed = false;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct postgres_node *other = postgres_node(&component->nodes[i]);
        if (other->synchronous && !is_alive(&component->nodes[i])) {
            return false;
        }
        keyed = keyed || other->keyed;
    }
    return keyed && postgres_node(node)->synchronous;
}

static bool has_history(const struct node *node)
{
    const struct postgres_node *server = postgres_node(node);
    return !server->rewinding && server->received <= postgres_failover_fork(node);
}

static bool is_candidate(const struct node *node)
{
    const struct component *component = node->component;
    const struct postgres_state *state = postgres_state(component);
    const struct postgres_node *server = postgres_node(node);
    if (!is_alive(node) || !has_history(node)) {
        return false;
    }
    if (state->latest == node->replica) {
        return true;
    }
    const bool near = server->received + postgres_configuration(component)->failover.maximum_lag >=
                      state->position;
    return near && (!postgres_configuration(component)->standby.synchronous || is_trusted(node));
}

static bool hears(const struct node *node, const struct node *other)
{
    const struct network_path path = {node->zone, other->zone, node->component->number,
                                      node->component->number};
    const struct network_path back = {other->zone, node->zone, path.to_component,
                                      path.from_component};
    return node_is_up(other) && other->pauses == 0 && !network_is_cut(node->world, path) &&
           !network_is_cut(node->world, back);
}

static bool hears_primary(const struct node *node)
{
    const struct component *component = node->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct node *other = &component->nodes[i];
        if (other != node && postgres_node(other)->serving && hears(node, other)) {
            return true;
        }
    }
    return false;
}

bool postgres_candidate_hears_all(const struct node *node)
{
    const struct component *component = node->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (i != node->replica && !hears(node, &component->nodes[i])) {
            return false;
        }
    }
    return true;
}

// The first of those that have received most, and no primary answers.
bool postgres_candidate_is_best(const struct node *node)
{
    const struct component *component = node->component;
    if (!is_candidate(node) || hears_primary(node)) {
        return false;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct node *other = &component->nodes[i];
        if (postgres_node(other)->received > postgres_node(node)->received && is_candidate(other)) {
            return false;
        }
    }
    return true;
}
