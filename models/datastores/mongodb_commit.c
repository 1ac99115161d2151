// mongodb_commit - the commit point, those who wait for it, what was acknowledged, flow control.
//
// The commit point is the greatest index that a majority of the members has, of an entry of the
// primary's own term: as it is durable there, or, without journaling, as it is applied. An
// acknowledged write may be lost until a majority has it durably. It is lost when another primary
// has a majority for the first entry of its term, and has not the write below that.
#include "models/datastores/mongodb.h"

#include "sim/base/check.h"
#include "sim/kernel/math.h"

enum { LEAST_WRITES = 100, MOST_WRITES = 1000000, MORE_WRITES = 1000 };

// ---- acknowledgements -------------------------------------------------------------------------

static void push_acknowledgement(struct mongodb_state *state,
                                 struct mongodb_acknowledgement acknowledgement)
{
    *(struct mongodb_acknowledgement *)ring_put(&state->acknowledged, sizeof acknowledgement) =
        acknowledgement;
}

void mongodb_commit_acknowledge(struct node *primary, uint64_t index)
{
    struct mongodb_state *state = mongodb_state(primary->component);
    const struct mongodb_node *member = mongodb_node(primary);
    const bool safe = index <= member->commit &&
                      mongodb_commits_durable(mongodb_configuration(primary->component));
    const uint32_t term = mongodb_oplog_term(&member->oplog, index);
    state->acknowledgements++;
    if (!safe && term != UINT32_MAX) {
        push_acknowledgement(state, (struct mongodb_acknowledgement){index, term});
    }
}

// What a later primary's log says of a write of an earlier term.
static bool survives(const struct mongodb_node *member,
                     const struct mongodb_acknowledgement *acknowledgement)
{
    const uint32_t term = mongodb_oplog_term(&member->oplog, acknowledgement->index);
    return acknowledgement->index < member->began &&
           (term == acknowledgement->term || term == UINT32_MAX);
}

// A majority has all up to `safe`.
static void settle(struct node *primary, uint64_t safe)
{
    struct mongodb_state *state = mongodb_state(primary->component);
    const struct mongodb_node *member = mongodb_node(primary);
    while (state->acknowledged.count > 0) {
        const struct mongodb_acknowledgement *oldest = ring_at(&state->acknowledged, 0);
        const bool own = oldest->term == member->election->term;
        if (safe < member->began || (own && oldest->index > safe)) {
            return;
        }
        state->lost += !own && !survives(member, oldest);
        ring_drop(&state->acknowledged);
    }
}

// ---- the commit point -------------------------------------------------------------------------

static uint64_t majority_point(const struct node *primary, bool durable)
{
    const struct mongodb_node *member = mongodb_node(primary);
    const uint32_t count = primary->component->node_count;
    uint64_t positions[MONGODB_MEMBERS];
    for (uint32_t i = 0; i < count; i++) {
        const struct mongodb_progress *progress = &member->progress[i];
        const bool shares = progress->term == member->election->term;
        positions[i] = !shares ? 0 : durable ? progress->durable : progress->applied;
    }
    positions[primary->replica] = durable ? member->durable : member->applied;
    return quorum_position(positions, count, quorum_majority(count));
}

static void show_committed(struct node *node, uint64_t commit)
{
    struct mongodb_node *member = mongodb_node(node);
    const bool reads =
        mongodb_configuration(node->component)->read_concern == MONGODB_READ_MAJORITY;
    for (uint64_t i = member->commit + 1; reads && i <= commit; i++) {
        const struct mongodb_entry *entry = mongodb_oplog_at(&member->oplog, i);
        if (versions_tracks(entry->key)) {
            versions_put(&member->committed, entry->key,
                         (struct version){entry->request + 1, (int64_t)i}, 0);
        }
    }
    member->commit = commit;
    if (member->versions.undo.count > 0) {
        versions_settle(&member->versions,
                        commit < member->durable ? commit : member->durable);
    }
}

void mongodb_commit_learn(struct node *node, uint64_t commit)
{
    const struct mongodb_node *member = mongodb_node(node);
    const uint64_t known = commit < member->applied ? commit : member->applied;
    if (known > member->commit) {
        show_committed(node, known);
    }
}

// Of two primaries the older may hear late of a majority that it had, for what the newer has, too.
static void note_committer(struct node *primary, uint64_t commit)
{
    struct mongodb_state *state = mongodb_state(primary->component);
    const struct mongodb_node *member = mongodb_node(primary);
    const struct node *latest = mongodb_member_primary(primary->component);
    const uint32_t theirs =
        latest == NULL ? UINT32_MAX : mongodb_oplog_term(&mongodb_node(latest)->oplog, commit);
    state->stray_commits += theirs != UINT32_MAX && latest != primary &&
                            theirs != mongodb_oplog_term(&member->oplog, commit);
}

static void advance(struct node *primary, uint64_t commit)
{
    struct mongodb_node *member = mongodb_node(primary);
    note_committer(primary, commit);
    const struct mongodb_entry *entry = mongodb_oplog_at(&member->oplog, commit);
    if (primary->world->measuring) {
        histogram_add(&mongodb_state(primary->component)->lag,
                      primary->world->now - entry->time_ns);
    }
    show_committed(primary, commit);
    mongodb_line_wake(primary->world, &member->waiting[MONGODB_WAIT_COMMIT], commit, STATUS_OK);
    mongodb_stream_pump(primary);
}

void mongodb_commit_note(struct node *node)
{
    const bool durable = mongodb_commits_durable(mongodb_configuration(node->component));
    struct mongodb_node *member = mongodb_node(node);
    if (!member->serving) {
        return;
    }
    mongodb_line_wake(node->world, &member->waiting[MONGODB_WAIT_JOURNAL], member->durable,
                      STATUS_OK);
    const uint64_t commit = majority_point(node, durable);
    if (commit > member->commit && commit >= member->began) {
        advance(node, commit);
    }
    if (mongodb_state(node->component)->acknowledged.count > 0) {
        settle(node, durable ? member->commit : majority_point(node, true));
    }
}

// ---- waits ------------------------------------------------------------------------------------

static struct mongodb_line *line_of(struct node *node, uint64_t kind)
{
    return &mongodb_node(node)->waiting[kind];
}

// The oldest have waited for wtimeout: their writes stand, and may yet be committed or rolled back.
static void on_wait_end(struct node *node, uint64_t kind)
{
    struct mongodb_line *line = line_of(node, kind);
    line->timer = 0;
    while (line->waiters.count > 0 && mongodb_line_first(line)->until_ns <= node->world->now) {
        struct visit *visit = visit_of(node->world, mongodb_line_first(line)->ticket);
        if (visit != NULL) {
            visit->status = STATUS_INDETERMINATE;
            visit_wake_later(node->world, visit_ticket(visit));
        }
        mongodb_line_drop(line);
    }
    if (line->waiters.count > 0) {
        line->timer = node_timer(node, mongodb_line_first(line)->until_ns - node->world->now,
                                 on_wait_end, kind);
    }
}

enum outcome mongodb_commit_wait(struct visit *visit, uint64_t index, enum mongodb_wait kind)
{
    struct node *node = visit->node;
    const struct mongodb_node *member = mongodb_node(node);
    const int64_t wait_ns = mongodb_configuration(node->component)->wait_ns;
    struct mongodb_line *line = line_of(node, kind);
    const uint64_t reached = kind == MONGODB_WAIT_COMMIT ? member->commit : member->durable;
    visit->status = STATUS_OK;
    if (index <= reached) {
        return step_next(visit);
    }
    mongodb_line_add(line, (struct mongodb_waiter){index, visit_ticket(visit),
                                                   time_after(node->world->now, wait_ns)});
    if (wait_ns > 0 && line->timer == 0) {
        line->timer = node_timer_constant(node, wait_ns, on_wait_end, kind);
    }
    return step_wait(visit);
}

void mongodb_commit_interrupt(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    for (int kind = 0; kind < MONGODB_WAITS; kind++) {
        mongodb_line_wake(node->world, &member->waiting[kind], UINT64_MAX, STATUS_CANCELLED);
    }
    mongodb_line_wake(node->world, &member->throttled, UINT64_MAX, STATUS_OK);
    member->limit = 0;
}

void mongodb_commit_crash(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    for (int kind = 0; kind < MONGODB_WAITS; kind++) {
        mongodb_line_clear(&member->waiting[kind]);
    }
    mongodb_line_clear(&member->throttled);
    member->limit = 0;
}

void mongodb_commit_end(struct component *component)
{
    ring_release(&mongodb_state(component)->acknowledged);
    for (uint32_t i = 0; i < component->node_count; i++) {
        struct mongodb_node *member = mongodb_node(&component->nodes[i]);
        for (int kind = 0; kind < MONGODB_WAITS; kind++) {
            mongodb_line_release(&member->waiting[kind]);
        }
        mongodb_line_release(&member->throttled);
    }
}

// ---- flow control -----------------------------------------------------------------------------

static void let_in(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    struct mongodb_line *line = &member->throttled;
    while (line->waiters.count > 0 && (member->limit <= 0 || member->left >= 1)) {
        struct visit *visit = visit_of(node->world, mongodb_line_first(line)->ticket);
        mongodb_line_drop(line);
        if (visit != NULL) {
            member->left -= 1;
            visit_wake_later(node->world, visit_ticket(visit));
        }
    }
}

enum outcome mongodb_commit_throttle(struct visit *visit)
{
    struct mongodb_node *member = mongodb_node(visit->node);
    if (member->limit <= 0) {
        return step_next(visit);
    }
    if (member->left >= 1 && member->throttled.waiters.count == 0) {
        member->left -= 1;
        return step_next(visit);
    }
    mongodb_state(visit->node->component)->throttled++;
    mongodb_line_add(&member->throttled,
                     (struct mongodb_waiter){0, visit_ticket(visit), TIME_NEVER});
    return step_wait(visit);
}

static double next_limit(const struct mongodb_node *member, int64_t lag_ns, double from_ns)
{
    if ((double)lag_ns < from_ns) {
        const double more = member->limit * 1.05 + MORE_WRITES;
        return member->limit <= 0 || more > MOST_WRITES ? 0 : more;
    }
    const double sustained = (double)(member->commit - member->sustained);
    const double beyond = ((double)lag_ns - from_ns) / from_ns;
    const double limit = sustained * math_pow(0.5, beyond) * 0.95;
    return limit > LEAST_WRITES ? limit : LEAST_WRITES;
}

void mongodb_commit_pace(struct node *primary)
{
    const struct mongodb_flow *flow = &mongodb_configuration(primary->component)->flow;
    struct mongodb_node *member = mongodb_node(primary);
    int64_t lag_ns = 0;
    if (member->commit < mongodb_oplog_last(&member->oplog)) {
        const struct mongodb_entry *oldest =
            mongodb_oplog_at(&member->oplog, member->commit + 1);
        lag_ns = primary->world->now - oldest->time_ns;
    }
    if (flow->enabled) {
        member->limit = next_limit(member, lag_ns, flow->threshold * (double)flow->lag_ns);
        member->left = member->limit;
        let_in(primary);
    }
    member->sustained = member->commit;
}
