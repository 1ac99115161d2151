// mongodb_line - visits that wait in order: for a position, for a primary, for flow control.
#include <stdlib.h>

#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

void mongodb_line_add(struct mongodb_line *line, struct mongodb_waiter waiter)
{
    if (line->count == line->room) {
        const uint32_t room = line->room == 0 ? 64 : line->room * 2;
        struct mongodb_waiter *items = check_calloc(room, sizeof *items);
        for (uint32_t i = 0; i < line->count; i++) {
            items[i] = line->items[(line->first + i) & (line->room - 1)];
        }
        free(line->items);
        line->items = items;
        line->room = room;
        line->first = 0;
    }
    line->items[(line->first + line->count++) & (line->room - 1)] = waiter;
}

struct mongodb_waiter *mongodb_line_first(const struct mongodb_line *line)
{
    return line->count == 0 ? NULL : &line->items[line->first];
}

void mongodb_line_drop(struct mongodb_line *line)
{
    CHECK(line->count > 0);
    line->first = (line->first + 1) & (line->room - 1);
    line->count--;
}

void mongodb_line_clear(struct mongodb_line *line)
{
    line->first = line->count = 0;
    line->timer = 0;
}

void mongodb_line_release(struct mongodb_line *line)
{
    free(line->items);
    line->items = NULL;
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
    while (line->count > 0 && mongodb_line_first(line)->index <= index) {
        const uint64_t ticket = mongodb_line_first(line)->ticket;
        mongodb_line_drop(line);
        wake(world, ticket, status);
    }
}
