// quorum - counting answers of replicas: when enough agree, when enough no longer can.
#include "sim/engine/quorum.h"

#include "sim/base/check.h"

uint64_t quorum_position(const uint64_t *positions, uint32_t count, uint32_t needed)
{
    CHECK(needed >= 1 && needed <= count && count <= 32);
    uint64_t best = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t reached = 0;
        for (uint32_t j = 0; j < count; j++) {
            reached += positions[j] >= positions[i];
        }
        if (reached >= needed && positions[i] > best) {
            best = positions[i];
        }
    }
    return best;
}
