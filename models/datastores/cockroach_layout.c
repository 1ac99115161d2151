// cockroach_layout - checks the configuration; spreads the replicas of each range over the nodes.
#include "models/datastores/cockroach.h"

#include <stdio.h>

#include "sim/base/text.h"

// ---- checks -----------------------------------------------------------------------------------

static uint32_t region_named(const struct topology_design *topology, const char *name)
{
    for (uint32_t i = 0; i < topology->region_count; i++) {
        if (text_same(topology->regions[i], name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

static uint32_t nodes_at_home(const struct component_design *component,
                              const struct topology_design *topology, uint32_t home)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < component->replicas; i++) {
        count += topology->zones[component->placements[i].zone].region == home;
    }
    return count;
}

static void check_home(struct model_preparation *preparation)
{
    const struct cockroach_configuration *configuration = preparation->configuration;
    const struct topology_design *topology = &preparation->design->topology;
    const uint32_t home = region_named(topology, configuration->home);
    if (home == DESIGN_NONE) {
        model_complain(preparation, "home", "the topology has no region `%s`",
                       configuration->home);
    } else if (configuration->survive == COCKROACH_SURVIVE_ZONE &&
               nodes_at_home(preparation->component, topology, home) < configuration->copies) {
        model_complain(preparation, "home", "region `%s` has fewer nodes than `copies`",
                       configuration->home);
    } else if (configuration->survive != COCKROACH_SURVIVE_ZONE && topology->region_count < 3) {
        model_complain(preparation, "survive", "the loss of a region is survived by 3, not by %u",
                       topology->region_count);
    }
}

static void check_times(struct model_preparation *preparation)
{
    const struct cockroach_configuration *configuration = preparation->configuration;
    if (configuration->liveness.interval_ns >= configuration->liveness.duration_ns) {
        model_complain(preparation, "liveness", "`interval` must be shorter than `duration`");
    }
    if (configuration->clock.offset_ns >= configuration->liveness.duration_ns) {
        model_complain(preparation, "clock", "`offset` must be shorter than a lease");
    }
    if (2 * configuration->clock.skew_ns > configuration->clock.offset_ns) {
        model_complain(preparation, "clock",
                       "clocks that differ by twice `skew` must stay within `offset`");
    }
    if (configuration->raft.heartbeat >= configuration->raft.election) {
        model_complain(preparation, "raft", "`heartbeat` must be shorter than `election`");
    }
}

void cockroach_layout_prepare(struct model_preparation *preparation)
{
    const struct cockroach_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    if (component->replicas > COCKROACH_NODES) {
        model_complain(preparation, NULL, "at most %d nodes", COCKROACH_NODES);
    }
    if (configuration->copies > component->replicas || configuration->copies % 2 == 0) {
        model_complain(preparation, "copies", "%lu copies on %u nodes: an odd number, one a node",
                       (unsigned long)configuration->copies, component->replicas);
    }
    if (configuration->transaction.reads >= configuration->transaction.keys) {
        model_complain(preparation, "transaction", "`reads` must leave a key to be written");
    }
    if (configuration->scan_ranges > configuration->ranges) {
        model_complain(preparation, "scan_ranges", "there are no more than %lu `ranges`",
                       (unsigned long)configuration->ranges);
    }
    if (configuration->home != NULL) {
        check_home(preparation);
    }
    check_times(preparation);
    const uint32_t count = component->device_count + COCKROACH_DEVICES;
    struct device_design *devices =
        arena_take_array(preparation->arena, count, sizeof *devices);
    devices[COCKROACH_DEVICE_DISK] =
        (struct device_design){"disk", (uint32_t)configuration->disk.depth, 0, 0};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[COCKROACH_DEVICES + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count = count;
}

// ---- replicas ---------------------------------------------------------------------------------

struct load {
    uint32_t replicas[COCKROACH_NODES], leases[COCKROACH_NODES];
};

static uint32_t region_of(const struct node *node)
{
    const struct topology_design *topology = &node->world->design->topology;
    return topology->zone_count == 0 ? 0 : topology->zones[node->zone].region;
}

static bool is_home(const struct node *node)
{
    const char *home = cockroach_configuration(node->component)->home;
    return home != NULL && region_of(node) == region_named(&node->world->design->topology, home);
}

// The better a place, the higher: first another region, then another zone, then a free node. A
// home that shall survive a zone has all copies; one that shall survive a region has two of them.
static int64_t worth(const struct cockroach_range *range, const struct node *node,
                     const struct load *load)
{
    const struct cockroach_configuration *configuration = cockroach_configuration(node->component);
    const bool stays = configuration->home != NULL &&
                       (configuration->survive == COCKROACH_SURVIVE_ZONE || range->copies < 2);
    int64_t same_region = 0, same_zone = 0;
    for (uint32_t i = 0; i < range->copies; i++) {
        const struct node *other = &node->component->nodes[range->replicas[i]];
        if (other == node) {
            return INT64_MIN;
        }
        same_region += region_of(other) == region_of(node);
        same_zone += other->zone == node->zone;
    }
    const int64_t home = stays && is_home(node) ? 1 << 30 : 0;
    return home - (same_region << 26) - (same_zone << 20) - load->replicas[node->replica];
}

static void place(struct component *component, struct cockroach_range *range, uint32_t copies,
                  struct load *load)
{
    for (uint32_t i = 0; i < copies; i++) {
        uint32_t best = 0;
        int64_t most = INT64_MIN;
        for (uint32_t j = 0; j < component->node_count; j++) {
            const uint32_t at = (range->number + j) % component->node_count;
            const int64_t value = worth(range, &component->nodes[at], load);
            if (value > most) {
                most = value;
                best = at;
            }
        }
        range->replicas[range->copies++] = best;
        load->replicas[best]++;
    }
}

// The replica at home with the fewest leases.
static uint32_t choose_holder(const struct component *component,
                              const struct cockroach_range *range, struct load *load)
{
    uint32_t best = range->replicas[0];
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < range->copies; i++) {
        const uint32_t at = range->replicas[i];
        const int64_t home = is_home(&component->nodes[at]) ? 1 << 20 : 0;
        const int64_t value = (int64_t)load->leases[at] - home;
        if (value < least) {
            least = value;
            best = at;
        }
    }
    load->leases[best]++;
    return best;
}

// ---- at time 0 --------------------------------------------------------------------------------

enum { NAME_BYTES = 32 };

static void begin_raft(struct component *component, struct cockroach_range *range)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    char *name = arena_take(&component->world->arena, NAME_BYTES);
    snprintf(name, NAME_BYTES, "range %u", range->number);
    raft_init(&range->raft, component, name);
    range->raft.settings = &cluster->raft;
    range->raft.hooks = &cockroach_range_hooks;
    range->raft.owner = range;
    range->raft.number = range->number;
    struct raft_member *leader = NULL;
    for (uint32_t i = 0; i < range->copies; i++) {
        struct node *node = &component->nodes[range->replicas[i]];
        struct raft_member *member =
            raft_add(&range->raft, node, &cockroach_node(node)->wal);
        cockroach_replica(node, range->number)->member = member;
        raft_start(member, 0);
        leader = node->replica == range->lease.holder ? member : leader;
    }
    raft_settle(leader);
}

static void begin_range(struct component *component, struct cockroach_range *range,
                        struct load *load)
{
    const struct cockroach_configuration *configuration = cockroach_configuration(component);
    const uint32_t most = (component->node_count - 1) / 2 * 2 + 1;
    const uint64_t wanted =
        range->number == COCKROACH_LIVENESS ? configuration->system_copies : configuration->copies;
    place(component, range, wanted < most ? (uint32_t)wanted : most, load);
    const uint32_t holder = choose_holder(component, range, load);
    range->lease = (struct cockroach_lease){
        .holder = holder, .epoch = 1, .until_ns = configuration->liveness.duration_ns};
    range->command_first = range->command_end = 1;
    for (uint32_t i = 0; i < component->node_count; i++) {
        cockroach_node(&component->nodes[i])->hints[range->number] = holder;
    }
    begin_raft(component, range);
}

void cockroach_layout_begin(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    struct load load = {0};
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        begin_range(component, &cluster->ranges[i], &load);
    }
    struct node *keeper = &component->nodes[cluster->ranges[COCKROACH_LIVENESS].lease.holder];
    cockroach_lease_extend(keeper);
}
