// cassandra_store - memtables, files by time windows, compaction, what a read has to touch.
//
// A memtable that has grown to its share of the space is flushed: written out in pieces through the
// disk's channels, which reads queue for too. Files belong to the window of their newest row. The
// present window merges any `least` files of like size (within half and one and a half of their
// mean); a window that has passed is merged into one file. Compactions read no more than the
// throughput all together, and use channels and a processor for each piece.
#include <stdlib.h>

#include "models/datastores/cassandra.h"

#include "sim/base/check.h"

enum { PIECE = 1 << 20, COMPACT_PIECE = 0, COMPACT_END = 4 };

static const struct cassandra_configuration *configuration_at(const struct node *node)
{
    return cassandra_configuration(node->component);
}

static struct cassandra_store *store_at(const struct node *node)
{
    return &cassandra_node(node)->store;
}

static int64_t window_now(const struct node *node)
{
    return node->world->now / configuration_at(node)->compaction.window_ns;
}

static struct cassandra_job *job_of(const struct visit *visit)
{
    return slots_at(&store_at(visit->node)->jobs, visit->value);
}

static struct cassandra_job *begin_job(struct node *node, uint64_t bytes, int64_t window)
{
    struct cassandra_store *store = store_at(node);
    const uint32_t number = slots_take(&store->jobs);
    struct cassandra_job *job = slots_at(&store->jobs, number);
    job->number = number;
    job->left = job->bytes = bytes;
    job->window = window;
    job->began_ns = node->world->now;
    return job;
}

static void begin_work(struct node *node, uint32_t operation, const struct cassandra_job *job)
{
    const struct operation *operations = node->component->design->operations;
    struct visit *visit = node_begin_visit(node, &operations[operation], 0);
    if (visit != NULL) {
        visit->value = job->number;
    }
}

static uint64_t next_piece(const struct cassandra_job *job)
{
    return job->left < PIECE ? job->left : PIECE;
}

// One channel's share of the bandwidth.
static int64_t disk_ns(const struct node *node, uint64_t bytes)
{
    const struct cassandra_disk *disk = &configuration_at(node)->disk;
    return time_of((double)bytes * (double)disk->channels / disk->bandwidth * 1e9);
}

// ---- files ------------------------------------------------------------------------------------

static void add_file(struct cassandra_store *store, uint64_t bytes, int64_t window)
{
    if (store->sstable_count == CASSANDRA_SSTABLES) {
        store->sstables[store->sstable_count - 1].bytes += bytes;
        return;
    }
    store->sstables[store->sstable_count++] = (struct cassandra_sstable){bytes, window, false};
}

static void remove_busy(struct cassandra_store *store, int64_t window)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < store->sstable_count; i++) {
        const struct cassandra_sstable *file = &store->sstables[i];
        if (!file->busy || file->window != window) {
            store->sstables[kept++] = *file;
        }
    }
    store->sstable_count = kept;
}

// Files whose rows have all expired go as a whole.
static void drop_expired(struct node *node)
{
    const struct cassandra_compaction *setting = &configuration_at(node)->compaction;
    struct cassandra_store *store = store_at(node);
    const int64_t oldest = (node->world->now - setting->ttl_ns) / setting->window_ns - 1;
    uint32_t kept = 0;
    for (uint32_t i = 0; setting->ttl_ns > 0 && i < store->sstable_count; i++) {
        const struct cassandra_sstable *file = &store->sstables[i];
        if (file->busy || file->window >= oldest) {
            store->sstables[kept++] = *file;
        }
    }
    store->sstable_count = setting->ttl_ns > 0 ? kept : store->sstable_count;
}

// ---- what to compact --------------------------------------------------------------------------

static bool is_alike(const struct cassandra_sstable *file, const struct cassandra_sstable *model)
{
    return !file->busy && file->window == model->window && file->bytes * 2 >= model->bytes &&
           file->bytes * 2 <= model->bytes * 3;
}

// Marks the files to merge with the i-th, if they are enough; returns their bytes, 0: too few.
static uint64_t mark_alike(struct node *node, uint32_t i)
{
    struct cassandra_store *store = store_at(node);
    const struct cassandra_sstable model = store->sstables[i];
    const bool passed = model.window < window_now(node);
    const uint64_t least = passed ? 2 : configuration_at(node)->compaction.least;
    uint64_t count = 0, bytes = 0;
    for (uint32_t k = 0; k < store->sstable_count; k++) {
        const struct cassandra_sstable *file = &store->sstables[k];
        const bool in = passed ? !file->busy && file->window == model.window
                               : is_alike(file, &model);
        count += in;
        bytes += in ? file->bytes : 0;
    }
    for (uint32_t k = 0; count >= least && k < store->sstable_count; k++) {
        struct cassandra_sstable *file = &store->sstables[k];
        file->busy = file->busy || (passed ? file->window == model.window
                                           : is_alike(file, &model));
    }
    return count >= least ? bytes : 0;
}

static bool is_at_work(const struct cassandra_store *store, int64_t window)
{
    for (uint32_t i = 0; i < store->sstable_count; i++) {
        if (store->sstables[i].busy && store->sstables[i].window == window) {
            return true;
        }
    }
    return false;
}

static void look_for_work(struct node *node)
{
    struct cassandra_store *store = store_at(node);
    const uint64_t threads = configuration_at(node)->compaction.threads;
    drop_expired(node);
    for (uint32_t i = 0; i < store->sstable_count && store->compactions < threads; i++) {
        const int64_t window = store->sstables[i].window;
        const uint64_t bytes = is_at_work(store, window) ? 0 : mark_alike(node, i);
        if (bytes > 0) {
            store->compactions++;
            struct cassandra_job *job = begin_job(node, bytes, window);
            job->compacts = true;
            begin_work(node, CASSANDRA_OP_COMPACT, job);
        }
    }
}

// ---- compaction -------------------------------------------------------------------------------

// A piece is read, merged and written.
static enum outcome move_piece(struct visit *visit)
{
    return station_serve(&visit->node->devices[CASSANDRA_DISK], visit,
                         disk_ns(visit->node, 2 * next_piece(job_of(visit))));
}

static enum outcome merge_piece(struct visit *visit)
{
    const double speed = configuration_at(visit->node)->compaction.speed;
    return step_cpu(visit, time_of((double)next_piece(job_of(visit)) / speed * 1e9));
}

static enum outcome pace(struct visit *visit)
{
    const struct node *node = visit->node;
    struct cassandra_job *job = job_of(visit);
    job->left -= next_piece(job);
    const double share = configuration_at(node)->compaction.throughput /
                         (double)store_at(node)->compactions;
    const double done = (double)(job->bytes - job->left);
    const int64_t due = time_after(job->began_ns, time_of(done / share * 1e9));
    const int64_t now = node->world->now;
    return due > now ? step_hold(visit, due - now, METER_OTHER) : step_next(visit);
}

static enum outcome next_or_end(struct visit *visit)
{
    return job_of(visit)->left > 0 ? step_jump(visit, COMPACT_PIECE) : step_next(visit);
}

static enum outcome end_compaction(struct visit *visit)
{
    struct node *node = visit->node;
    struct cassandra_store *store = store_at(node);
    const struct cassandra_job job = *job_of(visit);
    remove_busy(store, job.window);
    add_file(store, job.bytes, job.window);
    slots_give(&store->jobs, job.number);
    store->compactions--;
    look_for_work(node);
    return step_reply(visit, STATUS_OK);
}

const struct step cassandra_store_compact_steps[CASSANDRA_COMPACT_STEPS] = {
    {.name = "read and write", .run = move_piece},
    {.name = "merge", .run = merge_piece},
    {.name = "keep to throughput", .run = pace},
    {.name = "next piece", .run = next_or_end},
    {.name = "replace files", .run = end_compaction},
};

// ---- memtables --------------------------------------------------------------------------------

static void begin_flush(struct node *node)
{
    struct cassandra_store *store = store_at(node);
    if (store->flushes >= configuration_at(node)->memtable.writers || store->active == 0) {
        return;
    }
    const struct cassandra_job *job = begin_job(node, store->active, window_now(node));
    store->flushing += store->active;
    store->active = 0;
    store->flushes++;
    begin_work(node, CASSANDRA_OP_FLUSH, job);
}

static bool is_large(const struct node *node)
{
    const struct cassandra_memtable *setting = &configuration_at(node)->memtable;
    return (double)store_at(node)->active >= (double)setting->space * setting->flush_at;
}

void cassandra_store_add(struct node *node, uint64_t bytes)
{
    store_at(node)->active += bytes;
    if (is_large(node)) {
        begin_flush(node);
    }
}

bool cassandra_store_has_room(struct visit *visit)
{
    struct cassandra_store *store = store_at(visit->node);
    if (store->active + store->flushing < configuration_at(visit->node)->memtable.space) {
        return true;
    }
    if (store->blocked_count == store->blocked_room) {
        store->blocked_room = store->blocked_room == 0 ? 64 : store->blocked_room * 2;
        store->blocked =
            check_realloc(store->blocked, store->blocked_room * sizeof *store->blocked);
    }
    store->blocked[store->blocked_count++] = visit_ticket(visit);
    cassandra_state(visit->node->component)->blocked++;
    return false;
}

static void unblock(struct node *node)
{
    struct cassandra_store *store = store_at(node);
    for (uint32_t i = 0; i < store->blocked_count; i++) {
        visit_wake_later(node->world, store->blocked[i]);
    }
    store->blocked_count = 0;
}

static enum outcome write_piece(struct visit *visit)
{
    return station_serve(&visit->node->devices[CASSANDRA_DISK], visit,
                         disk_ns(visit->node, next_piece(job_of(visit))));
}

static enum outcome count_piece(struct visit *visit)
{
    struct cassandra_job *job = job_of(visit);
    job->left -= next_piece(job);
    return job->left > 0 ? step_jump(visit, 0) : step_next(visit);
}

// What is in files need not be replayed.
static void free_memtable(struct cassandra_store *store, const struct cassandra_job *job)
{
    store->flushing -= job->bytes;
    store->replayable = store->active + store->flushing;
    store->flushes--;
    add_file(store, job->bytes, job->window);
    slots_give(&store->jobs, job->number);
}

static enum outcome end_flush(struct visit *visit)
{
    struct node *node = visit->node;
    free_memtable(store_at(node), job_of(visit));
    unblock(node);
    if (is_large(node)) {
        begin_flush(node);
    }
    look_for_work(node);
    return step_reply(visit, STATUS_OK);
}

const struct step cassandra_store_flush_steps[CASSANDRA_FLUSH_STEPS] = {
    {.name = "write piece", .run = write_piece},
    {.name = "next piece", .run = count_piece},
    {.name = "open file", .run = end_flush},
};

// ---- what a read touches ----------------------------------------------------------------------

uint32_t cassandra_store_touch(const struct node *node, bool scan)
{
    const struct cassandra_store *store = store_at(node);
    const double overlap = configuration_at(node)->compaction.overlap;
    if (scan || store->sstable_count == 0) {
        return store->sstable_count;
    }
    const double others = (double)(store->sstable_count - 1) * overlap;
    const double luck = random_unit(cassandra_node(node)->streams.disk);
    return 1 + (uint32_t)(others + luck);
}

static double hit_now(const struct node *node)
{
    const struct cassandra_disk *disk = &configuration_at(node)->disk;
    const int64_t age = node->world->now - store_at(node)->started_ns;
    const bool warm = node->epoch == 0 || age >= disk->warm_ns;
    return warm ? disk->hit : disk->hit * (double)age / (double)disk->warm_ns;
}

uint32_t cassandra_store_misses(const struct node *node, uint32_t touched)
{
    struct random_stream *stream = cassandra_node(node)->streams.disk;
    const double hit = hit_now(node);
    uint32_t misses = 0;
    for (uint32_t i = 0; i < touched; i++) {
        misses += random_unit(stream) >= hit;
    }
    return misses;
}

// ---- tombstones -------------------------------------------------------------------------------

uint64_t cassandra_store_tombstones(const struct node *node, uint64_t key)
{
    const struct version count = versions_get(&store_at(node)->tombstones, key);
    const int64_t grace = configuration_at(node)->compaction.grace_ns;
    return node->world->now - count.stamp > grace ? 0 : count.value;
}

void cassandra_store_bury(struct node *node, uint64_t key)
{
    const struct version count = {cassandra_store_tombstones(node, key) + 1, node->world->now};
    versions_put(&store_at(node)->tombstones, key, count, 0);
}

// ---- life -------------------------------------------------------------------------------------

void cassandra_store_begin(struct node *node)
{
    const uint64_t windows = configuration_at(node)->compaction.windows;
    struct cassandra_store *store = store_at(node);
    store->sstables = arena_take_array(&node->world->arena, CASSANDRA_SSTABLES,
                                       sizeof *store->sstables);
    slots_init(&store->jobs, sizeof(struct cassandra_job));
    versions_init(&store->tombstones);
    for (uint64_t i = windows; i > 0; i--) {
        add_file(store, configuration_at(node)->memtable.space, -(int64_t)i);
    }
}

void cassandra_store_start(struct node *node)
{
    store_at(node)->started_ns = node->world->now;
}

// Files stay; what was in memtables comes back from the commit log and is flushed by the replay.
void cassandra_store_crash(struct node *node)
{
    struct cassandra_store *store = store_at(node);
    slots_release(&store->jobs);
    slots_init(&store->jobs, sizeof(struct cassandra_job));
    store->blocked_count = 0;
    store->active = store->flushing = 0;
    store->flushes = store->compactions = 0;
    for (uint32_t i = 0; i < store->sstable_count; i++) {
        store->sstables[i].busy = false;
    }
}

int64_t cassandra_store_replay_ns(const struct node *node)
{
    struct cassandra_store *store = store_at(node);
    const uint64_t bytes = store->replayable;
    if (bytes > 0) {
        add_file(store, bytes, window_now(node));
    }
    store->replayable = 0;
    return time_of((double)bytes / configuration_at(node)->commit_log.replay * 1e9);
}

void cassandra_store_end(struct node *node)
{
    struct cassandra_store *store = store_at(node);
    slots_release(&store->jobs);
    versions_release(&store->tombstones);
    free(store->blocked);
}
