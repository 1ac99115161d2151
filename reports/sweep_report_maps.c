// sweep_report_maps - verdicts and p99 over two parameters, and p99 over each one of a sample.
#include <math.h>
#include <stdio.h>

#include "reports/charts_parts.h"
#include "reports/escape.h"
#include "reports/sweep_report_parts.h"
#include "sim/base/units_format.h"

enum { LEVELS_MOST = 60, NUMBERS_WIDE = 8, NUMBERS_TALL = 6, NUMBERS_MOST = 24 };
enum { HEIGHT = 380 };

const struct sweep_report_look_of_verdict sweep_report_looks[SWEEP_REPORT_LOOKS] = {
    {"PASS", "#009e73"},
    {"FAIL", "#d55e00"},
    {"UNDECIDED", "#e69f00"},
    {"NO DATA", "#6b7280"},
    {"broken", "#111827"},
};

static const uint32_t *levels_of(const struct sweep *sweep, uint32_t point)
{
    return sweep->points.levels + (size_t)point * sweep->space.parameter_count;
}

// ---- which pictures
// ------------------------------------------------------------------------------

// The parameter with the most values but one, which is not `without`; parameter_count: none.
static uint32_t widest(const struct sweep *sweep, uint32_t without)
{
    uint32_t found = sweep->space.parameter_count;
    uint32_t most = 1;
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        const uint32_t count = sweep->space.parameters[i].count;
        if (i != without && count > most && count <= LEVELS_MOST) {
            found = i;
            most = count;
        }
    }
    return found;
}

static bool same_map(const struct sweep *sweep, const struct sweep_report_maps *maps, uint32_t one,
                     uint32_t other)
{
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != maps->x && i != maps->y &&
            levels_of(sweep, one)[i] != levels_of(sweep, other)[i]) {
            return false;
        }
    }
    return true;
}

struct sweep_report_maps sweep_report_maps_of(const struct sweep *sweep)
{
    const uint32_t none = sweep->space.parameter_count;
    struct sweep_report_maps maps = {.x = sweep_load_parameter(sweep)};
    if (maps.x == none || sweep->space.parameters[maps.x].count > LEVELS_MOST) {
        maps.x = widest(sweep, none);
    }
    maps.y = widest(sweep, maps.x);
    if (maps.x == none || maps.y == none || sweep->space.design >= SWEEP_LHS) {
        return maps;
    }
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        bool there = !sweep->rows[point].chosen;
        for (uint32_t i = 0; i < maps.count && !there; i++) {
            there = same_map(sweep, &maps, maps.points[i], point);
        }
        if (!there && maps.count < SWEEP_REPORT_MAPS) {
            maps.points[maps.count++] = point;
        }
        maps.all += !there;
    }
    return maps;
}

// ---- maps
// ----------------------------------------------------------------------------------------

struct picture { // one picture
    const struct sweep_report *report;
    const struct sweep_report_maps *maps;
    uint32_t number;
    struct plot *plot;
};

static bool is_in(const struct picture *map, uint32_t point)
{
    const struct sweep *sweep = map->report->sweep;
    return sweep->rows[point].chosen &&
           same_map(sweep, map->maps, map->maps->points[map->number], point);
}

static void add_levels(const struct sweep *sweep, uint32_t parameter, char axis,
                       struct text *script)
{
    const struct sweep_levels *levels = &sweep->space.parameters[parameter];
    struct arena arena;
    arena_init(&arena);
    const uint32_t step = levels->count > 12 ? (levels->count + 11) / 12 : 1;
    text_format(script, "set %crange [-0.5:%u.5]\nset %ctics (", axis, levels->count - 1, axis);
    for (uint32_t i = 0; i < levels->count; i += step) {
        struct text cut;
        text_init(&cut);
        escape_cut(&cut, sweep_levels_value(levels, &arena, i), SWEEP_REPORT_LABEL);
        text_add(script, i == 0 ? "'" : ", '");
        escape_tic(script, text_get(&cut));
        text_format(script, "' %u", i);
        text_release(&cut);
    }
    text_add(script, axis == 'x' ? ") rotate by 35 right\n" : ")\n");
    text_format(script, "set %clabel '", axis);
    escape_gnuplot(script, levels->name);
    text_add(script, "'\n");
    arena_release(&arena);
}

static void begin_map(struct picture *map, const char *what)
{
    const struct sweep *sweep = map->report->sweep;
    const uint32_t axes[2] = {map->maps->x, map->maps->y};
    struct text title;
    text_init(&title);
    sweep_report_others(sweep, map->maps->points[map->number], axes, &title);
    charts_title(&map->plot->script, what, text_get(&title));
    add_levels(sweep, axes[0], 'x', &map->plot->script);
    add_levels(sweep, axes[1], 'y', &map->plot->script);
    text_add(&map->plot->script, "unset grid\nset style fill solid 1 border rgb '#ffffff'\n");
    text_format(&map->plot->alt, "%sover %s and %s%s%s", what,
                sweep->space.parameters[axes[0]].name, sweep->space.parameters[axes[1]].name,
                title.length > 0 ? " at " : "", text_get(&title));
    text_release(&title);
}

uint32_t sweep_report_look_of(const struct sweep_row *row)
{
    return row->state == SWEEP_DONE ? (uint32_t)row->verdict : SWEEP_REPORT_LOOKS - 1;
}

static void draw_verdicts(struct picture *map, struct plot_list *list)
{
    const struct sweep *sweep = map->report->sweep;
    map->plot = plot_begin(list, PLOT_VERDICTS, map->number, HEIGHT);
    begin_map(map, "verdicts ");
    text_add(&map->plot->script, "set key outside below horizontal\nplot ");
    for (uint32_t block = 0; block < SWEEP_REPORT_LOOKS; block++) {
        text_add(&map->plot->data, "NaN NaN\n");
        uint32_t count = 0;
        for (uint32_t point = 0; point < sweep->points.count; point++) {
            if (is_in(map, point) && sweep_report_look_of(&sweep->rows[point]) == block) {
                const uint32_t *levels = levels_of(sweep, point);
                text_format(&map->plot->data, "%u %u\n", levels[map->maps->x],
                            levels[map->maps->y]);
                count++;
            }
        }
        text_add(&map->plot->data, "\n\n");
        text_format(&map->plot->script,
                    "%s'%s.dat' index %u using 1:2:(0.47):(0.47) with boxxyerror fc rgb '%s' ",
                    block == 0 ? "" : ", ", map->plot->name, block,
                    sweep_report_looks[block].colour);
        text_format(&map->plot->script, count > 0 ? "title '%s'" : "notitle",
                    sweep_report_looks[block].title);
    }
    text_add_char(&map->plot->script, '\n');
}

// "12ms", as short as it can be read.
static void add_short(struct text *out, double value_s)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double value = value_s * 1e9;
    uint32_t unit = 0;
    for (; unit < 3 && value >= 999.5; unit++) {
        value /= 1000;
    }
    text_format(out, value < 9.95 ? "%.1f%s" : "%.0f%s", value, units[unit]);
}

static const struct estimate *p99_of(const struct picture *map, uint32_t point)
{
    static const struct estimate unknown;
    const struct sweep_row *row = &map->report->sweep->rows[point];
    return is_in(map, point) && row->state == SWEEP_DONE
               ? &row->flows[map->report->curves->workload].p99
               : &unknown;
}

// How numbers stand in cells, as words for gnuplot: lying, upright in narrow cells, NULL: no room.
static const char *stance_of(uint32_t wide, uint32_t tall)
{
    const bool narrow = wide > NUMBERS_WIDE;
    if (wide > NUMBERS_MOST || tall > NUMBERS_MOST / 2 || (narrow && tall > NUMBERS_TALL)) {
        return NULL;
    }
    return narrow ? "rotate by 90" : "norotate";
}

// Rows of the data: levels and p99 in s; the number stands in its cell where there is room.
static uint32_t add_heat(struct picture *map, double *low, double *high)
{
    const struct sweep_levels *parameters = map->report->sweep->space.parameters;
    const char *stance =
        stance_of(parameters[map->maps->x].count, parameters[map->maps->y].count);
    const struct sweep *sweep = map->report->sweep;
    uint32_t count = 0;
    for (uint32_t point = 0; point < sweep->points.count; point++) {
        const struct estimate *p99 = p99_of(map, point);
        if (!p99->known || !(p99->value > 0)) {
            continue;
        }
        const uint32_t *levels = levels_of(sweep, point);
        const uint32_t x = levels[map->maps->x], y = levels[map->maps->y];
        text_format(&map->plot->data, "%u %u %.5g\n", x, y, p99->value);
        *low = count == 0 || p99->value < *low ? p99->value : *low;
        *high = count == 0 || p99->value > *high ? p99->value : *high;
        count++;
        if (stance != NULL) {
            text_add(&map->plot->script, "set label '");
            add_short(&map->plot->script, p99->value);
            text_format(&map->plot->script,
                        "' at %u,%u center %s front font 'sans-serif,13' textcolor rgb '#1f2937'\n",
                        x, y, stance);
        }
    }
    return count;
}

static void draw_heat(struct picture *map, struct plot_list *list)
{
    double low = 0, high = 0;
    map->plot = plot_begin(list, PLOT_MAP, map->number, HEIGHT);
    begin_map(map, "p99 ");
    if (add_heat(map, &low, &high) == 0) {
        text_add(&map->plot->data, "NaN NaN NaN\n");
        low = high = 1e-3;
    }
    charts_latency_axis(&map->plot->script, "cb", low, high);
    text_format(&map->plot->script,
                "set cbrange [%.6g:%.6g]\nset palette defined (0 '#eaf3fb', 1 '#b7d7ee', "
                "2 '#fde3a7', 3 '#f6b26b', 4 '#e0754a')\nset colorbox noborder\nunset key\n"
                "plot '%s.dat' using 1:2:(0.47):(0.47):3 with boxxyerror fc palette\n",
                low / 1.01, high > low ? high : low * 10, map->plot->name);
}

void sweep_report_draw_maps(const struct sweep_report *report, struct plot_list *list)
{
    const struct sweep *sweep = report->sweep;
    const struct sweep_report_maps maps = sweep_report_maps_of(sweep);
    struct picture map = {.report = report, .maps = &maps};
    for (; map.number < maps.count; map.number++) {
        draw_verdicts(&map, list);
        if (sweep->workload_count > 0) {
            draw_heat(&map, list);
        }
    }
}
