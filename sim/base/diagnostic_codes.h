// diagnostic_codes - every code of a diagnostic with its long text, for `orrery explain CODE`.
//
// To add a code: one entry {"E0399", "title", "long text"} in the table of its family, in order:
// diagnostic_codes_reading.c (E01xx, E02xx: files and values), diagnostic_codes_model.c (E03xx and
// above: what the parts of a scenario say to each other) or diagnostic_codes_warning.c (W2xxx).
// A code is never given a second meaning and never removed. Tests hold every code literal of the
// program against this table.
#pragma once

#include <stddef.h>

struct diagnostic_code {
    const char *code;
    const char *title; // one line, no full stop
    const char *text;  // paragraphs with an example and the mend; lines at most 80 columns
};

// A family's table; ends with an entry of NULL.
extern const struct diagnostic_code diagnostic_codes_reading[];
extern const struct diagnostic_code diagnostic_codes_model[];
extern const struct diagnostic_code diagnostic_codes_warning[];

// NULL if there is none. Case of the letter does not matter.
const struct diagnostic_code *diagnostic_codes_find(const char *code);

// All codes in order of family; NULL past the last.
const struct diagnostic_code *diagnostic_codes_at(size_t index);
