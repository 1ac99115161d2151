// cockroach_serve - what a node does with the requests that gateways send it, step by step.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

enum { MESSAGE_BYTES = 100, ROWS_A_PAGE = 50, EVALUATE = 3 };

static const struct cockroach_configuration *configuration_of(const struct visit *visit)
{
    return cockroach_configuration(visit->node->component);
}

static struct cockroach_request *request_of(const struct visit *visit)
{
    return slots_at(&cockroach_node(visit->node)->requests, visit->value);
}

static struct cockroach_range *range_of(const struct visit *visit)
{
    return cockroach_range(visit->node->component, request_of(visit)->range);
}

static struct cockroach_counts *counts_of(const struct visit *visit)
{
    return &cockroach_cluster(visit->node->component)->counts;
}

static struct cockroach_transaction *writer_of(const struct visit *visit)
{
    const struct cockroach_request *request = request_of(visit);
    return cockroach_transaction_at(visit->node->component, request->writer,
                                    request->writer_generation);
}

// ---- coming and going -------------------------------------------------------------------------

int64_t cockroach_serve_clock(struct node *node, int64_t seen)
{
    struct cockroach_node *server = cockroach_node(node);
    const int64_t physical = node->world->now + server->skew_ns;
    const int64_t next = (server->clock_ns > seen ? server->clock_ns : seen) + 1;
    server->clock_ns = physical > next ? physical : next;
    return server->clock_ns;
}

// words: ticket, service and range, key, timestamp, value, transaction
void cockroach_serve_begin(struct node *node, struct node *from, struct network_parcel *parcel)
{
    struct cockroach_node *server = cockroach_node(node);
    const uint64_t *words = parcel->words;
    const uint32_t service = (uint32_t)words[1] & 0xff;
    struct visit *visit = node_begin_visit(
        node, &cockroach_operations[COCKROACH_SERVING + service], words[0] & 0xffff);
    if (visit == NULL) {
        return;
    }
    const uint32_t number = slots_take(&server->requests);
    struct cockroach_request *request = slots_at(&server->requests, number);
    visit->value = number;
    request->number = number;
    request->service = (uint8_t)service;
    request->from = from;
    request->reply = words[0];
    request->range = (uint32_t)words[1] >> 8;
    request->key = words[2];
    request->stamp = (int64_t)words[3];
    request->value = words[4];
    request->writer = (uint32_t)words[5];
    request->writer_generation = (uint32_t)(words[5] >> 32);
    request->read_ns = cockroach_serve_clock(node, request->stamp);
}

static void reply(struct node *node, const struct cockroach_request *request, enum status status,
                  uint64_t bytes)
{
    const uint32_t hint =
        status == STATUS_REJECTED ? cockroach_lease_hint(node, request->range) : COCKROACH_NONE;
    struct network_parcel parcel = {
        .words = {request->reply, (uint64_t)status | (uint64_t)hint << 32, request->value,
                  (uint64_t)request->stamp, request->index, request->range}};
    if (request->from == node) {
        cockroach_gateway_hear(node, node, &parcel);
    } else {
        network_post(node, request->from, MESSAGE_BYTES + bytes, cockroach_gateway_hear, &parcel);
    }
}

static enum outcome leave(struct visit *visit, struct cockroach_request *request)
{
    struct node *node = visit->node;
    cockroach_guard_give(node, request);
    slots_give(&cockroach_node(node)->requests, request->number);
    return step_reply(visit, STATUS_OK);
}

static enum outcome answer(struct visit *visit, enum status status, uint64_t bytes)
{
    struct cockroach_request *request = request_of(visit);
    reply(visit->node, request, status, bytes);
    return leave(visit, request);
}

enum outcome cockroach_serve_refuse(struct visit *visit, struct cockroach_request *request,
                                    enum status status)
{
    counts_of(visit)->redirects += status == STATUS_REJECTED;
    reply(visit->node, request, status, 0);
    return leave(visit, request);
}

// ---- timestamps -------------------------------------------------------------------------------

static int64_t *read_slot(struct visit *visit, uint64_t key)
{
    struct cockroach_range *range = range_of(visit);
    if (range->reads == NULL) {
        range->reads = arena_take_array(&visit->node->world->arena, COCKROACH_READS,
                                        sizeof *range->reads);
    }
    return &range->reads[digest_mix(key, COCKROACH_READS) % COCKROACH_READS];
}

static void note_read(struct visit *visit, const struct cockroach_request *request)
{
    if (versions_tracks(request->key)) {
        int64_t *slot = read_slot(visit, request->key);
        *slot = request->stamp > *slot ? request->stamp : *slot;
    }
}

static int64_t later(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

// A write comes after every read that was served, every version, and what was promised closed.
static void push_stamp(struct visit *visit, struct cockroach_request *request)
{
    const struct cockroach_range *range = range_of(visit);
    if (!versions_tracks(request->key)) {
        return;
    }
    const struct cockroach_row *row = cockroach_row_find(visit->node->component, request->key);
    if (row != NULL && row->newest.stamp >= request->stamp) {
        counts_of(visit)->write_too_old++;
        request->stamp = row->newest.stamp + 1;
    }
    request->stamp = later(request->stamp, *read_slot(visit, request->key) + 1);
    request->stamp = later(request->stamp, later(range->low_ns, range->closed_ns) + 1);
    cockroach_serve_clock(visit->node, request->stamp);
}

// ---- steps: the way in ------------------------------------------------------------------------

static enum outcome hold_lease(struct visit *visit)
{
    return cockroach_lease_take(visit, request_of(visit));
}

static enum outcome take_turn(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    if (visit->status == STATUS_CONFLICT) {
        return answer(visit, STATUS_CONFLICT, 0);
    }
    if (!cockroach_lease_serves(visit->node, request->range)) {
        return cockroach_serve_refuse(visit, request, STATUS_REJECTED);
    }
    const enum outcome outcome = cockroach_guard_take(visit, request);
    if (outcome == OUTCOME_NEXT && request->service == COCKROACH_SERVE_READ) {
        note_read(visit, request);
    }
    return outcome;
}

static double miss_ratio(const struct visit *visit)
{
    const struct cockroach_cache *cache = &configuration_of(visit)->cache;
    const uint64_t served = cockroach_node(visit->node)->served;
    const double warm = served >= cache->warm ? 1 : (double)served / (double)cache->warm;
    return 1 - cache->hit * warm;
}

static enum outcome fetch(struct visit *visit, double pages)
{
    struct cockroach_node *server = cockroach_node(visit->node);
    const double missed = pages * miss_ratio(visit);
    const int64_t count = (int64_t)(missed + random_unit(server->streams.cache));
    server->served++;
    if (count == 0) {
        return step_next(visit);
    }
    const int64_t read =
        distribution_draw(&configuration_of(visit)->disk.read, server->streams.disk);
    return station_serve(&visit->node->devices[COCKROACH_DEVICE_DISK], visit, read * count);
}

static enum outcome fetch_page(struct visit *visit)
{
    return fetch(visit, 1);
}

static enum outcome fetch_pages(struct visit *visit)
{
    return fetch(visit, (double)configuration_of(visit)->rows / ROWS_A_PAGE);
}

static int64_t draw(const struct visit *visit, const struct distribution *law)
{
    return distribution_draw(law, cockroach_node(visit->node)->streams.cpu);
}

static enum outcome read_row(struct visit *visit)
{
    return step_cpu(visit, draw(visit, &configuration_of(visit)->read));
}

static enum outcome write_row(struct visit *visit)
{
    return step_cpu(visit, draw(visit, &configuration_of(visit)->write));
}

static enum outcome scan_rows(struct visit *visit)
{
    const struct cockroach_configuration *configuration = configuration_of(visit);
    const uint64_t rows = configuration->rows / configuration->scan_ranges;
    return step_cpu(visit, draw(visit, &configuration->read) +
                               time_times(draw(visit, &configuration->row), rows));
}

// ---- steps: reads -----------------------------------------------------------------------------

// A version above the read's time, but not above what its gateway's clock might have missed.
static const struct cockroach_row *uncertain(const struct visit *visit,
                                             const struct cockroach_request *request)
{
    const int64_t offset = configuration_of(visit)->clock.offset_ns;
    const int64_t limit = request->read_ns < request->stamp + offset ? request->read_ns
                                                                     : request->stamp + offset;
    const struct cockroach_row *row = cockroach_row_find(visit->node->component, request->key);
    const bool above = row != NULL && row->newest.stamp > request->stamp;
    return above && row->newest.stamp <= limit ? row : NULL;
}

// Restarted here at the later time, unless its transaction has read something before.
static enum outcome restart_read(struct visit *visit, struct cockroach_request *request,
                                 int64_t stamp)
{
    const struct cockroach_transaction *writer = writer_of(visit);
    counts_of(visit)->uncertain++;
    request->stamp = stamp;
    if (writer != NULL && writer->at > 0) {
        return answer(visit, STATUS_CONFLICT, 0);
    }
    note_read(visit, request);
    return step_jump(visit, EVALUATE);
}

static void note_read_time(struct cockroach_transaction *writer, int64_t stamp)
{
    if (writer != NULL) {
        writer->read_ns = later(writer->read_ns, stamp);
        writer->write_ns = later(writer->write_ns, stamp);
    }
}

static enum outcome answer_read(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    const struct cockroach_row *row = uncertain(visit, request);
    if (row != NULL) {
        return restart_read(visit, request, row->newest.stamp);
    }
    note_read_time(writer_of(visit), request->stamp);
    request->value =
        cockroach_row_read(visit->node->component, request->key, request->stamp).value;
    return answer(visit, STATUS_OK, configuration_of(visit)->answer);
}

static enum outcome answer_rows(struct visit *visit)
{
    const struct cockroach_configuration *configuration = configuration_of(visit);
    return answer(visit, STATUS_OK, configuration->answer * configuration->rows);
}

static bool is_closed(const struct node *node, const struct cockroach_request *request)
{
    const struct cockroach_row *row = cockroach_row_find(node->component, request->key);
    const bool locked = row != NULL && row->writer != 0 && row->intent.stamp <= request->stamp;
    return cockroach_replica(node, request->range)->member != NULL && !locked &&
           cockroach_live_closed(node, request->range) >= request->stamp;
}

static enum outcome refuse_stale(struct visit *visit, struct cockroach_request *request)
{
    counts_of(visit)->follower_misses++;
    return cockroach_serve_refuse(visit, request, STATUS_REJECTED);
}

// A replica answers for the past if the leaseholder has promised that it is closed.
static enum outcome check_closed(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    if (cockroach_lease_serves(visit->node, request->range)) {
        return step_next(visit);
    }
    if (!is_closed(visit->node, request)) {
        return refuse_stale(visit, request);
    }
    request->tried = true;
    return step_next(visit);
}

static enum outcome answer_stale(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    const struct raft_member *member = cockroach_replica(visit->node, request->range)->member;
    const struct cockroach_version version =
        cockroach_row_read(visit->node->component, request->key, request->stamp);
    const bool early = request->tried && version.index > member->applied;
    if (early && version.resolved) { // this replica still has the intent
        return refuse_stale(visit, request);
    }
    counts_of(visit)->follower_reads += request->tried;
    counts_of(visit)->early_reads += early;
    request->value = version.value;
    return answer(visit, STATUS_OK, configuration_of(visit)->answer);
}

// The reads of a transaction hold at its later time if nobody has written there since, or is
// about to.
static enum outcome refresh(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    const struct cockroach_row *row = cockroach_row_find(visit->node->component, request->key);
    const struct cockroach_transaction *writer = writer_of(visit);
    const bool newer = row != NULL && writer != NULL && row->newest.stamp > writer->read_ns;
    counts_of(visit)->refreshes++;
    if (newer || !cockroach_guard_is_free(visit->node, request)) {
        return answer(visit, STATUS_CONFLICT, 0);
    }
    note_read(visit, request);
    return answer(visit, STATUS_OK, 0);
}

// ---- steps: writes ----------------------------------------------------------------------------

static void on_claim(struct node *to, struct node *from, uint64_t range)
{
    (void)from;
    struct raft_member *member = cockroach_replica(to, (uint32_t)range)->member;
    if (member->leading) {
        cockroach_lease_follow(member);
    }
}

// The leaseholder is not the raft leader: it asks for the leadership and tries again after a tick.
static enum outcome claim_leadership(struct visit *visit, const struct cockroach_request *request)
{
    struct node *node = visit->node;
    const struct cockroach_range *range = range_of(visit);
    const struct raft_member *member = cockroach_replica(node, request->range)->member;
    if (member->vote->leader != ELECTION_NONE && member->vote->leader != member->number) {
        const uint32_t leader = range->replicas[member->vote->leader];
        network_message(node, &node->component->nodes[leader], MESSAGE_BYTES, on_claim,
                        request->range);
    }
    cockroach_lease_watch(node, request->range);
    step_hold(visit, configuration_of(visit)->raft.tick_ns, METER_OTHER);
    return OUTCOME_AGAIN;
}

static enum outcome propose(struct visit *visit, enum cockroach_kind kind)
{
    struct cockroach_request *request = request_of(visit);
    if (!cockroach_lease_serves(visit->node, request->range)) {
        return cockroach_serve_refuse(visit, request, STATUS_REJECTED);
    }
    if (cockroach_replica(visit->node, request->range)->tripped) {
        return cockroach_serve_refuse(visit, request, STATUS_UNAVAILABLE);
    }
    const struct cockroach_command command = {
        .kind = (uint8_t)kind,
        .sequence = range_of(visit)->lease.sequence,
        .request = request->number,
        .asked = request->generation,
        .transaction = request->writer,
        .generation = request->writer_generation,
        .key = request->key,
        .value = request->value,
        .stamp = request->stamp,
    };
    step_wait(visit);
    request->ticket = visit_ticket(visit);
    return cockroach_range_propose(visit->node, request->range, &command, request->ticket)
               ? OUTCOME_WAIT
               : claim_leadership(visit, request);
}

static enum outcome propose_write(struct visit *visit)
{
    push_stamp(visit, request_of(visit));
    return propose(visit, COCKROACH_PUT);
}

// What became of the command that the visit waited for.
static enum status verdict(const struct visit *visit, const struct cockroach_request *request)
{
    if (request->rejected) {
        return STATUS_REJECTED;
    }
    return request->index > 0 ? STATUS_OK : (enum status)visit->status;
}

// The leader was deposed before the command was applied: somebody will know what became of it,
// unless the range has no leader for so long that its breaker trips.
static bool must_wait(const struct visit *visit, const struct cockroach_request *request)
{
    return visit->status == STATUS_INDETERMINATE && request->index == 0 && !request->rejected &&
           !cockroach_replica(visit->node, request->range)->tripped;
}

static enum outcome await_fate(struct visit *visit, struct cockroach_request *request)
{
    step_wait(visit);
    request->doubts = true;
    request->ticket = visit_ticket(visit);
    return OUTCOME_AGAIN;
}

static enum outcome acknowledge(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    return must_wait(visit, request) ? await_fate(visit, request)
                                     : answer(visit, verdict(visit, request), 0);
}

// ---- steps: transactions ----------------------------------------------------------------------

static enum outcome check_writer(struct visit *visit)
{
    const struct cockroach_transaction *writer = writer_of(visit);
    if (writer == NULL || writer->status != COCKROACH_PENDING) {
        return answer(visit, STATUS_CONFLICT, 0);
    }
    return step_next(visit);
}

static void confirm_intent(struct node *node, struct cockroach_request *request,
                           struct cockroach_transaction *writer)
{
    writer->write_ns = request->stamp;
    writer->sent |= 1U << writer->at;
    cockroach_guard_leave(node, request);
    reply(node, request, STATUS_OK, 0);
}

// The gateway hears at once where the intent lies; that it is replicated it hears later.
static enum outcome lay_intent(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    struct cockroach_transaction *writer = writer_of(visit);
    if (writer == NULL) {
        return answer(visit, STATUS_CONFLICT, 0);
    }
    request->stamp = later(request->stamp, writer->write_ns);
    push_stamp(visit, request);
    const enum outcome outcome = propose(visit, COCKROACH_INTENT);
    if (outcome == OUTCOME_WAIT) {
        confirm_intent(visit->node, request, writer);
    }
    return outcome;
}

static bool lies(const struct component *component, const struct cockroach_request *request)
{
    const struct cockroach_row *row = cockroach_row_find(component, request->key);
    return row != NULL && row->writer == request->writer &&
           row->writer_generation == request->writer_generation;
}

static enum outcome keep_intent(struct visit *visit)
{
    struct cockroach_request *request = request_of(visit);
    if (must_wait(visit, request)) {
        return await_fate(visit, request);
    }
    const bool kept = verdict(visit, request) == STATUS_OK;
    if (!lies(visit->node->component, request) && request->guard != 0) {
        cockroach_guard_drop(visit->node->component, range_of(visit), request->key);
    }
    cockroach_transaction_tell(visit->node, request, kept);
    return leave(visit, request);
}

static enum outcome stage(struct visit *visit)
{
    return propose(visit, COCKROACH_STAGE);
}

// ---- tables -----------------------------------------------------------------------------------

static enum outcome apply_entries(struct visit *visit)
{
    struct cockroach_node *server = cockroach_node(visit->node);
    const int64_t debt = server->debt_ns;
    server->debt_ns = 0;
    return step_cpu(visit, debt);
}

static enum outcome apply_more(struct visit *visit)
{
    struct cockroach_node *server = cockroach_node(visit->node);
    server->applying = server->debt_ns > 0;
    return server->applying ? step_jump(visit, 0) : step_reply(visit, STATUS_OK);
}

const struct step cockroach_serve_apply[2] = {
    {.name = "apply entries", .run = apply_entries},
    {.name = "more", .run = apply_more},
};

const struct step cockroach_serve_read[5] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "take turn", .run = take_turn},
    {.name = "fetch page", .run = fetch_page},
    [EVALUATE] = {.name = "read row", .run = read_row},
    {.name = "answer", .run = answer_read},
};

const struct step cockroach_serve_stale[4] = {
    {.name = "check closed", .run = check_closed},
    {.name = "fetch page", .run = fetch_page},
    {.name = "read row", .run = read_row},
    {.name = "answer", .run = answer_stale},
};

const struct step cockroach_serve_write[5] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "take turn", .run = take_turn},
    {.name = "write row", .run = write_row},
    {.name = "replicate", .run = propose_write},
    {.name = "acknowledge", .run = acknowledge},
};

const struct step cockroach_serve_scan[4] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "fetch pages", .run = fetch_pages},
    {.name = "scan rows", .run = scan_rows},
    {.name = "answer", .run = answer_rows},
};

const struct step cockroach_serve_intent[6] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "take turn", .run = take_turn},
    {.name = "write row", .run = write_row},
    {.name = "check transaction", .run = check_writer},
    {.name = "lay intent", .run = lay_intent},
    {.name = "keep intent", .run = keep_intent},
};

const struct step cockroach_serve_refresh[2] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "refresh", .run = refresh},
};

const struct step cockroach_serve_stage[4] = {
    {.name = "hold lease", .run = hold_lease},
    {.name = "check transaction", .run = check_writer},
    {.name = "write record", .run = stage},
    {.name = "acknowledge", .run = acknowledge},
};
