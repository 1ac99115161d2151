// command_help - `orrery help [COMMAND]`.
#include "sim/cli/commands.h"

static const struct options_row rows[] = {{0}};

static int run(const struct cli *cli, int argc, char **argv)
{
    (void)cli;
    const struct command *command = argc > 1 ? cli_command(argv[1]) : NULL;
    if (argc > 1 && command == NULL) {
        return cli_misuse(NULL, "no help for `%s`: there is no such command", argv[1]);
    }
    struct text out;
    text_init(&out);
    cli_help(command, &out);
    const bool good = cli_print(&out);
    text_release(&out);
    return good ? CLI_DONE : CLI_BROKEN;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "what a command does and how it is used",
    .options = rows,
    .run = run,
};
