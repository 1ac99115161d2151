// field - what a model's configuration is made of: entries found by their names.
#include "sim/engine/field.h"

#include "sim/base/text.h"

uint32_t field_find(const struct field_map *map, const char *name)
{
    uint32_t i = 0;
    while (i < map->count && map->names[i] != name && !text_same(map->names[i], name)) {
        i++;
    }
    return i;
}
