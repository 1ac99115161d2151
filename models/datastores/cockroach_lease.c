// cockroach_lease - who may serve a range: epoch leases on the nodes' liveness, taken when needed.
//
// A lease names its holder and the epoch of the holder's liveness record: it is valid while that
// record is of the epoch and not expired. After that the next request makes the raft leader take
// it: it has the epoch of the dead holder advanced at the liveness range, then writes a lease of
// its own into the log. The liveness range itself has a lease with an expiration, extended by its
// holder.
#include "models/datastores/cockroach.h"

#include <string.h>

#include "sim/kernel/time.h"

static struct cockroach_counts *counts_of(const struct node *node)
{
    return &cockroach_cluster(node->component)->counts;
}

static int64_t clock_of(const struct node *node)
{
    return node->world->now + cockroach_node(node)->skew_ns;
}

// ---- validity ---------------------------------------------------------------------------------

bool cockroach_lease_serves(const struct node *node, uint32_t number)
{
    const struct cockroach_range *range = cockroach_range(node->component, number);
    const struct cockroach_node *server = cockroach_node(node);
    const int64_t stasis = cockroach_configuration(node->component)->clock.offset_ns;
    if (range->lease.holder != node->replica) {
        return false;
    }
    const int64_t until = number == COCKROACH_LIVENESS ? range->lease.until_ns : server->until_ns;
    const bool current = number == COCKROACH_LIVENESS || range->lease.epoch == server->epoch;
    return current && clock_of(node) + stasis < until;
}

// For anybody but the holder.
static bool is_over(const struct node *node, const struct cockroach_range *range)
{
    if (range->number == COCKROACH_LIVENESS) {
        return clock_of(node) >= range->lease.until_ns;
    }
    const struct cockroach_record *record =
        &cockroach_cluster(node->component)->records[range->lease.holder];
    return record->epoch != range->lease.epoch || clock_of(node) >= record->until_ns;
}

uint32_t cockroach_lease_hint(const struct node *node, uint32_t number)
{
    const struct cockroach_range *range = cockroach_range(node->component, number);
    const struct raft_member *member = cockroach_replica(node, number)->member;
    if (range->lease.holder != node->replica && !is_over(node, range)) {
        return range->lease.holder;
    }
    if (member == NULL || member->vote->leader == ELECTION_NONE) {
        return COCKROACH_NONE;
    }
    const uint32_t leader = range->replicas[member->vote->leader];
    return leader == node->replica ? COCKROACH_NONE : leader;
}

// ---- outages ----------------------------------------------------------------------------------

static void note_need(struct node *node, struct cockroach_range *range)
{
    const struct node *holder = &node->component->nodes[range->lease.holder];
    if (node_is_up(holder) && holder->pauses == 0 &&
        cockroach_lease_serves(holder, range->number)) {
        return;
    }
    struct cockroach_replica *replica = cockroach_replica(node, range->number);
    const int64_t now = node->world->now;
    range->needed_ns = now < range->needed_ns ? now : range->needed_ns;
    range->down_ns = now < range->down_ns ? now : range->down_ns;
    replica->needs_ns = now < replica->needs_ns ? now : replica->needs_ns;
}

// Before it was needed nobody missed it, unless the dead holder's lease still hid that.
void cockroach_lease_note_served(struct component *component, struct cockroach_range *range)
{
    struct cockroach_counts *counts = &cockroach_cluster(component)->counts;
    const int64_t hidden = cockroach_configuration(component)->liveness.duration_ns;
    if (range->down_ns != TIME_NEVER && range->needed_ns != TIME_NEVER) {
        const bool whole = range->needed_ns <= range->down_ns + hidden;
        const int64_t since = whole ? range->down_ns : range->needed_ns;
        const int64_t outage = component->world->now - since;
        counts->outages++;
        counts->outage_sum_ns += outage;
        counts->unavailable_ns = outage > counts->unavailable_ns ? outage : counts->unavailable_ns;
    }
    range->down_ns = range->needed_ns = TIME_NEVER;
}

// ---- waiting for it ---------------------------------------------------------------------------

static void wait_for_lease(struct node *node, struct cockroach_replica *replica,
                           struct cockroach_request *request)
{
    struct slots *requests = &cockroach_node(node)->requests;
    request->next = 0;
    if (replica->last != 0) {
        ((struct cockroach_request *)slots_at(requests, replica->last))->next = request->number;
    } else {
        replica->first = request->number;
    }
    replica->last = request->number;
}

static void wake_waiters(struct node *node, struct cockroach_replica *replica)
{
    const struct slots *requests = &cockroach_node(node)->requests;
    uint32_t number = replica->first;
    replica->first = replica->last = 0;
    while (number != 0) {
        const struct cockroach_request *request = slots_at(requests, number);
        number = request->next;
        visit_wake_later(node->world, request->ticket);
    }
}

static void stop_acquiring(struct node *node, uint32_t number)
{
    struct cockroach_replica *replica = cockroach_replica(node, number);
    replica->acquisition = COCKROACH_IDLE;
    replica->attempt++;
    wake_waiters(node, replica);
}

// ---- acquisition ------------------------------------------------------------------------------

static bool propose_lease(struct node *node, uint32_t number)
{
    const struct cockroach_range *range = cockroach_range(node->component, number);
    const int64_t duration = cockroach_configuration(node->component)->liveness.duration_ns;
    const struct cockroach_command command = {
        .kind = COCKROACH_LEASE,
        .sequence = range->lease.sequence,
        .value = cockroach_node(node)->epoch,
        .stamp = clock_of(node) + duration,
    };
    return cockroach_range_propose(node, number, &command, 0);
}

static void finish_acquiring(struct node *node, uint32_t number)
{
    cockroach_replica(node, number)->acquisition = COCKROACH_PROPOSING;
    if (!propose_lease(node, number)) {
        stop_acquiring(node, number);
    }
}

static void on_acquisition_timeout(struct node *node, uint64_t word)
{
    const uint32_t number = (uint32_t)(word >> 32);
    struct cockroach_replica *replica = cockroach_replica(node, number);
    if (replica->acquisition != COCKROACH_IDLE && replica->attempt == (uint32_t)word) {
        stop_acquiring(node, number);
    }
}

// True: it is under way.
static bool acquire(struct node *node, struct cockroach_range *range)
{
    struct cockroach_replica *replica = cockroach_replica(node, range->number);
    const struct cockroach_node *server = cockroach_node(node);
    const struct cockroach_configuration *configuration = cockroach_configuration(node->component);
    const bool liveness = range->number == COCKROACH_LIVENESS;
    if (replica->acquisition != COCKROACH_IDLE) {
        return true;
    }
    if (!replica->member->leading || (!liveness && clock_of(node) >= server->until_ns)) {
        return false;
    }
    node_timer_constant(node, configuration->acquisition_ns, on_acquisition_timeout,
                        (uint64_t)range->number << 32 | replica->attempt);
    const struct cockroach_record *record =
        &cockroach_cluster(node->component)->records[range->lease.holder];
    if (liveness || record->epoch != range->lease.epoch) {
        finish_acquiring(node, range->number);
    } else {
        replica->acquisition = COCKROACH_BUMPING;
        cockroach_live_bump(node, range->lease.holder, record->epoch);
    }
    return replica->acquisition != COCKROACH_IDLE;
}

void cockroach_lease_bumped(struct node *node, uint32_t holder, bool done)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(node->component);
    for (uint32_t i = 1; i < cluster->range_count; i++) {
        const struct cockroach_range *range = &cluster->ranges[i];
        if (cockroach_replica(node, i)->acquisition != COCKROACH_BUMPING ||
            range->lease.holder != holder) {
            continue;
        }
        if (done) {
            finish_acquiring(node, i);
        } else {
            stop_acquiring(node, i);
        }
    }
}

bool cockroach_lease_want(struct node *node, uint32_t number)
{
    struct cockroach_range *range = cockroach_range(node->component, number);
    note_need(node, range);
    return is_over(node, range) && acquire(node, range);
}

bool cockroach_lease_given_up(const struct node *node, uint32_t number)
{
    const struct cockroach_replica *replica = cockroach_replica(node, number);
    const int64_t limit = cockroach_configuration(node->component)->breaker_ns;
    return replica->tripped || (replica->needs_ns != TIME_NEVER &&
                                node->world->now - replica->needs_ns >= limit);
}

enum outcome cockroach_lease_take(struct visit *visit, struct cockroach_request *request)
{
    struct node *node = visit->node;
    struct cockroach_range *range = cockroach_range(node->component, request->range);
    struct cockroach_replica *replica = cockroach_replica(node, request->range);
    if (cockroach_lease_serves(node, request->range)) {
        if (range->down_ns != TIME_NEVER) {
            cockroach_lease_note_served(node->component, range);
        }
        replica->needs_ns = TIME_NEVER;
        return step_next(visit);
    }
    if (replica->member == NULL) {
        return cockroach_serve_refuse(visit, request, STATUS_REJECTED);
    }
    if (cockroach_lease_want(node, request->range)) {
        wait_for_lease(node, replica, request);
        request->ticket = visit_ticket(visit);
        step_wait(visit);
        return OUTCOME_AGAIN;
    }
    const bool hopeless = cockroach_lease_given_up(node, request->range);
    return cockroach_serve_refuse(visit, request, hopeless ? STATUS_UNAVAILABLE : STATUS_REJECTED);
}

// ---- what the log says ------------------------------------------------------------------------

static void on_extension(struct node *node, uint64_t sequence)
{
    const struct cockroach_range *range = cockroach_range(node->component, COCKROACH_LIVENESS);
    const int64_t interval = cockroach_configuration(node->component)->liveness.interval_ns;
    if (range->lease.holder != node->replica || range->lease.sequence != (uint32_t)sequence) {
        return;
    }
    node_timer_constant(node, interval, on_extension, sequence);
    if (cockroach_lease_serves(node, COCKROACH_LIVENESS)) {
        propose_lease(node, COCKROACH_LIVENESS);
    }
}

void cockroach_lease_extend(struct node *node)
{
    const struct cockroach_range *range = cockroach_range(node->component, COCKROACH_LIVENESS);
    const int64_t interval = cockroach_configuration(node->component)->liveness.interval_ns;
    node_timer_constant(node, interval, on_extension, range->lease.sequence);
}

// The new holder knows nothing of what was read before, or of what waits at the old one.
static void begin_lease(struct node *holder, struct cockroach_range *range)
{
    range->low_ns = clock_of(holder);
    if (range->reads != NULL) {
        memset(range->reads, 0, COCKROACH_READS * sizeof *range->reads);
    }
    cockroach_guard_clear(holder->component, range);
    if (range->number == COCKROACH_LIVENESS) {
        cockroach_lease_extend(holder);
    }
}

void cockroach_lease_apply(struct component *component, struct cockroach_range *range,
                           const struct cockroach_command *command)
{
    struct node *holder = &component->nodes[command->proposer];
    struct node *before = &component->nodes[range->lease.holder];
    struct cockroach_lease *lease = &range->lease;
    const bool same = before == holder && lease->epoch == (uint32_t)command->value;
    if (same) {
        lease->until_ns = command->stamp;
    } else {
        const bool serves = before != holder && before->life == NODE_UP && before->pauses == 0 &&
                            cockroach_lease_serves(before, range->number);
        counts_of(holder)->double_leases += serves;
        counts_of(holder)->acquisitions++;
        *lease = (struct cockroach_lease){command->proposer, lease->sequence + 1,
                                          (uint32_t)command->value, command->stamp};
        begin_lease(holder, range);
    }
    for (uint32_t i = 0; i < range->copies; i++) {
        cockroach_replica(&component->nodes[range->replicas[i]], range->number)->needs_ns =
            TIME_NEVER;
    }
    cockroach_lease_note_served(component, range);
    if (holder->epoch == command->epoch) {
        stop_acquiring(holder, range->number);
    }
}

// Leader and leaseholder belong together: the leader gives way to a holder that lives.
void cockroach_lease_follow(struct raft_member *leader)
{
    struct node *node = leader->node;
    const struct cockroach_range *range = leader->raft->owner;
    struct node *holder = &node->component->nodes[range->lease.holder];
    struct raft_member *member = raft_of(&leader->raft[0], holder);
    if (holder != node && member != NULL && !is_over(node, range) &&
        cockroach_live_reaches(node, holder->replica)) {
        raft_transfer(leader, member->number);
    }
}

// ---- the replica's circuit breaker ------------------------------------------------------------

static void on_watch(struct node *node, uint64_t number)
{
    struct cockroach_replica *replica = cockroach_replica(node, (uint32_t)number);
    struct cockroach_range *range = cockroach_range(node->component, (uint32_t)number);
    const int64_t limit = cockroach_configuration(node->component)->breaker_ns;
    replica->watched = replica->stalled_ns != TIME_NEVER;
    if (!replica->watched) {
        return;
    }
    const int64_t left = replica->stalled_ns + limit - node->world->now;
    if (left > 0) {
        node_timer(node, left, on_watch, number);
        return;
    }
    replica->watched = false;
    replica->stalled_ns = TIME_NEVER;
    replica->tripped = true;
    counts_of(node)->trips++;
    cockroach_range_wake(node, range, STATUS_INDETERMINATE);
}

void cockroach_lease_watch(struct node *node, uint32_t number)
{
    struct cockroach_replica *replica = cockroach_replica(node, number);
    if (replica->stalled_ns == TIME_NEVER) {
        replica->stalled_ns = node->world->now;
    }
    if (!replica->watched) {
        replica->watched = true;
        node_timer_constant(node, cockroach_configuration(node->component)->breaker_ns, on_watch,
                            number);
    }
}

// ---- life -------------------------------------------------------------------------------------

void cockroach_lease_crash(struct node *node)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(node->component);
    for (uint32_t i = 0; i < cluster->range_count; i++) {
        struct cockroach_range *range = &cluster->ranges[i];
        struct cockroach_replica *replica = cockroach_replica(node, i);
        *replica = (struct cockroach_replica){.member = replica->member,
                                              .attempt = replica->attempt + 1,
                                              .stalled_ns = TIME_NEVER,
                                              .needs_ns = TIME_NEVER};
        if (range->lease.holder == node->replica) {
            cockroach_guard_clear(node->component, range);
            range->down_ns = node->world->now < range->down_ns ? node->world->now : range->down_ns;
        }
    }
}
