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

static void check_priorities(struct model_preparation *preparation)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    const struct field_list *priorities = &configuration->election.priorities;
    const uint64_t *items = priorities->items;
    bool able = priorities->count < configuration->members;
    if (priorities->count > configuration->members) {
        model_complain(preparation, "election", "%u priorities for %lu members",
                       priorities->count, (unsigned long)configuration->members);
        return;
    }
    for (uint32_t i = 0; i < priorities->count; i++) {
        able = able || items[i] > 0;
    }
    if (!able) {
        model_complain(preparation, "election", "every priority is 0: nobody can be primary");
    }
}

static void check_reads(struct model_preparation *preparation)
{
    const struct mongodb_configuration *configuration = preparation->configuration;
    if (configuration->preference == MONGODB_SECONDARY && configuration->members == 1) {
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
    const struct mongodb_configuration *configuration = preparation->configuration;
    check_priorities(preparation);
    check_reads(preparation);
    preparation->component->replicas = (uint32_t)configuration->members;
    if (preparation->complaint_count == 0) {
        add_pools(preparation);
        add_devices(preparation);
    }
}
