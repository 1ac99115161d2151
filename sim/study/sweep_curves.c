// sweep_curves - groups points by their other parameters, sorts them by load, finds knees.
#include "sim/study/sweep_curves.h"

#include <string.h>

#include "sim/study/knee.h"

enum { FEWEST = 3, POINTS_MOST = 20000 }; // more points are no picture

uint32_t sweep_curves_workload(const struct sweep *sweep)
{
    for (uint32_t s = 0; s < sweep->slo_count; s++) {
        for (uint32_t w = 0; w < sweep->workload_count; w++) {
            if (text_same(sweep->slos[s].target, sweep->workloads[w])) {
                return w;
            }
        }
    }
    return 0;
}

static const uint32_t *levels_of(const struct sweep *sweep, uint32_t point)
{
    return sweep->points.levels + (size_t)point * sweep->space.parameter_count;
}

static bool same_but(const struct sweep *sweep, uint32_t parameter, uint32_t one, uint32_t other)
{
    for (uint32_t i = 0; i < sweep->space.parameter_count; i++) {
        if (i != parameter && levels_of(sweep, one)[i] != levels_of(sweep, other)[i]) {
            return false;
        }
    }
    return true;
}

static bool is_drawn(const struct sweep *sweep, uint32_t point, uint32_t workload)
{
    const struct sweep_row *row = &sweep->rows[point];
    return row->state == SWEEP_DONE && row->flows[workload].p99.known;
}

// Two points with the same load, in a list say, are one on the axis: the first stays.
static void insert(struct sweep_curve *curve, uint32_t point, double load)
{
    uint32_t at = curve->count;
    while (at > 0 && curve->load[at - 1] > load) {
        at--;
    }
    if (at > 0 && curve->load[at - 1] == load) {
        return;
    }
    for (uint32_t i = curve->count; i > at; i--) {
        curve->load[i] = curve->load[i - 1];
        curve->points[i] = curve->points[i - 1];
    }
    curve->load[at] = load;
    curve->points[at] = point;
    curve->count++;
}

static void gather(const struct sweep *sweep, const struct sweep_curves *curves, uint32_t first,
                   bool *taken, struct sweep_curve *curve)
{
    for (uint32_t point = first; point < sweep->points.count; point++) {
        if (taken[point] || !is_drawn(sweep, point, curves->workload) ||
            !same_but(sweep, curves->parameter, first, point)) {
            continue;
        }
        taken[point] = true;
        const char *load = sweep_value(sweep, point, curves->parameter);
        insert(curve, point, sweep_where_amount(load).value);
    }
}

static void find_knee(const struct sweep *sweep, const struct sweep_curves *curves,
                      struct arena *arena, struct sweep_curve *curve)
{
    double *latency = arena_take_array(arena, curve->count, sizeof *latency);
    for (uint32_t i = 0; i < curve->count; i++) {
        latency[i] = sweep->rows[curve->points[i]].flows[curves->workload].p99.value;
    }
    const uint32_t knee = knee_find(curve->load, latency, curve->count, &curve->depth);
    curve->knee = knee == KNEE_NONE ? RESULT_NONE : curve->points[knee];
}

static struct sweep_curve copy_curve(struct arena *arena, const struct sweep_curve *from)
{
    struct sweep_curve curve = {.count = from->count, .knee = RESULT_NONE};
    curve.points = arena_take_array(arena, from->count, sizeof *curve.points);
    curve.load = arena_take_array(arena, from->count, sizeof *curve.load);
    memcpy(curve.points, from->points, from->count * sizeof *curve.points);
    memcpy(curve.load, from->load, from->count * sizeof *curve.load);
    return curve;
}

struct sweep_curves sweep_curves_find(const struct sweep *sweep, struct arena *arena)
{
    struct sweep_curves curves = {.parameter = sweep_load_parameter(sweep),
                                  .workload = sweep_curves_workload(sweep)};
    const uint32_t count = sweep->points.count;
    if (curves.parameter == sweep->space.parameter_count || sweep->workload_count == 0 ||
        sweep->space.design >= SWEEP_LHS || count > POINTS_MOST) {
        return curves;
    }
    struct sweep_curve scratch = {.points = arena_take_array(arena, count, sizeof(uint32_t)),
                                  .load = arena_take_array(arena, count, sizeof(double))};
    bool *taken = arena_take_array(arena, count, sizeof *taken);
    curves.curves = arena_take_array(arena, count / FEWEST + 1, sizeof *curves.curves);
    for (uint32_t point = 0; point < count; point++) {
        if (taken[point] || !is_drawn(sweep, point, curves.workload)) {
            continue;
        }
        scratch.count = 0;
        gather(sweep, &curves, point, taken, &scratch);
        if (scratch.count >= FEWEST) {
            struct sweep_curve *curve = &curves.curves[curves.count++];
            *curve = copy_curve(arena, &scratch);
            find_knee(sweep, &curves, arena, curve);
        }
    }
    return curves;
}
