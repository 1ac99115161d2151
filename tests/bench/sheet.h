// sheet - medians of rounds, and the lines that a benchmark prints.
#pragma once

#include <stdbool.h>

enum { SHEET_ROUNDS = 99 }; // at most

// A line: a figure, what it is compared with, their relation, and its limits (0: none promised).
struct sheet_line {
    const char *workload;
    double value;
    const char *against; // "": nothing, and no relation is shown
    double relation;
    double must, target;
};

void sheet_head(const char *unit);
bool sheet_print(const struct sheet_line *line); // true unless the limit is missed

double sheet_median(const double *values, int count);
