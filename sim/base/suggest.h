// suggest - the word that was probably meant: "did you mean `replicas`?"
#pragma once

#include <stddef.h>

// Edits (insert, delete, replace, swap of neighbours) from one word to the other, in bytes; words
// longer than 64 bytes are infinitely far apart.
unsigned suggest_distance(const char *one, const char *other);

// The nearest candidate (the first of equals) within two edits and a third of the longer word's
// length, ignoring case; NULL if none.
const char *suggest_nearest(const char *word, const char *const *candidates, size_t count);
