// argument_places - the command line as a text that diagnostics can point into.
//
// Each option stands on a line of its own with its value, in the order given:
//
//    --> command line:2:9
//     |
//   2 | --where n * 400/s >= peek
#pragma once

#include "sim/base/diagnostic.h"

struct argument_places {
    struct diagnostic_list *list;
    uint32_t source;
    const char *const *words; // option, value, option, value, ...
    uint32_t count;
};

// Registers the words as a source of the list; nothing if there are none.
void argument_places_init(struct argument_places *places, struct diagnostic_list *list,
                          const char *const *words, uint32_t count);

// Where bytes of a value stand; `value` is one of the words itself, not a copy.
struct place argument_places_in(const struct argument_places *places, const char *value,
                                size_t offset, size_t length);
