// event_entry - what orders pending events: a time and a scheduling number; and their records.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

// A pending event as the ordering structures see it: its time, then its scheduling number (40 bits)
// and the slot of its record (24 bits). Scheduling numbers are unique, so the order is total and
// never depends on the slot.
struct event_entry {
    uint64_t time;
    uint64_t key;
};

// Inlined always: an event that travels by value through memory costs more than the function's
// body.
#define EVENT_HOT __attribute__((always_inline))

// Later than any event.
#define EVENT_ENTRY_NEVER ((struct event_entry){INT64_MAX, UINT64_MAX})

enum { EVENT_SLOT_BITS = 24, EVENT_SLOT_MASK = (1 << EVENT_SLOT_BITS) - 1 };

// What happens and how to tell whether it still shall: a record is live for an entry of the same
// key.
struct event_record {
    uint64_t key; // 0: free, or the marker of a lane
    void (*act)(void *subject, uint64_t argument);
    void *subject;
    uint64_t argument; // of a free record: the next free slot
    uint32_t tag;
    uint32_t part; // where the entry stands, see event_queue.h
};

static_assert(sizeof(struct event_record) == 40, "ten million pending events fit a small machine");

enum { EVENT_PART_MARKER = 1 << 30 };

// A copy made word by word: an entry is often read soon after it was written in two words, and one
// wide load would have to wait until both have left the store buffer.
static inline struct event_entry event_entry_load(const struct event_entry *at)
{
    struct event_entry entry = *at;
    __asm__("" : "+r"(entry.time), "+r"(entry.key));
    return entry;
}

static inline bool event_entry_before(struct event_entry one, struct event_entry other)
{
    const unsigned __int128 left = (unsigned __int128)one.time << 64 | one.key;
    const unsigned __int128 right = (unsigned __int128)other.time << 64 | other.key;
    return left < right;
}

static inline uint32_t event_entry_slot(struct event_entry entry)
{
    return (uint32_t)(entry.key & EVENT_SLOT_MASK);
}

// False for what was cancelled. The marker of a lane is always live.
static inline bool event_entry_live(struct event_entry entry, const struct event_record *records)
{
    const struct event_record *record = &records[event_entry_slot(entry)];
    return record->key == entry.key || (record->part & EVENT_PART_MARKER) != 0;
}
