// sheet - medians of rounds, and the lines that a benchmark prints.
#include "tests/bench/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *one, const void *other)
{
    const double left = *(const double *)one, right = *(const double *)other;
    return (left > right) - (left < right);
}

double sheet_median(const double *values, int count)
{
    double sorted[SHEET_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static const char *limit_text(char text[16], double limit)
{
    snprintf(text, 16, limit > 0 ? "%.4g" : "", limit);
    return text;
}

void sheet_head(const char *unit)
{
    printf("%-42s %9s  %-20s %7s %6s %7s  %s\n", "workload", unit, "against", "ratio", "must",
           "target", "verdict");
}

bool sheet_print(const struct sheet_line *line)
{
    const bool missed = line->must > 0 && line->relation > line->must;
    char must[16], target[16], relation[16] = "";
    if (line->against[0] != '\0') {
        snprintf(relation, sizeof relation, "%.2f", line->relation);
    }
    const char *verdict = missed                            ? "MISSED"
                          : line->must == 0                 ? ""
                          : line->relation <= line->target ? "target"
                                                            : "must";
    printf("%-42s %9.1f  %-20s %7s %6s %7s  %s\n", line->workload, line->value, line->against,
           relation, limit_text(must, line->must), limit_text(target, line->target), verdict);
    return !missed;
}
