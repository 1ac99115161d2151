// command_show - `orrery show [RUN [NAME]]`: a finished run again, on the terminal or as CSV or
// JSON.
#include <stdio.h>
#include <string.h>

#include "reports/figures_view.h"
#include "reports/summary.h"
#include "reports/terminal.h"
#include "sim/base/units_format.h"
#include "sim/base/units.h"
#include "sim/cli/commands.h"
#include "sim/cli/open_result.h"
#include "sim/cli/open_sweep.h"

enum { MOST_QUANTILES = 14 };

enum show_option { OPTION_SERVICE, OPTION_QUANTILES, OPTION_AS, OPTION_VERBOSE };

static const struct options_row rows[] = {
    [OPTION_SERVICE] = {"service", 0, "NAME", "one workload, component or component.operation"},
    [OPTION_QUANTILES] = {"quantiles", 0, "50,99,...", "latency at these percentiles"},
    [OPTION_AS] = {"as", 0, "csv|json", "figures for programs"},
    [OPTION_VERBOSE] = {"verbose", 'v', NULL, "also operations, edges and checks"},
    {0},
};

enum show_form { FORM_TERMINAL, FORM_CSV, FORM_JSON };

struct showing {
    const struct cli *cli;
    const char *where, *name;
    const char *quantile_list;
    double quantiles[MOST_QUANTILES];
    uint32_t quantile_count;
    enum show_form form;
    bool verbose;
};

static bool read_quantiles(struct showing *showing)
{
    const char *list = showing->quantile_list;
    while (list != NULL && *list != '\0' && showing->quantile_count < MOST_QUANTILES) {
        double percent = -1.0;
        const char *end = units_decimal(list, &percent);
        if (end == NULL || (*end != ',' && *end != '\0') || percent < 0.0 || percent > 100.0) {
            return false;
        }
        showing->quantiles[showing->quantile_count++] = percent / 100.0;
        list = end + (*end == ',');
    }
    return true;
}

static bool read_form(struct showing *showing, const char *value)
{
    showing->form = text_same(value, "csv") ? FORM_CSV : FORM_JSON;
    return text_same(value, "csv") || text_same(value, "json");
}

static bool take(struct showing *showing, int found, const struct options *reader)
{
    if (found == OPTIONS_OPERAND) {
        const char **place = showing->where == NULL ? &showing->where : &showing->name;
        const bool free = *place == NULL;
        *place = reader->value;
        return free;
    }
    switch ((enum show_option)found) {
    case OPTION_SERVICE:
        showing->name = reader->value;
        return true;
    case OPTION_QUANTILES:
        showing->quantile_list = reader->value;
        return read_quantiles(showing);
    case OPTION_AS:
        return read_form(showing, reader->value);
    case OPTION_VERBOSE:
        showing->verbose = true;
        return true;
    }
    return false;
}

static int read_options(struct showing *showing, int argc, char **argv)
{
    struct options reader;
    int found, status = CLI_DONE;
    options_init(&reader, rows, argc, argv);
    while (status == CLI_DONE && (found = options_next(&reader)) != OPTIONS_END) {
        if (found == OPTIONS_WRONG) {
            status = cli_misuse(&command_show, "%s", text_get(&reader.wrong));
        } else if (!take(showing, found, &reader)) {
            status = cli_misuse(&command_show, "`%s` cannot be used here", reader.value);
        }
    }
    options_release(&reader);
    return status;
}

static void show_whole(const struct showing *showing, const struct result *result, struct text *out)
{
    const bool colored = cli_is_coloured(showing->cli, true);
    if (showing->quantile_count > 0) {
        figures_view_quantiles(result, showing->quantiles, showing->quantile_count, colored, out);
        return;
    }
    const struct terminal_options look = {.color = colored, .verbose = showing->verbose};
    terminal_write(result, &look, out);
}

static uint32_t show_name(const struct showing *showing, const struct result *result,
                          struct text *out)
{
    figures_view_sparklines(result, showing->name, out);
    return figures_view_table(result, showing->name, cli_is_coloured(showing->cli, true), out);
}

// The number of figures or parts shown; 0: there is nothing of that name.
static uint32_t show(const struct showing *showing, const struct result *result, struct text *out)
{
    const char *prefix = showing->name == NULL ? "" : showing->name;
    switch (showing->form) {
    case FORM_CSV:
        return figures_view_csv(result, prefix, out);
    case FORM_JSON:
        if (showing->name == NULL) {
            struct json_write json;
            json_write_init(&json);
            summary_write(result, &json);
            text_add(out, json_write_get(&json));
            json_write_release(&json);
            return 1;
        }
        return figures_view_json(result, prefix, out);
    case FORM_TERMINAL:
        if (showing->name != NULL) {
            return show_name(showing, result, out);
        }
        show_whole(showing, result, out);
        return 1;
    }
    return 0;
}

static int show_run(const struct showing *showing)
{
    struct result result;
    struct text out;
    text_init(&out);
    int status = open_result(showing->where, &result);
    if (status == CLI_DONE && show(showing, &result, &out) == 0) {
        fprintf(stderr, "orrery: the result has nothing named `%s`\n", showing->name);
        status = CLI_WRONG;
    } else if (status == CLI_DONE) {
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
    }
    text_release(&out);
    result_release(&result);
    return status;
}

// ---- a sweep
// -----------------------------------------------------------------------------------

static void write_sweep(const struct showing *showing, const struct sweep_report *report,
                        struct text *out)
{
    const struct sweep_report_look look = {.color = cli_is_coloured(showing->cli, true),
                                           .all = showing->verbose};
    struct json_write json;
    switch (showing->form) {
    case FORM_TERMINAL:
        sweep_report_terminal(report, &look, out);
        sweep_report_failures(report, look.color, out);
        return;
    case FORM_CSV:
        sweep_report_csv(report, out);
        return;
    case FORM_JSON:
        json_write_init(&json);
        sweep_report_json(report, &json);
        text_add(out, json_write_get(&json));
        json_write_release(&json);
        return;
    }
}

static int show_sweep(const struct showing *showing)
{
    if (showing->name != NULL || showing->quantile_count > 0) {
        return cli_misuse(&command_show, "a sweep has points: orrery show SWEEP, and no more");
    }
    struct open_sweep opened;
    int status = open_sweep(showing->where, &opened);
    if (status == CLI_DONE) {
        struct text out;
        text_init(&out);
        write_sweep(showing, &opened.report, &out);
        status = cli_print(&out) ? CLI_DONE : CLI_BROKEN;
        text_release(&out);
    }
    open_sweep_release(&opened);
    return status;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct showing showing = {.cli = cli};
    const int status = read_options(&showing, argc, argv);
    if (status != CLI_DONE) {
        return status;
    }
    return open_sweep_is(showing.where) ? show_sweep(&showing) : show_run(&showing);
}

const struct command command_show = {
    .name = "show",
    .operands = "[RUN [NAME]]",
    .summary = "show a finished run or sweep again",
    .text = "RUN is a result directory or its results.h5; without it, runs/latest. NAME is a\n"
            "workload, a component, a component.operation or a figure:\n"
            "  orrery show runs/latest orders\n"
            "  orrery show runs/latest --quantiles 50,90,99,99.9,100\n"
            "  orrery show runs/latest --as csv > figures.csv\n",
    .options = rows,
    .run = run,
};
