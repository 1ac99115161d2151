// emit - scripts by which others simulate a study in shards: Slurm, GNU parallel, Kubernetes.
//
// A shard is one process, `orrery COMMAND ARGUMENTS --shard I/N -o DIRECTORY`, with a journal of
// its own; when all have ended, one more joins them. A shard holds at least `batch` units, and
// there are at most EMIT_SHARDS: clusters limit the size of an array of jobs (MaxArraySize, 1,001
// unless they raised it) and how often jobs may start.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"

enum { EMIT_SHARDS = 1000 };

enum emit_kind { EMIT_NOTHING, EMIT_SLURM, EMIT_PARALLEL, EMIT_KUBERNETES };

struct emit_job {
    const char *name;      // of the study
    const char *command;   // "run"
    const char *arguments; // its words, quoted for a shell
    const char *directory;
    const char *out;       // of --out, NULL: all outputs
    uint32_t units, batch; // at least 1 each
    uint32_t cores;        // of a shard
    bool grows; // more units may be needed when these are done: the last process simulates them
};

// "slurm", "parallel", "k8s"; false: none of them.
bool emit_choose(const char *word, enum emit_kind *kind);

uint32_t emit_shards(const struct emit_job *job);

// Adds the whole script.
void emit_write(enum emit_kind kind, const struct emit_job *job, struct text *out);
