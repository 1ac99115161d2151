// html - report.html: the whole answer in one file that asks nobody for anything.
//
// No script, no request: pictures are data, the policy in its head forbids the rest. Every name of
// the scenario passes through escape_html.
#pragma once

#include <stdbool.h>

#include "reports/plot.h"
#include "sim/base/text.h"
#include "sim/study/result.h"

struct html_pictures {
    const struct plot_list *plots; // drawn ones are shown, tables stand in for the others
    const char *topology;          // an SVG element; "" or NULL: a table stands in
    const char *notice;            // why pictures are missing, NULL: they are not
};

void html_write(const struct result *result, const struct html_pictures *pictures,
                struct text *out);
