// clock - the processor time that this program has used, for measuring on a machine that is shared.
#pragma once

#include <time.h>

static inline double clock_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}
