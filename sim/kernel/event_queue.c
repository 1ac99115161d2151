// event_queue - the pending events of one world, in a total order, with cancellation in O(1).
#include "sim/kernel/event_queue.h"

#include <stdlib.h>

#include "sim/base/check.h"

enum {
    FIRST_ROOM = 64,    // records
    LARGE_ROOM = 65536, // from here on records grow by an eighth, below they double
    FIRST_NOW = 16,     // keys of the now lane, a power of two
    DEAD_IN_LANE = 64,  // fewer dead entries than this are not worth a sweep
    DEAD_IN_MAIN = 4096,
    MOST_PENDING = EVENT_SLOT_MASK, // slots are numbers of 24 bits, 0 is none
};

struct event_queue *event_queue_begin(void)
{
    struct event_queue *queue = check_calloc(1, sizeof *queue);
    queue->last = -1;
    queue->records = check_calloc(FIRST_ROOM, sizeof *queue->records);
    queue->room = FIRST_ROOM;
    queue->used = 1;
    queue->next_key = (uint64_t)1 << EVENT_SLOT_BITS;
    queue->now_keys = check_calloc(FIRST_NOW, sizeof *queue->now_keys);
    queue->now_mask = FIRST_NOW - 1;
    event_ladder_init(&queue->ladder);
    return queue;
}

void event_queue_end(struct event_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    for (uint32_t i = 0; i < queue->lane_count; i++) {
        free(queue->lanes[i]);
    }
    free(queue->lanes);
    free(queue->now_keys);
    free(queue->records);
    event_ladder_release(&queue->ladder);
    free(queue);
}

// A record never used before; the caller reads 0 as its link, so the free list stays empty.
uint32_t event_queue_grow(struct event_queue *queue)
{
    if (queue->used > MOST_PENDING) {
        check_full("pending events in one replication (16.7M)");
    }
    if (queue->used == queue->room) {
        queue->room += queue->room < LARGE_ROOM ? queue->room : queue->room / 8;
        queue->records = check_realloc(queue->records, queue->room * sizeof *queue->records);
    }
    queue->records[queue->used] = (struct event_record){0};
    return queue->used++;
}

void event_queue_grow_now(struct event_queue *queue)
{
    const uint32_t room = queue->now_mask + 1;
    uint64_t *keys = check_calloc((size_t)room * 2, sizeof *keys);
    for (uint32_t i = 0; i < room; i++) {
        keys[i] = queue->now_keys[(queue->now_head + i) & queue->now_mask];
    }
    free(queue->now_keys);
    queue->now_keys = keys;
    queue->now_mask = room * 2 - 1;
    queue->now_head = 0;
    queue->now_tail = room;
}

static struct event_lane *add_lane(struct event_queue *queue, int64_t delay_ns)
{
    const uint32_t number = queue->lane_count++;
    queue->lanes = check_realloc(queue->lanes, queue->lane_count * sizeof *queue->lanes);
    struct event_lane *lane = check_calloc(1, sizeof *lane);
    queue->lanes[number] = lane;
    lane->delay_ns = delay_ns;
    lane->number = number;
    lane->marker = event_queue_grow(queue); // never used before: no dead entry names it
    queue->records[lane->marker].part = EVENT_PART_MARKER | number;
    return lane;
}

struct event_lane *event_queue_find_lane(struct event_queue *queue, int64_t delay_ns)
{
    CHECK(delay_ns >= 0);
    uint32_t i = 0;
    while (i < queue->lane_count && queue->lanes[i]->delay_ns != delay_ns) {
        i++;
    }
    struct event_lane *lane =
        i < queue->lane_count ? queue->lanes[i] : add_lane(queue, delay_ns);
    queue->recent[event_queue_recent(delay_ns)] = lane;
    return lane;
}

// Puts the marker where the lane's head stands in the order. A lane's times only rise, so a marker
// whose head was cancelled since is early, never late; it moves on when it surfaces.
void event_queue_mark(struct event_queue *queue, struct event_lane *lane)
{
    struct event_entry entry = event_list_head(&lane->list);
    entry.key = (entry.key & ~(uint64_t)EVENT_SLOT_MASK) | lane->marker;
    lane->marked = true;
    event_ladder_add(&queue->ladder, entry);
}

static void drop_dead_heads(struct event_queue *queue, struct event_lane *lane)
{
    while (lane->dead != 0 && lane->list.last != NULL &&
           !event_entry_live(event_list_head(&lane->list), queue->records)) {
        event_list_drop(&lane->list, &queue->ladder.chunks);
        lane->count--;
        lane->dead--;
    }
}

static bool same_place(struct event_entry one, struct event_entry other)
{
    return one.key >> EVENT_SLOT_BITS == other.key >> EVENT_SLOT_BITS;
}

// The marker of a lane surfaced. True if it stood for the head itself, whose slot is set; the
// marker is put before the next head.
static bool take_from_lane(struct event_queue *queue, struct event_entry marker, uint32_t *slot)
{
    const uint32_t part = queue->records[event_entry_slot(marker)].part;
    struct event_lane *lane = queue->lanes[part & ~(uint32_t)EVENT_PART_MARKER];
    lane->marked = false;
    drop_dead_heads(queue, lane);
    bool taken = false;
    if (lane->list.last != NULL && same_place(event_list_head(&lane->list), marker)) {
        *slot = event_entry_slot(event_list_head(&lane->list));
        event_list_drop(&lane->list, &queue->ladder.chunks);
        lane->count--;
        taken = true;
        drop_dead_heads(queue, lane);
    }
    if (lane->list.last != NULL) {
        event_queue_mark(queue, lane);
    }
    return taken;
}

// The head of the main set is known to come next: takes its slot, unless it is dead or a marker
// whose lane has moved on.
static bool take_from_main(struct event_queue *queue, uint32_t *slot)
{
    const struct event_entry entry = *queue->ladder.head++;
    *slot = event_entry_slot(entry);
    if (queue->records[*slot].key == entry.key) {
        return true;
    }
    if ((queue->records[*slot].part & EVENT_PART_MARKER) != 0) {
        return take_from_lane(queue, entry, slot);
    }
    queue->main_dead--;
    return false;
}

static bool take_from_now(struct event_queue *queue, uint32_t *slot)
{
    const uint64_t key = queue->now_keys[queue->now_head++ & queue->now_mask];
    *slot = (uint32_t)(key & EVENT_SLOT_MASK);
    return queue->records[*slot].key == key;
}

// Every entry of the main set at the present instant was scheduled before the instant began, every
// one of the now lane after: the main set goes first.
bool event_queue_next_slowly(struct event_queue *queue, int64_t limit, int64_t *time,
                             struct event *event)
{
    struct event_ladder *const ladder = &queue->ladder;
    for (;;) {
        int64_t next = queue->present;
        bool taken;
        uint32_t slot;
        if (queue->now_head != queue->now_tail &&
            (!event_ladder_near(ladder) || (int64_t)ladder->head->time > next)) {
            if (next >= limit) {
                return false;
            }
            taken = take_from_now(queue, &slot);
        } else {
            if (!event_ladder_near(ladder) &&
                !event_ladder_refill(ladder, (uint64_t)limit, queue->records)) {
                return false;
            }
            next = (int64_t)ladder->head->time;
            if (next >= limit) {
                return false;
            }
            taken = take_from_main(queue, &slot);
        }
        if (taken) {
            *event = event_queue_take(queue, slot);
            *time = next;
            event_queue_advance(queue, next);
            return true;
        }
    }
}

static void sweep_lane(struct event_queue *queue, struct event_lane *lane)
{
    lane->count -= event_list_sweep(&lane->list, &queue->ladder.chunks, queue->records);
    lane->dead = 0;
}

static void count_dead(struct event_queue *queue, uint32_t part)
{
    if (part == EVENT_PART_MAIN) {
        queue->main_dead++;
        if (queue->main_dead > DEAD_IN_MAIN &&
            queue->main_dead > event_ladder_count(&queue->ladder) / 2) {
            event_ladder_sweep(&queue->ladder, queue->records);
            queue->main_dead = 0;
        }
    } else if (part >= EVENT_PART_LANE) {
        struct event_lane *lane = queue->lanes[part - EVENT_PART_LANE];
        lane->dead++;
        if (lane->dead > DEAD_IN_LANE && lane->dead > lane->count / 2) {
            sweep_lane(queue, lane);
        }
    }
}

bool event_queue_cancel_some(struct event_queue *queue, uint64_t id)
{
    const uint32_t slot = (uint32_t)(id & EVENT_SLOT_MASK);
    CHECK(slot < queue->used);
    if (queue->records[slot].key != id) {
        return false;
    }
    const uint32_t part = queue->records[slot].part;
    event_queue_take(queue, slot);
    queue->cancelled++;
    count_dead(queue, part);
    return true;
}

size_t event_queue_pending(const struct event_queue *queue)
{
    const uint64_t scheduled = (queue->next_key >> EVENT_SLOT_BITS) - 1;
    return (size_t)(scheduled - queue->happened - queue->cancelled);
}

size_t event_queue_bytes(const struct event_queue *queue)
{
    return sizeof *queue + queue->room * sizeof *queue->records +
           ((size_t)queue->now_mask + 1) * sizeof *queue->now_keys +
           queue->lane_count * (sizeof *queue->lanes + sizeof **queue->lanes) +
           event_ladder_bytes(&queue->ladder);
}
