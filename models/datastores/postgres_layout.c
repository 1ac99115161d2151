// postgres_layout - checks the configuration of PostgreSQL; lays out servers, pool and devices.
#include "models/datastores/postgres.h"

#include "sim/base/text.h"

static uint32_t zone_named(const struct topology_design *topology, const char *name)
{
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        if (text_same(topology->zones[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

static uint32_t find_zone(struct model_preparation *preparation, const char *field,
                          const char *name)
{
    const uint32_t zone = zone_named(&preparation->design->topology, name);
    if (zone == DESIGN_NONE) {
        model_complain(preparation, field, "the topology has no zone `%s`", name);
        return 0;
    }
    return zone;
}

// The next zone of the same region.
static uint32_t next_zone(const struct topology_design *topology, uint32_t zone)
{
    for (uint32_t i = 1; i < topology->zone_count; i++) {
        const uint32_t next = (zone + i) % topology->zone_count;
        if (topology->zones[next].region == topology->zones[zone].region) {
            return next;
        }
    }
    return zone;
}

static uint32_t standby_count(const struct postgres_configuration *configuration)
{
    const uint64_t count = configuration->standby.count;
    return count > 0 ? (uint32_t)count : configuration->standby.zones.count;
}

static void lay_out(struct model_preparation *preparation)
{
    const struct postgres_configuration *configuration = preparation->configuration;
    const struct topology_design *topology = &preparation->design->topology;
    const struct field_list *zones = &configuration->standby.zones;
    const char *const *names = zones->items;
    const uint32_t standbys = standby_count(configuration);
    struct placement *placements =
        arena_take_array(preparation->arena, standbys + 1, sizeof *placements);
    uint32_t zone = configuration->primary == NULL
                        ? 0
                        : find_zone(preparation, "primary", configuration->primary);
    placements[0] = (struct placement){zone, DESIGN_NONE, "primary"};
    for (uint32_t i = 0; i < zones->count; i++) {
        find_zone(preparation, "standby", names[i]);
    }
    for (uint32_t i = 0; i < standbys; i++) {
        zone = zones->count > 0 ? zone_named(topology, names[i % zones->count])
                                : next_zone(topology, zone);
        placements[i + 1] = (struct placement){zone, DESIGN_NONE, "standby"};
    }
    preparation->component->placements = placements;
    preparation->component->replicas = standbys + 1;
}

static void add_pools(struct model_preparation *preparation)
{
    const struct postgres_configuration *configuration = preparation->configuration;
    const struct postgres_pooler *pool = &configuration->pool;
    struct component_design *component = preparation->component;
    const uint32_t own = configuration->partitions.span_ns > 0 ? 2 : 1;
    struct pool_design *pools =
        arena_take_array(preparation->arena, component->pool_count + 2, sizeof *pools);
    pools[POSTGRES_CONNECTIONS] =
        pool->mode == POSTGRES_DIRECT
            ? (struct pool_design){"connections", configuration->connections - POSTGRES_RESERVED, 0}
            : (struct pool_design){"connections", pool->size,
                                   pool->clients == 0 ? UINT64_MAX : pool->clients - pool->size};
    pools[POSTGRES_TABLE] = (struct pool_design){"table", 0, 0};
    for (uint32_t i = 0; i < component->pool_count; i++) {
        pools[own + i] = component->pools[i];
    }
    component->pools = pools;
    component->pool_count += own;
}

enum { LOCK_PARTS = 16 }; // NUM_LOCK_PARTITIONS

static void add_devices(struct model_preparation *preparation)
{
    const struct postgres_configuration *configuration = preparation->configuration;
    const struct postgres_disk *disk = &configuration->disk;
    struct component_design *component = preparation->component;
    const uint32_t own = postgres_partition_shared(configuration) > 0 ? 3 : 2;
    const uint32_t count = component->device_count + own;
    struct device_design *devices =
        arena_take_array(preparation->arena, count + 1, sizeof *devices);
    devices[POSTGRES_DEVICE_POOLER] = (struct device_design){"pooler", 1, 0, 0};
    devices[POSTGRES_DEVICE_DISK] =
        (struct device_design){"disk", (uint32_t)disk->depth, (double)disk->iops, 0};
    devices[POSTGRES_DEVICE_LOCKS] = (struct device_design){"locks", LOCK_PARTS, 0, 0};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[own + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count = count;
}

static void check_pool(struct model_preparation *preparation)
{
    const struct postgres_configuration *configuration = preparation->configuration;
    const struct postgres_pooler *pool = &configuration->pool;
    if (pool->mode == POSTGRES_DIRECT) {
        return;
    }
    if (pool->size + pool->reserve + POSTGRES_RESERVED > configuration->connections) {
        model_complain(preparation, "pool",
                       "size %lu and %d reserved connections are more than `connections: %lu`",
                       (unsigned long)(pool->size + pool->reserve), POSTGRES_RESERVED,
                       (unsigned long)configuration->connections);
    }
    if (pool->clients > 0 && pool->clients < pool->size) {
        model_complain(preparation, "pool", "fewer clients (%lu) than size (%lu); 0: no limit",
                       (unsigned long)pool->clients, (unsigned long)pool->size);
    }
}

static void check_standbys(struct model_preparation *preparation)
{
    const struct postgres_configuration *configuration = preparation->configuration;
    const uint32_t standbys = standby_count(configuration);
    const struct postgres_failover *failover = &configuration->failover;
    if (standbys >= POSTGRES_SERVERS) {
        model_complain(preparation, "standby", "at most %d standbys", POSTGRES_SERVERS - 1);
    }
    if (configuration->standby.synchronous && standbys == 0) {
        model_complain(preparation, "standby", "`synchronous` needs a standby");
    }
    if (configuration->standby.strict && !configuration->standby.synchronous) {
        model_complain(preparation, "standby", "`strict` needs `synchronous: true`");
    }
    if (configuration->reads == POSTGRES_READ_STANDBY && standbys == 0) {
        model_complain(preparation, "reads", "there is no standby");
    }
    if (configuration->partitions.span_ns > 0 && configuration->partitions.span_ns < TIME_MS) {
        model_complain(preparation, "partitions", "`span` must be at least 1ms");
    }
    if (configuration->locks.rows > configuration->statements) {
        model_complain(preparation, "locks", "more rows than `statements: %lu`",
                       (unsigned long)configuration->statements);
    }
    if (failover->loop_ns + 2 * failover->retry_ns > failover->ttl_ns) {
        model_complain(preparation, "failover", "loop + 2 x retry must not be longer than ttl");
    }
}

void postgres_layout_prepare(struct model_preparation *preparation)
{
    check_pool(preparation);
    check_standbys(preparation);
    lay_out(preparation);
    if (preparation->complaint_count == 0) {
        add_pools(preparation);
        add_devices(preparation);
    }
}
