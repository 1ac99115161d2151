// tally - a level over time (queue length, busy servers): exact integer area, maximum.
#pragma once

#include <stdint.h>

struct tally {
    int64_t value;
    int64_t since_ns;
    int64_t maximum;
    __int128 area; // value x ns since the start or the last clear
};

static inline void tally_set(struct tally *tally, int64_t now, int64_t value)
{
    tally->area += (__int128)tally->value * (now - tally->since_ns);
    tally->since_ns = now;
    tally->value = value;
    if (value > tally->maximum) {
        tally->maximum = value;
    }
}

static inline void tally_add(struct tally *tally, int64_t now, int64_t change)
{
    tally_set(tally, now, tally->value + change);
}

// One less: a maximum is never reached by going down.
static inline void tally_drop(struct tally *tally, int64_t now)
{
    tally->area += (__int128)tally->value * (now - tally->since_ns);
    tally->since_ns = now;
    tally->value--;
}

// Forgets the past, keeps the level: the end of the warm-up.
static inline void tally_clear(struct tally *tally, int64_t now)
{
    tally->area = 0;
    tally->since_ns = now;
    tally->maximum = tally->value;
}

// The area up to `now`, without changing the tally.
static inline __int128 tally_area(const struct tally *tally, int64_t now)
{
    return tally->area + (__int128)tally->value * (now - tally->since_ns);
}
