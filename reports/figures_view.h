// figures_view - figures of a result by name: as a table, as CSV, as JSON; quantiles; sparklines.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

// Figures whose name is `prefix` or begins with `prefix` and a dot; "" is all of them. Each returns
// the number of figures written.
uint32_t figures_view_table(const struct result *result, const char *prefix, bool color,
                            struct text *out);
uint32_t figures_view_csv(const struct result *result, const char *prefix, struct text *out);
uint32_t figures_view_json(const struct result *result, const char *prefix, struct text *out);

// Latency of every workload and component at `count` quantiles (0..1).
void figures_view_quantiles(const struct result *result, const double *quantiles, uint32_t count,
                            bool color, struct text *out);

// Throughput and p99 over time of the workload or the component of that name, a character a column;
// nothing for any other name.
void figures_view_sparklines(const struct result *result, const char *name, struct text *out);
