// progress - how far a run is: a line that is written over on a terminal, else one line per tenth.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/study/replicate.h"

struct progress {
    bool terminal; // stderr is one
    bool silent;
    bool shown;      // the line stands on the terminal
    uint32_t tenths; // told so far
};

void progress_init(struct progress *progress, bool silent);

// For struct replicate_options: context is the struct progress.
void progress_tell(void *context, const struct replicate_progress *facts);

// Clears the line.
void progress_end(struct progress *progress);
