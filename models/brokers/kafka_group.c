// kafka_group - what consumer groups read: hand-over, commit, redelivery, gaps.
//
// A partition belongs to one member; a member works off so many batches at once as its consumer
// declares. The position moves when a batch has been worked off and is committed at the first such
// moment after the interval, so who takes the partition over works some of it again.
#include "models/brokers/kafka.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- cookies: which partition, which group, which of its hands
// ------------------------------------

enum { PARTITION_BITS = 24 };

static uint64_t cookie_of(const struct kafka_partition *partition, uint32_t group)
{
    return (uint64_t)partition->readers[group].generation << 32 |
           (uint64_t)group << PARTITION_BITS | partition->number;
}

static uint32_t group_of(uint64_t cookie)
{
    return (uint32_t)cookie >> PARTITION_BITS;
}

// NULL: it belongs to an earlier hand or pause.
static struct kafka_partition *partition_of(struct component *component, uint64_t cookie)
{
    const uint32_t number = (uint32_t)cookie & ((1U << PARTITION_BITS) - 1);
    struct kafka_partition *partition = &kafka_state(component)->partitions[number];
    return partition->readers[group_of(cookie)].generation == cookie >> 32 ? partition : NULL;
}

// ---- hand-over
// ------------------------------------------------------------------------------------

static void on_done(struct node *broker, uint64_t cookie, enum status status);

// Offsets that the group sees: below the watermark and, where it reads what is committed only,
// below the first transaction that is not decided.
static uint64_t visible_end(const struct component *component,
                            const struct kafka_partition *partition)
{
    uint64_t end = partition->watermark;
    if (kafka_configuration(component)->consumer.isolation == KAFKA_COMMITTED) {
        for (uint32_t i = 0; i < partition->open_count; i++) {
            end = partition->open[i].first < end ? partition->open[i].first : end;
        }
    }
    return end;
}

static bool is_hidden(const struct component *component, const struct offsets_run *run)
{
    const bool committed = kafka_configuration(component)->consumer.isolation == KAFKA_COMMITTED;
    return (run->tag & KAFKA_MARKER) != 0 || (committed && (run->tag & KAFKA_ABORTED) != 0);
}

// Markers and, for who reads what is committed, aborted records are passed over.
static void skip_hidden(struct component *component, struct kafka_partition *partition,
                        uint32_t number, uint64_t visible)
{
    struct kafka_reader *reader = &partition->readers[number];
    const struct offsets *log = &partition->log;
    uint32_t i = offsets_find(log, reader->position);
    while (reader->position < visible && i < log->runs.count &&
           is_hidden(component, offsets_run(log, i))) {
        const uint64_t end = offsets_run(log, i++)->end;
        const struct consumer_design *consumer = kafka_state(component)->groups[number].consumer;
        consumer_note_visible(component->world, consumer, reader->position - end);
        reader->position = end;
        reader->handed = reader->handed > end ? reader->handed : end;
    }
}

// How many records from the position on may be handed over together.
static uint64_t hand_of(const struct component *component, const struct kafka_partition *partition,
                        const struct kafka_reader *reader, uint64_t most)
{
    const struct offsets *log = &partition->log;
    const uint64_t ready = visible_end(component, partition) - reader->position;
    const uint64_t hand = ready < most ? ready : most;
    if (kafka_state(component)->transaction_count == 0) {
        return hand;
    }
    uint32_t i = offsets_find(log, reader->position);
    while (i < log->runs.count && !is_hidden(component, offsets_run(log, i)) &&
           offsets_start(log, i) < reader->position + hand) {
        i++;
    }
    const uint64_t end = i < log->runs.count ? offsets_start(log, i) : log->end;
    return end - reader->position < hand ? end - reader->position : hand;
}

// States what is broken, if anything is.
static void state_order(const struct component *component, const struct kafka_partition *partition,
                        const struct kafka_reader *reader, const struct offsets_run *run)
{
    const uint64_t end = reader->position + reader->hand;
    if (reader->position > reader->handed) {
        world_hold(component->world, "kafka-order", false,
                   "partition %u: offset %lu was handed over after %lu", partition->number,
                   (unsigned long)reader->position, (unsigned long)reader->handed);
    }
    if (end > visible_end(component, partition) || is_hidden(component, run)) {
        world_hold(component->world, "kafka-committed-only", false,
                   "partition %u: offsets %lu to %lu were handed over", partition->number,
                   (unsigned long)reader->position, (unsigned long)end);
    }
}

static void hand_over(struct component *component, struct kafka_partition *partition,
                      uint32_t number)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const uint64_t most = group->consumer->batch > 0 ? group->consumer->batch : 1;
    const uint32_t found = offsets_find(&partition->log, reader->position);
    CHECK(found < partition->log.runs.count);
    const struct offsets_run *run = offsets_run(&partition->log, found);
    reader->hand = hand_of(component, partition, reader, most);
    reader->hand_ns = run->time_ns;
    reader->busy = true;
    reader->due = false;
    reader->generation++;
    group->in_hand[reader->member]++;
    const uint64_t end = reader->position + reader->hand;
    state_order(component, partition, reader, run);
    reader->handed = end > reader->handed ? end : reader->handed;
    const uint64_t bytes[2] = {0, offsets_bytes(&partition->log, reader->position, end)};
    if (kafka_configuration(component)->quota.consume > 0) {
        const struct node *member = &group->to->nodes[reader->member];
        const uint32_t broker = partition->copies[partition->leader].broker;
        reader->quiet_ns =
            component->world->now + kafka_client_throttle(component, broker, member, bytes, 0);
    }
    const struct consumer_delivery delivery = {
        .broker = kafka_leader(component, partition),
        .to = group->to,
        .member = &group->to->nodes[reader->member],
        .consumer = group->consumer,
        .request = run->request,
        .messages = reader->hand,
        .bytes = bytes[1],
        .cookie = cookie_of(partition, number),
        .done = on_done,
    };
    consumer_deliver(&delivery);
}

static void on_pause_over(struct node *broker, uint64_t cookie)
{
    struct kafka_partition *partition = partition_of(broker->component, cookie);
    if (partition != NULL) {
        struct kafka_reader *reader = &partition->readers[group_of(cookie)];
        reader->pausing = false;
        reader->due = true;
        kafka_group_pump(broker->component, partition);
    }
}

void kafka_group_pause(struct component *component, struct kafka_partition *partition,
                       uint32_t group, int64_t delay_ns)
{
    partition->readers[group].pausing = true;
    partition->readers[group].generation++;
    node_timer_constant(kafka_leader(component, partition), delay_ns, on_pause_over,
                        cookie_of(partition, group));
}

// What holds a hand back beside the batch: the client's quota, the schema of the records.
static int64_t hold_back(struct component *component, struct kafka_partition *partition,
                         uint32_t number)
{
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_group *group = &kafka_state(component)->groups[number];
    const struct kafka_reader *reader = &partition->readers[number];
    const struct node *member = &group->to->nodes[reader->member];
    if (reader->quiet_ns > component->world->now) {
        return reader->quiet_ns - component->world->now;
    }
    if (kafka_topic(component, partition->topic)->schemas == 0) {
        return 0;
    }
    const uint32_t found = offsets_find(&partition->log, reader->position);
    const uint64_t key = offsets_run(&partition->log, found)->request;
    const int64_t time = kafka_client_lookup(component, member, partition->topic, key);
    return time < 0 ? configuration->consumer.retry_ns : time;
}

// Out of range: the records have been deleted. The group goes on where auto.offset.reset says.
static void skip_expired(struct component *component, struct kafka_partition *partition,
                         uint32_t number)
{
    struct kafka_reader *reader = &partition->readers[number];
    const bool earliest = kafka_configuration(component)->consumer.reset == KAFKA_EARLIEST;
    const uint64_t end = earliest ? partition->log.begin : visible_end(component, partition);
    const struct consumer_design *consumer = kafka_state(component)->groups[number].consumer;
    if (reader->position >= partition->log.begin) {
        return;
    }
    kafka_state(component)->expired += end - reader->position;
    consumer_note_visible(component->world, consumer, reader->position - end);
    reader->position = reader->committed = end;
    reader->handed = reader->handed > end ? reader->handed : end;
}

void kafka_group_expire(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->group_count; i++) {
        if (state->groups[i].topic == partition->topic && !partition->readers[i].busy) {
            skip_expired(component, partition, i);
        }
    }
}

static bool may_hand_over(struct component *component, struct kafka_partition *partition,
                          uint32_t number)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const struct consumer_design *consumer = group->consumer;
    const uint64_t ready = visible_end(component, partition) - reader->position;
    if (ready < consumer->batch && consumer->batch_wait_ns > 0 && !reader->due) {
        kafka_group_pause(component, partition, number, consumer->batch_wait_ns);
        return false;
    }
    if (consumer->concurrency > 0 && group->in_hand[reader->member] >= consumer->concurrency) {
        group->starved[reader->member] = true;
        return false;
    }
    const int64_t wait = hold_back(component, partition, number);
    if (wait > 0) {
        kafka_group_pause(component, partition, number, wait);
    }
    return wait == 0;
}

static void pump_group(struct component *component, struct kafka_partition *partition,
                       uint32_t number)
{
    const struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const uint64_t visible = visible_end(component, partition);
    if (visible > reader->seen) {
        consumer_note_visible(component->world, group->consumer, visible - reader->seen);
        reader->seen = visible;
    }
    if (reader->busy || reader->pausing) {
        return;
    }
    skip_expired(component, partition, number);
    if (kafka_state(component)->transaction_count > 0) {
        skip_hidden(component, partition, number, visible);
    }
    if (reader->position < visible && may_hand_over(component, partition, number)) {
        hand_over(component, partition, number);
    }
}

void kafka_group_pump(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    if (state->group_count == 0 || kafka_server(component, partition) == NULL) {
        return;
    }
    for (uint32_t i = 0; i < state->group_count; i++) {
        if (state->groups[i].topic == partition->topic) {
            pump_group(component, partition, i);
        }
    }
}

static void feed_starved(struct component *component, uint32_t number, uint32_t member)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_group *group = &state->groups[number];
    if (!group->starved[member]) {
        return;
    }
    group->starved[member] = false;
    const uint32_t first = state->topic_first[group->topic];
    for (uint32_t i = first; i < state->topic_first[group->topic + 1]; i++) {
        struct kafka_partition *partition = &state->partitions[i];
        if (partition->readers[number].member == member &&
            kafka_server(component, partition) != NULL) {
            pump_group(component, partition, number);
        }
    }
}

// ---- commit and redelivery
// ------------------------------------------------------------------------

static void commit(struct component *component, struct kafka_partition *partition,
                   struct kafka_reader *reader)
{
    const int64_t now = component->world->now;
    if (now - reader->commit_ns >= kafka_configuration(component)->consumer.commit_ns) {
        reader->committed = reader->position;
        reader->commit_ns = now;
        kafka_log_trim(component, partition);
    }
}

static void on_done(struct node *broker, uint64_t cookie, enum status status)
{
    struct component *component = broker->component;
    struct kafka_partition *partition = partition_of(component, cookie);
    const uint32_t number = group_of(cookie);
    if (partition == NULL || !partition->readers[number].busy) {
        return; // of an earlier generation, or handed over again since
    }
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const uint32_t member = reader->member;
    reader->busy = false;
    group->in_hand[member]--;
    if (status_is_good(status)) {
        reader->position += reader->hand;
        consumer_note_done(component->world, group->consumer, reader->hand_ns, reader->hand);
        commit(component, partition, reader);
        pump_group(component, partition, number);
    } else {
        consumer_note_again(component->world, group->consumer, reader->hand);
        kafka_group_pause(component, partition, number,
                          kafka_configuration(component)->consumer.retry_ns);
    }
    feed_starved(component, number, member);
}

// The backlog is what is visible and not worked off.
static void move_reader(struct component *component, uint32_t number, struct kafka_reader *reader,
                        uint64_t position, uint64_t seen)
{
    const uint64_t before = reader->seen - reader->position;
    consumer_note_visible(component->world, kafka_state(component)->groups[number].consumer,
                          seen - position - before);
    reader->position = position;
    reader->seen = seen;
}

static void drop_hand(struct component *component, uint32_t number, struct kafka_reader *reader)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    if (reader->busy) {
        group->in_hand[reader->member]--;
        consumer_note_again(component->world, group->consumer, reader->hand);
    }
    reader->busy = reader->pausing = false;
    reader->generation++;
}

void kafka_group_revoke(struct component *component, struct kafka_partition *partition,
                        uint32_t number)
{
    struct kafka_reader *reader = &partition->readers[number];
    drop_hand(component, number, reader);
    consumer_note_again(component->world, kafka_state(component)->groups[number].consumer,
                        reader->position - reader->committed);
    move_reader(component, number, reader, reader->committed, reader->seen);
}

void kafka_group_reset(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    const uint64_t end = partition->log.end;
    for (uint32_t i = 0; i < state->group_count; i++) {
        struct kafka_reader *reader = &partition->readers[i];
        if (state->groups[i].topic != partition->topic) {
            continue;
        }
        drop_hand(component, i, reader);
        move_reader(component, i, reader, reader->position < end ? reader->position : end,
                    reader->seen < end ? reader->seen : end);
        reader->committed = reader->committed < end ? reader->committed : end;
        reader->handed = reader->handed < end ? reader->handed : end;
    }
}

// ---- attaching
// ------------------------------------------------------------------------------------

static uint32_t find_topic(const struct component *component, const char *name)
{
    const struct field_map *topics = &kafka_configuration(component)->topics;
    uint32_t topic = 0;
    while (topic < topics->count && !text_same(topics->names[topic], name)) {
        topic++;
    }
    return topic;
}

void kafka_group_attach(struct component *component, const struct consumer_design *consumer,
                        struct component *to)
{
    struct kafka_state *state = kafka_state(component);
    struct arena *arena = &component->world->arena;
    CHECK(state->group_count < KAFKA_GROUPS);
    CHECK(state->partition_count < 1U << PARTITION_BITS);
    const uint32_t number = state->group_count++;
    struct kafka_group *group = &state->groups[number];
    group->consumer = consumer;
    group->to = to;
    group->topic = find_topic(component, consumer->topic);
    CHECK(group->topic < kafka_configuration(component)->topics.count);
    group->in_hand = arena_take_array(arena, to->node_count, sizeof(uint32_t));
    group->starved = arena_take_array(arena, to->node_count, sizeof(bool));
    kafka_assign_begin(component, number);
}
