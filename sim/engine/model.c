// model - complaints of a model about its configuration, and the catalog.
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

const struct model *model_find(const struct catalog *catalog, const char *kind)
{
    for (const struct model *const *model = catalog->models; *model != NULL; model++) {
        if (text_same((*model)->kind, kind)) {
            return *model;
        }
    }
    return NULL;
}
