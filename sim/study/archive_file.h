// archive_file - a sealed HDF5 file: written whole or not at all, its seal checked before reading.
//
// Behind the end of HDF5's own bytes stand 64 that it does not look at: the seal, a digest of all
// before it.
#pragma once

#include <stdbool.h>

#include "sim/study/archive.h"
#include "sim/study/archive_h5.h"

struct archive_content {
    void (*lay_out)(struct archive *archive, void *context); // writes or reads, see archive_h5
    void *context;
    struct arena *arena; // of the texts that are read
};

bool archive_file_write(const struct archive_content *content, const char *path, struct text *why);
enum archive_end archive_file_read(const struct archive_content *content, const char *path,
                                   struct text *why);
