// election - who leads a group of nodes: terms, votes, randomised timers, pre-votes.
//
// The voting part of Raft (Ongaro and Ousterhout 2014, section 5.2; pre-vote and refusal of
// disruptive candidates: Ongaro's thesis, sections 4.2.3 and 9.6), shared by all whose elections
// work that way. A member votes once a term, for a candidate whose position (term and index of the
// last entry) is not behind its own, and answers only when the vote is durable. A member's term,
// vote and position survive its crash; all else is memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/node.h"

struct election_member;
struct wal;

enum { ELECTION_MEMBERS = 9, ELECTION_NONE = UINT32_MAX };
enum election_role { ELECTION_FOLLOWER, ELECTION_CANDIDATE, ELECTION_LEADER };

struct election_position {
    uint64_t term, index; // of the last entry; compared in this order
};

struct election_settings {
    int64_t timeout_ns;  // of silence, after which a follower stands; 0: only by election_stand
    int64_t spread_ns;   // and uniformly up to so much more, drawn anew each time
    bool prevote;        // asks first whether it would win, without raising its term
    bool sticky;         // who has heard its leader within timeout_ns refuses candidates
    bool check_quorum;   // a leader unheard by a majority for timeout_ns steps down
    uint64_t bytes;      // of a message
};

struct election_hooks { // NULL where nothing is to be said
    struct election_position (*position)(const struct election_member *member);
    void (*elected)(struct election_member *member);
    void (*deposed)(struct election_member *member); // was leader, is so no more
    // Additional wait before it stands (priorities); negative: it never does.
    int64_t (*delay)(const struct election_member *member);
    // Whether it follows a leader, where the model knows better than the silence tells.
    bool (*led)(const struct election_member *member);
};

struct election_member {
    struct election *election;
    struct node *node;
    struct wal *wal;       // makes votes durable, NULL: at once
    uint32_t number;
    uint32_t term, vote;   // durable; vote: ELECTION_NONE or a number
    enum election_role role;
    uint32_t leader;       // whom it takes for the leader of its term
    bool running;          // between election_start and the crash
    bool forced;           // stands by order (transfer): others need not have lost their leader
    bool asking;           // a pre-vote is on its way
    uint32_t votes;        // bit set
    int64_t heard_ns;      // from the leader; of a candidate: when it stood
    int64_t wait_ns;       // of silence before it stands
    uint64_t timer;
    int64_t answered_ns[ELECTION_MEMBERS]; // of a leader: sending time of what each answered last
};

struct election {
    struct component *component;
    const struct election_settings *settings;
    const struct election_hooks *hooks;
    void *owner;
    const char *name;              // of its random streams
    uint32_t count;
    struct election_member members[ELECTION_MEMBERS];
    struct random_stream *streams[ELECTION_MEMBERS];
    struct { uint32_t term, leader; } latest[4]; // terms that had a leader, for the invariant
    uint32_t elections;            // won
};

// Invariant "one leader per term" is stated at every election that is won.
void election_init(struct election *election, struct component *component, const char *name);
// settings, hooks and owner are set by the caller before the first member starts.
struct election_member *election_add(struct election *election, struct node *node,
                                     struct wal *wal);

// The member's process has started: a follower whose timer runs.
void election_start(struct election_member *member);
// As at time 0 of a system that has been running: `member` leads term 1, all others follow. Call
// after all were started.
void election_settle(struct election_member *member);
void election_crash(struct election_member *member);

// A message of a leader of `term` has come: false if that term is over. Restarts the timer.
bool election_heard(struct election_member *member, uint32_t leader, uint32_t term);
// A message with `term` has come from anybody: a higher one ends leadership and candidacy.
void election_see(struct election_member *member, uint32_t term);
// A follower has answered what its leader sent at `asked_ns`.
void election_answered(struct election_member *leader, uint32_t from, int64_t asked_ns);
// Stands now; `forced`: without pre-vote, and votes are given though the leader lives.
void election_stand(struct election_member *member, bool forced);
void election_step_down(struct election_member *member);
// A leader's majority (itself counted) has answered messages that it sent within the last `ns`.
bool election_has_quorum(const struct election_member *leader, int64_t ns);

// The leader of the highest term whose process runs, NULL.
struct election_member *election_leader(struct election *election);
struct election_member *election_of(struct election *election, const struct node *node);
