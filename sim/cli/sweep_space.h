// sweep_space - what a sweep varies: the command line, or the scenario's `sweep:` section.
#pragma once

#include <stdbool.h>

#include "sim/cli/sweep_command.h"
#include "sim/study/sweep.h"

// Fills sweep->space, ->where, ->design, ->points and ->rows. With --param the section is left
// alone, its condition included; --where holds beside the section's. False: the scenario's
// diagnostics have every mistake, with its place in the scenario or on the command line.
bool sweep_space_read(struct sweep *sweep, struct scenario *scenario,
                      const struct sweep_command *command);
