// table - a map from 64-bit keys to 32-bit numbers: open addressing, linear probing, no tombstones.
//
// A number is never 0: 0 means absent. 12 bytes a place, between a third and two thirds of them
// used while the table grows. There is no iteration: no order can come from a hash.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table {
    uint64_t *keys;
    uint32_t *numbers; // 0: the place is free
    uint32_t room;     // a power of two, or 0
    uint32_t count;
};

void table_init(struct table *table); // no memory while empty
void table_release(struct table *table);
void table_clear(struct table *table);

uint32_t table_get(const struct table *table, uint64_t key); // 0: absent
void table_set(struct table *table, uint64_t key, uint32_t number); // number > 0
uint32_t table_remove(struct table *table, uint64_t key);    // what it was, 0: absent
size_t table_bytes(const struct table *table);
