// kafka_group - consumer groups: assignment, hand-over, commit after work, redelivery, rebalance.
//
// A partition belongs to one member; a member works off so many batches at once as its consumer
// declares. A position is committed when the batch has been worked off, so a crash in between hands
// it over again.
#include "models/brokers/kafka.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- cookies: which partition, which group, under which leader
// ------------------------------------

static uint64_t cookie_of(const struct kafka_partition *partition, uint32_t group)
{
    return (uint64_t)(partition->epoch & 0xffffff) << 40 | (uint64_t)group << 32 |
           partition->number;
}

static struct kafka_partition *partition_of(struct component *component, uint64_t cookie)
{
    struct kafka_partition *partition = &kafka_state(component)->partitions[(uint32_t)cookie];
    return (partition->epoch & 0xffffff) == cookie >> 40 ? partition : NULL;
}

static uint32_t group_of(uint64_t cookie)
{
    return (uint32_t)(cookie >> 32) & 0xff;
}

// ---- hand-over
// ------------------------------------------------------------------------------------

static void on_done(struct node *broker, uint64_t cookie, enum status status);

static void hand_over(struct component *component, struct kafka_partition *partition,
                      uint32_t number)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const uint32_t found = offsets_find(&partition->log, reader->position);
    const uint64_t ready = partition->watermark - reader->position;
    const uint64_t most = group->consumer->batch > 0 ? group->consumer->batch : 1;
    CHECK(found < partition->log.count);
    const struct offsets_run *run = offsets_run(&partition->log, found);
    reader->hand = ready < most ? ready : most;
    reader->hand_ns = run->time_ns;
    reader->busy = true;
    reader->due = false;
    group->in_hand[reader->member]++;
    const struct consumer_delivery delivery = {
        .broker = kafka_leader(component, partition),
        .to = group->to,
        .member = &group->to->nodes[reader->member],
        .consumer = group->consumer,
        .request = run->request,
        .messages = reader->hand,
        .bytes = offsets_bytes(&partition->log, 0, reader->hand),
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

static void pause_reader(struct component *component, struct kafka_partition *partition,
                         uint32_t group, int64_t delay_ns)
{
    partition->readers[group].pausing = true;
    node_timer_constant(kafka_leader(component, partition), delay_ns, on_pause_over,
                        cookie_of(partition, group));
}

static void pump_group(struct component *component, struct kafka_partition *partition,
                       uint32_t number)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const struct consumer_design *consumer = group->consumer;
    if (partition->watermark > reader->seen) {
        consumer_note_visible(component->world, consumer, partition->watermark - reader->seen);
        reader->seen = partition->watermark;
    }
    if (reader->busy || reader->pausing || reader->position >= partition->watermark) {
        return;
    }
    const uint64_t ready = partition->watermark - reader->position;
    if (ready < consumer->batch && consumer->batch_wait_ns > 0 && !reader->due) {
        pause_reader(component, partition, number, consumer->batch_wait_ns);
        return;
    }
    if (consumer->concurrency > 0 && group->in_hand[reader->member] >= consumer->concurrency) {
        group->starved[reader->member] = true;
        return;
    }
    hand_over(component, partition, number);
}

void kafka_group_pump(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    const struct node *leader = kafka_leader(component, partition);
    if (leader == NULL || !kafka_is_alive(leader)) {
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
        const struct node *leader = kafka_leader(component, partition);
        if (partition->readers[number].member == member && leader != NULL &&
            kafka_is_alive(leader)) {
            pump_group(component, partition, number);
        }
    }
}

// ---- rebalance
// ------------------------------------------------------------------------------------

// Partitions of members that are gone move to those that are there; under the eager protocol every
// partition of the group pauses while the members join anew.
static void rebalance(struct component *component, uint32_t number)
{
    struct kafka_state *state = kafka_state(component);
    const struct kafka_group_setting *setting = &kafka_configuration(component)->consumer;
    struct kafka_group *group = &state->groups[number];
    uint32_t next = 0;
    group->rebalances++;
    for (uint32_t i = state->topic_first[group->topic]; i < state->topic_first[group->topic + 1];
         i++) {
        struct kafka_partition *partition = &state->partitions[i];
        struct kafka_reader *reader = &partition->readers[number];
        const bool orphaned = group->gone_ns[reader->member] != 0;
        for (uint32_t tries = 0; orphaned && tries < group->to->node_count; tries++) {
            reader->member = next++ % group->to->node_count;
            if (group->gone_ns[reader->member] == 0) {
                break;
            }
        }
        const bool pauses = orphaned || setting->protocol == KAFKA_EAGER;
        if (pauses && !reader->busy && !reader->pausing &&
            kafka_leader(component, partition) != NULL) {
            pause_reader(component, partition, number, setting->rebalance_ns);
        }
    }
}

static void on_session_end(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    const uint32_t number = (uint32_t)(word >> 32), member = (uint32_t)word;
    struct kafka_group *group = &kafka_state(component)->groups[number];
    if (node_is_up(&group->to->nodes[member])) {
        group->gone_ns[member] = 0;
        return;
    }
    rebalance(component, number);
}

// The member did not finish its batch. If it is gone, its session runs out and the group
// rebalances.
static void note_failure(struct component *component, struct kafka_partition *partition,
                         uint32_t number)
{
    struct kafka_group *group = &kafka_state(component)->groups[number];
    const uint32_t member = partition->readers[number].member;
    const int64_t session = kafka_configuration(component)->consumer.session_ns;
    if (!node_is_up(&group->to->nodes[member]) && group->gone_ns[member] == 0) {
        group->gone_ns[member] = component->world->now;
        node_timer_constant(kafka_leader(component, partition), session, on_session_end,
                            (uint64_t)number << 32 | member);
    } else if (node_is_up(&group->to->nodes[member])) {
        group->gone_ns[member] = 0;
    }
}

static void on_done(struct node *broker, uint64_t cookie, enum status status)
{
    struct component *component = broker->component;
    struct kafka_partition *partition = partition_of(component, cookie);
    const uint32_t number = group_of(cookie);
    if (partition == NULL || !partition->readers[number].busy) {
        return;
    }
    struct kafka_group *group = &kafka_state(component)->groups[number];
    struct kafka_reader *reader = &partition->readers[number];
    const uint32_t member = reader->member;
    reader->busy = false;
    group->in_hand[member]--;
    if (status_is_good(status)) {
        reader->position += reader->hand;
        consumer_note_done(component->world, group->consumer, reader->hand_ns, reader->hand);
        kafka_log_trim(component, partition);
        pump_group(component, partition, number);
    } else {
        consumer_note_again(component->world, group->consumer, reader->hand);
        note_failure(component, partition, number);
        pause_reader(component, partition, number,
                     kafka_configuration(component)->consumer.retry_ns);
    }
    feed_starved(component, number, member);
}

void kafka_group_reset(struct component *component, struct kafka_partition *partition)
{
    const struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->group_count; i++) {
        struct kafka_reader *reader = &partition->readers[i];
        if (state->groups[i].topic != partition->topic) {
            continue;
        }
        if (reader->busy) {
            state->groups[i].in_hand[reader->member]--;
            consumer_note_again(component->world, state->groups[i].consumer, reader->hand);
        }
        reader->busy = reader->pausing = false;
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
    const uint32_t number = state->group_count++;
    struct kafka_group *group = &state->groups[number];
    group->consumer = consumer;
    group->to = to;
    group->topic = find_topic(component, consumer->topic);
    CHECK(group->topic < kafka_configuration(component)->topics.count);
    group->in_hand = arena_take_array(arena, to->node_count, sizeof(uint32_t));
    group->starved = arena_take_array(arena, to->node_count, sizeof(bool));
    group->gone_ns = arena_take_array(arena, to->node_count, sizeof(int64_t));
    const uint32_t first = state->topic_first[group->topic];
    for (uint32_t i = first; i < state->topic_first[group->topic + 1]; i++) {
        state->partitions[i].readers[number].member = (i - first) % to->node_count;
    }
}
