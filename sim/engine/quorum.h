// quorum - counting answers of replicas: when enough agree, when enough no longer can.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum quorum_state { QUORUM_OPEN, QUORUM_REACHED, QUORUM_LOST };

// Bit sets over the members, at most 32.
struct quorum {
    uint32_t needed; // good answers that suffice
    uint32_t asked;  // members that may still answer or have answered
    uint32_t good, bad;
};

static inline uint32_t quorum_majority(uint32_t members)
{
    return members / 2 + 1;
}

static inline struct quorum quorum_of(uint32_t needed, uint32_t asked)
{
    return (struct quorum){.needed = needed, .asked = asked};
}

static inline enum quorum_state quorum_is(const struct quorum *quorum)
{
    const uint32_t good = (uint32_t)__builtin_popcount(quorum->good);
    const uint32_t possible = (uint32_t)__builtin_popcount(quorum->asked & ~quorum->bad);
    if (good >= quorum->needed) {
        return QUORUM_REACHED;
    }
    return possible >= quorum->needed ? QUORUM_OPEN : QUORUM_LOST;
}

// A second answer of the same member changes nothing.
static inline enum quorum_state quorum_answer(struct quorum *quorum, uint32_t member, bool good)
{
    const uint32_t bit = 1U << member;
    if (((quorum->good | quorum->bad) & bit) == 0) {
        *(good ? &quorum->good : &quorum->bad) |= bit;
    }
    return quorum_is(quorum);
}

// The highest position that at least `needed` of the members have reached (a commit index);
// count <= 32, 1 <= needed <= count.
uint64_t quorum_position(const uint64_t *positions, uint32_t count, uint32_t needed);
