// sections - the top of a scenario: simulation, topology, and where the other sections hang.
#include "sim/scenario/sections.h"

#include "sim/scenario/sections_row.h"

static const char *const versions[] = {"v1", NULL};

static const struct field simulation_rows[] = {
    ROW(section_simulation, duration, FIELD_DURATION, "10m", "simulated time of one replication",
        .minimum = 1),
    ROW(section_simulation, warmup, FIELD_CUSTOM, "auto",
        "time left out of the statistics: a duration, or `auto` (MSER-5, reported and checked)",
        .read = "warmup"),
    ROW(section_simulation, seed, FIELD_COUNT, "42", "the number from which all chance follows"),
    ROW(section_simulation, resolution, FIELD_DURATION, "1s", "bin width of the time series",
        .minimum = 1e6),
    ROW(section_simulation, max_events, FIELD_COUNT, NULL,
        "a replication with more events is ended with exit status 3"),
    ROW(section_simulation, replications, FIELD_CUSTOM, "10",
        "independent runs: a count, or {min, max, stop_at}", .read = "replications",
        .sub = sections_replications),
    {0},
};

const struct field sections_link[] = {
    ROW(section_link, latency, FIELD_DISTRIBUTION, NULL, "one-way time of a message",
        .required = true),
    ROW(section_link, loss, FIELD_RATIO, "0",
        "probability that a message is lost and sent again after a time-out"),
    ROW(section_link, bandwidth, FIELD_BANDWIDTH, NULL,
        "of the directed pair of zones; unlimited when absent"),
    {0},
};

static const struct field pair_rows[] = {
    ROW(section_pair, between, FIELD_LIST, NULL, "two regions or zones", .element = FIELD_NAME,
        .required = true),
    ROW_AS("latency", section_pair, link.latency, FIELD_DISTRIBUTION, NULL,
           "one-way time of a message", .required = true),
    ROW_AS("loss", section_pair, link.loss, FIELD_RATIO, "0",
           "probability that a message is lost and sent again after a time-out", ),
    ROW_AS("bandwidth", section_pair, link.bandwidth, FIELD_BANDWIDTH, NULL,
           "of the directed pair of zones; unlimited when absent", ),
    {0},
};

static const struct field links_rows[] = {
    ROW(section_links, same_zone, FIELD_CUSTOM, NULL,
        "between replicas of one zone; assumed lognormal(median=250us, p99=1ms) where regions are "
        "declared",
        .read = "node", .sub = sections_link, .source = "assumption"),
    ROW(section_links, cross_zone, FIELD_CUSTOM, NULL,
        "between zones of one region; assumed lognormal(median=800us, p99=3ms)", .read = "node",
        .sub = sections_link, .source = "assumption"),
    ROW(section_links, cross_region, FIELD_CUSTOM, NULL, "between regions; assumed const(40ms)",
        .read = "node", .sub = sections_link, .source = "assumption"),
    ROW(section_links, pairs, FIELD_LIST, NULL,
        "links of single pairs of regions or zones, which override the classes",
        .size = sizeof(struct section_pair), .sub = pair_rows),
    {0},
};

static const struct field nodes_rows[] = {
    ROW(section_nodes, count, FIELD_COUNT, NULL, "machines in all", .maximum = 10000,
        .required = true),
    ROW(section_nodes, spread, FIELD_CUSTOM, "zones",
        "`zones`: even over the zones; or {zone: count}", .read = "spread"),
    ROW(section_nodes, cores, FIELD_CORES, NULL, "of one machine; bounds what is placed there"),
    ROW(section_nodes, memory, FIELD_BYTES, NULL, "of one machine"),
    {0},
};

const struct field sections_topology[] = {
    ROW(section_topology, regions, FIELD_CUSTOM, NULL,
        "regions and their zones; one region with one zone when absent", .read = "regions"),
    ROW(section_topology, links, FIELD_RECORD, NULL, "latency, loss and bandwidth by distance",
        .size = sizeof(struct section_links), .sub = links_rows),
    ROW(section_topology, nodes, FIELD_RECORD, NULL,
        "machines that replicas are placed on: the unit of node loss",
        .size = sizeof(struct section_nodes), .sub = nodes_rows),
    {0},
};

const struct field sections_top[] = {
    ROW(section_top, orrery, FIELD_CUSTOM, NULL, "version of the language: v1", .read = "version",
        .choices = versions),
    ROW(section_top, name, FIELD_NAME, NULL, "name of the scenario; the file's when absent"),
    ROW(section_top, description, FIELD_TEXT, NULL, "what it is, for people"),
    ROW(section_top, include, FIELD_CUSTOM, NULL,
        "files whose maps are merged under this one's; lists are replaced", .read = "include"),
    ROW(section_top, params, FIELD_CUSTOM, NULL,
        "values that `$name` stands for: the only names --set, sweep and plan may touch",
        .read = "params"),
    ROW(section_top, simulation, FIELD_RECORD, NULL, "how long, how often, from which seed",
        .size = sizeof(struct section_simulation), .sub = simulation_rows),
    ROW(section_top, topology, FIELD_RECORD, NULL, "regions, zones, links and machines",
        .size = sizeof(struct section_topology), .sub = sections_topology),
    ROW(section_top, components, FIELD_CUSTOM, NULL, "the parts of the system by name",
        .read = "components", .sub = sections_component, .required = true),
    ROW(section_top, workloads, FIELD_MAP, NULL, "where requests come from, by name",
        .size = sizeof(struct section_workload), .sub = sections_workload),
    ROW(section_top, slos, FIELD_LIST, NULL, "objectives that the run judges",
        .size = sizeof(struct section_slo), .sub = sections_slo),
    ROW(section_top, faults, FIELD_LIST, NULL, "what breaks, when and for how long",
        .size = sizeof(struct section_fault), .sub = sections_fault),
    ROW(section_top, experiments, FIELD_LIST, NULL, "hypotheses that `orrery chaos` tests",
        .size = sizeof(struct section_experiment), .sub = sections_experiment),
    ROW(section_top, sample, FIELD_RECORD, NULL,
        "simulates windows spread over the profile's period; an approximation",
        .size = sizeof(struct section_sample), .sub = sections_sample),
    ROW(section_top, sweep, FIELD_RECORD, NULL, "the parameter study of `orrery sweep`",
        .size = sizeof(struct section_sweep), .sub = sections_sweep),
    ROW(section_top, plan, FIELD_RECORD, NULL, "the search of `orrery plan`",
        .size = sizeof(struct section_plan), .sub = sections_plan),
    {0},
};
