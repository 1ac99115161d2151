// mongodb_steps - what reads, writes, transactions and queries do, step by step.
//
// A write takes a ticket, finds its document, changes it and appends to the oplog; it gives the
// ticket back before it waits for its write concern. A write that the driver sends again is known
// by its request: the second try waits for what the first has written.
#include "models/datastores/mongodb.h"

enum { STEP_SELECT = 0, STEP_STATEMENT = 6, STEP_WAIT = 11, TRANSACT_WAIT = 13 };
enum visit_mark { RECORDED = 1, CLAIMED = 2, FOUND = 4 }; // in loops[1]

static const int64_t CONFLICT_WAITS_NS[] = {0, TIME_MS, 5 * TIME_MS, 10 * TIME_MS};

static const struct mongodb_configuration *configuration_of(const struct visit *visit)
{
    return mongodb_configuration(visit->node->component);
}

static struct mongodb_state *state_of(const struct visit *visit)
{
    return mongodb_state(visit->node->component);
}

static const struct mongodb_streams *streams_of(const struct visit *visit)
{
    return &mongodb_node(visit->node)->streams;
}

static struct pool *tickets_of(const struct visit *visit, bool writes)
{
    return &visit->node->pools[writes ? MONGODB_WRITE_TICKETS : MONGODB_READ_TICKETS];
}

// A visit keeps the low half of its entry's index.
static uint64_t index_of(const struct visit *visit)
{
    const uint64_t last = mongodb_oplog_last(&mongodb_node(visit->node)->oplog);
    return last - (uint32_t)((uint32_t)last - visit->value);
}

// A request may write more than once: its calls are told apart, the tries of one are not.
static uint64_t identity_of(const struct visit *visit)
{
    return digest_mix(visit->request, (uint64_t)visit->call_generation << 32 | visit->call);
}

// What an earlier try has done is that one's operation: open, for its caller has not heard of it.
static void end_record(const struct visit *visit, enum status status)
{
    if ((visit->loops[1] & FOUND) == 0) {
        history_end(visit, status, 0);
    }
}

static void record(struct visit *visit, enum history_kind kind, uint64_t value)
{
    if ((visit->loops[1] & RECORDED) == 0) {
        visit->loops[1] |= RECORDED;
        history_begin(visit, kind, value, 0);
    }
}

// ---- the client's side ------------------------------------------------------------------------

static enum outcome select_primary(struct visit *visit)
{
    return mongodb_driver_select(visit, true);
}

static enum outcome select_reader(struct visit *visit)
{
    return mongodb_driver_select(visit, false);
}

static enum outcome find_key(struct visit *visit)
{
    return mongodb_driver_find_key(visit);
}

static enum outcome encrypt_fields(struct visit *visit)
{
    return mongodb_driver_encrypt(visit);
}

static enum outcome take_connection(struct visit *visit)
{
    return mongodb_driver_connect(visit);
}

// ---- documents --------------------------------------------------------------------------------

// After a start the cache fills with the documents that are read.
static bool misses(const struct visit *visit)
{
    const struct mongodb_configuration *configuration = configuration_of(visit);
    struct mongodb_node *member = mongodb_node(visit->node);
    double hit = configuration->hit;
    if (visit->node->epoch > 0 && member->warm < configuration->cached) {
        hit *= (double)member->warm++ / (double)configuration->cached;
    }
    return random_unit(member->streams.cache) >= hit;
}

static enum outcome read_device(struct visit *visit, uint64_t documents)
{
    if (documents == 0) {
        return step_next(visit);
    }
    const int64_t read =
        distribution_draw(&configuration_of(visit)->disk.read, streams_of(visit)->disk);
    return station_serve(&visit->node->devices[MONGODB_DEVICE_DISK], visit,
                         time_times(read, documents));
}

static enum outcome fetch_document(struct visit *visit)
{
    return read_device(visit, misses(visit) ? 1 : 0);
}

static bool is_query(const struct visit *visit)
{
    return visit->operation->number == MONGODB_QUERY;
}

// Of many documents the expected share is missed, the rest of one by chance.
static enum outcome fetch_documents(struct visit *visit)
{
    if (!is_query(visit)) {
        return fetch_document(visit);
    }
    const struct mongodb_configuration *configuration = configuration_of(visit);
    const double missed = (double)configuration->documents * (1 - configuration->hit);
    return read_device(visit, (uint64_t)(missed + random_unit(streams_of(visit)->cache)));
}

static enum outcome read_documents(struct visit *visit)
{
    const struct mongodb_configuration *configuration = configuration_of(visit);
    struct random_stream *cpu = streams_of(visit)->cpu;
    int64_t work = distribution_draw(&configuration->read, cpu);
    if (is_query(visit)) {
        work +=
            (int64_t)configuration->documents * distribution_draw(&configuration->document, cpu);
    }
    return step_cpu(visit, work);
}

static enum outcome change_document(struct visit *visit)
{
    return step_cpu(visit, distribution_draw(&configuration_of(visit)->write,
                                             streams_of(visit)->cpu));
}

// ---- conflicts --------------------------------------------------------------------------------

static struct mongodb_claim *claim_of(const struct visit *visit, uint64_t key)
{
    const struct mongodb_node *member = mongodb_node(visit->node);
    const uint32_t number = map_get(&member->claims, key);
    return number == 0 ? NULL : slots_at(&member->claim_slots, number);
}

// The visit that made the claim is still at work.
static bool is_held(const struct visit *visit, const struct mongodb_claim *claim)
{
    const struct visit *holder = slots_at(&visit->node->world->visits, claim->visit);
    return holder != visit && holder->number == claim->visit && holder->node == visit->node &&
           holder->request == claim->request && holder->operation != NULL;
}

static void claim(struct visit *visit, uint64_t key)
{
    struct mongodb_node *member = mongodb_node(visit->node);
    struct mongodb_claim *held = claim_of(visit, key);
    if (held == NULL) {
        const uint32_t number = slots_take(&member->claim_slots);
        map_set(&member->claims, key, number);
        held = slots_at(&member->claim_slots, number);
    }
    held->visit = visit->number;
    held->request = visit->request;
    visit->loops[1] |= CLAIMED;
}

static void unclaim(struct visit *visit)
{
    struct mongodb_node *member = mongodb_node(visit->node);
    const uint64_t key = visit_key(visit);
    const struct mongodb_claim *held =
        visit->loops[1] & CLAIMED ? claim_of(visit, key) : NULL;
    if (held != NULL && held->visit == visit->number) {
        slots_give(&member->claim_slots, map_remove(&member->claims, key));
    }
    visit->loops[1] &= (uint8_t)~CLAIMED;
}

// WriteConflict: the server tries again after a while; a transaction is given up.
static enum outcome lose_conflict(struct visit *visit)
{
    const uint32_t tries = visit->loops[0] < UINT8_MAX ? ++visit->loops[0] : UINT8_MAX;
    const int64_t wait_ns = CONFLICT_WAITS_NS[tries < 4 ? 0 : tries < 10 ? 1 : tries < 100 ? 2 : 3];
    state_of(visit)->conflicts++;
    if (visit->operation->number == MONGODB_TRANSACT) {
        return step_fail(visit, STATUS_CONFLICT);
    }
    step_hold(visit, wait_ns > 0 ? wait_ns : 100 * TIME_US, METER_OTHER);
    return OUTCOME_AGAIN;
}

static enum outcome claim_document(struct visit *visit)
{
    const uint64_t key = visit_key(visit);
    if (!versions_tracks(key)) {
        return step_next(visit);
    }
    const struct mongodb_claim *held = claim_of(visit, key);
    if (held != NULL && is_held(visit, held)) {
        return lose_conflict(visit);
    }
    claim(visit, key);
    return step_next(visit);
}

// ---- writes -----------------------------------------------------------------------------------

// Where an earlier try of the request has written, 0: nowhere, or there was none.
static uint64_t earlier_index(const struct visit *visit)
{
    struct mongodb_state *state = state_of(visit);
    const bool may_be = visit->attempt > 1 || state->retried.count > 0;
    const uint64_t identity = may_be ? identity_of(visit) : 0;
    const bool again = may_be && map_get(&state->retried, identity) != 0;
    if (visit->attempt > 1 && !again) {
        map_set(&state->retried, identity, 1);
    }
    return visit->attempt > 1 || again ? mongodb_oplog_find(visit->node, identity) : 0;
}

static enum outcome wait_for_earlier(struct visit *visit, uint64_t index)
{
    const bool single = visit->operation->number == MONGODB_WRITE;
    state_of(visit)->found_again++;
    visit->value = (uint32_t)index;
    visit->deadline_ns = TIME_NEVER;
    return step_jump(visit, single ? STEP_WAIT : TRANSACT_WAIT);
}

static enum outcome find_earlier(struct visit *visit)
{
    if (configuration_of(visit)->write_concern == MONGODB_W0) {
        visit_answer(visit, STATUS_OK, 0);
    }
    const uint64_t index = earlier_index(visit);
    if (index == 0) {
        record(visit, HISTORY_WRITE, history_value(visit));
        return step_next(visit);
    }
    return wait_for_earlier(visit, index);
}

static enum outcome pass_flow_control(struct visit *visit)
{
    return mongodb_commit_throttle(visit);
}

static enum outcome take_write_ticket(struct visit *visit)
{
    return step_take(visit, tickets_of(visit, true));
}

static uint64_t append(struct visit *visit)
{
    const struct mongodb_configuration *configuration = configuration_of(visit);
    const bool single = visit->operation->number == MONGODB_WRITE;
    const uint64_t changes = single ? 1 : configuration->statements;
    const uint64_t earlier = earlier_index(visit);
    visit->loops[1] |= earlier != 0 ? FOUND : 0;
    const struct mongodb_entry entry = {.request = visit->request,
                                        .key = visit_key(visit),
                                        .identity = identity_of(visit),
                                        .bytes = (uint32_t)(changes * configuration->record)};
    return earlier != 0 ? earlier : mongodb_oplog_write(visit->node, entry);
}

static enum outcome interrupted(struct visit *visit);

static void leave_document(struct visit *visit)
{
    unclaim(visit);
    if (visit->operation->number == MONGODB_WRITE) {
        step_give(visit, tickets_of(visit, true));
    }
}

// From here on the write ends on its own, whoever waits for it.
static enum outcome commit(struct visit *visit)
{
    leave_document(visit);
    if (!mongodb_node(visit->node)->serving) {
        return interrupted(visit);
    }
    const uint64_t index = append(visit);
    visit->value = (uint32_t)index;
    visit->deadline_ns = TIME_NEVER;
    if (mongodb_journals(configuration_of(visit))) {
        mongodb_oplog_flush(visit->node, index);
    }
    return step_next(visit);
}

static enum outcome wait_for_concern(struct visit *visit)
{
    const struct mongodb_configuration *configuration = configuration_of(visit);
    visit->status = STATUS_OK;
    if (configuration->write_concern == MONGODB_MAJORITY) {
        return mongodb_commit_wait(visit, index_of(visit), MONGODB_WAIT_COMMIT);
    }
    return mongodb_journals(configuration)
               ? mongodb_commit_wait(visit, index_of(visit), MONGODB_WAIT_JOURNAL)
               : step_next(visit);
}

// The server is primary no more. A driver tries a single write once again where the primary is now;
// the end of a transaction remains unknown.
static enum outcome interrupted(struct visit *visit)
{
    const bool single = visit->operation->number == MONGODB_WRITE;
    if (!single || !mongodb_driver_retries(visit, identity_of(visit))) {
        const bool perhaps = visit->deadline_ns == TIME_NEVER || visit->attempt > 1;
        const enum status status = perhaps ? STATUS_INDETERMINATE : STATUS_UNAVAILABLE;
        end_record(visit, status);
        return step_fail(visit, status);
    }
    mongodb_driver_disconnect(visit);
    visit->status = STATUS_OK;
    return step_jump(visit, STEP_SELECT);
}

static enum outcome acknowledge(struct visit *visit)
{
    if (visit->status == STATUS_CANCELLED) {
        return interrupted(visit);
    }
    if (configuration_of(visit)->write_concern == MONGODB_W0) {
        end_record(visit, STATUS_INDETERMINATE);
        return step_reply(visit, STATUS_OK);
    }
    if (visit->status == STATUS_OK) {
        mongodb_commit_acknowledge(visit->node, index_of(visit));
    }
    end_record(visit, visit->status);
    return step_reply(visit, visit->status);
}

// ---- transactions -----------------------------------------------------------------------------

static enum outcome await_client(struct visit *visit)
{
    if (visit->loops[0]++ == 0) {
        return step_next(visit);
    }
    return step_hold(visit,
                     distribution_draw(&configuration_of(visit)->think, streams_of(visit)->client),
                     METER_OTHER);
}

// A statement gives its ticket back; the transaction keeps its document.
static enum outcome next_statement(struct visit *visit)
{
    step_give(visit, tickets_of(visit, true));
    if (visit->loops[0] < configuration_of(visit)->statements) {
        return step_jump(visit, STEP_STATEMENT);
    }
    return step_next(visit);
}

// ---- reads ------------------------------------------------------------------------------------

static enum outcome take_read_ticket(struct visit *visit)
{
    record(visit, HISTORY_READ, 0);
    return step_take(visit, tickets_of(visit, false));
}

// A linearizable read writes an entry of its own and waits for its commit: it is primary still.
static enum outcome write_nothing(struct visit *visit)
{
    const uint64_t index = mongodb_oplog_write_nothing(visit->node);
    mongodb_oplog_flush(visit->node, index);
    return mongodb_commit_wait(visit, index, MONGODB_WAIT_COMMIT);
}

static enum outcome confirm_primary(struct visit *visit)
{
    step_give(visit, tickets_of(visit, false));
    visit->status = STATUS_OK;
    if (configuration_of(visit)->read_concern != MONGODB_LINEARIZABLE) {
        return step_next(visit);
    }
    if (!mongodb_node(visit->node)->serving) {
        visit->status = STATUS_CANCELLED;
        return step_next(visit);
    }
    return write_nothing(visit);
}

static uint64_t value_read(const struct visit *visit)
{
    const struct mongodb_node *member = mongodb_node(visit->node);
    const bool committed = configuration_of(visit)->read_concern == MONGODB_READ_MAJORITY;
    const uint64_t key = visit_key(visit);
    const struct versions *versions = committed ? &member->committed : &member->versions;
    return versions_tracks(key) ? versions_get(versions, key).value : 0;
}

static enum outcome answer_documents(struct visit *visit)
{
    if (visit->status == STATUS_CANCELLED && mongodb_driver_retries(visit, identity_of(visit))) {
        mongodb_driver_disconnect(visit);
        visit->status = STATUS_OK;
        return step_jump(visit, STEP_SELECT);
    }
    if (visit->status != STATUS_OK) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    history_end(visit, STATUS_OK, value_read(visit));
    return step_reply_bytes(visit, STATUS_OK, configuration_of(visit)->answer);
}

static const struct step read_steps[] = {
    [STEP_SELECT] = {.name = "select server", .run = select_reader},
    {.name = "find data key", .run = find_key},
    {.name = "encrypt fields", .run = encrypt_fields},
    {.name = "take connection", .run = take_connection},
    {.name = "take ticket", .run = take_read_ticket},
    {.name = "fetch documents", .run = fetch_documents},
    {.name = "read documents", .run = read_documents},
    {.name = "confirm primary", .run = confirm_primary},
    {.name = "reply", .run = answer_documents},
};

static const struct step write_steps[] = {
    [STEP_SELECT] = {.name = "select server", .run = select_primary},
    {.name = "find data key", .run = find_key},
    {.name = "encrypt fields", .run = encrypt_fields},
    {.name = "take connection", .run = take_connection},
    {.name = "find earlier try", .run = find_earlier},
    {.name = "pass flow control", .run = pass_flow_control},
    {.name = "take ticket", .run = take_write_ticket},
    {.name = "fetch document", .run = fetch_document},
    {.name = "claim document", .run = claim_document},
    {.name = "change document", .run = change_document},
    {.name = "append to oplog", .run = commit},
    [STEP_WAIT] = {.name = "wait for write concern", .run = wait_for_concern},
    {.name = "acknowledge", .run = acknowledge},
};

static const struct step transact_steps[] = {
    [STEP_SELECT] = {.name = "select server", .run = select_primary},
    {.name = "find data key", .run = find_key},
    {.name = "encrypt fields", .run = encrypt_fields},
    {.name = "take connection", .run = take_connection},
    {.name = "find earlier try", .run = find_earlier},
    {.name = "pass flow control", .run = pass_flow_control},
    [STEP_STATEMENT] = {.name = "await client", .run = await_client},
    {.name = "take ticket", .run = take_write_ticket},
    {.name = "fetch document", .run = fetch_document},
    {.name = "claim document", .run = claim_document},
    {.name = "change document", .run = change_document},
    {.name = "next statement", .run = next_statement},
    {.name = "append to oplog", .run = commit},
    [TRANSACT_WAIT] = {.name = "wait for write concern", .run = wait_for_concern},
    {.name = "acknowledge", .run = acknowledge},
};

// ---- operations -------------------------------------------------------------------------------

#define STEPS(table) .steps = table, .step_count = sizeof table / sizeof *table

const struct operation mongodb_operations[MONGODB_OPERATIONS] = {
    {.name = "read",
     .meaning = "finds one document by its key",
     STEPS(read_steps),
     .number = MONGODB_READ},
    {.name = "write",
     .meaning = "inserts or updates the document of the key",
     STEPS(write_steps),
     .number = MONGODB_WRITE},
    {.name = "transact",
     .meaning = "`statements` changes in one transaction, with the client's "
                "turns between them",
     STEPS(transact_steps),
     .number = MONGODB_TRANSACT},
    {.name = "query",
     .meaning = "reads `documents` documents",
     STEPS(read_steps),
     .number = MONGODB_QUERY},
};
