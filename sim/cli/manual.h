// manual - pages for man(1), printed from the table of commands: what --help says, as roff.
#pragma once

#include "sim/cli/cli.h"

// orrery-COMMAND(1); orrery(1) with NULL.
void manual_write(const struct command *command, struct text *out);
