// sample_result - a result made by hand, with something of everything, for tests of its writers.
#pragma once

#include "sim/study/result.h"

enum sample_names { SAMPLE_PLAIN, SAMPLE_HOSTILE }; // hostile: names full of markup and quotes

// Fills an initialised result: 5 components, 7 operations, 2 workloads, 6 objectives, 2 faults,
// 120 bins. The same numbers every time.
void sample_result(struct result *result, enum sample_names names);

// A hostile name: markup, backticks, quotes, a variable, a newline.
extern const char *const sample_result_hostile;
