// event_queue - the pending events of one world, in a total order, with cancellation in O(1).
//
// The order is (time, scheduling number): two events of the same instant happen in the order in
// which they were scheduled, whichever of the three parts holds them:
//   now lane     a FIFO for events at the present instant;
//   delay lanes  one FIFO for each constant delay (timeouts, heartbeats, fixed hops): already in
//                order, so only a marker at or before its head takes part in the main set;
//   main set     a radix ladder: buckets by 8-bit digits of the time, and a small sorted bottom.
//
// Cancelling frees the record at once; an entry whose record is gone is dropped when it surfaces,
// and a part is swept when its dead entries outnumber the live ones.
//
// Time never runs backwards: scheduling before the present instant is a CHECK. So are more than
// 2^24 - 1 pending events and more than 2^40 - 1 scheduled in all.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/check.h"
#include "sim/kernel/event_entry.h"
#include "sim/kernel/event_ladder.h"
#include "sim/kernel/event_list.h"
#include "sim/kernel/time.h"

// What happens. `act` is called with the two words it was scheduled with. `tag` names the kind of
// event for the fingerprint (node number << 12 | step number or event kind).
struct event {
    void (*act)(void *subject, uint64_t argument);
    void *subject;
    uint64_t argument;
    uint32_t tag;
};

// Names a pending event for cancellation; EVENT_NONE names none. A name whose event has happened or
// was cancelled is stale and harmless: no name is ever given twice.
#define EVENT_NONE ((uint64_t)0)

// A constant-delay lane; owned by the queue. Its fields, like those of the queue, belong to the
// inline functions below and to event_queue.c.
struct event_lane {
    struct event_list list;
    int64_t delay_ns;
    uint32_t number;
    uint32_t marker;      // slot of the marker's record
    bool marked;          // the marker stands in the main set
    uint32_t count, dead; // entries of the list, and those of cancelled events among them
};

// Part numbers of records: where the entry of a pending event stands. From EVENT_PART_LANE on,
// lanes.
enum { EVENT_PART_MAIN, EVENT_PART_NOW, EVENT_PART_LANE };

enum { EVENT_RECENT_BITS = 6 };

struct event_queue {
    int64_t present;
    int64_t last; // time of the last event, -1 before the first
    struct event_record *records;
    uint64_t next_key; // scheduling number of the next event, shifted above the slot
    uint32_t free;     // head of the free records, 0: none
    uint32_t used, room;
    uint64_t happened, cancelled, ties;
    uint32_t main_dead;
    uint32_t now_head, now_tail, now_mask; // of a ring of keys
    uint64_t *now_keys;
    struct event_lane **lanes;
    uint32_t lane_count;
    struct event_lane *recent[1 << EVENT_RECENT_BITS]; // lanes by a hash of their delay, or NULL
    struct event_ladder ladder;
};

struct event_queue *event_queue_begin(void);
void event_queue_end(struct event_queue *queue);

// The lane of a constant delay in ns >= 0 (one lane a delay, made on first use, kept for the
// queue's life).
static inline struct event_lane *event_queue_lane(struct event_queue *queue, int64_t delay_ns);

// True if the event was still pending and now will not happen.
static inline bool event_queue_cancel(struct event_queue *queue, uint64_t id);

static inline int64_t event_queue_present(const struct event_queue *queue)
{
    return queue->present;
}

// Events that happened.
static inline uint64_t event_queue_happened(const struct event_queue *queue)
{
    return queue->happened;
}

// Events that shared the instant of the one before.
static inline uint64_t event_queue_ties(const struct event_queue *queue)
{
    return queue->ties;
}

size_t event_queue_pending(const struct event_queue *queue);
size_t event_queue_bytes(const struct event_queue *queue); // all pools counted

// The rare ways of the inline functions.
struct event_lane *event_queue_find_lane(struct event_queue *queue, int64_t delay_ns);
uint32_t event_queue_grow(struct event_queue *queue);
void event_queue_grow_now(struct event_queue *queue);
void event_queue_mark(struct event_queue *queue, struct event_lane *lane);
bool event_queue_cancel_some(struct event_queue *queue, uint64_t id);
bool event_queue_next_slowly(struct event_queue *queue, int64_t limit, int64_t *time,
                             struct event *event);

static inline uint32_t event_queue_recent(int64_t delay_ns)
{
    return (uint32_t)((uint64_t)delay_ns * 0x9e3779b97f4a7c15 >> (64 - EVENT_RECENT_BITS));
}

static inline struct event_lane *event_queue_lane(struct event_queue *queue, int64_t delay_ns)
{
    struct event_lane *lane = queue->recent[event_queue_recent(delay_ns)];
    return lane != NULL && lane->delay_ns == delay_ns ? lane
                                                      : event_queue_find_lane(queue, delay_ns);
}

// Takes a record for the event; returns its key, which is also its id.
EVENT_HOT static inline uint64_t event_queue_record(struct event_queue *queue,
                                                    const struct event *event, uint32_t part)
{
    const uint32_t slot = queue->free != 0 ? queue->free : event_queue_grow(queue);
    struct event_record *const record = &queue->records[slot];
    queue->free = (uint32_t)record->argument;
    const uint64_t key = queue->next_key | slot;
    queue->next_key += (uint64_t)1 << EVENT_SLOT_BITS;
    CHECK(queue->next_key != 0); // scheduling numbers are spent
    record->key = key;
    record->act = event->act;
    record->subject = event->subject;
    record->argument = event->argument;
    record->tag = event->tag;
    record->part = part;
    return key;
}

static inline bool event_queue_cancel(struct event_queue *queue, uint64_t id)
{
    return id != EVENT_NONE && event_queue_cancel_some(queue, id);
}

// Schedules at the present instant, after everything already scheduled for it.
EVENT_HOT static inline uint64_t event_queue_now(struct event_queue *queue, struct event event)
{
    const uint64_t key = event_queue_record(queue, &event, EVENT_PART_NOW);
    if (queue->now_tail - queue->now_head > queue->now_mask) {
        event_queue_grow_now(queue);
    }
    queue->now_keys[queue->now_tail++ & queue->now_mask] = key;
    return key;
}

// Schedules at an absolute time >= the present (TIME_NEVER schedules nothing and returns
// EVENT_NONE).
EVENT_HOT static inline uint64_t event_queue_at(struct event_queue *queue, int64_t time,
                                                struct event event)
{
    if (time <= queue->present) {
        CHECK(time == queue->present);
        return event_queue_now(queue, event);
    }
    if (time == TIME_NEVER) {
        return EVENT_NONE;
    }
    const uint64_t key = event_queue_record(queue, &event, EVENT_PART_MAIN);
    event_ladder_add(&queue->ladder, (struct event_entry){(uint64_t)time, key});
    return key;
}

// Schedules after the lane's delay.
EVENT_HOT static inline uint64_t event_queue_after(struct event_queue *queue,
                                                   struct event_lane *lane, struct event event)
{
    const int64_t time = time_after(queue->present, lane->delay_ns);
    if (lane->delay_ns == 0 || time == TIME_NEVER) {
        return event_queue_at(queue, time, event);
    }
    const uint64_t key = event_queue_record(queue, &event, EVENT_PART_LANE + lane->number);
    event_list_add(&lane->list, &queue->ladder.chunks, (struct event_entry){(uint64_t)time, key});
    lane->count++;
    if (!lane->marked) {
        event_queue_mark(queue, lane);
    }
    return key;
}

// Frees the record of an event and returns what it held.
EVENT_HOT static inline struct event event_queue_take(struct event_queue *queue, uint32_t slot)
{
    struct event_record *const record = &queue->records[slot];
    const struct event event = {record->act, record->subject, record->argument, record->tag};
    record->key = 0;
    record->argument = queue->free;
    queue->free = slot;
    return event;
}

EVENT_HOT static inline void event_queue_advance(struct event_queue *queue, int64_t time)
{
    queue->ties += time == queue->last;
    queue->last = time;
    queue->present = time;
    queue->happened++;
}

// Takes the next event if its time is below `limit`; the queue's present moves to it.
EVENT_HOT static inline bool event_queue_next(struct event_queue *queue, int64_t limit,
                                              int64_t *time, struct event *event)
{
    struct event_ladder *const ladder = &queue->ladder;
    const struct event_entry entry = event_entry_load(ladder->head);
    const uint32_t slot = event_entry_slot(entry);
    if (queue->now_head != queue->now_tail || (int64_t)entry.time >= limit ||
        queue->records[slot].key != entry.key) {
        // Copies, so that the caller's variables can stay in registers.
        int64_t rare_time = 0;
        struct event rare_event = {0};
        const bool taken = event_queue_next_slowly(queue, limit, &rare_time, &rare_event);
        *time = rare_time;
        *event = rare_event;
        return taken;
    }
    ladder->head++;
    *event = event_queue_take(queue, slot);
    *time = (int64_t)entry.time;
    event_queue_advance(queue, *time);
    return true;
}
