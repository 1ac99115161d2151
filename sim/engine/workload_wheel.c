// workload_wheel - a timer wheel of millions of sockets: 32 bytes each, no event of their own.
#include "sim/engine/workload_wheel.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { FEWEST_BUCKETS = 1 << 10, MOST_BUCKETS = 1 << 20 };

void workload_wheel_init(struct workload_wheel *wheel, struct workload_socket *sockets,
                         int64_t longest_ns)
{
    uint32_t buckets = FEWEST_BUCKETS;
    while (buckets < MOST_BUCKETS && buckets < workload_wheel_tick(longest_ns) + 2) {
        buckets *= 2;
    }
    *wheel = (struct workload_wheel){.sockets = sockets, .mask = buckets - 1, .tick = -1};
    wheel->heads = check_calloc(buckets, sizeof *wheel->heads);
    wheel->tails = check_calloc(buckets, sizeof *wheel->tails);
    wheel->filled = check_calloc(buckets / 64, sizeof *wheel->filled);
}

void workload_wheel_release(struct workload_wheel *wheel)
{
    free(wheel->heads);
    free(wheel->tails);
    free(wheel->filled);
}

static uint32_t bucket_of(const struct workload_wheel *wheel, int64_t due_ns)
{
    return (uint32_t)workload_wheel_tick(due_ns) & wheel->mask;
}

static bool is_filled(const struct workload_wheel *wheel, uint32_t bucket)
{
    return wheel->filled[bucket / 64] >> bucket % 64 & 1;
}

void workload_wheel_add(struct workload_wheel *wheel, uint32_t number)
{
    struct workload_socket *socket = &wheel->sockets[number];
    CHECK(!socket->listed && workload_wheel_tick(socket->due_ns) > wheel->tick);
    const uint32_t bucket = bucket_of(wheel, socket->due_ns);
    socket->listed = true;
    socket->next = WORKLOAD_NO_SOCKET;
    if (is_filled(wheel, bucket)) {
        socket->before = wheel->tails[bucket];
        wheel->sockets[socket->before].next = number;
    } else {
        wheel->filled[bucket / 64] |= (uint64_t)1 << bucket % 64;
        socket->before = WORKLOAD_NO_SOCKET;
        wheel->heads[bucket] = number;
    }
    wheel->tails[bucket] = number;
}

void workload_wheel_remove(struct workload_wheel *wheel, uint32_t number)
{
    struct workload_socket *socket = &wheel->sockets[number];
    const uint32_t bucket = bucket_of(wheel, socket->due_ns);
    CHECK(socket->listed);
    socket->listed = false;
    if (socket->before != WORKLOAD_NO_SOCKET) {
        wheel->sockets[socket->before].next = socket->next;
    } else {
        wheel->heads[bucket] = socket->next;
    }
    if (socket->next != WORKLOAD_NO_SOCKET) {
        wheel->sockets[socket->next].before = socket->before;
    } else {
        wheel->tails[bucket] = socket->before;
    }
    if (wheel->heads[bucket] == WORKLOAD_NO_SOCKET) {
        wheel->filled[bucket / 64] &= ~((uint64_t)1 << bucket % 64);
    }
}

uint32_t workload_wheel_turn(struct workload_wheel *wheel, int64_t tick)
{
    CHECK(tick > wheel->tick);
    const uint32_t bucket = (uint32_t)tick & wheel->mask;
    wheel->tick = tick;
    if (!is_filled(wheel, bucket)) {
        return WORKLOAD_NO_SOCKET;
    }
    wheel->filled[bucket / 64] &= ~((uint64_t)1 << bucket % 64);
    return wheel->heads[bucket];
}

int64_t workload_wheel_next(const struct workload_wheel *wheel)
{
    const uint32_t words = (wheel->mask + 1) / 64;
    const uint32_t first = (uint32_t)(wheel->tick + 1) & wheel->mask;
    uint64_t word = wheel->filled[first / 64] & ~(uint64_t)0 << first % 64;
    for (uint32_t i = 0; i <= words; i++) {
        const uint32_t at = (first / 64 + i) & (words - 1);
        word = i == 0 ? word : wheel->filled[at];
        if (word != 0) {
            const uint32_t bucket = at * 64 + (uint32_t)__builtin_ctzll(word);
            return wheel->tick + 1 + ((bucket - first) & wheel->mask);
        }
    }
    return -1;
}
