// digest - XXH3-128 of bytes as 32 hex digits.
#pragma once

#include <stddef.h>

enum { DIGEST_ROOM = 33 };

// Writes 32 hex digits and a zero; returns `hex`.
const char *digest_of(const void *bytes, size_t length, char hex[DIGEST_ROOM]);
