// mongodb_sync - how a member follows another: find, getMore, apply in batches, report, roll back.
//
// A member opens a cursor at its source's log behind its own last entry. The source hands over what
// there is as soon as there is something and a getMore waits, so one batch is on its way at a time.
// Batches are applied one after another by parallel writers and each asks for a flush; the
// positions are reported when that flush has ended (and when the batch is applied, where the commit
// point does not ask for the journal). A member whose last entry the source has not goes back to
// the newest entry that both have: what it takes back was never committed. A cursor that a
// partition broke is opened anew at the heartbeat that finds it silent.
#include <stdlib.h>
#include <string.h>

#include "models/datastores/mongodb.h"

#include "sim/base/check.h"

enum batch_word { BATCH_NUMBER, BATCH_FIRST, BATCH_COUNT, BATCH_COMMIT, BATCH_TERM, BATCH_BEFORE };
enum answer_word { ANSWER_NUMBER, ANSWER_COMMON, ANSWER_STALE };
enum { LEADS = 1 }; // flag above the term

static const struct mongodb_replication *setting_of(const struct node *node)
{
    return &mongodb_configuration(node->component)->replication;
}

// ---- applying ---------------------------------------------------------------------------------

static void start_apply(struct node *node);

static void on_applied(struct node *node, uint64_t life)
{
    struct mongodb_node *member = mongodb_node(node);
    if (member->life != life) {
        return;
    }
    member->applying = false;
    mongodb_oplog_apply(node, member->applying_to);
    mongodb_oplog_flush(node, member->applied);
    if (!mongodb_commits_durable(mongodb_configuration(node->component))) {
        mongodb_sync_report(node);
    }
    start_apply(node);
    mongodb_member_advance(node);
}

static void start_apply(struct node *node)
{
    const struct mongodb_replication *setting = setting_of(node);
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    if (member->applying || member->recovering || member->applied >= last) {
        return;
    }
    const uint64_t waiting = last - member->applied;
    const uint64_t count = waiting < setting->batch ? waiting : setting->batch;
    const uint64_t rounds = (count + setting->appliers - 1) / setting->appliers;
    const int64_t each = distribution_draw(&setting->apply, member->streams.apply);
    member->applying = true;
    member->applying_to = member->applied + count;
    node_timer(node, (int64_t)((double)each * (double)rounds * node->slowness + 0.5), on_applied,
               member->life);
}

// ---- reports ----------------------------------------------------------------------------------

static void on_report(struct node *source, struct node *reader, struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(source);
    struct mongodb_progress *progress = &member->progress[reader->replica];
    if (!member->running || member->election->term != (uint32_t)parcel->words[0]) {
        return;
    }
    progress->term = member->election->term;
    progress->applied = parcel->words[1];
    progress->durable = parcel->words[2];
    mongodb_commit_note(source);
}

void mongodb_sync_report(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    if (member->source == MONGODB_NONE || member->agreed != member->election->term) {
        return;
    }
    const struct network_parcel parcel = {
        .words = {member->agreed, member->applied, member->durable}};
    network_post(node, &node->component->nodes[member->source], MONGODB_MESSAGE, on_report,
                 &parcel);
}

// ---- the source -------------------------------------------------------------------------------

static void on_batch(struct node *reader, struct node *source, struct network_parcel *parcel);

static struct mongodb_entry *copy_entries(const struct mongodb_oplog *oplog, uint64_t first,
                                          uint64_t count, uint64_t *bytes)
{
    struct mongodb_entry *entries = check_realloc(NULL, count * sizeof *entries);
    for (uint64_t i = 0; i < count; i++) {
        entries[i] = *mongodb_oplog_at(oplog, first + i);
        *bytes += entries[i].bytes;
    }
    return entries;
}

static void send_batch(struct node *source, uint32_t reader)
{
    struct mongodb_node *member = mongodb_node(source);
    struct mongodb_tail *tail = &member->tails[reader];
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    const uint64_t most = setting_of(source)->batch;
    const uint64_t count = last - tail->sent < most ? last - tail->sent : most;
    const bool leads = member->serving || member->catching;
    uint64_t bytes = MONGODB_MESSAGE;
    if (tail->sent + 1 < member->oplog.first) {
        tail->open = false; // too far behind: it will ask anew, and be told so
        return;
    }
    struct network_parcel parcel = {.words = {
        [BATCH_NUMBER] = tail->number,
        [BATCH_FIRST] = tail->sent + 1,
        [BATCH_COUNT] = count,
        [BATCH_COMMIT] = member->commit,
        [BATCH_TERM] = member->election->term | (leads ? (uint64_t)LEADS << 32 : 0),
        [BATCH_BEFORE] = mongodb_oplog_term(&member->oplog, tail->sent),
    }};
    if (count > 0) {
        parcel.extra = copy_entries(&member->oplog, tail->sent + 1, count, &bytes);
    }
    tail->asked = false;
    tail->sent += count;
    network_post(source, &source->component->nodes[reader], bytes, on_batch, &parcel);
}

void mongodb_sync_feed(struct node *source)
{
    const struct mongodb_node *member = mongodb_node(source);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    for (uint32_t i = 0; i < source->component->node_count; i++) {
        const struct mongodb_tail *tail = &member->tails[i];
        if (tail->open && tail->asked && tail->sent < last) {
            send_batch(source, i);
        }
    }
}

static void on_more(struct node *source, struct node *reader, struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(source);
    struct mongodb_tail *tail = &member->tails[reader->replica];
    if (!member->running || !tail->open || tail->number != (uint32_t)parcel->words[0]) {
        return;
    }
    tail->asked = true;
    mongodb_sync_feed(source);
}

static void on_diverged(struct node *reader, struct node *source, struct network_parcel *parcel);

// The newest entry that both have; false where it is no longer kept.
static bool find_common(const struct node *one, const struct node *other, uint64_t *index)
{
    const struct mongodb_oplog *a = &mongodb_node(one)->oplog, *b = &mongodb_node(other)->oplog;
    const uint64_t lowest = (a->first > b->first ? a->first : b->first) - 1;
    *index = mongodb_oplog_last(a);
    *index = mongodb_oplog_last(b) < *index ? mongodb_oplog_last(b) : *index;
    while (*index > lowest && mongodb_oplog_term(a, *index) != mongodb_oplog_term(b, *index)) {
        (*index)--;
    }
    return mongodb_oplog_term(a, *index) == mongodb_oplog_term(b, *index);
}

static void refuse(struct node *source, struct node *reader, uint64_t number)
{
    uint64_t common;
    const bool found = find_common(source, reader, &common);
    const struct network_parcel parcel = {.words = {
        [ANSWER_NUMBER] = number,
        [ANSWER_COMMON] = common,
        [ANSWER_STALE] = !found,
    }};
    network_post(source, reader, MONGODB_MESSAGE, on_diverged, &parcel);
}

static void on_find(struct node *source, struct node *reader, struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(source);
    struct mongodb_tail *tail = &member->tails[reader->replica];
    const uint64_t index = parcel->words[1];
    const uint32_t term = mongodb_oplog_term(&member->oplog, index);
    if (!member->running || member->recovering) {
        return;
    }
    tail->open = false;
    if (term == (uint32_t)parcel->words[2]) {
        *tail = (struct mongodb_tail){true, false, (uint32_t)parcel->words[0], index};
        send_batch(source, reader->replica);
    } else if (member->serving || parcel->words[3] != 0) {
        refuse(source, reader, parcel->words[0]);
    }
}

// ---- the reader -------------------------------------------------------------------------------

static void ask_more(struct node *reader, struct node *source)
{
    const struct network_parcel parcel = {.words = {mongodb_node(reader)->number}};
    network_post(reader, source, MONGODB_MESSAGE, on_more, &parcel);
}

static void take_entries(struct node *reader, const struct network_parcel *parcel)
{
    const struct mongodb_entry *entries = parcel->extra;
    for (uint64_t i = 0; i < parcel->words[BATCH_COUNT]; i++) {
        struct mongodb_entry entry = entries[i];
        entry.position = 0;
        mongodb_oplog_add(reader, &entry);
    }
}

// The source leads: its log is the one to agree with.
static void agree(struct node *reader, const struct node *source,
                  const struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(reader);
    const uint32_t term = (uint32_t)parcel->words[BATCH_TERM];
    const bool leads = parcel->words[BATCH_TERM] >> 32 == LEADS;
    if (!leads || !election_heard(member->election, source->replica, term)) {
        return;
    }
    const bool anew = member->agreed != term;
    member->agreed = term;
    mongodb_commit_learn(reader, parcel->words[BATCH_COMMIT]);
    if (anew) {
        mongodb_sync_report(reader);
    }
}

static void on_batch(struct node *reader, struct node *source, struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(reader);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    const bool mine = member->running && member->source == source->replica &&
                      member->number == (uint32_t)parcel->words[BATCH_NUMBER];
    if (!mine || member->recovering || parcel->words[BATCH_FIRST] != last + 1) {
        free(parcel->extra);
        parcel->extra = NULL;
        return;
    }
    mongodb_state(reader->component)->mismatches +=
        mongodb_oplog_term(&member->oplog, last) != parcel->words[BATCH_BEFORE];
    take_entries(reader, parcel);
    free(parcel->extra);
    parcel->extra = NULL;
    member->fed_ns = reader->world->now;
    agree(reader, source, parcel);
    ask_more(reader, source);
    start_apply(reader);
}

void mongodb_sync_from(struct node *node, uint32_t source)
{
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    if (member->recovering || source == node->replica) {
        return;
    }
    member->source = source;
    member->agreed = source == member->election->leader ? member->agreed : 0;
    member->number++;
    member->fed_ns = node->world->now;
    const struct network_parcel parcel = {.words = {
        member->number, last, mongodb_oplog_term(&member->oplog, last), member->catching}};
    network_post(node, &node->component->nodes[source], MONGODB_MESSAGE, on_find, &parcel);
}

void mongodb_sync_stop(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    member->source = MONGODB_NONE;
    member->number++;
}

static bool is_heard(const struct node *node, uint32_t replica)
{
    const struct mongodb_node *member = mongodb_node(node);
    const int64_t silence = node->world->now - member->progress[replica].heard_ns;
    return replica != node->replica &&
           silence < 2 * mongodb_configuration(node->component)->election.heartbeat_ns;
}

// Without a primary that it hears, a member follows whoever is ahead (chaining).
static void follow_ahead(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    uint32_t best = MONGODB_NONE;
    uint64_t last = mongodb_oplog_last(&member->oplog);
    for (uint32_t i = 0; i < node->component->node_count; i++) {
        if (is_heard(node, i) && member->progress[i].last > last) {
            best = i;
            last = member->progress[i].last;
        }
    }
    if (best != MONGODB_NONE) {
        mongodb_sync_from(node, best);
    }
}

void mongodb_sync_watch(struct node *node)
{
    const struct mongodb_node *member = mongodb_node(node);
    const int64_t beat_ns = mongodb_configuration(node->component)->election.heartbeat_ns;
    const uint32_t leader = member->election->leader;
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    const bool fed = node->world->now - member->fed_ns < beat_ns;
    if (member->recovering || member->serving || member->catching || fed) {
        return;
    }
    if (leader == ELECTION_NONE || !is_heard(node, leader)) {
        follow_ahead(node);
    } else if (member->progress[leader].last > last || member->agreed != member->election->term) {
        mongodb_sync_from(node, leader);
    }
}

// ---- rollback and initial sync ----------------------------------------------------------------

static void follow_again(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    const uint32_t leader = member->election->leader;
    member->recovering = false;
    start_apply(node);
    if (leader != ELECTION_NONE) {
        mongodb_sync_from(node, leader);
    }
}

static void on_rolled_back(struct node *node, uint64_t life)
{
    if (mongodb_node(node)->life == life) {
        follow_again(node);
    }
}

static void begin_recovery(struct node *node)
{
    struct mongodb_node *member = mongodb_node(node);
    mongodb_sync_stop(node);
    member->recovering = true;
    member->applying = false;
    member->life++;
}

static void roll_back(struct node *node, uint64_t common)
{
    struct mongodb_state *state = mongodb_state(node->component);
    struct mongodb_node *member = mongodb_node(node);
    const uint64_t last = mongodb_oplog_last(&member->oplog);
    begin_recovery(node);
    state->rollbacks++;
    state->rolled_back += last - common;
    state->undone_commits += common < member->commit;
    mongodb_oplog_cut(&member->oplog, common);
    versions_undo(&member->versions, common);
    member->applied = member->applied < common ? member->applied : common;
    member->durable = member->durable < common ? member->durable : common;
    member->wanted = member->wanted < common ? member->wanted : common;
    member->commit = member->commit < common ? member->commit : common;
    node_timer(node, distribution_draw(&setting_of(node)->rollback, member->streams.apply),
               on_rolled_back, member->life);
}

// All data are copied from whoever leads by then; what the member had is dropped.
static void on_copied(struct node *node, uint64_t life)
{
    struct mongodb_node *member = mongodb_node(node);
    const uint32_t leader = member->election->leader;
    if (member->life != life) {
        return;
    }
    if (leader == ELECTION_NONE || leader == node->replica) {
        node_timer_constant(node, TIME_S, on_copied, life);
        return;
    }
    const struct mongodb_node *from = mongodb_node(&node->component->nodes[leader]);
    const uint64_t index = from->commit < from->durable ? from->commit : from->durable;
    mongodb_oplog_reset(&member->oplog, index, mongodb_oplog_term(&from->oplog, index));
    versions_copy(&member->versions, &from->versions);
    versions_copy(&member->committed, &from->committed);
    member->applied = member->durable = member->wanted = member->commit = index;
    follow_again(node);
}

static void on_diverged(struct node *reader, struct node *source, struct network_parcel *parcel)
{
    struct mongodb_node *member = mongodb_node(reader);
    const bool mine = member->running && member->source == source->replica &&
                      member->number == (uint32_t)parcel->words[ANSWER_NUMBER];
    if (!mine || member->recovering) {
        return;
    }
    if (member->catching) {
        member->refused |= 1U << source->replica;
        mongodb_sync_stop(reader);
        mongodb_member_advance(reader);
    } else if (parcel->words[ANSWER_STALE]) {
        begin_recovery(reader);
        mongodb_state(reader->component)->resyncs++;
        node_timer(reader, distribution_draw(&setting_of(reader)->copy, member->streams.apply),
                   on_copied, member->life);
    } else {
        roll_back(reader, parcel->words[ANSWER_COMMON]);
    }
}
