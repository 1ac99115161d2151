// threads - begins threads of one function and waits for them.
#pragma once

#include <pthread.h>
#include <stdint.h>

struct threads {
    pthread_t *threads;
    uint32_t count; // of those that run
};

// Begins up to `wanted` threads, fewer where the machine gives no more; returns how many. `context`
// must outlive them. Pair with threads_join.
uint32_t threads_begin(struct threads *threads, uint32_t wanted, void *(*work)(void *),
                       void *context);
void threads_join(struct threads *threads);
