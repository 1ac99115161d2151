// raft_send - what Raft's members say to each other: entries, answers, snapshots, heartbeats.
#include "sim/engine/raft_send.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/network.h"
#include "sim/engine/raft_log.h"
#include "sim/engine/world.h"

enum parcel_kind {
    PARCEL_ENTRIES,
    PARCEL_HEARTBEAT,
    PARCEL_SNAPSHOT,
    PARCEL_YES,
    PARCEL_NO,
    PARCEL_STAND
};

// words[WORD_HEAD]: kind, sender, count of entries; words[WORD_TERMS]: the sender's term, the term
// of the entry before.
enum { WORD_RAFT, WORD_HEAD, WORD_TERMS, WORD_INDEX, WORD_COMMIT, WORD_SENT };

static void on_parcel(struct node *to, struct node *from, struct network_parcel *parcel);

static struct network_parcel parcel_of(const struct raft_member *member, enum parcel_kind kind,
                                       uint32_t count)
{
    return (struct network_parcel){
        .words = {
            [WORD_RAFT] = (uint64_t)(uintptr_t)member->raft,
            [WORD_HEAD] = (uint64_t)kind << 48 | (uint64_t)member->number << 32 | count,
            [WORD_TERMS] = (uint64_t)member->vote->term << 32,
            [WORD_SENT] = (uint64_t)member->node->world->now,
        }};
}

static void post(struct raft_member *member, uint32_t to, uint64_t bytes,
                 const struct network_parcel *parcel)
{
    const struct raft *raft = member->raft;
    network_post(member->node, raft->members[to].node, raft->settings->message_bytes + bytes,
                 on_parcel, parcel);
}

// ---- the leader speaks --------------------------------------------------------------------------

void raft_send_reset(struct raft_member *leader, uint32_t to)
{
    struct raft_peer *peer = &leader->peers[to];
    uint64_t *ends = peer->ends;
    *peer = (struct raft_peer){.next = leader->end, .probing = true, .ends = ends};
}

static uint64_t sendable(const struct raft_member *leader)
{
    return leader->raft->settings->flush_first ? leader->durable : leader->end - 1;
}

// How many entries from `next` on go into one message; their bytes.
static uint32_t fill(const struct raft_member *leader, uint64_t next, uint64_t *bytes)
{
    const struct raft_settings *settings = leader->raft->settings;
    const uint64_t last = sendable(leader);
    uint32_t count = 0;
    *bytes = 0;
    while (next + count <= last && (count == 0 || *bytes < settings->batch_bytes)) {
        *bytes += raft_log_at(leader, next + count)->bytes + settings->entry_bytes;
        count++;
    }
    return count;
}

static void note_sent(struct raft_member *leader, struct raft_peer *peer, uint64_t last)
{
    const uint32_t limit = leader->raft->settings->in_flight;
    if (peer->ends == NULL) {
        peer->ends = check_calloc(limit, sizeof *peer->ends);
    }
    peer->ends[(peer->first + peer->count++) % limit] = last;
    peer->sent_ns = leader->node->world->now;
    peer->next = last + 1;
}

static void on_snapshot_read(struct node *node, uint64_t word);

// The snapshot is read at its rate, then sent; the follower takes the state as it is then.
static void send_snapshot(struct raft_member *leader, uint32_t to)
{
    const struct raft *raft = leader->raft;
    const uint64_t bytes =
        raft->hooks->snapshot_bytes == NULL ? 0 : raft->hooks->snapshot_bytes(leader);
    const double rate = raft->settings->snapshot_rate;
    const int64_t time = rate > 0 ? time_of((double)bytes / rate * 1e9) : 0;
    leader->peers[to].restoring = true;
    leader->peers[to].sent_ns = time_after(leader->node->world->now, time);
    node_timer(leader->node, time, on_snapshot_read, (uint64_t)(uintptr_t)&raft->members[to]);
}

static void on_snapshot_read(struct node *node, uint64_t word)
{
    const struct raft_member *to = (const struct raft_member *)(uintptr_t)word;
    struct raft_member *leader = raft_of(to->raft, node);
    if (leader->vote->role != ELECTION_LEADER || !leader->peers[to->number].restoring) {
        return;
    }
    const struct raft *raft = leader->raft;
    const uint64_t bytes =
        raft->hooks->snapshot_bytes == NULL ? 0 : raft->hooks->snapshot_bytes(leader);
    const struct network_parcel parcel = parcel_of(leader, PARCEL_SNAPSHOT, 0);
    leader->raft->snapshots++;
    post(leader, to->number, bytes, &parcel);
}

static void send_entries(struct raft_member *leader, uint32_t to, uint32_t count, uint64_t bytes)
{
    struct raft_peer *peer = &leader->peers[to];
    const uint64_t before = peer->next - 1;
    struct network_parcel parcel = parcel_of(leader, PARCEL_ENTRIES, count);
    struct raft_entry *entries = check_realloc(NULL, count * sizeof *entries);
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = *raft_log_at(leader, peer->next + i);
    }
    parcel.extra = entries;
    parcel.words[WORD_TERMS] |= raft_log_term(leader, before);
    parcel.words[WORD_INDEX] = before;
    parcel.words[WORD_COMMIT] = leader->commit;
    note_sent(leader, peer, before + count);
    post(leader, to, bytes, &parcel);
}

static void send_more(struct raft_member *leader, uint32_t to)
{
    struct raft_peer *peer = &leader->peers[to];
    const uint32_t limit = peer->probing ? 1 : leader->raft->settings->in_flight;
    while (!peer->restoring && peer->count < limit) {
        if (peer->next < leader->first) {
            send_snapshot(leader, to);
            return;
        }
        uint64_t bytes;
        const uint32_t count = fill(leader, peer->next, &bytes);
        if (count == 0) {
            return;
        }
        send_entries(leader, to, count, bytes);
    }
}

void raft_send_all(struct raft_member *leader)
{
    for (uint32_t i = 0; i < leader->raft->count; i++) {
        if (i != leader->number) {
            send_more(leader, i);
        }
    }
}

void raft_send_heartbeat(struct raft_member *leader, uint32_t to)
{
    const struct raft_peer *peer = &leader->peers[to];
    const uint64_t commit = leader->commit < peer->match ? leader->commit : peer->match;
    struct network_parcel parcel = parcel_of(leader, PARCEL_HEARTBEAT, 0);
    parcel.words[WORD_COMMIT] = commit;
    post(leader, to, 0, &parcel);
}

void raft_send_order(struct raft_member *leader)
{
    const uint32_t to = leader->successor;
    if (leader->peers[to].match + 1 == leader->end) {
        const struct network_parcel parcel = parcel_of(leader, PARCEL_STAND, 0);
        post(leader, to, 0, &parcel);
    }
}

// ---- the follower answers -----------------------------------------------------------------------

static void answer(struct raft_member *member, uint32_t to, enum parcel_kind kind, uint64_t index,
                   int64_t asked_ns)
{
    struct network_parcel parcel = parcel_of(member, kind, 0);
    parcel.words[WORD_INDEX] = index;
    parcel.words[WORD_SENT] = (uint64_t)asked_ns;
    post(member, to, 0, &parcel);
}

void raft_send_answer(struct raft_member *member)
{
    const uint64_t sure = member->raft->settings->trust_cache ? member->end - 1 : member->durable;
    const uint64_t index = sure < member->owed ? sure : member->owed;
    if (member->owed_term != member->vote->term) { // another leader must ask anew
        member->owes = false;
        return;
    }
    member->owes = index < member->owed;
    answer(member, member->owed_to, PARCEL_YES, index, member->owed_ns);
}

// Takes what is new; what contradicts it goes. True if there was anything new.
static bool take_entries(struct raft_member *member, uint64_t before, uint32_t count,
                         const struct raft_entry *entries)
{
    bool new = false;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t index = before + 1 + i;
        if (index < member->first) {
            continue;
        }
        if (index < member->end && raft_log_term(member, index) != entries[i].term) {
            raft_log_truncate(member, index);
        }
        if (index >= member->end) {
            raft_log_push(member, &entries[i]);
            new = true;
        }
    }
    return new;
}

static void on_entries(struct raft_member *member, uint32_t from,
                       const struct network_parcel *parcel)
{
    const uint64_t *words = parcel->words, before = words[WORD_INDEX];
    const uint32_t count = (uint32_t)words[WORD_HEAD], term = (uint32_t)words[WORD_TERMS];
    const int64_t sent_ns = (int64_t)words[WORD_SENT];
    const bool known = before + 1 < member->first || // in the snapshot, hence committed
                       (before < member->end && raft_log_term(member, before) == term);
    if (!known) {
        const uint64_t last = member->end - 1;
        answer(member, from, PARCEL_NO, last < before ? last : before - 1, sent_ns);
        return;
    }
    const bool new = take_entries(member, before, count, parcel->extra);
    const uint64_t match = before + count;
    member->owed = match;
    member->owed_term = member->vote->term;
    member->owed_to = from;
    member->owed_ns = sent_ns;
    member->owes = true;
    raft_follow_commit(member, words[WORD_COMMIT] < match ? words[WORD_COMMIT] : match);
    if (new) {
        raft_await_durable(member);
    }
    const bool trusted = member->raft->settings->trust_cache || member->durable >= match;
    if (member->owes && trusted) {
        raft_send_answer(member);
    }
}

static void on_heartbeat(struct raft_member *member, uint32_t from, const uint64_t *words)
{
    const uint64_t last = member->end - 1, commit = words[WORD_COMMIT];
    raft_follow_commit(member, commit < last ? commit : last);
    answer(member, from, PARCEL_YES, 0, (int64_t)words[WORD_SENT]);
}

static void on_snapshot(struct raft_member *member, uint32_t from, const uint64_t *words)
{
    struct raft *raft = member->raft;
    const struct raft_member *leader = &raft->members[from];
    if (!leader->vote->running || leader->vote->term != member->vote->term) {
        return;
    }
    if (leader->applied > member->applied) {
        raft_log_replace(member, leader->applied, raft_log_term(leader, leader->applied));
        member->commit = member->applied = leader->applied;
        if (raft->hooks->restored != NULL) {
            raft->hooks->restored(member, leader);
        }
    }
    answer(member, from, PARCEL_YES, member->applied, (int64_t)words[WORD_SENT]);
}

// ---- the leader listens -------------------------------------------------------------------------

// Entries sent long ago and not answered: the message is lost, or the follower's disk is slow.
static void send_lost_again(struct raft_member *leader, uint32_t to)
{
    struct raft_peer *peer = &leader->peers[to];
    const int64_t silence = leader->node->world->now - peer->sent_ns;
    if (silence >= leader->raft->settings->heartbeat_ns && (peer->count > 0 || peer->restoring)) {
        peer->next = peer->match + 1;
        peer->count = 0;
        peer->probing = true;
        peer->restoring = false;
    }
}

static void on_yes(struct raft_member *leader, uint32_t from, const uint64_t *words)
{
    struct raft_peer *peer = &leader->peers[from];
    const uint64_t match = words[WORD_INDEX];
    const uint32_t limit = leader->raft->settings->in_flight;
    if (match == 0) {
        send_lost_again(leader, from);
    }
    if (match > peer->match) {
        peer->match = match;
        peer->restoring = false;
    }
    if (match > 0) {
        peer->probing = false;
    }
    while (peer->count > 0 && peer->ends[peer->first] <= match) {
        peer->first = (peer->first + 1) % limit;
        peer->count--;
    }
    peer->next = peer->next > peer->match ? peer->next : peer->match + 1;
    raft_note_match(leader);
    if (leader->vote->role != ELECTION_LEADER) {
        return;
    }
    send_more(leader, from);
    if (leader->successor == from) {
        raft_send_order(leader);
    }
}

static void on_no(struct raft_member *leader, uint32_t from, uint64_t hint)
{
    struct raft_peer *peer = &leader->peers[from];
    if (hint < peer->match) {
        hint = peer->match;
    }
    peer->next = peer->next < hint + 1 ? peer->next : hint + 1;
    peer->count = 0;
    peer->probing = true;
    send_more(leader, from);
}

static void on_answer(struct raft_member *leader, uint32_t from, enum parcel_kind kind,
                      const uint64_t *words)
{
    const uint32_t term = (uint32_t)(words[WORD_TERMS] >> 32);
    election_see(leader->vote, term);
    if (leader->vote->role != ELECTION_LEADER || leader->vote->term != term) {
        return;
    }
    election_answered(leader->vote, from, (int64_t)words[WORD_SENT]);
    if (kind == PARCEL_YES) {
        on_yes(leader, from, words);
    } else {
        on_no(leader, from, words[WORD_INDEX]);
    }
}

static void on_order(struct raft_member *member, uint32_t from, enum parcel_kind kind,
                     const struct network_parcel *parcel)
{
    const uint64_t *words = parcel->words;
    const uint32_t term = (uint32_t)(words[WORD_TERMS] >> 32);
    if (!election_heard(member->vote, from, term)) {
        answer(member, from, PARCEL_NO, 0, (int64_t)words[WORD_SENT]);
    } else if (kind == PARCEL_ENTRIES) {
        on_entries(member, from, parcel);
    } else if (kind == PARCEL_HEARTBEAT) {
        on_heartbeat(member, from, words);
    } else if (kind == PARCEL_SNAPSHOT) {
        on_snapshot(member, from, words);
    } else {
        election_stand(member->vote, true);
    }
}

static void on_parcel(struct node *to, struct node *from, struct network_parcel *parcel)
{
    (void)from;
    struct raft *raft = (struct raft *)(uintptr_t)parcel->words[WORD_RAFT];
    struct raft_member *member = raft_of(raft, to);
    const uint64_t head = parcel->words[WORD_HEAD];
    const enum parcel_kind kind = (enum parcel_kind)(head >> 48);
    const uint32_t sender = (uint32_t)(head >> 32) & 0xffff;
    if (!member->vote->running) {
        return;
    }
    if (kind == PARCEL_YES || kind == PARCEL_NO) {
        on_answer(member, sender, kind, parcel->words);
    } else {
        on_order(member, sender, kind, parcel);
    }
}
