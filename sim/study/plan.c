// plan - a plan begins and ends.
#include "sim/study/plan.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/units_format.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"

// Events of one replication that a candidate is decided with, unless the request says how long.
static const double EVENTS = 6e6;
static const double LEAST_S = 10.0, WARM_S = 60.0;
// Where not even the shortest of several replications is that small, a case is one replication.
static const double HEAVY_S = 10.0;

// A scheduled fault has its time in the run; otherwise the run may be shorter than the scenario's.
static bool may_shorten(const struct plan *plan)
{
    const struct scenario_options *options = &plan->request.scenario;
    bool may = options->duration == NULL && options->warmup == NULL;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        may = may && plan->cases[i].kind != PLAN_FAULT;
    }
    return may && !plan->base.design.warmup_auto;
}

static void set_times(struct plan *plan, double length_s, double warmup_s)
{
    const struct design *design = &plan->base.design;
    char duration[UNITS_FORMAT_ROOM], warmup[UNITS_FORMAT_ROOM];
    units_format_exact(duration, sizeof duration, design->duration_ns);
    units_format_exact(warmup, sizeof warmup, design->warmup_ns);
    plan->whole = arena_format(&plan->arena, "--duration %s --warmup %s", duration, warmup);
    plan->request.scenario.duration = arena_format(&plan->arena, "%.0fs", length_s);
    plan->request.scenario.warmup = arena_format(&plan->arena, "%.0fs", warmup_s);
    plan->length_ns = (int64_t)round(length_s) * TIME_S;
    plan->warmup_ns = (int64_t)round(warmup_s) * TIME_S;
}

// What is lost from the start has to be noticed within the warm-up, so most of the run is warm-up;
// in a heavy scenario, whose cases have warm-ups of their own, only what it asks for itself.
static void shorten(struct plan *plan)
{
    const struct design *design = &plan->base.design;
    const double events = plan->base.capacity.events_per_s * plan->factor;
    const double whole_s = (double)design->duration_ns / 1e9;
    const double warm_s = (double)design->warmup_ns / 1e9;
    double length_s = events > 0.0 ? EVENTS / events : whole_s;
    const bool heavy = length_s < LEAST_S;
    length_s = heavy ? LEAST_S : length_s;
    double warmup_s = 0.7 * length_s < WARM_S ? 0.7 * length_s : WARM_S;
    warmup_s = warmup_s < warm_s ? warmup_s : warm_s;
    length_s = heavy ? warmup_s + HEAVY_S : length_s;
    if (length_s < whole_s && may_shorten(plan)) {
        plan->is_heavy = heavy;
        set_times(plan, length_s, warmup_s);
    }
}

bool plan_init(struct plan *plan, const struct plan_request *request,
               struct diagnostic_list *diagnostics, struct text *wrong)
{
    *plan =
        (struct plan){.request = *request, .given = request->scenario, .diagnostics = diagnostics};
    arena_init(&plan->arena);
    plan->loaded = true;
    if (!scenario_load(&plan->base, request->file, &request->scenario, request->catalog,
                       diagnostics)) {
        return false;
    }
    if (!plan_read(plan, wrong)) {
        return false;
    }
    plan->length_ns = plan->base.design.duration_ns;
    plan->warmup_ns = plan->base.design.warmup_ns;
    shorten(plan);
    plan->cost_now = plan_price_of(plan, &plan->base, true);
    plan->candidates = 1.0;
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        plan->candidates *= plan->variables[v].count;
    }
    return true;
}

void plan_release(struct plan *plan)
{
    if (plan->loaded) {
        scenario_release(&plan->base);
    }
    free(plan->trials);
    arena_release(&plan->arena);
    *plan = (struct plan){.loaded = false};
}

void plan_words(const struct plan *plan, const uint16_t *at, struct text *out)
{
    for (uint32_t v = 0; v < plan->variable_count; v++) {
        text_format(out, "%s%s=%s", v == 0 ? "" : " ", plan->variables[v].name,
                    plan->variables[v].values[at[v]]);
    }
}
