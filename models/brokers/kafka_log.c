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
    partition->number = number;
    partition->topic = topic;
    partition->leaderless_ns = TIME_NEVER;
    partition->copy_count = (uint32_t)kafka_topic(component, topic)->replication;
    for (uint32_t i = 0; i < partition->copy_count; i++) {
        partition->copies[i].broker = (number + i) % state->broker_count;
    }
    partition->insync = (1U << partition->copy_count) - 1;
    partition->readers =
        arena_take_array(&component->world->arena, KAFKA_GROUPS, sizeof *partition->readers);
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
        ring_release(&state->partitions[i].waiters);
        free(state->partitions[i].orphans);
        free(state->partitions[i].open);
    }
}

uint32_t kafka_log_slot(const struct kafka_partition *partition, uint32_t broker)
{
    for (uint32_t i = 0; i < partition->copy_count; i++) {
        if (partition->copies[i].broker == broker) {
            return i;
        }
    }
    return UINT32_MAX;
}

// ---- append and retention
// -------------------------------------------------------------------------

uint64_t kafka_log_append(struct component *component, struct kafka_partition *partition,
                          uint64_t records, const struct offsets_run *run)
{
    kafka_state(component)->records += records;
    partition->copies[partition->leader].end =
        offsets_append(&partition->log, records, run->bytes, run);
    return partition->log.end;
}

int64_t kafka_log_write(struct component *component, uint32_t broker, uint64_t bytes)
{
    const struct kafka_disk *disk = &kafka_configuration(component)->disk;
    int64_t *clean = &kafka_state(component)->brokers[broker].clean_ns;
    const int64_t now = component->world->now;
    if (disk->bandwidth == 0) {
        return 0;
    }
    *clean = (*clean > now ? *clean : now) + time_of((double)bytes / disk->bandwidth * 1e9);
    const int64_t over = *clean - now - time_of((double)disk->dirty / disk->bandwidth * 1e9);
    return over > 0 ? over : 0;
}

void kafka_log_tell(struct component *component, struct kafka_partition *partition, uint64_t end,
                    uint64_t records)
{
    kafka_state(component)->acknowledged += records;
    partition->told = end > partition->told ? end : partition->told;
}

void kafka_log_trim(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    const int64_t dirty_since =
        component->world->now - kafka_configuration(component)->disk.flush_ns;
    uint64_t needed = partition->watermark;
    for (uint32_t i = 0; i < state->group_count; i++) {
        const bool reads = state->groups[i].topic == partition->topic;
        if (reads && partition->readers[i].committed < needed) {
            needed = partition->readers[i].committed;
        }
    }
    offsets_forget_before(&partition->log, needed, dirty_since);
}

// The offset behind the last whole run of the segments that `bytes` fill.
static uint64_t segment_end(const struct offsets *log, uint64_t bytes)
{
    uint32_t low = 0, high = log->runs.count;
    if (bytes < log->kept_bytes) {
        return log->begin; // long read by everybody
    }
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (offsets_run(log, middle)->bytes > bytes) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return offsets_start(log, low);
}

static uint64_t expired_end(const struct component *component, const struct offsets *log,
                            const struct kafka_topic *topic)
{
    const uint64_t segment = kafka_configuration(component)->segment;
    const int64_t before = component->world->now - topic->retention_ns;
    const uint64_t old = before > 0 ? offsets_before(log, before) : 0;
    uint64_t bytes = 0;
    if (old == log->end) {
        return old; // the open segment, too, is closed and deleted
    }
    if (old > log->kept) {
        bytes = offsets_run(log, offsets_find(log, old - 1))->bytes;
    }
    if (topic->retention_bytes > 0 && log->bytes > topic->retention_bytes) {
        const uint64_t over = log->bytes - topic->retention_bytes;
        bytes = over > bytes ? over : bytes;
    }
    return segment_end(log, bytes / segment * segment);
}

void kafka_log_retain(struct component *component, struct kafka_partition *partition)
{
    struct offsets *log = &partition->log;
    const uint64_t old = expired_end(component, log, kafka_topic(component, partition->topic));
    const uint64_t end = old < partition->watermark ? old : partition->watermark;
    if (end > log->begin) {
        offsets_expire(log, end);
        kafka_group_expire(component, partition);
    }
}

// ---- purgatory
// ------------------------------------------------------------------------------------

static const struct kafka_waiter *oldest_of(const struct kafka_partition *partition)
{
    return ring_at(&partition->waiters, 0);
}

static struct kafka_waiter take_waiter(struct kafka_partition *partition)
{
    const struct kafka_waiter waiter = *oldest_of(partition);
    ring_drop(&partition->waiters);
    return waiter;
}

static void wake_waiter(struct world *world, uint64_t ticket, enum status status)
{
    struct visit *visit = visit_of(world, ticket);
    if (visit != NULL) {
        visit->status = (uint8_t)status & 0x7f;
        visit_wake_later(world, ticket);
    }
}

// A produce request that its followers have kept waiting for request.timeout.ms is answered: the
// records are in the log, and nobody knows what becomes of them.
static void on_expiry(struct node *broker, uint64_t number)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    struct kafka_partition *partition = &state->partitions[number];
    const int64_t patience = kafka_configuration(component)->producer.request_ns;
    if (kafka_leader(component, partition) != broker) {
        return;
    }
    while (partition->waiters.count > 0) {
        const int64_t due = oldest_of(partition)->since_ns + patience;
        if (due > component->world->now) {
            node_timer(broker, due - component->world->now, on_expiry, number);
            return;
        }
        state->timed_out++;
        wake_waiter(component->world, take_waiter(partition).ticket, STATUS_INDETERMINATE);
    }
    partition->expiring = false;
}

void kafka_log_park(struct component *component, struct kafka_partition *partition,
                    const struct kafka_waiter *waiter)
{
    *(struct kafka_waiter *)ring_put(&partition->waiters, sizeof *waiter) = *waiter;
    if (!partition->expiring) {
        partition->expiring = true;
        node_timer_constant(kafka_leader(component, partition),
                            kafka_configuration(component)->producer.request_ns, on_expiry,
                            partition->number);
    }
}

// With too few replicas left in sync the records are in the log, and nothing is promised of them.
static void release_waiters(struct component *component, struct kafka_partition *partition)
{
    const uint64_t least = kafka_topic(component, partition->topic)->min_insync;
    const bool enough = (uint64_t)__builtin_popcount(partition->insync) >= least;
    while (partition->waiters.count > 0 && oldest_of(partition)->end <= partition->watermark) {
        const struct kafka_waiter waiter = take_waiter(partition);
        if (enough && waiter.records > 0) {
            kafka_log_tell(component, partition, waiter.end, waiter.records);
        }
        wake_waiter(component->world, waiter.ticket, enough ? STATUS_OK : STATUS_INDETERMINATE);
    }
}

void kafka_log_fail_waiters(struct component *component, struct kafka_partition *partition,
                            enum status status)
{
    while (partition->waiters.count > 0) {
        wake_waiter(component->world, take_waiter(partition).ticket, status);
    }
    partition->expiring = false;
}

// A replica that is about to join counts already (the maximal in-sync set).
void kafka_log_advance(struct component *component, struct kafka_partition *partition)
{
    const uint32_t counts = partition->insync | partition->joining;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < partition->copy_count; i++) {
        if ((counts >> i & 1) && partition->copies[i].end < least) {
            least = partition->copies[i].end;
        }
    }
    if (partition->leader == KAFKA_NO_LEADER || least <= partition->watermark) {
        return;
    }
    partition->watermark = least;
    release_waiters(component, partition);
    kafka_group_pump(component, partition);
    kafka_log_trim(component, partition);
}
