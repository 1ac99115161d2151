// check_print - what `orrery check --print` shows of a scenario: the tree, the graph, the loads.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/scenario/scenario.h"

// "resolved", "graph" or "cost".
bool check_print_knows(const char *what);
void check_print(const struct scenario *scenario, const char *what, struct text *out);
