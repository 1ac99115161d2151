// kafka - Kafka 3.6 with KRaft: partitions, batches, in-sync replicas, elections, consumer groups.
#include <math.h>
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

static double read_acknowledged(const struct component *component)
{
    return (double)kafka_state(component)->acknowledged;
}

static double read_lost(const struct component *component)
{
    return (double)kafka_state(component)->lost;
}

static double read_elections(const struct component *component)
{
    return (double)kafka_state(component)->elections;
}

static double read_unclean(const struct component *component)
{
    return (double)kafka_state(component)->unclean_elections;
}

static double read_unavailable(const struct component *component)
{
    const struct kafka_state *state = kafka_state(component);
    int64_t most = state->unavailable_ns;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        const int64_t since = state->partitions[i].leaderless_ns;
        const int64_t time = since == TIME_NEVER ? 0 : component->world->now - since;
        most = time > most ? time : most;
    }
    return (double)most / 1e9;
}

static double read_undecided(const struct component *component)
{
    const struct kafka_state *state = kafka_state(component);
    const int64_t since = state->controllerless_ns;
    const int64_t time = since == TIME_NEVER ? 0 : component->world->now - since;
    return (double)(time > state->undecided_ns ? time : state->undecided_ns) / 1e9;
}

static double read_fencings(const struct component *component)
{
    return (double)kafka_state(component)->fencings;
}

static double read_shrinks(const struct component *component)
{
    return (double)kafka_state(component)->shrinks;
}

static double read_expansions(const struct component *component)
{
    return (double)kafka_state(component)->expansions;
}

static double read_controllers(const struct component *component)
{
    return (double)kafka_state(component)->raft.election.elections;
}

static double read_truncated(const struct component *component)
{
    return (double)kafka_state(component)->truncated;
}

static double read_misses(const struct component *component)
{
    return (double)kafka_state(component)->min_insync_misses;
}

static double read_timed_out(const struct component *component)
{
    return (double)kafka_state(component)->timed_out;
}

static double read_duplicates(const struct component *component)
{
    return (double)kafka_state(component)->duplicates;
}

static double read_repeated(const struct component *component)
{
    return (double)kafka_state(component)->repeated;
}

static double read_lag(const struct component *component)
{
    const struct kafka_state *state = kafka_state(component);
    uint64_t most = 0;
    for (uint32_t group = 0; group < state->group_count; group++) {
        uint64_t lag = 0;
        for (uint32_t i = 0; i < state->partition_count; i++) {
            const struct kafka_partition *partition = &state->partitions[i];
            const uint64_t at = partition->readers[group].position;
            const bool reads = partition->topic == state->groups[group].topic;
            lag += reads && partition->watermark > at ? partition->watermark - at : 0;
        }
        most = lag > most ? lag : most;
    }
    return state->group_count == 0 ? NAN : (double)most;
}

static double read_expired(const struct component *component)
{
    return (double)kafka_state(component)->expired;
}

static double read_committed(const struct component *component)
{
    return (double)kafka_state(component)->committed;
}

static double read_aborted(const struct component *component)
{
    return (double)kafka_state(component)->aborted;
}

static double read_open(const struct component *component)
{
    return kafka_state(component)->transactions.live;
}

static double read_lookups(const struct component *component)
{
    return (double)kafka_state(component)->looked_up;
}

static double read_throttle(const struct component *component)
{
    return (double)kafka_state(component)->throttle_total_ns / 1e9;
}

static const struct model_metric metrics[] = {
    {"records", "{record}", "records appended since the start", read_records},
    {"records_per_batch", "{record}", "mean records of an appended batch", read_fill},
    {"acknowledged", "{record}", "records whose producer was told OK", read_acknowledged},
    {"lost", "{record}", "acknowledged records that no longer exist", read_lost},
    {"unavailable(max)", "s", "longest time that a partition had no serving leader",
     read_unavailable},
    {"elections", "1", "partition leaders elected after the start", read_elections},
    {"unclean_elections", "1", "of them from outside the in-sync set", read_unclean},
    {"controller_elections", "1", "controllers elected after the start", read_controllers},
    {"controller_unavailable(max)", "s",
     "longest time without an active controller after one had crashed", read_undecided},
    {"fencings", "1", "brokers whose session ended", read_fencings},
    {"isr_shrinks", "1", "replicas that left an in-sync set", read_shrinks},
    {"isr_expansions", "1", "replicas that came back into one", read_expansions},
    {"truncated", "{record}", "records that a replica cut off because the leader has others",
     read_truncated},
    {"not_enough_replicas", "1", "batches refused for want of in-sync replicas", read_misses},
    {"timed_out", "1", "batches whose replication outlasted the request's time-out",
     read_timed_out},
    {"duplicates", "{record}", "records appended twice by retries", read_duplicates},
    {"repeats_dropped", "{record}", "records of retries that the leader had already",
     read_repeated},
    {"lag(max)", "{record}", "most records that a group had not worked off at the end", read_lag},
    {"expired", "{record}", "records deleted before a group had read them", read_expired},
    {"transactions", "1", "transactions that were committed", read_committed},
    {"transactions_aborted", "1", "transactions that were aborted", read_aborted},
    {"transactions_open", "1", "transactions under way at the end", read_open},
    {"schema_lookups", "1", "schemas that a client had to ask the registry for", read_lookups},
    {"throttle_time", "s", "time that answers were held back by quotas, in all", read_throttle},
    {0},
};

static const struct model_invariant invariants[] = {
    {"kafka-acknowledged-safe",
     "with acks=all and no unclean election nothing acknowledged is lost while no host loses "
     "power, "
     "nor, with min_insync >= 2, when one does while the others are in sync"},
    {"kafka-watermark", "the high watermark never passes the end of an in-sync replica's log"},
    {"kafka-order", "a group is handed the records of a partition in the order of their offsets"},
    {"kafka-committed-only", "no group is handed what lies beyond the high watermark, and under "
                             "read_committed nothing of an open or aborted transaction"},
    {"kafka-one-owner", "a partition belongs to one living member of a group, and a commit of an "
                        "earlier generation counts for nothing"},
    {0},
};

// ---- life
// -----------------------------------------------------------------------------------------

static void check_times(struct model_preparation *preparation)
{
    const struct kafka_configuration *configuration = preparation->configuration;
    const struct kafka_producer *producer = &configuration->producer;
    if (configuration->heartbeat_ns >= configuration->session_ns) {
        model_complain(preparation, "heartbeat", "brokers must be heard within their `session`");
    }
    if (configuration->consumer.heartbeat_ns > configuration->consumer.session_ns) {
        model_complain(preparation, "consumer", "`heartbeat` must not be longer than `session`");
    }
    if (producer->delivery_ns < producer->linger_ns) {
        model_complain(preparation, "producer", "`delivery` must not be shorter than `linger`");
    }
}

static void prepare(struct model_preparation *preparation)
{
    const struct kafka_configuration *configuration = preparation->configuration;
    struct component_design *component = preparation->component;
    kafka_controller_prepare(preparation);
    kafka_transaction_prepare(preparation);
    check_times(preparation);
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
    return field_find(&configuration->topics, topic) < configuration->topics.count;
}

static void begin_parts(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    struct arena *arena = &component->world->arena;
    const struct design *design = component->world->design;
    const uint32_t brokers = state->broker_count;
    state->brokers = arena_take_array(arena, brokers, sizeof *state->brokers);
    state->links = arena_take_array(arena, (size_t)brokers * brokers, sizeof *state->links);
    state->groups = arena_take_array(arena, KAFKA_GROUPS, sizeof *state->groups);
    state->producers = 1;
    for (uint32_t i = 0; i < design->component_count; i++) {
        state->producers += design->components[i].replicas;
    }
    state->open_batches = arena_take_array(arena, (size_t)state->producers * state->partition_count,
                                           sizeof *state->open_batches);
    state->throttle_ns = arena_take_array(
        arena, 3 * (1 + (size_t)design->component_count) * brokers, sizeof *state->throttle_ns);
    slots_init(&state->batches, sizeof(struct kafka_batch));
    map_init(&state->schemas);
}

static void begin(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    state->component = component;
    state->broker_count = (uint32_t)kafka_configuration(component)->brokers;
    kafka_log_begin(component);
    begin_parts(component);
    state->append = node_component_stream(component, "append");
    state->request = node_component_stream(component, "request");
    state->control = node_component_stream(component, "control");
    state->lookup = node_component_stream(component, "lookup");
    kafka_transaction_begin(component);
    kafka_controller_begin(component);
}

static void on_retention(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    struct kafka_state *state = kafka_state(component);
    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (kafka_server(component, &state->partitions[i]) == broker) {
            kafka_log_retain(component, &state->partitions[i]);
        }
    }
    node_timer_constant(broker, kafka_configuration(component)->retention_check_ns, on_retention,
                        word);
}

static void on_recovered(struct node *broker, uint64_t word)
{
    node_ready(broker);
    kafka_controller_beat(broker, word);
}

// The broker reads the open segment of each of its logs before it serves.
static int64_t recovery_time(const struct node *broker)
{
    const struct kafka_state *state = kafka_state(broker->component);
    const struct kafka_configuration *configuration = kafka_configuration(broker->component);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        const bool here = kafka_log_slot(&state->partitions[i], broker->replica) != UINT32_MAX;
        bytes += here ? state->partitions[i].log.bytes % configuration->segment : 0;
    }
    return time_of((double)bytes / configuration->recovery * 1e9);
}

static bool start(struct node *node)
{
    kafka_controller_start(node);
    if (!kafka_is_broker(node)) {
        return true;
    }
    kafka_replica_begin(node);
    kafka_transaction_start(node);
    const int64_t check = kafka_configuration(node->component)->retention_check_ns;
    node_timer_constant(node, check, on_retention, 0);
    if (node->epoch > 0) {
        node_timer(node, recovery_time(node), on_recovered, 0);
    }
    return node->epoch == 0;
}

static void crash(struct node *node)
{
    kafka_controller_crash(node);
    if (kafka_is_broker(node)) {
        kafka_produce_crash(node);
        kafka_replica_crash(node);
    }
}

static struct node *any_broker(struct component *component, const struct call *call)
{
    const uint64_t sequence = call->request & 0xffffffffffff;
    const uint32_t brokers = kafka_state(component)->broker_count;
    struct node *found = NULL;
    for (uint32_t i = 0; i < brokers; i++) {
        struct node *broker = &component->nodes[(sequence + i) % brokers];
        if (node_is_up(broker) && (found == NULL || broker->zone == call->from_zone)) {
            found = broker;
            if (broker->zone == call->from_zone) {
                break;
            }
        }
    }
    return found;
}

static bool reaches(const struct call *call, const struct node *broker)
{
    const struct world *world = broker->world;
    const uint32_t from = call->from == NULL ? DESIGN_NONE : call->from->component->number;
    const struct network_path path = {call->from_zone, broker->zone, from,
                                      broker->component->number};
    return world->network.effect_count == 0 || call->from_zone == DESIGN_NONE ||
           !network_is_cut(world, path);
}

// A producer that is cut off from the leader, with a deposed one on its side, keeps to that.
static struct node *believed_leader(struct component *component,
                                    const struct kafka_partition *partition,
                                    const struct call *call)
{
    struct node *leader = kafka_server(component, partition);
    if (leader != NULL && reaches(call, leader)) {
        return leader;
    }
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        struct node *broker = &component->nodes[partition->copies[slot].broker];
        if (partition->copies[slot].deposed && node_is_up(broker) && reaches(call, broker)) {
            return broker;
        }
    }
    return leader;
}

// A producer's metadata name the leader; while it is down another broker holds the records.
static struct node *route(struct component *component, const struct call *call, uint64_t key)
{
    const char *topic = call->design->topic;
    const bool transacts = call->design->operation->number == KAFKA_TRANSACT &&
                           kafka_configuration(component)->transaction.topic != NULL;
    const uint32_t number = transacts       ? kafka_transaction_home(component, key)
                            : topic == NULL ? UINT32_MAX
                                            : kafka_produce_partition(component, topic, key);
    struct node *leader =
        number == UINT32_MAX
            ? NULL
            : believed_leader(component, &kafka_state(component)->partitions[number], call);
    return leader != NULL ? leader : any_broker(component, call);
}

// `leader`, `follower` and `last` are of the first partition: who leads it, the first of the others
// in sync, and the last.
static struct node *with_role(struct component *component, const char *role)
{
    struct kafka_state *state = kafka_state(component);
    struct kafka_partition *partition = &state->partitions[0];
    struct raft_member *controller = raft_leader(&state->raft);
    struct node *first = NULL, *last = NULL;
    for (uint32_t slot = 0; slot < partition->copy_count; slot++) {
        if (slot != partition->leader && (partition->insync >> slot & 1)) {
            last = &component->nodes[partition->copies[slot].broker];
            first = first == NULL ? last : first;
        }
    }
    if (text_same(role, "controller")) {
        return controller == NULL ? NULL : controller->node;
    }
    return text_same(role, "leader")     ? kafka_leader(component, partition)
           : text_same(role, "follower") ? first
           : text_same(role, "last")     ? last
                                         : NULL;
}

static void check_partition(struct component *component, const struct kafka_partition *partition)
{
    for (uint32_t i = 0; i < partition->copy_count; i++) {
        const struct kafka_copy *copy = &partition->copies[i];
        const struct node *broker = &component->nodes[copy->broker];
        const bool counts =
            kafka_server(component, partition) != NULL && (partition->insync >> i & 1) &&
            node_is_up(broker) &&
            kafka_state(component)->brokers[copy->broker].incarnation == broker->epoch;
        world_hold(component->world, "kafka-watermark",
                   !counts || copy->end >= partition->watermark,
                   "partition %u: replica %u ends at %lu, watermark %lu", partition->number, i,
                   (unsigned long)copy->end, (unsigned long)partition->watermark);
    }
}

// Page caches survive the end of a process, so only a loss of power can take what every in-sync
// replica had; and one alone does not, as long as no other replica has left the in-sync sets.
static bool is_promised(const struct component *component)
{
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_state *state = kafka_state(component);
    bool two = true;
    for (uint32_t i = 0; i < configuration->topics.count; i++) {
        two = two && kafka_topic(component, i)->min_insync >= 2;
    }
    return configuration->producer.acks == KAFKA_ACKS_ALL && !configuration->unclean &&
           (state->blackouts == 0 ||
            (two && state->blackouts == 1 && state->fencings <= 1 && state->laggards == 0));
}

static void check(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    world_hold(component->world, "kafka-order", true, "stated where it is broken");
    world_hold(component->world, "kafka-committed-only", true, "stated where it is broken");
    if (is_promised(component)) {
        world_hold(component->world, "kafka-acknowledged-safe", state->lost == 0,
                   "%lu acknowledged records are lost", (unsigned long)state->lost);
    }
    for (uint32_t i = 0; i < state->partition_count; i++) {
        check_partition(component, &state->partitions[i]);
    }
    for (uint32_t i = 0; i < state->group_count; i++) {
        kafka_assign_check(component, i);
    }
    raft_check(&state->raft);
}

static double demand(const struct component_design *component, const struct operation *operation)
{
    return operation->number == KAFKA_PUBLISH ? kafka_produce_work(component->configuration, 0)
                                              : -1;
}

static void end(struct component *component)
{
    struct kafka_state *state = kafka_state(component);
    const uint32_t brokers = state->broker_count;
    for (uint32_t i = 0; i < brokers * brokers; i++) {
        free(state->links[i].dirty);
        free(state->links[i].carried);
        free(state->links[i].carried_end);
        free(state->links[i].carried_epoch);
    }
    slots_release(&state->batches);
    slots_release(&state->transactions);
    map_release(&state->schemas);
    kafka_controller_end(component);
    kafka_log_end(component);
}

// ---- descriptor
// -----------------------------------------------------------------------------------

static const char *const roles[] = {"leader", "follower", "last", "controller", "broker",
                                    "voter", "registry", NULL};

const struct model kafka_model = {
    .kind = "kafka",
    .family = "broker",
    .summary =
        "Kafka 3.6: partitions, record batches, in-sync replicas, elections, consumer groups",
    .stands_for =
        "Apache Kafka 3.6.2 in KRaft mode. The retry policy of the call stands for the producer's; "
        "producers know of a new leader at once unless they are cut off from it; a batch gathers "
        "at the leader; a schema's lookup takes its time without a queue at the registry. "
        "Controlled shutdown, compression, log directories that fail, reassignment of partitions, "
        "the order among a producer's batches in flight and the election of the schema registry's "
        "leader are left out",
    .fields = kafka_fields,
    .configuration_size = sizeof(struct kafka_configuration),
    .component_size = sizeof(struct kafka_state),
    .node_size = sizeof(struct kafka_node),
    .operations = kafka_operations,
    .operation_count = KAFKA_OPERATIONS,
    .metrics = metrics,
    .invariants = invariants,
    .prepare = prepare,
    .begin = begin,
    .start = start,
    .crash = crash,
    .route = route,
    .with_role = with_role,
    .roles = roles,
    .attach = kafka_group_attach,
    .has_topic = has_topic,
    .check = check,
    .demand = demand,
    .end = end,
};
