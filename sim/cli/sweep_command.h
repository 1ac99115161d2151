// sweep_command - what `orrery sweep` can be told: its own options, and most of those of a run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/cli/options.h"
#include "sim/cli/run_options.h"
#include "sim/study/sweep_points.h"

enum { SWEEP_COMMAND_WORDS = 2 * SWEEP_PARAMETERS + 8 };

struct sweep_command {
    struct run_options run;
    const char *params[SWEEP_PARAMETERS]; // --param as written
    uint32_t param_count;
    const char *where, *design, *points; // as written, NULL: not given
    bool list, fail_fast;
    bool has_out;                           // --out: points get those files too
    const char *words[SWEEP_COMMAND_WORDS]; // of its own options, for command.json
    uint32_t word_count, operands;
    char **line;        // the words that are given on to the options of a run
    struct arena arena; // of these
};

// The table, for help, manual and completion.
extern const struct options_row sweep_command_rows[];

// False: `wrong` says what is wrong and how to mend it. Released either way.
bool sweep_command_read(struct sweep_command *command, int argc, char **argv, struct text *wrong);
void sweep_command_release(struct sweep_command *command);

// Marks the points of a list like "3,7-9". Returns how many bytes of it could be taken: less than
// all of them where it is no such list, or names a point that isn't there.
size_t sweep_command_choose(const char *list, uint32_t count, bool *chosen);
