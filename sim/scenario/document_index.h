// document_index - names to pointers, for maps too large to search one by one. Nobody walks it.
#pragma once

#include <stdint.h>

struct document_index_slot {
    const char *name;
    void *value;
};

struct document_index {
    struct document_index_slot *slots;
    uint32_t room; // a power of two
    uint32_t count;
};

void document_index_init(struct document_index *index);
void document_index_release(struct document_index *index);

// NULL if there is none. Names are not copied.
void *document_index_find(const struct document_index *index, const char *name);
void document_index_put(struct document_index *index, const char *name, void *value);
