// diagnostic_excerpt - the source lines of a diagnostic with carets under the places.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/diagnostic.h"
#include "sim/base/text.h"

enum diagnostic_excerpt_paint {
    DIAGNOSTIC_EXCERPT_PLAIN,
    DIAGNOSTIC_EXCERPT_ERROR,
    DIAGNOSTIC_EXCERPT_WARNING,
    DIAGNOSTIC_EXCERPT_FRAME,
    DIAGNOSTIC_EXCERPT_BOLD,
};

struct diagnostic_excerpt {
    struct text *out;
    bool colour;
    uint32_t gutter; // digits of the greatest line number
};

// The entry's places: file by file, line by line, the entry's own file first. Tabs become spaces,
// long lines are shown in a window about the place. An entry without a line shows nothing but its
// file.
void diagnostic_excerpt_add(struct diagnostic_excerpt *excerpt, const struct diagnostic *entry);

// Begins and, with PLAIN, ends a colour.
void diagnostic_excerpt_paint(const struct diagnostic_excerpt *excerpt,
                              enum diagnostic_excerpt_paint paint);

// Text with control bytes made visible, so that no file can drive the terminal.
void diagnostic_excerpt_clean(struct text *out, const char *text);
