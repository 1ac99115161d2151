// cockroach_transaction - transactions over several keys: records, intents, commit and recovery.
//
// The coordinator lays one intent after the other, each replicated while it goes on, then writes
// the record STAGING: the transaction is committed once the record and all intents are replicated.
// It is acknowledged then; the intents are resolved behind the answer. Whoever waits for one whose
// coordinator has gone has the record finished after it expires: a staged one with all its intents
// as committed, any other as aborted.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

enum { MESSAGE_BYTES = 200, SEQUENCE_BITS = 48 };

static struct cockroach_counts *counts_of(const struct component *component)
{
    return &cockroach_cluster(component)->counts;
}

static uint64_t name_of(const struct cockroach_transaction *transaction)
{
    return (uint64_t)transaction->generation << 32 | transaction->number;
}

static struct cockroach_transaction *named(const struct component *component, uint64_t name)
{
    return cockroach_transaction_at(component, (uint32_t)name, (uint32_t)(name >> 32));
}

static uint32_t written_keys(const struct cockroach_transaction *transaction)
{
    return ((1U << transaction->count) - 1) & ~((1U << transaction->reads) - 1);
}

// ---- the coordinator --------------------------------------------------------------------------

// The first key is the request's own, the others are drawn by the same law.
static uint64_t key_of(const struct visit *visit, uint32_t number)
{
    const uint64_t mask = ((uint64_t)1 << SEQUENCE_BITS) - 1;
    const uint64_t request =
        (visit->request & ~mask) | (digest_mix(visit->request, number) & mask);
    return number == 0 ? visit_key(visit)
                       : workload_key(visit->node->world, request, visit->key);
}

static void choose_keys(const struct visit *visit, struct cockroach_transaction *transaction)
{
    const struct cockroach_transactions *settings =
        &cockroach_configuration(visit->node->component)->transaction;
    for (uint32_t i = 0; i < settings->keys; i++) {
        const uint64_t key = key_of(visit, i);
        bool new = true;
        for (uint32_t j = 0; j < transaction->count; j++) {
            new = new && transaction->keys[j] != key;
        }
        if (new) {
            transaction->keys[transaction->count++] = key;
        }
    }
    const uint32_t reads = (uint32_t)settings->reads;
    transaction->reads = reads < transaction->count ? reads : transaction->count - 1;
}

struct cockroach_transaction *cockroach_transaction_begin(struct visit *visit)
{
    struct node *node = visit->node;
    struct slots *slots = &cockroach_cluster(node->component)->transactions;
    const uint32_t number = slots_take(slots);
    struct cockroach_transaction *transaction = slots_at(slots, number);
    transaction->number = number;
    transaction->gateway = node->replica;
    transaction->epoch = node->epoch;
    transaction->value = history_value(visit);
    transaction->began_ns = node->world->now;
    transaction->read_ns = transaction->write_ns = cockroach_serve_clock(node, 0);
    choose_keys(visit, transaction);
    visit_words(visit)[0] = name_of(transaction);
    return transaction;
}

struct cockroach_transaction *cockroach_transaction_of(struct visit *visit)
{
    return named(visit->node->component, visit_words(visit)[0]);
}

static bool must_refresh(const struct cockroach_transaction *transaction)
{
    return transaction->write_ns > transaction->read_ns &&
           transaction->refreshed < transaction->reads;
}

static uint32_t anchor_of(const struct component *component,
                          const struct cockroach_transaction *transaction)
{
    return cockroach_gateway_range(component, transaction->keys[transaction->reads]);
}

struct cockroach_question cockroach_transaction_question(
    struct component *component, const struct cockroach_transaction *transaction)
{
    struct cockroach_question question = {
        .value = transaction->value,
        .stamp = transaction->write_ns,
        .writer = transaction->number,
        .writer_generation = transaction->generation,
    };
    if (transaction->at < transaction->count) {
        const bool reads = transaction->at < transaction->reads;
        question.service = reads ? COCKROACH_SERVE_READ : COCKROACH_SERVE_INTENT;
        question.key = transaction->keys[transaction->at];
        question.stamp = reads ? transaction->read_ns : transaction->write_ns;
    } else if (must_refresh(transaction)) {
        question.service = COCKROACH_SERVE_REFRESH;
        question.key = transaction->keys[transaction->refreshed];
    } else {
        question.service = COCKROACH_SERVE_STAGE;
        question.key = transaction->keys[transaction->reads];
    }
    question.range = cockroach_gateway_range(component, question.key);
    return question;
}

bool cockroach_transaction_step(struct cockroach_transaction *transaction)
{
    if (transaction->at < transaction->count) {
        transaction->at++;
    } else if (must_refresh(transaction)) {
        transaction->refreshed++;
    } else {
        transaction->staged = true;
    }
    return transaction->staged;
}

// ---- the end ----------------------------------------------------------------------------------

static void on_resolve(struct node *to, struct node *from, struct network_parcel *parcel);
static void on_finish(struct node *to, struct node *from, struct network_parcel *parcel);

static void post(struct node *node, uint32_t range, network_parcel_handler *handler,
                 const struct network_parcel *parcel)
{
    const uint32_t holder = cockroach_range(node->component, range)->lease.holder;
    network_post(node, &node->component->nodes[holder], MESSAGE_BYTES, handler, parcel);
}

static void end_record(struct node *node, const struct cockroach_transaction *transaction)
{
    const uint32_t anchor = anchor_of(node->component, transaction);
    const struct network_parcel parcel = {.words = {name_of(transaction), anchor}};
    post(node, anchor, on_finish, &parcel);
}

static void finish(struct node *node, struct cockroach_transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->count; i++) {
        const uint32_t range = cockroach_gateway_range(node->component, transaction->keys[i]);
        const struct network_parcel parcel = {
            .words = {name_of(transaction), range, transaction->keys[i]}};
        if (transaction->sent >> i & 1) {
            post(node, range, on_resolve, &parcel);
        }
    }
    end_record(node, transaction);
    transaction->ticket = 0;
    transaction->over = true;
    cockroach_transaction_close(node->component, transaction);
}

static void decide(struct component *component, struct cockroach_transaction *transaction,
                   enum cockroach_status status)
{
    const bool decided = transaction->status == COCKROACH_COMMITTED ||
                         transaction->status == COCKROACH_ABORTED;
    counts_of(component)->rewritten += decided && transaction->status != status;
    if (!decided) {
        transaction->status = status;
    }
}

void cockroach_transaction_abort(struct node *node, struct cockroach_transaction *transaction)
{
    counts_of(node->component)->conflicts++;
    if (transaction->status != COCKROACH_COMMITTED) {
        decide(node->component, transaction, COCKROACH_ABORTED);
    }
    finish(node, transaction);
}

static enum outcome give_up(struct visit *visit, struct cockroach_transaction *transaction)
{
    const bool doubtful = transaction->status == COCKROACH_STAGING;
    if (doubtful) { // the lost intent may still be applied: whoever finds the record decides
        transaction->over = true;
        transaction->ticket = 0;
        end_record(visit->node, transaction);
        return step_fail(visit, STATUS_INDETERMINATE);
    }
    cockroach_transaction_abort(visit->node, transaction);
    return step_fail(visit, STATUS_CONFLICT);
}

enum outcome cockroach_transaction_commit(struct visit *visit)
{
    struct node *node = visit->node;
    struct cockroach_transaction *transaction = cockroach_transaction_of(visit);
    const uint32_t written = written_keys(transaction);
    if (transaction->failed || transaction->status == COCKROACH_ABORTED) {
        return give_up(visit, transaction);
    }
    if ((transaction->heard & written) != written) {
        step_wait(visit);
        transaction->ticket = visit_ticket(visit);
        return OUTCOME_AGAIN;
    }
    decide(node->component, transaction, COCKROACH_COMMITTED);
    for (uint32_t i = transaction->reads; i < transaction->count; i++) {
        const uint32_t range = cockroach_gateway_range(node->component, transaction->keys[i]);
        cockroach_range_acknowledge(node->component, range, transaction->indices[i]);
    }
    counts_of(node->component)->commits++;
    finish(node, transaction);
    return step_next(visit);
}

void cockroach_transaction_close(struct component *component,
                                 struct cockroach_transaction *transaction)
{
    if (transaction->over && transaction->outstanding == 0) {
        slots_give(&cockroach_cluster(component)->transactions, transaction->number);
    }
}

// ---- at the ranges ----------------------------------------------------------------------------

static void propose(struct node *node, uint32_t range, enum cockroach_kind kind,
                    const struct cockroach_command *named)
{
    struct cockroach_command command = *named;
    command.kind = (uint8_t)kind;
    command.sequence = cockroach_range(node->component, range)->lease.sequence;
    if (cockroach_lease_serves(node, range)) {
        cockroach_range_propose(node, range, &command, 0);
    }
}

// words: transaction, range, key
static void on_resolve(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    const struct cockroach_command command = {.transaction = (uint32_t)parcel->words[0],
                                              .generation = (uint32_t)(parcel->words[0] >> 32),
                                              .key = parcel->words[2]};
    propose(to, (uint32_t)parcel->words[1], COCKROACH_RESOLVE, &command);
}

static void on_finish(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    const struct cockroach_command command = {.transaction = (uint32_t)parcel->words[0],
                                              .generation = (uint32_t)(parcel->words[0] >> 32)};
    propose(to, (uint32_t)parcel->words[1], COCKROACH_FINISH, &command);
}

void cockroach_transaction_lay(struct component *component, struct cockroach_range *range,
                               const struct cockroach_command *command, uint64_t index)
{
    struct cockroach_transaction *transaction =
        cockroach_transaction_at(component, command->transaction, command->generation);
    if (transaction == NULL || transaction->status == COCKROACH_ABORTED) {
        return;
    }
    for (uint32_t i = 0; i < transaction->count; i++) {
        if (transaction->keys[i] == command->key) {
            transaction->applied |= 1U << i;
            transaction->indices[i] = index;
        }
    }
    struct cockroach_row *row = cockroach_row_lay(component, range->number, command->key);
    if (row != NULL) {
        row->writer = command->transaction;
        row->writer_generation = command->generation;
        row->intent = (struct cockroach_version){command->value, command->stamp, index, false};
        transaction->outstanding++;
    }
}

// STAGING counts only while nothing has been decided; the last word decides what is not.
void cockroach_transaction_record(struct component *component,
                                  const struct cockroach_command *command, uint64_t index)
{
    struct cockroach_transaction *transaction =
        cockroach_transaction_at(component, command->transaction, command->generation);
    if (transaction == NULL || transaction->status >= COCKROACH_COMMITTED) {
        return;
    }
    if (command->kind == COCKROACH_STAGE) {
        transaction->status = COCKROACH_STAGING;
        transaction->stage_index = index;
        return;
    }
    const uint32_t written = written_keys(transaction);
    const bool whole = (transaction->applied & written) == written;
    const bool staged = transaction->status == COCKROACH_STAGING;
    decide(component, transaction, staged && whole ? COCKROACH_COMMITTED : COCKROACH_ABORTED);
    counts_of(component)->recovered++;
    transaction->over =
        transaction->over || component->nodes[transaction->gateway].epoch != transaction->epoch;
    cockroach_transaction_close(component, transaction);
}

// ---- news -------------------------------------------------------------------------------------

// words: transaction, key, kept
static void on_told(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct cockroach_transaction *transaction = named(to->component, parcel->words[0]);
    if (transaction == NULL || transaction->epoch != to->epoch) {
        return;
    }
    for (uint32_t i = 0; i < transaction->count; i++) {
        const bool same = transaction->keys[i] == parcel->words[1];
        transaction->heard |= same && parcel->words[2] ? 1U << i : 0;
        transaction->failed = transaction->failed || (same && !parcel->words[2]);
    }
    const uint32_t written = written_keys(transaction);
    const bool complete = (transaction->heard & written) == written;
    if (transaction->ticket != 0 && (complete || transaction->failed)) {
        visit_wake_later(to->world, transaction->ticket);
        transaction->ticket = 0;
    }
}

void cockroach_transaction_tell(struct node *node, const struct cockroach_request *request,
                                bool kept)
{
    const uint64_t name = (uint64_t)request->writer_generation << 32 | request->writer;
    const struct network_parcel parcel = {.words = {name, request->key, kept}};
    if (named(node->component, name) != NULL) {
        network_post(node, request->from, MESSAGE_BYTES, on_told, &parcel);
    }
}

// ---- recovery ---------------------------------------------------------------------------------

// When its record expires: some time after the latest heartbeat that came through.
static int64_t expiry_of(const struct node *node, const struct cockroach_transaction *transaction)
{
    const struct cockroach_transactions *settings =
        &cockroach_configuration(node->component)->transaction;
    const struct node *gateway = &node->component->nodes[transaction->gateway];
    int64_t gone = cockroach_node(node)->peers[transaction->gateway].silent_ns;
    if (gateway->epoch != transaction->epoch) {
        gone = cockroach_node(gateway)->crashed_ns;
    }
    if (gone == TIME_NEVER) {
        return TIME_NEVER;
    }
    const int64_t beats = (gone - transaction->began_ns) / settings->beat_ns;
    return transaction->began_ns + beats * settings->beat_ns + settings->expiry_ns;
}

void cockroach_transaction_push(struct node *node, uint32_t range,
                                const struct cockroach_guard *guard)
{
    const struct cockroach_transaction *transaction =
        cockroach_transaction_at(node->component, guard->writer, guard->writer_generation);
    const struct cockroach_command command = {.transaction = guard->writer,
                                              .generation = guard->writer_generation,
                                              .key = guard->key};
    if (transaction == NULL) {
        cockroach_guard_drop(node->component, cockroach_range(node->component, range), guard->key);
    } else if (transaction->status >= COCKROACH_COMMITTED) {
        propose(node, range, COCKROACH_RESOLVE, &command);
    } else if (node->world->now >= expiry_of(node, transaction)) {
        end_record(node, transaction);
    }
}
