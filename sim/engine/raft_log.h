// raft_log - a member's log: what stands at which index, what is durable, what is kept.
#pragma once

#include "sim/engine/raft.h"

static inline struct raft_entry *raft_log_at(const struct raft_member *member, uint64_t index)
{
    return &member->entries[index & (member->room - 1)];
}

// 0 for an index outside of [first - 1, end).
static inline uint32_t raft_log_term(const struct raft_member *member, uint64_t index)
{
    if (index + 1 == member->first) {
        return member->before_term;
    }
    const bool kept = index >= member->first && index < member->end;
    return kept ? raft_log_at(member, index)->term : 0;
}

// Appends behind the last entry, to the wal too.
void raft_log_push(struct raft_member *member, const struct raft_entry *entry);
// Entries from `index` on are gone.
void raft_log_truncate(struct raft_member *member, uint64_t index);
// Entries before `first` are gone: they are in the snapshot.
void raft_log_forget(struct raft_member *member, uint64_t first);
// Nothing but a snapshot whose last entry is (index, term).
void raft_log_replace(struct raft_member *member, uint64_t index, uint32_t term);
// Entries whose records are not durable are gone (loss of power).
void raft_log_lose(struct raft_member *member);
// True if `durable` has advanced.
bool raft_log_settle(struct raft_member *member);

// What is applied at an index is what was ever applied there.
void raft_log_witness(struct raft_member *member, uint64_t index, const struct raft_entry *entry);
