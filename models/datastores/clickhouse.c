// clickhouse - ClickHouse 23.11 with Keeper: inserts as parts, merges, replication, column scans.
//
// An insert becomes a part, registered in Keeper, fetched by the other replicas of its shard and
// merged in the background; a query is scanned by a replica of every shard. clickhouse_steps.c has
// the inserts, clickhouse_buffer.c the asynchronous ones, clickhouse_part.c the parts and who holds
// what, clickhouse_merge.c the merges, clickhouse_keeper.c their registration,
// clickhouse_session.c the sessions, clickhouse_queue.c the replicas' queues, clickhouse_scan.c the
// queries.
#include "models/datastores/clickhouse.h"

#include <math.h>
#include <stdlib.h>

#include "models/datastores/datastores.h"

#include "sim/base/text.h"

// ---- metrics ----------------------------------------------------------------------------------

static double read_acknowledged(const struct component *component)
{
    return (double)clickhouse_state(component)->acknowledged;
}

static double read_lost(const struct component *component)
{
    return (double)clickhouse_state(component)->lost;
}

static double read_unavailable(const struct component *component)
{
    const struct clickhouse_state *state = clickhouse_state(component);
    const int64_t now = component->world->now;
    const int64_t present = state->leaderless_ns == TIME_NEVER ? 0 : now - state->leaderless_ns;
    if (!clickhouse_has_keeper(component)) {
        return NAN;
    }
    return (double)(present > state->unavailable_ns ? present : state->unavailable_ns) / 1e9;
}

static double read_elections(const struct component *component)
{
    return (double)clickhouse_state(component)->elections;
}

static double read_read_only(const struct component *component)
{
    return (double)clickhouse_state(component)->read_only;
}

static double read_rows(const struct component *component)
{
    return (double)clickhouse_state(component)->rows;
}

static double read_row_rate(const struct component *component)
{
    return (double)clickhouse_state(component)->rows / ((double)component->world->now / 1e9);
}

static double read_scanned_rows(const struct component *component)
{
    return (double)clickhouse_state(component)->scanned_rows;
}

static double read_scanned_bytes(const struct component *component)
{
    return (double)clickhouse_state(component)->scanned_bytes;
}

static double read_parts(const struct component *component)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < clickhouse_state(component)->servers; i++) {
        const uint32_t parts = clickhouse_part_most(&component->nodes[i]);
        most = parts > most ? parts : most;
    }
    return most;
}

static double read_most_parts(const struct component *component)
{
    return (double)clickhouse_state(component)->most_parts;
}

static double read_merges(const struct component *component)
{
    return (double)clickhouse_state(component)->merges;
}

static double read_amplification(const struct component *component)
{
    const struct clickhouse_state *state = clickhouse_state(component);
    return 1 + (double)state->merged_bytes / (double)state->written_bytes;
}

static double read_delayed(const struct component *component)
{
    return (double)clickhouse_state(component)->delayed;
}

static double read_refused_parts(const struct component *component)
{
    return (double)clickhouse_state(component)->refused_parts;
}

static double read_refused_queries(const struct component *component)
{
    return (double)clickhouse_state(component)->refused_queries;
}

static double read_refused_memory(const struct component *component)
{
    return (double)clickhouse_state(component)->refused_memory;
}

static double read_duplicates(const struct component *component)
{
    return (double)clickhouse_state(component)->duplicates;
}

static double read_quorum_failures(const struct component *component)
{
    return (double)clickhouse_state(component)->quorum_failures;
}

static double read_retries(const struct component *component)
{
    return (double)clickhouse_state(component)->retries;
}

static double read_lag(const struct component *component)
{
    const struct clickhouse_state *state = clickhouse_state(component);
    return state->lag_s / (double)state->lags;
}

static double read_longest_lag(const struct component *component)
{
    const struct clickhouse_state *state = clickhouse_state(component);
    return state->lags == 0 ? NAN : state->lag_longest_s;
}

static const struct model_metric metrics[] = {
    {"acknowledged", "{insert}", "inserts that were told OK, in the whole run", read_acknowledged},
    {"lost", "{insert}", "of these, whose rows no replica has any more", read_lost},
    {"unavailable(max)", "s", "longest time without a serving leader of Keeper", read_unavailable},
    {"elections", "1", "leaders of Keeper elected after the first", read_elections},
    {"read_only", "1", "times that a server's session with Keeper ended", read_read_only},
    {"rows", "{row}", "rows inserted, in the whole run", read_rows},
    {"row_rate", "{row}/s", "rows inserted a second, over the whole run", read_row_rate},
    {"scanned_rows", "{row}", "rows read by queries, in the whole run", read_scanned_rows},
    {"scanned", "By", "compressed bytes read by queries, in the whole run", read_scanned_bytes},
    {"parts", "1", "most active parts of a partition, at the end", read_parts},
    {"parts(max)", "1", "most at any time", read_most_parts},
    {"merges", "1", "merges done, in the whole run", read_merges},
    {"write_amplification", "1", "bytes written with merges over those without",
     read_amplification},
    {"delayed", "{insert}", "inserts delayed for too many parts", read_delayed},
    {"refused_parts", "{insert}", "refused for too many parts (252)", read_refused_parts},
    {"refused_queries", "1", "queries and inserts refused for too many of them (202)",
     read_refused_queries},
    {"refused_memory", "1", "scans refused for want of memory (241)", read_refused_memory},
    {"duplicates", "1", "blocks that were there already", read_duplicates},
    {"quorum_timeouts", "1", "inserts whose quorum did not come together in time",
     read_quorum_failures},
    {"keeper_retries", "1", "times that an insert had to ask Keeper again", read_retries},
    {"replication_lag", "s",
     "mean time from a block's registration to its arrival at another replica", read_lag},
    {"replication_lag(max)", "s", "longest such time", read_longest_lag},
    {0},
};

static const struct model_invariant invariants[] = {
    {"clickhouse-quorum-safe",
     "with a quorum of two nothing acknowledged is lost while at most one server has lost power; "
     "with fsync, never"},
    {"clickhouse-parts", "at a shard's only copy active parts of a partition never pass throw_at "
                         "by more than the inserts in progress"},
    {"clickhouse-parts-apart", "no two active parts of a partition cover the same block"},
    {"clickhouse-rows-conserved", "a merge has as many rows as its parts; a server's parts have "
                                  "those of the blocks that it holds"},
    {"clickhouse-converged", "a replica with nothing left to do has every block of its shard"},
    {"clickhouse-stored-once", "no two blocks of the window have the same hash"},
    {"one leader per term", "of Keeper"},
    {"log matching", "of Keeper"},
    {"no committed entry lost", "of Keeper"},
    {0},
};

// ---- life -------------------------------------------------------------------------------------

static void begin(struct component *component)
{
    const struct clickhouse_configuration *configuration = clickhouse_configuration(component);
    struct clickhouse_state *state = clickhouse_state(component);
    struct arena *arena = &component->world->arena;
    const uint32_t shards = (uint32_t)configuration->shards;
    state->servers = shards * (uint32_t)configuration->replicas;
    state->writer = CLICKHOUSE_NONE;
    state->shards = arena_take_array(arena, shards, sizeof *state->shards);
    for (uint32_t i = 0; i < shards; i++) {
        state->shards[i].places =
            arena_take_array(arena, configuration->table.partitions, sizeof(uint64_t));
        state->shards[i].losses = arena_take_array(arena, configuration->table.partitions,
                                                   sizeof(struct clickhouse_losses));
        state->shards[i].hashes =
            arena_take_array(arena, configuration->insert.window, sizeof(struct clickhouse_hash));
    }
    slots_init(&state->blocks, sizeof(struct clickhouse_block));
    slots_init(&state->requests, sizeof(struct clickhouse_request));
    slots_init(&state->batches, sizeof(struct clickhouse_batch));
    slots_init(&state->runs, sizeof(struct clickhouse_run));
    slots_init(&state->tasks, sizeof(struct clickhouse_task));
    clickhouse_keeper_begin(component);
}

static bool start(struct node *node)
{
    struct clickhouse_node *self = clickhouse_node(node);
    if (!clickhouse_is_server(node)) {
        return clickhouse_keeper_start(node);
    }
    if (node->epoch == 0) {
        self->work = node_stream(node, "work");
        self->flush = node_stream(node, "flush");
        self->warm = 1e300;
        line_init(&node->devices[CLICKHOUSE_DEVICE_DISK].line, DISCIPLINE_PS);
    }
    clickhouse_part_begin(node);
    if (clickhouse_has_keeper(node->component)) {
        clickhouse_keeper_start(node);
    }
    clickhouse_queue_begin(node);
    clickhouse_merge_begin(node);
    return true;
}

static void crash(struct node *node)
{
    const bool dark = node->life == NODE_DARK;
    if (clickhouse_is_server(node)) {
        clickhouse_scan_crash(node);
        clickhouse_buffer_crash(node);
        clickhouse_merge_crash(node);
        clickhouse_queue_crash(node);
        clickhouse_part_crash(node, dark);
    }
    if (clickhouse_has_keeper(node->component)) {
        clickhouse_keeper_crash(node, dark);
    }
}

// The shard that the insert's rows or the looked-up row belong to; others go to any server.
static struct node *route(struct component *component, const struct call *call, uint64_t key)
{
    const struct clickhouse_configuration *configuration = clickhouse_configuration(component);
    struct clickhouse_state *state = clickhouse_state(component);
    const uint32_t replicas = (uint32_t)configuration->replicas;
    const uint16_t operation = call->design->operation->number;
    uint32_t first = 0, count = state->servers;
    if (operation == CLICKHOUSE_INSERT || operation == CLICKHOUSE_LOOKUP) {
        const uint64_t of = operation == CLICKHOUSE_LOOKUP ? key : call->request;
        first = (uint32_t)(digest_mix(of, 0) % configuration->shards) * replicas;
        count = replicas;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct node *server = &component->nodes[first + (state->turn + i) % count];
        if (server->listed) {
            state->turn = server->replica - first + 1;
            return server;
        }
    }
    return NULL;
}

static struct node *with_role(struct component *component, const char *role)
{
    struct clickhouse_state *state = clickhouse_state(component);
    if (text_same(role, "writer")) {
        return state->writer == CLICKHOUSE_NONE ? NULL : &component->nodes[state->writer];
    }
    if (text_same(role, "leader") && clickhouse_has_keeper(component)) {
        const struct raft_member *leader = raft_leader(&state->raft);
        return leader == NULL ? NULL : leader->node;
    }
    return NULL;
}

static void check_hashes(struct component *component, uint32_t number)
{
    const struct clickhouse_shard *shard = &clickhouse_state(component)->shards[number];
    const uint64_t window = clickhouse_configuration(component)->insert.window;
    uint64_t twice = 0;
    for (uint64_t i = 0; i < window; i++) {
        for (uint64_t k = 0; shard->hashes[i].hash != 0 && k < i; k++) {
            twice += shard->hashes[i].hash == shard->hashes[k].hash;
        }
    }
    world_hold(component->world, "clickhouse-stored-once", twice == 0,
               "shard %u: %lu blocks are stored twice", number, (unsigned long)twice);
}

static void check_lost(struct component *component)
{
    const struct clickhouse_configuration *configuration = clickhouse_configuration(component);
    const struct clickhouse_state *state = clickhouse_state(component);
    uint32_t powers = 0;
    for (uint32_t i = 0; i < state->servers; i++) {
        powers += clickhouse_node(&component->nodes[i])->powers;
    }
    const bool buffered = configuration->async.enabled && !configuration->async.wait;
    const bool safe = configuration->insert.fsync || powers == 0 ||
                      (configuration->insert.quorum > 1 && powers == 1);
    world_hold(component->world, "clickhouse-quorum-safe", buffered || !safe || state->lost == 0,
               "%lu acknowledged inserts are lost", (unsigned long)state->lost);
    const uint64_t room = configuration->parts.throw_at +
                          configuration->limits.queries * configuration->insert.spread;
    const bool follows = configuration->async.enabled || configuration->replicas > 1;
    world_hold(component->world, "clickhouse-parts", follows || state->most_parts <= room,
               "%lu active parts of a partition", (unsigned long)state->most_parts);
}

static void check(struct component *component)
{
    const struct clickhouse_state *state = clickhouse_state(component);
    check_lost(component);
    for (uint32_t i = 0; i < clickhouse_configuration(component)->shards; i++) {
        check_hashes(component, i);
    }
    for (uint32_t i = 0; i < state->servers; i++) {
        clickhouse_part_check(&component->nodes[i]);
    }
    if (clickhouse_has_keeper(component)) {
        clickhouse_keeper_check(component);
    }
}

static void end(struct component *component)
{
    struct clickhouse_state *state = clickhouse_state(component);
    for (uint32_t i = 0; i < state->servers; i++) {
        clickhouse_part_end(&component->nodes[i]);
        clickhouse_queue_end(&component->nodes[i]);
    }
    for (uint32_t i = 0; i < clickhouse_configuration(component)->shards; i++) {
        free(state->shards[i].log);
        for (uint64_t k = 0; k < clickhouse_configuration(component)->table.partitions; k++) {
            free(state->shards[i].losses[k].places);
        }
    }
    clickhouse_keeper_end(component);
    clickhouse_buffer_release(component);
    slots_release(&state->blocks);
    slots_release(&state->requests);
    slots_release(&state->runs);
    slots_release(&state->tasks);
}

// Of all servers together, without merges.
static double demand(const struct component_design *component, const struct operation *operation)
{
    const struct clickhouse_configuration *configuration = component->configuration;
    const struct clickhouse_insert *insert = &configuration->insert;
    if (operation->number == CLICKHOUSE_INSERT) {
        return (distribution_mean(&insert->fixed) +
                (double)insert->rows * distribution_mean(&insert->row)) /
               1e9;
    }
    const uint32_t kind = operation->number >= CLICKHOUSE_OPERATIONS
                              ? operation->number - CLICKHOUSE_OPERATIONS + CLICKHOUSE_KINDS
                          : operation->number == CLICKHOUSE_LOOKUP ? CLICKHOUSE_KIND_LOOKUP
                                                                   : CLICKHOUSE_KIND_QUERY;
    const struct clickhouse_scan *scan = clickhouse_scan_kind(configuration, kind);
    const double shards = scan->everywhere == 0 ? (double)configuration->shards : 1;
    return (distribution_mean(&configuration->plan) +
            shards * clickhouse_scan_rows(configuration, kind) * distribution_mean(&scan->row)) /
           1e9;
}

// ---- descriptor -------------------------------------------------------------------------------

static const char *const roles[] = {"writer", "leader", "server", "keeper", NULL};

const struct model clickhouse_model = {
    .kind = "clickhouse",
    .family = "datastore",
    .summary = "ClickHouse 23.11 with Keeper: parts, merges, replication, scans over shards",
    .stands_for =
        "ClickHouse 23.11 with its own Keeper nodes and one table: (Replicated)MergeTree behind a "
        "Distributed one, clients writing to the shards themselves. A request makes one block, so "
        "its retries are duplicates. Left out: mutations, TTL, replicas cloned after too long an "
        "absence, large parts fetched instead of merged, disk full, insertion through the "
        "Distributed table, collapsing engines, materialised views, S3 disks. Roles for faults: "
        "server, keeper, leader (Keeper's), writer (the server of the latest block)",
    .fields = clickhouse_fields,
    .configuration_size = sizeof(struct clickhouse_configuration),
    .component_size = sizeof(struct clickhouse_state),
    .node_size = sizeof(struct clickhouse_node),
    .operations = clickhouse_operations,
    .operation_count = CLICKHOUSE_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = clickhouse_layout_prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = route,
    .with_role = with_role,
    .roles = roles,
    .check = check,
    .end = end,
    .demand = demand,
};
