// place - regions, zones, links and machines of a scenario, and where replicas stand.
#include "sim/scenario/place.h"

#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "sim/scenario/read_value.h"

enum { ZONES = 128, PLACINGS = 50000000 };

static struct topology_design *topology_of(struct assembly *assembly)
{
    return &assembly->design->topology;
}

// ---- regions and zones -------------------------------------------------------------------------

static void one_zone(struct assembly *assembly)
{
    struct topology_design *topology = topology_of(assembly);
    struct zone_design *zone = arena_take(assembly->arena, sizeof *zone);
    const char **region = arena_take(assembly->arena, sizeof *region);
    *zone = (struct zone_design){"local", 0};
    *region = "local";
    topology->regions = region;
    topology->region_count = 1;
    topology->zones = zone;
    topology->zone_count = 1;
}

static bool add_zone(struct assembly *assembly, const struct document_node *node,
                     struct zone_design *zones, uint32_t region)
{
    struct topology_design *topology = topology_of(assembly);
    const char *name;
    if (!read_value_name(assembly->document, node, &name)) {
        return false;
    }
    if (assembly_zone(assembly, name) != DESIGN_NONE) {
        document_error(assembly->document, node, "E0320", "a second zone `%s`", name);
        return false;
    }
    if (topology->zone_count == ZONES) {
        document_error(assembly->document, node, "E0212", "more than %d zones", ZONES);
        return false;
    }
    zones[topology->zone_count++] = (struct zone_design){name, region};
    return true;
}

static bool add_region(struct assembly *assembly, struct document_node *node,
                       struct zone_design *zones, uint32_t region)
{
    node->used = true;
    if (node->kind == DOCUMENT_SCALAR) {
        return add_zone(assembly, node, zones, region);
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_SEQUENCE, "zones")) {
        return false;
    }
    if (node->count == 0) {
        document_error(assembly->document, node, "E0125", "region `%s` has no zone", node->key);
        return false;
    }
    bool good = true;
    for (const struct document_node *zone = node->first; zone != NULL; zone = zone->next) {
        good = add_zone(assembly, zone, zones, region) && good;
    }
    return good;
}

static bool read_regions(struct assembly *assembly, const struct document_node *node)
{
    struct topology_design *topology = topology_of(assembly);
    if (!read_value_is(assembly->document, node, DOCUMENT_MAPPING, "{region: [zone, zone]}") ||
        node->count == 0) {
        return false;
    }
    struct zone_design *zones = arena_take_array(assembly->arena, ZONES, sizeof *zones);
    const char **regions = arena_take_array(assembly->arena, node->count, sizeof *regions);
    topology->zones = zones;
    topology->regions = regions;
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        regions[topology->region_count] = child->key;
        good = add_region(assembly, child, zones, topology->region_count) && good;
        topology->region_count++;
    }
    return good && topology->zone_count > 0;
}

// ---- links -------------------------------------------------------------------------------------

enum link_class { SAME_ZONE, CROSS_ZONE, CROSS_REGION, LINK_CLASSES };

static enum link_class class_of(const struct topology_design *topology, uint32_t from, uint32_t to)
{
    if (from == to) {
        return SAME_ZONE;
    }
    return topology->zones[from].region == topology->zones[to].region ? CROSS_ZONE : CROSS_REGION;
}

static struct distribution assumed_latency(enum link_class class, bool declared)
{
    struct distribution latency = distribution_constant(0);
    if (declared && class == SAME_ZONE) {
        latency = distribution_lognormal_p99(250e3, 1e6);
    } else if (declared && class == CROSS_ZONE) {
        latency = distribution_lognormal_p99(800e3, 3e6);
    } else if (declared) {
        latency = distribution_constant(40e6);
    }
    const char *wrong = distribution_prepare(&latency);
    CHECK(wrong == NULL);
    return latency;
}

static bool has_class(const struct topology_design *topology, enum link_class class)
{
    for (uint32_t i = 0; i < topology->zone_count * topology->zone_count; i++) {
        if (class_of(topology, i / topology->zone_count, i % topology->zone_count) == class) {
            return true;
        }
    }
    return false;
}

static bool read_class(struct assembly *assembly, enum link_class class, bool declared,
                       struct section_link *link)
{
    static const char *const names[] = {"same_zone", "cross_zone", "cross_region"};
    static const char *const whys[] = {
        "no link is declared: lognormal(median=250us, p99=1ms)",
        "no link is declared: lognormal(median=800us, p99=3ms)",
        "no link is declared: const(40ms)",
    };
    const struct section_links *links = &assembly->top.topology.links;
    const struct document_node *const nodes[] = {links->same_zone, links->cross_zone,
                                                 links->cross_region};
    *link = (struct section_link){0};
    if (nodes[class] != NULL) {
        const struct schema_mapping mapping = {
            .node = nodes[class],
            .what = arena_format(assembly->arena, "link `%s`", names[class]),
            .explain = arena_format(assembly->arena, "topology.links.%s", names[class]),
            .parts = {{sections_link, link}},
        };
        return schema_read(&assembly->schema, &mapping);
    }
    link->latency = assumed_latency(class, declared);
    if (declared && has_class(topology_of(assembly), class)) {
        assembly_assume(assembly, arena_format(assembly->arena, "topology.links.%s", names[class]),
                        whys[class]);
    }
    return true;
}

static bool stands_in(const struct assembly *assembly, uint32_t zone, const char *name)
{
    const struct topology_design *topology = &assembly->design->topology;
    return text_same(topology->zones[zone].name, name) ||
           text_same(topology->regions[topology->zones[zone].region], name);
}

static bool is_place(const struct assembly *assembly, const char *name)
{
    return assembly_zone(assembly, name) != DESIGN_NONE ||
           assembly_region(assembly, name) != DESIGN_NONE;
}

static const char **place_names(const struct assembly *assembly, uint32_t *count)
{
    const struct topology_design *topology = &assembly->design->topology;
    const char **names = arena_take_array(
        assembly->arena, topology->zone_count + topology->region_count + 1, sizeof *names);
    *count = 0;
    for (uint32_t i = 0; i < topology->region_count; i++) {
        names[(*count)++] = topology->regions[i];
    }
    for (uint32_t i = 0; i < topology->zone_count; i++) {
        names[(*count)++] = topology->zones[i].name;
    }
    return names;
}

static bool check_place(const struct assembly *assembly, const struct document_node *node,
                        const char *name)
{
    if (is_place(assembly, name)) {
        return true;
    }
    uint32_t count;
    const char **names = place_names(assembly, &count);
    assembly_complain(
        assembly,
        &(struct assembly_reference){
            .node = node, .what = "zone or region", .name = name, .names = names, .count = count});
    return false;
}

static void apply_pair(struct assembly *assembly, struct link_design *links,
                       const struct section_pair *pair)
{
    const char *const *ends = pair->between.items;
    const uint32_t count = topology_of(assembly)->zone_count;
    bool one[ZONES], other[ZONES];
    for (uint32_t i = 0; i < count; i++) {
        one[i] = stands_in(assembly, i, ends[0]);
        other[i] = stands_in(assembly, i, ends[1]);
    }
    for (uint32_t i = 0; i < count * count; i++) {
        const uint32_t from = i / count, to = i % count;
        if ((one[from] && other[to]) || (other[from] && one[to])) {
            links[i] = (struct link_design){pair->link.latency, pair->link.loss,
                                            pair->link.bandwidth};
        }
    }
}

static const struct document_node *pair_node(const struct assembly *assembly, uint32_t number)
{
    const struct document_node *topology = document_peek(assembly->document->root, "topology");
    const struct document_node *pairs = document_peek(document_peek(topology, "links"), "pairs");
    const struct document_node *pair = pairs->kind == DOCUMENT_MAPPING ? pairs : pairs->first;
    for (uint32_t i = 0; i < number; i++) {
        pair = pair->next;
    }
    return document_peek(pair, "between");
}

static bool apply_pairs(struct assembly *assembly, struct link_design *links)
{
    const struct field_list *list = &assembly->top.topology.links.pairs;
    const struct section_pair *pairs = list->items;
    bool good = true;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct document_node *between = pair_node(assembly, i);
        if (pairs[i].between.count != 2) {
            document_error(assembly->document, between == NULL ? assembly->document->root : between,
                           "E0321", "a pair is between two regions or zones");
            good = false;
            continue;
        }
        const char *const *ends = pairs[i].between.items;
        const bool known = ends[0] != NULL && ends[1] != NULL &&
                           check_place(assembly, between->first, ends[0]) &&
                           check_place(assembly, between->last, ends[1]);
        if (known) {
            apply_pair(assembly, links, &pairs[i]);
        }
        good = good && known;
    }
    return good;
}

static bool read_links(struct assembly *assembly, bool declared)
{
    struct topology_design *topology = topology_of(assembly);
    const uint32_t count = topology->zone_count;
    struct link_design *links =
        arena_take_array(assembly->arena, (size_t)count * count, sizeof *links);
    struct section_link classes[LINK_CLASSES];
    bool good = true;
    for (int class = SAME_ZONE; class < LINK_CLASSES; class ++) {
        good = read_class(assembly, (enum link_class) class, declared, &classes[class]) && good;
    }
    for (uint32_t i = 0; i < count * count; i++) {
        const struct section_link *link = &classes[class_of(topology, i / count, i % count)];
        links[i] = (struct link_design){link->latency, link->loss, link->bandwidth};
    }
    good = apply_pairs(assembly, links) && good;
    topology->links = links;
    return good;
}

// ---- spreading ---------------------------------------------------------------------------------

struct spread {
    uint32_t *zones; // zone of each unit
    uint32_t count, room;
};

static void spread_over(const struct assembly *assembly, struct spread *spread, const char *name,
                        uint64_t units)
{
    const uint32_t count = assembly->design->topology.zone_count;
    uint64_t given = 0;
    for (uint32_t zone = 0; given < units; zone = (zone + 1) % count) {
        if (name == NULL || stands_in(assembly, zone, name)) {
            CHECK(spread->count < spread->room);
            spread->zones[spread->count++] = zone;
            given++;
        }
    }
}

static bool read_share(struct assembly *assembly, struct document_node *node, uint64_t *units)
{
    node->used = true;
    const bool good = read_value_count(assembly->document, node, units);
    struct document_node key = *node;
    key.kind = DOCUMENT_SCALAR;
    key.text = node->key;
    key.place = node->key_place;
    if (good && *units > 100000) {
        document_error(assembly->document, node, "E0212", "too many");
        return false;
    }
    return check_place(assembly, &key, node->key) && good;
}

// The units are the sum of the map; `*units` says how many were asked for, 0: not at all.
static bool spread_map(struct assembly *assembly, const struct document_node *node, uint64_t units,
                       struct spread *spread)
{
    uint64_t sum = 0, share;
    bool good = true;
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        good = read_share(assembly, child, &share) && good;
        sum += good ? share : 0;
    }
    if (!good) {
        return false;
    }
    if (sum == 0 || (units > 0 && units != sum)) {
        diagnostic_caret(document_error(assembly->document, node, "E0322", "`spread` places %llu",
                                        (unsigned long long)sum),
                         "but there are %llu", (unsigned long long)units);
        return false;
    }
    spread->room = (uint32_t)sum;
    spread->zones = arena_take_array(assembly->arena, sum, sizeof *spread->zones);
    for (struct document_node *child = node->first; child != NULL; child = child->next) {
        read_value_count(assembly->document, child, &share);
        spread_over(assembly, spread, child->key, share);
    }
    return true;
}

static bool make_spread(struct assembly *assembly, const struct document_node *node, uint64_t units,
                        struct spread *spread)
{
    *spread = (struct spread){0};
    if (node->kind == DOCUMENT_MAPPING) {
        return spread_map(assembly, node, units, spread);
    }
    if (!read_value_is(assembly->document, node, DOCUMENT_SCALAR, "zones, or {zone: count}")) {
        return false;
    }
    const bool zones = text_same(node->text, "zones");
    if (!zones && !check_place(assembly, node, node->text)) {
        return false;
    }
    units = units == 0 ? 1 : units;
    spread->room = (uint32_t)units;
    spread->zones = arena_take_array(assembly->arena, units, sizeof *spread->zones);
    spread_over(assembly, spread, zones ? NULL : node->text, units);
    return true;
}

// ---- machines ----------------------------------------------------------------------------------

static bool read_machines(struct assembly *assembly)
{
    const struct section_nodes *nodes = &assembly->top.topology.nodes;
    struct topology_design *topology = topology_of(assembly);
    struct spread spread;
    if (nodes->count == 0) {
        return true;
    }
    if (!make_spread(assembly, nodes->spread, nodes->count, &spread)) {
        return false;
    }
    struct machine_design *machines =
        arena_take_array(assembly->arena, spread.count, sizeof *machines);
    for (uint32_t i = 0; i < spread.count; i++) {
        machines[i] = (struct machine_design){
            .name = arena_format(assembly->arena, "node-%u", i + 1),
            .zone = spread.zones[i],
            .cores = nodes->cores,
            .memory = nodes->memory,
        };
    }
    topology->machines = machines;
    topology->machine_count = spread.count;
    return true;
}

bool place_topology(struct assembly *assembly)
{
    const struct document_node *regions = assembly->top.topology.regions;
    bool good = true;
    if (regions == NULL || !read_regions(assembly, regions)) {
        good = regions == NULL;
        *topology_of(assembly) = (struct topology_design){0};
        one_zone(assembly);
    }
    const bool is_declared = regions != NULL;
    good = read_links(assembly, is_declared) && good;
    return read_machines(assembly) && good;
}

bool place_component(struct assembly *assembly, uint32_t number)
{
    struct component_design *component = &assembly->components[number];
    const struct section_component *section = &assembly->parts[number].section;
    const bool counted = document_peek(assembly->parts[number].node, "replicas") != NULL;
    const bool mapped = section->spread->kind == DOCUMENT_MAPPING;
    struct spread spread;
    const uint64_t units = mapped && !counted ? 0 : section->replicas;
    if (!make_spread(assembly, section->spread, units, &spread)) {
        return false;
    }
    assembly->replicas += spread.count;
    if (assembly->replicas > ASSEMBLY_REPLICAS ||
        assembly->replicas * topology_of(assembly)->machine_count > PLACINGS) {
        document_key_error(assembly->document, assembly->parts[number].node, "E0212",
                           "too many replicas to place");
        return false;
    }
    struct placement *placements =
        arena_take_array(assembly->arena, spread.count, sizeof *placements);
    for (uint32_t i = 0; i < spread.count; i++) {
        placements[i] = (struct placement){.zone = spread.zones[i], .machine = DESIGN_NONE};
    }
    component->replicas = spread.count;
    component->placements = placements;
    return true;
}

struct machine_load {
    double cores;
    uint32_t replicas;
    uint32_t own; // of the component being placed
};

static bool is_lighter(const struct machine_load *one, const struct machine_load *other)
{
    if (one->own != other->own) {
        return one->own < other->own;
    }
    if (one->cores < other->cores || one->cores > other->cores) {
        return one->cores < other->cores;
    }
    return one->replicas < other->replicas;
}

static uint32_t choose_machine(const struct topology_design *topology,
                               const struct machine_load *loads, uint32_t zone)
{
    uint32_t best = DESIGN_NONE;
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        if (topology->machines[i].zone == zone &&
            (best == DESIGN_NONE || is_lighter(&loads[i], &loads[best]))) {
            best = i;
        }
    }
    return best;
}

static void place_on_machines(struct assembly *assembly, struct component_design *component,
                              struct machine_load *loads)
{
    const struct topology_design *topology = topology_of(assembly);
    struct placement *placements =
        arena_take_array(assembly->arena, component->replicas, sizeof *placements);
    memcpy(placements, component->placements, component->replicas * sizeof *placements);
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        loads[i].own = 0;
    }
    for (uint32_t i = 0; i < component->replicas; i++) {
        if (placements[i].machine == DESIGN_NONE) {
            placements[i].machine = choose_machine(topology, loads, placements[i].zone);
        }
        if (placements[i].machine != DESIGN_NONE) {
            struct machine_load *load = &loads[placements[i].machine];
            load->cores += component->cores;
            load->replicas++;
            load->own++;
        }
    }
    component->placements = placements;
}

void place_machines(struct assembly *assembly)
{
    const struct topology_design *topology = topology_of(assembly);
    if (topology->machine_count == 0) {
        return;
    }
    struct machine_load *loads =
        arena_take_array(assembly->arena, topology->machine_count, sizeof *loads);
    for (uint32_t i = 0; i < assembly->design->component_count; i++) {
        if (assembly->parts[i].good) {
            place_on_machines(assembly, &assembly->components[i], loads);
        }
    }
    for (uint32_t i = 0; i < topology->machine_count; i++) {
        const struct machine_design *machine = &topology->machines[i];
        if (machine->cores > 0 && loads[i].cores > machine->cores * (1 + 1e-9)) {
            const struct document_node *nodes =
                document_peek(document_peek(assembly->document->root, "topology"), "nodes");
            diagnostic_caret(document_warning(assembly->document, nodes, "W2008",
                                              "machines have fewer cores than their replicas"),
                             "%s in %s: %g cores for %u replicas with %g", machine->name,
                             topology->zones[machine->zone].name, machine->cores, loads[i].replicas,
                             loads[i].cores);
            return;
        }
    }
}
