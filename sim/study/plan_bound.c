// plan_bound - what queueing formulas say about a sizing before it is simulated.
#include <math.h>

#include "sim/engine/model.h"
#include "sim/kernel/math.h"
#include "sim/study/plan_parts.h"

// A busy figure is an estimate: what is called impossible must be so by more than its error.
static const double SURE = 0.98;

double plan_bound_erlang_b(uint32_t servers, double a)
{
    double blocked = 1.0;
    for (uint32_t n = 1; n <= servers; n++) {
        blocked = a * blocked / (n + a * blocked);
    }
    return blocked;
}

double plan_bound_erlang_c(uint32_t servers, double a)
{
    if (a >= servers) {
        return 1.0;
    }
    const double blocked = plan_bound_erlang_b(servers, a);
    return servers * blocked / (servers - a * (1.0 - blocked));
}

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

// The servers that are left may be too few in the case without faults, and in those that last for
// the whole run.
const char *plan_bound_shortage(struct plan *plan, const struct design *design, double share)
{
    for (uint32_t c = 0; plan->busy != NULL && c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        const double needed = plan->busy[c] * share * SURE;
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

// Halfin and Whitt: a + beta sqrt(a) servers keep the share of requests that wait away from 0 and 1
// at any size.
bool plan_bound_is_ample(const struct plan *plan, const struct design *design, double beta)
{
    for (uint32_t c = 0; plan->busy != NULL && c < design->component_count; c++) {
        const double busy = plan->busy[c];
        const double wanted = busy + beta * math_sqrt(busy);
        for (uint32_t i = 0; i < plan->case_count && busy > 0.0; i++) {
            if (plan_case_servers(&plan->cases[i], &design->components[c]) < wanted) {
                return false;
            }
        }
    }
    return true;
}
