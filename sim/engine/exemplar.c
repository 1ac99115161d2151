// exemplar - follows a sample of the requests and keeps the slowest.
#include "sim/engine/exemplar.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/map.h"
#include "sim/engine/call.h"
#include "sim/engine/node.h"
#include "sim/engine/visit.h"

enum { FOLLOWED_MOST = 1024 }; // at the same time

struct followed {
    uint64_t request;
    int64_t began_ns, ended_ns;
    enum status status;
    uint32_t next_free; // index + 1
    uint32_t count;
    struct exemplar_span spans[EXEMPLAR_SPANS];
};

struct kept {
    uint32_t count;
    struct followed requests[EXEMPLAR_KEPT]; // the slowest first
};

struct exemplars {
    struct map active; // by request: index + 1
    struct followed *slots;
    uint32_t used, free; // free: index + 1 of the first that was given back
    struct kept *kept;   // by workload
};

void exemplar_init(struct world *world)
{
    struct exemplars *exemplars = check_calloc(1, sizeof *exemplars);
    map_init(&exemplars->active);
    exemplars->kept = check_calloc((size_t)world->design->workload_count + 1,
                                   sizeof *exemplars->kept);
    world->exemplars = exemplars;
}

void exemplar_release(struct world *world)
{
    if (world->exemplars != NULL) {
        map_release(&world->exemplars->active);
        free(world->exemplars->slots);
        free(world->exemplars->kept);
        free(world->exemplars);
        world->exemplars = NULL;
    }
}

// ---- following
// -----------------------------------------------------------------------------------

static uint32_t take_slot(struct exemplars *exemplars)
{
    if (exemplars->free != 0) {
        const uint32_t index = exemplars->free - 1;
        exemplars->free = exemplars->slots[index].next_free;
        return index;
    }
    if ((exemplars->used & (exemplars->used - 1)) == 0) { // room doubles at powers of two
        const size_t room = exemplars->used == 0 ? 1 : 2 * (size_t)exemplars->used;
        exemplars->slots = check_realloc(exemplars->slots, room * sizeof *exemplars->slots);
    }
    return exemplars->used++;
}

void exemplar_begin(struct world *world, uint64_t request)
{
    struct exemplars *exemplars = world->exemplars;
    if (!world->measuring || exemplars->active.count >= FOLLOWED_MOST) {
        return;
    }
    const uint32_t index = take_slot(exemplars);
    struct followed *followed = &exemplars->slots[index];
    followed->request = request;
    followed->count = 0;
    map_set(&exemplars->active, request, index + 1);
}

static void add(const struct world *world, uint64_t request, const struct exemplar_span *span)
{
    const uint32_t found = map_get(&world->exemplars->active, request);
    if (found != 0 && world->exemplars->slots[found - 1].count < EXEMPLAR_SPANS) {
        struct followed *followed = &world->exemplars->slots[found - 1];
        followed->spans[followed->count++] = *span;
    }
}

void exemplar_visit(const struct visit *visit, enum status status)
{
    const struct world *world = visit->node->world;
    const struct exemplar_span span = {
        .began_ns = visit->began_ns,
        .ended_ns = world->now,
        .component = (int32_t)visit->node->component->number,
        .operation = visit->operation->number,
        .replica = visit->node->replica,
        .attempt = visit->attempt,
        .status = status,
    };
    add(world, visit->request, &span);
}

void exemplar_call(const struct world *world, const struct call *call, enum status status)
{
    const struct exemplar_span span = {
        .began_ns = call->began_ns,
        .ended_ns = world->now,
        .component = (int32_t)call->design->target,
        .operation = call->design->operation->number,
        .tries = call->attempt == 0 ? 1 : call->attempt,
        .status = status,
    };
    add(world, call->request, &span);
}

// ---- keeping
// -------------------------------------------------------------------------------------

static int64_t length_of(const struct followed *followed)
{
    return followed->ended_ns - followed->began_ns;
}

// Behind those that are as slow: the earlier one stays.
static void keep(struct kept *kept, const struct followed *followed)
{
    uint32_t at = kept->count;
    while (at > 0 && length_of(&kept->requests[at - 1]) < length_of(followed)) {
        at--;
    }
    if (at == EXEMPLAR_KEPT) {
        return;
    }
    kept->count += kept->count < EXEMPLAR_KEPT;
    for (uint32_t i = kept->count - 1; i > at; i--) {
        kept->requests[i] = kept->requests[i - 1];
    }
    kept->requests[at] = *followed;
}

void exemplar_end(struct world *world, uint64_t request, int64_t began_ns, enum status status)
{
    struct exemplars *exemplars = world->exemplars;
    const uint32_t found = map_remove(&exemplars->active, request);
    if (found == 0) {
        return;
    }
    struct followed *followed = &exemplars->slots[found - 1];
    followed->began_ns = began_ns;
    followed->ended_ns = world->now;
    followed->status = status;
    keep(&exemplars->kept[request >> 48], followed);
    followed->next_free = exemplars->free;
    exemplars->free = found;
}

// ---- taking them out
// -----------------------------------------------------------------------------

// What encloses stands before what it encloses.
static int by_beginning(const void *one, const void *other)
{
    const struct exemplar_span *a = one, *b = other;
    if (a->began_ns != b->began_ns) {
        return a->began_ns < b->began_ns ? -1 : 1;
    }
    if (a->ended_ns != b->ended_ns) {
        return a->ended_ns > b->ended_ns ? -1 : 1;
    }
    if ((a->tries == 0) != (b->tries == 0)) {
        return a->tries == 0 ? 1 : -1;
    }
    return a->component != b->component ? (a->component < b->component ? -1 : 1)
                                        : (a->replica > b->replica) - (a->replica < b->replica);
}

static uint32_t copy_one(const struct followed *followed, uint32_t number,
                         struct exemplar_span *into)
{
    into[0] = (struct exemplar_span){
        .began_ns = followed->began_ns,
        .ended_ns = followed->ended_ns,
        .component = -1,
        .operation = (uint32_t)(followed->request >> 48),
        .replica = (uint32_t)followed->request,
        .status = followed->status,
    };
    memcpy(into + 1, followed->spans, followed->count * sizeof *into);
    qsort(into + 1, followed->count, sizeof *into, by_beginning);
    for (uint32_t i = 0; i <= followed->count; i++) {
        into[i].exemplar = number;
    }
    return followed->count + 1;
}

uint32_t exemplar_copy(const struct world *world, struct arena *arena,
                       struct exemplar_span **spans)
{
    const struct exemplars *exemplars = world->exemplars;
    const uint32_t workloads = exemplars == NULL ? 0 : world->design->workload_count;
    uint32_t room = 0, count = 0, number = 0;
    for (uint32_t w = 0; w < workloads; w++) {
        for (uint32_t i = 0; i < exemplars->kept[w].count; i++) {
            room += exemplars->kept[w].requests[i].count + 1;
        }
    }
    *spans = arena_take_array(arena, (size_t)room + 1, sizeof **spans);
    for (uint32_t w = 0; w < workloads; w++) {
        for (uint32_t i = 0; i < exemplars->kept[w].count; i++) {
            count += copy_one(&exemplars->kept[w].requests[i], number++, *spans + count);
        }
    }
    return count;
}
