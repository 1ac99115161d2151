// fingerprint_wide - the hash of fingerprint.c by wider registers: compiled for AVX2, same bits.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Adds the bytes to an XXH3_state_t; only on a processor that has AVX2.
bool fingerprint_wide_update(void *state, const void *bytes, size_t size);
