// digest - hashes of numbers and bytes: identities, shares by chance, chains of records, names.
//
// The same on every machine: XXH3 for bytes, a finaliser of full avalanche for numbers.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_ROOM = 33 };

// Mixes two numbers into one (MurmurHash3's 64-bit finaliser over their odd combination).
static inline uint64_t digest_mix(uint64_t one, uint64_t other)
{
    uint64_t value = one * 0x9e3779b97f4a7c15U + (other ^ other >> 29) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 33) * 0xff51afd7ed558ccdU;
    value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53U;
    return value ^ value >> 33;
}

// A hash as a number in [0, 1) on a grid of 2^-53: compare it with a share.
static inline double digest_unit(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

// XXH3-64 of bytes, seeded.
uint64_t digest_bytes(const void *bytes, size_t size, uint64_t seed);

// XXH3-128 of bytes: writes 32 hex digits and a zero; returns `hex`.
const char *digest_of(const void *bytes, size_t length, char hex[DIGEST_ROOM]);
