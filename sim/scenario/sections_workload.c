// sections_workload - where requests come from, what is promised, and what breaks.
#include "sim/scenario/sections.h"

#include "sim/kernel/time.h"
#include "sim/scenario/sections_row.h"

static const char *const models[] = {"open", "closed", NULL};
static const char *const budgetings[] = {"occurrences", "timeslices", "ratio_timeslices", NULL};
static const char *const severities[] = {"fail", "warn", NULL};
const char *const sections_fault_actions[] = {"kill",      "power-off", "pause", "slow",
                                              "zone-down", "node-down", "delay", "loss",
                                              "partition", NULL};

static const struct field stage_rows[] = {
    ROW_AS("for", section_stage, length, FIELD_DURATION, NULL, "length of the stage",
           .required = true, .minimum = 1),
    ROW(section_stage, rate, FIELD_CUSTOM, NULL, "rate from its beginning", .read = "plain_rate"),
    ROW(section_stage, ramp_to, FIELD_CUSTOM, NULL, "rate at its end, reached in a straight line",
        .read = "plain_rate"),
    {0},
};

static const struct field connections_rows[] = {
    ROW(section_connections, count, FIELD_COUNT, NULL, "long-lived sockets", .required = true,
        .maximum = 1e8),
    ROW(section_connections, heartbeat, FIELD_DURATION, "25s", "between pings of one socket",
        .minimum = 1e6, .source = "Socket.IO pingInterval"),
    ROW(section_connections, timeout, FIELD_DURATION, "20s", "a pong later than this is lost",
        .source = "Socket.IO pingTimeout"),
    ROW(section_connections, reconnect, FIELD_RECORD, NULL,
        "back-off of clients that lost their socket", .size = sizeof(struct section_retry),
        .sub = sections_retry),
    ROW(section_connections, churn, FIELD_RATE, "0", "reconnects of healthy sockets, in all"),
    ROW(section_connections, target, FIELD_TEXT, NULL,
        "component that holds the sockets; the workload's target when absent"),
    ROW(section_connections, open, FIELD_NAME, NULL,
        "operation of the target that a new socket runs; none when absent"),
    ROW(section_connections, on_heartbeat, FIELD_NAME, NULL,
        "operation that a ping runs; pings are only counted when absent"),
    {0},
};

static const struct field class_rows[] = {
    ROW(section_class, priority, FIELD_COUNT, "0", "0 is served first", .maximum = 15),
    {0},
};

const struct field sections_workload[] = {
    ROW(section_workload, title, FIELD_TEXT, NULL, "name for people"),
    ROW(section_workload, description, FIELD_TEXT, NULL, "what it stands for"),
    ROW(section_workload, assumed, FIELD_TEXT, NULL,
        "why it is an assumption; listed in the report"),
    ROW(section_workload, target, FIELD_CUSTOM, NULL, "component.operation that every request asks",
        .read = "node"),
    ROW(section_workload, mix, FIELD_CUSTOM, NULL, "{component.operation: share}", .read = "mix"),
    ROW(section_workload, journey, FIELD_CUSTOM, NULL,
        "operations in order, with {think: law} between them", .read = "journey"),
    ROW(section_workload, model, FIELD_CHOICE, "open",
        "`open`: an arrival rate; `closed`: users who wait for their answers", .choices = models),
    ROW(section_workload, arrivals, FIELD_CUSTOM, "poisson", "law of the arrivals of an open model",
        .read = "arrivals"),
    ROW(section_workload, rate, FIELD_CUSTOM, NULL,
        "arrivals a second, or {profile: file or list of factors, period, scale}", .read = "rate",
        .sub = sections_rate),
    ROW(section_workload, stages, FIELD_LIST, NULL,
        "rates one after the other, instead of `rate`; the last one goes on",
        .size = sizeof(struct section_stage), .sub = stage_rows),
    ROW(section_workload, from, FIELD_NAME, NULL,
        "region or zone where clients sit; beside the target, without network, when absent"),
    ROW(section_workload, users, FIELD_COUNT, NULL, "of a closed model", .minimum = 1,
        .maximum = 1e8),
    ROW(section_workload, think, FIELD_DISTRIBUTION, "0",
        "between an answer and the next request of a user"),
    ROW(section_workload, connections, FIELD_RECORD, NULL,
        "long-lived sockets with heartbeats and reconnects",
        .size = sizeof(struct section_connections), .sub = connections_rows),
    ROW(section_workload, keys, FIELD_CUSTOM, NULL, "{name: law of counts, or `unique`}",
        .read = "keys"),
    ROW(section_workload, key, FIELD_NAME, NULL,
        "which of `keys` the requests carry; unique to each request when absent"),
    ROW_AS("class", section_workload, class, FIELD_RECORD, NULL, "how it is treated in queues",
           .size = sizeof(struct section_class), .sub = class_rows),
    ROW(section_workload, units, FIELD_COUNT, "1", "messages that a request carries", .minimum = 1,
        .maximum = 1000000),
    ROW(section_workload, gather, FIELD_DURATION, "0",
        "time before the request over which its messages came evenly (a producer's linger)"),
    ROW(section_workload, timeout, FIELD_DURATION, NULL,
        "after which a client gives up a try; never when absent"),
    ROW(section_workload, deadline, FIELD_DURATION, NULL, "of all tries together, passed on"),
    ROW(section_workload, retry, FIELD_RECORD, NULL, "the clients' retries",
        .size = sizeof(struct section_retry), .sub = sections_retry),
    ROW(section_workload, thinned, FIELD_RATIO, "100%",
        "share of the real traffic that is simulated; printed in the report"),
    {0},
};

static const struct field indicator_rows[] = {
    ROW(section_indicator, good, FIELD_CUSTOM, NULL,
        "which requests are good: status == ok and latency < 1s", .read = "node", .required = true),
    {0},
};

static const struct field slice_rows[] = {
    ROW(section_slice, window, FIELD_DURATION, "1m", "length of a slice", .minimum = 1e6),
    ROW(section_slice, target, FIELD_RATIO, "99%", "share of good requests in a good slice"),
    {0},
};

const struct field sections_slo[] = {
    ROW(section_slo, name, FIELD_NAME, NULL, "by which verdicts and experiments speak of it",
        .required = true),
    ROW(section_slo, description, FIELD_TEXT, NULL, "why it matters, for people"),
    ROW(section_slo, target, FIELD_CUSTOM, NULL, "a workload, a component or a component.operation",
        .read = "node", .required = true),
    ROW(section_slo, objectives, FIELD_CUSTOM, NULL,
        "p(99) < 300ms, mean, max, carried, success, throughput, utilization, or a metric of the "
        "model",
        .read = "objectives"),
    ROW(section_slo, objective, FIELD_RATIO, NULL, "share of good requests (with `indicator`)"),
    ROW(section_slo, indicator, FIELD_RECORD, NULL, "what a good request is",
        .size = sizeof(struct section_indicator), .sub = indicator_rows),
    ROW(section_slo, window, FIELD_DURATION, NULL, "of the error budget; needs `indicator`"),
    ROW(section_slo, budgeting, FIELD_CHOICE, "occurrences", "how the budget is spent",
        .choices = budgetings),
    ROW(section_slo, slice, FIELD_RECORD, NULL, "of budgeting by time slices",
        .size = sizeof(struct section_slice), .sub = slice_rows),
    ROW(section_slo, every, FIELD_DURATION, NULL,
        "the worst window of this length decides, not the whole run", .minimum = 1e6),
    ROW(section_slo, severity, FIELD_CHOICE, "fail", "`warn` never fails the run",
        .choices = severities),
    {0},
};

static const struct field select_rows[] = {
    ROW(section_select, component, FIELD_CUSTOM, NULL, "component", .read = "node"),
    ROW(section_select, zone, FIELD_CUSTOM, NULL, "zone", .read = "node"),
    ROW(section_select, region, FIELD_CUSTOM, NULL, "every zone of a region", .read = "node"),
    ROW(section_select, node, FIELD_CUSTOM, NULL, "machine (node-1, node-2, ...)", .read = "node"),
    ROW(section_select, role, FIELD_CUSTOM, NULL,
        "the replica that has this role when the fault strikes: leader, primary, standby",
        .read = "node"),
    ROW(section_select, from, FIELD_CUSTOM, NULL, "component, zone or region: one end of a link",
        .read = "node"),
    ROW(section_select, to, FIELD_CUSTOM, NULL, "component, zone or region: the other end",
        .read = "node"),
    {0},
};

static const struct field delay_rows[] = {
    ROW(section_delay, latency, FIELD_DISTRIBUTION, NULL, "added to every message",
        .required = true),
    ROW(section_delay, jitter, FIELD_DURATION, "0", "evenly about the latency, to either side"),
    {0},
};

const struct field sections_fault[] = {
    ROW(section_fault, name, FIELD_NAME, NULL, "by which --faults and experiments speak of it",
        .required = true),
    ROW(section_fault, description, FIELD_TEXT, NULL, "what it stands for"),
    ROW(section_fault, action, FIELD_CHOICE, NULL, "what happens", .required = true,
        .choices = sections_fault_actions),
    ROW(section_fault, select, FIELD_RECORD, NULL, "what it happens to",
        .size = sizeof(struct section_select), .sub = select_rows),
    ROW(section_fault, mode, FIELD_CUSTOM, "one",
        "how many of the selected replicas: one, all, a share (30%) or a count", .read = "mode"),
    ROW(section_fault, at, FIELD_DURATION, NULL, "when it strikes"),
    ROW(section_fault, duration, FIELD_DURATION, NULL,
        "how long it lasts; until the end of the run when absent"),
    ROW(section_fault, factor, FIELD_CUSTOM, "2", "of `slow`: service times are multiplied",
        .read = "factor", .size = sizeof(double)),
    ROW(section_fault, delay, FIELD_RECORD, NULL, "of `delay`",
        .size = sizeof(struct section_delay), .sub = delay_rows, .read = "short"),
    ROW(section_fault, loss, FIELD_RATIO, NULL, "of `loss`: share of the messages"),
    ROW(section_fault, one_way, FIELD_BOOL, "false",
        "only from `from` to `to`, not the other way round"),
    ROW(section_fault, mtbf, FIELD_DISTRIBUTION, NULL,
        "time between failures of each selected replica, instead of `at`"),
    ROW(section_fault, mttr, FIELD_DISTRIBUTION, NULL, "time to repair, instead of `duration`"),
    ROW(section_fault, expected, FIELD_CUSTOM, "1",
        "how often a scheduled fault is expected in an SLO's window", .read = "factor",
        .size = sizeof(double)),
    ROW(section_fault, enabled, FIELD_BOOL, "true", "whether it takes part by default"),
    {0},
};
