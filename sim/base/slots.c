// slots - a pool of equal records named by number and generation.
#include "sim/base/slots.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

struct free_record {
    uint32_t generation;
    uint32_t next;
};

void slots_init(struct slots *slots, size_t size)
{
    CHECK(size >= sizeof(struct free_record) && size % 4 == 0);
    *slots = (struct slots){.size = (uint32_t)size, .used = 1};
}

void slots_release(struct slots *slots)
{
    for (uint32_t i = 0; i < slots->chunk_count; i++) {
        free(slots->chunks[i]);
    }
    free(slots->chunks);
    *slots = (struct slots){0};
}

static void add_chunk(struct slots *slots)
{
    if ((slots->chunk_count & (slots->chunk_count - 1)) == 0) {
        const size_t room = slots->chunk_count == 0 ? 1 : (size_t)slots->chunk_count * 2;
        slots->chunks = check_realloc(slots->chunks, room * sizeof *slots->chunks);
    }
    slots->chunks[slots->chunk_count++] = check_calloc(SLOTS_CHUNK, slots->size);
}

uint32_t slots_take(struct slots *slots)
{
    uint32_t number = slots->free;
    slots->live++;
    if (number == 0) {
        number = slots->used++;
        if (number >> SLOTS_SHIFT >= slots->chunk_count) {
            add_chunk(slots);
        }
        return number;
    }
    struct free_record *record = slots_at(slots, number);
    slots->free = record->next;
    memset((unsigned char *)record + sizeof record->generation, 0,
           slots->size - sizeof record->generation);
    return number;
}

void slots_give(struct slots *slots, uint32_t number)
{
    struct free_record *record = slots_at(slots, number);
    record->generation++;
    record->next = slots->free;
    slots->free = number;
    slots->live--;
}

size_t slots_bytes(const struct slots *slots)
{
    return (size_t)slots->chunk_count * SLOTS_CHUNK * slots->size;
}
