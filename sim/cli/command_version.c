// command_version - `orrery version`: which version this is.
#include "sim/cli/commands.h"

static const struct options_row rows[] = {
    {"json", 0, NULL, "as JSON"},
    {"help", 'h', NULL, "this list"},
    {0},
};

static void write_json(struct text *out)
{
    text_format(out,
                "{\"name\": \"orrery\", \"version\": \"%s\", \"scenario\": \"v1\", \"compiler\": "
                "\"%s\"}\n",
                ORRERY_VERSION, __VERSION__);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct options options;
    struct text out;
    bool json = false;
    int status = CLI_DONE;
    (void)cli;
    options_init(&options, rows, argc, argv);
    text_init(&out);
    for (int option = options_next(&options); option != OPTIONS_END && status == CLI_DONE;
         option = options_next(&options)) {
        json = json || option == 0;
        if (option != 0) {
            status = cli_misuse(&command_version, "%s",
                                option == OPTIONS_WRONG ? text_get(&options.wrong)
                                                        : "version takes no operand");
        }
    }
    if (status == CLI_DONE) {
        if (json) {
            write_json(&out);
        } else {
            text_format(&out, "orrery %s\n", ORRERY_VERSION);
        }
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    }
    text_release(&out);
    options_release(&options);
    return status;
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "which version this is",
    .options = rows,
    .run = run,
};
