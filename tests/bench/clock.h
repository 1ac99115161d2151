// clock - the machine's steady clock, for measuring.
#pragma once

#include <time.h>

static inline double clock_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}
