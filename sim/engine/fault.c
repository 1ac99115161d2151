// fault - the seam of all failure work: what is struck, how, when, and who is charged.
#include "sim/engine/fault.h"

#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/engine/fault_target.h"
#include "sim/engine/model.h"
#include "sim/engine/world.h"

enum { STRIKE_EVENT, END_EVENT, RESCHEDULE_EVENT };

static const int64_t CHARGED_AFTER_NS = 60 * TIME_S;
static const int64_t RESCHEDULE_NS = 340 * TIME_S;

struct fault_clock { // of one target of a fault by chance
    uint32_t fault;
    uint32_t target; // ROLE: whoever has it
    struct random_stream stream;
};
enum { ROLE = UINT32_MAX };

struct strike { // in force
    uint32_t generation, number;
    uint32_t fault;
    uint32_t clock;               // DESIGN_NONE: by plan
    struct fault_targets targets; // zones or machines, or the nodes again
    struct fault_targets nodes;   // struck
    uint32_t older, newer;        // strikes in force, by beginning
};

struct window { // of a strike, for charges
    uint32_t fault;
    int64_t end_ns;
    int64_t latest_end_ns; // of this and all before
};

struct fault_state {
    struct slots strikes;
    uint32_t oldest, newest; // strikes in force
    struct random_stream *choices; // one a fault
    struct fault_clock *clocks;
    uint32_t clock_count, clock_room;
    uint32_t *holds; // strikes that hold a node down, by node
    struct window *windows;
    uint32_t window_count, window_room;
};

static struct strike *strike_at(const struct fault_state *state, uint32_t number)
{
    return slots_at(&state->strikes, number);
}

static uint32_t tag_of(uint32_t fault, uint32_t kind)
{
    return 0xffe00000 | (fault & 0xfff) << 8 | kind;
}

// ---- windows ------------------------------------------------------------------------------------

static void add_window(struct world *world, uint32_t fault, int64_t end_ns)
{
    struct fault_state *state = world->faults;
    if (state->window_count == state->window_room) {
        state->window_room = state->window_room == 0 ? 16 : state->window_room * 2;
        state->windows = check_realloc(state->windows, state->window_room * sizeof *state->windows);
    }
    const struct window *before =
        state->window_count == 0 ? NULL : &state->windows[state->window_count - 1];
    const int64_t latest = before == NULL || before->latest_end_ns < end_ns ? end_ns
                                                                            : before->latest_end_ns;
    state->windows[state->window_count++] = (struct window){fault, end_ns, latest};
}

uint32_t fault_charged(const struct world *world, int64_t began_ns)
{
    const struct fault_state *state = world->faults;
    if (state == NULL) {
        return DESIGN_NONE;
    }
    for (uint32_t i = state->window_count; i > 0; i--) {
        const struct window *window = &state->windows[i - 1];
        if (time_after(window->end_ns, CHARGED_AFTER_NS) >= began_ns) {
            return window->fault;
        }
        if (time_after(window->latest_end_ns, CHARGED_AFTER_NS) < began_ns) {
            break;
        }
    }
    return DESIGN_NONE;
}

// Time in force counts once where strikes of a fault overlap.
static void meter_strike(struct world *world, uint32_t fault, int64_t end_ns)
{
    struct fault_meter *meter = &world->meter.faults[fault];
    const int64_t last = end_ns < world->design->duration_ns ? end_ns : world->design->duration_ns;
    const int64_t from = meter->occurrences > 0 && meter->last_end_ns > world->now
                             ? meter->last_end_ns
                             : world->now;
    if (meter->occurrences++ == 0) {
        meter->first_ns = world->now;
    }
    if (last > from) {
        meter->active_ns += last - from;
    }
    meter->last_end_ns = last > meter->last_end_ns ? last : meter->last_end_ns;
}

// ---- nodes --------------------------------------------------------------------------------------

static void hold_down(struct world *world, uint32_t number, bool dark)
{
    world->faults->holds[number]++;
    node_kill(world->nodes[number], dark);
}

static void let_up(struct world *world, uint32_t number)
{
    uint32_t *holds = &world->faults->holds[number];
    if (*holds > 0 && --*holds == 0) {
        node_restart(world->nodes[number]);
    }
}

static void strike_node(struct world *world, const struct fault_design *design, uint32_t number)
{
    switch (design->action) {
    case FAULT_KILL:
        hold_down(world, number, false);
        break;
    case FAULT_POWER_OFF:
    case FAULT_ZONE_DOWN:
    case FAULT_NODE_DOWN:
        hold_down(world, number, true);
        break;
    case FAULT_PAUSE:
        node_pause(world->nodes[number]);
        break;
    case FAULT_SLOW:
        node_slow(world->nodes[number], design->factor);
        break;
    case FAULT_DELAY:
    case FAULT_LOSS:
    case FAULT_PARTITION:
        break;
    }
}

static void relieve_node(struct world *world, const struct fault_design *design, uint32_t number)
{
    switch (design->action) {
    case FAULT_KILL:
    case FAULT_POWER_OFF:
    case FAULT_ZONE_DOWN:
    case FAULT_NODE_DOWN:
        let_up(world, number);
        break;
    case FAULT_PAUSE:
        node_resume(world->nodes[number]);
        break;
    case FAULT_SLOW:
        node_unslow(world->nodes[number], design->factor);
        break;
    case FAULT_DELAY:
    case FAULT_LOSS:
    case FAULT_PARTITION:
        break;
    }
}

// ---- links --------------------------------------------------------------------------------------

static bool strikes_links(const struct fault_design *design)
{
    return design->action == FAULT_DELAY || design->action == FAULT_LOSS ||
           design->action == FAULT_PARTITION;
}

static struct network_effect effect_of(const struct fault_design *design, uint32_t fault)
{
    return (struct network_effect){
        .fault = fault,
        .from_component = design->from,
        .to_component = design->to,
        .from_zone = design->from_zone,
        .to_zone = design->to_zone,
        .one_way = design->one_way,
        .drop = design->action == FAULT_PARTITION,
        .loss = design->action == FAULT_LOSS ? design->loss : 0,
        .delay = design->action == FAULT_DELAY ? &design->delay : NULL,
    };
}

static void add_effects(struct world *world, const struct strike *strike)
{
    const struct fault_design *design = &world->design->faults[strike->fault];
    if (strikes_links(design)) {
        network_add_effect(world, effect_of(design, strike->fault));
    }
    for (uint32_t i = 0; design->action == FAULT_ZONE_DOWN && i < strike->targets.count; i++) {
        const struct network_effect cut = {
            .fault = strike->fault,
            .from_component = DESIGN_NONE,
            .to_component = DESIGN_NONE,
            .from_zone = DESIGN_NONE,
            .to_zone = strike->targets.numbers[i],
            .drop = true,
            .spares_clients = true,
        };
        network_add_effect(world, cut);
    }
}

// Other strikes of the same fault keep theirs.
static void remove_effects(struct world *world, uint32_t fault)
{
    const struct fault_state *state = world->faults;
    network_remove_effects(world, fault);
    for (uint32_t number = state->oldest; number != 0; number = strike_at(state, number)->newer) {
        if (strike_at(state, number)->fault == fault) {
            add_effects(world, strike_at(state, number));
        }
    }
}

// ---- rescheduling -------------------------------------------------------------------------------

static bool zone_is_cut(const struct world *world, uint32_t zone)
{
    const struct network_path path = {zone, zone, DESIGN_NONE, DESIGN_NONE};
    return network_is_cut(world, path);
}

// The next zone of the region after the node's own that is not cut off.
static uint32_t other_zone(const struct world *world, const struct node *node)
{
    const struct topology_design *topology = &world->design->topology;
    for (uint32_t i = 1; i < topology->zone_count; i++) {
        const uint32_t zone = (node->zone + i) % topology->zone_count;
        if (topology->zones[zone].region == topology->zones[node->zone].region &&
            !zone_is_cut(world, zone)) {
            return zone;
        }
    }
    return DESIGN_NONE;
}

static void leave_out(struct fault_targets *targets, uint32_t number)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < targets->count; i++) {
        if (targets->numbers[i] != number) {
            targets->numbers[kept++] = targets->numbers[i];
        }
    }
    targets->count = kept;
}

static bool holds_nodes(const struct fault_design *design)
{
    return design->action == FAULT_KILL || design->action == FAULT_POWER_OFF ||
           design->action == FAULT_ZONE_DOWN || design->action == FAULT_NODE_DOWN;
}

// The ends of the strikes in force no longer concern a replica that is started elsewhere.
static void release_node(struct world *world, uint32_t node)
{
    struct fault_state *state = world->faults;
    for (uint32_t number = state->oldest; number != 0; number = strike_at(state, number)->newer) {
        struct strike *strike = strike_at(state, number);
        if (holds_nodes(&world->design->faults[strike->fault])) {
            leave_out(&strike->nodes, node);
        }
    }
    state->holds[node] = 0;
}

static void on_reschedule(void *subject, uint64_t number)
{
    struct world *world = subject;
    struct node *node = world->nodes[number];
    const uint32_t zone = other_zone(world, node);
    if (node->life != NODE_DARK || zone == DESIGN_NONE) {
        return;
    }
    node->zone = zone;
    node->machine = DESIGN_NONE;
    release_node(world, (uint32_t)number);
    node_restart(node);
}

static void reschedule_lost(struct world *world, const struct strike *strike)
{
    const enum fault_action action = world->design->faults[strike->fault].action;
    if (action != FAULT_ZONE_DOWN && action != FAULT_NODE_DOWN) {
        return;
    }
    for (uint32_t i = 0; i < strike->nodes.count; i++) {
        const uint32_t number = strike->nodes.numbers[i];
        if (world->nodes[number]->component->design->reschedule) {
            const struct event event = {on_reschedule, world, number,
                                        tag_of(strike->fault, RESCHEDULE_EVENT)};
            event_queue_at(world->queue, time_after(world->now, RESCHEDULE_NS), event);
        }
    }
}

// ---- strikes ------------------------------------------------------------------------------------

static void on_end(void *subject, uint64_t number);
static void await_failure(struct world *world, uint32_t clock);

static struct fault_targets all_nodes(struct world *world, const struct fault_design *design,
                                      const struct fault_targets *targets)
{
    struct fault_targets all = {0};
    for (uint32_t i = 0; !strikes_links(design) && i < targets->count; i++) {
        struct fault_targets some = fault_target_nodes(world, design, targets->numbers[i]);
        const size_t bytes = (all.count + some.count + 1) * sizeof *all.numbers;
        all.numbers = check_realloc(all.numbers, bytes);
        for (uint32_t k = 0; k < some.count; k++) {
            all.numbers[all.count++] = some.numbers[k];
        }
        free(some.numbers);
    }
    return all;
}

static struct strike *take_strike(struct world *world, uint32_t fault, uint32_t clock,
                                  struct fault_targets targets)
{
    struct fault_state *state = world->faults;
    const uint32_t number = slots_take(&state->strikes);
    struct strike *strike = strike_at(state, number);
    strike->number = number;
    strike->fault = fault;
    strike->clock = clock;
    strike->targets = targets;
    strike->nodes = all_nodes(world, &world->design->faults[fault], &targets);
    strike->older = state->newest;
    if (state->newest != 0) {
        strike_at(state, state->newest)->newer = number;
    } else {
        state->oldest = number;
    }
    state->newest = number;
    return strike;
}

static void give_strike(struct fault_state *state, struct strike *strike)
{
    if (strike->older != 0) {
        strike_at(state, strike->older)->newer = strike->newer;
    } else {
        state->oldest = strike->newer;
    }
    if (strike->newer != 0) {
        strike_at(state, strike->newer)->older = strike->older;
    } else {
        state->newest = strike->older;
    }
    free(strike->targets.numbers);
    free(strike->nodes.numbers);
    slots_give(&state->strikes, strike->number);
}

static void begin_strike(struct world *world, struct strike *strike, int64_t length_ns)
{
    const uint32_t fault = strike->fault;
    const struct fault_design *design = &world->design->faults[fault];
    const int64_t end_ns = time_after(world->now, length_ns);
    world->active_faults++;
    world->latest_fault = fault;
    meter_strike(world, fault, end_ns);
    add_window(world, fault, end_ns);
    meter_log(world, LOG_FAULT_BEGIN, (int32_t)fault, strike->targets.count);
    const struct event event = {on_end, world, strike->number, tag_of(fault, END_EVENT)};
    event_queue_at(world->queue, end_ns, event);
    add_effects(world, strike);
    for (uint32_t i = 0; i < strike->nodes.count; i++) {
        strike_node(world, design, strike->nodes.numbers[i]);
    }
    reschedule_lost(world, strike);
}

static void on_end(void *subject, uint64_t number)
{
    struct world *world = subject;
    struct strike *strike = strike_at(world->faults, (uint32_t)number);
    const struct strike ended = *strike;
    const struct fault_design *design = &world->design->faults[ended.fault];
    world->active_faults--;
    meter_log(world, LOG_FAULT_END, (int32_t)ended.fault, ended.targets.count);
    for (uint32_t i = 0; i < ended.nodes.count; i++) {
        relieve_node(world, design, ended.nodes.numbers[i]);
    }
    give_strike(world->faults, strike);
    remove_effects(world, ended.fault);
    if (ended.clock != DESIGN_NONE) {
        await_failure(world, ended.clock);
    }
}

// ---- by plan ------------------------------------------------------------------------------------

static void on_planned(void *subject, uint64_t fault)
{
    struct world *world = subject;
    const struct fault_design *design = &world->design->faults[fault];
    struct fault_targets targets = fault_target_all(world, design);
    fault_target_choose(&targets, design, &world->faults->choices[fault]);
    struct strike *strike = take_strike(world, (uint32_t)fault, DESIGN_NONE, targets);
    begin_strike(world, strike, design->duration_ns);
}

// ---- by chance ----------------------------------------------------------------------------------

static int64_t draw_repair(const struct fault_design *design, struct random_stream *stream)
{
    const bool given = design->mttr.depth > 0 && distribution_mean(&design->mttr) > 0;
    return given ? distribution_draw(&design->mttr, stream) : design->duration_ns;
}

static void on_failure(void *subject, uint64_t number)
{
    struct world *world = subject;
    struct fault_clock *clock = &world->faults->clocks[number];
    const struct fault_design *design = &world->design->faults[clock->fault];
    struct fault_targets targets = {0};
    if (clock->target == ROLE) {
        targets = fault_target_all(world, design);
        fault_target_choose(&targets, design, &world->faults->choices[clock->fault]);
    } else {
        targets.numbers = check_calloc(1, sizeof *targets.numbers);
        targets.numbers[targets.count++] = clock->target;
    }
    const int64_t repair = draw_repair(design, &clock->stream);
    begin_strike(world, take_strike(world, clock->fault, (uint32_t)number, targets), repair);
}

static void await_failure(struct world *world, uint32_t number)
{
    struct fault_clock *clock = &world->faults->clocks[number];
    const struct fault_design *design = &world->design->faults[clock->fault];
    const int64_t gap = distribution_draw(&design->mtbf, &clock->stream);
    const struct event event = {on_failure, world, number, tag_of(clock->fault, STRIKE_EVENT)};
    event_queue_at(world->queue, time_after(world->now, gap > 0 ? gap : 1), event);
}

static void add_clock(struct world *world, uint32_t fault, uint32_t target)
{
    struct fault_state *state = world->faults;
    const struct fault_design *design = &world->design->faults[fault];
    if (state->clock_count == state->clock_room) {
        state->clock_room = state->clock_room == 0 ? 8 : state->clock_room * 2;
        state->clocks = check_realloc(state->clocks, state->clock_room * sizeof *state->clocks);
    }
    struct fault_clock *clock = &state->clocks[state->clock_count++];
    const char *target_name =
        target == ROLE ? design->role : fault_target_name(world, design, target);
    const char *name = arena_format(&world->arena, "fault/%s/%s", design->name, target_name);
    clock->fault = fault;
    clock->target = target;
    random_stream_init(&clock->stream, world->key, text_hash(name));
    await_failure(world, state->clock_count - 1);
}

static void begin_clocks(struct world *world, uint32_t fault)
{
    const struct fault_design *design = &world->design->faults[fault];
    if (design->role != NULL) {
        add_clock(world, fault, ROLE);
        return;
    }
    struct fault_targets targets = fault_target_all(world, design);
    if (design->mode == FAULT_SHARE || design->mode == FAULT_FIXED) {
        fault_target_choose(&targets, design, &world->faults->choices[fault]);
    }
    for (uint32_t i = 0; i < targets.count; i++) {
        add_clock(world, fault, targets.numbers[i]);
    }
    free(targets.numbers);
}

// ---- life ---------------------------------------------------------------------------------------

static void begin_fault(struct world *world, uint32_t fault)
{
    const struct fault_design *design = &world->design->faults[fault];
    const char *name = arena_format(&world->arena, "fault/%s/choice", design->name);
    random_stream_init(&world->faults->choices[fault], world->key, text_hash(name));
    if (!design->enabled) {
        return;
    }
    if (design->stochastic) {
        begin_clocks(world, fault);
        return;
    }
    const struct event event = {on_planned, world, fault, tag_of(fault, STRIKE_EVENT)};
    event_queue_at(world->queue, design->at_ns, event);
}

void fault_begin(struct world *world)
{
    struct fault_state *state = check_calloc(1, sizeof *state);
    const uint32_t count = world->design->fault_count;
    world->faults = state;
    slots_init(&state->strikes, sizeof(struct strike));
    state->choices = arena_take_array(&world->arena, count, sizeof *state->choices);
    state->holds = arena_take_array(&world->arena, world->node_count, sizeof *state->holds);
    for (uint32_t i = 0; i < count; i++) {
        begin_fault(world, i);
    }
}

void fault_end(struct world *world)
{
    struct fault_state *state = world->faults;
    for (uint32_t number = state->oldest; number != 0; number = strike_at(state, number)->newer) {
        free(strike_at(state, number)->targets.numbers);
        free(strike_at(state, number)->nodes.numbers);
    }
    slots_release(&state->strikes);
    free(state->clocks);
    free(state->windows);
    free(state);
    world->faults = NULL;
}
