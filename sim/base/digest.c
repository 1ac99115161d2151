// digest - XXH3-128 in hex, the high half first.
#include "sim/base/digest.h"

#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

const char *digest_of(const void *bytes, size_t length, char hex[DIGEST_ROOM])
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, length);
    snprintf(hex, DIGEST_ROOM, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
    return hex;
}
