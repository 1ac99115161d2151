// digest - hashes of numbers and bytes: identities, shares by chance, chains of records, names.
#include "sim/base/digest.h"

#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t digest_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

// The high half first.
const char *digest_of(const void *bytes, size_t length, char hex[DIGEST_ROOM])
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, length);
    snprintf(hex, DIGEST_ROOM, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
    return hex;
}
