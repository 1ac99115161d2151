// command_report - `orrery report RUN...`: the reports of a run or a sweep, from results.h5 alone.
#include <stdio.h>

#include "reports/outputs.h"
#include "sim/base/file.h"
#include "sim/cli/commands.h"
#include "sim/cli/open_result.h"
#include "sim/cli/open_sweep.h"
#include "sim/cli/sweep_print.h"

enum { MOST_RUNS = 64 };

enum report_option { OPTION_FORMAT, OPTION_DIRECTORY };

static const struct options_row rows[] = {
    [OPTION_FORMAT] = {"format", 0, "LIST",
                       "html, md, json, junit, svg, openmetrics; all without it"},
    [OPTION_DIRECTORY] = {"output", 'o', "DIR", "where the files go instead of the run's own"},
    {0},
};

struct reporting {
    const char *runs[MOST_RUNS];
    uint32_t run_count;
    const char *directory;
    uint32_t chosen;
};

static bool take(struct reporting *reporting, int found, const char *value)
{
    const char *unknown;
    if (found == OPTIONS_OPERAND) {
        if (reporting->run_count == MOST_RUNS) {
            return false;
        }
        reporting->runs[reporting->run_count++] = value;
        return true;
    }
    switch ((enum report_option)found) {
    case OPTION_FORMAT:
        return outputs_choose(value, &reporting->chosen, &unknown);
    case OPTION_DIRECTORY:
        reporting->directory = value;
        return true;
    }
    return false;
}

static int read_options(struct reporting *reporting, int argc, char **argv)
{
    struct options reader;
    int found, status = CLI_DONE;
    options_init(&reader, rows, argc, argv);
    while (status == CLI_DONE && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            status = cli_misuse(&command_report, "%s", text_get(&reader.wrong));
        } else if (!take(reporting, found, reader.value)) {
            status = cli_misuse(&command_report, "`%s` cannot be used here", reader.value);
        }
    }
    options_release(&reader);
    if (status == CLI_DONE && reporting->directory != NULL && reporting->run_count > 1) {
        status = cli_misuse(&command_report, "-o takes the reports of one run");
    }
    return status;
}

// The archive is what is read: it is never written here.
static bool write_reports(const struct reporting *reporting, const struct result *result,
                          const char *directory, struct text *why)
{
    const uint32_t chosen = reporting->chosen & ~(1u << OUTPUT_H5);
    return file_make_directory(directory, why) && outputs_write(result, directory, chosen, why);
}

static int render_run(const struct reporting *reporting, const char *where)
{
    struct result result;
    struct text directory, why;
    text_init(&directory);
    text_init(&why);
    int status = open_result(where, &result);
    if (reporting->directory != NULL) {
        text_add(&directory, reporting->directory);
    } else {
        open_result_directory(where, &directory);
    }
    if (status == CLI_DONE && !write_reports(reporting, &result, text_get(&directory), &why)) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
        status = CLI_BROKEN;
    } else if (status == CLI_DONE) {
        if (why.length > 0) {
            fprintf(stderr, "orrery: warning: %s\n", text_get(&why));
        }
        printf("%s/\n", text_get(&directory));
    }
    text_release(&directory);
    text_release(&why);
    result_release(&result);
    return status;
}

static int render_sweep(const struct reporting *reporting, const char *where)
{
    struct open_sweep opened;
    struct text directory, why;
    text_init(&directory);
    text_init(&why);
    int status = open_sweep(where, &opened);
    if (reporting->directory != NULL) {
        text_add(&directory, reporting->directory);
    } else {
        open_result_directory(where, &directory);
    }
    const char *into = text_get(&directory);
    if (status == CLI_DONE &&
        !(file_make_directory(into, &why) &&
          sweep_print_files(&opened.report, into, reporting->chosen, &why))) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
        status = CLI_BROKEN;
    } else if (status == CLI_DONE) {
        printf("%s/\n", into);
    }
    open_sweep_release(&opened);
    text_release(&directory);
    text_release(&why);
    return status;
}

static int render(const struct reporting *reporting, const char *where)
{
    return open_sweep_is(where) ? render_sweep(reporting, where) : render_run(reporting, where);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct reporting reporting = {.chosen = OUTPUTS_ALL};
    (void)cli;
    int status = read_options(&reporting, argc, argv);
    if (status != CLI_DONE) {
        return status;
    }
    if (reporting.run_count == 0) {
        return render(&reporting, NULL);
    }
    for (uint32_t i = 0; i < reporting.run_count; i++) {
        const int one = render(&reporting, reporting.runs[i]);
        status = one > status ? one : status;
    }
    return status;
}

const struct command command_report = {
    .name = "report",
    .operands = "[RUN...]",
    .summary = "render the reports of a finished run or sweep again, from results.h5 alone",
    .text = "RUN is a result directory or its results.h5; without it, runs/latest.\n"
            "  orrery report runs/latest --format html,md\n",
    .options = rows,
    .run = run,
};
