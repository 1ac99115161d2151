// cockroach_row - versions of keys by timestamp, and the intents that lie on them.
#include "models/datastores/cockroach.h"

#include "sim/kernel/time.h"

// Reads of the past reach back this far; older versions are forgotten.
enum { KEPT_S = 10, OLDER_FIRST = 8 };

void cockroach_row_begin(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    map_init(&cluster->row_places);
    slots_init(&cluster->rows, sizeof(struct cockroach_row));
    slots_init(&cluster->older, sizeof(struct cockroach_older));
}

void cockroach_row_end(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    map_release(&cluster->row_places);
    slots_release(&cluster->rows);
    slots_release(&cluster->older);
}

struct cockroach_row *cockroach_row_find(const struct component *component, uint64_t key)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(component);
    const uint32_t number = versions_tracks(key) ? map_get(&cluster->row_places, key) : 0;
    return number == 0 ? NULL : slots_at(&cluster->rows, number);
}

static struct cockroach_older *older_at(const struct cockroach_cluster *cluster, uint32_t number)
{
    return slots_at(&cluster->older, number);
}

static void give_older(struct cockroach_cluster *cluster, uint32_t number)
{
    while (number != 0) {
        const uint32_t next = older_at(cluster, number)->next;
        slots_give(&cluster->older, number);
        number = next;
    }
}

static void give_row(struct cockroach_cluster *cluster, uint32_t number)
{
    struct cockroach_row *row = slots_at(&cluster->rows, number);
    map_remove(&cluster->row_places, row->key);
    give_older(cluster, row->older);
    row->used = false;
    slots_give(&cluster->rows, number);
}

// Where nobody asks for values, a version that can conflict with no one is forgotten: for each new
// row two others are looked at, so that rows live little longer than they matter.
static void sweep(struct component *component)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    const int64_t horizon = component->world->now - KEPT_S * TIME_S;
    for (uint32_t i = 0; i < 2 && component->history == NULL; i++) {
        cluster->swept = cluster->swept + 1 < cluster->rows.used ? cluster->swept + 1 : 1;
        const struct cockroach_row *row = slots_at(&cluster->rows, cluster->swept);
        if (row->used && row->writer == 0 && row->newest.value != 0 &&
            row->newest.stamp < horizon) {
            give_row(cluster, cluster->swept);
        }
    }
}

static struct cockroach_row *take_row(struct component *component, uint32_t range, uint64_t key)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    struct cockroach_row *row = cockroach_row_find(component, key);
    if (row == NULL) {
        const uint32_t number = slots_take(&cluster->rows);
        map_set(&cluster->row_places, key, number);
        row = slots_at(&cluster->rows, number);
        row->range = range;
        row->key = key;
        row->older_limit = OLDER_FIRST;
        row->used = true;
        sweep(component);
    }
    return row;
}

struct cockroach_version cockroach_row_read(const struct component *component, uint64_t key,
                                            int64_t stamp)
{
    const struct cockroach_cluster *cluster = cockroach_cluster(component);
    const struct cockroach_row *row = cockroach_row_find(component, key);
    if (row == NULL) {
        return (struct cockroach_version){0};
    }
    struct cockroach_version version = row->newest;
    uint32_t next = row->older;
    while (version.stamp > stamp && next != 0) {
        version = older_at(cluster, next)->version;
        next = older_at(cluster, next)->next;
    }
    return version.stamp > stamp ? (struct cockroach_version){0} : version;
}

// Keeps what reads of the past can still see: the first version before the horizon is the last.
static void prune(struct component *component, struct cockroach_row *row)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    const int64_t horizon = component->world->now - KEPT_S * TIME_S;
    uint32_t number = row->older, kept = 0;
    while (number != 0) {
        struct cockroach_older *older = older_at(cluster, number);
        kept++;
        if (older->version.stamp <= horizon) {
            give_older(cluster, older->next);
            older->next = 0;
        }
        number = older->next;
    }
    row->older_count = kept;
    row->older_limit = 2 * kept + OLDER_FIRST;
}

void cockroach_row_put(struct component *component, uint32_t range, uint64_t key,
                       struct cockroach_version version)
{
    if (!versions_tracks(key)) {
        return;
    }
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    struct cockroach_row *row = take_row(component, range, key);
    if (row->newest.value != 0) {
        const uint32_t number = slots_take(&cluster->older);
        struct cockroach_older *older = older_at(cluster, number);
        older->version = row->newest;
        older->next = row->older;
        row->older = number;
        row->older_count++;
    }
    row->newest = version;
    if (row->older_count >= row->older_limit) {
        prune(component, row);
    }
}

struct cockroach_row *cockroach_row_lay(struct component *component, uint32_t range, uint64_t key)
{
    return versions_tracks(key) ? take_row(component, range, key) : NULL;
}

// ---- a log that has lost its end --------------------------------------------------------------

static void roll_back(struct cockroach_cluster *cluster, struct cockroach_row *row, uint64_t index)
{
    while (row->newest.index >= index && row->newest.value != 0) {
        const uint32_t number = row->older;
        if (number == 0) {
            row->newest = (struct cockroach_version){0};
            return;
        }
        row->newest = older_at(cluster, number)->version;
        row->older = older_at(cluster, number)->next;
        row->older_count--;
        slots_give(&cluster->older, number);
    }
    if (row->intent.index >= index) {
        row->writer = 0;
    }
}

void cockroach_row_roll_back(struct component *component, uint32_t range, uint64_t index)
{
    struct cockroach_cluster *cluster = cockroach_cluster(component);
    for (uint32_t number = 1; number < cluster->rows.used; number++) {
        struct cockroach_row *row = slots_at(&cluster->rows, number);
        if (row->used && row->range == range) {
            roll_back(cluster, row, index);
        }
    }
}
