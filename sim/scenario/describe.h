// describe - a model in words: its parameters, operations as steps, metrics and invariants.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/engine/model.h"

// `what` is KIND, KIND.FIELD or NULL (all kinds, one line each). False if there is none such.
bool describe(const struct catalog *catalog, const char *what, struct text *out);
