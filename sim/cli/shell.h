// shell - words as a POSIX shell reads them back.
#pragma once

#include "sim/base/text.h"

// Adds the word, in single quotes unless it is plain.
void shell_quote(struct text *out, const char *word);
