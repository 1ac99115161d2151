// plan_bound - what queueing formulas say about a sizing before it is simulated.
#include <math.h>

#include "sim/engine/model.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/math.h"
#include "sim/scenario/capacity.h"
#include "sim/study/plan_parts.h"

// A busy figure is an estimate: what is called impossible must be so by more than its error.
static const double SURE = 0.98;

// A percentile or a mean of a queue without bound grows for ever when the work is more than the
// servers do; where requests may be refused, only a demanded share says how many must be served.
double plan_bound_share(const struct plan *plan)
{
    double share = 0.0;
    bool asked = false, timed = false;
    for (uint32_t r = 0; r < plan->rule_count; r++) {
        const struct slo_design *slo = &plan->base.design.slos[plan->rules[r]];
        const bool is_share = slo->metric == SLO_CARRIED || slo->metric == SLO_SUCCESS ||
                              slo->metric == SLO_AVAILABILITY;
        timed = timed || slo->metric == SLO_PERCENTILE || slo->metric == SLO_MEAN;
        if (is_share) {
            share = !asked || slo->limit < share ? slo->limit : share;
            asked = true;
        }
    }
    return asked ? share : timed ? 1.0 : 0.0;
}

static bool may_refuse(const struct component_design *component)
{
    return component->queue.capacity > 0;
}

// ---- the servers that open work needs ----------------------------------------------------------

// Closed workloads ask for less where they are served more slowly: only open work must be done.
double plan_bound_needed(const struct plan *plan, const struct scenario *scenario,
                         uint32_t component)
{
    const struct design *design = &scenario->design;
    double open = 0.0;
    bool closed = false;
    for (uint32_t w = 0; w < design->workload_count; w++) {
        const double cpu_s = plan_predict_demand(scenario, w, component)->cpu_s;
        if (design->workloads[w].model == WORKLOAD_CLOSED) {
            closed = closed || cpu_s > 0.0;
        } else {
            open +=
                cpu_s * capacity_peak(design, w) * plan_load_factor(plan, design, w, plan->factor);
        }
    }
    return closed && open < plan->busy[component] ? open : plan->busy[component];
}

// The servers that are left may be too few in the case without faults, and in those that last for
// the whole run.
static const char *open_shortage(struct plan *plan, const struct scenario *scenario, double share)
{
    const struct design *design = &scenario->design;
    for (uint32_t c = 0; c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        const double needed = plan_bound_needed(plan, scenario, c) * share * SURE;
        for (uint32_t i = 0; i < plan->case_count && needed > 0.0; i++) {
            const double left = plan_case_servers(&plan->cases[i], component);
            if (left < needed && (share < 1.0 || !may_refuse(component))) {
                return arena_format(&plan->arena,
                                    "%s needs %.3g servers for the work, and has %.6g (%s)",
                                    component->name, needed, left, plan->cases[i].name);
            }
        }
    }
    return NULL;
}

// ---- what closed workloads can have ------------------------------------------------------------

// Every turn of the workload passes its servers once and waits for nothing but them, so that the
// response-time law binds: response >= customers x demand / servers - think.
static bool is_bound(const struct scenario *scenario, uint32_t workload)
{
    const struct design *design = &scenario->design;
    const struct workload_design *one = &design->workloads[workload];
    bool good = one->model == WORKLOAD_CLOSED && !one->is_journey && one->connections.count == 0;
    for (uint32_t c = 0; good && c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        const struct capacity_demand *demand = plan_predict_demand(scenario, workload, c);
        good = demand->cpu_s <= 0.0 ||
               (!demand->timed && component->queue.capacity == 0 &&
                component->model->serves_all != NULL && component->model->serves_all(component));
    }
    return good;
}

static bool is_alone(const struct scenario *scenario, uint32_t workload, uint32_t component)
{
    for (uint32_t w = 0; w < scenario->design.workload_count; w++) {
        if (w != workload && plan_predict_demand(scenario, w, component)->cpu_s > 0.0) {
            return false;
        }
    }
    return plan_predict_demand(scenario, workload, component)->cpu_s > 0.0;
}

// The demand of a turn as it was seen: servers busy over turns a second.
static const char *slow_at(struct plan *plan, const struct scenario *scenario,
                           const struct slo_design *slo, uint32_t component)
{
    const struct workload_design *workload = &scenario->design.workloads[slo->index];
    const struct component_design *one = &scenario->design.components[component];
    const double demand = SURE * plan->busy[component] / plan->turns[slo->index];
    const double think = distribution_mean(&workload->think) / 1e9;
    const double users = ceil((double)workload->users * plan_load_factor(plan, &scenario->design,
                                                                         slo->index, plan->factor) -
                              1e-9);
    for (uint32_t i = 0; i < plan->case_count; i++) {
        const double left = plan_case_servers(&plan->cases[i], one);
        const double least = users * demand / left - think;
        const bool slow = slo->metric == SLO_MEAN && least > slo->limit / 1e9;
        const bool few = slo->metric == SLO_THROUGHPUT && left / demand < slo->limit;
        if (left > 0.0 && slow) {
            return arena_format(&plan->arena,
                                "%s has %.6g servers, with which %.6g users wait at least %.3gs in "
                                "the mean (%s)",
                                one->name, left, users, least, plan->cases[i].name);
        }
        if (left > 0.0 && few) {
            return arena_format(&plan->arena, "%s has %.6g servers, which do at most %.4g/s (%s)",
                                one->name, left, left / demand, plan->cases[i].name);
        }
    }
    return NULL;
}

static const char *closed_shortage(struct plan *plan, const struct scenario *scenario)
{
    const struct design *design = &scenario->design;
    const char *why = NULL;
    for (uint32_t r = 0; r < plan->rule_count && why == NULL; r++) {
        const struct slo_design *slo = &design->slos[plan->rules[r]];
        const bool bound = slo->target == SLO_WORKLOAD && is_bound(scenario, slo->index) &&
                           plan->turns[slo->index] > 0.0;
        for (uint32_t c = 0; c < design->component_count && why == NULL && bound; c++) {
            why = is_alone(scenario, slo->index, c) ? slow_at(plan, scenario, slo, c) : NULL;
        }
    }
    return why;
}

const char *plan_bound_shortage(struct plan *plan, const struct scenario *scenario, double share)
{
    if (plan->busy == NULL) {
        return NULL;
    }
    const char *why = open_shortage(plan, scenario, share);
    return why != NULL ? why : closed_shortage(plan, scenario);
}

// Halfin and Whitt: a + beta sqrt(a) servers keep the share of requests that wait away from 0 and 1
// at any size.
bool plan_bound_is_ample(const struct plan *plan, const struct scenario *scenario, double beta)
{
    const struct design *design = &scenario->design;
    for (uint32_t c = 0; plan->busy != NULL && c < design->component_count; c++) {
        const double busy = plan_bound_needed(plan, scenario, c);
        const double wanted = busy + beta * math_sqrt(busy);
        for (uint32_t i = 0; i < plan->case_count && busy > 0.0; i++) {
            if (plan_case_servers(&plan->cases[i], &design->components[c]) < wanted) {
                return false;
            }
        }
    }
    return true;
}
