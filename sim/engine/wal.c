// wal - a node's write-ahead log on disk, shared by all who write there: what is written, what is
// flushed, and what a crash leaves.
#include "sim/engine/wal.h"

#include "sim/base/check.h"
#include "sim/engine/node.h"
#include "sim/engine/world.h"

enum { WAL_EVENT = 0xfdf };

void wal_init(struct wal *wal, struct node *node, const struct distribution *flush,
              struct random_stream *stream)
{
    *wal = (struct wal){.node = node, .flush = flush, .stream = stream};
}

void wal_set_mode(struct wal *wal, enum wal_mode mode, int64_t period_ns)
{
    CHECK(mode != WAL_PERIODIC || period_ns > 0);
    wal->mode = mode;
    wal->period_ns = period_ns;
}

void wal_release(struct wal *wal)
{
    ring_release(&wal->waiters);
}

uint64_t wal_crash(struct wal *wal, bool dark)
{
    struct world *world = wal->node->world;
    event_queue_cancel(world->queue, wal->event);
    wal->event = EVENT_NONE;
    wal->flushing = 0;
    wal->ticking = false;
    wal->waiting_bytes = 0;
    ring_clear(&wal->waiters);
    tally_set(&wal->busy, world->now, 0);
    if (dark) {
        wal->written = wal->durable;
    }
    return wal->written;
}

// ---- waiting ------------------------------------------------------------------------------------

static void add_waiter(struct wal *wal, const struct wal_waiter *waiter)
{
    *(struct wal_waiter *)ring_put(&wal->waiters, sizeof *waiter) = *waiter;
}

static void tell_waiters(struct wal *wal)
{
    const uint32_t epoch = wal->node->epoch;
    while (wal->waiters.count > 0) {
        const struct wal_waiter waiter = *(struct wal_waiter *)ring_at(&wal->waiters, 0);
        if (waiter.position > wal->durable) {
            return;
        }
        ring_drop(&wal->waiters);
        waiter.handler(waiter.context, waiter.word);
        if (wal->node->epoch != epoch) {
            return;
        }
    }
}

// ---- flushing -----------------------------------------------------------------------------------

static void begin_flush(struct wal *wal);

// The device works on while the process is paused; the process hears of it when it resumes.
static void on_resumed(struct node *node, uint64_t word)
{
    (void)node;
    tell_waiters((struct wal *)(uintptr_t)word);
}

static void on_flushed(void *subject, uint64_t argument)
{
    (void)argument;
    struct wal *wal = subject;
    struct world *world = wal->node->world;
    wal->event = EVENT_NONE;
    wal->durable = wal->flushing;
    wal->flushing = 0;
    wal->flushes++;
    tally_set(&wal->busy, world->now, 0);
    if (wal->mode == WAL_GATED && wal->durable < wal->written) {
        begin_flush(wal);
    }
    if (wal->node->pauses > 0) {
        node_timer(wal->node, 0, on_resumed, (uint64_t)(uintptr_t)wal);
    } else {
        tell_waiters(wal);
    }
}

static void begin_flush(struct wal *wal)
{
    struct world *world = wal->node->world;
    const double draw = (double)distribution_draw(wal->flush, wal->stream);
    const double work = draw + wal->per_byte_ns * (double)wal->waiting_bytes;
    const int64_t time = time_of(work * wal->node->slowness + 0.5);
    wal->flushing = wal->written;
    wal->waiting_bytes = 0;
    tally_set(&wal->busy, world->now, 1);
    const struct event event = {on_flushed, wal, 0, world_tag(wal->node, WAL_EVENT)};
    wal->event = event_queue_at(world->queue, time_after(world->now, time), event);
}

void wal_flush(struct wal *wal)
{
    if (wal->flushing == 0 && wal->durable < wal->written) {
        begin_flush(wal);
    }
}

static void on_period(void *subject, uint64_t argument)
{
    struct wal *wal = subject;
    if (wal->node->epoch == (uint32_t)argument) {
        wal->ticking = false;
        wal_flush(wal);
    }
}

static void begin_period(struct wal *wal)
{
    struct world *world = wal->node->world;
    const uint32_t epoch = wal->node->epoch;
    const struct event event = {on_period, wal, epoch, world_tag(wal->node, WAL_EVENT)};
    event_queue_at(world->queue, time_after(world->now, wal->period_ns), event);
    wal->ticking = true;
}

void wal_open(struct wal *wal, uint64_t position)
{
    CHECK(wal->flushing == 0 && wal->waiters.count == 0);
    wal->written = wal->durable = position;
    wal->waiting_bytes = 0;
}

void wal_append_to(struct wal *wal, uint64_t position, uint64_t bytes)
{
    CHECK(position > wal->written);
    wal->written = position;
    wal->records++;
    wal->bytes += bytes;
    wal->waiting_bytes += bytes;
    if (wal->mode == WAL_PERIODIC && !wal->ticking) {
        begin_period(wal);
    } else if (wal->mode == WAL_GATED) {
        wal_flush(wal);
    }
}

uint64_t wal_append(struct wal *wal, uint64_t bytes)
{
    wal_append_to(wal, wal->written + 1, bytes);
    return wal->written;
}

void wal_when(struct wal *wal, uint64_t position, wal_handler *handler, void *context,
              uint64_t word)
{
    if (position <= wal->durable) {
        handler(context, word);
        return;
    }
    const struct wal_waiter waiter = {position, handler, context, word};
    const struct wal_waiter *last = wal->waiters.count > 0 ? ring_last(&wal->waiters) : NULL;
    CHECK(last == NULL || last->position <= position);
    add_waiter(wal, &waiter);
}

static void wake_visit(void *context, uint64_t ticket)
{
    struct world *world = context;
    const struct visit *visit = visit_of(world, ticket);
    if (visit != NULL) {
        world_meter(visit)->parts_ns[METER_IO] += world->now - visit->since_ns;
        visit_wake_later(world, ticket);
    }
}

enum outcome wal_join_to(struct wal *wal, struct visit *visit, uint64_t position, uint64_t bytes)
{
    struct world *world = wal->node->world;
    visit->since_ns = world->now;
    wal_append_to(wal, position, bytes);
    const struct wal_waiter waiter = {position, wake_visit, world, visit_ticket(visit)};
    add_waiter(wal, &waiter);
    return OUTCOME_WAIT;
}

enum outcome wal_join(struct wal *wal, struct visit *visit, uint64_t bytes)
{
    return wal_join_to(wal, visit, wal->written + 1, bytes);
}
