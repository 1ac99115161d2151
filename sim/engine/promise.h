// promise - what was acknowledged at which place of a log and may still vanish.
//
// A promise is made when a client is told OK although a failover or a crash can still take the
// entry away; it is kept once nothing can, and broken when a new leader's log has something else at
// that place. Places are made in ascending order; made and kept in O(1), 24 bytes each.
#pragma once

#include <stdint.h>

#include "sim/base/ring.h"

struct promise {
    uint64_t index;
    uint32_t term, count; // count: of messages
};

struct promises {
    struct ring entries; // of struct promise
    uint64_t broken; // messages, in all
};

void promise_init(struct promises *promises); // no memory while empty
void promise_release(struct promises *promises);

void promise_make(struct promises *promises, uint64_t index, uint32_t term, uint32_t count);
// All up to `index` are safe, those at `index` if their term is `term` (0: any).
void promise_keep(struct promises *promises, uint64_t index, uint32_t term);
// All from `index` on that were made in a term below `term` are broken.
void promise_break(struct promises *promises, uint64_t index, uint32_t term);
