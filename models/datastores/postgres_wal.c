// postgres_wal - the log of the primary: positions, group commit, waits for standbys, checkpoints.
//
// With synchronous_commit off nobody waits: the WAL writer flushes every wal_writer_delay what is
// full of pages, or all where no further page is full, so a commit lies in memory for at most three
// of its turns; the end of the process loses it.
// A position (LSN) is a byte count from the beginning of the run. Commits that come during a flush
// share the next one. After its flush a commit waits, in order of
// positions, for the standbys; only then is it acknowledged and its locks are given back.
#include <stdlib.h>
#include <string.h>

#include "models/datastores/postgres.h"

#include "sim/base/check.h"

// ---- life -------------------------------------------------------------------------------------

void postgres_wal_begin(struct node *node)
{
    const struct postgres_configuration *configuration = postgres_configuration(node->component);
    struct postgres_node *server = postgres_node(node);
    wal_init(&server->wal, node, &configuration->disk.flush, server->streams.wal);
    server->wal.per_byte_ns =
        configuration->disk.bandwidth > 0 ? 1e9 / configuration->disk.bandwidth : 0;
    if (configuration->checkpoint.pages > 0) {
        server->touched = check_calloc(configuration->checkpoint.pages / 8 + 1, 1);
    }
}

void postgres_wal_end(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    wal_release(&server->wal);
    ring_release(&server->waiters);
    free(server->touched);
    server->touched = NULL;
}

// What was inserted and not flushed is gone; so are the commits that waited.
void postgres_wal_crash(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    wal_crash(&server->wal, true);
    ring_clear(&server->waiters);
    server->checkpointing = server->writing = server->writing_due = server->sending = false;
    server->inserted = server->flushed;
}

int64_t postgres_wal_replay_ns(const struct node *node, uint64_t bytes)
{
    const double rate = postgres_configuration(node->component)->disk.replay;
    return rate > 0 ? time_of((double)bytes / rate * 1e9 * node->slowness + 0.5) : 0;
}

// ---- the WAL writer ---------------------------------------------------------------------------

enum { WRITE_AT_ONCE = 1 << 20 }; // wal_writer_flush_after

static void begin_writing(struct node *primary)
{
    struct postgres_node *server = postgres_node(primary);
    server->writing = true;
    node_begin_visit(primary, &postgres_operations[POSTGRES_WRITER], 0);
}

static void on_write_due(struct node *primary, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(primary);
    server->writing_due = false;
    if (!server->writing && server->inserted > server->flushed) {
        begin_writing(primary);
    }
}

static void arm_writer(struct node *primary)
{
    struct postgres_node *server = postgres_node(primary);
    if (!server->writing_due) {
        server->writing_due = true;
        node_timer_constant(primary, postgres_configuration(primary->component)->wal_writer_ns,
                            on_write_due, 0);
    }
    if (!server->writing && server->inserted - server->flushed >= WRITE_AT_ONCE) {
        begin_writing(primary);
    }
}

enum outcome postgres_wal_write(struct visit *writer)
{
    struct postgres_node *server = postgres_node(writer->node);
    const uint64_t pages = server->inserted - server->inserted % POSTGRES_PAGE;
    const uint64_t target = pages > server->flushed ? pages : server->inserted;
    return wal_join_to(&server->wal, writer, target, target - server->flushed);
}

void postgres_wal_written(struct node *primary)
{
    struct postgres_node *server = postgres_node(primary);
    postgres_wal_note(primary);
    server->writing = false;
    if (server->inserted > server->flushed) {
        arm_writer(primary);
    }
}

// ---- checkpoints ------------------------------------------------------------------------------

// Standbys that have replayed so far make it a restart point.
static void end_checkpoint(struct node *primary, uint64_t lsn)
{
    struct component *component = primary->component;
    struct postgres_node *server = postgres_node(primary);
    server->checkpointing = false;
    server->redo = lsn;
    postgres_state(component)->checkpoints++;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct postgres_node *standby = postgres_node(&component->nodes[i]);
        if (standby->stream.connected && standby->applied >= lsn) {
            standby->redo = lsn;
        }
    }
}

// The pages are written over a share of the time since the last checkpoint; a crash meanwhile
// recovers from the last one that is complete.
static void begin_checkpoint(struct node *primary)
{
    const struct postgres_checkpoint *setting =
        &postgres_configuration(primary->component)->checkpoint;
    struct postgres_node *server = postgres_node(primary);
    const int64_t now = primary->world->now;
    const double spread = setting->target * (double)(now - server->checkpoint_ns);
    server->checkpointing = true;
    server->checkpoint_lsn = server->inserted;
    server->checkpoint_ns = now;
    if (server->touched != NULL) {
        memset(server->touched, 0, setting->pages / 8 + 1);
    }
    node_timer(primary, (int64_t)spread, end_checkpoint, server->checkpoint_lsn);
}

static void on_checkpoint_due(struct node *primary, uint64_t word)
{
    const int64_t interval = postgres_configuration(primary->component)->checkpoint.interval_ns;
    struct postgres_node *server = postgres_node(primary);
    const int64_t now = primary->world->now;
    if (now - server->checkpoint_ns >= interval && !server->checkpointing) {
        begin_checkpoint(primary);
    }
    const int64_t left = server->checkpoint_ns + interval - now;
    node_timer(primary, left > 0 ? left : interval, on_checkpoint_due, word);
}

// max_wal_size bounds the WAL between the ends of two checkpoints.
static void watch_volume(struct node *primary)
{
    const struct postgres_checkpoint *setting =
        &postgres_configuration(primary->component)->checkpoint;
    struct postgres_node *server = postgres_node(primary);
    const double volume = (double)(server->inserted - server->checkpoint_lsn);
    if (!server->checkpointing && volume * (1 + setting->target) >= (double)setting->volume) {
        begin_checkpoint(primary);
    }
}

void postgres_wal_open(struct node *node, uint64_t end)
{
    struct postgres_node *server = postgres_node(node);
    server->inserted = server->flushed = server->received = server->applied = end;
    server->redo = server->checkpoint_lsn = end;
    server->checkpoint_ns = node->world->now;
    wal_open(&server->wal, end);
    node_timer(node, postgres_configuration(node->component)->checkpoint.interval_ns,
               on_checkpoint_due, 0);
    postgres_partition_open(node);
}

// ---- commits ----------------------------------------------------------------------------------

// The first change of a page after a checkpoint logs the whole page.
static uint64_t full_page(struct visit *visit, uint64_t record)
{
    struct postgres_node *server = postgres_node(visit->node);
    if (server->touched == NULL) {
        return 0;
    }
    const uint64_t pages = postgres_configuration(visit->node->component)->checkpoint.pages;
    const uint64_t page = digest_mix(visit_key(visit), record) % pages;
    const uint8_t mask = (uint8_t)(1U << page % 8);
    if (server->touched[page / 8] & mask) {
        return 0;
    }
    server->touched[page / 8] |= mask;
    postgres_state(visit->node->component)->full_pages++;
    return POSTGRES_PAGE;
}

// With synchronous_commit off the WAL writer takes it along.
static enum outcome flush_later(struct visit *visit, uint64_t bytes)
{
    struct postgres_node *server = postgres_node(visit->node);
    if (postgres_configuration(visit->node->component)->durability == POSTGRES_OFF) {
        arm_writer(visit->node);
        return step_next(visit);
    }
    return wal_join_to(&server->wal, visit, server->inserted, bytes);
}

enum outcome postgres_wal_insert(struct visit *visit)
{
    const uint64_t bytes = postgres_configuration(visit->node->component)->record;
    postgres_node(visit->node)->inserted += bytes;
    postgres_state(visit->node->component)->wal_bytes += bytes;
    return flush_later(visit, bytes);
}

enum outcome postgres_wal_commit(struct visit *visit, uint64_t records)
{
    struct node *node = visit->node;
    struct postgres_node *server = postgres_node(node);
    uint64_t bytes = postgres_configuration(node->component)->record * records;
    for (uint64_t i = 0; i < records; i++) {
        bytes += full_page(visit, i);
    }
    server->inserted += bytes;
    postgres_state(node->component)->wal_bytes += bytes;
    postgres_row_log(visit, server->inserted);
    watch_volume(node);
    return flush_later(visit, bytes);
}

static void on_senders_woken(struct node *primary, uint64_t word)
{
    (void)word;
    struct component *component = primary->component;
    postgres_node(primary)->sending = false;
    for (uint32_t i = 0; i < component->node_count && postgres_is_primary(primary); i++) {
        if (i != primary->replica) {
            postgres_stream_send(primary, &component->nodes[i]);
        }
    }
}

void postgres_wal_note(struct node *primary)
{
    struct component *component = primary->component;
    struct postgres_node *server = postgres_node(primary);
    if (!server->serving || server->flushed == server->wal.durable) {
        return;
    }
    server->flushed = server->wal.durable;
    versions_settle(&server->rows, server->flushed);
    const int64_t sender_ns = postgres_configuration(component)->standby.sender_ns;
    if (component->node_count == 1 || !postgres_is_primary(primary) || server->sending) {
        return;
    }
    if (sender_ns == 0) {
        on_senders_woken(primary, 0);
        return;
    }
    server->sending = true;
    node_timer_constant(primary, sender_ns, on_senders_woken, 0);
}

// ---- waiting for standbys ---------------------------------------------------------------------

// The position up to which commits may be acknowledged, besides their own flush.
static uint64_t safe_position(const struct node *primary)
{
    const struct component *component = primary->component;
    const struct postgres_configuration *configuration = postgres_configuration(component);
    uint64_t safe = 0;
    bool waits = configuration->standby.strict;
    if (!configuration->standby.synchronous || configuration->durability <= POSTGRES_LOCAL) {
        return UINT64_MAX;
    }
    if (!postgres_is_primary(primary)) {
        return 0;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct postgres_node *standby = postgres_node(&component->nodes[i]);
        if (standby->synchronous) {
            waits = true;
            safe = standby->stream.confirmed > safe ? standby->stream.confirmed : safe;
        }
    }
    return waits ? safe : UINT64_MAX;
}

// The wait is cancelled: the transaction has been committed here, and says so.
static void on_patience_end(struct node *primary, uint64_t ticket)
{
    if (visit_of(primary->world, ticket) != NULL) {
        postgres_state(primary->component)->cancelled_waits++;
        visit_wake_later(primary->world, ticket);
    }
}

static void watch_patience(const struct visit *visit)
{
    struct node *node = visit->node;
    const int64_t cancel_ns = postgres_configuration(node->component)->standby.cancel_ns;
    if (cancel_ns > 0) {
        node_timer_constant(node, cancel_ns, on_patience_end, visit_ticket(visit));
    }
}

enum outcome postgres_wal_wait(struct visit *visit)
{
    struct node *node = visit->node;
    struct postgres_node *server = postgres_node(node);
    postgres_wal_note(node);
    const uint64_t lsn = postgres_lock_of(visit)->lsn;
    if (lsn <= safe_position(node)) {
        return step_next(visit);
    }
    struct postgres_waiter *waiter = ring_put(&server->waiters, sizeof *waiter);
    *waiter = (struct postgres_waiter){lsn, visit_ticket(visit)};
    watch_patience(visit);
    return step_wait(visit);
}

void postgres_wal_release(struct node *primary)
{
    struct postgres_node *server = postgres_node(primary);
    if (server->waiters.count == 0) {
        return;
    }
    const uint64_t safe = safe_position(primary);
    while (server->waiters.count > 0) {
        const struct postgres_waiter *waiter = ring_at(&server->waiters, 0);
        if (waiter->lsn > safe) {
            return;
        }
        visit_wake_later(primary->world, waiter->ticket);
        ring_drop(&server->waiters);
    }
}

// ---- what has been acknowledged ---------------------------------------------------------------

// With synchronous_commit at least `on` a synchronous standby has flushed what is acknowledged.
static bool is_early(const struct component *component, uint64_t lsn)
{
    const struct postgres_configuration *configuration = postgres_configuration(component);
    bool waits = false;
    if (!configuration->standby.synchronous || configuration->durability < POSTGRES_ON ||
        postgres_state(component)->cancelled_waits > 0) {
        return false;
    }
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct postgres_node *standby = postgres_node(&component->nodes[i]);
        waits = waits || standby->synchronous;
        if (standby->synchronous && standby->flushed >= lsn) {
            return false;
        }
    }
    return waits;
}

void postgres_wal_acknowledge(struct node *primary, uint64_t lsn)
{
    struct component *component = primary->component;
    struct postgres_state *state = postgres_state(component);
    const bool waits = postgres_configuration(component)->durability != POSTGRES_OFF;
    state->commits++;
    if (!postgres_is_primary(primary)) { // no other server will ever know of it
        state->stray_acknowledgements++;
        state->lost++;
        return;
    }
    state->early_acknowledgements +=
        waits && (lsn > postgres_node(primary)->flushed || is_early(component, lsn));
    if (component->node_count == 1 && waits) {
        return;
    }
    *(uint64_t *)ring_put(&state->acknowledged, sizeof lsn) = lsn;
}

// A standby is promoted only if it has all but maximum_lag of the position in the store.
void postgres_wal_forget(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    const uint64_t lag = postgres_configuration(component)->failover.maximum_lag;
    const uint64_t reach = state->position > lag ? state->position - lag : 0;
    uint64_t shared = UINT64_MAX;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct postgres_node *server = postgres_node(&component->nodes[i]);
        const bool other = i != state->primary;
        shared = other && server->received < shared ? server->received : shared;
    }
    uint64_t floor = shared > reach ? shared : reach;
    if (state->primary != POSTGRES_NONE) {
        const uint64_t flushed = postgres_node(&component->nodes[state->primary])->flushed;
        floor = flushed < floor ? flushed : floor;
    }
    while (state->acknowledged.count > 0 &&
           *(const uint64_t *)ring_at(&state->acknowledged, 0) <= floor) {
        ring_drop(&state->acknowledged);
    }
}

void postgres_wal_lose(struct component *component, uint64_t end)
{
    struct postgres_state *state = postgres_state(component);
    postgres_row_lose(component, end);
    while (state->acknowledged.count > 0) {
        if (*(const uint64_t *)ring_last(&state->acknowledged) <= end) {
            return;
        }
        ring_drop_last(&state->acknowledged);
        state->lost++;
    }
}
