// program - starts the program ($ORRERY) in a directory of its own and keeps what it says.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"

struct program {
    char place[64]; // working directory, made by program_init
    struct text out, err;
    int status;                 // exit status, or 128 + signal
    const char *interrupt_when; // SIGINT as soon as this file or directory is there
    long file_limit;            // > 0: largest file in bytes, as on a full disk
};

void program_init(struct program *program);
void program_release(struct program *program);

// Arguments end with NULL. Returns the exit status.
int program_run(struct program *program, const char *const *arguments);

// A file of the working directory; the content must be there / is written.
void program_write(struct program *program, const char *name, const char *content);
bool program_read(struct program *program, const char *name, struct text *content);
