// unit_store - units of work kept in journals.
#include "sim/study/unit_store.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/study/unit_command.h"

// ---- what replicate asks ------------------------------------------------------------------------

static uint64_t number_of(const struct unit_store *store, uint32_t unit)
{
    return journal_unit(store->point, unit);
}

static bool is_audited(const struct unit_store *store, uint32_t unit)
{
    return digest_unit(digest_mix(number_of(store, unit), 0x617564)) < store->audit;
}

static bool end_study(struct unit_store *store, enum journal_status status)
{
    store->status = status;
    store->stopped = true;
    return false;
}

// A replication in parts that ended at max_events has one record.
static uint32_t fetch(void *context, uint32_t unit, const struct design *design,
                      struct run_record *records, uint32_t count)
{
    struct unit_store *store = context;
    const struct journal_entry *entry = journal_find(&store->journal, number_of(store, unit));
    if (entry == NULL) {
        return 0;
    }
    if (is_audited(store, unit)) {
        store->audited++;
        return 0;
    }
    unsigned char *bytes = journal_load(&store->journal, entry);
    const uint32_t there = bytes == NULL ? 0 : unit_count(bytes, entry->length);
    const bool good =
        (there == count || there == 1) && unit_read(bytes, entry->length, design, records);
    free(bytes);
    store->fetched += good;
    return good ? there : 0;
}

// Whether it is this process that simulates the unit if it is not there.
static bool is_own(const struct unit_store *store, uint32_t unit)
{
    const uint64_t dense = (uint64_t)store->point + (store->by_point ? 0 : unit);
    const bool listed = store->only == NULL
                            ? store->shards == 0 || dense % store->shards == store->shard
                            : unit_list_has(store->only, store->point, unit);
    return listed && !store->closed;
}

static bool is_mine(void *context, uint32_t unit)
{
    struct unit_store *store = context;
    const bool again = store->audit > 0 && is_audited(store, unit) &&
                       journal_find(&store->journal, number_of(store, unit)) != NULL;
    if (is_own(store, unit) || again) {
        return true;
    }
    if (store->missing < UNIT_STORE_LISTED) {
        store->listed[store->missing] = number_of(store, unit);
    }
    store->missing++;
    return false;
}

static bool begin(void *context, uint32_t unit)
{
    struct unit_store *store = context;
    if (store->stopped) {
        return false;
    }
    if (journal_is_deadly(&store->journal, number_of(store, unit))) {
        text_format(&store->why,
                    "replication %u has ended its process %d times and is set apart; --only-rep "
                    "%u simulates it alone",
                    unit, JOURNAL_DEADLY, unit);
        return end_study(store, JOURNAL_OPEN);
    }
    const bool noted = journal_note_attempt(&store->journal, number_of(store, unit), &store->why);
    return noted || end_study(store, JOURNAL_UNUSABLE);
}

static bool keep(void *context, uint32_t unit, const struct design *design,
                 struct run_record *records, uint32_t count)
{
    struct unit_store *store = context;
    if (store->stopped) {
        return false;
    }
    unit_write(&store->scratch, design, records, count);
    const enum journal_status status =
        journal_note_result(&store->journal, number_of(store, unit), store->scratch.bytes,
                            store->scratch.length, &store->why);
    store->simulated++;
    store->kept = number_of(store, unit);
    store->events = records[count - 1].events;
    return status == JOURNAL_OPEN || end_study(store, status);
}

static void take_back(void *context, uint32_t unit)
{
    struct unit_store *store = context;
    journal_take_back(&store->journal, number_of(store, unit));
}

// ---- what others have simulated -----------------------------------------------------------------

bool unit_store_has(const struct unit_store *store, uint32_t unit)
{
    return journal_find(&store->journal, number_of(store, unit)) != NULL;
}

bool unit_store_pass(struct unit_store *store, uint32_t point, uint32_t least)
{
    uint32_t there = 0;
    store->point = point;
    for (uint32_t unit = 0; unit < least; unit++) {
        const bool has = unit_store_has(store, unit);
        if (store->audit > 0 || (!has && is_own(store, unit))) {
            return false;
        }
        there += has;
    }
    if (there == least) {
        return false;
    }
    for (uint32_t unit = 0; unit < least; unit++) {
        if (!unit_store_has(store, unit)) {
            is_mine(store, unit);
        }
    }
    store->fetched += there;
    return true;
}

bool unit_store_take(struct unit_store *store, uint32_t unit, const unsigned char *bytes,
                     size_t length)
{
    const enum journal_status status =
        journal_note_result(&store->journal, number_of(store, unit), bytes, length, &store->why);
    return status == JOURNAL_OPEN || end_study(store, status);
}

unsigned char *unit_store_load(const struct unit_store *store, uint32_t unit, size_t *length)
{
    const struct journal_entry *entry = journal_find(&store->journal, number_of(store, unit));
    *length = entry == NULL ? 0 : entry->length;
    return entry == NULL ? NULL : journal_load(&store->journal, entry);
}

void unit_store_fail(struct unit_store *store, const char *why)
{
    text_clear(&store->why);
    text_add(&store->why, why);
    end_study(store, JOURNAL_UNUSABLE);
}

// ---- life ---------------------------------------------------------------------------------------

void unit_store_init(struct unit_store *store, const char *identity)
{
    *store = (struct unit_store){.kept = UINT64_MAX};
    journal_init(&store->journal, identity);
    text_init(&store->why);
    store->units = (struct replicate_units){.context = store,
                                            .fetch = fetch,
                                            .is_mine = is_mine,
                                            .begin = begin,
                                            .keep = keep,
                                            .take_back = take_back};
}

void unit_store_release(struct unit_store *store)
{
    journal_release(&store->journal);
    text_release(&store->why);
    unit_bytes_release(&store->scratch);
}

// ---- folders ------------------------------------------------------------------------------------

static int is_journal(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".journal") == 0;
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

// NAME.journal
static bool is_named(const struct dirent *entry, const char *name)
{
    const size_t length = name == NULL ? 0 : strlen(name);
    return length > 0 && strncmp(entry->d_name, name, length) == 0 &&
           strcmp(entry->d_name + length, ".journal") == 0;
}

// shard-I-of-SHARDS.journal
static bool is_sibling(const struct dirent *entry, uint32_t shards)
{
    char name[64];
    uint32_t shard = 0;
    if (shards == 0 || sscanf(entry->d_name, "shard-%" SCNu32 "-of-", &shard) != 1) {
        return false;
    }
    snprintf(name, sizeof name, "shard-%" PRIu32 "-of-%" PRIu32 ".journal", shard, shards);
    return strcmp(name, entry->d_name) == 0;
}

static enum journal_status read_one(struct unit_store *store, const char *path, bool head)
{
    return head ? journal_check(&store->journal, path, &store->why)
                : journal_read(&store->journal, path, &store->why);
}

enum journal_status unit_store_read(struct unit_store *store, const char *folder,
                                    const struct unit_store_choice *choice)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_journal, by_name);
    enum journal_status status = JOURNAL_OPEN;
    for (int i = 0; i < count; i++) {
        struct text path;
        text_init(&path);
        text_format(&path, "%s/%s", folder, entries[i]->d_name);
        if (status == JOURNAL_OPEN && !is_named(entries[i], choice->except)) {
            status = read_one(store, text_get(&path), is_sibling(entries[i], choice->shards));
        }
        text_release(&path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum journal_status unit_store_append_to(struct unit_store *store, const char *folder,
                                         const char *name)
{
    struct text path;
    text_init(&path);
    text_format(&path, "%s/%s.journal", folder, name);
    const enum journal_status status =
        file_make_directory(folder, &store->why)
            ? journal_append_to(&store->journal, text_get(&path), &store->why)
            : JOURNAL_UNUSABLE;
    text_release(&path);
    return status;
}

void unit_store_remove(const char *folder)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_journal, by_name);
    for (int i = 0; i < count; i++) {
        struct text path;
        text_init(&path);
        text_format(&path, "%s/%s", folder, entries[i]->d_name);
        unlink(text_get(&path));
        text_release(&path);
        free(entries[i]);
    }
    free(entries);
    unit_command_remove(folder);
    rmdir(folder);
}
