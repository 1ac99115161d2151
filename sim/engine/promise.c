// promise - what was acknowledged at which place of a log and may still vanish.
#include "sim/engine/promise.h"

#include <stdlib.h>

#include "sim/base/check.h"

void promise_init(struct promises *promises)
{
    *promises = (struct promises){0};
}

void promise_release(struct promises *promises)
{
    free(promises->entries);
    promise_init(promises);
}

static struct promise *at(const struct promises *promises, uint32_t place)
{
    return &promises->entries[(promises->first + place) & (promises->room - 1)];
}

static void grow(struct promises *promises)
{
    const uint32_t room = promises->room == 0 ? 16 : promises->room * 2;
    struct promise *entries = check_calloc(room, sizeof *entries);
    for (uint32_t i = 0; i < promises->count; i++) {
        entries[i] = *at(promises, i);
    }
    free(promises->entries);
    promises->entries = entries;
    promises->room = room;
    promises->first = 0;
}

void promise_make(struct promises *promises, uint64_t index, uint32_t term, uint32_t count)
{
    if (promises->count == promises->room) {
        grow(promises);
    }
    *at(promises, promises->count++) = (struct promise){index, term, count};
}

void promise_keep(struct promises *promises, uint64_t index, uint32_t term)
{
    while (promises->count > 0 && at(promises, 0)->index <= index) {
        const struct promise *promise = at(promises, 0);
        if (promise->index == index && term != 0 && promise->term != term) {
            promises->broken += promise->count;
        }
        promises->first = (promises->first + 1) & (promises->room - 1);
        promises->count--;
    }
}

void promise_break(struct promises *promises, uint64_t index, uint32_t term)
{
    while (promises->count > 0) {
        const struct promise *promise = at(promises, promises->count - 1);
        if (promise->index < index || promise->term >= term) {
            return;
        }
        promises->broken += promise->count;
        promises->count--;
    }
}
