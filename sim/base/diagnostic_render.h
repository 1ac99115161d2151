// diagnostic_render - a list of diagnostics as text, for people and for machines.
#pragma once

#include <stdbool.h>

#include "sim/base/diagnostic.h"
#include "sim/base/text.h"

enum diagnostic_format {
    DIAGNOSTIC_HUMAN,  // excerpt with carets, summary line a file
    DIAGNOSTIC_SHORT,  // file:line:column: error[E0107]: message
    DIAGNOSTIC_JSON,   // {"diagnostics": [...], "errors": n, "warnings": n}
    DIAGNOSTIC_GITHUB, // ::error file=...,line=...
    DIAGNOSTIC_SARIF,  // SARIF 2.1.0
};

// False if there is no such format ("human", "short", "json", "github", "sarif").
bool diagnostic_render_format(const char *name, enum diagnostic_format *format);

// Appends the sorted list to `out`. `colour` serves DIAGNOSTIC_HUMAN alone.
void diagnostic_render(struct diagnostic_list *list, enum diagnostic_format format, bool colour,
                       struct text *out);
