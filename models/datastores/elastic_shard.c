// elastic_shard - operations of a shard by sequence number, its copies, promotion and recovery.
//
// The window of a shard holds every operation that some in-sync copy could still lose, with the
// nodes that have it and those that have it durably. A translog is buffered in its process, so a
// crash of the process loses what was not flushed, as the loss of power does. A new primary keeps
// what it has; operations that it lacks are gone, and counted if they were acknowledged.
#include "models/datastores/elastic.h"

#include "sim/base/check.h"

static struct elastic_shard *shard_at(const struct component *component, uint32_t shard)
{
    return &elastic_state(component)->shards[shard];
}

static uint32_t shard_count(const struct component *component)
{
    return (uint32_t)elastic_configuration(component)->index.shards;
}

static struct elastic_op *op_at(const struct elastic_shard *shard, uint32_t place)
{
    return ring_at(&shard->ops, place);
}

void elastic_shard_begin(struct component *component)
{
    struct elastic_state *state = elastic_state(component);
    const uint32_t count = shard_count(component);
    state->shards = arena_take_array(&component->world->arena, count, sizeof *state->shards);
    for (uint32_t i = 0; i < count; i++) {
        state->shards[i].next = 1;
        state->shards[i].down_ns = TIME_NEVER;
    }
}

void elastic_shard_end(struct component *component)
{
    for (uint32_t i = 0; i < shard_count(component); i++) {
        ring_release(&shard_at(component, i)->ops);
    }
}

// ---- the window -------------------------------------------------------------------------------

struct elastic_op *elastic_shard_append(struct component *component, uint32_t number)
{
    struct elastic_shard *shard = shard_at(component, number);
    struct elastic_op *op = ring_put(&shard->ops, sizeof *op);
    *op = (struct elastic_op){.number = shard->next++};
    return op;
}

struct elastic_op *elastic_shard_op(struct component *component, uint32_t number, uint64_t op)
{
    const struct elastic_shard *shard = shard_at(component, number);
    const uint64_t first = shard->next - shard->ops.count;
    return op < first || op >= shard->next ? NULL : op_at(shard, (uint32_t)(op - first));
}

void elastic_shard_trim(struct component *component, uint32_t number)
{
    struct elastic_shard *shard = shard_at(component, number);
    if (shard->primary == ELASTIC_NONE) {
        return;
    }
    const struct node *primary = &component->nodes[shard->primary];
    const uint32_t insync = elastic_routing(primary, number)->insync;
    while (shard->ops.count > 0) {
        const struct elastic_op *op = op_at(shard, 0);
        if (op->write != 0 || (op->held != 0 && (insync & ~op->durable) != 0)) {
            return;
        }
        ring_drop(&shard->ops);
    }
}

// ---- copies -----------------------------------------------------------------------------------

enum { OP_BITS = 54 }; // of a word that names shard and operation

static void on_durable(void *context, uint64_t word)
{
    struct node *node = context;
    struct component *component = node->component;
    const uint32_t shard = (uint32_t)(word >> OP_BITS);
    const uint64_t number = word & (((uint64_t)1 << OP_BITS) - 1);
    struct elastic_op *op = elastic_shard_op(component, shard, number);
    struct elastic_node *state = elastic_node(node);
    versions_settle(&state->copies[shard].versions, state->translog.durable);
    if (op == NULL || (op->held & elastic_bit(node)) == 0) {
        return;
    }
    op->durable |= elastic_bit(node);
    if (elastic_configuration(component)->index.durability == ELASTIC_REQUEST) {
        elastic_primary_copied(node, op->write);
    } else {
        elastic_shard_trim(component, shard);
    }
}

static void log_op(struct node *node, uint32_t shard, struct elastic_op *op, uint64_t bytes)
{
    struct wal *translog = &elastic_node(node)->translog;
    const uint64_t position = wal_append(translog, bytes);
    op->held |= elastic_bit(node);
    wal_when(translog, position, on_durable, node, (uint64_t)shard << OP_BITS | op->number);
}

// As the record that the node's log takes next carries it.
static void put_version(struct node *node, uint32_t shard, const struct elastic_op *op)
{
    struct elastic_node *state = elastic_node(node);
    if (versions_tracks(op->key)) {
        const struct version version = {op->value, (int64_t)op->number};
        versions_merge(&state->copies[shard].versions, op->key, version,
                       state->translog.written + 1);
    }
}

void elastic_shard_take(struct node *node, const struct elastic_write *write)
{
    struct component *component = node->component;
    struct elastic_op *op = elastic_shard_op(component, write->shard, write->op);
    if (op == NULL) {
        return;
    }
    put_version(node, write->shard, op);
    elastic_segment_add(node, write->shard, write->documents);
    log_op(node, write->shard, op, write->bytes);
    if (elastic_configuration(component)->index.durability == ELASTIC_ASYNC) {
        elastic_primary_copied(node, op->write);
    }
}

// ---- crash ------------------------------------------------------------------------------------

static void lose_unflushed(struct elastic_shard *shard, uint32_t bit)
{
    for (uint32_t i = 0; i < shard->ops.count; i++) {
        struct elastic_op *op = op_at(shard, i);
        op->held = (op->held & ~bit) | (op->durable & bit);
    }
}

static void note_down(struct component *component, struct elastic_shard *shard)
{
    shard->primary = ELASTIC_NONE;
    if (shard->down_ns == TIME_NEVER) {
        shard->down_ns = component->world->now;
    }
}

void elastic_shard_crash(struct node *node)
{
    struct component *component = node->component;
    struct elastic_node *state = elastic_node(node);
    const uint64_t durable = wal_crash(&state->translog, true);
    for (uint32_t i = 0; i < shard_count(component); i++) {
        struct elastic_shard *shard = shard_at(component, i);
        struct elastic_copy *copy = &state->copies[i];
        lose_unflushed(shard, elastic_bit(node));
        versions_undo(&copy->versions, durable);
        copy->serving = copy->recovering = false;
        copy->merging = 0;
        copy->buffered = 0;
        if (shard->primary == node->replica) {
            note_down(component, shard);
        }
    }
}

// ---- promotion --------------------------------------------------------------------------------

static void drop_op(struct component *component, struct elastic_op *op)
{
    struct elastic_state *state = elastic_state(component);
    const uint32_t write = op->write;
    state->lost += op->acknowledged ? op->documents : 0;
    op->held = op->durable = 0;
    op->acknowledged = false;
    op->write = 0;
    elastic_primary_drop(component, write);
}

// The other copies receive from the new primary what they lack (resync).
static void share_op(struct node *primary, uint32_t shard, struct elastic_op *op)
{
    const struct elastic_routing *routing = elastic_routing(primary, shard);
    const uint32_t lacking = (routing->insync | routing->started) & ~op->held;
    for (uint32_t rest = lacking; rest != 0; rest &= rest - 1) {
        struct node *node = &primary->component->nodes[__builtin_ctz(rest)];
        if (node_is_up(node) && elastic_node(node)->copies[shard].serving) {
            put_version(node, shard, op);
            log_op(node, shard, op, ELASTIC_MESSAGE);
        }
    }
}

// Copies that hold what has been dropped become what the primary is.
static void roll_back(struct node *primary, uint32_t shard, uint32_t nodes)
{
    const struct versions *truth = &elastic_node(primary)->copies[shard].versions;
    for (uint32_t rest = nodes & ~elastic_bit(primary); rest != 0; rest &= rest - 1) {
        const struct node *node = &primary->component->nodes[__builtin_ctz(rest)];
        versions_copy(&elastic_node(node)->copies[shard].versions, truth);
    }
}

static uint32_t judge_ops(struct node *primary, uint32_t number)
{
    struct component *component = primary->component;
    const struct elastic_shard *shard = shard_at(component, number);
    uint32_t ahead = 0;
    for (uint32_t i = 0; i < shard->ops.count; i++) {
        struct elastic_op *op = op_at(shard, i);
        if ((op->held & elastic_bit(primary)) == 0) {
            ahead |= op->held;
            drop_op(component, op);
        } else {
            const uint32_t write = op->write;
            op->write = 0;
            elastic_primary_drop(component, write);
            share_op(primary, number, op);
        }
    }
    return ahead;
}

static void promote(struct node *primary, uint32_t number)
{
    struct component *component = primary->component;
    struct elastic_state *state = elastic_state(component);
    struct elastic_shard *shard = shard_at(component, number);
    const uint32_t ahead = judge_ops(primary, number);
    roll_back(primary, number, ahead);
    state->failovers += shard->term > 0;
    shard->primary = primary->replica;
    shard->term = elastic_routing(primary, number)->term;
    if (shard->down_ns != TIME_NEVER) {
        const double seconds = (double)(component->world->now - shard->down_ns) / 1e9;
        state->down_maximum = seconds > state->down_maximum ? seconds : state->down_maximum;
        shard->down_ns = TIME_NEVER;
    }
    elastic_shard_trim(component, number);
}

// ---- recovery ---------------------------------------------------------------------------------

// Time to open a copy on the disk and to replay what was not committed, and what a replica lacks of
// its primary.
static int64_t open_ns(struct node *node, uint32_t shard)
{
    const struct elastic_configuration *configuration = elastic_configuration(node->component);
    const struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    const uint32_t primary = elastic_routing(node, shard)->primary;
    const uint64_t target = elastic_node(&node->component->nodes[primary])->copies[shard].documents;
    const uint64_t lacking = target > copy->documents ? target - copy->documents : 0;
    const double document = distribution_mean(&configuration->writing.document);
    const int64_t open =
        distribution_draw(&configuration->recovery.open, elastic_node(node)->streams.master);
    return open + (int64_t)((double)(copy->unflushed + lacking) * document);
}

static int64_t rebuild_ns(const struct node *node, uint32_t shard)
{
    const struct elastic_configuration *configuration = elastic_configuration(node->component);
    const uint32_t primary = elastic_routing(node, shard)->primary;
    const struct elastic_node *source = elastic_node(&node->component->nodes[primary]);
    const double bytes = (double)source->copies[shard].documents *
                         (double)elastic_segment_document(&configuration->index);
    const double share = configuration->recovery.bandwidth / (double)elastic_node(node)->recoveries;
    return time_of(bytes / share * 1e9);
}

// A replica becomes what its primary is: it takes over the operations that it lacks, and takes back
// those of a primary that was replaced.
static void copy_primary(struct node *node, uint32_t number)
{
    struct component *component = node->component;
    const struct elastic_shard *shard = shard_at(component, number);
    const struct elastic_routing *routing = elastic_routing(node, number);
    struct elastic_copy *copy = &elastic_node(node)->copies[number];
    const struct elastic_copy *source =
        &elastic_node(&component->nodes[routing->primary])->copies[number];
    for (uint32_t i = 0; i < shard->ops.count; i++) {
        struct elastic_op *op = op_at(shard, i);
        const bool there = op->held >> routing->primary & 1;
        op->held = there ? op->held | elastic_bit(node) : op->held & ~elastic_bit(node);
        op->durable = there ? op->durable | elastic_bit(node) : op->durable & ~elastic_bit(node);
    }
    if (copy->documents == 0) {
        elastic_segment_begin(node, number);
    }
    copy->documents = source->documents;
    versions_copy(&copy->versions, &source->versions);
}

// A primary that knows of the copy sends it every operation from now on.
static bool primary_serves(const struct node *node, uint32_t number)
{
    const uint32_t primary = elastic_routing(node, number)->primary;
    if (primary == ELASTIC_NONE || primary == node->replica ||
        shard_at(node->component, number)->primary != primary) {
        return false;
    }
    const struct node *source = &node->component->nodes[primary];
    return node_is_up(source) &&
           (elastic_routing(source, number)->initializing & elastic_bit(node)) != 0;
}

static void end_recovery(struct node *node, uint64_t number)
{
    const uint32_t shard = (uint32_t)number;
    const struct elastic_routing *routing = elastic_routing(node, shard);
    struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    elastic_node(node)->recoveries--;
    copy->recovering = false;
    if ((routing->initializing & elastic_bit(node)) == 0) {
        return;
    }
    if (routing->primary != node->replica) {
        if (!primary_serves(node, shard)) {
            elastic_shard_apply(node);
            return;
        }
        copy_primary(node, shard);
    }
    copy->serving = true;
    copy->allocation = routing->allocations[node->replica];
    elastic_master_report(node, shard, node->replica, true);
}

static void begin_recovery(struct node *node, uint32_t shard)
{
    struct elastic_copy *copy = &elastic_node(node)->copies[shard];
    const bool primary = elastic_routing(node, shard)->primary == node->replica;
    if (copy->recovering || (!primary && !primary_serves(node, shard))) {
        return;
    }
    copy->recovering = true;
    elastic_node(node)->recoveries++;
    const bool kept = copy->documents > 0;
    elastic_state(node->component)->rebuilds += !kept;
    const int64_t time = (kept ? open_ns(node, shard) : rebuild_ns(node, shard)) +
                         elastic_segment_preload(node, shard);
    node_timer(node, (int64_t)((double)time * node->slowness), end_recovery, shard);
}

static void apply_one(struct node *node, uint32_t number)
{
    const struct elastic_routing *routing = elastic_routing(node, number);
    const struct elastic_shard *shard = shard_at(node->component, number);
    struct elastic_copy *copy = &elastic_node(node)->copies[number];
    const uint32_t bit = elastic_bit(node);
    copy->serving = copy->serving && copy->allocation == routing->allocations[node->replica];
    if (((routing->started | routing->initializing) & bit) == 0) {
        copy->serving = false;
    } else if ((routing->initializing & bit) && !copy->serving) {
        begin_recovery(node, number);
    } else if (routing->primary == node->replica && (routing->started & bit) && copy->serving &&
               shard->term < routing->term) {
        promote(node, number);
    }
}

void elastic_shard_apply(struct node *node)
{
    for (uint32_t i = 0; i < shard_count(node->component); i++) {
        apply_one(node, i);
    }
}
