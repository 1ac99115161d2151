// measured_load - hours of measured load from a CSV file, from which a plan takes its busiest one.
//
// A line of heads, then one line an hour. The first column is `hour` (whole numbers that ascend) or
// `timestamp` (2026-03-02T14:00, with seconds and a zone if need be; ascending, no two within one
// hour). The others are names of open workloads, or a single `rate`: of all open workloads
// together. Cells are rates with their unit (812/s, 48k/min), or plain numbers behind a line
// `# unit: /s`. Empty lines and other lines that begin with # are skipped; cells may be quoted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct assembly;
struct document_node;

struct measured_load {
    const char *path; // NULL: none was read
    uint32_t hour_count, column_count;
    const char *const *hours;  // as written
    const uint32_t *workloads; // of the columns; DESIGN_NONE: all open ones together
    const double *rates;       // hour x column, 1/s
};

// The file that the node names. All its mistakes at once, E0225 at their line and column in it;
// false after any. The workloads are known by then.
bool measured_load_read(struct assembly *assembly, const struct document_node *node,
                        struct measured_load *load);
