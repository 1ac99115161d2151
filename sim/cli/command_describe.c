// command_describe - `orrery describe [KIND[.FIELD]]`: a model's parameters, steps and metrics.
#include <stdio.h>

#include "sim/cli/commands.h"
#include "sim/scenario/describe.h"

static const struct options_row rows[] = {{0}};

static int run(const struct cli *cli, int argc, char **argv)
{
    if (argc > 2) {
        return cli_misuse(&command_describe, "describe takes one kind");
    }
    struct text out;
    text_init(&out);
    int status;
    if (describe(cli->catalog, argc > 1 ? argv[1] : NULL, &out)) {
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    } else {
        fprintf(stderr, "orrery: %s", text_get(&out));
        status = CLI_WRONG;
    }
    text_release(&out);
    return status;
}

const struct command command_describe = {
    .name = "describe",
    .operands = "[KIND[.FIELD]]",
    .summary = "a model's parameters with default, meaning and source; its steps and metrics",
    .text = "  orrery describe\n"
            "  orrery describe postgres\n"
            "  orrery describe kafka.producer.linger\n",
    .options = rows,
    .run = run,
};
