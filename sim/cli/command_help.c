// command_help - `orrery help [COMMAND]`.
#include "sim/cli/commands.h"
#include "sim/cli/manual.h"

static const struct options_row rows[] = {
    {"man", 0, NULL, "as a page for man(1), in roff"},
    {0},
};

struct wanted {
    const struct command *command; // NULL: the program
    bool page;
};

static bool read(struct options *options, struct wanted *wanted)
{
    for (int option; (option = options_next(options)) != OPTIONS_END;) {
        if (option == OPTIONS_WRONG) {
            cli_misuse(&command_help, "%s", text_get(&options->wrong));
            return false;
        }
        if (option != OPTIONS_OPERAND) {
            wanted->page = true;
            continue;
        }
        wanted->command = cli_command(options->value);
        if (wanted->command == NULL) {
            cli_misuse(NULL, "no help for `%s`: there is no such command", options->value);
            return false;
        }
    }
    return true;
}

static int print(const struct wanted *wanted)
{
    struct text out;
    text_init(&out);
    if (wanted->page) {
        manual_write(wanted->command, &out);
    } else {
        cli_help(wanted->command, &out);
    }
    const bool good = cli_print(&out);
    text_release(&out);
    return good ? CLI_DONE : CLI_BROKEN;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    (void)cli;
    struct options options;
    struct wanted wanted = {0};
    options_init(&options, rows, argc, argv);
    const int status = read(&options, &wanted) ? print(&wanted) : CLI_WRONG;
    options_release(&options);
    return status;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "what a command does and how it is used",
    .text = "  orrery help run\n"
            "  orrery help --man run | man -l -\n",
    .options = rows,
    .run = run,
};
