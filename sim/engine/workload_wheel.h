// workload_wheel - a timer wheel of millions of sockets: 32 bytes each, no event of their own.
//
// A bucket holds the sockets that fall due in one tick of 2^19 ns (0.52 ms), some of them in a
// later round of the wheel. Who is due in a tick is known at the tick's beginning; what must happen
// exactly then becomes an event of its own at that time. Empty ticks cost nothing.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum { WORKLOAD_TICK_SHIFT = 19 };
enum { WORKLOAD_NO_SOCKET = UINT32_MAX };

enum workload_socket_life {
    SOCKET_OPEN,    // connected
    SOCKET_UNSURE,  // connected, a heartbeat has gone unanswered
    SOCKET_SILENT,  // its host is dark, which its client does not know yet
    SOCKET_WAITING, // backs off before it connects again
    SOCKET_OPENING, // connects
};

struct workload_socket {
    int64_t due_ns;        // next heartbeat, end of patience or of the back-off; TIME_NEVER: none
    uint32_t next, before; // in its bucket
    uint32_t node;         // replica it is connected to, or was
    uint32_t session;      // advanced by every connection
    uint32_t zone;         // of its client
    uint8_t life;
    uint8_t attempt; // failed connections in a row
    bool listed;     // stands in a bucket
    uint8_t unused;
};
static_assert(sizeof(struct workload_socket) == 32, "five million sockets fit in 200 MB");

struct workload_wheel {
    struct workload_socket *sockets;
    uint32_t *heads, *tails; // of the buckets
    uint64_t *filled;        // a bit a bucket
    uint32_t mask;           // buckets - 1
    int64_t tick;            // the present one: those up to it are done
};

// Buckets for delays up to `longest_ns` (longer ones go round more than once). The sockets are the
// caller's.
void workload_wheel_init(struct workload_wheel *wheel, struct workload_socket *sockets,
                         int64_t longest_ns);
void workload_wheel_release(struct workload_wheel *wheel);

static inline int64_t workload_wheel_tick(int64_t time_ns)
{
    return time_ns >> WORKLOAD_TICK_SHIFT;
}

// Lists the socket by its due time, which lies in a tick to come.
void workload_wheel_add(struct workload_wheel *wheel, uint32_t socket);
void workload_wheel_remove(struct workload_wheel *wheel, uint32_t socket);

// Moves to `tick`, empties its bucket and returns its first socket: the others follow by `next`.
// Sockets of later rounds are among them.
uint32_t workload_wheel_turn(struct workload_wheel *wheel, int64_t tick);

// The earliest tick that may have a socket; -1: none is listed.
int64_t workload_wheel_next(const struct workload_wheel *wheel);
