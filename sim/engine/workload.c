// workload - where requests come from: arrival processes, users, journeys, sockets, keys.
#include "sim/engine/workload.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/path.h"
#include "sim/base/text.h"
#include "sim/engine/exemplar.h"
#include "sim/engine/meter_end.h"
#include "sim/engine/model.h"
#include "sim/engine/workload_session.h"
#include "sim/engine/workload_socket.h"
#include "sim/engine/workload_state.h"
#include "sim/engine/world.h"

// ---- requests -----------------------------------------------------------------------------------

uint32_t workload_pick(struct workload_state *state)
{
    if (state->action_count == 1) {
        return 0;
    }
    const double unit = random_unit(&state->mix);
    uint32_t i = 0;
    while (i + 1 < state->action_count && unit >= state->shares[i]) {
        i++;
    }
    return i;
}

void workload_end_request(struct world *world, const struct call *call, enum status status)
{
    const struct workload_state *state = call->owner;
    meter_end_workload(world, state->number, call->began_ns, status, call->units);
    if (exemplar_is_followed(world, call->request)) {
        exemplar_end(world, call->request, call->began_ns, status);
    }
}

// Nobody stands there to let it in: the call will learn it.
PATH_RARE static void begin_in_vain(struct workload_state *state, struct call *template,
                                    struct node *node)
{
    template->only = node;
    workload_begin_request(state, template, DESIGN_NONE, 0);
    template->only = NULL;
}

// A request that nothing can lose begins as a visit at once, without a call that waits for it.
static void begin_plain_request(struct workload_state *state, struct call *template)
{
    struct world *world = state->world;
    const struct call_design *design = template->design;
    struct component *target = &world->components[design->target];
    struct node *node = target->nodes;
    if (target->node_count > 1) {
        node = balance_choose(world, &world->routes[design->edge], DESIGN_NONE, 0, NULL);
    }
    if (node == NULL || node->life != NODE_UP || node->pauses > 0) {
        begin_in_vain(state, template, node);
        return;
    }
    meter_offer(world, state->number, template->units);
    const struct visit_client client = {state->next_request++, template->units,
                                        template->priority, design->key_number};
    if (exemplar_is_followed(world, client.request)) {
        exemplar_begin(world, client.request);
    }
    visit_begin_client(node, design->operation, &client);
}

void workload_begin_request(struct workload_state *state, struct call *template, uint32_t zone,
                            uint64_t cookie)
{
    struct world *world = state->world;
    template->request = state->next_request++;
    template->from_zone = zone;
    template->cookie = cookie;
    template->began_ns = world->now;
    meter_offer(world, state->number, template->units);
    if (exemplar_is_followed(world, template->request)) {
        exemplar_begin(world, template->request);
    }
    call_start(world, template);
}

struct call workload_template(const struct workload_state *state, const struct call_design *design,
                              call_end *end)
{
    const uint32_t units = state->design->units;
    return (struct call){
        .design = design,
        .end = end,
        .owner = (void *)(uintptr_t)state,
        .from_zone = DESIGN_NONE,
        .deadline_ns = TIME_NEVER,
        .units = units > 1 ? units : 1,
        .priority = (uint8_t)(state->design->priority < 15 ? state->design->priority : 15),
        .direct = true,
    };
}

// ---- arrivals -----------------------------------------------------------------------------------

static void begin_action(struct workload_state *state, uint32_t action)
{
    struct call *template = &state->templates[action];
    if (state->plain[action]) {
        begin_plain_request(state, template);
    } else {
        workload_begin_request(state, template, workload_state_zone(state), 0);
    }
}

static void arrive(struct workload_state *state)
{
    if (state->steps_through) {
        workload_session_begin(state);
    } else {
        begin_action(state, workload_pick(state));
    }
}

// What a trace says of the arrival just reached.
static void arrive_by_trace(struct workload_state *state)
{
    const uint32_t *choices = state->design->arrivals.trace_choices;
    if (choices == NULL || state->steps_through) {
        arrive(state);
        return;
    }
    begin_action(state, choices[state->arrival.cursor - 1]);
}

static void arrive_in_batch(struct workload_state *state)
{
    const struct distribution *law = &state->design->arrivals.law;
    for (int64_t left = distribution_draw(law, &state->sizes); left > 0; left--) {
        arrive(state);
    }
}

static void on_arrival(void *subject, uint64_t argument);

// Arrivals are counted from the end of the lead.
static void set_arrival(struct workload_state *state, int64_t time_ns)
{
    const struct event event = {on_arrival, state, 0,
                                workload_state_tag(state, WORKLOAD_ARRIVAL_EVENT)};
    const int64_t lead_ns = state->world->design->lead_ns;
    event_queue_at(state->world->queue, time_after(lead_ns, time_ns), event);
}

static void await_arrival(struct workload_state *state)
{
    set_arrival(state, workload_arrival_next(&state->arrival));
}

// The next time is drawn first, on a stream of its own, so that the processor is done with it when
// the event is set; it is set last, behind what the present arrival sets.
static void on_arrival(void *subject, uint64_t argument)
{
    (void)argument;
    struct workload_state *state = subject;
    if (state->arrival.kind == ARRIVAL_TRACE) {
        arrive_by_trace(state);
        await_arrival(state);
        return;
    }
    const int64_t next = workload_arrival_next(&state->arrival);
    if (state->arrival.kind == ARRIVAL_BATCH) {
        arrive_in_batch(state);
    } else {
        arrive(state);
    }
    set_arrival(state, next);
}

// ---- life ---------------------------------------------------------------------------------------

static void begin_stream(const struct workload_state *state, struct random_stream *stream,
                         const char *purpose)
{
    const char *name = arena_format(&state->world->arena, "workload/%s/%s", state->design->name,
                                    purpose);
    random_stream_init(stream, state->world->key, text_hash(name));
}

static bool has_faults(const struct design *design)
{
    for (uint32_t i = 0; i < design->fault_count; i++) {
        if (design->faults[i].enabled) {
            return true;
        }
    }
    return false;
}

static bool is_plain(const struct workload_state *state, const struct call_design *call)
{
    const struct design *design = state->world->design;
    const struct component_design *target = &design->components[call->target];
    const bool guarded = call->timeout_ns > 0 || call->deadline_ns > 0 ||
                         call->retry.attempts > 1 || call->breaker.enabled ||
                         call->hedge.after_ns > 0 || call->fallback != FALLBACK_NONE;
    const bool simple = target->replicas == 1 || target->balancing == BALANCING_ROUND_ROBIN ||
                        target->balancing == BALANCING_RANDOM;
    return !guarded && simple && target->model->route == NULL && !has_faults(design) &&
           state->design->zone_count == 0;
}

static void begin_actions(struct workload_state *state)
{
    const struct workload_design *design = state->design;
    struct arena *arena = &state->world->arena;
    state->action_count = design->action_count;
    state->shares = arena_take_array(arena, design->action_count, sizeof *state->shares);
    state->templates = arena_take_array(arena, design->action_count, sizeof *state->templates);
    state->plain = arena_take_array(arena, design->action_count, sizeof *state->plain);
    for (uint32_t i = 0; i < design->action_count; i++) {
        state->plain[i] = is_plain(state, &design->actions[i].call);
        state->shares[i] = design->actions[i].share;
        state->templates[i] =
            workload_template(state, &design->actions[i].call, workload_end_request);
    }
}

static void begin_key(struct workload_state *state, uint32_t number)
{
    const struct key_design *key = &state->design->keys[number];
    const struct design *design = state->world->design;
    const char *name = arena_format(&state->world->arena, "workload/%s/key/%s",
                                    state->design->name, key->name);
    struct workload_key_law *law = &state->keys[number];
    law->law = key->unique ? NULL : &key->law;
    law->stream = text_hash(name);
    law->draws = arena_take_array(&state->world->arena, key->unique ? 0 : WORKLOAD_KEY_DRAWS,
                                  sizeof *law->draws);
    for (uint32_t i = 0; i < design->key_name_count; i++) {
        if (text_same(design->key_names[i], key->name)) {
            state->key_rows[i] = (uint8_t)(number + 1);
        }
    }
}

static void begin_keys(struct workload_state *state)
{
    const uint32_t count = state->design->key_count;
    struct arena *arena = &state->world->arena;
    CHECK(count < UINT8_MAX);
    state->keys = arena_take_array(arena, count, sizeof *state->keys);
    state->key_rows = arena_take_array(arena, state->world->design->key_name_count,
                                       sizeof *state->key_rows);
    for (uint32_t i = 0; i < count; i++) {
        begin_key(state, i);
    }
}

static void begin_traffic(struct workload_state *state)
{
    if (state->action_count == 0) {
        return;
    }
    if (state->design->model == WORKLOAD_CLOSED) {
        workload_session_begin_users(state);
        return;
    }
    state->steps_through = state->design->is_journey;
    if (state->steps_through) {
        workload_session_init(state);
    }
    workload_arrival_init(&state->arrival, state->design, &state->arrivals, &state->states);
    await_arrival(state);
}

static void begin_workload(struct world *world, uint32_t number)
{
    struct workload_state *state = &world->workloads[number];
    state->world = world;
    state->design = &world->design->workloads[number];
    state->number = number;
    state->name_hash = text_hash(state->design->name);
    state->next_request = (uint64_t)number << 48;
    begin_stream(state, &state->arrivals, "arrivals");
    begin_stream(state, &state->states, "states");
    begin_stream(state, &state->mix, "mix");
    begin_stream(state, &state->sizes, "sizes");
    begin_stream(state, &state->think, "think");
    begin_actions(state);
    begin_keys(state);
    if (state->design->connections.count > 0) {
        workload_socket_begin(state);
    }
    begin_traffic(state);
}

void workload_begin(struct world *world)
{
    const uint32_t count = world->design->workload_count;
    world->workloads = arena_take_array(&world->arena, count, sizeof *world->workloads);
    for (uint32_t i = 0; i < count; i++) {
        begin_workload(world, i);
    }
}

void workload_end(struct world *world)
{
    for (uint32_t i = 0; i < world->design->workload_count; i++) {
        struct workload_state *state = &world->workloads[i];
        slots_release(&state->sessions);
        if (state->sockets != NULL) {
            workload_socket_end(state);
        }
    }
}

void workload_node_changed(struct node *node)
{
    struct world *world = node->world;
    for (uint32_t i = 0; world->workloads != NULL && i < world->design->workload_count; i++) {
        if (world->workloads[i].sockets != NULL) {
            workload_socket_node_changed(&world->workloads[i], node);
        }
    }
}

// ---- figures ------------------------------------------------------------------------------------

static bool is_client_of(const struct visit *visit, uint32_t number, uint32_t workload)
{
    return visit->number == number && visit->client && workload_of(visit->request) == workload;
}

static bool is_call_of(const struct world *world, const struct call *call, uint32_t number,
                       uint32_t workload)
{
    return call->number == number && call->owner == &world->workloads[workload];
}

uint64_t workload_overdue(const struct world *world, uint32_t workload, int64_t limit_ns)
{
    uint64_t overdue = 0;
    for (uint32_t number = 1; number < world->visits.used; number++) {
        const struct visit *visit = slots_at(&world->visits, number);
        if (is_client_of(visit, number, workload) &&
            world->now - visit_client_began(visit) > limit_ns) {
            overdue += visit->units;
        }
    }
    for (uint32_t number = 1; number < world->calls.used; number++) {
        const struct call *call = slots_at(&world->calls, number);
        if (is_call_of(world, call, number, workload) && world->now - call->began_ns > limit_ns) {
            overdue += call->units;
        }
    }
    return overdue;
}

void workload_each_overdue(struct world *world, uint32_t slo, int64_t limit_ns,
                           void (*tell)(struct world *world, uint32_t slo, int64_t began_ns,
                                        uint64_t units))
{
    const uint32_t workload = world->design->slos[slo].index;
    for (uint32_t number = 1; number < world->visits.used; number++) {
        const struct visit *visit = slots_at(&world->visits, number);
        if (is_client_of(visit, number, workload) &&
            world->now - visit_client_began(visit) > limit_ns) {
            tell(world, slo, visit_client_began(visit), visit->units);
        }
    }
    for (uint32_t number = 1; number < world->calls.used; number++) {
        const struct call *call = slots_at(&world->calls, number);
        if (is_call_of(world, call, number, workload) && world->now - call->began_ns > limit_ns) {
            tell(world, slo, call->began_ns, call->units);
        }
    }
}

uint64_t workload_connected(const struct world *world, uint32_t workload)
{
    return (uint64_t)world->meter.workloads[workload].connected.value;
}

size_t workload_bytes(const struct world *world)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < world->design->workload_count; i++) {
        const struct workload_state *state = &world->workloads[i];
        bytes += slots_bytes(&state->sessions);
        bytes += state->sockets == NULL ? 0 : workload_socket_bytes(state);
    }
    return bytes;
}
