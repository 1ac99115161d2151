// unit - what one unit of work leaves behind, as bytes: a pure function of scenario, seed and
// number.
//
// The unit is one replication (or the parts in time of a single one); its bytes are the same
// wherever and whenever it was simulated, so two copies of one unit must be equal. Integers and
// floats stand as in memory (little-endian, IEEE), no padding, no pointers. The bytes belong to one
// design: reading checks their shape against it, and refuses what does not fit.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/engine/run.h"

struct unit_bytes {
    unsigned char *bytes;
    size_t length, room;
};

void unit_bytes_release(struct unit_bytes *bytes);

// The inboxes of the records' meters have been emptied (run_note has).
void unit_write(struct unit_bytes *bytes, const struct design *design,
                struct run_record *records, uint32_t count);

// How many records the bytes hold, 0: none that fit.
uint32_t unit_count(const unsigned char *bytes, size_t length);

// Fills records[0 .. unit_count); false, with nothing to release, if the bytes do not fit the
// design. Released by run_record_release, each.
bool unit_read(const unsigned char *bytes, size_t length, const struct design *design,
               struct run_record *records);
