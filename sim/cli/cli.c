// cli - the command line as a table: what a command is, how its options are read, how it ends.
#include "sim/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/diagnostic.h"
#include "sim/base/suggest.h"
#include "sim/cli/commands.h"

const struct command *cli_command(const char *name)
{
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        if (text_same((*command)->name, name)) {
            return *command;
        }
    }
    return NULL;
}

// ---- output ------------------------------------------------------------------------------------

bool cli_is_coloured(const struct cli *cli, bool to_stdout)
{
    if (cli->colour != CLI_COLOUR_AUTO) {
        return cli->colour == CLI_COLOUR_ALWAYS;
    }
    const char *none = getenv("NO_COLOR");
    return (none == NULL || none[0] == '\0') && isatty(to_stdout ? STDOUT_FILENO : STDERR_FILENO);
}

bool cli_print(const struct text *text)
{
    const bool good =
        fwrite(text_get(text), 1, text->length, stdout) == text->length && fflush(stdout) == 0;
    if (!good) {
        fprintf(stderr, "orrery: cannot write to standard output: %s\n", strerror(errno));
    }
    return good;
}

void cli_show(const struct cli *cli, struct diagnostic_list *diagnostics,
              enum diagnostic_format format, bool to_stdout)
{
    struct text out;
    text_init(&out);
    diagnostic_render(diagnostics, format, cli_is_coloured(cli, to_stdout), &out);
    if (to_stdout) {
        cli_print(&out);
    } else {
        fputs(text_get(&out), stderr);
    }
    text_release(&out);
}

int cli_misuse(const struct command *command, const char *format, ...)
{
    va_list arguments;
    fputs("orrery: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nsee: orrery help%s%s\n", command == NULL ? "" : " ",
            command == NULL ? "" : command->name);
    return CLI_WRONG;
}

// ---- help --------------------------------------------------------------------------------------

static void help_program(struct text *out)
{
    text_add(out,
             "orrery - simulates constellations of services: latency, availability, capacity\n\n"
             "usage: orrery [--color auto|always|never] COMMAND ...\n\n");
    for (const struct command *const *command = cli_commands; *command != NULL; command++) {
        text_format(out, "  %-11s %s\n", (*command)->name, (*command)->summary);
    }
    text_add(out,
             "\nbegin with:  orrery init webshop > webshop.yaml\n"
             "             orrery run webshop.yaml\n"
             "more:        orrery help COMMAND\n\n"
             "exit status: 0 done, 1 FAIL, 2 wrong usage or scenario, 3 broken, 4 UNDECIDED\n");
}

static void help_options(const struct options_row *rows, struct text *out)
{
    if (rows == NULL || rows->name == NULL) {
        return;
    }
    text_add(out, "\noptions:\n");
    for (; rows->name != NULL; rows++) {
        struct text left;
        text_init(&left);
        if (rows->letter != 0) {
            text_format(&left, "-%c, ", rows->letter);
        }
        text_format(&left, "--%s%s%s", rows->name, rows->value == NULL ? "" : " ",
                    rows->value == NULL ? "" : rows->value);
        text_format(out, "  %-30s %s\n", text_get(&left), rows->meaning);
        text_release(&left);
    }
}

void cli_help(const struct command *command, struct text *out)
{
    if (command == NULL) {
        help_program(out);
        return;
    }
    text_format(out, "orrery %s - %s\n\nusage: orrery %s%s%s%s\n", command->name, command->summary,
                command->name, command->options->name == NULL ? "" : " [OPTION...]",
                command->operands[0] == '\0' ? "" : " ", command->operands);
    help_options(command->options, out);
    if (command->text != NULL) {
        text_format(out, "\n%s", command->text);
    }
}

// ---- the command line --------------------------------------------------------------------------

static int complain_command(const char *name)
{
    const char *names[64];
    size_t count = 0;
    for (; cli_commands[count] != NULL && count < 64; count++) {
        names[count] = cli_commands[count]->name;
    }
    const char *near = suggest_nearest(name, names, count);
    if (near != NULL) {
        return cli_misuse(NULL, "unknown command `%s`; did you mean `%s`?", name, near);
    }
    return cli_misuse(NULL, "unknown command `%s`", name);
}

bool cli_read_colour(struct cli *cli, const char *word)
{
    static const char *const words[] = {"auto", "always", "never"};
    for (int i = 0; i < 3; i++) {
        if (text_same(words[i], word)) {
            cli->colour = (enum cli_colour)i;
            return true;
        }
    }
    return false;
}

// Options before the command. The number of the first word that is none, or -1 after a misuse.
static int read_globals(struct cli *cli, int argc, char **argv)
{
    int next = 1;
    for (; next < argc && strncmp(argv[next], "--color", 7) == 0; next++) {
        const char *value = argv[next][7] == '=' ? argv[next] + 8 : NULL;
        if (value == NULL && next + 1 < argc) {
            value = argv[++next];
        }
        if (value == NULL || !cli_read_colour(cli, value)) {
            cli_misuse(NULL, "--color takes auto, always or never");
            return -1;
        }
    }
    return next;
}

static const char *alias_of(const char *word)
{
    if (text_same(word, "--help") || text_same(word, "-h")) {
        return "help";
    }
    return text_same(word, "--version") || text_same(word, "-V") ? "version" : word;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 1; i < argc && !text_same(argv[i], "--"); i++) {
        if (text_same(argv[i], "--help") || text_same(argv[i], "-h")) {
            return true;
        }
    }
    return false;
}

static int print_help(const struct command *command)
{
    struct text out;
    text_init(&out);
    cli_help(command, &out);
    const bool good = cli_print(&out);
    text_release(&out);
    return good ? CLI_DONE : CLI_BROKEN;
}

int cli_run(const struct catalog *catalog, int argc, char **argv)
{
    struct cli cli = {.catalog = catalog, .program = argv[0], .argc = argc, .argv = argv};
    const int next = read_globals(&cli, argc, argv);
    if (next < 0) {
        return CLI_WRONG;
    }
    if (next >= argc) {
        struct text out;
        text_init(&out);
        cli_help(NULL, &out);
        fputs(text_get(&out), stderr);
        text_release(&out);
        return CLI_WRONG;
    }
    const struct command *command = cli_command(alias_of(argv[next]));
    if (command == NULL) {
        return complain_command(argv[next]);
    }
    if (asks_help(argc - next, argv + next)) {
        return print_help(command);
    }
    return command->run(&cli, argc - next, argv + next);
}
