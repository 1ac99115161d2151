// cassandra_replica - what a replica does for a round: its stages, commit log and memtable.
//
// Reads and writes wait for a thread of their stage. One whose round has expired by then is dropped
// without work, and nobody is told. A write is appended to the commit log, with batch and group
// waits until it is durable, and only then shows in the memtable.
#include "models/datastores/cassandra.h"

static const struct cassandra_configuration *configuration_of(const struct visit *visit)
{
    return cassandra_configuration(visit->node->component);
}

// The round, NULL if it has expired. visit->units keeps its generation.
static struct cassandra_round *round_of(const struct visit *visit)
{
    const struct component *component = visit->node->component;
    const bool current = cassandra_round_is_current(component, visit->value, visit->units);
    return current ? cassandra_round_of(visit) : NULL;
}

static enum outcome drop(struct visit *visit)
{
    cassandra_state(visit->node->component)->dropped++;
    return step_reply(visit, STATUS_OVERDUE);
}

// ---- writes -----------------------------------------------------------------------------------

static enum outcome take_writer(struct visit *visit)
{
    return step_take(visit, &visit->node->pools[CASSANDRA_WRITERS]);
}

static enum outcome work(struct visit *visit)
{
    const struct cassandra_cost *cost = &configuration_of(visit)->cost;
    const struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return drop(visit);
    }
    if (!cassandra_store_has_room(visit)) {
        step_wait(visit);
        return OUTCOME_AGAIN;
    }
    const bool paxos = round->verb == CASSANDRA_PREPARE || round->verb == CASSANDRA_PROPOSE;
    struct random_stream *stream = cassandra_node(visit->node)->streams.cpu;
    return step_cpu(visit, distribution_draw(paxos ? &cost->paxos : &cost->write, stream));
}

static enum outcome append_log(struct visit *visit)
{
    const struct cassandra_configuration *configuration = configuration_of(visit);
    struct cassandra_node *server = cassandra_node(visit->node);
    server->store.replayable += configuration->row;
    if (configuration->commit_log.sync != CASSANDRA_PERIODIC) {
        return wal_join(&server->log, visit, configuration->row);
    }
    wal_append(&server->log, configuration->row);
    return step_next(visit);
}

static void settle(struct cassandra_node *server)
{
    versions_settle(&server->data, server->log.durable);
    versions_settle(&server->promised, server->log.durable);
    versions_settle(&server->accepted, server->log.durable);
    versions_settle(&server->committed, server->log.durable);
}

static void merge(struct node *replica, struct cassandra_round *round, uint64_t position)
{
    struct cassandra_node *server = cassandra_node(replica);
    cassandra_store_add(replica, cassandra_configuration(replica->component)->row);
    if (!versions_tracks(round->key)) {
        return;
    }
    if (round->version.value & CASSANDRA_TOMBSTONE) {
        cassandra_store_bury(replica, round->key);
    }
    if (versions_merge(&server->data, round->key, round->version, position)) {
        history_applied(replica, round->key, round->version.value);
    } else {
        round->stale |= 1U << cassandra_round_copy(round, replica->replica);
    }
}

static bool apply_round(struct node *replica, struct cassandra_round *round, uint64_t position)
{
    switch ((enum cassandra_verb)round->verb) {
    case CASSANDRA_PREPARE:
        return cassandra_paxos_prepare(replica, round, position);
    case CASSANDRA_PROPOSE:
        return cassandra_paxos_accept(replica, round, position);
    case CASSANDRA_COMMIT:
        cassandra_paxos_commit(replica, round, position);
        merge(replica, round, position);
        return true;
    case CASSANDRA_READ:
    case CASSANDRA_SCAN:
    case CASSANDRA_WRITE:
    case CASSANDRA_REPAIR:
    case CASSANDRA_HINT:
        merge(replica, round, position);
        return true;
    }
    return true;
}

// What waited for its flush is durable: no loss of power takes it back.
static enum outcome apply(struct visit *visit)
{
    struct node *replica = visit->node;
    struct cassandra_node *server = cassandra_node(replica);
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return drop(visit);
    }
    const bool durable = configuration_of(visit)->commit_log.sync != CASSANDRA_PERIODIC;
    settle(server);
    const bool good = apply_round(replica, round, durable ? 0 : server->log.written);
    cassandra_round_answer(replica, visit->value, visit->units, good);
    return step_reply(visit, STATUS_OK);
}

const struct step cassandra_replica_mutate_steps[CASSANDRA_MUTATE_STEPS] = {
    {.name = "take writer", .run = take_writer},
    {.name = "write", .run = work},
    {.name = "append to commit log", .run = append_log},
    {.name = "apply and confirm", .run = apply},
};

// ---- reads ------------------------------------------------------------------------------------

static enum outcome take_reader(struct visit *visit)
{
    return step_take(visit, &visit->node->pools[CASSANDRA_READERS]);
}

static int64_t reading_ns(const struct visit *visit, const struct cassandra_round *round,
                          uint32_t touched)
{
    const struct cassandra_configuration *configuration = configuration_of(visit);
    const struct cassandra_cost *cost = &configuration->cost;
    int64_t time = distribution_draw(&cost->read, cassandra_node(visit->node)->streams.cpu);
    time += time_times(cost->sstable_ns, touched);
    if (round->verb == CASSANDRA_SCAN) {
        const uint64_t tombstones = cassandra_store_tombstones(visit->node, round->key);
        const uint64_t most = configuration->scan.tombstones;
        time += time_times(cost->row_ns, configuration->scan.rows);
        time += time_times(cost->tombstone_ns, tombstones < most ? tombstones : most);
    }
    return time;
}

static enum outcome look_up(struct visit *visit)
{
    struct cassandra_state *state = cassandra_state(visit->node->component);
    const struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return drop(visit);
    }
    const uint32_t touched =
        cassandra_store_touch(visit->node, round->verb == CASSANDRA_SCAN);
    const uint32_t misses = cassandra_store_misses(visit->node, touched);
    visit->loops[0] = (uint8_t)(misses < UINT8_MAX ? misses : UINT8_MAX);
    state->fetches += visit->node->world->measuring;
    state->touched += visit->node->world->measuring ? touched : 0;
    return step_cpu(visit, reading_ns(visit, round, touched));
}

static enum outcome read_disk(struct visit *visit)
{
    if (visit->loops[0] == 0) {
        return step_next(visit);
    }
    struct random_stream *stream = cassandra_node(visit->node)->streams.disk;
    int64_t time = 0;
    for (uint32_t i = 0; i < visit->loops[0]; i++) {
        time += distribution_draw(&configuration_of(visit)->disk.read, stream);
    }
    return station_serve(&visit->node->devices[CASSANDRA_DISK], visit, time);
}

// False for a scan that has met too many tombstones.
static bool is_readable(const struct visit *visit, const struct cassandra_round *round)
{
    const uint64_t most = configuration_of(visit)->scan.tombstones;
    return round->verb != CASSANDRA_SCAN ||
           cassandra_store_tombstones(visit->node, round->key) < most;
}

static void fill_in(const struct node *replica, struct cassandra_round *round)
{
    if (versions_tracks(round->key)) {
        round->seen[cassandra_round_copy(round, replica->replica)] =
            versions_get(&cassandra_node(replica)->data, round->key);
    }
}

static enum outcome answer(struct visit *visit)
{
    struct node *replica = visit->node;
    struct cassandra_round *round = round_of(visit);
    if (round == NULL) {
        return drop(visit);
    }
    const bool good = is_readable(visit, round);
    fill_in(replica, round);
    cassandra_state(replica->component)->tombstone_failures += !good;
    cassandra_round_answer(replica, visit->value, visit->units, good);
    return step_reply(visit, STATUS_OK);
}

const struct step cassandra_replica_fetch_steps[CASSANDRA_FETCH_STEPS] = {
    {.name = "take reader", .run = take_reader},
    {.name = "look up", .run = look_up},
    {.name = "read files", .run = read_disk},
    {.name = "answer", .run = answer},
};

// ---- life -------------------------------------------------------------------------------------

// From within a step of the coordinator's own visit the work is an event of its own.
void cassandra_replica_receive(struct node *replica, const struct cassandra_round *round)
{
    const bool reads = round->verb == CASSANDRA_READ || round->verb == CASSANDRA_SCAN;
    const struct operation *operation =
        &replica->component->design
             ->operations[reads ? CASSANDRA_OP_FETCH : CASSANDRA_OP_MUTATE];
    if (!node_is_up(replica)) {
        return;
    }
    if (round->coordinator == replica->replica) {
        struct visit *own = node_begin_visit(replica, operation, round->request);
        own->value = round->number;
        own->units = round->generation;
        return;
    }
    struct visit *visit = visit_take(replica->world, replica, operation);
    visit->request = round->request;
    visit->value = round->number;
    visit->units = round->generation;
    visit->flags = VISIT_BRANCH | VISIT_DETACHED | VISIT_TRAVELS;
    visit_on_arrival(replica->world, visit_ticket(visit));
}

void cassandra_replica_begin(struct node *node)
{
    const struct cassandra_commit_log *setting =
        &cassandra_configuration(node->component)->commit_log;
    struct cassandra_node *server = cassandra_node(node);
    wal_init(&server->log, node, &setting->flush, server->streams.wal);
    if (setting->sync == CASSANDRA_BATCH) {
        wal_set_mode(&server->log, WAL_GATED, 0);
    } else {
        const bool group = setting->sync == CASSANDRA_GROUP;
        wal_set_mode(&server->log, WAL_PERIODIC, group ? setting->group_ns : setting->period_ns);
    }
    versions_init(&server->data);
    versions_init(&server->promised);
    versions_init(&server->accepted);
    versions_init(&server->committed);
}

void cassandra_replica_end(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    wal_release(&server->log);
    versions_release(&server->data);
    versions_release(&server->promised);
    versions_release(&server->accepted);
    versions_release(&server->committed);
}

// The process leaves what it has written in the page cache; without power only what was flushed
// comes back.
void cassandra_replica_crash(struct node *node)
{
    struct cassandra_node *server = cassandra_node(node);
    const bool dark = node->life == NODE_DARK;
    settle(server);
    const uint64_t kept = wal_crash(&server->log, dark);
    if (dark) {
        cassandra_ledger_suspect(node, kept);
        versions_undo(&server->data, kept);
        versions_undo(&server->promised, kept);
        versions_undo(&server->accepted, kept);
        versions_undo(&server->committed, kept);
    }
}
