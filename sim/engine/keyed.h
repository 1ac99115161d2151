// keyed - a bounded set of keyed entries with expiry and eviction: the inside of every cache.
//
// A hash table with chains and intrusive lists, in integers, 40 bytes an entry and 4 to 8 of
// index. Evictions: lru, lfu (counts up to 255; the least recently used among the least
// counted), fifo, random, and sieve (Zhang et al., NSDI'24: fifo with a visited mark and a
// moving hand). Memory grows with what is stored. An entry is named by a pointer that is good
// until the next keyed_set.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kernel/random.h"

enum keyed_eviction { KEYED_LRU, KEYED_LFU, KEYED_FIFO, KEYED_RANDOM, KEYED_SIEVE };

struct keyed_entry {
    uint64_t key;
    int64_t expires_ns;      // TIME_NEVER: no expiry; the set itself never looks at it
    uint32_t newer, older;   // neighbours in its list, 0: none
    uint32_t chain;          // next of the same hash, 0: none
    uint32_t word;           // free for the owner
    uint8_t uses;            // lfu: which list; sieve: the visited mark
};

struct keyed_list {
    uint32_t newest, oldest;
};

struct keyed {
    enum keyed_eviction eviction;
    uint32_t capacity;          // entries
    uint32_t count;
    uint32_t used, room;        // entries ever used and allocated; number 0 is never given
    uint32_t free;              // head of the free entries, linked by `chain`
    uint32_t hand;              // sieve
    uint32_t bucket_room;       // a power of two, or 0
    uint32_t *buckets;
    struct keyed_entry *entries;
    struct keyed_list *lists;   // 256 for lfu, 1 otherwise
    struct random_stream *stream; // KEYED_RANDOM; borrowed
    uint64_t evicted;
};

// capacity >= 1.
void keyed_init(struct keyed *keyed, enum keyed_eviction eviction, uint32_t capacity,
                struct random_stream *stream);
void keyed_release(struct keyed *keyed);
void keyed_clear(struct keyed *keyed); // empty; the counter stays

// The entry of the key, NULL if there is none. Does not count as a use.
struct keyed_entry *keyed_find(const struct keyed *keyed, uint64_t key);

// The entry has been used: it moves as its eviction demands.
void keyed_touch(struct keyed *keyed, struct keyed_entry *entry);

// The entry of the key, made (evicting another if the set is full) or used again.
struct keyed_entry *keyed_set(struct keyed *keyed, uint64_t key, int64_t expires_ns);

bool keyed_remove(struct keyed *keyed, uint64_t key); // true: there was one

// True if the lists hold as many entries as are counted and the index finds each of them.
bool keyed_is_sound(const struct keyed *keyed);
size_t keyed_bytes(const struct keyed *keyed);
