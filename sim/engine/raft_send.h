// raft_send - what Raft's members say to each other: entries, answers, snapshots, heartbeats.
#pragma once

#include "sim/engine/raft.h"

// Forgets what a former leadership knew of the follower: the next message probes.
void raft_send_reset(struct raft_member *leader, uint32_t to);
// Sends every follower what it has not been sent, as far as messages in flight allow.
void raft_send_all(struct raft_member *leader);
void raft_send_heartbeat(struct raft_member *leader, uint32_t to);
// Tells the leader how far the log is durable (or written, where that is trusted).
void raft_send_answer(struct raft_member *member);
// Orders the successor to stand, once it has everything.
void raft_send_order(struct raft_member *leader);

// ---- raft.c -------------------------------------------------------------------------------------

// What follows when the entries appended so far are durable.
void raft_await_durable(struct raft_member *member);
void raft_follow_commit(struct raft_member *member, uint64_t commit);
void raft_note_match(struct raft_member *leader);
