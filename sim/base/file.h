// file - files that are complete or absent: written under a temporary name, synced, renamed.
//
// A function that returns false has put one sentence into `why` ("cannot write `report.html`: No
// space left on device") and left nothing half written behind.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/text.h"

// The name under which this process writes what shall become PATH: PATH.HOST-PID.tmp, so that
// processes of several hosts may write the same file of a shared directory.
void file_temporary(const char *path, struct text *name);

// Writes under the temporary name, syncs it and renames it to PATH.
bool file_write_atomic(const char *path, const void *bytes, size_t length, struct text *why);

// The same without waiting for the disk: complete or absent for every reader while the machine
// runs. For files that a later one, written atomically, makes valid.
bool file_write_soon(const char *path, const void *bytes, size_t length, struct text *why);

// The same for a file that somebody else (HDF5, gnuplot) has written under `temporary`.
bool file_commit(const char *temporary, const char *path, struct text *why);

// The whole file; `into` is cleared first.
bool file_read(const char *path, struct text *into, struct text *why);

// The directory with all its parents; no error if it exists.
bool file_make_directory(const char *path, struct text *why);

// A symbolic link at `path`, replacing an older link; a real file in its place is left alone:
// false.
bool file_link(const char *target, const char *path, struct text *why);

bool file_exists(const char *path);
