// fingerprint - XXH3-128 over every event of a replication: the witness of determinism.
//
// 24 bytes an event (time, tag, argument), little-endian, hashed in buffers of 64 events.
#pragma once

#include <stdint.h>

struct fingerprint; // owned by the caller, between begin and end

struct fingerprint_event {
    int64_t time_ns;
    uint64_t argument;
    uint64_t tag;
};

struct fingerprint_buffer {
    struct fingerprint_event events[64];
    uint32_t count;
    struct fingerprint *state;
};

struct fingerprint_value {
    uint64_t high, low;
};

void fingerprint_begin(struct fingerprint_buffer *buffer);
void fingerprint_flush(struct fingerprint_buffer *buffer); // hashes what is buffered
struct fingerprint_value fingerprint_get(struct fingerprint_buffer *buffer);
void fingerprint_end(struct fingerprint_buffer *buffer);

// Order matters: the value of several replications is the hash of their values in replication
// order.
struct fingerprint_value fingerprint_join(const struct fingerprint_value *values, uint32_t count);

static inline void fingerprint_add(struct fingerprint_buffer *buffer, int64_t time, uint32_t tag,
                                   uint64_t argument)
{
    buffer->events[buffer->count] = (struct fingerprint_event){time, argument, tag};
    if (++buffer->count == 64) {
        fingerprint_flush(buffer);
    }
}
