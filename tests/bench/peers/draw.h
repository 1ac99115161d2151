// draw - exponential times in nanoseconds for the peers: xoshiro256++ and libm's log.
#pragma once

#include <cmath>
#include <cstdint>

static inline uint64_t draw_word()
{
    static uint64_t s[4] = {1, 2, 3, 4};
    const uint64_t sum = s[0] + s[3];
    const uint64_t word = (sum << 23 | sum >> 41) + s[0], shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3] << 45 | s[3] >> 19;
    return word;
}

static inline int64_t draw_exponential(double mean_ns)
{
    const double unit = ((double)(draw_word() >> 12) + 0.5) * 0x1p-52;
    return (int64_t)(-mean_ns * std::log(unit) + 0.5);
}
