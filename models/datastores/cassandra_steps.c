// cassandra_steps - the coordinator's reads, writes, deletes and scans.
//
// A read asks as many of the nearest living replicas as its level needs, one for the row and the
// others for its digest. If they differ, all of them are asked for the row, the newest is taken,
// and with blocking read repair it is written back to those that had an older one before the
// answer is given. A write goes to all living replicas; it is never taken back: what was confirmed
// by too few in time may still show later, by hints or by read repair.
#include "models/datastores/cassandra.h"

static const struct cassandra_configuration *configuration_of(const struct visit *visit)
{
    return cassandra_configuration(visit->node->component);
}

static struct cassandra_state *state_of(const struct visit *visit)
{
    return cassandra_state(visit->node->component);
}

// ---- common to all ----------------------------------------------------------------------------

uint64_t cassandra_steps_value(const struct visit *visit)
{
    const bool deletes = visit->operation->number == CASSANDRA_OP_DELETE;
    return history_value(visit) | (deletes ? CASSANDRA_TOMBSTONE : 0);
}

static void begin_history(struct visit *visit)
{
    const uint64_t key = visit_key(visit);
    const uint16_t operation = visit->operation->number;
    if (operation == CASSANDRA_OP_READ) {
        history_begin(visit, HISTORY_READ, 0, 0);
    } else if (operation == CASSANDRA_OP_UPDATE_IF &&
               configuration_of(visit)->condition == CASSANDRA_UNCHANGED) {
        const struct version known = versions_get(&state_of(visit)->told, key);
        visit_words(visit)[1] = known.value; // what open finds there
        history_begin(visit, HISTORY_SWAP, cassandra_steps_value(visit), known.value);
    } else if (operation != CASSANDRA_OP_SCAN) {
        history_begin(visit, HISTORY_WRITE, cassandra_steps_value(visit), 0);
    }
}

enum outcome cassandra_steps_accept(struct visit *visit)
{
    begin_history(visit);
    return step_take(visit, &visit->node->pools[CASSANDRA_NATIVE]);
}

enum outcome cassandra_steps_parse(struct visit *visit)
{
    return step_cpu(visit, distribution_draw(&configuration_of(visit)->cost.coordinate,
                                             cassandra_node(visit->node)->streams.cpu));
}

int64_t cassandra_steps_stamp(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    const int64_t clock = (node->world->now + server->skew_ns) / 1000;
    server->stamp = clock > server->stamp ? clock : server->stamp + 1;
    return server->stamp;
}

void cassandra_steps_tell(struct visit *visit, uint64_t key, struct version version)
{
    const bool matters = configuration_of(visit)->condition == CASSANDRA_UNCHANGED;
    if (matters && versions_tracks(key)) {
        versions_put(&state_of(visit)->told, key, version, 0);
    }
}

// The answer, and the end of the visit's part in its round.
enum outcome cassandra_steps_finish(struct visit *visit, enum status status, uint64_t value)
{
    const struct cassandra_configuration *configuration = configuration_of(visit);
    const uint16_t operation = visit->operation->number;
    uint64_t bytes = 0;
    if (status == STATUS_OK && operation == CASSANDRA_OP_READ) {
        bytes = configuration->row;
    } else if (status == STATUS_OK && operation == CASSANDRA_OP_SCAN) {
        bytes = configuration->row * configuration->scan.rows;
    }
    history_end(visit, status, value);
    cassandra_ring_answered(visit);
    return step_reply_bytes(visit, status, bytes);
}

static enum outcome finish_round(struct visit *visit, struct cassandra_round *round,
                                 enum status status)
{
    const uint64_t value = round->version.value;
    cassandra_round_let_go(visit->node->component, round);
    return cassandra_steps_finish(visit, status, value);
}

enum outcome cassandra_steps_wait(struct visit *visit, struct cassandra_round *round,
                                  uint32_t copies)
{
    visit->deadline_ns = TIME_NEVER;
    round->ticket = visit_ticket(visit);
    step_wait(visit);
    cassandra_round_send(visit->node, round, copies);
    return OUTCOME_WAIT;
}

// ---- reads ------------------------------------------------------------------------------------

enum outcome cassandra_steps_ask(struct visit *visit, struct cassandra_round *round)
{
    uint8_t order[CASSANDRA_COPIES];
    const uint32_t living = cassandra_round_living(round, visit->node) & round->counting;
    uint32_t wanted = round->quorum.needed, copies = 0;
    if (!cassandra_round_is_possible(round, visit->node)) {
        return finish_round(visit, round, STATUS_UNAVAILABLE);
    }
    cassandra_ring_order(visit->node, round->replicas, order);
    for (uint32_t i = 0; i < round->count && wanted > 0; i++) {
        const uint32_t bit = 1U << order[i] & living;
        round->data = bit != 0 && copies == 0 ? order[i] : round->data;
        copies |= bit;
        wanted -= bit != 0;
    }
    return cassandra_steps_wait(visit, round, copies);
}

static enum outcome ask(struct visit *visit)
{
    const bool scan = visit->operation->number == CASSANDRA_OP_SCAN;
    struct cassandra_round *round = cassandra_round_take(
        visit, scan ? CASSANDRA_SCAN : CASSANDRA_READ, configuration_of(visit)->read_level);
    if (versions_tracks(round->key)) {
        round->floor = versions_get(&state_of(visit)->acknowledged, round->key).stamp;
    }
    return cassandra_steps_ask(visit, round);
}

static bool is_newer(struct version one, struct version other)
{
    return one.stamp > other.stamp || (one.stamp == other.stamp && one.value > other.value);
}

// Takes the newest of the answers; returns the copies that answered with something older.
static uint32_t reconcile(struct cassandra_round *round)
{
    uint32_t older = 0;
    round->version = (struct version){0};
    for (uint32_t i = 0; i < round->count; i++) {
        if (round->quorum.good >> i & 1 && is_newer(round->seen[i], round->version)) {
            round->version = round->seen[i];
        }
    }
    for (uint32_t i = 0; i < round->count; i++) {
        const bool answered = round->quorum.good >> i & 1;
        older |= (uint32_t)(answered && is_newer(round->version, round->seen[i])) << i;
    }
    return older;
}

enum outcome cassandra_steps_compare(struct visit *visit)
{
    struct cassandra_round *round = cassandra_round_of(visit);
    if (round->end != CASSANDRA_DONE) {
        return finish_round(visit, round, STATUS_ERROR);
    }
    const uint32_t good = round->quorum.good;
    if (reconcile(round) == 0 || round->verb == CASSANDRA_SCAN) {
        return step_next(visit);
    }
    state_of(visit)->digests++;
    round = cassandra_round_follow(visit, round, CASSANDRA_READ, CASSANDRA_ALL);
    round->full = true;
    round->quorum.needed = (uint32_t)__builtin_popcount(good);
    return cassandra_steps_wait(visit, round, good);
}

enum outcome cassandra_steps_mend(struct visit *visit)
{
    struct cassandra_round *round = cassandra_round_of(visit);
    if (round->end != CASSANDRA_DONE) {
        return finish_round(visit, round, STATUS_ERROR);
    }
    const uint32_t older = round->full ? reconcile(round) : 0;
    if (older == 0 || configuration_of(visit)->read_repair == CASSANDRA_NO_REPAIR) {
        return step_next(visit);
    }
    state_of(visit)->repairs++;
    round = cassandra_round_follow(visit, round, CASSANDRA_REPAIR, CASSANDRA_ALL);
    round->quorum.needed = (uint32_t)__builtin_popcount(older);
    return cassandra_steps_wait(visit, round, older);
}

enum outcome cassandra_steps_reply_read(struct visit *visit)
{
    struct cassandra_round *round = cassandra_round_of(visit);
    if (round->end != CASSANDRA_DONE) {
        return finish_round(visit, round, STATUS_ERROR);
    }
    const struct version version = round->version;
    state_of(visit)->early_reads += version.stamp < round->floor;
    cassandra_steps_tell(visit, round->key, version);
    const bool gone = version.value & CASSANDRA_TOMBSTONE;
    return finish_round(visit, round, gone ? STATUS_MISS : STATUS_OK);
}

static enum outcome reply_scan(struct visit *visit)
{
    return finish_round(visit, cassandra_round_of(visit), STATUS_OK);
}

static const struct step read_steps[] = {
    {.name = "accept", .run = cassandra_steps_accept},
    {.name = "parse", .run = cassandra_steps_parse},
    {.name = "ask replicas", .run = ask},
    {.name = "compare digests", .run = cassandra_steps_compare},
    {.name = "repair", .run = cassandra_steps_mend},
    {.name = "reply", .run = cassandra_steps_reply_read},
};

static const struct step scan_steps[] = {
    {.name = "accept", .run = cassandra_steps_accept},
    {.name = "parse", .run = cassandra_steps_parse},
    {.name = "ask replicas", .run = ask},
    {.name = "take the newest", .run = cassandra_steps_compare},
    {.name = "reply", .run = reply_scan},
};

// ---- writes -----------------------------------------------------------------------------------

enum outcome cassandra_steps_spread(struct visit *visit, struct cassandra_round *round)
{
    const uint32_t living = cassandra_round_living(round, visit->node);
    if (!cassandra_round_is_possible(round, visit->node)) {
        return finish_round(visit, round, STATUS_UNAVAILABLE);
    }
    for (uint32_t i = 0; i < round->count; i++) {
        if ((living >> i & 1) == 0) {
            cassandra_hints_store(visit->node, round->replicas[i], round);
        }
    }
    return cassandra_steps_wait(visit, round, living);
}

static enum outcome send(struct visit *visit)
{
    struct cassandra_round *round =
        cassandra_round_take(visit, CASSANDRA_WRITE, configuration_of(visit)->write_level);
    round->version.value = cassandra_steps_value(visit);
    round->version.stamp = cassandra_steps_stamp(visit->node);
    return cassandra_steps_spread(visit, round);
}

// A write that every replica that confirmed it knew something newer than was never to be seen.
enum outcome cassandra_steps_acknowledge(struct visit *visit, const struct cassandra_round *round)
{
    struct component *component = visit->node->component;
    const uint32_t good = round->quorum.good;
    cassandra_ledger_acknowledge(component, round->key, round->version);
    cassandra_state(component)->shadowed += good != 0 && (round->stale & good) == good;
    cassandra_steps_tell(visit, round->key, round->version);
    return step_next(visit);
}

static enum outcome reply_write(struct visit *visit)
{
    struct cassandra_round *round = cassandra_round_of(visit);
    if (round->end != CASSANDRA_DONE) {
        return finish_round(visit, round, STATUS_INDETERMINATE);
    }
    cassandra_steps_acknowledge(visit, round);
    return finish_round(visit, round, STATUS_OK);
}

static const struct step write_steps[] = {
    {.name = "accept", .run = cassandra_steps_accept},
    {.name = "parse", .run = cassandra_steps_parse},
    {.name = "send to replicas", .run = send},
    {.name = "acknowledge", .run = reply_write},
};

// ---- operations -------------------------------------------------------------------------------

#define STEPS(table) .steps = table, .step_count = sizeof table / sizeof *table

const struct operation cassandra_operations[CASSANDRA_OPERATIONS] = {
    {.name = "read", .meaning = "reads the row of the key at `read_level`", STEPS(read_steps),
     .number = CASSANDRA_OP_READ},
    {.name = "write", .meaning = "inserts or updates the row of the key at `write_level`",
     STEPS(write_steps), .number = CASSANDRA_OP_WRITE},
    {.name = "update_if",
     .meaning = "a lightweight transaction: writes the row if the condition holds, by Paxos",
     .steps = cassandra_paxos_write_steps, .step_count = CASSANDRA_PAXOS_WRITE_STEPS,
     .number = CASSANDRA_OP_UPDATE_IF},
    {.name = "delete", .meaning = "writes a tombstone over a row of the key's partition",
     STEPS(write_steps), .number = CASSANDRA_OP_DELETE},
    {.name = "scan", .meaning = "reads `scan.rows` rows of the key's partition",
     STEPS(scan_steps), .number = CASSANDRA_OP_SCAN},
    {.name = "mutate", .meaning = "a replica's part in a write", .internal = true,
     .steps = cassandra_replica_mutate_steps, .step_count = CASSANDRA_MUTATE_STEPS,
     .number = CASSANDRA_OP_MUTATE},
    {.name = "fetch", .meaning = "a replica's part in a read", .internal = true,
     .steps = cassandra_replica_fetch_steps, .step_count = CASSANDRA_FETCH_STEPS,
     .number = CASSANDRA_OP_FETCH},
    {.name = "flush", .meaning = "writes a memtable to a file", .internal = true,
     .steps = cassandra_store_flush_steps, .step_count = CASSANDRA_FLUSH_STEPS,
     .number = CASSANDRA_OP_FLUSH},
    {.name = "compact", .meaning = "merges files of a window", .internal = true,
     .steps = cassandra_store_compact_steps, .step_count = CASSANDRA_COMPACT_STEPS,
     .number = CASSANDRA_OP_COMPACT},
};
