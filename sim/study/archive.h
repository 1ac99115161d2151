// archive - results.h5: a whole result as an HDF5 file, schema orrery-results-1, and back again.
//
// The file is an ordinary HDF5 file of any reader's liking, the same bytes for the same result, and
// holds everything that a report needs. Behind its end stand 64 bytes that HDF5 does not look at:
// the seal, a digest of all before it. A file whose seal does not fit (cut off, changed, written by
// somebody else) is refused before HDF5 sees a byte of it.
//
//   attributes of /   who, when in simulated time, how many: the scalars of struct result
//   /dim/...          names of components, operations, ... as dimension scales
//   /series/...       time series, bin first
//   /latency/...      histograms by log-linear bucket, the heatmap
//   /quantiles/...    quantiles of operations with their intervals
//   /replications/... the matrix replication x metric that comparisons pair on
//   /slo/...          the objectives as one table, and their slices
//   /report/...       the rows of every table of struct result, a dataset a column
//   /events/...       faults, scaling, breakers of the first replication, in columns
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

enum archive_end {
    ARCHIVE_DONE,
    ARCHIVE_UNREADABLE, // the machine: no such file, no permission (exit status 3)
    ARCHIVE_REFUSED,    // not a whole, unchanged results file of this schema (exit status 2)
};

// Writes the file whole or not at all; false with a sentence in `why`.
bool archive_write(const struct result *result, const char *path, struct text *why);

// Fills an initialised result; otherwise it stays empty and `why` has a sentence.
enum archive_end archive_read(const char *path, struct result *result, struct text *why);
