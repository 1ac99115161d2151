// sweep_print - what a sweep says: its points before, its progress, its table and its files.
#pragma once

#include <stdbool.h>

#include "reports/sweep_report.h"
#include "sim/cli/run_options.h"
#include "sim/study/sweep.h"

struct sweep_print {
    bool terminal, shown;
    uint32_t tenths;
};

struct sweep_print_look {
    bool json, quiet, verbose, color;
};

void sweep_print_begin(struct sweep_print *print);
void sweep_print_end(struct sweep_print *print);
void sweep_print_progress(struct sweep_print *print, const struct sweep_progress *facts);

// `--list`: the points and what they need. The exit status.
int sweep_print_list(const struct sweep *sweep);

// Time and memory of the whole on stderr, from a pilot of two seconds at most.
void sweep_print_pilot(const struct sweep *sweep, uint32_t workers, const volatile int *stop);

// Those of sweep.json, sweep.csv, both reports and plots that are in `chosen`, as in outputs.h;
// warnings are said on stderr.
bool sweep_print_files(struct sweep_report *report, const char *directory, uint32_t chosen,
                       struct text *why);

bool sweep_print_result(const struct sweep_report *report, const struct sweep_print_look *look);

// The table of broken points on stderr.
void sweep_print_failures(const struct sweep *sweep, const char *arguments);

// A finished sweep, from its files. The exit status.
int sweep_print_again(const char *directory, const struct run_options *run);
