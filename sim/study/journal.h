// journal - units of work that are done, in a file that only grows: what survives the death of a
// worker at any byte.
//
// One file a process. It begins with a head (format, identity of scenario, program and seed), then
// come records: kind, unit, length, payload, XXH3-64 of all that. A record that is torn or does not
// match its sum ends the file: what follows is cut off when the file is opened for appending, and
// not read otherwise. A file whose head is another scenario's, program's or seed's is refused, as
// is one that is no journal; one that ends within the right head is empty. Two results of one unit
// must be equal byte for byte.
//
// An attempt is noted before a unit is simulated, and taken back by an orderly stop; a unit with
// ten attempts and no result has ended its process ten times, and is set apart. Integers are
// little-endian.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/map.h"
#include "sim/base/text.h"

enum { JOURNAL_DEADLY = 10 }; // attempts

enum journal_status {
    JOURNAL_OPEN,
    JOURNAL_FOREIGN,  // another scenario, program, seed, or no journal at all
    JOURNAL_UNEQUAL,  // two different results of one unit
    JOURNAL_UNUSABLE, // cannot be read or written
};

struct journal_entry {
    uint64_t unit;
    uint32_t attempts;
    uint32_t source; // 1 + index into paths, 0: attempted only
    uint64_t offset; // of the result there
    size_t length;
    uint64_t digests[2]; // of the result
};

struct journal { // results stay in their files; what is kept of them is where they are
    int file;        // open for appending, -1: not
    uint32_t source; // of that file
    uint64_t end;    // its length
    int64_t synced_s; // when it was last flushed to disk
    char **paths;
    uint32_t path_count;
    const char *identity;
    struct map places; // unit -> 1 + index into entries
    struct journal_entry *entries;
    uint32_t count, room;
    uint64_t cut; // bytes of a torn tail that were left out
};

// A unit of a campaign: which point, which replication.
static inline uint64_t journal_unit(uint32_t point, uint32_t replication)
{
    return (uint64_t)point << 32 | replication;
}

// No file yet. `identity` (at most 64 characters) is borrowed.
void journal_init(struct journal *journal, const char *identity);
void journal_release(struct journal *journal);

// Reads what the file holds. `why` tells what is wrong with it.
enum journal_status journal_read(struct journal *journal, const char *path, struct text *why);

// Reads its head alone: whether it could be read.
enum journal_status journal_check(const struct journal *journal, const char *path,
                                  struct text *why);

// Reads the file, cuts off a torn tail, and appends to it from now on; makes it if there is none.
enum journal_status journal_append_to(struct journal *journal, const char *path, struct text *why);

// NULL: not done yet.
const struct journal_entry *journal_find(const struct journal *journal, uint64_t unit);

// The entry's result, whole and as it was written; NULL if the file is not as it was. Owner: the
// caller, free().
unsigned char *journal_load(const struct journal *journal, const struct journal_entry *entry);

// True: it was attempted JOURNAL_DEADLY times without a result.
bool journal_is_deadly(const struct journal *journal, uint64_t unit);

// What is noted survives the process at once, and the machine after a second or the release. False:
// it could not be written (a full disk), and the journal appends no more.
bool journal_note_attempt(struct journal *journal, uint64_t unit, struct text *why);
void journal_take_back(struct journal *journal, uint64_t unit); // an attempt that was stopped
enum journal_status journal_note_result(struct journal *journal, uint64_t unit,
                                        const unsigned char *bytes, size_t length,
                                        struct text *why);
