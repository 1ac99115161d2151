// slots - a pool of equal records named by number and generation.
#include "sim/base/slots.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/path.h"

void slots_init(struct slots *slots, size_t size)
{
    CHECK(size >= 2 * sizeof(uint32_t) && size % 4 == 0);
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

PATH_RARE uint32_t slots_grow(struct slots *slots)
{
    if (slots->used >> SLOTS_SHIFT >= slots->chunk_count) {
        add_chunk(slots);
    }
    return slots->used++;
}

uint32_t slots_take(struct slots *slots)
{
    uint32_t number;
    uint32_t *record = slots_take_raw(slots, &number);
    memset(record + 1, 0, slots->size - sizeof *record);
    return number;
}

size_t slots_bytes(const struct slots *slots)
{
    return (size_t)slots->chunk_count * SLOTS_CHUNK * slots->size;
}
