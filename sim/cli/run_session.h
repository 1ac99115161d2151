// run_session - one scenario of `orrery run` from loading to its verdict.
#pragma once

#include "sim/cli/cli.h"
#include "sim/cli/run_options.h"
#include "sim/cli/stop.h"

struct run_session {
    const struct cli *cli;
    const struct run_options *options;
    struct stop *stop;
};

// Simulates, writes and prints one file; returns its exit status.
int run_session(const struct run_session *session, const char *file);
