// postgres_partition - plans and relation locks of a partitioned table, and partitions that go.
//
// A statement locks each partition that it touches and each index of it. A connection keeps 16 such
// locks by itself; the rest go through the shared lock table, which has 16 parts. With time
// partitions the oldest is dropped every `span`, under the exclusive lock of the table: the drop
// waits for all who use the table, and all who come meanwhile wait behind it. A standby that
// replays the drop does the same; the queries in its way are aborted after
// max_standby_streaming_delay.
#include "models/datastores/postgres.h"

#include "sim/base/check.h"

enum { OWN_LOCKS = 16 };

uint64_t postgres_partition_shared(const struct postgres_configuration *configuration)
{
    const struct postgres_partitions *partitions = &configuration->partitions;
    const bool pruned = partitions->pruned && !partitions->prepared;
    const uint64_t touched = pruned ? 1 : partitions->count;
    const uint64_t parent = partitions->count > 1 ? 1 : 0;
    const uint64_t relations = parent + touched * (1 + partitions->indexes);
    return relations > OWN_LOCKS ? relations - OWN_LOCKS : 0;
}

int64_t postgres_partition_plan_ns(const struct postgres_configuration *configuration)
{
    const struct postgres_partitions *partitions = &configuration->partitions;
    const bool planned = !partitions->pruned && !partitions->prepared;
    return planned ? (int64_t)(partitions->count - 1) * partitions->plan_ns : 0;
}

static const struct postgres_partitions *setting_of(const struct node *node)
{
    return &postgres_configuration(node->component)->partitions;
}

enum outcome postgres_partition_enter(struct visit *visit)
{
    if (setting_of(visit->node)->span_ns == 0) {
        return step_next(visit);
    }
    return step_take(visit, &visit->node->pools[POSTGRES_TABLE]);
}

enum outcome postgres_partition_lock(struct visit *visit)
{
    const struct postgres_configuration *configuration =
        postgres_configuration(visit->node->component);
    const uint64_t shared = postgres_partition_shared(configuration);
    if (shared == 0) {
        return step_next(visit);
    }
    return station_serve(&visit->node->devices[POSTGRES_DEVICE_LOCKS], visit,
                         time_times(configuration->partitions.lock_ns, shared));
}

// ---- dropping ---------------------------------------------------------------------------------

static void on_drop_due(struct node *primary, uint64_t word)
{
    postgres_partition_open(primary);
    (void)word;
    if (primary->pools[POSTGRES_TABLE].size == 0) { // else the one before still waits
        node_begin_visit(primary, &postgres_operations[POSTGRES_DROP], 0);
    }
}

void postgres_partition_open(struct node *primary)
{
    const int64_t span_ns = setting_of(primary)->span_ns;
    if (span_ns > 0) {
        node_timer_constant(primary, span_ns, on_drop_due, 0);
    }
}

void postgres_partition_crash(struct node *node)
{
    if (setting_of(node)->span_ns > 0) {
        node->pools[POSTGRES_TABLE].size = 0;
    }
}

// One unit for everybody: it is free when all who hold one have gone.
enum outcome postgres_partition_close(struct visit *drop)
{
    struct pool *table = &drop->node->pools[POSTGRES_TABLE];
    table->size = 1;
    return step_take(drop, table);
}

enum outcome postgres_partition_drop(struct visit *drop)
{
    return step_hold(
        drop,
        distribution_draw(&setting_of(drop->node)->drop, postgres_node(drop->node)->streams.disk),
        METER_IO);
}

// In the log, so that standbys do the same.
enum outcome postgres_partition_commit(struct visit *drop)
{
    struct postgres_state *state = postgres_state(drop->node->component);
    const enum outcome outcome = postgres_wal_insert(drop);
    if (postgres_is_primary(drop->node)) {
        if (state->drop_count == state->drop_room) {
            state->drop_room = state->drop_room == 0 ? 16 : state->drop_room * 2;
            state->drop_log =
                check_realloc(state->drop_log, state->drop_room * sizeof *state->drop_log);
        }
        state->drop_log[state->drop_count++] = postgres_node(drop->node)->inserted;
    }
    return outcome;
}

enum outcome postgres_partition_end(struct visit *drop)
{
    postgres_wal_note(drop->node);
    postgres_state(drop->node->component)->drops++;
    pool_resize(&drop->node->pools[POSTGRES_TABLE], 0);
    return step_reply(drop, STATUS_OK);
}

void postgres_partition_lose(struct component *component, uint64_t end)
{
    struct postgres_state *state = postgres_state(component);
    while (state->drop_count > 0 && state->drop_log[state->drop_count - 1] > end) {
        state->drop_count--;
    }
}

void postgres_partition_leave(struct visit *visit)
{
    if (setting_of(visit->node)->span_ns > 0) {
        step_give(visit, &visit->node->pools[POSTGRES_TABLE]);
    }
}

// ---- standbys ---------------------------------------------------------------------------------

uint64_t postgres_partition_next(const struct node *standby)
{
    const struct postgres_state *state = postgres_state(standby->component);
    const uint64_t applied = postgres_node(standby)->applied;
    uint32_t place = state->drop_count;
    while (place > 0 && state->drop_log[place - 1] > applied) {
        place--;
    }
    return place < state->drop_count ? state->drop_log[place] : UINT64_MAX;
}

// A query past its table lock.
static bool stands_in_the_way(const struct visit *visit, const struct node *standby)
{
    return visit->node == standby && visit->operation != NULL && !visit->operation->internal &&
           (visit->flags & VISIT_INSIDE) != 0 &&
           (visit->flags & (VISIT_ANSWERED | VISIT_TRAVELS | VISIT_DETACHED)) == 0 &&
           visit->step > POSTGRES_TABLE_STEP;
}

static void on_patience_end(struct node *standby, uint64_t replay)
{
    struct world *world = standby->world;
    if (visit_of(world, replay) == NULL) {
        return;
    }
    const uint32_t used = world->visits.used;
    for (uint32_t number = 1; number < used; number++) {
        struct visit *visit = slots_at(&world->visits, number);
        if (visit->number == number && stands_in_the_way(visit, standby)) {
            postgres_state(standby->component)->standby_cancels++;
            history_end(visit, STATUS_CONFLICT, 0);
            visit->status = STATUS_CONFLICT; // when it looks for interrupts next
            visit_stop(visit);
        }
    }
}

void postgres_partition_replay(struct node *standby)
{
    node_begin_visit(standby, &postgres_operations[POSTGRES_REPLAY], 0);
}

enum outcome postgres_partition_await(struct visit *replay)
{
    const enum outcome outcome = postgres_partition_close(replay);
    if (outcome == OUTCOME_WAIT) {
        node_timer_constant(replay->node,
                            postgres_configuration(replay->node->component)->standby.conflict_ns,
                            on_patience_end, visit_ticket(replay));
    }
    return outcome;
}

enum outcome postgres_partition_replayed(struct visit *replay)
{
    pool_resize(&replay->node->pools[POSTGRES_TABLE], 0);
    postgres_stream_replayed(replay->node);
    return step_reply(replay, STATUS_OK);
}
