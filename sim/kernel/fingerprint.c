// fingerprint - XXH3-128 over every event of a replication: the witness of determinism.
#include "sim/kernel/fingerprint.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/base/check.h"
#include "sim/kernel/fingerprint_wide.h"

static_assert(sizeof(struct fingerprint_event) == 24, "the hashed bytes have no padding");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "events are hashed as they lie in memory");

enum { STATE_ALIGNMENT = 64 };

// The hash state demands more alignment than the allocator gives.
struct fingerprint {
    unsigned char bytes[sizeof(XXH3_state_t) + STATE_ALIGNMENT];
};

static XXH3_state_t *hash_state(struct fingerprint *fingerprint)
{
    const uintptr_t address = (uintptr_t)fingerprint->bytes;
    return (XXH3_state_t *)((address + STATE_ALIGNMENT - 1) & ~(uintptr_t)(STATE_ALIGNMENT - 1));
}

// The choice is free: both give the same bits.
static bool add_bytes(XXH3_state_t *state, const void *bytes, size_t size)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return fingerprint_wide_update(state, bytes, size);
    }
#endif
    return XXH3_128bits_update(state, bytes, size) == XXH_OK;
}

void fingerprint_begin(struct fingerprint_buffer *buffer)
{
    buffer->count = 0;
    buffer->state = check_calloc(1, sizeof *buffer->state);
    CHECK(XXH3_128bits_reset(hash_state(buffer->state)) == XXH_OK);
}

void fingerprint_flush(struct fingerprint_buffer *buffer)
{
    const size_t size = buffer->count * sizeof buffer->events[0];
    CHECK(add_bytes(hash_state(buffer->state), buffer->events, size));
    buffer->count = 0;
}

static struct fingerprint_value value_of(XXH128_hash_t hash)
{
    return (struct fingerprint_value){.high = hash.high64, .low = hash.low64};
}

struct fingerprint_value fingerprint_get(struct fingerprint_buffer *buffer)
{
    fingerprint_flush(buffer);
    return value_of(XXH3_128bits_digest(hash_state(buffer->state)));
}

void fingerprint_end(struct fingerprint_buffer *buffer)
{
    free(buffer->state);
    *buffer = (struct fingerprint_buffer){0};
}

struct fingerprint_value fingerprint_join(const struct fingerprint_value *values, uint32_t count)
{
    return value_of(XXH3_128bits(values, count * sizeof *values));
}
