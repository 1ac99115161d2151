// comparison - what changed between two results: for a terminal, a pull request, a machine, a CI.
#pragma once

#include "sim/base/json_write.h"
#include "sim/base/text.h"
#include "sim/study/compare.h"

void comparison_write(const struct comparison *comparison, bool color, struct text *out);
void comparison_markdown(const struct comparison *comparison, struct text *out);
// Schema orrery.comparison/1.
void comparison_json(const struct comparison *comparison, struct json_write *json);
// A test case a metric and an objective: a regression is a failure.
void comparison_junit(const struct comparison *comparison, struct text *out);
