// command_run - the descriptor of `orrery run`.
#pragma once

#include "sim/cli/cli.h"

extern const struct command command_run;
