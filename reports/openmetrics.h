// openmetrics - metrics.om: the figures in OpenMetrics 1.0, to stand beside production's in
// Grafana.
#pragma once

#include "sim/base/text.h"
#include "sim/study/result.h"

// Base units, `_total` for counters, one family after the other, `# EOF` at the end; no time
// stamps.
void openmetrics_write(const struct result *result, struct text *out);
