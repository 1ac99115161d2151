// workload_key - the keys of requests: derived from the request's number; the latest are at hand.
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

static uint64_t draw_key(const struct world *world, const struct workload_key_law *law,
                         uint64_t request)
{
    const uint64_t sequence = request & (((uint64_t)1 << SEQUENCE_BITS) - 1);
    struct random_stream stream;
    random_stream_seek(&stream, world->key, law->stream, sequence);
    return (uint64_t)distribution_draw(law->law, &stream);
}

// Every visit of a request asks anew, mostly within a few ms: a law keeps its latest draws.
static uint64_t recall_key(const struct world *world, struct workload_key_law *law,
                           uint64_t request)
{
    struct workload_key_draw *draw = &law->draws[request % WORKLOAD_KEY_DRAWS];
    if (draw->key == 0 || draw->request != request) {
        *draw = (struct workload_key_draw){request, draw_key(world, law, request)};
    }
    return draw->key;
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
    return recall_key(world, &state->keys[row - 1], request);
}
