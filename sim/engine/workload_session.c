// workload_session - clients that do one thing after the other: journeys, closed users.
#include "sim/engine/workload_session.h"

#include "sim/engine/workload_state.h"
#include "sim/engine/world.h"

static const int64_t PAUSE_NS = TIME_MS; // of a user whose round took no time

struct session {
    uint32_t generation, number;
    uint32_t action; // next
    uint32_t zone;
    int64_t round_ns; // when the present round began
};

static void on_session(void *subject, uint64_t name);

static void go_on_at(struct workload_state *state, const struct session *session, int64_t time)
{
    const uint64_t name = (uint64_t)session->generation << 32 | session->number;
    const struct event event = {on_session, state, name,
                                workload_state_tag(state, WORKLOAD_SESSION_EVENT)};
    event_queue_at(state->world->queue, time, event);
}

static uint32_t action_count(const struct workload_state *state)
{
    return state->design->is_journey ? state->action_count : 1;
}

// The last action is done.
static void end_round(struct workload_state *state, struct session *session)
{
    const int64_t now = state->world->now;
    if (state->design->model == WORKLOAD_OPEN) {
        slots_give(&state->sessions, session->number);
        return;
    }
    int64_t pause = distribution_draw(&state->design->think, &state->think);
    if (pause == 0 && session->round_ns == now) {
        pause = PAUSE_NS;
    }
    session->action = 0;
    session->round_ns = time_after(now, pause);
    go_on_at(state, session, session->round_ns);
}

static void on_request_end(struct world *world, const struct call *call, enum status status)
{
    workload_end_request(world, call, status);
    struct workload_state *state = call->owner;
    struct session *session = slots_at(&state->sessions, (uint32_t)call->cookie);
    session->action++;
    if (session->action >= action_count(state)) {
        end_round(state, session);
    } else {
        go_on_at(state, session, world->now);
    }
}

// The session's next action begins, or the one after a think time.
static void on_session(void *subject, uint64_t name)
{
    struct workload_state *state = subject;
    struct session *session = slots_at(&state->sessions, (uint32_t)name);
    if (session->action >= action_count(state)) {
        end_round(state, session);
        return;
    }
    const uint32_t number =
        state->design->is_journey ? session->action : workload_pick(state);
    const struct action_design *action = &state->design->actions[number];
    if (action->is_think) {
        session->action++;
        const int64_t think = distribution_draw(&action->think, &state->think);
        go_on_at(state, session, time_after(state->world->now, think));
        return;
    }
    struct call *template = &state->templates[number];
    template->end = on_request_end;
    workload_begin_request(state, template, session->zone, name);
}

static struct session *take(struct workload_state *state)
{
    const uint32_t number = slots_take(&state->sessions);
    struct session *session = slots_at(&state->sessions, number);
    session->number = number;
    session->zone = workload_state_zone(state);
    session->round_ns = state->world->now;
    return session;
}

void workload_session_begin(struct workload_state *state)
{
    const struct session *session = take(state);
    on_session(state, (uint64_t)session->generation << 32 | session->number);
}

void workload_session_init(struct workload_state *state)
{
    slots_init(&state->sessions, sizeof(struct session));
}

void workload_session_begin_users(struct workload_state *state)
{
    workload_session_init(state);
    for (uint64_t i = 0; i < state->design->users; i++) {
        struct session *session = take(state);
        session->round_ns = time_after(state->world->design->lead_ns,
                                       distribution_draw(&state->design->think, &state->think));
        go_on_at(state, session, session->round_ns);
    }
}
