// kafka - Kafka 3.6 with KRaft: partitions, batches, in-sync replicas, elections, consumer groups.
#include <stdlib.h>

#include "models/brokers/brokers.h"
#include "models/brokers/kafka.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

// ---- metrics
// --------------------------------------------------------------------------------------

static double read_records(const struct component *component)
{
    return (double)kafka_state(component)->records;
}

static double read_fill(const struct component *component)
{
    const struct kafka_state *state = kafka_state(component);
    return (double)state->records / (double)state->sent_batches;
}

static double read_elections(const struct component *component)
{
    return (double)kafka_state(component)->elections;
}

static double read_shrinks(const struct component *component)
{
    return (double)kafka_state(component)->shrinks;
}

static double read_lost(const struct component *component)
{
    return (double)kafka_state(component)->lost;
}

static double read_misses(const struct component *component)
{
    return (double)kafka_state(component)->min_insync_misses;
}

static const struct model_metric metrics[] = {
    {"records", "{record}", "records appended since the start", read_records},
    {"records_per_batch", "{record}", "mean records of an appended batch", read_fill},
    {"elections", "1", "partition leaders elected after the start", read_elections},
    {"isr_shrinks", "1", "replicas that left an in-sync set", read_shrinks},
    {"acknowledged_lost", "{record}", "records lost although their producer was told OK",
     read_lost},
    {"not_enough_replicas", "1", "batches refused for want of in-sync replicas", read_misses},
    {0},
};

static const struct model_invariant invariants[] = {
    {"kafka-acknowledged-safe", "with acks=all, min_insync >= 2 and no unclean election nothing "
                                "acknowledged is lost while at most one broker is down"},
    {"kafka-watermark", "the high watermark never passes the end of an in-sync replica's log"},
    {0},
};

// ---- steps
// ----------------------------------------------------------------------------------------

enum { STEP_FIND, STEP_GATHER, STEP_RECEIVE, STEP_APPEND, STEP_ANSWER };

static struct kafka_batch *batch_of(const struct visit *visit)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    return slots_at(&state->batches, visit->value);
}

static uint32_t choose_partition(const struct visit *visit, const char *topic_name)
{
    const struct component *component = visit->node->component;
    const struct field_map *topics = &kafka_configuration(component)->topics;
    const struct kafka_state *state = kafka_state(component);
    for (uint32_t topic = 0; topic < topics->count; topic++) {
        if (text_same(topics->names[topic], topic_name)) {
            const uint64_t count = kafka_topic(component, topic)->partitions;
            return state->topic_first[topic] + (uint32_t)(visit_key(visit) % count);
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

// A producer sends to the partition's leader; without one it waits for the election.
static enum outcome go_to_leader(struct visit *visit, uint32_t number)
{
    struct component *component = visit->node->component;
    struct kafka_partition *partition = &kafka_state(component)->partitions[number];
    struct node *leader = kafka_leader(component, partition);
    if (leader == visit->node) {
        visit->value = number;
        return step_next(visit);
    }
    if (leader != NULL && node_is_up(leader)) {
        return call_forward(visit, leader, visit->operation);
    }
    return await_leader(visit, partition);
}

static enum outcome find_partition(struct visit *visit)
{
    const struct call_design *design = call_design_of(visit);
    if (design == NULL || design->topic == NULL) {
        return step_fail(visit, STATUS_CANCELLED);
    }
    const uint32_t number = choose_partition(visit, design->topic);
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

static enum outcome receive(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_state *state = kafka_state(component);
    int64_t time = distribution_draw(&configuration->request, state->request);
    time += distribution_draw(&configuration->append, state->append);
    time += (int64_t)((double)batch_of(visit)->bytes / configuration->copy * 1e9);
    return step_cpu(visit, time);
}

static bool may_append(struct component *component, const struct node *broker,
                       const struct kafka_partition *partition)
{
    const int acks = kafka_configuration(component)->producer.acks;
    const uint64_t least = kafka_topic(component, partition->topic)->min_insync;
    if (kafka_leader(component, partition) != broker) {
        return false;
    }
    const bool few = (uint64_t)__builtin_popcount(partition->insync) < least;
    kafka_state(component)->min_insync_misses += acks == KAFKA_ACKS_ALL && few;
    return acks != KAFKA_ACKS_ALL || !few;
}

static enum outcome await_replicas(struct visit *visit, struct kafka_partition *partition,
                                   uint64_t end)
{
    struct component *component = visit->node->component;
    if (kafka_configuration(component)->producer.acks == KAFKA_ACKS_ALL) {
        kafka_log_park(partition, end, visit_ticket(visit));
        step_wait(visit);
        kafka_replica_note(component, partition);
        return OUTCOME_WAIT;
    }
    partition->acknowledged = end;
    kafka_replica_note(component, partition);
    return step_next(visit);
}

static uint64_t append_batch(struct visit *visit, struct kafka_partition *partition)
{
    struct component *component = visit->node->component;
    const struct kafka_batch *batch = batch_of(visit);
    const struct offsets_run run = {
        .time_ns = visit_now(visit), .request = visit->request, .bytes = batch->bytes};
    kafka_state(component)->sent_batches++;
    visit->status = STATUS_OK;
    return kafka_log_append(component, partition, batch->records, &run);
}

static enum outcome append(struct visit *visit)
{
    struct component *component = visit->node->component;
    struct kafka_partition *partition =
        &kafka_state(component)->partitions[batch_of(visit)->partition];
    visit->status = STATUS_UNAVAILABLE;
    if (!may_append(component, visit->node, partition)) {
        return step_next(visit);
    }
    return await_replicas(visit, partition, append_batch(visit, partition));
}

// The carrier tells the others of its batch, then every visit answers for itself.
static enum outcome answer(struct visit *visit)
{
    struct world *world = visit->node->world;
    struct kafka_state *state = kafka_state(visit->node->component);
    struct kafka_batch *batch = batch_of(visit);
    for (uint32_t number = batch->next; number != 0;) {
        struct visit *other = slots_at(&world->visits, number);
        number = other->place;
        other->status = visit->status;
        other->step = STEP_ANSWER;
        visit_wake_later(world, visit_ticket(other));
    }
    slots_give(&state->batches, batch->number);
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
    [STEP_APPEND] = {.name = "replicate", .run = append},
    [STEP_ANSWER] = {.name = "acknowledge", .run = answer},
    {.name = "acknowledge with the batch", .run = answer_alike},
};

// ---- operations
// -----------------------------------------------------------------------------------

static const struct operation operations[] = {
    {.name = "publish",
     .meaning = "appends records to the partition of their key",
     .steps = publish_steps,
     .step_count = sizeof publish_steps / sizeof publish_steps[0]},
};

// ---- life
// -----------------------------------------------------------------------------------------

static void prepare(struct model_preparation *preparation)
{
    const struct kafka_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    component->replicas = (uint32_t)configuration->brokers;
    if (component->cores == 0) {
        component->cores = (double)configuration->io_threads;
    }
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        const struct kafka_topic *topic =
            (const struct kafka_topic *)configuration->topics.items + i;
        if (topic->replication > configuration->brokers) {
            model_complain(preparation, "topics", "topic `%s` wants %lu replicas of %lu brokers",
                           configuration->topics.names[i], (unsigned long)topic->replication,
                           (unsigned long)configuration->brokers);
        }
        if (topic->min_insync > topic->replication) {
            model_complain(preparation, "topics", "topic `%s` wants %lu in sync of %lu replicas",
                           configuration->topics.names[i], (unsigned long)topic->min_insync,
                           (unsigned long)topic->replication);
        }
    }
}

static bool has_topic(const struct component_design *component, const char *topic)
{
    const struct kafka_configuration *configuration = component->configuration;
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        if (text_same(configuration->topics.names[i], topic)) {
            return true;
        }
    }
    return false;
}

static void begin(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    struct world *world = component->world;
    const uint32_t brokers = component->node_count;
    state->component = component;
    kafka_log_begin(component);
    state->links = arena_take_array(&world->arena, (size_t)brokers * brokers, sizeof *state->links);
    state->groups = arena_take_array(&world->arena, KAFKA_GROUPS, sizeof *state->groups);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        state->partitions[i].readers =
            arena_take_array(&world->arena, KAFKA_GROUPS, sizeof(struct kafka_reader));
    }
    uint32_t nodes = 1;
    for (uint32_t i = 0; i < world->design->component_count; i++) {
        nodes += world->design->components[i].replicas;
    }
    state->open_batches = arena_take_array(&world->arena, (size_t)nodes * state->partition_count,
                                           sizeof *state->open_batches);
    state->fenced = arena_take_array(&world->arena, brokers, sizeof(bool));
    slots_init(&state->batches, sizeof(struct kafka_batch));
    state->append = node_component_stream(component, "append");
    state->request = node_component_stream(component, "request");
    state->control = node_component_stream(component, "control");
}

static bool start(struct node *broker)
{
    kafka_replica_begin(broker);
    return true;
}

// Batches that were being gathered die with the visits that carried them.
static void crash(struct node *broker)
{
    struct kafka_state *state = kafka_state(broker->component);
    for (uint32_t number = 1; number < state->batches.used; number++) {
        struct kafka_batch *batch = slots_at(&state->batches, number);
        const bool here =
            batch->number == number && batch->carrier != 0 &&
            kafka_leader(broker->component, &state->partitions[batch->partition]) == broker;
        if (here) {
            uint32_t *open =
                &state->open_batches[batch->producer * state->partition_count + batch->partition];
            *open = *open == number ? 0 : *open;
            batch->carrier = 0;
            slots_give(&state->batches, number);
        }
    }
    kafka_replica_crash(broker);
}

static struct node *any_broker(struct component *component, const struct call *call)
{
    const uint64_t sequence = call->request & 0xffffffffffff;
    struct node *found = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *broker = &component->nodes[(sequence + i) % component->node_count];
        if (node_is_up(broker) && (found == NULL || broker->zone == call->from_zone)) {
            found = broker;
            if (broker->zone == call->from_zone) {
                break;
            }
        }
    }
    return found;
}

// A producer's metadata name the leader; while it is down another broker holds the records.
static struct node *route(struct component *component, const struct call *call, uint64_t key)
{
    const struct field_map *topics = &kafka_configuration(component)->topics;
    const struct kafka_state *state = kafka_state(component);
    for (uint32_t topic = 0; call->design->topic != NULL && topic < topics->count; topic++) {
        if (text_same(topics->names[topic], call->design->topic)) {
            const uint64_t count = kafka_topic(component, topic)->partitions;
            const struct kafka_partition *partition =
                &state->partitions[state->topic_first[topic] + key % count];
            struct node *leader = kafka_leader(component, partition);
            return leader != NULL && node_is_up(leader) ? leader : any_broker(component, call);
        }
    }
    return any_broker(component, call);
}

static struct node *with_role(struct component *component, const char *role)
{
    const struct kafka_state *state = kafka_state(component);
    if (!text_same(role, "leader") || state->partition_count == 0) {
        return NULL;
    }
    return kafka_leader(component, &state->partitions[0]);
}

static void check_partition(struct component *component, const struct kafka_partition *partition)
{
    for (uint32_t i = 0; i < partition->replica_count; i++) {
        const bool counts = partition->leader != KAFKA_NO_LEADER && (partition->insync >> i & 1);
        world_hold(component->world, "kafka-watermark",
                   !counts || partition->ends[i] >= partition->watermark,
                   "partition %u: replica %u ends at %lu, watermark %lu", partition->number, i,
                   (unsigned long)partition->ends[i], (unsigned long)partition->watermark);
    }
}

static void check(struct component *component)
{
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_state *state = kafka_state(component);
    bool promised = configuration->producer.acks == KAFKA_ACKS_ALL && !configuration->unclean;
    uint32_t crashes = 0;
    for (uint32_t i = 0; i < component->node_count; i++) {
        crashes += component->nodes[i].epoch;
    }
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        promised = promised && kafka_topic(component, i)->min_insync >= 2;
    }
    if (promised && crashes <= 1) {
        world_hold(component->world, "kafka-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged records are lost", (unsigned long)state->lost);
    }
    for (uint32_t i = 0; i < state->partition_count; i++) {
        check_partition(component, &state->partitions[i]);
    }
}

static void end(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    const uint32_t brokers = component->node_count;
    for (uint32_t i = 0; i < brokers * brokers; i++) {
        free(state->links[i].dirty);
        free(state->links[i].carried);
        free(state->links[i].carried_end);
    }
    slots_release(&state->batches);
    kafka_log_end(component);
}

// ---- descriptor
// -----------------------------------------------------------------------------------

const struct model kafka_model = {
    .kind = "kafka",
    .family = "broker",
    .summary =
        "Kafka 3.6: partitions, record batches, in-sync replicas, elections, consumer groups",
    .stands_for = "Apache Kafka 3.6.2 in KRaft mode; the controller quorum is taken to be healthy, "
                  "transactions, quotas, retention and the schema registry are not modelled",
    .fields = kafka_fields,
    .configuration_size = sizeof(struct kafka_configuration),
    .component_size = sizeof(struct kafka_state),
    .operations = operations,
    .operation_count = 1,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = route,
    .with_role = with_role,
    .attach = kafka_group_attach,
    .has_topic = has_topic,
    .check = check,
    .end = end,
};
