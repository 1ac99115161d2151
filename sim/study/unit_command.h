// unit_command - what the journals of a folder belong to: the words behind `orrery` that simulate
// the same, in command.json beside them, so that joining parts needs nothing but their folders.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/text.h"

struct unit_command {
    struct arena arena;
    const char **words;
    uint32_t count, room;
};

void unit_command_init(struct unit_command *command);
void unit_command_release(struct unit_command *command);

// The word is copied.
void unit_command_add(struct unit_command *command, const char *word);
void unit_command_add_pair(struct unit_command *command, const char *option, const char *value);

bool unit_command_equal(const struct unit_command *one, const struct unit_command *other);

// False: `why` tells why not; a file without words cannot be read.
bool unit_command_write(const struct unit_command *command, const char *folder, struct text *why);
bool unit_command_read(struct unit_command *command, const char *folder, struct text *why);
void unit_command_remove(const char *folder);
