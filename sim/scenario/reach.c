// reach - which components a client's request may touch, and which a component depends on.
#include "sim/scenario/reach.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/engine/model.h"

struct walk {
    const struct design *design;
    const struct assembly_flow *flows;
    uint32_t *head, *next;    // flows by their caller, in lists
    uint32_t *base;           // number of a component's first operation
    uint32_t operation_count; // of all components
    bool *seen;               // operations
    uint32_t *stack;          // of operations: component and number, two entries each
    uint32_t depth;
    uint64_t *row;
    bool only_calls; // a topic does not wait for its consumers
};

bool reach_has(const uint64_t *row, uint32_t component)
{
    return (row[component / 64] >> (component % 64) & 1) != 0;
}

bool reach_meets(const struct reach *reach, const uint64_t *one, const uint64_t *other)
{
    for (uint32_t w = 0; w < reach->words; w++) {
        if ((one[w] & other[w]) != 0) {
            return true;
        }
    }
    return false;
}

void reach_add(const struct reach *reach, uint64_t *row, const uint64_t *other)
{
    for (uint32_t w = 0; w < reach->words; w++) {
        row[w] |= other[w];
    }
}

const uint64_t *reach_touched(const struct reach *reach, uint32_t workload, uint32_t action)
{
    CHECK(reach->first[workload] + action < reach->first[workload + 1]);
    return &reach->touched[(size_t)(reach->first[workload] + action) * reach->words];
}

const uint64_t *reach_needed(const struct reach *reach, uint32_t component)
{
    CHECK(component < reach->component_count);
    return &reach->needed[(size_t)component * reach->words];
}

// ---- walking -----------------------------------------------------------------------------------

static void push(struct walk *walk, uint32_t component, uint32_t operation)
{
    bool *seen = &walk->seen[walk->base[component] + operation];
    if (!*seen) {
        *seen = true;
        walk->stack[2 * walk->depth] = component;
        walk->stack[2 * walk->depth + 1] = operation;
        walk->depth++;
    }
}

// A callee whose operation is not known is walked through all of its operations.
static void enter(struct walk *walk, uint32_t component, const struct operation *operation)
{
    walk->row[component / 64] |= UINT64_C(1) << (component % 64);
    const uint32_t count = walk->design->components[component].operation_count;
    for (uint32_t o = 0; o < count; o++) {
        if (operation == NULL || operation->number == o) {
            push(walk, component, o);
        }
    }
}

// That a broker hands over to a consumer says nothing of which message it is: its publisher's own
// flow does.
static bool leads_on(const struct walk *walk, const struct assembly_flow *flow, uint32_t operation)
{
    const bool is_hand_over = flow->call == NULL && flow->operation == NULL;
    const bool is_own = flow->operation == NULL || flow->operation->number == operation;
    return is_own && !is_hand_over && (flow->call != NULL || !walk->only_calls);
}

static void walk_on(struct walk *walk)
{
    while (walk->depth > 0) {
        walk->depth--;
        const uint32_t component = walk->stack[2 * walk->depth];
        const uint32_t operation = walk->stack[2 * walk->depth + 1];
        for (uint32_t f = walk->head[component]; f != DESIGN_NONE; f = walk->next[f]) {
            if (leads_on(walk, &walk->flows[f], operation)) {
                enter(walk, walk->flows[f].to, walk->flows[f].to_operation);
            }
        }
    }
}

static void begin(struct walk *walk, uint64_t *row, bool only_calls)
{
    memset(walk->seen, 0, walk->operation_count * sizeof *walk->seen);
    walk->row = row;
    walk->only_calls = only_calls;
}

// What a workload publishes has lost its action on the way to the consumer, and sockets have none:
// both count for every action.
static void touch(struct walk *walk, uint32_t flow_count, uint32_t workload, uint32_t action)
{
    const struct call_design *call = &walk->design->workloads[workload].actions[action].call;
    for (uint32_t f = 0; f < flow_count; f++) {
        const struct assembly_flow *flow = &walk->flows[f];
        if (flow->component == DESIGN_NONE && flow->workload == workload &&
            (flow->call == call || flow->call == NULL)) {
            enter(walk, flow->to, flow->to_operation);
        }
    }
    walk_on(walk);
}

// ---- the whole ---------------------------------------------------------------------------------

static void index_flows(struct walk *walk, uint32_t flow_count)
{
    const struct design *design = walk->design;
    walk->head = check_calloc(design->component_count + 1, sizeof *walk->head);
    walk->next = check_calloc(flow_count + 1, sizeof *walk->next);
    walk->base = check_calloc(design->component_count + 1, sizeof *walk->base);
    for (uint32_t c = 0; c < design->component_count; c++) {
        walk->head[c] = DESIGN_NONE;
        walk->base[c] = walk->operation_count;
        walk->operation_count += design->components[c].operation_count;
    }
    for (uint32_t f = 0; f < flow_count; f++) {
        const uint32_t from = walk->flows[f].component;
        if (from != DESIGN_NONE) {
            walk->next[f] = walk->head[from];
            walk->head[from] = f;
        }
    }
    walk->seen = check_calloc(walk->operation_count + 1, sizeof *walk->seen);
    walk->stack = check_calloc(2 * (size_t)walk->operation_count + 2, sizeof *walk->stack);
}

static void release(struct walk *walk)
{
    free(walk->head);
    free(walk->next);
    free(walk->base);
    free(walk->seen);
    free(walk->stack);
}

void reach_find(struct arena *arena, const struct design *design, const struct assembly_flow *flows,
                uint32_t flow_count, struct reach *reach)
{
    struct walk walk = {.design = design, .flows = flows};
    index_flows(&walk, flow_count);
    const uint32_t words = (design->component_count + 63) / 64;
    uint32_t *first = arena_take_array(arena, design->workload_count + 1, sizeof *first);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        first[w + 1] = first[w] + design->workloads[w].action_count;
    }
    const size_t actions = first[design->workload_count];
    uint64_t *touched = arena_take_array(arena, actions * words + 1, sizeof *touched);
    uint64_t *needed =
        arena_take_array(arena, (size_t)design->component_count * words + 1, sizeof *needed);
    for (uint32_t w = 0; w < design->workload_count; w++) {
        for (uint32_t a = 0; a < design->workloads[w].action_count; a++) {
            begin(&walk, &touched[(size_t)(first[w] + a) * words], false);
            touch(&walk, flow_count, w, a);
        }
    }
    for (uint32_t c = 0; c < design->component_count; c++) {
        begin(&walk, &needed[(size_t)c * words], true);
        enter(&walk, c, NULL);
        walk_on(&walk);
    }
    release(&walk);
    *reach = (struct reach){
        design->workload_count, design->component_count, words, first, touched, needed};
}
