// terminal - the answer of a run on a terminal: verdict first, then services, then why.
//
// The same bytes for the same result; what the wall clock says is written by terminal_run_line
// alone.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

struct terminal_options {
    bool color;
    bool quiet;   // the objectives and the last line only
    bool verbose; // also operations, edges, checks
};

void terminal_write(const struct result *result, const struct terminal_options *options,
                    struct text *out);

// Its parts, for `orrery show`.
void terminal_objectives(const struct result *result, bool color, struct text *out);
void terminal_services(const struct result *result, bool color, struct text *out);
void terminal_operations(const struct result *result, bool color, struct text *out);
void terminal_faults(const struct result *result, bool color, struct text *out);
void terminal_edges(const struct result *result, bool color, struct text *out);
void terminal_checks(const struct result *result, bool color, struct text *out);

// "20 replications, 63.1M events in 6.5s: 9.7M events/s, 12.3MiB a world" for stderr.
void terminal_run_line(const struct result *result, double elapsed_s, uint64_t peak_bytes,
                       struct text *out);
