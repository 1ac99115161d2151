// stop - SIGINT and SIGTERM as a number that the simulation polls; without a global.
//
// The signals are blocked and awaited by a thread of their own. One more after a second ends the
// program at once.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct stop {
    volatile int signal; // 0: none yet
    pthread_t thread;
    bool running;
    atomic_bool ending; // SIGUSR1 is the call to end
};

void stop_begin(struct stop *stop);
void stop_end(struct stop *stop);

// 130 or 143 after a signal.
int stop_exit_status(const struct stop *stop);
