// explain - a key of the scenario language, or a model, in words: printed from the tables of
// fields.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/engine/field.h"
#include "sim/engine/model.h"

// The key at a path: components.*.operations.*.call.retry.budget. Where names or numbers are the
// user's, any word or * stands. False if there is no such key; `out` then says what is near.
bool explain_key(const struct catalog *catalog, const char *path, struct text *out);

// One field: its type, default, bounds, meaning and source, one line each, behind `indent` blanks.
void explain_field(const struct field *field, int indent, struct text *out);

// A table of fields, one line each: name, default, meaning.
void explain_fields(const struct field *fields, struct text *out);
