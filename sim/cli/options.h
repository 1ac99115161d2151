// options - reads a command line by a table: long and short names, values, operands.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/text.h"

// One option of a command; also what help, manual page and completion print.
struct options_row {
    const char *name;    // "seed" for --seed; NULL ends a table
    char letter;         // 'j' for -j, 0: none
    const char *value;   // "N": takes a value; NULL: a flag
    const char *meaning; // one line
};

enum { OPTIONS_END = -1, OPTIONS_OPERAND = -2, OPTIONS_WRONG = -3 };

struct options {
    const struct options_row *rows;
    int argc, next;
    char **argv;
    bool operands_only; // behind --
    const char *value;  // of the option or the operand just read
    struct text wrong;  // what is wrong, after OPTIONS_WRONG
};

// argv[0] is the command's own name and is skipped.
void options_init(struct options *options, const struct options_row *rows, int argc, char **argv);
void options_release(struct options *options);

// The number of the row of the next option, or one of the enum above.
int options_next(struct options *options);
