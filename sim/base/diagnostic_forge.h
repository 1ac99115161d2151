// diagnostic_forge - a sorted list of diagnostics for programs: JSON, GitHub, SARIF 2.1.0.
#pragma once

#include "sim/base/diagnostic.h"
#include "sim/base/text.h"

// {"schema": "orrery.diagnostics/1", "diagnostics": [{severity, code, title, file, line, column,
// length, message, caret, labels, notes, helps, included_from}], "errors": n, "warnings": n}
void diagnostic_forge_json(const struct diagnostic_list *list, struct text *out);

// Workflow commands; GitHub shows ten annotations of a severity a step, so the tenth joins the
// rest.
void diagnostic_forge_github(const struct diagnostic_list *list, struct text *out);

void diagnostic_forge_sarif(const struct diagnostic_list *list, struct text *out);
