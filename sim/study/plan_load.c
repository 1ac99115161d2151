// plan_load - what the load that is planned for is made of: growth, peak, measured hours, headroom.
#include "sim/study/plan_load.h"

#include <math.h>
#include <stdlib.h>

#include "sim/scenario/capacity.h"
#include "sim/study/plan_parts.h"

struct ranked {
    double rate;
    uint32_t hour;
};

// Of equally busy hours the earliest is last, and so the busiest.
static int by_rate(const void *one, const void *other)
{
    const struct ranked *a = one, *b = other;
    if (a->rate != b->rate) {
        return a->rate < b->rate ? -1 : 1;
    }
    return a->hour < b->hour ? 1 : a->hour > b->hour ? -1 : 0;
}

static double rate_of(const struct measured_load *load, uint32_t hour, uint32_t column)
{
    return load->rates[(size_t)hour * load->column_count + column];
}

// The hour at a percentile of the hours by one column, or by all together (DESIGN_NONE).
static uint32_t hour_at(struct plan *plan, uint32_t column, double percentile)
{
    const struct measured_load *load = &plan->base.top.plan.load.measured;
    struct ranked *ranked = arena_take_array(&plan->arena, load->hour_count, sizeof *ranked);
    for (uint32_t h = 0; h < load->hour_count; h++) {
        ranked[h].hour = h;
        for (uint32_t c = 0; c < load->column_count; c++) {
            ranked[h].rate += column == c || column == DESIGN_NONE ? rate_of(load, h, c) : 0.0;
        }
    }
    qsort(ranked, load->hour_count, sizeof *ranked, by_rate);
    const double rank = ceil(percentile * load->hour_count - 1e-9);
    return ranked[rank < 1.0 ? 0 : (uint32_t)rank - 1].hour;
}

// What the scenario offers in the place of a column, at its peak.
static double present_rate(const struct design *design, uint32_t workload)
{
    double sum = 0.0;
    for (uint32_t w = 0; w < design->workload_count; w++) {
        const bool open = design->workloads[w].model == WORKLOAD_OPEN;
        sum += workload == w || (workload == DESIGN_NONE && open) ? capacity_peak(design, w) : 0.0;
    }
    return sum;
}

static struct plan_column column_of(struct plan *plan, uint32_t c, uint32_t together)
{
    const struct measured_load *load = &plan->base.top.plan.load.measured;
    const uint32_t workload = load->workloads[c];
    const uint32_t most = hour_at(plan, c, 1.0);
    const uint32_t hour =
        together == DESIGN_NONE ? hour_at(plan, c, plan->load.percentile) : together;
    return (struct plan_column){
        .name = workload == DESIGN_NONE ? NULL : plan->base.design.workloads[workload].name,
        .present = present_rate(&plan->base.design, workload),
        .planned = rate_of(load, hour, c),
        .most = rate_of(load, most, c),
        .hour = load->hours[hour],
        .most_hour = load->hours[most],
    };
}

static bool fill_columns(struct plan *plan, struct text *wrong)
{
    const struct section_profile *section = &plan->base.top.plan.load.profile;
    const struct measured_load *measured = &plan->base.top.plan.load.measured;
    struct plan_load *load = &plan->load;
    load->path = measured->path;
    load->hour_count = measured->hour_count;
    load->percentile = section->percentile;
    load->columns =
        arena_take_array(&plan->arena, measured->column_count + 1, sizeof *load->columns);
    const uint32_t together =
        section->hours == 0 ? hour_at(plan, DESIGN_NONE, load->percentile) : DESIGN_NONE;
    load->at = together == DESIGN_NONE ? NULL : measured->hours[together];
    for (uint32_t c = 0; c < measured->column_count; c++) {
        const struct plan_column column = column_of(plan, c, together);
        load->columns[load->column_count++] = column;
        if (!(column.present > 0.0)) {
            text_format(
                wrong,
                "`plan.load.profile`: the scenario has no rate of `%s` to hold the measured "
                "one against",
                column.name == NULL ? "any open workload" : column.name);
            return false;
        }
    }
    return true;
}

static double hour_of(const struct plan_load *load)
{
    double present = 0.0, planned = 0.0;
    for (uint32_t c = 0; c < load->column_count; c++) {
        present += load->columns[c].present;
        planned += load->columns[c].planned;
    }
    return planned / present;
}

bool plan_load_read(struct plan *plan, struct text *wrong)
{
    const struct section_load *section = &plan->base.top.plan.load;
    plan->load = (struct plan_load){.peak = section->peak > 0.0 ? section->peak : 1.0, .hour = 1.0};
    if (section->measured.path != NULL) {
        if (!fill_columns(plan, wrong)) {
            return false;
        }
        plan->load.hour = hour_of(&plan->load);
    }
    if (!(plan->load.hour > 0.0)) {
        text_add(wrong, "`plan.load.profile`: the hour that it asks for is without load");
        return false;
    }
    plan->factor = plan->growth * plan_load_today(plan) * (1.0 + plan->headroom);
    return true;
}

double plan_load_factor(const struct plan *plan, const struct design *design, uint32_t workload,
                        double factor)
{
    static const double trickle = 1e-4;
    const uint32_t *measured = plan->base.top.plan.load.measured.workloads;
    const bool open = design->workloads[workload].model == WORKLOAD_OPEN;
    for (uint32_t c = 0; c < plan->load.column_count; c++) {
        if (measured[c] == workload || (measured[c] == DESIGN_NONE && open)) {
            const double present = present_rate(design, measured[c]);
            const double ratio = present > 0.0 ? plan->load.columns[c].planned / present : 1.0;
            return factor / plan->load.hour * fmax(ratio, trickle);
        }
    }
    return factor / plan->load.hour;
}

double plan_load_today(const struct plan *plan)
{
    return plan->load.peak * plan->load.hour;
}
