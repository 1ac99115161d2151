// wal - a node's write-ahead log on disk, shared by all who write there: what is written, what is
// flushed, and what a crash leaves.
//
// A record is *written* as soon as it is appended: it lies in the operating system's page cache
// and survives the end of the process (NODE_DOWN). It is *durable* once a flush that began after
// the append has ended: it survives the loss of power (NODE_DARK). Positions count records, from 1,
// or what their owner counts, such as bytes (wal_append_to).
// WAL_GATED is group commit: a flush begins as soon as something waits, and takes with it all that
// has been appended by then (datastores_brokers.md, 1.1). WAL_PERIODIC flushes every `period_ns`
// what there is. WAL_LAZY never flushes by itself; wal_flush does.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/ring.h"
#include "sim/engine/visit.h"
#include "sim/kernel/distribution.h"
#include "sim/kernel/tally.h"

struct node;
struct random_stream;

enum wal_mode { WAL_GATED, WAL_PERIODIC, WAL_LAZY };

typedef void wal_handler(void *context, uint64_t word);

struct wal_waiter {
    uint64_t position;
    wal_handler *handler;
    void *context;
    uint64_t word;
};

struct wal {
    struct node *node;
    enum wal_mode mode;
    int64_t period_ns;
    const struct distribution *flush; // time of one flush, without its bytes
    double per_byte_ns;
    struct random_stream *stream;
    uint64_t written, durable;
    uint64_t flushing;       // position that the present flush makes durable, 0: none
    uint64_t event;
    uint64_t waiting_bytes;  // appended since the present flush began
    bool ticking;            // WAL_PERIODIC: its timer runs
    struct ring waiters;     // of struct wal_waiter, by ascending position
    uint64_t flushes, records, bytes;
    struct tally busy;
};

// WAL_PERIODIC without anything new to flush sets no timer.
void wal_init(struct wal *wal, struct node *node, const struct distribution *flush,
              struct random_stream *stream);
void wal_set_mode(struct wal *wal, enum wal_mode mode, int64_t period_ns);
void wal_release(struct wal *wal);

// From the model's crash hook: who waits is forgotten, the flush on its way is not done. Without
// power the log ends at `durable`, which is returned; otherwise at `written`.
uint64_t wal_crash(struct wal *wal, bool dark);

// All up to the position is there and durable: a log that was copied, or read back.
void wal_open(struct wal *wal, uint64_t position);

// Appends one record; returns its position.
uint64_t wal_append(struct wal *wal, uint64_t bytes);
// Appends one record that ends at a position behind all that is written.
void wal_append_to(struct wal *wal, uint64_t position, uint64_t bytes);

// Calls handler(context, word) once the position is durable (at once if it is already), from an
// event of its own flush; not if the node crashes before. Positions are given in ascending order.
void wal_when(struct wal *wal, uint64_t position, wal_handler *handler, void *context,
              uint64_t word);

// Appends for the visit, which goes on with its next step when the record is durable.
enum outcome wal_join(struct wal *wal, struct visit *visit, uint64_t bytes);
enum outcome wal_join_to(struct wal *wal, struct visit *visit, uint64_t position, uint64_t bytes);

// Flushes what is written now (fsync asked for), if anything is not durable.
void wal_flush(struct wal *wal);
