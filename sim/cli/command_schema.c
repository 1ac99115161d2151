// command_schema - `orrery schema [--install]`: the scenario language as JSON Schema, for editors.
#include <stdio.h>

#include "sim/base/file.h"
#include "sim/cli/commands.h"
#include "sim/scenario/json_schema.h"

#define SCHEMA_FILE ".orrery/scenario.schema.json"

static const struct options_row rows[] = {
    {"install", 0, NULL, "writes " SCHEMA_FILE " and says how editors find it"},
    {"help", 'h', NULL, "this list"},
    {0},
};

static int install(const struct text *schema)
{
    struct text why;
    text_init(&why);
    const bool good = file_make_directory(".orrery", &why) &&
                      file_write_atomic(SCHEMA_FILE, schema->bytes, schema->length, &why);
    if (good) {
        printf("wrote " SCHEMA_FILE "; put this line on top of a scenario:\n"
               "# yaml-language-server: $schema=./" SCHEMA_FILE "\n");
    } else {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    }
    text_release(&why);
    return good ? CLI_DONE : CLI_BROKEN;
}

static int read_install(int argc, char **argv, bool *wanted)
{
    struct options options;
    int status = CLI_DONE;
    options_init(&options, rows, argc, argv);
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        *wanted = *wanted || option == 0;
        if (option == OPTIONS_WRONG || option == OPTIONS_OPERAND) {
            status = cli_misuse(&command_schema, "%s",
                                option == OPTIONS_WRONG ? text_get(&options.wrong)
                                                        : "schema takes no operand");
            break;
        }
    }
    options_release(&options);
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    bool wanted = false;
    int status = read_install(argc, argv, &wanted);
    if (status != CLI_DONE) {
        return status;
    }
    struct text out;
    text_init(&out);
    json_schema(cli->catalog, &out);
    if (wanted) {
        status = install(&out);
    } else {
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    }
    text_release(&out);
    return status;
}

const struct command command_schema = {
    .name = "schema",
    .operands = "",
    .summary = "the scenario language as JSON Schema 2020-12, for editors",
    .options = rows,
    .run = run,
};
