// hold - the records of what a visit holds: units of pools, and its own words.
#include "sim/engine/hold.h"

#include "sim/base/check.h"
#include "sim/base/slots.h"
#include "sim/engine/pool.h"
#include "sim/engine/visit.h"
#include "sim/engine/world.h"

static struct slots *holds_of(const struct visit *visit)
{
    return &visit->node->world->holds;
}

void hold_add(struct visit *visit, struct pool *pool)
{
    struct slots *holds = holds_of(visit);
    const uint32_t number = slots_take(holds);
    struct hold *hold = slots_at(holds, number);
    hold->pool = pool;
    hold->next = visit->hold;
    visit->hold = number;
}

void hold_remove(struct visit *visit, struct pool *pool)
{
    struct slots *holds = holds_of(visit);
    uint32_t *link = &visit->hold;
    while (*link != 0) {
        struct hold *hold = slots_at(holds, *link);
        if (hold->pool == pool) {
            const uint32_t number = *link;
            *link = hold->next;
            slots_give(holds, number);
            return;
        }
        link = &hold->next;
    }
    CHECK(!"the visit holds a unit of the pool it gives back");
}

uint64_t *hold_words(struct visit *visit)
{
    struct slots *holds = holds_of(visit);
    for (uint32_t at = visit->hold; at != 0;) {
        struct hold *hold = slots_at(holds, at);
        if (hold->pool == NULL) {
            return hold->words;
        }
        at = hold->next;
    }
    hold_add(visit, NULL);
    return ((struct hold *)slots_at(holds, visit->hold))->words;
}

static void drop_all(struct visit *visit, int give)
{
    struct slots *holds = holds_of(visit);
    while (visit->hold != 0) {
        struct hold *hold = slots_at(holds, visit->hold);
        struct pool *pool = hold->pool;
        const uint32_t number = visit->hold;
        visit->hold = hold->next;
        slots_give(holds, number);
        if (pool != NULL && give) {
            pool_give_unit(pool);
        }
    }
}

void hold_give_all(struct visit *visit)
{
    drop_all(visit, 1);
}

void hold_forget_all(struct visit *visit)
{
    drop_all(visit, 0);
}
