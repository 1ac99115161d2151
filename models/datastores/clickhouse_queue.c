// clickhouse_queue - a replica follows its shard's log: it fetches the parts that others have
// written and does the merges that were registered.
#include <stdlib.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

enum { MESSAGE_BYTES = 200 };

static const struct clickhouse_fetches *setting_of(const struct node *server)
{
    return &clickhouse_configuration(server->component)->fetches;
}

static struct clickhouse_shard *shard_of(const struct node *server)
{
    return &clickhouse_state(server->component)->shards[clickhouse_shard_of(server)];
}

static struct clickhouse_block *block_named(const struct node *server, uint64_t name)
{
    return clickhouse_named(&clickhouse_state(server->component)->blocks, name);
}

static bool has(const struct node *server, const struct clickhouse_block *block)
{
    return block->holders >> clickhouse_index(server) & 1;
}

// ---- the log ----------------------------------------------------------------------------------

static void grow_log(struct clickhouse_shard *shard)
{
    const uint32_t room = shard->log_room == 0 ? 64 : shard->log_room * 2;
    struct clickhouse_entry *log = check_calloc(room, sizeof *log);
    for (uint64_t i = shard->log_first; i < shard->log_end; i++) {
        log[i & (room - 1)] = shard->log[i & (shard->log_room - 1)];
    }
    free(shard->log);
    shard->log = log;
    shard->log_room = room;
}

// Entries that every replica has pulled are forgotten.
static void trim_log(struct component *component, uint32_t number)
{
    struct clickhouse_shard *shard = &clickhouse_state(component)->shards[number];
    uint64_t least = shard->log_end;
    for (uint32_t i = 0; i < clickhouse_configuration(component)->replicas; i++) {
        const uint64_t pulled =
            clickhouse_node(clickhouse_replica(component, number, i))->pulled;
        least = pulled < least ? pulled : least;
    }
    shard->log_first = least;
}

void clickhouse_queue_append(struct component *component, uint32_t number,
                             const struct clickhouse_entry *entry)
{
    struct clickhouse_shard *shard = &clickhouse_state(component)->shards[number];
    if (shard->log_end - shard->log_first == shard->log_room) {
        trim_log(component, number);
    }
    if (shard->log_end - shard->log_first == shard->log_room) {
        grow_log(shard);
    }
    shard->log[shard->log_end++ & (shard->log_room - 1)] = *entry;
}

// ---- what is to be fetched --------------------------------------------------------------------

static void start_fetches(struct node *server);
static void on_tick(struct node *server, uint64_t word);

static void keep_ticking(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (!self->ticking) {
        self->ticking = true;
        node_timer_constant(server, setting_of(server)->retry_ns, on_tick, 0);
    }
}

void clickhouse_queue_want(struct node *server, uint64_t block)
{
    struct clickhouse_node *self = clickhouse_node(server);
    *(uint64_t *)ring_put(&self->wanted, sizeof block) = block;
}

static uint64_t take_wanted(struct clickhouse_node *self)
{
    const uint64_t block = *(const uint64_t *)ring_at(&self->wanted, 0);
    ring_drop(&self->wanted);
    return block;
}

// ---- fetching ---------------------------------------------------------------------------------

static struct node *holder_for(const struct node *server, const struct clickhouse_block *block)
{
    struct component *component = server->component;
    for (uint32_t i = 0; i < clickhouse_configuration(component)->replicas; i++) {
        struct node *replica = clickhouse_replica(component, block->shard, i);
        if (replica != server && (block->holders >> i & 1) && node_is_up(replica)) {
            return replica;
        }
    }
    return NULL;
}

static void drop_fetch(struct clickhouse_node *self, uint64_t block)
{
    for (uint32_t i = 0; i < self->fetch_count; i++) {
        if (self->fetches[i].block == block) {
            self->fetches[i] = self->fetches[--self->fetch_count];
            return;
        }
    }
}

static void take_in(struct node *server, struct clickhouse_block *block, uint64_t position)
{
    struct clickhouse_state *state = clickhouse_state(server->component);
    clickhouse_part_hold(server, block, position);
    if (clickhouse_configuration(server->component)->insert.quorum > 1) {
        clickhouse_keeper_ask(
            server,
            &(struct clickhouse_request){.kind = CLICKHOUSE_CONFIRM,
                                         .rounds = 1,
                                         .block = clickhouse_name(&state->blocks, block->number)});
    }
}

// A part that covers several blocks brings all of them that were wanted, and takes the place of
// the parts that it covers unless one of them is being merged.
static void take_cover(struct node *server, const struct node *source,
                       const struct clickhouse_entry *cover, uint64_t position)
{
    struct clickhouse_node *self = clickhouse_node(server);
    struct clickhouse_partition *partition = &self->partitions[cover->partition];
    for (uint32_t i = 0; i < self->wanted.count; i++) {
        const uint64_t name = *(const uint64_t *)ring_at(&self->wanted, i);
        struct clickhouse_block *block = block_named(server, name);
        if (block != NULL && !has(server, block) && has(source, block) &&
            block->partition == cover->partition && block->place >= cover->first &&
            block->place <= cover->last) {
            take_in(server, block, position);
        }
    }
    uint32_t count = 0;
    const uint32_t at = clickhouse_part_range(partition, cover->first, cover->last, &count);
    if (count > 1 && clickhouse_merge_is_free(&partition->parts[at], count)) {
        clickhouse_part_join(partition, at, count, server->world->now);
    }
}

// words: the block asked for, the first and the last that the part covers, its bytes.
static void on_part(struct node *server, struct node *source, struct network_parcel *parcel)
{
    struct clickhouse_node *self = clickhouse_node(server);
    struct clickhouse_state *state = clickhouse_state(server->component);
    struct clickhouse_block *block = block_named(server, parcel->words[0]);
    drop_fetch(self, parcel->words[0]);
    if (block != NULL && !has(server, block) && parcel->words[3] > 0) {
        const uint64_t position = wal_append(&self->wal, parcel->words[3]);
        state->fetches++;
        state->written_bytes += parcel->words[3];
        take_in(server, block, position);
        const struct clickhouse_entry cover = {
            .partition = block->partition, .first = parcel->words[1], .last = parcel->words[2]};
        if (cover.first < cover.last) {
            take_cover(server, source, &cover, position);
        }
        clickhouse_merge_choose(server);
    }
    start_fetches(server);
    clickhouse_merge_start(server);
}

static void on_asked(struct node *source, struct node *server, uint64_t name)
{
    const struct clickhouse_block *block = block_named(source, name);
    struct network_parcel parcel = {.words = {name}};
    if (block != NULL && has(source, block)) {
        const struct clickhouse_part *part = clickhouse_part_of(source, block);
        parcel.words[1] = part->first;
        parcel.words[2] = part->last;
        parcel.words[3] = part->bytes;
    }
    network_post(source, server, parcel.words[3] + MESSAGE_BYTES, on_part, &parcel);
}

static void begin_fetch(struct node *server, struct node *source, uint64_t name)
{
    struct clickhouse_node *self = clickhouse_node(server);
    self->fetches[self->fetch_count++] =
        (struct clickhouse_fetch){name, server->world->now, source->replica};
    network_message(server, source, MESSAGE_BYTES, on_asked, name);
}

static void start_fetches(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    for (uint32_t left = self->wanted.count;
         left > 0 && self->fetch_count < setting_of(server)->tasks; left--) {
        const uint64_t name = take_wanted(self);
        const struct clickhouse_block *block = block_named(server, name);
        if (block == NULL || has(server, block)) {
            continue;
        }
        struct node *source = holder_for(server, block);
        if (source == NULL) {
            clickhouse_queue_want(server, name);
        } else {
            begin_fetch(server, source, name);
        }
    }
    if (self->wanted.count > 0 || self->fetch_count > 0) {
        keep_ticking(server);
    }
}

static void requeue(struct node *server, uint32_t at)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const uint64_t name = self->fetches[at].block;
    self->fetches[at] = self->fetches[--self->fetch_count];
    clickhouse_queue_want(server, name);
}

static void on_tick(struct node *server, uint64_t word)
{
    (void)word;
    struct clickhouse_node *self = clickhouse_node(server);
    const int64_t old = server->world->now - setting_of(server)->timeout_ns;
    self->ticking = false;
    for (uint32_t i = self->fetch_count; i-- > 0;) {
        if (self->fetches[i].began_ns <= old) {
            requeue(server, i);
        }
    }
    self->pulling = false;
    clickhouse_queue_pull(server);
    start_fetches(server);
    clickhouse_merge_start(server);
}

// ---- pulling the log --------------------------------------------------------------------------

static void take_entry(struct node *server, const struct clickhouse_entry *entry)
{
    if (entry->block == 0) {
        clickhouse_merge_add(server, entry);
        return;
    }
    const struct clickhouse_block *block = block_named(server, entry->block);
    if (block != NULL && !has(server, block)) {
        clickhouse_queue_want(server, entry->block);
    }
}

static void on_entries(struct node *server, struct node *keeper, uint64_t end)
{
    (void)keeper;
    struct clickhouse_node *self = clickhouse_node(server);
    const struct clickhouse_shard *shard = shard_of(server);
    self->pulling = false;
    self->heard_ns = server->world->now;
    for (; self->pulled < end; self->pulled++) {
        take_entry(server, &shard->log[self->pulled & (shard->log_room - 1)]);
    }
    clickhouse_queue_pull(server);
    start_fetches(server);
    clickhouse_merge_start(server);
}

static void on_pull(struct node *keeper, struct node *server, uint64_t word)
{
    (void)word;
    const uint64_t end = shard_of(server)->log_end;
    network_message(keeper, server, MESSAGE_BYTES, on_entries, end);
}

void clickhouse_queue_pull(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->pulling || self->keeper == CLICKHOUSE_NONE ||
        self->pulled == shard_of(server)->log_end) {
        return;
    }
    self->pulling = true;
    keep_ticking(server);
    network_message(server, &server->component->nodes[self->keeper], MESSAGE_BYTES, on_pull, 0);
}

// ---- life -------------------------------------------------------------------------------------

// After a crash: what is registered and not here must be fetched.
void clickhouse_queue_begin(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const struct clickhouse_state *state = clickhouse_state(server->component);
    if (self->fetches == NULL) {
        self->fetches = check_calloc(setting_of(server)->tasks, sizeof *self->fetches);
        return;
    }
    for (uint32_t number = 1; number < state->blocks.used; number++) {
        const struct clickhouse_block *block = slots_at(&state->blocks, number);
        if (block->number == number && block->committed && !has(server, block) &&
            block->shard == clickhouse_shard_of(server)) {
            clickhouse_queue_want(server, clickhouse_name(&state->blocks, number));
        }
    }
    start_fetches(server);
}

void clickhouse_queue_end(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    ring_release(&self->wanted);
    free(self->fetches);
    free(self->merges);
    self->fetches = NULL;
    self->merges = NULL;
}

// A dead process is noticed by those who fetch from it.
void clickhouse_queue_crash(struct node *server)
{
    struct component *component = server->component;
    struct clickhouse_node *self = clickhouse_node(server);
    ring_clear(&self->wanted);
    self->fetch_count = 0;
    self->pulling = self->ticking = false;
    for (uint32_t i = 0;
         server->life == NODE_DOWN && i < clickhouse_configuration(component)->replicas; i++) {
        struct node *replica = clickhouse_replica(component, clickhouse_shard_of(server), i);
        struct clickhouse_node *other = clickhouse_node(replica);
        for (uint32_t k = other->fetch_count; k-- > 0;) {
            if (other->fetches[k].source == server->replica) {
                requeue(replica, k);
            }
        }
    }
}
