// pool - a counted resource held across steps and calls: concurrency, connections, locks.
#include "sim/engine/pool.h"

#include "sim/base/check.h"
#include "sim/engine/hold.h"
#include "sim/engine/world.h"

void pool_init(struct pool *pool, struct node *node, const char *name, uint64_t size)
{
    *pool = (struct pool){.name = name, .node = node, .size = size};
    line_init(&pool->line, DISCIPLINE_FIFO);
}

void pool_release(struct pool *pool)
{
    line_release(&pool->line);
}

void pool_clear(struct pool *pool)
{
    const int64_t now = pool->node->world->now;
    line_clear(&pool->line);
    tally_set(&pool->used, now, 0);
    tally_set(&pool->waiting, now, 0);
}

static bool has_room(const struct pool *pool)
{
    return pool->size == 0 || (uint64_t)pool->used.value < pool->size;
}

static enum outcome refuse(struct pool *pool, struct visit *visit)
{
    pool->refused++;
    visit->status = STATUS_REJECTED;
    return OUTCOME_END;
}

// Room for one more in a full line: callers that block simply wait, or the oldest gives way.
static bool make_room(struct pool *pool)
{
    struct world *world = pool->node->world;
    struct visit *oldest =
        pool->on_full == ON_FULL_DROP_OLDEST ? line_oldest(&pool->line, world) : NULL;
    if (oldest != NULL) {
        pool->refused++;
        pool_forget(pool);
        visit_end(oldest, STATUS_REJECTED, false);
    }
    return oldest != NULL || pool->on_full == ON_FULL_BLOCK;
}

static struct random_stream *order_stream(const struct pool *pool)
{
    return pool->line.discipline == DISCIPLINE_RANDOM ? pool->node->cpu.order_stream : NULL;
}

enum outcome pool_take(struct pool *pool, struct visit *visit)
{
    struct world *world = pool->node->world;
    if (has_room(pool) && pool->line.count == 0) {
        tally_add(&pool->used, world->now, 1);
        hold_add(visit, pool);
        if (pool->wait != NULL) {
            histogram_add(pool->wait, 0);
        }
        return OUTCOME_NEXT;
    }
    if (pool->queue_limit > 0 && pool->line.count >= pool->queue_limit && !make_room(pool)) {
        return refuse(pool, visit);
    }
    visit->since_ns = world->now;
    line_add(&pool->line, visit_ticket(visit), visit->priority, 0);
    tally_set(&pool->waiting, world->now, pool->line.count);
    return OUTCOME_WAIT;
}

// Grants units to those in line while there are any; a visit whose deadline has passed is woken
// without.
static void serve_line(struct pool *pool)
{
    struct world *world = pool->node->world;
    struct line_entry entry;
    while (has_room(pool) && line_take(&pool->line, world, order_stream(pool), &entry)) {
        struct visit *visit = visit_of(world, entry.ticket);
        const int64_t waited = world->now - visit->since_ns;
        world_meter(visit)->parts_ns[METER_QUEUE] += waited;
        if (pool->wait != NULL) {
            histogram_add(pool->wait, waited);
        }
        if (visit->deadline_ns > world->now) {
            tally_add(&pool->used, world->now, 1);
            hold_add(visit, pool);
        }
        visit_wake_later(world, entry.ticket);
    }
    tally_set(&pool->waiting, world->now, pool->line.count);
}

void pool_give_unit(struct pool *pool)
{
    CHECK(pool->used.value > 0);
    tally_add(&pool->used, pool->node->world->now, -1);
    if (pool->line.count > 0) {
        serve_line(pool);
    }
}

void pool_give(struct pool *pool, struct visit *visit)
{
    hold_remove(visit, pool);
    pool_give_unit(pool);
}

void pool_resize(struct pool *pool, uint64_t size)
{
    pool->size = size;
    serve_line(pool);
}

void pool_forget(struct pool *pool)
{
    line_forget(&pool->line);
    tally_set(&pool->waiting, pool->node->world->now, pool->line.count);
}
