// kafka_transaction - transactions: a coordinator, two phases, markers in every partition.
//
// A transaction's state is kept in a partition of its own (__transaction_state); the leader of that
// is its coordinator. Records go to the partitions with the transaction's tag; once the decision is
// in the log the client is answered, then every partition gets a marker. Until then who reads what
// is committed sees nothing behind the first record. After a crash the next coordinator finishes
// what was decided and aborts what is older than the time-out.
#include <string.h>

#include "models/brokers/kafka.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

enum { RETRY_MS = 100, SCAN_S = 10, STATE_BYTES = 200, MARKER_BYTES = 78, MESSAGE_BYTES = 150 };
enum transaction_state { TRANSACTION_ONGOING, TRANSACTION_COMMITS, TRANSACTION_ABORTS };

struct kafka_transaction {
    uint32_t generation;
    uint32_t number; // 0: free
    uint64_t ticket; // of the visit that carries it out
    uint64_t request;
    uint64_t tag;
    uint32_t home; // partition that keeps its state
    uint32_t state;
    int64_t began_ns;
    uint64_t decided; // offset behind the decision in `home`
    uint32_t first;   // of its partitions
    uint32_t missing; // bit set over them: not answered well in this phase
    uint32_t pending; // not answered
    uint8_t round;
};

static struct kafka_transaction *transaction_of(const struct visit *visit)
{
    return slots_at(&kafka_state(visit->node->component)->transactions, visit->value);
}

static struct kafka_partition *home_of(const struct visit *visit)
{
    return &kafka_state(visit->node->component)->partitions[transaction_of(visit)->home];
}

static const struct kafka_transactions *setting_of(const struct component *component)
{
    return &kafka_configuration(component)->transaction;
}

uint32_t kafka_transaction_home(const struct component *component, uint64_t key)
{
    const struct kafka_state *state = kafka_state(component);
    const uint32_t last = kafka_configuration(component)->topics.count - 1;
    return state->topic_first[last] + (uint32_t)(key % kafka_topic(component, last)->partitions);
}

// The partitions that a transaction writes to are neighbours in the topic.
static struct kafka_partition *part_of(struct component *component,
                                       const struct kafka_transaction *transaction, uint32_t part)
{
    struct kafka_state *state = kafka_state(component);
    const uint32_t topic = state->partitions[transaction->first].topic;
    const uint32_t first = state->topic_first[topic];
    const uint32_t count = state->topic_first[topic + 1] - first;
    return &state->partitions[first + (transaction->first - first + part) % count];
}

// ---- records
// --------------------------------------------------------------------------------------

static bool may_append(struct component *component, const struct node *broker,
                       const struct kafka_partition *partition)
{
    const uint64_t least = kafka_topic(component, partition->topic)->min_insync;
    return kafka_server(component, partition) == broker &&
           (uint64_t)__builtin_popcount(partition->insync) >= least;
}

// Appends one record and waits for the replicas; `told`: it is the client's.
static enum outcome append_and_wait(struct visit *visit, struct kafka_partition *partition,
                                    const struct offsets_run *run, bool told)
{
    struct component *component = visit->node->component;
    const struct kafka_waiter waiter = {kafka_log_append(component, partition, 1, run),
                                        visit_ticket(visit), visit_now(visit), told};
    visit->status = STATUS_OK;
    kafka_log_park(component, partition, &waiter);
    step_wait(visit);
    kafka_fetch_note(component, partition);
    return OUTCOME_WAIT;
}

static enum outcome log_state(struct visit *visit)
{
    struct component *component = visit->node->component;
    struct kafka_partition *home = home_of(visit);
    const struct offsets_run run = {.time_ns = visit_now(visit), .bytes = STATE_BYTES};
    if (!may_append(component, visit->node, home)) {
        visit->status = STATUS_UNAVAILABLE;
        return step_next(visit);
    }
    const enum outcome outcome = append_and_wait(visit, home, &run, false);
    transaction_of(visit)->decided = home->log.end;
    return outcome;
}

static void open(struct kafka_partition *partition, uint64_t tag)
{
    for (uint32_t i = 0; i < partition->open_count; i++) {
        if (partition->open[i].transaction == tag) {
            return;
        }
    }
    if (partition->open_count == partition->open_room) {
        partition->open_room = partition->open_room == 0 ? 4 : partition->open_room * 2;
        partition->open =
            check_realloc(partition->open, partition->open_room * sizeof *partition->open);
    }
    partition->open[partition->open_count++] = (struct kafka_open){tag, partition->log.end};
}

static void close(struct kafka_partition *partition, uint64_t tag, bool aborts)
{
    struct offsets *log = &partition->log;
    for (uint32_t i = 0; i < partition->open_count; i++) {
        if (partition->open[i].transaction != tag) {
            continue;
        }
        const uint64_t first = partition->open[i].first;
        for (uint32_t k = log->runs.count; aborts && k-- > 0 && offsets_run(log, k)->end > first;) {
            struct offsets_run *run = offsets_run(log, k);
            run->tag |= run->tag == tag ? KAFKA_ABORTED : 0;
        }
        partition->open[i] = partition->open[--partition->open_count];
        return;
    }
}

void kafka_transaction_cut(struct kafka_partition *partition)
{
    for (uint32_t i = partition->open_count; i-- > 0;) {
        if (partition->open[i].first >= partition->log.end) {
            partition->open[i] = partition->open[--partition->open_count];
        }
    }
}

// ---- a partition's part
// ---------------------------------------------------------------------------

enum { PART, IS_MARKER }; // of visit->loops

static uint64_t pack(const struct kafka_transaction *transaction, uint32_t part, bool flag)
{
    return (uint64_t)(transaction->generation & 0xffffff) << 40 |
           (uint64_t)transaction->round << 32 | (uint64_t)(transaction->number & 0xffffff) << 8 |
           (uint64_t)part << 1 | flag;
}

static struct kafka_transaction *unpack(struct component *component, uint64_t word)
{
    struct kafka_transaction *transaction =
        slots_at(&kafka_state(component)->transactions, (uint32_t)(word >> 8) & 0xffffff);
    const bool same = (transaction->generation & 0xffffff) == word >> 40 &&
                      transaction->round == (word >> 32 & 0xff) &&
                      transaction->number == ((uint32_t)(word >> 8) & 0xffffff);
    return same ? transaction : NULL;
}

static enum outcome receive_part(struct visit *visit)
{
    const struct component *component = visit->node->component;
    const struct kafka_configuration *configuration = kafka_configuration(component);
    const struct kafka_state *state = kafka_state(component);
    return step_cpu(visit, distribution_draw(&configuration->request, state->request) +
                               distribution_draw(&configuration->append, state->append));
}

// The visit's transaction, unless it has ended.
static bool is_under_way(const struct visit *visit)
{
    const struct kafka_transaction *transaction = transaction_of(visit);
    return transaction->number == visit->value && transaction->request == visit->request;
}

static struct offsets_run run_of(const struct visit *visit, const struct kafka_partition *partition)
{
    const struct component *component = visit->node->component;
    const bool marker = visit->loops[IS_MARKER];
    return (struct offsets_run){.time_ns = visit_now(visit),
                                .request = visit->request,
                                .bytes = marker ? MARKER_BYTES
                                                : kafka_topic(component, partition->topic)->record,
                                .tag = transaction_of(visit)->tag | (marker ? KAFKA_MARKER : 0)};
}

static enum outcome append_part(struct visit *visit)
{
    const struct kafka_transaction *transaction = transaction_of(visit);
    struct component *component = visit->node->component;
    struct kafka_partition *partition = part_of(component, transaction, visit->loops[PART]);
    if (!is_under_way(visit) || !may_append(component, visit->node, partition)) {
        visit->status = STATUS_UNAVAILABLE;
        return step_next(visit);
    }
    const bool marker = visit->loops[IS_MARKER];
    const struct offsets_run run = run_of(visit, partition);
    marker ? close(partition, transaction->tag, transaction->state == TRANSACTION_ABORTS)
           : open(partition, transaction->tag);
    return append_and_wait(visit, partition, &run, !marker);
}

static void on_told(struct node *coordinator, struct node *leader, uint64_t word)
{
    (void)leader;
    struct component *component = coordinator->component;
    struct kafka_transaction *transaction = unpack(component, word);
    if (transaction == NULL || transaction->pending == 0) {
        return;
    }
    transaction->missing &= ~((uint32_t)(word & 1) << (word >> 1 & 0x7f));
    if (--transaction->pending == 0) {
        visit_wake_with(component->world, transaction->ticket,
                        transaction->missing == 0 ? STATUS_OK : STATUS_UNAVAILABLE);
    }
}

static enum outcome tell_coordinator(struct visit *visit)
{
    struct component *component = visit->node->component;
    const struct kafka_transaction *transaction = transaction_of(visit);
    struct node *coordinator = kafka_server(component, home_of(visit));
    if (is_under_way(visit) && coordinator != NULL) {
        network_message(visit->node, coordinator, MESSAGE_BYTES, on_told,
                        pack(transaction, visit->loops[PART], visit->status == STATUS_OK));
    }
    return step_reply(visit, visit->status);
}

static void on_part(struct node *leader, struct node *coordinator, uint64_t word)
{
    (void)coordinator;
    struct component *component = leader->component;
    const struct kafka_transaction *transaction = unpack(component, word);
    struct visit *visit = transaction == NULL
                              ? NULL
                              : node_begin_visit(leader, &component->design->operations[KAFKA_PART],
                                                 transaction->request);
    if (visit != NULL) {
        visit->value = transaction->number;
        visit->units = 1;
        visit->loops[PART] = word >> 1 & 0x7f;
        visit->loops[IS_MARKER] = word & 1;
    }
}

// ---- both phases
// ----------------------------------------------------------------------------------

// Who has not answered within request.timeout.ms is taken for not reached.
static void on_silence(struct node *coordinator, uint64_t word)
{
    struct kafka_transaction *transaction = unpack(coordinator->component, word);
    if (transaction != NULL && transaction->pending > 0) {
        transaction->pending = 0;
        visit_wake_with(coordinator->world, transaction->ticket, STATUS_TIMEOUT);
    }
}

static enum outcome send_parts(struct visit *visit, bool markers)
{
    struct component *component = visit->node->component;
    struct kafka_transaction *transaction = transaction_of(visit);
    const int64_t patience = kafka_configuration(component)->producer.request_ns;
    transaction->round++;
    transaction->ticket = visit_ticket(visit);
    transaction->pending = (uint32_t)__builtin_popcount(transaction->missing);
    for (uint32_t part = 0; part < setting_of(component)->spread; part++) {
        struct node *leader = kafka_server(component, part_of(component, transaction, part));
        if (transaction->missing >> part & 1 && leader != NULL) {
            network_message(visit->node, leader, MESSAGE_BYTES, on_part,
                            pack(transaction, part, markers));
        }
    }
    node_timer_constant(visit->node, patience, on_silence, pack(transaction, 0, false));
    return step_wait(visit);
}

static void miss_all(const struct visit *visit)
{
    transaction_of(visit)->missing =
        (uint32_t)((1ULL << setting_of(visit->node->component)->spread) - 1);
}

static void begin_transaction(struct visit *visit, uint32_t home)
{
    struct component *component = visit->node->component;
    struct kafka_state *state = kafka_state(component);
    visit->value = slots_take(&state->transactions);
    struct kafka_transaction *transaction = transaction_of(visit);
    transaction->number = visit->value;
    transaction->request = visit->request;
    transaction->tag = ++state->transaction_count << KAFKA_TAG_BITS;
    transaction->home = home;
    transaction->began_ns = visit_now(visit);
    transaction->first =
        kafka_produce_partition(component, setting_of(component)->topic, visit_key(visit));
    transaction->ticket = visit_ticket(visit);
}

static enum outcome find_coordinator(struct visit *visit)
{
    struct component *component = visit->node->component;
    struct kafka_state *state = kafka_state(component);
    const uint64_t key = visit_key(visit);
    struct kafka_partition *home = &state->partitions[kafka_transaction_home(component, key)];
    if (kafka_server(component, home) != visit->node) {
        return kafka_produce_go(visit, home);
    }
    begin_transaction(visit, home->number);
    return receive_part(visit);
}

static enum outcome give_up(struct visit *visit)
{
    slots_give(&kafka_state(visit->node->component)->transactions, visit->value);
    return step_reply(visit, visit->status);
}

static enum outcome write_parts(struct visit *visit)
{
    if (visit->status != STATUS_OK) { // nothing is open yet
        return give_up(visit);
    }
    miss_all(visit);
    return send_parts(visit, false);
}

static enum outcome decide(struct visit *visit)
{
    struct kafka_transaction *transaction = transaction_of(visit);
    transaction->state = visit->status == STATUS_OK ? TRANSACTION_COMMITS : TRANSACTION_ABORTS;
    transaction->ticket = visit_ticket(visit);
    const enum outcome outcome = log_state(visit);
    if (outcome == OUTCOME_NEXT) { // it could not be
        transaction->state = TRANSACTION_ONGOING;
    }
    return outcome;
}

// The decision is in the log: the client hears it. If it may not be, the next coordinator knows.
static enum outcome answer_decision(struct visit *visit)
{
    struct kafka_state *state = kafka_state(visit->node->component);
    const struct kafka_transaction *transaction = transaction_of(visit);
    const bool commits = transaction->state == TRANSACTION_COMMITS;
    if (visit->status != STATUS_OK) {
        return step_reply(visit, STATUS_INDETERMINATE);
    }
    state->committed += commits;
    state->aborted += !commits;
    visit_answer(visit, commits ? STATUS_OK : STATUS_ERROR, 0);
    miss_all(visit);
    return step_next(visit);
}

static enum outcome write_markers(struct visit *visit)
{
    return send_parts(visit, true);
}

enum { STEP_MARKERS = 5, FINISH_MARKERS = 1 };

static enum outcome log_end(struct visit *visit)
{
    struct kafka_transaction *transaction = transaction_of(visit);
    transaction->ticket = visit_ticket(visit);
    if (transaction->missing == 0) {
        return log_state(visit);
    }
    const bool finishes = visit->operation->number == KAFKA_FINISH;
    visit->step = (uint16_t)((finishes ? FINISH_MARKERS : STEP_MARKERS) - 1);
    return step_hold(visit, RETRY_MS * TIME_MS, METER_OTHER);
}

static enum outcome end_transaction(struct visit *visit)
{
    slots_give(&kafka_state(visit->node->component)->transactions, visit->value);
    return step_reply(visit, STATUS_OK);
}

// What another coordinator has decided, or this one for a client that was lost.
static enum outcome take_over(struct visit *visit)
{
    struct kafka_transaction *transaction = transaction_of(visit);
    if (transaction->number == 0 ||
        kafka_server(visit->node->component, home_of(visit)) != visit->node) {
        return step_reply(visit, STATUS_CANCELLED);
    }
    transaction->ticket = visit_ticket(visit);
    miss_all(visit);
    return step_next(visit);
}

const struct step kafka_transact_steps[KAFKA_TRANSACT_STEPS] = {
    {.name = "find coordinator", .run = find_coordinator},
    {.name = "log the beginning", .run = log_state},
    {.name = "write to the partitions", .run = write_parts},
    {.name = "log the decision", .run = decide},
    {.name = "answer", .run = answer_decision},
    [STEP_MARKERS] = {.name = "write markers", .run = write_markers},
    {.name = "log the end", .run = log_end},
    {.name = "end", .run = end_transaction},
};

const struct step kafka_part_steps[KAFKA_PART_STEPS] = {
    {.name = "receive", .run = receive_part},
    {.name = "append", .run = append_part},
    {.name = "tell the coordinator", .run = tell_coordinator},
};

const struct step kafka_finish_steps[KAFKA_FINISH_STEPS] = {
    {.name = "take over", .run = take_over},
    [FINISH_MARKERS] = {.name = "write markers", .run = write_markers},
    {.name = "log the end", .run = log_end},
    {.name = "end", .run = end_transaction},
};

// ---- after a crash
// --------------------------------------------------------------------------------

static void look_after(struct component *component, struct kafka_transaction *transaction)
{
    const struct kafka_partition *home = &kafka_state(component)->partitions[transaction->home];
    const int64_t age = component->world->now - transaction->began_ns;
    const bool carried = visit_of(component->world, transaction->ticket) != NULL;
    if (transaction->decided > home->log.end) { // the decision is lost
        transaction->state = TRANSACTION_ONGOING;
    }
    if (carried || (transaction->state == TRANSACTION_ONGOING &&
                    age < kafka_configuration(component)->producer.transaction_ns)) {
        return;
    }
    if (transaction->state == TRANSACTION_ONGOING) {
        transaction->state = TRANSACTION_ABORTS;
        kafka_state(component)->aborted++;
    }
    struct visit *visit =
        node_begin_visit(kafka_server(component, home),
                         &component->design->operations[KAFKA_FINISH], transaction->request);
    if (visit != NULL) {
        visit->value = transaction->number;
        visit->units = 1;
        transaction->ticket = visit_ticket(visit);
    }
}

void kafka_transaction_recover(struct component *component, const struct kafka_partition *partition)
{
    struct kafka_state *state = kafka_state(component);
    for (uint32_t number = 1; number < state->transactions.used; number++) {
        struct kafka_transaction *transaction = slots_at(&state->transactions, number);
        if (transaction->number == number && transaction->home == partition->number &&
            kafka_server(component, partition) != NULL) {
            look_after(component, transaction);
        }
    }
}

// transaction.abort.timed.out.transaction.cleanup.interval.ms
static void on_scan(struct node *broker, uint64_t word)
{
    struct component *component = broker->component;
    const struct kafka_state *state = kafka_state(component);
    const uint32_t first = kafka_transaction_home(component, 0);
    for (uint32_t i = first; i < state->partition_count; i++) {
        if (kafka_server(component, &state->partitions[i]) == broker) {
            kafka_transaction_recover(component, &state->partitions[i]);
        }
    }
    node_timer_constant(broker, SCAN_S * TIME_S, on_scan, word);
}

void kafka_transaction_start(struct node *broker)
{
    if (setting_of(broker->component)->topic != NULL) {
        node_timer_constant(broker, SCAN_S * TIME_S, on_scan, 0);
    }
}

// ---- life
// -----------------------------------------------------------------------------------------

void kafka_transaction_begin(struct component *component)
{
    slots_init(&kafka_state(component)->transactions, sizeof(struct kafka_transaction));
}

static bool is_topic(const struct field_map *topics, const char *name)
{
    return field_find(topics, name) < topics->count;
}

// Without a topic to write to there is nothing to call.
static void hide_transact(struct model_preparation *preparation)
{
    struct operation *operations =
        arena_take_array(preparation->arena, KAFKA_OPERATIONS, sizeof *operations);
    memcpy(operations, kafka_operations, KAFKA_OPERATIONS * sizeof *operations);
    operations[KAFKA_TRANSACT].internal = true;
    preparation->component->operations = operations;
}

// The state of transactions is a topic like the others, behind them.
void kafka_transaction_prepare(struct model_preparation *preparation)
{
    struct kafka_configuration *configuration = preparation->configuration;
    struct field_map *topics = &configuration->topics;
    const struct kafka_transactions *setting = &configuration->transaction;
    if (setting->topic == NULL) {
        hide_transact(preparation);
        return;
    }
    if (!is_topic(topics, setting->topic)) {
        model_complain(preparation, "transaction", "there is no topic `%s`", setting->topic);
        return;
    }
    if (is_topic(topics, "__transaction_state")) {
        model_complain(preparation, "topics", "`__transaction_state` is the broker's own");
        return;
    }
    const uint64_t replicas = configuration->brokers < 3 ? configuration->brokers : 3;
    struct kafka_topic *items =
        arena_take_array(preparation->arena, topics->count + 1, sizeof *items);
    const char **names = arena_take_array(preparation->arena, topics->count + 1, sizeof *names);
    memcpy(items, topics->items, topics->count * sizeof *items);
    memcpy(names, topics->names, topics->count * sizeof *names);
    names[topics->count] = "__transaction_state";
    items[topics->count] = (struct kafka_topic){.partitions = setting->logs,
                                                .replication = replicas,
                                                .min_insync = replicas < 2 ? replicas : 2,
                                                .record = STATE_BYTES,
                                                .retention_ns = TIME_NEVER / 2};
    topics->names = names;
    topics->items = items;
    topics->count++;
}
