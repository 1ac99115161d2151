// junit - junit.xml: a test suite a scenario, a test case an objective, for continuous integration.
#pragma once

#include "sim/base/text.h"
#include "sim/study/result.h"

// FAIL is a failure, UNDECIDED and NO DATA are errors; objectives that only warn are skipped with
// their message.
void junit_write(const struct result *result, struct text *out);
