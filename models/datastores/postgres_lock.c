// postgres_lock - row locks: one holder a row, others wait in order of arrival.
//
// A lock is a pool of one unit, hence given back however its visit ends; its record is used again
// for another row when nobody needs it. A visit's `value` names the lock that it took last, which
// names the one before; while it waits, `place` names the lock it waits for. Since locks are
// exclusive and each has one holder, who waits for whom is a chain: who has waited for
// deadlock_timeout follows it, and is aborted if it comes back to itself.
#include "models/datastores/postgres.h"

#include "sim/base/check.h"

static struct postgres_lock *lock_at(const struct postgres_node *server, uint32_t number)
{
    return slots_at(&server->lock_slots, number);
}

struct postgres_lock *postgres_lock_of(const struct visit *visit)
{
    return lock_at(postgres_node(visit->node), visit->value);
}

void postgres_lock_begin(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    map_init(&server->locks);
    slots_init(&server->lock_slots, sizeof(struct postgres_lock));
}

void postgres_lock_end(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    for (uint32_t number = 1; number < server->lock_slots.used; number++) {
        pool_release(&lock_at(server, number)->pool);
    }
    slots_release(&server->lock_slots);
    map_release(&server->locks);
}

static uint32_t take_record(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    uint32_t number = server->free_lock;
    if (number != 0) {
        server->free_lock = lock_at(server, number)->next_free;
        return number;
    }
    number = slots_take(&server->lock_slots);
    pool_init(&lock_at(server, number)->pool, node, "row", 1);
    return number;
}

static void give_record(struct postgres_node *server, uint32_t number)
{
    struct postgres_lock *lock = lock_at(server, number);
    const uint32_t removed = map_remove(&server->locks, lock->key);
    CHECK(removed == number);
    lock->used = false;
    lock->next_free = server->free_lock;
    server->free_lock = number;
}

static bool is_idle(const struct postgres_lock *lock)
{
    return lock->used && lock->pool.used.value == 0 && lock->pool.line.count == 0;
}

static uint32_t record_of(struct node *node, uint64_t key)
{
    struct postgres_node *server = postgres_node(node);
    uint32_t number = map_get(&server->locks, key);
    if (number == 0) {
        number = take_record(node);
        struct postgres_lock *lock = lock_at(server, number);
        lock->key = key;
        lock->used = true;
        lock->holder = lock->below = 0;
        map_set(&server->locks, key, number);
    }
    return number;
}

// ---- circles ----------------------------------------------------------------------------------

static bool waits_for(const struct visit *visit, const struct postgres_lock *lock)
{
    const struct line *line = &lock->pool.line;
    for (uint32_t i = 0; i < line->filled; i++) {
        if (line->entries[(line->head + i) & (line->room - 1)].ticket == visit_ticket(visit)) {
            return true;
        }
    }
    return false;
}

static struct visit *holder_of(struct world *world, const struct postgres_lock *lock)
{
    struct visit *visit = lock->holder == 0 ? NULL : slots_at(&world->visits, lock->holder);
    const bool same = visit != NULL && visit->number == lock->holder && visit->operation != NULL &&
                      visit->request == lock->request;
    return same && lock->pool.used.value > 0 ? visit : NULL;
}

// Whom the visit waits for, NULL: nobody.
static struct visit *next_in_chain(const struct visit *visit)
{
    const struct postgres_node *server = postgres_node(visit->node);
    if (visit->place == 0 || visit->place >= server->lock_slots.used) {
        return NULL;
    }
    const struct postgres_lock *lock = lock_at(server, visit->place);
    return waits_for(visit, lock) ? holder_of(visit->node->world, lock) : NULL;
}

// When the latest wait of the circle that the visit stands in began; TIME_NEVER: it stands in none.
static int64_t circle_since(const struct visit *visit)
{
    const struct visit *next = next_in_chain(visit);
    uint32_t left = postgres_node(visit->node)->lock_slots.used;
    int64_t since_ns = visit->since_ns;
    while (next != NULL && next != visit && left > 0) {
        since_ns = next->since_ns > since_ns ? next->since_ns : since_ns;
        next = next_in_chain(next);
        left--;
    }
    return next == visit ? since_ns : TIME_NEVER;
}

static void on_deadlock_timeout(struct node *node, uint64_t ticket)
{
    struct visit *visit = visit_of(node->world, ticket);
    if (visit == NULL || circle_since(visit) == TIME_NEVER) {
        return;
    }
    postgres_state(node->component)->deadlocks++;
    pool_forget(&lock_at(postgres_node(node), visit->place)->pool);
    history_end(visit, STATUS_CONFLICT, 0);
    visit_end(visit, STATUS_CONFLICT, false);
}

// ---- taking and giving ------------------------------------------------------------------------

static void note_wait(const struct visit *visit)
{
    struct node *node = visit->node;
    const struct postgres_locking *setting = &postgres_configuration(node->component)->locks;
    postgres_state(node->component)->lock_waits += node->world->measuring;
    if (setting->rows > 1) {
        node_timer_constant(node, setting->deadlock_ns, on_deadlock_timeout, visit_ticket(visit));
    }
}

enum outcome postgres_lock_take(struct visit *visit, uint64_t key)
{
    struct node *node = visit->node;
    const uint32_t number = record_of(node, key);
    struct postgres_lock *lock = lock_at(postgres_node(node), number);
    visit->place = number;
    if (holder_of(node->world, lock) == visit) { // the same row twice
        visit->place = 0;
        return step_next(visit);
    }
    const enum outcome outcome = step_take(visit, &lock->pool);
    if (outcome == OUTCOME_WAIT) {
        note_wait(visit);
    }
    return outcome;
}

struct postgres_lock *postgres_lock_hold(struct visit *visit)
{
    if (visit->place == 0) {
        return NULL;
    }
    struct postgres_lock *lock = lock_at(postgres_node(visit->node), visit->place);
    lock->below = visit->value;
    lock->holder = visit->number;
    lock->request = visit->request;
    visit->value = visit->place;
    visit->place = 0;
    return lock;
}

struct postgres_lock *postgres_lock_below(const struct node *node, const struct postgres_lock *lock)
{
    return lock->below == 0 ? NULL : lock_at(postgres_node(node), lock->below);
}

void postgres_lock_give(struct visit *visit)
{
    struct postgres_node *server = postgres_node(visit->node);
    while (visit->value != 0) {
        const uint32_t number = visit->value;
        struct postgres_lock *lock = lock_at(server, number);
        visit->value = lock->below;
        lock->holder = lock->below = 0;
        step_give(visit, &lock->pool);
        if (is_idle(lock)) {
            give_record(server, number);
        }
    }
}

void postgres_lock_sweep(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    for (uint32_t number = 1; number < server->lock_slots.used; number++) {
        if (is_idle(lock_at(server, number))) {
            give_record(server, number);
        }
    }
}

void postgres_lock_crash(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    for (uint32_t number = 1; number < server->lock_slots.used; number++) {
        struct postgres_lock *lock = lock_at(server, number);
        pool_clear(&lock->pool);
        if (lock->used) {
            give_record(server, number);
        }
    }
}

static bool is_held(const struct node *node, const struct postgres_lock *lock)
{
    return holder_of(node->world, lock) != NULL;
}

// Who waited last has looked for the circle since.
static bool is_stuck(const struct node *node, const struct postgres_lock *lock)
{
    const int64_t limit = postgres_configuration(node->component)->locks.deadlock_ns;
    const struct visit *oldest = line_oldest(&lock->pool.line, node->world);
    const int64_t since_ns = oldest == NULL ? TIME_NEVER : circle_since(oldest);
    return since_ns != TIME_NEVER && node->world->now - since_ns > limit && node->pauses == 0;
}

void postgres_lock_check(struct node *node)
{
    const struct postgres_node *server = postgres_node(node);
    uint32_t orphans = 0, stuck = 0;
    for (uint32_t number = 1; number < server->lock_slots.used; number++) {
        const struct postgres_lock *lock = lock_at(server, number);
        const int64_t held = lock->pool.used.value;
        const bool granted = lock->holder == 0; // the holder goes on at this very instant
        orphans += held > 1 || (held == 1 && (!lock->used || !(granted || is_held(node, lock))));
        stuck += is_stuck(node, lock);
    }
    world_hold(node->world, "postgres-locks", orphans == 0, "%s/%u: %u row locks have no holder",
               node->component->design->name, node->replica, orphans);
    world_hold(node->world, "postgres-deadlocks", stuck == 0, "%s/%u: %u circles of waits stand",
               node->component->design->name, node->replica, stuck);
}
