// batch - a gated batch server: all who wait when it starts are served together (group commit).
#pragma once

#include <stdint.h>

#include "sim/engine/visit.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/tally.h"

struct random_stream;

struct batch {
    struct node *node;
    const struct distribution *service; // of one flush
    struct random_stream *stream;
    double per_byte_ns;        // added for each byte that is flushed
    uint64_t *waiting;         // tickets gathered for the next flush
    uint32_t waiting_count, waiting_room;
    uint64_t *flushing;        // tickets in the present flush
    uint32_t flushing_count, flushing_room;
    uint64_t waiting_bytes;
    uint64_t event;
    uint64_t flushes, flushed; // batches, visits
    struct tally busy;
    double speed;
};

void batch_init(struct batch *batch, struct node *node, const struct distribution *service,
                struct random_stream *stream);
void batch_release(struct batch *batch);
void batch_clear(struct batch *batch);

// The visit joins the next flush and goes on with its next step when that flush is done.
enum outcome batch_join(struct batch *batch, struct visit *visit, uint64_t bytes);
