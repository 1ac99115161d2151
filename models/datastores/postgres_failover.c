// postgres_failover - leadership as Patroni keeps it: lease, promotion, synchronous standbys.
//
// Every server runs a loop. The leader's renews the lease: it lasts from its latest renewal for the
// ttl. A standby's loop that finds the lease free takes it, if it may lead (postgres_candidate.c).
// So a primary lost at t, renewed last at
// r <= t, is replaced at the first loop of such a standby at or after r + ttl, plus its promotion.
// A primary whose process ends keeps its lease: Patroni starts it again, and gives the lease up
// only start_timeout after the loop that has found it dead. One that cannot reach the store demotes
// itself after retry, unless failsafe lets it go on because every other server answers. One that
// was frozen past its lease steps down before it does anything else, if it has a watchdog, and at
// its next loop otherwise.
#include <stdlib.h>

#include "models/datastores/postgres.h"

#include "sim/base/check.h"

enum { LOSS_EVENT = 0xfd0, START_EVENT = 0xfd1 };

static const struct postgres_failover *setting_of(const struct component *component)
{
    return &postgres_configuration(component)->failover;
}

// ---- history -----------------------------------------------------------------------------------

uint64_t postgres_failover_fork(const struct node *node)
{
    const struct postgres_state *state = postgres_state(node->component);
    uint64_t fork = UINT64_MAX;
    for (uint32_t i = postgres_node(node)->timeline + 1; i <= state->timeline; i++) {
        fork = state->forks[i] < fork ? state->forks[i] : fork;
    }
    return fork;
}

// ---- synchronous standbys ---------------------------------------------------------------------

void postgres_failover_note(struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    if (server->synchronous && server->stream.confirmed >= server->joined_lsn) {
        server->keyed = true;
    }
}

// No stream, or no sign of life in the store: the first is seen at once where a process has ended.
static bool is_gone(const struct node *standby)
{
    const struct postgres_node *server = postgres_node(standby);
    const int64_t ttl = setting_of(standby->component)->ttl_ns;
    return !server->stream.connected || standby->world->now - server->seen_ns >= ttl;
}

// Where any one is enough, the one that is given up may have been the one that had a commit: the
// others are not trusted before they have caught up.
static void doubt_others(const struct node *primary)
{
    struct component *component = primary->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct postgres_node *other = postgres_node(&component->nodes[i]);
        other->keyed = false;
        other->joined_lsn = postgres_node(primary)->inserted;
        postgres_failover_note(&component->nodes[i]);
    }
}

static void drop(const struct node *primary, struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    server->synchronous = server->keyed = false;
    postgres_state(standby->component)->removals++;
    doubt_others(primary);
}

static void join(const struct node *primary, struct node *standby)
{
    struct postgres_node *server = postgres_node(standby);
    server->synchronous = true;
    server->joined_lsn = postgres_node(primary)->inserted;
    postgres_failover_note(standby);
}

static bool may_join(const struct node *primary, const struct node *standby)
{
    const struct postgres_node *server = postgres_node(standby);
    return standby != primary && !server->synchronous && server->stream.connected &&
           !is_gone(standby);
}

// ANY 1: every standby that lives counts.
static void choose_any(struct node *primary)
{
    struct component *component = primary->component;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *standby = &component->nodes[i];
        if (postgres_node(standby)->synchronous && is_gone(standby)) {
            drop(primary, standby);
        }
        if (may_join(primary, standby)) {
            join(primary, standby);
        }
    }
}

// FIRST 1: one standby, replaced when it is known to be dead; if nobody can replace it, commits
// wait for nobody, or, when strict, go on waiting for it.
static void choose_first(struct node *primary)
{
    struct component *component = primary->component;
    struct node *present = NULL, *next = NULL;
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct node *standby = &component->nodes[i];
        present = postgres_node(standby)->synchronous ? standby : present;
        next = next == NULL && may_join(primary, standby) ? standby : next;
    }
    if (present != NULL && !is_gone(present)) {
        return;
    }
    if (present != NULL && (next != NULL || !postgres_configuration(component)->standby.strict)) {
        drop(primary, present);
    }
    if (next != NULL) {
        join(primary, next);
    }
}

static void choose_synchronous(struct node *primary)
{
    const struct postgres_standby *standby = &postgres_configuration(primary->component)->standby;
    if (!standby->synchronous) {
        return;
    }
    if (standby->method == POSTGRES_ANY) {
        choose_any(primary);
    } else {
        choose_first(primary);
    }
    postgres_wal_release(primary);
}

// ---- time without a primary -------------------------------------------------------------------

static void note_headless(struct postgres_state *state, int64_t now)
{
    state->primary = POSTGRES_NONE;
    state->headless_ns = state->headless_ns < now ? state->headless_ns : now;
}

static void note_headed(struct postgres_state *state, int64_t now)
{
    if (state->headless_ns != TIME_NEVER) {
        const int64_t length = now - state->headless_ns;
        state->unavailable_ns = length > state->unavailable_ns ? length : state->unavailable_ns;
        state->headless_ns = TIME_NEVER;
    }
}

// ---- becoming primary -------------------------------------------------------------------------

static void on_discovered(struct node *node, uint64_t word)
{
    (void)word;
    if (postgres_is_primary(node)) {
        postgres_state(node->component)->known = node->replica;
    }
}

static void begin_timeline(struct node *node, uint64_t end)
{
    struct postgres_state *state = postgres_state(node->component);
    state->timeline++;
    if (state->timeline >= state->fork_room) {
        state->fork_room = state->fork_room == 0 ? 16 : state->fork_room * 2;
        state->forks = check_realloc(state->forks, state->fork_room * sizeof *state->forks);
    }
    state->forks[state->timeline] = end;
    state->failovers++;
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        struct postgres_node *other = postgres_node(&node->component->nodes[i]);
        other->synchronous = other->keyed = false;
        other->stream.probe = 0;
    }
}

static void become_primary(struct node *node, uint64_t end)
{
    struct component *component = node->component;
    struct postgres_state *state = postgres_state(component);
    if (state->latest != node->replica) {
        world_hold(component->world, "postgres-loss-bound",
                   end + setting_of(component)->maximum_lag >= state->position,
                   "%s/%u takes over at %lu of %lu", component->design->name, node->replica,
                   (unsigned long)end, (unsigned long)state->position);
    }
    postgres_wal_lose(component, end);
    if (state->latest != node->replica) {
        begin_timeline(node, end);
    }
    state->double_primaries += state->primary != POSTGRES_NONE;
    state->primary = state->latest = node->replica;
    note_headed(state, node->world->now);
    state->position = end;
    postgres_node(node)->timeline = state->timeline;
    postgres_node(node)->serving = true;
    for (uint32_t i = 0; i < component->node_count; i++) {
        component->nodes[i].role = i == node->replica ? "primary" : "standby";
        postgres_stream_cut(&component->nodes[i]);
    }
    postgres_row_recover(node, end, true);
    postgres_wal_open(node, end);
    meter_log(component->world, LOG_LEADER, (int32_t)node->number, state->timeline);
    node_timer(node, setting_of(component)->discovery_ns, on_discovered, 0);
    for (uint32_t i = 0; i < component->node_count; i++) {
        postgres_stream_call(&component->nodes[i]);
    }
}

static void on_promoted(struct node *node, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(node);
    server->promoting = false;
    if (postgres_state(node->component)->leader == node->replica) {
        become_primary(node, server->received);
    }
}

// The standby takes the lease and replays what it has not yet replayed.
static void promote(struct node *node)
{
    struct postgres_state *state = postgres_state(node->component);
    const struct postgres_failover *setting = setting_of(node->component);
    struct postgres_node *server = postgres_node(node);
    state->leader = node->replica;
    state->lease_ns = node->world->now + setting->ttl_ns;
    note_headless(state, node->world->now);
    server->promoting = true;
    postgres_stream_cut(node);
    const int64_t replay = postgres_wal_replay_ns(node, server->received - server->applied);
    const int64_t work = distribution_draw(&setting->promote, server->streams.patroni);
    node_timer(node, replay + work, on_promoted, 0);
}

// ---- the loop ---------------------------------------------------------------------------------

static void demote(struct node *node)
{
    node_kill(node, false);
    node_restart(node);
}

static void lead(struct node *node)
{
    struct component *component = node->component;
    struct postgres_state *state = postgres_state(component);
    if (state->leader != node->replica) {
        demote(node);
        return;
    }
    state->lease_ns = node->world->now + setting_of(component)->ttl_ns;
    if (!postgres_is_primary(node)) {
        return;
    }
    postgres_wal_note(node);
    state->position = postgres_node(node)->flushed;
    postgres_stream_watch(node);
    choose_synchronous(node);
    postgres_wal_forget(component);
    postgres_row_forget(component);
    postgres_lock_sweep(node);
}

// A lease that Patroni keeps for a dead process ends with its host.
static bool is_free(const struct node *node)
{
    struct postgres_state *state = postgres_state(node->component);
    const int64_t now = node->world->now;
    if (state->leader == POSTGRES_NONE || state->leader == node->replica) {
        return true;
    }
    const struct node *leader = &node->component->nodes[state->leader];
    if (state->lease_ns == TIME_NEVER &&
        (leader->life == NODE_DARK || !postgres_candidate_reaches(leader))) {
        state->lease_ns = now + setting_of(node->component)->ttl_ns;
    }
    return now >= state->lease_ns;
}

static void follow(struct node *node)
{
    if (is_free(node) && node_is_up(node) && postgres_candidate_is_best(node)) {
        promote(node);
        return;
    }
    postgres_stream_tell(node);
    postgres_stream_call(node);
}

static void on_doubt_end(struct node *node, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(node);
    if (!server->doubting) {
        return;
    }
    server->doubting = false;
    if (postgres_candidate_reaches(node)) {
        lead(node);
    } else {
        demote(node);
    }
}

static bool holds_office(const struct node *node)
{
    const struct postgres_node *server = postgres_node(node);
    return server->serving || server->recovering || server->promoting;
}

static void on_loop(struct node *node, uint64_t word);

static void arm_loop(struct node *node, int64_t delay_ns)
{
    postgres_node(node)->loop_ns = node->world->now + delay_ns;
    node_timer_constant(node, delay_ns, on_loop, 0);
}

// A frozen host thaws in the middle of a wait, not at its end.
static bool has_overslept(struct node *node)
{
    const struct postgres_failover *setting = setting_of(node->component);
    const int64_t late_ns = node->world->now - postgres_node(node)->loop_ns;
    if (late_ns == 0 || setting->watchdog || !holds_office(node)) {
        return false;
    }
    const int64_t left_ns = setting->loop_ns - late_ns % setting->loop_ns;
    postgres_node(node)->loop_ns = node->world->now + left_ns;
    node_timer(node, left_ns, on_loop, 0);
    return true;
}

static void on_loop(struct node *node, uint64_t word)
{
    (void)word;
    const struct postgres_failover *setting = setting_of(node->component);
    struct postgres_node *server = postgres_node(node);
    if (has_overslept(node)) {
        return;
    }
    arm_loop(node, setting->loop_ns);
    if (postgres_candidate_reaches(node)) {
        server->doubting = false;
        server->seen_ns = node->world->now;
        if (holds_office(node)) {
            lead(node);
        } else {
            follow(node);
        }
    } else if (holds_office(node) && !server->doubting &&
               !(setting->failsafe && postgres_candidate_hears_all(node))) {
        server->doubting = true;
        node_timer(node, setting->retry_ns, on_doubt_end, 0);
    }
}

// ---- life -------------------------------------------------------------------------------------

void postgres_failover_begin(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    state->leader = state->primary = state->latest = state->known = 0;
    state->lease_ns = setting_of(component)->ttl_ns;
    state->headless_ns = TIME_NEVER;
}

void postgres_failover_end(struct component *component)
{
    struct postgres_state *state = postgres_state(component);
    free(state->forks);
    ring_release(&state->acknowledged);
    state->forks = NULL;
}

// Time 0: the first node is primary, every standby has its stream.
static void begin_node(struct node *node)
{
    const struct postgres_configuration *configuration = postgres_configuration(node->component);
    struct postgres_node *server = postgres_node(node);
    const int64_t offset =
        distribution_draw(&configuration->failover.offset, server->streams.patroni);
    arm_loop(node, offset % configuration->failover.loop_ns);
    if (node->replica == 0) {
        server->serving = true;
        postgres_wal_open(node, 0);
        return;
    }
    postgres_stream_begin(node);
    const bool all = configuration->standby.method == POSTGRES_ANY;
    server->synchronous = server->keyed =
        configuration->standby.synchronous && (all || node->replica == 1);
}

static void on_recovered(struct node *node, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(node);
    server->recovering = false;
    server->applied = server->received;
    if (postgres_state(node->component)->leader == node->replica) {
        become_primary(node, server->flushed);
    }
    node_ready(node);
    postgres_stream_call(node);
}

// What the other history does not have is thrown away; the primary's blocks and log come instead.
bool postgres_failover_rewind(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    const struct node *primary = postgres_primary(node->component);
    if (primary == NULL || primary == node) {
        return false;
    }
    if (server->received <= postgres_failover_fork(node)) {
        return true;
    }
    const struct postgres_node *source = postgres_node(primary);
    server->received = server->flushed = source->flushed;
    server->redo = source->redo < source->flushed ? source->redo : source->flushed;
    server->timeline = postgres_state(node->component)->timeline;
    server->applying_to = server->flushing_to = 0;
    postgres_row_copy(node, primary);
    postgres_row_recover(node, server->flushed, false);
    return true;
}

static void on_standby_ready(struct node *node, uint64_t word)
{
    (void)word;
    struct postgres_node *server = postgres_node(node);
    server->flushed = server->received;
    server->redo = server->redo < server->received ? server->redo : server->received;
    if (server->received > postgres_failover_fork(node)) {
        postgres_failover_rewind(node); // or when there is a primary, before the stream
    } else {
        postgres_row_recover(node, server->received, false);
    }
    node_ready(node);
    postgres_stream_call(node);
}

// Crash recovery replays from the last checkpoint.
static int64_t recovery_ns(const struct node *node)
{
    const struct postgres_node *server = postgres_node(node);
    const uint64_t end = server->received;
    return postgres_wal_replay_ns(node, end > server->redo ? end - server->redo : 0);
}

bool postgres_failover_start(struct node *node)
{
    struct postgres_state *state = postgres_state(node->component);
    const struct postgres_failover *setting = setting_of(node->component);
    struct postgres_node *server = postgres_node(node);
    if (node->epoch == 0) {
        begin_node(node);
        return true;
    }
    server->seen_ns = node->world->now;
    arm_loop(node, setting->loop_ns);
    postgres_stream_cut(node);
    int64_t work = recovery_ns(node);
    if (state->leader == node->replica && state->latest == node->replica &&
        postgres_candidate_reaches(node)) {
        state->lease_ns = node->world->now + setting->ttl_ns;
        state->recoveries++;
        server->recovering = true;
        node_timer(node, work, on_recovered, 0);
        return false;
    }
    if (server->received > postgres_failover_fork(node)) {
        work += distribution_draw(&setting->rewind, server->streams.patroni);
    }
    node_timer(node, work, on_standby_ready, 0);
    return false;
}

// Callers give up the lost primary.
static void on_loss_seen(void *subject, uint64_t word)
{
    (void)word;
    struct component *component = subject;
    struct postgres_state *state = postgres_state(component);
    if (state->primary == POSTGRES_NONE) {
        state->known = POSTGRES_NONE;
    }
}

static void lose_primary(struct node *node)
{
    struct component *component = node->component;
    struct world *world = component->world;
    note_headless(postgres_state(component), world->now);
    for (uint32_t i = 0; i < component->node_count; i++) {
        postgres_stream_cut(&component->nodes[i]);
        postgres_stream_call(&component->nodes[i]);
    }
    const struct event event = {on_loss_seen, component, 0, world_tag(node, LOSS_EVENT)};
    event_queue_at(world->queue, time_after(world->now, setting_of(component)->discovery_ns),
                   event);
}

// Patroni gives the lease of a process up that could not be started in time.
static void on_start_timeout(void *subject, uint64_t epoch)
{
    struct node *node = subject;
    struct postgres_state *state = postgres_state(node->component);
    if (state->leader == node->replica && node->epoch == epoch && node->life == NODE_DOWN) {
        state->leader = POSTGRES_NONE;
    }
}

static void keep_lease(struct node *node)
{
    struct world *world = node->world;
    const struct postgres_node *server = postgres_node(node);
    const struct postgres_failover *setting = setting_of(node->component);
    const int64_t loop_ns = server->loop_ns > world->now ? server->loop_ns : world->now;
    const struct event event = {on_start_timeout, node, node->epoch, world_tag(node, START_EVENT)};
    postgres_state(node->component)->lease_ns = TIME_NEVER;
    event_queue_at(world->queue, time_after(loop_ns, setting->start_timeout_ns), event);
}

void postgres_failover_crash(struct node *node)
{
    struct postgres_node *server = postgres_node(node);
    if (postgres_state(node->component)->leader == node->replica && node->life == NODE_DOWN &&
        postgres_candidate_reaches(node)) {
        keep_lease(node);
    }
    if (node->life == NODE_DARK || server->serving) {
        server->received = server->flushed;
    }
    server->applied = server->applied < server->received ? server->applied : server->received;
    server->serving = server->promoting = server->recovering = false;
    server->rewinding = server->calling = server->doubting = false;
    server->flushing = server->applying = server->watching = server->reserving = false;
    if (node->life == NODE_DOWN) { // the peer of a host without power hears nothing
        postgres_stream_cut(node);
    }
    if (postgres_is_primary(node)) {
        lose_primary(node);
    }
}
