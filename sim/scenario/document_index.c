// document_index - names to pointers, for maps too large to search one by one. Nobody walks it.
#include "sim/scenario/document_index.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

void document_index_init(struct document_index *index)
{
    *index = (struct document_index){0};
}

void document_index_release(struct document_index *index)
{
    free(index->slots);
    *index = (struct document_index){0};
}

// The slot of a name, or the free one where it belongs.
static struct document_index_slot *slot_of(const struct document_index *index, const char *name)
{
    uint32_t at = (uint32_t)text_hash(name) & (index->room - 1);
    while (index->slots[at].name != NULL && strcmp(index->slots[at].name, name) != 0) {
        at = (at + 1) & (index->room - 1);
    }
    return &index->slots[at];
}

static void grow(struct document_index *index)
{
    const struct document_index old = *index;
    index->room = old.room == 0 ? 16 : old.room * 2;
    index->slots = check_calloc(index->room, sizeof *index->slots);
    for (uint32_t i = 0; i < old.room; i++) {
        if (old.slots[i].name != NULL) {
            *slot_of(index, old.slots[i].name) = old.slots[i];
        }
    }
    free(old.slots);
}

void *document_index_find(const struct document_index *index, const char *name)
{
    return index->room == 0 ? NULL : slot_of(index, name)->value;
}

void document_index_put(struct document_index *index, const char *name, void *value)
{
    if (index->count * 2 >= index->room) {
        grow(index);
    }
    struct document_index_slot *slot = slot_of(index, name);
    index->count += slot->name == NULL;
    *slot = (struct document_index_slot){name, value};
}
