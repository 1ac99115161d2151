// threads - begins threads of one function and waits for them.
#include "sim/base/threads.h"

#include <stdlib.h>

#include "sim/base/check.h"

uint32_t threads_begin(struct threads *threads, uint32_t wanted, void *(*work)(void *),
                       void *context)
{
    *threads = (struct threads){.threads = check_calloc(wanted + 1, sizeof *threads->threads)};
    while (threads->count < wanted &&
           pthread_create(&threads->threads[threads->count], NULL, work, context) == 0) {
        threads->count++;
    }
    return threads->count;
}

void threads_join(struct threads *threads)
{
    for (uint32_t i = 0; i < threads->count; i++) {
        pthread_join(threads->threads[i], NULL);
    }
    free(threads->threads);
    *threads = (struct threads){0};
}
