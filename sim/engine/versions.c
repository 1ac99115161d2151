// versions - what a replica holds: the newest version of each key, and how to take back what was
// not yet durable.
#include "sim/engine/versions.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"

void versions_init(struct versions *versions)
{
    *versions = (struct versions){0};
    map_init(&versions->places);
}

void versions_release(struct versions *versions)
{
    map_release(&versions->places);
    free(versions->entries);
    free(versions->keys);
    ring_release(&versions->undo);
    versions_init(versions);
}

void versions_clear(struct versions *versions)
{
    map_clear(&versions->places);
    versions->count = 0;
    ring_clear(&versions->undo);
}

// Places are numbered from 1: 0 is the map's word for none.
struct version versions_get(const struct versions *versions, uint64_t key)
{
    const uint32_t place = map_get(&versions->places, key);
    return place == 0 ? (struct version){0} : versions->entries[place - 1];
}

static void make_room(struct versions *versions)
{
    if (versions->count == versions->room) {
        versions->room = versions->room == 0 ? 64 : versions->room * 2;
        versions->entries =
            check_realloc(versions->entries, versions->room * sizeof *versions->entries);
        versions->keys = check_realloc(versions->keys, versions->room * sizeof *versions->keys);
    }
}

static struct version *place_of(struct versions *versions, uint64_t key)
{
    uint32_t place = map_get(&versions->places, key);
    if (place == 0) {
        make_room(versions);
        place = ++versions->count;
        versions->entries[place - 1] = (struct version){0};
        versions->keys[place - 1] = key;
        map_set(&versions->places, key, place);
    }
    return &versions->entries[place - 1];
}

void versions_put(struct versions *versions, uint64_t key, struct version version,
                  uint64_t position)
{
    struct version *place = place_of(versions, key);
    if (position > 0) {
        struct version_undo *undo = ring_put(&versions->undo, sizeof *undo);
        *undo = (struct version_undo){key, position, *place};
    }
    *place = version;
}

bool versions_merge(struct versions *versions, uint64_t key, struct version version,
                    uint64_t position)
{
    const struct version held = versions_get(versions, key);
    const bool newer =
        version.stamp > held.stamp || (version.stamp == held.stamp && version.value > held.value);
    if (newer) {
        versions_put(versions, key, version, position);
    }
    return newer;
}

void versions_settle(struct versions *versions, uint64_t position)
{
    while (versions->undo.count > 0) {
        const struct version_undo *undo = ring_at(&versions->undo, 0);
        if (undo->position > position) {
            return;
        }
        ring_drop(&versions->undo);
    }
}

void versions_undo(struct versions *versions, uint64_t position)
{
    while (versions->undo.count > 0) {
        const struct version_undo *undo = ring_last(&versions->undo);
        if (undo->position <= position) {
            return;
        }
        *place_of(versions, undo->key) = undo->before;
        ring_drop_last(&versions->undo);
    }
}

void versions_copy(struct versions *to, const struct versions *from)
{
    versions_clear(to);
    for (uint32_t i = 0; i < from->count; i++) {
        *place_of(to, from->keys[i]) = from->entries[i];
    }
}

uint64_t versions_digest(const struct versions *versions)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < versions->count; i++) {
        const struct version *entry = &versions->entries[i];
        if (entry->value != 0) {
            const uint64_t what = digest_mix(entry->value, (uint64_t)entry->stamp);
            sum += digest_mix(versions->keys[i], what);
        }
    }
    return sum;
}

size_t versions_bytes(const struct versions *versions)
{
    return map_bytes(&versions->places) +
           versions->room * (sizeof *versions->entries + sizeof *versions->keys) +
           ring_bytes(&versions->undo);
}
