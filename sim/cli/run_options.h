// run_options - what `orrery run` can be told.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"
#include "sim/cli/emit.h"
#include "sim/cli/options.h"
#include "sim/scenario/scenario.h"
#include "sim/study/unit_list.h"

enum { RUN_OPTIONS_MOST = 256 }; // files; overrides

struct run_options {
    const char *files[RUN_OPTIONS_MOST];
    uint32_t file_count;
    struct document_override overrides[RUN_OPTIONS_MOST];
    uint32_t override_count;
    struct arena arena;               // of the overrides' names
    struct scenario_options scenario; // seed, replications, times, faults: as written
    bool has_only_rep;
    uint32_t only_rep;
    uint32_t workers;
    bool has_workers; // they were given
    const char *directory; // -o, NULL: runs/NAME-DIGEST
    uint32_t outputs;      // bit set, see reports/outputs.h
    const char *out;       // the same as it was written, NULL: all
    const char *events;    // file of the event log
    uint32_t shard, shards;          // simulates only units whose number modulo `shards` is `shard`
    struct unit_list only;           // --units
    const char *journal;             // name of the journal to append to, NULL: by the shard
    double audit;                    // share of finished units that is simulated again
    bool resume, reversed;
    enum emit_kind emit;
    uint32_t batch; // units a shard of what is emitted, at least
    bool merging; // simulates nothing: every unit must be there, in one of
    const char *merged[RUN_OPTIONS_MOST]; // these directories
    uint32_t merged_count;
    bool sweeps; // the options are those of a sweep
    bool json, stop_on_fail, allow_undecided, exit_zero, rerun, no_progress, quiet, verbose;
};

// The table, for help, manual and completion.
extern const struct options_row run_options_rows[];

// False: `wrong` says what is wrong and how to mend it.
bool run_options_read(struct run_options *options, int argc, char **argv, struct text *wrong);
void run_options_release(struct run_options *options);

// What besides the scenario's own text decides the result: part of a run's identity.
void run_options_identity(const struct run_options *options, struct text *identity);

// The journal this process appends to: "all", "shard-2-of-3", or as it was told.
void run_options_journal(const struct run_options *options, struct text *name);

// The words behind `orrery run` that simulate the same again, quoted for a shell.
void run_options_arguments(const struct run_options *options, const char *file, struct text *out);
// And those that decide how many replications there are, behind them.
void run_options_more_arguments(const struct run_options *options, struct text *out);
