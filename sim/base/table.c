// table - a map from 64-bit keys to 32-bit numbers: open addressing, linear probing, no tombstones.
#include "sim/base/table.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"

enum { TABLE_SMALLEST = 16, TABLE_LARGEST = 1 << 30 };

void table_init(struct table *table)
{
    *table = (struct table){0};
}

void table_release(struct table *table)
{
    free(table->keys);
    free(table->numbers);
    table_init(table);
}

void table_clear(struct table *table)
{
    if (table->count > 0) {
        memset(table->numbers, 0, table->room * sizeof *table->numbers);
        table->count = 0;
    }
}

static uint32_t home(const struct table *table, uint64_t key)
{
    return (uint32_t)digest_mix(key, 0) & (table->room - 1);
}

// The place of the key, or the free place where it would go.
static uint32_t place_of(const struct table *table, uint64_t key)
{
    uint32_t place = home(table, key);
    while (table->numbers[place] != 0 && table->keys[place] != key) {
        place = (place + 1) & (table->room - 1);
    }
    return place;
}

static void grow(struct table *table)
{
    const struct table old = *table;
    CHECK(old.room < TABLE_LARGEST);
    table->room = old.room == 0 ? TABLE_SMALLEST : old.room * 2;
    table->keys = check_calloc(table->room, sizeof *table->keys);
    table->numbers = check_calloc(table->room, sizeof *table->numbers);
    for (uint32_t i = 0; i < old.room; i++) {
        if (old.numbers[i] != 0) {
            const uint32_t place = place_of(table, old.keys[i]);
            table->keys[place] = old.keys[i];
            table->numbers[place] = old.numbers[i];
        }
    }
    free(old.keys);
    free(old.numbers);
}

uint32_t table_get(const struct table *table, uint64_t key)
{
    return table->count == 0 ? 0 : table->numbers[place_of(table, key)];
}

void table_set(struct table *table, uint64_t key, uint32_t number)
{
    CHECK(number > 0);
    if ((uint64_t)(table->count + 1) * 3 > (uint64_t)table->room * 2) {
        grow(table);
    }
    const uint32_t place = place_of(table, key);
    table->count += table->numbers[place] == 0;
    table->keys[place] = key;
    table->numbers[place] = number;
}

// Closes the gap: whoever stands behind it and not at home or between moves up.
static void close_gap(struct table *table, uint32_t gap)
{
    const uint32_t mask = table->room - 1;
    for (uint32_t at = (gap + 1) & mask; table->numbers[at] != 0; at = (at + 1) & mask) {
        const uint32_t from_home = (at - home(table, table->keys[at])) & mask;
        if (from_home >= ((at - gap) & mask)) {
            table->keys[gap] = table->keys[at];
            table->numbers[gap] = table->numbers[at];
            gap = at;
        }
    }
    table->numbers[gap] = 0;
}

uint32_t table_remove(struct table *table, uint64_t key)
{
    if (table->count == 0) {
        return 0;
    }
    const uint32_t place = place_of(table, key);
    const uint32_t number = table->numbers[place];
    if (number != 0) {
        table->count--;
        close_gap(table, place);
    }
    return number;
}

size_t table_bytes(const struct table *table)
{
    return (size_t)table->room * (sizeof *table->keys + sizeof *table->numbers);
}
