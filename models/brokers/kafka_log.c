// kafka_log - partitions: append, high watermark, purgatory, the memory of what consumers still
// need.
#include <stdlib.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"

// ---- beginnings
// -----------------------------------------------------------------------------------

static void begin_partition(struct component *component, uint32_t number, uint32_t topic)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_partition *partition = &state->partitions[number];
    const struct kafka_topic *setting = kafka_topic(component, topic);
    partition->number = number;
    partition->topic = topic;
    partition->replica_count = (uint32_t)setting->replication;
    for (uint32_t i = 0; i < partition->replica_count; i++) {
        partition->replicas[i] = (number + i) % component->node_count;
    }
    partition->insync = (1U << partition->replica_count) - 1;
}

void kafka_log_begin(struct component *component)
{
    const struct kafka_configuration *configuration = kafka_configuration(component);
    struct kafka_state *state = kafka_state(component);
    struct arena *arena = &component->world->arena;
    state->topic_first = arena_take_array(arena, configuration->topics.count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        state->topic_first[i] = state->partition_count;
        state->partition_count += (uint32_t)kafka_topic(component, i)->partitions;
    }
    state->topic_first[configuration->topics.count] = state->partition_count;
    state->partitions = arena_take_array(arena, state->partition_count, sizeof *state->partitions);
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        for (uint32_t k = state->topic_first[i]; k < state->topic_first[i + 1]; k++) {
            begin_partition(component, k, i);
        }
    }
}

void kafka_log_end(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        free(state->partitions[i].runs);
        free(state->partitions[i].waiters);
        free(state->partitions[i].orphans);
    }
}

uint32_t kafka_log_slot(const struct kafka_partition *partition, uint32_t broker)
{
    for (uint32_t i = 0; i < partition->replica_count; i++) {
        if (partition->replicas[i] == broker) {
            return i;
        }
    }
    return UINT32_MAX;
}

// ---- append
// ---------------------------------------------------------------------------------------

static void grow_runs(struct kafka_partition *partition)
{
    const uint32_t room = partition->run_room == 0 ? 16 : partition->run_room * 2;
    struct kafka_run *runs = check_calloc(room, sizeof *runs);
    for (uint32_t i = 0; i < partition->run_count; i++) {
        runs[i] = partition->runs[(partition->run_first + i) & (partition->run_room - 1)];
    }
    free(partition->runs);
    partition->runs = runs;
    partition->run_room = room;
    partition->run_first = 0;
}

uint64_t kafka_log_append(struct component *component, struct kafka_partition *partition,
                          const struct kafka_run *run, uint64_t records)
{
    uint64_t *end = &partition->ends[partition->leader];
    *end += records;
    partition->bytes_end += run->bytes;
    kafka_state(component)->records += records;
    if (partition->run_count == partition->run_room) {
        grow_runs(partition);
    }
    struct kafka_run *entry =
        &partition
             ->runs[(partition->run_first + partition->run_count++) & (partition->run_room - 1)];
    *entry = *run;
    entry->end = *end;
    return *end;
}

void kafka_log_trim(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    const int64_t dirty_since = component->world->now - kafka_configuration(component)->flush_ns;
    uint64_t needed = partition->watermark;
    for (uint32_t i = 0; i < state->group_count; i++) {
        const bool reads = state->groups[i].topic == partition->topic;
        if (reads && partition->readers[i].position < needed) {
            needed = partition->readers[i].position;
        }
    }
    while (partition->run_count > 0) {
        const struct kafka_run *run = &partition->runs[partition->run_first];
        if (run->end > needed || run->time_ns > dirty_since) {
            return;
        }
        partition->run_first = (partition->run_first + 1) & (partition->run_room - 1);
        partition->run_count--;
    }
}

// ---- purgatory
// ------------------------------------------------------------------------------------

void kafka_log_park(struct kafka_partition *partition, uint64_t end, uint64_t ticket)
{
    if (partition->waiter_count == partition->waiter_room) {
        const uint32_t room = partition->waiter_room == 0 ? 16 : partition->waiter_room * 2;
        struct kafka_waiter *waiters = check_calloc(room, sizeof *waiters);
        for (uint32_t i = 0; i < partition->waiter_count; i++) {
            waiters[i] =
                partition->waiters[(partition->waiter_first + i) & (partition->waiter_room - 1)];
        }
        free(partition->waiters);
        partition->waiters = waiters;
        partition->waiter_room = room;
        partition->waiter_first = 0;
    }
    partition->waiters[(partition->waiter_first + partition->waiter_count++) &
                       (partition->waiter_room - 1)] = (struct kafka_waiter){end, ticket};
}

static void wake_waiter(struct world *world, uint64_t ticket, enum status status)
{
    struct visit *visit = visit_of(world, ticket);
    if (visit != NULL) {
        visit->status = (uint8_t)status;
        visit_wake_later(world, ticket);
    }
}

static void release_waiters(struct world *world, struct kafka_partition *partition)
{
    while (partition->waiter_count > 0) {
        const struct kafka_waiter waiter = partition->waiters[partition->waiter_first];
        if (waiter.end > partition->watermark) {
            return;
        }
        partition->waiter_first = (partition->waiter_first + 1) & (partition->waiter_room - 1);
        partition->waiter_count--;
        if (waiter.end > partition->acknowledged) {
            partition->acknowledged = waiter.end;
        }
        wake_waiter(world, waiter.ticket, STATUS_OK);
    }
}

void kafka_log_fail_waiters(struct component *component, struct kafka_partition *partition,
                            enum status status)
{
    while (partition->waiter_count > 0) {
        const struct kafka_waiter waiter = partition->waiters[partition->waiter_first];
        partition->waiter_first = (partition->waiter_first + 1) & (partition->waiter_room - 1);
        partition->waiter_count--;
        wake_waiter(component->world, waiter.ticket, status);
    }
}

void kafka_log_advance(struct component *component, struct kafka_partition *partition)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < partition->replica_count; i++) {
        if ((partition->insync >> i & 1) && partition->ends[i] < least) {
            least = partition->ends[i];
        }
    }
    if (least == UINT64_MAX || least <= partition->watermark) {
        return;
    }
    partition->watermark = least;
    release_waiters(component->world, partition);
    kafka_group_pump(component, partition);
    kafka_log_trim(component, partition);
}
