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
        offsets_release(&state->partitions[i].log);
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

uint64_t kafka_log_append(struct component *component, struct kafka_partition *partition,
                          uint64_t records, const struct offsets_run *run)
{
    kafka_state(component)->records += records;
    partition->ends[partition->leader] =
        offsets_append(&partition->log, records, run->bytes, run);
    return partition->log.end;
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
    const uint64_t clean = offsets_before(&partition->log, dirty_since);
    offsets_forget(&partition->log, needed < clean ? needed : clean);
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
