// vocabulary - the words of the scenario language, one line and one example each.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/engine/model.h"

// The lists there are; ends with NULL.
extern const char *const vocabulary_lists[];

// False if there is no such list.
bool vocabulary(const struct catalog *catalog, const char *list, struct text *out);
