// topology - who calls whom: a picture with a link on every component, and Mermaid.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

// The graph in Graphviz's language, nodes named n0.. (components) and w0.. (workloads).
void topology_dot(const struct result *result, struct text *out);

// An SVG element to stand inside of HTML: `dot` lays out, everything that is drawn is ours; links
// lead to #component-IDENTIFIER. False without `dot`; the directory serves for its files.
bool topology_svg(const struct result *result, const char *directory, struct text *out);

// The lines of a Mermaid flow chart, the fence not included.
void topology_mermaid(const struct result *result, struct text *out);

// "grpc, p99 200ms, 0.4 % failed"; "" where nothing was called.
void topology_label(const struct result_edge *edge, struct text *out);
