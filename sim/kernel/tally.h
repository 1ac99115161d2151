// tally - a level over time (queue length, busy servers): exact integer area, maximum.
//
// The area of a level is its value at the end times the end, less every change times its instant:
// a change of one costs an addition and needs no time of the change before.
#pragma once

#include <stdint.h>

struct tally {
    int64_t value;
    int64_t maximum;
    __int128 changes; // each times its instant, since the start or as if since the last clear
};

static inline void tally_set(struct tally *tally, int64_t now, int64_t value)
{
    tally->changes += (__int128)(value - tally->value) * now;
    tally->value = value;
    if (value > tally->maximum) {
        tally->maximum = value;
    }
}

static inline void tally_add(struct tally *tally, int64_t now, int64_t change)
{
    tally->changes += (__int128)change * now;
    tally->value += change;
    if (tally->value > tally->maximum) {
        tally->maximum = tally->value;
    }
}

// One less: a maximum is never reached by going down.
static inline void tally_drop(struct tally *tally, int64_t now)
{
    tally->changes -= now;
    tally->value--;
}

// Forgets the past, keeps the level: the end of the warm-up.
static inline void tally_clear(struct tally *tally, int64_t now)
{
    tally->changes = (__int128)tally->value * now;
    tally->maximum = tally->value;
}

// The area up to `now`, without changing the tally.
static inline __int128 tally_area(const struct tally *tally, int64_t now)
{
    return (__int128)tally->value * now - tally->changes;
}
