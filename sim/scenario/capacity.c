// capacity - offered load against processors, by mean demands along the calls: an estimate before a
// run.
#include "sim/scenario/capacity.h"

#include <math.h>

#include "sim/base/text.h"
#include "sim/base/units_format.h"
#include "sim/engine/model.h"
#include "sim/engine/step.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"

enum { ROUNDS = 300 };

struct estimate {
    struct assembly *assembly;
    uint32_t *base; // number of a component's first operation
    uint32_t count; // operations in all
    double *given, *rates, *next;
};

// ---- what workloads offer ----------------------------------------------------------------------

struct offer {
    double mean, peak;
};

static struct offer profile_offer(const struct profile_design *profile)
{
    struct offer offer = {0, 0};
    for (uint32_t i = 0; i < profile->count; i++) {
        offer.mean += profile->factors[i] / profile->count * profile->scale;
        const double rate = profile->factors[i] * profile->scale;
        offer.peak = rate > offer.peak ? rate : offer.peak;
    }
    return offer;
}

static struct offer stages_offer(const struct workload_design *design, int64_t duration)
{
    struct offer offer = {0, design->rate};
    double before = design->rate, left = (double)duration, area = 0;
    for (uint32_t i = 0; i < design->stage_count && left > 0; i++) {
        const struct stage_design *stage = &design->stages[i];
        const double length = (double)stage->length_ns < left ? (double)stage->length_ns : left;
        area += length * (stage->ramp ? (before + stage->rate) / 2 : stage->rate);
        offer.peak = stage->rate > offer.peak ? stage->rate : offer.peak;
        before = stage->rate;
        left -= length;
    }
    offer.mean = (area + (left > 0 ? left * before : 0)) / (double)duration;
    return offer;
}

static double journey_think(const struct workload_design *design)
{
    double sum = 0;
    for (uint32_t i = 0; i < design->action_count; i++) {
        sum += design->actions[i].is_think ? distribution_mean(&design->actions[i].think) : 0;
    }
    return sum;
}

// A closed workload without think time is as fast as the system: nothing to say beforehand but a
// guess.
static struct offer closed_offer(const struct workload_design *design)
{
    const double guess_ns = 10e6;
    const double think = distribution_mean(&design->think) + journey_think(design) + guess_ns;
    const double rate = (double)design->users / think * 1e9;
    return (struct offer){rate, rate};
}

static struct offer open_offer(const struct workload_design *design, int64_t duration)
{
    const struct arrival_design *arrivals = &design->arrivals;
    if (design->profile.count > 0) {
        return profile_offer(&design->profile);
    }
    if (design->stage_count > 0) {
        return stages_offer(design, duration);
    }
    double rate = design->rate;
    if (arrivals->kind == ARRIVAL_TRACE && arrivals->trace_count > 1) {
        const int64_t last = arrivals->trace_times[arrivals->trace_count - 1];
        rate = last > 0 ? (double)arrivals->trace_count / time_seconds(last) : 0;
    } else if (arrivals->kind == ARRIVAL_RENEWAL && rate <= 0) {
        const double mean = distribution_mean(&arrivals->law);
        rate = mean > 0 ? 1e9 / mean : 0;
    }
    return (struct offer){rate, rate};
}

static struct offer whole_offer(const struct design *design, uint32_t workload)
{
    const struct workload_design *one = &design->workloads[workload];
    return one->model == WORKLOAD_CLOSED ? closed_offer(one) : open_offer(one, design->duration_ns);
}

double capacity_peak(const struct design *design, uint32_t workload)
{
    return whole_offer(design, workload).peak;
}

static struct offer offer_of(const struct assembly *assembly, uint32_t workload)
{
    const struct workload_design *design = &assembly->design->workloads[workload];
    struct offer offer = whole_offer(assembly->design, workload);
    const double thinned = design->thinned > 0 ? design->thinned : 1;
    offer.mean *= thinned;
    offer.peak *= thinned;
    return offer;
}

// ---- along the calls ---------------------------------------------------------------------------

static uint32_t number_of(const struct estimate *estimate, uint32_t component,
                          const struct operation *operation)
{
    return estimate->base[component] + operation->number;
}

static double caller_rate(const struct estimate *estimate, const struct assembly_flow *flow)
{
    if (flow->operation != NULL) {
        return estimate->rates[number_of(estimate, flow->component, flow->operation)];
    }
    double sum = 0;
    const uint32_t count = estimate->assembly->components[flow->component].operation_count;
    for (uint32_t i = 0; i < count; i++) {
        sum += estimate->rates[estimate->base[flow->component] + i];
    }
    return sum;
}

static bool round_of(struct estimate *estimate)
{
    const struct assembly_flow *flows = estimate->assembly->flows.items;
    for (uint32_t i = 0; i < estimate->count; i++) {
        estimate->next[i] = estimate->given[i];
    }
    for (uint32_t i = 0; i < estimate->assembly->flows.count; i++) {
        if (flows[i].component != DESIGN_NONE && flows[i].to_operation != NULL) {
            estimate->next[number_of(estimate, flows[i].to, flows[i].to_operation)] +=
                caller_rate(estimate, &flows[i]) * flows[i].weight;
        }
    }
    bool changed = false;
    for (uint32_t i = 0; i < estimate->count; i++) {
        const double change = estimate->next[i] - estimate->rates[i];
        changed =
            changed || change > 1e-9 * estimate->next[i] || -change > 1e-9 * estimate->next[i];
        estimate->rates[i] = estimate->next[i];
    }
    return changed;
}

static void solve(struct estimate *estimate, bool peak, bool open_only)
{
    const struct assembly *assembly = estimate->assembly;
    const struct assembly_flow *flows = assembly->flows.items;
    for (uint32_t i = 0; i < estimate->count; i++) {
        estimate->given[i] = estimate->rates[i] = 0;
    }
    for (uint32_t i = 0; i < assembly->flows.count; i++) {
        const struct assembly_flow *flow = &flows[i];
        const bool client = flow->component == DESIGN_NONE && flow->to_operation != NULL;
        if (!client ||
            (open_only && assembly->design->workloads[flow->workload].model != WORKLOAD_OPEN)) {
            continue;
        }
        const struct offer offer = offer_of(assembly, flow->workload);
        estimate->given[number_of(estimate, flow->to, flow->to_operation)] +=
            flow->weight * (peak ? offer.peak : offer.mean);
    }
    for (int i = 0; i < ROUNDS && round_of(estimate); i++) {
    }
}

// ---- demands -----------------------------------------------------------------------------------

static const struct assembly_work *work_of(const struct assembly *assembly,
                                           const struct operation *operation)
{
    const struct assembly_work *works = assembly->works.items;
    for (uint32_t i = 0; i < assembly->works.count; i++) {
        if (works[i].operation == operation) {
            return &works[i];
        }
    }
    return NULL;
}

static double demand_of(const struct assembly *assembly, const struct component_design *component,
                        const struct operation *operation)
{
    const struct assembly_work *work = work_of(assembly, operation);
    if (work != NULL) {
        return work->cpu_s;
    }
    const struct model *model = component->model;
    if (model == NULL || model->demand == NULL || operation->internal) {
        return 0;
    }
    const double demand = model->demand(component, operation);
    return demand > 0 ? demand : 0;
}

// One event for everything that a visit waits for.
static double events_of(const struct assembly *assembly, const struct operation *operation)
{
    const struct assembly_work *work = work_of(assembly, operation);
    return work != NULL ? work->steps : operation->step_count;
}

// A request and its answer travel; a client's also begins.
static double flow_events(const struct estimate *estimate, const struct assembly_flow *flow)
{
    const struct assembly *assembly = estimate->assembly;
    if (flow->component != DESIGN_NONE) {
        return 2 * flow->weight * caller_rate(estimate, flow);
    }
    const bool travels = assembly->design->workloads[flow->workload].zone_count > 0;
    return (travels ? 3 : 1) * flow->weight * offer_of(assembly, flow->workload).mean;
}

static double socket_events(const struct assembly *assembly)
{
    double events = 0;
    for (uint32_t i = 0; i < assembly->design->workload_count; i++) {
        const struct connections_design *sockets = &assembly->design->workloads[i].connections;
        if (sockets->count > 0 && sockets->heartbeat_ns > 0) {
            events += (double)sockets->count / time_seconds(sockets->heartbeat_ns) + sockets->churn;
        }
    }
    return events;
}

static uint32_t heaviest_flow(const struct estimate *estimate, uint32_t component)
{
    const struct assembly_flow *flows = estimate->assembly->flows.items;
    uint32_t best = DESIGN_NONE;
    double most = 0;
    for (uint32_t i = 0; i < estimate->assembly->flows.count; i++) {
        if (flows[i].to != component) {
            continue;
        }
        const double rate =
            flows[i].weight * (flows[i].component == DESIGN_NONE
                                   ? offer_of(estimate->assembly, flows[i].workload).peak
                                   : caller_rate(estimate, &flows[i]));
        if (rate > most) {
            most = rate;
            best = i;
        }
    }
    return best;
}

static void fill_row(const struct estimate *estimate, uint32_t number, struct capacity_row *row)
{
    const struct component_design *component = &estimate->assembly->components[number];
    *row = (struct capacity_row){.flow = heaviest_flow(estimate, number)};
    for (uint32_t i = 0; i < component->operation_count; i++) {
        const struct operation *operation = &component->operations[i];
        const double rate = estimate->rates[estimate->base[number] + i];
        row->rate += operation->internal ? 0 : rate;
        row->busy += rate * demand_of(estimate->assembly, component, operation);
    }
    row->available = component->cores * component->replicas;
    row->utilization = row->available > 0 ? row->busy / row->available : 0;
}

// ---- what one request asks ---------------------------------------------------------------------

static double answer_bytes(const struct operation *operation)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < operation->step_count; i++) {
        const uint64_t bytes = step_answer_bytes(&operation->steps[i]);
        most = bytes > most ? bytes : most;
    }
    return (double)most;
}

static void add_calls(const struct estimate *estimate, uint32_t workload,
                      struct capacity_demand *demands)
{
    const struct assembly_flow *flows = estimate->assembly->flows.items;
    for (uint32_t i = 0; i < estimate->assembly->flows.count; i++) {
        const struct assembly_flow *flow = &flows[i];
        const bool client = flow->component == DESIGN_NONE;
        if (flow->to_operation == NULL || (client && flow->workload != workload)) {
            continue;
        }
        const double calls = flow->weight * (client ? 1.0 : caller_rate(estimate, flow));
        const bool timed =
            flow->call == NULL || flow->call->timeout_ns > 0 || flow->call->deadline_ns > 0;
        demands[flow->to].timed = demands[flow->to].timed || (timed && calls > 0);
        if (!client && flow->call != NULL) {
            demands[flow->component].sent +=
                calls * (double)flow->call->bytes * fmax(1, (double)flow->call->units);
        }
        if (flow->call == NULL) {
            demands[flow->broker].sent += calls * flow->handed;
        } else {
            demands[flow->to].sent += calls * answer_bytes(flow->to_operation);
        }
    }
}

static void add_work(const struct estimate *estimate, uint32_t number,
                     struct capacity_demand *demand)
{
    const struct component_design *component = &estimate->assembly->components[number];
    for (uint32_t i = 0; i < component->operation_count; i++) {
        const struct operation *operation = &component->operations[i];
        const double visits = estimate->rates[estimate->base[number] + i];
        const struct assembly_work *work = work_of(estimate->assembly, operation);
        const double cpu_s = demand_of(estimate->assembly, component, operation);
        const bool told = component->model != NULL && component->model->demand_squares != NULL;
        demand->cpu_s += visits * cpu_s;
        demand->services += visits * (work != NULL ? work->services : cpu_s > 0 ? 1 : 0);
        demand->squares_s += visits * (work != NULL ? work->squares_s
                                       : told       ? component->model->demand_squares(component)
                                                    : 2 * cpu_s * cpu_s);
    }
}

static void list_demands(struct estimate *estimate, struct capacity *capacity)
{
    const struct assembly *assembly = estimate->assembly;
    const struct assembly_flow *flows = assembly->flows.items;
    const uint32_t workloads = assembly->design->workload_count;
    capacity->demands = arena_take_array(assembly->arena, (size_t)workloads * capacity->count + 1,
                                         sizeof *capacity->demands);
    for (uint32_t w = 0; w < workloads; w++) {
        struct capacity_demand *row = &capacity->demands[(size_t)w * capacity->count];
        for (uint32_t i = 0; i < estimate->count; i++) {
            estimate->given[i] = estimate->rates[i] = 0;
        }
        for (uint32_t i = 0; i < assembly->flows.count; i++) {
            const bool client = flows[i].component == DESIGN_NONE && flows[i].to_operation != NULL;
            if (client && flows[i].workload == w) {
                estimate->given[number_of(estimate, flows[i].to, flows[i].to_operation)] +=
                    flows[i].weight;
            }
        }
        for (int i = 0; i < ROUNDS && round_of(estimate); i++) {
        }
        for (uint32_t c = 0; c < capacity->count; c++) {
            add_work(estimate, c, &row[c]);
        }
        add_calls(estimate, w, row);
    }
}

void capacity_estimate(struct assembly *assembly, struct capacity *capacity)
{
    const uint32_t count = assembly->design->component_count;
    struct estimate estimate = {.assembly = assembly};
    estimate.base = arena_take_array(assembly->arena, count + 1, sizeof *estimate.base);
    for (uint32_t i = 0; i < count; i++) {
        estimate.base[i] = estimate.count;
        estimate.count += assembly->components[i].operation_count;
    }
    estimate.given = arena_take_array(assembly->arena, estimate.count, sizeof(double));
    estimate.rates = arena_take_array(assembly->arena, estimate.count, sizeof(double));
    estimate.next = arena_take_array(assembly->arena, estimate.count, sizeof(double));
    *capacity = (struct capacity){.count = count, .bottleneck = DESIGN_NONE};
    capacity->rows = arena_take_array(assembly->arena, count, sizeof *capacity->rows);
    solve(&estimate, true, true);
    double most = 0;
    for (uint32_t i = 0; i < count; i++) {
        fill_row(&estimate, i, &capacity->rows[i]);
        if (capacity->rows[i].utilization > most) {
            most = capacity->rows[i].utilization;
            capacity->bottleneck = i;
        }
    }
    solve(&estimate, false, false);
    capacity->events_per_s = socket_events(assembly);
    for (uint32_t i = 0; i < count; i++) {
        const struct component_design *component = &assembly->components[i];
        for (uint32_t k = 0; k < component->operation_count; k++) {
            capacity->events_per_s += estimate.rates[estimate.base[i] + k] *
                                      events_of(assembly, &component->operations[k]);
        }
    }
    const struct assembly_flow *flows = assembly->flows.items;
    for (uint32_t i = 0; i < assembly->flows.count; i++) {
        capacity->events_per_s += flow_events(&estimate, &flows[i]);
    }
    list_demands(&estimate, capacity);
}

// ---- W2003 -------------------------------------------------------------------------------------

static const char *load_source(const struct assembly *assembly, const struct assembly_flow *flow)
{
    const struct design *design = assembly->design;
    if (flow->component == DESIGN_NONE) {
        const struct workload_design *workload = &design->workloads[flow->workload];
        return arena_format(assembly->arena, "workload %s (line %u)", workload->name,
                            workload->origin.line);
    }
    return arena_format(assembly->arena, "%s.%s", design->components[flow->component].name,
                        flow->operation != NULL ? flow->operation->name : "*");
}

static void warn(const struct assembly *assembly, uint32_t number, const struct capacity_row *row)
{
    const struct component_design *component = &assembly->components[number];
    const struct document_node *node = assembly->parts[number].node;
    const struct document_node *at = document_peek(node, "replicas");
    at = at == NULL ? document_peek(node, "cores") : at;
    char demand[UNITS_FORMAT_ROOM], rate[UNITS_FORMAT_ROOM];
    units_format_duration(demand, sizeof demand, row->busy / row->rate * 1e9);
    units_format_si(rate, sizeof rate, row->rate);
    struct diagnostic *entry =
        at != NULL ? document_warning(assembly->document, at, "W2003",
                                      "`%s` cannot carry the offered load", component->name)
                   : diagnostic_warning(assembly->document->diagnostics, "W2003", node->key_place,
                                        "`%s` cannot carry the offered load", component->name);
    diagnostic_caret(entry,
                     "%s/s x %s cpu = %.2f cores needed, %u replica%s x %g core%s = %g available "
                     "(utilisation %.2f)",
                     rate, demand, row->busy, component->replicas,
                     component->replicas == 1 ? "" : "s", component->cores,
                     component->cores == 1 ? "" : "s", row->available, row->utilization);
    if (row->flow != DESIGN_NONE) {
        const struct assembly_flow *flows = assembly->flows.items;
        diagnostic_note(entry, "load comes from %s", load_source(assembly, &flows[row->flow]));
    }
}

void capacity_lint(const struct assembly *assembly, const struct capacity *capacity)
{
    for (uint32_t i = 0; i < capacity->count; i++) {
        if (capacity->rows[i].utilization >= 1 - 1e-9) {
            warn(assembly, i, &capacity->rows[i]);
        }
    }
}
