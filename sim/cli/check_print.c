// check_print - what `orrery check --print` shows of a scenario: the tree, the graph, the loads.
#include "sim/cli/check_print.h"

#include "sim/base/units_format.h"

bool check_print_knows(const char *what)
{
    return text_same(what, "resolved") || text_same(what, "graph") || text_same(what, "cost");
}

// ---- graph -------------------------------------------------------------------------------------

// A DOT string: quotes and backslashes are escaped.
static void add_quoted(struct text *out, const char *name)
{
    text_add_char(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            text_add_char(out, '\\');
        }
        text_add_char(out, *name);
    }
    text_add_char(out, '"');
}

static const char *colour_of(const char *group)
{
    static const char *const colours[][2] = {
        {"gateway", "#9ecae1"},
        {"service", "#a1d99b"},
        {"datastore", "#fdae6b"},
        {"broker", "#bcbddc"},
    };
    for (size_t i = 0; group != NULL && i < sizeof colours / sizeof colours[0]; i++) {
        if (text_same(colours[i][0], group)) {
            return colours[i][1];
        }
    }
    return "#d9d9d9";
}

static void add_component(const struct component_design *component, struct text *out)
{
    text_add(out, "  ");
    add_quoted(out, component->name);
    text_add(out, " [label=");
    struct text label;
    text_init(&label);
    text_format(&label, "%s (%s x %u)",
                component->title != NULL ? component->title : component->name, component->kind,
                component->replicas);
    add_quoted(out, text_get(&label));
    text_release(&label);
    text_format(out, ", fillcolor=\"%s\"];\n", colour_of(component->group));
}

static void print_graph(const struct scenario *scenario, struct text *out)
{
    const struct design *design = &scenario->design;
    text_add(out, "digraph ");
    add_quoted(out, design->name);
    text_add(out, " {\n  rankdir=LR;\n  node [shape=box, style=filled];\n");
    for (uint32_t i = 0; i < design->component_count; i++) {
        add_component(&design->components[i], out);
    }
    for (uint32_t i = 0; i < design->workload_count; i++) {
        text_add(out, "  ");
        add_quoted(out, design->workloads[i].name);
        text_add(out, " [shape=oval, fillcolor=white];\n");
    }
    for (uint32_t i = 0; i < design->edge_count; i++) {
        const struct edge_design *edge = &design->edges[i];
        text_add(out, "  ");
        add_quoted(out, edge->from == DESIGN_NONE ? design->workloads[edge->workload].name
                                                  : design->components[edge->from].name);
        text_add(out, " -> ");
        add_quoted(out, design->components[edge->to].name);
        if (edge->protocol != NULL) {
            text_add(out, " [label=");
            add_quoted(out, edge->protocol);
            text_add(out, "]");
        }
        text_add(out, ";\n");
    }
    text_add(out, "}\n");
}

// ---- cost --------------------------------------------------------------------------------------

static void print_cost(const struct scenario *scenario, struct text *out)
{
    const struct design *design = &scenario->design;
    text_format(out, "%-20s %10s %10s %10s %6s\n", "component", "in/s", "cores", "available",
                "util");
    for (uint32_t i = 0; i < scenario->capacity.count; i++) {
        const struct capacity_row *row = &scenario->capacity.rows[i];
        char rate[UNITS_FORMAT_ROOM];
        text_format(out, "%-20s %10s %10.2f ", design->components[i].name,
                    units_format_si(rate, sizeof rate, row->rate), row->busy);
        if (row->available > 0) {
            text_format(out, "%10g %6.2f\n", row->available, row->utilization);
        } else {
            text_format(out, "%10s %6s\n", "-", "-");
        }
    }
    text_add(out,
             "\nat the peak of open workloads; 80 % of look-ups are taken as hits, retries are "
             "not counted\n");
    char events[UNITS_FORMAT_ROOM];
    text_format(out, "events: %s a simulated second\n",
                units_format_si(events, sizeof events, scenario->capacity.events_per_s));
}

void check_print(const struct scenario *scenario, const char *what, struct text *out)
{
    if (text_same(what, "graph")) {
        print_graph(scenario, out);
    } else if (text_same(what, "cost")) {
        print_cost(scenario, out);
    } else {
        scenario_resolved(scenario, out);
    }
}
