// mongodb_layout - checks the configuration of MongoDB; lays out members, tickets and devices.
#include "models/datastores/mongodb.h"

static void add_pools(struct model_preparation *preparation)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const uint32_t count = component->pool_count + MONGODB_POOLS;
    struct pool_design *pools = arena_take_array(preparation->arena, count, sizeof *pools);
    pools[MONGODB_READ_TICKETS] =
        (struct pool_design){"read tickets", configuration->read_tickets, 0};
    pools[MONGODB_WRITE_TICKETS] =
        (struct pool_design){"write tickets", configuration->write_tickets, 0};
    for (uint32_t i = 0; i < component->pool_count; i++) {
        pools[MONGODB_POOLS + i] = component->pools[i];
    }
    component->pools = pools;
    component->pool_count = count;
}

static void add_devices(struct model_preparation *preparation)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const uint32_t count = component->device_count + MONGODB_DEVICES;
    struct device_design *devices = arena_take_array(preparation->arena, count, sizeof *devices);
    devices[MONGODB_DEVICE_DISK] =
        (struct device_design){"disk", (uint32_t)configuration->disk.depth, 0, 0};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[MONGODB_DEVICES + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count = count;
}

static uint32_t count_members(struct model_preparation *preparation)
{
    const uint64_t members =
        ((const struct mongodb_configuration *)preparation->configuration)->members;
    const uint32_t laid_out = preparation->component->replicas;
    if (members > 0 && laid_out > 1 && members != laid_out) {
        model_complain(preparation, "members", "`spread` or `replicas` lay out %u", laid_out);
    }
    if (laid_out > MONGODB_MEMBERS) {
        model_complain(preparation, NULL, "at most %d members", MONGODB_MEMBERS);
    }
    return members > 0 ? (uint32_t)members : laid_out > 1 ? laid_out : 3;
}

static void check_priorities(struct model_preparation *preparation, uint32_t members)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    const struct field_list *priorities = &configuration->election.priorities;
    const uint64_t *items = priorities->items;
    bool able = priorities->count < members;
    if (priorities->count > members) {
        model_complain(preparation, "election", "%u priorities for %u members",
                       priorities->count, members);
        return;
    }
    for (uint32_t i = 0; i < priorities->count; i++) {
        able = able || items[i] > 0;
    }
    if (!able) {
        model_complain(preparation, "election", "every priority is 0: nobody can be primary");
    }
}

static void check_heartbeats(struct model_preparation *preparation)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    if (configuration->election.heartbeat_ns > configuration->election.timeout_ns) {
        model_complain(preparation, "election", "`heartbeat` must not be longer than `timeout`");
    }
}

static void check_reads(struct model_preparation *preparation, uint32_t members)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    if (configuration->preference == MONGODB_SECONDARY && members == 1) {
        model_complain(preparation, "read_preference", "there is no secondary");
    }
    if (configuration->read_concern == MONGODB_LINEARIZABLE &&
        configuration->preference != MONGODB_PRIMARY) {
        model_complain(preparation, "read_concern",
                       "linearizable reads need `read_preference: primary`");
    }
}

void mongodb_layout_prepare(struct model_preparation *preparation)
{
    const uint32_t members = count_members(preparation);
    check_priorities(preparation, members);
    check_heartbeats(preparation);
    check_reads(preparation, members);
    if (preparation->complaint_count == 0) {
        preparation->component->replicas = members;
        add_pools(preparation);
        add_devices(preparation);
    }
}
