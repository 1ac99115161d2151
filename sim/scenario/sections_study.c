// sections_study - experiments, sample, sweep and plan: read and checked with every scenario.
#include "sim/scenario/sections.h"

#include "sim/scenario/sections_row.h"

static const char *const targets[] = {"cost", "cores", "watts", NULL};

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
    ROW(section_under_fault, recovered_within, FIELD_DURATION, "2m",
        "of the fault's end; what is lost for good is lost so long before clients come"),
    {0},
};

static const struct field type_rows[] = {
    ROW(section_type, name, FIELD_NAME, NULL, "of the type", .required = true),
    ROW(section_type, cores, FIELD_CORES, NULL, "of one machine", .required = true),
    ROW(section_type, memory, FIELD_BYTES, NULL, "of one machine; 0 when absent"),
    ROW(section_type, network, FIELD_BANDWIDTH, NULL,
        "that one machine can send; as much as is asked for when absent"),
    ROW_AS("price", section_type, per_hour, FIELD_CUSTOM, NULL, "of one machine: 0.19/h",
           .read = "price", .size = sizeof(double), .required = true),
    ROW(section_type, idle, FIELD_CUSTOM, "0W", "watts of an idle machine: 40W", .read = "watts",
        .size = sizeof(double)),
    ROW(section_type, busy, FIELD_CUSTOM, NULL, "watts of one with all cores busy: 95W",
        .read = "watts", .size = sizeof(double)),
    {0},
};

const struct field sections_prices[] = {
    ROW_AS("types", section_plan, types, FIELD_LIST, NULL,
           "types of machine: each replica without a price of its own (or each machine of "
           "topology.nodes) is put on the cheapest that is large enough",
           .size = sizeof(struct section_type), .sub = type_rows),
    {.name = "cpu", .type = FIELD_CUSTOM, .read = "price", .meaning = "of a core: 0.031/h"},
    {.name = "memory", .type = FIELD_CUSTOM, .read = "price", .meaning = "0.004/GiB/h"},
    {.name = "currency", .type = FIELD_TEXT, .meaning = "for people: EUR"},
    {0},
};

static const struct field watts_rows[] = {
    ROW(section_watts, idle, FIELD_CUSTOM, "0W", "of an idle one", .read = "watts",
        .size = sizeof(double)),
    ROW(section_watts, busy, FIELD_CUSTOM, NULL, "of one that is busy all the time",
        .read = "watts", .size = sizeof(double), .required = true),
    {0},
};

const struct field sections_plan[] = {
    ROW(section_plan, vary, FIELD_CUSTOM, NULL, "{parameter: low..high}", .read = "ranges",
        .required = true),
    ROW(section_plan, load, FIELD_RECORD, NULL, "the load to plan for",
        .size = sizeof(struct section_load), .sub = load_rows),
    ROW(section_plan, uncertain, FIELD_CUSTOM, NULL,
        "{parameter: low..high}, or {parameter: [low, high]}: inputs known as intervals; planned "
        "is "
        "the sizing with the least regret over all combinations of their ends, at most 4 of them",
        .read = "ranges"),
    ROW(section_plan, shortfall, FIELD_CUSTOM, NULL,
        "5x: what a sizing lacks where it does not hold is bought at so many times its price; when "
        "absent, nothing makes up for it and the plan holds at every end",
        .read = "factor", .size = sizeof(double)),
    ROW(section_plan, under, FIELD_CUSTOM, NULL,
        "none, each-zone, each-node or names of faults; none when absent", .read = "names"),
    ROW(section_plan, subject_to, FIELD_CUSTOM, NULL,
        "names of SLOs that hold in every case; all when absent", .read = "names"),
    ROW(section_plan, under_fault, FIELD_RECORD, NULL, "what must hold under a fault",
        .size = sizeof(struct section_under_fault), .sub = under_fault_rows),
    ROW(section_plan, prices, FIELD_CUSTOM, NULL,
        "by component ({web: 0.10/h}), by resource ({cpu: 0.031/h, memory: 0.004/GiB/h}) or by "
        "types of machine; `currency`",
        .read = "prices", .sub = sections_prices),
    ROW(section_plan, watts, FIELD_MAP, NULL,
        "by component, of a replica ({web: {idle: 40W, busy: 95W}}; of a station: of a server), "
        "and "
        "`core` for all others; types of machine have their own",
        .size = sizeof(struct section_watts), .sub = watts_rows),
    ROW(section_plan, minimize, FIELD_CHOICE, "cost", "what is sought", .choices = targets),
    ROW(section_plan, headroom, FIELD_RATIO, "20%", "load added to be safe"),
    ROW(section_plan, confidence, FIELD_RATIO, "95%", "of every verdict"),
    {0},
};
