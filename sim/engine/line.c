// line - visits waiting in an order: fifo, lifo, by priority, shortest first, at random.
#include "sim/engine/line.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/engine/world.h"

enum { SWEEP_FROM = 64 }; // stale entries that never matter

void line_init(struct line *line, enum discipline discipline)
{
    *line = (struct line){.discipline = discipline};
}

void line_release(struct line *line)
{
    free(line->entries);
    line->entries = NULL;
    line->count = line->filled = line->head = line->room = 0;
}

void line_clear(struct line *line)
{
    line->count = line->filled = line->head = 0;
}

static bool is_heap(const struct line *line)
{
    return line->discipline == DISCIPLINE_PRIORITY || line->discipline == DISCIPLINE_PREEMPTIVE ||
           line->discipline == DISCIPLINE_SJF;
}

static struct line_entry *ring_at(const struct line *line, uint32_t index)
{
    return &line->entries[(line->head + index) & (line->room - 1)];
}

static void grow(struct line *line)
{
    const uint32_t room = line->room == 0 ? 8 : line->room * 2;
    struct line_entry *entries = check_calloc(room, sizeof *entries);
    for (uint32_t i = 0; i < line->filled; i++) {
        entries[i] = *ring_at(line, i);
    }
    free(line->entries);
    line->entries = entries;
    line->room = room;
    line->head = 0;
}

static bool before(const struct line *line, const struct line_entry *one,
                   const struct line_entry *other)
{
    if (line->discipline == DISCIPLINE_SJF && one->demand_ns != other->demand_ns) {
        return one->demand_ns < other->demand_ns;
    }
    return one->order < other->order;
}

static void sift_up(struct line *line, struct line_entry entry)
{
    uint32_t at = line->filled - 1;
    while (at > 0 && before(line, &entry, &line->entries[(at - 1) / 2])) {
        line->entries[at] = line->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    line->entries[at] = entry;
}

static void sift_down(struct line *line, struct line_entry entry)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= line->filled) {
            break;
        }
        if (child + 1 < line->filled &&
            before(line, &line->entries[child + 1], &line->entries[child])) {
            child++;
        }
        if (!before(line, &line->entries[child], &entry)) {
            break;
        }
        line->entries[at] = line->entries[child];
        at = child;
    }
    line->entries[at] = entry;
}

void line_return(struct line *line, struct line_entry entry)
{
    if (line->filled == line->room) {
        grow(line);
    }
    line->count++;
    line->filled++;
    if (is_heap(line)) {
        sift_up(line, entry);
    } else {
        *ring_at(line, line->filled - 1) = entry;
    }
}

void line_add_ranked(struct line *line, uint64_t ticket, uint64_t rank, int64_t demand_ns)
{
    const uint64_t number = line->arrivals++;
    const bool ranked = is_heap(line) && line->discipline != DISCIPLINE_SJF;
    const struct line_entry entry = {ticket, ranked ? rank << 56 | number : number, demand_ns};
    line_return(line, entry);
}

static struct line_entry take_first(struct line *line, struct random_stream *random)
{
    struct line_entry entry;
    line->filled--;
    if (is_heap(line)) {
        entry = line->entries[0];
        if (line->filled > 0) {
            sift_down(line, line->entries[line->filled]);
        }
    } else if (line->discipline == DISCIPLINE_LIFO) {
        entry = *ring_at(line, line->filled);
    } else if (line->discipline == DISCIPLINE_RANDOM) {
        struct line_entry *chosen = ring_at(line, (uint32_t)random_below(random, line->filled + 1));
        entry = *chosen;
        *chosen = *ring_at(line, line->filled);
    } else {
        entry = *ring_at(line, 0);
        line->head = (line->head + 1) & (line->room - 1);
    }
    return entry;
}

// Entries of visits that have left otherwise go once they outnumber those that wait.
static void sweep(struct line *line, struct world *world)
{
    const uint32_t filled = line->filled;
    uint32_t kept = 0;
    line->filled = 0;
    for (uint32_t i = 0; i < filled; i++) {
        const struct line_entry entry = *ring_at(line, i);
        if (visit_of(world, entry.ticket) == NULL) {
            continue;
        }
        *ring_at(line, kept++) = entry;
        line->filled = kept;
        if (is_heap(line)) {
            sift_up(line, entry);
        }
    }
}

bool line_take(struct line *line, struct world *world, struct random_stream *random,
               struct line_entry *entry)
{
    if (line->count == 0) {
        line->filled = line->head = 0;
        return false;
    }
    if (line->filled > 2 * line->count + SWEEP_FROM) {
        sweep(line, world);
    }
    while (line->filled > 0) {
        if (line->discipline == DISCIPLINE_FIFO) {
            *entry = line->entries[line->head];
            line->head = (line->head + 1) & (line->room - 1);
            line->filled--;
        } else {
            *entry = take_first(line, random);
        }
        if (visit_of(world, entry->ticket) != NULL) {
            line->count--;
            return true;
        }
    }
    CHECK(line->count == 0);
    return false;
}

void line_forget(struct line *line)
{
    CHECK(line->count > 0);
    line->count--;
    if (line->count == 0) {
        line->filled = line->head = 0;
    }
}

struct visit *line_oldest(const struct line *line, struct world *world)
{
    struct visit *oldest = NULL;
    for (uint32_t i = 0; i < line->filled; i++) {
        struct visit *visit = visit_of(world, ring_at(line, i)->ticket);
        if (visit != NULL && (oldest == NULL || visit->since_ns < oldest->since_ns)) {
            oldest = visit;
        }
    }
    return oldest;
}
