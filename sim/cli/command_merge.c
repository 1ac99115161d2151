// command_merge - `orrery merge DIR...`: the result of a run or a sweep that was simulated in
// parts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/cli/commands.h"
#include "sim/cli/run_options.h"
#include "sim/cli/run_session.h"
#include "sim/cli/sweep_session.h"
#include "sim/study/unit_command.h"

enum merge_option { OPTION_JSON, OPTION_DIRECTORY, OPTION_OUT, OPTION_QUIET };

static const struct options_row rows[] = {
    [OPTION_JSON] = {"json", 0, NULL, "print summary.json on standard output, and nothing else"},
    [OPTION_DIRECTORY] = {"output", 'o', "DIR", "where the result goes instead of the first DIR"},
    [OPTION_OUT] = {"out", 0, "LIST", "html, md, junit, svg, openmetrics; json and h5 always"},
    [OPTION_QUIET] = {"quiet", 'q', NULL, "the verdicts only"},
    {0},
};

struct merging {
    const char *directories[RUN_OPTIONS_MOST];
    uint32_t count;
    const char *output, *out;
    bool json, quiet;
};

static bool take(struct merging *merging, int found, const char *value)
{
    if (found == OPTIONS_OPERAND) {
        if (merging->count == RUN_OPTIONS_MOST) {
            return false;
        }
        merging->directories[merging->count++] = value;
        return true;
    }
    merging->json |= found == OPTION_JSON;
    merging->quiet |= found == OPTION_QUIET;
    merging->output = found == OPTION_DIRECTORY ? value : merging->output;
    merging->out = found == OPTION_OUT ? value : merging->out;
    return true;
}

static int read_options(struct merging *merging, int argc, char **argv)
{
    struct options reader;
    int found, status = CLI_DONE;
    options_init(&reader, rows, argc, argv);
    while (status == CLI_DONE && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            status = cli_misuse(&command_merge, "%s", text_get(&reader.wrong));
        } else if (!take(merging, found, reader.value)) {
            status = cli_misuse(&command_merge, "at most %d directories", RUN_OPTIONS_MOST);
        }
    }
    options_release(&reader);
    if (status == CLI_DONE && merging->count == 0) {
        status = cli_misuse(&command_merge, "no directory given: orrery merge DIR...");
    }
    return status;
}

// ---- the command that all parts were made by ----------------------------------------------------

static bool read_command(const char *directory, struct unit_command *command)
{
    struct text folder, why;
    text_init(&folder);
    text_init(&why);
    text_format(&folder, "%s/journal", directory);
    const bool good = unit_command_read(command, text_get(&folder), &why);
    if (!good) {
        fprintf(stderr, "orrery: %s holds no part of a run: %s\n", directory, text_get(&why));
    }
    text_release(&folder);
    text_release(&why);
    return good;
}

static bool is_common(const struct merging *merging, const struct unit_command *first,
                      const char *directory)
{
    struct unit_command other;
    unit_command_init(&other);
    const bool there = read_command(directory, &other);
    const bool same = there && unit_command_equal(first, &other);
    if (there && !same) {
        fprintf(stderr, "orrery: %s and %s are parts of different runs\n", merging->directories[0],
                directory);
    }
    unit_command_release(&other);
    return same;
}

// The command of the first. False: another's differs or cannot be read.
static bool common_command(const struct merging *merging, struct unit_command *command)
{
    bool same = read_command(merging->directories[0], command);
    for (uint32_t i = 1; i < merging->count && same; i++) {
        same = is_common(merging, command, merging->directories[i]);
    }
    return same;
}

// A word is changeable for the reader of a command line, which changes none.
static char *word(const char *text)
{
    return (char *)(uintptr_t)text;
}

// The command line that the parts belong to.
static int command_words(const struct merging *merging, const struct unit_command *command,
                         char **line)
{
    int count = 0;
    for (uint32_t i = 0; i < command->count; i++) {
        line[count++] = word(command->words[i]);
    }
    line[count++] = word("--output");
    line[count++] = word(merging->output != NULL ? merging->output : merging->directories[0]);
    if (merging->out != NULL) {
        line[count++] = word("--out");
        line[count++] = word(merging->out);
    }
    return count;
}

// Nothing is simulated: every unit is there, in one of the directories.
static void prepare(const struct merging *merging, struct run_options *options)
{
    options->merging = true;
    options->json = merging->json;
    options->quiet = merging->quiet;
    options->no_progress = true;
    options->rerun = true;
    options->merged_count = merging->count;
    memcpy(options->merged, merging->directories, sizeof options->merged);
}

static int complain(const struct merging *merging, const struct text *wrong)
{
    fprintf(stderr, "orrery: %s/journal/command.json: %s\n", merging->directories[0],
            text_get(wrong));
    return CLI_BROKEN;
}

static int merge_run(const struct cli *cli, const struct merging *merging, int count, char **line)
{
    struct run_options options;
    struct text wrong;
    text_init(&wrong);
    int status;
    if (run_options_read(&options, count, line, &wrong)) {
        prepare(merging, &options);
        struct stop stop;
        stop_begin(&stop);
        status = run_session(&(struct run_session){.cli = cli, .options = &options, .stop = &stop},
                             options.files[0]);
        stop_end(&stop);
    } else {
        status = complain(merging, &wrong);
    }
    run_options_release(&options);
    text_release(&wrong);
    return status;
}

static int merge_sweep(const struct cli *cli, const struct merging *merging, int count, char **line)
{
    struct sweep_command command;
    struct text wrong;
    text_init(&wrong);
    int status;
    if (sweep_command_read(&command, count, line, &wrong)) {
        prepare(merging, &command.run);
        struct stop stop;
        stop_begin(&stop);
        status = sweep_session(cli, &command, &stop, NULL);
        stop_end(&stop);
    } else {
        status = complain(merging, &wrong);
    }
    sweep_command_release(&command);
    text_release(&wrong);
    return status;
}

static int merge(const struct cli *cli, const struct merging *merging,
                 const struct unit_command *command)
{
    char **line = check_calloc(command->count + 8, sizeof *line);
    const int count = command_words(merging, command, line);
    int status = CLI_BROKEN;
    if (strcmp(line[0], "run") == 0) {
        status = merge_run(cli, merging, count, line);
    } else if (strcmp(line[0], "sweep") == 0) {
        status = merge_sweep(cli, merging, count, line);
    } else {
        fprintf(stderr, "orrery: %s/journal/command.json names no command that has parts: `%s`\n",
                merging->directories[0], line[0]);
    }
    free(line);
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct merging merging = {0};
    struct unit_command command;
    unit_command_init(&command);
    int status = read_options(&merging, argc, argv);
    if (status == CLI_DONE) {
        status = common_command(&merging, &command) ? merge(cli, &merging, &command) : CLI_BROKEN;
    }
    unit_command_release(&command);
    return status;
}

const struct command command_merge = {
    .name = "merge",
    .operands = "DIR...",
    .summary = "join the parts of a run or sweep that were simulated apart",
    .text = "  orrery run checkout.yaml --shard 1/3 -o parts      on one machine\n"
            "  orrery run checkout.yaml --shard 2/3 -o parts      on another, and so on\n"
            "  orrery merge parts                                 the result, byte for byte\n"
            "\n"
            "The same files as those of one run. Refused: a replication that nobody simulated,\n"
            "a journal of another scenario, seed or program, two different results of one\n"
            "replication (exit status 5).\n",
    .options = rows,
    .run = run,
};
