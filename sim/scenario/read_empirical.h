// read_empirical - a table of measured values: one a line, with its unit or `# unit: ms` before
// them.
#pragma once

#include "sim/scenario/read_value.h"

struct read_empirical_table {
    const double *values; // sorted; owner: the document's arena
    uint64_t count;
};

// False after E0100 or E0225 at the node.
bool read_empirical(struct document *document, const struct document_node *node, const char *path,
                    enum read_value_unit unit, struct read_empirical_table *table);
