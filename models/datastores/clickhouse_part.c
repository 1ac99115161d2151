// clickhouse_part - the active parts of a replica; inserted blocks, who holds them, who has lost
// them.
//
// A part covers a run of inserted blocks of one partition. What a merge has replaced stays on disk
// for old_parts_lifetime (480 s), far longer than the page cache keeps anything, so a loss of power
// takes from a replica exactly the blocks that it had received and not yet written, merged or not;
// the part that covered them shrinks. A block is remembered until every replica has it on disk.
#include <stdlib.h>
#include <string.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

static const struct clickhouse_configuration *setting_of(const struct node *server)
{
    return clickhouse_configuration(server->component);
}

// ---- the list of parts ------------------------------------------------------------------------

// Index of the first part that begins behind `place`.
static uint32_t find_behind(const struct clickhouse_partition *partition, uint64_t place)
{
    uint32_t low = 0, high = partition->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (partition->parts[middle].first <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct clickhouse_part *find_cover(const struct clickhouse_partition *partition,
                                          uint64_t place)
{
    const uint32_t behind = find_behind(partition, place);
    const bool covers = behind > 0 && partition->parts[behind - 1].last >= place;
    return covers ? &partition->parts[behind - 1] : NULL;
}

static void add_part(struct clickhouse_partition *partition, struct clickhouse_part part)
{
    if (partition->count == partition->room) {
        partition->room = partition->room == 0 ? 16 : partition->room * 2;
        partition->parts =
            check_realloc(partition->parts, partition->room * sizeof *partition->parts);
    }
    const uint32_t at = find_behind(partition, part.first);
    memmove(&partition->parts[at + 1], &partition->parts[at],
            (partition->count - at) * sizeof *partition->parts);
    partition->parts[at] = part;
    partition->count++;
}

static void drop_part(struct clickhouse_partition *partition, struct clickhouse_part *part)
{
    const uint32_t at = (uint32_t)(part - partition->parts);
    memmove(part, part + 1, (partition->count - at - 1) * sizeof *part);
    partition->count--;
}

const struct clickhouse_part *clickhouse_part_of(const struct node *server,
                                                 const struct clickhouse_block *block)
{
    return find_cover(&clickhouse_node(server)->partitions[block->partition], block->place);
}

uint32_t clickhouse_part_range(const struct clickhouse_partition *partition, uint64_t first,
                               uint64_t last, uint32_t *count)
{
    const uint32_t at = find_behind(partition, first - 1);
    *count = 0;
    while (at + *count < partition->count && partition->parts[at + *count].last <= last) {
        (*count)++;
    }
    return at;
}

void clickhouse_part_join(struct clickhouse_partition *partition, uint32_t at, uint32_t count,
                          int64_t now_ns)
{
    struct clickhouse_part *part = &partition->parts[at];
    for (uint32_t i = 1; i < count; i++) {
        part->rows += part[i].rows;
        part->bytes += part[i].bytes;
    }
    part->last = part[count - 1].last;
    part->made_ns = now_ns;
    part->merge = 0;
    memmove(part + 1, part + count, (partition->count - at - count) * sizeof *part);
    partition->count -= count - 1;
}

static uint64_t lost_within(const struct node *server, const struct clickhouse_entry *entry)
{
    const struct clickhouse_losses *losses =
        &clickhouse_state(server->component)
             ->shards[clickhouse_shard_of(server)]
             .losses[entry->partition];
    uint64_t lost = 0;
    for (uint32_t i = 0; i < losses->count; i++) {
        lost += losses->places[i] >= entry->first && losses->places[i] <= entry->last;
    }
    return lost;
}

enum clickhouse_cover clickhouse_part_cover(const struct node *server,
                                            const struct clickhouse_entry *entry)
{
    const struct clickhouse_partition *partition =
        &clickhouse_node(server)->partitions[entry->partition];
    const struct clickhouse_part *cover = find_cover(partition, entry->first);
    if (cover != NULL && (cover->first < entry->first || cover->last > entry->last)) {
        return CLICKHOUSE_COVERED;
    }
    uint64_t missing = entry->last - entry->first + 1;
    uint32_t count = 0;
    const uint32_t at = clickhouse_part_range(partition, entry->first, entry->last, &count);
    for (uint32_t i = 0; i < count; i++) {
        missing -= partition->parts[at + i].last - partition->parts[at + i].first + 1;
    }
    const bool gaps = missing > 0 && missing > lost_within(server, entry);
    return gaps ? CLICKHOUSE_GAPS : CLICKHOUSE_WHOLE;
}

uint32_t clickhouse_part_most(const struct node *server)
{
    const struct clickhouse_partition *partitions = clickhouse_node(server)->partitions;
    uint32_t most = 0;
    for (uint64_t i = 0; i < setting_of(server)->table.partitions; i++) {
        most = partitions[i].count > most ? partitions[i].count : most;
    }
    return most;
}

static bool is_large(const struct node *server, uint32_t most)
{
    const struct clickhouse_partition *partitions = clickhouse_node(server)->partitions;
    const uint64_t limit = setting_of(server)->parts.average;
    for (uint64_t i = 0; i < setting_of(server)->table.partitions; i++) {
        uint64_t bytes = 0;
        for (uint32_t k = 0; partitions[i].count == most && k < most; k++) {
            bytes += partitions[i].parts[k].bytes;
        }
        if (partitions[i].count == most && bytes / most > limit) {
            return true;
        }
    }
    return false;
}

int64_t clickhouse_part_delay_ns(const struct node *server)
{
    const struct clickhouse_part_limits *limits = &setting_of(server)->parts;
    const uint32_t most = clickhouse_part_most(server);
    if (most < limits->delay_at || is_large(server, most)) {
        return 0;
    }
    if (most >= limits->throw_at) {
        return -1;
    }
    const double over = (double)(most - limits->delay_at + 1);
    const double rise = over / (double)(limits->throw_at - limits->delay_at);
    const int64_t delay = (int64_t)(rise * (double)limits->delay_high_ns);
    return delay > limits->delay_low_ns ? delay : limits->delay_low_ns;
}

// ---- blocks -----------------------------------------------------------------------------------

struct clickhouse_block *clickhouse_part_write(struct node *server, uint32_t partition,
                                               uint64_t rows)
{
    struct clickhouse_state *state = clickhouse_state(server->component);
    const uint32_t number = slots_take(&state->blocks);
    struct clickhouse_block *block = slots_at(&state->blocks, number);
    block->number = number;
    block->shard = clickhouse_shard_of(server);
    block->partition = partition;
    block->rows = rows;
    block->bytes = rows * setting_of(server)->table.row;
    block->writer = (uint8_t)clickhouse_index(server);
    block->powers = clickhouse_node(server)->powers;
    state->blocks_made++;
    return block;
}

static void mark_lost(struct clickhouse_shard *shard, uint64_t name, uint64_t window)
{
    for (uint64_t i = 0; i < window; i++) {
        shard->hashes[i].lost = shard->hashes[i].lost || shard->hashes[i].block == name;
    }
}

static void note_loss(struct clickhouse_losses *losses, uint64_t place)
{
    if (losses->count == losses->room) {
        losses->room = losses->room == 0 ? 16 : losses->room * 2;
        losses->places = check_realloc(losses->places, losses->room * sizeof *losses->places);
    }
    losses->places[losses->count++] = place;
}

// Nobody has it any more.
static void lose(struct component *component, struct clickhouse_block *block)
{
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_shard *shard = &state->shards[block->shard];
    state->lost += block->acknowledged;
    block->acknowledged = 0;
    shard->open_quorums -= block->waiter != 0;
    note_loss(&shard->losses[block->partition], block->place);
    mark_lost(shard, clickhouse_name(&state->blocks, block->number),
              clickhouse_configuration(component)->insert.window);
    slots_give(&state->blocks, block->number);
}

static void note_lag(struct component *component, const struct clickhouse_block *block)
{
    struct clickhouse_state *state = clickhouse_state(component);
    const double lag = (double)(component->world->now - block->committed_ns) / 1e9;
    state->lags++;
    state->lag_s += lag;
    state->lag_longest_s = lag > state->lag_longest_s ? lag : state->lag_longest_s;
}

void clickhouse_part_hold(struct node *server, struct clickhouse_block *block, uint64_t position)
{
    struct clickhouse_node *self = clickhouse_node(server);
    struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_partition *partition = &self->partitions[block->partition];
    const uint32_t index = clickhouse_index(server);
    struct clickhouse_part *cover = find_cover(partition, block->place);
    block->holders |= (uint8_t)(1U << index);
    block->positions[index] = position;
    self->rows += block->rows;
    if (cover != NULL) {
        cover->rows += block->rows;
        cover->bytes += block->bytes;
    } else {
        add_part(partition, (struct clickhouse_part){block->place, block->place, block->rows,
                                                     block->bytes, server->world->now, 0});
    }
    if (partition->count > state->most_parts) {
        state->most_parts = partition->count;
    }
    if (index != block->writer) {
        note_lag(server->component, block);
    }
}

void clickhouse_part_commit(struct component *component, struct clickhouse_block *block)
{
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_shard *shard = &state->shards[block->shard];
    struct node *writer = clickhouse_replica(component, block->shard, block->writer);
    struct clickhouse_node *self = clickhouse_node(writer);
    const uint64_t position = block->positions[block->writer];
    block->committed = true;
    block->acknowledged = block->promised;
    block->committed_ns = component->world->now;
    block->place = ++shard->places[block->partition];
    state->writer = writer->replica;
    state->rows += block->rows;
    state->written_bytes += block->bytes;
    if (self->powers != block->powers &&
        !(clickhouse_configuration(component)->insert.fsync)) {
        lose(component, block); // registered after its only copy was gone
        return;
    }
    clickhouse_part_hold(writer, block, position);
}

// The identical block is there already, or it was and is lost; its record has done its work.
static void acknowledge_again(struct component *component, struct clickhouse_block *block,
                              uint32_t inserts)
{
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_block *original = clickhouse_named(&state->blocks, block->original);
    state->lost += block->lost ? inserts : 0;
    if (original != NULL && original->acknowledged == 0) {
        original->acknowledged = inserts;
    }
    slots_give(&state->blocks, block->number);
}

void clickhouse_part_acknowledge(struct component *component, uint64_t name, uint32_t inserts)
{
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_block *block = clickhouse_named(&state->blocks, name);
    while (block != NULL) {
        const uint64_t before = block->before;
        if (block->duplicate) {
            acknowledge_again(component, block, inserts);
        } else {
            block->acknowledged += inserts;
        }
        block = clickhouse_named(&state->blocks, before);
    }
}

// ---- what is on disk --------------------------------------------------------------------------

static struct clickhouse_block *live_block(const struct clickhouse_state *state, uint32_t number)
{
    struct clickhouse_block *block = slots_at(&state->blocks, number);
    return block->number == number && block->committed ? block : NULL;
}

static void settle(struct component *component, struct clickhouse_block *block)
{
    struct clickhouse_state *state = clickhouse_state(component);
    const uint32_t replicas = (uint32_t)clickhouse_configuration(component)->replicas;
    for (uint32_t i = 0; i < replicas; i++) {
        clickhouse_node(clickhouse_replica(component, block->shard, i))->settled += block->rows;
    }
    slots_give(&state->blocks, block->number);
}

// Once in a while: forgets blocks that every replica has on disk.
static void on_sweep(struct node *server, uint64_t word)
{
    struct component *component = server->component;
    struct clickhouse_state *state = clickhouse_state(component);
    const uint32_t index = clickhouse_index(server), shard = clickhouse_shard_of(server);
    const uint32_t all = (1U << setting_of(server)->replicas) - 1;
    const uint64_t durable = clickhouse_node(server)->wal.durable;
    for (uint32_t number = 1; number < state->blocks.used; number++) {
        struct clickhouse_block *block = live_block(state, number);
        if (block == NULL || block->shard != shard || !(block->holders >> index & 1)) {
            continue;
        }
        if (block->positions[index] <= durable) {
            block->durable |= (uint8_t)(1U << index);
        }
        if (block->durable == all && block->waiter == 0) {
            settle(component, block);
        }
    }
    node_timer_constant(server, setting_of(server)->disk.writeback_ns, on_sweep, word);
}

// ---- life -------------------------------------------------------------------------------------

void clickhouse_part_begin(struct node *server)
{
    const struct clickhouse_configuration *setting = setting_of(server);
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->partitions == NULL) {
        self->partitions = check_calloc(setting->table.partitions, sizeof *self->partitions);
        wal_init(&self->wal, server, &setting->disk.flush, self->flush);
        wal_set_mode(&self->wal, setting->insert.fsync ? WAL_GATED : WAL_PERIODIC,
                     setting->disk.writeback_ns);
        self->wal.per_byte_ns = 1e9 / setting->disk.bandwidth;
    }
    node_timer_constant(server, setting->disk.writeback_ns, on_sweep, 0);
}

void clickhouse_part_end(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    for (uint64_t i = 0; self->partitions != NULL && i < setting_of(server)->table.partitions;
         i++) {
        free(self->partitions[i].parts);
    }
    free(self->partitions);
    self->partitions = NULL;
    wal_release(&self->wal);
}

// Its inserts wait for no quorum any more.
static void end_quorums(struct node *server)
{
    const struct clickhouse_state *state = clickhouse_state(server->component);
    const uint32_t index = clickhouse_index(server), shard = clickhouse_shard_of(server);
    for (uint32_t number = 1; number < state->blocks.used; number++) {
        struct clickhouse_block *block = live_block(state, number);
        if (block != NULL && block->waiter != 0 && block->writer == index &&
            block->shard == shard) {
            block->waiter = 0;
            state->shards[shard].open_quorums--;
        }
    }
}

static void take_away(struct node *server, struct clickhouse_block *block)
{
    struct clickhouse_node *self = clickhouse_node(server);
    struct clickhouse_partition *partition = &self->partitions[block->partition];
    struct clickhouse_part *cover = find_cover(partition, block->place);
    CHECK(cover != NULL && cover->rows >= block->rows);
    cover->rows -= block->rows;
    cover->bytes -= block->bytes < cover->bytes ? block->bytes : cover->bytes;
    self->rows -= block->rows;
    if (cover->rows == 0) {
        drop_part(partition, cover);
    }
    block->holders &= (uint8_t)~(1U << clickhouse_index(server));
    if (block->holders == 0) {
        lose(server->component, block);
    }
}

// Parts that were only in the page cache are gone with the power; without a crash of the host
// nothing is.
void clickhouse_part_crash(struct node *server, bool dark)
{
    const struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_node *self = clickhouse_node(server);
    const uint32_t index = clickhouse_index(server), shard = clickhouse_shard_of(server);
    const uint64_t kept = wal_crash(&self->wal, dark);
    for (uint64_t i = 0; i < setting_of(server)->table.partitions; i++) {
        for (uint32_t k = 0; k < self->partitions[i].count; k++) {
            self->partitions[i].parts[k].merge = 0;
        }
    }
    end_quorums(server);
    self->powers += dark;
    for (uint32_t number = 1; dark && number < state->blocks.used; number++) {
        struct clickhouse_block *block = live_block(state, number);
        if (block != NULL && block->shard == shard && (block->holders >> index & 1) &&
            block->positions[index] > kept) {
            take_away(server, block);
        }
    }
}

// ---- invariants -------------------------------------------------------------------------------

static uint64_t rows_held(const struct node *server)
{
    const struct clickhouse_state *state = clickhouse_state(server->component);
    uint64_t rows = clickhouse_node(server)->settled;
    for (uint32_t number = 1; number < state->blocks.used; number++) {
        const struct clickhouse_block *block = live_block(state, number);
        const bool holds = block != NULL && block->shard == clickhouse_shard_of(server) &&
                           (block->holders >> clickhouse_index(server) & 1);
        rows += holds ? block->rows : 0;
    }
    return rows;
}

static uint64_t blocks_lacked(const struct node *server)
{
    const struct clickhouse_state *state = clickhouse_state(server->component);
    uint64_t lacked = 0;
    for (uint32_t number = 1; number < state->blocks.used; number++) {
        const struct clickhouse_block *block = live_block(state, number);
        lacked += block != NULL && block->shard == clickhouse_shard_of(server) &&
                  !(block->holders >> clickhouse_index(server) & 1);
    }
    return lacked;
}

static bool is_quiet(const struct node *server)
{
    const struct clickhouse_node *self = clickhouse_node(server);
    const struct clickhouse_shard *shard =
        &clickhouse_state(server->component)->shards[clickhouse_shard_of(server)];
    return node_is_up(server) && self->pulled == shard->log_end && self->wanted.count == 0 &&
           self->fetch_count == 0;
}

void clickhouse_part_check(struct node *server)
{
    const struct clickhouse_node *self = clickhouse_node(server);
    struct world *world = server->world;
    uint64_t rows = 0;
    for (uint64_t i = 0; i < setting_of(server)->table.partitions; i++) {
        uint64_t last = 0;
        for (uint32_t k = 0; k < self->partitions[i].count; k++) {
            const struct clickhouse_part *part = &self->partitions[i].parts[k];
            rows += part->rows;
            world_hold(world, "clickhouse-parts-apart", part->first > last,
                       "server %u: a part begins at %lu, the one before ends at %lu",
                       server->replica, (unsigned long)part->first, (unsigned long)last);
            last = part->last;
        }
    }
    world_hold(world, "clickhouse-rows-conserved", rows == self->rows && rows == rows_held(server),
               "server %u: %lu rows in parts, %lu in blocks", server->replica, (unsigned long)rows,
               (unsigned long)rows_held(server));
    world_hold(world, "clickhouse-converged", !is_quiet(server) || blocks_lacked(server) == 0,
               "server %u has nothing left to do and lacks %lu blocks", server->replica,
               (unsigned long)blocks_lacked(server));
}
