// slots - a pool of equal records named by number and generation.
//
// A record begins with `uint32_t generation`, which the pool advances when the record is given
// back; whoever keeps a number across a wait keeps the generation too and so knows a record that is
// no longer his. Records never move (chunks of 1024), so pointers stay good between take and give.
// Number 0 is never handed out: 0 means none.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct slots {
    unsigned char **chunks;
    uint32_t chunk_count;
    uint32_t size; // bytes a record
    uint32_t used; // numbers ever handed out, plus one
    uint32_t live; // records taken and not given back
    uint32_t free; // head of the free list, 0 at its end (linked through the second word)
};

enum { SLOTS_SHIFT = 10, SLOTS_CHUNK = 1 << SLOTS_SHIFT };

void slots_init(struct slots *slots, size_t size); // size >= 8
void slots_release(struct slots *slots);

// A zeroed record (its generation kept); the number names it until slots_give.
uint32_t slots_take(struct slots *slots);

// The number of a record never handed out yet.
uint32_t slots_grow(struct slots *slots);

static inline void *slots_at(const struct slots *slots, uint32_t number)
{
    return slots->chunks[number >> SLOTS_SHIFT] +
           (size_t)(number & (SLOTS_CHUNK - 1)) * slots->size;
}

// A record as it was left: the caller sets every word but the generation.
static inline void *slots_take_raw(struct slots *slots, uint32_t *number)
{
    *number = slots->free != 0 ? slots->free : slots_grow(slots);
    uint32_t *record = slots_at(slots, *number);
    slots->free = record[1]; // 0 in a new record, too
    slots->live++;
    return record;
}

size_t slots_bytes(const struct slots *slots);

static inline uint32_t slots_generation(const struct slots *slots, uint32_t number)
{
    return *(const uint32_t *)slots_at(slots, number);
}

static inline void slots_give(struct slots *slots, uint32_t number)
{
    uint32_t *record = slots_at(slots, number);
    record[0]++;
    record[1] = slots->free;
    slots->free = number;
    slots->live--;
}
