// plan_case - designs with more load, and with something lost.
#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"

// ---- load --------------------------------------------------------------------------------------

static const struct stage_design *scale_stages(struct arena *arena, double factor,
                                               const struct workload_design *workload)
{
    struct stage_design *stages =
        arena_take_array(arena, workload->stage_count + 1, sizeof *stages);
    for (uint32_t s = 0; s < workload->stage_count; s++) {
        stages[s] = workload->stages[s];
        stages[s].rate *= factor;
    }
    return stages;
}

// The same arrivals, closer together.
static const int64_t *scale_trace(struct arena *arena, double factor,
                                  const struct arrival_design *arrivals)
{
    int64_t *times = arena_take_array(arena, arrivals->trace_count + 1, sizeof *times);
    for (uint64_t i = 0; i < arrivals->trace_count; i++) {
        times[i] = (int64_t)((double)arrivals->trace_times[i] / factor);
    }
    return times;
}

void plan_case_scale(struct arena *arena, double factor, struct workload_design *workload)
{
    if (workload->arrivals.kind == ARRIVAL_RENEWAL && workload->rate <= 0.0) {
        const double mean = distribution_mean(&workload->arrivals.law);
        workload->rate = mean > 0.0 ? 1e9 / mean : 0.0;
    }
    workload->rate *= factor;
    workload->users = (uint64_t)ceil((double)workload->users * factor - 1e-9);
    workload->profile.scale *= factor;
    workload->stages = scale_stages(arena, factor, workload);
    workload->connections.count =
        (uint64_t)ceil((double)workload->connections.count * factor - 1e-9);
    workload->connections.churn *= factor;
    if (workload->arrivals.kind == ARRIVAL_TRACE) {
        workload->arrivals.trace_times = scale_trace(arena, factor, &workload->arrivals);
    }
}

// Clients of a lost zone come from where the others are: that they are cut off is no matter of
// size.
static void move_clients(struct arena *arena, uint32_t lost, struct workload_design *workload)
{
    uint32_t *zones = arena_take_array(arena, workload->zone_count + 1, sizeof *zones);
    uint32_t count = 0;
    for (uint32_t z = 0; z < workload->zone_count; z++) {
        if (workload->zones[z] != lost) {
            zones[count++] = workload->zones[z];
        }
    }
    if (count > 0) {
        workload->zones = zones;
        workload->zone_count = count;
    }
}

static void apply_load(const struct plan *plan, const struct plan_case *one, double factor,
                       struct variant *variant)
{
    struct design *design = &variant->design;
    struct workload_design *workloads =
        arena_take_array(&variant->arena, design->workload_count + 1, sizeof *workloads);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        workloads[w] = design->workloads[w];
        plan_case_scale(&variant->arena, plan_load_factor(plan, design, w, factor), &workloads[w]);
        if (one->kind == PLAN_ZONE) {
            move_clients(&variant->arena, one->index, &workloads[w]);
        }
    }
    design->workloads = workloads;
}

// ---- faults ------------------------------------------------------------------------------------

static struct fault_design lost_for_good(const struct plan_case *one)
{
    const bool zone = one->kind == PLAN_ZONE;
    return (struct fault_design){
        .name = one->name,
        .action = zone ? FAULT_ZONE_DOWN : FAULT_NODE_DOWN,
        .component = DESIGN_NONE,
        .zone = zone ? one->index : DESIGN_NONE,
        .machine = zone ? DESIGN_NONE : one->index,
        .from = DESIGN_NONE,
        .to = DESIGN_NONE,
        .from_zone = DESIGN_NONE,
        .to_zone = DESIGN_NONE,
        .mode = FAULT_ALL,
        .factor = 1.0,
        .at_ns = TIME_MS,
        .duration_ns = TIME_NEVER,
        .expected = 1.0,
        .enabled = true,
    };
}

static void apply_faults(const struct plan_case *one, struct variant *variant)
{
    struct design *design = &variant->design;
    struct fault_design *faults =
        arena_take_array(&variant->arena, design->fault_count + 2, sizeof *faults);
    for (uint32_t f = 0; f < design->fault_count; f++) {
        faults[f] = design->faults[f];
        faults[f].enabled = one->kind == PLAN_FAULT && one->index == f;
    }
    const bool exists = one->kind == PLAN_ZONE ||
                        (one->kind == PLAN_MACHINE && one->index < design->topology.machine_count);
    if (exists) {
        faults[design->fault_count++] = lost_for_good(one);
    }
    design->faults = faults;
}

void plan_case_slow(struct variant *variant, uint32_t component, double factor)
{
    struct design *design = &variant->design;
    struct fault_design *faults =
        arena_take_array(&variant->arena, design->fault_count + 2, sizeof *faults);
    memcpy(faults, design->faults, design->fault_count * sizeof *faults);
    const struct plan_case none = {.kind = PLAN_CALM, .name = "slower"};
    faults[design->fault_count] = lost_for_good(&none);
    faults[design->fault_count].action = FAULT_SLOW;
    faults[design->fault_count].machine = DESIGN_NONE;
    faults[design->fault_count].component = component;
    faults[design->fault_count++].factor = factor;
    design->faults = faults;
}

// ---- objectives --------------------------------------------------------------------------------

static struct slo_design success_of(const struct plan *plan, struct arena *arena, uint32_t workload,
                                    bool calm)
{
    return (struct slo_design){
        .name = calm ? "without fault" : "under fault",
        .target_name = plan->base.design.workloads[workload].name,
        .objective = arena_format(arena, "success >= %.6g %% of %s", plan->success * 100.0,
                                  plan->base.design.workloads[workload].name),
        .target = SLO_WORKLOAD,
        .index = workload,
        .metric = SLO_SUCCESS,
        .relation = SLO_GREATER_EQUAL,
        .limit = plan->success,
        .good_latency_ns = TIME_NEVER,
    };
}

// Under a fault, the success of every workload stands for what is asked of its availability; a
// share that the scenario asks for then is asked for without a fault, too.
static void apply_rules(const struct plan *plan, const struct plan_case *one,
                        struct variant *variant)
{
    struct design *design = &variant->design;
    const uint32_t room = plan->rule_count + design->workload_count + 1;
    struct slo_design *slos = arena_take_array(&variant->arena, room, sizeof *slos);
    uint32_t count = 0;
    for (uint32_t r = 0; r < plan->rule_count; r++) {
        const struct slo_design *slo = &design->slos[plan->rules[r]];
        if (one->kind == PLAN_CALM || slo->metric != SLO_AVAILABILITY) {
            slos[count] = *slo;
            slos[count++].warn_only = false;
        }
    }
    const bool calm = one->kind == PLAN_CALM;
    const bool lasting = (calm && plan->always) || one->kind == PLAN_ZONE ||
                         one->kind == PLAN_MACHINE ||
                         (one->kind == PLAN_FAULT && design->faults[one->index].stochastic);
    for (uint32_t w = 0; lasting && w < design->workload_count; w++) {
        slos[count++] = success_of(plan, &variant->arena, w, calm);
    }
    design->slos = slos;
    design->slo_count = count;
}

void plan_case_apply(const struct plan *plan, const struct plan_case *one, double factor,
                     struct variant *variant)
{
    apply_load(plan, one, factor, variant);
    apply_rules(plan, one, variant);
    apply_faults(one, variant);
}

double plan_case_servers(const struct plan_case *one, const struct component_design *component)
{
    uint32_t left = 0;
    for (uint32_t r = 0; r < component->replicas; r++) {
        const struct placement *place = &component->placements[r];
        const bool lost = (one->kind == PLAN_ZONE && place->zone == one->index) ||
                          (one->kind == PLAN_MACHINE && place->machine == one->index);
        left += !lost;
    }
    return left * plan_price_servers(component);
}

double plan_case_worst(const struct plan *plan, const struct component_design *component)
{
    double least = INFINITY;
    for (uint32_t i = 0; i < plan->case_count; i++) {
        const double left = plan_case_servers(&plan->cases[i], component);
        least = left < least ? left : least;
    }
    return least;
}

// ---- which cases -------------------------------------------------------------------------------

static bool holds_replicas(const struct design *design, const struct plan_case *one)
{
    for (uint32_t c = 0; c < design->component_count; c++) {
        const struct component_design *component = &design->components[c];
        for (uint32_t r = 0; r < component->replicas; r++) {
            const struct placement *place = &component->placements[r];
            if (one->kind == PLAN_ZONE ? place->zone == one->index : place->machine == one->index) {
                return true;
            }
        }
    }
    return false;
}

static void add(struct plan *plan, enum plan_case_kind kind, uint32_t index, const char *name)
{
    for (uint32_t i = 0; i < plan->case_count; i++) {
        if (plan->cases[i].kind == kind && plan->cases[i].index == index) {
            return;
        }
    }
    plan->cases[plan->case_count++] = (struct plan_case){kind, index, name, 0};
}

static void add_each(struct plan *plan, enum plan_case_kind kind)
{
    const struct topology_design *topology = &plan->base.design.topology;
    const bool zone = kind == PLAN_ZONE;
    const uint32_t count = zone ? topology->zone_count : topology->machine_count;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = zone ? topology->zones[i].name : topology->machines[i].name;
        const struct plan_case one = {.kind = kind, .index = i};
        if (holds_replicas(&plan->base.design, &one)) {
            add(plan, kind, i,
                arena_format(&plan->arena, "%s %s lost", zone ? "zone" : "machine", name));
        }
    }
}

static bool add_fault(struct plan *plan, const char *name, struct text *wrong)
{
    const struct design *design = &plan->base.design;
    for (uint32_t f = 0; f < design->fault_count; f++) {
        const struct fault_design *fault = &design->faults[f];
        if (!text_same(fault->name, name)) {
            continue;
        }
        if (!fault->stochastic && fault->at_ns >= design->duration_ns) {
            text_format(wrong, "fault `%s` strikes after the end of the run: a longer --duration",
                        name);
            return false;
        }
        const int64_t end_ns = time_after(fault->at_ns, fault->duration_ns);
        if (!fault->stochastic && end_ns < design->duration_ns &&
            time_after(end_ns, plan->recovered_ns) >= design->duration_ns) {
            text_format(wrong,
                        "fault `%s` ends %.3gs before the end of the run, too late to see it "
                        "recovered within %.3gs: a longer --duration, or a shorter "
                        "`under_fault.recovered_within`",
                        name, (double)(design->duration_ns - end_ns) / 1e9,
                        (double)plan->recovered_ns / 1e9);
            return false;
        }
        add(plan, PLAN_FAULT, f, fault->name);
        return true;
    }
    text_format(wrong, "no fault `%s`; expected none, each-zone, each-node or a fault's name",
                name);
    return false;
}

static bool add_named(struct plan *plan, const char *name, struct text *wrong)
{
    if (text_same(name, "none")) {
        add(plan, PLAN_CALM, 0, "none");
    } else if (text_same(name, "each-zone")) {
        add_each(plan, PLAN_ZONE);
    } else if (text_same(name, "each-node")) {
        add_each(plan, PLAN_MACHINE);
    } else {
        return add_fault(plan, name, wrong);
    }
    return true;
}

static bool add_list(struct plan *plan, const char *list, struct text *wrong)
{
    bool good = true;
    while (good && *list != '\0') {
        const size_t length = strcspn(list, ",");
        good = length == 0 || add_named(plan, arena_text_part(&plan->arena, list, length), wrong);
        list += length + (list[length] == ',');
    }
    return good;
}

// What every candidate must do without a fault is always among the cases.
bool plan_case_read(struct plan *plan, struct text *wrong)
{
    const struct design *design = &plan->base.design;
    const uint32_t room =
        1 + design->fault_count + design->topology.zone_count + design->topology.machine_count;
    plan->cases = arena_take_array(&plan->arena, room, sizeof *plan->cases);
    add(plan, PLAN_CALM, 0, "none");
    if (plan->request.under != NULL) {
        return add_list(plan, plan->request.under, wrong);
    }
    const struct document_node *under = plan->base.top.plan.under;
    if (under != NULL && under->kind == DOCUMENT_SCALAR) {
        return add_named(plan, under->text, wrong);
    }
    bool good = true;
    const struct document_node *child = under == NULL ? NULL : under->first;
    for (; good && child != NULL; child = child->next) {
        good = add_named(plan, child->text, wrong);
    }
    return good;
}
