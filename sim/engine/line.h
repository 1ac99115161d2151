// line - visits waiting in an order: fifo, lifo, by priority, shortest first, at random.
//
// An entry names a visit by ticket; a visit that has left otherwise (patience, crash) leaves a
// stale entry behind, skipped when it surfaces. 24 bytes an entry, no memory while empty.
#pragma once

#include <stdint.h>

#include "sim/engine/design.h"
#include "sim/kernel/random.h"

struct visit;
struct world;

struct line_entry {
    uint64_t ticket;
    uint64_t order; // priority or demand in the upper part, then arrival number
    int64_t demand_ns;
};

struct line {
    enum discipline discipline;
    uint32_t count;  // visits that really wait
    uint32_t filled; // entries, stale ones included
    uint32_t head;   // first entry of the ring (fifo)
    uint32_t room;   // a power of two, or 0
    uint64_t arrivals;
    struct line_entry *entries;
};

void line_init(struct line *line, enum discipline discipline);
void line_release(struct line *line);
void line_clear(struct line *line);

static inline uint64_t line_bytes(const struct line *line)
{
    return line->room * sizeof *line->entries;
}

// `rank` orders a priority line (priority number) and a shortest-first line (demand); otherwise
// ignored.
void line_add_ranked(struct line *line, uint64_t ticket, uint64_t rank, int64_t demand_ns);

static inline void line_add(struct line *line, uint64_t ticket, uint64_t rank, int64_t demand_ns)
{
    if (line->discipline != DISCIPLINE_FIFO || line->filled == line->room) {
        line_add_ranked(line, ticket, rank, demand_ns);
        return;
    }
    struct line_entry *entry = &line->entries[(line->head + line->filled) & (line->room - 1)];
    entry->ticket = ticket;
    entry->order = line->arrivals++;
    entry->demand_ns = demand_ns;
    line->count++;
    line->filled++;
}

// Puts an entry back with its old order (a preempted visit).
void line_return(struct line *line, struct line_entry entry);

// Takes the next live visit; false if nobody waits. `random` serves DISCIPLINE_RANDOM.
bool line_take(struct line *line, struct world *world, struct random_stream *random,
               struct line_entry *entry);

// The visit that has waited longest, left where it is; NULL if nobody waits.
struct visit *line_oldest(const struct line *line, struct world *world);

// One that waits has left by itself: its entry is stale from now on.
void line_forget(struct line *line);
