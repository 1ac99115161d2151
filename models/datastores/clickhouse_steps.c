// clickhouse_steps - inserts: let in, delayed by parts, parsed, written, registered, answered.
//
// An insert writes one part for each partition that its rows fall into, one after another: each is
// registered in Keeper by itself, so an insert that fails half-way is half visible. The flush of
// gathered inserts walks the same steps.
#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

// Steps of the tables below; flushes begin at the third.
enum { INSERT_ROOM = 3, INSERT_PAUSE = 6, FLUSH_PAUSE = 3 };
enum { LOOP_PART, LOOP_TRY };          // visit->loops
enum { WORD_BATCH, WORD_BLOCK };       // of visit_words

static const struct clickhouse_configuration *setting_of(const struct visit *visit)
{
    return clickhouse_configuration(visit->node->component);
}

static struct clickhouse_state *state_of(const struct visit *visit)
{
    return clickhouse_state(visit->node->component);
}

static bool is_flush(const struct visit *visit)
{
    return visit->operation->number == CLICKHOUSE_FLUSH;
}

static struct clickhouse_block *block_of(struct visit *visit)
{
    return clickhouse_named(&state_of(visit)->blocks, visit_words(visit)[WORD_BLOCK]);
}

static uint64_t rows_of(const struct visit *visit)
{
    return is_flush(visit) ? clickhouse_buffer_of(visit)->rows
                           : setting_of(visit)->insert.rows * (visit->units > 1 ? visit->units : 1);
}

static enum outcome finish(struct visit *visit, enum status status)
{
    if (is_flush(visit)) {
        clickhouse_buffer_end(visit, status);
    } else if (status == STATUS_OK) {
        state_of(visit)->acknowledged++;
        clickhouse_part_acknowledge(visit->node->component, visit_words(visit)[WORD_BLOCK], 1);
    }
    return step_reply(visit, status);
}

// ---- to the server ----------------------------------------------------------------------------

static enum outcome admit_insert(struct visit *visit)
{
    struct component *component = visit->node->component;
    const struct clickhouse_insert *insert = &setting_of(visit)->insert;
    const uint32_t shard = clickhouse_shard_of(visit->node);
    const bool waits = insert->quorum > 1;
    if (clickhouse_node(visit->node)->read_only ||
        (waits && clickhouse_session_living(component, shard) < insert->quorum)) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    if (waits && !insert->parallel && state_of(visit)->shards[shard].open_quorums > 0) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    return clickhouse_scan_admit(visit);
}

static enum outcome gather(struct visit *visit)
{
    return setting_of(visit)->async.enabled ? clickhouse_buffer_join(visit)
                                            : step_jump(visit, INSERT_ROOM);
}

static enum outcome answer_gathered(struct visit *visit)
{
    return step_reply(visit, visit->status);
}

// ---- the part ---------------------------------------------------------------------------------

static enum outcome await_room(struct visit *visit)
{
    const int64_t delay = clickhouse_part_delay_ns(visit->node);
    if (delay < 0) {
        state_of(visit)->refused_parts++;
        return finish(visit, STATUS_REJECTED);
    }
    if (delay == 0) {
        return step_next(visit);
    }
    state_of(visit)->delayed++;
    return step_hold(visit, delay, METER_OTHER);
}

static double work_ns(struct visit *visit)
{
    struct random_stream *stream = clickhouse_node(visit->node)->work;
    return (double)rows_of(visit) *
           (double)distribution_draw(&setting_of(visit)->insert.row, stream);
}

static enum outcome parse_rows(struct visit *visit)
{
    const struct clickhouse_insert *insert = &setting_of(visit)->insert;
    if (insert->threads <= 1) {
        return step_next(visit);
    }
    const double each = work_ns(visit) * (1 - insert->serial) / (double)insert->threads;
    return station_serve_wide(&visit->node->cpu, visit, (int64_t)each, (uint32_t)insert->threads);
}

static enum outcome write_columns(struct visit *visit)
{
    const struct clickhouse_insert *insert = &setting_of(visit)->insert;
    struct random_stream *stream = clickhouse_node(visit->node)->work;
    const double share = insert->threads <= 1 ? 1 : insert->serial;
    const double fixed = (double)distribution_draw(&insert->fixed, stream);
    return step_cpu(visit, time_of(fixed + work_ns(visit) * share));
}

// Before another try to register the part.
static enum outcome pause(struct visit *visit)
{
    const struct clickhouse_keeper *keeper = &setting_of(visit)->keeper;
    if (visit->loops[LOOP_TRY] == 0) {
        return step_next(visit);
    }
    int64_t time = keeper->backoff_ns;
    for (uint8_t i = 1; i < visit->loops[LOOP_TRY] && time < keeper->backoff_limit_ns; i++) {
        time *= 2;
    }
    state_of(visit)->retries++;
    return step_hold(visit, time < keeper->backoff_limit_ns ? time : keeper->backoff_limit_ns,
                     METER_OTHER);
}

// An identical retry of the request makes the same block.
static uint64_t hash_of(const struct visit *visit, uint64_t part)
{
    const bool hashed = setting_of(visit)->insert.deduplicate && !is_flush(visit) &&
                        clickhouse_has_keeper(visit->node->component);
    return hashed ? digest_mix(visit->request + 1, part) | 1 : 0;
}

// The block's part at this server, noted as its insert's latest.
static struct clickhouse_block *make_block(struct visit *visit)
{
    const struct clickhouse_configuration *setting = setting_of(visit);
    const uint64_t part = visit->loops[LOOP_PART], partitions = setting->table.partitions;
    const uint64_t partition = (digest_mix(visit->request, 0) % partitions + part) % partitions;
    struct clickhouse_block *block = clickhouse_part_write(
        visit->node, (uint32_t)partition, rows_of(visit) / setting->insert.spread);
    block->hash = hash_of(visit, part);
    block->before = visit_words(visit)[WORD_BLOCK];
    visit_words(visit)[WORD_BLOCK] = clickhouse_name(&state_of(visit)->blocks, block->number);
    if (is_flush(visit)) {
        block->promised = clickhouse_buffer_of(visit)->acknowledged;
        clickhouse_buffer_of(visit)->block = visit_words(visit)[WORD_BLOCK];
    }
    return block;
}

static enum outcome write_part(struct visit *visit)
{
    if (visit->loops[LOOP_TRY] > 0 && block_of(visit) != NULL) {
        return step_next(visit);
    }
    struct wal *files = &clickhouse_node(visit->node)->wal;
    struct clickhouse_block *block = make_block(visit);
    block->positions[block->writer] = files->written + 1;
    if (setting_of(visit)->insert.fsync) {
        return wal_join(files, visit, block->bytes);
    }
    wal_append(files, block->bytes);
    return step_next(visit);
}

// ---- its registration -------------------------------------------------------------------------

static enum outcome ask_keeper(struct visit *visit)
{
    struct clickhouse_block *block = block_of(visit);
    if (block == NULL || block->committed || block->duplicate) {
        visit->status = STATUS_OK;
        return step_next(visit);
    }
    return clickhouse_keeper_commit(visit, block);
}

// Keeper did not do it, or nobody knows: asked again, up to a point.
static enum outcome judge_commit(struct visit *visit)
{
    struct clickhouse_block *block = block_of(visit);
    if (visit->status == STATUS_OK || block == NULL) {
        return step_next(visit);
    }
    block->doubtful = block->doubtful || visit->status == STATUS_INDETERMINATE;
    const bool again = visit->loops[LOOP_TRY] < setting_of(visit)->keeper.retries &&
                       !clickhouse_node(visit->node)->read_only;
    if (!again) {
        return finish(visit, block->doubtful ? STATUS_INDETERMINATE : STATUS_UNAVAILABLE);
    }
    visit->loops[LOOP_TRY]++;
    return step_jump(visit, is_flush(visit) ? FLUSH_PAUSE : INSERT_PAUSE);
}

static void on_quorum_timeout(struct node *server, uint64_t ticket)
{
    visit_wake_with(server->world, ticket, STATUS_INDETERMINATE);
}

static bool has_quorum(const struct visit *visit, const struct clickhouse_block *block)
{
    const uint64_t quorum = setting_of(visit)->insert.quorum;
    return quorum <= 1 || block == NULL || !block->committed ||
           (uint64_t)__builtin_popcount(block->confirmed | 1U << block->writer) >= quorum;
}

static enum outcome await_quorum(struct visit *visit)
{
    struct clickhouse_block *block = block_of(visit);
    visit->status = STATUS_OK;
    if (has_quorum(visit, block)) {
        return step_next(visit);
    }
    const enum outcome wait = step_wait(visit);
    block->waiter = visit_ticket(visit);
    state_of(visit)->shards[block->shard].open_quorums++;
    node_timer_constant(visit->node, setting_of(visit)->insert.quorum_timeout_ns,
                        on_quorum_timeout, block->waiter);
    return wait;
}

static void end_quorum(struct visit *visit)
{
    struct clickhouse_block *block = block_of(visit);
    state_of(visit)->quorum_failures += visit->status != STATUS_OK;
    if (block != NULL && block->waiter != 0) {
        block->waiter = 0;
        state_of(visit)->shards[block->shard].open_quorums--;
    }
}

// The next part of an insert in several partitions begins when this one is safe.
static enum outcome judge_quorum(struct visit *visit)
{
    end_quorum(visit);
    clickhouse_merge_choose(visit->node);
    if (visit->status != STATUS_OK ||
        visit->loops[LOOP_PART] + 1U >= setting_of(visit)->insert.spread) {
        return finish(visit, (enum status)visit->status);
    }
    visit->loops[LOOP_PART]++;
    visit->loops[LOOP_TRY] = 0;
    return step_jump(visit, is_flush(visit) ? FLUSH_PAUSE : INSERT_PAUSE);
}

// ---- operations -------------------------------------------------------------------------------

static const struct step insert_steps[] = {
    {"admit", admit_insert},
    {"gather", gather},
    {"answer gathered", answer_gathered},
    {"await room", await_room},
    {"parse rows", parse_rows},
    {"write columns", write_columns},
    {"pause", pause},
    {"write part", write_part},
    {"ask Keeper", ask_keeper},
    {"judge commit", judge_commit},
    {"await quorum", await_quorum},
    {"judge quorum", judge_quorum},
};

static const struct step flush_steps[] = {
    {"await room", await_room},
    {"parse rows", parse_rows},
    {"write columns", write_columns},
    {"pause", pause},
    {"write part", write_part},
    {"ask Keeper", ask_keeper},
    {"judge commit", judge_commit},
    {"await quorum", await_quorum},
    {"judge quorum", judge_quorum},
};

static const struct step merge_steps[] = {
    {"merge columns", clickhouse_merge_work},
    {"write part", clickhouse_merge_write},
    {"replace parts", clickhouse_merge_replace},
};

enum {
    INSERT_STEPS = sizeof insert_steps / sizeof *insert_steps,
    FLUSH_STEPS = sizeof flush_steps / sizeof *flush_steps,
    MERGE_STEPS = sizeof merge_steps / sizeof *merge_steps,
};

const struct operation clickhouse_operations[CLICKHOUSE_OPERATIONS] = {
    {"insert", "writes one block of rows", insert_steps, INSERT_STEPS, CLICKHOUSE_INSERT, false},
    {"lookup", "reads one row by its primary key", clickhouse_scan_query_steps,
     CLICKHOUSE_QUERY_STEPS, CLICKHOUSE_LOOKUP, false},
    {"query", "reads a share of the table at every shard", clickhouse_scan_query_steps,
     CLICKHOUSE_QUERY_STEPS, CLICKHOUSE_QUERY, false},
    {"flush buffer", "writes gathered inserts", flush_steps, FLUSH_STEPS, CLICKHOUSE_FLUSH, true},
    {"scan shard", "a query's work at one shard", clickhouse_scan_part_steps,
     CLICKHOUSE_PART_STEPS, CLICKHOUSE_SCAN, true},
    {"read disk", "a query's reading from disk at one shard", clickhouse_scan_read_steps,
     CLICKHOUSE_READ_STEPS, CLICKHOUSE_READ, true},
    {"merge parts", "makes one part of several", merge_steps, MERGE_STEPS, CLICKHOUSE_MERGING,
     true},
};
