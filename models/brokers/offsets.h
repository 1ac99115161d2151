// offsets - a log of records named by their offsets: append, find, expire, cut off: one partition
// or stream.
//
// Records that were appended together are one run, so a million records a second cost what their
// batches cost. The log has a beginning, which retention moves (records before it are gone), and an
// end, which a failover may move back. Beside that it remembers runs: they are kept from `kept` on
// and forgotten when their owner says that nobody needs them; the records of forgotten runs are
// still there, only who appended them and when is no longer known. Offsets count records and begin
// at 0; `end` is the offset behind the last one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/ring.h"

struct offsets_run {
    uint64_t end;     // offset behind its last record
    uint64_t bytes;   // appended since the beginning of the log, up to and with this run
    int64_t time_ns;  // of the append
    uint64_t request; // identity of the request that brought it
    uint64_t tag;     // the owner's
};

struct offsets {
    uint64_t begin; // earlier records were deleted
    uint64_t kept;  // earlier runs are forgotten
    uint64_t end;
    uint64_t bytes;           // appended since the beginning of the log
    uint64_t kept_bytes;      // of them before `kept`
    struct ring runs;         // of struct offsets_run, by ascending end
};

// A zeroed record is an empty log.
void offsets_release(struct offsets *log);

// A run of `records` at the end; time and identity are those of `run`. Returns the new end.
uint64_t offsets_append(struct offsets *log, uint64_t records, uint64_t bytes,
                        const struct offsets_run *run);

// The i-th remembered run, the oldest first; i < runs.count.
static inline struct offsets_run *offsets_run(const struct offsets *log, uint32_t i)
{
    return ring_at(&log->runs, i);
}

// Number of the remembered run that holds the record at `offset`; runs.count if there is none.
uint32_t offsets_find(const struct offsets *log, uint64_t offset);
// The first offset of the i-th remembered run.
uint64_t offsets_start(const struct offsets *log, uint32_t i);
// Offset behind the last record that was appended before `time_ns`, as far as remembered.
uint64_t offsets_before(const struct offsets *log, int64_t time_ns);
// Bytes of the records from `from` up to `to`; by the mean where runs are cut or forgotten.
uint64_t offsets_bytes(const struct offsets *log, uint64_t from, uint64_t to);

// Forgets whole runs that end at or before `offset`.
void offsets_forget(struct offsets *log, uint64_t offset);
// Those of them that were appended before `time_ns`.
void offsets_forget_before(struct offsets *log, uint64_t offset, int64_t time_ns);
// Deletes the records before `offset` (retention); their runs are forgotten too.
void offsets_expire(struct offsets *log, uint64_t offset);
// Cuts the log off behind `end`; returns how many records that took away.
uint64_t offsets_truncate(struct offsets *log, uint64_t end);
