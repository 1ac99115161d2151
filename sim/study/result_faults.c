// result_faults - faults with what they did, and the invariants that were held.
#include "sim/study/result_build.h"

#include <math.h>

#include "sim/base/text.h"

static const char *const action_names[] = {
    [FAULT_KILL] = "kill",           [FAULT_PAUSE] = "pause",
    [FAULT_SLOW] = "slow",           [FAULT_ZONE_DOWN] = "zone-down",
    [FAULT_NODE_DOWN] = "node-down", [FAULT_DELAY] = "delay",
    [FAULT_LOSS] = "loss",           [FAULT_PARTITION] = "partition",
    [FAULT_POWER_OFF] = "power-off",
};

// One part of a selection in words: " zone eu-a".
static void say(struct text *text, const char *what, const char *name)
{
    text_format(text, "%s%s%s%s", text->length == 0 ? "" : ", ", what, *what == 0 ? "" : " ", name);
}

static const char *component_name(const struct design *design, uint32_t index)
{
    return index == DESIGN_NONE ? "any" : design->components[index].name;
}

static void say_link(struct text *text, const struct design *design,
                     const struct fault_design *fault)
{
    if (fault->from != DESIGN_NONE || fault->to != DESIGN_NONE) {
        text_format(text, "%s%s %s %s", text->length == 0 ? "" : ", ",
                    component_name(design, fault->from), fault->one_way ? "to" : "and",
                    component_name(design, fault->to));
    }
    if (fault->from_zone != DESIGN_NONE) {
        say(text, "from zone", design->topology.zones[fault->from_zone].name);
    }
    if (fault->to_zone != DESIGN_NONE) {
        say(text, "to zone", design->topology.zones[fault->to_zone].name);
    }
}

static const char *target_of(struct result *result, const struct design *design,
                             const struct fault_design *fault)
{
    const bool link = fault->action == FAULT_DELAY || fault->action == FAULT_LOSS ||
                      fault->action == FAULT_PARTITION;
    struct text text;
    text_init(&text);
    if (fault->component != DESIGN_NONE) {
        say(&text, "", design->components[fault->component].name);
    }
    if (fault->role != NULL) {
        say(&text, "role", fault->role);
    }
    if (fault->zone != DESIGN_NONE) {
        say(&text, "zone", design->topology.zones[fault->zone].name);
    }
    if (fault->machine != DESIGN_NONE) {
        say(&text, "node", design->topology.machines[fault->machine].name);
    }
    if (link) {
        say_link(&text, design, fault);
    }
    const char *target = arena_text(&result->arena, text_get(&text));
    text_release(&text);
    return target;
}

static void merge_fault(struct result_fault *fault, const struct result_input *input,
                        uint32_t index)
{
    for (uint32_t r = 0; r < input->count; r++) {
        const struct fault_meter *meter = &input->records[r].meter.faults[index];
        if (meter->occurrences > 0) {
            const double first = time_seconds(meter->first_ns);
            const double end = time_seconds(meter->last_end_ns);
            fault->first_s =
                isnan(fault->first_s) || first < fault->first_s ? first : fault->first_s;
            fault->end_s = isnan(fault->end_s) || end > fault->end_s ? end : fault->end_s;
        }
        fault->occurrences += meter->occurrences;
        fault->active_s += time_seconds(meter->active_ns);
        for (uint32_t s = 0; s < input->design->slo_count; s++) {
            fault->bad_requests[s] += meter->bad_requests[s];
        }
    }
}

static void add_faults(struct result *result, const struct result_input *input)
{
    const struct design *design = input->design;
    result->fault_count = design->fault_count;
    result->faults = arena_take_array(&result->arena, design->fault_count, sizeof *result->faults);
    for (uint32_t f = 0; f < design->fault_count; f++) {
        const struct fault_design *from = &design->faults[f];
        const bool endless = from->duration_ns == TIME_NEVER;
        result->faults[f] = (struct result_fault){
            .name = arena_text(&result->arena, from->name),
            .action = action_names[from->action],
            .target = target_of(result, design, from),
            .enabled = from->enabled,
            .stochastic = from->stochastic,
            .at_s = from->stochastic ? (double)NAN : time_seconds(from->at_ns),
            .duration_s =
                endless || from->stochastic ? (double)NAN : time_seconds(from->duration_ns),
            .expected = from->expected,
            .first_s = NAN,
            .end_s = NAN,
            .bad_requests =
                arena_take_array(&result->arena, design->slo_count + 1, sizeof(uint64_t)),
        };
        result->faults_on |= from->enabled;
        if (from->enabled) {
            merge_fault(&result->faults[f], input, f);
        }
    }
}

// Invariants may first be stated by a later replication, hence by name.
static struct result_invariant *invariant_named(struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->invariant_count; i++) {
        if (text_same(result->invariants[i].name, name)) {
            return &result->invariants[i];
        }
    }
    struct result_invariant *invariant = &result->invariants[result->invariant_count++];
    invariant->name = arena_text(&result->arena, name);
    return invariant;
}

static void add_invariants(struct result *result, const struct result_input *input)
{
    size_t room = 0;
    for (uint32_t r = 0; r < input->count; r++) {
        room += input->records[r].invariant_count;
    }
    result->invariants = arena_take_array(&result->arena, room + 1, sizeof *result->invariants);
    for (uint32_t r = 0; r < input->count; r++) {
        const struct run_record *record = &input->records[r];
        for (uint32_t i = 0; i < record->invariant_count; i++) {
            const struct invariant_count *count = &record->invariants[i];
            struct result_invariant *invariant = invariant_named(result, count->name);
            if (count->violated > 0 && invariant->first == NULL) {
                invariant->first = arena_text(&result->arena, count->first);
                invariant->replication = record->replication;
            }
            invariant->checked += count->checked;
            invariant->violated += count->violated;
        }
    }
}

void result_add_faults(struct result *result, const struct result_input *input)
{
    add_faults(result, input);
    add_invariants(result, input);
    for (uint32_t f = 0; f < result->fault_count; f++) {
        const struct result_fault *fault = &result->faults[f];
        if (fault->enabled && !fault->stochastic && fault->at_s >= result->duration_s) {
            result_warn(result, "W2101", "fault `%s` strikes at %g s, past the end of the run",
                        fault->name, fault->at_s);
        }
        if (fault->enabled && fault->stochastic && fault->occurrences < 5) {
            result_warn(result, "W2102",
                        "fault `%s` struck %llu times in all replications: too few to judge by",
                        fault->name, (unsigned long long)fault->occurrences);
        }
    }
}
