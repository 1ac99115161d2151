// stop - the thread that waits for signals.
#include "sim/cli/stop.h"

#include <signal.h>
#include <unistd.h>

enum { SIGNAL_STATUS = 128 };

static sigset_t stopping_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

static void *wait_for_signals(void *argument)
{
    struct stop *stop = argument;
    const sigset_t set = stopping_signals();
    for (;;) {
        int number = 0;
        if (sigwait(&set, &number) != 0) {
            continue;
        }
        if (stop->signal != 0) {
            _exit(SIGNAL_STATUS + number);
        }
        stop->signal = number;
    }
    return NULL;
}

void stop_begin(struct stop *stop)
{
    *stop = (struct stop){0};
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    stop->running = pthread_create(&stop->thread, NULL, wait_for_signals, stop) == 0;
    if (!stop->running) { // no thread to be had: the signals end the program as ever
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
}

void stop_end(struct stop *stop)
{
    if (!stop->running) {
        return;
    }
    pthread_cancel(stop->thread);
    pthread_join(stop->thread, NULL);
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    stop->running = 0;
}

int stop_exit_status(const struct stop *stop)
{
    return SIGNAL_STATUS + stop->signal;
}
