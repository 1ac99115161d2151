// keyed - a bounded set of keyed entries with expiry and eviction: the inside of every cache.
#include "sim/engine/keyed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"

static_assert(sizeof(struct keyed_entry) <= 40, "millions of entries are kept");

enum { KEYED_SMALLEST = 64, KEYED_USES = 256 };

static uint32_t list_count(const struct keyed *keyed)
{
    return keyed->eviction == KEYED_LFU ? KEYED_USES : 1;
}

void keyed_init(struct keyed *keyed, enum keyed_eviction eviction, uint32_t capacity,
                struct random_stream *stream)
{
    CHECK(capacity >= 1);
    CHECK(stream != NULL || eviction != KEYED_RANDOM);
    *keyed = (struct keyed){
        .eviction = eviction, .capacity = capacity, .used = 1, .stream = stream};
    keyed->lists = check_calloc(list_count(keyed), sizeof *keyed->lists);
}

void keyed_release(struct keyed *keyed)
{
    free(keyed->entries);
    free(keyed->buckets);
    free(keyed->lists);
    *keyed = (struct keyed){0};
}

void keyed_clear(struct keyed *keyed)
{
    keyed->count = keyed->free = keyed->hand = 0;
    keyed->used = 1;
    if (keyed->bucket_room > 0) {
        memset(keyed->buckets, 0, keyed->bucket_room * sizeof *keyed->buckets);
    }
    memset(keyed->lists, 0, list_count(keyed) * sizeof *keyed->lists);
}

// ---- lists ------------------------------------------------------------------------------------

static struct keyed_entry *entry_at(const struct keyed *keyed, uint32_t number)
{
    return &keyed->entries[number];
}

static uint32_t number_of(const struct keyed *keyed, const struct keyed_entry *entry)
{
    return (uint32_t)(entry - keyed->entries);
}

static struct keyed_list *list_of(const struct keyed *keyed, const struct keyed_entry *entry)
{
    return &keyed->lists[keyed->eviction == KEYED_LFU ? entry->uses : 0];
}

static void link_newest(struct keyed *keyed, struct keyed_entry *entry)
{
    struct keyed_list *list = list_of(keyed, entry);
    const uint32_t number = number_of(keyed, entry);
    entry->newer = 0;
    entry->older = list->newest;
    if (list->newest != 0) {
        entry_at(keyed, list->newest)->newer = number;
    } else {
        list->oldest = number;
    }
    list->newest = number;
}

static void unlink_entry(struct keyed *keyed, const struct keyed_entry *entry)
{
    struct keyed_list *list = list_of(keyed, entry);
    if (keyed->hand == number_of(keyed, entry)) {
        keyed->hand = entry->newer;
    }
    if (entry->newer != 0) {
        entry_at(keyed, entry->newer)->older = entry->older;
    } else {
        list->newest = entry->older;
    }
    if (entry->older != 0) {
        entry_at(keyed, entry->older)->newer = entry->newer;
    } else {
        list->oldest = entry->newer;
    }
}

void keyed_touch(struct keyed *keyed, struct keyed_entry *entry)
{
    switch (keyed->eviction) {
    case KEYED_LRU:
        unlink_entry(keyed, entry);
        link_newest(keyed, entry);
        break;
    case KEYED_LFU:
        unlink_entry(keyed, entry);
        entry->uses += entry->uses < KEYED_USES - 1;
        link_newest(keyed, entry);
        break;
    case KEYED_SIEVE:
        entry->uses = 1;
        break;
    case KEYED_FIFO:
    case KEYED_RANDOM:
        break;
    }
}

// ---- index ------------------------------------------------------------------------------------

static uint32_t *bucket_of(const struct keyed *keyed, uint64_t key)
{
    return &keyed->buckets[(uint32_t)digest_mix(key, 0) & (keyed->bucket_room - 1)];
}

struct keyed_entry *keyed_find(const struct keyed *keyed, uint64_t key)
{
    if (keyed->count == 0) {
        return NULL;
    }
    uint32_t number = *bucket_of(keyed, key);
    while (number != 0 && entry_at(keyed, number)->key != key) {
        number = entry_at(keyed, number)->chain;
    }
    return number == 0 ? NULL : entry_at(keyed, number);
}

static void chain_in(struct keyed *keyed, struct keyed_entry *entry)
{
    uint32_t *bucket = bucket_of(keyed, entry->key);
    entry->chain = *bucket;
    *bucket = number_of(keyed, entry);
}

static void chain_out(struct keyed *keyed, const struct keyed_entry *entry)
{
    uint32_t *link = bucket_of(keyed, entry->key);
    while (*link != number_of(keyed, entry)) {
        link = &entry_at(keyed, *link)->chain;
    }
    *link = entry->chain;
}

static void give_entry(struct keyed *keyed, struct keyed_entry *entry)
{
    unlink_entry(keyed, entry);
    chain_out(keyed, entry);
    entry->chain = keyed->free;
    keyed->free = number_of(keyed, entry);
    keyed->count--;
}

bool keyed_remove(struct keyed *keyed, uint64_t key)
{
    struct keyed_entry *entry = keyed_find(keyed, key);
    if (entry == NULL) {
        return false;
    }
    give_entry(keyed, entry);
    return true;
}

// ---- eviction ---------------------------------------------------------------------------------

static uint32_t least_used(const struct keyed *keyed)
{
    uint32_t uses = 0;
    while (keyed->lists[uses].oldest == 0) {
        uses++;
    }
    return keyed->lists[uses].oldest;
}

// The hand moves from old to new, takes marks away and stops at the first entry without one.
static uint32_t sieve_victim(struct keyed *keyed)
{
    uint32_t number = keyed->hand != 0 ? keyed->hand : keyed->lists[0].oldest;
    while (entry_at(keyed, number)->uses != 0) {
        entry_at(keyed, number)->uses = 0;
        number = entry_at(keyed, number)->newer;
        number = number != 0 ? number : keyed->lists[0].oldest;
    }
    keyed->hand = number;
    return number;
}

// The set is full, so without free entries every number below `used` is live.
static uint32_t victim(struct keyed *keyed)
{
    switch (keyed->eviction) {
    case KEYED_LFU:
        return least_used(keyed);
    case KEYED_RANDOM:
        return 1 + (uint32_t)random_below(keyed->stream, keyed->capacity);
    case KEYED_SIEVE:
        return sieve_victim(keyed);
    case KEYED_LRU:
    case KEYED_FIFO:
        break;
    }
    return keyed->lists[0].oldest;
}

static void grow_entries(struct keyed *keyed)
{
    uint64_t room = keyed->room == 0 ? KEYED_SMALLEST : (uint64_t)keyed->room * 2;
    if (room > (uint64_t)keyed->capacity + 1) {
        room = (uint64_t)keyed->capacity + 1;
    }
    CHECK(room < UINT32_MAX);
    keyed->entries = check_realloc(keyed->entries, room * sizeof *keyed->entries);
    keyed->room = (uint32_t)room;
}

static void grow_buckets(struct keyed *keyed)
{
    const uint32_t old_room = keyed->bucket_room;
    uint32_t *old = keyed->buckets;
    keyed->bucket_room = old_room == 0 ? KEYED_SMALLEST : old_room * 2;
    keyed->buckets = check_calloc(keyed->bucket_room, sizeof *keyed->buckets);
    for (uint32_t i = 0; i < old_room; i++) {
        for (uint32_t number = old[i]; number != 0;) {
            struct keyed_entry *entry = entry_at(keyed, number);
            number = entry->chain;
            chain_in(keyed, entry);
        }
    }
    free(old);
}

static struct keyed_entry *take_entry(struct keyed *keyed)
{
    if (keyed->count == keyed->capacity) {
        give_entry(keyed, entry_at(keyed, victim(keyed)));
        keyed->evicted++;
    }
    if (keyed->count >= keyed->bucket_room) {
        grow_buckets(keyed);
    }
    keyed->count++;
    if (keyed->free != 0) {
        struct keyed_entry *entry = entry_at(keyed, keyed->free);
        keyed->free = entry->chain;
        return entry;
    }
    if (keyed->used >= keyed->room) {
        grow_entries(keyed);
    }
    return entry_at(keyed, keyed->used++);
}

struct keyed_entry *keyed_set(struct keyed *keyed, uint64_t key, int64_t expires_ns)
{
    struct keyed_entry *entry = keyed_find(keyed, key);
    if (entry != NULL) {
        keyed_touch(keyed, entry);
        entry->expires_ns = expires_ns;
        return entry;
    }
    entry = take_entry(keyed);
    *entry = (struct keyed_entry){.key = key, .expires_ns = expires_ns};
    link_newest(keyed, entry);
    chain_in(keyed, entry);
    return entry;
}

bool keyed_is_sound(const struct keyed *keyed)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < list_count(keyed); i++) {
        for (uint32_t number = keyed->lists[i].oldest; number != 0;) {
            const struct keyed_entry *entry = entry_at(keyed, number);
            if (keyed_find(keyed, entry->key) != entry || ++count > keyed->count) {
                return false;
            }
            number = entry->newer;
        }
    }
    return count == keyed->count;
}

size_t keyed_bytes(const struct keyed *keyed)
{
    return keyed->room * sizeof *keyed->entries + keyed->bucket_room * sizeof *keyed->buckets +
           list_count(keyed) * sizeof *keyed->lists;
}
