// fingerprint_wide - the hash of fingerprint.c by wider registers: compiled for AVX2, same bits.
#include "sim/kernel/fingerprint_wide.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

bool fingerprint_wide_update(void *state, const void *bytes, size_t size)
{
    return XXH3_128bits_update(state, bytes, size) == XXH_OK;
}
