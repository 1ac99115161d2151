// elastic - Elasticsearch 8.12: shards, adaptive fan-out, in-sync copies, translog, master.
//
// What of the real system is executed: a search goes to one copy of each shard, chosen by adaptive
// replica selection, and waits there for a search thread; a write goes to the primary and from
// there to all in-sync copies, each of which flushes its translog; copies that cannot be reached
// leave the in-sync set by a cluster state that the elected master publishes in two phases. A crash
// loses what the translog has not flushed; a restarted node joins again, opens its copies and
// replays.
#include "models/datastores/datastores.h"
#include "models/datastores/elastic.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- metrics ----------------------------------------------------------------------------------

static double read_acknowledged(const struct component *component)
{
    return (double)elastic_state(component)->acknowledged;
}

static double read_lost(const struct component *component)
{
    return (double)elastic_state(component)->lost;
}

// The longest time, or the one that lasts.
static double longest(const struct component *component, double known, int64_t since_ns)
{
    const double lasts =
        since_ns == TIME_NEVER ? 0 : (double)(component->world->now - since_ns) / 1e9;
    return lasts > known ? lasts : known;
}

static double read_down(const struct component *component)
{
    const struct elastic_state *state = elastic_state(component);
    double seconds = state->down_maximum;
    for (uint32_t i = 0; i < elastic_configuration(component)->index.shards; i++) {
        seconds = longest(component, seconds, state->shards[i].down_ns);
    }
    return seconds;
}

static double read_headless(const struct component *component)
{
    const struct elastic_state *state = elastic_state(component);
    return longest(component, state->headless_maximum, state->headless_ns);
}

static double read_failovers(const struct component *component)
{
    return (double)elastic_state(component)->failovers;
}

static double read_elections(const struct component *component)
{
    return (double)elastic_state(component)->election.elections - 1;
}

static double read_states(const struct component *component)
{
    return (double)elastic_state(component)->publications;
}

static double read_rebuilds(const struct component *component)
{
    return (double)elastic_state(component)->rebuilds;
}

static double read_partial(const struct component *component)
{
    const struct elastic_state *state = elastic_state(component);
    return (double)state->partial / (double)state->searches;
}

static double read_rejections(const struct component *component)
{
    return (double)elastic_state(component)->rejections;
}

static double read_broken(const struct component *component)
{
    return (double)elastic_state(component)->broken;
}

static double read_pressed(const struct component *component)
{
    return (double)elastic_state(component)->pressed;
}

static double read_visibility(const struct component *component)
{
    const struct elastic_state *state = elastic_state(component);
    return state->visible_seconds / (double)state->visible;
}

static double read_visibility_maximum(const struct component *component)
{
    return elastic_state(component)->visible_maximum;
}

static double read_segments(const struct component *component)
{
    const uint64_t shards = elastic_configuration(component)->index.shards;
    uint64_t segments = 0, copies = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        for (uint32_t k = 0; k < shards; k++) {
            const struct elastic_copy *copy = &elastic_node(&component->nodes[i])->copies[k];
            segments += copy->serving ? elastic_segment_count(copy) : 0;
            copies += copy->serving;
        }
    }
    return (double)segments / (double)copies;
}

static double read_merges(const struct component *component)
{
    return (double)elastic_state(component)->merges;
}

static double read_misses(const struct component *component)
{
    return (double)elastic_state(component)->misses;
}

static const struct model_metric metrics[] = {
    {"acknowledged", "{document}", "documents whose write was acknowledged", read_acknowledged},
    {"lost", "{document}", "acknowledged documents that no primary has any more", read_lost},
    {"unavailable(max)", "s", "longest time that a shard had no primary after its node's end",
     read_down},
    {"masterless(max)", "s", "longest time until another master's first cluster state",
     read_headless},
    {"failovers", "1", "primaries that were replaced", read_failovers},
    {"elections", "1", "masters elected after the first", read_elections},
    {"cluster_states", "1", "cluster states committed", read_states},
    {"rebuilds", "1", "copies of shards built from their primary", read_rebuilds},
    {"partial", "1", "share of searches whose answer lacked a shard", read_partial},
    {"rejections", "1", "shard requests refused by a full queue of a thread pool", read_rejections},
    {"breaker_trips", "1", "requests refused by the parent circuit breaker", read_broken},
    {"pressure_rejections", "1", "writes refused by indexing pressure", read_pressed},
    {"visibility(mean)", "s", "mean time from a copy's oldest new document to its refresh",
     read_visibility},
    {"visibility(max)", "s", "longest such time", read_visibility_maximum},
    {"segments", "1", "mean segments of a copy at the end", read_segments},
    {"merges", "1", "merges of segments", read_merges},
    {"vector_reads", "1", "vectors that were read from the disk", read_misses},
    {0},
};

static const struct model_invariant invariants[] = {
    {"elastic-one-primary-a-term", "no two primaries of a shard acknowledge in the same term"},
    {"elastic-acknowledged-insync",
     "with durability: request, an operation is acknowledged when all in-sync copies have flushed "
     "it"},
    {"elastic-acknowledged-safe", "with durability: request nothing acknowledged is lost"},
    {"elastic-pressure", "writes under way never hold more than the indexing pressure allows"},
    {"elastic-copies", "at the end every started copy has what its primary has acknowledged"},
    {0},
};

// ---- operations -------------------------------------------------------------------------------

#define STEPS(table) .steps = table, .step_count = sizeof table / sizeof table[0]

const struct operation elastic_operations[ELASTIC_OPERATIONS] = {
    [ELASTIC_SEARCH] = {.name = "search",
                        .meaning = "a text query over all shards: query, then fetch",
                        STEPS(elastic_search_steps),
                        .number = ELASTIC_SEARCH},
    [ELASTIC_KNN] = {.name = "knn",
                     .meaning = "a vector query over all shards: HNSW in every segment, then fetch",
                     STEPS(elastic_search_steps),
                     .number = ELASTIC_KNN},
    [ELASTIC_BOTH] = {.name = "hybrid",
                      .meaning = "a text and a vector query in one",
                      STEPS(elastic_search_steps),
                      .number = ELASTIC_BOTH},
    [ELASTIC_INDEX] = {.name = "index",
                       .meaning = "writes the document of the call's key",
                       STEPS(elastic_write_steps),
                       .number = ELASTIC_INDEX},
    [ELASTIC_READ] = {.name = "get",
                      .meaning = "reads the document of the call's key at one copy, in real time",
                      STEPS(elastic_search_get_steps),
                      .number = ELASTIC_READ},
    [ELASTIC_BULK] = {.name = "bulk",
                      .meaning = "writes many new documents, spread over all shards",
                      STEPS(elastic_write_steps),
                      .number = ELASTIC_BULK},
    [ELASTIC_UPDATE] = {.name = "update_if",
                        .meaning = "reads the document of the call's key and writes it anew if "
                                   "nobody has in between (if_seq_no), else a conflict",
                        STEPS(elastic_write_update_steps),
                        .number = ELASTIC_UPDATE},
    [ELASTIC_SHARD_SEARCH] = {.name = "shard query",
                              .meaning = "query phase at one copy",
                              STEPS(elastic_search_shard_steps),
                              .number = ELASTIC_SHARD_SEARCH,
                              .internal = true},
    [ELASTIC_SHARD_FETCH] = {.name = "shard fetch",
                             .meaning = "fetch phase at one copy",
                             STEPS(elastic_search_fetch_steps),
                             .number = ELASTIC_SHARD_FETCH,
                             .internal = true},
    [ELASTIC_SHARD_GET] = {.name = "shard get",
                           .meaning = "a get at one copy",
                           STEPS(elastic_search_read_steps),
                           .number = ELASTIC_SHARD_GET,
                           .internal = true},
    [ELASTIC_PRIMARY] = {.name = "shard write",
                         .meaning = "documents at the primary",
                         STEPS(elastic_primary_steps),
                         .number = ELASTIC_PRIMARY,
                         .internal = true},
    [ELASTIC_REPLICA] = {.name = "shard copy",
                         .meaning = "documents at another copy",
                         STEPS(elastic_primary_copy_steps),
                         .number = ELASTIC_REPLICA,
                         .internal = true},
    [ELASTIC_REFRESH] = {.name = "refresh",
                         .meaning = "makes new documents visible to searches",
                         STEPS(elastic_segment_refresh_steps),
                         .number = ELASTIC_REFRESH,
                         .internal = true},
    [ELASTIC_MERGE] = {.name = "merge",
                       .meaning = "makes one segment of many",
                       STEPS(elastic_segment_merge_steps),
                       .number = ELASTIC_MERGE,
                       .internal = true},
};

// ---- life -------------------------------------------------------------------------------------

static uint64_t threads_of(const struct component_design *component, uint64_t declared)
{
    const uint64_t cores = component->cores < 1 ? 1 : (uint64_t)component->cores;
    return declared > 0 ? declared : cores;
}

static void add_pools(struct model_preparation *preparation)
{
    const struct elastic_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    const struct elastic_threads *threads = &configuration->threads;
    const uint64_t half = (uint64_t)(component->cores * 3 / 2) + 1;
    const uint64_t search = threads->search > 0 ? threads->search : half;
    struct pool_design *pools =
        arena_take_array(preparation->arena, component->pool_count + ELASTIC_POOLS, sizeof *pools);
    pools[ELASTIC_POOL_SEARCH] = (struct pool_design){"search", search, 0};
    pools[ELASTIC_POOL_GET] = (struct pool_design){"get", search, 0};
    pools[ELASTIC_POOL_WRITE] =
        (struct pool_design){"write", threads_of(component, threads->write), 0};
    for (uint32_t i = 0; i < component->pool_count; i++) {
        pools[ELASTIC_POOLS + i] = component->pools[i];
    }
    component->pools = pools;
    component->pool_count += ELASTIC_POOLS;
}

static void add_disk(struct model_preparation *preparation)
{
    const struct elastic_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    struct device_design *devices =
        arena_take_array(preparation->arena, component->device_count + 1, sizeof *devices);
    devices[0] = (struct device_design){"disk", (uint32_t)configuration->disk.depth, 0, 0};
    for (uint32_t i = 0; i < component->device_count; i++) {
        devices[1 + i] = component->devices[i];
    }
    component->devices = devices;
    component->device_count++;
}

static void prepare(struct model_preparation *preparation)
{
    const struct elastic_configuration *configuration = preparation->configuration;
    const struct component_design *component = preparation->component;
    const struct elastic_memory *memory = &configuration->memory;
    if (component->replicas > ELASTIC_NODES) {
        model_complain(preparation, "replicas", "at most %d nodes", ELASTIC_NODES);
    }
    if (configuration->index.replicas >= component->replicas) {
        model_complain(preparation, "index", "%lu copies of a shard need as many nodes, not %u",
                       (unsigned long)configuration->index.replicas + 1, component->replicas);
    }
    if (memory->base >= memory->parent) {
        model_complain(preparation, "memory", "`base` must be below `parent`");
    }
    if (preparation->complaint_count == 0) {
        add_pools(preparation);
        add_disk(preparation);
    }
}

static void begin(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    const uint64_t shards = elastic_configuration(component)->index.shards;
    struct arena *arena = &component->world->arena;
    state->cluster_size = sizeof(struct elastic_cluster) + shards * sizeof(struct elastic_routing);
    state->metas = arena_take_array(arena, component->node_count, sizeof *state->metas);
    slots_init(&state->fans, sizeof(struct elastic_fan));
    slots_init(&state->requests, sizeof(struct elastic_request));
    slots_init(&state->writes, sizeof(struct elastic_write));
    elastic_shard_begin(component);
    elastic_master_begin(component);
}

static void begin_logs(struct node *node)
{
    const struct elastic_configuration *configuration = elastic_configuration(node->component);
    const struct elastic_disk *disk = &configuration->disk;
    struct elastic_node *state = elastic_node(node);
    struct wal *meta = &elastic_state(node->component)->metas[node->replica];
    wal_init(&state->translog, node, &disk->flush, state->streams.disk);
    wal_init(meta, node, &disk->flush, state->streams.disk);
    state->translog.per_byte_ns = 1e9 / disk->bandwidth;
    if (configuration->index.durability == ELASTIC_ASYNC) {
        wal_set_mode(&state->translog, WAL_PERIODIC, configuration->index.sync_ns);
    }
}

static void begin_node(struct node *node)
{
    const struct component *component = node->component;
    const uint64_t shards = elastic_configuration(component)->index.shards;
    struct elastic_node *state = elastic_node(node);
    struct arena *arena = &node->world->arena;
    const size_t size = elastic_state(component)->cluster_size;
    state->accepted = arena_take(arena, size);
    state->arrived = arena_take(arena, size);
    state->applied = arena_take(arena, size);
    state->copies = arena_take_array(arena, shards, sizeof *state->copies);
    state->checks = arena_take_array(arena, component->node_count, sizeof *state->checks);
    state->ranks = arena_take_array(arena, component->node_count, sizeof *state->ranks);
    state->tasks.failed = arena_take_array(arena, shards, sizeof(uint32_t));
    state->tasks.started = arena_take_array(arena, shards, sizeof(uint32_t));
    state->streams.cpu = node_stream(node, "cpu");
    state->streams.disk = node_stream(node, "disk");
    state->streams.master = node_stream(node, "master");
    for (uint32_t i = 0; i < shards; i++) {
        versions_init(&state->copies[i].versions);
    }
    begin_logs(node);
}

static bool start(struct node *node)
{
    struct component *component = node->component;
    if (node->epoch == 0) {
        begin_node(node);
    }
    elastic_master_start(node);
    if (node->epoch == 0 && node->replica + 1 == component->node_count) {
        elastic_layout_begin(component);
    }
    return true;
}

static void crash(struct node *node)
{
    struct component *component = node->component;
    struct elastic_node *state = elastic_node(node);
    const bool dark = node->life == NODE_DARK;
    elastic_request_crash(node);
    elastic_primary_crash(node);
    elastic_shard_crash(node);
    elastic_master_crash(node, dark);
    for (uint32_t i = 0; i < component->node_count; i++) {
        state->ranks[i] = (struct elastic_rank){0};
    }
    state->searching = state->indexing = state->copying = 0;
    state->recoveries = 0;
    state->refreshing = false;
    state->resident = dark ? 0 : state->resident;
}

// The first shard whose primary is not at the master, if there is one.
static uint32_t chosen_shard(struct component *component)
{
    const struct elastic_state *state = elastic_state(component);
    const struct node *master = elastic_master_of(component);
    for (uint32_t i = 0; i < elastic_configuration(component)->index.shards; i++) {
        const uint32_t primary = state->shards[i].primary;
        if (primary != ELASTIC_NONE && master != &component->nodes[primary]) {
            return i;
        }
    }
    return 0;
}

static struct node *with_role(struct component *component, const char *role)
{
    if (text_same(role, "master") || text_same(role, "leader")) {
        return elastic_master_of(component);
    }
    const uint32_t shard = chosen_shard(component);
    const uint32_t primary = elastic_state(component)->shards[shard].primary;
    if (primary == ELASTIC_NONE) {
        return NULL;
    }
    struct node *node = &component->nodes[primary];
    const uint32_t others = elastic_routing(node, shard)->started & ~elastic_bit(node);
    if (text_same(role, "replica")) {
        return others == 0 ? NULL : &component->nodes[__builtin_ctz(others)];
    }
    return text_same(role, "primary") ? node : NULL;
}

// ---- the end ----------------------------------------------------------------------------------

static void check_copies(struct component *component, uint32_t number)
{
    const struct elastic_shard *shard = &elastic_state(component)->shards[number];
    if (shard->primary == ELASTIC_NONE) {
        return;
    }
    const uint32_t insync = elastic_routing(&component->nodes[shard->primary], number)->insync;
    const bool request = elastic_configuration(component)->index.durability == ELASTIC_REQUEST;
    for (uint32_t i = 0; i < shard->ops.count; i++) {
        const struct elastic_op *op = ring_at(&shard->ops, i);
        world_hold(component->world, "elastic-copies",
                   !request || !op->acknowledged || (insync & ~op->durable) == 0,
                   "shard %u: operation %lu is acknowledged and not on every copy", number,
                   (unsigned long)op->number);
    }
}

static void check(struct component *component)
{
    struct world *world = component->world;
    const struct elastic_configuration *configuration = elastic_configuration(component);
    const struct elastic_state *state = elastic_state(component);
    world_hold(world, "elastic-one-primary-a-term", state->stray_acknowledgements == 0,
               "%lu acknowledgements of a second primary",
               (unsigned long)state->stray_acknowledgements);
    world_hold(world, "elastic-acknowledged-insync", state->early_acknowledgements == 0,
               "%lu acknowledgements came early", (unsigned long)state->early_acknowledgements);
    world_hold(world, "elastic-pressure", state->pressure_overruns == 0, "%lu times more was held",
               (unsigned long)state->pressure_overruns);
    if (configuration->index.durability == ELASTIC_REQUEST) {
        world_hold(world, "elastic-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged documents are lost", (unsigned long)state->lost);
    }
    for (uint32_t i = 0; i < configuration->index.shards; i++) {
        check_copies(component, i);
    }
}

static void end(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    const uint64_t shards = elastic_configuration(component)->index.shards;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct elastic_node *node = elastic_node(&component->nodes[i]);
        for (uint32_t k = 0; k < shards; k++) {
            versions_release(&node->copies[k].versions);
        }
        wal_release(&node->translog);
        wal_release(&state->metas[i]);
    }
    slots_release(&state->fans);
    slots_release(&state->requests);
    slots_release(&state->writes);
    elastic_shard_end(component);
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"primary", "replica", "master", "leader", NULL};

const struct model elastic_model = {
    .kind = "elasticsearch",
    .family = "datastore",
    .summary = "Elasticsearch 8.12: shards, replica selection, vectors, translog, elected master",
    .stands_for =
        "Elasticsearch 8.12, one index a component, every node a data node. Left out: scoring and "
        "aggregations (a query costs a law of time on every shard), can_match, slices of one shard "
        "searched in parallel, the light round between vector phase and fetch, more than five "
        "shards of one node held back, disk watermarks, garbage collection, cross-cluster search. "
        "A failed copy's rebuild does not slow the disk.",
    .fields = elastic_fields,
    .configuration_size = sizeof(struct elastic_configuration),
    .component_size = sizeof(struct elastic_state),
    .node_size = sizeof(struct elastic_node),
    .operations = elastic_operations,
    .operation_count = ELASTIC_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .with_role = with_role,
    .roles = roles,
    .check = check,
    .end = end,
    .demand = elastic_layout_demand,
};
