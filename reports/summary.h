// summary - summary.json, schema orrery.summary/1: the answer of a run for programs.
#pragma once

#include "sim/base/json_write.h"
#include "sim/study/result.h"

// The whole document. Depends on nothing but the result: no clock, no host, no path.
void summary_write(const struct result *result, struct json_write *json);

// An estimate as the schema writes it: null if unknown, else value, ci, se, df.
void summary_estimate(struct json_write *json, const char *key, const struct estimate *estimate);
