// plan_predict - where formulas put a sizing before it is simulated.
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/engine/model.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/math.h"
#include "sim/scenario/capacity.h"
#include "sim/study/plan_parts.h"
#include "sim/study/queueing.h"

static const double BETA = 0.8; // of square-root staffing, where nothing is predicted

const struct capacity_demand *plan_predict_demand(const struct scenario *scenario,
                                                  uint32_t workload, uint32_t component)
{
    return &scenario->capacity.demands[(size_t)workload * scenario->capacity.count + component];
}

// ---- arrivals ----------------------------------------------------------------------------------

// Squared coefficient of variation of the times between a workload's arrivals; of batches, the
// variance of their count over its mean. Modulated and recorded arrivals count as Poisson's.
static double arrivals_of(const struct workload_design *workload)
{
    const struct distribution *law = &workload->arrivals.law;
    double mean = 0.0;
    switch (workload->model == WORKLOAD_CLOSED ? ARRIVAL_POISSON : workload->arrivals.kind) {
    case ARRIVAL_CONSTANT:
        return 0.0;
    case ARRIVAL_ERLANG:
        return 1.0 / (workload->arrivals.shape > 0 ? workload->arrivals.shape : 1);
    case ARRIVAL_RENEWAL:
        mean = distribution_mean(law);
        return mean > 0.0 ? distribution_variance(law) / (mean * mean) : 1.0;
    case ARRIVAL_BATCH:
        mean = distribution_mean(law);
        return mean > 0.0 ? (distribution_variance(law) + mean * mean) / mean : 1.0;
    case ARRIVAL_POISSON:
    case ARRIVAL_MMPP:
    case ARRIVAL_TRACE:
        break;
    }
    return 1.0;
}

static bool enters(const struct workload_design *workload, uint32_t component)
{
    for (uint32_t a = 0; a < workload->action_count; a++) {
        if (!workload->actions[a].is_think && workload->actions[a].call.target == component) {
            return true;
        }
    }
    return false;
}

// ---- a component as a queue --------------------------------------------------------------------

// Callers that do not look where it is short queue at each replica by itself.
static bool is_blind(const struct component_design *component)
{
    return component->balancing == BALANCING_RANDOM || component->balancing == BALANCING_RING_HASH;
}

// Behind the first component, what arrives is mixed and thinned: as good as Poisson's.
static struct queueing_station station_of(const struct plan *plan, const struct scenario *scenario,
                                          const struct plan_case *one, uint32_t c)
{
    const struct design *design = &scenario->design;
    const struct component_design *component = &design->components[c];
    double services = 0.0, busy = 0.0, squares = 0.0, spread = 0.0;
    for (uint32_t w = 0; w < design->workload_count; w++) {
        const struct capacity_demand *demand = plan_predict_demand(scenario, w, c);
        const struct workload_design *workload = &design->workloads[w];
        const double rate = plan->turns[w] * demand->services;
        services += rate;
        busy += plan->turns[w] * demand->cpu_s;
        squares += plan->turns[w] * demand->squares_s;
        spread += rate * (enters(workload, c) ? arrivals_of(workload) : 1.0);
    }
    struct queueing_station station = {.servers = 1, .ca2 = 1.0, .cs2 = 1.0};
    const double left = plan_case_servers(one, component);
    double queues = is_blind(component) ? left / plan_price_servers(component) : 1.0;
    queues = queues < 1.0 ? 1.0 : queues;
    station.servers = left / queues < 1.0 ? 1 : (uint32_t)(left / queues + 1e-9);
    station.a = left > 0.0 ? plan->busy[c] / queues : (double)INFINITY;
    if (services > 0.0 && busy > 0.0) {
        station.service = busy / services;
        station.cs2 = component->sharing
                          ? 1.0
                          : fmax(0.0, squares / services / (station.service * station.service) - 1);
        station.ca2 = (spread / services - 1.0) / queues + 1.0;
    }
    return station;
}

// ---- an objective ------------------------------------------------------------------------------

typedef double wait_law(const struct queueing_station *station, double share);

static double likely(const struct queueing_station *station, double share)
{
    return share > 0.0 ? queueing_wait_quantile(station, share) : queueing_wait(station);
}

static double most(const struct queueing_station *station, double share)
{
    (void)share;
    return queueing_wait_most(station);
}

// A percentile of a sum lies where its largest part does, near enough.
static double open_wait(const struct plan *plan, const struct scenario *scenario,
                        const struct plan_case *one, const struct slo_design *slo, wait_law *law)
{
    const bool mean = slo->metric == SLO_MEAN;
    double sum = 0.0, largest = 0.0;
    for (uint32_t c = 0; c < scenario->design.component_count; c++) {
        const double services = plan_predict_demand(scenario, slo->index, c)->services;
        if (services > 0.0 && plan->busy[c] > 0.0) {
            const struct queueing_station station = station_of(plan, scenario, one, c);
            const double wait = services * law(&station, mean ? 0.0 : slo->quantile);
            sum += wait;
            largest = fmax(largest, wait);
        }
    }
    return mean ? sum : largest;
}

// Other workloads take their servers first.
static double closed_response(const struct plan *plan, const struct scenario *scenario,
                              const struct plan_case *one, const struct slo_design *slo)
{
    const struct design *design = &scenario->design;
    const struct workload_design *workload = &design->workloads[slo->index];
    struct queueing_visit visits[256];
    struct queueing_closed network = {.visits = visits};
    for (uint32_t c = 0; c < design->component_count && network.count < 256; c++) {
        const double demand = plan_predict_demand(scenario, slo->index, c)->cpu_s;
        const double others = plan->busy[c] - demand * plan->turns[slo->index];
        const double left =
            plan_case_servers(one, &design->components[c]) - (others > 0.0 ? floor(others) : 0.0);
        if (demand > 0.0 && plan->busy[c] > 0.0) {
            visits[network.count++] =
                (struct queueing_visit){left < 1.0 ? 1 : (uint32_t)left, demand};
        }
    }
    network.think = distribution_mean(&workload->think) / 1e9;
    network.customers = ceil(
        (double)workload->users * plan_load_factor(plan, design, slo->index, plan->factor) - 1e-9);
    const double response = queueing_closed_response(&network);
    return slo->metric == SLO_MEAN ? response : response * -math_log1p(-slo->quantile);
}

// What the formulas have to say of a rule in a case, in seconds; NaN: nothing.
static double wait_of(const struct plan *plan, const struct scenario *scenario,
                      const struct plan_case *one, const struct slo_design *slo, wait_law *law)
{
    const bool timed = slo->metric == SLO_MEAN || slo->metric == SLO_PERCENTILE;
    if (!timed || (law == most && slo->metric != SLO_MEAN)) {
        return (double)NAN;
    }
    if (slo->target != SLO_WORKLOAD) {
        const struct queueing_station station = station_of(plan, scenario, one, slo->index);
        return plan->busy[slo->index] > 0.0 && law == likely
                   ? law(&station, slo->metric == SLO_MEAN ? 0.0 : slo->quantile)
                   : (double)NAN;
    }
    const struct workload_design *workload = &scenario->design.workloads[slo->index];
    if (workload->model == WORKLOAD_OPEN) {
        return open_wait(plan, scenario, one, slo, law);
    }
    return workload->is_journey || law == most ? (double)NAN
                                               : closed_response(plan, scenario, one, slo);
}

// What the largest sizing was seen to do without faults.
static const struct plan_finding *finding_of(const struct plan *plan, const struct slo_design *slo)
{
    for (uint32_t f = 0; f < plan->largest->finding_count; f++) {
        const struct plan_finding *finding = &plan->largest->findings[f];
        const size_t length = strlen(slo->name);
        if (finding->in_case == 0 && finding->observed.known && !finding->on_part &&
            strncmp(finding->rule, slo->name, length) == 0 && finding->rule[length] == ':' &&
            text_same(finding->rule + length + 2, slo->objective)) {
            return finding;
        }
    }
    return NULL;
}

void plan_predict_learn(struct plan *plan)
{
    struct diagnostic_list diagnostics;
    struct scenario scenario;
    diagnostic_init(&diagnostics);
    plan->waits = arena_take_array(&plan->arena, plan->rule_count + 1, sizeof(double));
    const bool good =
        plan->busy != NULL && plan_trial_load(plan, plan->largest->at, &scenario, &diagnostics);
    for (uint32_t r = 0; r < plan->rule_count; r++) {
        plan->waits[r] = good ? wait_of(plan, &scenario, &plan->cases[0],
                                        &scenario.design.slos[plan->rules[r]], likely)
                              : (double)NAN;
    }
    if (plan->busy != NULL) {
        scenario_release(&scenario);
    }
    diagnostic_release(&diagnostics);
}

// How many rules are predicted; `kept` says whether all of them are kept in every case.
static uint32_t predict(struct plan *plan, const struct scenario *scenario, wait_law *law,
                        bool *kept)
{
    uint32_t count = 0;
    *kept = true;
    for (uint32_t r = 0; plan->waits != NULL && r < plan->rule_count; r++) {
        const struct slo_design *slo = &scenario->design.slos[plan->rules[r]];
        const struct plan_finding *seen = finding_of(plan, slo);
        const bool known = seen != NULL && isfinite(plan->waits[r]);
        count += known && !isnan(wait_of(plan, scenario, &plan->cases[0], slo, law));
        for (uint32_t i = 0; known && i < plan->case_count && *kept; i++) {
            const double longer =
                wait_of(plan, scenario, &plan->cases[i], slo, law) - plan->waits[r];
            *kept = isnan(longer) || seen->observed.value + longer < seen->limit;
        }
    }
    return count;
}

bool plan_predict_likely(struct plan *plan, const struct scenario *scenario)
{
    bool kept;
    if (predict(plan, scenario, likely, &kept) == 0) {
        return plan_bound_is_ample(plan, scenario, BETA);
    }
    return kept && plan_bound_is_ample(plan, scenario, 0.0);
}

bool plan_predict_surely(struct plan *plan, const struct scenario *scenario)
{
    bool kept;
    return predict(plan, scenario, most, &kept) == plan->rule_count && kept &&
           plan_bound_is_ample(plan, scenario, 0.0);
}
