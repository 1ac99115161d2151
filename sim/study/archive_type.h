// archive_type - the HDF5 types of what an archive holds, in the file (packed) and in memory.
#pragma once

#include <stdint.h>

#include "sim/study/archive_h5.h"

struct archive_types {
    int64_t file, memory;
};

// Handles of HDF5, closed by the caller. Text and name types are made by size instead.
int64_t archive_type_file(enum archive_type type);
int64_t archive_type_memory(enum archive_type type);
int64_t archive_type_text(void);         // UTF-8 of any length
int64_t archive_type_fixed(size_t size); // UTF-8 of `size` bytes, filled up with zeros
