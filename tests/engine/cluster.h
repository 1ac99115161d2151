// cluster - one Raft group over the nodes of a tiny world, with proposals, crashes and cuts, for
// tests of elections and replication.
#pragma once

#include "tests/engine/tiny.h"

enum { CLUSTER_MEMBERS = 7, CLUSTER_ENTRIES = 4096 };

struct cluster_node { // the model's state of a node
    struct wal wal;
    struct raft_member *member;
    uint64_t applied[CLUSTER_ENTRIES]; // values in the order of their application in this life
    uint64_t indices[CLUSTER_ENTRIES]; // of their entries
    uint32_t count;
};

struct cluster {
    struct tiny tiny;
    struct raft_settings settings;
    struct distribution flush;
    uint32_t members;
    struct world *world;
    struct raft raft;
    uint64_t acknowledged[CLUSTER_ENTRIES]; // values of which the proposer was told that they stay
    uint32_t acknowledged_count;
    uint32_t leaderships;
    int64_t led_ns; // when the latest leader began to serve
};

// Three members, 1 ms between zones, flushes of 1 ms, heartbeats each 100 ms, elections after 1 s
// and up to 300 ms more. Change what you like before cluster_begin; `cluster` must not move after.
void cluster_init(struct cluster *cluster);
void cluster_begin(struct cluster *cluster);
void cluster_end(struct cluster *cluster); // all invariants must hold
void cluster_run(struct cluster *cluster, int64_t until_ns);

// Proposes the value to the present leader, if there is one; what is committed while the proposer's
// process lives is noted as acknowledged.
bool cluster_propose(struct cluster *cluster, uint64_t value);
struct cluster_node *cluster_node(const struct cluster *cluster, uint32_t member);
struct node *cluster_at(const struct cluster *cluster, uint32_t member);
// The members of the zone can be reached by no other zone, or again by all.
void cluster_cut(struct cluster *cluster, uint32_t zone, bool cut);
// True if every acknowledged value is in the leader's log.
bool cluster_keeps_all(struct cluster *cluster);
