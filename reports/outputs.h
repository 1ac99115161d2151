// outputs - the files of a result directory, each complete or absent.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

enum output {
    OUTPUT_H5,
    OUTPUT_JSON,
    OUTPUT_HTML,
    OUTPUT_MD,
    OUTPUT_JUNIT,
    OUTPUT_SVG,
    OUTPUT_LOG,
    OUTPUT_OPENMETRICS,
    OUTPUT_COUNT
};

enum { OUTPUTS_ALL = (1 << OUTPUT_COUNT) - 1 };

// The name in --out ("html") and the file it becomes ("report.html").
extern const char *const outputs_names[OUTPUT_COUNT];
extern const char *const outputs_files[OUTPUT_COUNT];

// A list like "md,junit" as a bit set; results.h5, summary.json and log.jsonl are always
// written. False:
// `unknown` begins at the word that is none.
bool outputs_choose(const char *list, uint32_t *chosen, const char **unknown);

// Those of the chosen files that the directory does not hold.
uint32_t outputs_absent(const char *directory, uint32_t chosen);

// Writes the chosen files of the result into the directory. False: `why` says what could not be
// written; files before it are complete. True: `why` is a warning (no gnuplot, say) or as it was.
bool outputs_write(const struct result *result, const char *directory, uint32_t chosen,
                   struct text *why);
