// document_file - data files that a scenario names: measured values, profiles, traces.
//
// A path is relative to the folder of the file in which it is written (for --set: of the scenario).
// The bytes are part of what the scenario says, so their hash enters document_digest.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/scenario/document.h"

enum { DOCUMENT_FILE_BYTES = 256 << 20 };

struct document_file {
    const char *path; // owner: the document's arena
    char *bytes;      // terminated; owner: the caller, document_file_release
    size_t length;
};

// False after E0100 or E0104 at the node. `name` is the path as written, perhaps inside the node's
// text.
bool document_file_init(struct document_file *file, struct document *document,
                        const struct document_node *node, const char *name);
void document_file_release(struct document_file *file);

// The next line at *at without its end, which may be LF, CR LF or CR; false behind the last. The
// bytes are cut at the line's end, so each line is a terminated text.
bool document_file_line(struct document_file *file, size_t *at, char **line);
