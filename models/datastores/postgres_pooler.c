// postgres_pooler - PgBouncer beside a server: one thread, a line for server connections, a
// reserve.
//
// A server connection is held for the whole transaction, the client's own turns included. Who waits
// for one stands in order of arrival and is cut off after query_wait_timeout; when the first in
// line has waited for reserve_pool_timeout, the pool grows by its reserve until the line is gone.
#include "models/datastores/postgres.h"

static const struct postgres_pooler *setting_of(const struct node *node)
{
    return &postgres_configuration(node->component)->pool;
}

enum outcome postgres_pooler_pass(struct visit *visit)
{
    const struct postgres_pooler *pool = setting_of(visit->node);
    if (pool->mode == POSTGRES_DIRECT) {
        return step_next(visit);
    }
    return station_serve(
        &visit->node->devices[POSTGRES_DEVICE_POOLER], visit,
        distribution_draw(&pool->work, postgres_node(visit->node)->streams.pooler));
}

// ---- the line ---------------------------------------------------------------------------------

static struct visit *first_in_line(const struct node *node)
{
    return line_oldest(&node->pools[POSTGRES_CONNECTIONS].line, node->world);
}

// Waiters stand in order of arrival, so one timer, for the oldest, is enough.
static void on_wait_end(struct node *node, uint64_t word)
{
    const int64_t wait_ns = setting_of(node)->wait_ns;
    struct visit *oldest = first_in_line(node);
    while (oldest != NULL && oldest->since_ns + wait_ns <= node->world->now) {
        pool_forget(&node->pools[POSTGRES_CONNECTIONS]);
        history_end(oldest, STATUS_ABANDONED, 0);
        visit_end(oldest, STATUS_ABANDONED, false);
        oldest = first_in_line(node);
    }
    postgres_node(node)->watching = oldest != NULL;
    if (oldest != NULL) {
        node_timer(node, oldest->since_ns + wait_ns - node->world->now, on_wait_end, word);
    }
}

static void on_reserve_due(struct node *node, uint64_t word)
{
    const struct postgres_pooler *setting = setting_of(node);
    const struct visit *oldest = first_in_line(node);
    postgres_node(node)->reserving = false;
    if (oldest == NULL) {
        return;
    }
    const int64_t left_ns = oldest->since_ns + setting->reserve_ns - node->world->now;
    if (left_ns > 0) {
        postgres_node(node)->reserving = true;
        node_timer(node, left_ns, on_reserve_due, word);
        return;
    }
    pool_resize(&node->pools[POSTGRES_CONNECTIONS], setting->size + setting->reserve);
}

static void watch_line(struct node *node)
{
    const struct postgres_pooler *setting = setting_of(node);
    struct postgres_node *server = postgres_node(node);
    if (!server->watching && setting->wait_ns > 0) {
        server->watching = true;
        node_timer_constant(node, setting->wait_ns, on_wait_end, 0);
    }
    const bool small = node->pools[POSTGRES_CONNECTIONS].size == setting->size;
    if (!server->reserving && small && setting->reserve > 0) {
        server->reserving = true;
        node_timer_constant(node, setting->reserve_ns, on_reserve_due, 0);
    }
}

// ---- connections ------------------------------------------------------------------------------

bool postgres_pooler_is_full(struct node *node)
{
    struct pool *pool = &node->pools[POSTGRES_CONNECTIONS];
    const bool busy = (uint64_t)pool->used.value >= pool->size;
    const bool full = busy && (pool->queue_limit == 0 || pool->line.count >= pool->queue_limit);
    pool->refused += full;
    return full;
}

enum outcome postgres_pooler_take(struct visit *visit)
{
    struct node *node = visit->node;
    struct pool *pool = &node->pools[POSTGRES_CONNECTIONS];
    pool->wait = node->world->measuring ? &postgres_state(node->component)->pool_wait : NULL;
    if (setting_of(node)->reserve > 0 && pool->line.count == 0) {
        pool->size = setting_of(node)->size; // the reserve closes
    }
    if ((uint64_t)pool->used.value >= pool->size) {
        watch_line(node);
    }
    return step_take(visit, pool);
}

void postgres_pooler_crash(struct node *node)
{
    if (setting_of(node)->reserve > 0) {
        node->pools[POSTGRES_CONNECTIONS].size = setting_of(node)->size;
    }
}
