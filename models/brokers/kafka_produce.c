// kafka_produce - what a producer does: find the leader, gather a batch, append, wait for replicas.
#include "models/brokers/kafka.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

double kafka_produce_work(const struct kafka_configuration *configuration, uint64_t bytes)
{
    return distribution_mean(&configuration->request) / 1e9 +
           distribution_mean(&configuration->append) / 1e9 + (double)bytes / configuration->copy;
}

// ---- steps
// ----------------------------------------------------------------------------------------

enum { STEP_FIND, STEP_GATHER, STEP_RECEIVE, STEP_WRITE, STEP_APPEND, STEP_THROTTLE, STEP_ANSWER };

static struct kafka_batch *batch_of(const struct visit *visit)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    return slots_at(&state->batches, visit->value);
}

static struct kafka_partition *partition_of(const struct visit *visit)
{
    return &kafka_state(visit->node->component)->partitions[batch_of(visit)->partition];
}

uint32_t kafka_produce_partition(const struct component *component, const char *topic_name,
                                 uint64_t key)
{
    const struct field_map *topics = &kafka_configuration(component)->topics;
    for (uint32_t topic = 0; topic < topics->count; topic++) {
        if (text_same(topics->names[topic], topic_name)) {
            const uint64_t count = kafka_topic(component, topic)->partitions;
            return kafka_state(component)->topic_first[topic] + (uint32_t)(key % count);
        }
    }
    return UINT32_MAX;
}

static void wait_for_leader(struct kafka_partition *partition, const struct visit *visit)
{
    if (partition->orphan_count == partition->orphan_room) {
        partition->orphan_room = partition->orphan_room == 0 ? 16 : partition->orphan_room * 2;
        partition->orphans =
            check_realloc(partition->orphans, partition->orphan_room * sizeof *partition->orphans);
    }
    partition->orphans[partition->orphan_count++] = visit_ticket(visit);
}

static void give_up_waiting(struct node *broker, uint64_t ticket)
{
    visit_wake(broker->world, ticket);
}

static enum outcome await_leader(struct visit *visit, struct kafka_partition *partition)
{
    const struct component *component = visit->node->component;
    const int64_t delivery = kafka_configuration(component)->producer.delivery_ns;
    const int64_t until = time_after(visit_now(visit), delivery);
    visit->deadline_ns = until < visit->deadline_ns ? until : visit->deadline_ns;
    wait_for_leader(partition, visit);
    node_timer_constant(visit->node, delivery, give_up_waiting, visit_ticket(visit));
    step_wait(visit);
    return OUTCOME_AGAIN;
}

// A leader that was deposed and has not heard of it takes what comes.
static bool takes_itself_for_leader(const struct kafka_partition *partition,
                                    const struct node *broker)
{
    const uint32_t slot = kafka_log_slot(partition, broker->replica);
    return slot != UINT32_MAX && partition->copies[slot].deposed;
}

// The producer looks for the schema of what it writes, once.
static enum outcome know_schema(struct visit *visit, const struct kafka_partition *partition)
{
    struct component *component = visit->node->component;
    const int64_t time =
        kafka_client_lookup(component, call_origin_of(visit), partition->topic, visit_key(visit));
    visit->value = partition->number;
    if (time < 0) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    return time > 0 ? step_hold(visit, time, METER_OTHER) : step_next(visit);
}

enum outcome kafka_produce_go(struct visit *visit, struct kafka_partition *partition)
{
    struct node *leader = kafka_server(visit->node->component, partition);
    return leader != NULL ? call_forward(visit, leader, visit->operation)
                          : await_leader(visit, partition);
}

// A producer sends to the partition's leader; without one it waits for the election.
static enum outcome go_to_leader(struct visit *visit, uint32_t number)
{
    struct component *component = visit->node->component;
    struct kafka_partition *partition = &kafka_state(component)->partitions[number];
    struct node *leader = kafka_server(component, partition);
    if (leader == visit->node || takes_itself_for_leader(partition, visit->node)) {
        return know_schema(visit, partition);
    }
    return kafka_produce_go(visit, partition);
}

static enum outcome find_partition(struct visit *visit)
{
    const struct call_design *design = call_design_of(visit);
    if (design == NULL || design->topic == NULL) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    const uint32_t number =
        kafka_produce_partition(visit->node->component, design->topic, visit_key(visit));
    return number == UINT32_MAX ? step_fail(visit, STATUS_INVALID) : go_to_leader(visit, number);
}

static void send_batch(struct node *broker, uint64_t word)
{
    struct kafka_state *state = kafka_state(broker->component);
    struct kafka_batch *batch = slots_at(&state->batches, (uint32_t)word);
    if (batch->generation != word >> 32 || batch->sent) {
        return;
    }
    batch->sent = true;
    state->open_batches[batch->producer * state->partition_count + batch->partition] = 0;
    visit_wake_later(broker->world, batch->carrier);
}

static struct kafka_batch *begin_batch(struct visit *visit, uint32_t partition, uint32_t producer)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    const uint32_t number = slots_take(&state->batches);
    struct kafka_batch *batch = slots_at(&state->batches, number);
    batch->number = number;
    batch->partition = partition;
    batch->producer = producer;
    batch->broker = visit->node->replica;
    batch->carrier = visit_ticket(visit);
    return batch;
}

static void add_records(const struct visit *visit, struct kafka_batch *batch)
{
    const struct component *component = visit->node->component;
    const struct call_design *design = call_design_of(visit);
    const struct kafka_partition *partition = &kafka_state(component)->partitions[batch->partition];
    const uint64_t record = design != NULL && design->bytes > 0
                                ? design->bytes
                                : kafka_topic(component, partition->topic)->record * visit->units;
    batch->records += visit->units;
    batch->bytes += record;
}

static uint64_t batch_name(const struct kafka_batch *batch)
{
    return (uint64_t)batch->generation << 32 | batch->number;
}

// The first visit of a batch carries it on, at once where nothing is gathered.
static enum outcome carry_batch(struct visit *visit, uint32_t producer, uint32_t *open)
{
    struct node *broker = visit->node;
    const struct kafka_producer *setting = &kafka_configuration(broker->component)->producer;
    const bool alone = setting->linger_ns == 0 || visit->units > 1;
    struct kafka_batch *batch = begin_batch(visit, visit->value, producer);
    visit->value = batch->number;
    add_records(visit, batch);
    if (alone || batch->bytes >= setting->batch) {
        batch->sent = true;
        return step_next(visit);
    }
    *open = batch->number;
    node_timer_constant(broker, setting->linger_ns, send_batch, batch_name(batch));
    return step_wait(visit);
}

static enum outcome join_batch(struct visit *visit, struct kafka_batch *batch)
{
    visit->value = batch->number;
    visit->place = batch->next;
    batch->next = visit->number;
    add_records(visit, batch);
    if (batch->bytes >= kafka_configuration(visit->node->component)->producer.batch) {
        send_batch(visit->node, batch_name(batch));
    }
    return step_wait(visit);
}

// Joins the batch that its producer gathers for the partition, or begins it.
static enum outcome gather(struct visit *visit)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    const struct node *origin = call_origin_of(visit);
    const uint32_t producer = origin == NULL ? 0 : 1 + origin->number;
    uint32_t *open = &state->open_batches[producer * state->partition_count + visit->value];
    const bool joins = *open != 0 && visit->units == 1;
    return joins ? join_batch(visit, slots_at(&state->batches, *open))
                 : carry_batch(visit, producer, open);
}

static void wake_others(struct visit *visit, enum status status)
{
    struct world *world = visit->node->world;
    struct kafka_batch *batch = batch_of(visit);
    for (uint32_t number = batch->next; number != 0;) {
        struct visit *other = slots_at(&world->visits, number);
        number = other->place;
        other->status = (uint8_t)status & 0x7f;
        other->step = STEP_ANSWER;
        visit_wake_later(world, visit_ticket(other));
    }
    batch->next = 0;
}

// With acks=0 a producer takes for done what it has sent.
static void answer_unseen(struct visit *visit)
{
    struct component *component = visit->node->component;
    if (kafka_configuration(component)->producer.acks == KAFKA_ACKS_NONE) {
        struct kafka_batch *batch = batch_of(visit);
        batch->told = true;
        kafka_state(component)->acknowledged += batch->records;
        wake_others(visit, STATUS_OK);
        visit_answer(visit, STATUS_OK, 0);
    }
}

static enum outcome receive(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_state *state = kafka_state(component);
    answer_unseen(visit);
    int64_t time = distribution_draw(&configuration->request, state->request);
    time += distribution_draw(&configuration->append, state->append);
    time += time_of((double)batch_of(visit)->bytes / configuration->copy * 1e9);
    return step_cpu(visit, time);
}

// With more dirty pages than the system allows a writer waits for the disk.
static enum outcome write_pages(struct visit *visit)
{
    const int64_t time =
        kafka_log_write(visit->node->component, visit->node->replica, batch_of(visit)->bytes);
    return time > 0 ? step_hold(visit, time, METER_IO) : step_next(visit);
}

static bool may_append(struct component *component, const struct node *broker,
                       const struct kafka_partition *partition)
{
    const int acks = kafka_configuration(component)->producer.acks;
    const uint64_t least = kafka_topic(component, partition->topic)->min_insync;
    if (kafka_server(component, partition) != broker) {
        return false;
    }
    const bool few = (uint64_t)__builtin_popcount(partition->insync) < least;
    kafka_state(component)->min_insync_misses += acks == KAFKA_ACKS_ALL && few;
    return acks != KAFKA_ACKS_ALL || !few;
}

static enum outcome await_replicas(struct visit *visit, struct kafka_partition *partition)
{
    struct component *component = visit->node->component;
    const struct kafka_waiter waiter = {partition->log.end, visit_ticket(visit), visit_now(visit),
                                        batch_of(visit)->records};
    if (kafka_configuration(component)->producer.acks == KAFKA_ACKS_ALL) {
        kafka_log_park(component, partition, &waiter);
        step_wait(visit);
        kafka_fetch_note(component, partition);
        return OUTCOME_WAIT;
    }
    kafka_log_tell(component, partition, waiter.end, batch_of(visit)->told ? 0 : waiter.records);
    kafka_fetch_note(component, partition);
    return step_next(visit);
}

// Whether an earlier try of the same request is in the log already.
static bool is_repeat(const struct kafka_partition *partition, const struct visit *visit)
{
    const struct offsets *log = &partition->log;
    for (uint32_t i = log->runs.count; visit->attempt > 1 && i-- > 0;) {
        if (offsets_run(log, i)->request == visit->request) {
            return true;
        }
    }
    return false;
}

// The producer's identity and sequence let the leader drop what it has already.
static void append_records(struct visit *visit, struct kafka_partition *partition, uint64_t bytes)
{
    struct component *component = visit->node->component;
    struct kafka_state *state = kafka_state(component);
    const struct kafka_producer *producer = &kafka_configuration(component)->producer;
    const struct offsets_run run = {
        .time_ns = visit_now(visit), .request = visit->request, .bytes = bytes};
    const bool known = is_repeat(partition, visit);
    const bool drops = known && producer->idempotent && producer->acks == KAFKA_ACKS_ALL;
    state->repeated += drops ? visit->units : 0;
    state->duplicates += known && !drops ? visit->units : 0;
    if (!drops) {
        kafka_log_append(component, partition, visit->units, &run);
    }
}

static void append_batch(struct visit *visit, struct kafka_partition *partition)
{
    struct world *world = visit->node->world;
    const struct kafka_batch *batch = batch_of(visit);
    const uint64_t each = batch->bytes / batch->records;
    kafka_state(visit->node->component)->sent_batches++;
    if (batch->told) { // the others have gone
        const struct offsets_run run = {
            .time_ns = visit_now(visit), .request = visit->request, .bytes = batch->bytes};
        kafka_log_append(visit->node->component, partition, batch->records, &run);
        return;
    }
    append_records(visit, partition, each * visit->units);
    for (uint32_t number = batch->next; number != 0;) {
        struct visit *other = slots_at(&world->visits, number);
        number = other->place;
        append_records(other, partition, each);
    }
}

// Appended by a leader that is none: with acks=all nobody ever answers.
static enum outcome append_stray(struct visit *visit, struct kafka_partition *partition)
{
    struct component *component = visit->node->component;
    const struct kafka_producer *producer = &kafka_configuration(component)->producer;
    const struct kafka_batch *batch = batch_of(visit);
    const uint32_t slot = kafka_log_slot(partition, visit->node->replica);
    const bool told = producer->acks != KAFKA_ACKS_ALL;
    kafka_replica_stray(component, partition, slot, batch->records, told);
    kafka_state(component)->acknowledged += told && !batch->told ? batch->records : 0;
    visit->status = told ? STATUS_OK : STATUS_INDETERMINATE;
    return told ? step_next(visit) : step_hold(visit, producer->request_ns, METER_OTHER);
}

static enum outcome refuse(struct visit *visit)
{
    const struct kafka_batch *batch = batch_of(visit);
    kafka_state(visit->node->component)->lost += batch->told ? batch->records : 0;
    visit->status = STATUS_UNAVAILABLE;
    return step_next(visit);
}

static enum outcome append(struct visit *visit)
{
    struct kafka_partition *partition = partition_of(visit);
    if (takes_itself_for_leader(partition, visit->node)) {
        return append_stray(visit, partition);
    }
    if (!may_append(visit->node->component, visit->node, partition)) {
        return refuse(visit);
    }
    visit->status = STATUS_OK;
    batch_of(visit)->appended = true;
    append_batch(visit, partition);
    return await_replicas(visit, partition);
}

// Over its quota a client's answer is held back.
static enum outcome throttle(struct visit *visit)
{
    struct component *component = visit->node->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_quota *quota = &configuration->quota;
    const uint64_t bytes[2] = {batch_of(visit)->bytes, 0};
    if (quota->produce == 0 && quota->request == 0) {
        return step_next(visit);
    }
    const int64_t work = (int64_t)(kafka_produce_work(configuration, bytes[0]) * 1e9);
    const int64_t time =
        kafka_client_throttle(component, visit->node->replica, call_origin_of(visit), bytes, work);
    return time > 0 ? step_hold(visit, time, METER_OTHER) : step_next(visit);
}

// The carrier tells the others of its batch, then every visit answers for itself.
static enum outcome answer(struct visit *visit)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    wake_others(visit, visit->status);
    slots_give(&state->batches, visit->value);
    return step_reply(visit, visit->status);
}

static enum outcome answer_alike(struct visit *visit)
{
    return step_reply(visit, visit->status);
}

static const struct step publish_steps[] = {
    [STEP_FIND] = {.name = "find leader", .run = find_partition},
    [STEP_GATHER] = {.name = "gather batch", .run = gather},
    [STEP_RECEIVE] = {.name = "receive and append", .run = receive},
    [STEP_WRITE] = {.name = "write pages", .run = write_pages},
    [STEP_APPEND] = {.name = "replicate", .run = append},
    [STEP_THROTTLE] = {.name = "keep to the quota", .run = throttle},
    [STEP_ANSWER] = {.name = "acknowledge", .run = answer},
    {.name = "acknowledge with the batch", .run = answer_alike},
};

// ---- operations
// -----------------------------------------------------------------------------------

const struct operation kafka_operations[KAFKA_OPERATIONS] = {
    [KAFKA_PUBLISH] = {.name = "publish",
                       .meaning = "appends records to the partition of their key",
                       .steps = publish_steps,
                       .step_count = sizeof publish_steps / sizeof publish_steps[0]},
    [KAFKA_TRANSACT] = {.name = "transact",
                        .meaning = "writes a record to several partitions, all or none",
                        .steps = kafka_transact_steps,
                        .step_count = KAFKA_TRANSACT_STEPS},
    [KAFKA_PART] = {.name = "transaction part",
                    .meaning = "a partition's record or marker of a transaction",
                    .steps = kafka_part_steps,
                    .step_count = KAFKA_PART_STEPS,
                    .internal = true},
    [KAFKA_FINISH] = {.name = "finish transaction",
                      .meaning = "a new coordinator carries out what was decided",
                      .steps = kafka_finish_steps,
                      .step_count = KAFKA_FINISH_STEPS,
                      .internal = true},
};

// ---- crash
// ----------------------------------------------------------------------------------------

// Batches that were being gathered die with the visits that carried them; what a producer with
// acks=0 took for sent is lost with them.
void kafka_produce_crash(struct node *broker)
{
    struct kafka_state *state = kafka_state(broker->component);
    for (uint32_t number = 1; number < state->batches.used; number++) {
        struct kafka_batch *batch = slots_at(&state->batches, number);
        if (batch->number != number || batch->carrier == 0 || batch->broker != broker->replica) {
            continue;
        }
        uint32_t *open =
            &state->open_batches[batch->producer * state->partition_count + batch->partition];
        *open = *open == number ? 0 : *open;
        state->lost += batch->told && !batch->appended ? batch->records : 0;
        batch->carrier = 0;
        slots_give(&state->batches, number);
    }
}
