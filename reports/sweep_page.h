// sweep_page - report.html of a parameter study: one file that asks nobody for anything.
#pragma once

#include "reports/sweep_report.h"

enum { SWEEP_PAGE_ROWS = 500 }; // of a table; sweep.csv has all

// The pictures are report->plots, drawn; where one is missing the tables tell the same.
void sweep_page_write(const struct sweep_report *report, struct text *out);
