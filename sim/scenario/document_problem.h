// document_problem - what libyaml says of broken YAML, said in our words at the useful place.
#pragma once

#include <stddef.h>

#include "sim/scenario/document_source.h"

struct document_problem {
    const char *said;     // by libyaml; NULL if nothing
    size_t point;         // code point of the problem
    const char *context;  // "while scanning a quoted scalar"; NULL if none
    size_t context_point; // where that began
};

// Adds E0101, or E0103 for what is never closed: libyaml reports that at the end of the file.
void document_problem_report(const struct document_source *source, struct document_problem problem);
