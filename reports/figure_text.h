// figure_text - numbers with their units as people read them; the same words in every report.
#pragma once

#include <stddef.h>

#include "sim/study/result.h"

enum { FIGURE_TEXT_ROOM = 112 };

// "214.8ms", "99.95 %", "520.2/s", "1.23k"; "-" for NaN. `unit` as in struct result_figure.
const char *figure_text_value(char *buffer, size_t size, double value, const char *unit);

// The value of an estimate, "-" if unknown.
const char *figure_text_estimate(char *buffer, size_t size, const struct estimate *estimate,
                                 const char *unit);

// "[211ms, 218.9ms]", "" without interval.
const char *figure_text_interval(char *buffer, size_t size, const struct estimate *estimate,
                                 const char *unit);

// "+28 %", "budget x12.9 spent", "" where there is none.
const char *figure_text_margin(char *buffer, size_t size, const struct result *result,
                               const struct result_slo *slo);

// "PASS", "FAIL (warn)".
const char *figure_text_verdict(char *buffer, size_t size, const struct result_slo *slo);

// "10 replications x 30m (warm-up 5m)".
const char *figure_text_length(char *buffer, size_t size, const struct result *result);
