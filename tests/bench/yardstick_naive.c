// yardstick_naive - an event list as it is often written: pointers in a binary heap, malloc, libm.
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/kernel/time.h"
#include "tests/bench/clock.h"
#include "tests/bench/yardstick.h"

struct happening {
    int64_t time;
    uint64_t number;
    bool arrival;
};

struct list {
    struct happening *heap[64];
    int count;
    uint64_t scheduled;
};

static bool before(const struct happening *one, const struct happening *other)
{
    return one->time != other->time ? one->time < other->time : one->number < other->number;
}

static void push(struct list *list, int64_t time, bool arrival)
{
    struct happening *happening = check_calloc(1, sizeof *happening);
    *happening = (struct happening){time, list->scheduled++, arrival};
    int at = list->count++;
    for (; at > 0 && before(happening, list->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        list->heap[at] = list->heap[(at - 1) / 2];
    }
    list->heap[at] = happening;
}

static struct happening *pop(struct list *list)
{
    struct happening *first = list->heap[0];
    struct happening *last = list->heap[--list->count];
    int at = 0;
    for (int child = 1; child < list->count; child = 2 * at + 1) {
        child += child + 1 < list->count && before(list->heap[child + 1], list->heap[child]);
        if (!before(list->heap[child], last)) {
            break;
        }
        list->heap[at] = list->heap[child];
        at = child;
    }
    list->heap[at] = last;
    return first;
}

static int64_t draw(gsl_rng *generator, double mean)
{
    return (int64_t)(-mean * log(gsl_rng_uniform_pos(generator)) + 0.5);
}

double yardstick_naive(uint64_t events, uint64_t size)
{
    (void)size;
    gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
    struct list list = {.count = 0};
    uint64_t in_system = 0;
    push(&list, 0, true);
    const double start = clock_ns();
    for (uint64_t i = 0; i < events; i++) {
        struct happening *now = pop(&list);
        if (now->arrival) {
            push(&list, now->time + draw(generator, TIME_MS / 0.9), true);
        }
        in_system += now->arrival ? 1 : (uint64_t)-1;
        if (now->arrival ? in_system == 1 : in_system > 0) {
            push(&list, now->time + draw(generator, (double)TIME_MS), false);
        }
        free(now);
    }
    const double ns = (clock_ns() - start) / (double)events;
    while (list.count > 0) {
        free(pop(&list));
    }
    gsl_rng_free(generator);
    return ns;
}
