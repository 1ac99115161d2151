// model - what a model says and adds while its component is prepared, and the catalog.
#include "sim/engine/model.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim/base/text.h"

enum { COMPLAINT_BYTES = 400 };

void model_complain(struct model_preparation *preparation, const char *field, const char *format,
                    ...)
{
    if (preparation->complaint_count == MODEL_COMPLAINTS) {
        return;
    }
    char *message = arena_take(preparation->arena, COMPLAINT_BYTES);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, COMPLAINT_BYTES, format, arguments);
    va_end(arguments);
    preparation->complaints[preparation->complaint_count++] =
        (struct model_complaint){field, message};
}

void model_add_devices(struct model_preparation *preparation, const struct field_map *entries)
{
    struct component_design *component = preparation->component;
    const uint32_t own = component->device_count;
    struct device_design *devices =
        arena_take_array(preparation->arena, own + entries->count, sizeof *devices);
    for (uint32_t i = 0; i < own; i++) {
        devices[i] = component->devices[i];
    }
    for (uint32_t i = 0; i < entries->count; i++) {
        devices[own + i] = (struct device_design){.name = entries->names[i], .servers = 1};
    }
    component->devices = devices;
    component->device_count = own + entries->count;
}

const struct model *model_find(const struct catalog *catalog, const char *kind)
{
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        if (text_same((*model)->kind, kind)) {
            return *model;
        }
    }
    return NULL;
}
