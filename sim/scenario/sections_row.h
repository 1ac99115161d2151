// sections_row - the form of one row in the tables of sections.
#pragma once

#include <stddef.h>

// A member of `struct structure` under a key of its own name ...
#define ROW(structure, member, kind, standard, says, ...)                                          \
    ROW_AS(#member, structure, member, kind, standard, says, __VA_ARGS__)

// ... and under another.
#define ROW_AS(key, structure, member, kind, standard, says, ...)                                  \
    {                                                                                              \
        .name = key, .type = kind, .offset = offsetof(struct structure, member),                   \
        .fallback = standard, .meaning = says, __VA_ARGS__                                         \
    }
