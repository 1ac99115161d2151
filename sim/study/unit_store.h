// unit_store - units of work kept in journals: what is done already is read, what is done here is
// written, what is another's is left alone.
//
// A folder holds a journal a process ("all.journal", "shard-2-of-3.journal"). Every one is read
// when the store is opened; one of them is appended to. The store serves one point of a campaign at
// a time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/study/journal.h"
#include "sim/study/replicate.h"
#include "sim/study/unit.h"
#include "sim/study/unit_list.h"

enum { UNIT_STORE_LISTED = 64 };

struct unit_store {
    struct journal journal;
    uint32_t point;
    uint32_t shard, shards;       // simulates units whose number modulo `shards` is `shard`; 0: all
    bool by_point; // the shard has all units of its points, and decides alone when they suffice
    const struct unit_list *only; // simulates these alone; NULL: as above
    bool closed;                  // simulates nothing
    double audit; // share of the units that are simulated again though they are there
    uint32_t fetched, simulated, audited, missing;
    uint64_t listed[UNIT_STORE_LISTED]; // the first that are missing
    enum journal_status status;         // what ended a study
    bool stopped;                       // `why` tells what ended it
    struct text why;
    struct unit_bytes scratch;    // of the unit that was kept last
    uint64_t kept, events;        // its number (journal_unit), and events of it
    struct replicate_units units; // of `store` itself, for replicate
};

// `identity` (at most 64 characters) names scenario, seed and program; borrowed.
void unit_store_init(struct unit_store *store, const char *identity);
void unit_store_release(struct unit_store *store);

struct unit_store_choice { // which journals of a folder are read
    const char *except;    // not the one of this name, NULL: none is left out
    // Of those named shard-I-of-SHARDS only the heads: what they hold is not this process's to
    // simulate, nor to decide by. A thousand shards would else read a thousand journals each. 0:
    // all are read whole.
    uint32_t shards;
};

// Reads journals of the folder, in order of their names.
enum journal_status unit_store_read(struct unit_store *store, const char *folder,
                                    const struct unit_store_choice *choice);
// Appends to that journal of the folder from now on, which is made if there is none.
enum journal_status unit_store_append_to(struct unit_store *store, const char *folder,
                                         const char *name);

// A unit of the present point: whether its result is there; the result of another process for it,
// false: the study must end.
bool unit_store_has(const struct unit_store *store, uint32_t unit);
bool unit_store_take(struct unit_store *store, uint32_t unit, const unsigned char *bytes,
                     size_t length);
// True: of the first `least` units of the point some are not there, and none of those is for this
// process, so nothing can be done about the point now. They are counted as if it had been tried.
bool unit_store_pass(struct unit_store *store, uint32_t point, uint32_t least);
// Its bytes, NULL: not there. Owner: the caller, free().
unsigned char *unit_store_load(const struct unit_store *store, uint32_t unit, size_t *length);

// Ends the study because of what another process did.
void unit_store_fail(struct unit_store *store, const char *why);

// Removes the journals of the folder with their command.json, and the folder if nothing else is
// left.
void unit_store_remove(const char *folder);
