// raft_log - a member's log: what stands at which index, what is durable, what is kept.
#include "sim/engine/raft_log.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/engine/world.h"

enum { WITNESSES = 256 };

static void grow(struct raft_member *member)
{
    const uint32_t room = member->room == 0 ? 16 : member->room * 2;
    struct raft_entry *entries = check_calloc(room, sizeof *entries);
    uint64_t *positions = check_calloc(room, sizeof *positions);
    for (uint64_t i = member->first; i < member->end; i++) {
        entries[i & (room - 1)] = member->entries[i & (member->room - 1)];
        positions[i & (room - 1)] = member->positions[i & (member->room - 1)];
    }
    free(member->entries);
    free(member->positions);
    member->entries = entries;
    member->positions = positions;
    member->room = room;
}

void raft_log_push(struct raft_member *member, const struct raft_entry *entry)
{
    if (member->end - member->first == member->room) {
        grow(member);
    }
    const uint64_t index = member->end++;
    *raft_log_at(member, index) = *entry;
    uint64_t position = 0;
    if (member->wal != NULL) {
        const uint64_t bytes = entry->bytes + member->raft->settings->entry_bytes;
        position = wal_append(member->wal, bytes);
    }
    member->positions[index & (member->room - 1)] = position;
}

void raft_log_truncate(struct raft_member *member, uint64_t index)
{
    CHECK(index >= member->first);
    const bool good = index > member->commit || member->raft->forgetful;
    world_hold(member->node->world, "no committed entry lost", good,
               "%s: member %u truncates at %llu, committed up to %llu", member->raft->election.name,
               member->number, (unsigned long long)index, (unsigned long long)member->commit);
    member->raft->truncated += member->end - index;
    member->end = index;
    member->durable = member->durable < index ? member->durable : index - 1;
    member->commit = member->commit < index ? member->commit : index - 1;
    member->applied = member->applied < index ? member->applied : index - 1;
}

void raft_log_forget(struct raft_member *member, uint64_t first)
{
    if (first <= member->first) {
        return;
    }
    CHECK(first <= member->end);
    member->before_term = raft_log_term(member, first - 1);
    member->first = first;
    member->durable = member->durable < first - 1 ? first - 1 : member->durable;
}

void raft_log_replace(struct raft_member *member, uint64_t index, uint32_t term)
{
    member->first = member->end = index + 1;
    member->before_term = term;
    member->durable = index;
}

void raft_log_lose(struct raft_member *member)
{
    if (member->wal == NULL) {
        return;
    }
    while (member->end > member->first &&
           member->positions[(member->end - 1) & (member->room - 1)] > member->wal->durable) {
        member->end--;
        member->raft->forgetful = member->raft->settings->trust_cache;
    }
    member->durable = member->end - 1;
}

bool raft_log_settle(struct raft_member *member)
{
    const uint64_t before = member->durable;
    const uint64_t flushed = member->wal == NULL ? UINT64_MAX : member->wal->durable;
    while (member->durable + 1 < member->end &&
           member->positions[(member->durable + 1) & (member->room - 1)] <= flushed) {
        member->durable++;
    }
    return member->durable > before;
}

void raft_log_witness(struct raft_member *member, uint64_t index, const struct raft_entry *entry)
{
    struct raft *raft = member->raft;
    if (raft->witness == NULL) {
        raft->witness = check_calloc(WITNESSES, sizeof *raft->witness);
    }
    uint64_t *place = &raft->witness[index % WITNESSES];
    const uint64_t digest = digest_mix(digest_mix(entry->words[0], entry->words[1]), entry->term);
    if (index > raft->highest) {
        raft->highest = index;
        raft->highest_term = entry->term;
        *place = digest;
    } else if (index + WITNESSES > raft->highest && *place != digest && !raft->forgetful) {
        world_hold(member->node->world, "no committed entry lost", false,
                   "%s: member %u applies another entry at %llu", raft->election.name,
                   member->number, (unsigned long long)index);
    }
}
