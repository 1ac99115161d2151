// hold - the records of what a visit holds: units of pools, and its own words.
#pragma once

#include <stdint.h>

struct pool;
struct visit;

struct hold {
    uint32_t generation;
    uint32_t next;     // older record
    struct pool *pool; // NULL: the visit's own words
    uint64_t words[2];
};

void hold_add(struct visit *visit, struct pool *pool);
void hold_remove(struct visit *visit,
                 struct pool *pool); // the newest of that pool; CHECKs that it is held
uint64_t *hold_words(struct visit *visit);

// Gives everything back, newest first.
void hold_give_all(struct visit *visit);
// Forgets everything without giving back: the node and its pools are gone.
void hold_forget_all(struct visit *visit);
