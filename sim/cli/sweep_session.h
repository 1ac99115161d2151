// sweep_session - one parameter study from its points to its table.
#pragma once

#include "sim/cli/cli.h"
#include "sim/cli/run_session.h"
#include "sim/cli/stop.h"
#include "sim/cli/sweep_command.h"

// Simulates what is asked for, writes and prints it; the exit status. `executor` NULL: threads of
// this process alone.
int sweep_session(const struct cli *cli, const struct sweep_command *command, struct stop *stop,
                  const struct run_executor *executor);
