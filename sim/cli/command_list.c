// command_list - `orrery list dists|faults|metrics|policies|units|models`: the vocabulary.
#include "sim/cli/commands.h"
#include "sim/scenario/vocabulary.h"

static const struct options_row rows[] = {{0}};

static int run(const struct cli *cli, int argc, char **argv)
{
    struct text out;
    text_init(&out);
    const bool found = argc == 2 && vocabulary(cli->catalog, argv[1], &out);
    int status = CLI_WRONG;
    if (found) {
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    } else {
        cli_misuse(&command_list,
                   "list takes one of dists, faults, metrics, policies, units, models");
    }
    text_release(&out);
    return status;
}

const struct command command_list = {
    .name = "list",
    .operands = "dists|faults|metrics|policies|units|models",
    .summary = "the words of the scenario language, one line and one example each",
    .options = rows,
    .run = run,
};
