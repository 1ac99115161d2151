// run_journal - the journals of a run: DIR/journal/, while it is under way or in parts.
#include "sim/cli/run_journal.h"

#include <stdlib.h>
#include <string.h>

#include "sim/study/unit_command.h"

// ---- opening ------------------------------------------------------------------------------------

static void folder_of(const char *directory, struct text *folder)
{
    text_clear(folder);
    text_format(folder, "%s/journal", directory);
}

static bool refuse(struct unit_store *store, enum journal_status status, struct text *why)
{
    store->status = status;
    text_clear(why);
    text_add(why, text_get(&store->why));
    return false;
}

static bool read_merged(struct run_journal *journal, const struct run_options *options,
                        struct text *why)
{
    struct unit_store *store = &journal->store;
    enum journal_status status = JOURNAL_OPEN;
    for (uint32_t i = 0; i < options->merged_count && status == JOURNAL_OPEN; i++) {
        folder_of(options->merged[i], &journal->folder);
        status = unit_store_read(store, text_get(&journal->folder), &(struct unit_store_choice){0});
    }
    store->closed = true;
    return status == JOURNAL_OPEN || refuse(store, status, why);
}

static bool open_own(struct run_journal *journal, const struct run_options *options, bool grows,
                     struct text *why)
{
    struct unit_store *store = &journal->store;
    struct text name;
    text_init(&name);
    run_options_journal(options, &name);
    const char *folder = text_get(&journal->folder);
    const bool alone = !grows && options->audit <= 0;
    const struct unit_store_choice choice = {.except = text_get(&name),
                                             .shards = alone ? options->shards : 0};
    enum journal_status status = unit_store_read(store, folder, &choice);
    if (status == JOURNAL_OPEN) {
        status = unit_store_append_to(store, folder, text_get(&name));
    }
    const bool part = options->shards > 0 || options->only.count > 0 || options->resume;
    if (status == JOURNAL_FOREIGN && !part) { // left behind by another run of this directory
        unit_store_remove(folder);
        unit_store_release(store);
        unit_store_init(store, journal->identity);
        status = unit_store_append_to(store, folder, text_get(&name));
    }
    text_release(&name);
    return status == JOURNAL_OPEN || refuse(store, status, why);
}

bool run_journal_begin(struct run_journal *journal, const struct run_directory *directory,
                       const struct run_options *options, const struct run_journal_study *study,
                       struct text *why)
{
    text_init(&journal->folder);
    run_directory_digest(study->identity, journal->identity);
    unit_store_init(&journal->store, journal->identity);
    struct unit_store *store = &journal->store;
    store->shard = options->shard;
    store->shards = options->shards;
    store->only = options->only.count > 0 ? &options->only : NULL;
    store->audit = options->audit;
    if (options->merging) {
        return read_merged(journal, options, why);
    }
    folder_of(text_get(&directory->path), &journal->folder);
    if (options->rerun) {
        unit_store_remove(text_get(&journal->folder));
    }
    return open_own(journal, options, study->grows, why);
}

void run_journal_end(struct run_journal *journal)
{
    unit_store_release(&journal->store);
    text_release(&journal->folder);
}

void run_journal_remove(const struct run_journal *journal)
{
    unit_store_remove(text_get(&journal->folder));
}

// ---- the command --------------------------------------------------------------------------------

static void add_overrides(struct unit_command *words, const struct run_options *options)
{
    for (uint32_t i = 0; i < options->override_count; i++) {
        const struct document_override *override = &options->overrides[i];
        struct text pair;
        text_init(&pair);
        text_format(&pair, "%s=%s", override->name, override->value);
        unit_command_add_pair(words, override->is_path ? "--set-path" : "--set", text_get(&pair));
        text_release(&pair);
    }
}

static void add_words(struct unit_command *words, const struct run_options *options,
                      const struct run_journal_command *command, const char *file)
{
    const struct scenario_options *scenario = &options->scenario;
    const char *const pairs[][2] = {{"--seed", scenario->seed},
                                    {"--rep", scenario->replications},
                                    {"--duration", scenario->duration},
                                    {"--warmup", scenario->warmup},
                                    {"--faults", scenario->faults}};
    unit_command_add_pair(words, command->name, file);
    for (uint32_t i = 0; i < command->count; i++) {
        unit_command_add(words, command->words[i]);
    }
    add_overrides(words, options);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][1] != NULL) {
            unit_command_add_pair(words, pairs[i][0], pairs[i][1]);
        }
    }
    if (options->stop_on_fail) {
        unit_command_add(words, "--stop-on-fail");
    }
}

bool run_journal_tell(const struct run_journal *journal, const struct run_options *options,
                      const struct run_journal_command *command, const char *file, struct text *why)
{
    struct unit_command words;
    unit_command_init(&words);
    add_words(&words, options, command, file);
    const bool good = unit_command_write(&words, text_get(&journal->folder), why);
    unit_command_release(&words);
    return good;
}

// ---- what is missing ----------------------------------------------------------------------------

static int by_number(const void *one, const void *other)
{
    const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

// The first missing units as a value of --units.
static void list_missing(const struct unit_store *store, bool sweeps, struct text *out)
{
    const uint32_t count = store->missing < UNIT_STORE_LISTED ? store->missing : UNIT_STORE_LISTED;
    uint64_t units[UNIT_STORE_LISTED];
    memcpy(units, store->listed, count * sizeof *units);
    qsort(units, count, sizeof *units, by_number);
    for (uint32_t i = 0, next = 0; i < count; i = next) {
        while (next < count && units[next] == units[i] + (next - i)) {
            next++;
        }
        text_add(out, i == 0 ? "" : ",");
        if (sweeps) {
            text_format(out, "%u/", (uint32_t)(units[i] >> 32));
        }
        text_format(out, "%u", (uint32_t)units[i]);
        if (next - i > 1) {
            text_format(out, "-%u", (uint32_t)units[next - 1]);
        }
    }
}

void run_journal_missing(const struct run_journal *journal, const char *arguments, bool sweeps,
                         const char *directory, struct text *out)
{
    const struct unit_store *store = &journal->store;
    text_format(out, "%u %s%s not there; orrery %s --units ", store->missing,
                sweeps ? "unit" : "replication", store->missing == 1 ? " is" : "s are", arguments);
    list_missing(store, sweeps, out);
    text_format(out, " -o %s simulates %s\n", directory,
                store->missing > UNIT_STORE_LISTED ? "the first of them" : "what is missing");
    if (store->journal.cut > 0) {
        text_format(out,
                    "%llu bytes behind the last whole record of a journal were left out: torn by "
                    "the end of their process, or changed\n",
                    (unsigned long long)store->journal.cut);
    }
}
