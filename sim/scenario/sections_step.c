// sections_step - the steps of an operation and the parts they are written with.
#include "sim/scenario/sections.h"

#include "sim/scenario/sections_row.h"

const char *const sections_jitters[] = {"none", "full", "equal", "decorrelated", NULL};
const char *const sections_statuses[] = {
    "ok",       "miss",          "rejected",  "throttled", "unauthorized", "invalid",
    "conflict", "unavailable",   "overdue",   "abandoned", "error",        "timeout",
    "reset",    "indeterminate", "cancelled", NULL};
static const char *const fallbacks[] = {"none", "ok", "miss", "fail", NULL};
static const char *const cancels[] = {"none", "propagate", NULL};
static const char *const waits[] = {"ack", "none", NULL};

const struct field sections_retry[] = {
    ROW(section_retry, attempts, FIELD_COUNT, "1", "tries in all, the first one counted",
        .minimum = 1, .maximum = 15),
    ROW(section_retry, backoff, FIELD_DURATION, "25ms", "before the first retry",
        .source = "Envoy base_interval"),
    ROW(section_retry, factor, FIELD_NUMBER, "2", "growth of the back-off from retry to retry",
        .minimum = 1, .maximum = 1000, .source = "Envoy exponential back-off"),
    ROW(section_retry, limit, FIELD_DURATION, "10s", "longest back-off"),
    ROW(section_retry, jitter, FIELD_CHOICE, "full", "how the back-off is drawn",
        .choices = sections_jitters, .source = "Envoy fully jittered back-off"),
    ROW(section_retry, budget, FIELD_RATIO, NULL,
        "retries over first tries in the last 10 s; unlimited when absent", .maximum = 100),
    ROW(section_retry, on, FIELD_CUSTOM, NULL,
        "statuses that are tried again; timeout, unavailable and reset when absent",
        .read = "statuses"),
    {0},
};

static const struct field breaker_rows[] = {
    ROW(section_breaker, failure_ratio, FIELD_RATIO, "50%", "share of failures that opens it",
        .source = "Resilience4j failureRateThreshold"),
    ROW(section_breaker, minimum_calls, FIELD_COUNT, "100", "calls before it may open",
        .minimum = 1, .maximum = 256, .source = "Resilience4j minimumNumberOfCalls"),
    ROW(section_breaker, window, FIELD_COUNT, "100", "calls that count", .minimum = 1,
        .maximum = 256, .source = "Resilience4j slidingWindowSize"),
    ROW_AS("open", section_breaker, open_for, FIELD_DURATION, "60s", "until it is half open",
           .source = "Resilience4j waitDurationInOpenState"),
    ROW(section_breaker, probes, FIELD_COUNT, "10", "calls let through when half open",
        .minimum = 1, .maximum = 256,
        .source = "Resilience4j permittedNumberOfCallsInHalfOpenState"),
    {0},
};

static const struct field hedge_rows[] = {
    ROW(section_hedge, after, FIELD_DURATION, NULL, "a second try begins when none has answered",
        .required = true, .minimum = 1),
    ROW_AS("max", section_hedge, maximum, FIELD_COUNT, "1", "extra tries", .minimum = 1,
           .maximum = 1),
    {0},
};

const struct field sections_call[] = {
    ROW(section_call, to, FIELD_TEXT, NULL, "component.operation; a station by its bare name",
        .required = true),
    ROW(section_call, key, FIELD_NAME, NULL, "the request's key that is passed (workload keys)"),
    ROW(section_call, timeout, FIELD_DURATION, NULL, "of one try; none when absent"),
    ROW(section_call, deadline, FIELD_DURATION, NULL,
        "of all tries together, passed on to the callee"),
    ROW(section_call, retry, FIELD_RECORD, NULL, "trying again; not at all when absent",
        .size = sizeof(struct section_retry), .sub = sections_retry),
    ROW(section_call, circuit_breaker, FIELD_RECORD, NULL, "stops calling when too many calls fail",
        .size = sizeof(struct section_breaker), .sub = breaker_rows),
    ROW(section_call, hedge, FIELD_RECORD, NULL, "a second try beside a slow one",
        .size = sizeof(struct section_hedge), .sub = hedge_rows),
    ROW(section_call, fallback, FIELD_CHOICE, "none", "what a failed call becomes",
        .choices = fallbacks),
    ROW(section_call, idempotent, FIELD_BOOL, "false",
        "carries a key by which the callee knows a repeated request"),
    ROW(section_call, cancel, FIELD_CHOICE, "none",
        "`propagate`: the callee stops when the caller gives up", .choices = cancels),
    ROW(section_call, protocol, FIELD_TEXT, NULL, "label of the connection, for people"),
    ROW(section_call, bytes, FIELD_BYTES, "0", "size of the request"),
    {0},
};

const struct field sections_publish[] = {
    ROW(section_publish, to, FIELD_TEXT, NULL, "broker.topic", .required = true),
    ROW(section_publish, key, FIELD_NAME, NULL, "the request's key that chooses the partition"),
    ROW(section_publish, bytes, FIELD_BYTES, "1kB", "size of a message", .source = "assumption"),
    ROW(section_publish, wait, FIELD_CHOICE, "ack", "whether the step waits for the broker",
        .choices = waits),
    ROW(section_publish, units, FIELD_COUNT, "1", "messages that this publish carries",
        .minimum = 1, .maximum = 1000000),
    ROW(section_publish, timeout, FIELD_DURATION, NULL, "of one try; none when absent"),
    ROW(section_publish, retry, FIELD_RECORD, NULL, "trying again; not at all when absent",
        .size = sizeof(struct section_retry), .sub = sections_retry),
    ROW(section_publish, idempotent, FIELD_BOOL, "false", "duplicates are known to the broker"),
    ROW(section_publish, protocol, FIELD_TEXT, NULL, "label of the connection, for people"),
    {0},
};

const struct field sections_io[] = {
    ROW(section_io, time, FIELD_DISTRIBUTION, NULL, "of the access", .required = true),
    ROW(section_io, device, FIELD_NAME, NULL,
        "a device of the component; a pure delay when absent"),
    ROW(section_io, bytes, FIELD_BYTES, "0", "moved, against the device's bandwidth"),
    {0},
};

const struct field sections_repeat[] = {
    ROW(section_repeat, times, FIELD_COUNTS, NULL, "how often", .required = true),
    ROW(section_repeat, steps, FIELD_CUSTOM, NULL, "what is repeated", .required = true,
        .read = "body"),
    {0},
};

const struct field sections_with[] = {
    ROW(section_with, pool, FIELD_NAME, NULL, "a pool of the component", .required = true),
    ROW(section_with, steps, FIELD_CUSTOM, NULL, "what is done while it is held", .required = true,
        .read = "body"),
    {0},
};

const struct field sections_parallel[] = {
    ROW(section_parallel, need, FIELD_COUNT, NULL, "branches that must end well; all when absent",
        .minimum = 1),
    ROW(section_parallel, branches, FIELD_CUSTOM, NULL, "steps, or lists of steps",
        .required = true, .read = "branches"),
    {0},
};

const struct field sections_reply[] = {
    ROW(section_reply, bytes, FIELD_BYTES, "0", "size of the answer"),
    ROW(section_reply, status, FIELD_CHOICE, "ok", "how the request ended",
        .choices = sections_statuses),
    {0},
};

const struct field sections_move[] = {
    ROW(section_move, to, FIELD_TEXT, NULL, "component.operation; a station by its bare name",
        .required = true),
    ROW(section_move, probability, FIELD_RATIO, "100%", "share of the requests that move there"),
    {0},
};

// The kinds of step. Their values are read by program.c; the rows are for people and schemas.
const struct field sections_steps[] = {
    {.name = "cpu", .type = FIELD_DISTRIBUTION, .meaning = "work on the component's cores"},
    {.name = "io",
     .type = FIELD_CUSTOM,
     .read = "io",
     .sub = sections_io,
     .meaning = "time off the processor: a law, or {time, device, bytes}"},
    {.name = "sleep", .type = FIELD_DISTRIBUTION, .meaning = "a pause"},
    {.name = "call",
     .type = FIELD_CUSTOM,
     .read = "call",
     .sub = sections_call,
     .meaning = "asks another component and waits for the answer"},
    {.name = "publish",
     .type = FIELD_CUSTOM,
     .read = "publish",
     .sub = sections_publish,
     .meaning = "hands a message to a broker's topic"},
    {.name = "parallel",
     .type = FIELD_CUSTOM,
     .read = "parallel",
     .sub = sections_parallel,
     .meaning = "branches at the same time, then joined: a list, or {need, branches}"},
    {.name = "choose",
     .type = FIELD_CUSTOM,
     .read = "choose",
     .meaning = "by share (60%: [...]) or by the last call's outcome (hit, miss, ok, failed, "
                "unknown, a status), `otherwise` the rest"},
    {.name = "repeat",
     .type = FIELD_RECORD,
     .sub = sections_repeat,
     .size = sizeof(struct section_repeat),
     .meaning = "steps again and again"},
    {.name = "with",
     .type = FIELD_RECORD,
     .sub = sections_with,
     .size = sizeof(struct section_with),
     .meaning = "steps while a pool is held"},
    {.name = "spawn",
     .type = FIELD_CUSTOM,
     .read = "body",
     .meaning = "steps that nobody waits for"},
    {.name = "reply",
     .type = FIELD_CUSTOM,
     .read = "reply",
     .sub = sections_reply,
     .meaning = "answers and ends: bytes, or {bytes, status}"},
    {.name = "fail",
     .type = FIELD_CHOICE,
     .choices = sections_statuses,
     .meaning = "ends with a status that is not good"},
    {0},
};
