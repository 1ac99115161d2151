// mongodb_oplog - a member's log of operations: entries by index and term, kept in a ring.
//
// Two logs that have the same term at an index are the same up to it. An entry gets its journal
// record when it is applied, so an index is durable when that record is. Entries are forgotten once
// every member has them durably below its commit point and they are older than a driver's retry,
// or when the log has reached its size; never beyond the commit point.
#include <stdlib.h>

#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

enum { FIRST_ROOM = 256, INDEX_SLACK = 4096 };

static const int64_t RETRY_NS = 10 * TIME_S; // a driver's or a caller's next try

uint64_t mongodb_oplog_last(const struct mongodb_oplog *oplog)
{
    return oplog->first + oplog->count - 1;
}

struct mongodb_entry *mongodb_oplog_at(const struct mongodb_oplog *oplog, uint64_t index)
{
    CHECK(index >= oplog->first);
    CHECK(index - oplog->first < oplog->count);
    return &oplog->entries[(oplog->head + (uint32_t)(index - oplog->first)) & (oplog->room - 1)];
}

uint32_t mongodb_oplog_term(const struct mongodb_oplog *oplog, uint64_t index)
{
    if (index + 1 == oplog->first) {
        return oplog->base_term;
    }
    const bool kept = index >= oplog->first && index - oplog->first < oplog->count;
    return kept ? mongodb_oplog_at(oplog, index)->term : UINT32_MAX;
}

// ---- room -------------------------------------------------------------------------------------

// What was sent again stays known, as the table of transactions keeps it.
static void drop_first(struct node *node)
{
    struct mongodb_state *state = mongodb_state(node->component);
    struct mongodb_oplog *oplog = &mongodb_node(node)->oplog;
    const struct mongodb_entry *entry = mongodb_oplog_at(oplog, oplog->first);
    if (state->retried.count > 0 && map_get(&state->retried, entry->identity) != 0) {
        map_set(&state->done, entry->identity, 1);
    }
    oplog->base_term = entry->term;
    oplog->bytes -= entry->bytes;
    oplog->head = (oplog->head + 1) & (oplog->room - 1);
    oplog->first++;
    oplog->count--;
}

// All members agree up to here, and every change stream has got past it.
static uint64_t common_floor(const struct component *component)
{
    const struct mongodb_state *state = mongodb_state(component);
    uint64_t floor = UINT64_MAX;
    for (uint32_t i = 0; i < component->node_count; i++) {
        const struct mongodb_node *member = mongodb_node(&component->nodes[i]);
        const uint64_t safe = member->durable < member->commit ? member->durable : member->commit;
        floor = safe < floor ? safe : floor;
    }
    for (uint32_t i = 0; i < state->watch_count; i++) {
        floor = state->watches[i].token < floor ? state->watches[i].token : floor;
    }
    return floor;
}

// Nothing soon after a new primary: who waited for it may have written before.
static void forget_common(struct node *node)
{
    const struct mongodb_state *state = mongodb_state(node->component);
    const int64_t selection_ns = mongodb_configuration(node->component)->driver.selection_ns;
    const int64_t now = node->world->now;
    struct mongodb_oplog *oplog = &mongodb_node(node)->oplog;
    const int64_t young_ns = now - RETRY_NS;
    if (state->served_ns > 0 && now < state->served_ns + selection_ns + RETRY_NS) {
        return;
    }
    const uint64_t floor = common_floor(node->component);
    while (oplog->count > 0 && oplog->first <= floor &&
           mongodb_oplog_at(oplog, oplog->first)->time_ns < young_ns) {
        drop_first(node);
    }
}

static void forget_excess(struct node *node)
{
    const uint64_t most = mongodb_configuration(node->component)->replication.oplog;
    struct mongodb_node *member = mongodb_node(node);
    while (member->oplog.bytes > most && member->oplog.first < member->durable &&
           member->oplog.first < member->commit) {
        drop_first(node);
    }
}

static void make_room(struct node *node)
{
    struct mongodb_oplog *oplog = &mongodb_node(node)->oplog;
    if (oplog->room > 0) {
        forget_common(node);
    }
    if (oplog->count * 2 <= oplog->room && oplog->room > 0) {
        return;
    }
    const uint32_t room = oplog->room == 0 ? FIRST_ROOM : oplog->room * 2;
    struct mongodb_entry *entries = check_calloc(room, sizeof *entries);
    for (uint32_t i = 0; i < oplog->count; i++) {
        entries[i] = oplog->entries[(oplog->head + i) & (oplog->room - 1)];
    }
    free(oplog->entries);
    oplog->entries = entries;
    oplog->room = room;
    oplog->head = 0;
}

void mongodb_oplog_add(struct node *node, const struct mongodb_entry *entry)
{
    struct mongodb_oplog *oplog = &mongodb_node(node)->oplog;
    if (oplog->count == oplog->room) {
        make_room(node);
    }
    oplog->entries[(oplog->head + oplog->count++) & (oplog->room - 1)] = *entry;
    oplog->bytes += entry->bytes;
    forget_excess(node);
}

void mongodb_oplog_cut(struct mongodb_oplog *oplog, uint64_t index)
{
    while (oplog->count > 0 && mongodb_oplog_last(oplog) > index) {
        oplog->bytes -= mongodb_oplog_at(oplog, mongodb_oplog_last(oplog))->bytes;
        oplog->count--;
    }
}

void mongodb_oplog_reset(struct mongodb_oplog *oplog, uint64_t index, uint32_t term)
{
    oplog->head = oplog->count = 0;
    oplog->bytes = 0;
    oplog->first = index + 1;
    oplog->base_term = term;
}

void mongodb_oplog_release(struct mongodb_oplog *oplog)
{
    free(oplog->entries);
    oplog->entries = NULL;
}

// ---- applying and journaling ------------------------------------------------------------------

static void on_durable(void *context, uint64_t word);

static void watch_journal(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    if (!member->watching && member->durable < member->applied) {
        member->watching = true;
        wal_when(&member->wal, member->wal.written, on_durable, node, 0);
    }
}

static void on_durable(void *context, uint64_t word)
{
    (void)word;
    struct node *node = context;
    struct mongodb_node *member = mongodb_node(node);
    member->watching = false;
    while (member->durable < member->applied &&
           mongodb_oplog_at(&member->oplog, member->durable + 1)->position <=
               member->wal.durable) {
        member->durable++;
    }
    watch_journal(node);
    if (member->wanted > member->durable) {
        wal_flush(&member->wal);
    }
    if (!member->serving) {
        mongodb_sync_report(node);
    }
    mongodb_commit_note(node);
}

static void put_version(struct node *node, const struct mongodb_entry *entry, uint64_t index)
{
    if (!versions_tracks(entry->key)) {
        return;
    }
    const struct version version = {entry->request + 1, (int64_t)index};
    versions_put(&mongodb_node(node)->versions, entry->key, version, index);
    history_applied(node, entry->key, version.value);
}

void mongodb_oplog_checkpoint(struct node *node)
{
    const int64_t every_ns = mongodb_configuration(node->component)->disk.checkpoint_ns;
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t number = (uint64_t)(node->world->now / every_ns);
    if (number != member->checkpoint) {
        member->checkpoint = number;
        member->checkpoint_bytes = member->wal.bytes;
    }
}

void mongodb_oplog_apply(struct node *node, uint64_t index)
{
    struct mongodb_node *member = mongodb_node(node);
    uint64_t bytes = 0;
    mongodb_oplog_checkpoint(node);
    const uint64_t position = member->wal.written + 1;
    while (member->applied < index) {
        struct mongodb_entry *entry = mongodb_oplog_at(&member->oplog, ++member->applied);
        entry->position = position;
        bytes += entry->bytes;
        put_version(node, entry, member->applied);
    }
    const uint64_t written = wal_append(&member->wal, bytes);
    CHECK(written == position);
    watch_journal(node);
}

void mongodb_oplog_flush(struct node *node, uint64_t index)
{
    struct mongodb_node *member = mongodb_node(node);
    member->wanted = index > member->wanted ? index : member->wanted;
    wal_flush(&member->wal);
}

uint64_t mongodb_oplog_write(struct node *primary, struct mongodb_entry entry)
{
    struct mongodb_node *member = mongodb_node(primary);
    entry.time_ns = primary->world->now;
    entry.term = member->election->term;
    mongodb_oplog_add(primary, &entry);
    const uint64_t index = mongodb_oplog_last(&member->oplog);
    mongodb_oplog_apply(primary, index);
    mongodb_sync_feed(primary);
    return index;
}

uint64_t mongodb_oplog_write_nothing(struct node *primary)
{
    const uint64_t bytes = mongodb_configuration(primary->component)->record;
    return mongodb_oplog_write(primary, (struct mongodb_entry){.request = MONGODB_NOTHING,
                                                               .key = MONGODB_NOTHING,
                                                               .identity = MONGODB_NOTHING,
                                                               .bytes = (uint32_t)bytes});
}

// ---- earlier tries ----------------------------------------------------------------------------

static void begin_index(struct mongodb_state *state, const struct node *primary)
{
    const struct mongodb_node *member = mongodb_node(primary);
    const struct mongodb_oplog *oplog = &member->oplog;
    const bool same = state->indexer == primary->replica &&
                      state->indexed_term == member->election->term &&
                      state->indexed.count < 2 * oplog->count + INDEX_SLACK;
    if (!same) {
        map_clear(&state->indexed);
        state->indexer = primary->replica;
        state->indexed_term = member->election->term;
        state->indexed_to = oplog->first - 1;
    }
    if (state->indexed_to + 1 < oplog->first) {
        state->indexed_to = oplog->first - 1;
    }
}

static void index_entries(struct node *primary)
{
    struct mongodb_state *state = mongodb_state(primary->component);
    const struct mongodb_oplog *oplog = &mongodb_node(primary)->oplog;
    const uint64_t last = mongodb_oplog_last(oplog);
    begin_index(state, primary);
    while (state->indexed_to < last) {
        const struct mongodb_entry *entry = mongodb_oplog_at(oplog, ++state->indexed_to);
        if (entry->request != MONGODB_NOTHING) {
            map_set(&state->indexed, entry->identity, (uint32_t)state->indexed_to | 1U << 31);
        }
    }
}

uint64_t mongodb_oplog_find(struct node *primary, uint64_t identity)
{
    const struct mongodb_state *state = mongodb_state(primary->component);
    const struct mongodb_oplog *oplog = &mongodb_node(primary)->oplog;
    const uint64_t last = mongodb_oplog_last(oplog);
    if (map_get(&state->done, identity) != 0) {
        return oplog->first - 1;
    }
    index_entries(primary);
    const uint32_t low = map_get(&state->indexed, identity);
    const uint64_t index = last - (((uint32_t)last - low) & 0x7fffffff);
    const bool kept = low != 0 && index >= oplog->first && index <= last;
    return kept && mongodb_oplog_at(oplog, index)->identity == identity ? index : 0;
}
