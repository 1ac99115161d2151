// digest - 64-bit hashes of numbers and bytes: identities, shares by chance, chains of records.
#include "sim/base/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t digest_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}
