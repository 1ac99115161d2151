// event_queue - the pending events of one world, in a total order, with cancellation in O(1).
//
// The order is (time, scheduling number): two events of the same instant happen in the order in which
// they were scheduled, whichever of the three parts holds them:
//   now lane     a FIFO for events at the present instant;
//   delay lanes  one FIFO for each constant delay (timeouts, heartbeats, fixed hops): already in order,
//                only the head of a lane takes part in the main set;
//   main set     a radix ladder: levels of buckets by 8-bit digits, and a small sorted bottom.
// Cancelling frees the record at once; a ladder entry whose record is gone is dropped when it surfaces,
// and the ladder is swept when dead entries outnumber live ones.
// Time never runs backwards: scheduling before the present instant is a CHECK.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What happens. `act` is called with the two words it was scheduled with. `tag` names the kind of event
// for the fingerprint (node number << 12 | step number or event kind).
struct event {
    void (*act)(void *subject, uint64_t argument);
    void *subject;
    uint64_t argument;
    uint32_t tag;
};

// Names a pending event for cancellation; EVENT_NONE names none. A name whose event has happened or was
// cancelled is stale and harmless.
#define EVENT_NONE ((uint64_t)0)

struct event_lane; // a constant-delay lane; owned by the queue

struct event_queue; // opaque size: embedded through event_queue_init's allocation

struct event_queue *event_queue_begin(void);
void event_queue_end(struct event_queue *queue);

// Schedules at an absolute time >= the present (TIME_NEVER schedules nothing and returns EVENT_NONE).
uint64_t event_queue_at(struct event_queue *queue, int64_t time, struct event event);

// Schedules at the present instant, after everything already scheduled for it.
uint64_t event_queue_now(struct event_queue *queue, struct event event);

// The lane of a constant delay in ns (one lane a delay, made on first use, kept for the queue's life).
struct event_lane *event_queue_lane(struct event_queue *queue, int64_t delay_ns);
uint64_t event_queue_after(struct event_queue *queue, struct event_lane *lane, struct event event);

// True if the event was still pending and now will not happen.
bool event_queue_cancel(struct event_queue *queue, uint64_t id);

// Takes the next event if its time is below `limit`; the queue's present moves to it.
bool event_queue_next(struct event_queue *queue, int64_t limit, int64_t *time, struct event *event);

size_t event_queue_pending(const struct event_queue *queue);
size_t event_queue_bytes(const struct event_queue *queue); // all pools counted
uint64_t event_queue_ties(const struct event_queue *queue); // events that shared the instant of the one before
