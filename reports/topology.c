// topology - asks `dot` for places alone, then draws boxes, curves and links itself.
#include "reports/topology.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/escape.h"
#include "reports/figure_text.h"
#include "reports/plot.h"
#include "sim/base/file.h"

enum { NODE_HEIGHT = 46, NODE_PADDING = 26, NAME_MOST = 28, TIMEOUT_S = 20, SMALL = 4 };
enum { POINTS_MOST = 100 }; // of a curve

#define PIXELS 72.0 // per inch of Graphviz
#define NAME_WIDTH 8.3

void topology_label(const struct result_edge *edge, struct text *out)
{
    char value[FIGURE_TEXT_ROOM];
    const char *comma = "";
    if (edge->protocol != NULL) {
        text_add(out, edge->protocol);
        comma = ", ";
    }
    if (edge->calls > 0 && !isnan(edge->p99_s)) {
        text_format(out, "%sp99 %s", comma,
                    figure_text_value(value, sizeof value, edge->p99_s, "s"));
        comma = ", ";
    }
    if (edge->calls > 0 && edge->failures > 0) {
        const double share = (double)edge->failures / (double)edge->calls;
        text_format(out, share < 0.0001 ? "%s<0.01 %% failed" : "%s%.2g %% failed", comma,
                    share * 100);
    }
}

// ---- Graphviz ----------------------------------------------------------------------------------

static size_t points_of(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return count < NAME_MOST ? count : NAME_MOST;
}

static double node_width(const char *name)
{
    const double text = NAME_WIDTH * (double)points_of(name);
    return (text < 126 ? 126 : text) + NODE_PADDING;
}

static void add_dot_node(struct text *out, char letter, uint32_t number, const char *name)
{
    text_format(out, "  %c%u [width=%.3f, height=%.3f, label=\"", letter, number,
                node_width(name) / PIXELS, NODE_HEIGHT / PIXELS);
    escape_dot(out, name);
    text_add(out, "\"];\n");
}

static void add_dot_edge(struct text *out, const struct result_edge *edge)
{
    struct text label;
    text_init(&label);
    topology_label(edge, &label);
    const bool client = edge->from == RESULT_NONE;
    text_format(out, "  %c%u -> n%u [tooltip=\"", client ? 'w' : 'n',
                client ? edge->workload : edge->from, edge->to);
    escape_dot(out, text_get(&label));
    text_add(out, "\"];\n");
    text_release(&label);
}

// Small graphs read from left to right, large ones from top to bottom.
void topology_dot(const struct result *result, struct text *out)
{
    const bool small = result->component_count <= SMALL;
    text_format(out,
                "// who calls whom; drawn by: dot -Tsvg topology.dot\ndigraph topology {\n"
                "  rankdir=%s; nodesep=0.25; ranksep=%s;\n"
                "  node [shape=box, style=rounded, fixedsize=true, fontname=\"sans-serif\"];\n",
                small ? "LR" : "TB", small ? "1.5" : "0.75");
    for (uint32_t w = 0; w < result->workload_count; w++) {
        add_dot_node(out, 'w', w, result->workloads[w].name);
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        add_dot_node(out, 'n', c, result->components[c].name);
    }
    for (uint32_t e = 0; e < result->edge_count; e++) {
        add_dot_edge(out, &result->edges[e]);
    }
    text_add(out, "}\n");
}

// ---- reading what dot says ---------------------------------------------------------------------

struct scan { // over the lines of `dot -Tplain`
    const char *at;
};

// The next word of the line; quoted ones without their quotes. False at its end.
static bool next_word(struct scan *scan, char *word, size_t room)
{
    size_t length = 0;
    while (*scan->at == ' ') {
        scan->at++;
    }
    if (*scan->at == '\n' || *scan->at == '\0') {
        return false;
    }
    const bool quoted = *scan->at == '"';
    scan->at += quoted;
    while (*scan->at != '\0' && *scan->at != '\n' &&
           (quoted ? *scan->at != '"' : *scan->at != ' ')) {
        scan->at += quoted && *scan->at == '\\' && scan->at[1] != '\0';
        if (length + 1 < room) {
            word[length++] = *scan->at;
        }
        scan->at++;
    }
    scan->at += *scan->at == '"';
    word[length] = '\0';
    return true;
}

static double next_number(struct scan *scan)
{
    char word[64];
    return next_word(scan, word, sizeof word) ? strtod(word, NULL) : 0;
}

static void next_line(struct scan *scan)
{
    while (*scan->at != '\0' && *scan->at != '\n') {
        scan->at++;
    }
    scan->at += *scan->at == '\n';
}

struct drawing {
    const struct result *result;
    struct text *out;
    double height; // of the picture, in inches: y points down in SVG
};

static double across(double inches)
{
    return inches * PIXELS;
}

static double down(const struct drawing *drawing, double inches)
{
    return (drawing->height - inches) * PIXELS;
}

// ---- drawing -----------------------------------------------------------------------------------

static const char *shade_of(const struct estimate *utilization)
{
    if (!utilization->known) {
        return "u-none";
    }
    const double busy = utilization->value;
    return busy < 0.25   ? "u-0"
           : busy < 0.5  ? "u-1"
           : busy < 0.7  ? "u-2"
           : busy < 0.85 ? "u-3"
                         : "u-4";
}

// Groups get colours in order of their first appearance.
static uint32_t group_of(const struct result *result, uint32_t component)
{
    enum { COLOURS = 6 };
    uint32_t group = 0;
    for (uint32_t c = 0; c < component; c++) {
        bool first = true;
        for (uint32_t before = 0; before < c; before++) {
            first &= !text_same(result->components[before].group, result->components[c].group);
        }
        if (text_same(result->components[c].group, result->components[component].group)) {
            break;
        }
        group += first;
    }
    return group % COLOURS;
}

static void add_name(struct text *out, const char *name)
{
    struct text cut;
    text_init(&cut);
    escape_cut(&cut, name, NAME_MOST);
    escape_html(out, text_get(&cut));
    text_release(&cut);
}

static void add_component(struct drawing *drawing, uint32_t index, double left, double top)
{
    const struct result *result = drawing->result;
    const struct result_component *component = &result->components[index];
    const struct estimate *busy = result_flow(result, component->figures, RESULT_UTILIZATION);
    const struct estimate *p99 = result_flow(result, component->figures, RESULT_P99);
    const double width = node_width(component->name);
    char value[FIGURE_TEXT_ROOM];
    struct text *out = drawing->out;
    text_add(out, "<a href=\"#component-");
    escape_identifier(out, component->name);
    text_format(out,
                "\"><rect class=\"node %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
                "rx=\"7\"/><rect class=\"g-%u\" x=\"%.1f\" y=\"%.1f\" width=\"6\" height=\"%d\" "
                "rx=\"3\"/><text class=\"name\" x=\"%.1f\" y=\"%.1f\">",
                shade_of(busy), left, top, width, NODE_HEIGHT, group_of(result, index), left, top,
                NODE_HEIGHT, left + 14, top + 19);
    add_name(out, component->name);
    text_format(out, "</text><text class=\"figures\" x=\"%.1f\" y=\"%.1f\">", left + 14, top + 36);
    if (busy->known) {
        text_format(out, "%.0f %% busy", busy->value * 100);
    }
    if (p99->known) {
        text_format(out, "%sp99 %s", busy->known ? " \xC2\xB7 " : "",
                    figure_text_value(value, sizeof value, p99->value, "s"));
    }
    text_add(out, "</text><title>");
    escape_html(out, component->name);
    text_add(out, "</title></a>\n");
}

static void add_workload(struct drawing *drawing, uint32_t index, double left, double top)
{
    const struct result *result = drawing->result;
    const struct result_workload *workload = &result->workloads[index];
    char value[FIGURE_TEXT_ROOM];
    struct text *out = drawing->out;
    text_format(out,
                "<rect class=\"client\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
                "rx=\"22\"/><text class=\"name\" x=\"%.1f\" y=\"%.1f\">",
                left, top, node_width(workload->name), NODE_HEIGHT, left + 16, top + 19);
    add_name(out, workload->name);
    text_format(out, "</text><text class=\"figures\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", left + 16,
                top + 36,
                figure_text_estimate(value, sizeof value,
                                     result_flow(result, workload->figures, RESULT_OFFERED),
                                     "1/s"));
}

// `node n3 x y width height ...`
static void draw_node(struct drawing *drawing, struct scan *scan)
{
    char name[32];
    if (!next_word(scan, name, sizeof name)) {
        return;
    }
    const uint32_t index = (uint32_t)strtoul(name + 1, NULL, 10);
    const double x = next_number(scan), y = next_number(scan);
    const double width = next_number(scan), height = next_number(scan);
    const double left = across(x - width / 2), top = down(drawing, y + height / 2);
    if (name[0] == 'n' && index < drawing->result->component_count) {
        add_component(drawing, index, left, top);
    } else if (name[0] == 'w' && index < drawing->result->workload_count) {
        add_workload(drawing, index, left, top);
    }
}

// The edge between two nodes, by their names; RESULT_NONE.
static uint32_t find_edge(const struct result *result, const char *from, const char *to)
{
    const uint32_t tail = (uint32_t)strtoul(from + 1, NULL, 10);
    const uint32_t head = (uint32_t)strtoul(to + 1, NULL, 10);
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        const bool client = edge->from == RESULT_NONE;
        if (edge->to == head && client == (from[0] == 'w') &&
            (client ? edge->workload : edge->from) == tail) {
            return e;
        }
    }
    return RESULT_NONE;
}

static const char *edge_class(const struct result_edge *edge)
{
    if (edge->calls == 0) {
        return "edge idle";
    }
    const double failed = (double)edge->failures / (double)edge->calls;
    return failed > 0.01 ? "edge bad" : failed > 0.001 ? "edge poor" : "edge";
}

// Short: "gRPC 12ms 0.4 %".
static void add_label(struct text *out, const struct result_edge *edge, double x, double y)
{
    char value[FIGURE_TEXT_ROOM];
    if (edge->calls == 0 || isnan(edge->p99_s)) {
        return;
    }
    text_format(out, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\">", x, y);
    if (edge->protocol != NULL) {
        escape_html(out, edge->protocol);
        text_add_char(out, ' ');
    }
    text_add(out, figure_text_value(value, sizeof value, edge->p99_s, "s"));
    const double failed = (double)edge->failures / (double)edge->calls;
    if (failed >= 0.0001) {
        text_format(out, " %.2g %%", failed * 100);
    }
    text_add(out, "</text>");
}

// A point of the curve; neighbours take different ones, so that labels seldom meet.
static double along(const double *points, uint32_t segment, double share)
{
    const double rest = 1 - share, *at = points + 3 * (size_t)segment;
    return rest * rest * rest * at[0] + 3 * rest * rest * share * at[1] +
           3 * rest * share * share * at[2] + share * share * share * at[3];
}

static void draw_call(struct drawing *drawing, const struct result_edge *edge,
                      const double x[POINTS_MOST], const double y[POINTS_MOST], uint32_t points)
{
    static const double shares[] = {0.5, 0.32, 0.68};
    const uint32_t number = (uint32_t)(edge - drawing->result->edges);
    struct text *out = drawing->out, label;
    text_init(&label);
    topology_label(edge, &label);
    text_format(out, "<g class=\"call\"><path class=\"%s\" d=\"", edge_class(edge));
    for (uint32_t i = 0; i < points; i++) {
        text_format(out, "%s%.1f %.1f", i == 0 ? "M" : i == 1 ? "C" : " ", x[i], y[i]);
    }
    text_add(out, "\" marker-end=\"url(#topology-arrow)\"/>");
    const uint32_t segment = (points - 1) / 3 / 2;
    const double share = points > 4 ? 0.5 : shares[number % 3];
    add_label(out, edge, along(x, segment, share), along(y, segment, share) + 3);
    text_add(out, "<title>");
    escape_html(out, text_get(&label));
    text_add(out, "</title></g>\n");
    text_release(&label);
}

// `edge n0 n1 4 x y x y x y x y ...`
static void draw_edge(struct drawing *drawing, struct scan *scan)
{
    char from[32], to[32];
    double x[POINTS_MOST], y[POINTS_MOST];
    if (!next_word(scan, from, sizeof from) || !next_word(scan, to, sizeof to)) {
        return;
    }
    const uint32_t edge = find_edge(drawing->result, from, to);
    const double count = next_number(scan);
    if (edge == RESULT_NONE || count < 4 || count > POINTS_MOST) {
        return;
    }
    const uint32_t points = ((uint32_t)count - 1) / 3 * 3 + 1;
    for (uint32_t i = 0; i < points; i++) {
        x[i] = across(next_number(scan));
        y[i] = down(drawing, next_number(scan));
    }
    draw_call(drawing, &drawing->result->edges[edge], x, y, points);
}

static void begin_picture(struct drawing *drawing, struct scan *scan)
{
    next_number(scan); // the scale
    const double width = next_number(scan);
    drawing->height = next_number(scan);
    text_format(drawing->out,
                "<svg class=\"topology\" viewBox=\"-8 -8 %.0f %.0f\" width=\"%.0f\" "
                "style=\"min-width:%.0fpx\" role=\"img\" "
                "aria-label=\"Topology: who calls whom\">"
                "<defs><marker id=\"topology-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
                "markerUnits=\"userSpaceOnUse\" markerWidth=\"9\" markerHeight=\"9\" "
                "orient=\"auto\"><path class=\"tip\" "
                "d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
                across(width) + 16, across(drawing->height) + 16, across(width) + 16,
                across(width) * 0.8);
}

// Edges first, so that boxes lie above them.
static void draw(struct drawing *drawing, const char *plain, bool edges)
{
    struct scan scan = {plain};
    while (*scan.at != '\0') {
        char word[16];
        if (next_word(&scan, word, sizeof word)) {
            if (edges && strcmp(word, "graph") == 0) {
                begin_picture(drawing, &scan);
            } else if (edges && strcmp(word, "edge") == 0) {
                draw_edge(drawing, &scan);
            } else if (!edges && strcmp(word, "node") == 0) {
                draw_node(drawing, &scan);
            }
        }
        next_line(&scan);
    }
}

static bool lay_out(const struct result *result, const char *directory, struct text *plain)
{
    static const char *const arguments[] = {"dot",          "-Tplain", "-o", "topology.plain",
                                            "topology.dot", NULL};
    struct text dot, path, why;
    text_init(&dot);
    text_init(&path);
    text_init(&why);
    topology_dot(result, &dot);
    text_format(&path, "%s/topology.dot", directory);
    bool good = file_write_atomic(text_get(&path), text_get(&dot), dot.length, &why) &&
                plot_spawn(arguments, directory, TIMEOUT_S) == 0;
    text_clear(&path);
    text_format(&path, "%s/topology.plain", directory);
    good = good && file_read(text_get(&path), plain, &why);
    unlink(text_get(&path));
    text_release(&dot);
    text_release(&path);
    text_release(&why);
    return good && strncmp(text_get(plain), "graph ", 6) == 0;
}

bool topology_svg(const struct result *result, const char *directory, struct text *out)
{
    struct text plain;
    text_init(&plain);
    const bool good = result->component_count > 0 && lay_out(result, directory, &plain);
    if (good) {
        struct drawing drawing = {.result = result, .out = out};
        draw(&drawing, text_get(&plain), true);
        draw(&drawing, text_get(&plain), false);
        text_add(out, "</svg>\n");
    }
    text_release(&plain);
    return good;
}

// ---- Mermaid -----------------------------------------------------------------------------------

void topology_mermaid(const struct result *result, struct text *out)
{
    text_add(out, "flowchart LR\n");
    for (uint32_t w = 0; w < result->workload_count; w++) {
        text_format(out, "  w%u([\"", w);
        escape_mermaid(out, result->workloads[w].name);
        text_add(out, "\"])\n");
    }
    for (uint32_t c = 0; c < result->component_count; c++) {
        const struct result_component *component = &result->components[c];
        const struct estimate *busy = result_flow(result, component->figures, RESULT_UTILIZATION);
        text_format(out, "  n%u[\"", c);
        escape_mermaid(out, component->name);
        if (busy->known) {
            text_format(out, "<br/>%.0f#37; busy", busy->value * 100);
        }
        text_add(out, "\"]\n");
    }
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        const bool client = edge->from == RESULT_NONE;
        struct text label;
        text_init(&label);
        topology_label(edge, &label);
        text_format(out, "  %c%u -->", client ? 'w' : 'n', client ? edge->workload : edge->from);
        if (label.length > 0) {
            text_add(out, "|\"");
            escape_mermaid(out, text_get(&label));
            text_add(out, "\"|");
        }
        text_format(out, " n%u\n", edge->to);
        text_release(&label);
    }
}
