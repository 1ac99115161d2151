// mongodb_line - visits that wait in order: for a position, for a primary, for flow control.
#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

void mongodb_line_add(struct mongodb_line *line, struct mongodb_waiter waiter)
{
    *(struct mongodb_waiter *)ring_put(&line->waiters, sizeof waiter) = waiter;
}

struct mongodb_waiter *mongodb_line_first(const struct mongodb_line *line)
{
    return line->waiters.count == 0 ? NULL : ring_at(&line->waiters, 0);
}

void mongodb_line_drop(struct mongodb_line *line)
{
    CHECK(line->waiters.count > 0);
    ring_drop(&line->waiters);
}

void mongodb_line_clear(struct mongodb_line *line)
{
    ring_clear(&line->waiters);
    line->timer = 0;
}

void mongodb_line_release(struct mongodb_line *line)
{
    ring_release(&line->waiters);
}

static void wake(struct world *world, uint64_t ticket, enum status status)
{
    struct visit *visit = visit_of(world, ticket);
    if (visit != NULL) {
        visit->status = (uint8_t)status & 0x7f;
        visit_wake_later(world, ticket);
    }
}

void mongodb_line_wake(struct world *world, struct mongodb_line *line, uint64_t index,
                       enum status status)
{
    while (line->waiters.count > 0 && mongodb_line_first(line)->index <= index) {
        const uint64_t ticket = mongodb_line_first(line)->ticket;
        mongodb_line_drop(line);
        wake(world, ticket, status);
    }
}
