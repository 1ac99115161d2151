// archive_sweep - results.h5 of a parameter study: every point with its estimates and verdicts.
//
// The same schema as a run's file, with the group /campaign in place of a run's:
//
//   /dim/{point,parameter,workload,slo}      dimension scales
//   /campaign/params/{value,number,level}    point x parameter: as text, as a number, its place
//   /campaign/parameters/...                 how the values of each parameter were given
//   /campaign/points/...                     state, verdict, replications, events, ...
//   /campaign/workloads/{throughput,p99,..}  point x workload: estimates with 95 % intervals
//   /campaign/slos/{verdict,observed,limit}  point x objective
//
// Everything that the reports of a sweep say can be read back from it.
#pragma once

#include "sim/study/archive.h"
#include "sim/study/sweep.h"

struct archive_sweep {
    struct sweep *sweep;
    uint64_t seed;
    const char *digest;  // of the whole study
    const char *command; // words behind `orrery run` that all points share
    const char *options; // words behind that of `orrery sweep`
    const char *source;  // the scenario as given
};

bool archive_sweep_write(const struct archive_sweep *study, const char *path, struct text *why);

// Whether that is the file of a sweep; false also if it cannot be read.
bool archive_sweep_is(const char *path);

// Fills study->sweep, which is initialised, and the rest; texts hang on the sweep's arena. What a
// sweep needs to be simulated (source, conditions) is not read.
enum archive_end archive_sweep_read(const char *path, struct archive_sweep *study,
                                    struct text *why);
