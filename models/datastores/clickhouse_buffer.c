// clickhouse_buffer - asynchronous inserts: a server gathers what comes within 200 ms into one
// block.
//
// With `wait` the inserts are answered when the block is registered; without, at once: what is in
// the buffer dies with the process, and so does what a flush fails to write.
#include <stdlib.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"

static struct clickhouse_batch *batch_numbered(const struct node *server, uint32_t number)
{
    return slots_at(&clickhouse_state(server->component)->batches, number);
}

struct clickhouse_batch *clickhouse_buffer_of(const struct visit *flush)
{
    return batch_numbered(flush->node, flush->value);
}

static void begin_flush(struct node *server, struct clickhouse_batch *batch)
{
    clickhouse_node(server)->batch = 0;
    node_timer_cancel(server, batch->timer);
    const struct operation *operation = &server->component->design->operations[CLICKHOUSE_FLUSH];
    struct visit *visit = node_begin_visit(
        server, operation, digest_mix(server->world->now, batch->number) & 0xffffffffffff);
    if (visit != NULL) {
        visit->value = batch->number;
    }
}

static void on_busy_end(struct node *server, uint64_t number)
{
    begin_flush(server, batch_numbered(server, (uint32_t)number));
}

static struct clickhouse_batch *open_batch(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->batch != 0) {
        return batch_numbered(server, self->batch);
    }
    self->batch = slots_take(&clickhouse_state(server->component)->batches);
    struct clickhouse_batch *batch = batch_numbered(server, self->batch);
    batch->number = self->batch;
    batch->server = server->replica;
    batch->timer = node_timer_constant(
        server, clickhouse_configuration(server->component)->async.busy_ns, on_busy_end,
        batch->number);
    return batch;
}

static void note_ticket(struct clickhouse_batch *batch, uint64_t ticket)
{
    if (batch->count == batch->room) {
        batch->room = batch->room == 0 ? 16 : batch->room * 2;
        batch->tickets = check_realloc(batch->tickets, batch->room * sizeof *batch->tickets);
    }
    batch->tickets[batch->count++] = ticket;
}

enum outcome clickhouse_buffer_join(struct visit *visit)
{
    struct node *server = visit->node;
    const struct clickhouse_configuration *setting = clickhouse_configuration(server->component);
    struct clickhouse_batch *batch = open_batch(server);
    const uint64_t rows = setting->insert.rows * (visit->units > 1 ? visit->units : 1);
    batch->rows += rows;
    batch->bytes += rows * setting->table.row;
    batch->inserts++;
    if (!setting->async.wait) {
        batch->acknowledged++;
        clickhouse_state(server->component)->acknowledged++;
    }
    const bool full =
        batch->inserts >= setting->async.queries || batch->bytes >= setting->async.bytes;
    enum outcome outcome = OUTCOME_END;
    if (setting->async.wait) {
        outcome = step_wait(visit);
        note_ticket(batch, visit_ticket(visit));
    } else {
        outcome = step_reply(visit, STATUS_OK);
    }
    if (full) {
        begin_flush(server, batch);
    }
    return outcome;
}

static void give_batch(struct component *component, struct clickhouse_batch *batch)
{
    free(batch->tickets);
    batch->tickets = NULL;
    slots_give(&clickhouse_state(component)->batches, batch->number);
}

// What was told OK and is not registered is gone.
static void lose_promised(struct component *component, const struct clickhouse_batch *batch)
{
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_block *block = clickhouse_named(&state->blocks, batch->block);
    if (block == NULL || !block->committed) {
        state->lost += batch->acknowledged;
    }
    if (block != NULL && !block->committed) {
        block->promised = 0;
    }
}

void clickhouse_buffer_end(struct visit *flush, enum status status)
{
    struct component *component = flush->node->component;
    struct clickhouse_state *state = clickhouse_state(component);
    struct clickhouse_batch *batch = clickhouse_buffer_of(flush);
    uint32_t told = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct visit *visit = visit_of(component->world, batch->tickets[i]);
        if (visit != NULL) {
            visit->status = (uint8_t)status & 0x7f;
            visit_wake_later(component->world, batch->tickets[i]);
            told++;
        }
    }
    if (status == STATUS_OK) {
        state->acknowledged += told;
        clickhouse_part_acknowledge(component, batch->block, told);
    } else {
        lose_promised(component, batch);
    }
    give_batch(component, batch);
}

void clickhouse_buffer_crash(struct node *server)
{
    const struct slots *batches = &clickhouse_state(server->component)->batches;
    clickhouse_node(server)->batch = 0;
    for (uint32_t number = 1; number < batches->used; number++) {
        struct clickhouse_batch *batch = slots_at(batches, number);
        if (batch->number == number && batch->server == server->replica) {
            lose_promised(server->component, batch);
            give_batch(server->component, batch);
        }
    }
}

void clickhouse_buffer_release(struct component *component)
{
    struct clickhouse_state *state = clickhouse_state(component);
    for (uint32_t number = 1; number < state->batches.used; number++) {
        struct clickhouse_batch *batch = slots_at(&state->batches, number);
        if (batch->number == number) {
            free(batch->tickets);
        }
    }
    slots_release(&state->batches);
}
