// event_ladder - the main set of pending events: a radix ladder, exact and without tuning.
#include "sim/kernel/event_ladder.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/path.h"

enum {
    ROOM = 1024,        // entries of the bottom; it moves upwards through this window
    BOTTOM_SHORT = 16,  // in a bottom up to this length, places are found without a branch
    BOTTOM_LONG = 40,   // in a longer one, they are looked for from the nearer end
    BOTTOM_GROWTH = 64, // a bottom that grew by more sheds its late part
    BOTTOM_KEEP = 24,   // and keeps about so many
    POUR_LEAST = 32,    // a bucket with so many or fewer is poured,
    POUR_MOST = 512,    // one with more is spread over the level below
    RANK_MOST = 24,     // up to so many are sorted by counting ranks, more by bins
    GATHER_MOST = 32,   // so few pending events stand in the bottom altogether
    BIN_BITS = 8,
    BINS = 1 << BIN_BITS,
};

static const uint64_t ALL_TIME = UINT64_MAX;

// Ends the bottom at `tail`.
static inline void end_bottom(struct event_ladder *ladder, struct event_entry *tail)
{
    ladder->tail = tail;
    *tail = EVENT_ENTRY_NEVER;
}

static inline uint32_t bottom_count(const struct event_ladder *ladder)
{
    return (uint32_t)(ladder->tail - ladder->head);
}

static void widen(struct event_ladder *ladder)
{
    ladder->base = 0;
    ladder->level = EVENT_LADDER_LEVELS;
    ladder->end = ALL_TIME;
}

static void open_window(struct event_ladder *ladder, uint32_t room)
{
    ladder->room = room;
    ladder->window = check_realloc(ladder->window, room * sizeof *ladder->window);
    ladder->full = ladder->window + room - 1;
}

void event_ladder_init(struct event_ladder *ladder)
{
    *ladder = (struct event_ladder){0};
    open_window(ladder, ROOM);
    ladder->head = ladder->window;
    end_bottom(ladder, ladder->window);
    event_list_pool_init(&ladder->chunks);
    ladder->most = BOTTOM_GROWTH;
    widen(ladder);
}

void event_ladder_release(struct event_ladder *ladder)
{
    free(ladder->window);
    event_list_pool_release(&ladder->chunks);
    *ladder = (struct event_ladder){0};
}

static inline void put_in_bucket(struct event_ladder *ladder, struct event_entry entry)
{
    const uint64_t differs = entry.time ^ ladder->base;
    const uint32_t level = (uint32_t)(63 - __builtin_clzll(differs | 1)) / 8;
    const uint32_t bucket = (uint32_t)(entry.time >> (8 * level)) & (EVENT_LADDER_BUCKETS - 1);
    event_list_add(&ladder->buckets[level][bucket], &ladder->chunks, entry);
    ladder->bits[level][bucket / 64] |= (uint64_t)1 << (bucket % 64);
    ladder->levels |= (uint32_t)1 << level;
}

void event_ladder_add_far(struct event_ladder *ladder, struct event_entry entry)
{
    put_in_bucket(ladder, entry);
    ladder->far++;
}

// The lowest bucket of a level that is not empty.
static uint32_t lowest_bucket(const struct event_ladder *ladder, uint32_t level)
{
    uint32_t word = 0;
    while (ladder->bits[level][word] == 0) {
        word++;
    }
    return word * 64 + (uint32_t)__builtin_ctzll(ladder->bits[level][word]);
}

static struct event_list take_bucket(struct event_ladder *ladder, uint32_t level, uint32_t bucket)
{
    const struct event_list list = ladder->buckets[level][bucket];
    uint64_t *bits = ladder->bits[level];
    ladder->buckets[level][bucket] = (struct event_list){NULL};
    bits[bucket / 64] &= ~((uint64_t)1 << (bucket % 64));
    if ((bits[0] | bits[1] | bits[2] | bits[3]) == 0) {
        ladder->levels &= ~((uint32_t)1 << level);
    }
    return list;
}

// Moves the bottom to the start of its window, which grows if the bottom fills half of it.
static void make_room(struct event_ladder *ladder)
{
    const uint32_t count = bottom_count(ladder);
    memmove(ladder->window, ladder->head, count * sizeof *ladder->window);
    if (count > ladder->room / 2) {
        open_window(ladder, ladder->room * 2);
    }
    ladder->head = ladder->window;
    end_bottom(ladder, ladder->window + count);
}

// Every later entry moves up by one place, every earlier one onto itself.
static void insert_short(struct event_ladder *ladder, struct event_entry entry)
{
    struct event_entry *place = ladder->tail;
    for (struct event_entry *at = ladder->tail; at-- > ladder->head;) {
        const struct event_entry other = event_entry_load(at);
        const uint32_t later = event_entry_before(entry, other);
        at[later] = other;
        place -= later;
    }
    *place = entry;
    end_bottom(ladder, ladder->tail + 1);
}

// Every earlier entry moves down by one place; the last one is known to be later.
static void insert_from_head(struct event_ladder *ladder, struct event_entry entry)
{
    struct event_entry *place = --ladder->head;
    for (;; place++) {
        const struct event_entry other = event_entry_load(place + 1);
        if (!event_entry_before(other, entry)) {
            break;
        }
        *place = other;
    }
    *place = entry;
}

static void insert_from_tail(struct event_ladder *ladder, struct event_entry entry)
{
    struct event_entry *place = ladder->tail;
    for (; place != ladder->head; place--) {
        const struct event_entry other = event_entry_load(place - 1);
        if (!event_entry_before(entry, other)) {
            break;
        }
        *place = other;
    }
    *place = entry;
    end_bottom(ladder, ladder->tail + 1);
}

// Moves every bucketed entry into the order that a lower base gives. Needed only when entries were
// added before the bottom's range, after a look ahead that took nothing.
static void rebase(struct event_ladder *ladder, uint64_t base)
{
    struct event_list all = {NULL};
    while (ladder->levels != 0) {
        const uint32_t level = (uint32_t)__builtin_ctz(ladder->levels);
        struct event_list list = take_bucket(ladder, level, lowest_bucket(ladder, level));
        while (list.last != NULL) {
            event_list_add(&all, &ladder->chunks, event_list_head(&list));
            event_list_drop(&list, &ladder->chunks);
        }
    }
    ladder->far = 0;
    ladder->base = base;
    while (all.last != NULL) {
        event_ladder_add_far(ladder, event_list_head(&all));
        event_list_drop(&all, &ladder->chunks);
    }
}

// Narrows the bottom's range until it holds few entries, or one instant; the others go to buckets.
static void shed(struct event_ladder *ladder)
{
    const uint64_t first = ladder->head->time;
    if (first < ladder->base) {
        rebase(ladder, first);
        ladder->level = EVENT_LADDER_LEVELS;
    }
    struct event_entry *tail = ladder->tail;
    while (tail - ladder->head > BOTTOM_KEEP && ladder->level > 0) {
        const uint64_t span = (uint64_t)1 << (8 * --ladder->level);
        ladder->base = first & ~(span - 1);
        ladder->end = ladder->base + span;
        while (tail[-1].time >= ladder->end) {
            tail--;
        }
    }
    for (const struct event_entry *at = tail; at < ladder->tail; at++) {
        event_ladder_add_far(ladder, *at);
    }
    end_bottom(ladder, tail);
    ladder->most = BOTTOM_GROWTH;
}

// The bottom is long, or at the end of its window.
PATH_APART static void add_with_care(struct event_ladder *ladder, struct event_entry entry)
{
    if (ladder->tail >= ladder->full) {
        make_room(ladder);
    }
    const uint32_t count = bottom_count(ladder);
    if (count > BOTTOM_LONG && ladder->head != ladder->window &&
        event_entry_before(entry, ladder->head[count / 2])) {
        insert_from_head(ladder, entry);
    } else {
        insert_from_tail(ladder, entry);
    }
    if (count >= ladder->most && ladder->level > 0) {
        shed(ladder);
    }
}

void event_ladder_add_near(struct event_ladder *ladder, struct event_entry entry)
{
    const uint32_t count = bottom_count(ladder);
    if (ladder->tail >= ladder->full || count > BOTTOM_LONG) {
        add_with_care(ladder, entry);
    } else if (count <= BOTTOM_SHORT) {
        insert_short(ladder, entry);
    } else {
        insert_from_tail(ladder, entry);
    }
}

static uint32_t list_count(const struct event_list *list, uint32_t enough)
{
    uint32_t count = list->last->count;
    for (const struct event_chunk *chunk = list->last->next; chunk != list->last && count <= enough;
         chunk = chunk->next) {
        count += chunk->count;
    }
    return count;
}

static void sift(struct event_entry *heap, size_t hole, size_t count, struct event_entry entry)
{
    for (size_t child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
        child += child + 1 < count && event_entry_before(heap[child], heap[child + 1]);
        if (!event_entry_before(entry, heap[child])) {
            break;
        }
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = entry;
}

static void sort_by_heap(struct event_entry *entries, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sift(entries, i, count, entries[i]);
    }
    for (size_t i = count; i-- > 1;) {
        const struct event_entry last = entries[i];
        entries[i] = entries[0];
        sift(entries, 0, i, last);
    }
}

static bool in_order(const struct event_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (event_entry_before(entries[i], entries[i - 1])) {
            return false;
        }
    }
    return true;
}

// Many events of one instant: appended as they stand, and sorted only if lanes came in between.
static void pour_instant(struct event_ladder *ladder, struct event_list *list)
{
    while (list->last != NULL) {
        if (ladder->tail >= ladder->full) {
            make_room(ladder);
        }
        *ladder->tail++ = event_list_head(list);
        event_list_drop(list, &ladder->chunks);
        ladder->far--;
    }
    if (!in_order(ladder->head, bottom_count(ladder))) {
        sort_by_heap(ladder->head, bottom_count(ladder));
    }
}

// Sorts a few entries by counting for each how many come before it: no branch depends on the order.
static void sort_by_rank(const struct event_entry *entries, uint32_t count,
                         struct event_entry *sorted)
{
    uint32_t ranks[RANK_MOST];
    for (uint32_t i = 0; i < count; i++) {
        const struct event_entry entry = entries[i];
        uint32_t rank = i;
        for (uint32_t j = 0; j < i; j++) {
            const uint32_t before = event_entry_before(entry, entries[j]);
            rank -= before;
            ranks[j] += before;
        }
        ranks[i] = rank;
    }
    for (uint32_t i = 0; i < count; i++) {
        sorted[ranks[i]] = entries[i];
    }
}

// Sorts entries of one bucket by the next digit's upper bits, then puts right what shares a bin.
static void sort_by_bins(const struct event_entry *entries, uint32_t count, uint32_t level,
                         struct event_entry *sorted)
{
    const uint32_t shift = level == 0 ? 0 : 8 * level - BIN_BITS;
    uint32_t ends[BINS] = {0};
    for (uint32_t i = 0; i < count; i++) {
        ends[(entries[i].time >> shift) % BINS]++;
    }
    for (uint32_t bin = 1; bin < BINS; bin++) {
        ends[bin] += ends[bin - 1];
    }
    for (uint32_t i = count; i-- > 0;) {
        sorted[--ends[(entries[i].time >> shift) % BINS]] = entries[i];
    }
    for (uint32_t i = 1; i < count; i++) {
        const struct event_entry entry = event_entry_load(&sorted[i]);
        uint32_t place = i;
        for (; place > 0 && event_entry_before(entry, sorted[place - 1]); place--) {
            sorted[place] = sorted[place - 1];
        }
        sorted[place] = entry;
    }
}

// Moves a bucket of at most POUR_MOST entries to the end of the bottom.
static void pour(struct event_ladder *ladder, struct event_list list, uint32_t level,
                 const struct event_record *records)
{
    struct event_entry entries[POUR_MOST];
    uint32_t count = 0;
    struct event_chunk *chunk = list.last->next;
    for (bool more = true; more;) {
        for (uint32_t i = 0; i < chunk->count; i++) {
            __builtin_prefetch(&records[event_entry_slot(chunk->entries[i])]);
            entries[count++] = chunk->entries[i];
        }
        more = chunk != list.last;
        struct event_chunk *next = chunk->next;
        event_list_chunk_give(&ladder->chunks, chunk);
        chunk = next;
    }
    if (count <= RANK_MOST) {
        sort_by_rank(entries, count, ladder->tail);
    } else {
        sort_by_bins(entries, count, level, ladder->tail);
    }
    ladder->tail += count;
    ladder->far -= count;
}

// What happens next is likely to fall into a bottom that holds a large part of all, and to take
// long.
static uint32_t pour_most(const struct event_ladder *ladder)
{
    const uint32_t share = ladder->far / 8;
    return share < POUR_LEAST ? POUR_LEAST : share > POUR_MOST ? POUR_MOST : share;
}

static void spread(struct event_ladder *ladder, struct event_list list)
{
    struct event_chunk *chunk = list.last->next;
    for (bool more = true; more;) {
        __builtin_prefetch(chunk->next);
        __builtin_prefetch(&chunk->next->entries[3]);
        __builtin_prefetch(&chunk->next->entries[7]);
        __builtin_prefetch(&chunk->next->entries[11]);
        for (uint32_t i = 0; i < chunk->count; i++) {
            put_in_bucket(ladder, chunk->entries[i]);
        }
        more = chunk != list.last;
        struct event_chunk *next = chunk->next;
        event_list_chunk_give(&ladder->chunks, chunk);
        chunk = next;
    }
}

static void gather(struct event_ladder *ladder, const struct event_record *records)
{
    while (ladder->levels != 0) {
        const uint32_t level = (uint32_t)__builtin_ctz(ladder->levels);
        const struct event_list list = take_bucket(ladder, level, lowest_bucket(ladder, level));
        pour(ladder, list, level, records);
    }
    widen(ladder);
}

bool event_ladder_refill(struct event_ladder *ladder, uint64_t limit,
                         const struct event_record *records)
{
    ladder->head = ladder->window;
    end_bottom(ladder, ladder->window);
    if (ladder->far <= GATHER_MOST) {
        gather(ladder, records);
    }
    while (!event_ladder_near(ladder) && ladder->levels != 0) {
        const uint32_t level = (uint32_t)__builtin_ctz(ladder->levels);
        const uint32_t bucket = lowest_bucket(ladder, level);
        const uint64_t span = (uint64_t)1 << (8 * level);
        const uint64_t start = (ladder->base & ~(span * 256 - 1)) | (uint64_t)bucket << (8 * level);
        if (start >= limit) {
            return false;
        }
        struct event_list list = take_bucket(ladder, level, bucket);
        ladder->base = start;
        ladder->level = level;
        ladder->end = start + span;
        const uint32_t most = pour_most(ladder);
        if (list_count(&list, most) <= most) {
            pour(ladder, list, level, records);
        } else if (level == 0) {
            pour_instant(ladder, &list);
        } else {
            ladder->end = start; // for now nothing of the range is near
            spread(ladder, list);
        }
    }
    end_bottom(ladder, ladder->tail);
    ladder->most = bottom_count(ladder) + BOTTOM_GROWTH;
    return event_ladder_near(ladder);
}

static void sweep_bucket(struct event_ladder *ladder, uint32_t level, uint32_t bucket,
                         const struct event_record *records)
{
    struct event_list list = take_bucket(ladder, level, bucket);
    ladder->far -= event_list_sweep(&list, &ladder->chunks, records);
    if (list.last != NULL) {
        ladder->buckets[level][bucket] = list;
        ladder->bits[level][bucket / 64] |= (uint64_t)1 << (bucket % 64);
        ladder->levels |= (uint32_t)1 << level;
    }
}

uint32_t event_ladder_sweep(struct event_ladder *ladder, const struct event_record *records)
{
    const size_t before = event_ladder_count(ladder);
    struct event_entry *kept = ladder->head;
    for (const struct event_entry *at = ladder->head; at < ladder->tail; at++) {
        *kept = *at;
        kept += event_entry_live(*at, records);
    }
    end_bottom(ladder, kept);
    for (uint32_t level = 0; level < EVENT_LADDER_LEVELS; level++) {
        for (uint32_t bucket = 0; bucket < EVENT_LADDER_BUCKETS; bucket++) {
            if (ladder->buckets[level][bucket].last != NULL) {
                sweep_bucket(ladder, level, bucket, records);
            }
        }
    }
    return (uint32_t)(before - event_ladder_count(ladder));
}

size_t event_ladder_count(const struct event_ladder *ladder)
{
    return (size_t)bottom_count(ladder) + ladder->far;
}

size_t event_ladder_bytes(const struct event_ladder *ladder)
{
    return ladder->room * sizeof *ladder->window + ladder->chunks.bytes;
}
