// fault_target - what a fault can strike (replicas, zones, machines, links), and what it does.
#include "sim/engine/fault_target.h"

#include <stdbool.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/engine/world.h"

static void add(struct fault_targets *targets, uint32_t number)
{
    if ((targets->count & (targets->count - 1)) == 0) {
        const size_t room = targets->count == 0 ? 1 : (size_t)targets->count * 2;
        targets->numbers = check_realloc(targets->numbers, room * sizeof *targets->numbers);
    }
    targets->numbers[targets->count++] = number;
}

static bool is_selected(const struct fault_design *design, const struct node *node)
{
    return (design->component == DESIGN_NONE || design->component == node->component->number) &&
           (design->zone == DESIGN_NONE || design->zone == node->zone) &&
           (design->machine == DESIGN_NONE || design->machine == node->machine);
}

// Whether the node has the role now: as its model says, or by its own mark where the model does not
// say.
static bool has_role(const struct node *node, const char *role)
{
    const struct model *model = node->component->design->model;
    if (model->with_role != NULL && model->with_role(node->component, role) == node) {
        return true;
    }
    return node->role != NULL && text_same(node->role, role);
}

static struct fault_targets select_nodes(struct world *world, const struct fault_design *design)
{
    struct fault_targets targets = {0};
    for (uint32_t i = 0; i < world->node_count; i++) {
        const struct node *node = world->nodes[i];
        if (is_selected(design, node) && (design->role == NULL || has_role(node, design->role))) {
            add(&targets, i);
        }
    }
    return targets;
}

static struct fault_targets select_zones(const struct world *world,
                                         const struct fault_design *design)
{
    struct fault_targets targets = {0};
    for (uint32_t i = 0; i < world->design->topology.zone_count; i++) {
        if (design->zone == DESIGN_NONE || design->zone == i) {
            add(&targets, i);
        }
    }
    return targets;
}

static struct fault_targets select_machines(const struct world *world,
                                            const struct fault_design *design)
{
    struct fault_targets targets = {0};
    const struct topology_design *topology = &world->design->topology;
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        const uint32_t zone = topology->machines[i].zone;
        const bool in_zone = design->zone == DESIGN_NONE || design->zone == zone;
        if (in_zone && (design->machine == DESIGN_NONE || design->machine == i)) {
            add(&targets, i);
        }
    }
    return targets;
}

struct fault_targets fault_target_all(struct world *world, const struct fault_design *design)
{
    struct fault_targets targets = {0};
    switch (design->action) {
    case FAULT_KILL:
    case FAULT_POWER_OFF:
    case FAULT_PAUSE:
    case FAULT_SLOW:
        return select_nodes(world, design);
    case FAULT_ZONE_DOWN:
        return select_zones(world, design);
    case FAULT_NODE_DOWN:
        return select_machines(world, design);
    case FAULT_DELAY:
    case FAULT_LOSS:
    case FAULT_PARTITION:
        add(&targets, 0);
        break;
    }
    return targets;
}

static uint32_t wanted(const struct fault_design *design, uint32_t count)
{
    const double share = design->share * count + 0.5;
    switch (design->mode) {
    case FAULT_ONE:
        return 1;
    case FAULT_ALL:
        return count;
    case FAULT_SHARE:
        return share < 1 ? 1 : share < count ? (uint32_t)share : count;
    case FAULT_FIXED:
        return design->fixed < count ? design->fixed : count;
    }
    return count;
}

// Each target in turn is kept with the probability that it is among the wanted ones (Knuth's
// algorithm S).
void fault_target_choose(struct fault_targets *targets, const struct fault_design *design,
                         struct random_stream *stream)
{
    const uint32_t count = targets->count;
    uint32_t left = count == 0 ? 0 : wanted(design, count);
    uint32_t kept = 0;
    if (left == count) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (random_below(stream, count - i) < left) {
            targets->numbers[kept++] = targets->numbers[i];
            left--;
        }
    }
    targets->count = kept;
}

const char *fault_target_name(struct world *world, const struct fault_design *design,
                              uint32_t number)
{
    const struct topology_design *topology = &world->design->topology;
    struct arena *arena = &world->arena;
    switch (design->action) {
    case FAULT_KILL:
    case FAULT_POWER_OFF:
    case FAULT_PAUSE:
    case FAULT_SLOW: {
        const struct node *node = world->nodes[number];
        return arena_format(arena, "%s/%u", node->component->design->name, node->replica);
    }
    case FAULT_ZONE_DOWN:
        return arena_format(arena, "zone %s", topology->zones[number].name);
    case FAULT_NODE_DOWN:
        return arena_format(arena, "machine %s", topology->machines[number].name);
    case FAULT_DELAY:
    case FAULT_LOSS:
    case FAULT_PARTITION:
        break;
    }
    return "link";
}

struct fault_targets fault_target_nodes(struct world *world, const struct fault_design *design,
                                        uint32_t number)
{
    struct fault_targets nodes = {0};
    const bool zone = design->action == FAULT_ZONE_DOWN;
    const bool machine = design->action == FAULT_NODE_DOWN;
    if (!zone && !machine) {
        add(&nodes, number);
        return nodes;
    }
    for (uint32_t i = 0; i < world->node_count; i++) {
        const struct node *node = world->nodes[i];
        if ((zone && node->zone == number) || (machine && node->machine == number)) {
            add(&nodes, i);
        }
    }
    return nodes;
}
