// stop - the thread that waits for signals.
#include "sim/cli/stop.h"

#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum { SIGNAL_STATUS = 128 };

static sigset_t stopping_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    return set;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Who asks again after a second does not want to wait for what is being written; a second signal at
// once is the same one, sent to the process and to its group.
static void *wait_for_signals(void *argument)
{
    struct stop *stop = argument;
    const sigset_t set = stopping_signals();
    int64_t first_ms = 0;
    while (!atomic_load(&stop->ending)) {
        int number = 0;
        if (sigwait(&set, &number) != 0 || number == SIGUSR1) {
            continue;
        }
        if (stop->signal == 0) {
            first_ms = now_ms();
            stop->signal = number;
        } else if (now_ms() - first_ms >= 1000) {
            _exit(SIGNAL_STATUS + number);
        }
    }
    return NULL;
}

void stop_begin(struct stop *stop)
{
    *stop = (struct stop){0};
    atomic_init(&stop->ending, false);
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
    atomic_store(&stop->ending, true);
    pthread_kill(stop->thread, SIGUSR1);
    pthread_join(stop->thread, NULL);
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    stop->running = false;
}

int stop_exit_status(const struct stop *stop)
{
    return SIGNAL_STATUS + stop->signal;
}
