// run_journal - the journals of a run: DIR/journal/, while it is under way or in parts.
#pragma once

#include <stdbool.h>

#include "sim/base/digest.h"
#include "sim/cli/run_directory.h"
#include "sim/cli/run_options.h"
#include "sim/study/unit_store.h"

struct run_journal {
    struct unit_store store;
    struct text folder;
    char identity[DIGEST_ROOM];
};

struct run_journal_study {
    const char *identity; // of scenario, seed and program
    bool grows;           // a rule of stopping decides by the results of all shards
};

// Reads what there is and appends to the process's own journal; journals of another scenario or
// program are removed if the run is whole, and refused if it is a part or goes on explicitly. With
// options->merging nothing is appended, and the journals of all options->merged directories are
// read. `why` tells why not.
bool run_journal_begin(struct run_journal *journal, const struct run_directory *directory,
                       const struct run_options *options,
                       const struct run_journal_study *study, struct text *why);
void run_journal_end(struct run_journal *journal);

struct run_journal_command {  // what the journals belong to
    const char *name;         // "run", "sweep"
    const char *const *words; // its own options, besides those of a run
    uint32_t count;
};

// Writes, beside the journals, what they belong to: a part of a command about `file`.
bool run_journal_tell(const struct run_journal *journal, const struct run_options *options,
                      const struct run_journal_command *command, const char *file,
                      struct text *why);

// The run is whole: its journals are not needed any more.
void run_journal_remove(const struct run_journal *journal);

// What the missing units are and how `orrery ARGUMENTS` simulates them; ends in a line break.
void run_journal_missing(const struct run_journal *journal, const char *arguments, bool sweeps,
                         const char *directory, struct text *out);
