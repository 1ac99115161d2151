// cli - the command line as a table: what a command is, how its options are read, how it ends.
//
// stdout carries results, stderr everything else. A command is one file command_NAME.c with one
// descriptor `const struct command command_NAME`; the table of all stands in cli.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/diagnostic_render.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/engine/model.h"

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1, // a verdict FAIL or NO DATA, a regression
    CLI_WRONG = 2,  // bad usage or scenario: nothing was simulated
    CLI_BROKEN = 3, // files, memory, a limit of the simulation
    CLI_UNDECIDED = 4,
    CLI_NONDETERMINISM = 5,
};

enum cli_colour { CLI_COLOUR_AUTO, CLI_COLOUR_ALWAYS, CLI_COLOUR_NEVER };

struct cli {
    const struct catalog *catalog;
    const char *program; // argv[0]
    enum cli_colour colour;
    int argc; // the whole command line, for the manifest
    char **argv;
};

struct command {
    const char *name;
    const char *operands;              // "FILE...", for the usage line; "" without
    const char *summary;               // one line
    const char *text;                  // further lines of its help, with examples; NULL: none
    const struct options_row *options; // ends with name NULL
    int (*run)(const struct cli *cli, int argc, char **argv); // argv[0]: its name; an enum cli_exit
};

// Reads the command line and runs the command.
int cli_run(const struct catalog *catalog, int argc, char **argv);

// Every command in order of the help; ends with NULL.
extern const struct command *const cli_commands[];
const struct command *cli_command(const char *name);

// Says what is wrong with the usage on stderr and how to get help; CLI_WRONG.
int cli_misuse(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Writes a text to stdout; false (said once on stderr) if it does not take it.
bool cli_print(const struct text *text);

// Renders the diagnostics to `stream` (a FILE: stdout or stderr).
struct diagnostic_list;
void cli_show(const struct cli *cli, struct diagnostic_list *diagnostics,
              enum diagnostic_format format, bool to_stdout);

// True if the stream is to be coloured (--color, NO_COLOR, a terminal).
bool cli_is_coloured(const struct cli *cli, bool to_stdout);

// The word of --color. False if it is none.
bool cli_read_colour(struct cli *cli, const char *word);

// The help of a command; of the program with NULL.
void cli_help(const struct command *command, struct text *out);
