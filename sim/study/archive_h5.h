// archive_h5 - arrays and attributes of one HDF5 file that lives in memory, written or read.
//
// The same call writes or reads, as the archive was begun, so that a layout is described once.
// After the first failure every call does nothing; `why` then says what failed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"
#include "sim/kernel/estimate.h"

enum archive_type {
    ARCHIVE_U8,
    ARCHIVE_U32,
    ARCHIVE_U64,
    ARCHIVE_I32,
    ARCHIVE_I64,
    ARCHIVE_F32,
    ARCHIVE_F64,
    ARCHIVE_BOOL,      // enum FALSE, TRUE
    ARCHIVE_VERDICT,   // int in memory; enum PASS, FAIL, UNDECIDED, NO_DATA
    ARCHIVE_LOG_KIND,  // uint8_t; enum of meter_log_names
    ARCHIVE_ESTIMATE,  // struct estimate; compound
    ARCHIVE_SLO_ROW,   // struct archive_slo_row; compound
    ARCHIVE_CHECK_ROW, // struct archive_check_row; compound
    ARCHIVE_HASH,      // 16 bytes, opaque
    ARCHIVE_TEXT,      // const char *: fixed strings as long as the longest
    ARCHIVE_NAME,      // const char *: the same, NULL as the empty string
    ARCHIVE_SCALE,     // const char *: strings of any length; only written
};

enum { ARCHIVE_NAME_ROOM = 64 };

struct archive_slo_row { // of /slo/table
    char name[ARCHIVE_NAME_ROOM], target[ARCHIVE_NAME_ROOM], objective[ARCHIVE_NAME_ROOM];
    char unit[16], severity[8];
    double observed, ci_low, ci_high, limit, budget_spent;
    uint64_t good, total;
    int verdict;
};

struct archive_check_row { // of /validation
    char name[ARCHIVE_NAME_ROOM], subject[ARCHIVE_NAME_ROOM], unit[16];
    double simulated, ci_low, ci_high, expected;
    bool agrees;
};

struct archive {
    int64_t file; // handle of HDF5
    bool writing, failed;
    struct arena *arena; // of the texts that are read
    struct text *why;
};

enum { ARCHIVE_RANK = 3 };

struct archive_array {
    const char *path; // its group is made when needed
    enum archive_type type;
    uint32_t rank; // 0: one value
    uint64_t extent[ARCHIVE_RANK];
    const char *unit, *long_name, *cell_methods; // NULL: none
    const char *scales[ARCHIVE_RANK];            // path of a dimension scale, NULL: none
};

// Begins an empty file that is written to `path` when it ends, or opens the image of one.
void archive_h5_begin(struct archive *archive, const char *path);
void archive_h5_open(struct archive *archive, const void *image, size_t size);
bool archive_h5_end(struct archive *archive); // false after any failure

// Says what failed, unless something has failed before.
void archive_h5_fail(struct archive *archive, const char *what, const char *path);

// Whether there is a group or an array of that path at the root.
bool archive_h5_has(const struct archive *archive, const char *path);

// The extent of an array of that rank; zeros after a failure.
void archive_h5_extent(struct archive *archive, const char *path, uint32_t rank,
                       uint64_t extent[ARCHIVE_RANK]);

// `data` has the C type of its archive_type, contiguous. Reading expects exactly that extent.
void archive_h5_array(struct archive *archive, const struct archive_array *array, void *data);

// Makes a one-dimensional array that was written a dimension scale of that name.
void archive_h5_scale(struct archive *archive, const char *path, const char *name);

// Writes names as the dimension scale /dim/NAME.
void archive_h5_names(struct archive *archive, const char *name, const char *const *names,
                      uint32_t count);

// An attribute of the root: U32, U64, F64, BOOL, VERDICT, or a text (NAME: "" reads as NULL).
void archive_h5_attribute(struct archive *archive, const char *name, enum archive_type type,
                          void *value);

size_t archive_h5_size(enum archive_type type); // bytes of one value in memory
