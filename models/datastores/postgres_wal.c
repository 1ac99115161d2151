// postgres_wal - the log of the primary: positions, group commit, waits for standbys, checkpoints.
//
// A position (LSN) is a byte count from the beginning of the run. Commits join a gated batch: those
// that come during a flush share the next one. After its flush a commit waits, in order of
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
    batch_init(&server->wal, node, &configuration->disk.flush, server->streams.wal);
    server->wal.per_byte_ns =
        configuration->disk.bandwidth > 0 ? 1e9 / configuration->disk.bandwidth : 0;
    if (configuration->checkpoint.pages > 0) {
        server->touched = check_calloc(configuration->checkpoint.pages / 8 + 1, 1);
    }
}

void postgres_wal_end(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    batch_release(&server->wal);
    free(server->waiters);
    free(server->touched);
    server->waiters = NULL;
    server->touched = NULL;
}

// What was inserted and not flushed is gone; so are the commits that waited.
void postgres_wal_crash(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    batch_clear(&server->wal);
    server->waiter_count = server->waiter_first = 0;
    server->checkpointing = false;
    server->inserted = server->flushed;
}

int64_t postgres_wal_replay_ns(const struct node *node, uint64_t bytes)
{
    const double rate = postgres_configuration(node->component)->disk.replay;
    return rate > 0 ? (int64_t)((double)bytes / rate * 1e9 * node->slowness + 0.5) : 0;
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
    const int64_t interval =
        postgres_configuration(primary->component)->checkpoint.interval_ns;
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
    server->flushes_seen = server->wal.flushes;
    node_timer(node, postgres_configuration(node->component)->checkpoint.interval_ns,
               on_checkpoint_due, 0);
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
    postgres_lock_of(visit)->lsn = server->inserted;
    const bool idle = server->wal.event == EVENT_NONE;
    server->targets[(server->wal.flushes + (idle ? 1 : 2)) % 4] = server->inserted;
    watch_volume(node);
    return step_join_batch(visit, &server->wal, bytes);
}

void postgres_wal_note(struct node *primary)
{
    struct component *component = primary->component;
    struct postgres_node *server = postgres_node(primary);
    if (server->flushes_seen == server->wal.flushes) {
        return;
    }
    server->flushes_seen = server->wal.flushes;
    server->flushed = server->targets[server->wal.flushes % 4];
    for (uint32_t i = 0; i < component->node_count; i++) {
        if (i != primary->replica) {
            postgres_stream_send(primary, &component->nodes[i]);
        }
    }
}

// ---- waiting for standbys ---------------------------------------------------------------------

// The position up to which commits may be acknowledged, besides their own flush.
static uint64_t safe_position(const struct component *component)
{
    const struct postgres_configuration *configuration = postgres_configuration(component);
    uint64_t safe = 0;
    bool waits = configuration->standby.strict;
    if (!configuration->standby.synchronous || configuration->durability == POSTGRES_LOCAL) {
        return UINT64_MAX;
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

static void grow_waiters(struct postgres_node *server)
{
    const uint32_t room = server->waiter_room == 0 ? 64 : server->waiter_room * 2;
    struct postgres_waiter *waiters = check_calloc(room, sizeof *waiters);
    for (uint32_t i = 0; i < server->waiter_count; i++) {
        waiters[i] = server->waiters[(server->waiter_first + i) & (server->waiter_room - 1)];
    }
    free(server->waiters);
    server->waiters = waiters;
    server->waiter_room = room;
    server->waiter_first = 0;
}

enum outcome postgres_wal_wait(struct visit *visit)
{
    struct node *node = visit->node;
    struct postgres_node *server = postgres_node(node);
    postgres_wal_note(node);
    const uint64_t lsn = postgres_lock_of(visit)->lsn;
    if (lsn <= safe_position(node->component)) {
        return step_next(visit);
    }
    if (server->waiter_count == server->waiter_room) {
        grow_waiters(server);
    }
    const uint32_t place =
        (server->waiter_first + server->waiter_count++) & (server->waiter_room - 1);
    server->waiters[place] = (struct postgres_waiter){lsn, visit_ticket(visit)};
    return step_wait(visit);
}

void postgres_wal_release(struct node *primary)
{
    struct postgres_node *server = postgres_node(primary);
    if (server->waiter_count == 0) {
        return;
    }
    const uint64_t safe = safe_position(primary->component);
    while (server->waiter_count > 0) {
        const struct postgres_waiter *waiter = &server->waiters[server->waiter_first];
        if (waiter->lsn > safe) {
            return;
        }
        visit_wake_later(primary->world, waiter->ticket);
        server->waiter_first = (server->waiter_first + 1) & (server->waiter_room - 1);
        server->waiter_count--;
    }
}

// ---- what has been acknowledged ---------------------------------------------------------------

static void grow_acknowledged(struct postgres_state *state)
{
    const uint32_t room = state->ack_room == 0 ? 1024 : state->ack_room * 2;
    uint64_t *ring = check_calloc(room, sizeof *ring);
    for (uint32_t i = 0; i < state->ack_count; i++) {
        ring[i] = state->acknowledged[(state->ack_first + i) & (state->ack_room - 1)];
    }
    free(state->acknowledged);
    state->acknowledged = ring;
    state->ack_room = room;
    state->ack_first = 0;
}

// With synchronous_commit at least `on` a synchronous standby has flushed what is acknowledged.
static bool is_early(const struct component *component, uint64_t lsn)
{
    const struct postgres_configuration *configuration = postgres_configuration(component);
    bool waits = false;
    if (!configuration->standby.synchronous || configuration->durability < POSTGRES_ON) {
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
    state->commits += primary->world->measuring;
    state->stray_acknowledgements += !postgres_is_primary(primary);
    state->early_acknowledgements +=
        lsn > postgres_node(primary)->flushed || is_early(component, lsn);
    if (component->node_count == 1) {
        return;
    }
    if (state->ack_count == state->ack_room) {
        grow_acknowledged(state);
    }
    state->acknowledged[(state->ack_first + state->ack_count++) & (state->ack_room - 1)] = lsn;
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
    const uint64_t floor = shared > reach ? shared : reach;
    while (state->ack_count > 0 && state->acknowledged[state->ack_first] <= floor) {
        state->ack_first = (state->ack_first + 1) & (state->ack_room - 1);
        state->ack_count--;
    }
}

void postgres_wal_lose(struct component *component, uint64_t end)
{
    struct postgres_state *state = postgres_state(component);
    while (state->ack_count > 0) {
        const uint32_t last =
            (state->ack_first + state->ack_count - 1) & (state->ack_room - 1);
        if (state->acknowledged[last] <= end) {
            return;
        }
        state->ack_count--;
        state->lost++;
    }
}
