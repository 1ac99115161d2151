// sections_study - experiments, sample, sweep and plan: read and checked with every scenario.
#include "sim/scenario/sections.h"

#include "sim/scenario/sections_row.h"

static const char *const targets[] = {"cost", "cores", NULL};

static const struct field after_rows[] = {
    ROW(section_after, slos, FIELD_CUSTOM, NULL, "names of SLOs that hold again", .read = "names",
        .required = true),
    ROW(section_after, within, FIELD_DURATION, NULL, "of the end of the faults", .required = true),
    {0},
};

static const struct field hypothesis_rows[] = {
    ROW(section_hypothesis, before, FIELD_CUSTOM, NULL,
        "SLOs or objectives that hold before the faults, otherwise ABORTED", .read = "names"),
    ROW(section_hypothesis, during, FIELD_CUSTOM, NULL,
        "SLOs or objectives that hold while the faults last", .read = "names"),
    ROW(section_hypothesis, after, FIELD_RECORD, NULL, "how soon all is well again",
        .size = sizeof(struct section_after), .sub = after_rows),
    {0},
};

const struct field sections_experiment[] = {
    ROW(section_experiment, name, FIELD_NAME, NULL, "for --experiment", .required = true),
    ROW(section_experiment, description, FIELD_TEXT, NULL, "what is to be learnt"),
    ROW(section_experiment, inject, FIELD_CUSTOM, NULL, "names of faults", .read = "names",
        .required = true),
    ROW(section_experiment, hypothesis, FIELD_RECORD, NULL, "what is expected",
        .size = sizeof(struct section_hypothesis), .sub = hypothesis_rows),
    {0},
};

const struct field sections_sample[] = {
    ROW(section_sample, windows, FIELD_COUNT, NULL, "number of windows", .required = true,
        .minimum = 1, .maximum = 100000),
    ROW(section_sample, length, FIELD_DURATION, NULL, "of one window", .required = true,
        .minimum = 1e6),
    {0},
};

const struct field sections_sweep[] = {
    ROW(section_sweep, vary, FIELD_CUSTOM, NULL,
        "{parameter: low..high step s, or a list of values}", .read = "ranges", .required = true),
    ROW(section_sweep, where, FIELD_CUSTOM, NULL, "which points count: an expression of parameters",
        .read = "node"),
    ROW(section_sweep, design, FIELD_TEXT, NULL, "grid, lhs:N or sobol:N; grid when absent"),
    {0},
};

static const char *const hours[] = {"together", "each", NULL};

static const struct field profile_rows[] = {
    ROW(section_profile, file, FIELD_CUSTOM, NULL,
        "a CSV file with a line of heads and a line for every hour: `hour` (whole numbers) or "
        "`timestamp` (2026-03-02T14:00), then `rate` (of all open workloads together) or names of "
        "workloads; cells as 812/s, or plain numbers behind a line `# unit: /s`",
        .read = "node", .required = true),
    ROW(section_profile, percentile, FIELD_RATIO, "100%",
        "of the hours, by their rate: 100% is the busiest one, 99% the one that only 1% pass",
        .minimum = 0.01, .maximum = 1),
    ROW(section_profile, hours, FIELD_CHOICE, "together",
        "together: the hour by the sum of all columns; each: every workload at an hour of its own",
        .choices = hours),
    {0},
};

static const struct field load_rows[] = {
    ROW(section_load, growth, FIELD_CUSTOM, NULL, "2x, or 5%/month with `months`; none when absent",
        .read = "node"),
    ROW(section_load, months, FIELD_COUNT, NULL, "how far ahead", .maximum = 1200),
    ROW(section_load, peak, FIELD_CUSTOM, "1x",
        "1.4x: the load at its peak over the load that the scenario or the profile has",
        .read = "factor", .size = sizeof(double)),
    ROW(section_load, profile, FIELD_RECORD, NULL,
        "a measured hourly profile: its busiest hour is the present load; a file, or {file, "
        "percentile, hours}",
        .size = sizeof(struct section_profile), .sub = profile_rows, .read = "short"),
    {0},
};

static const struct field under_fault_rows[] = {
    ROW(section_under_fault, success, FIELD_RATIO, "99%", "good requests while a fault lasts"),
    ROW(section_under_fault, recovered_within, FIELD_DURATION, "2m", "of the fault's end"),
    {0},
};

const struct field sections_plan[] = {
    ROW(section_plan, vary, FIELD_CUSTOM, NULL, "{parameter: low..high}", .read = "ranges",
        .required = true),
    ROW(section_plan, load, FIELD_RECORD, NULL, "the load to plan for",
        .size = sizeof(struct section_load), .sub = load_rows),
    ROW(section_plan, under, FIELD_CUSTOM, NULL,
        "none, each-zone, each-node or names of faults; none when absent", .read = "names"),
    ROW(section_plan, subject_to, FIELD_CUSTOM, NULL,
        "names of SLOs that hold in every case; all when absent", .read = "names"),
    ROW(section_plan, under_fault, FIELD_RECORD, NULL, "what must hold under a fault",
        .size = sizeof(struct section_under_fault), .sub = under_fault_rows),
    ROW(section_plan, prices, FIELD_CUSTOM, NULL,
        "by component ({web: 0.10/h}) or by resource ({cpu: 0.031/h, memory: 0.004/GiB/h}); "
        "`currency`",
        .read = "prices"),
    ROW(section_plan, minimize, FIELD_CHOICE, "cost", "what is sought", .choices = targets),
    ROW(section_plan, headroom, FIELD_RATIO, "20%", "load added to be safe"),
    ROW(section_plan, confidence, FIELD_RATIO, "95%", "of every verdict"),
    {0},
};
