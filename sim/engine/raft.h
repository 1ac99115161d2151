// raft - a replicated log (Ongaro and Ousterhout 2014): the leader appends, a majority makes
// durable, all apply in the same order.
//
// Elections are election.h's. The leader sends entries in batches, several messages in flight to
// each follower; a follower answers when its log has made them durable; an entry of the leader's
// own term is committed once a majority has it. What follows a conflict is truncated. A follower
// that lags behind the kept log gets a snapshot. A member's log up to what its wal kept, its term
// and its vote survive a crash.
//
// Invariants stated: one leader per term; log matching; no committed entry lost (leader
// completeness and state machine safety: what a member applies at an index is what any member ever
// applied there).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/election.h"
#include "sim/engine/visit.h"
#include "sim/engine/wal.h"

struct raft;
struct raft_member;

struct raft_entry {
    uint64_t words[2]; // the model's
    uint32_t term;
    uint32_t bytes; // 0: the empty entry with which a leader begins its term
};

struct raft_settings {
    struct election_settings election;
    int64_t heartbeat_ns;    // between messages of an idle leader, 0: none
    uint32_t batch_bytes;    // most entries' bytes in one message
    uint32_t in_flight;      // unanswered messages to one follower, >= 1
    uint64_t message_bytes;  // of a message beside its entries
    uint64_t entry_bytes;    // of an entry in the log beside its own
    bool flush_first;        // a leader sends only what it has made durable itself
    bool trust_cache;        // acknowledges what is written, durable or not: committed entries
                             // are lost when a majority loses power, and that is no violation
    uint64_t keep;           // applied entries kept for lagging followers
    double snapshot_rate;    // bytes/s, 0: only the network's time
};

struct raft_hooks { // NULL where nothing is to be said
    // In log order at every member, once in each life; again from the snapshot after a restart
    // unless the model's state is durable (see raft_start).
    void (*applied)(struct raft_member *member, uint64_t index, const struct raft_entry *entry);
    void (*leads)(struct raft_member *member);   // elected, and its first entry is applied
    void (*follows)(struct raft_member *member); // leads no more
    uint64_t (*snapshot_bytes)(const struct raft_member *member);
    void (*restored)(struct raft_member *member, const struct raft_member *from);
};

struct raft_waiter { // who proposed an entry and waits at this leader
    uint64_t index;
    uint64_t ticket;
};

struct raft_peer { // what a leader knows of a follower
    uint64_t next, match;
    uint64_t *ends;        // ring of in_flight places: last index of each unanswered message
    uint32_t first, count;
    bool probing;          // one message at a time until it matches
    bool restoring;        // a snapshot is on its way
    int64_t sent_ns;       // latest message with entries
};

struct raft_member {
    struct raft *raft;
    struct election_member *vote;
    struct node *node;
    struct wal *wal;
    uint32_t number;
    // on disk
    uint64_t first, end;        // entries [first, end) are kept; first >= 1
    uint32_t before_term;       // of entry first - 1
    struct raft_entry *entries; // ring
    uint64_t *positions;        // of their records in the wal, same ring
    uint32_t room;
    uint64_t durable;           // highest index known durable
    // memory
    uint64_t commit, applied;
    uint64_t led_from;          // a leader's first entry of its term
    bool leading;               // that entry is applied
    bool applying;
    bool owes;                  // the leader waits to hear that entries up to `owed` are durable
    uint64_t owed;
    uint32_t owed_term, owed_to; // the leader of that term
    int64_t owed_ns;            // when the latest of their messages was sent
    uint32_t successor;         // leadership is being handed over to, ELECTION_NONE
    int64_t successor_ns;       // since
    struct raft_peer peers[ELECTION_MEMBERS];
    uint64_t beat;              // timer
    struct raft_waiter *waiters; // ring, by ascending index
    uint32_t waiter_first, waiter_count, waiter_room;
};

struct raft {
    struct component *component;
    const struct raft_settings *settings;
    const struct raft_hooks *hooks;
    void *owner;      // the model's
    uint32_t number;  // the model's: which group this is
    struct election election;
    uint32_t count;
    struct raft_member members[ELECTION_MEMBERS];
    uint64_t highest;         // index applied by anybody
    uint32_t highest_term;    // of that entry
    bool forgetful;           // a member has lost entries that it had acknowledged (trust_cache)
    uint64_t *witness;        // digests of what was applied at the latest indices, a ring
    uint64_t proposed, committed, abandoned, snapshots, truncated;
};

// `name` names its random streams ("orders/range 3"): it must be unique and live as long as the
// world; settings, hooks, owner and number are set by the caller before the first raft_add.
void raft_init(struct raft *raft, struct component *component, const char *name);
struct raft_member *raft_add(struct raft *raft, struct node *node, struct wal *wal);
void raft_release(struct raft *raft);

// The process has started. `applied`: index up to which the model's state has survived (0: none, or
// at least `first - 1`: the state at the snapshot); later entries are applied again as they are
// known committed.
void raft_start(struct raft_member *member, uint64_t applied);
// As at time 0 of a running system: `leader` leads term 1. After all were started.
void raft_settle(struct raft_member *leader);
// From the model's crash hook, *before* wal_crash of the node's wal.
void raft_crash(struct raft_member *member, bool dark);

// Appends at the leader. `ticket` (0: nobody) is woken with STATUS_OK when the entry is applied at
// this member; STATUS_INDETERMINATE when it loses its leadership before. False: it is no leader, or
// hands its leadership over; nothing is done.
bool raft_propose(struct raft_member *member, const uint64_t words[2], uint32_t bytes,
                  uint64_t ticket);
// The same as a verb: the visit goes on with its next step, its status as above; STATUS_UNAVAILABLE
// at once if it is no leader.
enum outcome raft_commit(struct raft_member *member, struct visit *visit, const uint64_t words[2],
                         uint32_t bytes);

// The leader that may serve: its first entry is applied, its process runs; NULL: none.
struct raft_member *raft_leader(struct raft *raft);
// True while no other can have been elected since (check_quorum and sticky): leader lease.
bool raft_has_lease(const struct raft_member *member);
// Leadership goes to that member as soon as it has the whole log.
void raft_transfer(struct raft_member *leader, uint32_t to);
struct raft_member *raft_of(struct raft *raft, const struct node *node); // NULL: no member
const struct raft_entry *raft_entry_at(const struct raft_member *member, uint64_t index);
// States log matching over all pairs of members; for `check` hooks.
void raft_check(struct raft *raft);
