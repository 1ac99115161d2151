// batch - a gated batch server: all who wait when it starts are served together (group commit).
#include "sim/engine/batch.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/engine/world.h"

enum { BATCH_EVENT = 0xfe0 };

void batch_init(struct batch *batch, struct node *node, const struct distribution *service,
                struct random_stream *stream)
{
    *batch = (struct batch){.node = node, .service = service, .stream = stream, .speed = 1};
}

void batch_release(struct batch *batch)
{
    free(batch->waiting);
    free(batch->flushing);
    batch->waiting = batch->flushing = NULL;
}

void batch_clear(struct batch *batch)
{
    struct world *world = batch->node->world;
    event_queue_cancel(world->queue, batch->event);
    batch->event = EVENT_NONE;
    batch->waiting_count = batch->flushing_count = 0;
    batch->waiting_bytes = 0;
    tally_set(&batch->busy, world->now, 0);
}

static void on_flushed(void *subject, uint64_t argument);

static void start_flush(struct batch *batch)
{
    struct world *world = batch->node->world;
    uint64_t *tickets = batch->flushing;
    const uint32_t room = batch->flushing_room;
    batch->flushing = batch->waiting;
    batch->flushing_count = batch->waiting_count;
    batch->flushing_room = batch->waiting_room;
    batch->waiting = tickets;
    batch->waiting_room = room;
    batch->waiting_count = 0;
    const double draw = (double)distribution_draw(batch->service, batch->stream);
    const double work = draw + batch->per_byte_ns * (double)batch->waiting_bytes;
    const int64_t time = time_of(work * batch->node->slowness / batch->speed + 0.5);
    batch->waiting_bytes = 0;
    tally_set(&batch->busy, world->now, 1);
    const struct event event = {on_flushed, batch, 0, world_tag(batch->node, BATCH_EVENT)};
    batch->event = event_queue_at(world->queue, time_after(world->now, time), event);
}

static void on_flushed(void *subject, uint64_t argument)
{
    (void)argument;
    struct batch *batch = subject;
    struct world *world = batch->node->world;
    batch->event = EVENT_NONE;
    batch->flushes++;
    batch->flushed += batch->flushing_count;
    for (uint32_t i = 0; i < batch->flushing_count; i++) {
        struct visit *visit = visit_of(world, batch->flushing[i]);
        if (visit != NULL) {
            world_meter(visit)->parts_ns[METER_IO] += world->now - visit->since_ns;
            visit_wake_later(world, batch->flushing[i]);
        }
    }
    batch->flushing_count = 0;
    if (batch->waiting_count > 0) {
        start_flush(batch);
    } else {
        tally_set(&batch->busy, world->now, 0);
    }
}

enum outcome batch_join(struct batch *batch, struct visit *visit, uint64_t bytes)
{
    if (batch->waiting_count == batch->waiting_room) {
        batch->waiting_room = batch->waiting_room == 0 ? 16 : batch->waiting_room * 2;
        batch->waiting =
            check_realloc(batch->waiting, batch->waiting_room * sizeof *batch->waiting);
    }
    batch->waiting[batch->waiting_count++] = visit_ticket(visit);
    batch->waiting_bytes += bytes;
    visit->since_ns = batch->node->world->now;
    if (batch->event == EVENT_NONE) {
        start_flush(batch);
    }
    return OUTCOME_WAIT;
}
