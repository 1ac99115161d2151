// document_source - the bytes of a scenario file, checked, and the places of libyaml's marks in
// them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/diagnostic.h"

struct document_source {
    struct diagnostic_list *diagnostics;
    uint32_t number;   // in the list of diagnostics
    const char *bytes; // behind a byte order mark; owner: the list
    size_t length;
    const uint32_t *line_points; // code points before each line
    uint32_t line_count;
    uint32_t points; // code points in all
};

// Who a file is, for circles of includes.
struct document_source_identity {
    uint64_t device, file;
};

enum document_source_outcome {
    DOCUMENT_SOURCE_READ,
    DOCUMENT_SOURCE_FAILED, // *why says why
    DOCUMENT_SOURCE_LARGE,  // more than `limit` bytes
};

struct document_source_content {
    char *bytes; // owner: the caller, free()
    size_t length;
    struct document_source_identity identity;
    const char *why; // constant text or strerror's
};

enum document_source_outcome document_source_read(const char *path, size_t limit,
                                                  struct document_source_content *content);

// Registers the bytes under a name and measures the lines. False after E0102: not clean UTF-8.
bool document_source_init(struct document_source *source, struct arena *arena,
                          struct diagnostic_list *diagnostics, uint32_t number);

// The place of code points `first` to `last` (not included), cut at the end of the line.
struct place document_source_place(const struct document_source *source, size_t first, size_t last);

// The byte offset of a code point from source->bytes.
size_t document_source_offset(const struct document_source *source, size_t point);
