// postgres_lock - row locks: one holder a row, others wait in order of arrival.
//
// A transaction locks one row, so there is no deadlock. A lock is a pool of one unit, hence given
// back however its visit ends; its record is used again for another row when nobody needs it.
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

enum outcome postgres_lock_take(struct visit *visit)
{
    struct node *node = visit->node;
    struct postgres_node *server = postgres_node(node);
    const uint64_t key = visit_key(visit);
    uint32_t number = map_get(&server->locks, key);
    if (number == 0) {
        number = take_record(node);
        lock_at(server, number)->key = key;
        lock_at(server, number)->used = true;
        map_set(&server->locks, key, number);
    }
    visit->value = number;
    const enum outcome outcome = step_take(visit, &lock_at(server, number)->pool);
    if (outcome == OUTCOME_WAIT && node->world->measuring) {
        postgres_state(node->component)->lock_waits++;
    }
    return outcome;
}

void postgres_lock_give(struct visit *visit)
{
    struct postgres_lock *lock = postgres_lock_of(visit);
    step_give(visit, &lock->pool);
    if (is_idle(lock)) {
        give_record(postgres_node(visit->node), visit->value);
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

static bool holds_lock(const struct visit *visit, const struct node *node, uint32_t lock)
{
    return visit->node == node && visit->operation != NULL && visit->value == lock &&
           (visit->flags & VISIT_INSIDE) != 0;
}

static bool is_held(const struct node *node, uint32_t lock)
{
    const struct slots *visits = &node->world->visits;
    for (uint32_t number = 1; number < visits->used; number++) {
        const struct visit *visit = slots_at(visits, number);
        if (visit->number == number && holds_lock(visit, node, lock)) {
            return true;
        }
    }
    return false;
}

void postgres_lock_check(struct node *node)
{
    const struct postgres_node *server = postgres_node(node);
    uint32_t orphans = 0;
    for (uint32_t number = 1; number < server->lock_slots.used; number++) {
        const struct postgres_lock *lock = lock_at(server, number);
        const int64_t held = lock->pool.used.value;
        orphans += held > 1 || (held == 1 && (!lock->used || !is_held(node, number)));
    }
    world_hold(node->world, "postgres-locks", orphans == 0, "%s/%u: %u row locks have no holder",
               node->component->design->name, node->replica, orphans);
}
