// pool - a counted resource held across steps and calls: concurrency, connections, locks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/line.h"
#include "sim/engine/visit.h"
#include "sim/kernel/histogram.h"
#include "sim/kernel/tally.h"

struct pool {
    const char *name;
    struct node *node;
    uint64_t size;        // 0: unlimited
    uint64_t queue_limit; // waiting visits, 0: unlimited
    enum on_full on_full;
    struct line line;
    struct tally used;      // units in use
    struct tally waiting;   // visits waiting
    struct histogram *wait; // NULL: not recorded
    uint64_t refused;
};

void pool_init(struct pool *pool, struct node *node, const char *name, uint64_t size);
void pool_release(struct pool *pool);
void pool_clear(struct pool *pool); // after a crash: nothing is used, nobody waits

// Takes one unit for the visit and notes it among what the visit holds. NEXT: taken; WAIT: the
// visit waits and goes on with its next step once it has it; END: the line is full, status REJECTED
// is set.
enum outcome pool_take(struct pool *pool, struct visit *visit);

// Gives one unit back before the visit's end; the next in line is woken (later, same instant).
void pool_give(struct pool *pool, struct visit *visit);

// Changes the size while in use; those who now fit are woken.
void pool_resize(struct pool *pool, uint64_t size);

// One unit comes back from a visit that has ended (hold.c calls it).
void pool_give_unit(struct pool *pool);

// A visit that waited here has ended otherwise.
void pool_forget(struct pool *pool);
