// sweep_report - a parameter study as JSON, CSV, a table for the terminal, Markdown and plots.
#pragma once

#include <stdbool.h>

#include "reports/plot.h"
#include "sim/base/json_write.h"
#include "sim/study/sweep_curves.h"

enum { SWEEP_REPORT_ROWS = 60 };  // of a table, unless it is to have all
enum { SWEEP_REPORT_SHEETS = 4 }; // pictures of curves

struct sweep_report {
    const struct sweep *sweep;
    const char *digest;
    uint64_t seed;
    const struct sweep_curves *curves;
    const struct plot_list *plots; // for Markdown
    const char *command;           // words behind `orrery run` that all points share
    const char *options;           // words behind that of `orrery sweep`, as given; NULL: none
    const char *source;            // the scenario as given, NULL: left out
    const char *notice;            // why pictures are missing, NULL: they are not
};

// Schema orrery.sweep/1: parameters, a row a point, curves with their knees, failures.
void sweep_report_json(const struct sweep_report *report, struct json_write *json);

// A row a point; times in seconds, an empty cell where nothing is known.
void sweep_report_csv(const struct sweep_report *report, struct text *out);

struct sweep_report_look {
    bool color, all; // all: every row
};
void sweep_report_terminal(const struct sweep_report *report, const struct sweep_report_look *look,
                           struct text *out);
void sweep_report_markdown(const struct sweep_report *report, struct text *out);

// Points that have no answer, with the command that runs each alone; nothing if there is none.
void sweep_report_failures(const struct sweep_report *report, bool color, struct text *out);

// Throughput and latency with the knee marked; verdicts and p99 over two parameters.
void sweep_report_charts(const struct sweep_report *report, struct plot_list *list);

// " --set NAME=VALUE ..." of a point, quoted for a shell.
void sweep_report_settings(const struct sweep *sweep, uint32_t point, struct text *out);

// "peak=1000/s api_n=8"
void sweep_report_point(const struct sweep *sweep, uint32_t point, struct text *out);
