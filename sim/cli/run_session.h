// run_session - one scenario of `orrery run` from loading to its verdict.
#pragma once

#include "sim/cli/cli.h"
#include "sim/cli/run_options.h"
#include "sim/cli/stop.h"

struct sweep_others;
struct unit_store;

// Other processes that share the work of a run with this one.
struct run_executor {
    void *context;
    // The journal is open: from where this process has its units, instead of &store->units.
    const struct replicate_units *(*begin)(void *context, struct unit_store *store);
    // Not NULL: this process simulates what another tells it, and has no result; true afterwards if
    // the other one's is whole.
    bool (*is_whole)(void *context);
    const struct sweep_others *others; // the same for a sweep; NULL: this process is alone
};

struct run_session {
    const struct cli *cli;
    const struct run_options *options;
    struct stop *stop;
    const struct run_executor *executor; // NULL: threads of this process alone
};

// Simulates, writes and prints one file; returns its exit status.
int run_session(const struct run_session *session, const char *file);
