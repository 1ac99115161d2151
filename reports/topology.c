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

enum { NODE_HEIGHT = 46, NODE_PADDING = 26, NAME_MOST = 28, TIMEOUT_S = 20, EDGE_MOST = 400 };

#define PIXELS 72.0 // per inch of Graphviz
#define NAME_WIDTH 7.6
#define EDGE_FONT 11

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
    text_format(out, "  %c%u -> n%u [label=\"", client ? 'w' : 'n',
                client ? edge->workload : edge->from, edge->to);
    escape_dot(out, text_get(&label));
    text_add(out, "\"];\n");
    text_release(&label);
}

void topology_dot(const struct result *result, struct text *out)
{
    text_format(out,
                "// who calls whom; drawn by: dot -Tsvg topology.dot\ndigraph topology {\n"
                "  rankdir=LR; nodesep=0.28; ranksep=0.55;\n"
                "  node [shape=box, style=rounded, fixedsize=true, fontname=\"sans-serif\"];\n"
                "  edge [fontsize=%d, fontname=\"sans-serif\"];\n",
                EDGE_FONT);
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

static const char *edge_class(const struct result *result, const char *from, const char *to)
{
    const uint32_t tail = (uint32_t)strtoul(from + 1, NULL, 10);
    const uint32_t head = (uint32_t)strtoul(to + 1, NULL, 10);
    for (uint32_t e = 0; e < result->edge_count; e++) {
        const struct result_edge *edge = &result->edges[e];
        const bool client = edge->from == RESULT_NONE;
        if (edge->to == head && client == (from[0] == 'w') &&
            (client ? edge->workload : edge->from) == tail) {
            const double failed =
                edge->calls == 0 ? 0 : (double)edge->failures / (double)edge->calls;
            return edge->calls == 0 ? "edge idle"
                   : failed > 0.01  ? "edge bad"
                   : failed > 0.001 ? "edge poor"
                                    : "edge";
        }
    }
    return "edge";
}

// `edge n0 n1 4 x y x y x y x y "label" x y ...`
static void draw_edge(struct drawing *drawing, struct scan *scan)
{
    char from[32], to[32], label[160];
    if (!next_word(scan, from, sizeof from) || !next_word(scan, to, sizeof to)) {
        return;
    }
    struct text *out = drawing->out;
    const uint32_t points = (uint32_t)next_number(scan);
    text_format(out, "<path class=\"%s\" d=\"", edge_class(drawing->result, from, to));
    for (uint32_t i = 0; i < points && i < EDGE_MOST; i++) {
        const double x = next_number(scan), y = next_number(scan);
        text_format(out, "%s%.1f %.1f",
                    i == 0   ? "M"
                    : i == 1 ? "C"
                             : " ",
                    across(x), down(drawing, y));
    }
    text_add(out, "\" marker-end=\"url(#topology-arrow)\"/>");
    if (next_word(scan, label, sizeof label) && strcmp(label, "solid") != 0) {
        const double x = next_number(scan), y = next_number(scan);
        text_format(out, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\">", across(x),
                    down(drawing, y) + 4);
        escape_html(out, label);
        text_add(out, "</text>");
    }
    text_add(out, "\n");
}

static void begin_picture(struct drawing *drawing, struct scan *scan)
{
    next_number(scan); // the scale
    const double width = next_number(scan);
    drawing->height = next_number(scan);
    text_format(drawing->out,
                "<svg class=\"topology\" viewBox=\"-8 -8 %.0f %.0f\" width=\"%.0f\" role=\"img\" "
                "aria-label=\"Topology: who calls whom\">"
                "<defs><marker id=\"topology-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
                "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" "
                "d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
                across(width) + 16, across(drawing->height) + 16, across(width) + 16);
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
