// raft - a replicated log: the leader appends, a majority makes durable, all apply in the same
// order.
#include "sim/engine/raft.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/engine/network.h"
#include "sim/engine/quorum.h"
#include "sim/engine/raft_log.h"
#include "sim/engine/raft_send.h"
#include "sim/engine/step.h"
#include "sim/engine/world.h"

static struct raft_member *member_of(const struct election_member *vote)
{
    struct raft *raft = vote->election->owner;
    return &raft->members[vote->number];
}

static bool leads(const struct raft_member *member)
{
    return member->vote->running && member->vote->role == ELECTION_LEADER;
}

// ---- applying -----------------------------------------------------------------------------------

static void wake_waiter(struct raft_member *member, enum status status)
{
    struct world *world = member->node->world;
    const uint64_t ticket = member->waiters[member->waiter_first].ticket;
    struct visit *visit = visit_of(world, ticket);
    member->waiter_first = (member->waiter_first + 1) & (member->waiter_room - 1);
    member->waiter_count--;
    if (visit != NULL) {
        visit->status = (uint8_t)status;
        visit_wake_later(world, ticket);
    }
}

static void wake_applied(struct raft_member *member)
{
    while (member->waiter_count > 0 &&
           member->waiters[member->waiter_first].index <= member->applied) {
        wake_waiter(member, STATUS_OK);
    }
}

// The log keeps what lagging followers may still want.
static void forget_old(struct raft_member *member)
{
    const uint64_t keep = member->raft->settings->keep;
    if (keep > 0 && member->applied > member->first + 2 * keep) {
        raft_log_forget(member, member->applied - keep);
    }
}

static void apply_one(struct raft_member *member)
{
    const struct raft *raft = member->raft;
    const uint64_t index = ++member->applied;
    const struct raft_entry entry = *raft_log_at(member, index);
    raft_log_witness(member, index, &entry);
    if (raft->hooks->applied != NULL && entry.bytes > 0) {
        raft->hooks->applied(member, index, &entry);
    }
    if (index == member->led_from && leads(member)) {
        member->leading = true;
        if (raft->hooks->leads != NULL) {
            raft->hooks->leads(member);
        }
    }
}

// A hook may propose, and in a group of one that commits: the outer loop goes on with it.
static void apply(struct raft_member *member)
{
    if (member->applying) {
        return;
    }
    const uint32_t epoch = member->node->epoch;
    member->applying = true;
    while (member->applied < member->commit && member->node->epoch == epoch) {
        apply_one(member);
    }
    member->applying = false;
    wake_applied(member);
    forget_old(member);
}

static uint64_t own_match(const struct raft_member *member)
{
    return member->raft->settings->trust_cache ? member->end - 1 : member->durable;
}

// The leader commits what a majority has, if it is of its own term (Raft, 5.4.2).
static void advance(struct raft_member *leader)
{
    struct raft *raft = leader->raft;
    uint64_t matches[ELECTION_MEMBERS];
    for (uint32_t i = 0; i < raft->count; i++) {
        matches[i] = i == leader->number ? own_match(leader) : leader->peers[i].match;
    }
    const uint64_t index = quorum_position(matches, raft->count, quorum_majority(raft->count));
    if (index > leader->commit && raft_log_term(leader, index) == leader->vote->term) {
        raft->committed += index - leader->commit;
        leader->commit = index;
        apply(leader);
    }
}

// ---- durability ---------------------------------------------------------------------------------

static void on_durable(void *context, uint64_t word)
{
    (void)word;
    struct raft_member *member = context;
    if (!raft_log_settle(member)) {
        return;
    }
    if (leads(member)) {
        if (member->raft->settings->flush_first) {
            raft_send_all(member);
        }
        advance(member);
    } else if (member->owes) {
        raft_send_answer(member);
    }
}

void raft_await_durable(struct raft_member *member)
{
    if (member->wal == NULL) {
        on_durable(member, 0);
    } else {
        wal_when(member->wal, member->wal->written, on_durable, member, 0);
    }
}

void raft_follow_commit(struct raft_member *member, uint64_t commit)
{
    if (commit > member->commit) {
        member->commit = commit;
        apply(member);
    }
}

void raft_note_match(struct raft_member *leader)
{
    advance(leader);
}

// ---- leadership ---------------------------------------------------------------------------------

static void on_beat(struct node *node, uint64_t word);

static void begin_beat(struct raft_member *leader)
{
    const int64_t period = leader->raft->settings->heartbeat_ns;
    if (period > 0) {
        leader->beat =
            node_timer_constant(leader->node, period, on_beat, (uint64_t)(uintptr_t)leader);
    }
}

static void end_transfer_in_vain(struct raft_member *leader)
{
    const int64_t since = leader->node->world->now - leader->successor_ns;
    const struct election_settings *settings = &leader->raft->settings->election;
    if (leader->successor != ELECTION_NONE && since > settings->timeout_ns) {
        leader->successor = ELECTION_NONE;
    }
}

static void on_beat(struct node *node, uint64_t word)
{
    (void)node;
    struct raft_member *leader = (struct raft_member *)(uintptr_t)word;
    leader->beat = 0;
    if (!leads(leader)) {
        return;
    }
    end_transfer_in_vain(leader);
    for (uint32_t i = 0; i < leader->raft->count; i++) {
        if (i != leader->number) {
            raft_send_heartbeat(leader, i);
        }
    }
    begin_beat(leader);
}

static void append(struct raft_member *leader, const uint64_t words[2], uint32_t bytes)
{
    const struct raft_entry entry = {{words[0], words[1]}, leader->vote->term, bytes};
    raft_log_push(leader, &entry);
    if (!leader->raft->settings->flush_first) {
        raft_send_all(leader);
    }
    raft_await_durable(leader);
    if (leader->raft->settings->trust_cache && leader->raft->count == 1) {
        advance(leader);
    }
}

// A leader has every entry that was committed in terms before its own (leader completeness).
static void hold_complete(const struct raft_member *leader)
{
    const struct raft *raft = leader->raft;
    const uint64_t last = leader->end - 1;
    const uint32_t term = raft_log_term(leader, last);
    const bool later = leader->vote->term > raft->highest_term && !raft->forgetful;
    const bool complete =
        term > raft->highest_term || (term == raft->highest_term && last >= raft->highest);
    world_hold(leader->node->world, "no committed entry lost", !later || complete,
               "%s: member %u leads term %u with %llu entries, %llu were committed",
               raft->election.name, leader->number, leader->vote->term, (unsigned long long)last,
               (unsigned long long)raft->highest);
}

static void on_elected(struct election_member *vote)
{
    struct raft_member *leader = member_of(vote);
    const struct raft *raft = leader->raft;
    hold_complete(leader);
    leader->leading = false;
    leader->owes = false;
    leader->successor = ELECTION_NONE;
    leader->led_from = leader->end;
    for (uint32_t i = 0; i < raft->count; i++) {
        raft_send_reset(leader, i);
    }
    append(leader, (const uint64_t[2]){0, 0}, 0);
    begin_beat(leader);
}

static void on_deposed(struct election_member *vote)
{
    struct raft_member *member = member_of(vote);
    const bool led = member->leading;
    node_timer_cancel(member->node, member->beat);
    member->beat = 0;
    member->leading = false;
    member->led_from = 0;
    member->successor = ELECTION_NONE;
    member->raft->abandoned += member->waiter_count;
    while (member->waiter_count > 0) {
        wake_waiter(member, STATUS_INDETERMINATE);
    }
    if (led && member->raft->hooks->follows != NULL) {
        member->raft->hooks->follows(member);
    }
}

static struct election_position position_of(const struct election_member *vote)
{
    const struct raft_member *member = member_of(vote);
    const uint64_t last = member->end - 1;
    return (struct election_position){raft_log_term(member, last), last};
}

static const struct election_hooks votes = {
    .position = position_of, .elected = on_elected, .deposed = on_deposed};

// ---- life ---------------------------------------------------------------------------------------

void raft_init(struct raft *raft, struct component *component, const char *name)
{
    *raft = (struct raft){.component = component};
    election_init(&raft->election, component, name);
    raft->election.owner = raft;
    raft->election.hooks = &votes;
}

struct raft_member *raft_add(struct raft *raft, struct node *node, struct wal *wal)
{
    struct raft_member *member = &raft->members[raft->count];
    struct wal *const ballots = raft->settings->trust_cache ? NULL : wal;
    *member = (struct raft_member){.raft = raft,
                                   .vote = election_add(&raft->election, node, ballots),
                                   .node = node,
                                   .wal = wal,
                                   .number = raft->count++,
                                   .first = 1,
                                   .end = 1,
                                   .successor = ELECTION_NONE};
    raft->election.settings = &raft->settings->election;
    return member;
}

void raft_release(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->count; i++) {
        struct raft_member *member = &raft->members[i];
        free(member->entries);
        free(member->positions);
        free(member->waiters);
        for (uint32_t j = 0; j < ELECTION_MEMBERS; j++) {
            free(member->peers[j].ends);
        }
    }
    free(raft->witness);
    raft->witness = NULL;
    raft->count = 0;
}

void raft_start(struct raft_member *member, uint64_t applied)
{
    const uint64_t least = member->first - 1;
    member->applied = applied > least ? applied : least;
    member->commit = member->applied;
    member->owes = false;
    member->leading = false;
    member->led_from = 0;
    election_start(member->vote);
    if (member->wal != NULL && member->durable + 1 < member->end) {
        raft_await_durable(member);
        wal_flush(member->wal);
    }
}

void raft_settle(struct raft_member *leader)
{
    struct raft *raft = leader->raft;
    for (uint32_t i = 0; i < raft->count; i++) {
        CHECK(raft->members[i].end == 1);
    }
    election_settle(leader->vote);
}

void raft_crash(struct raft_member *member, bool dark)
{
    election_crash(member->vote);
    member->beat = 0;
    member->leading = false;
    member->led_from = 0;
    member->owes = false;
    member->applying = false;
    member->successor = ELECTION_NONE;
    member->waiter_count = 0;
    if (dark) {
        raft_log_lose(member);
    }
    const uint64_t last = member->end - 1;
    member->commit = member->commit < last ? member->commit : last;
    member->applied = member->applied < last ? member->applied : last;
}

// ---- proposing ----------------------------------------------------------------------------------

static void add_waiter(struct raft_member *leader, uint64_t index, uint64_t ticket)
{
    if (leader->waiter_count == leader->waiter_room) {
        const uint32_t old = leader->waiter_room, room = old == 0 ? 16 : old * 2;
        struct raft_waiter *waiters = check_calloc(room, sizeof *waiters);
        for (uint32_t i = 0; i < leader->waiter_count; i++) {
            waiters[i] = leader->waiters[(leader->waiter_first + i) & (old - 1)];
        }
        free(leader->waiters);
        leader->waiters = waiters;
        leader->waiter_room = room;
        leader->waiter_first = 0;
    }
    const uint32_t mask = leader->waiter_room - 1;
    leader->waiters[(leader->waiter_first + leader->waiter_count++) & mask] =
        (struct raft_waiter){index, ticket};
}

bool raft_propose(struct raft_member *member, const uint64_t words[2], uint32_t bytes,
                  uint64_t ticket)
{
    CHECK(bytes > 0);
    if (!leads(member) || member->successor != ELECTION_NONE) {
        return false;
    }
    member->raft->proposed++;
    if (ticket != 0) {
        add_waiter(member, member->end, ticket);
    }
    append(member, words, bytes);
    return true;
}

enum outcome raft_commit(struct raft_member *member, struct visit *visit, const uint64_t words[2],
                         uint32_t bytes)
{
    const enum outcome wait = step_wait(visit);
    if (!raft_propose(member, words, bytes, visit_ticket(visit))) {
        visit->status = STATUS_UNAVAILABLE;
        return OUTCOME_NEXT;
    }
    return wait;
}

// ---- questions ----------------------------------------------------------------------------------

struct raft_member *raft_leader(struct raft *raft)
{
    struct election_member *vote = election_leader(&raft->election);
    struct raft_member *leader = vote == NULL ? NULL : member_of(vote);
    return leader != NULL && leader->leading ? leader : NULL;
}

bool raft_has_lease(const struct raft_member *member)
{
    const int64_t timeout_ns = member->raft->settings->election.timeout_ns;
    return leads(member) && member->leading && election_has_quorum(member->vote, timeout_ns);
}

void raft_transfer(struct raft_member *leader, uint32_t to)
{
    if (!leads(leader) || to == leader->number) {
        return;
    }
    leader->successor = to;
    leader->successor_ns = leader->node->world->now;
    raft_send_order(leader);
}

struct raft_member *raft_of(struct raft *raft, const struct node *node)
{
    for (uint32_t i = 0; i < raft->count; i++) {
        if (raft->members[i].node == node) {
            return &raft->members[i];
        }
    }
    return NULL;
}

const struct raft_entry *raft_entry_at(const struct raft_member *member, uint64_t index)
{
    const bool kept = index >= member->first && index < member->end;
    return kept ? raft_log_at(member, index) : NULL;
}

// ---- invariants ---------------------------------------------------------------------------------

static bool is_same(const struct raft_entry *one, const struct raft_entry *other)
{
    return one->term == other->term && one->words[0] == other->words[0] &&
           one->words[1] == other->words[1];
}

// Where two logs agree in the term of an index, they agree in all before it.
static void check_pair(const struct raft_member *one, const struct raft_member *other)
{
    const uint64_t from = one->first > other->first ? one->first : other->first;
    uint64_t to = one->end < other->end ? one->end : other->end;
    bool matching = false, good = true;
    for (; to > from; to--) {
        const struct raft_entry *mine = raft_log_at(one, to - 1), *theirs;
        theirs = raft_log_at(other, to - 1);
        matching = matching || mine->term == theirs->term;
        good = good && (!matching || is_same(mine, theirs));
    }
    world_hold(one->node->world, "log matching", good, "%s: logs of members %u and %u differ",
               one->raft->election.name, one->number, other->number);
}

void raft_check(struct raft *raft)
{
    for (uint32_t i = 0; i < raft->count; i++) {
        for (uint32_t j = i + 1; j < raft->count; j++) {
            check_pair(&raft->members[i], &raft->members[j]);
        }
    }
}
