// json_schema - the scenario language as JSON Schema 2020-12, made from the tables of fields.
//
// For editors: completion, hover texts, and most mistakes; `orrery check` knows all of them.
#pragma once

#include "sim/base/text.h"
#include "sim/engine/model.h"

void json_schema(const struct catalog *catalog, struct text *out);
