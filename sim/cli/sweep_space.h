// sweep_space - what a sweep varies: the command line, or the scenario's `sweep:` section.
#pragma once

#include <stdbool.h>

#include "sim/cli/sweep_command.h"
#include "sim/study/sweep.h"

// Fills sweep->space, ->where and ->design. With --param the section is left alone, its condition
// included; --where holds beside the section's. False: `wrong` lists every mistake, a line each.
bool sweep_space_read(struct sweep *sweep, struct scenario *scenario,
                      const struct sweep_command *command, struct text *wrong);
