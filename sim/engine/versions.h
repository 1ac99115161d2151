// versions - what a replica holds: the newest version of each key, and how to take back what was
// not yet durable.
//
// Only keys that are drawn from a law with repeats are worth keeping (versions_tracks); those
// unique to a request can be told apart by their log positions alone. The undo journal keeps, for
// every put, the position of its log record and the version before it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/map.h"
#include "sim/base/ring.h"

struct version {
    uint64_t value; // identity of the write, 0: never written
    int64_t stamp;  // order of versions as the system knows it (timestamp, term and index)
};

struct version_undo {
    uint64_t key, position;
    struct version before;
};

struct versions {
    struct map places;
    struct version *entries; // by place
    uint64_t *keys;          // by place, in order of first write
    uint32_t count, room;
    struct ring undo; // of struct version_undo
};

void versions_init(struct versions *versions); // no memory while empty
void versions_release(struct versions *versions);

// True for a key that several requests can have.
static inline bool versions_tracks(uint64_t key)
{
    return key >> 63 == 0;
}

// {0, 0} for a key never written.
struct version versions_get(const struct versions *versions, uint64_t key);
// `position`: of the log record that carries it, ascending; 0: durable, no undo is kept.
void versions_put(struct versions *versions, uint64_t key, struct version version,
                  uint64_t position);
// Puts it if its stamp is higher (equal stamps: the higher value wins, as Cassandra). True: put.
bool versions_merge(struct versions *versions, uint64_t key, struct version version,
                    uint64_t position);
// Records up to `position` will never be undone.
void versions_settle(struct versions *versions, uint64_t position);
// Takes back, newest first, all puts of records above `position`.
void versions_undo(struct versions *versions, uint64_t position);
void versions_clear(struct versions *versions);
// `to` becomes what `from` is, settled (a snapshot).
void versions_copy(struct versions *to, const struct versions *from);
// An order-independent digest of all keys and versions: equal replicas have equal digests.
uint64_t versions_digest(const struct versions *versions);
size_t versions_bytes(const struct versions *versions);
