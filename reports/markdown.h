// markdown - report.md: the report for a pull request or a step summary, at most 60 KB.
#pragma once

#include "sim/base/text.h"
#include "sim/study/result.h"

enum { MARKDOWN_MOST = 60 * 1024 };

// The order of the page, in words and tables, the topology as Mermaid. A section that does not fit
// any more is left out and said to be.
void markdown_write(const struct result *result, struct text *out);
