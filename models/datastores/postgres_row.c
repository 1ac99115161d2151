// postgres_row - what rows hold: changes in the log, versions on each server, tokens, snapshots.
//
// A change enters the log when its transaction commits; the primary shows it when the commit
// becomes visible (after its wait for a standby), a standby when it has replayed it. Rows are kept
// only where somebody will ask for them: under repeatable_read and serializable, for histories, and
// for tokens.
//
// A token's row holds when it expires, or that it was revoked. A token that was never written here
// was issued before the run: it expires within one `ttl`, at a time that follows from its key.
#include <stdlib.h>

#include "models/datastores/postgres.h"

#include "sim/base/check.h"

enum { REVOKED = 1 };
static const uint64_t SHARED_ROWS = 1ULL << 62;     // of transactions that lock several
static const uint64_t TOKEN_ROWS = 0x746f6b656eULL; // tells tokens from other rows

// ---- life -------------------------------------------------------------------------------------

void postgres_row_begin(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    state->tracks = postgres_configuration(component)->isolation != POSTGRES_COMMITTED ||
                    component->history != NULL;
    map_init(&state->revoked);
}

void postgres_row_start(struct node *node)
{
    versions_init(&postgres_node(node)->rows);
    map_init(&postgres_node(node)->changed);
}

void postgres_row_end(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    for (uint32_t i = 0; i < component->node_count; i++) {
        versions_release(&postgres_node(&component->nodes[i])->rows);
        map_release(&postgres_node(&component->nodes[i])->changed);
    }
    map_release(&state->revoked);
    free(state->revocations);
    free(state->log);
    free(state->drop_log);
    state->drop_log = NULL;
    state->revocations = NULL;
    state->log = NULL;
}

// ---- keys -------------------------------------------------------------------------------------

static bool is_token(const struct visit *visit)
{
    const uint16_t operation = visit->operation->number;
    return operation == POSTGRES_ISSUE || operation == POSTGRES_VERIFY ||
           operation == POSTGRES_REVOKE;
}

static uint64_t token_of(const struct visit *visit)
{
    const uint64_t key = visit_key(visit);
    return versions_tracks(key) ? digest_mix(key, TOKEN_ROWS) >> 1 : key;
}

static uint64_t drawn_row(const struct visit *visit, uint32_t index, uint64_t among)
{
    const uint64_t draw = index == 0 ? visit_key(visit) : digest_mix(visit->request, index);
    return SHARED_ROWS | draw % among;
}

// The row that has so many of the visit's rows before it.
static uint64_t sorted_row(const struct visit *visit, uint32_t index,
                           const struct postgres_locking *setting)
{
    for (uint32_t i = 0; i < setting->rows; i++) {
        const uint64_t row = drawn_row(visit, i, setting->among);
        uint32_t before = 0;
        for (uint32_t j = 0; j < setting->rows; j++) {
            const uint64_t other = drawn_row(visit, j, setting->among);
            before += other < row || (other == row && j < i);
        }
        if (before == index) {
            return row;
        }
    }
    return 0;
}

uint64_t postgres_row_key(const struct visit *visit, uint32_t index)
{
    const struct postgres_locking *setting = &postgres_configuration(visit->node->component)->locks;
    if (visit->operation->number != POSTGRES_TRANSACT || setting->rows == 1) {
        return is_token(visit) ? token_of(visit) : visit_key(visit);
    }
    return setting->order == POSTGRES_SORTED ? sorted_row(visit, index, setting)
                                             : drawn_row(visit, index, setting->among);
}

// ---- snapshots --------------------------------------------------------------------------------

static bool has_snapshots(const struct visit *visit)
{
    return postgres_configuration(visit->node->component)->isolation != POSTGRES_COMMITTED;
}

void postgres_row_see(struct visit *visit)
{
    if (has_snapshots(visit)) {
        visit_words(visit)[0] = postgres_node(visit->node)->committed;
    }
}

bool postgres_row_conflicts(struct visit *visit, const struct postgres_lock *lock)
{
    if (!has_snapshots(visit)) {
        return false;
    }
    const struct postgres_node *server = postgres_node(visit->node);
    return map_get(&server->changed, lock->key) > visit_words(visit)[0];
}

// ---- the log ----------------------------------------------------------------------------------

static struct postgres_change *change_at(struct postgres_state *state, uint64_t number)
{
    return &state->log[number & (state->log_room - 1)];
}

static void grow_log(struct postgres_state *state)
{
    const uint32_t room = state->log_room == 0 ? 64 : state->log_room * 2;
    struct postgres_change *log = check_calloc(room, sizeof *log);
    for (uint32_t i = 0; i < state->log_count; i++) {
        const uint64_t number = state->log_first + i;
        log[number & (room - 1)] = *change_at(state, number);
    }
    free(state->log);
    state->log = log;
    state->log_room = room;
}

static uint64_t value_of(const struct visit *visit)
{
    const int64_t ttl_ns = postgres_configuration(visit->node->component)->tokens.ttl_ns;
    switch (visit->operation->number) {
    case POSTGRES_ISSUE:
        return (uint64_t)time_after(visit->node->world->now, ttl_ns);
    case POSTGRES_REVOKE:
        return REVOKED;
    }
    return history_value(visit);
}

static bool is_kept(const struct visit *visit, uint64_t key)
{
    return versions_tracks(key) &&
           (postgres_state(visit->node->component)->tracks || is_token(visit));
}

void postgres_row_log(struct visit *visit, uint64_t lsn)
{
    struct node *node = visit->node;
    struct postgres_state *state = postgres_state(node->component);
    struct postgres_lock *lock = postgres_lock_of(visit);
    for (; lock != NULL; lock = postgres_lock_below(node, lock)) {
        lock->lsn = lsn;
        lock->value = value_of(visit);
        if (!is_kept(visit, lock->key) || !postgres_is_primary(node)) {
            continue;
        }
        if (state->log_count == state->log_room) {
            grow_log(state);
        }
        *change_at(state, state->log_first + state->log_count++) =
            (struct postgres_change){lsn, lock->key, lock->value};
    }
}

static void show(struct node *node, const struct postgres_change *change, uint64_t undo)
{
    const struct version version = {change->value, (int64_t)change->lsn};
    if (versions_merge(&postgres_node(node)->rows, change->key, version, undo)) {
        history_applied(node, change->key, change->value);
    }
}

void postgres_row_replay(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    struct postgres_state *state = postgres_state(standby->component);
    const uint64_t end = state->log_first + state->log_count;
    while (server->replayed < end && change_at(state, server->replayed)->lsn <= server->applied) {
        show(standby, change_at(state, server->replayed), 0);
        server->replayed++;
    }
}

void postgres_row_recover(struct node *node, uint64_t end, bool leads)
{
    struct postgres_node *server = postgres_node(node);
    struct postgres_state *state = postgres_state(node->component);
    while (leads && state->log_count > 0 &&
           change_at(state, state->log_first + state->log_count - 1)->lsn > end) {
        state->log_count--;
    }
    if (leads) {
        postgres_partition_lose(node->component, end);
    }
    server->applied = end;
    server->replayed = state->log_first;
    postgres_row_replay(node);
}

void postgres_row_lose(struct component *component, uint64_t end)
{
    struct postgres_state *state = postgres_state(component);
    for (uint32_t i = 0; i < state->revocation_count; i++) {
        struct postgres_revocation *revocation = &state->revocations[i];
        revocation->lost = revocation->lost || revocation->lsn > end;
    }
}

// Without what the primary shows and has not flushed.
void postgres_row_copy(struct node *node, const struct node *primary)
{
    struct versions *rows = &postgres_node(node)->rows;
    const struct versions *from = &postgres_node(primary)->rows;
    versions_copy(rows, from);
    for (uint32_t i = from->undo.count; i > 0; i--) {
        const struct version_undo *undo = ring_at(&from->undo, i - 1);
        if (undo->position > postgres_node(primary)->flushed) {
            versions_put(rows, undo->key, undo->before, 0);
        }
    }
}

// Changes that were shown before their flush are gone.
void postgres_row_crash(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    versions_undo(&server->rows, server->flushed);
    map_clear(&server->changed);
    server->committed = 0;
}

static uint64_t least_replayed(const struct component *component)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct postgres_node *server = postgres_node(&component->nodes[i]);
        const bool leads = i == postgres_state(component)->primary;
        const struct postgres_waiter *oldest =
            leads && server->waiters.count > 0 ? ring_at(&server->waiters, 0) : NULL;
        const uint64_t shown = oldest != NULL ? oldest->lsn - 1
                               : leads        ? server->flushed
                                              : server->applied;
        least = shown < least ? shown : least;
    }
    return least;
}

void postgres_row_forget(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    const uint64_t least = state->log_count == 0 ? 0 : least_replayed(component);
    while (state->log_count > 0 && change_at(state, state->log_first)->lsn <= least) {
        state->log_first++;
        state->log_count--;
    }
}

// ---- commits become visible -------------------------------------------------------------------

static void note_token(struct visit *visit, const struct postgres_lock *lock)
{
    struct postgres_state *state = postgres_state(visit->node->component);
    if (visit->operation->number == POSTGRES_ISSUE) {
        map_remove(&state->revoked, lock->key);
        return;
    }
    if (state->revocation_count == state->revocation_room) {
        state->revocation_room = state->revocation_room == 0 ? 64 : state->revocation_room * 2;
        state->revocations =
            check_realloc(state->revocations, state->revocation_room * sizeof *state->revocations);
    }
    state->revocations[state->revocation_count++] =
        (struct postgres_revocation){lock->lsn, visit->node->world->now, false};
    map_set(&state->revoked, lock->key, state->revocation_count);
}

void postgres_row_publish(struct visit *visit)
{
    struct node *node = visit->node;
    struct postgres_node *server = postgres_node(node);
    const struct postgres_lock *lock = postgres_lock_of(visit);
    const bool snapshots = has_snapshots(visit);
    server->committed += snapshots;
    for (; lock != NULL; lock = postgres_lock_below(node, lock)) {
        if (!is_kept(visit, lock->key)) {
            continue;
        }
        const struct postgres_change change = {lock->lsn, lock->key, lock->value};
        show(node, &change, lock->lsn > server->flushed ? lock->lsn : 0);
        if (snapshots) {
            map_set(&server->changed, lock->key, server->committed);
        }
        if (is_token(visit) && postgres_is_primary(node)) {
            note_token(visit, lock);
        }
    }
}

uint64_t postgres_row_value(const struct visit *visit)
{
    const struct postgres_node *server = postgres_node(visit->node);
    return postgres_state(visit->node->component)->tracks
               ? versions_get(&server->rows, visit_key(visit)).value
               : 0;
}

// ---- tokens -----------------------------------------------------------------------------------

// A standby may take a token for good whose revocation it has not replayed; nobody else may. A row
// that is newer than the revocation is a later issue's.
static void judge(const struct visit *visit, uint64_t token, int64_t stamp)
{
    const struct node *node = visit->node;
    const struct postgres_node *server = postgres_node(node);
    struct postgres_state *state = postgres_state(node->component);
    const uint32_t place = map_get(&state->revoked, token);
    if (place == 0) {
        return;
    }
    const struct postgres_revocation *revocation = &state->revocations[place - 1];
    if (revocation->lost || stamp > (int64_t)revocation->lsn) {
        return;
    }
    const int64_t stale_ns = node->world->now - revocation->since_ns;
    state->stale_accepts++;
    state->stale_accept_ns = stale_ns > state->stale_accept_ns ? stale_ns : state->stale_accept_ns;
    const bool follows = !server->serving && server->received <= postgres_failover_fork(node);
    state->early_accepts +=
        postgres_is_primary(node) || (follows && server->applied >= revocation->lsn);
}

bool postgres_row_accepts(const struct visit *visit)
{
    const struct node *node = visit->node;
    const uint64_t ttl_ns = (uint64_t)postgres_configuration(node->component)->tokens.ttl_ns;
    const uint64_t token = token_of(visit);
    const struct version row = versions_get(&postgres_node(node)->rows, token);
    const uint64_t expires_ns = row.value == 0 ? token % ttl_ns : row.value;
    const bool good = !versions_tracks(token) ||
                      (row.value != REVOKED && expires_ns > (uint64_t)node->world->now);
    if (good) {
        judge(visit, token, row.stamp);
    }
    return good;
}
