// clickhouse_layout - checks the configuration of ClickHouse; lays out servers, Keeper, operations.
#include "models/datastores/clickhouse.h"

#include "sim/base/text.h"

enum { MESSAGE_BYTES = 100, IN_FLIGHT = 8, KEPT_ENTRIES = 100000 };

static uint32_t zone_named(const struct topology_design *topology, const char *name)
{
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        if (text_same(topology->zones[i].name, name)) {
            return i;
        }
    }
    return DESIGN_NONE;
}

static uint32_t keeper_zone(const struct model_preparation *preparation, uint32_t number)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    const struct topology_design *topology = &preparation->design->topology;
    const struct field_list *zones = &configuration->keeper.zones;
    const char *const *names = zones->items;
    return zones->count == 0 ? number % topology->zone_count
                             : zone_named(topology, names[number % zones->count]);
}

// Replica r of shard s stands in zone s + r, so that the replicas of a shard are apart.
static void lay_out(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    const uint32_t zones = preparation->design->topology.zone_count;
    const uint32_t replicas = (uint32_t)configuration->replicas;
    const uint32_t servers = (uint32_t)configuration->shards * replicas;
    const uint32_t keepers = (uint32_t)configuration->keeper.nodes;
    struct placement *placements =
        arena_take_array(preparation->arena, servers + keepers, sizeof *placements);
    for (uint32_t i = 0; i < servers; i++) {
        placements[i] = (struct placement){(i / replicas + i % replicas) % zones, DESIGN_NONE,
                                           "server"};
    }
    for (uint32_t i = 0; i < keepers; i++) {
        placements[servers + i] =
            (struct placement){keeper_zone(preparation, i), DESIGN_NONE, "keeper"};
    }
    preparation->component->placements = placements;
    preparation->component->replicas = servers + keepers;
}

static void add_operations(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const uint32_t count = CLICKHOUSE_OPERATIONS + configuration->queries.count;
    struct operation *operations =
        arena_take_array(preparation->arena, count, sizeof *operations);
    for (uint32_t i = 0; i < count; i++) {
        operations[i] =
            clickhouse_operations[i < CLICKHOUSE_OPERATIONS ? i : CLICKHOUSE_QUERY];
        operations[i].number = (uint16_t)i;
        if (i >= CLICKHOUSE_OPERATIONS) {
            operations[i].name = configuration->queries.names[i - CLICKHOUSE_OPERATIONS];
        }
    }
    component->operations = operations;
    component->operation_count = count;
}

// Each kind of query has a pool without a limit: what it holds in memory is counted by it.
static void add_pools(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const uint32_t own = CLICKHOUSE_POOL_KINDS + CLICKHOUSE_KINDS + configuration->queries.count;
    struct pool_design *pools =
        arena_take_array(preparation->arena, own + component->pool_count, sizeof *pools);
    pools[CLICKHOUSE_POOL_QUERIES] =
        (struct pool_design){"queries", configuration->limits.queries, 0};
    pools[CLICKHOUSE_POOL_KINDS + CLICKHOUSE_KIND_LOOKUP] = (struct pool_design){"lookup", 0, 0};
    pools[CLICKHOUSE_POOL_KINDS + CLICKHOUSE_KIND_QUERY] = (struct pool_design){"query", 0, 0};
    for (uint32_t i = 0; i < configuration->queries.count; i++) {
        pools[CLICKHOUSE_POOL_KINDS + CLICKHOUSE_KINDS + i] =
            (struct pool_design){configuration->queries.names[i], 0, 0};
    }
    for (uint32_t i = 0; i < component->pool_count; i++) {
        pools[own + i] = component->pools[i];
    }
    component->pools = pools;
    component->pool_count += own;
}

static void add_devices(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const uint32_t count = component->device_count + CLICKHOUSE_DEVICES;
    struct device_design *devices = arena_take_array(preparation->arena, count, sizeof *devices);
    devices[CLICKHOUSE_DEVICE_DISK] =
        (struct device_design){"disk", 1, 0, configuration->disk.bandwidth};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[CLICKHOUSE_DEVICES + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count = count;
}

static void set_raft(struct clickhouse_configuration *configuration)
{
    const struct clickhouse_keeper *keeper = &configuration->keeper;
    configuration->raft = (struct raft_settings){
        .election =
            {
                .timeout_ns = keeper->election_low_ns,
                .spread_ns = keeper->election_high_ns - keeper->election_low_ns,
                .prevote = true,
                .sticky = true,
                .check_quorum = true,
                .bytes = MESSAGE_BYTES,
            },
        .heartbeat_ns = keeper->heartbeat_ns,
        .batch_bytes = (uint32_t)keeper->batch,
        .in_flight = IN_FLIGHT,
        .message_bytes = MESSAGE_BYTES,
        .entry_bytes = 0,
        .keep = KEPT_ENTRIES,
    };
}

static void check_keeper(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    const struct clickhouse_keeper *keeper = &configuration->keeper;
    const char *const *names = keeper->zones.items;
    for (uint32_t i = 0; i < keeper->zones.count; i++) {
        if (zone_named(&preparation->design->topology, names[i]) == DESIGN_NONE) {
            model_complain(preparation, "keeper", "the topology has no zone `%s`", names[i]);
        }
    }
    if (keeper->election_high_ns < keeper->election_low_ns) {
        model_complain(preparation, "keeper", "election_high is shorter than election_low");
    }
    if (keeper->nodes == 0 && configuration->replicas > 1) {
        model_complain(preparation, "copies", "several copies need a Keeper (`keeper.nodes`)");
    }
}

static void check_sizes(struct model_preparation *preparation)
{
    const struct clickhouse_configuration *configuration = preparation->configuration;
    if (configuration->shards * configuration->replicas > CLICKHOUSE_SERVERS) {
        model_complain(preparation, "shards", "at most %d servers", CLICKHOUSE_SERVERS);
    }
    if (configuration->insert.quorum > configuration->replicas) {
        model_complain(preparation, "insert", "a quorum of %lu of %lu copies",
                       (unsigned long)configuration->insert.quorum,
                       (unsigned long)configuration->replicas);
    }
    if (configuration->parts.throw_at < configuration->parts.delay_at) {
        model_complain(preparation, "parts", "throw_at is less than delay_at");
    }
    for (uint32_t i = 0; i < configuration->queries.count; i++) {
        for (uint32_t k = 0; k < CLICKHOUSE_OPERATIONS; k++) {
            if (text_same(configuration->queries.names[i], clickhouse_operations[k].name)) {
                model_complain(preparation, "queries", "`%s` is an operation already",
                               configuration->queries.names[i]);
            }
        }
    }
}

void clickhouse_layout_prepare(struct model_preparation *preparation)
{
    check_keeper(preparation);
    check_sizes(preparation);
    if (preparation->complaint_count == 0) {
        lay_out(preparation);
        add_operations(preparation);
        add_pools(preparation);
        add_devices(preparation);
        set_raft(preparation->configuration);
        preparation->component->sharing = preparation->component->cores > 0;
    }
}
