// sections_component - the part of a component that is common to all kinds.
#include "sim/scenario/sections.h"

#include "sim/scenario/sections_row.h"

const char *const sections_disciplines[] = {"fifo",       "lifo", "ps",     "priority",
                                            "preemptive", "sjf",  "random", NULL};
const char *const sections_balancings[] = {"round_robin", "random",     "p2c", "least_request",
                                           "ring_hash",   "zone_local", NULL};
static const char *const on_full[] = {"reject", "block", "drop_oldest", NULL};
static const char *const sharings[] = {"fifo", "ps", NULL};

static const struct field queue_rows[] = {
    ROW(section_queue, capacity, FIELD_COUNT, NULL,
        "requests waiting and in service; unlimited when absent"),
    ROW(section_queue, discipline, FIELD_CHOICE, "fifo", "who is served next",
        .choices = sections_disciplines),
    ROW(section_queue, on_full, FIELD_CHOICE, "reject", "what happens to one too many",
        .choices = on_full),
    {0},
};

static const struct field health_check_rows[] = {
    ROW(section_health_check, enabled, FIELD_BOOL, "true",
        "whether the platform probes the replicas", .source = "Kubernetes readiness probe"),
    ROW(section_health_check, period, FIELD_DURATION, "10s", "time between probes",
        .source = "Kubernetes periodSeconds", .minimum = 1e6),
    ROW(section_health_check, timeout, FIELD_DURATION, "1s", "an answer later than this has failed",
        .source = "Kubernetes timeoutSeconds"),
    ROW(section_health_check, failures, FIELD_COUNT, "3",
        "failed probes in a row that take a replica out", .minimum = 1, .maximum = 1000,
        .source = "Kubernetes failureThreshold"),
    ROW(section_health_check, successes, FIELD_COUNT, "1",
        "good probes in a row that take it back in", .minimum = 1, .maximum = 1000,
        .source = "Kubernetes successThreshold"),
    {0},
};

static const struct field ejection_rows[] = {
    ROW(section_ejection, enabled, FIELD_BOOL, "true", "whether callers eject failing replicas",
        .source = "Envoy outlier detection"),
    ROW(section_ejection, consecutive, FIELD_COUNT, "5", "failures in a row that eject a replica",
        .minimum = 1, .maximum = 1000000, .source = "Envoy consecutive_5xx"),
    ROW_AS("for", section_ejection, length, FIELD_DURATION, "30s",
           "first ejection; multiplied by the number of ejections so far",
           .source = "Envoy base_ejection_time"),
    ROW(section_ejection, maximum, FIELD_RATIO, "10%",
        "share of the replicas that may be ejected at once; at least one",
        .source = "Envoy max_ejection_percent"),
    {0},
};

static const struct field consistency_rows[] = {
    ROW(section_consistency, keys, FIELD_COUNT, "16",
        "how many keys are recorded: the first that are used", .minimum = 1, .maximum = 65536),
    ROW(section_consistency, operations, FIELD_COUNT, "2000", "recorded of each key, at most",
        .minimum = 1, .maximum = 1000000),
    ROW(section_consistency, states, FIELD_COUNT, "1000000",
        "that the search for an order visits at most, for each key; beyond them it is undecided",
        .minimum = 1, .maximum = 1e9),
    {0},
};

static const struct field detection_rows[] = {
    ROW(section_detection, health_check, FIELD_RECORD, NULL, "the platform's probes",
        .size = sizeof(struct section_health_check), .sub = health_check_rows),
    ROW(section_detection, ejection, FIELD_RECORD, NULL, "the callers' own observations",
        .size = sizeof(struct section_ejection), .sub = ejection_rows),
    {0},
};

static const struct field pool_rows[] = {
    ROW(section_pool, size, FIELD_COUNT, NULL, "permits of one replica", .required = true,
        .minimum = 1),
    ROW(section_pool, queue, FIELD_COUNT, NULL, "requests that may wait; unlimited when absent"),
    {0},
};

static const struct field device_rows[] = {
    ROW(section_device, servers, FIELD_COUNT, "1", "accesses at once", .minimum = 1,
        .maximum = 100000),
    ROW(section_device, iops, FIELD_COUNT, NULL, "accesses a second; unlimited when absent"),
    ROW(section_device, bandwidth, FIELD_BANDWIDTH, NULL, "unlimited when absent"),
    {0},
};

const struct field sections_consumes[] = {
    ROW(section_consumes, from, FIELD_TEXT, NULL, "broker.topic", .required = true),
    ROW(section_consumes, group, FIELD_NAME, NULL, "consumer group; the component's name"),
    ROW(section_consumes, batch, FIELD_COUNT, "1", "messages handed over at once", .minimum = 1),
    ROW(section_consumes, batch_wait, FIELD_DURATION, "0", "how long an incomplete batch waits"),
    ROW(section_consumes, concurrency, FIELD_COUNT, "1", "batches in hand at once, per replica",
        .minimum = 1, .maximum = 1000000),
    ROW(section_consumes, operation, FIELD_NAME, NULL, "runs once for each batch",
        .required = true),
    {0},
};

const struct field sections_component[] = {
    ROW(section_component, kind, FIELD_NAME, NULL, "its model (orrery list models)",
        .required = true),
    ROW(section_component, title, FIELD_TEXT, NULL, "name for people"),
    ROW(section_component, description, FIELD_TEXT, NULL,
        "its specification, shown by the report's topology"),
    ROW(section_component, group, FIELD_NAME, NULL,
        "gateway, service, datastore, broker, ...: its colour; the model's family when absent"),
    ROW(section_component, assumed, FIELD_TEXT, NULL,
        "why it is an assumption; listed in the report"),
    ROW(section_component, replicas, FIELD_COUNT, "1", "processes", .minimum = 1,
        .maximum = 100000),
    ROW(section_component, spread, FIELD_CUSTOM, "zones",
        "`zones`: even over the zones; or {zone: count}", .read = "spread"),
    ROW(section_component, cores, FIELD_CORES, NULL,
        "of one replica; cpu steps share them; no queueing for the processor when absent"),
    ROW(section_component, sharing, FIELD_CHOICE, "fifo", "how cpu steps share the cores",
        .choices = sharings),
    ROW(section_component, memory, FIELD_BYTES, NULL, "of one replica"),
    ROW(section_component, concurrency, FIELD_COUNT, NULL,
        "requests in progress per replica; unlimited when absent"),
    ROW(section_component, queue, FIELD_RECORD, NULL, "in front of the concurrency limit",
        .size = sizeof(struct section_queue), .sub = queue_rows),
    ROW(section_component, balancing, FIELD_CHOICE, "round_robin", "how callers choose a replica",
        .choices = sections_balancings, .source = "Envoy's default policy"),
    ROW(section_component, detection, FIELD_RECORD, NULL,
        "how callers learn that a replica is dead", .size = sizeof(struct section_detection),
        .sub = detection_rows),
    ROW(section_component, consistency, FIELD_RECORD, NULL,
        "records what is done to sampled keys, and judges it: objectives `linearizable`, "
        "stale(p99), convergence(p99)",
        .size = sizeof(struct section_consistency), .sub = consistency_rows),
    ROW(section_component, pools, FIELD_MAP, NULL,
        "named pools of a replica that `with` steps hold: a size, or {size, queue}",
        .size = sizeof(struct section_pool), .sub = pool_rows, .read = "short"),
    ROW(section_component, devices, FIELD_MAP, NULL, "named devices that `io` steps queue for",
        .size = sizeof(struct section_device), .sub = device_rows),
    ROW(section_component, consumes, FIELD_LIST, NULL, "topics it consumes: one, or a list",
        .size = sizeof(struct section_consumes), .sub = sections_consumes),
    ROW(section_component, startup, FIELD_DISTRIBUTION, "0",
        "from the start of a process to its first answer"),
    ROW(section_component, reschedule, FIELD_BOOL, "false",
        "whether replicas lost with their host are started elsewhere"),
    ROW(section_component, operations, FIELD_CUSTOM, NULL,
        "of a service: what it can be asked for, each a list of steps", .read = "operations",
        .sub = sections_steps),
    ROW(section_component, then, FIELD_CUSTOM, NULL,
        "of a station: where requests move on to after service, holding nothing", .read = "node",
        .sub = sections_move),
    {0},
};
