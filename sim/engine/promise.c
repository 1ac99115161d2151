// promise - what was acknowledged at which place of a log and may still vanish.
#include "sim/engine/promise.h"

void promise_init(struct promises *promises)
{
    *promises = (struct promises){0};
}

void promise_release(struct promises *promises)
{
    ring_release(&promises->entries);
    promise_init(promises);
}

void promise_make(struct promises *promises, uint64_t index, uint32_t term, uint32_t count)
{
    struct promise *promise = ring_put(&promises->entries, sizeof *promise);
    *promise = (struct promise){index, term, count};
}

void promise_keep(struct promises *promises, uint64_t index, uint32_t term)
{
    while (promises->entries.count > 0) {
        const struct promise *promise = ring_at(&promises->entries, 0);
        if (promise->index > index) {
            return;
        }
        if (promise->index == index && term != 0 && promise->term != term) {
            promises->broken += promise->count;
        }
        ring_drop(&promises->entries);
    }
}

void promise_break(struct promises *promises, uint64_t index, uint32_t term)
{
    while (promises->entries.count > 0) {
        const struct promise *promise = ring_last(&promises->entries);
        if (promise->index < index || promise->term >= term) {
            return;
        }
        promises->broken += promise->count;
        ring_drop_last(&promises->entries);
    }
}
