// workload_key - the keys of requests: derived from the request's number, never kept.
#include "sim/engine/workload.h"
#include "sim/engine/workload_state.h"
#include "sim/engine/world.h"

enum { SEQUENCE_BITS = 48 };

// Drawn keys are counts from the law; unique ones lie above them all. They follow from the
// workload's name, not from its place among the workloads.
static uint64_t unique_key(const struct world *world, uint64_t request)
{
    const uint32_t number = workload_of(request);
    const uint64_t sequence = request & (((uint64_t)1 << SEQUENCE_BITS) - 1);
    const uint64_t top = (uint64_t)1 << 63;
    if (number >= world->design->workload_count) {
        return request | top;
    }
    return (world->workloads[number].name_hash + sequence) | top;
}

uint64_t workload_key(const struct world *world, uint64_t request, uint32_t key)
{
    const uint32_t number = workload_of(request);
    if (key == 0 || number >= world->design->workload_count) {
        return unique_key(world, request);
    }
    const struct workload_state *state = &world->workloads[number];
    const uint32_t row = state->key_rows[key - 1];
    if (row == 0 || state->keys[row - 1].law == NULL) {
        return unique_key(world, request);
    }
    const struct workload_key_law *law = &state->keys[row - 1];
    const uint64_t sequence = request & (((uint64_t)1 << SEQUENCE_BITS) - 1);
    struct random_stream stream;
    random_stream_seek(&stream, world->key, law->stream, sequence);
    return (uint64_t)distribution_draw(law->law, &stream);
}
